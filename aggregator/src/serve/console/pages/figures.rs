//! The figures of one snapshot, in the order of its form, as a table that is shown and handed out.

use granary_core::{
    catalogue::Dataset,
    code::IndicatorCode,
    sdmx::structure,
    snapshot::{Observation, SlotKey, Snapshot},
};
use maud::{Markup, html};

use crate::serve::console::{
    download::links,
    routes::Room,
    view::{
        Frame, encoded,
        table::{Cell, Table},
    },
};

/// Figures that are shown; the files have all.
const FIGURES_MAX: usize = 1_000;
/// The name of the table in addresses.
const CODE: &str = "figures";

/// Which snapshot it is, for people.
pub(super) struct Which {
    /// Its entry.
    pub(super) index: u64,
    /// Whether it is the current one of its slot.
    pub(super) is_current: bool,
}

/// All figures, as the files have them.
pub(super) fn table(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    snapshot: &Snapshot,
    count_max: usize,
) -> Table {
    let has_items = snapshot.observations.iter().any(|one| one.item.is_some());
    let mut columns = vec![frame.pick("指标", "Indicator")];
    if has_items {
        columns.push(frame.pick("明细项", "Item"));
    }
    columns.extend([
        frame.pick("#数值", "#Value"),
        frame.pick("计量单位", "Unit of measure"),
        frame.pick("状态", "Status"),
        frame.pick("指标代码", "Indicator code"),
    ]);
    let mut table = Table::new(CODE, frame.pick("数值", "Figures"), &columns);
    for one in in_order(room, slot, snapshot).into_iter().take(count_max) {
        table.push(row(room, frame, slot, one, has_items));
    }
    table
}

/// By the form: items one after the other, and within each its indicators as the dataset names them.
fn in_order<'s>(room: &Room<'_>, slot: &SlotKey, snapshot: &'s Snapshot) -> Vec<&'s Observation> {
    let form = room.catalogue.dataset(&slot.dataset);
    let form = form.map_or(&[][..], Dataset::indicators);
    let place = |code: &IndicatorCode| {
        let place = form.iter().position(|one| one == code);
        place.unwrap_or(form.len())
    };
    let mut all: Vec<&Observation> = snapshot.observations.iter().collect();
    all.sort_by_cached_key(|one| (one.item.clone(), place(&one.indicator)));
    all
}

fn row(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    one: &Observation,
    has_items: bool,
) -> Vec<Cell> {
    let indicator = room.catalogue.indicator(&one.indicator);
    let name = indicator.map_or(one.indicator.as_str(), |one| frame.visitor.say(one.name()));
    let measure = indicator.and_then(|one| room.catalogue.measure(one.unit_of_measure()));
    let measure = measure.map_or("", |measure| frame.visitor.say(measure.name()));
    let item = one
        .item
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let mut path = format!(
        "/indicators?unit={}&dataset={}&indicator={}",
        encoded(slot.unit.as_str()),
        encoded(slot.dataset.as_str()),
        encoded(one.indicator.as_str())
    );
    if !item.is_empty() {
        path.push_str(&format!("&item={}", encoded(&item)));
    }
    let status = structure::status(one.status);
    let value = one
        .value
        .map_or_else(String::new, |value| value.to_string());
    let mut row = vec![Cell::link(&path, name)];
    if has_items {
        row.push(Cell::text(item));
    }
    row.extend([
        Cell::figure(value),
        Cell::text(measure),
        Cell::text(format!(
            "{} {}",
            one.status.letter(),
            frame.visitor.say(&status)
        )),
        Cell::text(one.indicator.as_str()),
    ]);
    row
}

/// The figures of a snapshot under their heading.
pub(super) fn show(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    snapshot: &Snapshot,
    which: &Which,
) -> Markup {
    let count = snapshot.observations.len();
    let names: Vec<&str> = snapshot
        .sign_offs
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    html! { section id="figures-of" {
        h2 {
            @if which.is_current { (frame.pick("现行数值", "Current figures")) } @else { (frame.pick("当时报送的数值", "Figures as stated then")) }
            " " span.quiet { (frame.pick("第 ", "revision ")) (snapshot.revision) (frame.pick(" 版 · 日志第 ", " · entry ")) (which.index) (frame.pick(" 条", "")) }
        }
        @if !which.is_current { p.notice.wait { (frame.pick("这不是现行版次。", "This is not the current revision. ")) a href=(frame.visitor.with("vintage", "")) { (frame.pick("看现行数值", "See the current figures")) } } }
        @if !names.is_empty() { p.quiet { (frame.pick("签名：", "Signed off by ")) (names.join(frame.pick("、", ", "))) } }
        @if count == 1 { div.tools { (links(frame, CODE)) } }
        div.near { (table(room, frame, slot, snapshot, FIGURES_MAX).show(frame)) }
        @if count > FIGURES_MAX { p.quiet { (frame.pick("其余在 CSV 和 XLSX 中", "the rest is in the CSV and the XLSX")) } }
    } }
}

//! How reports come in before a deadline: how many usually have by when, and how many had. Drawn on *Today* and on the wall.

use granary_proto::v1;
use maud::{Markup, html};

use super::{
    dataset_name,
    summary::{Sheet, Summary},
};
use crate::serve::console::{
    routes::Room,
    view::{
        Frame, curve,
        table::{Cell, Table},
    },
};

/// Curves on a page.
const CURVES_MAX: usize = 3;

/// The sheets of the day whose arrivals are known.
pub(super) fn chosen<'s>(frame: &Frame<'_>, summary: &'s Summary) -> Vec<&'s Sheet> {
    let day = summary.of_the_day(frame).into_iter();
    let known = day.filter(|sheet| sheet.arrivals.is_some());
    known.take(CURVES_MAX).collect()
}

/// The drawings, with their figures behind them.
pub(super) fn section(
    room: &Room<'_>,
    frame: &Frame<'_>,
    sheets: &[&Sheet],
    figures: &Table,
) -> Markup {
    html! { @if !sheets.is_empty() {
        div.columns { @for sheet in sheets { figure { figcaption { (caption(room, frame, sheet)) } (draw(frame, sheet)) } } }
        (legend(frame))
        details { summary { (frame.pick("到报曲线的数字", "The figures of the curves")) } (figures.show(frame)) }
    } }
}

/// What is what in a drawing.
pub(super) fn legend(frame: &Frame<'_>) -> Markup {
    html! { p.quiet.legend {
        span.key.arrived { (frame.pick("实到", "arrived")) } " "
        span.key.usual { (frame.pick("通常", "usual")) } " "
        span.key.band { (frame.pick("通常的范围（10%–90%）", "usually between (10% to 90%)")) }
    } }
}

/// What a drawing is of.
pub(super) fn caption(room: &Room<'_>, frame: &Frame<'_>, sheet: &Sheet) -> Markup {
    html! { (dataset_name(frame, &room.catalogue, &sheet.dataset)) " " span.quiet { (sheet.period) } }
}

/// One drawing.
pub(super) fn draw(frame: &Frame<'_>, sheet: &Sheet) -> Markup {
    let Some(arrivals) = &sheet.arrivals else {
        return html! {};
    };
    curve::curve(frame, arrivals, &told(frame, arrivals))
}

/// The drawing in words.
fn told(frame: &Frame<'_>, arrivals: &v1::GetArrivalsResponse) -> String {
    let now = arrivals.now.clone().unwrap_or_default();
    let arrived = format!(
        "{} {} / {}",
        frame.pick("已报", "arrived"),
        now.arrived.unwrap_or_default(),
        arrivals.owed
    );
    if now.expected.is_empty() {
        return arrived;
    }
    let usual = frame.pick("通常此时", "usual by now");
    format!(
        "{arrived}，{usual} {}（{}–{}）",
        now.expected, now.low, now.high
    )
}

/// The figures of all drawings.
pub(super) fn table(room: &Room<'_>, frame: &Frame<'_>, sheets: &[&Sheet]) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("报表", "Dataset"),
        pick("报告期", "Period"),
        pick("时点", "By when"),
        pick("#通常", "#Usual"),
        pick("#不少于（10%）", "#At least (10%)"),
        pick("#不多于（90%）", "#At most (90%)"),
        pick("#实到", "#Arrived"),
    ];
    let label = pick("到报曲线", "How reports come in");
    let mut table = Table::new("curves", label, &columns);
    for (sheet, arrivals) in sheets
        .iter()
        .filter_map(|sheet| Some((sheet, sheet.arrivals.as_ref()?)))
    {
        for point in &arrivals.points {
            let arrived = point.arrived.map(|arrived| arrived.to_string());
            table.push(vec![
                Cell::text(dataset_name(frame, &room.catalogue, &sheet.dataset)),
                Cell::text(sheet.period.to_string()),
                Cell::time(frame, point.at_ms),
                Cell::figure(point.expected.clone()),
                Cell::figure(point.low.clone()),
                Cell::figure(point.high.clone()),
                Cell::figure(arrived.unwrap_or_default()),
            ]);
        }
    }
    table
}

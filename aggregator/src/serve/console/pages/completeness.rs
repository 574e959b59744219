//! *Completeness*: units by periods of a dataset, or by datasets, each cell one slot with its state by colour and sign; below each heading the
//! counts of the whole column.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    catalogue::{Dataset, Unit},
    code::DatasetCode,
    ledger::history,
    period::Period,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{dataset_name, select, today::bar, unit_name};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            download::links,
            problem::Problem,
            routes::{Room, asked, page},
            view::{
                Frame, STATES, Tab, Visitor, slot_path, state, state_of,
                table::{Cell, Table},
            },
        },
        slots,
    },
};

/// Columns of periods.
const PERIODS_MAX: usize = 12;
/// Columns of datasets.
const DATASETS_MAX: usize = 24;
/// Rows on a page, so that it stays light; the file has all.
const UNITS_MAX: usize = 60;
/// Cells on a page, for the same reason: with many columns it has fewer rows.
const CELLS_MAX: usize = 960;
/// Rows of the file.
const FILE_UNITS_MAX: usize = 5_000;
/// Units that are asked for at once.
const UNITS_AT_ONCE: usize = 500;

/// What was asked for.
struct Wish {
    /// The dataset whose periods are the columns; none where datasets are.
    dataset: Option<DatasetCode>,
    under: String,
    columns: Vec<Place>,
    page: usize,
}

/// How near the deadline is of the period that is shown first, in milliseconds.
const NEAR_MS: i64 = 14 * 24 * 3_600_000;

/// A column.
struct Place {
    dataset: String,
    period: Period,
}

/// By unit, dataset and period; and whether imported history alone settles it.
type States = BTreeMap<(String, String, String), (v1::SlotState, bool)>;

/// `GET /completeness?dataset=&last=&under=&page=`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let frame = room.frame(Tab::Completeness).live();
        let wish = Wish::read(room, query.as_deref())?;
        let filter = wish.filter(room)?;
        let units = owing(room, &wish, &filter);
        if let Some(wanted) = asked(query.as_deref(), "csv") {
            let units = &units[..units.len().min(FILE_UNITS_MAX)];
            let states = states(room, &wish, units)?;
            let table = file(room, &frame, &wish, units, &states);
            return table.csv(Some(&wanted)).unwrap_or(Err(Problem::NotFound));
        }
        let each = UNITS_MAX.min(CELLS_MAX / wish.columns.len().max(1)).max(1);
        let pages = units.len().div_ceil(each).max(1);
        let from = wish.page.min(pages - 1) * each;
        let shown = &units[from..units.len().min(from + each)];
        let states = states(room, &wish, shown)?;
        let totals = totals(room, &wish, filter)?;
        let body = html! {
            h1 { (frame.pick("完整性", "Completeness")) }
            (choice(room, &frame, &wish))
            p.legend { @for one in STATES { (state(&frame, one)) " " } span.quiet { (frame.pick("空白：不应报；淡色：系统启用前，来自历史导入，不计入合计", "blank: not owed; pale: before the system, from imported history, not in the counts")) } }
            @if wish.columns.is_empty() || units.is_empty() {
                p.quiet { (frame.pick("这里没有应报", "nothing is owed here")) }
            } @else {
                (map(room, &frame, &wish, shown, &states, &totals))
                div.tools { (pager(&frame, wish.page.min(pages - 1), pages)) (links(&frame, "completeness")) }
            }
        };
        Ok(frame.page(frame.pick("完整性", "Completeness"), &body).into_response())
    })
    .await
}

impl Wish {
    fn read(room: &Room<'_>, query: Option<&str>) -> Result<Self, Problem> {
        let dataset = match asked(query, "dataset") {
            None => None,
            Some(text) => Some(DatasetCode::new(&text).map_err(|_| Problem::NotFound)?),
        };
        let now_ms = room.visitor.now_ms;
        let columns = match &dataset {
            Some(code) => {
                let dataset = room.catalogue.dataset(code).ok_or(Problem::NotFound)?;
                let last = asked(query, "last").and_then(|text| Period::parse(&text).ok());
                of_periods(dataset, last, now_ms)
            }
            None => {
                let newest = |dataset: &Dataset| {
                    let period = current(dataset, now_ms)?;
                    Some(Place {
                        dataset: dataset.code().to_string(),
                        period,
                    })
                };
                room.catalogue
                    .datasets()
                    .iter()
                    .filter_map(newest)
                    .take(DATASETS_MAX)
                    .collect()
            }
        };
        let page = asked(query, "page")
            .and_then(|page| page.parse().ok())
            .unwrap_or(1_usize);
        let under = asked(query, "under").unwrap_or_default();
        Ok(Self {
            dataset,
            under,
            columns,
            page: page.saturating_sub(1),
        })
    }

    fn filter(&self, room: &Room<'_>) -> Result<v1::SlotFilter, Problem> {
        let mut datasets: Vec<String> = self
            .columns
            .iter()
            .map(|place| place.dataset.clone())
            .collect();
        datasets.dedup();
        let mut periods: Vec<String> = self
            .columns
            .iter()
            .map(|place| place.period.to_string())
            .collect();
        periods.sort();
        periods.dedup();
        room.scope
            .filter(&room.catalogue, Some(&self.under), datasets, periods)
    }
}

/// The periods of a dataset that have ended.
fn ended(dataset: &Dataset, now_ms: i64) -> impl Iterator<Item = Period> {
    let begun: Vec<Period> = history::periods(dataset, None, None, now_ms).collect();
    let terms = move |period: &Period| {
        dataset.covers(*period)
            && dataset
                .begins_at_ms(*period)
                .is_none_or(|at_ms| at_ms <= now_ms)
    };
    begun.into_iter().filter(terms)
}

/// The period that people work at: the newest one that is due soon or was, else the newest of all.
fn current(dataset: &Dataset, now_ms: i64) -> Option<Period> {
    let ended: Vec<Period> = ended(dataset, now_ms).collect();
    let is_near = |period: &&Period| {
        let due_at_ms = dataset.due_at_ms(**period);
        due_at_ms.is_some_and(|due_at_ms| due_at_ms <= now_ms + NEAR_MS)
    };
    let near = ended.iter().rev().find(is_near);
    near.or(ended.last()).copied()
}

fn of_periods(dataset: &Dataset, last: Option<Period>, now_ms: i64) -> Vec<Place> {
    let periods: Vec<Period> = ended(dataset, now_ms)
        .filter(|period| last.is_none_or(|last| *period <= last))
        .collect();
    let from = periods.len().saturating_sub(PERIODS_MAX);
    let place = |period: &Period| Place {
        dataset: dataset.code().to_string(),
        period: *period,
    };
    periods[from..].iter().map(place).collect()
}

/// The units that owe something in one of the columns.
fn owing<'c>(room: &'c Room<'_>, wish: &Wish, filter: &v1::SlotFilter) -> Vec<&'c Unit> {
    let columns: Vec<(DatasetCode, Period)> = wish
        .columns
        .iter()
        .filter_map(|place| Some((DatasetCode::new(&place.dataset).ok()?, place.period)))
        .collect();
    let is_wanted = |unit: &&Unit| {
        let code = unit.code();
        (filter.units.is_empty() || filter.units.iter().any(|wanted| wanted == code.as_str()))
            && columns
                .iter()
                .any(|(dataset, period)| room.catalogue.expects(code, dataset, *period))
    };
    room.catalogue.units().iter().filter(is_wanted).collect()
}

fn states(room: &Room<'_>, wish: &Wish, units: &[&Unit]) -> Result<States, Problem> {
    let mut states = States::new();
    for some in units.chunks(UNITS_AT_ONCE) {
        let mut filter = wish.filter(room)?;
        filter.units = some.iter().map(|unit| unit.code().to_string()).collect();
        let mut request = v1::ListSlotsRequest {
            filter: Some(filter),
            page_size: 10_000,
            ..Default::default()
        };
        loop {
            let answer = slots::list(&room.console.city, request.clone())?;
            let known = answer.slots.into_iter().map(|slot| {
                let told = (slot.state(), slot.imported);
                ((slot.unit, slot.dataset, slot.period), told)
            });
            states.extend(known);
            if answer.next_page_token.is_empty() {
                break;
            }
            request.page_token = answer.next_page_token;
        }
    }
    Ok(states)
}

fn totals(
    room: &Room<'_>,
    wish: &Wish,
    filter: v1::SlotFilter,
) -> Result<BTreeMap<(String, String), v1::StateCounts>, Problem> {
    if wish.columns.is_empty() {
        return Ok(BTreeMap::new());
    }
    let request = v1::GetCompletenessRequest {
        filter: Some(filter),
        group_by: v1::GroupBy::DatasetPeriod.into(),
        ..Default::default()
    };
    let rows = slots::completeness(&room.console.city, request)?.rows;
    Ok(rows
        .into_iter()
        .map(|row| ((row.dataset, row.period), row.counts.unwrap_or_default()))
        .collect())
}

fn choice(room: &Room<'_>, frame: &Frame<'_>, wish: &Wish) -> Markup {
    let mut datasets = vec![(
        String::new(),
        frame
            .pick(
                "全部报表，各取最近一期",
                "all datasets, the newest period of each",
            )
            .to_owned(),
    )];
    datasets.extend(room.catalogue.datasets().iter().map(|dataset| {
        (
            dataset.code().to_string(),
            frame.visitor.say(dataset.name()).to_owned(),
        )
    }));
    let parents = room.catalogue.units().iter().filter(|unit| {
        room.scope.holds(unit.code().as_str()) && !room.catalogue.ever_below(unit.code()).is_empty()
    });
    let mut under = vec![(
        String::new(),
        frame.pick("全部单位", "all units").to_owned(),
    )];
    under.extend(parents.map(|unit| {
        (
            unit.code().to_string(),
            frame.visitor.say(unit.name()).to_owned(),
        )
    }));
    let chosen = wish
        .dataset
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    html! {
        form.choice method="get" action="/completeness" {
            (select("dataset", frame.pick("报表", "Dataset"), &chosen, &datasets))
            (select("under", frame.pick("范围", "Units"), &wish.under, &under))
            button type="submit" { (frame.pick("显示", "Show")) }
            @if let (Some(first), Some(_)) = (wish.columns.first(), &wish.dataset) {
                @if let Some(before) = first.period.plus(-1) {
                    a href=(frame.visitor.with("last", &before.to_string())) { (frame.pick("更早", "earlier")) }
                }
                a href=(frame.visitor.with("last", "")) { (frame.pick("最近", "newest")) }
            }
        }
    }
}

fn map(
    room: &Room<'_>,
    frame: &Frame<'_>,
    wish: &Wish,
    units: &[&Unit],
    states: &States,
    totals: &BTreeMap<(String, String), v1::StateCounts>,
) -> Markup {
    let label = frame.pick("完整性", "Completeness");
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" { table.map {
            thead {
                tr { th scope="col" { (frame.pick("单位", "Unit")) }
                    @for place in &wish.columns { th scope="col" { (heading(room, frame, wish, place)) } } }
                tr.totals { th scope="row" { (frame.pick("合计", "All")) }
                    @for place in &wish.columns { td {
                        @if let Some(counts) = totals.get(&(place.dataset.clone(), place.period.to_string())) {
                            (bar(frame, counts)) span { (counts.timely + counts.late) "/" (counts.expected - counts.exempt) }
                        }
                    } } }
            }
            tbody { @for unit in units { tr {
                th scope="row" { a href={ "/unit/" (unit.code()) } { (frame.visitor.say(unit.name())) } }
                @for place in &wish.columns { (cell(frame, unit.code().as_str(), place, states)) }
            } } }
        } }
    }
}

fn heading(room: &Room<'_>, frame: &Frame<'_>, wish: &Wish, place: &Place) -> Markup {
    html! {
        @if wish.dataset.is_some() { span.period { (place.period) } } @else {
            a href={ "/completeness?dataset=" (place.dataset) } { (dataset_name(frame, &room.catalogue, &place.dataset)) }
            br; span.quiet { (place.period) }
        }
    }
}

fn cell(frame: &Frame<'_>, unit: &str, place: &Place, states: &States) -> Markup {
    let period = place.period.to_string();
    let key = (unit.to_owned(), place.dataset.clone(), period.clone());
    let Some((state, is_imported)) = states.get(&key) else {
        return html! { td {} };
    };
    let (class, sign, zh, en) = state_of(*state);
    let path = slot_path(unit, &place.dataset, &period);
    let class = format!("{class}{}", if *is_imported { " imported" } else { "" });
    html! { td class=(class) { a href=(path) aria-label=(frame.pick(zh, en)) { (sign) } } }
}

fn pager(frame: &Frame<'_>, at: usize, pages: usize) -> Markup {
    html! { @if pages > 1 { nav.pager aria-label=(frame.pick("翻页", "Pages")) {
        @if at > 0 { a href=(frame.visitor.with("page", &at.to_string())) { (frame.pick("上一页", "Previous")) } }
        span { (at + 1) " / " (pages) }
        @if at + 1 < pages { a href=(frame.visitor.with("page", &(at + 2).to_string())) { (frame.pick("下一页", "Next")) } }
    } } }
}

fn file(
    room: &Room<'_>,
    frame: &Frame<'_>,
    wish: &Wish,
    units: &[&Unit],
    states: &States,
) -> Table {
    let columns = [
        frame.pick("单位代码", "Unit code"),
        frame.pick("单位", "Unit"),
        frame.pick("报表", "Dataset"),
        frame.pick("报告期", "Period"),
        frame.pick("历史导入", "Imported"),
        frame.pick("状态", "State"),
    ];
    let mut table = Table::new(
        "completeness",
        frame.pick("完整性", "Completeness"),
        &columns,
    );
    for unit in units {
        for place in &wish.columns {
            let (code, period) = (unit.code().to_string(), place.period.to_string());
            let key = (code.clone(), place.dataset.clone(), period.clone());
            if let Some((state, is_imported)) = states.get(&key) {
                let name = unit_name(frame, &room.catalogue, &code);
                let word = state_of(*state).0;
                let origin = if *is_imported { "yes" } else { "no" };
                let cells = [
                    code,
                    name,
                    place.dataset.clone(),
                    period,
                    origin.to_owned(),
                    word.to_owned(),
                ];
                table.push(cells.map(Cell::text).into());
            }
        }
    }
    table
}

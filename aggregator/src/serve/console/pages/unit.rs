//! One unit: how well it reports, by dataset and over time; its slots that are open, its agents, and whom to ring.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    code::UnitCode,
    ledger::EnrolledKey,
    measures::Measure,
    period::{Period, Periodicity},
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    agents, contacts::contacts, dataset_name, measure_name, measured, today::bar, told, value_of,
};
use crate::{
    people::Right,
    serve::{
        console::{
            Console, acts,
            problem::Problem,
            routes::{Room, asked, page},
            view::{
                Frame, Tab, Visitor,
                chart::{self, Place},
                encoded, slot_path, state,
                table::{Cell, Table},
            },
        },
        fleet, measures, slots,
    },
};

/// Periods of the trend.
const TREND_MAX: usize = 24;
/// Open slots that the page lists; the file has all.
const LINES_MAX: usize = 100;
/// Keys that are listed.
const KEYS_MAX: usize = 20;

/// `GET /unit/{unit}`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let unit = room.scope.unit(&unit)?;
        let known = room.catalogue.unit(&unit).ok_or(Problem::NotFound)?;
        let frame = room.frame(Tab::Units);
        let name = frame.visitor.say(known.name()).to_owned();
        let by_dataset = tallied(room, &unit, v1::GroupBy::Dataset)?;
        let by_period = tallied(room, &unit, v1::GroupBy::Period)?;
        let open = open(room, &unit)?;
        let wanted = asked(query.as_deref(), "csv");
        let most = if wanted.is_some() { usize::MAX } else { LINES_MAX };
        let shown = &open[..open.len().min(most)];
        let tables = [scores(room, &frame, &by_dataset), slots_table(room, &frame, shown)];
        if let Some(file) = tables.iter().find_map(|table| table.csv(wanted.as_deref())) {
            return file;
        }
        let total = by_dataset.total.unwrap_or_default();
        let body = html! {
            h1 { (name) " " span.quiet { (unit) } }
            @if let Some(counts) = &total.counts { p.progress.wide { (bar(&frame, counts)) } }
            div.tiles { @for measure in [Measure::OnTimeRate, Measure::ReportingRate, Measure::FirstTimeAcceptance, Measure::ExplainedShare] {
                div.tile { span.name { (measure_name(&frame, measure.word())) } strong { (measured(&frame, value_of(&total.measures, measure)).0) } }
            } }
            section { h2 { (frame.pick("按时率走势", "On-time rate over time")) } (trend(&frame, &by_period)) }
            section { h2 { (frame.pick("各报表", "By dataset")) } (tables[0].show(&frame)) }
            section { h2 { (frame.pick("全部应报中待办的", "Open slots")) } 
                @if tables[1].is_empty() { p.quiet { (frame.pick("没有", "none")) } } @else { (tables[1].show(&frame)) }
                @if open.len() > LINES_MAX { p.quiet { (frame.pick("其余在 CSV 中：", "the rest is in the CSV: ")) (open.len() - LINES_MAX) } } }
            div.columns {
                section { h2 { (frame.pick("联系人", "Contacts")) } (people(room, &frame, &unit)) }
                section { h2 { (frame.pick("密钥", "Keys")) } (keys(room, &frame, &unit)?) }
            }
            p.row {
                @if room.may(Right::Figures) { a href={ "/findings?status=0&under=" (encoded(unit.as_str())) } { (frame.pick("全部问题", "All findings")) } }
                a href={ "/completeness?under=" (encoded(unit.as_str())) } { (frame.pick("完整性", "Completeness")) }
            }
        };
        Ok(frame.page(&name, &body).into_response())
    })
    .await
}

fn filter(unit: &UnitCode) -> Option<v1::SlotFilter> {
    Some(v1::SlotFilter {
        units: vec![unit.to_string()],
        ..Default::default()
    })
}

fn tallied(
    room: &Room<'_>,
    unit: &UnitCode,
    by: v1::GroupBy,
) -> Result<v1::ListMeasuresResponse, Problem> {
    let request = v1::ListMeasuresRequest {
        filter: filter(unit),
        group_by: by.into(),
        page_size: slots::PAGE_MAX,
        ..Default::default()
    };
    Ok(measures::list(&room.console.city, request)?)
}

fn open(room: &Room<'_>, unit: &UnitCode) -> Result<Vec<v1::Slot>, Problem> {
    let request = v1::ListSlotsRequest {
        filter: filter(unit),
        states: vec![v1::SlotState::Missing.into(), v1::SlotState::Pending.into()],
        page_size: slots::PAGE_MAX,
        ..Default::default()
    };
    let mut open = slots::list(&room.console.city, request)?.slots;
    open.sort_by_key(|slot| std::cmp::Reverse(slot.due_at_ms));
    Ok(open)
}

/// Every measure by dataset, and all of them together.
fn scores(room: &Room<'_>, frame: &Frame<'_>, answer: &v1::ListMeasuresResponse) -> Table {
    let mut columns = vec![
        frame.pick("报表", "Dataset").to_owned(),
        format!("#{}", frame.pick("应报", "Expected")),
    ];
    columns.extend(
        Measure::ALL
            .iter()
            .map(|measure| format!("#{}", frame.visitor.say(&measure.name()))),
    );
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new("scores", frame.pick("各报表", "By dataset"), &columns);
    let total = answer
        .total
        .as_ref()
        .map(|total| (frame.pick("合计", "All").to_owned(), total));
    let rows = answer
        .rows
        .iter()
        .map(|row| (dataset_name(frame, &room.catalogue, &row.dataset), row));
    for (name, row) in rows.chain(total) {
        let expected = row.counts.as_ref().map_or(0, |counts| counts.expected);
        let mut cells = vec![Cell::text(name), Cell::count(expected)];
        cells.extend(Measure::ALL.iter().map(|measure| {
            let (text, sort) = measured(frame, value_of(&row.measures, *measure));
            Cell::figure(text).by(sort)
        }));
        table.push(cells);
    }
    table
}

fn slots_table(room: &Room<'_>, frame: &Frame<'_>, open: &[v1::Slot]) -> Table {
    let columns = [
        frame.pick("报表", "Dataset"),
        frame.pick("报告期", "Period"),
        frame.pick("状态", "State"),
        frame.pick("截止", "Due"),
        frame.pick("#退回次数", "#Times returned"),
    ];
    let mut table = Table::new("open", frame.pick("待办", "Open slots"), &columns);
    for slot in open {
        table.push(vec![
            Cell::link(
                &slot_path(&slot.unit, &slot.dataset, &slot.period),
                dataset_name(frame, &room.catalogue, &slot.dataset),
            ),
            Cell::text(slot.period.clone()),
            Cell::text(
                slot.state()
                    .as_str_name()
                    .trim_start_matches("SLOT_STATE_")
                    .to_lowercase(),
            )
            .shown(state(frame, slot.state())),
            Cell::time(frame, slot.due_at_ms),
            Cell::count(slot.returned_count.into()),
        ]);
    }
    table
}

fn trend(frame: &Frame<'_>, answer: &v1::ListMeasuresResponse) -> Markup {
    use v1::measure_value::Value;
    let place = |row: &v1::MeasuresRow| {
        let value =
            value_of(&row.measures, Measure::OnTimeRate).and_then(|value| value.value.as_ref());
        let percent = match value {
            Some(Value::Share(share)) => Some(chart::Value {
                height: share.numerator as f64 * 100.0 / share.denominator.max(1) as f64,
                told: told(share),
            }),
            Some(Value::DurationMs(_) | Value::Number(_)) | None => None,
        };
        Place {
            label: row.period.clone(),
            values: percent.into_iter().collect(),
        }
    };
    // Months and quarters have no order among each other: the line is of the kind of which there are most.
    let kind = |row: &v1::MeasuresRow| Period::parse(&row.period).ok().map(Period::periodicity);
    let count =
        |wanted: Option<Periodicity>| answer.rows.iter().filter(|row| kind(row) == wanted).count();
    let most = Periodicity::ALL
        .into_iter()
        .map(Some)
        .max_by_key(|wanted| count(*wanted))
        .flatten();
    let places: Vec<Place> = answer
        .rows
        .iter()
        .filter(|row| kind(row) == most)
        .map(place)
        .filter(|place| !place.values.is_empty())
        .collect();
    let from = places.len().saturating_sub(TREND_MAX);
    chart::line(
        frame,
        &places[from..],
        frame.pick("按时率，百分比", "on-time rate, per cent"),
        Some((0.0, 100.0)),
    )
}

fn people(room: &Room<'_>, frame: &Frame<'_>, unit: &UnitCode) -> Markup {
    let contacts = contacts(room, unit.as_str());
    html! {
        ul.plain { @for contact in &contacts { li { (contact.show()) } } }
        @if contacts.is_empty() { p.quiet { (frame.pick("通知文件 notices.toml 中没有这个单位的联系人", "the notices file, notices.toml, names no contact of this unit")) } }
    }
}

fn keys(room: &Room<'_>, frame: &Frame<'_>, unit: &UnitCode) -> Result<Markup, Problem> {
    let registry = room.console.city.handle.registry();
    let mut keys: Vec<_> = registry
        .keys()
        .filter(|(_, key)| key.unit == *unit)
        .collect();
    keys.sort_by_key(|(_, key)| std::cmp::Reverse(key.row.enrolled_index));
    let seen = room
        .console
        .city
        .handle
        .board(|board| board.last_seen_ms(unit, room.visitor.now_ms))
        .flatten();
    let request = v1::ListAgentsRequest {
        units: vec![unit.to_string()],
        ..Default::default()
    };
    let agents = fleet::list(&room.console.city, request)?.agents;
    let is_in_force = |key: &EnrolledKey| key.row.revoked_index.is_none();
    Ok(html! {
        p.quiet { (frame.pick("最近收到：", "Last received: ")) @match seen { Some(at_ms) => (frame.instant(at_ms)), None => (frame.pick("从未", "never")) } }
        ul.plain { @for (id, key) in keys.iter().take(KEYS_MAX) { li {
            code { (id.short()) } " " (frame.visitor.say(&key.role.name())) " " (key.row.label) " "
            @if is_in_force(key) { span.badge.good { (frame.pick("有效", "in force")) } } @else { span.badge.bad { (frame.pick("已吊销", "revoked")) } }
            @for agent in agents.iter().filter(|agent| agent.key_id == id.as_bytes()) { " " (agents::badges(frame, agent)) }
        } } }
        @if keys.is_empty() { p.quiet { (frame.pick("还没有登记密钥", "no key is enrolled yet")) } }
        @if room.may(Right::Act) {
            (acts::issue_form(frame, unit))
            @for (id, key) in keys.iter().filter(|(_, key)| is_in_force(key)).take(KEYS_MAX) { (acts::revoke_form(frame, id, key)) }
        }
    })
}

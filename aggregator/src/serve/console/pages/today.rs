//! *Today*: the deadlines of the day with what has arrived, who is late or likely to be, what came back, and whom to ring.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    agents,
    contacts::{self, contacts},
    curve, dataset_name,
    summary::{LATE_DAYS, LINES_MAX, RISK_PERCENT, Sheet, Summary, next_due, tenths, total},
    unit_name,
};
use crate::{
    people::Right,
    serve::console::{
        Console,
        routes::{Room, asked, page},
        view::{
            Frame, Tab, Visitor, chart, encoded, slot_path, state, state_of,
            table::{Cell, Table},
        },
    },
};

/// Lines of each list that the page shows; the file has more.
pub(super) const SHOWN_MAX: usize = 40;

/// `GET /`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let frame = room.frame(Tab::Today).live();
        let wanted = asked(query.as_deref(), "csv");
        let (summary, most) = if wanted.is_some() {
            let whole = Summary::of(&room.sight(), LINES_MAX)?;
            (Arc::new(whole), LINES_MAX)
        } else {
            (room.console.summaries.of(room)?, SHOWN_MAX)
        };
        let curves = curve::chosen(&frame, &summary);
        let silent = agents::troubled(&frame, &summary.agents.agents);
        let shown = silent.iter().take(most).copied();
        let tables = [
            deadlines(room, &frame, &summary),
            calls(room, &frame, &summary, most),
            late(room, &frame, &summary, most),
            risks(&frame, &summary, most),
            returned(room, &frame, &summary, most),
            agents::table(room, &frame, "silent", shown),
            curve::table(room, &frame, &curves),
        ];
        if let Some(file) = tables.iter().find_map(|table| table.csv(wanted.as_deref())) {
            return file;
        }
        let title = frame.pick("今日", "Today");
        let body = body(room, &frame, (&summary, silent.len(), &curves), &tables);
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

fn body(
    room: &Room<'_>,
    frame: &Frame<'_>,
    (summary, silent_count, drawn): (&Summary, usize, &[&Sheet]),
    tables: &[Table; 7],
) -> Markup {
    let [deadlines, calls, late, risks, returned, silent, curves] = tables;
    html! {
        h1 { (frame.pick("今日", "Today")) " " span.quiet { (frame.day(frame.visitor.now_ms)) } }
        (tiles(room, frame, summary, silent_count))
        section { h2 { (frame.pick("期限", "Deadlines")) }
            @if deadlines.is_empty() { (nothing(frame, "前一周、后两周内没有期限", "no deadline lies within the week before and the two weeks to come")) } @else { (deadlines.show(frame)) }
            (curve::section(room, frame, drawn, curves)) }
        section { h2 { (frame.pick("先打给谁", "Whom to ring first")) (count(summary.calls.len() as u64)) }
            @if calls.is_empty() { (nothing(frame, "没有需要催报或核实的单位", "no unit needs a call")) } @else { (calls.show(frame)) (more(frame, summary.calls.len().saturating_sub(SHOWN_MAX) as u64)) } }
        section { h2 { (frame.pick("可能迟报", "Likely to be late")) (count(summary.risks.all)) }
            p.quiet { (frame.pick("迟报概率不低于", "Chance to be late at least")) " " (RISK_PERCENT) " %" }
            @if risks.is_empty() { (nothing(frame, "没有，或历史尚短", "none, or too little history")) } @else { (risks.show(frame)) (more(frame, summary.risks.cut())) } }
        div.columns {
            section { h2 { (frame.pick("已逾期未报", "Late")) (count(summary.late.all)) } (window(frame))
                @if late.is_empty() { (nothing(frame, "没有逾期", "nothing is late")) } @else { (late.show(frame)) (more(frame, summary.late.cut())) } }
            section { h2 { (frame.pick("已退回未改正", "Returned, not corrected")) (count(summary.returned.all)) } (window(frame))
                @if returned.is_empty() { (nothing(frame, "没有退回待改的报送", "nothing was returned")) } @else { (returned.show(frame)) (more(frame, summary.returned.cut())) } }
        }
        section { h2 { a href="/agents" { (frame.pick("失联或异常的采集端", "Agents that are silent or in trouble")) } (count(silent_count as u64)) }
            @if silent.is_empty() { (nothing(frame, "采集端都正常", "all agents are well")) } @else { (silent.show(frame)) (more(frame, silent_count.saturating_sub(SHOWN_MAX) as u64)) } }
    }
}

/// The day in seven figures.
fn tiles(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary, silent: usize) -> Markup {
    let day = summary.of_the_day(frame);
    let counts = total(&day);
    let arrived = counts.timely + counts.late;
    let owed = counts.expected - counts.exempt;
    let due = next_due(&day, frame.visitor.now_ms);
    html! {
        div.tiles {
            div.tile.wide {
                span.name { (frame.pick("本次期限", "The deadline")) @if let Some(due) = due { " " (frame.short(due)) " " (frame.countdown(due)) } }
                strong { (arrived) span.of { " / " (owed) } }
                (bar(frame, &counts))
            }
            (tile(frame.pick("已逾期", "late now"), summary.late.all, "missing", Some("#late")))
            (tile(frame.pick("可能迟报", "likely late"), summary.risks.all, "late", Some("#risks")))
            (tile(frame.pick("退回未改", "returned"), summary.returned.all, "missing", Some("#returned")))
            (tile(frame.pick("未说明的问题", "unexplained"), summary.open, "late", room.may(Right::Figures).then_some("/findings?status=1")))
            (tile(frame.pick("采集端异常", "agents in trouble"), silent as u64, "late", Some("/agents")))
        }
    }
}

fn tile(name: &str, count: u64, class: &str, to: Option<&str>) -> Markup {
    let class = if count > 0 { class } else { "" };
    html! { div class={ "tile " (class) } {
        span.name { @match to { Some(to) => a href=(to) { (name) }, None => (name) } }
        strong { (count) }
    } }
}

pub(super) fn bar(frame: &Frame<'_>, counts: &v1::StateCounts) -> Markup {
    let parts = [
        (v1::SlotState::Timely, counts.timely),
        (v1::SlotState::Late, counts.late),
        (v1::SlotState::Missing, counts.missing),
        (v1::SlotState::Exempt, counts.exempt),
        (v1::SlotState::Pending, counts.pending),
    ];
    let label: Vec<String> = parts
        .iter()
        .map(|(state, count)| {
            let (_, _, zh, en) = state_of(*state);
            format!("{} {count}", frame.pick(zh, en))
        })
        .collect();
    chart::bar(
        &parts.map(|(state, count)| (state_of(state).0, count)),
        &label.join("，"),
    )
}

/// How far back the lists of what is open reach.
fn window(frame: &Frame<'_>) -> Markup {
    html! { p.quiet { (frame.pick("截止不早于", "Due within the last")) " " (LATE_DAYS) " " (frame.pick("天前；更早的见", "days; for earlier ones see ")) a href="/completeness" { (frame.pick("完整性", "Completeness")) } } }
}

fn deadlines(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("报表", "Dataset"),
        pick("报告期", "Period"),
        pick("截止", "Due"),
        pick("进度", "Progress"),
        pick("#已报", "#Arrived"),
        pick("#应报", "#Owed"),
        pick("#通常此时", "#Usual by now"),
        pick("#未报", "#Missing"),
        pick("#待报", "#Pending"),
    ];
    let mut table = Table::new("deadlines", pick("期限", "Deadlines"), &columns);
    for sheet in &summary.sheets {
        table.push(deadline(room, frame, sheet));
    }
    table
}

fn deadline(room: &Room<'_>, frame: &Frame<'_>, sheet: &Sheet) -> Vec<Cell> {
    let counts = &sheet.counts;
    let name = dataset_name(frame, &room.catalogue, &sheet.dataset);
    let to = format!(
        "/completeness?dataset={}&last={}",
        encoded(&sheet.dataset),
        sheet.period
    );
    let is_today = frame.day(sheet.due_at_ms) == frame.day(frame.visitor.now_ms);
    let due = html! { span.nowrap {
        @if is_today { strong { (frame.short(sheet.due_at_ms)) } } @else { (frame.short(sheet.due_at_ms)) }
        " " (frame.countdown(sheet.due_at_ms))
        @if sheet.is_extended { " " span.badge { (frame.pick("延期", "extended")) } }
    } };
    let (arrived, owed) = (counts.timely + counts.late, counts.expected - counts.exempt);
    let percent = (arrived * 100).checked_div(owed).unwrap_or(0);
    let usual = sheet.usual(frame.visitor.now_ms);
    vec![
        Cell::link(&to, name),
        Cell::text(sheet.period.to_string()).whole(),
        Cell::time(frame, sheet.due_at_ms).shown(due),
        Cell::text(format!("{percent} %"))
            .shown(html! { div.progress { (bar(frame, counts)) } })
            .by(i64::try_from(percent).unwrap_or(i64::MAX)),
        Cell::count(arrived),
        Cell::count(owed),
        Cell::figure(usual).by(tenths(usual)),
        Cell::count(counts.missing),
        Cell::count(counts.pending),
    ]
}

/// By unit, with why and whom.
fn calls(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary, most: usize) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("单位", "Unit"),
        pick("#逾期", "#Late"),
        pick("#退回", "#Returned"),
        pick("采集端", "Agent"),
        pick("#迟报概率", "#Chance late"),
        pick("#未说明", "#Unexplained"),
        pick("联系人", "Contact"),
    ];
    let mut table = Table::new("calls", pick("先打给谁", "Whom to ring first"), &columns);
    for (unit, reasons) in summary.calls.iter().take(most) {
        let chance = match reasons.chance_milli {
            0 => String::new(),
            chance => format!("{}.{} %", chance / 10, chance % 10),
        };
        let reach = contacts(room, unit);
        table.push(vec![
            Cell::link(
                &format!("/unit/{}", encoded(unit)),
                unit_name(frame, &room.catalogue, unit),
            ),
            few(reasons.late),
            few(reasons.returned),
            silent(frame, reasons.is_silent),
            Cell::figure(chance).by(reasons.chance_milli),
            few(reasons.open),
            Cell::text(contacts::text(&reach)).shown(contacts::show(&reach)),
        ]);
    }
    table
}

fn late(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary, most: usize) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("单位", "Unit"),
        pick("报表", "Dataset"),
        pick("报告期", "Period"),
        pick("逾期", "Overdue"),
    ];
    let mut table = Table::new("late", pick("已逾期未报", "Late"), &columns);
    for slot in summary.late.lines.iter().take(most) {
        let overdue = frame.visitor.now_ms - slot.due_at_ms;
        table.push(vec![
            unit_cell(frame, slot),
            Cell::text(dataset_name(frame, &room.catalogue, &slot.dataset)),
            Cell::text(slot.period.clone()).whole(),
            Cell::text(frame.span(overdue)).by(overdue),
        ]);
    }
    table
}

fn risks(frame: &Frame<'_>, summary: &Summary, most: usize) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("单位", "Unit"),
        pick("报表", "Dataset"),
        pick("报告期", "Period"),
        pick("#迟报概率", "#Chance late"),
        pick("理由", "Why"),
    ];
    let mut table = Table::new("risks", pick("可能迟报", "Likely to be late"), &columns);
    for risk in summary.risks.lines.iter().take(most) {
        let code = |named: &Option<v1::Named>| {
            named
                .as_ref()
                .map(|named| named.code.clone())
                .unwrap_or_default()
        };
        let path = slot_path(&code(&risk.unit), &code(&risk.dataset), &risk.period);
        table.push(vec![
            Cell::link(&path, frame.visitor.named(risk.unit.as_ref())),
            Cell::text(frame.visitor.named(risk.dataset.as_ref())),
            Cell::text(risk.period.clone()).whole(),
            Cell::figure(format!("{} %", risk.chance_percent)).by(tenths(&risk.chance_percent)),
            Cell::text(frame.visitor.words(risk.reason.as_ref())),
        ]);
    }
    table
}

fn returned(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary, most: usize) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("单位", "Unit"),
        pick("报表", "Dataset"),
        pick("报告期", "Period"),
        pick("状态", "State"),
        pick("#退回次数", "#Times returned"),
    ];
    let mut table = Table::new(
        "returned",
        pick("已退回未改正", "Returned, not corrected"),
        &columns,
    );
    for slot in summary.returned.lines.iter().take(most) {
        let (_, _, zh, en) = state_of(slot.state());
        table.push(vec![
            unit_cell(frame, slot),
            Cell::text(dataset_name(frame, &room.catalogue, &slot.dataset)),
            Cell::text(slot.period.clone()).whole(),
            Cell::text(pick(zh, en)).shown(state(frame, slot.state())),
            Cell::count(slot.returned_count.into()),
        ]);
    }
    table
}

fn silent(frame: &Frame<'_>, is_silent: bool) -> Cell {
    let text = if is_silent {
        frame.pick("失联", "silent")
    } else {
        ""
    };
    Cell::text(text).shown(html! { @if is_silent { span.badge.bad { (text) } } })
}

/// A count that is not shown where it is 0, so that the others are seen.
fn few(count: u64) -> Cell {
    let cell = Cell::count(count);
    if count == 0 {
        cell.shown(html! {})
    } else {
        cell
    }
}

fn unit_cell(frame: &Frame<'_>, slot: &v1::Slot) -> Cell {
    let name = frame.pick(&slot.unit_name_zh, &slot.unit_name_en);
    Cell::link(&slot_path(&slot.unit, &slot.dataset, &slot.period), name)
}

fn count(count: u64) -> Markup {
    html! { " " span.count { (count) } }
}

fn more(frame: &Frame<'_>, cut: u64) -> Markup {
    html! { @if cut > 0 { p.quiet { (frame.pick("未列出，见 CSV：", "not listed here, see the CSV: ")) (cut) } } }
}

fn nothing(frame: &Frame<'_>, zh: &str, en: &str) -> Markup {
    html! { p.quiet { (frame.pick(zh, en)) } }
}

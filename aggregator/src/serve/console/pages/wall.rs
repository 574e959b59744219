//! The wall: the day on one screen, without anything to press; it follows by itself. Chosen for a room full of people: no figures and no
//! explanations stand on it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    dataset_name,
    summary::{Sheet, Summary, total},
    today::bar,
};
use crate::{
    people::Right,
    serve::console::{
        Console,
        routes::{Room, page},
        view::{Frame, STATES, Tab, Visitor, state},
    },
};

/// Lines that fit on a screen.
const SHEETS_MAX: usize = 7;
const UNITS_MAX: usize = 10;

/// `GET /wall`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(console, visitor, (Right::Look, None), |room| {
        let frame = room.frame(Tab::None).on_the_wall();
        let summary = room.console.summaries.of(room)?;
        Ok(frame
            .page(frame.pick("大屏", "Wall"), &body(room, &frame, &summary))
            .into_response())
    })
    .await
}

fn body(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary) -> Markup {
    let day = summary.of_the_day(frame);
    let counts = total(&day);
    let arrived = counts.timely + counts.late;
    let owed = counts.expected - counts.exempt;
    let percent = (arrived * 100).checked_div(owed).unwrap_or(0);
    // What is over and whole needs no place on the wall.
    let is_open =
        |sheet: &&Sheet| sheet.due_at_ms > frame.visitor.now_ms || sheet.counts.missing > 0;
    let upcoming = summary.sheets.iter().filter(is_open);
    html! {
        section.hero {
            div {
                h1 { @if let Some(first) = day.first() { (frame.pick("截止 ", "Due ")) (frame.short(first.due_at_ms)) " " (frame.countdown(first.due_at_ms)) } @else { (frame.pick("没有临近的期限", "No deadline is near")) } }
                p.big { (arrived) span.of { " / " (owed) } " " span.percent { (percent) " %" } }
                (bar(frame, &counts))
                p.legend { @for one in STATES { (state(frame, one)) " " } }
            }
            div.numbers {
                (number(frame.pick("已逾期", "late now"), summary.late.len() as u64, "missing"))
                (number(frame.pick("可能迟报", "likely late"), summary.risks.len() as u64, "late"))
                (number(frame.pick("退回未改", "returned"), summary.returned.len() as u64, "missing"))
                (number(frame.pick("未说明的问题", "unexplained"), summary.open, "late"))
            }
        }
        div.columns {
            section { h2 { (frame.pick("期限", "Deadlines")) } (sheets(room, frame, upcoming.take(SHEETS_MAX))) }
            section { h2 { (frame.pick("已逾期", "Late")) } (units(frame, &summary.late)) }
            section { h2 { (frame.pick("可能迟报", "Likely to be late")) }
                ul.units { @for risk in summary.risks.iter().take(UNITS_MAX) {
                    li { span { (frame.visitor.named(risk.unit.as_ref())) } span.quiet { (risk.period) } span.figure { (risk.chance_percent) " %" } }
                } }
                @if summary.risks.is_empty() { p.quiet { (frame.pick("没有", "none")) } }
            }
        }
    }
}

fn number(name: &str, count: u64, class: &str) -> Markup {
    html! { div class={ "number " (if count > 0 { class } else { "" }) } { strong { (count) } span { (name) } } }
}

fn sheets<'s>(
    room: &Room<'_>,
    frame: &Frame<'_>,
    sheets: impl Iterator<Item = &'s Sheet>,
) -> Markup {
    html! { ul.sheets { @for sheet in sheets {
        @let counts = &sheet.counts;
        li {
            span.name { (dataset_name(frame, &room.catalogue, &sheet.dataset)) " " (sheet.period) }
            span.figure { (counts.timely + counts.late) " / " (counts.expected - counts.exempt) }
            (bar(frame, counts))
            (frame.countdown(sheet.due_at_ms))
        }
    } } }
}

fn units(frame: &Frame<'_>, late: &[v1::Slot]) -> Markup {
    html! {
        ul.units { @for slot in late.iter().take(UNITS_MAX) {
            li {
                span { (frame.pick(&slot.unit_name_zh, &slot.unit_name_en)) }
                span.quiet { (slot.period) }
                span.figure { (frame.span(frame.visitor.now_ms - slot.due_at_ms)) }
            }
        } }
        @if late.is_empty() { p.quiet { (frame.pick("没有", "none")) } }
        @if late.len() > UNITS_MAX { p.quiet { "+ " (late.len() - UNITS_MAX) } }
    }
}

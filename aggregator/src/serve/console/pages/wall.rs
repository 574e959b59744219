//! The wall: the day on one screen, without anything to press; it follows by itself. Below what always stands there, scenes take turns:
//! the deadlines with how reports come in, the parts of the city, whom to ring. Without scripts all stand below each other. Chosen for a room
//! full of people: no figures and no explanations stand on it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use granary_core::{catalogue::Unit, code::UnitCode};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    curve, dataset_name,
    summary::{Listed, Sheet, Summary, add, next_due, total},
    today::bar,
    unit_name,
};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            problem::Problem,
            routes::{Room, page},
            view::{Frame, STATES, Tab, Visitor, state},
        },
        slots,
    },
};

/// Lines that fit on a screen.
const SHEETS_MAX: usize = 7;
const UNITS_MAX: usize = 10;
/// Parts of the city that fit on a screen, those first of which most is owed.
const AREAS_MAX: usize = 24;

/// A part of the city, and how much of what the day is about has come from it.
struct Area {
    name: String,
    counts: v1::StateCounts,
}

/// `GET /wall`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(console, visitor, (Right::Look, None), |room| {
        let frame = room.frame(Tab::None).on_the_wall();
        let summary = room.console.summaries.of(room)?;
        let areas = areas(room, &frame, &summary.of_the_day(&frame))?;
        let body = body(room, &frame, (&summary, &areas));
        Ok(frame
            .page(frame.pick("大屏", "Wall"), &body)
            .into_response())
    })
    .await
}

fn body(room: &Room<'_>, frame: &Frame<'_>, (summary, areas): (&Summary, &[Area])) -> Markup {
    let day = summary.of_the_day(frame);
    let counts = total(&day);
    let arrived = counts.timely + counts.late;
    let owed = counts.expected - counts.exempt;
    let percent = (arrived * 100).checked_div(owed).unwrap_or(0);
    html! {
        section.hero {
            div {
                h1 { @if let Some(due) = next_due(&day, frame.visitor.now_ms) { (frame.pick("截止 ", "Due ")) (frame.short(due)) " " (frame.countdown(due)) } @else { (frame.pick("没有临近的期限", "No deadline is near")) } }
                p.big { (arrived) span.of { " / " (owed) } " " span.percent { (percent) " %" } }
                (bar(frame, &counts))
                p.legend { @for one in STATES { (state(frame, one)) " " } }
            }
            div.numbers {
                (number(frame.pick("已逾期", "late now"), summary.late.all, "missing"))
                (number(frame.pick("可能迟报", "likely late"), summary.risks.all, "late"))
                (number(frame.pick("退回未改", "returned"), summary.returned.all, "missing"))
                (number(frame.pick("未说明的问题", "unexplained"), summary.open, "late"))
            }
        }
        div data-scenes {
            section { (deadlines(room, frame, summary)) }
            @if areas.len() > 1 { section { (parts(frame, areas)) } }
            @if summary.late.all + summary.risks.all + summary.returned.all > 0 { section { (to_ring(frame, summary)) } }
        }
    }
}

/// What is due, and how reports come in.
fn deadlines(room: &Room<'_>, frame: &Frame<'_>, summary: &Summary) -> Markup {
    // What is over and whole needs no place on the wall.
    let is_open =
        |sheet: &&Sheet| sheet.due_at_ms > frame.visitor.now_ms || sheet.counts.missing > 0;
    let upcoming = summary.sheets.iter().filter(is_open).take(SHEETS_MAX);
    let drawn = curve::chosen(frame, summary);
    html! { div.columns.halves {
        section { h2 { (frame.pick("期限", "Deadlines")) } (sheets(room, frame, upcoming)) }
        @if let Some(sheet) = drawn.first() {
            section { h2 { (frame.pick("到报曲线", "How reports come in")) " · " (curve::caption(room, frame, sheet)) } (curve::draw(frame, sheet)) (curve::legend(frame)) }
        }
    } }
}

/// The parts of the city, least of which has come first.
fn parts(frame: &Frame<'_>, areas: &[Area]) -> Markup {
    html! {
        h2 { (frame.pick("各地进度", "Progress by area")) }
        ul.areas { @for area in areas {
            @let counts = &area.counts;
            li { span.name { (area.name) } span.figure { (counts.timely + counts.late) " / " (counts.expected - counts.exempt) } div.whole { (bar(frame, counts)) } }
        } }
    }
}

/// Who is late, who may be, and whose report came back.
fn to_ring(frame: &Frame<'_>, summary: &Summary) -> Markup {
    let overdue = |slot: &v1::Slot| frame.span(frame.visitor.now_ms - slot.due_at_ms);
    let times = |slot: &v1::Slot| format!("{} ×", slot.returned_count);
    html! { div.columns {
        section { h2 { (frame.pick("已逾期", "Late")) } (units(frame, &summary.late, overdue)) }
        section { h2 { (frame.pick("可能迟报", "Likely to be late")) }
            ul.units { @for risk in summary.risks.lines.iter().take(UNITS_MAX) {
                li { span { (frame.visitor.named(risk.unit.as_ref())) } span.quiet { (risk.period) } span.figure { (risk.chance_percent) " %" } }
            } }
            (rest(frame, summary.risks.all))
        }
        section { h2 { (frame.pick("退回未改", "Returned")) } (units(frame, &summary.returned, times)) }
    } }
}

/// The units below the top of what the person sees, each with all below it; those that owe nothing are left out.
fn areas(room: &Room<'_>, frame: &Frame<'_>, day: &[&Sheet]) -> Result<Vec<Area>, Problem> {
    let today = room.sight().today();
    let catalogue = &room.catalogue;
    let codes = || catalogue.units().iter().map(Unit::code);
    let above = |code: &UnitCode| {
        catalogue
            .parent_on(code, today)
            .filter(|parent| room.scope.holds(parent.as_str()))
    };
    let seen = codes().filter(|code| room.scope.holds(code.as_str()));
    let tops: Vec<&UnitCode> = seen.filter(|code| above(code).is_none()).collect();
    let chosen: Vec<&UnitCode> = match tops.as_slice() {
        [top] => codes().filter(|code| above(code) == Some(*top)).collect(),
        _ => tops,
    };
    let mut areas = Vec::new();
    for code in chosen {
        let counts = of_the_day(room, code, day)?;
        if counts.expected > counts.exempt {
            let name = unit_name(frame, catalogue, code.as_str());
            areas.push(Area { name, counts });
        }
    }
    let open = |area: &Area| area.counts.missing + area.counts.pending;
    areas.sort_by_key(|area| std::cmp::Reverse(open(area)));
    areas.truncate(AREAS_MAX);
    Ok(areas)
}

/// What a unit and all below it have sent of the day's sheets.
fn of_the_day(
    room: &Room<'_>,
    under: &UnitCode,
    day: &[&Sheet],
) -> Result<v1::StateCounts, Problem> {
    let mut sum = v1::StateCounts::default();
    for sheet in day {
        let request = v1::GetCompletenessRequest {
            filter: Some(v1::SlotFilter {
                units: Vec::new(),
                datasets: vec![sheet.dataset.clone()],
                periods: vec![sheet.period.to_string()],
            }),
            under: under.to_string(),
            as_of_ms: room.visitor.now_ms,
            ..Default::default()
        };
        let counted = slots::completeness(&room.console.city, request)?.total;
        add(&mut sum, &counted.unwrap_or_default());
    }
    Ok(sum)
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

fn units(
    frame: &Frame<'_>,
    listed: &Listed<v1::Slot>,
    figure: impl Fn(&v1::Slot) -> String,
) -> Markup {
    html! {
        ul.units { @for slot in listed.lines.iter().take(UNITS_MAX) {
            li {
                span { (frame.pick(&slot.unit_name_zh, &slot.unit_name_en)) }
                span.quiet { (slot.period) }
                span.figure { (figure(slot)) }
            }
        } }
        (rest(frame, listed.all))
    }
}

/// How many do not fit, or that there are none.
fn rest(frame: &Frame<'_>, all: u64) -> Markup {
    let cut = all.saturating_sub(UNITS_MAX as u64);
    html! {
        @if all == 0 { p.quiet { (frame.pick("没有", "none")) } }
        @if cut > 0 { p.quiet { "+ " (cut) } }
    }
}

//! The life of one slot: its state, every submission with its verdict, the findings with their explanations, extensions, and receipts.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    access::Access,
    code::{DatasetCode, UnitCode},
    ledger::LogIndex,
    period::Period,
    snapshot::{SlotKey, Snapshot},
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    dataset_name,
    figures::{self, Which},
    finding::all,
    life, unit_name,
};
use crate::{
    people::Right,
    serve::{
        console::{
            Console, acts,
            problem::Problem,
            routes::{Room, asked, page},
            view::{Frame, Tab, Visitor, encoded, slot_path, state},
        },
        history,
        life::Life,
        slots,
    },
};

/// Findings that are shown.
const FINDINGS_MAX: usize = 30;

/// `GET /slot/{unit}/{dataset}/{period}?vintage=`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((unit, dataset, period)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let may_read = visitor
        .person
        .as_ref()
        .is_some_and(|person| person.role.may(Right::Figures));
    let read = may_read.then(|| (Access::Findings, format!("slot {unit}/{dataset}/{period}")));
    page(console, visitor, (Right::Look, read), move |room| {
        let slot = named(room, (&unit, &dataset, &period))?;
        let frame = room.frame(Tab::Completeness);
        let told = told(room, &slot)?.ok_or(Problem::NotFound)?;
        let title = format!(
            "{} · {} · {}",
            unit_name(&frame, &room.catalogue, &told.unit),
            dataset_name(&frame, &room.catalogue, &told.dataset),
            told.period
        );
        let may_read = room.may(Right::Figures);
        let life = Life::read(&room.console.city, &slot, may_read, may_read)?;
        let vintage = asked(query.as_deref(), "vintage");
        let chosen = chosen(room, &life, vintage.as_deref())?;
        if let (Some(wanted), Some((_, snapshot))) = (asked(query.as_deref(), "csv"), &chosen) {
            let table = figures::table(room, &frame, &slot, snapshot, usize::MAX);
            if let Some(file) = table.csv(Some(&wanted)) {
                return file;
            }
        }
        let body = html! {
            h1 { a href={ "/unit/" (encoded(&told.unit)) } { (unit_name(&frame, &room.catalogue, &told.unit)) } " · " (dataset_name(&frame, &room.catalogue, &told.dataset)) " · " (told.period) }
            (standing(&frame, &told))
            @if room.may(Right::Figures) { p { a href={ (slot_path(&told.unit, &told.dataset, &told.period)) "/try" } { (frame.pick("试算：这些数值能通过吗？", "What if: would these figures pass?")) } } }
            (life::show(room, &frame, &slot, &life)?)
            (known(room, &frame, &slot, &life, chosen.as_ref())?)
            @if room.may(Right::Act) { (acts::on_slot(&frame, &told)) }
        };
        Ok(frame.page(&title, &body).into_response())
    })
    .await
}

/// A slot that the person sees.
pub(in crate::serve::console) fn named(
    room: &Room<'_>,
    (unit, dataset, period): (&str, &str, &str),
) -> Result<SlotKey, Problem> {
    let unit: UnitCode = room.scope.unit(unit)?;
    let dataset = DatasetCode::new(dataset).map_err(|_| Problem::NotFound)?;
    let period = Period::parse(period).map_err(|_| Problem::NotFound)?;
    Ok(SlotKey::new(unit, dataset, period))
}

/// What a listing tells of a slot; `None` where nothing is owed.
pub(in crate::serve::console) fn told(
    room: &Room<'_>,
    slot: &SlotKey,
) -> Result<Option<v1::Slot>, Problem> {
    let filter = v1::SlotFilter {
        units: vec![slot.unit.to_string()],
        datasets: vec![slot.dataset.to_string()],
        periods: vec![slot.period.to_string()],
    };
    let request = v1::ListSlotsRequest {
        filter: Some(filter),
        page_size: 1,
        ..Default::default()
    };
    Ok(slots::list(&room.console.city, request)?.slots.pop())
}

/// The findings of a slot, and its figures as far as they may be read.
fn known(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    life: &Life,
    chosen: Option<&(Which, Snapshot)>,
) -> Result<Markup, Problem> {
    let shown = &life.findings[..life.findings.len().min(FINDINGS_MAX)];
    Ok(html! {
        @if !life.findings.is_empty() { section {
            h2 { (frame.pick("问题", "Findings")) " " span.count { (life.findings.len()) } }
            (all(room, frame, shown)?)
            @if life.findings.len() > FINDINGS_MAX { p.quiet { (frame.pick("其余在“问题”页", "the rest is on the page of findings")) } }
        } }
        @if let Some((which, snapshot)) = chosen { (figures::show(room, frame, slot, snapshot, which)) }
        @else if life.row.current.is_some() { p.quiet { (frame.pick("您的角色不显示数值", "your role does not show figures")) } }
    })
}

/// The snapshot that is asked for, else the current one; `None` for whoever may not read figures, or where there is none.
fn chosen(
    room: &Room<'_>,
    life: &Life,
    vintage: Option<&str>,
) -> Result<Option<(Which, Snapshot)>, Problem> {
    if !room.may(Right::Figures) {
        return Ok(None);
    }
    let current = life.row.current.as_ref().map(|current| current.index);
    let Some(vintage) = vintage else {
        let which = current.map(|index| Which {
            index,
            is_current: true,
        });
        return Ok(which.zip(life.current.clone()));
    };
    let index: u64 = vintage.parse().map_err(|_| Problem::NotFound)?;
    if !life.vintages.iter().any(|(own, _)| own.0 == index) {
        return Err(Problem::NotFound);
    }
    let snapshot = history::snapshot(&room.console.city, LogIndex(index))?;
    let which = Which {
        index,
        is_current: current == Some(index),
    };
    Ok(Some((which, snapshot)))
}

fn standing(frame: &Frame<'_>, slot: &v1::Slot) -> Markup {
    let when = |at_ms: Option<i64>| at_ms.map_or_else(|| "—".into(), |at_ms| frame.instant(at_ms));
    html! {
        p { (state(frame, slot.state())) " "
            @if slot.state() == v1::SlotState::Pending { (frame.countdown(slot.due_at_ms)) }
            @if slot.lateness_ms > 0 { span.badge.bad { (frame.pick("迟 ", "late by ")) (frame.span(slot.lateness_ms)) } } }
        dl.facts {
            dt { (frame.pick("截止", "Due")) } dd { (frame.instant(slot.due_at_ms)) }
            dt { (frame.pick("首次收到", "First received")) } dd { (when(slot.first_received_at_ms)) }
            dt { (frame.pick("首次受理", "First accepted")) } dd { (when(slot.first_accepted_at_ms)) }
            dt { (frame.pick("最近修订", "Last revised")) } dd { (when(slot.last_revised_at_ms)) }
            dt { (frame.pick("收到 / 退回", "Received / returned")) } dd { (slot.received_count) " / " (slot.returned_count) }
            dt { (frame.pick("现行版次", "Current revision")) } dd { (slot.revision) }
        }
    }
}

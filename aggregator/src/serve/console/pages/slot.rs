//! The life of one slot: its state, every submission with its verdict, the findings with their explanations, extensions, and receipts.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    access::Access,
    code::{DatasetCode, UnitCode},
    ledger::{LogIndex, Outcome},
    period::Period,
    snapshot::{SlotKey, Snapshot},
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{dataset_name, findings::one, unit_name};
use crate::{
    people::Right,
    serve::{
        console::{
            Console, acts,
            problem::Problem,
            routes::{Room, page},
            view::{Frame, Tab, Visitor, encoded, slot_path, state},
        },
        life::Life,
        slots,
    },
};

/// Submissions that are shown, the newest first.
const VINTAGES_MAX: usize = 50;
/// Figures that are shown.
const FIGURES_MAX: usize = 1_000;

/// `GET /slot/{unit}/{dataset}/{period}`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((unit, dataset, period)): Path<(String, String, String)>,
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
        let body = html! {
            h1 { a href={ "/unit/" (encoded(&told.unit)) } { (unit_name(&frame, &room.catalogue, &told.unit)) } " · " (dataset_name(&frame, &room.catalogue, &told.dataset)) " · " (told.period) }
            (standing(&frame, &told))
            @if room.may(Right::Figures) { p { a href={ (slot_path(&told.unit, &told.dataset, &told.period)) "/try" } { (frame.pick("试算：这些数值能通过吗？", "What if: would these figures pass?")) } } }
            (life.show(room, &frame, &slot))
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
fn told(room: &Room<'_>, slot: &SlotKey) -> Result<Option<v1::Slot>, Problem> {
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

impl Life {
    fn show(&self, room: &Room<'_>, frame: &Frame<'_>, slot: &SlotKey) -> Markup {
        html! {
            section { h2 { (frame.pick("经过", "What happened")) } ol.life {
                @for (index, row) in self.vintages.iter().take(VINTAGES_MAX) { (submission(frame, *index, row, room.may(Right::Figures))) }
                @for extension in &self.row.extensions { li { span.when { (frame.instant(extension.received_at_ms)) } " " (frame.pick("延期至", "extended to")) " " (frame.time(extension.due_at_ms)) } }
                @if let Some(at_ms) = self.row.exempted_at_ms { li { span.when { (frame.instant(at_ms)) } " " (frame.pick("免报", "exempted")) } }
                @if let Some(at_ms) = self.row.imported_at_ms { li { span.when { (frame.time(at_ms)) } " " (frame.pick("系统启用前的到达记录", "arrived before the system, by imported history")) } }
            }
            @if self.vintages.len() > VINTAGES_MAX { p.quiet { (frame.pick("更早的报送没有列出：", "earlier submissions that are not listed: ")) (self.vintages.len() - VINTAGES_MAX) } }
            @if self.vintages.is_empty() { p.quiet { (frame.pick("还没有收到过报送", "nothing was received yet")) } }
            }
            @if !self.findings.is_empty() { section {
                h2 { (frame.pick("问题", "Findings")) " " span.count { (self.findings.len()) } }
                @for finding in &self.findings { (one(room, frame, finding)) }
            } }
            @if let Some(snapshot) = &self.current { (figures(room, frame, slot, snapshot)) }
            @else if self.row.current.is_some() { p.quiet { (frame.pick("您的角色不显示数值", "your role does not show figures")) } }
        }
    }
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

fn submission(
    frame: &Frame<'_>,
    index: LogIndex,
    row: &granary_core::ledger::rows::VintageRow,
    may_read: bool,
) -> Markup {
    let (class, zh, en) = match Outcome::from_number(row.outcome) {
        Some(Outcome::Accepted) => ("good", "受理", "accepted"),
        Some(Outcome::Returned) => ("bad", "退回", "returned"),
        Some(Outcome::Superseded) => ("", "已有更高版次", "superseded"),
        None => ("", "不明", "unknown"),
    };
    html! { li {
        span.when { (frame.instant(row.received_at_ms)) } " "
        (frame.pick("第", "revision")) " " (row.revision) " " (frame.pick("版", "")) " "
        span class={ "badge " (class) } { (frame.pick(zh, en)) } " "
        @if !row.failures.is_empty() { span.quiet { (frame.pick("审核未通过：", "failed edits: ")) (row.failures.len()) } " " }
        a href={ "/receipt/" (index.0) } download { (frame.pick("回执", "receipt")) } " "
        span.quiet { (frame.pick("日志第", "entry")) " " (index.0) " " (frame.pick("条", "")) }
        @if may_read { @for failure in row.failures.iter().take(8) { br; code { (failure.edit) } @if let Some(explanation) = &failure.explanation { " " q { (explanation) } } } }
    } }
}

fn figures(room: &Room<'_>, frame: &Frame<'_>, slot: &SlotKey, snapshot: &Snapshot) -> Markup {
    let has_items = snapshot.observations.iter().any(|one| one.item.is_some());
    html! { section {
        h2 { (frame.pick("现行数值", "Current figures")) }
        @if !snapshot.sign_offs.is_empty() { p.quiet { (frame.pick("签名：", "Signed off by ")) @for (at, one) in snapshot.sign_offs.iter().enumerate() { @if at > 0 { "、" } (one.name) } } }
        div.scroll role="region" aria-label=(frame.pick("现行数值", "Current figures")) tabindex="0" { table {
            thead { tr {
                th scope="col" { (frame.pick("指标", "Indicator")) }
                @if has_items { th scope="col" { (frame.pick("明细项", "Item")) } }
                th.figure scope="col" { (frame.pick("数值", "Value")) }
                th scope="col" { (frame.pick("计量单位", "Unit of measure")) }
            } }
            tbody { @for one in snapshot.observations.iter().take(FIGURES_MAX) { tr {
                @let indicator = room.catalogue.indicator(&one.indicator);
                @let name = indicator.map_or(one.indicator.as_str(), |indicator| frame.visitor.say(indicator.name()));
                @let path = format!("/indicators?unit={}&dataset={}&indicator={}", encoded(slot.unit.as_str()), encoded(slot.dataset.as_str()), encoded(one.indicator.as_str()));
                th scope="row" { @if has_items { (name) } @else { a href=(path) { (name) } } }
                @if has_items { td { @if let Some(item) = &one.item { (item) } } }
                td.figure { @match one.value { Some(value) => (value), None => { span.quiet { (one.status.letter()) } } } }
                td.quiet { @if let Some(measure) = indicator.and_then(|one| room.catalogue.measure(one.unit_of_measure())) { (frame.visitor.say(measure.name())) } }
            } } }
        } }
        @if snapshot.observations.len() > FIGURES_MAX { p.quiet { (frame.pick("没有列出的数值：", "figures that are not listed: ")) (snapshot.observations.len() - FIGURES_MAX) } }
    } }
}

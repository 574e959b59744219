//! What has happened to a slot, of all kinds, the newest first: submissions with their verdicts, extensions, exemptions, decisions, and what
//! was imported; acts with their reason and with who asked for them.

use granary_core::{
    ledger::{
        Deed, LogIndex, Outcome,
        rows::{FailureRow, VintageRow},
    },
    snapshot::SlotKey,
};
use maud::{Markup, html};

use crate::{
    people::Right,
    serve::{
        console::{
            deeds::{self, Done},
            problem::Problem,
            routes::Room,
            view::Frame,
        },
        life::Life,
    },
};

/// Events that are shown, and failed edits of each submission.
const EVENTS_MAX: usize = 100;
const FAILURES_MAX: usize = 8;

/// One thing that has happened.
struct Event {
    at_ms: i64,
    /// The journal's order, where two have the same instant.
    index: u64,
    told: Markup,
}

/// The whole life, as a list.
pub(super) fn show(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    life: &Life,
) -> Result<Markup, Problem> {
    let mut events = submissions(room, frame, life);
    events.extend(extensions(room, frame, slot, life)?);
    events.extend(exemption(room, frame, slot, life)?);
    events.extend(decisions(room, frame, slot, life)?);
    events.extend(import(room, frame, life)?);
    events.sort_by_key(|event| std::cmp::Reverse((event.at_ms, event.index)));
    let is_cut = events.len() > EVENTS_MAX;
    Ok(html! { section {
        h2 { (frame.pick("经过", "What happened")) " " span.quiet { (frame.pick("最近的在前", "the newest first")) } }
        ol.life { @for event in events.iter().take(EVENTS_MAX) {
            li { span.when { (frame.instant(event.at_ms)) } " " (event.told) }
        } }
        @if is_cut { p.quiet { (frame.pick("更早的不在此列出", "what was before is not listed")) } }
        @if life.vintages.is_empty() { p.quiet { (frame.pick("还没有收到过报送", "nothing was received yet")) } }
    } })
}

fn submissions(room: &Room<'_>, frame: &Frame<'_>, life: &Life) -> Vec<Event> {
    let may_read = room.may(Right::Figures);
    let vintages = life.vintages.iter().take(EVENTS_MAX + 1);
    let event = |(index, row): &(LogIndex, VintageRow)| Event {
        at_ms: row.received_at_ms,
        index: index.0,
        told: submission(frame, *index, row, may_read),
    };
    vintages.map(event).collect()
}

fn submission(frame: &Frame<'_>, index: LogIndex, row: &VintageRow, may_read: bool) -> Markup {
    let (class, zh, en) = match Outcome::from_number(row.outcome) {
        Some(Outcome::Accepted) => ("good", "受理", "accepted"),
        Some(Outcome::Returned) => ("bad", "退回", "returned"),
        Some(Outcome::Superseded) => ("", "已有更高版次", "superseded"),
        None => ("", "不明", "unknown"),
    };
    let figures = format!(
        "{}#figures-of",
        frame.visitor.with("vintage", &index.0.to_string())
    );
    let more = row.failures.len().saturating_sub(FAILURES_MAX);
    html! {
        (frame.pick("报送 第", "submission, revision")) " " (row.revision) " " (frame.pick("版", "")) " "
        span class={ "badge " (class) } { (frame.pick(zh, en)) } " "
        @if !row.failures.is_empty() { span.quiet { (frame.pick("审核未通过：", "failed edits: ")) (row.failures.len()) } " " }
        @if may_read { a href=(figures) { (frame.pick("数值", "figures")) } " " }
        (receipt(frame, index))
        @if may_read {
            ul.failed { @for failure in row.failures.iter().take(FAILURES_MAX) { (failed(frame, failure)) } }
            @if more > 0 { p.quiet { (frame.pick("另有 ", "and ")) (more) (frame.pick(" 条", " more")) } }
        }
    }
}

fn failed(frame: &Frame<'_>, failure: &FailureRow) -> Markup {
    html! { li {
        code { (failure.edit) } @if let Some(item) = &failure.item { " [" (item) "]" } " "
        (frame.pick(&failure.message_zh, &failure.message_en))
        @if let Some(explanation) = &failure.explanation { " " (frame.pick("单位说明：", "the unit says: ")) q { (explanation) } }
    } }
}

fn receipt(frame: &Frame<'_>, index: LogIndex) -> Markup {
    html! {
        a href={ "/receipt/" (index.0) } download { (frame.pick("回执", "receipt")) } " "
        span.quiet { (frame.pick("日志第", "entry")) " " (index.0) " " (frame.pick("条", "")) }
    }
}

fn extensions(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    life: &Life,
) -> Result<Vec<Event>, Problem> {
    let each = life.row.extensions.iter().map(|extension| {
        let is_it = |deed: &Deed| matches!(deed, Deed::Extend { slot: of, due_at_ms, .. } if of == slot && *due_at_ms == extension.due_at_ms);
        let done = deeds::received_at(&room.console.city, extension.received_at_ms, is_it)?;
        let what = format!(
            "{} {}",
            frame.pick("延期至", "extended to"),
            frame.instant(extension.due_at_ms)
        );
        Ok(event(
            frame,
            extension.received_at_ms,
            ("wait", &what),
            done.as_ref(),
        ))
    });
    each.collect()
}

fn exemption(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    life: &Life,
) -> Result<Option<Event>, Problem> {
    let Some(at_ms) = life.row.exempted_at_ms else {
        return Ok(None);
    };
    let is_it = |deed: &Deed| matches!(deed, Deed::Exempt { slot: of, .. } if of == slot);
    let done = deeds::received_at(&room.console.city, at_ms, is_it)?;
    let what = frame.pick("免报", "exempted");
    Ok(Some(event(frame, at_ms, ("wait", what), done.as_ref())))
}

/// Decisions that still stand; each is the entry that last changed its finding.
fn decisions(
    room: &Room<'_>,
    frame: &Frame<'_>,
    slot: &SlotKey,
    life: &Life,
) -> Result<Vec<Event>, Problem> {
    let decided = life.findings.iter();
    let decided = decided.filter(|finding| !finding.decision_reason.is_empty());
    let mut events = Vec::new();
    for finding in decided.take(EVENTS_MAX) {
        let done = deeds::of(&room.console.city, LogIndex(finding.changed_index))?;
        let Some(done) = done else { continue };
        let Deed::Decide {
            slot: of,
            edit,
            accepted,
            ..
        } = &done.act.deed
        else {
            continue;
        };
        if of != slot {
            continue;
        }
        let (class, what) = if *accepted {
            ("good", frame.pick("认可说明", "explanation accepted"))
        } else {
            ("bad", frame.pick("退回说明", "explanation sent back"))
        };
        let what = format!("{what} {edit}");
        events.push(event(
            frame,
            done.received_at_ms,
            (class, &what),
            Some(&done),
        ));
    }
    Ok(events)
}

fn import(room: &Room<'_>, frame: &Frame<'_>, life: &Life) -> Result<Option<Event>, Problem> {
    let row = &life.row;
    let Some(arrived_at_ms) = row.imported_at_ms else {
        return Ok(None);
    };
    let done = match row.import_index {
        Some(index) => deeds::of(&room.console.city, LogIndex(index))?,
        None => None,
    };
    let source = done.as_ref().and_then(|done| {
        if let Deed::ImportHistory { source, .. } = &done.act.deed {
            Some(source.as_str())
        } else {
            None
        }
    });
    let what = format!(
        "{} {}",
        frame.pick(
            "导入启用前的到达记录：到达于",
            "imported from before the system: arrived"
        ),
        frame.instant(arrived_at_ms)
    );
    let mut event = event(
        frame,
        row.import_received_at_ms.unwrap_or(arrived_at_ms),
        ("", &what),
        done.as_ref(),
    );
    if let Some(source) = source {
        event.told = html! { (event.told) " " (frame.pick("来源：", "source: ")) (source) };
    }
    Ok(Some(event))
}

/// An act with its reason and with who asked for it.
fn event(frame: &Frame<'_>, at_ms: i64, (class, what): (&str, &str), done: Option<&Done>) -> Event {
    let reason = done.and_then(|done| deeds::reason(&done.act.deed));
    Event {
        at_ms,
        index: done.map_or(0, |done| done.index.0),
        told: html! {
            span class={ "badge " (class) } { (what) } " "
            @if let Some(reason) = reason { (frame.pick("原因：", "reason: ")) q { (reason) } " " }
            @if let Some(done) = done { span.quiet { (frame.pick("经办：", "by ")) (deeds::by(frame, &done.act)) } " " (receipt(frame, done.index)) }
        },
    }
}

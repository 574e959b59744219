//! Acts about one slot: a decision on an explanation, an extension, an exemption.

use granary_core::{
    catalogue::Catalogue,
    code::{EditId, ItemKey},
    ledger::{Deed, LogIndex},
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_proto::v1;
use jiff::{Timestamp, civil::DateTime};
use maud::{Markup, html};

use super::{After, Proposal, REASON_CHARS_MAX, reason};
use crate::serve::console::{
    pages::{
        dataset_name,
        slot::{named, told},
        unit_name,
    },
    problem::Problem,
    routes::{Room, field},
    view::{Frame, Tab, state_of},
};

/// What a form asks for.
pub(super) fn proposal(room: &Room<'_>, fields: &[(String, String)]) -> Result<Proposal, Problem> {
    let given = |name: &str| field(fields, name).unwrap_or_default();
    let slot = named(room, (given("unit"), given("dataset"), given("period")))?;
    let reason = reason(room, fields)?;
    let frame = room.frame(Tab::None);
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    let mut words = vec![line("应报", "Slot", called(room, &frame, &slot))];
    let why = reason.clone();
    let (name, word, deed) = match given("kind") {
        word @ ("accept" | "reject") => {
            let decided = decided(&slot, fields, reason)?;
            words.extend(decided.words);
            (decided.name, word, decided.deed)
        }
        "extend" => {
            let known = told(room, &slot)?.ok_or(Problem::NotFound)?;
            let due_at_ms = later(room, &frame, &known, given("until"))?;
            let now = line(
                "现在的截止时间",
                "Due now at",
                frame.instant(known.due_at_ms),
            );
            words.push(now);
            words.push(line("延期至", "Due at", frame.instant(due_at_ms)));
            let next = extended(room, &slot, &known, due_at_ms);
            words.push(line("状态", "State", change(&frame, known.state(), next)));
            let deed = Deed::Extend {
                slot: slot.clone(),
                due_at_ms,
                reason,
            };
            (
                Bilingual::new("延长期限", "extend the deadline"),
                "extend",
                deed,
            )
        }
        "exempt" => {
            let known = told(room, &slot)?.ok_or(Problem::NotFound)?;
            let next = v1::SlotState::Exempt;
            words.push(line("状态", "State", change(&frame, known.state(), next)));
            let undone = frame.pick(
                "免报不能撤销；单位仍可报送，但这一项不再计入应报",
                "it cannot be taken back; the unit may still report, but the slot is not owed any more",
            );
            words.push(line("后果", "What follows", undone.to_owned()));
            let deed = Deed::Exempt {
                slot: slot.clone(),
                reason,
            };
            (Bilingual::new("免报", "exempt the slot"), "exempt", deed)
        }
        _ => return Err(Problem::NotFound),
    };
    words.insert(0, line("操作", "Act", frame.visitor.say(&name).to_owned()));
    words.push(line("原因", "Reason", why));
    Ok(Proposal {
        deed,
        what: format!("{word} {slot}"),
        words,
        after: After::Slot(slot),
    })
}

/// The instant that an extension moves a deadline to: later than it is due now, and still to come.
fn later(room: &Room<'_>, frame: &Frame<'_>, known: &v1::Slot, text: &str) -> Result<i64, Problem> {
    let due_at_ms = instant(room, text).map_err(|_| {
        Problem::unfit(
            "没有填写“新的截止时间”，或不是日期和时间：请选择日期和时分，例如 2026-04-08 12:00",
            "\"New due instant\" is empty or no date and time: choose a date and a time of day, for instance 2026-04-08 12:00",
        )
    })?;
    let (new, now) = (frame.instant(due_at_ms), frame.instant(known.due_at_ms));
    if due_at_ms <= known.due_at_ms {
        return Err(Problem::unfit(
            format!(
                "新的截止时间 {new} 不晚于现在的截止时间 {now}：延期只能延后，请填写更晚的时间"
            ),
            format!(
                "the new due instant {new} is not later than the slot's own, {now}: an extension only moves it later, give a later one"
            ),
        ));
    }
    if due_at_ms <= room.visitor.now_ms {
        let here = frame.instant(room.visitor.now_ms);
        return Err(Problem::unfit(
            format!(
                "新的截止时间 {new} 已经过去（现在是 {here}，现在的截止时间是 {now}）：请填写将来的时间"
            ),
            format!(
                "the new due instant {new} is past already (it is {here}, and the slot is due at {now}): give one that is still to come"
            ),
        ));
    }
    Ok(due_at_ms)
}

/// The state that a slot has once it is due at another instant, which is still to come.
fn extended(room: &Room<'_>, slot: &SlotKey, known: &v1::Slot, due_at_ms: i64) -> v1::SlotState {
    if known.state() == v1::SlotState::Exempt {
        return v1::SlotState::Exempt;
    }
    let arrivals = known.first_accepted_at_ms.into_iter();
    let arrived = arrivals.chain(known.imported_at_ms).min();
    match arrived {
        None => v1::SlotState::Pending,
        Some(at_ms) if at_ms <= due_at_ms + grace_ms(&room.catalogue, slot) => {
            v1::SlotState::Timely
        }
        Some(_) => v1::SlotState::Late,
    }
}

/// How long after a slot is due an arrival still counts as timely.
pub(in crate::serve::console) fn grace_ms(catalogue: &Catalogue, slot: &SlotKey) -> i64 {
    let dataset = catalogue.dataset(&slot.dataset);
    dataset.map_or(0, |dataset| dataset.instants(slot.period).grace_ms)
}

/// The state that a slot is in, and the one that it comes into.
fn change(frame: &Frame<'_>, from: v1::SlotState, to: v1::SlotState) -> String {
    let word = |state| {
        let (_, _, zh, en) = state_of(state);
        frame.pick(zh, en)
    };
    if from == to {
        return format!("{} {}", word(from), frame.pick("（不变）", "(stays)"));
    }
    format!("{} → {}", word(from), word(to))
}

/// A decision on an explanation.
struct Decided {
    name: Bilingual,
    deed: Deed,
    words: Vec<(Bilingual, String)>,
}

fn decided(
    slot: &SlotKey,
    fields: &[(String, String)],
    reason: String,
) -> Result<Decided, Problem> {
    let given = |name: &str| field(fields, name).unwrap_or_default();
    let edit = EditId::new(given("edit")).map_err(|_| Problem::NotFound)?;
    let item = Some(given("item")).filter(|item| !item.is_empty());
    let item = item
        .map(ItemKey::new)
        .transpose()
        .map_err(|_| Problem::NotFound)?;
    let snapshot_index = LogIndex(given("snapshot").parse().map_err(|_| Problem::NotFound)?);
    let accepted = given("kind") == "accept";
    let name = if accepted {
        Bilingual::new("认可说明", "accept the explanation")
    } else {
        Bilingual::new("退回说明", "reject the explanation")
    };
    let words = vec![
        (Bilingual::new("规则", "Rule"), edit.to_string()),
        (
            Bilingual::new("针对的报送", "Submission"),
            format!("#{}", snapshot_index.0),
        ),
    ];
    let deed = Deed::Decide {
        slot: slot.clone(),
        edit,
        item,
        snapshot_index,
        accepted,
        reason,
    };
    Ok(Decided { name, deed, words })
}

/// A civil time as the browser's field writes it, in the catalogue's zone.
pub(in crate::serve::console) fn instant(room: &Room<'_>, text: &str) -> Result<i64, Problem> {
    let civil: Option<DateTime> = text.parse().ok();
    let at: Option<Timestamp> =
        civil.and_then(|civil| room.catalogue.zone().to_timestamp(civil).ok());
    at.map(Timestamp::as_millisecond).ok_or_else(|| {
        Problem::unfit(
            "时间没有填写，或不是日期和时间：请选择日期和时分",
            "the date and time is empty or none: choose a date and a time of day",
        )
    })
}

/// A slot by its names and its key.
fn called(room: &Room<'_>, frame: &Frame<'_>, slot: &SlotKey) -> String {
    let unit = unit_name(frame, &room.catalogue, slot.unit.as_str());
    let dataset = dataset_name(frame, &room.catalogue, slot.dataset.as_str());
    format!("{unit} · {dataset} · {} ({slot})", slot.period)
}

/// The form that decides about an explanation.
pub(in crate::serve::console) fn decision(
    frame: &Frame<'_>,
    finding: &v1::Finding,
    failure: &v1::Failure,
) -> Markup {
    html! { details.act {
        summary { (frame.pick("核定说明", "Decide on the explanation")) }
        form method="post" action="/act" {
            (frame.visitor.secret())
            (slot_fields(&finding.unit, &finding.dataset, &finding.period))
            input type="hidden" name="edit" value=(failure.edit);
            input type="hidden" name="item" value=(failure.item.as_deref().unwrap_or_default());
            input type="hidden" name="snapshot" value=(finding.snapshot_index);
            label { span { (frame.pick("意见（记入日志）", "Reason (it is journaled)")) } textarea name="reason" rows="2" maxlength=(REASON_CHARS_MAX) required {} }
            div.row {
                button type="submit" name="kind" value="accept" { (frame.pick("认可", "Accept")) }
                button.quiet type="submit" name="kind" value="reject" { (frame.pick("退回", "Reject")) }
            }
        }
    } }
}

/// The forms that extend or exempt a slot.
pub(in crate::serve::console) fn on_slot(frame: &Frame<'_>, slot: &v1::Slot) -> Markup {
    let due = frame.instant(slot.due_at_ms);
    let why = html! { label { span { (frame.pick("原因（记入日志）", "Reason (it is journaled)")) } textarea name="reason" rows="2" maxlength=(REASON_CHARS_MAX) required {} } };
    html! { details.act {
        summary { (frame.pick("延期或免报", "Extend or exempt")) }
        form.extend method="post" action="/act" {
            (frame.visitor.secret())
            (slot_fields(&slot.unit, &slot.dataset, &slot.period))
            h3 { (frame.pick("延期", "Extend")) }
            p { (frame.pick("现在的截止时间：", "Due now at: ")) strong { (due) } }
            label { span { (frame.pick("新的截止时间（当地时间，须晚于现在的截止时间）", "New due instant (local time, later than it is due now)")) } input type="datetime-local" name="until" required; }
            (why)
            div.row { button type="submit" name="kind" value="extend" { (frame.pick("延期", "Extend")) } }
        }
        @if slot.state() != v1::SlotState::Exempt {
            form.exempt method="post" action="/act" {
                (frame.visitor.secret())
                (slot_fields(&slot.unit, &slot.dataset, &slot.period))
                h3 { (frame.pick("免报", "Exempt")) }
                p.quiet { (frame.pick("免报不能撤销。", "An exemption cannot be taken back.")) }
                (why)
                div.row { button.quiet type="submit" name="kind" value="exempt" { (frame.pick("免报", "Exempt")) } }
            }
        }
    } }
}

fn slot_fields(unit: &str, dataset: &str, period: &str) -> Markup {
    html! {
        input type="hidden" name="unit" value=(unit);
        input type="hidden" name="dataset" value=(dataset);
        input type="hidden" name="period" value=(period);
    }
}

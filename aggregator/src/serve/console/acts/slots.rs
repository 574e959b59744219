//! Acts about one slot: a decision on an explanation, an extension, an exemption.

use granary_core::{
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
    pages::{dataset_name, slot::named, unit_name},
    problem::Problem,
    routes::{Room, field},
    view::{Frame, Tab},
};

/// What a form asks for.
pub(super) fn proposal(room: &Room<'_>, fields: &[(String, String)]) -> Result<Proposal, Problem> {
    let given = |name: &str| field(fields, name).unwrap_or_default();
    let slot = named(room, (given("unit"), given("dataset"), given("period")))?;
    let reason = reason(room, fields)?;
    let frame = room.frame(Tab::None);
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    let mut words = vec![line("应报", "Slot", called(room, &frame, &slot))];
    let told = reason.clone();
    let (name, word, deed) = match given("kind") {
        word @ ("accept" | "reject") => {
            let decided = decided(&slot, fields, reason)?;
            words.extend(decided.words);
            (decided.name, word, decided.deed)
        }
        "extend" => {
            let due_at_ms = instant(room, given("until"))?;
            words.push(line("延期至", "Due at", frame.instant(due_at_ms)));
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
            let deed = Deed::Exempt {
                slot: slot.clone(),
                reason,
            };
            (Bilingual::new("免报", "exempt the slot"), "exempt", deed)
        }
        _ => return Err(Problem::NotFound),
    };
    words.insert(0, line("操作", "Act", frame.visitor.say(&name).to_owned()));
    words.push(line("原因", "Reason", told));
    Ok(Proposal {
        deed,
        what: format!("{word} {slot}"),
        words,
        after: After::Slot(slot),
    })
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
    at.map(Timestamp::as_millisecond)
        .ok_or_else(|| Problem::unfit("请填写时间", "give a date and a time of day"))
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
    html! { details.act {
        summary { (frame.pick("延期或免报", "Extend or exempt")) }
        form method="post" action="/act" {
            (frame.visitor.secret())
            (slot_fields(&slot.unit, &slot.dataset, &slot.period))
            label { span { (frame.pick("新的截止时间（延期时填写，当地时间）", "New due instant (for an extension, local time)")) } input type="datetime-local" name="until"; }
            label { span { (frame.pick("原因（记入日志）", "Reason (it is journaled)")) } textarea name="reason" rows="2" maxlength=(REASON_CHARS_MAX) required {} }
            div.row {
                button type="submit" name="kind" value="extend" { (frame.pick("延期", "Extend")) }
                button.quiet type="submit" name="kind" value="exempt" { (frame.pick("免报", "Exempt")) }
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

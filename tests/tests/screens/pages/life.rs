//! What has happened to a slot, of all kinds, the newest first; acts with their reason and with who asked for them, as they stand in the file.

use std::cmp::Reverse;

use granary_audit::access::ActLine;
use granary_core::{
    ledger::{Deed, LogIndex, rows::VintageRow},
    snapshot::SlotKey,
};
use serde_json::Value;

use super::slot::{findings, outcome, row, vintages};
use crate::{
    audit::Audit,
    told::Told,
    words::{instant, text},
};

/// Compares the list of what happened.
pub(super) fn happened(told: &mut Told, audit: &Audit, slot: &Value, key: &SlotKey) {
    let mut events: Vec<(i64, u64, String)> = vintages(audit, key)
        .iter()
        .map(|(index, one)| (one.received_at_ms, index.0, submission(*index, one)))
        .collect();
    events.extend(acts(audit, key));
    events.extend(decisions(audit, slot));
    events.extend(import(audit, key));
    events.sort_by_key(|(at_ms, index, _)| Reverse((*at_ms, *index)));
    for (at_ms, _, line) in events {
        told.block("What happened", "li", format!("{} {line}", instant(at_ms)));
    }
}

fn submission(index: LogIndex, one: &VintageRow) -> String {
    let outcome = outcome(one.outcome);
    let mut line = format!("submission, revision {} {outcome}", one.revision);
    if !one.failures.is_empty() {
        line += &format!(" failed edits: {}", one.failures.len());
    }
    line += &format!(" figures receipt entry {}", index.0);
    for failure in &one.failures {
        line += &format!(" {}", failure.edit);
        if let Some(item) = &failure.item {
            line += &format!(" [{item}]");
        }
        line += &format!(" {}", failure.message_en);
        if let Some(words) = &failure.explanation {
            line += &format!(" the unit says: {words}");
        }
    }
    line
}

/// What an act says of itself: its reason, who asked for it, and its receipt.
fn told_of(act: &ActLine, what: &str, reason: Option<&str>) -> (i64, u64, String) {
    let reason = reason.map_or(String::new(), |reason| format!(" reason: {reason}"));
    let by = match act.act.person.as_str() {
        "" => "the operator's key (command line)",
        person => person,
    };
    let line = format!("{what}{reason} by {by} receipt entry {}", act.index);
    (act.at_ms, act.index, line)
}

/// Extensions and exemptions.
fn acts(audit: &Audit, key: &SlotKey) -> Vec<(i64, u64, String)> {
    let event = |act: &ActLine| {
        if let Deed::Extend {
            slot,
            due_at_ms,
            reason,
        } = &act.act.deed
        {
            let what = format!("extended to {}", instant(*due_at_ms));
            return (slot == key).then(|| told_of(act, &what, Some(reason)));
        }
        if let Deed::Exempt { slot, reason } = &act.act.deed {
            return (slot == key).then(|| told_of(act, "exempted", Some(reason)));
        }
        None
    };
    audit.acts.iter().filter_map(event).collect()
}

/// Decisions that still stand: those that the findings of the slot were last changed by.
fn decisions(audit: &Audit, slot: &Value) -> Vec<(i64, u64, String)> {
    let event = |one: &Value| {
        let is_it = |act: &&ActLine| one["changed_index"] == act.index;
        let act = audit.acts.iter().find(is_it)?;
        let Deed::Decide {
            edit,
            accepted,
            reason,
            ..
        } = &act.act.deed
        else {
            return None;
        };
        assert_eq!(text(&one["decision_reason"]), *reason);
        let what = if *accepted {
            "explanation accepted"
        } else {
            "explanation sent back"
        };
        Some(told_of(act, &format!("{what} {edit}"), Some(reason)))
    };
    findings(audit, slot)
        .into_iter()
        .filter_map(event)
        .collect()
}

/// When it had arrived before the system was there, by the act that brought it.
fn import(audit: &Audit, key: &SlotKey) -> Option<(i64, u64, String)> {
    let row = row(audit, key);
    let arrived_at_ms = row.imported_at_ms?;
    let act = audit
        .acts
        .iter()
        .find(|act| Some(act.index) == row.import_index);
    let act = act.expect("an act that imported it");
    let Deed::ImportHistory { source, .. } = &act.act.deed else {
        panic!("entry {} imports nothing", act.index);
    };
    let what = format!(
        "imported from before the system: arrived {}",
        instant(arrived_at_ms)
    );
    let (at_ms, index, line) = told_of(act, &what, None);
    Some((at_ms, index, format!("{line} source: {source}")))
}

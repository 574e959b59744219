//! A log that was followed, for programs.

use granary_core::{
    ledger::{JournalEntry, Subject},
    log::Checkpoint,
};
use serde_json::{Value, json};

use super::text;
use crate::follow::{Fault, Followed};

/// A log that holds.
#[must_use]
pub fn followed(followed: &Followed) -> Value {
    let newest = followed.newest.iter();
    json!({
        "holds": true,
        "head": head(&followed.checkpoint),
        "size_before": followed.size_before,
        "snapshots": followed.tally.snapshots,
        "acts": followed.tally.acts,
        "first_received_at_ms": followed.tally.first_received_at_ms,
        "last_received_at_ms": followed.tally.last_received_at_ms,
        "newest": newest.map(|(index, entry)| journaled(*index, entry)).collect::<Vec<_>>(),
    })
}

/// A log that does not hold.
#[must_use]
pub fn log_fault(fault: &Fault) -> Value {
    let mut value = json!({
        "holds": false,
        "fault": fault.word(),
        "message": text(&fault.message()),
    });
    if let Fault::Contradiction(evidence) = fault {
        value["head_before"] = head(&evidence.kept);
        value["head_now"] = head(&evidence.found);
        value["head_now_file"] = json!(evidence.file.display().to_string());
    }
    value
}

fn head(checkpoint: &Checkpoint) -> Value {
    json!({
        "origin": checkpoint.origin(),
        "size": checkpoint.size(),
        "root": checkpoint.root().to_string(),
    })
}

fn journaled(index: u64, entry: &JournalEntry) -> Value {
    let slot = match &entry.subject {
        Subject::Snapshot(slot) => Some(json!({
            "unit": slot.unit.to_string(),
            "dataset": slot.dataset.to_string(),
            "period": slot.period.to_string(),
        })),
        Subject::Act => None,
    };
    json!({
        "index": index,
        "received_at_ms": entry.received_at_ms,
        "slot": slot,
        "payload_sha256": entry.payload_sha256.to_string(),
    })
}

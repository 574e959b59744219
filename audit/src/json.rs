//! The same answers for programs: one JSON object each, whose keys do not change with the language.
//!
//! Instants are milliseconds since 1970-01-01T00:00:00Z (`*_ms`), digests and key ids lower-case hexadecimal, figures exact
//! decimals as strings; what is absent is `null`. Each listing holds its `basis`.

mod scores;
mod follow;
mod forecast;
mod sample;
mod witnesses;

use std::path::Path;

use granary_core::{
    catalogue::Catalogue,
    completeness,
    ledger::Subject,
    log::{Checkpoint, VerifierKey},
    text::Bilingual,
};
use granary_proto::v1::{
    self, Basis, CompletenessRow, EditKind, Failure, Finding, FindingStatus,
    GetCompletenessResponse, GetSeriesResponse, Slot, SlotState, StateCounts,
};
use serde_json::{Value, json};

use crate::{
    calendar::Entry,
    city::{Listing, Measured},
    export::Exported,
    fsck,
    rates::Rate,
    replay::{self, Outcomes, Summary, UnderCatalogue},
    table,
    verify::{Fault, Payload, Proof},
    witnessed::Stand,
    words,
};

pub use follow::{followed, log_fault};
pub use forecast::{arrivals, calibration, risks};
pub use sample::{announced, drawn, estimated};
pub use scores::{explanation, league, targets};
pub use witnesses::witnesses;

/// A receipt that holds.
#[must_use]
pub fn proof(
    log_key: &VerifierKey,
    proof: &Proof,
    payload: Option<&Payload>,
    stand: Option<&Stand>,
) -> Value {
    let entry = &proof.entry;
    let (kind, slot) = match &entry.subject {
        Subject::Act => ("act", None),
        Subject::Snapshot(slot) => ("snapshot", Some(slot)),
    };
    let key_ids = entry
        .signatures
        .iter()
        .map(|signature| signature.key_id.to_string());
    json!({
        "holds": true,
        "log": log(log_key, &proof.checkpoint),
        "entry": {
            "index": proof.index,
            "received_at_ms": entry.received_at_ms,
            "kind": kind,
            "unit": slot.map(|slot| slot.unit.to_string()),
            "dataset": slot.map(|slot| slot.dataset.to_string()),
            "period": slot.map(|slot| slot.period.to_string()),
            "payload_sha256": entry.payload_sha256.to_string(),
            "signing_key_ids": key_ids.collect::<Vec<_>>(),
        },
        "payload": payload.map(payload_json),
        "unchecked_signatures": proof.unchecked_signatures,
        "witnessed": stand.map(Stand::json),
        "does_not_prove": texts(&table::unproven(payload.is_some(), proof.unchecked_signatures, stand)),
    })
}

/// The calendar of a year.
#[must_use]
pub fn calendar(catalogue: &Catalogue, year: i16, entries: &[Entry]) -> Value {
    json!({
        "catalogue_version": catalogue.version().to_string(),
        "year": year,
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    let moved = entry.moved.as_ref().map(|moved| {
        json!({ "from": moved.from.to_string(), "why": { "zh": moved.why.zh, "en": moved.why.en } })
    });
    json!({
        "dataset": entry.dataset.to_string(),
        "name": { "zh": entry.name.zh, "en": entry.name.en },
        "period": entry.period.to_string(),
        "opens_at_ms": entry.opens_at_ms,
        "due_at_ms": entry.due_at_ms,
        "moved": moved,
        "grace_ms": entry.grace_ms,
        "locks_at_ms": entry.locks_at_ms,
        "extended_to_ms": entry.extended_to_ms,
        "exempt": entry.exempt,
    })
}

/// A checkpoint that holds by itself.
#[must_use]
pub fn checkpoint(
    log_key: &VerifierKey,
    checkpoint: &Checkpoint,
    unchecked: usize,
    stand: Option<&Stand>,
) -> Value {
    json!({
        "holds": true,
        "log": log(log_key, checkpoint),
        "unchecked_signatures": unchecked,
        "witnessed": stand.map(Stand::json),
        "does_not_prove": texts(&table::unproven_by_checkpoint(unchecked, stand)),
    })
}

/// What does not hold, and why.
#[must_use]
pub fn fault(fault: &Fault) -> Value {
    json!({ "holds": false, "fault": fault.word(), "message": text(&fault.message()) })
}

/// Completeness.
#[must_use]
pub fn completeness(answer: &GetCompletenessResponse) -> Value {
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "rows": answer.rows.iter().map(completeness_row).collect::<Vec<_>>(),
        "total": counts(&answer.total.unwrap_or_default()),
        "total_imported": answer.total_imported,
    })
}

/// Measures.
#[must_use]
pub fn measures(answer: &Measured) -> Value {
    let rows = answer.listing.rows.iter().map(measures_row).collect();
    let mut value = listed(&answer.listing, "rows", rows);
    value["total"] = measures_row(&answer.total);
    value
}

/// Slots.
#[must_use]
pub fn slots(listing: &Listing<Slot>) -> Value {
    listed(listing, "slots", listing.rows.iter().map(slot).collect())
}

/// Findings.
#[must_use]
pub fn findings(listing: &Listing<Finding>) -> Value {
    listed(
        listing,
        "findings",
        listing.rows.iter().map(finding).collect(),
    )
}

/// A series.
#[must_use]
pub fn series(answer: &GetSeriesResponse) -> Value {
    let points = answer.points.iter().map(|point| {
        json!({
            "period": point.period,
            "value": decimal(point.value.as_ref()),
            "status": words::letter(point.status),
            "revision": point.revision,
            "index": point.index,
            "received_at_ms": point.received_at_ms,
        })
    });
    json!({ "basis": basis(&answer.basis.clone().unwrap_or_default()), "points": points.collect::<Vec<_>>() })
}

/// A journal that was downloaded.
#[must_use]
pub fn exported(file: &Path, exported: &Exported) -> Value {
    json!({
        "file": file.display().to_string(),
        "bytes": exported.bytes,
        "entries": exported.entries,
        "entries_resumed": exported.resumed,
        "origin": exported.origin,
        "root": exported.root.to_string(),
        "log_key": exported.verifier_key,
    })
}

/// A journal that holds.
#[must_use]
pub fn replay(summary: &Summary) -> Value {
    let tally = &summary.tally;
    let ineffective = tally.ineffective_first.iter();
    let ineffective = ineffective
        .map(|(index, refusal)| json!({ "index": index, "why": text(&refusal.message) }));
    json!({
        "holds": true,
        "origin": summary.origin,
        "log_key": summary.log_key,
        "log_key_given": summary.log_key_given,
        "held": summary.held,
        "root": summary.root.to_string(),
        "state_digest": summary.state_digest.to_string(),
        "state_digest_given": summary.state_digest_given,
        "entries": tally.entries(),
        "snapshots": tally.snapshots,
        "acts": tally.acts,
        "observations": tally.observations,
        "signatures": tally.signatures,
        "outcomes": outcomes(&tally.outcomes),
        "ineffective": tally.ineffective,
        "ineffective_first": ineffective.collect::<Vec<_>>(),
        "catalogues": tally.catalogues.iter().map(under_catalogue).collect::<Vec<_>>(),
        "last_received_at_ms": summary.last_received_at_ms,
        "as_of_ms": summary.as_of_ms,
        "slots": counts(&slot_counts(&summary.slots)),
        "findings": {
            "open": summary.findings.open,
            "explained": summary.findings.explained,
            "accepted": summary.findings.accepted,
            "corrected": summary.findings.corrected,
        },
        "witnesses": witnesses::keys(&summary.witnesses),
        "took_ms": u64::try_from(summary.took.as_millis()).unwrap_or(u64::MAX),
        "entries_per_second": summary.per_second(tally.entries()),
        "observations_per_second": summary.per_second(tally.observations),
    })
}

/// A data folder that holds.
#[must_use]
pub fn fsck(summary: &Summary, checked: &fsck::Checked) -> Value {
    let (derived, applied) = match checked.derived {
        fsck::Derived::Absent => ("absent", None),
        fsck::Derived::Equal { applied } => ("equal", Some(applied)),
        fsck::Derived::Ahead { applied } => ("ahead", Some(applied)),
    };
    json!({
        "holds": true,
        "journal": replay(summary),
        "tiles": checked.tiles,
        "derived": derived,
        "derived_applied": applied,
    })
}

/// A data folder that does not hold.
#[must_use]
pub fn fsck_fault(error: &fsck::FsckError) -> Value {
    let index = match error {
        fsck::FsckError::Journal(fault) => fault.index(),
        fsck::FsckError::Digest { index } => Some(*index),
        fsck::FsckError::NoJournal(_)
        | fsck::FsckError::NoHead
        | fsck::FsckError::Lost { .. }
        | fsck::FsckError::Digests { .. }
        | fsck::FsckError::Tile { .. }
        | fsck::FsckError::Derived { .. }
        | fsck::FsckError::Local(_) => None,
    };
    json!({
        "holds": false,
        "fault": error.word(),
        "index": index,
        "message": text(&error.message()),
    })
}

/// A journal that does not hold, and why.
#[must_use]
pub fn replay_fault(fault: &replay::Fault) -> Value {
    json!({
        "holds": false,
        "fault": fault.word(),
        "index": fault.index(),
        "message": text(&fault.message()),
    })
}

fn under_catalogue(under: &UnderCatalogue) -> Value {
    json!({
        "version": under.version.to_string(),
        "published_index": under.published_index,
        "outcomes": outcomes(&under.outcomes),
    })
}

fn outcomes(outcomes: &Outcomes) -> Value {
    json!({
        "accepted": outcomes.accepted,
        "returned": outcomes.returned,
        "superseded": outcomes.superseded,
    })
}

const fn slot_counts(slots: &completeness::StateCounts) -> StateCounts {
    StateCounts {
        expected: slots.expected(),
        timely: slots.timely,
        late: slots.late,
        missing: slots.missing,
        exempt: slots.exempt,
        pending: slots.pending,
    }
}

fn log(log_key: &VerifierKey, checkpoint: &Checkpoint) -> Value {
    json!({
        "origin": checkpoint.origin(),
        "key_id": log_key.id().to_string(),
        "tree_size": checkpoint.size(),
        "root": checkpoint.root().to_string(),
    })
}

fn payload_json(payload: &Payload) -> Value {
    match payload {
        Payload::Snapshot(snapshot) => json!({
            "revision": snapshot.revision,
            "prepared_at_ms": snapshot.prepared_at_ms,
            "observations": snapshot.observations.len(),
            "catalogue_version": snapshot.catalogue_version.to_string(),
        }),
        Payload::Act(act) => json!({ "issued_at_ms": act.issued_at_ms }),
    }
}

fn listed<T>(listing: &Listing<T>, name: &str, rows: Vec<Value>) -> Value {
    json!({
        "basis": basis(&listing.basis),
        "applied_size_last": listing.applied_size_last,
        "truncated": listing.truncated,
        name: rows,
    })
}

fn basis(basis: &Basis) -> Value {
    json!({
        "applied_size": basis.applied_size,
        "as_of_ms": basis.as_of_ms,
        "catalogue_version": words::digest(&basis.catalogue_version),
    })
}

fn completeness_row(row: &CompletenessRow) -> Value {
    json!({
        "unit": given(&row.unit),
        "dataset": given(&row.dataset),
        "period": given(&row.period),
        "name": { "zh": given(&row.name_zh), "en": given(&row.name_en) },
        "department": given(&row.department),
        "level": given(&row.level),
        "counts": counts(&row.counts.unwrap_or_default()),
        "imported": row.imported,
    })
}

fn measures_row(row: &v1::MeasuresRow) -> Value {
    let values = row.measures.iter();
    let values = values.map(|value| (value.measure.clone(), measured(value.value.as_ref())));
    json!({
        "unit": given(&row.unit),
        "dataset": given(&row.dataset),
        "period": given(&row.period),
        "department": given(&row.department),
        "level": given(&row.level),
        "name": { "zh": given(&row.name_zh), "en": given(&row.name_en) },
        "counts": counts(&row.counts.unwrap_or_default()),
        "imported": row.imported,
        "measures": values.collect::<serde_json::Map<_, _>>(),
        "last_seen_ms": row.last_seen_ms,
    })
}

fn measured(value: Option<&v1::measure_value::Value>) -> Value {
    use v1::measure_value::Value as Measured;
    match value {
        None => Value::Null,
        Some(Measured::Share(share)) => rate(Rate {
            numerator: share.numerator,
            denominator: share.denominator,
        }),
        Some(Measured::DurationMs(ms)) => json!({ "duration_ms": ms }),
        Some(Measured::Number(number)) => json!({ "percent": number }),
    }
}

fn counts(counts: &StateCounts) -> Value {
    json!({
        "expected": counts.expected,
        "timely": counts.timely,
        "late": counts.late,
        "missing": counts.missing,
        "exempt": counts.exempt,
        "pending": counts.pending,
        "reporting_rate": rate(Rate::reporting(counts)),
        "on_time_rate": rate(Rate::on_time(counts)),
    })
}

fn rate(rate: Rate) -> Value {
    json!({ "numerator": rate.numerator, "denominator": rate.denominator, "percent": rate.percent() })
}

fn slot(slot: &Slot) -> Value {
    json!({
        "unit": slot.unit,
        "dataset": slot.dataset,
        "period": slot.period,
        "name": { "zh": given(&slot.unit_name_zh), "en": given(&slot.unit_name_en) },
        "state": word(SlotState::try_from(slot.state).unwrap_or_default().as_str_name(), "SLOT_STATE_"),
        "due_at_ms": slot.due_at_ms,
        "first_received_at_ms": slot.first_received_at_ms,
        "first_accepted_at_ms": slot.first_accepted_at_ms,
        "last_revised_at_ms": slot.last_revised_at_ms,
        "lateness_ms": slot.lateness_ms,
        "revision": slot.revision,
        "received_count": slot.received_count,
        "returned_count": slot.returned_count,
        "opened_at_ms": slot.opened_at_ms,
        "locked_at_ms": slot.locked_at_ms,
        "imported": slot.imported,
        "imported_at_ms": slot.imported_at_ms,
    })
}

fn finding(finding: &Finding) -> Value {
    let none = Failure::default();
    let failure = finding.failure.as_ref().unwrap_or(&none);
    let status = FindingStatus::try_from(finding.status).unwrap_or_default();
    let kind = EditKind::try_from(failure.kind).unwrap_or_default();
    json!({
        "unit": finding.unit,
        "dataset": finding.dataset,
        "period": finding.period,
        "name": { "zh": given(&finding.unit_name_zh), "en": given(&finding.unit_name_en) },
        "edit": failure.edit,
        "kind": word(kind.as_str_name(), "EDIT_KIND_"),
        "item": failure.item,
        "left": decimal(failure.left.as_ref()),
        "right": decimal(failure.right.as_ref()),
        "imbalance": decimal(failure.imbalance.as_ref()),
        "message": { "zh": given(&failure.message_zh), "en": given(&failure.message_en) },
        "explanation": given(&failure.explanation),
        "status": word(status.as_str_name(), "FINDING_STATUS_"),
        "suspicion": { "zh": given(&finding.suspicion_zh), "en": given(&finding.suspicion_en) },
        "decision_reason": given(&finding.decision_reason),
        "snapshot_index": finding.snapshot_index,
        "opened_index": finding.opened_index,
        "changed_index": finding.changed_index,
        "catalogue_version": words::digest(&finding.catalogue_version),
    })
}

/// A screening.
#[must_use]
pub fn screening(answer: &v1::ScreenPeriodResponse) -> Value {
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "flags": answer.flags.iter().map(flag).collect::<Vec<_>>(),
        "detectors": answer.summaries.iter().map(detector).collect::<Vec<_>>(),
        "truncated": answer.truncated,
    })
}

/// A re-check.
#[must_use]
pub fn recheck(answer: &v1::RecheckDatasetResponse) -> Value {
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "records": answer.records,
        "edits": answer.edits.iter().map(edit_counts).collect::<Vec<_>>(),
    })
}

fn edit_counts(edit: &v1::EditCounts) -> Value {
    json!({
        "edit": edit.edit,
        "kind": word(edit.kind().as_str_name(), "EDIT_KIND_"),
        "holds": edit.holds,
        "fails": edit.fails,
        "undecided": edit.undecided,
        "message": { "zh": given(&edit.message_zh), "en": given(&edit.message_en) },
    })
}

fn flag(flag: &v1::DetectorFlag) -> Value {
    json!({
        "detector": flag.detector,
        "method": flag.method,
        "unit": given(&flag.unit),
        "name": { "zh": given(&flag.unit_name_zh), "en": given(&flag.unit_name_en) },
        "item": flag.item,
        "indicator": given(&flag.indicator),
        "statistic": given(&flag.statistic),
        "lower": given(&flag.lower),
        "upper": given(&flag.upper),
        "p_value": given(&flag.p_value),
        "message": { "zh": given(&flag.message_zh), "en": given(&flag.message_en) },
    })
}

fn detector(line: &v1::DetectorSummary) -> Value {
    json!({
        "detector": line.detector,
        "method": line.method,
        "tests": line.tests,
        "flags": line.flags,
        "not_computable": line.not_computable,
        "reason": { "zh": given(&line.reason_zh), "en": given(&line.reason_en) },
        "expected_by_chance_milli": line.expected_by_chance_milli,
    })
}

fn decimal(figure: Option<&v1::Decimal>) -> Option<String> {
    words::decimal(figure).map(|value| value.to_string())
}

/// The word of an enumeration's value: `SLOT_STATE_LATE` is `late`.
fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .unwrap_or(name)
        .to_ascii_lowercase()
}

/// An empty text on the wire means that there is none.
fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn text(text: &Bilingual) -> Value {
    json!({ "zh": text.zh, "en": text.en })
}

fn texts(all: &[Bilingual]) -> Vec<Value> {
    all.iter().map(text).collect()
}

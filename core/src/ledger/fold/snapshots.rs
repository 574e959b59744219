//! Folding snapshots: assess, rank, keep the vintage, change the slot.

use prost::Message as _;

use crate::{
    catalogue::Catalogue,
    digest::Digest,
    ledger::{
        Assessment, LogIndex, Registry, Vintage,
        admission::recheck,
        assess::assess,
        facts::{FactsRow, RevisionSumsRow},
        keys,
        rows::{CurrentRow, FailureRow, SlotRow, VintageRow},
    },
    snapshot::{SlotKey, Snapshot},
};

use super::{FoldError, Outcome, findings, overlay::Draft, related, revisions, rollups};

/// What decides which of two accepted snapshots of a slot is current. The order of delivery is not in it.
type Rank = (u32, i64, Vec<u8>);

pub(super) fn fold(
    draft: &mut Draft<'_>,
    registry: &Registry,
    slot: &SlotKey,
    payload: &[u8],
) -> Result<(), FoldError> {
    let (index, entry) = (draft.index, draft.entry);
    let snapshot =
        Snapshot::decode(payload).map_err(|e| FoldError::Payload(index, e.to_string()))?;
    // Admission is asked again at the entry's receive time, and what it refuses has no effect.
    let refusal = recheck(registry, &entry.signatures, &snapshot, entry.received_at_ms).err();
    let Some(catalogue) = registry.catalogue().filter(|_| refusal.is_none()) else {
        draft.applied.ineffective = refusal;
        return Ok(());
    };
    let assessment = assess(catalogue, &snapshot);
    let mut row = draft.slot_row(slot)?;
    let outcome = outcome(
        &assessment,
        &rank(&snapshot, draft.entry.payload_sha256),
        &row,
    );
    let replaced = row.current.clone();
    let place = findings::Place {
        catalogue,
        slot,
        is_first: row.received_count == 0,
    };
    let revisions = match outcome {
        Outcome::Accepted => revisions::follow(draft, catalogue, &row, &snapshot)?,
        Outcome::Returned | Outcome::Superseded => None,
    };
    let vintage = VintageRow {
        outcome: outcome.number(),
        facts: FactsRow::of(catalogue, &snapshot),
        revisions: revisions.as_ref().map(RevisionSumsRow::of),
        ..vintage(draft, catalogue, &snapshot, &assessment)
    };
    change_slot(&mut row, draft, &snapshot, outcome, &vintage.facts);
    draft.put_slot_row(slot, row);
    keep_vintage(draft, slot, &vintage)?;
    draft.applied.assessed = Some(slot.unit.clone());
    match outcome {
        Outcome::Accepted => {
            findings::replace(draft, place, &assessment.failures)?;
            let is_first = place.is_first;
            follow(draft, catalogue, snapshot, replaced.as_ref(), is_first)
        }
        Outcome::Returned => findings::add_returned(draft, place, &assessment.failures),
        Outcome::Superseded => Ok(()),
    }
}

/// Brings up to date what looks at the slot from elsewhere.
fn follow(
    draft: &mut Draft<'_>,
    catalogue: &Catalogue,
    snapshot: Snapshot,
    replaced: Option<&CurrentRow>,
    is_first: bool,
) -> Result<(), FoldError> {
    if !catalogue.is_related(&snapshot.slot.dataset) {
        return Ok(());
    }
    let replaced = replaced.map(|row| draft.snapshot(LogIndex(row.index)));
    let replaced = replaced.transpose()?;
    let snapshot = draft.remember(draft.index, snapshot);
    rollups::follow(draft, catalogue, &snapshot, replaced.as_deref())?;
    related::follow(draft, catalogue, &snapshot, replaced.as_deref(), is_first)
}

fn rank(snapshot: &Snapshot, payload_sha256: Digest) -> Rank {
    (
        snapshot.revision,
        snapshot.prepared_at_ms,
        payload_sha256.as_bytes().to_vec(),
    )
}

fn rank_of_current(current: &CurrentRow) -> Rank {
    (
        current.revision,
        current.prepared_at_ms,
        current.payload_sha256.clone(),
    )
}

fn outcome(assessment: &Assessment, rank: &Rank, row: &SlotRow) -> Outcome {
    let current = row.current.as_ref().map(rank_of_current);
    if assessment.returned {
        Outcome::Returned
    } else if current.is_none_or(|current| *rank > current) {
        Outcome::Accepted
    } else {
        Outcome::Superseded
    }
}

fn change_slot(
    row: &mut SlotRow,
    draft: &Draft<'_>,
    snapshot: &Snapshot,
    outcome: Outcome,
    facts: &FactsRow,
) {
    let at_ms = draft.entry.received_at_ms;
    row.received_count = row.received_count.saturating_add(1);
    row.first_received_at_ms.get_or_insert(at_ms);
    match outcome {
        Outcome::Returned => row.returned_count = row.returned_count.saturating_add(1),
        // A valid snapshot that an earlier-delivered higher revision had overtaken was still a valid submission.
        Outcome::Superseded => {
            row.first_accepted_at_ms.get_or_insert(at_ms);
        }
        Outcome::Accepted => {
            row.first_accepted_at_ms.get_or_insert(at_ms);
            row.first_accepted_index.get_or_insert(draft.index.0);
            row.current = Some(CurrentRow {
                index: draft.index.0,
                received_at_ms: at_ms,
                revision: snapshot.revision,
                prepared_at_ms: snapshot.prepared_at_ms,
                payload_sha256: draft.entry.payload_sha256.as_bytes().to_vec(),
                facts: facts.clone(),
            });
        }
    }
}

/// What is kept of a snapshot, before its outcome.
fn vintage(
    draft: &Draft<'_>,
    catalogue: &Catalogue,
    snapshot: &Snapshot,
    assessment: &Assessment,
) -> VintageRow {
    let signer = draft.entry.signatures.first();
    VintageRow {
        received_at_ms: draft.entry.received_at_ms,
        revision: snapshot.revision,
        payload_sha256: draft.entry.payload_sha256.as_bytes().to_vec(),
        catalogue_version: catalogue.version().as_bytes().to_vec(),
        failures: assessment.failures.iter().map(FailureRow::of).collect(),
        key_id: signer
            .map(|s| s.key_id.as_bytes().to_vec())
            .unwrap_or_default(),
        ..VintageRow::default()
    }
}

fn keep_vintage(draft: &mut Draft<'_>, slot: &SlotKey, row: &VintageRow) -> Result<(), FoldError> {
    draft.applied.vintage = Some((slot.clone(), Vintage::of(row)?));
    draft.put(keys::vintage(slot, draft.index), row.encode_to_vec());
    let slot_key = keys::slot(keys::Table::Slot, slot);
    draft.put(keys::feed(&slot.unit, draft.index), slot_key);
    Ok(())
}

//! Findings: false verdicts on a slot, through their life.
//!
//! An explanation belongs to the edit as it is worded and to the figures that it looks at ([`Failure::basis`]): while both stay
//! the same a new snapshot keeps the decision on it; when either changes, it lapses and has to be given again.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use crate::{
    catalogue::Catalogue,
    code::ItemKey,
    edits::{Edit, EditKind},
    ledger::{
        Failure, LogIndex, View,
        keys::{self, Table},
        rows::{FailureRow, FindingRow},
    },
    snapshot::SlotKey,
};

use super::{FindingStatus, FoldError, overlay::Draft};

/// Which findings of a slot a set of failures speaks for: those that the record alone decides, or those of its validity edits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Everything that the snapshot alone decides.
    Record,
    /// The validity edits of a snapshot that was returned, beside the current one.
    Validity,
}

/// What a slot's findings are looked for by.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) slot: &'a SlotKey,
    /// Whether no snapshot of the slot came before: then it has no findings, and they need not be looked for.
    pub(super) is_first: bool,
}

/// An accepted snapshot: its failures are the slot's findings now, and all others of the record are corrected.
pub(super) fn replace(
    draft: &mut Draft<'_>,
    place: Place<'_>,
    failures: &[Failure],
) -> Result<(), FoldError> {
    let failures: Vec<&Failure> = failures.iter().collect();
    settle(draft, place, &failures, Part::Record)
}

/// A returned snapshot: its validity failures are open until something is accepted.
pub(super) fn add_returned(
    draft: &mut Draft<'_>,
    place: Place<'_>,
    failures: &[Failure],
) -> Result<(), FoldError> {
    let failures: Vec<&Failure> = failures
        .iter()
        .filter(|failure| failure.kind == EditKind::Validity)
        .collect();
    settle(draft, place, &failures, Part::Validity)
}

/// One edit that looks beyond its record was judged again for a slot's current snapshot.
pub(super) fn put_one(
    draft: &mut Draft<'_>,
    place: Place<'_>,
    snapshot_index: LogIndex,
    edit: &Edit,
    item: Option<&ItemKey>,
    failure: Option<&Failure>,
) -> Result<(), FoldError> {
    let key = keys::finding(place.slot, edit.id(), item);
    let before = if place.is_first {
        None
    } else {
        draft.row(&key)?
    };
    let before = before.map(|row| FindingRow::decode_row(&row)).transpose()?;
    match (failure, before) {
        (Some(failure), before) => open(
            draft,
            place.catalogue,
            key,
            failure,
            snapshot_index,
            before.as_ref(),
        ),
        (None, Some(before)) => correct(draft, key, before),
        (None, None) => Ok(()),
    }
}

/// Corrects the findings of an edit on items that the slot's current snapshot no longer has.
pub(super) fn correct_other_items(
    draft: &mut Draft<'_>,
    slot: &SlotKey,
    edit: &Edit,
    items: &[Option<&ItemKey>],
) -> Result<(), FoldError> {
    let held: BTreeSet<Vec<u8>> = items
        .iter()
        .map(|item| keys::finding(slot, edit.id(), *item))
        .collect();
    for (key, row) in findings_of(draft, slot)? {
        if row.failure.edit == edit.id().as_str() && !held.contains(&key) {
            correct(draft, key, row)?;
        }
    }
    Ok(())
}

fn settle(
    draft: &mut Draft<'_>,
    place: Place<'_>,
    failures: &[&Failure],
    part: Part,
) -> Result<(), FoldError> {
    let Place {
        catalogue,
        slot,
        is_first,
    } = place;
    let mut before = if is_first {
        BTreeMap::new()
    } else {
        findings_of(draft, slot)?
    };
    let index = draft.index;
    for failure in failures {
        let key = keys::finding(slot, &failure.edit, failure.item.as_ref());
        let earlier = before.remove(&key);
        open(draft, catalogue, key, failure, index, earlier.as_ref())?;
    }
    for (key, row) in before {
        if speaks_for(catalogue, slot, &row, part) {
            correct(draft, key, row)?;
        }
    }
    Ok(())
}

fn speaks_for(catalogue: &Catalogue, slot: &SlotKey, row: &FindingRow, part: Part) -> bool {
    let looks_beyond = catalogue.dataset(&slot.dataset).is_some_and(|dataset| {
        let edit = dataset
            .edits()
            .iter()
            .find(|e| e.id().as_str() == row.failure.edit);
        edit.is_some_and(|edit| !edit.is_of_one_record())
    });
    match part {
        Part::Record => !looks_beyond,
        Part::Validity => row.failure.validity,
    }
}

fn open(
    draft: &mut Draft<'_>,
    catalogue: &Catalogue,
    key: Vec<u8>,
    failure: &Failure,
    snapshot_index: LogIndex,
    before: Option<&FindingRow>,
) -> Result<(), FoldError> {
    let version = catalogue.version().as_bytes().to_vec();
    let failure = FailureRow::of(failure);
    let corrected = FindingStatus::Corrected.number();
    let standing = before.filter(|row| row.status != corrected);
    // The explanation is part of what was decided on; the message is not.
    let decided = standing.filter(|row| {
        row.status == FindingStatus::Accepted.number()
            && row.failure.basis == failure.basis
            && row.failure.explanation == failure.explanation
    });
    let status = match (decided, &failure.explanation) {
        (Some(_), _) => FindingStatus::Accepted,
        (None, Some(_)) => FindingStatus::Explained,
        (None, None) => FindingStatus::Open,
    };
    let row = FindingRow {
        failure,
        status: status.number(),
        snapshot_index: snapshot_index.0,
        opened_index: standing.map_or(draft.index.0, |row| row.opened_index),
        changed_index: draft.index.0,
        catalogue_version: version,
        decision_reason: decided
            .map(|row| row.decision_reason.clone())
            .unwrap_or_default(),
        life: before.map(|row| row.life.clone()).unwrap_or_default(),
    };
    draft.put_finding(key, row)
}

fn correct(draft: &mut Draft<'_>, key: Vec<u8>, mut row: FindingRow) -> Result<(), FoldError> {
    let corrected = FindingStatus::Corrected.number();
    if row.status == corrected {
        return Ok(());
    }
    row.status = corrected;
    row.changed_index = draft.index.0;
    draft.put_finding(key, row)
}

fn findings_of(
    draft: &Draft<'_>,
    slot: &SlotKey,
) -> Result<BTreeMap<Vec<u8>, FindingRow>, FoldError> {
    let mut rows = Vec::new();
    draft.scan(&keys::slot(Table::Finding, slot), &mut |key, value| {
        rows.push((key.to_vec(), FindingRow::decode_row(value)));
        ControlFlow::Continue(())
    })?;
    let rows = rows.into_iter().map(|(key, row)| Ok((key, row?)));
    rows.collect()
}

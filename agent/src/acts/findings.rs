//! The open quality findings on the unit's own records, as they are known here.
//!
//! The records are judged by the functions of preflight and city; so this works without a connection, and says what the city says as of
//! the time that the records are known. Roll-ups over other units are judged by the city alone; what it answered about them stands in the
//! report of the file. Whether operations have accepted an explanation is known to the city.

use std::collections::BTreeSet;

use granary_core::{
    catalogue::Catalogue,
    code::{EditId, ItemKey},
    edits::EditKind,
    ledger::{
        assess::{Failure, assess},
        assess_with,
    },
    snapshot::{SlotKey, Snapshot},
    text::Bilingual,
};

use crate::history::{AsOf, Past, Reader, Shelf};

/// The most records that are judged: the newest periods of every dataset, beyond which findings are the city's to show.
pub const RECORDS_MAX: usize = 2_000;
/// The most findings that are listed.
pub const FINDINGS_MAX: usize = 500;

/// A quality edit that fails on a record of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Whose record it is.
    pub slot: SlotKey,
    /// The revision that it was found on.
    pub revision: u32,
    /// The edit.
    pub edit: EditId,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// What to tell people, with the figures filled in.
    pub message: Bilingual,
    /// The unit's explanation, where there is one.
    pub explanation: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Quality edits that fail, explained or not: the newest periods first.
    pub findings: Vec<Open>,
    /// Edits that look at records that are not known here: left to the city.
    pub unjudged: usize,
    /// Records or findings beyond the limits, which are not shown.
    pub is_cut: bool,
    /// As of when the city's records are known; `None` where they never were.
    pub as_of: Option<AsOf>,
}

/// Judges the newest records of the unit.
#[must_use]
pub fn findings(catalogue: &Catalogue, reader: &Reader) -> Found {
    let Some(shelf) = reader.shelf(&|_| true) else {
        return Found::default();
    };
    let mut slots: Vec<&SlotKey> = shelf.slots().collect();
    slots.sort_by_key(|slot| std::cmp::Reverse(slot.period.day_after()));
    let mut found = Found {
        as_of: shelf.as_of(),
        is_cut: slots.len() > RECORDS_MAX,
        ..Found::default()
    };
    for slot in slots.into_iter().take(RECORDS_MAX) {
        let (findings, unjudged) = findings_on(catalogue, &shelf, slot);
        found.findings.extend(findings);
        found.unjudged += unjudged;
        if found.findings.len() > FINDINGS_MAX {
            found.findings.truncate(FINDINGS_MAX);
            found.is_cut = true;
            break;
        }
    }
    found
}

impl Found {
    /// Those that nobody has explained.
    pub fn unexplained(&self) -> impl Iterator<Item = &Open> {
        self.findings.iter().filter(|f| f.explanation.is_none())
    }
}

fn findings_on(catalogue: &Catalogue, shelf: &Shelf, slot: &SlotKey) -> (Vec<Open>, usize) {
    let past = shelf.around(catalogue, slot);
    let Some(seen) = past.seen(slot) else {
        return (Vec::new(), 0);
    };
    let (failures, unjudged) = judged(catalogue, &seen.snapshot, &past);
    let unjudged: BTreeSet<&EditId> = unjudged.iter().collect();
    let open = |failure: Failure| Open {
        slot: slot.clone(),
        revision: seen.snapshot.revision,
        edit: failure.edit,
        item: failure.item,
        message: failure.message,
        explanation: failure.explanation,
    };
    (failures.into_iter().map(open).collect(), unjudged.len())
}

/// The quality edits that a record fails, and those that cannot be judged here.
pub(super) fn judged(
    catalogue: &Catalogue,
    snapshot: &Snapshot,
    past: &Past,
) -> (Vec<Failure>, Vec<EditId>) {
    let own = assess(catalogue, snapshot).failures.into_iter();
    let beyond = assess_with(catalogue, snapshot, &|slot: &SlotKey| past.known(slot));
    let failures = own.chain(beyond.failures);
    let quality = failures.filter(|failure| failure.kind == EditKind::Quality);
    let unjudged = beyond.unjudged.into_iter().map(|one| one.edit);
    (quality.collect(), unjudged.collect())
}

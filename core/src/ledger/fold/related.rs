//! Edits that look beyond their record: at other periods, other datasets, the unit's children.
//!
//! After a snapshot was accepted, its own such edits are judged, and of other records exactly those that look at a figure that
//! changed ([`Catalogue::affected`]). A record is judged by the figures that are current when the entry is folded; a later
//! change of any of them judges it again, so the findings follow the current figures whatever order these arrived in.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use crate::{
    catalogue::{Catalogue, EditPlaces},
    code::{IndicatorCode, ItemKey},
    edits::Edit,
    ledger::{
        Failure, LogIndex,
        beyond::{Known, beyond_one_record, changed, items, judge_one},
    },
    snapshot::{SlotKey, Snapshot},
};

use super::{
    FoldError,
    findings::{self, Place},
    overlay::Draft,
    rollups,
};

/// After `snapshot` became the current value of its slot in the place of `replaced`. `is_first` says that it is the first
/// snapshot of the slot.
pub(super) fn follow(
    draft: &mut Draft<'_>,
    catalogue: &Catalogue,
    snapshot: &Arc<Snapshot>,
    replaced: Option<&Snapshot>,
    is_first: bool,
) -> Result<(), FoldError> {
    let slot = snapshot.slot.clone();
    let Some(dataset) = catalogue.dataset(&slot.dataset) else {
        return Ok(());
    };
    let own = beyond_one_record(dataset, &slot);
    let mut affected = catalogue.affected(&slot, &changed(catalogue, snapshot, replaced));
    // Its own are judged even where no figure changed, because the explanations may have.
    affected.insert(slot.clone(), own);
    let current = Current::new(draft.index, snapshot);
    for (record, edits) in affected {
        let place = Place {
            catalogue,
            slot: &record,
            is_first: is_first && record == slot,
        };
        judge(draft, place, &current, &edits)?;
    }
    Ok(())
}

/// A snapshot and the entry that brought it.
type Entered = (LogIndex, Arc<Snapshot>);

/// The current snapshots that one entry's judgements look at, each read once.
struct Current(RefCell<BTreeMap<SlotKey, Option<Entered>>>);

impl Current {
    fn new(index: LogIndex, snapshot: &Arc<Snapshot>) -> Self {
        let first = (snapshot.slot.clone(), Some((index, Arc::clone(snapshot))));
        Self(RefCell::new(BTreeMap::from([first])))
    }

    fn snapshot(&self, draft: &Draft<'_>, slot: &SlotKey) -> Result<Option<Entered>, FoldError> {
        if let Some(known) = self.0.borrow().get(slot) {
            return Ok(known.clone());
        }
        let found = match draft.slot_row(slot)?.current {
            Some(current) => {
                let index = LogIndex(current.index);
                Some((index, draft.snapshot(index)?))
            }
            None => None,
        };
        self.0.borrow_mut().insert(slot.clone(), found.clone());
        Ok(found)
    }
}

fn judge(
    draft: &mut Draft<'_>,
    place: Place<'_>,
    current: &Current,
    edits: &EditPlaces,
) -> Result<(), FoldError> {
    let (catalogue, record) = (place.catalogue, place.slot);
    let (Some(dataset), Some(found)) = (
        catalogue.dataset(&record.dataset),
        current.snapshot(draft, record)?,
    ) else {
        return Ok(());
    };
    let (index, snapshot) = (found.0, &found.1);
    let items = items(dataset, snapshot);
    for edit in edits.iter().filter_map(|place| dataset.edits().get(*place)) {
        for item in &items {
            let failure = failure(draft, catalogue, current, snapshot, *item, edit)?;
            findings::put_one(draft, place, index, edit, *item, failure.as_ref())?;
        }
        if dataset.itemised() {
            findings::correct_other_items(draft, record, edit, &items)?;
        }
    }
    Ok(())
}

/// What the edit says about a record, where it is false.
fn failure(
    draft: &Draft<'_>,
    catalogue: &Catalogue,
    current: &Current,
    snapshot: &Snapshot,
    item: Option<&ItemKey>,
    edit: &Edit,
) -> Result<Option<Failure>, FoldError> {
    let slot = &snapshot.slot;
    let children = || catalogue.count_children(&slot.unit, &slot.dataset, slot.period);
    let (sums, expected) = if edit.rollups().is_empty() {
        (None, 0)
    } else {
        (Some(rollups::load(draft, slot)?), children())
    };
    let expected = u32::try_from(expected).unwrap_or(u32::MAX);
    let rollup = |indicator: &IndicatorCode| Some(sums.as_ref()?.rollup(indicator, expected));
    // A closure cannot pass a fault on, so it is kept aside; the verdict is of no use then.
    let fault: RefCell<Option<FoldError>> = RefCell::new(None);
    let elsewhere = |slot: &SlotKey| match current.snapshot(draft, slot) {
        Ok(found) => found.map_or(Known::Nothing, |(_, snapshot)| Known::Stated(snapshot)),
        Err(error) => {
            fault.borrow_mut().get_or_insert(error);
            Known::Hidden
        }
    };
    let (failure, _) = judge_one(edit, (snapshot, item), Some(&rollup), &elsewhere);
    match fault.into_inner() {
        Some(error) => Err(error),
        None => Ok(failure),
    }
}

//! What the edits say that look at the unit's own other records: other periods, other datasets.
//!
//! The county's preflight and the city's fold judge by the same function, so that a clerk sees at once what the city will find. The
//! city looks records up in its derived rows, the county in what it keeps of its own; where the county does not know a record,
//! the edit is left to the city and named ([`Unjudged`]), never guessed. Roll-ups over other units are the city's alone.
//!
//! All such edits are quality edits: nothing is returned because of what stands elsewhere.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    catalogue::{Catalogue, Dataset, EditPlaces},
    code::{DatasetCode, EditId, IndicatorCode, ItemKey},
    edits::{Edit, Truth},
    period::Period,
    snapshot::{SlotKey, Snapshot},
};

use super::assess::{FAILURES_MAX, Failure, RecordCells, Sums};

/// What is known of the current snapshot of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is this one.
    Stated(Arc<Snapshot>),
    /// There is none.
    Nothing,
    /// It cannot be seen from here.
    Hidden,
}

/// Where the unit's other records are looked up.
pub type Elsewhere<'a> = dyn Fn(&SlotKey) -> Known + 'a;

/// What the edits say that look beyond a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// The edits that are false, in the catalogue's order, then by item; at most [`FAILURES_MAX`].
    pub failures: Vec<Failure>,
    /// The edits that only the city can judge, because they look at what is hidden here; at most [`FAILURES_MAX`].
    pub unjudged: Vec<Unjudged>,
}

/// An edit that cannot be judged from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The edit.
    pub edit: EditId,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// The records that it looks at and that cannot be seen.
    pub hidden: BTreeSet<SlotKey>,
}

/// Another record of the unit that a snapshot makes fail an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// The record that fails.
    pub record: SlotKey,
    /// What it fails, judged with the snapshot's figures.
    pub failure: Failure,
    /// Whether it failed this edit before as well, on other figures; what was explained then has to be explained anew.
    pub failed_before: bool,
}

/// Judges a snapshot by the edits that look at its unit's other records, as they are known. [`super::assess()`] judges it by its own
/// figures. An unknown dataset has no edits.
#[must_use]
pub fn assess_with(
    catalogue: &Catalogue,
    snapshot: &Snapshot,
    elsewhere: &Elsewhere<'_>,
) -> Beyond {
    let Some(dataset) = catalogue.dataset(&snapshot.slot.dataset) else {
        return Beyond::default();
    };
    let edits = beyond_one_record(dataset, &snapshot.slot);
    judge(dataset, snapshot, &edits, elsewhere)
}

/// The unit's other records that a snapshot makes fail, judged by the figures known here: what the city will find on them once the
/// snapshot is current. What it replaces is what `elsewhere` knows of its own slot; nothing is said where that is hidden.
#[must_use]
pub fn consequences(
    catalogue: &Catalogue,
    snapshot: &Arc<Snapshot>,
    elsewhere: &Elsewhere<'_>,
) -> Vec<Consequence> {
    let slot = &snapshot.slot;
    let replaced = match elsewhere(slot) {
        Known::Stated(replaced) => Some(replaced),
        Known::Nothing => None,
        Known::Hidden => return Vec::new(),
    };
    let after = |other: &SlotKey| match other == slot {
        true => Known::Stated(Arc::clone(snapshot)),
        false => elsewhere(other),
    };
    let mut found = Vec::new();
    for (record, edits) in
        catalogue.affected(slot, &changed(catalogue, snapshot, replaced.as_deref()))
    {
        let is_other = record.unit == slot.unit && record != *slot;
        let dataset = catalogue.dataset(&record.dataset).filter(|_| is_other);
        let Some(dataset) = dataset else { continue };
        let Known::Stated(other) = elsewhere(&record) else {
            continue;
        };
        let before = judge(dataset, &other, &edits, elsewhere).failures;
        let after = judge(dataset, &other, &edits, &after).failures;
        found.extend(news(&record, &before, after));
    }
    found.truncate(FAILURES_MAX);
    found
}

/// The failures that are not what they were.
fn news(record: &SlotKey, before: &[Failure], after: Vec<Failure>) -> Vec<Consequence> {
    let earlier: BTreeMap<_, _> = before
        .iter()
        .map(|failure| ((&failure.edit, &failure.item), failure.basis))
        .collect();
    let consequence = |failure: Failure| {
        let basis = earlier.get(&(&failure.edit, &failure.item)).copied();
        (basis != Some(failure.basis)).then(|| Consequence {
            record: record.clone(),
            failed_before: basis.is_some(),
            failure,
        })
    };
    after.into_iter().filter_map(consequence).collect()
}

/// The edits of a record that look beyond it, roll-ups too, by their place in [`Dataset::edits`].
pub(super) fn beyond_one_record(dataset: &Dataset, slot: &SlotKey) -> EditPlaces {
    let edits = dataset.edits().iter().enumerate();
    let wanted = edits.filter(|(_, edit)| {
        !edit.is_of_one_record() && edit.scope().holds(&slot.unit, slot.period)
    });
    wanted.map(|(place, _)| place).collect()
}

/// The records within a snapshot that an edit is judged on: one for each item, in an itemised dataset.
pub(super) fn items<'a>(dataset: &Dataset, snapshot: &'a Snapshot) -> Vec<Option<&'a ItemKey>> {
    if dataset.itemised() {
        snapshot.items().into_iter().map(Some).collect()
    } else {
        vec![None]
    }
}

/// The indicators that other edits look at and whose figures differ in any item, also in the digits that are printed.
pub(super) fn changed(
    catalogue: &Catalogue,
    new: &Snapshot,
    old: Option<&Snapshot>,
) -> BTreeSet<IndicatorCode> {
    let related = catalogue.related_indicators(&new.slot.dataset);
    let differs = |indicator: &&IndicatorCode| {
        let (new, old) = (
            figures(new, indicator),
            old.map(|old| figures(old, indicator)),
        );
        !new.eq(old.into_iter().flatten())
    };
    related.filter(differs).cloned().collect()
}

/// What one edit says about one record: the failure, where it is false, and the records that it looked for in vain.
///
/// `rollup` gives the sums over the unit's children, where they can be seen.
pub(super) fn judge_one(
    edit: &Edit,
    (snapshot, item): (&Snapshot, Option<&ItemKey>),
    rollup: Option<&Sums<'_>>,
    elsewhere: &Elsewhere<'_>,
) -> (Option<Failure>, BTreeSet<SlotKey>) {
    let hidden = RefCell::new(BTreeSet::new());
    let figure = |dataset: &DatasetCode, period: Period, indicator: &IndicatorCode| {
        let slot = SlotKey::new(snapshot.slot.unit.clone(), dataset.clone(), period);
        match elsewhere(&slot) {
            Known::Stated(other) => other.value(indicator, item),
            Known::Nothing => None,
            Known::Hidden => {
                hidden.borrow_mut().insert(slot);
                None
            }
        }
    };
    let cells = RecordCells {
        snapshot,
        item,
        rollup,
        elsewhere: Some(&figure),
    };
    let verdict = edit.evaluate(&cells);
    let failed = verdict.truth == Truth::False;
    let failure = failed.then(|| Failure::of(edit, &verdict, &cells));
    (failure, hidden.into_inner())
}

/// Judges a snapshot by those of the edits that look at no other unit.
fn judge(
    dataset: &Dataset,
    snapshot: &Snapshot,
    edits: &EditPlaces,
    elsewhere: &Elsewhere<'_>,
) -> Beyond {
    let mut beyond = Beyond::default();
    let items = items(dataset, snapshot);
    let edits = edits.iter().filter_map(|place| dataset.edits().get(*place));
    for edit in edits.filter(|edit| edit.is_of_one_unit()) {
        for item in &items {
            let (failure, hidden) = judge_one(edit, (snapshot, *item), None, elsewhere);
            beyond.add(edit, *item, failure, hidden);
        }
    }
    beyond
}

impl Beyond {
    /// Not every operator is monotonous (`isnull`, `nvl`, `if`), so a verdict with something hidden says nothing, also a false one.
    fn add(
        &mut self,
        edit: &Edit,
        item: Option<&ItemKey>,
        failure: Option<Failure>,
        hidden: BTreeSet<SlotKey>,
    ) {
        if hidden.is_empty() {
            let room = FAILURES_MAX.saturating_sub(self.failures.len());
            self.failures.extend(failure.into_iter().take(room));
        } else if self.unjudged.len() < FAILURES_MAX {
            self.unjudged.push(Unjudged {
                edit: edit.id().clone(),
                item: item.cloned(),
                hidden,
            });
        }
    }
}

/// The figures of one indicator: item, mantissa, scale.
fn figures<'a>(
    snapshot: &'a Snapshot,
    indicator: &'a IndicatorCode,
) -> impl Iterator<Item = (Option<&'a ItemKey>, i128, u8)> {
    // Observations are sorted by indicator and item.
    let first = snapshot
        .observations
        .partition_point(|o| o.indicator < *indicator);
    let own = snapshot.observations[first..].iter();
    let own = own.take_while(move |o| o.indicator == *indicator);
    own.filter_map(|o| {
        let value = o.value?;
        Some((o.item.as_ref(), value.mantissa(), value.scale()))
    })
}

//! Withdraws what was reported: a revision that states every figure to be missing, with the reason. Nothing is deleted.
//!
//! Each observation gets the status O (missing): SDMX's way to say that a value should be there and is not. The required figures so fail the
//! built-in quality edit on missing cells, which the reason explains. The slot stays reported; what was said before stays in the journal.

use std::collections::BTreeSet;

use granary_core::{
    catalogue::Catalogue,
    code::{EditId, ItemKey},
    ledger::assess::MISSING,
    snapshot::{
        EXPLANATION_BYTES_MAX, Explanation, Observation, ObservationStatus, REFERENCES_MAX,
        SignOff, SlotKey,
    },
};

use super::{Declined, REVISED, nothing_known, statement::Statement, words};
use crate::{history::Reader, intake::say};

/// The statement that withdraws what stands, signed off by those who are named; whoever signed the earlier figures has not signed this.
///
/// # Errors
/// [`Declined`]: nothing is known of the slot here, it is withdrawn already, or there is no reason.
pub fn withdraw(
    catalogue: &Catalogue,
    reader: &Reader,
    slot: &SlotKey,
    (reason, sign_offs): (&str, Vec<SignOff>),
) -> Result<Statement, Declined> {
    let reason = words(reason, EXPLANATION_BYTES_MAX)?;
    let seen = reader.current(slot).ok_or_else(|| nothing_known(slot))?;
    let observations = &seen.snapshot.observations;
    if observations.iter().all(|one| one.value.is_none()) {
        let (dataset, period) = (&slot.dataset, slot.period);
        return Err(Declined(say!(
            "{dataset} {period} 没有可撤回的数值",
            "{dataset} {period} states no value that could be withdrawn"
        )));
    }
    let gone = |one: &Observation| Observation {
        value: None,
        status: ObservationStatus::Missing,
        ..one.clone()
    };
    let mut statement = Statement {
        parts: vec![(slot.clone(), observations.iter().map(gone).collect())],
        sign_offs,
        ..Statement::default()
    };
    for (edit, item) in explained(catalogue, slot, observations) {
        statement.explain(Explanation {
            edit,
            item,
            text: reason.clone(),
        });
    }
    Ok(statement)
}

/// What the reason explains: the revision as a whole, and the required figures that are missing from now on.
fn explained(
    catalogue: &Catalogue,
    slot: &SlotKey,
    observations: &[Observation],
) -> Vec<(EditId, Option<ItemKey>)> {
    let dataset = catalogue.dataset(&slot.dataset);
    let required = dataset.map_or(&[][..], |dataset| dataset.required());
    let missing: BTreeSet<Option<&ItemKey>> = observations
        .iter()
        .filter(|one| required.contains(&one.indicator))
        .map(|one| one.item.as_ref())
        .collect();
    // Both ids are well-formed.
    let (Ok(revised), Ok(on_missing)) = (EditId::new(REVISED), EditId::new(MISSING)) else {
        return Vec::new();
    };
    let items = missing.into_iter().take(REFERENCES_MAX - 1);
    let items = items.map(|item| (on_missing.clone(), item.cloned()));
    std::iter::once((revised, None)).chain(items).collect()
}

//! What is most likely wrong in a snapshot that fails edits: the localisation of [`crate::edits::localise`], put into words.
//!
//! The county's report and the city's list of findings call the same function. It is not part of the fold: a suspicion is a
//! help for people, made when somebody looks, and nothing follows from it.

use crate::{
    catalogue::{Catalogue, Indicator},
    code::{EditId, IndicatorCode, ItemKey},
    edits::{Edit, Limit, Localisation, localise, suspicion},
    snapshot::{SlotKey, Snapshot},
    text::Bilingual,
};

use super::assess::RecordCells;

/// The cells that are suspected because of some edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The edits that fail.
    pub edits: Vec<EditId>,
    /// The cells of the first of the lightest sets, by their indicators; none where nothing was found.
    pub cells: Vec<IndicatorCode>,
    /// What to tell people: `most likely wrong: construction (37.26); 37.23 would fit`.
    pub words: Bilingual,
}

/// Finds the cells of one record of a snapshot that are most likely wrong, by the edits of one record. None where none fails.
#[must_use]
pub fn suspect(
    catalogue: &Catalogue,
    snapshot: &Snapshot,
    item: Option<&ItemKey>,
) -> Vec<Suspicion> {
    let SlotKey {
        unit,
        dataset,
        period,
    } = &snapshot.slot;
    let Some(dataset) = catalogue.dataset(dataset) else {
        return Vec::new();
    };
    let edits = dataset.edits().iter();
    let edits: Vec<&Edit> = edits
        .filter(|edit| edit.is_of_one_record() && edit.scope().holds(unit, *period))
        .collect();
    let cells = RecordCells {
        snapshot,
        item,
        rollup: None,
        elsewhere: None,
    };
    let weight = |code: &IndicatorCode| {
        let indicator = catalogue.indicator(code);
        indicator.map_or(1, Indicator::weight)
    };
    let name = |code: &IndicatorCode| {
        let indicator = catalogue.indicator(code);
        indicator.map(|i| i.name().clone()).unwrap_or_default()
    };
    let found = localise(&edits, &cells, &weight, Limit::default());
    let parts = found.parts.into_iter().map(|part| Suspicion {
        edits: part.failed.clone(),
        cells: part.sets.first().map_or_else(Vec::new, |set| {
            set.iter().map(|cell| cell.indicator.clone()).collect()
        }),
        words: suspicion(&Localisation { parts: vec![part] }, &name),
    });
    parts
        .filter(|suspicion| !suspicion.words.en.is_empty())
        .collect()
}

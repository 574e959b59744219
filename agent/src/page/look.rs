//! What can be said of a dropped file before it is sent: the inbox's own check, and its figures beside those that stand.

use std::{path::Path, sync::Arc};

use granary_core::{catalogue::Catalogue, snapshot::Snapshot};

use super::Office;
use crate::{
    acts::changes::Changes,
    catalogue_cache::CatalogueCache,
    draft::Draft,
    history::Reader,
    inbox::{self, Checked, Unchecked},
    intake,
    run::now_ms,
};

/// A file that was looked at.
pub(super) struct Looked {
    /// The inbox's word on it.
    pub(super) checked: Checked,
    /// What was read of it, where it could be read; in the order of the report's statements.
    pub(super) drafts: Vec<Seen>,
}

/// What one statement in a file says, and what stands.
pub(super) struct Seen {
    /// What is said.
    pub(super) draft: Draft,
    /// What stands.
    pub(super) before: Option<Arc<Snapshot>>,
    /// What it changes.
    pub(super) changes: Changes,
}

/// The unit's records.
pub(super) fn reader(office: &Office) -> Reader {
    Reader::new(&office.settings.state, &office.settings.unit)
}

/// The catalogue that is kept here, read anew: the agent may have fetched another one.
pub(super) fn catalogue(office: &Office) -> CatalogueCache {
    CatalogueCache::open(&office.settings.state)
}

/// Looks at a file.
pub(super) fn look(
    office: &Office,
    catalogue: &Catalogue,
    path: &Path,
) -> Result<Looked, Unchecked> {
    let names = office.folders.names(catalogue, &office.settings.unit);
    let reader = reader(office);
    let checked = inbox::check(path, &names, &reader, now_ms())?;
    // Read once more for the figures themselves; the judgement is the one above.
    let drafts = intake::read(path, &names).map_or(Vec::new(), |read| read.drafts);
    let seen = drafts.into_iter().map(|draft| {
        let current = reader.current(draft.slot());
        Seen {
            changes: Changes::of(&draft, current.as_ref()),
            before: current.map(|current| current.snapshot),
            draft,
        }
    });
    Ok(Looked {
        checked,
        drafts: seen.collect(),
    })
}

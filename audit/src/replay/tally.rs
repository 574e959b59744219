//! What the entries came to, counted.

use granary_core::{
    digest::Digest,
    ledger::{Outcome, Refusal},
};

/// Entries without effect that are told one by one.
const INEFFECTIVE_TOLD_MAX: usize = 10;

/// Counts over all entries.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Snapshots.
    pub snapshots: u64,
    /// Acts.
    pub acts: u64,
    /// Observations in all snapshots.
    pub observations: u64,
    /// Signatures that were checked.
    pub signatures: u64,
    /// What snapshots came to.
    pub outcomes: Outcomes,
    /// Entries that admission would refuse at their receive time, and that therefore have no effect.
    pub ineffective: u64,
    /// The first of them, with why.
    pub ineffective_first: Vec<(u64, Refusal)>,
    /// The catalogue versions in the order of their publication, each with what was judged under it.
    pub catalogues: Vec<UnderCatalogue>,
}

/// What snapshots came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// They became the current value.
    pub accepted: u64,
    /// They failed a validity edit.
    pub returned: u64,
    /// A higher revision had come before them.
    pub superseded: u64,
}

/// What was judged under one catalogue version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderCatalogue {
    /// The version.
    pub version: Digest,
    /// The entry that published it.
    pub published_index: u64,
    /// What snapshots came to.
    pub outcomes: Outcomes,
}

impl Outcomes {
    /// Counts one snapshot.
    pub const fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Returned => self.returned += 1,
            Outcome::Superseded => self.superseded += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.accepted + self.returned + self.superseded
    }
}

impl Tally {
    /// All entries.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.snapshots + self.acts
    }

    /// The entry that published the catalogue in force; 0 where there is none.
    #[must_use]
    pub fn published_index(&self) -> u64 {
        self.catalogues
            .last()
            .map_or(0, |under| under.published_index)
    }

    pub(super) fn published(&mut self, version: Digest, index: u64) {
        self.catalogues.push(UnderCatalogue {
            version,
            published_index: index,
            outcomes: Outcomes::default(),
        });
    }

    pub(super) fn assessed(&mut self, outcome: Outcome) {
        self.outcomes.add(outcome);
        if let Some(last) = self.catalogues.last_mut() {
            last.outcomes.add(outcome);
        }
    }

    pub(super) fn no_effect(&mut self, index: u64, refusal: Refusal) {
        self.ineffective += 1;
        if self.ineffective_first.len() < INEFFECTIVE_TOLD_MAX {
            self.ineffective_first.push((index, refusal));
        }
    }
}

//! What a journal that holds comes to, as it is shown.

use std::time::Duration;

use granary_core::{
    completeness::{Board, Filter, GroupBy, StateCounts},
    digest::Digest,
    ledger::{EnrolledWitness, FoldError},
    log::Hash,
};

use super::{Fault, FindingCounts, Replayed, Tally};

/// The result of a replay.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The log's name.
    pub origin: String,
    /// The key that signed its head, in signed-note form.
    pub log_key: String,
    /// Whether the auditor had that key from elsewhere.
    pub log_key_given: bool,
    /// How many heads from elsewhere the journal has grown through.
    pub held: usize,
    /// The root that the entries give and the checkpoint states.
    pub root: Hash,
    /// What the entries came to.
    pub tally: Tally,
    /// When the last entry was received.
    pub last_received_at_ms: i64,
    /// The instant that slots are counted at.
    pub as_of_ms: i64,
    /// The slots in each state.
    pub slots: StateCounts,
    /// The findings in each status.
    pub findings: FindingCounts,
    /// The witness keys that units have enrolled.
    pub witnesses: Vec<EnrolledWitness>,
    /// The digest of the refolded state.
    pub state_digest: Digest,
    /// Whether it was compared with one from elsewhere.
    pub state_digest_given: bool,
    /// How long the replay took.
    pub took: Duration,
}

impl Replayed {
    /// Counts what the journal comes to, slots as of an instant (else when the last entry was received).
    ///
    /// # Errors
    /// [`Fault::StateDigest`] where another state is expected; [`Fault::Local`] where the temporary rows cannot be read.
    pub fn summary(
        &self,
        as_of_ms: Option<i64>,
        expected: Option<Digest>,
    ) -> Result<Summary, Fault> {
        let computed = self.state_digest()?;
        if let Some(expected) = expected.filter(|expected| *expected != computed) {
            return Err(Fault::StateDigest { expected, computed });
        }
        let as_of_ms = as_of_ms.unwrap_or(self.last_received_at_ms);
        let local = |error: FoldError| Fault::local(error);
        let catalogue = self.catalogue().cloned();
        let board = catalogue.map(|catalogue| Board::load_states(&self.view(), catalogue));
        let counted = board.transpose().map_err(local)?.map(|board| {
            let counts = board.counts(&Filter::default(), GroupBy::Nothing, as_of_ms);
            let total = counts.first();
            total.map_or_else(StateCounts::default, |(_, total)| *total)
        });
        Ok(Summary {
            origin: self.checkpoint.origin().to_owned(),
            log_key: self.log_key.to_string(),
            log_key_given: self.log_key_given,
            held: self.held,
            root: *self.checkpoint.root(),
            tally: self.tally.clone(),
            last_received_at_ms: self.last_received_at_ms,
            as_of_ms,
            slots: counted.unwrap_or_default(),
            findings: self.finding_counts().map_err(local)?,
            witnesses: self.witnesses(),
            state_digest: computed,
            state_digest_given: expected.is_some(),
            took: self.took,
        })
    }
}

impl Summary {
    /// How many of something were done a second.
    #[must_use]
    pub fn per_second(&self, count: u64) -> u64 {
        let millis = self.took.as_millis().max(1);
        u64::try_from(u128::from(count) * 1_000 / millis).unwrap_or(u64::MAX)
    }
}

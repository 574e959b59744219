//! Receipted -> answered: joins what the city made of a statement with its receipt, and tells the inbox.
//!
//! In: verified receipts and assessments, in any order. Out: files in `accepted/` or `returned/`. Durable after: the
//! file `assessments` holds the index from which on nothing was dealt with yet. On crash: assessments from there on
//! are fetched again, and telling the inbox twice changes nothing.
//!
//! An assessment may come before its receipt. It then waits, and the stored index does not pass it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use granary_core::{
    code::{EditId, ItemKey},
    ledger::Outcome,
};

use crate::durable::write_durably;
use crate::inbox::{Inbox, Step};
use crate::link::fetch::{Assessed, AssessedFailure};
use crate::link::{Expected, Revisions};
use crate::receipts::{Receipts, StoredReceipt};
use crate::report::{Answer, AnswerFinding, ReceiptFacts};

/// The most assessments that wait for their receipts; beyond this none are fetched.
const EARLY_MAX: usize = 1_000;

/// What is known of assessments. One owner: the desk.
pub(super) struct Settler {
    path: PathBuf,
    revisions: Revisions,
    /// From here on the city is asked.
    fetch_from: u64,
    /// What is stored in the file.
    stored: u64,
    /// Whether everything that the city knew was fetched at some time, so that no higher revision is unknown here.
    caught_up: bool,
    /// Assessments without a receipt, by index.
    early: BTreeMap<u64, Assessed>,
}

impl Settler {
    /// Reads where to go on; from the beginning where that is not known.
    pub(super) fn open(state: &Path) -> Self {
        let path = state.join("assessments");
        let known: Option<u64> = std::fs::read_to_string(&path)
            .ok()
            .and_then(|text| parse(&text));
        let (stored, revisions) = (known.unwrap_or(0), Revisions::open(state));
        Self {
            path,
            revisions,
            fetch_from: stored,
            stored,
            caught_up: known.is_some(),
            early: BTreeMap::new(),
        }
    }

    pub(super) const fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    /// The index from which on nothing was dealt with yet.
    pub(super) const fn next_index(&self) -> u64 {
        self.stored
    }

    /// Whether statements may be numbered: on a new installation only after the city's assessments are known.
    pub(super) const fn caught_up(&self) -> bool {
        self.caught_up
    }

    /// The index to ask from next.
    pub(super) const fn fetch_from(&self) -> u64 {
        self.fetch_from
    }

    /// Takes a batch of assessments.
    pub(super) fn assessed(
        &mut self,
        inbox: &mut Inbox,
        receipts: &Receipts,
        assessed: Vec<Assessed>,
        next_index: u64,
        now_ms: i64,
    ) -> Vec<Step> {
        if self.early.len() >= EARLY_MAX {
            return Vec::new();
        }
        let seen = assessed.iter().map(|one| (one.slot.clone(), one.revision));
        if let Err(error) = self.revisions.raise(seen) {
            tracing::warn!(%error, "revisions could not be noted; the assessments are fetched again");
            return Vec::new();
        }
        let mut steps = Vec::new();
        let first_time = assessed.is_empty() && !self.caught_up;
        self.caught_up |= first_time;
        for one in assessed {
            match settle(inbox, receipts, &one, now_ms) {
                Ok(step) => steps.extend(step),
                Err(NotYet) => {
                    self.early.insert(one.index, one);
                }
            }
        }
        self.fetch_from = self.fetch_from.max(next_index);
        self.store(first_time);
        steps
    }

    /// A receipt is stored: an assessment may have waited for it.
    pub(super) fn receipt_came(
        &mut self,
        inbox: &mut Inbox,
        receipts: &Receipts,
        expected: &Expected,
        now_ms: i64,
    ) -> Vec<Step> {
        let waiting = self
            .early
            .values()
            .find(|one| one.payload_sha256 == expected.payload_sha256)
            .cloned();
        let Some(one) = waiting else {
            return Vec::new();
        };
        match settle(inbox, receipts, &one, now_ms) {
            Ok(step) => {
                self.early.remove(&one.index);
                self.store(false);
                step.into_iter().collect()
            }
            Err(NotYet) => Vec::new(),
        }
    }

    /// Stores how far everything is dealt with. A failure only means that more is fetched again after a restart.
    fn store(&mut self, first_time: bool) {
        let done = self.early.keys().next().copied().unwrap_or(self.fetch_from);
        // Before everything was fetched once, the file stays away, so that a new installation begins again.
        if !self.caught_up || (done == self.stored && !first_time) {
            return;
        }
        match write_durably(&self.path, format!("{done}\n").as_bytes()) {
            Ok(()) => self.stored = done,
            Err(error) => tracing::warn!(%error, "the place in the assessments could not be noted"),
        }
    }
}

fn parse(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The receipt is not there yet, or the disk failed: later.
struct NotYet;

fn settle(
    inbox: &mut Inbox,
    receipts: &Receipts,
    one: &Assessed,
    now_ms: i64,
) -> Result<Option<Step>, NotYet> {
    let Some(stored) = receipts.find(&one.slot, one.revision, &one.payload_sha256) else {
        // A statement of another installation, or of a time before this one: nobody waits for it here.
        let awaited = inbox
            .awaiting()
            .map_err(|_| NotYet)?
            .contains(&one.payload_sha256);
        return if awaited { Err(NotYet) } else { Ok(None) };
    };
    inbox
        .settle(&one.payload_sha256, &answer(one, &stored), now_ms)
        .map_err(|error| {
            tracing::warn!(%error, "an answer could not be noted; it is tried again");
            NotYet
        })
}

fn answer(one: &Assessed, stored: &StoredReceipt) -> Answer {
    let receipt = ReceiptFacts {
        index: stored.index,
        received_at_ms: stored.received_at_ms,
        checkpoint: stored.checkpoint.lines().map(str::to_owned).collect(),
        file: stored.path.display().to_string(),
    };
    let findings = one.failures.iter().filter_map(finding).collect();
    match one.outcome {
        Outcome::Accepted | Outcome::Superseded => Answer::Accepted { receipt, findings },
        Outcome::Returned => Answer::Returned { receipt, findings },
    }
}

fn finding(failure: &AssessedFailure) -> Option<AnswerFinding> {
    Some(AnswerFinding {
        edit: EditId::new(&failure.edit).ok()?,
        kind: failure.kind,
        item: failure.item.as_deref().map(ItemKey::new).transpose().ok()?,
        figures: failure.figures,
        message: failure.message.clone(),
        explanation: failure.explanation.clone(),
    })
}

//! One snapshot's visit to the city, as its trace tells it ([`granary_trace`]): the spans `receive`, `admission`, `sequence`,
//! `append`, `receipt` and `project`.
//!
//! In: what the stages of the pipeline say. Out: spans, of those snapshots whose trace is told. Durable after: nothing.
//! On crash: nothing of it is told; what is folded at the next start is not told either.

use std::time::Instant;

use granary_core::{
    digest::Digest,
    ledger::{Admitted, JournalEntry, LogIndex, Outcome, Subject},
    snapshot::SlotKey,
};
use granary_trace::{Begun, Span, SpanId, Stage, Stretch, Trail, key};

/// A snapshot that is being answered.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    trail: Trail,
    /// Of the span `receive`, which encloses the others; a snapshot that comes again has another.
    id: SpanId,
    slot: Option<SlotKey>,
    since: Instant,
    /// The number on its push stream; absent for a single call.
    sequence: Option<u64>,
}

/// What a batch came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) begun: Begun,
    pub(crate) append: Stretch,
    pub(crate) entries: u64,
}

/// A snapshot that is folded, and not yet written and shown.
#[derive(Debug)]
pub(crate) struct Folding {
    trail: Trail,
    begun: Begun,
    entry: LogIndex,
    slot: SlotKey,
    outcome: &'static str,
}

impl Visit {
    /// Something was admitted; `began` is when that was begun.
    pub(crate) fn admitted(
        admitted: &Admitted,
        began: Option<Begun>,
        (since, sequence): (Instant, Option<u64>),
    ) -> Option<Box<Self>> {
        let (Subject::Snapshot(slot), Some(began)) = (&admitted.subject, began) else {
            return None;
        };
        let visit = Self {
            trail: granary_trace::of(&admitted.payload_sha256)?,
            id: Trail::random(),
            slot: Some(slot.clone()),
            since,
            sequence,
        };
        visit.admission().tell(began.until_now());
        Some(Box::new(visit))
    }

    /// Something was not; nothing that it says of itself is believed.
    pub(crate) fn not_admitted(
        payload_sha256: &Digest,
        began: Begun,
        why: &'static str,
        (since, sequence): (Instant, Option<u64>),
    ) -> Option<Box<Self>> {
        let visit = Self {
            trail: granary_trace::of(payload_sha256)?,
            id: Trail::random(),
            slot: None,
            since,
            sequence,
        };
        visit.admission().failed(why).tell(began.until_now());
        Some(Box::new(visit))
    }

    /// It is durable, as this entry.
    pub(crate) fn sequenced(&self, written: &Written, entry: LogIndex) {
        let sequence = self.trail.only(Stage::Sequence).under(self.id);
        let append = self.trail.one(Stage::Append).under(sequence.id());
        append.tell(written.append);
        sequence
            .count(key::ENTRY, entry.0)
            .count(key::BATCH, written.entries)
            .tell(written.begun.until_now());
    }

    /// Its receipt was made; `fresh` says that this visit brought the entry.
    pub(crate) fn receipted(&self, began: Begun, entry: LogIndex, fresh: bool) {
        let receipt = self.trail.one(Stage::Receipt).under(self.id);
        receipt.tell(began.until_now());
        let outcome = if fresh { "receipted" } else { "known" };
        let receive = self.receive().outcome(outcome);
        receive
            .count(key::ENTRY, entry.0)
            .tell(Begun::at(self.since).until_now());
    }

    /// It is refused.
    pub(crate) fn refused(&self, why: &'static str) {
        let receive = self.receive().failed(why);
        receive.tell(Begun::at(self.since).until_now());
    }

    fn admission(&self) -> Span {
        self.trail.one(Stage::Admission).under(self.id)
    }

    fn receive(&self) -> Span {
        let span = self.trail.span(Stage::Receive, self.id);
        let span = match &self.slot {
            Some(slot) => span.slot(slot),
            None => span,
        };
        let span = span.with(key::RPC_SYSTEM, "grpc");
        match self.sequence {
            Some(sequence) => span
                .with(key::RPC_METHOD, "granary.v1.CollectionService/Push")
                .count(key::SEQUENCE, sequence),
            None => span.with(key::RPC_METHOD, "granary.v1.CollectionService/Submit"),
        }
    }
}

impl Folding {
    /// An entry was folded; `outcome` is that of its assessment, and none where it had no effect.
    pub(crate) fn of(
        entry: &JournalEntry,
        index: LogIndex,
        began: Option<Begun>,
        outcome: Option<Outcome>,
    ) -> Option<Self> {
        let (Subject::Snapshot(slot), Some(begun)) = (&entry.subject, began) else {
            return None;
        };
        Some(Self {
            trail: granary_trace::of(&entry.payload_sha256)?,
            begun,
            entry: index,
            slot: slot.clone(),
            outcome: match outcome {
                Some(Outcome::Accepted) => "accepted",
                Some(Outcome::Returned) => "returned",
                Some(Outcome::Superseded) => "superseded",
                None => "ineffective",
            },
        })
    }

    /// Its rows are written and shown.
    pub(crate) fn shown(self) {
        let project = self.trail.only(Stage::Project).slot(&self.slot);
        project
            .count(key::ENTRY, self.entry.0)
            .outcome(self.outcome)
            .tell(self.begun.until_now());
    }
}

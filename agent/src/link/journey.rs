//! A statement's way from the spool to its receipt, as its trace tells it ([`granary_trace`]).
//!
//! In: when it was spooled, sent and answered. Out: the spans `wait`, `push` and, at its end, `snapshot`. Durable after: nothing.
//! On crash: the whole began when the payload says that it was prepared, and so does the waiting of a statement that another run of
//! the agent has spooled.

use std::collections::BTreeMap;

use granary_core::snapshot::{SlotKey, Snapshot};
use granary_trace::{Begun, Span, Stage, Trail, key};

use crate::spool::RecordId;

/// The most statements whose moment of spooling is kept in memory.
const WAITS_MAX: usize = 4_096;
/// The call that a push is, as the semantic conventions name it.
const METHOD: &str = "granary.v1.CollectionService/Push";

/// When this run has spooled what it has spooled; only what is traced.
#[derive(Debug, Default)]
pub(super) struct Waits(BTreeMap<RecordId, Begun>);

/// One traced statement on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    trail: Trail,
    slot: SlotKey,
    revision: u32,
    prepared: Begun,
    spooled: Begun,
    /// When it was sent, and under which number.
    sent: Option<(Begun, u64)>,
}

impl Waits {
    /// A traced statement is in the spool from now on.
    pub(super) fn begin(&mut self, id: RecordId) {
        if self.0.len() < WAITS_MAX {
            self.0.insert(id, Begun::now());
        }
    }

    /// Its record is settled.
    pub(super) fn end(&mut self, id: RecordId) {
        self.0.remove(&id);
    }

    /// A spooled record's way from here.
    pub(super) fn journey(&self, id: RecordId, snapshot: &Snapshot, trail: Trail) -> Box<Journey> {
        let prepared = Begun::at_ms(snapshot.prepared_at_ms);
        Box::new(Journey {
            trail,
            slot: snapshot.slot.clone(),
            revision: snapshot.revision,
            prepared,
            spooled: self.0.get(&id).copied().unwrap_or(prepared),
            sent: None,
        })
    }
}

impl Journey {
    /// It is sent now, under this number of its stream.
    pub(super) fn sent(&mut self, sequence: u64) {
        self.sent = Some((Begun::now(), sequence));
    }

    /// It has come to its end: the receipt is stored.
    pub(super) fn receipted(&self, entry: u64) {
        let told = |span: Span| span.outcome("receipted").count(key::ENTRY, entry);
        self.ended(told);
    }

    /// It has come to its end: it will never be taken.
    pub(super) fn refused(&self, code: &str) {
        self.ended(|span| span.failed(code));
    }

    /// This push has come to nothing, for instance because the stream was cut; there will be another.
    pub(super) fn in_vain(&self, why: &str) {
        if let Some((sent, sequence)) = self.sent {
            let push = self.push(self.trail.one(Stage::Push), sequence);
            push.failed(why).tell(sent.until_now());
        }
    }

    fn ended(&self, told: impl Fn(Span) -> Span) {
        let Some((sent, sequence)) = self.sent else {
            return;
        };
        let wait = self.trail.one(Stage::Wait);
        wait.tell(self.spooled.until(sent));
        // The push that was answered for good is the one that the city's spans hang from.
        let push = self.push(self.trail.only(Stage::Push), sequence);
        told(push).tell(sent.until_now());
        let whole = self.trail.only(Stage::Snapshot).slot(&self.slot);
        let whole = whole.count(key::REVISION, self.revision.into());
        told(whole).tell(self.prepared.until_now());
    }

    fn push(&self, span: Span, sequence: u64) -> Span {
        span.with(key::RPC_SYSTEM, "grpc")
            .with(key::RPC_METHOD, METHOD)
            .count(key::SEQUENCE, sequence)
    }
}

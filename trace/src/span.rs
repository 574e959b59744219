//! Stages of a snapshot's life as spans: their names, who encloses whom, and the times of one.

use std::time::{Duration, Instant, SystemTime};

use granary_core::{digest::Digest, snapshot::SlotKey};
pub use opentelemetry::trace::SpanId;
use opentelemetry::{
    InstrumentationScope, Key, KeyValue, Value,
    trace::{SpanContext, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::{SENDER, ids, sender};

/// Sampled, and with an id that is as good as random (W3C Trace Context, level 2).
const FLAGS: TraceFlags = TraceFlags::new(0b11);

/// The attributes' names: ours, and those that the OpenTelemetry semantic conventions have a name for.
pub mod key {
    /// Whose statement it is: the unit's code.
    pub const UNIT: &str = "granary.unit";
    /// The dataset's code.
    pub const DATASET: &str = "granary.dataset";
    /// The period, as SDMX writes it.
    pub const PERIOD: &str = "granary.period";
    /// The revision.
    pub const REVISION: &str = "granary.revision";
    /// The number of the submission on its push stream.
    pub const SEQUENCE: &str = "granary.push.sequence";
    /// The entry's index in the journal.
    pub const ENTRY: &str = "granary.entry.index";
    /// How many entries were made durable together.
    pub const BATCH: &str = "granary.batch.entries";
    /// How it fared: `receipted`, `accepted`, `returned`, `superseded`, `known`, `postponed`, `unanswered` or a refusal's code.
    pub const OUTCOME: &str = "granary.outcome";
    /// Why it failed, of the semantic conventions.
    pub const ERROR: &str = "error.type";
    /// The kind of remote call, of the semantic conventions.
    pub const RPC_SYSTEM: &str = "rpc.system.name";
    /// The remote call, of the semantic conventions.
    pub const RPC_METHOD: &str = "rpc.method";
}

/// A stage of a snapshot's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// County: the whole, from the look at the file to the stored receipt.
    Snapshot,
    /// County: the file is read and becomes drafts.
    Intake,
    /// County: a draft is judged.
    Preflight,
    /// County: the payload is signed.
    Sign,
    /// County: the envelope is made durable in the spool.
    Spool,
    /// County: it waits there until it is sent.
    Wait,
    /// County: it is on its way, until the answer is used.
    Push,
    /// City: from its arrival to its answer.
    Receive,
    /// City: its signatures and its right to be here are checked.
    Admission,
    /// City: its batch is put in order, made durable and signed.
    Sequence,
    /// City: the batch is written and synced.
    Append,
    /// City: its proof is taken out of the batch.
    Receipt,
    /// City: it is folded, and the rows are written and shown.
    Project,
}

/// A snapshot whose trace is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    payload_sha256: Digest,
}

/// When something began. Its end is measured by a clock that is never set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    wall: SystemTime,
    /// Absent where it began in another life of the program.
    at: Option<Instant>,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    from: SystemTime,
    to: SystemTime,
}

/// A span that is put together; [`Span::tell`] sends it off.
#[derive(Debug)]
#[must_use = "a span that is not told is lost"]
pub struct Span {
    trail: Trail,
    stage: Stage,
    id: SpanId,
    parent: SpanId,
    attributes: Vec<KeyValue>,
    error: bool,
}

impl Stage {
    /// The span's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Intake => "intake",
            Self::Preflight => "preflight",
            Self::Sign => "sign",
            Self::Spool => "spool",
            Self::Wait => "wait",
            Self::Push => "push",
            Self::Receive => "receive",
            Self::Admission => "admission",
            Self::Sequence => "sequence",
            Self::Append => "append",
            Self::Receipt => "receipt",
            Self::Project => "project",
        }
    }

    /// The stage that encloses it, unless [`Span::under`] says which span does.
    const fn parent(self) -> Option<Self> {
        match self {
            Self::Snapshot => None,
            Self::Intake | Self::Preflight | Self::Sign | Self::Spool | Self::Wait | Self::Push => {
                Some(Self::Snapshot)
            }
            Self::Receive => Some(Self::Push),
            Self::Admission | Self::Sequence | Self::Receipt => Some(Self::Receive),
            Self::Append | Self::Project => Some(Self::Sequence),
        }
    }

    const fn kind(self) -> SpanKind {
        match self {
            Self::Push => SpanKind::Client,
            Self::Receive => SpanKind::Server,
            Self::Snapshot
            | Self::Intake
            | Self::Preflight
            | Self::Sign
            | Self::Spool
            | Self::Wait
            | Self::Admission
            | Self::Sequence
            | Self::Append
            | Self::Receipt
            | Self::Project => SpanKind::Internal,
        }
    }
}

impl Trail {
    pub(crate) const fn of(payload_sha256: &Digest) -> Self {
        Self {
            payload_sha256: *payload_sha256,
        }
    }

    /// A span that happens once in the snapshot's life, with the id that follows from that.
    pub fn only(self, stage: Stage) -> Span {
        let id = self.derived(stage);
        self.span(stage, id)
    }

    /// A span that may happen again, with a random id.
    pub fn one(self, stage: Stage) -> Span {
        self.span(stage, Self::random())
    }

    /// A span with an id from [`Trail::random`].
    pub fn span(self, stage: Stage, id: SpanId) -> Span {
        let parent = stage.parent();
        Span {
            trail: self,
            stage,
            id,
            parent: parent.map_or(SpanId::INVALID, |parent| self.derived(parent)),
            attributes: Vec::new(),
            error: false,
        }
    }

    /// An id for a span whose children end before it.
    #[must_use]
    pub fn random() -> SpanId {
        SpanId::from_bytes(sender::random_id())
    }

    fn derived(&self, stage: Stage) -> SpanId {
        SpanId::from_bytes(ids::span_id(&self.payload_sha256, stage.name()))
    }
}

impl Begun {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            at: Some(Instant::now()),
        }
    }

    /// At an instant of this process.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        let now = SystemTime::now();
        Self {
            wall: now.checked_sub(instant.elapsed()).unwrap_or(now),
            at: Some(instant),
        }
    }

    /// At a time of the wall clock, in milliseconds since 1970-01-01T00:00:00Z; perhaps before this process.
    #[must_use]
    pub fn at_ms(ms: i64) -> Self {
        let since = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        Self {
            wall: SystemTime::UNIX_EPOCH
                .checked_add(since)
                .unwrap_or(SystemTime::UNIX_EPOCH),
            at: None,
        }
    }

    /// From then until now; never backwards.
    #[must_use]
    pub fn until_now(self) -> Stretch {
        let to = match self.at {
            Some(at) => self.wall.checked_add(at.elapsed()).unwrap_or(self.wall),
            None => SystemTime::now(),
        };
        Stretch {
            from: self.wall,
            to: to.max(self.wall),
        }
    }

    /// From then until something else began; never backwards.
    #[must_use]
    pub fn until(self, other: Self) -> Stretch {
        Stretch {
            from: self.wall,
            to: other.wall.max(self.wall),
        }
    }
}

impl Span {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SpanId {
        self.id
    }

    /// Says which span encloses it.
    pub const fn under(mut self, parent: SpanId) -> Self {
        self.parent = parent;
        self
    }

    /// Whose statement it is.
    pub fn slot(self, slot: &SlotKey) -> Self {
        self.with(key::UNIT, slot.unit.to_string())
            .with(key::DATASET, slot.dataset.to_string())
            .with(key::PERIOD, slot.period.to_string())
    }

    /// An attribute; for names see [`key`].
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let (key, value) = (Key::from_static_str(name), value.into());
        self.attributes.push(KeyValue::new(key, value));
        self
    }

    /// A count or an index as an attribute.
    pub fn count(self, name: &'static str, value: u64) -> Self {
        self.with(name, i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// How it fared.
    pub fn outcome(self, word: &'static str) -> Self {
        self.with(key::OUTCOME, word)
    }

    /// It has failed, for this reason.
    pub fn failed(mut self, word: impl Into<String>) -> Self {
        self.error = true;
        let word = word.into();
        self.with(key::OUTCOME, word.clone()).with(key::ERROR, word)
    }

    /// Sends it off, unless the queue is full. Never waits.
    pub fn tell(self, stretch: Stretch) {
        if let Some(sender) = SENDER.get() {
            sender.tell(self.data(stretch));
        }
    }

    pub(crate) fn data(self, stretch: Stretch) -> SpanData {
        let trace = TraceId::from_bytes(ids::trace_id(&self.trail.payload_sha256));
        let status = match self.error {
            true => Status::error(""),
            false => Status::Unset,
        };
        SpanData {
            span_context: SpanContext::new(trace, self.id, FLAGS, false, TraceState::NONE),
            parent_span_id: self.parent,
            parent_span_is_remote: self.stage.kind() == SpanKind::Server,
            span_kind: self.stage.kind(),
            name: self.stage.name().into(),
            start_time: stretch.from,
            end_time: stretch.to,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: InstrumentationScope::builder("granary").build(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn trail() -> Trail {
        Trail::of(&Digest::of(b"a payload"))
    }

    #[test]
    fn a_span_of_one_program_hangs_from_the_span_that_the_other_tells() {
        let pushed = trail().only(Stage::Push).data(Begun::now().until_now());
        let received = trail().one(Stage::Receive).data(Begun::now().until_now());
        assert_eq!(received.parent_span_id, pushed.span_context.span_id());
        assert_eq!(
            received.span_context.trace_id(),
            pushed.span_context.trace_id()
        );
        assert!(received.parent_span_is_remote && received.span_context.is_sampled());
        let whole = trail().only(Stage::Snapshot).data(Begun::now().until_now());
        assert_eq!(pushed.parent_span_id, whole.span_context.span_id());
        assert_eq!(whole.parent_span_id, SpanId::INVALID);
        assert_eq!(
            trail().only(Stage::Push).id(),
            trail().only(Stage::Push).id()
        );
        assert_ne!(trail().one(Stage::Push).id(), trail().one(Stage::Push).id());
    }

    #[test]
    fn a_failed_span_says_so_and_why() {
        let span = trail().one(Stage::Push).failed("unanswered");
        let data = span.data(Begun::now().until_now());
        assert_eq!(data.status, Status::error(""));
        let of = |name: &str| {
            let found = data
                .attributes
                .iter()
                .find(|pair| pair.key.as_str() == name);
            found.unwrap().value.as_str().into_owned()
        };
        assert_eq!(
            (of(key::OUTCOME), of(key::ERROR)),
            ("unanswered".into(), "unanswered".into())
        );
    }

    #[test]
    fn no_stretch_runs_backwards() {
        let future = Begun::at_ms(i64::MAX / 4);
        let past = Begun::at_ms(-5);
        assert_eq!(past.wall, SystemTime::UNIX_EPOCH);
        for stretch in [
            future.until_now(),
            future.until(past),
            past.until_now(),
            past.until(future),
        ] {
            assert!(stretch.from <= stretch.to, "{stretch:?}");
        }
    }
}

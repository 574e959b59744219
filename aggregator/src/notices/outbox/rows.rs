//! The rows of the outbox, as protobuf messages.

use granary_core::notices::{Kind, Mark, Matter, Recipient, Settled};
use prost::Message;

use super::OutboxError;

/// What the outbox is.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct MetaRow {
    /// The format's version.
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    /// When notices were switched on.
    #[prost(int64, tag = "2")]
    pub(super) since_ms: i64,
}

/// What became of a mark.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct MarkRow {
    /// 1 waiting, 2 told and something was missing, 3 told, 4 dropped.
    #[prost(uint32, tag = "1")]
    pub(super) state: u32,
}

/// A matter.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct MatterRow {
    /// [`Kind::word`].
    #[prost(string, tag = "1")]
    pub(super) kind: String,
    /// In milliseconds.
    #[prost(int64, tag = "2")]
    pub(super) offset_ms: i64,
    /// [`Recipient::word`].
    #[prost(string, tag = "3")]
    pub(super) recipient: String,
    /// The marks as they are written.
    #[prost(string, repeated, tag = "4")]
    pub(super) marks: Vec<String>,
    /// Before this it must not go out.
    #[prost(int64, tag = "5")]
    pub(super) not_before_ms: i64,
    /// When it was decided.
    #[prost(int64, tag = "6")]
    pub(super) decided_at_ms: i64,
}

/// One message to one contact.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct DeliveryRow {
    /// [`super::State::number`].
    #[prost(uint32, tag = "1")]
    pub(super) state: u32,
    /// How often it was tried.
    #[prost(uint32, tag = "2")]
    pub(super) attempts: u32,
    /// When it is tried next.
    #[prost(int64, tag = "3")]
    pub(super) next_at_ms: i64,
    /// When it was tried last, or given up.
    #[prost(int64, optional, tag = "4")]
    pub(super) changed_at_ms: Option<i64>,
    /// Why it failed last, or was dropped.
    #[prost(string, tag = "5")]
    pub(super) why: String,
}

impl MarkRow {
    pub(super) const fn of(settled: Settled) -> Self {
        let state = match settled {
            Settled::Waiting => 1,
            Settled::Told { open: true } => 2,
            Settled::Told { open: false } => 3,
            Settled::Dropped => 4,
        };
        Self { state }
    }

    pub(super) fn settled(self) -> Result<Settled, OutboxError> {
        match self.state {
            1 => Ok(Settled::Waiting),
            2 => Ok(Settled::Told { open: true }),
            3 => Ok(Settled::Told { open: false }),
            4 => Ok(Settled::Dropped),
            other => Err(OutboxError::damaged(format!("state {other} of a mark"))),
        }
    }
}

impl MatterRow {
    pub(super) fn of(matter: &Matter, decided_at_ms: i64) -> Self {
        Self {
            kind: matter.kind.word().into(),
            offset_ms: matter.offset_ms,
            recipient: matter.recipient.word(),
            marks: matter.marks.iter().map(ToString::to_string).collect(),
            not_before_ms: matter.not_before_ms,
            decided_at_ms,
        }
    }

    pub(super) fn matter(&self) -> Result<Matter, OutboxError> {
        let kind = Kind::from_word(&self.kind);
        let recipient = Recipient::from_word(&self.recipient);
        let (Some(kind), Some(recipient)) = (kind, recipient) else {
            let (kind, recipient) = (&self.kind, &self.recipient);
            return Err(OutboxError::damaged(format!(
                "a matter {kind} for {recipient}"
            )));
        };
        let mark = |text: &String| text.parse::<Mark>().map_err(OutboxError::damaged);
        let marks = self.marks.iter().map(mark).collect::<Result<_, _>>()?;
        Ok(Matter::new(
            (kind, self.offset_ms),
            recipient,
            marks,
            self.not_before_ms,
        ))
    }
}

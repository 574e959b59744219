//! Published bulletins: the operator states, in the journal, which document was published about a period.
//!
//! The act holds what the document stands on and its digest, not the document: whoever folds the same prefix computes the same bytes, so the
//! digest says whether a paper that is going around is the one that was published. A later publication about the same period does not
//! undo an earlier one: both stay listed.

use std::ops::ControlFlow;

use prost::Message;

use crate::{digest::Digest, period::Period};

use super::{
    FoldError, LogIndex, Refusal, RefusalCode, View,
    act::{ActError, fixed, parsed},
    keys::{self, Table},
    rows::row,
};

/// A bulletin that is or was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The period that it is about.
    pub period: Period,
    /// Its instant, in milliseconds since 1970-01-01T00:00:00Z.
    pub as_of_ms: i64,
    /// How many journal entries it stands on.
    pub applied_size: u64,
    /// The SHA-256 of its document.
    pub sha256: Digest,
}

/// The row of a published bulletin.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PublicationRow {
    /// The period, in SDMX form.
    #[prost(string, tag = "1")]
    pub period: String,
    /// The instant.
    #[prost(int64, tag = "2")]
    pub as_of_ms: i64,
    /// How many journal entries it stands on.
    #[prost(uint64, tag = "3")]
    pub applied_size: u64,
    /// The SHA-256 of its document.
    #[prost(bytes = "vec", tag = "4")]
    pub sha256: Vec<u8>,
    /// When the act was received.
    #[prost(int64, tag = "5")]
    pub published_at_ms: i64,
}
row!(PublicationRow);

#[derive(Clone, PartialEq, Message)]
pub(super) struct PublicationWire {
    #[prost(string, tag = "1")]
    period: String,
    #[prost(int64, tag = "2")]
    as_of_ms: i64,
    #[prost(uint64, tag = "3")]
    applied_size: u64,
    #[prost(bytes = "vec", tag = "4")]
    sha256: Vec<u8>,
}

impl PublicationWire {
    pub(super) fn of(publication: &Publication) -> Self {
        Self {
            period: publication.period.to_string(),
            as_of_ms: publication.as_of_ms,
            applied_size: publication.applied_size,
            sha256: publication.sha256.as_bytes().to_vec(),
        }
    }

    pub(super) fn decode(&self) -> Result<Publication, ActError> {
        Ok(Publication {
            period: parsed(Period::parse(&self.period))?,
            as_of_ms: self.as_of_ms,
            applied_size: self.applied_size,
            sha256: Digest::from_bytes(fixed("sha256", &self.sha256)?),
        })
    }
}

impl PublicationRow {
    /// The row that an act of this content gives.
    #[must_use]
    pub fn of(publication: &Publication, published_at_ms: i64) -> Self {
        Self {
            period: publication.period.to_string(),
            as_of_ms: publication.as_of_ms,
            applied_size: publication.applied_size,
            sha256: publication.sha256.as_bytes().to_vec(),
            published_at_ms,
        }
    }
}

/// A document of what is still to come cannot have been made.
pub(super) fn permit(publication: &Publication, now_ms: i64) -> Result<(), Refusal> {
    if publication.as_of_ms <= now_ms {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Act,
        "通报的时点在未来",
        "the bulletin's instant lies in the future",
    ))
}

/// Every published bulletin with the entry of its publication, in the order of the log.
///
/// # Errors
/// [`FoldError`] where the rows cannot be read.
pub fn published(view: &dyn View) -> Result<Vec<(LogIndex, PublicationRow)>, FoldError> {
    let (mut found, mut damaged) = (Vec::new(), None);
    view.scan(&keys::table(Table::Bulletin), &mut |key, value| match (
        keys::parse_index(key),
        PublicationRow::decode_row(value),
    ) {
        (Some(index), Ok(row)) => {
            found.push((index, row));
            ControlFlow::Continue(())
        }
        (_, Err(error)) => {
            damaged = Some(error.into());
            ControlFlow::Break(())
        }
        (None, Ok(_)) => {
            damaged = Some(FoldError::Row("a published bulletin's key".into()));
            ControlFlow::Break(())
        }
    })?;
    damaged.map_or(Ok(found), Err)
}

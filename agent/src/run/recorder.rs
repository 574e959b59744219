//! Keeps the history of the unit's own records up to date.
//!
//! In: records that were fetched, and statements that were spooled. Out: nothing; the preflight reads the file. Durable after: what was
//! fetched is kept before more is asked for. On crash: see [`crate::history`]. Nothing here is ever an error for the clerk.

use std::path::Path;

use granary_core::{code::UnitCode, snapshot::Snapshot};
use granary_proto::v1;

use crate::history::{AsOf, History};
use crate::preflight::Outgoing;

/// The history's writer. One owner: the desk.
pub(super) struct Recorder {
    history: History,
    /// Whether the first answer of the city is waited for, so that a new installation judges its first file by the past.
    awaited: bool,
}

impl Recorder {
    /// Opens the history. `is_new` says that nothing else is known here of the city either.
    pub(super) fn open(state: &Path, unit: &UnitCode, is_new: bool) -> Self {
        Self {
            history: History::open(state, unit),
            awaited: is_new,
        }
    }

    /// The index to ask from next.
    pub(super) const fn next_index(&self) -> u64 {
        self.history.next_index()
    }

    /// Whether a file is better left until the city has answered once.
    pub(super) const fn is_awaited(&self) -> bool {
        self.awaited
    }

    /// The city has been asked in vain; what is known has to do.
    pub(super) const fn missed(&mut self) {
        self.awaited = false;
    }

    /// Keeps what was fetched; gives the index to go on from.
    pub(super) fn fetched(&mut self, answer: &v1::FetchRecordsResponse) -> u64 {
        let as_of = AsOf {
            next_index: answer.next_index,
            city_time_ms: answer.city_time_ms,
        };
        match self.history.keep(&answer.records, as_of, !answer.more) {
            Ok(()) => self.awaited &= answer.more,
            Err(error) => {
                tracing::warn!(%error, "own records could not be kept; they are asked for again");
                self.awaited = false;
            }
        }
        self.history.next_index()
    }

    /// A statement is in the spool.
    pub(super) fn spooled(&mut self, outgoing: &Outgoing) {
        let payload = outgoing.payload();
        let noted = match Snapshot::decode(payload) {
            Ok(snapshot) => self
                .history
                .state(&snapshot, payload)
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "a spooled statement was not noted; edits on it are left to the city");
        }
    }
}

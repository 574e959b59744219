//! What is on its way over one push stream: the window, the numbers, the unanswered statements.
//!
//! No I/O and no clock, but for that of traces. A session begins before the oldest record of the spool and ends with its stream; the next one
//! begins before the oldest again, so that whatever was cut off is sent again.
//!
//! Invariants: at most `submissions_max` are unanswered; a new one is taken only while their bytes are below
//! `bytes_max`; a record is on its way at most once in a session; a held record is not sent again in it.

use std::collections::{BTreeMap, BTreeSet};

use granary_proto::v1;

use crate::link::journey::Journey;
use crate::link::outbox::Parcel;
use crate::link::proof::Expected;
use crate::settings::LinkSettings;
use crate::spool::{Cursor, RecordId};

/// The most records that are set aside before the session gives up: beyond this it is not the records.
pub(crate) const HELD_MAX: usize = 16;

/// One push stream's state. One owner: the courier.
#[derive(Debug)]
pub struct Session {
    /// Where in the spool the next records are.
    pub(crate) cursor: Cursor,
    submissions_max: usize,
    bytes_max: u64,
    next_sequence: u64,
    in_flight: BTreeMap<u64, InFlight>,
    in_flight_bytes: u64,
    /// The records of `in_flight`.
    on_the_way: BTreeSet<RecordId>,
    /// Records whose answer could not be used.
    held: BTreeSet<RecordId>,
}

/// A statement that waits for its answer.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// The spool's record.
    pub id: RecordId,
    /// What its receipt must be for.
    pub expected: Expected,
    /// Its trace, where it is told.
    pub(super) journey: Option<Box<Journey>>,
    length: u64,
}

/// How much may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Statements.
    pub records: usize,
    /// Bytes of envelopes.
    pub bytes: usize,
}

impl Session {
    /// Begins with the city's window, bounded by our own settings. A window of nothing counts as one.
    #[must_use]
    pub fn new(window: &v1::PushWindow, own: &LinkSettings) -> Self {
        let submissions_max = window.submissions_max.min(own.in_flight_max).max(1);
        Self {
            cursor: Cursor::start(),
            submissions_max: submissions_max as usize,
            bytes_max: window.bytes_max.min(own.in_flight_bytes_max).max(1),
            next_sequence: 1,
            in_flight: BTreeMap::new(),
            in_flight_bytes: 0,
            on_the_way: BTreeSet::new(),
            held: BTreeSet::new(),
        }
    }

    /// How much may be sent now; `None` while the window is full. It opens again when a quarter of it is free, so
    /// that the spool is read a few records at a time and not file by file for each.
    #[must_use]
    pub fn room(&self) -> Option<Room> {
        let records = self.submissions_max.saturating_sub(self.in_flight.len());
        if records < self.submissions_max / 4 {
            return None;
        }
        let bytes = self.bytes_max.saturating_sub(self.in_flight_bytes);
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        (records > 0 && bytes > 0).then_some(Room { records, bytes })
    }

    /// Takes a parcel on its way; `None` where its record is already, or is held.
    pub fn send(&mut self, mut parcel: Parcel) -> Option<v1::PushRequest> {
        if self.held.contains(&parcel.id) || !self.on_the_way.insert(parcel.id) {
            return None;
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let length = parcel.length as u64;
        if let Some(journey) = &mut parcel.journey {
            journey.sent(sequence);
        }
        self.in_flight_bytes += length;
        self.in_flight.insert(
            sequence,
            InFlight {
                id: parcel.id,
                expected: parcel.expected,
                journey: parcel.journey,
                length,
            },
        );
        Some(v1::PushRequest {
            sequence,
            envelope: Some(parcel.envelope),
        })
    }

    /// The statement that an answer is for; `None` for an answer that nothing waits for.
    pub fn answered(&mut self, sequence: u64) -> Option<InFlight> {
        let sent = self.in_flight.remove(&sequence)?;
        self.in_flight_bytes -= sent.length;
        self.on_the_way.remove(&sent.id);
        Some(sent)
    }

    /// What was not answered, once the stream has ended.
    pub fn unanswered(&self) -> impl Iterator<Item = &InFlight> {
        self.in_flight.values()
    }

    /// Sets a record aside for the rest of the session. False once there are too many.
    pub fn hold(&mut self, id: RecordId) -> bool {
        self.held.insert(id);
        self.held.len() < HELD_MAX
    }

    /// Begins before the oldest record again, for those that were postponed.
    pub fn rewind(&mut self) {
        self.cursor = Cursor::start();
    }

    /// How many wait for their answer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::link::tests::support::parcels;

    fn session(submissions_max: u32, bytes_max: u64) -> Session {
        Session::new(
            &v1::PushWindow {
                submissions_max,
                bytes_max,
            },
            &LinkSettings::default(),
        )
    }

    #[test]
    fn the_window_bounds_submissions_and_opens_again_with_answers() {
        let mut session = session(2, 1 << 20);
        let parcels = parcels(3);
        assert_eq!(session.send(parcels[0].clone()).unwrap().sequence, 1);
        assert_eq!(session.send(parcels[1].clone()).unwrap().sequence, 2);
        assert_eq!(session.room(), None);
        assert_eq!(session.answered(2).unwrap().id, parcels[1].id);
        assert_eq!(session.room().unwrap().records, 1);
        assert!(session.answered(2).is_none(), "an answer counts once");
        assert_eq!(
            session.send(parcels[2].clone()).unwrap().sequence,
            3,
            "numbers never return"
        );
    }

    #[test]
    fn the_window_bounds_bytes_too() {
        let parcels = parcels(2);
        let mut session = session(100, parcels[0].length as u64);
        session.send(parcels[0].clone()).unwrap();
        assert_eq!(session.room(), None);
        session.answered(1).unwrap();
        assert!(session.room().is_some());
    }

    #[test]
    fn our_own_limits_hold_against_a_wide_window_and_an_empty_one_is_one() {
        assert_eq!(
            session(u32::MAX, u64::MAX).room().unwrap().records,
            LinkSettings::default().in_flight_max as usize
        );
        assert_eq!(
            session(0, 0).room(),
            Some(Room {
                records: 1,
                bytes: 1
            })
        );
    }

    #[test]
    fn a_record_on_its_way_or_held_is_not_sent_again() {
        let mut session = session(100, 1 << 20);
        let parcels = parcels(2);
        session.send(parcels[0].clone()).unwrap();
        session.rewind();
        assert!(session.send(parcels[0].clone()).is_none());
        let held = session.answered(1).unwrap();
        assert!(session.hold(held.id));
        assert!(session.send(parcels[0].clone()).is_none());
        assert!(session.send(parcels[1].clone()).is_some());
    }
}

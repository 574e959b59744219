//! The fleet: what each agent said of itself last. In memory only, derived from nothing: after a start the city knows what it has been
//! told since.
//!
//! Invariant: it holds at most one heartbeat for each key that is in force, each of at most [`SOFTWARE_BYTES_MAX`] bytes of text, because
//! only such keys are noted ([`Fleet::note`]) and others are let go ([`Fleet::retain`]).

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use granary_core::envelope::KeyId;
use granary_proto::v1::HeartbeatRequest;

/// How long an agent may say nothing before it counts as silent. It says something every minute.
pub const SILENT_AFTER_MS: i64 = 5 * 60 * 1_000;
/// From this difference on, an agent's clock is worth a mark, in milliseconds. It never changes when a report counts as received.
pub const CLOCK_OFF_MS_MAX: i64 = 5 * 60 * 1_000;
/// What is kept of name and version, in bytes.
pub const SOFTWARE_BYTES_MAX: usize = 64;

/// A heartbeat, and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// By the city's clock.
    pub at_ms: i64,
    /// What it said.
    pub heartbeat: HeartbeatRequest,
}

/// What the agents said last.
#[derive(Debug)]
pub struct Fleet {
    since_ms: i64,
    seen: Mutex<BTreeMap<KeyId, Seen>>,
}

/// The fleet in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Agents that said something within the last [`SILENT_AFTER_MS`].
    pub live: u64,
    /// Agents that said something, but longer ago.
    pub silent: u64,
    /// Statements that wait in the spools, as the agents said last.
    pub spooled_records: u64,
    /// Files and alarms that somebody has to look at.
    pub problems: u64,
    /// The largest difference of a live agent's clock from the city's, either way.
    pub clock_off_ms_max: u64,
}

impl Fleet {
    /// Nothing is known at `since_ms`.
    #[must_use]
    pub const fn new(since_ms: i64) -> Self {
        Self {
            since_ms,
            seen: Mutex::new(BTreeMap::new()),
        }
    }

    /// Since when it listens.
    #[must_use]
    pub const fn since_ms(&self) -> i64 {
        self.since_ms
    }

    /// Notes a heartbeat of a key that the caller has found to be in force.
    pub fn note(&self, key_id: KeyId, at_ms: i64, mut heartbeat: HeartbeatRequest) {
        let mut end = heartbeat.software.len().min(SOFTWARE_BYTES_MAX);
        while !heartbeat.software.is_char_boundary(end) {
            end -= 1;
        }
        heartbeat.software = heartbeat.software[..end].to_owned();
        self.lock().insert(key_id, Seen { at_ms, heartbeat });
    }

    /// What a key's agent said last.
    #[must_use]
    pub fn seen(&self, key_id: &KeyId) -> Option<Seen> {
        self.lock().get(key_id).cloned()
    }

    /// Lets go of what keys said that are not in force any more.
    pub fn retain(&self, in_force: impl Fn(&KeyId) -> bool) {
        self.lock().retain(|key_id, _| in_force(key_id));
    }

    /// Counts.
    #[must_use]
    pub fn figures(&self, now_ms: i64) -> Figures {
        let mut figures = Figures::default();
        for seen in self.lock().values() {
            let beat = &seen.heartbeat;
            if is_silent(seen.at_ms, now_ms) {
                figures.silent += 1;
            } else {
                figures.live += 1;
                let off_ms = beat.clock_ahead_ms.unwrap_or(0).unsigned_abs();
                figures.clock_off_ms_max = figures.clock_off_ms_max.max(off_ms);
            }
            figures.spooled_records = figures.spooled_records.saturating_add(beat.spooled_records);
            figures.problems = figures.problems.saturating_add(beat.problems.into());
        }
        figures
    }

    /// A panic elsewhere leaves nothing half done in it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<KeyId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether who was last seen then is silent now.
#[must_use]
pub const fn is_silent(at_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(at_ms) > SILENT_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> KeyId {
        KeyId::from_slice(&[byte; 32]).unwrap()
    }

    fn beat(records: u64, ahead_ms: i64) -> HeartbeatRequest {
        HeartbeatRequest {
            spooled_records: records,
            clock_ahead_ms: Some(ahead_ms),
            problems: 1,
            ..HeartbeatRequest::default()
        }
    }

    #[test]
    fn the_newest_word_counts_and_silence_begins_after_five_minutes() {
        let fleet = Fleet::new(0);
        fleet.note(key(1), 1_000, beat(9, 1));
        fleet.note(key(1), 2_000, beat(3, -70));
        fleet.note(key(2), 900_000, beat(4, 5));
        let at = 2_000 + SILENT_AFTER_MS;
        let figures = fleet.figures(at);
        assert_eq!((figures.live, figures.silent), (2, 0));
        assert_eq!((figures.spooled_records, figures.problems), (7, 2));
        assert_eq!(figures.clock_off_ms_max, 70);
        let figures = fleet.figures(at + 1);
        assert_eq!((figures.live, figures.silent), (1, 1));
        assert_eq!(figures.clock_off_ms_max, 5, "a silent clock says nothing");
    }

    #[test]
    fn it_holds_no_more_than_the_keys_in_force_and_no_long_texts() {
        let fleet = Fleet::new(0);
        for byte in 0..100 {
            let software = "版".repeat(1_000);
            let heartbeat = HeartbeatRequest {
                software,
                ..HeartbeatRequest::default()
            };
            fleet.note(key(byte), 1, heartbeat.clone());
            fleet.note(key(byte), 2, heartbeat);
        }
        assert_eq!(fleet.lock().len(), 100);
        let kept = fleet.seen(&key(7)).unwrap().heartbeat.software;
        assert_eq!(kept, "版".repeat(SOFTWARE_BYTES_MAX / 3));
        fleet.retain(|id| *id == key(7));
        assert_eq!(fleet.lock().len(), 1);
    }
}

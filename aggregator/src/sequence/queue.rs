//! The queue in front of the sequencer: many tasks put verified submissions in, one thread takes them out in groups.
//!
//! Bounded by bytes. Every submission counts with its payload and a fixed charge, so the number of them is bounded too.
//! The room is a semaphore, so that a full queue makes streams wait (and their senders, by flow control) in order.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::reply::Reply;
use crate::ingress::Verified;

/// What a submission counts beside its payload, in bytes: its signatures, its reply, its place.
const CHARGE_BYTES: usize = 512;

/// A submission on its way to the journal.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) verified: Verified,
    pub(crate) reply: Reply,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Tells the sequencer that there is enough, or that the queue is closed.
    enough: Condvar,
    room: Semaphore,
    room_bytes: u32,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Submission>,
    closed: bool,
    /// How many the sequencer is waiting for; it sleeps on until there are so many.
    wanted: usize,
}

/// The queue is closed: the program is ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let room_bytes = u32::try_from(bytes_max.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            state: Mutex::default(),
            enough: Condvar::new(),
            room: Semaphore::new(room_bytes as usize),
            room_bytes,
        }
    }

    /// Puts a submission in, once there is room. Dropping the future leaves the submission out.
    pub(crate) async fn push(&self, submission: Submission) -> Result<(), (Closed, Submission)> {
        let Ok(permit) = self.room.acquire_many(self.charge(&submission)).await else {
            return Err((Closed, submission));
        };
        let mut state = self.lock();
        if state.closed {
            return Err((Closed, submission));
        }
        // Given back by the sequencer, when it takes the submission out.
        permit.forget();
        state.waiting.push_back(submission);
        if state.waiting.len() == state.wanted {
            self.enough.notify_one();
        }
        Ok(())
    }

    /// Takes no more; what is in it stays to be taken out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.enough.notify_one();
    }

    /// How many are waiting.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Waits for the first submission; `false` once the queue is closed and empty.
    pub(super) fn wait_first(&self) -> bool {
        let mut state = self.lock();
        state.wanted = 1;
        while state.waiting.is_empty() && !state.closed {
            state = self
                .enough
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.wanted = 0;
        !state.waiting.is_empty()
    }

    /// Waits until `wanted` are there, or none has come for `quiet`, or `wait_max` is over, or the queue is closed.
    pub(super) fn wait_for(&self, wanted: usize, quiet: Duration, wait_max: Duration) {
        let end = Instant::now() + wait_max;
        let mut state = self.lock();
        state.wanted = wanted;
        loop {
            let before = state.waiting.len();
            let left = end.saturating_duration_since(Instant::now());
            if before >= wanted || state.closed || left.is_zero() {
                break;
            }
            let (woken, timeout) = self
                .enough
                .wait_timeout(state, quiet.min(left))
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.waiting.len() == before {
                break;
            }
        }
        state.wanted = 0;
    }

    /// Takes what is waiting, up to `count_max` and `bytes_max` (but always one), and gives its room back.
    pub(super) fn take(&self, count_max: usize, bytes_max: usize) -> VecDeque<Submission> {
        let mut bytes = 0;
        let mut state = self.lock();
        let fits = |submission: &&Submission| {
            bytes += submission.verified.payload().len();
            bytes <= bytes_max
        };
        let count = state
            .waiting
            .iter()
            .take(count_max)
            .take_while(fits)
            .count()
            .max(1);
        let count = count.min(state.waiting.len());
        let rest = state.waiting.split_off(count);
        let taken = std::mem::replace(&mut state.waiting, rest);
        drop(state);
        let room: usize = taken
            .iter()
            .map(|submission| self.charge(submission) as usize)
            .sum();
        self.room.add_permits(room);
        taken
    }

    /// What a submission counts. One that is larger than the queue waits for the whole of it.
    fn charge(&self, submission: &Submission) -> u32 {
        let bytes = CHARGE_BYTES + submission.verified.payload().len();
        u32::try_from(bytes)
            .unwrap_or(u32::MAX)
            .min(self.room_bytes)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

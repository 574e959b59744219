//! The window of one push stream: what may be unanswered at once, in submissions and in bytes.
//!
//! The reading half takes a place before it reads and the message's bytes after; the writing half gives both back when
//! the answer is on its way. So at most one message more than the window's bytes is ever held, and a sender that ignores
//! the window waits in its own socket.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use crate::settings::Limits;

/// Shared by the two halves of a stream.
pub(super) struct Window {
    submissions: Semaphore,
    /// In units of [`BYTES_PER_PERMIT`].
    bytes: Semaphore,
    /// The unanswered sequence numbers, with the byte permits that each holds.
    unanswered: Mutex<HashMap<u64, u32>>,
}

/// A semaphore counts in 32 bits, a window in 64.
const BYTES_PER_PERMIT: u64 = 1_024;

/// The writing half has ended.
#[derive(Debug)]
pub(super) struct Closed;

impl Window {
    pub(super) fn new(limits: &Limits) -> Self {
        let bytes = limits.push_bytes_max / BYTES_PER_PERMIT;
        Self {
            submissions: Semaphore::new(limits.push_submissions_max as usize),
            bytes: Semaphore::new(usize::try_from(bytes).unwrap_or(Semaphore::MAX_PERMITS)),
            unanswered: Mutex::default(),
        }
    }

    /// Waits for a place for one more submission.
    pub(super) async fn place(&self) -> Result<(), Closed> {
        self.submissions
            .acquire()
            .await
            .map_err(|_| Closed)?
            .forget();
        Ok(())
    }

    /// Waits for room for a message that was read into its place. False where the number is already unanswered.
    pub(super) async fn enter(&self, sequence: u64, bytes: usize) -> Result<bool, Closed> {
        let permits = u32::try_from((bytes as u64).div_ceil(BYTES_PER_PERMIT)).unwrap_or(u32::MAX);
        self.bytes
            .acquire_many(permits)
            .await
            .map_err(|_| Closed)?
            .forget();
        let mut unanswered = self
            .unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(unanswered.insert(sequence, permits).is_none())
    }

    /// Gives back what these submissions held.
    pub(super) fn leave(&self, sequences: impl Iterator<Item = u64>) {
        let (mut places, mut permits) = (0, 0);
        let mut unanswered = self
            .unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for sequence in sequences {
            if let Some(held) = unanswered.remove(&sequence) {
                places += 1;
                permits += held as usize;
            }
        }
        drop(unanswered);
        self.bytes.add_permits(permits);
        self.submissions.add_permits(places);
    }

    /// Wakes the reading half to its end.
    pub(super) fn close(&self) {
        self.submissions.close();
        self.bytes.close();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn window(submissions: u32, bytes: u64) -> Window {
        let mut limits = crate::serve::test_limits();
        limits.push_submissions_max = submissions;
        limits.push_bytes_max = bytes;
        Window::new(&limits)
    }

    fn poll<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_full_window_waits_until_an_answer_leaves() {
        let window = window(2, 1 << 20);
        for sequence in [7, 8] {
            assert!(poll(window.place()).is_some());
            assert!(matches!(poll(window.enter(sequence, 10)), Some(Ok(true))));
        }
        assert!(poll(window.place()).is_none(), "the third submission waits");
        window.leave([8, 99].into_iter());
        assert!(poll(window.place()).is_some());
        assert!(poll(window.place()).is_none());
    }

    #[test]
    fn bytes_are_counted_apart_from_submissions() {
        let window = window(100, 64 << 10);
        assert!(matches!(poll(window.enter(1, 60 << 10)), Some(Ok(true))));
        assert!(poll(window.enter(2, 10 << 10)).is_none());
        window.leave([1].into_iter());
        assert!(matches!(poll(window.enter(2, 10 << 10)), Some(Ok(true))));
    }

    #[test]
    fn a_number_that_is_still_unanswered_is_noticed() {
        let window = window(10, 1 << 20);
        assert!(matches!(poll(window.enter(1, 1)), Some(Ok(true))));
        assert!(matches!(poll(window.enter(1, 1)), Some(Ok(false))));
    }

    #[test]
    fn closing_wakes_whoever_waits() {
        let window = window(1, 1 << 20);
        assert!(poll(window.place()).is_some());
        window.close();
        assert!(matches!(poll(window.place()), Some(Err(Closed))));
    }
}

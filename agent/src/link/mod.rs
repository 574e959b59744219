//! The back half of the county's flow: Preflighted -> Signed -> Spooled -> Receipted.
//!
//! | file | stage |
//! |---|---|
//! | [`sign`] | exact payload -> [`Signed`] |
//! | [`outbox`] | [`Signed`] -> [`Spooled`], and settling |
//! | [`session`] | what is on its way over one stream |
//! | [`mod@line`] | the stream itself, and the waits between streams |
//! | [`courier`] | outbox, session and line together |
//! | [`journey`] | the trace of one statement |
//! | [`proof`] | what makes a statement [`Receipted`] |
//! | [`fetch`] | catalogue and assessments |
//! | [`revisions`] | the highest revision that the city has seen |
//!
//! A cut at any point sends nothing twice into effect: a record is sent until its answer is a file, the bytes are
//! always the same, and the city answers a payload that it knows with the old receipt.

pub mod backoff;
pub mod courier;
pub mod fetch;
pub mod journey;
pub mod line;
pub mod outbox;
pub mod proof;
pub mod revisions;
pub mod session;
pub mod sign;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod wire;

pub use backoff::{Backoff, Random, system_random};
pub use courier::{Clock, Courier, News};
pub use line::{Line, LineEvent};
pub use outbox::{Outbox, Parcel, Spooled};
pub use proof::{Expected, ProofError, Receipted};
pub use revisions::Revisions;
pub use sign::{SignError, Signed, Signer};
pub use wire::WireError;

use crate::durable::Disk;

/// What came of pushing everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Statements whose receipt was verified and stored.
    pub receipted: u64,
    /// Statements that the city will never take.
    pub refused: u64,
    /// Alarms that were raised.
    pub alarms: u64,
}

/// Pushes until the spool is empty. It waits for the city as long as it takes; the caller may stop it at any time.
pub async fn push_all<D: Disk>(courier: &mut Courier<D>) -> Pushed {
    let mut pushed = Pushed::default();
    while courier.outbox().status().pending_records > 0 {
        for news in next_news(courier).await {
            match news {
                News::Receipted { .. } => pushed.receipted += 1,
                News::Refused(_) => pushed.refused += 1,
                News::Alarm(_) => pushed.alarms += 1,
                News::Connected
                | News::Disconnected { .. }
                | News::Postponed { .. }
                | News::Damage(_) => {}
            }
        }
    }
    pushed
}

/// Waits for whatever comes next on the line. Cancelling the wait loses nothing.
pub async fn next_news<D: Disk>(courier: &mut Courier<D>) -> Vec<News> {
    let tick = courier.next_tick();
    tokio::select! {
        event = courier.event() => event.map(|event| courier.handle(event)).unwrap_or_default(),
        () = until(tick) => courier.tick(),
    }
}

pub(crate) async fn until(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

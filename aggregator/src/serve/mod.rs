//! Serving: gRPC over mutual TLS, health, reflection and metrics, until SIGTERM.
//!
//! Invariants: nothing that a client sends makes this program panic; every queue, message, listing and wait has a bound;
//! a stop answers what has been taken, within the grace period, and takes no more.

mod failure;
mod connections;
mod pace;
mod guard;
mod window;
mod push;
mod collection;
mod records;
mod enrolment;
mod renewal;
mod fleet;
mod rotation;
mod administration;
mod access;
mod evidence;
mod transparency;
mod witness;
mod outside;
mod journal;
mod page;
mod history;
mod monitoring;
mod slots;
mod measures;
mod findings;
mod suspects;
mod screen;
mod recheck;
mod series;
mod steady;
mod scores;
mod bulletins;
mod forecast;
mod life;
mod log_http;
mod console;
mod api;
mod sdmx;
mod vitals;
mod server;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use granary_core::{completeness::Board, digest::Digest, ledger::keys, snapshot};
use tokio::sync::watch;

use self::failure::Failure;
use crate::{
    access::AccessLog,
    clock::Clock,
    evidence::EvidenceStore,
    fleet::Fleet,
    journal::StoreError,
    pipeline::{Handle, LogKey},
    project::Derived,
    settings::Limits,
    tls::Authority,
    witness::Rounds,
};

pub use outside::OutsideError;
pub use server::{ServeError, Server};

/// What an answer's rows may come to, in bytes: half of what gRPC clients take by default.
const RESPONSE_BYTES_MAX: usize = 2 << 20;
/// What an envelope may add to its payload on the wire, in bytes.
const ENVELOPE_BYTES_MAX: usize = 64 << 10;

/// What every service needs.
struct City {
    handle: Handle,
    authority: Authority,
    /// In signed-note form.
    log_verifier_key: String,
    limits: Limits,
    /// Signs what the city itself records.
    log_key: LogKey,
    access: Arc<AccessLog>,
    evidence: EvidenceStore,
    /// The heads that agents cosign.
    witnesses: Rounds,
    /// What the agents said of themselves last.
    fleet: Fleet,
    clock: Arc<dyn Clock>,
    /// True once the server is stopping.
    stop: watch::Receiver<bool>,
    /// The bytes of the catalogue in force, with their version.
    bundle: ArcSwapOption<(Digest, Vec<u8>)>,
    /// What forecasts have learnt.
    models: forecast::Kept,
}

impl City {
    /// The instant that a request asks about, where 0 means now.
    fn instant(&self, as_of_ms: i64) -> i64 {
        if as_of_ms == 0 {
            self.clock.now_ms()
        } else {
            as_of_ms
        }
    }

    /// The board as it is now. It does not change while somebody computes with it, and nobody waits for that; `None`
    /// before a catalogue is published.
    fn board(&self) -> Option<Board> {
        self.handle.board(Board::clone)
    }

    /// The most that a push message holds of its window: a larger one is refused and does not stay in memory.
    fn push_message_bytes_max(&self) -> usize {
        usize::try_from(self.limits.push_bytes_max)
            .unwrap_or(usize::MAX)
            .min(message_bytes_max())
    }
}

/// The largest message with a snapshot. A snapshot that breaks only the city's own, smaller limit is still read, so that
/// it gets a refusal with a sentence.
const fn message_bytes_max() -> usize {
    snapshot::PAYLOAD_BYTES_MAX + ENVELOPE_BYTES_MAX
}

/// A count from the wire, where 0 means the default.
fn bounded(count: u32, default: u32, most: u32) -> usize {
    let count = if count == 0 { default } else { count.min(most) };
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// How many entries the derived rows hold.
pub(crate) fn applied(derived: &Derived) -> Result<u64, StoreError> {
    let row = derived.row(&keys::table(keys::Table::Applied))?;
    let bytes = row.unwrap_or_default().as_slice().try_into();
    Ok(bytes.map_or(0, u64::from_be_bytes))
}

/// Runs a computation that takes more than a moment away from the tasks that move bytes.
async fn blocking<T: Send + 'static>(
    compute: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(compute)
        .await
        .map_err(Failure::internal)?
}

#[cfg(test)]
fn test_limits() -> Limits {
    Limits {
        connections_max: 16,
        requests_per_connection_max: 16,
        snapshot_bytes_max: snapshot::PAYLOAD_BYTES_MAX,
        push_submissions_max: 16,
        push_bytes_max: 16 << 20,
        submissions_per_second_max: None,
    }
}

#[cfg(test)]
mod tests;

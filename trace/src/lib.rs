//! One trace a snapshot, from the county's file to the city's derived rows, told to a collector by OTLP. Off by default.
//!
//! In: what the two programs say of a snapshot's stages, by the digest of its payload. Out: OpenTelemetry spans. Durable after:
//! nothing. On crash: what was not yet sent is gone.
//!
//! Both programs derive the trace's id and the decision whether it is told from the digest alone ([`ids`]), so nothing about
//! traces travels with a snapshot or stands in the spool, and one that is sent again falls into the same trace.
//!
//! # What the two programs may rely on
//! - Where traces are off, a stage costs one load of an atomic. Where they are on, a snapshot outside the share costs one more
//!   comparison of a number.
//! - Telling never waits and never fails: what the bounded queue has no room for is dropped and counted ([`counts`]).
//! - Attributes name whose statement it is and how it fared, never a figure.
//!
//! Like the log, there is one for the process: a program has one service name.

pub mod ids;
mod sender;
mod settings;
mod span;

use std::{sync::OnceLock, time::Duration};

use granary_core::digest::Digest;

pub use ids::Share;
pub use sender::{Counts, InstallError};
pub use settings::{TraceSettings, parse_endpoint, parse_sample, parse_service};
pub use span::{Begun, Span, SpanId, Stage, Stretch, Trail, key};

use sender::Sender;

/// How long an end waits for what is still to be sent.
const FLUSH_MAX: Duration = Duration::from_secs(2);

static SENDER: OnceLock<Sender> = OnceLock::new();

/// Ends the telling when it is dropped: what waits is sent, for two seconds at the most.
#[derive(Debug)]
#[must_use = "what waits is sent when this is dropped"]
pub struct Traces(());

/// Begins to tell a collector, where the settings name one; nothing is connected yet. A second call in one process changes nothing.
///
/// # Errors
/// [`InstallError`] where the thread that sends cannot be started.
pub fn install(
    settings: Option<&TraceSettings>,
    version: &str,
) -> Result<Option<Traces>, InstallError> {
    let Some(settings) = settings.filter(|_| SENDER.get().is_none()) else {
        return Ok(None);
    };
    let sender = Sender::start(settings, version)?;
    Ok(SENDER.set(sender).ok().map(|()| Traces(())))
}

/// The trail of a snapshot, by its payload's digest; `None` where traces are off or it is outside the share.
#[must_use]
pub fn of(payload_sha256: &Digest) -> Option<Trail> {
    let sender = SENDER.get()?;
    sender
        .share()
        .holds(payload_sha256)
        .then(|| Trail::of(payload_sha256))
}

/// Whether traces are on.
#[must_use]
pub fn on() -> bool {
    SENDER.get().is_some()
}

/// Now, where traces are on: for the beginning of a stage whose snapshot is not known yet.
#[must_use]
pub fn begin() -> Option<Begun> {
    on().then(Begun::now)
}

/// What became of the spans of this process; all 0 where traces are off.
#[must_use]
pub fn counts() -> Counts {
    SENDER.get().map(Sender::counts).unwrap_or_default()
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(sender) = SENDER.get() {
            sender.end(FLUSH_MAX);
        }
    }
}

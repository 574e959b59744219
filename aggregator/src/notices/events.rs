//! What happens to notices: each event is one struct that emits its log line and its metrics together.
//!
//! | metric | kind | meaning |
//! |---|---|---|
//! | `granary_notices_sent_total{kind,channel}` | counter | messages that a channel has taken |
//! | `granary_notices_failed_attempts_total{channel}` | counter | attempts that failed and will be repeated |
//! | `granary_notices_given_up_total{channel}` | counter | messages that will not be tried again: look at `notices status` |
//! | `granary_notices_dropped_total{reason}` | counter | what was not told, by reason |
//! | `granary_notices_waiting` | gauge | messages that wait for their time |
//! | `granary_notices_outbox_failed_total` | counter | failures to read the slots or to write the outbox |

use granary_core::notices::{Dropped, Kind};
use metrics::{counter, gauge};
use tracing::{debug, error, info, warn};

use super::outbox::DeliveryId;

/// A channel has taken a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    pub(super) id: &'a DeliveryId,
    pub(super) kind: Kind,
    pub(super) channel: &'a str,
}

/// An attempt failed and will be repeated.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptFailed<'a> {
    pub(super) id: &'a DeliveryId,
    pub(super) channel: &'a str,
    pub(super) why: &'a str,
    pub(super) wait_ms: u64,
}

/// A message will not be tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivenUp<'a> {
    pub(super) id: &'a DeliveryId,
    pub(super) channel: &'a str,
    pub(super) why: &'a str,
}

/// Something is not told.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotTold<'a> {
    pub(super) dropped: &'a Dropped,
}

/// How many messages wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) count: usize,
}

/// The slots cannot be read, or the outbox cannot be written: nothing is sent until that works again.
#[derive(Clone, Copy, Debug)]
pub(super) struct TurnFailed<'a> {
    pub(super) error: &'a dyn std::error::Error,
}

impl Sent<'_> {
    pub(super) fn emit(self) {
        let (kind, channel) = (self.kind.word(), self.channel.to_owned());
        counter!("granary_notices_sent_total", "kind" => kind, "channel" => channel).increment(1);
        info!(kind, channel = self.channel, contact = self.id.contact, key = %self.id.key.short(), "sent a notice");
    }
}

impl AttemptFailed<'_> {
    pub(super) fn emit(self) {
        let channel = self.channel.to_owned();
        counter!("granary_notices_failed_attempts_total", "channel" => channel).increment(1);
        warn!(channel = self.channel, contact = self.id.contact, key = %self.id.key.short(), why = self.why, wait_ms = self.wait_ms, "a notice did not go out; it will be tried again");
    }
}

impl GivenUp<'_> {
    pub(super) fn emit(self) {
        let channel = self.channel.to_owned();
        counter!("granary_notices_given_up_total", "channel" => channel).increment(1);
        error!(channel = self.channel, contact = self.id.contact, key = %self.id.key.short(), why = self.why, "a notice did not go out and will not be tried again");
    }
}

impl NotTold<'_> {
    pub(super) fn emit(self) {
        let Dropped { mark, reason } = self.dropped;
        let word = reason.word();
        counter!("granary_notices_dropped_total", "reason" => word).increment(1);
        if reason.is_loss() {
            warn!(%mark, reason = word, "something is not told that should have been");
        } else {
            debug!(%mark, reason = word, "something is not told");
        }
    }
}

impl Waiting {
    pub(super) fn emit(self) {
        gauge!("granary_notices_waiting").set(self.count as f64);
    }
}

impl TurnFailed<'_> {
    pub(super) fn emit(self) {
        counter!("granary_notices_outbox_failed_total").increment(1);
        error!(error = %self.error, "notices wait: nothing is sent until this works again");
    }
}

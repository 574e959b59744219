//! Operational events: each is one struct that emits its log line and its metrics together.
//! What each metric means stands in [`crate::metrics::NAMES`].

use std::time::{Duration, UNIX_EPOCH};

use granary_core::{code::UnitCode, ledger::Refusal};
use metrics::{counter, gauge, histogram};
use tracing::{debug, error, info, warn};

use crate::{
    access::Anchored,
    backup::{BackupError, Image},
    fleet::Figures,
    journal::OpenError,
    project::ProjectError,
};

/// A batch is durable.
#[derive(Clone, Copy, Debug)]
pub struct Committed {
    /// Entries in the batch.
    pub entries: usize,
    /// Bytes of their payloads.
    pub payload_bytes: usize,
    /// Entries in the journal now.
    pub size: u64,
    /// Submissions that wait meanwhile.
    pub queued: usize,
    /// How long write and sync took.
    pub took: Duration,
}

/// Submissions were in the journal before.
#[derive(Clone, Copy, Debug)]
pub struct Duplicates {
    /// How many.
    pub count: usize,
}

/// A submission was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// Why.
    pub refusal: &'a Refusal,
}

/// The clock jumped back: nothing is sequenced until it has caught up.
#[derive(Clone, Copy, Debug)]
pub struct ClockJumpedBack {
    /// How far it is behind the last entry.
    pub behind_ms: i64,
}

/// The clock has caught up.
#[derive(Clone, Copy, Debug)]
pub struct ClockCaughtUp;

/// A batch could not be made durable, signed, or its checkpoint kept.
#[derive(Clone, Copy, Debug)]
pub struct StorageFailed<'a> {
    /// What failed.
    pub error: &'a dyn std::error::Error,
}

/// The journal was read again after a failed write.
#[derive(Clone, Copy, Debug)]
pub struct StorageRecovered {
    /// Entries in the journal.
    pub size: u64,
    /// Entries that were thought to have failed and are there.
    pub found: u64,
}

/// The journal could not be opened again after a failed write.
#[derive(Clone, Copy, Debug)]
pub struct StorageStaysClosed<'a> {
    /// Why.
    pub error: &'a OpenError,
}

/// Entries were folded and their rows written.
#[derive(Clone, Copy, Debug)]
pub struct Projected {
    /// How many.
    pub entries: u64,
    /// How many of them had no effect.
    pub ineffective: u64,
    /// Entries in the journal that are not folded yet.
    pub lag: u64,
}

/// The access log was bound to the journal, or could not be; nothing where it had not grown.
#[derive(Clone, Copy, Debug)]
pub struct AccessAnchored<'a> {
    /// What came of it.
    pub result: &'a Result<Option<Anchored>, Refusal>,
}

/// An image of the data folder was made to take a backup from, or could not be.
#[derive(Clone, Copy, Debug)]
pub struct BackupImage<'a> {
    /// What came of it.
    pub result: &'a Result<Image, BackupError>,
    /// How long it took.
    pub took: Duration,
}

/// The projector has stopped.
#[derive(Clone, Copy, Debug)]
pub struct ProjectorStopped<'a> {
    /// Why.
    pub error: &'a ProjectError,
}

/// An agent said how it is.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat;

/// A client certificate was issued anew.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRenewed<'a> {
    /// Whose.
    pub unit: &'a UnitCode,
    /// Whether it was asked for without one, because the one before has expired.
    pub expired: bool,
}

/// The fleet was counted.
#[derive(Clone, Copy, Debug)]
pub struct FleetCounted {
    /// Enrolled agents.
    pub agents: u64,
    /// What they said.
    pub figures: Figures,
}

impl Committed {
    /// Logs and counts.
    pub fn emit(self) {
        counter!("granary_committed_entries_total").increment(self.entries as u64);
        counter!("granary_committed_payload_bytes_total").increment(self.payload_bytes as u64);
        histogram!("granary_commit_seconds").record(self.took.as_secs_f64());
        histogram!("granary_batch_entries").record(self.entries as f64);
        gauge!("granary_journal_entries").set(self.size as f64);
        gauge!("granary_queue_submissions").set(self.queued as f64);
        let now = UNIX_EPOCH.elapsed().unwrap_or_default();
        gauge!("granary_checkpoint_timestamp_seconds").set(now.as_secs_f64());
        debug!(entries = self.entries, size = self.size, took = ?self.took, "committed a batch");
    }
}

impl Duplicates {
    /// Logs and counts.
    pub fn emit(self) {
        counter!("granary_duplicates_total").increment(self.count as u64);
        debug!(
            count = self.count,
            "answered submissions that were in the journal before"
        );
    }
}

impl Refused<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        let code = self.refusal.code.word();
        counter!("granary_refused_total", "code" => code).increment(1);
        debug!(code, reason = %self.refusal.message.en, "refused a submission");
    }
}

impl ClockJumpedBack {
    /// Logs and counts.
    pub fn emit(self) {
        counter!("granary_clock_jumped_back_total").increment(1);
        gauge!("granary_clock_behind_seconds").set(self.behind_ms as f64 / 1_000.0);
        error!(
            behind_ms = self.behind_ms,
            "the clock is behind the last entry's receive time: nothing is journaled until it has caught up. Check the time service"
        );
    }
}

impl ClockCaughtUp {
    /// Logs and counts.
    pub fn emit(self) {
        gauge!("granary_clock_behind_seconds").set(0.0);
        info!("the clock has caught up; journaling goes on");
    }
}

impl StorageFailed<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        counter!("granary_storage_failed_total").increment(1);
        error!(error = %self.error, "the journal could not be written; nothing of it is acknowledged");
    }
}

impl StorageRecovered {
    /// Logs and counts.
    pub fn emit(self) {
        gauge!("granary_journal_entries").set(self.size as f64);
        warn!(
            size = self.size,
            found = self.found,
            "read the journal again after a failed write; journaling goes on"
        );
    }
}

impl StorageStaysClosed<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        counter!("granary_storage_failed_total").increment(1);
        error!(error = %self.error, "the journal cannot be opened again after a failed write; trying again at the next submission");
    }
}

impl Projected {
    /// Logs and counts.
    pub fn emit(self) {
        counter!("granary_projected_entries_total").increment(self.entries);
        counter!("granary_ineffective_entries_total").increment(self.ineffective);
        gauge!("granary_projector_lag_entries").set(self.lag as f64);
        if self.ineffective > 0 {
            warn!(
                ineffective = self.ineffective,
                "entries in the journal had no effect"
            );
        }
        debug!(entries = self.entries, lag = self.lag, "folded entries");
    }
}

impl AccessAnchored<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        match self.result {
            Ok(None) => {}
            Ok(Some(anchored)) => {
                counter!("granary_access_anchors_total").increment(1);
                info!(
                    lines = anchored.lines,
                    "bound the access log to the journal"
                );
            }
            Err(refusal) => {
                counter!("granary_access_anchor_failed_total").increment(1);
                warn!(reason = %refusal.message.en, "the access log could not be bound to the journal; it is tried again");
            }
        }
    }
}

impl BackupImage<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        match self.result {
            Ok(image) => {
                counter!("granary_backup_images_total").increment(1);
                let now = UNIX_EPOCH.elapsed().unwrap_or_default();
                gauge!("granary_backup_image_timestamp_seconds").set(now.as_secs_f64());
                info!(
                    entries = image.signed_entries, took = ?self.took, folder = %image.folder.display(),
                    "made an image for a backup"
                );
            }
            Err(error) => {
                counter!("granary_backup_image_failed_total").increment(1);
                error!(%error, "no image could be made for a backup");
            }
        }
    }
}

impl ProjectorStopped<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        gauge!("granary_projector_stopped").set(1.0);
        error!(error = %self.error, "the projector has stopped; after the next act nothing more is taken. Mend the cause and restart");
    }
}

impl Heartbeat {
    /// Counts.
    pub fn emit(self) {
        counter!("granary_heartbeats_total").increment(1);
    }
}

impl CertificateRenewed<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        let expired = if self.expired { "yes" } else { "no" };
        counter!("granary_certificate_renewals_total", "expired" => expired).increment(1);
        info!(unit = %self.unit, expired, "issued a client certificate anew");
    }
}

impl FleetCounted {
    /// Counts.
    pub fn emit(self) {
        let Figures { live, silent, .. } = self.figures;
        let unheard = self.agents.saturating_sub(live).saturating_sub(silent);
        gauge!("granary_agents", "state" => "live").set(live as f64);
        gauge!("granary_agents", "state" => "silent").set(silent as f64);
        gauge!("granary_agents", "state" => "unheard").set(unheard as f64);
        gauge!("granary_agents_spooled_records").set(self.figures.spooled_records as f64);
        gauge!("granary_agents_problems").set(self.figures.problems as f64);
        let clock_off_ms = self.figures.clock_off_ms_max as f64;
        gauge!("granary_agents_clock_off_seconds_max").set(clock_off_ms / 1_000.0);
    }
}

//! Every metric that this program has: its name, its kind and what it means. `deploy/` speaks of no others.
//!
//! Names follow Prometheus' conventions: base units (seconds, bytes), `_total` for counters, the unit last.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from 0 at a start.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often values fell below each bound.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The labels of its series.
    pub labels: &'static [&'static str],
    /// What it means, in one line.
    pub help: &'static str,
}

macro_rules! names {
    ($($name:ident $kind:ident [$($label:literal),*] $help:literal;)*) => {
        /// All of them.
        pub const NAMES: &[Name] = &[$(Name {
            name: stringify!($name),
            kind: Kind::$kind,
            labels: &[$($label),*],
            help: $help,
        }),*];
    };
}

names! {
    granary_build_info Gauge ["version"] "Always 1; the label names the program's version.";
    granary_committed_entries_total Counter [] "Entries made durable.";
    granary_committed_payload_bytes_total Counter [] "Their payloads, in bytes.";
    granary_commit_seconds Histogram [] "Write and fsync of one batch of entries.";
    granary_batch_entries Histogram [] "Entries in one batch.";
    granary_submission_seconds Histogram [] "From a submission's arrival to its answer: the wait for the queue and the batch, the write, the signature.";
    granary_duplicates_total Counter [] "Submissions that were in the journal before.";
    granary_refused_total Counter ["code"] "Submissions refused, by refusal code.";
    granary_queue_submissions Gauge [] "Submissions waiting for the sequencer.";
    granary_journal_entries Gauge [] "Entries in the journal.";
    granary_checkpoint_lag_entries Gauge [] "Entries in the journal that the newest checkpoint does not cover yet.";
    granary_checkpoint_timestamp_seconds Gauge [] "When entries last became durable under a new checkpoint, since 1970; 0 where none did since the start.";
    granary_clock_jumped_back_total Counter [] "Times that a clock stopped sequencing.";
    granary_clock_behind_seconds Gauge [] "How far the clock is behind the last entry; 0 while it is not.";
    granary_storage_failed_total Counter [] "Writes of the journal that failed.";
    granary_projected_entries_total Counter [] "Entries folded.";
    granary_ineffective_entries_total Counter [] "Entries that had no effect, which a sound program never writes.";
    granary_projector_lag_entries Gauge [] "Entries in the journal that are not folded yet.";
    granary_projector_stopped Gauge [] "1 once the projector has stopped.";
    granary_alarm Gauge [] "1 while something keeps the pipeline from working.";
    granary_slots Gauge ["state"] "Slots expected, by state at this instant; counted at most once a minute.";
    granary_findings Gauge ["severity", "status"] "Findings of edits, by severity and status; counted at most once a minute.";
    granary_keys_in_force Gauge [] "Enrolled signing keys in force.";
    granary_units_enrolled Gauge [] "Units with a signing key in force.";
    granary_heartbeats_total Counter [] "Heartbeats of agents.";
    granary_agents Gauge ["state"] "Enrolled agents: live, silent for more than five minutes, or unheard since the start.";
    granary_agents_spooled_records Gauge [] "Statements in the agents' spools, as they said last.";
    granary_agents_problems Gauge [] "Files and alarms that somebody in an office has to look at.";
    granary_agents_clock_off_seconds_max Gauge [] "The largest difference of a live agent's clock from the city's.";
    granary_certificate_renewals_total Counter ["expired"] "Client certificates issued anew, by whether the one before had expired.";
    granary_connections Gauge [] "Connections open to the gRPC listener.";
    granary_enrolments_total Counter [] "Enrolments that were answered.";
    granary_key_rotations_total Counter [] "Keys that units have rotated.";
    granary_cosignatures_total Counter [] "Cosignatures that witnesses have handed in.";
    granary_witnesses Gauge [] "Cosignatures of the most cosigned head that is kept.";
    granary_cosigned_entries Gauge [] "Entries under that head.";
    granary_access_anchors_total Counter [] "Anchors of the access log in the journal.";
    granary_access_anchor_failed_total Counter [] "Anchors that could not be set; the next one covers them.";
    granary_backup_images_total Counter [] "Images of the data folder that were made to take a backup from.";
    granary_backup_image_failed_total Counter [] "Images that could not be made.";
    granary_backup_image_timestamp_seconds Gauge [] "When the newest was made, since 1970; absent before the first since the start.";
    granary_certificate_expiry_timestamp_seconds Gauge ["certificate"] "When a certificate ends, since 1970: the server's or the authority's.";
    granary_data_free_bytes Gauge [] "Bytes free for this user on the data folder's file system.";
    granary_data_capacity_bytes Gauge [] "Bytes of the data folder's file system.";
    granary_log_requests_total Counter ["status"] "Requests to the log over HTTP, by status.";
    granary_log_response_bytes_total Counter [] "Bytes of their answers, without heads.";
    granary_log_read_failed_total Counter [] "Those that failed because the store could not be read.";
    granary_notices_sent_total Counter ["kind", "channel"] "Messages that a channel has taken.";
    granary_notices_failed_attempts_total Counter ["channel"] "Attempts that failed and will be repeated.";
    granary_notices_given_up_total Counter ["channel"] "Messages that will not be tried again.";
    granary_notices_dropped_total Counter ["reason"] "What was not told, by reason.";
    granary_notices_waiting Gauge [] "Messages that wait for their time.";
    granary_notices_outbox_failed_total Counter [] "Failures to read the slots or to write the outbox.";
    granary_trace_spans_sent_total Counter [] "Spans of traces that the collector has taken.";
    granary_trace_spans_dropped_total Counter [] "Spans of traces that were dropped: the collector was away or too slow.";
    process_resident_memory_bytes Gauge [] "Memory of the process that is in RAM.";
    process_start_time_seconds Gauge [] "When the process started, since 1970.";
}

/// Gives the recorder every metric's meaning, and begins what counts faults at 0: a series that first appears with its first
/// fault has not risen, and no alert would see it. Call once there is a recorder.
pub(super) fn describe() {
    for Name {
        name,
        kind,
        labels,
        help,
    } in NAMES
    {
        match kind {
            Kind::Counter => {
                describe_counter!(*name, *help);
                if labels.is_empty() {
                    counter!(*name).increment(0);
                }
            }
            Kind::Gauge => describe_gauge!(*name, *help),
            Kind::Histogram => describe_histogram!(*name, *help),
        }
    }
    gauge!("granary_projector_stopped").set(0.0);
    gauge!("granary_clock_behind_seconds").set(0.0);
    gauge!("granary_checkpoint_timestamp_seconds").set(0.0);
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Every name in quotes in this crate's sources, but for its tests.
    fn used(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "tests") {
                    used(&path, found);
                }
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for macro_name in ["counter!(\"", "gauge!(\"", "histogram!(\"", "gauge(\""] {
                let names = text.split(macro_name).skip(1);
                found.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }

    #[test]
    fn every_metric_is_described_and_every_described_one_is_there() {
        let mut found = BTreeSet::new();
        used(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        found.retain(|name| name.starts_with("granary_") || name.starts_with("process_"));
        let named: BTreeSet<String> = NAMES.iter().map(|name| name.name.to_owned()).collect();
        assert_eq!(named.len(), NAMES.len());
        assert_eq!(found, named);
    }
}

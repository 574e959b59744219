//! What is read when metrics are scraped, instead of counted as it happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::ControlFlow,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use granary_core::{
    code::UnitCode,
    completeness::{Filter, GroupBy},
    ledger::{FindingStatus, keys, rows::FindingRow},
};
use metrics::{counter, gauge};

use super::City;
use crate::{site::Site, tls};

/// How long counts that take a pass over all slots or findings are kept.
const COUNTS_KEPT: Duration = Duration::from_secs(60);

/// The server as it is looked at.
pub(super) struct Vitals {
    city: Arc<City>,
    site: Site,
    started_at: SystemTime,
    counted_at: Mutex<Option<Instant>>,
}

impl Vitals {
    pub(super) fn new(city: Arc<City>, site: Site) -> Self {
        Self {
            city,
            site,
            started_at: SystemTime::now(),
            counted_at: Mutex::default(),
        }
    }

    /// Looks, and sets the gauges. Blocks.
    pub(super) fn observe(&self) {
        self.pipeline();
        self.people();
        self.machine();
        let mut counted_at = self
            .counted_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if counted_at.is_none_or(|at| at.elapsed() >= COUNTS_KEPT) {
            *counted_at = Some(Instant::now());
            drop(counted_at);
            self.slots();
            self.findings();
        }
    }

    fn pipeline(&self) {
        let handle = &self.city.handle;
        let status = handle.status();
        gauge!("granary_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        gauge!("granary_journal_entries").set(status.size as f64);
        gauge!("granary_queue_submissions").set(handle.queued() as f64);
        let signed = handle.journal().head().size;
        gauge!("granary_checkpoint_lag_entries").set(status.size.saturating_sub(signed) as f64);
        let lag = status.size.saturating_sub(status.applied);
        gauge!("granary_projector_lag_entries").set(lag as f64);
        gauge!("granary_alarm").set(if status.alarm.is_some() { 1.0 } else { 0.0 });
        let spans = granary_trace::counts();
        counter!("granary_trace_spans_sent_total").absolute(spans.sent);
        counter!("granary_trace_spans_dropped_total").absolute(spans.dropped);
    }

    fn people(&self) {
        let registry = self.city.handle.registry();
        let in_force = registry
            .keys()
            .filter(|(_, key)| key.row.revoked_index.is_none());
        let units: Vec<&UnitCode> = in_force.map(|(_, key)| &key.unit).collect();
        gauge!("granary_keys_in_force").set(units.len() as f64);
        let units: BTreeSet<&UnitCode> = units.into_iter().collect();
        gauge!("granary_units_enrolled").set(units.len() as f64);
        let (entries, cosignatures) = self.city.witnesses.witnessed();
        gauge!("granary_witnesses").set(cosignatures as f64);
        gauge!("granary_cosigned_entries").set(entries as f64);
    }

    fn machine(&self) {
        for (which, path) in [
            ("server", self.site.server_certificate()),
            ("authority", self.site.authority_certificate()),
        ] {
            let pem = fs::read_to_string(path).unwrap_or_default();
            if let Some(until) = tls::ends_at_seconds(&pem) {
                gauge!("granary_certificate_expiry_timestamp_seconds", "certificate" => which)
                    .set(until as f64);
            }
        }
        if let Ok(disk) = rustix::fs::statvfs(self.site.folder()) {
            let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize) as f64;
            gauge!("granary_data_free_bytes").set(bytes(disk.f_bavail));
            gauge!("granary_data_capacity_bytes").set(bytes(disk.f_blocks));
        }
        if let Some(bytes) = resident_bytes() {
            gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
        let started = self
            .started_at
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        gauge!("process_start_time_seconds").set(started.as_secs_f64());
    }

    fn slots(&self) {
        let now_ms = self.city.clock.now_ms();
        let counts = self.city.board().map(|board| {
            let rows = board.counts(&Filter::default(), GroupBy::Nothing, now_ms);
            rows.into_iter()
                .map(|(_, counts)| counts)
                .next()
                .unwrap_or_default()
        });
        let counts = counts.unwrap_or_default();
        for (state, count) in [
            ("timely", counts.timely),
            ("late", counts.late),
            ("missing", counts.missing),
            ("exempt", counts.exempt),
            ("pending", counts.pending),
        ] {
            gauge!("granary_slots", "state" => state).set(count as f64);
        }
    }

    fn findings(&self) {
        const STATUSES: [(FindingStatus, &str); 4] = [
            (FindingStatus::Open, "open"),
            (FindingStatus::Explained, "explained"),
            (FindingStatus::Accepted, "accepted"),
            (FindingStatus::Corrected, "corrected"),
        ];
        let mut counts: BTreeMap<(bool, i32), u64> = BTreeMap::new();
        let prefix = keys::table(keys::Table::Finding);
        let scanned = self
            .city
            .handle
            .derived()
            .scan_from(&prefix, &prefix, &mut |_, value| {
                // A row that cannot be read is told of by whoever lists it.
                if let Ok(row) = FindingRow::decode_row(value) {
                    *counts
                        .entry((row.failure.validity, row.status))
                        .or_default() += 1;
                }
                ControlFlow::Continue(())
            });
        if scanned.is_err() {
            return;
        }
        for (validity, severity) in [(true, "validity"), (false, "quality")] {
            for (status, word) in STATUSES {
                let count = counts
                    .get(&(validity, status.number()))
                    .copied()
                    .unwrap_or(0);
                gauge!("granary_findings", "severity" => severity, "status" => word)
                    .set(count as f64);
            }
        }
    }
}

/// Pages of the process in RAM, where the operating system says so (Linux).
fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string(PathBuf::from("/proc/self/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

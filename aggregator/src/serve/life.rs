//! What has happened to one slot: its row, every submission, its findings and its current snapshot.

use granary_core::{
    ledger::{LogIndex, history::Vintage, rows::SlotRow},
    snapshot::{SlotKey, Snapshot},
};
use granary_proto::v1;

use super::{City, failure::Failure, findings, history, slots::PAGE_MAX};

/// The life of a slot, as far as its reader may know it.
pub(super) struct Life {
    pub(super) row: SlotRow,
    /// Every submission, the newest first.
    pub(super) vintages: Vec<Vintage>,
    /// Empty for whoever may not read them.
    pub(super) findings: Vec<v1::Finding>,
    /// Absent for whoever may not read it.
    pub(super) current: Option<Snapshot>,
}

impl Life {
    /// Reads it, with findings and figures or without.
    pub(super) fn read(
        city: &City,
        slot: &SlotKey,
        with_findings: bool,
        with_figures: bool,
    ) -> Result<Self, Failure> {
        let row = history::slot_row(city, slot)?.unwrap_or_default();
        let mut vintages = history::vintages(city, slot)?;
        vintages.reverse();
        let filter = v1::SlotFilter {
            units: vec![slot.unit.to_string()],
            datasets: vec![slot.dataset.to_string()],
            periods: vec![slot.period.to_string()],
        };
        let request = v1::ListFindingsRequest {
            filter: Some(filter),
            page_size: PAGE_MAX,
            ..Default::default()
        };
        let findings = if with_findings {
            findings::list(city, request)?.findings
        } else {
            Vec::new()
        };
        let current = row
            .current
            .as_ref()
            .filter(|_| with_figures)
            .map(|current| history::snapshot(city, LogIndex(current.index)));
        Ok(Self {
            current: current.transpose()?,
            row,
            vintages,
            findings,
        })
    }
}

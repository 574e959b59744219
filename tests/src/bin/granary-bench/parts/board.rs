//! A board filled without a journal: what the parts that count slots look at.
//!
//! Of twenty slots of a sheet two are missing, two late, one was returned before it was accepted, one was revised, one has an open finding
//! and one repeats its figures every period; the rest are plain.

use std::sync::Arc;

use granary_core::{
    catalogue::Catalogue,
    code::EditId,
    completeness::Board,
    ledger::{
        Facts, FindingStatus, Life, LogIndex, Outcome, View, ViewError, Vintage, Visit, keys,
    },
    period::Period,
    snapshot::SlotKey,
};

use crate::{city::catalogue::Shape, context};

/// 1 city, 25 districts, 2,975 counties are 3,001 units; 20 monthly datasets, ten years of months.
pub(super) const SHAPE: Shape = Shape {
    districts: 25,
    counties: 119,
    datasets: 20,
    indicators: 1,
    periods: 120,
    edits: false,
};
/// Beyond the last deadline, so that every slot is due.
pub(super) const AS_OF_MS: i64 = 1_800_000_000_000;

/// What has happened to one slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// When first accepted; [`i64::MAX`] where it never was.
    pub(super) accepted_at_ms: i64,
    pub(super) figures: u64,
    pub(super) returned: bool,
    revised: bool,
    questioned: bool,
}

/// What happens to the slot of a unit in a period, both counted from 0.
pub(super) fn plan(unit: usize, period: usize, due_at_ms: i64) -> Plan {
    let kind = (unit + period) % 20;
    let accepted_at_ms = match kind {
        0 | 1 => i64::MAX,
        2 | 3 => due_at_ms + 3_600_000,
        _ => due_at_ms - 3_600_000,
    };
    let of_period = if unit % 20 == 7 { 0 } else { period };
    let seed = (unit as u64) << 32 | of_period as u64;
    Plan {
        accepted_at_ms,
        figures: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        returned: kind == 4,
        revised: kind == 5,
        questioned: kind == 6,
    }
}

/// A board of these periods.
pub(super) fn filled(catalogue: &Arc<Catalogue>, periods: &[Period]) -> context::Outcome<Board> {
    let mut board = Board::load(&Nothing, Arc::clone(catalogue))?;
    let edit = EditId::new("GRANARY.MISSING")?;
    for dataset in catalogue.datasets() {
        for (number, period) in periods.iter().enumerate() {
            let due = dataset.due_at_ms(*period);
            let due_at_ms = due.ok_or("a period without a deadline")?;
            for (at, unit) in catalogue.units().iter().enumerate() {
                let plan = plan(at, number, due_at_ms);
                let slot = SlotKey::new(unit.code().clone(), dataset.code().clone(), *period);
                put(&mut board, &slot, plan, &edit);
            }
        }
    }
    Ok(board)
}

fn put(board: &mut Board, slot: &SlotKey, plan: Plan, edit: &EditId) {
    if plan.accepted_at_ms == i64::MAX {
        return;
    }
    let vintage = |outcome, received_at_ms| Vintage {
        received_at_ms,
        outcome,
        facts: Facts {
            required_filled: 1,
            required_asked: 1,
            figures: plan.figures,
            ..Facts::default()
        },
        revisions: None,
    };
    if plan.returned {
        board.add_vintage(slot, vintage(Outcome::Returned, plan.accepted_at_ms - 1));
    }
    board.add_vintage(slot, vintage(Outcome::Accepted, plan.accepted_at_ms));
    if plan.revised {
        board.add_vintage(slot, vintage(Outcome::Accepted, plan.accepted_at_ms + 1));
    }
    if plan.questioned {
        let life = Life {
            validity: false,
            steps: [(plan.accepted_at_ms, FindingStatus::Open)].into(),
        };
        // The key is made here, and sound.
        let _ = board.set_finding(&keys::finding(slot, edit, None), life);
    }
}

/// Derived state without a row.
struct Nothing;

impl View for Nothing {
    fn row(&self, _: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn scan(&self, _: &[u8], _: &mut Visit<'_>) -> Result<(), ViewError> {
        Ok(())
    }

    fn payload(&self, _: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }
}

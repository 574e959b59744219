//! The open slots of a city, the most endangered first.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    bulletin::{Named, RiskLine},
    catalogue::{Catalogue, DatasetIndex, UnitIndex},
    completeness::{Board, Filter, Passage, SlotState},
    period::Period,
};

use super::{
    history::{Kept, Models, number},
    model::Chance,
    percent, words,
};

/// Which open slots are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of which units, datasets and periods.
    pub filter: Filter,
    /// Only slots whose chance to be late is at least so many per cent.
    pub chance_percent_min: u32,
    /// Whether slots are listed that are late already: due, and not accepted.
    pub overdue: bool,
    /// The most lines.
    pub lines_max: usize,
}

/// The open slots that were wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risks {
    /// The most endangered first, then by due instant, dataset, period, unit.
    pub lines: Vec<RiskLine>,
    /// How many were wanted; more than there are lines where these are cut.
    pub wanted: u64,
    /// Slots that are not due yet.
    pub pending: u64,
    /// Slots that are late already; 0 where they were not asked for.
    pub overdue: u64,
    /// Pending slots of datasets of which no slot is over yet, so that nothing is known.
    pub unknown: u64,
    /// The highest chance to be late of each unit that has a slot among those wanted, in tenths of a per cent.
    pub by_unit: BTreeMap<UnitIndex, u32>,
}

/// A slot with its chance, in the order in which slots are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Open {
    /// Thousandths that are missing to certainty, so that the most endangered come first.
    safe_milli: u32,
    /// When it was due, with extensions and the grace.
    timely_until_ms: i64,
    dataset: DatasetIndex,
    period: Period,
    unit: UnitIndex,
    overdue: bool,
    returned: bool,
}

impl Open {
    /// The chance to be late, in tenths of a per cent; certainty where it is late already.
    const fn late_milli(&self) -> u32 {
        1_000_u32.saturating_sub(self.safe_milli)
    }
}

/// Lists open slots as of an instant.
#[must_use]
pub fn risks(board: &Board, models: &mut Models, wanted: &Wanted, as_of_ms: i64) -> Risks {
    let mut risks = Risks::default();
    let mut found: Vec<Open> = Vec::new();
    let mut used: BTreeMap<DatasetIndex, Arc<Kept>> = BTreeMap::new();
    let selected = Selected::of(board, &wanted.filter);
    for (dataset, period) in board.places(&wanted.filter, as_of_ms) {
        let described = board.catalogue().dataset_at(dataset);
        let until_ms = described.instants(period).timely_until_ms();
        let is_over = until_ms.is_some_and(|until_ms| until_ms < as_of_ms);
        if is_over && !wanted.overdue && !board.has_acts(dataset, period) {
            continue;
        }
        let kept = used
            .entry(dataset)
            .or_insert_with(|| models.model(board, dataset, as_of_ms));
        for passage in board.passages(dataset, period) {
            if selected.holds(board, passage.unit, period) {
                let at = (dataset, period, as_of_ms);
                found.extend(look(kept, &passage, at, wanted, &mut risks));
            }
        }
    }
    risks.wanted = found.len() as u64;
    for open in &found {
        let highest = risks.by_unit.entry(open.unit).or_default();
        *highest = (*highest).max(open.late_milli());
    }
    found.sort_unstable();
    found.truncate(wanted.lines_max);
    let lines = found.iter().filter_map(|open| {
        let kept = used.get(&open.dataset)?;
        Some(line(board.catalogue(), kept, open, as_of_ms))
    });
    risks.lines = lines.collect();
    risks
}

/// Judges one slot, counts it, and gives it where it is wanted.
fn look(
    kept: &Kept,
    passage: &Passage<'_>,
    (dataset, period, as_of_ms): (DatasetIndex, Period, i64),
    wanted: &Wanted,
    risks: &mut Risks,
) -> Option<Open> {
    let overdue = match passage.state(as_of_ms) {
        SlotState::Timely | SlotState::Late | SlotState::Exempt => return None,
        SlotState::Missing => true,
        SlotState::Pending => false,
    };
    let mut open = Open {
        safe_milli: 0,
        timely_until_ms: passage.timely_until_ms(as_of_ms),
        dataset,
        period,
        unit: passage.unit,
        overdue,
        returned: is_returned(passage, as_of_ms),
    };
    if overdue {
        risks.overdue += u64::from(wanted.overdue);
        return wanted.overdue.then_some(open);
    }
    risks.pending += 1;
    let lead_ms = open.timely_until_ms.saturating_sub(as_of_ms);
    let late = kept.model.late(number(passage), lead_ms, open.returned);
    let Some(late) = late else {
        risks.unknown += 1;
        return None;
    };
    let late_milli = libm::round(late * 1_000.0) as u32;
    open.safe_milli = 1_000_u32.saturating_sub(late_milli);
    (late_milli >= wanted.chance_percent_min.saturating_mul(10)).then_some(open)
}

/// Whether a report had come by an instant and was returned.
pub(super) fn is_returned(passage: &Passage<'_>, as_of_ms: i64) -> bool {
    passage
        .returned_at_ms
        .is_some_and(|at_ms| at_ms <= as_of_ms)
}

fn chance(kept: &Kept, open: &Open, as_of_ms: i64) -> Option<Chance> {
    let unit = u32::try_from(open.unit.get()).ok()?;
    let lead_ms = open.timely_until_ms.saturating_sub(as_of_ms);
    kept.model.chance(unit, lead_ms, open.returned)
}

fn line(catalogue: &Catalogue, kept: &Kept, open: &Open, as_of_ms: i64) -> RiskLine {
    let unit = catalogue.unit_at(open.unit);
    let dataset = catalogue.dataset_at(open.dataset);
    let grace_ms = dataset.terms(open.period).grace_ms();
    let chance = chance(kept, open, as_of_ms);
    let standing = chance.map(|chance| chance.standing).unwrap_or_default();
    let arrived = chance.and_then(|chance| chance.arrived);
    let reason = match chance {
        Some(chance) if !open.overdue => words::reason(&chance),
        Some(_) | None => words::overdue(standing),
    };
    let milli = open.late_milli();
    RiskLine {
        unit: Named::new(unit.code(), unit.name()),
        dataset: Named::new(dataset.code(), dataset.name()),
        period: open.period.to_string(),
        due_at_ms: open.timely_until_ms.saturating_sub(grace_ms),
        chance_percent: format!("{}.{}", milli / 10, milli % 10),
        known: standing.known,
        late: standing.late,
        arrived_by_now_percent: arrived.map(percent).unwrap_or_default(),
        reason: (&reason).into(),
    }
}

/// The units of a filter, by index, and under which one they have to stand.
pub(super) struct Selected(Vec<bool>, Option<UnitIndex>);

impl Selected {
    pub(super) fn of(board: &Board, filter: &Filter) -> Self {
        let mut chosen = vec![false; board.catalogue().units().len()];
        for unit in board.selected_units(filter) {
            chosen[unit.get()] = true;
        }
        Self(chosen, board.top(filter))
    }

    pub(super) fn holds(&self, board: &Board, unit: UnitIndex, period: Period) -> bool {
        let within = |top| board.catalogue().is_within(unit, top, period);
        self.0[unit.get()] && self.1.is_none_or(within)
    }
}

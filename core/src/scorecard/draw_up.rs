//! Drawing up a league table from what is known at an instant: the board's tallies, and the figures behind targets.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use crate::{
    bulletin::League,
    catalogue::{Catalogue, Scorecard, Scoring},
    code::UnitCode,
    completeness::{Board, Filter, GroupBy, Imported, SlotAt},
    decimal::Decimal,
    ledger::{
        FoldError, Life, View,
        keys::{self, Table},
        rows::FindingRow,
    },
    measures::tallies,
    period::{Period, Periodicity},
    snapshot::SlotKey,
    targets::{self, Figures, Progress, Scope},
};

use super::{
    FindingNote, Marks, ScoreExplanation, SlotMarks, Subject,
    explain::{Slots, explain},
    league,
};

/// What is known at an instant.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// The states and facts of all slots, laid out by the catalogue in force.
    pub board: &'k Board,
    /// The rows and payloads, for figures and findings.
    pub view: &'k dyn View,
    /// The instant, in milliseconds since 1970-01-01 UTC.
    pub as_of_ms: i64,
}

/// The league table of a period, with movement against the period before, both as known at the instant.
///
/// # Errors
/// [`FoldError`] where a row or payload is damaged, or the store cannot be read.
pub fn draw_up(
    known: Known<'_>,
    scorecard: &Scorecard,
    period: Period,
) -> Result<League, FoldError> {
    let catalogue = known.board.catalogue();
    let table = |period, before: Option<&League>| {
        let marks = known.marks(scorecard, period)?;
        Ok::<_, FoldError>(league(catalogue, scorecard, period, &marks, before))
    };
    let before = period
        .plus(-1)
        .map(|before| table(before, None))
        .transpose()?;
    let before = before.filter(|league| !league.standings.is_empty());
    table(period, before.as_ref())
}

/// The account of one unit's score in a table that [`draw_up`] gave for the same instant; none where the unit does not stand in it.
///
/// # Errors
/// As [`draw_up`].
pub fn account(
    known: Known<'_>,
    scorecard: &Scorecard,
    period: Period,
    unit: &UnitCode,
    table: &League,
) -> Result<Option<ScoreExplanation>, FoldError> {
    let standing = table
        .standings
        .iter()
        .find(|s| s.unit.code == unit.as_str());
    let Some(standing) = standing else {
        return Ok(None);
    };
    let slots = known.slots(scorecard, period, unit)?;
    let progress = known.progress(scorecard, period, Some(unit))?;
    let catalogue = known.board.catalogue();
    let slots = Slots {
        slots: &slots,
        targets: &progress
            .iter()
            .map(|p| p.line(catalogue))
            .collect::<Vec<_>>(),
        progress: targets::attainment(progress.iter()),
    };
    let subject = Subject {
        catalogue,
        scorecard,
        period,
    };
    Ok(Some(explain(subject, slots, standing.clone())))
}

/// A period's last day. No period ends before the calendar begins.
fn last_day(period: Period) -> jiff::civil::Date {
    let after = period.day_after();
    after.yesterday().unwrap_or(after)
}

impl Known<'_> {
    /// What was measured of every unit of which the roster expects a slot.
    fn marks(
        &self,
        scorecard: &Scorecard,
        period: Period,
    ) -> Result<BTreeMap<UnitCode, Marks>, FoldError> {
        let filter = filter(self.board.catalogue(), scorecard, period);
        // An empty filter would mean everything.
        if filter.periods.is_empty() || filter.units.is_empty() {
            return Ok(BTreeMap::new());
        }
        let progress = self.progress(scorecard, period, None)?;
        let mut by_unit: BTreeMap<&UnitCode, Vec<&Progress<'_>>> = BTreeMap::new();
        for one in &progress {
            by_unit.entry(&one.target().unit).or_default().push(one);
        }
        let attained = |unit: &UnitCode| -> Option<Decimal> {
            targets::attainment(by_unit.get(unit)?.iter().copied())
        };
        let counted = tallies(self.board, &filter, GroupBy::Unit, self.as_of_ms);
        let marks = counted.into_iter().filter_map(|(group, tally)| {
            let unit = group.unit?;
            let marks = Marks::of(&tally, attained(&unit));
            Some((unit, marks))
        });
        Ok(marks.collect())
    }

    /// The progress towards the targets that a scorecard looks at; none where it looks at none.
    fn progress(
        &self,
        scorecard: &Scorecard,
        period: Period,
        unit: Option<&UnitCode>,
    ) -> Result<Vec<Progress<'_>>, FoldError> {
        let mut components = scorecard.components().iter();
        if !components.any(|component| component.scoring == Scoring::TargetProgress) {
            return Ok(Vec::new());
        }
        let scope = Scope {
            year: period.year(),
            filter: Filter {
                units: unit.into_iter().cloned().collect(),
                datasets: scorecard.datasets().clone(),
                ..Filter::default()
            },
            department: None,
            last_day: Some(last_day(period)),
        };
        let mut figures = Figures::new(self.view, self.as_of_ms);
        targets::progress(
            self.board.catalogue(),
            &scope,
            &mut |unit, dataset, period, code| figures.value(unit, dataset, period, code),
        )
    }

    /// One unit's slots with their tallies and findings.
    fn slots(
        &self,
        scorecard: &Scorecard,
        period: Period,
        unit: &UnitCode,
    ) -> Result<Vec<SlotMarks>, FoldError> {
        let mut filter = filter(self.board.catalogue(), scorecard, period);
        filter.units = BTreeSet::from([unit.clone()]);
        let all = BTreeSet::new();
        let found = self
            .board
            .slots(&filter, &all, self.as_of_ms, None, usize::MAX);
        let states: BTreeMap<SlotKey, SlotAt> =
            found.into_iter().map(|at| (at.slot.clone(), at)).collect();
        let counted = tallies(self.board, &filter, GroupBy::DatasetPeriod, self.as_of_ms);
        let mut slots = Vec::new();
        for (group, tally) in counted {
            let Some((dataset, period)) = group.dataset.zip(group.period) else {
                continue;
            };
            let slot = SlotKey::new(unit.clone(), dataset, period);
            if let Some(at) = states.get(&slot) {
                let findings = self.findings(&slot)?;
                slots.push(SlotMarks {
                    slot,
                    state: at.state,
                    tally,
                    findings,
                });
            }
        }
        Ok(slots)
    }

    /// The findings of quality edits on a slot, as they stood at the instant.
    fn findings(&self, slot: &SlotKey) -> Result<Vec<FindingNote>, FoldError> {
        let mut rows: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let prefix = keys::slot(Table::Finding, slot);
        self.view.scan(&prefix, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })?;
        let damaged = || FoldError::Row(format!("a finding of {slot}"));
        let mut notes = Vec::new();
        for (key, value) in rows {
            let (_, edit, item) = keys::parse_finding(&key).ok_or_else(damaged)?;
            let row = FindingRow::decode_row(&value).map_err(|_| damaged())?;
            let life = Life::of(&row).map_err(|_| damaged())?;
            let status = life.status(self.as_of_ms).filter(|_| !life.validity);
            if let Some((status, opened)) = status.zip(row.life.first()) {
                notes.push(FindingNote {
                    edit: edit.to_string(),
                    item: item.map(|item| item.to_string()),
                    status: status.number(),
                    opened_index: opened.index,
                });
            }
        }
        Ok(notes)
    }
}

/// The slots that count for a scorecard's period.
fn filter(catalogue: &Catalogue, scorecard: &Scorecard, period: Period) -> Filter {
    let datasets = scorecard.datasets().iter();
    let own = datasets.filter_map(|code| catalogue.dataset(code));
    let periodicities: BTreeSet<Periodicity> = own.map(|dataset| dataset.periodicity()).collect();
    let periods = periodicities
        .into_iter()
        .flat_map(|own| period.ending_within(own));
    let imported = if scorecard.imported() {
        Imported::Counted
    } else {
        Imported::Apart
    };
    Filter {
        units: scorecard.units().clone(),
        datasets: scorecard.datasets().clone(),
        periods: periods.collect(),
        imported,
        ..Filter::default()
    }
}

//! How a deadline day stands: what is due, who has reported, who is late or likely to be, what came back, whom to ring. Both *Today* and the
//! wall are drawn from it; every count and chance comes from the functions that answer gRPC.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Catalogue, DatasetIndex, UnitIndex},
    code::DatasetCode,
    completeness::{Board, Open, OpenSlot},
    forecast::{Risks, Wanted},
    ledger::history,
    period::Period,
};
use granary_proto::v1;

use crate::serve::{
    console::{
        problem::Problem,
        scope::{Scope, Sight},
    },
    forecast, monitoring, slots,
};

/// Which deadlines are told: those that passed so long ago at most, and those that come within so long, in milliseconds.
const BEFORE_MS: i64 = 7 * 24 * 3_600_000;
const AHEAD_MS: i64 = 14 * 24 * 3_600_000;
/// Periods of each dataset that are looked through for those.
const PERIODS_MAX: usize = 400;
/// Lines of each list in a file or in an answer of the API.
pub(in crate::serve) const LINES_MAX: usize = 5_000;
/// From which chance to be late a slot is told as endangered, in per cent.
pub(in crate::serve) const RISK_PERCENT: u32 = 50;
/// Sheets whose usual arrivals are told beside them.
const CURVES_MAX: usize = 8;
/// For how long after a deadline they still are, in milliseconds.
const CURVE_AFTER_MS: i64 = 24 * 3_600_000;

/// One dataset and period that is due about now.
pub(in crate::serve) struct Sheet {
    pub(in crate::serve) dataset: String,
    pub(in crate::serve) period: Period,
    pub(in crate::serve) due_at_ms: i64,
    pub(in crate::serve) counts: v1::StateCounts,
    /// How many usually have arrived by when, and how many had; for whoever sees all units, of the next deadlines.
    pub(in crate::serve) arrivals: Option<v1::GetArrivalsResponse>,
}

/// Why a unit is to be rung.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Reasons {
    pub(in crate::serve) late: u64,
    pub(in crate::serve) returned: u64,
    pub(in crate::serve) open: u64,
    /// The highest chance to be late, in tenths of a per cent.
    pub(in crate::serve) chance_milli: i64,
}

/// How many there are, and the first of them.
pub(in crate::serve) struct Listed<T> {
    pub(in crate::serve) all: u64,
    pub(in crate::serve) lines: Vec<T>,
}

impl<T> Listed<T> {
    /// How many are not among the lines.
    pub(in crate::serve) const fn cut(&self) -> u64 {
        self.all.saturating_sub(self.lines.len() as u64)
    }
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            all: 0,
            lines: Vec::new(),
        }
    }
}

/// All of it.
#[derive(Default)]
pub(in crate::serve) struct Summary {
    /// By deadline.
    pub(in crate::serve) sheets: Vec<Sheet>,
    /// The longest overdue first.
    pub(in crate::serve) late: Listed<v1::Slot>,
    /// By deadline.
    pub(in crate::serve) returned: Listed<v1::Slot>,
    /// The most endangered first.
    pub(in crate::serve) risks: Listed<v1::RiskLine>,
    /// Findings that nobody has answered.
    pub(in crate::serve) open: u64,
    /// By unit, the most urgent first.
    pub(in crate::serve) calls: Vec<(String, Reasons)>,
}

impl Summary {
    /// As things stand at the instant, for the part of the tree, with so many lines of each list at the most. All are counted.
    pub(in crate::serve) fn of(sight: &Sight<'_>, lines_max: usize) -> Result<Self, Problem> {
        let places = places(sight);
        let Some(board) = sight.city.board().filter(|_| !places.is_empty()) else {
            return Ok(Self::default());
        };
        let asked = filter(sight, &places)?;
        let mut sheets = counted(sight, &asked, places)?;
        tell_arrivals(sight, &mut sheets)?;
        let filter = monitoring::filter(Some(asked))?;
        let open = board.open(&filter, &told(&board, &sheets), sight.now_ms);
        let wanted = Wanted {
            filter,
            chance_percent_min: RISK_PERCENT,
            overdue: false,
            lines_max,
        };
        let risks = forecast::at_risk(sight.city, &wanted, sight.now_ms);
        let lines = risks.lines.iter().map(forecast::on_the_wire);
        Ok(Self {
            calls: calls(board.catalogue(), &open, &risks),
            sheets,
            late: listed(sight, &board, &open.late, lines_max)?,
            returned: listed(sight, &board, &open.returned, lines_max)?,
            risks: Listed {
                all: risks.wanted,
                lines: lines.collect::<Result<_, _>>()?,
            },
            open: open.unexplained.values().sum(),
        })
    }

    /// The sheets that the day is about: those due on it, else the next that come, else the last that passed.
    pub(in crate::serve::console) fn of_the_day(
        &self,
        frame: &crate::serve::console::view::Frame<'_>,
    ) -> Vec<&Sheet> {
        let now_ms = frame.visitor.now_ms;
        let today = frame.day(now_ms);
        let on = |day| {
            self.sheets
                .iter()
                .filter(move |sheet| frame.day(sheet.due_at_ms) == day)
                .collect::<Vec<_>>()
        };
        let due = on(today);
        if !due.is_empty() {
            return due;
        }
        let next = self
            .sheets
            .iter()
            .filter(|sheet| sheet.due_at_ms > now_ms)
            .min_by_key(|sheet| sheet.due_at_ms);
        let near = next.or_else(|| self.sheets.iter().max_by_key(|sheet| sheet.due_at_ms));
        near.map_or_else(Vec::new, |sheet| on(frame.day(sheet.due_at_ms)))
    }
}

/// Adds counts up.
pub(super) fn total(sheets: &[&Sheet]) -> v1::StateCounts {
    let mut total = v1::StateCounts::default();
    for sheet in sheets {
        add(&mut total, &sheet.counts);
    }
    total
}

/// Adds counts to others.
pub(super) const fn add(total: &mut v1::StateCounts, counts: &v1::StateCounts) {
    total.expected += counts.expected;
    total.timely += counts.timely;
    total.late += counts.late;
    total.missing += counts.missing;
    total.exempt += counts.exempt;
    total.pending += counts.pending;
}

/// The datasets and periods that are due about now.
fn places(sight: &Sight<'_>) -> Vec<(String, Period, i64)> {
    let now_ms = sight.now_ms;
    let mut places = Vec::new();
    for dataset in sight.catalogue.datasets() {
        let begun: Vec<Period> = history::periods(dataset, None, None, now_ms).collect();
        for period in begun
            .into_iter()
            .rev()
            .take(PERIODS_MAX)
            .filter(|period| dataset.covers(*period))
        {
            match dataset.due_at_ms(period) {
                Some(due) if (now_ms - BEFORE_MS..=now_ms + AHEAD_MS).contains(&due) => {
                    places.push((dataset.code().to_string(), period, due));
                }
                Some(due) if due < now_ms - BEFORE_MS => break,
                Some(_) | None => {}
            }
        }
    }
    places.sort_by_key(|(_, _, due)| *due);
    places
}

fn filter(sight: &Sight<'_>, places: &[(String, Period, i64)]) -> Result<v1::SlotFilter, Problem> {
    let datasets: BTreeSet<String> = places
        .iter()
        .map(|(dataset, _, _)| dataset.clone())
        .collect();
    let periods: BTreeSet<String> = places
        .iter()
        .map(|(_, period, _)| period.to_string())
        .collect();
    let (datasets, periods) = (
        datasets.into_iter().collect(),
        periods.into_iter().collect(),
    );
    sight.scope.filter(sight.catalogue, None, datasets, periods)
}

fn counted(
    sight: &Sight<'_>,
    filter: &v1::SlotFilter,
    places: Vec<(String, Period, i64)>,
) -> Result<Vec<Sheet>, Problem> {
    let request = v1::GetCompletenessRequest {
        filter: Some(filter.clone()),
        group_by: v1::GroupBy::DatasetPeriod.into(),
        as_of_ms: sight.now_ms,
        ..Default::default()
    };
    let rows = slots::completeness(sight.city, request)?.rows;
    let rows = rows
        .into_iter()
        .map(|row| ((row.dataset, row.period), row.counts.unwrap_or_default()));
    let mut counts: BTreeMap<(String, String), v1::StateCounts> = rows.collect();
    let sheet = |(dataset, period, due_at_ms): (String, Period, i64)| {
        let counts = counts.remove(&(dataset.clone(), period.to_string()))?;
        (counts.expected > 0).then_some(Sheet {
            dataset,
            period,
            due_at_ms,
            counts,
            arrivals: None,
        })
    };
    Ok(places.into_iter().filter_map(sheet).collect())
}

/// Only for whoever sees all units: the expectation is one of the whole city.
fn tell_arrivals(sight: &Sight<'_>, sheets: &mut [Sheet]) -> Result<(), Problem> {
    if !matches!(sight.scope, Scope::Everywhere) {
        return Ok(());
    }
    let is_near = |sheet: &&mut Sheet| sheet.due_at_ms > sight.now_ms - CURVE_AFTER_MS;
    for sheet in sheets.iter_mut().filter(is_near).take(CURVES_MAX) {
        let request = v1::GetArrivalsRequest {
            dataset: sheet.dataset.clone(),
            period: sheet.period.to_string(),
            as_of_ms: sight.now_ms,
        };
        sheet.arrivals = Some(forecast::arrivals(sight.city, &request)?);
    }
    Ok(())
}

/// The sheets by their places on the board.
fn told(board: &Board, sheets: &[Sheet]) -> BTreeSet<(DatasetIndex, Period)> {
    let place = |sheet: &Sheet| {
        let code = DatasetCode::new(&sheet.dataset).ok()?;
        Some((board.catalogue().dataset_index(&code)?, sheet.period))
    };
    sheets.iter().filter_map(place).collect()
}

fn listed(
    sight: &Sight<'_>,
    board: &Board,
    open: &[OpenSlot],
    lines_max: usize,
) -> Result<Listed<v1::Slot>, Problem> {
    let catalogue = board.catalogue();
    let detail =
        |slot: &OpenSlot| slots::detail(sight.city, catalogue, slot.at(catalogue), sight.now_ms);
    let lines = open.iter().take(lines_max).map(detail);
    Ok(Listed {
        all: open.len() as u64,
        lines: lines.collect::<Result<_, _>>()?,
    })
}

/// Late weighs more than returned, that more than likely to be late, that more than an open finding.
fn calls(catalogue: &Catalogue, open: &Open, risks: &Risks) -> Vec<(String, Reasons)> {
    let mut units: BTreeMap<UnitIndex, Reasons> = BTreeMap::new();
    for slot in &open.late {
        units.entry(slot.unit).or_default().late += 1;
    }
    for slot in &open.returned {
        units.entry(slot.unit).or_default().returned += 1;
    }
    for (unit, findings) in &open.unexplained {
        units.entry(*unit).or_default().open = *findings;
    }
    for (unit, chance_milli) in &risks.by_unit {
        units.entry(*unit).or_default().chance_milli = i64::from(*chance_milli);
    }
    let code = |unit: UnitIndex| catalogue.unit_at(unit).code().to_string();
    let calls = units.into_iter();
    let mut calls: Vec<(String, Reasons)> =
        calls.map(|(unit, reasons)| (code(unit), reasons)).collect();
    calls.sort_by_cached_key(|(unit, reasons)| {
        let urgency = (
            reasons.late,
            reasons.returned,
            reasons.chance_milli,
            reasons.open,
        );
        (std::cmp::Reverse(urgency), unit.clone())
    });
    calls
}

impl Sheet {
    /// How many usually have arrived by now; empty where that is not known, or the deadline is over.
    pub(in crate::serve) fn usual(&self, now_ms: i64) -> &str {
        let arrivals = self.arrivals.as_ref().filter(|_| self.due_at_ms > now_ms);
        let now = arrivals.and_then(|arrivals| arrivals.now.as_ref());
        now.map_or("", |now| &now.expected)
    }
}

/// A decimal with one place, in tenths; 0 where it is none.
pub(super) fn tenths(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap_or(0)
}

//! How a deadline day stands: what is due, who has reported, who is late or likely to be, what came back, whom to ring. Both *Today* and the
//! wall are drawn from it; every count and chance comes from the functions that answer gRPC.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Catalogue, DatasetIndex, UnitIndex},
    code::UnitCode,
    completeness::{Board, Filter, Open, OpenSlot},
    forecast::{Risks, Wanted},
    ledger::history,
    period::Period,
};
use granary_proto::v1;
use jiff::{Timestamp, civil::Date};

use crate::serve::{
    console::{
        problem::Problem,
        scope::{Scope, Sight},
    },
    fleet, forecast, monitoring, slots,
};

/// Which deadlines are told: those that passed so long ago at most, and those that come within so long, in milliseconds.
const BEFORE_MS: i64 = 7 * DAY_MS;
const AHEAD_MS: i64 = 14 * DAY_MS;
/// For how many days after its deadline a slot that is missing, or that came back, is told.
pub(in crate::serve) const LATE_DAYS: i64 = 60;
const DAY_MS: i64 = 24 * 3_600_000;
/// Periods of each dataset that are looked through for those.
const PERIODS_MAX: usize = 400;
/// Lines of each list in a file or in an answer of the API.
pub(in crate::serve) const LINES_MAX: usize = 5_000;
/// From which chance to be late a slot is told as endangered, in per cent.
pub(in crate::serve) const RISK_PERCENT: u32 = 50;
/// Agents that are listed.
const AGENTS_MAX: u32 = 10_000;
/// Sheets whose usual arrivals are told beside them.
const CURVES_MAX: usize = 8;

/// One deadline about now: the slots of a dataset and period that are due on a day, extensions counted in.
pub(in crate::serve) struct Sheet {
    pub(in crate::serve) dataset: String,
    pub(in crate::serve) period: Period,
    /// The first instant of the day at which one is due.
    pub(in crate::serve) due_at_ms: i64,
    /// Whether that is not when the rule says, but until when it was extended.
    pub(in crate::serve) is_extended: bool,
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
    /// Whether its agent is silent before a deadline: until that is mended no report comes.
    pub(in crate::serve) is_silent: bool,
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
    /// Findings that nobody has answered, whatever their period.
    pub(in crate::serve) open: u64,
    /// Those of the part of the tree.
    pub(in crate::serve) agents: v1::ListAgentsResponse,
    /// By unit, the most urgent first.
    pub(in crate::serve) calls: Vec<(String, Reasons)>,
}

impl Summary {
    /// As things stand at the instant, for the part of the tree, with so many lines of each list at the most. All are counted.
    pub(in crate::serve) fn of(sight: &Sight<'_>, lines_max: usize) -> Result<Self, Problem> {
        let Some(board) = sight.city.board() else {
            return Ok(Self::default());
        };
        let places = places(sight, &board);
        let filter = filter(sight, &places)?;
        let open = board.open(&filter, &places, sight.now_ms);
        let mut sheets = sheets(sight, &board, &open);
        tell_arrivals(sight, &mut sheets)?;
        let unexplained = board.unexplained(&filter, sight.now_ms);
        let wanted = Wanted {
            filter,
            chance_percent_min: RISK_PERCENT,
            overdue: false,
            lines_max,
        };
        let risks = match places.is_empty() {
            true => Risks::default(),
            false => forecast::at_risk(sight.city, &wanted, sight.now_ms),
        };
        let lines = risks.lines.iter().map(forecast::on_the_wire);
        let from_ms = sight.now_ms - LATE_DAYS * DAY_MS;
        let agents = agents(sight)?;
        let recent = |slots: &[OpenSlot]| slots.partition_point(|slot| slot.due_at_ms < from_ms);
        let late = &open.late[recent(&open.late)..];
        let returned = &open.returned[recent(&open.returned)..];
        let mut reasons = reasons((late, returned), &unexplained, &risks);
        tell_silent(sight, board.catalogue(), &agents, &mut reasons);
        Ok(Self {
            calls: calls(board.catalogue(), reasons),
            agents,
            sheets,
            late: listed(sight, &board, late, lines_max)?,
            returned: listed(sight, &board, returned, lines_max)?,
            risks: Listed {
                all: risks.wanted,
                lines: lines.collect::<Result<_, _>>()?,
            },
            open: unexplained.values().sum(),
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

/// Of the day's deadlines the next one, or the last where all are over.
pub(super) fn next_due(day: &[&Sheet], now_ms: i64) -> Option<i64> {
    let dues = || day.iter().map(|sheet| sheet.due_at_ms);
    let coming = dues().filter(|due_at_ms| *due_at_ms > now_ms).min();
    coming.or(dues().max())
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

/// The datasets and periods of which something is due about now, or was lately: by the rule, or by an extension.
fn places(sight: &Sight<'_>, board: &Board) -> BTreeSet<(DatasetIndex, Period)> {
    let (from_ms, to_ms) = (sight.now_ms - LATE_DAYS * DAY_MS, sight.now_ms + AHEAD_MS);
    let catalogue = board.catalogue();
    let extended = board.sheets_extended_past(from_ms).into_iter();
    let mut places: BTreeSet<_> = extended
        .filter_map(|(dataset, period)| Some((catalogue.dataset_index(&dataset)?, period)))
        .collect();
    for dataset in catalogue.datasets() {
        let Some(index) = catalogue.dataset_index(dataset.code()) else {
            continue;
        };
        let begun: Vec<Period> = history::periods(dataset, None, None, sight.now_ms).collect();
        let begun = begun.into_iter().rev().take(PERIODS_MAX);
        for period in begun.filter(|period| dataset.covers(*period)) {
            match dataset.due_at_ms(period) {
                Some(due) if (from_ms..=to_ms).contains(&due) => {
                    places.insert((index, period));
                }
                Some(due) if due < from_ms => break,
                Some(_) | None => {}
            }
        }
    }
    places
}

fn filter(sight: &Sight<'_>, places: &BTreeSet<(DatasetIndex, Period)>) -> Result<Filter, Problem> {
    let code = |dataset: &DatasetIndex| sight.catalogue.dataset_at(*dataset).code().to_string();
    let datasets: BTreeSet<String> = places.iter().map(|(dataset, _)| code(dataset)).collect();
    let periods: BTreeSet<String> = places.iter().map(|(_, p)| p.to_string()).collect();
    let (datasets, periods) = (
        datasets.into_iter().collect(),
        periods.into_iter().collect(),
    );
    let asked = sight
        .scope
        .filter(sight.catalogue, None, datasets, periods)?;
    Ok(monitoring::filter(Some(asked))?)
}

/// The deadlines about now, those of one dataset, period and day as one; the next ones last.
fn sheets(sight: &Sight<'_>, board: &Board, open: &Open) -> Vec<Sheet> {
    let zone = sight.catalogue.zone();
    let day = |at_ms: i64| {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
        zone.to_datetime(at).date()
    };
    let mut sheets: BTreeMap<(DatasetIndex, Period, Date), Sheet> = BTreeMap::new();
    let told = sight.now_ms - BEFORE_MS..=sight.now_ms + AHEAD_MS;
    let deadlines = open.deadlines.iter();
    for ((dataset, period, due_at_ms), counts) in
        deadlines.filter(|((_, _, due_at_ms), _)| told.contains(due_at_ms))
    {
        let described = board.catalogue().dataset_at(*dataset);
        let place = (*dataset, *period, day(*due_at_ms));
        let sheet = sheets.entry(place).or_insert_with(|| Sheet {
            dataset: described.code().to_string(),
            period: *period,
            due_at_ms: *due_at_ms,
            is_extended: true,
            counts: v1::StateCounts::default(),
            arrivals: None,
        });
        sheet.is_extended &= described.due_at_ms(*period) != Some(*due_at_ms);
        add(&mut sheet.counts, &slots::wire_counts(counts));
    }
    let mut sheets: Vec<Sheet> = sheets.into_values().collect();
    sheets.sort_by_key(|sheet| sheet.due_at_ms);
    sheets
}

/// Only for whoever sees all units: the expectation is one of the whole city.
fn tell_arrivals(sight: &Sight<'_>, sheets: &mut [Sheet]) -> Result<(), Problem> {
    if matches!(sight.scope, Scope::Within(_)) {
        return Ok(());
    }
    // The curve ends when the rule says; what is left until an extension ends has none.
    let is_near =
        |sheet: &&mut Sheet| sheet.due_at_ms > sight.now_ms - DAY_MS && !sheet.is_extended;
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

fn reasons(
    (late, returned): (&[OpenSlot], &[OpenSlot]),
    unexplained: &BTreeMap<UnitIndex, u64>,
    risks: &Risks,
) -> BTreeMap<UnitIndex, Reasons> {
    let mut units: BTreeMap<UnitIndex, Reasons> = BTreeMap::new();
    for slot in late {
        units.entry(slot.unit).or_default().late += 1;
    }
    for slot in returned {
        units.entry(slot.unit).or_default().returned += 1;
    }
    for (unit, findings) in unexplained {
        units.entry(*unit).or_default().open = *findings;
    }
    for (unit, chance_milli) in &risks.by_unit {
        units.entry(*unit).or_default().chance_milli = i64::from(*chance_milli);
    }
    units
}

/// The agents of the part of the tree.
pub(in crate::serve) fn agents(sight: &Sight<'_>) -> Result<v1::ListAgentsResponse, Problem> {
    let units = match sight.scope {
        Scope::Everywhere => Vec::new(),
        Scope::Within(units) => units.iter().map(ToString::to_string).collect(),
    };
    let request = v1::ListAgentsRequest {
        units,
        count_max: AGENTS_MAX,
    };
    Ok(fleet::list(sight.city, request)?)
}

fn tell_silent(
    sight: &Sight<'_>,
    catalogue: &Catalogue,
    agents: &v1::ListAgentsResponse,
    units: &mut BTreeMap<UnitIndex, Reasons>,
) {
    let is_near = |due_at_ms: i64| due_at_ms <= sight.now_ms + AHEAD_MS;
    let silent = agents.agents.iter().filter(|agent| agent.silent);
    for agent in silent.filter(|agent| agent.next_due_at_ms.is_some_and(is_near)) {
        let code = UnitCode::new(&agent.unit).ok();
        if let Some(unit) = code.and_then(|code| catalogue.unit_index(&code)) {
            units.entry(unit).or_default().is_silent = true;
        }
    }
}

/// Late weighs more than returned, that more than a silent agent, that more than likely to be late, that more than an open finding.
fn calls(catalogue: &Catalogue, units: BTreeMap<UnitIndex, Reasons>) -> Vec<(String, Reasons)> {
    let code = |unit: UnitIndex| catalogue.unit_at(unit).code().to_string();
    let calls = units.into_iter();
    let mut calls: Vec<(String, Reasons)> =
        calls.map(|(unit, reasons)| (code(unit), reasons)).collect();
    calls.sort_by_cached_key(|(unit, reasons)| {
        let urgency = (
            reasons.late,
            reasons.returned,
            reasons.is_silent,
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

//! How a deadline day stands: what is due, who has reported, who is late or likely to be, what came back, whom to ring. Both *Today* and the
//! wall are drawn from it; every count and chance comes from the functions that answer gRPC.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{ledger::history, period::Period};
use granary_proto::v1;

use crate::serve::{
    console::{
        problem::Problem,
        scope::{Scope, Sight},
    },
    findings, forecast, slots,
};

/// Which deadlines are told: those that passed so long ago at most, and those that come within so long, in milliseconds.
const BEFORE_MS: i64 = 7 * 24 * 3_600_000;
const AHEAD_MS: i64 = 14 * 24 * 3_600_000;
/// Periods of each dataset that are looked through for those.
const PERIODS_MAX: usize = 400;
/// Slots that are looked through, and findings.
const SLOTS_MAX: u32 = 5_000;
const FINDINGS_MAX: u32 = 2_000;
/// From which chance to be late a slot is told as endangered, in per cent.
pub(super) const RISK_PERCENT: u32 = 50;
const RISKS_MAX: u32 = 200;
/// Sheets whose usual arrivals are told beside them.
const CURVES_MAX: usize = 8;

/// One dataset and period that is due about now.
pub(in crate::serve) struct Sheet {
    pub(in crate::serve) dataset: String,
    pub(in crate::serve) period: Period,
    pub(in crate::serve) due_at_ms: i64,
    pub(in crate::serve) counts: v1::StateCounts,
    /// How many usually have arrived by now; empty where that is not known.
    pub(in crate::serve) usual: String,
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

/// All of it.
pub(in crate::serve) struct Summary {
    pub(in crate::serve) sheets: Vec<Sheet>,
    pub(in crate::serve) late: Vec<v1::Slot>,
    pub(in crate::serve) returned: Vec<v1::Slot>,
    pub(in crate::serve) risks: Vec<v1::RiskLine>,
    /// Findings that nobody has answered.
    pub(in crate::serve) open: u64,
    /// By unit, the most urgent first.
    pub(in crate::serve) calls: Vec<(String, Reasons)>,
    /// Whether there are more slots than were looked through.
    pub(in crate::serve) is_cut: bool,
}

impl Summary {
    /// As things stand at the instant, for the part of the tree.
    pub(in crate::serve) fn of(sight: &Sight<'_>) -> Result<Self, Problem> {
        let (city, now_ms) = (sight.city, sight.now_ms);
        let places = places(sight);
        if places.is_empty() {
            return Ok(Self::empty());
        }
        let filter = filter(sight, &places)?;
        let mut sheets = counted(sight, &filter, places)?;
        for sheet in sheets
            .iter_mut()
            .filter(|sheet| sheet.due_at_ms > now_ms)
            .take(CURVES_MAX)
        {
            sheet.usual = usual(sight, sheet)?;
        }
        let request = v1::ListSlotsRequest {
            filter: Some(filter.clone()),
            states: vec![v1::SlotState::Missing.into(), v1::SlotState::Pending.into()],
            page_size: SLOTS_MAX,
            ..Default::default()
        };
        let listed = slots::list(city, request)?;
        let is_told = |slot: &v1::Slot| sheets.iter().any(|sheet| is_of(sheet, slot));
        let open_slots: Vec<v1::Slot> = listed.slots.into_iter().filter(is_told).collect();
        let (late, pending): (Vec<_>, Vec<_>) = open_slots
            .into_iter()
            .partition(|slot| slot.state() == v1::SlotState::Missing);
        let returned = late
            .iter()
            .chain(&pending)
            .filter(|slot| slot.returned_count > 0);
        let returned: Vec<v1::Slot> = returned.cloned().collect();
        let request = v1::ListRisksRequest {
            filter: Some(filter.clone()),
            chance_percent_min: RISK_PERCENT,
            lines_max: RISKS_MAX,
            ..Default::default()
        };
        let risks = forecast::risks(city, request)?.risks;
        let request = v1::ListFindingsRequest {
            filter: Some(filter),
            statuses: vec![v1::FindingStatus::Open.into()],
            page_size: FINDINGS_MAX,
            ..Default::default()
        };
        let open = findings::list(city, request)?.findings;
        let mut summary = Self {
            calls: Vec::new(),
            sheets,
            late,
            returned,
            risks,
            open: open.len() as u64,
            is_cut: !listed.next_page_token.is_empty(),
        };
        summary.calls = calls(&summary, &open);
        Ok(summary)
    }

    const fn empty() -> Self {
        Self {
            sheets: Vec::new(),
            late: Vec::new(),
            returned: Vec::new(),
            risks: Vec::new(),
            open: 0,
            calls: Vec::new(),
            is_cut: false,
        }
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
    for counts in sheets.iter().map(|sheet| &sheet.counts) {
        total.expected += counts.expected;
        total.timely += counts.timely;
        total.late += counts.late;
        total.missing += counts.missing;
        total.exempt += counts.exempt;
        total.pending += counts.pending;
    }
    total
}

fn is_of(sheet: &Sheet, slot: &v1::Slot) -> bool {
    sheet.dataset == slot.dataset && sheet.period.to_string() == slot.period
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
            usual: String::new(),
        })
    };
    Ok(places.into_iter().filter_map(sheet).collect())
}

/// Only for whoever sees all units: the expectation is one of the whole city.
fn usual(sight: &Sight<'_>, sheet: &Sheet) -> Result<String, Problem> {
    if matches!(sight.scope, Scope::Within(_)) {
        return Ok(String::new());
    }
    let request = v1::GetArrivalsRequest {
        dataset: sheet.dataset.clone(),
        period: sheet.period.to_string(),
        as_of_ms: 0,
    };
    let found = forecast::arrivals(sight.city, &request)?;
    Ok(found.now.map(|now| now.expected).unwrap_or_default())
}

/// Late weighs more than returned, that more than likely to be late, that more than an open finding.
fn calls(summary: &Summary, open: &[v1::Finding]) -> Vec<(String, Reasons)> {
    let mut units: BTreeMap<String, Reasons> = BTreeMap::new();
    for slot in &summary.late {
        units.entry(slot.unit.clone()).or_default().late += 1;
    }
    for slot in &summary.returned {
        units.entry(slot.unit.clone()).or_default().returned += 1;
    }
    for finding in open {
        units.entry(finding.unit.clone()).or_default().open += 1;
    }
    for risk in &summary.risks {
        let unit = risk
            .unit
            .as_ref()
            .map(|unit| unit.code.clone())
            .unwrap_or_default();
        let chance = tenths(&risk.chance_percent);
        let reasons = units.entry(unit).or_default();
        reasons.chance_milli = reasons.chance_milli.max(chance);
    }
    let mut calls: Vec<(String, Reasons)> = units.into_iter().collect();
    calls.sort_by_key(|(unit, reasons)| {
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

/// A decimal with one place, in tenths; 0 where it is none.
pub(super) fn tenths(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap_or(0)
}

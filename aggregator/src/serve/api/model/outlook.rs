//! Deadlines, what is due about now, and what is likely to be late.

use granary_proto::v1;
use serde::Serialize;

use super::{At, Basis, Counts, Figure, Named, Words, all, slots::Slot};

/// The deadlines of a month, by the rules of the catalogue with its holidays.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Calendar {
    /// The month, in SDMX form.
    pub(in crate::serve::api) month: String,
    /// The time zone of the catalogue, in which days are told.
    pub(in crate::serve::api) zone: String,
    /// The deadlines, in their order.
    pub(in crate::serve::api) deadlines: Vec<Deadline>,
}

/// A deadline.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Deadline {
    /// The day that it belongs to: what is due at 24:00 belongs to the day that ends then.
    pub(in crate::serve::api) day: String,
    /// When it is due, without extensions.
    pub(in crate::serve::api) due_at: At,
    /// The dataset.
    pub(in crate::serve::api) dataset: Named,
    /// The reference period, in SDMX form.
    pub(in crate::serve::api) period: String,
}

/// How a deadline day stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Today {
    /// The instant that it is told of.
    pub(in crate::serve::api) as_of: At,
    /// Datasets and periods that are due within two weeks or were within one, by deadline.
    pub(in crate::serve::api) sheets: Vec<Sheet>,
    /// How many slots are late now.
    pub(in crate::serve::api) late_count: u64,
    /// The first 5,000 of them, the longest overdue first.
    pub(in crate::serve::api) late: Vec<Slot>,
    /// How many slots were returned and not corrected.
    pub(in crate::serve::api) returned_count: u64,
    /// The first 5,000 of them, by deadline.
    pub(in crate::serve::api) returned: Vec<Slot>,
    /// How many slots are more likely late than not.
    pub(in crate::serve::api) at_risk_count: u64,
    /// The first 5,000 of them, the most endangered first.
    pub(in crate::serve::api) at_risk: Vec<Risk>,
    /// How many findings nobody has answered.
    pub(in crate::serve::api) open_findings: u64,
    /// Whom to ring, the most urgent first.
    pub(in crate::serve::api) calls: Vec<Call>,
    /// Whether one of the lists holds fewer lines than there are.
    pub(in crate::serve::api) is_cut: bool,
}

/// One dataset and period that is due about now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Sheet {
    /// The dataset.
    pub(in crate::serve::api) dataset: Named,
    /// The reference period, in SDMX form.
    pub(in crate::serve::api) period: String,
    /// When it is due, without extensions.
    pub(in crate::serve::api) due_at: At,
    /// How many slots are in each state.
    pub(in crate::serve::api) counts: Counts,
    /// How many usually have arrived by now; null where that is not known, and for a token that does not see all units.
    pub(in crate::serve::api) usually_arrived: Option<Figure>,
}

/// Why a unit is to be rung.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Call {
    /// The unit.
    pub(in crate::serve::api) unit: String,
    /// How many slots are late.
    pub(in crate::serve::api) late: u64,
    /// How many were returned and not corrected.
    pub(in crate::serve::api) returned: u64,
    /// How many findings it has not answered.
    pub(in crate::serve::api) open_findings: u64,
    /// Its highest chance to be late, in per cent; null where none is likely.
    pub(in crate::serve::api) chance_late_percent: Option<Figure>,
    /// Whom to ring, from the notices file.
    pub(in crate::serve::api) contacts: Vec<String>,
}

/// Open slots by how likely they are to be late; docs/FORECAST.md has the formulas.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Risks {
    /// What it stands on.
    basis: Basis,
    /// The slots, the likeliest first.
    risks: Vec<Risk>,
    /// How many there are that were asked for, also those that were not given.
    wanted: u64,
    /// How many slots are pending.
    pending: u64,
    /// How many are overdue.
    overdue: u64,
    /// Of how many too little is known.
    unknown: u64,
}

/// How likely a slot is to be late.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Risk {
    /// The unit.
    unit: Named,
    /// The dataset.
    dataset: Named,
    /// The reference period, in SDMX form.
    period: String,
    /// When it is due.
    due_at: At,
    /// The chance that it will be late, in per cent.
    chance_percent: Option<Figure>,
    /// How many periods of the unit are known.
    known: u32,
    /// In how many of them it was late.
    late: u32,
    /// How many of its peers' timely reports have usually arrived by this hour, in per cent.
    arrived_by_now_percent: Option<Figure>,
    /// Why, in words.
    reason: Words,
}

/// How many reports of a period have usually arrived by each instant, beside how many have.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Arrivals {
    /// What it stands on.
    basis: Basis,
    /// The dataset.
    dataset: Named,
    /// The reference period, in SDMX form.
    period: String,
    /// When it is due.
    due_at: At,
    /// How many are owed.
    owed: u32,
    /// How many earlier periods it was learnt from.
    periods_known: u32,
    /// Now.
    now: Option<ArrivalPoint>,
    /// The curve.
    points: Vec<ArrivalPoint>,
}

/// One instant of an arrival curve.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ArrivalPoint {
    /// The instant.
    at: At,
    /// How many are expected by then.
    expected: Option<Figure>,
    /// The 10th percentile of what is usual.
    low: Option<Figure>,
    /// The 90th percentile of what is usual.
    high: Option<Figure>,
    /// How many had arrived; null where the instant is yet to come.
    arrived: Option<u32>,
}

impl From<v1::ListRisksResponse> for Risks {
    fn from(answer: v1::ListRisksResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            risks: all(answer.risks),
            wanted: answer.wanted,
            pending: answer.pending,
            overdue: answer.overdue,
            unknown: answer.unknown,
        }
    }
}

impl From<v1::RiskLine> for Risk {
    fn from(line: v1::RiskLine) -> Self {
        Self {
            unit: Named::of(line.unit),
            dataset: Named::of(line.dataset),
            period: line.period,
            due_at: At(line.due_at_ms),
            chance_percent: Figure::text(&line.chance_percent),
            known: line.known,
            late: line.late,
            arrived_by_now_percent: Figure::text(&line.arrived_by_now_percent),
            reason: line.reason.unwrap_or_default().into(),
        }
    }
}

impl From<v1::GetArrivalsResponse> for Arrivals {
    fn from(answer: v1::GetArrivalsResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            dataset: Named::of(answer.dataset),
            period: answer.period,
            due_at: At(answer.due_at_ms),
            owed: answer.owed,
            periods_known: answer.periods_known,
            now: answer.now.map(ArrivalPoint::from),
            points: all(answer.points),
        }
    }
}

impl From<v1::ArrivalPoint> for ArrivalPoint {
    fn from(point: v1::ArrivalPoint) -> Self {
        Self {
            at: At(point.at_ms),
            expected: Figure::text(&point.expected),
            low: Figure::text(&point.low),
            high: Figure::text(&point.high),
            arrived: point.arrived,
        }
    }
}

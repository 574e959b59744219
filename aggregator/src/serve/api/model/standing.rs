//! League tables, how a score came about, and targets.

use granary_proto::v1;
use serde::Serialize;

use super::{
    Basis, Figure, LogHead, MeasureValue, Named, Sha256, State, Words, all, filled,
    findings::Status,
};

/// A league table; its digest is that of the document of which it is a part, which `granary-audit league` computes again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct League {
    /// What it stands on.
    pub(in crate::serve::api) basis: Basis,
    /// The journal's tree at that.
    pub(in crate::serve::api) log: LogHead,
    /// The digest of the whole table's document.
    pub(in crate::serve::api) sha256: Option<Sha256>,
    /// The scorecard.
    scorecard: Named,
    /// The reference period, in SDMX form.
    period: String,
    /// The period that ranks are compared with.
    period_before: Option<String>,
    /// How many slots are not due yet: the table is interim while there are any.
    pending: u64,
    /// The fewest slots with which a unit is ranked.
    slots_min: u32,
    /// The bands, the best first.
    bands: Vec<Band>,
    /// What scores are made of.
    components: Vec<Component>,
    /// The units that the token sees, ranked among all.
    pub(in crate::serve::api) standings: Vec<Standing>,
}

/// A band of scores.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Band {
    /// Its name.
    name: Words,
    /// Which share of the units it is meant for, in per cent.
    share_percent: Option<Figure>,
    /// How many units that is.
    units: u32,
}

/// A part of a score.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Component {
    /// Its name.
    component: Named,
    /// What it measures.
    measure: String,
    /// Its weight.
    weight: Option<Figure>,
}

/// How one unit stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Standing {
    /// The unit.
    pub(in crate::serve::api) unit: Named,
    /// Its rank; equal scores share one.
    rank: Option<u32>,
    /// By how many ranks it rose (or fell) since the period before.
    movement: Option<i32>,
    /// Its band, counted from 0.
    band: Option<u32>,
    /// Its score.
    score: Option<Figure>,
    /// Its points, one for each component.
    points: Vec<Points>,
    /// How many slots it was scored over.
    slots: u32,
    /// Why it has no rank.
    not_ranked: Option<Words>,
    /// Whether it is flagged as among the best.
    flag: bool,
    /// Whether it is told as among the last.
    last: bool,
}

/// The points of one component.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Points {
    /// What was measured.
    value: Option<MeasureValue>,
    /// The points; null where nothing could be measured.
    points: Option<Figure>,
}

/// How one score came about, down to its slots.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Account {
    /// What it stands on.
    basis: Basis,
    /// The journal's tree at that.
    log: LogHead,
    /// The digest of the table's document that the score stands in.
    league_sha256: Option<Sha256>,
    /// The scorecard.
    scorecard: Named,
    /// The reference period, in SDMX form.
    period: String,
    /// How the unit stands.
    standing: Standing,
    /// Component by component.
    components: Vec<ComponentAccount>,
}

/// How the points of one component came about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ComponentAccount {
    /// The component.
    component: Option<Component>,
    /// Its points.
    points: Option<Points>,
    /// The most points that it gives.
    full: Option<Figure>,
    /// The reckoning in words.
    reckoning: Words,
    /// What each slot contributes.
    contributions: Vec<Contribution>,
}

/// What one slot contributes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Contribution {
    /// The dataset.
    dataset: Named,
    /// The reference period, in SDMX form.
    period: String,
    /// The slot's state.
    state: State,
    /// What it adds above the line.
    numerator: Option<Figure>,
    /// What it adds below the line.
    denominator: Option<Figure>,
    /// The findings that count in it.
    findings: Vec<FindingNote>,
}

/// A finding, by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FindingNote {
    /// The edit.
    edit: String,
    /// The item, in an itemised dataset.
    item: Option<String>,
    /// Its status.
    status: Status,
    /// The entry that opened it.
    opened_index: u64,
}

/// Progress towards the targets of a year.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Targets {
    /// What it stands on.
    basis: Basis,
    /// The journal's tree at that.
    log: LogHead,
    /// The targets.
    targets: Vec<Target>,
}

/// Progress towards one target.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Target {
    /// The unit.
    unit: Named,
    /// The dataset.
    dataset: Named,
    /// The indicator.
    indicator: Named,
    /// The department that answers for it.
    department: Named,
    /// The unit of measure.
    unit_of_measure: Words,
    /// The year.
    year: i32,
    /// The year's target.
    target: Option<Figure>,
    /// The target for half of the year.
    half_target: Option<Figure>,
    /// What has been reached.
    actual: Option<Figure>,
    /// Through which period that is.
    through: Option<String>,
    /// How much of the target that is, in per cent.
    progress_percent: Option<Figure>,
    /// How much of the year has elapsed, in per cent.
    elapsed_percent: Option<Figure>,
    /// The target minus what has been reached.
    gap: Option<Figure>,
    /// How much more has to come in each period that is left.
    pace_needed: Option<Figure>,
    /// The growth on the year before, in per cent.
    growth_percent: Option<Figure>,
    /// The rank among the units with this target.
    rank: Option<u32>,
    /// Whether half of the year's target was reached by half of the year.
    half_reached: Option<bool>,
}

impl From<v1::GetLeagueResponse> for League {
    fn from(answer: v1::GetLeagueResponse) -> Self {
        let document = answer.document.unwrap_or_default();
        let league = document.league.unwrap_or_default();
        Self {
            basis: document.basis.into(),
            log: document.log.into(),
            sha256: Sha256::of(&answer.sha256),
            scorecard: Named::of(league.scorecard),
            period: league.period,
            period_before: filled(league.period_before),
            pending: league.pending,
            slots_min: league.slots_min,
            bands: all(league.bands),
            components: all(league.components),
            standings: all(league.standings),
        }
    }
}

impl From<v1::Band> for Band {
    fn from(band: v1::Band) -> Self {
        Self {
            name: band.name.unwrap_or_default().into(),
            share_percent: Figure::text(&band.share_percent),
            units: band.units,
        }
    }
}

impl From<v1::Component> for Component {
    fn from(component: v1::Component) -> Self {
        Self {
            component: Named::of(component.component),
            measure: component.measure,
            weight: Figure::text(&component.weight),
        }
    }
}

impl From<v1::Standing> for Standing {
    fn from(standing: v1::Standing) -> Self {
        Self {
            unit: Named::of(standing.unit),
            rank: standing.rank,
            movement: standing.movement,
            band: standing.band,
            score: Figure::text(&standing.score),
            points: all(standing.points),
            slots: standing.slots,
            not_ranked: Words::some(standing.not_ranked),
            flag: standing.flag,
            last: standing.last,
        }
    }
}

impl From<v1::Points> for Points {
    fn from(points: v1::Points) -> Self {
        Self {
            value: points.value.map(MeasureValue::from),
            points: Figure::text(&points.points),
        }
    }
}

impl From<v1::ExplainScoreResponse> for Account {
    fn from(answer: v1::ExplainScoreResponse) -> Self {
        let account = answer.explanation.unwrap_or_default();
        Self {
            basis: answer.basis.into(),
            log: answer.log.into(),
            league_sha256: Sha256::of(&answer.league_sha256),
            scorecard: Named::of(account.scorecard),
            period: account.period,
            standing: account.standing.unwrap_or_default().into(),
            components: all(account.accounts),
        }
    }
}

impl From<v1::ComponentAccount> for ComponentAccount {
    fn from(account: v1::ComponentAccount) -> Self {
        Self {
            component: account.component.map(Component::from),
            points: account.points.map(Points::from),
            full: Figure::text(&account.full),
            reckoning: account.reckoning.unwrap_or_default().into(),
            contributions: all(account.contributions),
        }
    }
}

impl From<v1::Contribution> for Contribution {
    fn from(one: v1::Contribution) -> Self {
        Self {
            state: one.state().into(),
            dataset: Named::of(one.dataset),
            period: one.period,
            numerator: Figure::text(&one.numerator),
            denominator: Figure::text(&one.denominator),
            findings: all(one.findings),
        }
    }
}

impl From<v1::FindingNote> for FindingNote {
    fn from(note: v1::FindingNote) -> Self {
        Self {
            status: Status::of(note.status()),
            edit: note.edit,
            item: note.item,
            opened_index: note.opened_index,
        }
    }
}

impl From<v1::ListTargetsResponse> for Targets {
    fn from(answer: v1::ListTargetsResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            log: answer.log.into(),
            targets: all(answer.targets),
        }
    }
}

impl From<v1::TargetLine> for Target {
    fn from(line: v1::TargetLine) -> Self {
        Self {
            unit: Named::of(line.unit),
            dataset: Named::of(line.dataset),
            indicator: Named::of(line.indicator),
            department: Named::of(line.department),
            unit_of_measure: line.measure.unwrap_or_default().into(),
            year: line.year,
            target: Figure::text(&line.target),
            half_target: Figure::text(&line.half_target),
            actual: Figure::text(&line.actual),
            through: filled(line.through),
            progress_percent: Figure::text(&line.progress_percent),
            elapsed_percent: Figure::text(&line.elapsed_percent),
            gap: Figure::text(&line.gap),
            pace_needed: Figure::text(&line.pace_needed),
            growth_percent: Figure::text(&line.growth_percent),
            rank: line.rank,
            half_reached: line.half_reached,
        }
    }
}

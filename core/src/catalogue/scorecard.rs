//! Scorecards (考核计分卡): which measures of reporting earn how many points, and how the units are ranked by them.
//!
//! ```toml
//! [[scorecard]]
//! code = "counties"
//! name = { zh = "县（区）报送考核", en = "County reporting" }
//! periodicity = "quarter"            # what is scored; datasets of a finer periodicity count with every period that ends within
//! level = "county"                   # the units, named as in the roster by units, level, under
//! datasets = ["monthly-revenue"]     # optional, else all that are reported at least as often as that
//! slots_min = 3                      # optional, else 1: with fewer slots a unit is not ranked
//! imported = false                   # optional: whether imported history counts
//! flags = 1                          # optional, else 0: how many of the first get a flag (授旗)
//! last = 3                           # optional, else 0: how many stand on the list of the last
//!
//! # Weights are points and sum to 100. A code or a name that is absent is that of the measure.
//! [[scorecard.components]]
//! measure = "on_time_rate"
//! weight = 60
//! [[scorecard.components]]
//! code = "speed"
//! name = { zh = "报送速度", en = "Speed" }
//! measure = "median_lateness"        # a duration: full points at 0, none from zero_at on, linear between
//! zero_at = "72h"                    # "30min", "72h" or "3d"
//! weight = 20
//! [[scorecard.components]]
//! measure = "mean_absolute_revision" # in per cent: likewise
//! zero_at = "5"
//! weight = 20
//!
//! # Optional: bands with set shares of the ranked units in per cent, best first.
//! [[scorecard.bands]]
//! name = { zh = "好", en = "good" }
//! share = 30
//! [[scorecard.bands]]
//! name = { zh = "中", en = "middling" }
//! share = 40
//! [[scorecard.bands]]
//! name = { zh = "差", en = "poor" }
//! share = 30
//! ```
//! `docs/SCORES.md` says how points, ranks and bands follow. Beside the measures of `docs/METRICS.md` a component may score
//! `target_progress`, the progress of a unit towards its targets.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    code::{DatasetCode, UnitCode},
    days::Days,
    decimal::Decimal,
    measures::Measure,
    period::{Period, Periodicity},
    text::Bilingual,
};

use super::words::{ComponentCode, ScorecardCode};

mod read;

pub(super) use self::read::read;

/// The word of the component that scores progress towards targets.
pub const TARGET_PROGRESS: &str = "target_progress";

/// How units are scored and ranked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scorecard {
    code: ScorecardCode,
    name: Bilingual,
    periodicity: Periodicity,
    /// The units, and on which days each is one of them.
    units: BTreeMap<UnitCode, Vec<Days>>,
    datasets: BTreeSet<DatasetCode>,
    slots_min: u32,
    imported: bool,
    flags: u32,
    last: u32,
    components: Vec<Component>,
    bands: Vec<Band>,
}

/// One thing that earns points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its code, unique in the scorecard.
    pub code: ComponentCode,
    /// Its name on screens.
    pub name: Bilingual,
    /// How the points follow from what is measured.
    pub scoring: Scoring,
    /// Its points at best; those of a scorecard sum to 100.
    pub weight: Decimal,
}

/// How a component's points follow from what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scoring {
    /// A share of which more is better: the share of the points.
    Share(Measure),
    /// A share of which less is better: the rest of the points.
    Rest(Measure),
    /// A duration: all points at 0, none from `zero_at_ms` on, linear between.
    Duration {
        /// The measure.
        measure: Measure,
        /// Above zero.
        zero_at_ms: i64,
    },
    /// A revision in per cent, by its magnitude: all points at 0, none from `zero_at` on, linear between.
    Revision {
        /// The measure.
        measure: Measure,
        /// In per cent, above zero.
        zero_at: Decimal,
    },
    /// The progress towards the unit's targets, in per cent of what elapsed time asks for: that share of the points, at most all.
    TargetProgress,
}

/// A band of a league table with its set share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Its name.
    pub name: Bilingual,
    /// Its share of the ranked units, in per cent, above zero; those of a scorecard sum to 100.
    pub share: Decimal,
}

/// The four ways in which a measure can earn points.
#[derive(Clone, Copy)]
enum Form {
    Share,
    Rest,
    Duration,
    Revision,
}

impl Scorecard {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &ScorecardCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// Of which periods there is a league table.
    #[must_use]
    pub const fn periodicity(&self) -> Periodicity {
        self.periodicity
    }

    /// The units that are compared in a period: `under` goes by the tree of its last day.
    #[must_use]
    pub fn units(&self, period: Period) -> BTreeSet<UnitCode> {
        let day = period.last_day();
        let own = self.units.iter();
        let own = own.filter(|(_, days)| days.iter().any(|days| days.hold(day)));
        own.map(|(unit, _)| unit.clone()).collect()
    }

    /// The datasets that count: each is reported at least as often as the scorecard's period lasts.
    #[must_use]
    pub const fn datasets(&self) -> &BTreeSet<DatasetCode> {
        &self.datasets
    }

    /// With fewer slots a unit is not ranked; at least 1.
    #[must_use]
    pub const fn slots_min(&self) -> u32 {
        self.slots_min
    }

    /// Whether imported history counts.
    #[must_use]
    pub const fn imported(&self) -> bool {
        self.imported
    }

    /// How many of the first get a flag.
    #[must_use]
    pub const fn flags(&self) -> u32 {
        self.flags
    }

    /// How many stand on the list of the last.
    #[must_use]
    pub const fn last(&self) -> u32 {
        self.last
    }

    /// The components, in catalogue order; at least one.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The bands, best first; none where the units are only ranked.
    #[must_use]
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// How many of `units` ranked units fall into each band: by the largest remainder (Hamilton's method), of equal
    /// remainders the better band's first. Each count is off its exact share by less than one, and they sum to `units`.
    ///
    /// Source: M. L. Balinski and H. P. Young, "Fair Representation" (2nd edition, 2001), appendix A, the method of Hamilton.
    #[must_use]
    pub fn allotment(&self, units: u32) -> Vec<u32> {
        allot(&self.bands, units)
    }
}

impl Scorecard {
    /// Whether another version ranks the same units by the same rules, as far as units and datasets are known to both.
    pub(super) fn is_like(
        &self,
        other: &Self,
        has_unit: impl Fn(&UnitCode) -> bool,
        has_dataset: impl Fn(&DatasetCode) -> bool,
    ) -> bool {
        let known = |one: &Self| Self {
            units: { one.units.iter() }
                .filter(|(unit, _)| has_unit(unit))
                .map(|(unit, days)| (unit.clone(), days.clone()))
                .collect(),
            datasets: { one.datasets.iter() }
                .filter(|dataset| has_dataset(dataset))
                .cloned()
                .collect(),
            ..one.clone()
        };
        known(self) == known(other)
    }
}

impl Scoring {
    /// The measure's word, or [`TARGET_PROGRESS`].
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self.measure() {
            Some(measure) => measure.word(),
            None => TARGET_PROGRESS,
        }
    }

    /// What it looks at; none for the progress towards targets.
    #[must_use]
    pub const fn measure(self) -> Option<Measure> {
        match self {
            Self::Share(measure)
            | Self::Rest(measure)
            | Self::Duration { measure, .. }
            | Self::Revision { measure, .. } => Some(measure),
            Self::TargetProgress => None,
        }
    }
}

/// How a measure can earn points.
const fn form(measure: Measure) -> Form {
    match measure {
        Measure::ReportingRate
        | Measure::OnTimeRate
        | Measure::RequiredCells
        | Measure::FirstTimeAcceptance
        | Measure::ExplainedShare
        | Measure::SystemUse => Form::Share,
        Measure::QualityEdits | Measure::LowQuality => Form::Rest,
        Measure::MedianLateness | Measure::NinetiethLateness | Measure::ResponseTime => {
            Form::Duration
        }
        Measure::MeanRevision
        | Measure::MeanAbsoluteRevision
        | Measure::RelativeMeanAbsoluteRevision => Form::Revision,
    }
}

fn allot(bands: &[Band], units: u32) -> Vec<u32> {
    // Shares have at most six digits after the point, so that a quota is a whole number of hundred-millionths.
    const UNIT: i128 = 100_000_000;
    let quota = |band: &Band| {
        let share = band.share.rescaled(6).map_or(0, Decimal::mantissa);
        share * i128::from(units)
    };
    let quotas: Vec<i128> = bands.iter().map(quota).collect();
    let narrow = |count: i128| u32::try_from(count).unwrap_or(units);
    let mut counts: Vec<u32> = quotas.iter().map(|quota| narrow(quota / UNIT)).collect();
    let mut by_remainder: Vec<usize> = (0..bands.len()).collect();
    by_remainder.sort_by_key(|band| -(quotas[*band] % UNIT));
    let missing = units.saturating_sub(counts.iter().sum());
    for (band, _) in by_remainder.into_iter().zip(0..missing) {
        counts[band] += 1;
    }
    counts
}

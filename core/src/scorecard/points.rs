//! From what was measured to points, and from points to the score.
//!
//! With weights `w` and attained parts `s` (from 0 to 1) of the components that can be computed, component `i` earns
//! `100 w_i s_i / sum(w)`, so that the weight of a component that cannot be computed goes to the others in proportion to
//! theirs. The score is the exact sum of these, rounded half up to two decimals, once. The points that are printed sum to it:
//! each is cut to two decimals, and the hundredths that are still missing go to those that were cut the most, of equals to
//! the first (the method of the largest remainder).

use crate::{
    bulletin::{MeasureValue, Measured, Points},
    catalogue::{Component, Scorecard, Scoring},
    decimal::Decimal,
    measures::{Measure, Value, measure_value},
    ratio::Ratio,
};

use super::{Marks, sum};

/// Digits after the point of points and scores.
const SCALE: u8 = 2;

/// One unit's score with its parts.
pub(super) struct Score {
    /// None where no component can be computed.
    total: Option<Decimal>,
    /// One for each component, in catalogue order.
    points: Vec<Points>,
}

impl Score {
    pub(super) fn of(scorecard: &Scorecard, marks: &Marks) -> Self {
        let exact = exact_points(scorecard, marks);
        let total = exact
            .iter()
            .flatten()
            .fold(Ratio::whole(0), |sum, points| sum.plus(points));
        let is_computed = exact.iter().any(Option::is_some);
        let total = total.rounded(SCALE).filter(|_| is_computed);
        let printed = printed(&exact, total.unwrap_or(Decimal::ZERO));
        let components = scorecard.components().iter().zip(printed);
        let line = |(component, points): (&Component, Option<Decimal>)| Points {
            value: measured(component.scoring, marks),
            points: points.map(|points| points.to_string()).unwrap_or_default(),
        };
        Self {
            total,
            points: components.map(line).collect(),
        }
    }

    pub(super) const fn total(&self) -> Option<Decimal> {
        self.total
    }

    /// One for each component, in catalogue order.
    pub(super) fn points(&self) -> &[Points] {
        &self.points
    }
}

/// The points that each component can earn at best, rounded to two decimals: its weight over those that can be computed.
pub(super) fn full_points(scorecard: &Scorecard, marks: &Marks) -> Vec<Option<Decimal>> {
    let components = scorecard.components();
    let is_computed = |c: &&Component| attained(c.scoring, marks).is_some();
    let weights = sum(components.iter().filter(is_computed).map(|c| c.weight));
    let full = |component: &Component| {
        attained(component.scoring, marks)?;
        let share = Ratio::of(component.weight).over(&Ratio::of(weights))?;
        share.times(&Ratio::whole(100)).rounded(SCALE)
    };
    components.iter().map(full).collect()
}

/// The points of each component before rounding.
fn exact_points(scorecard: &Scorecard, marks: &Marks) -> Vec<Option<Ratio>> {
    let components = scorecard.components().iter();
    let parts: Vec<(Ratio, Option<Ratio>)> = components
        .map(|component| {
            (
                Ratio::of(component.weight),
                attained(component.scoring, marks),
            )
        })
        .collect();
    let computed = parts.iter().filter(|(_, part)| part.is_some());
    let weights = computed.fold(Ratio::whole(0), |sum, (weight, _)| sum.plus(weight));
    let points = |(weight, part): &(Ratio, Option<Ratio>)| {
        let share = weight.times(part.as_ref()?).over(&weights)?;
        Some(share.times(&Ratio::whole(100)))
    };
    parts.iter().map(points).collect()
}

/// The points with two decimals each, so that they sum to the score.
fn printed(exact: &[Option<Ratio>], total: Decimal) -> Vec<Option<Decimal>> {
    let cut = |points: &Option<Ratio>| points.as_ref()?.rounded_down(SCALE);
    let mut points: Vec<Option<Decimal>> = exact.iter().map(cut).collect();
    let missing = total.checked_sub(sum(points.iter().flatten().copied()));
    let missing = missing.and_then(|missing| missing.rescaled(SCALE));
    let missing = missing.map_or(0, Decimal::mantissa);
    let remainder = |at: usize| {
        let (exact, cut) = (exact[at].as_ref()?, points[at]?);
        Some(exact.minus(&Ratio::of(cut)))
    };
    let mut by_remainder: Vec<(Ratio, usize)> = (0..exact.len())
        .filter_map(|at| Some((remainder(at)?, at)))
        .collect();
    by_remainder.sort_by(|(a, at), (b, bt)| b.cmp(a).then(at.cmp(bt)));
    let hundredth = Decimal::new(1, SCALE).unwrap_or(Decimal::ZERO);
    for ((_, at), _) in by_remainder.into_iter().zip(0..missing) {
        points[at] = points[at].and_then(|points| points.checked_add(hundredth));
    }
    points
}

/// The part of its weight that a component attains, from 0 to 1; none where it cannot be computed.
fn attained(scoring: Scoring, marks: &Marks) -> Option<Ratio> {
    let part = match scoring {
        Scoring::Share(measure) => match share(marks, measure) {
            None if is_spotless(measure, marks) => Ratio::whole(1),
            share => share?,
        },
        Scoring::Rest(measure) => Ratio::whole(1).minus(&share(marks, measure)?),
        Scoring::Duration {
            measure,
            zero_at_ms,
        } => {
            let part = Ratio::new(duration_ms(marks, measure, zero_at_ms)?, zero_at_ms)?;
            Ratio::whole(1).minus(&part)
        }
        Scoring::Revision { measure, zero_at } => {
            let Value::Number(revision) = marks.value(measure)? else {
                return None;
            };
            let part = Ratio::of(revision.abs()).over(&Ratio::of(zero_at))?;
            Ratio::whole(1).minus(&part)
        }
        Scoring::TargetProgress => Ratio::of(marks.progress()?).over(&Ratio::whole(100))?,
    };
    Some(part.clamp(Ratio::whole(0), Ratio::whole(1)))
}

fn share(marks: &Marks, measure: Measure) -> Option<Ratio> {
    match marks.value(measure)? {
        Value::Share {
            numerator,
            denominator,
        } => Ratio::new(*numerator, *denominator),
        Value::DurationMs(_) | Value::Number(_) => None,
    }
}

/// The duration to score. Where there is none because there was nothing to be late or to be answered, it is 0: no fault must
/// never score worse than a small one. Where there is none because nothing that was asked was answered, it is `zero_at_ms`.
fn duration_ms(marks: &Marks, measure: Measure, zero_at_ms: i64) -> Option<i64> {
    match marks.value(measure) {
        Some(Value::DurationMs(ms)) => Some(*ms),
        Some(Value::Share { .. } | Value::Number(_)) => None,
        None if is_spotless(measure, marks) => Some(0),
        None if measure == Measure::ResponseTime => {
            marks.value(Measure::ExplainedShare).map(|_| zero_at_ms)
        }
        None => None,
    }
}

/// Whether a measure has no value because the unit has reported and there is nothing to hold against it.
fn is_spotless(measure: Measure, marks: &Marks) -> bool {
    let has_findings = marks.value(Measure::ExplainedShare).is_some();
    let calls_for_nothing = match measure {
        Measure::MedianLateness | Measure::NinetiethLateness => true,
        Measure::ExplainedShare | Measure::ResponseTime => !has_findings,
        Measure::ReportingRate
        | Measure::OnTimeRate
        | Measure::RequiredCells
        | Measure::FirstTimeAcceptance
        | Measure::QualityEdits
        | Measure::MeanRevision
        | Measure::MeanAbsoluteRevision
        | Measure::RelativeMeanAbsoluteRevision
        | Measure::LowQuality
        | Measure::SystemUse => false,
    };
    calls_for_nothing && marks.has_reported()
}

/// What was measured, as a document shows it.
fn measured(scoring: Scoring, marks: &Marks) -> MeasureValue {
    match scoring.measure() {
        Some(measure) => measure_value(measure, marks.value(measure).cloned()),
        None => MeasureValue {
            measure: scoring.word().to_owned(),
            value: marks
                .progress()
                .map(|percent| Measured::Number(percent.to_string())),
        },
    }
}

//! The account of one score: every slot that made each measure, with what it added, down to the points.
//!
//! A unit's tally is the sum of its slots' tallies, so each slot's own numerator and denominator sum to those of the measure.
//! A percentile is no sum: its slots are listed by duration, and the place of the one that counts is told.

use crate::{
    bulletin::{Named, Standing, TargetLine, Words},
    catalogue::{Catalogue, Component, Scorecard, Scoring, say},
    completeness::SlotState,
    decimal::Decimal,
    measures::{Measure, Tally, Value},
    period::Period,
    snapshot::SlotKey,
    text::Bilingual,
};

use super::{
    ComponentAccount, Contribution, FindingNote, Marks, ScoreExplanation,
    points::{Score, full_points},
    sum,
};

/// What was counted of one slot.
#[derive(Clone, Debug)]
pub struct SlotMarks {
    /// Which.
    pub slot: SlotKey,
    /// Its state at the instant.
    pub state: SlotState,
    /// Its own tally.
    pub tally: Tally,
    /// The findings of quality edits on it, as they stand at the instant.
    pub findings: Vec<FindingNote>,
}

/// What the account is about.
#[derive(Clone, Copy)]
pub struct Subject<'s> {
    /// The catalogue.
    pub catalogue: &'s Catalogue,
    /// The scorecard.
    pub scorecard: &'s Scorecard,
    /// The period.
    pub period: Period,
}

/// What one unit was scored on.
#[derive(Clone, Copy)]
pub struct Slots<'s> {
    /// Its slots of the scorecard's datasets in the period.
    pub slots: &'s [SlotMarks],
    /// Its targets.
    pub targets: &'s [TargetLine],
    /// What [`crate::targets::attainment`] made of them.
    pub progress: Option<Decimal>,
}

/// Accounts for the score of a unit with this standing.
#[must_use]
pub fn explain(subject: Subject<'_>, slots: Slots<'_>, standing: Standing) -> ScoreExplanation {
    let scorecard = subject.scorecard;
    let whole = slots
        .slots
        .iter()
        .fold(Tally::default(), |sum, slot| sum.plus(slot.tally.clone()));
    let marks = Marks::of(&whole, slots.progress);
    let score = Score::of(scorecard, &marks);
    let components = scorecard.components().iter();
    let parts = components
        .zip(score.points())
        .zip(full_points(scorecard, &marks));
    let accounts = parts.map(|((component, points), full)| {
        let reckoning = reckoning(component.scoring, &marks, full, &points.points);
        let is_progress = component.scoring == Scoring::TargetProgress;
        let targets = slots.targets.iter().filter(|_| is_progress).cloned();
        ComponentAccount {
            component: super::component_line(component),
            points: points.clone(),
            full: full.map(|full| full.to_string()).unwrap_or_default(),
            reckoning: Words::from(&reckoning),
            targets: targets.collect(),
            ..contributed(subject.catalogue, component, slots.slots, &marks)
        }
    });
    ScoreExplanation {
        scorecard: Named::new(scorecard.code(), scorecard.name()),
        period: subject.period.to_string(),
        standing,
        accounts: accounts.collect(),
    }
}

/// The contributions to one component's measure, and their sums.
fn contributed(
    catalogue: &Catalogue,
    component: &Component,
    slots: &[SlotMarks],
    marks: &Marks,
) -> ComponentAccount {
    let Some(measure) = component.scoring.measure() else {
        return ComponentAccount::default();
    };
    let mut parts: Vec<(&SlotMarks, Part)> = slots
        .iter()
        .filter_map(|slot| Some((slot, part_of(measure, &slot.tally)?)))
        .collect();
    parts.sort_by(|a, b| a.0.slot.cmp(&b.0.slot));
    if is_percentile(measure) {
        parts.sort_by_key(|(_, part)| part.numerator);
    }
    let line = |(slot, part): &(&SlotMarks, Part)| contribution(catalogue, measure, slot, part);
    let is_sum =
        parts.iter().all(|(_, part)| part.denominator.is_some()) && marks.value(measure).is_some();
    let total = |values: &dyn Fn(&Part) -> Decimal| {
        let values = parts.iter().map(|(_, part)| values(part));
        if is_sum {
            sum(values).to_string()
        } else {
            String::new()
        }
    };
    ComponentAccount {
        contributions: parts.iter().map(line).collect(),
        numerator: total(&|part| part.numerator),
        denominator: total(&|part| part.denominator.unwrap_or(Decimal::ZERO)),
        ..ComponentAccount::default()
    }
}

/// What one slot adds to a measure.
struct Part {
    numerator: Decimal,
    /// None where the measure is no sum of parts.
    denominator: Option<Decimal>,
}

const fn is_percentile(measure: Measure) -> bool {
    matches!(
        measure,
        Measure::MedianLateness | Measure::NinetiethLateness
    )
}

/// What a slot adds; none where it adds nothing, not even to the denominator.
fn part_of(measure: Measure, tally: &Tally) -> Option<Part> {
    let whole = |count: u64| Decimal::new(count.into(), 0);
    if measure == Measure::ResponseTime {
        let taken_ms = Decimal::new(tally.response_ms_sum, 0)?;
        return (tally.responses > 0).then(|| Part {
            numerator: taken_ms,
            denominator: whole(tally.responses),
        });
    }
    Some(match tally.value(measure)? {
        Value::Share {
            numerator,
            denominator,
        } => Part {
            numerator: whole(numerator)?,
            denominator: whole(denominator),
        },
        Value::DurationMs(ms) => Part {
            numerator: Decimal::integer(ms),
            denominator: None,
        },
        Value::Number(number) => Part {
            numerator: number,
            denominator: None,
        },
    })
}

fn contribution(
    catalogue: &Catalogue,
    measure: Measure,
    slot: &SlotMarks,
    part: &Part,
) -> Contribution {
    let dataset = catalogue.dataset(&slot.slot.dataset);
    let name = dataset.map_or_else(Bilingual::default, |dataset| dataset.name().clone());
    let looks_at_findings = matches!(
        measure,
        Measure::QualityEdits | Measure::ExplainedShare | Measure::ResponseTime
    );
    let findings = looks_at_findings.then(|| slot.findings.clone());
    Contribution {
        dataset: Named::new(&slot.slot.dataset, &name),
        period: slot.slot.period.to_string(),
        state: slot.state.number(),
        numerator: part.numerator.to_string(),
        denominator: part.denominator.map(|d| d.to_string()).unwrap_or_default(),
        findings: findings.unwrap_or_default(),
    }
}

/// How the points follow from the measure, in words and figures.
fn reckoning(scoring: Scoring, marks: &Marks, full: Option<Decimal>, points: &str) -> Bilingual {
    let Some(full) = full else {
        return say!(
            "无法计算，其权重按比例分给其他各项",
            "it cannot be computed, so its weight goes to the others in proportion to theirs"
        );
    };
    let Some(part) = attained_text(scoring, marks) else {
        return if points.trim_matches(['0', '.']).is_empty() {
            say!(
                "有问题而从未回应，不得分",
                "nothing that was asked was answered: no points"
            )
        } else {
            say!(
                "没有可扣分的事项，得满分 {full}",
                "there is nothing to hold against it: all {full} points"
            )
        };
    };
    say!(
        "满分 {full} × {part} = {points}",
        "{full} points x {part} = {points}"
    )
}

/// The part of the points that is attained, as a term; none where nothing was measured.
fn attained_text(scoring: Scoring, marks: &Marks) -> Option<String> {
    let value = match scoring.measure() {
        Some(measure) => match marks.value(measure)? {
            Value::Share {
                numerator,
                denominator,
            } => format!("{numerator}/{denominator}"),
            Value::DurationMs(ms) => format!("{ms} ms"),
            Value::Number(number) => format!("{}%", number.abs()),
        },
        None => format!("{}%", marks.progress()?),
    };
    Some(match scoring {
        Scoring::Share(_) => value,
        Scoring::Rest(_) => format!("(1 - {value})"),
        Scoring::Duration { zero_at_ms, .. } => format!("max(0, 1 - {value} / {zero_at_ms} ms)"),
        Scoring::Revision { zero_at, .. } => format!("max(0, 1 - {value} / {zero_at}%)"),
        Scoring::TargetProgress => format!("min(100%, {value})"),
    })
}

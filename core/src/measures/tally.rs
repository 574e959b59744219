//! The tally: all counts and sums that the measures of a set of slots are made of.
//!
//! Tallies add up ([`Tally::merge`]): the tally of two sets that have no slot in common is the sum of theirs, in any order.
//! Everything in it is exact.

use crate::{completeness::StateCounts, ledger::Revisions};

use super::{Durations, Measure, Value};

/// What was counted over a set of slots at an instant. An exempt slot is counted in [`Self::counts`] alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The slots in each state, and those that imported history alone settles.
    pub counts: StateCounts,
    /// How late each late slot was.
    pub lateness: Durations,
    /// Required cells of slots that were accepted or are missing, and how many of them have a value.
    pub required: Part,
    /// Slots of which a snapshot was received.
    pub received: u64,
    /// Those of them whose first snapshot was accepted.
    pub first_accepted: u64,
    /// Slots of which a snapshot was accepted.
    pub accepted: u64,
    /// Those of them with a quality edit that is false on the current figures.
    pub questioned: u64,
    /// Findings of quality edits, and how many of them are explained, accepted or corrected.
    pub findings: Part,
    /// How often a finding was answered after it had opened.
    pub responses: u64,
    /// The sum of the times that these took, in milliseconds.
    pub response_ms_sum: i128,
    /// Revisions of figures.
    pub revisions: Revisions,
    /// What was poor about the slots received.
    pub poor: Poor,
    /// Slots that only imported history settles: reported by hand, before the system.
    pub by_hand: u64,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// What counts.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
}

/// Slots that were received and are of low quality. The kinds exclude each other in the order in which they stand here, so
/// that each slot counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poor {
    /// The current snapshot has no value at all.
    pub empty: u64,
    /// Every value of the current snapshot is zero.
    pub all_zero: u64,
    /// Every value of the current snapshot is that of the period before.
    pub copied: u64,
    /// The first snapshot came in time and was returned.
    pub returned_in_time: u64,
}

impl Part {
    /// Adds another part.
    pub const fn add(&mut self, part: u64, whole: u64) {
        self.part += part;
        self.whole += whole;
    }

    const fn value(self) -> Option<Value> {
        share(self.part, self.whole)
    }
}

impl Poor {
    /// Slots with any of these.
    #[must_use]
    pub const fn slots(self) -> u64 {
        self.empty + self.all_zero + self.copied + self.returned_in_time
    }
}

impl Tally {
    /// Takes up the slots of another tally.
    pub fn merge(&mut self, other: Self) {
        self.counts = self.counts.plus(other.counts);
        self.lateness.merge(other.lateness);
        self.required.add(other.required.part, other.required.whole);
        self.received += other.received;
        self.first_accepted += other.first_accepted;
        self.accepted += other.accepted;
        self.questioned += other.questioned;
        self.findings.add(other.findings.part, other.findings.whole);
        self.responses += other.responses;
        self.response_ms_sum += other.response_ms_sum;
        self.revisions.merge(&other.revisions);
        self.poor.empty += other.poor.empty;
        self.poor.all_zero += other.poor.all_zero;
        self.poor.copied += other.poor.copied;
        self.poor.returned_in_time += other.poor.returned_in_time;
        self.by_hand += other.by_hand;
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        self.merge(other);
        self
    }

    /// What a measure comes to; none where nothing is in its denominator. Shares are exact; a mean time is rounded down to
    /// whole milliseconds; revisions are in per cent, rounded to six digits after the point.
    #[must_use]
    pub fn value(&self, measure: Measure) -> Option<Value> {
        let counts = &self.counts;
        match measure {
            Measure::ReportingRate => share(counts.timely + counts.late, counts.owed()),
            Measure::OnTimeRate => share(counts.timely, counts.owed()),
            Measure::MedianLateness => self.lateness.percentile(50).map(Value::DurationMs),
            Measure::NinetiethLateness => self.lateness.percentile(90).map(Value::DurationMs),
            Measure::RequiredCells => self.required.value(),
            Measure::FirstTimeAcceptance => share(self.first_accepted, self.received),
            Measure::QualityEdits => share(self.questioned, self.accepted),
            Measure::ExplainedShare => self.findings.value(),
            Measure::ResponseTime => self.response_time_ms().map(Value::DurationMs),
            Measure::MeanRevision => self.revisions.mean().map(Value::Number),
            Measure::MeanAbsoluteRevision => self.revisions.mean_absolute().map(Value::Number),
            Measure::RelativeMeanAbsoluteRevision => {
                self.revisions.relative_mean_absolute().map(Value::Number)
            }
            Measure::LowQuality => share(self.poor.slots(), self.received),
            Measure::SystemUse => share(self.accepted, self.accepted + self.by_hand),
        }
    }

    /// Every measure with its value, in the order of `docs/METRICS.md`.
    pub fn values(&self) -> impl Iterator<Item = (Measure, Option<Value>)> {
        Measure::ALL
            .iter()
            .map(|measure| (*measure, self.value(*measure)))
    }

    fn response_time_ms(&self) -> Option<i64> {
        let mean = self
            .response_ms_sum
            .checked_div(i128::from(self.responses))?;
        i64::try_from(mean).ok()
    }
}

const fn share(numerator: u64, denominator: u64) -> Option<Value> {
    if denominator == 0 {
        return None;
    }
    Some(Value::Share {
        numerator,
        denominator,
    })
}

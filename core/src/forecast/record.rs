//! One unit's past in one dataset: outcomes, and their sum as a record of fixed size.

use crate::period::Period;

use super::{
    lead::{self, BINS},
    weight::{AGES, outcomes},
};

/// How many of the newest outcomes are told of in words.
const RECENT: u32 = 6;

/// What became of one past slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The unit's number among those that the model is about, from 0.
    pub unit: u32,
    /// The period.
    pub period: Period,
    /// When it was due, with extensions.
    pub due_at_ms: i64,
    /// When it was first accepted; absent where it never was.
    pub accepted_at_ms: Option<i64>,
    /// When its first snapshot was received, where that was returned.
    pub returned_at_ms: Option<i64>,
    /// From which instant all this was known, where that is later than the due instant.
    pub known_at_ms: i64,
}

/// How often a unit was late, over the outcomes that are looked at and over the newest of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Outcomes known.
    pub known: u32,
    /// Of them, late.
    pub late: u32,
    /// The newest outcomes known, at most six.
    pub recent: u32,
    /// Of them, late.
    pub recent_late: u32,
}

/// One unit's past in one dataset. Bit `a` of a mask is the outcome of age `a`.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    known: u64,
    late: u64,
    returned: u64,
    weight: u32,
    late_weight: u32,
    /// The sum of squared weights.
    squares: u64,
    /// Weights of timely reports by lead time.
    timely: [u32; BINS],
}

impl Outcome {
    /// Whether it may be used at an instant: it was due before, and is known.
    pub(super) const fn is_known(&self, as_of_ms: i64) -> bool {
        self.due_at_ms < as_of_ms && self.known_at_ms <= as_of_ms
    }

    /// How long before it was due it was accepted; `None` where it was late.
    pub(super) fn lead_ms(&self) -> Option<i64> {
        let lead_ms = self.due_at_ms.saturating_sub(self.accepted_at_ms?);
        (lead_ms >= 0).then_some(lead_ms)
    }

    /// Whether a report was returned before the slot was due and before one was accepted.
    pub(super) fn was_returned(&self) -> bool {
        self.returned_at_ms.is_some_and(|at_ms| {
            at_ms <= self.due_at_ms && self.accepted_at_ms.is_none_or(|accepted| at_ms < accepted)
        })
    }
}

impl Record {
    /// Takes in an outcome of an age below [`AGES`] and its weight.
    pub(super) fn add(&mut self, age: u32, weight: u32, outcome: &Outcome) {
        let bit = 1_u64 << age.min(AGES);
        self.known |= bit;
        self.weight += weight;
        self.squares += u64::from(weight) * u64::from(weight);
        if outcome.was_returned() {
            self.returned |= bit;
        }
        match outcome.lead_ms() {
            Some(lead_ms) => self.timely[lead::bin(lead_ms)] += weight,
            None => {
                self.late |= bit;
                self.late_weight += weight;
            }
        }
    }

    /// How often it was late.
    pub(super) fn standing(&self) -> Standing {
        let (mut newest, mut rest) = (0_u64, self.known);
        for _ in 0..RECENT {
            newest |= rest & rest.wrapping_neg();
            rest &= rest.wrapping_sub(1);
        }
        Standing {
            known: self.known.count_ones(),
            late: self.late.count_ones(),
            recent: newest.count_ones(),
            recent_late: (newest & self.late).count_ones(),
        }
    }

    /// Returned reports: those that became late, and all.
    pub(super) fn returned(&self) -> (u32, u32) {
        let late = self.returned & self.late;
        (late.count_ones(), self.returned.count_ones())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.known == 0
    }

    /// The weight of all outcomes and of the late ones.
    pub(super) const fn weights(&self) -> (u32, u32) {
        (self.weight, self.late_weight)
    }

    pub(super) const fn timely_weights(&self) -> &[u32; BINS] {
        &self.timely
    }

    /// Late outcomes, as a number of outcomes.
    pub(super) fn late(&self) -> f64 {
        outcomes(self.late_weight.into())
    }

    /// Timely outcomes, as a number of outcomes.
    pub(super) fn timely(&self) -> f64 {
        outcomes((self.weight - self.late_weight).into())
    }

    /// Timely outcomes by lead time.
    pub(super) fn curve(&self) -> [f64; BINS] {
        self.timely.map(|weight| outcomes(weight.into()))
    }

    /// What an outcome of this record counts for where noise matters: faded outcomes are less noisy than as many whole ones
    /// as their weights sum to. Source: Kish, "Survey Sampling" (Wiley, 1965), section 8.2, the effective sample size
    /// `(sum w)^2 / sum w^2`.
    pub(super) fn effective(&self) -> f64 {
        if self.squares == 0 {
            return 0.0;
        }
        // Both are in units of the weights' scale, which cancels: outcomes * one / squares.
        f64::from(self.weight) * f64::from(super::weight::ONE) / self.squares as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::weight::ONE;

    fn outcome(accepted_at_ms: Option<i64>, returned_at_ms: Option<i64>) -> Outcome {
        Outcome {
            unit: 0,
            period: Period::parse("2021-M01").unwrap(),
            due_at_ms: 1_000,
            accepted_at_ms,
            returned_at_ms,
            known_at_ms: 0,
        }
    }

    #[test]
    fn an_outcome_is_known_only_after_it_was_due() {
        let accepted = outcome(Some(10), None);
        assert!(!accepted.is_known(1_000));
        assert!(accepted.is_known(1_001));
        assert!(
            !Outcome {
                known_at_ms: 2_000,
                ..accepted
            }
            .is_known(1_999)
        );
    }

    #[test]
    fn only_a_return_before_the_deadline_and_before_acceptance_counts() {
        assert!(outcome(None, Some(1_000)).was_returned());
        assert!(outcome(Some(900), Some(10)).was_returned());
        assert!(!outcome(Some(10), Some(900)).was_returned());
        assert!(!outcome(None, Some(1_001)).was_returned());
        assert!(!outcome(None, None).was_returned());
    }

    #[test]
    fn the_newest_six_are_told_of() {
        let mut record = Record::default();
        for age in 0..10 {
            let late = age % 2 == 0 || age > 6;
            record.add(age, ONE, &outcome((!late).then_some(0), None));
        }
        let expect = Standing {
            known: 10,
            late: 7,
            recent: 6,
            recent_late: 3,
        };
        assert_eq!(record.standing(), expect);
        assert!((record.effective() - 1.0).abs() < 1e-12);
    }
}

//! Revision patterns: a unit whose figures are revised upwards only, and only after the ranking was published.
//!
//! Honest revisions correct mistakes and add late reports; after the ranking they go down about as often as up. For each period
//! whose ranking has been published, the value as known at that instant is compared with the latest one; of `n` periods with a
//! difference, `k` went up, and the p-value is the chance of at least `k` heads in `n` tosses. Changes before the ranking are counted
//! beside it: a unit that revises at other times too revises as one would expect.
//! Source: Mankiw and Shapiro, "News or noise? An analysis of GNP revisions" (Survey of Current Business 66(5), 1986): revisions of an
//! efficient first figure cannot be foreseen, not even their sign; the sign test is Conover's ([`super::sign_test`]).

use super::{number, reason::NotComputable, sign_test};
use crate::decimal::Decimal;

/// The parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The false discovery rate over the units tested at once: 0.05.
    pub rate: Decimal,
    /// The fewest periods with a revision after the ranking: 5.
    pub values_min: u32,
    /// How many periods, up to and with this one, are looked at: 24.
    pub periods: u32,
    /// Days from the due instant to the ranking, for periods whose ranking instant is not known: 0.
    pub ranked_after_days: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            rate: number::decimal(5, 2),
            values_min: 5,
            periods: 24,
            ranked_after_days: 0,
        }
    }
}

/// The values that one period's figure has had, in the order in which they were accepted, each with its instant in milliseconds.
pub type Vintages = [(i64, Option<Decimal>)];

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Periods whose figure is higher now than at its ranking.
    pub up: u32,
    /// Periods whose figure is lower now.
    pub down: u32,
    /// Periods whose figure was changed before its ranking.
    pub before: u32,
    /// Periods whose ranking is known.
    pub ranked: u32,
}

/// The outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// What was counted.
    pub tally: Tally,
    /// The chance of at least so many upward revisions, were both directions equally likely.
    pub p_value: f64,
}

impl Tally {
    /// Counts one period, ranked at the instant `ranked_at_ms`. A figure that was first stated after the ranking is late, not revised.
    pub fn add(&mut self, vintages: &Vintages, ranked_at_ms: Option<i64>) {
        let Some(ranked_at_ms) = ranked_at_ms else {
            return;
        };
        self.ranked += 1;
        let known = vintages
            .iter()
            .filter_map(|(at_ms, value)| Some((*at_ms, (*value)?)));
        let (before, after): (Vec<_>, Vec<_>) =
            known.partition(|(at_ms, _)| *at_ms <= ranked_at_ms);
        self.before += u32::from(before.windows(2).any(|pair| pair[0].1 != pair[1].1));
        if let (Some((_, ranked)), Some((_, latest))) = (before.last(), after.last()) {
            self.up += u32::from(latest > ranked);
            self.down += u32::from(latest < ranked);
        }
    }

    /// The sign test.
    ///
    /// # Errors
    /// No ranking known, or too few revisions after it.
    pub fn test(self, parameters: &Parameters) -> Result<Test, NotComputable> {
        if self.ranked == 0 {
            return Err(NotComputable::NotRanked);
        }
        let (known, needed) = (self.up + self.down, parameters.values_min.max(1));
        if known < needed {
            return Err(NotComputable::TooFewValues { known, needed });
        }
        Ok(Test {
            tally: self,
            p_value: sign_test::p_value(self.up, known),
        })
    }
}

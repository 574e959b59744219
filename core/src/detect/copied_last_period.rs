//! Copied last period: a record that repeats the one before it.
//!
//! The share of telling figures that equal those of the last period is at least 85 percent ([`super::likeness`] says what is
//! counted, and gives the source). Stocks that hardly move, and figures that are stated once a year, belong outside `indicators`.

use super::{likeness::Likeness, reason::Judgement};
use crate::decimal::Decimal;

pub use super::likeness::Parameters;

/// Judges a record beside the one before it: a pair of figures for each cell, the last period's first.
pub fn judge(
    pairs: impl IntoIterator<Item = (Option<Decimal>, Option<Decimal>)>,
    parameters: &Parameters,
) -> (Likeness, Judgement) {
    let likeness = Likeness::of(pairs, parameters);
    (likeness, likeness.judge(parameters))
}

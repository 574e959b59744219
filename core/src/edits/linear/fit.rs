//! What a suspected figure would have to be.
//!
//! Among the figures that fit, a simple slip that explains the reported one is the likeliest: a wrong sign, two neighbouring
//! digits that changed places, a point that moved (Scholtus 2009, "Automatic correction of simple typing errors in
//! numerical data with balance edits"). Otherwise it is the middle of what the tolerance leaves.

use super::{
    formula::Formula,
    fraction::{Delta, Fraction},
    region::{self, Interval, Region},
};
use crate::decimal::{Decimal, power_of_ten};

/// What one cell would have to be for all edits to hold, the others being right. Printed with the digits of the reported
/// figure, or with more where no such figure fits; under the tolerance `rounding`, which follows the digits, there are no
/// bounds then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// No smaller figure fits; none where there is no bound.
    pub lowest: Option<Decimal>,
    /// No larger figure fits; none where there is no bound.
    pub highest: Option<Decimal>,
    /// The likeliest figure, where the edits say enough. It was tried on the edits: with it none of them fails.
    pub value: Option<Decimal>,
    /// The slip that makes the reported figure out of `value`.
    pub slip: Option<Slip>,
}

/// A simple mistake in writing a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slip {
    /// The sign is wrong.
    Sign,
    /// Two neighbouring digits changed places.
    SwappedDigits,
    /// The decimal point moved, as between units of measure.
    Point,
}

/// Where the cell may lie for all statements to hold.
pub(super) fn region_of<'f>(
    statements: impl Iterator<Item = &'f Formula>,
    variable: usize,
    known: &dyn Fn(usize) -> Option<Fraction>,
) -> Region {
    statements.fold(region::everything(), |all, statement| {
        region::intersection(&all, &region::region(statement, variable, known))
    })
}

/// How many more digits than the reported figure has may be needed.
const MORE_DIGITS_MAX: u8 = 4;

/// What fits in `region`, which was made for figures with the digits of the reported one; `by_digits` says whether it would
/// be another for other digits. `None` where nothing can be said: there is no bound, or no printable figure.
pub(super) fn fit(
    reported: Decimal,
    region: &Region,
    by_digits: bool,
    is_sound: &dyn Fn(Decimal) -> bool,
) -> Option<Fit> {
    let scale = reported.scale();
    let last = scale
        .saturating_add(MORE_DIGITS_MAX)
        .min(Decimal::SCALE_MAX);
    let scales = (scale..=last).map(|scale| (scale, printable(region, scale)));
    let (used, ranges) = scales.into_iter().find(|(_, ranges)| !ranges.is_empty())?;
    let (lowest, highest) = if by_digits && used != scale {
        (None, None)
    } else {
        (ranges.first()?.low, ranges.last()?.high)
    };
    let slip = likely_slip(reported, &ranges, is_sound);
    let middle = || {
        nearest(reported, &ranges)?
            .middle()
            .filter(|value| is_sound(*value))
    };
    let value = slip.map(|(_, value)| value).or_else(middle);
    let says_something = lowest.is_some() || highest.is_some() || value.is_some();
    says_something.then(|| Fit {
        lowest,
        highest,
        value,
        slip: slip.map(|(slip, _)| slip),
    })
}

/// The printable figures of one interval.
struct Range {
    low: Option<Decimal>,
    high: Option<Decimal>,
    exact: Interval,
}

impl Range {
    fn has(&self, value: Decimal) -> bool {
        self.low.is_none_or(|low| low <= value) && self.high.is_none_or(|high| value <= high)
    }

    /// The figure in the middle of the exact interval, rounded half up, or none where it has no middle.
    fn middle(&self) -> Option<Decimal> {
        let (low, high) = (self.low?, self.high?);
        let sum = self.exact.low?.real.add(self.exact.high?.real)?;
        let half_unit = Fraction::new(1, power_of_ten(low.scale()))?;
        let doubled = sum.add(half_unit)?;
        let middle = doubled.divide(Fraction::integer(2))?.floor(low.scale())?;
        Some(middle.clamp(low, high))
    }

    /// Whether its width is at most a hundredth of the figure, so that to lie in it is no accident.
    fn is_narrow_beside(&self, figure: Decimal) -> bool {
        let width = self
            .low
            .zip(self.high)
            .and_then(|(low, high)| high.checked_sub(low));
        let hundredfold = width.and_then(|width| width.checked_mul(Decimal::integer(100)));
        hundredfold.is_some_and(|width| width <= figure.abs())
    }

    /// How far `value` is from it.
    fn distance(&self, value: Decimal) -> Option<Decimal> {
        let below = self.low.and_then(|low| low.checked_sub(value));
        let above = self.high.and_then(|high| value.checked_sub(high));
        Some(below.max(above)?.max(Decimal::ZERO))
    }
}

fn printable(region: &Region, scale: u8) -> Vec<Range> {
    let unit = Decimal::new(1, scale).unwrap_or(Decimal::ONE);
    let ranges = region.iter().filter_map(|interval| {
        let low = match interval.low {
            Some(low) => Some(first_from(low, scale, unit)?),
            None => None,
        };
        let high = match interval.high {
            Some(high) => Some(-first_from(opposite(high), scale, unit)?),
            None => None,
        };
        let exact = *interval;
        Some(Range { low, high, exact })
    });
    let not_empty = |range: &Range| range.low.zip(range.high).is_none_or(|(l, h)| l <= h);
    ranges.filter(not_empty).collect()
}

fn opposite(end: Delta) -> Delta {
    Delta {
        real: end.real.negated(),
        delta: end.delta.negated(),
    }
}

/// The first printable figure from a lower end on; an open end is not part of it.
fn first_from(end: Delta, scale: u8, unit: Decimal) -> Option<Decimal> {
    let first = end.real.ceiling(scale)?;
    let at_open_end = end.delta.is_positive() && Fraction::of(first)? == end.real;
    if at_open_end {
        return first.checked_add(unit);
    }
    Some(first)
}

fn nearest(reported: Decimal, ranges: &[Range]) -> Option<&Range> {
    ranges.iter().min_by_key(|range| range.distance(reported))
}

/// The one slip that explains the figure; two different explanations are none.
fn likely_slip(
    reported: Decimal,
    ranges: &[Range],
    is_sound: &dyn Fn(Decimal) -> bool,
) -> Option<(Slip, Decimal)> {
    let fits = |slip: Slip, value: Decimal| {
        let in_range = |range: &Range| {
            // What must not be below zero may well have got a sign by mistake; else a wide range proves nothing.
            let lost_sign = slip == Slip::Sign && reported < Decimal::ZERO;
            range.has(value) && (lost_sign || range.is_narrow_beside(value))
        };
        value != reported && ranges.iter().any(in_range)
    };
    let mut found: Vec<(Slip, Decimal)> = slips(reported)
        .into_iter()
        .filter(|(slip, value)| fits(*slip, *value))
        .collect();
    found.sort_by_key(|(slip, value)| (*value, *slip));
    found.dedup_by_key(|(_, value)| *value);
    match found.as_slice() {
        [(slip, value)] if is_sound(*value) => Some((*slip, *value)),
        [] | [_, ..] => None,
    }
}

/// What the figure may have been before a slip.
fn slips(reported: Decimal) -> Vec<(Slip, Decimal)> {
    const POINT_MOVES: [u8; 6] = [1, 2, 3, 4, 6, 8];
    let mut found = vec![(Slip::Sign, -reported)];
    let (mantissa, scale) = (reported.mantissa(), reported.scale());
    let digits = mantissa.unsigned_abs().checked_ilog10().unwrap_or(0);
    for place in 0..u8::try_from(digits).unwrap_or(0) {
        let unit = power_of_ten(place.min(Decimal::SCALE_MAX));
        let (low, high) = ((mantissa / unit) % 10, (mantissa / unit / 10) % 10);
        let swapped = mantissa + (low - high) * unit * 9;
        found.extend(Decimal::new(swapped, scale).map(|value| (Slip::SwappedDigits, value)));
    }
    for by in POINT_MOVES {
        let factor = Decimal::new(power_of_ten(by), 0);
        let larger = factor.and_then(|factor| reported.checked_mul(factor));
        let smaller = Decimal::new(mantissa, scale.saturating_add(by)).map(Decimal::normalised);
        found.extend(larger.map(|value| (Slip::Point, value)));
        found.extend(smaller.map(|value| (Slip::Point, value)));
    }
    let as_reported = |value: Decimal| value.rescaled(scale).unwrap_or(value);
    let found = found.into_iter();
    found
        .map(|(slip, value)| (slip, as_reported(value)))
        .collect()
}

//! Where one figure has to lie, all others being known.

use super::{
    formula::{Atom, Formula},
    fraction::{Delta, Fraction},
};

/// From `low` to `high`; open ends are an infinitesimal inside, and no end is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) low: Option<Delta>,
    pub(super) high: Option<Delta>,
}

/// Intervals that do not overlap, rising.
pub(super) type Region = Vec<Interval>;

/// How many intervals are kept apart; beyond them the region is taken to be everything.
const INTERVALS_MAX: usize = 64;

/// Everything.
pub(super) fn everything() -> Region {
    vec![Interval {
        low: None,
        high: None,
    }]
}

/// Where `variable` may lie for `statement` to hold. What hangs on another unknown figure is taken to hold everywhere, so the
/// region is never too narrow.
pub(super) fn region(
    statement: &Formula,
    variable: usize,
    known: &dyn Fn(usize) -> Option<Fraction>,
) -> Region {
    match statement {
        Formula::True => everything(),
        Formula::False => Region::new(),
        Formula::Atom(atom) => of_atom(atom, variable, known).unwrap_or_else(everything),
        Formula::All(parts) => {
            let parts = parts.iter().map(|part| region(part, variable, known));
            parts.fold(everything(), |all, part| intersection(&all, &part))
        }
        Formula::Any(parts) => union(
            parts
                .iter()
                .flat_map(|part| region(part, variable, known))
                .collect(),
        ),
    }
}

/// Where both hold.
pub(super) fn intersection(left: &Region, right: &Region) -> Region {
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    let common = pairs.map(|(a, b)| Interval {
        low: a.low.max(b.low),
        high: match (a.high, b.high) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (end, None) | (None, end) => end,
        },
    });
    let not_empty = |i: &Interval| i.low.zip(i.high).is_none_or(|(low, high)| low <= high);
    bounded(common.filter(not_empty).collect())
}

fn union(mut parts: Region) -> Region {
    parts.sort_by_key(|part| part.low);
    let mut merged = Region::new();
    for part in parts {
        match merged.last_mut() {
            Some(last) if last.high.is_none() || part.low <= last.high => {
                last.high = match (last.high, part.high) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (_, None) | (None, _) => None,
                };
            }
            Some(_) | None => merged.push(part),
        }
    }
    bounded(merged)
}

fn bounded(region: Region) -> Region {
    if region.len() > INTERVALS_MAX {
        everything()
    } else {
        region
    }
}

/// `None` where another figure in it is unknown, or the arithmetic overflows.
fn of_atom(
    atom: &Atom,
    variable: usize,
    known: &dyn Fn(usize) -> Option<Fraction>,
) -> Option<Region> {
    let (mut slope, mut bound) = (Fraction::ZERO, atom.affine.constant.negated());
    for &(other, coefficient) in &atom.affine.terms {
        if other == variable {
            slope = coefficient;
        } else {
            bound = bound.subtract(coefficient.multiply(known(other)?)?)?;
        }
    }
    if slope.is_zero() {
        let holds = if bound.is_zero() {
            !atom.strict
        } else {
            !bound.is_negative()
        };
        return Some(if holds { everything() } else { Region::new() });
    }
    let end = |step| Some(Delta::new(bound.divide(slope)?, step));
    Some(vec![if slope.is_positive() {
        Interval {
            low: None,
            high: Some(end(-i64::from(atom.strict))?),
        }
    } else {
        Interval {
            low: Some(end(i64::from(atom.strict))?),
            high: None,
        }
    }])
}

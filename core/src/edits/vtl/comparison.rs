//! Comparisons with the tolerance of the edit written into them.
//!
//! With the tolerance `t`, `l = r` holds iff `|l - r| <= t`, `l <= r` iff `l - r <= t`, and so on (see [`super::super`]). How
//! that is written depends on what is known of the digits, because most engines compute in binary floating point:
//!
//! - Where the digits after the point are known, the difference is rounded to them, which takes away exactly what floating
//!   point has added: `abs(round(l - r, 2)) <= 0.05` is right also where the difference *is* 0.05.
//! - Where they are not, as in a quotient, the tolerance is put beside the larger number, `l <= r + 0.05`, because an engine
//!   that forgives the last binary digits forgives them in proportion to what it compares.

use super::{
    steps::Steps,
    term::{Statement, Term},
};
use crate::{
    decimal::Decimal,
    edits::{ast::Comparison, tolerance::Tolerance},
};

/// A number and by how much rounding may have moved it, where it may.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    pub(super) value: Term,
    pub(super) half: Option<Term>,
}

impl Figure {
    pub(super) const fn exact(value: Term) -> Self {
        Self { value, half: None }
    }
}

/// `left <comparison> right` within the tolerance.
pub(super) fn compared(
    comparison: Comparison,
    left: &Figure,
    right: &Figure,
    tolerance: Tolerance,
    steps: &mut Steps,
) -> Statement {
    let bound = match tolerance {
        Tolerance::Absolute(t) => Term::number(t),
        Tolerance::Rounding => {
            let half = either(left.half.as_ref(), right.half.as_ref());
            half.unwrap_or_else(|| Term::number(Decimal::ZERO))
        }
        Tolerance::Relative(fraction) if fraction.is_zero() => Term::number(fraction),
        Tolerance::Relative(fraction) => {
            let fraction = Term::number(fraction);
            return relative(comparison, &left.value, &right.value, &fraction);
        }
    };
    bounded(comparison, &left.value, &right.value, &bound, steps)
}

/// The sum of two half-widths.
pub(super) fn either(left: Option<&Term>, right: Option<&Term>) -> Option<Term> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.plus(right)),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

/// The comparison of a difference of known digits with its bound. The bound is zero, a literal or a sum of half-widths.
pub(super) fn of_difference(comparison: Comparison, difference: Term, bound: &Term) -> Statement {
    let (difference, bound) = (difference.clean(), cleaned(bound));
    let zero = bound.text == "0";
    let against = |sign: &str, difference: &Term, bound: &Term| difference.compared(sign, bound);
    match comparison {
        Comparison::Equal if zero => against("=", &difference, &bound),
        Comparison::NotEqual if zero => against("<>", &difference, &bound),
        Comparison::Equal => against("<=", &difference.abs(), &bound),
        Comparison::NotEqual => against(">", &difference.abs(), &bound),
        Comparison::LessOrEqual => against("<=", &difference, &bound),
        Comparison::Less => against("<", &difference, &bound),
        Comparison::GreaterOrEqual if zero => against(">=", &difference, &bound),
        Comparison::Greater if zero => against(">", &difference, &bound),
        Comparison::GreaterOrEqual => against(">=", &difference, &bound.negated()),
        Comparison::Greater => against(">", &difference, &bound.negated()),
    }
}

fn bounded(
    comparison: Comparison,
    left: &Term,
    right: &Term,
    bound: &Term,
    steps: &mut Steps,
) -> Statement {
    let difference = left.minus(right);
    if difference.is_clean() {
        let difference = if right.text == "0" {
            left.clone()
        } else {
            difference
        };
        return of_difference(comparison, difference, bound);
    }
    let zero = bound.text == "0";
    let bound = &steps.short(bound);
    let add = |side: &Term| if zero { side.clone() } else { side.plus(bound) };
    let at_most = || left.compared("<=", &add(right));
    let at_least = || add(left).compared(">=", right);
    match comparison {
        Comparison::Equal if zero => left.compared("=", right),
        Comparison::NotEqual if zero => left.compared("<>", right),
        Comparison::Equal => at_most().and(&at_least()),
        Comparison::NotEqual => at_most().and(&at_least()).not(),
        Comparison::LessOrEqual => at_most(),
        Comparison::GreaterOrEqual => at_least(),
        // Not `<`, which forgives nothing where `>=` does.
        Comparison::Less => left.compared(">=", &add(right)).not(),
        Comparison::Greater => add(left).compared("<=", right).not(),
    }
}

/// The bound is the larger of two products, so it is kept iff one of them is.
fn relative(comparison: Comparison, left: &Term, right: &Term, fraction: &Term) -> Statement {
    let zero = Term::number(Decimal::ZERO);
    let within = |difference: &Term, sign: &str| {
        let one = |side: &Term| {
            let bound = fraction.times(&side.abs());
            let rest = difference.minus(&bound);
            if rest.is_clean() {
                rest.clean().compared(sign, &zero)
            } else {
                difference.compared(sign, &bound)
            }
        };
        one(left).or(&one(right))
    };
    match comparison {
        Comparison::Equal => within(&left.minus(right).abs(), "<="),
        Comparison::NotEqual => within(&left.minus(right).abs(), "<=").not(),
        Comparison::LessOrEqual => within(&left.minus(right), "<="),
        Comparison::Less => within(&left.minus(right), "<"),
        Comparison::GreaterOrEqual => within(&right.minus(left), "<="),
        Comparison::Greater => within(&right.minus(left), "<"),
    }
}

/// A literal is clean by itself.
fn cleaned(bound: &Term) -> Term {
    let is_literal = bound.text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_literal {
        bound.clone()
    } else {
        bound.clone().clean()
    }
}

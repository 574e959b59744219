//! Arithmetic on figures: the value, and by how much rounding may have moved it, as [`crate::edits::figure`] computes both.

use std::cmp::Ordering;

use super::{
    comparison::{Figure, either},
    steps::Steps,
    term::{Statement, Term},
};
use crate::decimal::Decimal;

/// `exp` of more than this is missing (see `functions.rs`).
const EXPONENT_MAX: i64 = 58;
/// The largest whole power that is multiplied out (see `functions.rs`).
const WHOLE_POWER_MAX: i128 = 64;

fn zero() -> Term {
    Term::number(Decimal::ZERO)
}

fn one() -> Term {
    Term::number(Decimal::ONE)
}

fn half_or_zero(figure: &Figure) -> Term {
    figure.half.clone().unwrap_or_else(zero)
}

pub(super) fn add(left: &Figure, right: &Figure) -> Figure {
    Figure {
        value: left.value.plus(&right.value),
        half: either(left.half.as_ref(), right.half.as_ref()),
    }
}

pub(super) fn subtract(left: &Figure, right: &Figure) -> Figure {
    Figure {
        value: left.value.minus(&right.value),
        half: either(left.half.as_ref(), right.half.as_ref()),
    }
}

/// `|x| h_y + |y| h_x + h_x h_y`.
pub(super) fn multiply(left: &Figure, right: &Figure, steps: &mut Steps) -> Figure {
    let moved_by = |half: &Term, other: &Term| Some(size(other).times(half));
    match (&left.half, &right.half) {
        (None, None) => Figure::exact(left.value.times(&right.value)),
        (Some(half), None) => Figure {
            value: left.value.times(&right.value),
            half: moved_by(half, &right.value),
        },
        (None, Some(half)) => Figure {
            value: left.value.times(&right.value),
            half: moved_by(half, &left.value),
        },
        (Some(h), Some(k)) => {
            let (x, y) = (steps.short(&left.value), steps.short(&right.value));
            let (h, k) = (steps.short(h), steps.short(k));
            let moved = size(&x).times(&k).plus(&size(&y).times(&h));
            Figure {
                value: x.times(&y),
                half: Some(moved.plus(&h.times(&k))),
            }
        }
    }
}

/// `(|y| h_x + |x| h_y) / (|y| (|y| - h_y))`; missing where the divisor is zero, or may have been before it was rounded.
pub(super) fn divide(
    left: &Figure,
    right: &Figure,
    literal: Option<Decimal>,
    steps: &mut Steps,
) -> Figure {
    if let Some(divisor) = literal.filter(|divisor| !divisor.is_zero()) {
        return Figure {
            value: over_literal(&left.value, divisor),
            half: left
                .half
                .as_ref()
                .map(|half| over_literal(half, divisor.abs())),
        };
    }
    let (left, right) = (&short(left, steps), &short(right, steps));
    let size_of_divisor = size(&right.value);
    let Some(moved) = &right.half else {
        let divisor = steps.guarded(&unlike_zero(&right.value), &right.value);
        return Figure {
            value: left.value.over(&divisor),
            half: left.half.as_ref().map(|half| half.over(&divisor.abs())),
        };
    };
    let least = size_of_divisor.minus(moved);
    let divisor = steps.guarded(&least.clone().clean().compared(">", &zero()), &right.value);
    let own = left.half.as_ref().map(|half| divisor.abs().times(half));
    let through = size(&left.value).times(moved);
    let both = own.map_or_else(|| through.clone(), |own| own.plus(&through));
    Figure {
        value: left.value.over(&divisor),
        half: Some(both.over(&divisor.abs().times(&divisor.abs().minus(moved)))),
    }
}

pub(super) fn negated(figure: Figure) -> Figure {
    Figure {
        value: figure.value.negated(),
        ..figure
    }
}

pub(super) fn magnitude(figure: &Figure) -> Figure {
    Figure {
        value: figure.value.abs(),
        half: figure.half.clone(),
    }
}

/// `nvl(x, y)`.
pub(super) fn or_else(figure: &Figure, otherwise: &Figure, steps: &mut Steps) -> Figure {
    let (figure, otherwise) = (&short(figure, steps), &short(otherwise, steps));
    let nvl = |x: &Term, y: &Term| {
        let digits = x.digits.zip(y.digits).map(|(x, y)| x.max(y));
        Term::call("nvl", &[&x.text, &y.text], digits)
    };
    let moves = figure.half.is_some() || otherwise.half.is_some();
    // The half-width must be missing where the value is, or the other one's would not be taken.
    let own = || match &figure.half {
        Some(half) => half.clone(),
        None => figure.value.times(&zero()),
    };
    Figure {
        value: nvl(&figure.value, &otherwise.value),
        half: moves.then(|| nvl(&own(), &half_or_zero(otherwise))),
    }
}

/// Half away from zero: the point is moved first, and what is cut is cleaned of binary digits, because a half that is a
/// little less than a half would be rounded down.
pub(super) fn round(figure: &Figure, digits: u32, steps: &mut Steps) -> Figure {
    to_digits("round", figure, digits, steps)
}

pub(super) fn trunc(figure: &Figure, digits: u32, steps: &mut Steps) -> Figure {
    to_digits("trunc", figure, digits, steps)
}

fn to_digits(name: &str, figure: &Figure, digits: u32, steps: &mut Steps) -> Figure {
    let cut = |x: &Term, _: &mut Steps| {
        let moved = match digits {
            0 => x.clone(),
            _ => x.times(&Term::power_of_ten(digits)),
        };
        let moved = moved.clean();
        if digits == 0 {
            return Term::call(name, &[&moved.text, "0"], Some(0));
        }
        Term::call(name, &[&moved.text, "0"], Some(0)).over_power_of_ten(digits)
    };
    mapped(figure, steps, &cut)
}

/// The remainder with the sign of the divisor; `x` itself where the divisor is zero. VTL engines differ in the sign, so it
/// is written out.
pub(super) fn modulo(left: &Figure, right: &Figure, steps: &mut Steps) -> Figure {
    let (x, y) = (&steps.short(&left.value), &steps.short(&right.value));
    let digits = x.digits.zip(y.digits).map(|(x, y)| x.max(y));
    let divisor = steps.guarded(&unlike_zero(y), y);
    let whole = Term::call("floor", &[&x.over(&divisor).text], Some(0));
    let rest = x.minus(&divisor.times(&whole));
    let of_zero = x.plus(&y.times(&zero()));
    let value = Term::call("nvl", &[&rest.text, &of_zero.text], digits).clean();
    let Some(half) = either(left.half.as_ref(), right.half.as_ref()) else {
        return Figure::exact(value);
    };
    // Of rounded figures the remainder could be anything.
    Figure::exact(steps.guarded(&half.compared("=", &zero()), &value))
}

pub(super) fn ln(figure: &Figure, steps: &mut Steps) -> Figure {
    guarded_call("ln", figure, steps, &|x| x.compared(">", &zero()))
}

pub(super) fn sqrt(figure: &Figure, steps: &mut Steps) -> Figure {
    guarded_call("sqrt", figure, steps, &|x| x.compared(">=", &zero()))
}

pub(super) fn exp(figure: &Figure, steps: &mut Steps) -> Figure {
    let most = Term::number(Decimal::integer(EXPONENT_MAX));
    guarded_call("exp", figure, steps, &|x| x.compared("<=", &most))
}

fn guarded_call(
    name: &str,
    figure: &Figure,
    steps: &mut Steps,
    defined: &dyn Fn(&Term) -> Statement,
) -> Figure {
    mapped(figure, steps, &|x, steps| {
        let clean = x.clone().clean();
        let x = steps.guarded(&defined(&clean), &clean);
        Term::call(name, &[&x.text], None)
    })
}

/// A power with a literal exponent.
pub(super) fn power(figure: &Figure, exponent: Decimal, steps: &mut Steps) -> Figure {
    let (figure, exponent) = (&short(figure, steps), exponent.normalised());
    let whole = (exponent.scale() == 0 && exponent.mantissa().abs() <= WHOLE_POWER_MAX)
        .then(|| exponent.mantissa());
    match whole {
        Some(whole) if whole < 0 => {
            let product = whole_power(figure, -whole);
            divide(&Figure::exact(one()), &product, None, steps)
        }
        Some(whole) => whole_power(figure, whole),
        None => broken_power(figure, exponent, steps),
    }
}

/// A rounded base multiplied out gives `(|x| + h)^n - |x|^n`, which is what [`multiply`] gives step by step.
fn whole_power(figure: &Figure, exponent: i128) -> Figure {
    let times = u32::try_from(exponent).unwrap_or_default();
    let raised = |x: &Term| {
        let digits = x.digits.map(|digits| digits.saturating_mul(times));
        Term::call("power", &[&x.text, &exponent.to_string()], digits)
    };
    let size = size(&figure.value);
    let half = figure.half.as_ref();
    Figure {
        value: raised(&figure.value),
        half: half.map(|half| raised(&size.plus(half)).minus(&raised(&size))),
    }
}

fn broken_power(figure: &Figure, exponent: Decimal, steps: &mut Steps) -> Figure {
    let sign = if exponent.cmp(&Decimal::ZERO) == Ordering::Greater {
        ">="
    } else {
        ">"
    };
    let exponent = Term::number(exponent);
    mapped(figure, steps, &|x, steps| {
        let clean = x.clone().clean();
        let x = steps.guarded(&clean.compared(sign, &zero()), &clean);
        Term::call("power", &[&x.text, &exponent.text], None)
    })
}

/// A function that rises or falls all the way: the half-width is the farther of the images of both ends.
fn mapped(
    figure: &Figure,
    steps: &mut Steps,
    function: &dyn Fn(&Term, &mut Steps) -> Term,
) -> Figure {
    let Some(half) = &figure.half else {
        return Figure::exact(function(&figure.value, steps));
    };
    let (x, half) = (steps.kept(&figure.value), steps.kept(half));
    let image = function(&x, steps);
    let value = steps.kept(&image);
    let mut off = |end: &Term| {
        let image = function(end, steps);
        steps.kept(&image.minus(&value).abs())
    };
    let (above, below) = (off(&x.plus(&half)), off(&x.minus(&half)));
    let farther = steps.chosen(&above.compared(">", &below), &above, &below);
    // The ends must be there too.
    let missing = above.plus(&below).times(&zero());
    let value_if_known = value.plus(&missing);
    Figure {
        value: value_if_known.with_digits(value.digits),
        half: Some(farther),
    }
}

/// A figure with a half-width names its parts more than once, so what is long is kept: a text must not grow by a factor at
/// each level of nesting.
fn short(figure: &Figure, steps: &mut Steps) -> Figure {
    let Some(half) = &figure.half else {
        return figure.clone();
    };
    Figure {
        value: steps.short(&figure.value),
        half: Some(steps.short(half)),
    }
}

/// The magnitude; a literal is its own.
fn size(x: &Term) -> Term {
    if x.text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        x.clone()
    } else {
        x.abs()
    }
}

fn unlike_zero(x: &Term) -> Statement {
    x.clone().clean().compared("<>", &zero())
}

fn over_literal(x: &Term, divisor: Decimal) -> Term {
    let divisor = divisor.normalised();
    let exponent = divisor
        .mantissa()
        .unsigned_abs()
        .checked_ilog10()
        .unwrap_or_default();
    let is_power = divisor.scale() == 0 && divisor.mantissa() == 10_i128.pow(exponent.min(37));
    if is_power {
        x.over_power_of_ten(exponent)
    } else {
        x.over(&Term::number(divisor))
    }
}

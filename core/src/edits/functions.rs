//! The functions of the language that leave exact arithmetic: rounding, powers, roots, logarithms.
//!
//! `round`, `trunc`, `mod` and whole powers are exact. `sqrt`, `ln`, `exp` and broken powers are computed in decimal to
//! [`PRECISION_DIGITS`] significant digits (correctly rounded, by dashu-float) and kept to [`RESULT_SCALE`] digits after the
//! point, half to even; so they are the same on every machine, and no binary floating point comes near a verdict. What is
//! not defined (the root of a negative number, the logarithm of zero) or does not fit is missing.
//!
//! Definitions: VTL 2.2 reference manual, "Numeric operators".

use std::cmp::Ordering;

use dashu_float::{Context, FBig, round::mode::HalfEven};

use super::figure::{Figure as _, Ratio};
use crate::decimal::Decimal;

/// With how many significant digits roots and logarithms are computed.
const PRECISION_DIGITS: usize = 48;
/// How many digits after the point their results keep.
pub(super) const RESULT_SCALE: u8 = 12;
/// `exp` of more than this has more digits than are kept.
const EXPONENT_MAX: i64 = 58;
/// The largest whole power.
const WHOLE_POWER_MAX: i128 = 64;

type Big = FBig<HalfEven, 10>;

/// Rounds to `digits` after the point, half away from zero.
pub(super) fn round(x: Ratio, digits: u8) -> Option<Ratio> {
    to_digits(x, digits, |remainder, divisor| {
        remainder >= divisor - remainder
    })
}

/// Cuts off after `digits` digits, towards zero.
pub(super) fn trunc(x: Ratio, digits: u8) -> Option<Ratio> {
    to_digits(x, digits, |_, _| false)
}

fn to_digits(x: Ratio, digits: u8, up: fn(i128, i128) -> bool) -> Option<Ratio> {
    let (quotient, remainder, divisor) = x.magnitude().at_scale(digits)?;
    let quotient = quotient.checked_add(i128::from(up(remainder, divisor)))?;
    let size = Ratio::whole(Decimal::new(quotient, digits)?);
    let negative = x.compare(Ratio::ZERO)? == Ordering::Less;
    Some(if negative { size.negated() } else { size })
}

/// The remainder with the sign of the divisor; `x` itself where the divisor is zero.
pub(super) fn modulo(x: Ratio, divisor: Ratio) -> Option<Ratio> {
    if divisor.is_zero() {
        return Some(x);
    }
    let (whole, ..) = x.divide(divisor)?.at_scale(0)?;
    let whole = Ratio::whole(Decimal::new(whole, 0)?);
    x.subtract(divisor.multiply(whole)?)
}

/// `x`, which is above zero, to a broken power; a whole one is multiplied out by the program.
pub(super) fn power(x: Ratio, exponent: Ratio) -> Option<Ratio> {
    if x.is_zero() && exponent.compare(Ratio::ZERO)? == Ordering::Greater {
        return Some(Ratio::ZERO);
    }
    let (x, exponent) = (positive(x)?, big(exponent)?);
    let result = context().powf(x.repr(), exponent.repr(), None);
    kept(&result.ok()?.value())
}

/// A whole exponent that is multiplied out.
pub(super) fn whole_exponent(exponent: Ratio) -> Option<i128> {
    let (whole, remainder, _) = exponent.at_scale(0)?;
    (remainder == 0 && whole.abs() <= WHOLE_POWER_MAX).then_some(whole)
}

/// The square root.
pub(super) fn sqrt(x: Ratio) -> Option<Ratio> {
    if x.is_zero() {
        return Some(Ratio::ZERO);
    }
    kept(&context().sqrt(positive(x)?.repr()).ok()?.value())
}

/// The natural logarithm.
pub(super) fn ln(x: Ratio) -> Option<Ratio> {
    kept(&context().ln(positive(x)?.repr(), None).ok()?.value())
}

/// The exponential.
pub(super) fn exp(x: Ratio) -> Option<Ratio> {
    let limit = Ratio::whole(Decimal::integer(EXPONENT_MAX));
    if x.compare(limit)? == Ordering::Greater {
        return None;
    }
    if x.compare(limit.negated())? == Ordering::Less {
        return Some(Ratio::ZERO);
    }
    if x.is_zero() {
        return Some(Ratio::whole(Decimal::ONE));
    }
    kept(&context().exp(big(x)?.repr(), None).ok()?.value())
}

const fn context() -> Context<HalfEven> {
    Context::new(PRECISION_DIGITS)
}

fn positive(x: Ratio) -> Option<Big> {
    (x.compare(Ratio::ZERO)? == Ordering::Greater).then(|| big(x))?
}

/// The number to [`PRECISION_DIGITS`] digits.
fn big(x: Ratio) -> Option<Big> {
    let (numerator, divisor) = x.parts();
    let of = |side: Decimal| {
        let exponent = -isize::from(side.scale());
        let exact = Big::from_parts(side.mantissa().into(), exponent);
        exact.with_precision(PRECISION_DIGITS).value()
    };
    let quotient = context().div(of(numerator).repr(), of(divisor).repr());
    Some(quotient.ok()?.value())
}

/// The number to [`RESULT_SCALE`] digits after the point.
fn kept(x: &Big) -> Option<Ratio> {
    if x.repr().is_infinite() {
        return None;
    }
    let mantissa = (x.clone() << isize::from(RESULT_SCALE)).to_int().value();
    let mantissa = i128::try_from(mantissa).ok().filter(|m| *m != i128::MIN)?;
    let value = Decimal::new(mantissa, RESULT_SCALE)?;
    Some(Ratio::whole(value.normalised()))
}

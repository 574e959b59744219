//! The numbers that an expression computes with.
//!
//! All arithmetic is exact: a quotient is kept as a numerator and a divisor and never carried out. What does not fit into
//! 128 bits even in lowest terms, and a division by zero, is `None`, which counts as a missing figure.
//!
//! Two kinds of figure share the programs: [`Ratio`] is a number; [`Rounded`] also carries by how much rounded inputs may
//! have moved it, which the tolerance `rounding` asks for.

use std::cmp::Ordering;

use crate::decimal::Decimal;

/// How many digits after the point a quotient without an end is shown with.
const QUOTIENT_SCALE: u8 = 12;

/// What the operators of the language do to a figure.
pub(super) trait Figure: Copy {
    /// A figure that rounding has not touched: a number in the expression.
    fn exact(value: Decimal) -> Self;
    /// A figure of the data, which may be off by `half` through rounding.
    fn printed(value: Decimal, half: Decimal) -> Self;
    fn add(self, other: Self) -> Option<Self>;
    fn subtract(self, other: Self) -> Option<Self>;
    fn multiply(self, other: Self) -> Option<Self>;
    fn divide(self, other: Self) -> Option<Self>;
    fn negated(self) -> Self;
    fn magnitude(self) -> Self;
    /// A function that rises or falls all the way.
    fn mapped(self, function: &dyn Fn(Ratio) -> Option<Ratio>) -> Option<Self>;
    /// The number itself.
    fn value(self) -> Ratio;
    /// By how much the number may be off.
    fn half(self) -> Ratio;
}

/// `numerator / divisor`, the divisor being above zero and mostly one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    numerator: Decimal,
    divisor: Decimal,
}

impl Ratio {
    pub(super) const ZERO: Self = Self::whole(Decimal::ZERO);

    pub(super) const fn whole(numerator: Decimal) -> Self {
        Self {
            numerator,
            divisor: Decimal::ONE,
        }
    }

    pub(super) const fn is_zero(self) -> bool {
        self.numerator.is_zero()
    }

    /// `None` where the common divisor does not fit.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        if self.same_divisor(other) {
            return Some(self.numerator.cmp(&other.numerator));
        }
        self.reduced_if_needed(other, |a, b| {
            let left = multiply(a.numerator, b.divisor)?;
            Some(left.cmp(&multiply(b.numerator, a.divisor)?))
        })
    }

    /// The number as a decimal, or rounded to [`QUOTIENT_SCALE`] digits, half to even, where it has no end by then.
    pub(super) fn to_decimal(self) -> Option<Decimal> {
        if self.is_whole() {
            return Some(self.numerator);
        }
        let (mut dividend, mut divisor) = (self.numerator.mantissa(), self.divisor.mantissa());
        let power = |exponent: u8| 10_i128.checked_pow(u32::from(exponent));
        let (above, below) = (self.numerator.scale(), self.divisor.scale());
        if below > above {
            dividend = dividend.checked_mul(power(below - above)?)?;
        } else {
            divisor = divisor.checked_mul(power(above - below)?)?;
        }
        // Digit by digit: a numerator of 24 digits with twelve zeros behind it would not fit.
        let mut quotient = dividend.div_euclid(divisor);
        let mut remainder = dividend.rem_euclid(divisor);
        for scale in 0..QUOTIENT_SCALE {
            if remainder == 0 {
                return Decimal::new(quotient, scale);
            }
            remainder = remainder.checked_mul(10)?;
            quotient = quotient.checked_mul(10)?.checked_add(remainder / divisor)?;
            remainder %= divisor;
        }
        let up = match (remainder.checked_mul(2)?).cmp(&divisor) {
            Ordering::Less => 0,
            Ordering::Equal => quotient.rem_euclid(2),
            Ordering::Greater => 1,
        };
        Decimal::new(quotient.checked_add(up)?, QUOTIENT_SCALE)
    }

    /// The number itself or, where its divisor is so long that the next operation would not fit, one that is larger by less
    /// than two units of the last of [`QUOTIENT_SCALE`] digits: a half that is a little too wide is never too strict.
    fn shortened(self) -> Option<Self> {
        if self.divisor.mantissa() < 1_000_000_000_000_000_000 {
            return Some(self);
        }
        let unit = Decimal::new(1, QUOTIENT_SCALE)?;
        Some(Self::whole(self.to_decimal()?.checked_add(unit)?))
    }

    pub(super) const fn parts(self) -> (Decimal, Decimal) {
        (self.numerator, self.divisor)
    }

    /// The quotient in units of the digit at `scale`, rounded down, with the remainder and its divisor.
    pub(super) fn at_scale(self, scale: u8) -> Option<(i128, i128, i128)> {
        let power = |exponent: u8| 10_i128.checked_pow(u32::from(exponent));
        let dividend = self
            .numerator
            .mantissa()
            .checked_mul(power(scale + self.divisor.scale())?)?;
        let divisor = self
            .divisor
            .mantissa()
            .checked_mul(power(self.numerator.scale())?)?;
        Some((
            dividend.div_euclid(divisor),
            dividend.rem_euclid(divisor),
            divisor,
        ))
    }

    /// Does `op`; where it overflows, once more in lowest terms. To reduce always would cost more than all the rest.
    fn reduced_if_needed<T>(self, other: Self, op: fn(Self, Self) -> Option<T>) -> Option<T> {
        op(self, other).or_else(|| op(self.reduced()?, other.reduced()?))
    }

    /// The same number with whole numerator and divisor in lowest terms.
    fn reduced(self) -> Option<Self> {
        let (numerator, divisor) = (self.numerator.normalised(), self.divisor.normalised());
        let scale = numerator.scale().max(divisor.scale());
        let whole = |side: Decimal| side.rescaled(scale).map(Decimal::mantissa);
        let (numerator, divisor) = (whole(numerator)?, whole(divisor)?);
        let common = common_divisor(numerator, divisor);
        Self::from_parts(
            fitting(numerator / common, 0)?,
            fitting(divisor / common, 0)?,
        )
    }

    const fn is_whole(self) -> bool {
        self.divisor.mantissa() == 1 && self.divisor.scale() == 0
    }

    fn same_divisor(self, other: Self) -> bool {
        self.is_whole() && other.is_whole() || self.divisor == other.divisor
    }

    /// The quotient of two decimals; `None` for a division by zero.
    fn from_parts(numerator: Decimal, divisor: Decimal) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let negative = divisor.mantissa() < 0;
        let numerator = if negative { -numerator } else { numerator };
        let divisor = divisor.abs().normalised();
        // The divisor of a nought would be carried into every sum it is added to.
        let quotient = if numerator.is_zero() {
            Self::ZERO
        } else {
            Self { numerator, divisor }
        };
        Some(as_whole(numerator, divisor).unwrap_or(quotient))
    }
}

impl Figure for Ratio {
    fn exact(value: Decimal) -> Self {
        Self::whole(value)
    }

    fn printed(value: Decimal, _half: Decimal) -> Self {
        Self::whole(value)
    }

    fn add(self, other: Self) -> Option<Self> {
        if self.same_divisor(other) {
            let numerator = add(self.numerator, other.numerator)?;
            return Some(Self { numerator, ..self });
        }
        self.reduced_if_needed(other, |a, b| {
            let left = multiply(a.numerator, b.divisor)?;
            let right = multiply(b.numerator, a.divisor)?;
            Self::from_parts(add(left, right)?, multiply(a.divisor, b.divisor)?)
        })
    }

    fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negated())
    }

    fn multiply(self, other: Self) -> Option<Self> {
        if self.is_whole() && other.is_whole() {
            return multiply(self.numerator, other.numerator).map(Self::whole);
        }
        self.reduced_if_needed(other, |a, b| {
            let numerator = multiply(a.numerator, b.numerator)?;
            Self::from_parts(numerator, multiply(a.divisor, b.divisor)?)
        })
    }

    fn divide(self, other: Self) -> Option<Self> {
        self.reduced_if_needed(other, |a, b| {
            let numerator = multiply(a.numerator, b.divisor)?;
            Self::from_parts(numerator, multiply(a.divisor, b.numerator)?)
        })
    }

    fn negated(self) -> Self {
        Self {
            numerator: -self.numerator,
            ..self
        }
    }

    fn magnitude(self) -> Self {
        Self {
            numerator: self.numerator.abs(),
            ..self
        }
    }

    fn mapped(self, function: &dyn Fn(Ratio) -> Option<Ratio>) -> Option<Self> {
        function(self)
    }

    fn value(self) -> Ratio {
        self
    }

    fn half(self) -> Ratio {
        Self::ZERO
    }
}

/// A number that lies within `half` of the figure before rounding.
///
/// A figure that an expression names twice counts twice, because each mention is taken by itself: the tolerance is then
/// wider than it need be, never narrower.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounded {
    value: Ratio,
    half: Ratio,
}

impl Figure for Rounded {
    fn exact(value: Decimal) -> Self {
        Self::printed(value, Decimal::ZERO)
    }

    fn printed(value: Decimal, half: Decimal) -> Self {
        Self {
            value: Ratio::whole(value),
            half: Ratio::whole(half),
        }
    }

    fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            value: self.value.add(other.value)?,
            half: self.half.add(other.half)?,
        })
    }

    fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negated())
    }

    /// Interval product: `|x| h_y + |y| h_x + h_x h_y`.
    fn multiply(self, other: Self) -> Option<Self> {
        let left = self.value.magnitude().multiply(other.half)?;
        let right = other.value.magnitude().multiply(self.half)?;
        let both = self.half.multiply(other.half)?;
        Some(Self {
            value: self.value.multiply(other.value)?,
            half: left.add(right)?.add(both)?,
        })
    }

    /// Interval quotient: `(|y| h_x + |x| h_y) / (|y| (|y| - h_y))`; nothing where the divisor may have been zero.
    fn divide(self, other: Self) -> Option<Self> {
        let value = self.value.divide(other.value)?;
        let size = other.value.magnitude();
        if other.half.is_zero() {
            let half = self.half.divide(size)?;
            return Some(Self { value, half });
        }
        let least = size.subtract(other.half)?;
        if least.compare(Ratio::ZERO)? != Ordering::Greater {
            return None;
        }
        let moved = size
            .multiply(self.half)?
            .add(self.value.magnitude().multiply(other.half)?)?;
        let half = moved.divide(size)?.divide(least)?.shortened()?;
        Some(Self { value, half })
    }

    fn negated(self) -> Self {
        Self {
            value: self.value.negated(),
            ..self
        }
    }

    fn magnitude(self) -> Self {
        Self {
            value: self.value.magnitude(),
            ..self
        }
    }

    /// The image of the interval: the farther of its two ends.
    fn mapped(self, function: &dyn Fn(Ratio) -> Option<Ratio>) -> Option<Self> {
        let value = function(self.value)?;
        if self.half.is_zero() {
            let half = Ratio::ZERO;
            return Some(Self { value, half });
        }
        let off = |end: Ratio| Some(function(end)?.subtract(value)?.magnitude());
        let above = off(self.value.add(self.half)?)?;
        let below = off(self.value.subtract(self.half)?)?;
        let above_is_farther = above.compare(below)? == Ordering::Greater;
        let half = if above_is_farther { above } else { below };
        Some(Self { value, half })
    }

    fn value(self) -> Ratio {
        self.value
    }

    fn half(self) -> Ratio {
        self.half
    }
}

/// Euclid's; `b` is above zero, and so is the result.
const fn common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.wrapping_abs(), b);
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b
}

/// Division by a power of ten only moves the point.
fn as_whole(numerator: Decimal, divisor: Decimal) -> Option<Ratio> {
    let power = divisor.mantissa().checked_ilog10()?;
    if 10_i128.checked_pow(power)? != divisor.mantissa() {
        return None;
    }
    let scale = i64::from(numerator.scale()) + i64::from(power) - i64::from(divisor.scale());
    let whole = match u8::try_from(scale) {
        Ok(scale) => fitting(numerator.mantissa(), scale)?,
        Err(_) => {
            let factor = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
            fitting(numerator.mantissa().checked_mul(factor)?, 0)?
        }
    };
    Some(Ratio::whole(whole))
}

/// Figures of one dataset mostly have as many digits as each other, and then the mantissas alone are added.
fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    if a.scale() == b.scale() {
        return fitting(a.mantissa().checked_add(b.mantissa())?, a.scale());
    }
    let sum = a.checked_add(b)?;
    fitting(sum.mantissa(), sum.scale())
}

fn multiply(a: Decimal, b: Decimal) -> Option<Decimal> {
    let product = a.checked_mul(b)?;
    fitting(product.mantissa(), product.scale())
}

/// The least of all mantissas has no opposite, so it counts as an overflow and negation stays exact.
fn fitting(mantissa: i128, scale: u8) -> Option<Decimal> {
    if mantissa == i128::MIN {
        None
    } else {
        Decimal::new(mantissa, scale)
    }
}

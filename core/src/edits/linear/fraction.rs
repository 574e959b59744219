//! Exact fractions for the linear programs, and fractions beside an infinitesimal for strict bounds.
//!
//! A figure of 10^12 beside a tolerance of one cent is beyond the reach of a solver that computes in floating point, so
//! nothing here rounds. What does not fit into 128 bits even in lowest terms is `None`; then the caller says that it gives up.

use std::cmp::Ordering;

use crate::decimal::{Decimal, power_of_ten};

/// `numerator / divisor` in lowest terms, the divisor above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    numerator: i128,
    divisor: i128,
}

impl Fraction {
    pub(super) const ZERO: Self = Self::integer(0);
    pub(super) const ONE: Self = Self::integer(1);

    pub(super) const fn integer(value: i64) -> Self {
        Self {
            numerator: value as i128,
            divisor: 1,
        }
    }

    /// `None` for a division by zero.
    pub(super) fn new(numerator: i128, divisor: i128) -> Option<Self> {
        if divisor == 0 || numerator == i128::MIN || divisor == i128::MIN {
            return None;
        }
        if divisor == 1 {
            return Some(Self { numerator, divisor });
        }
        let common = common_divisor(numerator.unsigned_abs(), divisor.unsigned_abs());
        let common = i128::try_from(common).ok()?;
        let common = if divisor < 0 { -common } else { common };
        Some(Self {
            numerator: numerator / common,
            divisor: divisor / common,
        })
    }

    pub(super) fn of(value: Decimal) -> Option<Self> {
        Self::new(value.mantissa(), power_of_ten(value.scale()))
    }

    pub(super) const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub(super) const fn is_positive(self) -> bool {
        self.numerator > 0
    }

    pub(super) const fn is_negative(self) -> bool {
        self.numerator < 0
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        if self.divisor == other.divisor {
            return Self::new(self.numerator.checked_add(other.numerator)?, self.divisor);
        }
        let left = self.numerator.checked_mul(other.divisor)?;
        let right = other.numerator.checked_mul(self.divisor)?;
        Self::new(
            left.checked_add(right)?,
            self.divisor.checked_mul(other.divisor)?,
        )
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negated())
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        if self.numerator == 0 || other.numerator == 0 {
            return Some(Self::ZERO);
        }
        if self == Self::ONE {
            return Some(other);
        }
        if other == Self::ONE {
            return Some(self);
        }
        // Each is in lowest terms, so to reduce crosswise keeps the factors small.
        let left = Self::new(self.numerator, other.divisor)?;
        let right = Self::new(other.numerator, self.divisor)?;
        Some(Self {
            numerator: left
                .numerator
                .checked_mul(right.numerator)
                .filter(|n| *n != i128::MIN)?,
            divisor: left.divisor.checked_mul(right.divisor)?,
        })
    }

    /// `None` for a division by zero.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        self.multiply(other.inverse()?)
    }

    pub(super) fn inverse(self) -> Option<Self> {
        Self::new(self.divisor, self.numerator)
    }

    pub(super) const fn negated(self) -> Self {
        Self {
            numerator: -self.numerator,
            divisor: self.divisor,
        }
    }

    pub(super) const fn magnitude(self) -> Self {
        Self {
            numerator: self.numerator.abs(),
            divisor: self.divisor,
        }
    }

    /// The largest number with `scale` digits after the point that is not above this one.
    pub(super) fn floor(self, scale: u8) -> Option<Decimal> {
        let scaled = self.numerator.checked_mul(power_of_ten(scale))?;
        Decimal::new(scaled.div_euclid(self.divisor), scale)
    }

    /// The smallest number with `scale` digits after the point that is not below this one.
    pub(super) fn ceiling(self, scale: u8) -> Option<Decimal> {
        self.negated().floor(scale).map(|below| -below)
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.divisor == other.divisor {
            return self.numerator.cmp(&other.numerator);
        }
        let cross = |a: i128, b: i128| a.checked_mul(b);
        let sides = (
            cross(self.numerator, other.divisor),
            cross(other.numerator, self.divisor),
        );
        match sides {
            (Some(left), Some(right)) => left.cmp(&right),
            (_, None) | (None, _) => by_continued_fraction(*self, *other),
        }
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares whole parts, and where they agree the inverses of what is left, the other way round. Nothing can overflow.
fn by_continued_fraction(mut left: Fraction, mut right: Fraction) -> Ordering {
    loop {
        let whole = |f: Fraction| f.numerator.div_euclid(f.divisor);
        let rest = |f: Fraction| f.numerator.rem_euclid(f.divisor);
        let order = whole(left).cmp(&whole(right));
        if order != Ordering::Equal {
            return order;
        }
        match (rest(left), rest(right)) {
            (0, 0) => return Ordering::Equal,
            (0, _) => return Ordering::Less,
            (_, 0) => return Ordering::Greater,
            (rest_left, rest_right) => {
                let inverse = |numerator, divisor| Fraction { numerator, divisor };
                (left, right) = (
                    inverse(right.divisor, rest_right),
                    inverse(left.divisor, rest_left),
                );
            }
        }
    }
}

/// Euclid's. `b` is above zero, and so is the result. 128-bit division is slow and seldom needed.
fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    loop {
        if let (Ok(mut small), Ok(mut smaller)) = (u64::try_from(a), u64::try_from(b)) {
            while smaller != 0 {
                (small, smaller) = (smaller, small % smaller);
            }
            return u128::from(small);
        }
        if b == 0 {
            return a;
        }
        (a, b) = (b, a % b);
    }
}

/// `real + delta * e`, where `e` is above zero and below every number. `x < 3` is `x <= 3 - e`. Ordered by the real part
/// first (Dutertre and de Moura 2006, "A fast linear-arithmetic solver for DPLL(T)", section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delta {
    pub(super) real: Fraction,
    pub(super) delta: Fraction,
}

impl Delta {
    pub(super) const ZERO: Self = Self {
        real: Fraction::ZERO,
        delta: Fraction::ZERO,
    };

    pub(super) const fn new(real: Fraction, delta: i64) -> Self {
        Self {
            real,
            delta: Fraction::integer(delta),
        }
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            real: self.real.add(other.real)?,
            delta: self.delta.add(other.delta)?,
        })
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        Some(Self {
            real: self.real.subtract(other.real)?,
            delta: self.delta.subtract(other.delta)?,
        })
    }

    pub(super) fn times(self, factor: Fraction) -> Option<Self> {
        Some(Self {
            real: self.real.multiply(factor)?,
            delta: self.delta.multiply(factor)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn f(numerator: i128, divisor: i128) -> Fraction {
        Fraction::new(numerator, divisor).unwrap()
    }

    #[test]
    fn lowest_terms_with_a_divisor_above_zero() {
        assert_eq!(f(6, -4), f(-3, 2));
        assert_eq!(f(0, -7), Fraction::ZERO);
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(Fraction::ZERO.inverse(), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let large = f(i128::MAX, 1);
        assert_eq!(large.add(Fraction::ONE), None);
        assert_eq!(large.multiply(large), None);
        assert_eq!(large.multiply(f(1, i128::MAX)), Some(Fraction::ONE));
    }

    #[test]
    fn order_without_overflow() {
        let (a, b) = (f(i128::MAX, i128::MAX - 1), f(i128::MAX - 1, i128::MAX - 2));
        assert!(a < b && a.negated() > b.negated());
    }

    #[test]
    fn printed_digits_lie_inside() {
        let third = f(100, 3);
        assert_eq!(third.floor(2), Decimal::parse("33.33").ok());
        assert_eq!(third.ceiling(2), Decimal::parse("33.34").ok());
        assert_eq!(third.negated().floor(1), Decimal::parse("-33.4").ok());
    }

    proptest! {
        #[test]
        fn both_orders_agree(a in any::<i64>(), b in 1..i64::MAX, c in any::<i64>(), d in 1..i64::MAX) {
            let (left, right) = (f(a.into(), b.into()), f(c.into(), d.into()));
            prop_assert_eq!(by_continued_fraction(left, right), left.cmp(&right));
        }

        #[test]
        fn what_is_added_can_be_taken_away(a in any::<i32>(), b in 1..i32::MAX, c in any::<i32>(), d in 1..i32::MAX) {
            let (left, right) = (f(a.into(), b.into()), f(c.into(), d.into()));
            prop_assert_eq!(left.add(right).unwrap().subtract(right), Some(left));
            prop_assert_eq!(left.multiply(right).and_then(|p| p.divide(right)), (c != 0).then_some(left));
        }
    }
}

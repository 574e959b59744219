//! Exact fractions of any length, and the one place where they are rounded on their way out.
//!
//! A score adds fractions whose denominators have nothing in common, so that no machine word holds their sum. Nothing here
//! rounds unless its name says so; halves are rounded away from zero (四舍五入).

use dashu_ratio::RBig;

use crate::decimal::{Decimal, power_of_ten};

/// `numerator / denominator` in lowest terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ratio(RBig);

impl Ratio {
    /// A whole number.
    pub(crate) fn whole(value: impl Into<i128>) -> Self {
        Self(RBig::from(value.into()))
    }

    /// `None` for a division by zero.
    pub(crate) fn new(numerator: impl Into<i128>, denominator: impl Into<i128>) -> Option<Self> {
        Self::whole(numerator).over(&Self::whole(denominator))
    }

    /// A decimal.
    pub(crate) fn of(value: Decimal) -> Self {
        let unit = RBig::from(power_of_ten(value.scale()));
        Self(RBig::from(value.mantissa()) / unit)
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0)
    }

    /// `None` for a division by zero.
    pub(crate) fn over(&self, other: &Self) -> Option<Self> {
        (other.0 != RBig::ZERO).then(|| Self(&self.0 / &other.0))
    }

    /// The nearest number with `scale` digits after the point, a half away from zero; `None` where that does not fit.
    pub(crate) fn rounded(&self, scale: u8) -> Option<Decimal> {
        let (zero, half) = (Self::whole(0), Self::new(1, 2)?);
        let scaled = self.times(&Self::whole(power_of_ten(scale)));
        let mantissa = if *self < zero {
            -floor(&half.minus(&scaled))?
        } else {
            floor(&half.plus(&scaled))?
        };
        Decimal::new(mantissa, scale)
    }

    /// The greatest number with `scale` digits after the point that is not above it; `None` where that does not fit.
    pub(crate) fn rounded_down(&self, scale: u8) -> Option<Decimal> {
        let scaled = self.times(&Self::whole(power_of_ten(scale)));
        Decimal::new(floor(&scaled)?, scale)
    }
}

fn floor(value: &Ratio) -> Option<i128> {
    value.0.floor().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let check = |numerator: i128, denominator: i128, rounded: &str, down: &str| {
            let ratio = Ratio::new(numerator, denominator).unwrap();
            assert_eq!(ratio.rounded(2).unwrap().to_string(), rounded);
            assert_eq!(ratio.rounded_down(2).unwrap().to_string(), down);
        };
        check(1, 200, "0.01", "0.00");
        check(-1, 200, "-0.01", "-0.01");
        check(2, 3, "0.67", "0.66");
        check(-2, 3, "-0.67", "-0.67");
        check(10_000, 1, "10000.00", "10000.00");
        assert_eq!(Ratio::new(1, 0), None);
    }

    #[test]
    fn sums_of_unlike_fractions_are_exact() {
        // The denominator of the sum is the product of these primes, which has fifty digits.
        let primes: [i128; 4] = [
            999_999_999_989,
            999_999_999_961,
            999_999_999_959,
            999_999_999_937,
        ];
        let third = Ratio::new(1, 3).unwrap();
        let mut sum = third.clone();
        for prime in primes {
            sum = sum.plus(&Ratio::new(1, prime).unwrap());
        }
        for prime in primes {
            sum = sum.minus(&Ratio::new(1, prime).unwrap());
        }
        assert_eq!(sum, third);
        assert_eq!(
            Ratio::of("0.250".parse().unwrap()),
            Ratio::new(1, 4).unwrap()
        );
    }
}

//! Exact decimal numbers: an integer mantissa and a scale, `mantissa / 10^scale`.
//!
//! Invariants: the scale is at most [`Decimal::SCALE_MAX`]; no operation rounds unless its name says so; an operation
//! whose exact result does not fit answers `None`. Equality and order are numeric (`1.50 == 1.5`), while the scale that
//! was written is kept, because the printed digits say how a published figure was rounded.
//!
//! A value in a snapshot is narrower ([`Decimal::to_wire`]): its mantissa has at most 18 digits, so that a billion of
//! them can be added without overflow.

use std::{cmp::Ordering, fmt, hash, str};

/// The longest text without a sign: the digits of a `u128` and a point.
const TEXT_BYTES_MAX: usize = 40;

/// An exact decimal number. `Display` writes all the digits of its scale.
#[derive(Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Why a text is not a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// There is no digit, or a character that is no digit stands in it.
    #[error("not a number: write digits with at most one decimal point, for instance -1234.5")]
    Syntax,
    /// More digits than are kept exactly.
    #[error("too long: at most 30 digits, 18 of them after the decimal point")]
    TooLong,
}

impl Decimal {
    /// The most digits after the decimal point.
    pub const SCALE_MAX: u8 = 18;
    /// The most digits that [`Decimal::parse`] takes.
    pub const DIGITS_MAX: usize = 30;
    /// The largest mantissa of a value in a snapshot: 18 digits.
    pub const WIRE_MANTISSA_MAX: i64 = 999_999_999_999_999_999;
    /// Zero, with no digits after the point.
    pub const ZERO: Self = Self {
        mantissa: 0,
        scale: 0,
    };
    /// One, with no digits after the point.
    pub const ONE: Self = Self {
        mantissa: 1,
        scale: 0,
    };

    /// `mantissa / 10^scale`, or `None` where the scale is above [`Self::SCALE_MAX`].
    #[must_use]
    pub const fn new(mantissa: i128, scale: u8) -> Option<Self> {
        if scale > Self::SCALE_MAX {
            None
        } else {
            Some(Self { mantissa, scale })
        }
    }

    /// A whole number.
    #[must_use]
    pub const fn integer(value: i64) -> Self {
        Self {
            mantissa: value as i128,
            scale: 0,
        }
    }

    /// Reads an optional sign, digits and at most one decimal point. No exponent, no separators, no spaces.
    ///
    /// # Errors
    /// [`DecimalError`] when the text is no number or has too many digits.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let magnitude = parse_digits(digits)?;
        Ok(if negative { -magnitude } else { magnitude })
    }

    /// The integer mantissa.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many digits stand after the decimal point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// The mantissa and scale as a snapshot carries them, or `None` where the number is too long for it.
    #[must_use]
    pub fn to_wire(self) -> Option<(i64, u8)> {
        let mantissa = i64::try_from(self.mantissa).ok()?;
        (mantissa.unsigned_abs() <= Self::WIRE_MANTISSA_MAX.unsigned_abs())
            .then_some((mantissa, self.scale))
    }

    /// The same number without trailing zeros after the point.
    #[must_use]
    pub const fn normalised(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    /// The same number with exactly `scale` digits after the point, or `None` where that would round or overflow.
    #[must_use]
    pub fn rescaled(self, scale: u8) -> Option<Self> {
        if scale > Self::SCALE_MAX {
            return None;
        }
        if scale >= self.scale {
            let mantissa = self
                .mantissa
                .checked_mul(power_of_ten(scale - self.scale))?;
            return Some(Self { mantissa, scale });
        }
        let divisor = power_of_ten(self.scale - scale);
        (self.mantissa % divisor == 0).then(|| Self {
            mantissa: self.mantissa / divisor,
            scale,
        })
    }

    /// Half a unit of the last printed digit: what a published figure may be off by through rounding. The result has one
    /// more digit than `self`; at the largest scale it is a whole unit of the last digit, which is never too strict.
    #[must_use]
    pub const fn half_unit_of_last_digit(self) -> Self {
        if self.scale < Self::SCALE_MAX {
            Self {
                mantissa: 5,
                scale: self.scale + 1,
            }
        } else {
            Self {
                mantissa: 1,
                scale: self.scale,
            }
        }
    }

    /// `self + other`, exactly.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self
            .rescaled(scale)?
            .mantissa
            .checked_add(other.rescaled(scale)?.mantissa)?;
        Some(Self { mantissa, scale })
    }

    /// `self - other`, exactly.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    /// `self * other`, exactly; trailing zeros are dropped only where the scale would be too large.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let product = |a: Self, b: Self| {
            let scale = a.scale + b.scale;
            Self::new(a.mantissa.checked_mul(b.mantissa)?, scale)
        };
        product(self, other).or_else(|| product(self.normalised(), other.normalised()))
    }

    /// The magnitude.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self {
            mantissa: self.mantissa.wrapping_abs(),
            scale: self.scale,
        }
    }

    /// Whether the number is zero, whatever its scale.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The whole part (towards zero) and the fraction as a mantissa at [`Self::SCALE_MAX`].
    fn parts(self) -> (i128, i128) {
        let unit = power_of_ten(self.scale);
        let fraction = (self.mantissa % unit) * power_of_ten(Self::SCALE_MAX - self.scale);
        (self.mantissa / unit, fraction)
    }
}

/// 10^`exponent`; the exponent is at most [`Decimal::SCALE_MAX`].
pub(crate) const fn power_of_ten(exponent: u8) -> i128 {
    10_i128.pow(exponent as u32)
}

fn parse_digits(digits: &[u8]) -> Result<Decimal, DecimalError> {
    let mut mantissa: i128 = 0;
    let (mut count, mut significant, mut scale) = (0_usize, 0_usize, None::<usize>);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                count += 1;
                significant += usize::from(significant > 0 || byte != b'0');
                if significant > Decimal::DIGITS_MAX {
                    return Err(DecimalError::TooLong);
                }
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                scale = scale.map(|s| s + 1);
            }
            b'.' if scale.is_none() => scale = Some(0),
            _ => return Err(DecimalError::Syntax),
        }
    }
    if count == 0 {
        return Err(DecimalError::Syntax);
    }
    let scale = u8::try_from(scale.unwrap_or(0)).map_err(|_| DecimalError::TooLong)?;
    Decimal::new(mantissa, scale).ok_or(DecimalError::TooLong)
}

impl std::ops::Neg for Decimal {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            mantissa: self.mantissa.wrapping_neg(),
            scale: self.scale,
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        // Whole parts and fractions are compared apart, because a common scale could overflow.
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl hash::Hash for Decimal {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        let Self { mantissa, scale } = self.normalised();
        (mantissa, scale).hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every figure that the city takes is written out once for its digest: no text is made on the way.
        let mut text = [0; TEXT_BYTES_MAX];
        let (mut rest, mut at) = (self.mantissa.unsigned_abs(), text.len());
        let scale = usize::from(self.scale);
        let mut digits = 0;
        while rest > 0 || digits <= scale {
            if digits == scale && scale > 0 {
                at -= 1;
                text[at] = b'.';
            }
            at -= 1;
            text[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            digits += 1;
        }
        let text = str::from_utf8(&text[at..]).map_err(|_| fmt::Error)?;
        f.pad_integral(self.mantissa >= 0, "", text)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl str::FromStr for Decimal {
    type Err = DecimalError;
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn text_keeps_its_digits() {
        for text in [
            "0",
            "0.00",
            "-0.03",
            "13985.54",
            "100",
            "-7.10",
            "999999999999999999999999999999",
        ] {
            assert_eq!(d(text).to_string(), text);
        }
        assert_eq!(d("+5").to_string(), "5");
        assert_eq!(d(".5").to_string(), "0.5");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", "-", ".", "1e5", "1,000", " 1", "１", "NaN", "1.2.3", "--1",
        ] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Syntax), "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(40)), Err(DecimalError::TooLong));
        assert_eq!(
            Decimal::parse("0.1234567890123456789"),
            Err(DecimalError::TooLong)
        );
    }

    #[test]
    fn sums_do_not_drift() {
        let sum = d("45.42").checked_add(d("37.26")).unwrap();
        assert_eq!(sum, d("82.68"));
        assert_eq!(d("82.65").checked_sub(sum).unwrap().to_string(), "-0.03");
        assert_eq!(d("0.1").checked_add(d("0.2")).unwrap(), d("0.3"));
    }

    #[test]
    fn half_a_unit_of_the_last_digit() {
        assert_eq!(d("13985.54").half_unit_of_last_digit(), d("0.005"));
        assert_eq!(d("42").half_unit_of_last_digit(), d("0.5"));
    }

    #[test]
    fn the_wire_is_narrower() {
        assert_eq!(d("-12.30").to_wire(), Some((-1230, 2)));
        assert_eq!(
            d("999999999999999999").to_wire(),
            Some((999_999_999_999_999_999, 0))
        );
        assert_eq!(d("1000000000000000000").to_wire(), None);
    }

    fn any_decimal() -> impl Strategy<Value = Decimal> {
        (any::<i64>(), 0..=Decimal::SCALE_MAX).prop_map(|(m, s)| Decimal::new(m.into(), s).unwrap())
    }

    proptest! {
        #[test]
        fn display_and_parse_agree(x in any_decimal()) {
            prop_assert_eq!(d(&x.to_string()).to_string(), x.to_string());
        }

        #[test]
        fn order_agrees_with_subtraction(x in any_decimal(), y in any_decimal()) {
            let difference = x.checked_sub(y).unwrap();
            prop_assert_eq!(x.cmp(&y), difference.cmp(&Decimal::ZERO));
            prop_assert_eq!(x == y, difference.is_zero());
        }

        #[test]
        fn addition_is_undone_by_subtraction(x in any_decimal(), y in any_decimal()) {
            prop_assert_eq!(x.checked_add(y).unwrap().checked_sub(y).unwrap(), x);
        }

        #[test]
        fn a_product_divides_back(x in any::<i32>(), y in 1..1_000_000_i64, s in 0..9_u8, t in 0..9_u8) {
            let a = Decimal::new(x.into(), s).unwrap();
            let b = Decimal::new(y.into(), t).unwrap();
            prop_assert_eq!(a.checked_mul(b).unwrap(), Decimal::new(i128::from(x) * i128::from(y), s + t).unwrap());
        }
    }
}

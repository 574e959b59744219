//! How far two sides may lie apart and still agree.

use std::fmt;

use super::diagnostic::{Diagnostic, Diagnostics, EditField};
use crate::{decimal::Decimal, text::Bilingual};

/// The tolerance of every comparison in an edit. The default is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// This much, in the unit of measure of the figures compared.
    Absolute(Decimal),
    /// This share of the side with the larger magnitude, as a fraction: `"0.1%"` is 0.001.
    Relative(Decimal),
    /// What the rounding of the printed figures explains: the sum, over the operands, of half a unit of the last printed
    /// digit times the operand's coefficient.
    Rounding,
}

impl Tolerance {
    /// Reads `0.05`, `0.1%` or `rounding`.
    ///
    /// # Errors
    /// A diagnostic of the field `tolerance`.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        if text == "rounding" {
            return Ok(Self::Rounding);
        }
        let (number, percent) = match text.strip_suffix('%') {
            Some(number) => (number, true),
            None => (text, false),
        };
        let value = Decimal::parse(number).map_err(|_| not_a_tolerance(text))?;
        if value < Decimal::ZERO {
            return Err(fault(text, "容差不能为负", "a tolerance is not below zero"));
        }
        if !percent {
            return Ok(Self::Absolute(value));
        }
        if value >= Decimal::integer(100) {
            return Err(fault(
                text,
                "相对容差须小于 100%，否则同号的两个数总是相等",
                "a relative tolerance is below 100%, or all numbers of one sign would be equal",
            ));
        }
        let fraction = value
            .scale()
            .checked_add(2)
            .and_then(|s| Decimal::new(value.mantissa(), s));
        fraction
            .map(Self::Relative)
            .ok_or_else(|| not_a_tolerance(text))
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Absolute(Decimal::ZERO)
    }
}

/// As [`Tolerance::parse`] reads it.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(value) => write!(f, "{value}"),
            Self::Relative(fraction) => match fraction.checked_mul(Decimal::integer(100)) {
                Some(percent) => write!(f, "{}%", percent.normalised()),
                None => write!(f, "{fraction}"),
            },
            Self::Rounding => f.write_str("rounding"),
        }
    }
}

fn not_a_tolerance(text: &str) -> Diagnostic {
    fault(text, "这不是容差", "this is not a tolerance")
}

fn fault(text: &str, zh: &str, en: &str) -> Diagnostic {
    Diagnostics::one(
        EditField::Tolerance,
        0..text.len(),
        Bilingual::new(zh, en),
        Bilingual::new(
            "请写绝对容差（如 0.05）、相对容差（如 0.1%）或 rounding（按各数末位的舍入误差）",
            "write an absolute tolerance as 0.05, a relative one as 0.1%, or rounding for what the last printed digits explain",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0", "0.05", "0.1%", "12.5%", "0%", "rounding"] {
            assert_eq!(Tolerance::parse(text).unwrap().to_string(), text);
        }
        let relative = Tolerance::Relative(Decimal::parse("0.001").unwrap());
        assert_eq!(Tolerance::parse("0.1%"), Ok(relative));
    }

    #[test]
    fn refuses_with_the_whole_field() {
        for text in [
            "", "%", "-0.1", "-1%", "100%", "0.05 ", "5‰", "Rounding", "1e-3",
        ] {
            let fault = Tolerance::parse(text).unwrap_err();
            assert_eq!(
                (fault.field, fault.span),
                (EditField::Tolerance, 0..text.len()),
                "{text}"
            );
        }
    }
}

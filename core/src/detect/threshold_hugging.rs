//! Threshold hugging: more figures just above a target than just below it.
//!
//! Were nobody aiming, a figure within a narrow band around the target would lie above it as often as below. The caliper test counts
//! both sides: with `a` figures in `[target, target + band)` and `b` in `[target - band, target)`, the p-value is the chance of at
//! least `a` heads in `a + b` tosses of a fair coin. Source: Gerber and Malhotra, "Do statistical reporting standards affect what is
//! published? Publication bias in two leading political science journals" (Quarterly Journal of Political Science 3(3), 2008).
//! A narrow band matters: where figures pile up around the target anyway, only its nearest surroundings are even.

use super::{number, reason::NotComputable, sign_test};
use crate::{code::IndicatorCode, decimal::Decimal};

/// What a figure is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One target for every unit.
    Value(Decimal),
    /// Another indicator of the same record holds it.
    Indicator(IndicatorCode),
}

/// Which figures are tested together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// All units in one period.
    Units,
    /// All periods of one unit.
    Periods,
}

/// The parameters of the method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The target; there is no default.
    pub target: Target,
    /// How wide the band is on either side, in the indicator's unit of measure: 0.5.
    pub band: Decimal,
    /// Which figures are tested together: all units in one period.
    pub across: Across,
    /// The false discovery rate over the tests made at once: 0.05.
    pub rate: Decimal,
    /// The fewest figures within the band: 10.
    pub values_min: u32,
}

impl Parameters {
    /// The defaults, for this target.
    #[must_use]
    pub const fn new(target: Target) -> Self {
        Self {
            target,
            band: number::decimal(5, 1),
            across: Across::Units,
            rate: number::decimal(5, 2),
            values_min: 10,
        }
    }
}

/// On which side of the target a figure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In `[target, target + band)`.
    Above,
    /// In `[target - band, target)`.
    Below,
    /// Outside the band.
    Beyond,
}

/// The outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Figures just above the target, or on it.
    pub above: u32,
    /// Figures just below it.
    pub below: u32,
    /// The chance of at least so many above, were both sides equally likely.
    pub p_value: f64,
}

/// Where `value` lies; `None` where the difference does not fit.
#[must_use]
pub fn side(value: Decimal, target: Decimal, band: Decimal) -> Option<Side> {
    let over = value.checked_sub(target)?;
    Some(if over >= band || over < -band {
        Side::Beyond
    } else if over < Decimal::ZERO {
        Side::Below
    } else {
        Side::Above
    })
}

/// Tests the figures that lie on these sides.
///
/// # Errors
/// Too few figures within the band.
pub fn test(
    sides: impl IntoIterator<Item = Side>,
    parameters: &Parameters,
) -> Result<Test, NotComputable> {
    let (mut above, mut below) = (0_u32, 0_u32);
    for side in sides {
        match side {
            Side::Above => above += 1,
            Side::Below => below += 1,
            Side::Beyond => {}
        }
    }
    let (known, needed) = (above + below, parameters.values_min.max(1));
    if known < needed {
        return Err(NotComputable::TooFewValues { known, needed });
    }
    Ok(Test {
        above,
        below,
        p_value: sign_test::p_value(above, known),
    })
}

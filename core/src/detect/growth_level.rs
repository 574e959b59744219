//! Growth against level: a declared growth rate that does not follow from the published levels.
//!
//! Growth is declared at comparable prices and levels are published at current prices, so the one cannot be derived from the other:
//! whatever is found here is a warning. For a level `x`, the level published a year before `y` and a declared growth of `g` percent,
//! - the gap is the nominal growth minus the declared: `100 (x - y) / y - g`, in percentage points;
//! - the base that the declaration implies is `x / (1 + g/100)`; how far it lies from `y` is the price change that would explain the gap;
//! - where the record states last year's level itself, that is compared with what was published then, with room for rounding.
//!
//! A gap beyond ten points is worth a question; one that only a price change beyond twenty percent would explain is named as what it most
//! likely is, a silent change of the base, and so is a stated base that was never published.
//! Source of the identity: United Nations, "System of National Accounts 2008", paragraphs 15.13 to 15.15 (value index = price index times volume
//! index); of revisions of the base: IMF, "Quarterly National Accounts Manual" (2017), chapter 12. All comparisons are exact.

use super::{number, reason::NotComputable};
use crate::{code::IndicatorCode, decimal::Decimal};

/// The parameters of the method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// For each level among the detector's indicators, the indicator with its declared growth in percent; there is no default.
    pub growth: Vec<IndicatorCode>,
    /// For each level, the indicator in which the record states last year's level; empty where it states none.
    pub base: Vec<IndicatorCode>,
    /// The gap between nominal and declared growth beyond which a warning is given, in percentage points: 10.
    pub gap_points: Decimal,
    /// The implied price change beyond which the base is taken to have been changed, in percent: 20.
    pub price_change_percent: Decimal,
}

impl Parameters {
    /// The defaults, for these indicators of growth.
    #[must_use]
    pub const fn new(growth: Vec<IndicatorCode>) -> Self {
        Self {
            growth,
            base: Vec::new(),
            gap_points: number::decimal(10, 0),
            price_change_percent: number::decimal(20, 0),
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// This period's level.
    pub level: Decimal,
    /// The declared growth, in percent.
    pub growth: Decimal,
    /// The level of the same period a year before, as it was published.
    pub published: Decimal,
    /// That level as this period's record states it, where it does.
    pub stated: Option<Decimal>,
}

/// What was found; each is a warning, none a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Growth and levels agree as well as prices let them.
    Clean,
    /// The gap is wide; prices could explain it.
    WideGap,
    /// The gap is so wide that only another base explains it.
    ImpliedBaseChanged,
    /// The record states a base that was not published.
    StatedBaseChanged,
}

/// What was found, and the figures to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The answer.
    pub outcome: Outcome,
    /// `100 (x - y) / y`, in percent.
    pub nominal_percent: f64,
    /// The nominal growth minus the declared, in percentage points.
    pub gap_points: f64,
    /// `x / (1 + g/100)`.
    pub implied_base: f64,
    /// By how much prices would have changed, in percent, were the base as published.
    pub price_change_percent: f64,
}

/// Judges one level.
///
/// # Errors
/// A base that is not above zero, a declared growth of -100 percent or less, or figures too large for exact arithmetic.
pub fn judge(facts: &Facts, parameters: &Parameters) -> Result<Finding, NotComputable> {
    let hundred = Decimal::integer(100);
    let factor = hundred
        .checked_add(facts.growth)
        .ok_or(NotComputable::TooLarge)?;
    if facts.published <= Decimal::ZERO || factor <= Decimal::ZERO {
        return Err(NotComputable::NotPositive);
    }
    let outcome = outcome(facts, factor, parameters).ok_or(NotComputable::TooLarge)?;
    let [x, y, g] = [facts.level, facts.published, facts.growth].map(number::to_float);
    let nominal_percent = 100.0 * (x - y) / y;
    let implied_base = x / (1.0 + g / 100.0);
    Ok(Finding {
        outcome,
        nominal_percent,
        gap_points: nominal_percent - g,
        implied_base,
        price_change_percent: 100.0 * (implied_base / y - 1.0),
    })
}

/// In exact arithmetic, with `e = 100 x - y (100 + g)`: the gap is `e / y` points, the price change `100 e / (y (100 + g))` percent.
fn outcome(facts: &Facts, factor: Decimal, parameters: &Parameters) -> Option<Outcome> {
    if let Some(stated) = facts.stated {
        let apart = stated.checked_sub(facts.published)?.abs();
        let room = stated
            .half_unit_of_last_digit()
            .checked_add(facts.published.half_unit_of_last_digit())?;
        if apart > room {
            return Some(Outcome::StatedBaseChanged);
        }
    }
    let hundred = Decimal::integer(100);
    let grown = facts.published.checked_mul(factor)?;
    let apart = facts.level.checked_mul(hundred)?.checked_sub(grown)?.abs();
    if apart <= parameters.gap_points.checked_mul(facts.published)? {
        return Some(Outcome::Clean);
    }
    let is_beyond_prices =
        apart.checked_mul(hundred)? > parameters.price_change_percent.checked_mul(grown)?;
    Some(if is_beyond_prices {
        Outcome::ImpliedBaseChanged
    } else {
        Outcome::WideGap
    })
}

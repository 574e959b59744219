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

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    fn judged(
        level: &str,
        growth: &str,
        published: &str,
        stated: Option<&str>,
    ) -> Result<Finding, NotComputable> {
        let facts = Facts {
            level: d(level),
            growth: d(growth),
            published: d(published),
            stated: stated.map(d),
        };
        judge(&facts, &Parameters::new(Vec::new()))
    }

    /// Levels and growth rates as printed in the statistical communiques of Dingxi 2018 and 2022, Kongtong 2022, Rongjiang 2016, Fuling
    /// 2022 and Qianjiang (first half of 2022), with nominal growth and its distance from the printed rate computed independently.
    const COMMUNIQUES: [(&str, &str, &str, &str, &str, &str, Outcome); 21] = [
        (
            "Dingxi 2018 GDP",
            "347.12",
            "356.26",
            "6.3",
            "2.63",
            "-3.67",
            Outcome::Clean,
        ),
        (
            "Dingxi 2018 primary",
            "80.16",
            "65.6",
            "5.7",
            "-18.16",
            "-23.86",
            Outcome::ImpliedBaseChanged,
        ),
        (
            "Dingxi 2018 secondary",
            "76.16",
            "78.51",
            "3.0",
            "3.09",
            "0.09",
            Outcome::Clean,
        ),
        (
            "Dingxi 2018 tertiary",
            "190.8",
            "212.15",
            "7.9",
            "11.19",
            "3.29",
            Outcome::Clean,
        ),
        (
            "Dingxi 2022 GDP",
            "500.76",
            "557.93",
            "7.8",
            "11.42",
            "3.62",
            Outcome::Clean,
        ),
        (
            "Dingxi 2022 primary",
            "98.35",
            "112.46",
            "6.2",
            "14.35",
            "8.15",
            Outcome::Clean,
        ),
        (
            "Dingxi 2022 secondary",
            "82.65",
            "96.6",
            "11.2",
            "16.88",
            "5.68",
            Outcome::Clean,
        ),
        (
            "Dingxi 2022 tertiary",
            "319.75",
            "348.87",
            "7.5",
            "9.11",
            "1.61",
            Outcome::Clean,
        ),
        (
            "Kongtong 2022 GDP",
            "171.32",
            "193.03",
            "7.3",
            "12.67",
            "5.37",
            Outcome::Clean,
        ),
        (
            "Rongjiang 2016 GDP",
            "48.26",
            "56.69",
            "13.5",
            "17.47",
            "3.97",
            Outcome::Clean,
        ),
        (
            "Rongjiang 2016 primary",
            "14.22",
            "16.35",
            "6.2",
            "14.98",
            "8.78",
            Outcome::Clean,
        ),
        (
            "Rongjiang 2016 secondary",
            "12.82",
            "14.60",
            "15.2",
            "13.88",
            "-1.32",
            Outcome::Clean,
        ),
        (
            "Rongjiang 2016 tertiary",
            "21.22",
            "25.74",
            "17.3",
            "21.30",
            "4.00",
            Outcome::Clean,
        ),
        (
            "Fuling 2022 GDP",
            "1402.74",
            "1504.37",
            "2.6",
            "7.25",
            "4.65",
            Outcome::Clean,
        ),
        (
            "Fuling 2022 primary",
            "90.89",
            "92.45",
            "3.7",
            "1.72",
            "-1.98",
            Outcome::Clean,
        ),
        (
            "Fuling 2022 secondary",
            "782.78",
            "869.96",
            "2.2",
            "11.14",
            "8.94",
            Outcome::Clean,
        ),
        (
            "Fuling 2022 tertiary",
            "529.07",
            "541.96",
            "3.1",
            "2.44",
            "-0.66",
            Outcome::Clean,
        ),
        (
            "Qianjiang 2022-S1 GDP",
            "120.43",
            "125.65",
            "3.3",
            "4.33",
            "1.03",
            Outcome::Clean,
        ),
        (
            "Qianjiang 2022-S1 primary",
            "11.13",
            "9.70",
            "6.1",
            "-12.85",
            "-18.95",
            Outcome::WideGap,
        ),
        (
            "Qianjiang 2022-S1 secondary",
            "41.57",
            "48.31",
            "6.5",
            "16.21",
            "9.71",
            Outcome::Clean,
        ),
        (
            "Qianjiang 2022-S1 tertiary",
            "67.74",
            "67.64",
            "0.7",
            "-0.15",
            "-0.85",
            Outcome::Clean,
        ),
    ];

    #[test]
    fn published_communiques() {
        for (name, base, level, growth, nominal, gap, outcome) in COMMUNIQUES {
            let found = judged(level, growth, base, None).unwrap();
            assert_eq!(format!("{:.2}", found.nominal_percent), nominal, "{name}");
            assert_eq!(format!("{:.2}", found.gap_points), gap, "{name}");
            assert_eq!(found.outcome, outcome, "{name}");
        }
    }

    #[test]
    fn a_stated_base_that_was_never_published_is_named() {
        let check = |stated, expect| {
            assert_eq!(
                judged("105", "5", "100.0", Some(stated)).unwrap().outcome,
                expect,
                "{stated}"
            )
        };
        check("100.0", Outcome::Clean);
        // 100.04 and 100.0 may be one figure printed twice; 99.9 and 100.0 may touch at their halves, 99 and 100.0 cannot.
        check("100.04", Outcome::Clean);
        check("99.9", Outcome::Clean);
        check("99.80", Outcome::StatedBaseChanged);
        check("98", Outcome::StatedBaseChanged);
    }

    #[test]
    fn the_marks_themselves_are_clean() {
        let check = |level, expect| {
            assert_eq!(
                judged(level, "0", "100", None).unwrap().outcome,
                expect,
                "{level}"
            )
        };
        check("110", Outcome::Clean);
        check("110.01", Outcome::WideGap);
        check("89.99", Outcome::WideGap);
        check("120", Outcome::WideGap);
        check("120.01", Outcome::ImpliedBaseChanged);
    }

    #[test]
    fn what_cannot_be_computed_is_told() {
        let check = |growth, base, expect| assert_eq!(judged("1", growth, base, None), Err(expect));
        check("5", "0", NotComputable::NotPositive);
        check("5", "-3", NotComputable::NotPositive);
        check("-100", "3", NotComputable::NotPositive);
        check(
            "999999999999.999999999999999999",
            "999999999999.999999999999999999",
            NotComputable::TooLarge,
        );
    }
}

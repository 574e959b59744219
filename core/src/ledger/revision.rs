//! Revisions (修订): by how much the figures of a slot now differ from those that were first accepted.
//!
//! Sources: ESS handbook for quality and metadata reports (Eurostat, 2021), indicator A6 "data revision, average size";
//! McKenzie and Gamba, "Interpreting the results of revision analyses: recommended summary statistics", OECD/Eurostat task
//! force (2008). With F the first value and L the latest one, over the n figures that both statements hold:
//! - mean revision MR = 1/n * sum((L - F) / |F|),
//! - mean absolute revision MAR = 1/n * sum(|L - F| / |F|),
//! - relative mean absolute revision RMAR = sum(|L - F|) / sum(|L|): its denominator is the sum of the absolute *latest* values.
//!
//! A figure whose first value is 0 has no ratio and is left out of MR and MAR. Yuan are not added to heads: RMAR is taken for
//! each unit of measure, and the mean over these weighs each by its figures. A ratio is rounded to [`RATIO_DIGITS`] digits
//! after the point, half away from zero, once, where it is made; all sums after that are exact, so [`Revisions`] may be
//! added in any order.

use std::collections::BTreeMap;

use crate::{
    catalogue::{Catalogue, MeasureCode},
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    snapshot::Snapshot,
};

/// Digits after the point of the ratio of one figure.
pub const RATIO_DIGITS: u8 = 12;
/// Digits after the point of a result in per cent.
const PERCENT_DIGITS: u8 = 6;

/// Sums over revised figures. Adding two of them gives the sums over both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// How many figures have a ratio.
    pub(super) ratios: u64,
    /// The sum of (latest minus first) over |first|.
    pub(super) ratio_sum: Sum,
    /// The sum of its magnitudes.
    pub(super) ratio_abs_sum: Sum,
    /// Sums of levels, for each unit of measure, sorted by it. A list, because the city holds one for each revision: a map
    /// takes a kilobyte for the two or three that there are.
    pub(super) levels: Vec<(MeasureCode, Levels)>,
}

/// Sums over the figures in one unit of measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Levels {
    /// How many figures.
    pub(super) figures: u64,
    /// The sum of |latest minus first|.
    pub(super) change_sum: Sum,
    /// The sum of |latest|.
    pub(super) latest_sum: Sum,
}

/// An exact sum, or none once it has outgrown 38 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum(pub(super) Option<Decimal>);

/// One figure of two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevisedFigure<'a> {
    /// The indicator.
    pub indicator: &'a IndicatorCode,
    /// The item, in an itemised dataset.
    pub item: Option<&'a ItemKey>,
    /// The first value; none where there was none.
    pub first: Option<Decimal>,
    /// The latest value; none where there is none.
    pub latest: Option<Decimal>,
}

/// Every figure that either statement has a value for, in the order of (indicator, item).
#[must_use]
pub fn figures<'a>(first: &'a Snapshot, latest: &'a Snapshot) -> Vec<RevisedFigure<'a>> {
    let mut pairs: BTreeMap<_, (Option<Decimal>, Option<Decimal>)> = BTreeMap::new();
    for observation in &first.observations {
        pairs.entry(observation.key()).or_default().0 = observation.value;
    }
    for observation in &latest.observations {
        pairs.entry(observation.key()).or_default().1 = observation.value;
    }
    let figure = |((indicator, item), (first, latest))| RevisedFigure {
        indicator,
        item,
        first,
        latest,
    };
    let held = |figure: &RevisedFigure<'_>| figure.first.is_some() || figure.latest.is_some();
    pairs.into_iter().map(figure).filter(held).collect()
}

impl RevisedFigure<'_> {
    /// Whether the value is another one; the digits that are printed make no difference.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.first != self.latest
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self(Some(Decimal::ZERO))
    }
}

impl Sum {
    fn plus(self, other: Self) -> Self {
        let sum = self.0.zip(other.0).and_then(|(a, b)| a.checked_add(b));
        Self(sum.map(Decimal::normalised))
    }
}

impl Revisions {
    /// Sums over the figures that both statements hold.
    #[must_use]
    pub fn of(catalogue: &Catalogue, figures: &[RevisedFigure<'_>]) -> Self {
        let mut sums = Self::default();
        for figure in figures {
            let (Some(first), Some(latest)) = (figure.first, figure.latest) else {
                continue;
            };
            if let Some(indicator) = catalogue.indicator(figure.indicator) {
                sums.add(indicator.unit_of_measure(), first, latest);
            }
        }
        sums
    }

    /// Adds one figure.
    pub fn add(&mut self, measure: &MeasureCode, first: Decimal, latest: Decimal) {
        let change = Sum(latest.checked_sub(first));
        let magnitude = Sum(change.0.map(Decimal::abs));
        let levels = self.levels_of(measure);
        levels.figures += 1;
        levels.change_sum = levels.change_sum.plus(magnitude);
        levels.latest_sum = levels.latest_sum.plus(Sum(Some(latest.abs())));
        let ratio = change.0.and_then(|change| ratio(change, first.abs()));
        if let Some(ratio) = ratio {
            self.ratios += 1;
            self.ratio_sum = self.ratio_sum.plus(Sum(Some(ratio)));
            self.ratio_abs_sum = self.ratio_abs_sum.plus(Sum(Some(ratio.abs())));
        }
    }

    /// The sums of one unit of measure; zero where there are none yet.
    pub(super) fn levels_of(&mut self, measure: &MeasureCode) -> &mut Levels {
        let found = self.levels.binary_search_by(|(own, _)| own.cmp(measure));
        let at = found.unwrap_or_else(|at| {
            self.levels.reserve_exact(1);
            self.levels.insert(at, (measure.clone(), Levels::default()));
            at
        });
        &mut self.levels[at].1
    }

    /// Adds the figures of another.
    pub fn merge(&mut self, other: &Self) {
        self.ratios += other.ratios;
        self.ratio_sum = self.ratio_sum.plus(other.ratio_sum);
        self.ratio_abs_sum = self.ratio_abs_sum.plus(other.ratio_abs_sum);
        for (measure, more) in &other.levels {
            let levels = self.levels_of(measure);
            levels.figures += more.figures;
            levels.change_sum = levels.change_sum.plus(more.change_sum);
            levels.latest_sum = levels.latest_sum.plus(more.latest_sum);
        }
    }

    /// MR in per cent.
    #[must_use]
    pub fn mean(&self) -> Option<Decimal> {
        percent_of(self.ratio_sum.0?, self.ratios)
    }

    /// MAR in per cent.
    #[must_use]
    pub fn mean_absolute(&self) -> Option<Decimal> {
        percent_of(self.ratio_abs_sum.0?, self.ratios)
    }

    /// RMAR in per cent.
    #[must_use]
    pub fn relative_mean_absolute(&self) -> Option<Decimal> {
        let (mut figures, mut sum) = (0, Sum::default());
        for (_, levels) in &self.levels {
            let Some(relative) = ratio(levels.change_sum.0?, levels.latest_sum.0?) else {
                continue;
            };
            figures += levels.figures;
            let weight = Decimal::integer(i64::try_from(levels.figures).ok()?);
            sum = sum.plus(Sum(relative.checked_mul(weight)));
        }
        percent_of(sum.0?, figures)
    }
}

/// `value` over `whole`, which must be positive, rounded to [`RATIO_DIGITS`].
fn ratio(value: Decimal, whole: Decimal) -> Option<Decimal> {
    let scale = value.scale().max(whole.scale());
    let (value, whole) = (value.rescaled(scale)?, whole.rescaled(scale)?);
    quotient(value.mantissa(), whole.mantissa(), RATIO_DIGITS)
}

fn percent_of(sum: Decimal, count: u64) -> Option<Decimal> {
    let unit = 10_i128.checked_pow(sum.scale().into())?;
    let whole = i128::from(count).checked_mul(unit)?;
    quotient(sum.mantissa().checked_mul(100)?, whole, PERCENT_DIGITS)
}

/// `numerator / denominator` with so many digits after the point, rounded half away from zero. None where the denominator is
/// not positive, or the result does not fit.
fn quotient(numerator: i128, denominator: i128, digits: u8) -> Option<Decimal> {
    if denominator <= 0 || denominator > i128::MAX / 10 {
        return None;
    }
    let (sign, numerator) = (numerator.signum(), numerator.checked_abs()?);
    let (mut whole, mut rest) = (numerator / denominator, numerator % denominator);
    // By long division, since the numerator times 10^digits would not fit.
    for _ in 0..digits {
        whole = whole
            .checked_mul(10)?
            .checked_add(rest * 10 / denominator)?;
        rest = rest * 10 % denominator;
    }
    whole += i128::from(rest * 2 >= denominator);
    Decimal::new(whole.checked_mul(sign)?, digits).map(Decimal::normalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    fn sums(figures: &[(&str, &str, &str)]) -> Revisions {
        let mut sums = Revisions::default();
        for (measure, first, latest) in figures {
            sums.add(
                &MeasureCode::new(measure).unwrap(),
                decimal(first),
                decimal(latest),
            );
        }
        sums
    }

    fn check(figures: &[(&str, &str, &str)], expect: [Option<&str>; 3]) {
        let sums = sums(figures);
        let found = [
            sums.mean(),
            sums.mean_absolute(),
            sums.relative_mean_absolute(),
        ];
        assert_eq!(found, expect.map(|text| text.map(decimal)));
    }

    #[test]
    fn signs_cancel_in_the_mean_only() {
        let figures = [("CNY", "100", "110"), ("CNY", "50", "45")];
        check(&figures, [Some("0"), Some("10"), Some("9.677419")]);
        check(
            &[("CNY", "-100", "-90")],
            [Some("10"), Some("10"), Some("11.111111")],
        );
        check(&[], [None, None, None]);
    }

    #[test]
    fn a_first_value_of_zero_has_no_ratio() {
        check(&[("CNY", "0", "10")], [None, None, Some("100")]);
        check(&[("CNY", "10", "0")], [Some("-100"), Some("100"), None]);
    }

    #[test]
    fn units_of_measure_are_not_added_to_each_other() {
        let figures = [
            ("CNY", "1000000", "1100000"),
            ("HEADS", "4", "5"),
            ("HEADS", "5", "5"),
        ];
        // 100,000 / 1,100,000 with weight 1, and 1 / 10 with weight 2.
        check(
            &figures,
            [Some("11.666667"), Some("11.666667"), Some("9.69697")],
        );
    }

    #[test]
    fn the_longest_figures_fit() {
        let (least, most) = ("0.000000000000000001", "999999999999999999");
        // The ratio itself, 10^36, does not fit and is left out.
        check(&[("CNY", least, most)], [None, None, Some("100")]);
        let fall = [Some("-100"), Some("100"), Some("99999999999999999900")];
        check(&[("CNY", most, "0.999999999999999999")], fall);
    }

    #[test]
    fn order_does_not_matter() {
        let figures = [
            ("A", "3", "7"),
            ("B", "1.5", "1"),
            ("A", "7", "3.25"),
            ("B", "0", "1"),
        ];
        let mut parts = sums(&figures[2..]);
        parts.merge(&sums(&figures[..2]));
        assert_eq!(parts, sums(&figures));
    }
}

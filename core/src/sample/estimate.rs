//! What the visits let one say of the whole frame.
//!
//! - The share of elements in error (wrong, or without evidence): with equal probabilities the Clopper-Pearson interval of each stratum, which
//!   holds at least its level, drawing without replacement being narrower than the binomial; all strata together
//!   by their shares, each at `1 - (1 - level) / strata`, so that the sum holds at least the level (Bonferroni). By size, the ratio of
//!   Horvitz-Thompson sums (J. Hájek, "Comment" in Foundations of Statistical Inference, 1971) without an interval.
//! - The error in the figures, reported minus verified: the difference estimator, that is Horvitz and Thompson's sum of `d / π` (JASA 47,
//!   1952), which is exact here. Its variance is Hájek's, as J.-C. Deville gives it (1999; Y. Tillé, "Sampling Algorithms", Springer,
//!   2006, section 7.5): `n / (n - 1) · Σ (1 - π)(d / π - B)²` with `B` the mean of `d / π` weighted by `1 - π`. For equal probabilities this is the
//!   textbook `N²(1 - n/N)s²/n` of each stratum. The interval is Student's with `Σ (n - 1)` degrees of freedom.
//! - By size, Stringer's upper bound of overstatement (K. W. Stringer, 1963; P. J. Bickel, "Inference and auditing: the Stringer bound",
//!   International Statistical Review 60(2), 1992), beside what was found in elements that are taken for certain.
//!
//! An element without evidence counts in full, as in auditing. Elements that nobody has visited are taken to be like the others of
//! their stratum, which a warning says: whoever leaves out the bad ones makes the result better than it is.

use std::collections::BTreeMap;

use super::{
    Chance,
    bounds::{binomial, binomial_upper, student},
};
use crate::{decimal::Decimal, ratio::Ratio, text::Bilingual};

/// Visits below which an interval of a sum is not to be relied on.
const FEW: u32 = 30;

/// What was found at an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nobody was there yet.
    Unvisited,
    /// What was reported.
    Confirmed,
    /// Something else; the figure, where one was established.
    Wrong(Option<Decimal>),
    /// No evidence.
    NoEvidence,
}

/// One element that was drawn, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its stratum's code.
    pub stratum: String,
    /// How likely it was to be drawn.
    pub chance: Chance,
    /// The figure that was reported.
    pub reported: Option<Decimal>,
    /// What was found.
    pub found: Found,
}

/// What the visits say of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimates {
    /// For each stratum, where there are several.
    pub strata: Vec<Rate>,
    /// For the whole frame.
    pub all: Rate,
    /// Of the figures; none where elements have no figures, or nobody has visited two.
    pub money: Option<Money>,
    /// What a reader has to know.
    pub warnings: Vec<Bilingual>,
}

/// How many elements are in error. Shares are decimal text, rounded to six places, bounds outwards by nature of the method only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// The stratum's code; empty for the whole frame.
    pub stratum: String,
    /// How many elements the frame has there.
    pub elements: u32,
    /// How many were drawn.
    pub drawn: u32,
    /// How many were visited.
    pub visited: u32,
    /// How many of these are wrong.
    pub wrong: u32,
    /// How many of these have no evidence.
    pub no_evidence: u32,
    /// The estimated share.
    pub share: Option<String>,
    /// The interval.
    pub interval: Option<(String, String)>,
}

/// The error in the figures: reported minus verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// The sum of all figures of the frame.
    pub reported: Decimal,
    /// The estimated error in it, positive where too much was reported.
    pub error: String,
    /// Its standard error; none where a stratum has too few visits.
    pub standard_error: Option<String>,
    /// The interval.
    pub interval: Option<(String, String)>,
    /// The upper bound of overstatement, by size only.
    pub stringer: Option<Stringer>,
}

/// Stringer's bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stringer {
    /// The most that was reported too much, one-sided at the level.
    pub upper: String,
}

/// Estimates from every element that was drawn. `elements` counts the frame's by stratum, `reported` sums its figures, `level` is the
/// confidence, between 0 and 1, `by_size` says how it was drawn.
#[must_use]
pub fn estimate(
    cases: &[Case],
    elements: &BTreeMap<String, u32>,
    reported: Option<Decimal>,
    by_size: bool,
    level: f64,
) -> Estimates {
    let strata: Vec<Rate> = elements
        .iter()
        .map(|(stratum, elements)| counted(cases, stratum, *elements))
        .collect();
    let all = if by_size {
        ratio_of_sums(cases, total(&strata))
    } else {
        together(&strata, level)
    };
    let money = reported.and_then(|reported| money(cases, reported, by_size, level));
    let warnings = warnings(&strata, &all, money.as_ref(), by_size);
    let several = strata.len() > 1;
    let own = |rate: Rate| alone(rate, level);
    Estimates {
        strata: if several {
            strata.into_iter().map(own).collect()
        } else {
            Vec::new()
        },
        all,
        money,
        warnings,
    }
}

fn counted(cases: &[Case], stratum: &str, elements: u32) -> Rate {
    let mut rate = Rate {
        stratum: stratum.to_owned(),
        elements,
        ..Rate::default()
    };
    for case in cases.iter().filter(|case| case.stratum == stratum) {
        rate.drawn += 1;
        rate.visited += u32::from(case.found != Found::Unvisited);
        rate.wrong += u32::from(matches!(case.found, Found::Wrong(_)));
        rate.no_evidence += u32::from(case.found == Found::NoEvidence);
    }
    rate
}

impl Rate {
    const fn errors(&self) -> u32 {
        self.wrong + self.no_evidence
    }
}

fn total(strata: &[Rate]) -> Rate {
    let mut all = Rate::default();
    for rate in strata {
        all.elements += rate.elements;
        all.drawn += rate.drawn;
        all.visited += rate.visited;
        all.wrong += rate.wrong;
        all.no_evidence += rate.no_evidence;
    }
    all
}

/// One stratum by itself.
fn alone(rate: Rate, level: f64) -> Rate {
    let (low, high) = binomial(rate.errors(), rate.visited, level);
    let share = Ratio::new(rate.errors(), rate.visited);
    Rate {
        share: share.and_then(|share| shown(&share)),
        interval: Some((fraction(low), fraction(high))),
        ..rate
    }
}

/// All strata by their shares of the frame.
fn together(strata: &[Rate], level: f64) -> Rate {
    let all = total(strata);
    let count = f64::from(u32::try_from(strata.len().max(1)).unwrap_or(u32::MAX));
    let each = 1.0 - (1.0 - level) / count;
    let (mut low, mut high) = (0.0, 0.0);
    let mut share = Some(Ratio::whole(0));
    for rate in strata {
        let weight = f64::from(rate.elements) / f64::from(all.elements.max(1));
        let (stratum_low, stratum_high) = binomial(rate.errors(), rate.visited, each);
        low += weight * stratum_low;
        high += weight * stratum_high;
        let part = Ratio::new(
            i128::from(rate.errors()) * i128::from(rate.elements),
            i128::from(rate.visited) * i128::from(all.elements),
        );
        share = share.zip(part).map(|(sum, part)| sum.plus(&part));
    }
    Rate {
        share: share.and_then(|share| shown(&share)),
        interval: Some((fraction(low), fraction(high.min(1.0)))),
        ..all
    }
}

/// Hájek's ratio, for unequal probabilities.
fn ratio_of_sums(cases: &[Case], all: Rate) -> Rate {
    let (mut errors, mut weights) = (Ratio::whole(0), Ratio::whole(0));
    for case in cases {
        let Some(weight) = over(&Ratio::whole(1), case.chance) else {
            continue;
        };
        match case.found {
            Found::Unvisited => continue,
            Found::Confirmed => {}
            Found::Wrong(_) | Found::NoEvidence => errors = errors.plus(&weight),
        }
        weights = weights.plus(&weight);
    }
    let share = errors.over(&weights);
    Rate {
        share: share.and_then(|share| shown(&share)),
        interval: None,
        ..all
    }
}

/// One visited element for sums.
struct Point {
    chance: Chance,
    error: Decimal,
    reported: Decimal,
}

/// A stratum's elements that chance drew, or that were taken for certain.
#[derive(Default)]
struct Group {
    drawn: u32,
    points: Vec<Point>,
}

fn money(cases: &[Case], reported: Decimal, by_size: bool, level: f64) -> Option<Money> {
    let groups = groups(cases);
    let mut sum = Ratio::whole(0);
    for group in &groups {
        let visited = u32::try_from(group.points.len()).unwrap_or(u32::MAX);
        // Who was not visited is taken to be like the others of the group.
        let scale = Ratio::new(group.drawn, visited.max(1))?;
        for point in &group.points {
            let share = over(&Ratio::of(point.error), point.chance)?;
            sum = sum.plus(&share.times(&scale));
        }
    }
    if groups.iter().all(|group| group.points.is_empty()) {
        return None;
    }
    let scale = reported.scale().max(2);
    let error = sum.rounded(scale)?.to_string();
    let centre: f64 = error.parse().ok()?;
    let spread = spread(&groups).map(|(variance, degrees)| {
        let standard_error = libm::sqrt(variance);
        let reach = student(degrees, level) * standard_error;
        let interval = (text(centre - reach, scale), text(centre + reach, scale));
        (text(standard_error, scale), interval)
    });
    let (standard_error, interval) = spread.unzip();
    Some(Money {
        reported,
        error,
        standard_error,
        interval,
        stringer: by_size.then(|| stringer(&groups, level, scale)).flatten(),
    })
}

fn groups(cases: &[Case]) -> Vec<Group> {
    let mut groups: BTreeMap<(&str, bool), Group> = BTreeMap::new();
    for case in cases {
        let key = (case.stratum.as_str(), case.chance.is_certain());
        let group = groups.entry(key).or_default();
        group.drawn += 1;
        let reported = case.reported.unwrap_or(Decimal::integer(0));
        let error = match case.found {
            Found::Unvisited => continue,
            Found::Confirmed => Decimal::integer(0),
            Found::Wrong(Some(verified)) => reported.checked_sub(verified).unwrap_or(reported),
            Found::Wrong(None) | Found::NoEvidence => reported,
        };
        group.points.push(Point {
            chance: case.chance,
            error,
            reported,
        });
    }
    groups.into_values().collect()
}

/// The variance of the sum and its degrees of freedom; none where a group that chance drew has fewer than two visits.
fn spread(groups: &[Group]) -> Option<(f64, u32)> {
    let (mut variance, mut degrees) = (0.0, 0);
    for group in groups {
        if group.points.iter().all(|point| point.chance.is_certain()) && !group.points.is_empty() {
            continue;
        }
        let count = u32::try_from(group.points.len()).ok().filter(|n| *n >= 2)?;
        let (n, scale) = (f64::from(count), f64::from(group.drawn) / f64::from(count));
        let weighted = group.points.iter().map(|point| {
            // With fewer visits than draws, each visited element stands for more.
            let chance = float(point.chance) / scale;
            (1.0 - chance, number(point.error) / chance)
        });
        let weighted: Vec<(f64, f64)> = weighted.collect();
        let weights: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let mean: f64 = weighted.iter().map(|(weight, y)| weight * y).sum::<f64>() / weights;
        let squares: f64 = weighted
            .iter()
            .map(|(weight, y)| weight * (y - mean) * (y - mean))
            .sum();
        variance += n / (n - 1.0) * squares;
        degrees += count - 1;
    }
    (degrees > 0).then_some((variance, degrees))
}

/// Stringer's bound: `X · (p(0) + Σ (p(j) - p(j - 1)) · t(j))`, taints from the largest, `p(j)` the one-sided upper limit of j errors.
fn stringer(groups: &[Group], level: f64, scale: u8) -> Option<Stringer> {
    let mut upper = 0.0;
    for group in groups {
        let certain = group.points.iter().all(|point| point.chance.is_certain());
        if certain {
            let over = group.points.iter().map(|point| number(point.error));
            upper += over.filter(|error| *error > 0.0).sum::<f64>();
            continue;
        }
        let count = u32::try_from(group.points.len()).ok()?;
        // The step of the draw times the number drawn: what the elements that were not certain sum to.
        let first = group.points.first()?;
        let total = number(first.reported.abs()) * f64::from(group.drawn) / float(first.chance);
        let mut taints: Vec<f64> = group
            .points
            .iter()
            .map(|point| number(point.error) / number(point.reported.abs()))
            .map(|taint| taint.clamp(0.0, 1.0))
            .filter(|taint| *taint > 0.0)
            .collect();
        taints.sort_by(|a, b| b.total_cmp(a));
        let mut before = binomial_upper(0, count, level);
        let mut bound = before;
        for (errors, taint) in (1..).zip(taints) {
            let limit = binomial_upper(errors, count, level);
            bound += (limit - before) * taint;
            before = limit;
        }
        upper += total * bound;
    }
    Some(Stringer {
        upper: text(upper, scale),
    })
}

fn warnings(strata: &[Rate], all: &Rate, money: Option<&Money>, by_size: bool) -> Vec<Bilingual> {
    let mut warnings = Vec::new();
    let mut warn = |zh: String, en: String| warnings.push(Bilingual::new(zh, en));
    let unvisited = all.drawn - all.visited;
    if unvisited > 0 {
        warn(
            format!(
                "尚有 {unvisited} 个抽中单元未核查：估计假定其与同层其他单元相同；若未核查的恰是有问题的，结果偏好"
            ),
            format!(
                "{unvisited} drawn elements are not visited: they are taken to be like the others of their stratum; if the bad ones are left out, the result is too good"
            ),
        );
    }
    for rate in strata.iter().filter(|rate| rate.visited == 0) {
        warn(
            format!("层 {} 无一核查：无法估计全部", rate.stratum),
            format!(
                "stratum {} has no visit: the whole cannot be estimated",
                rate.stratum
            ),
        );
    }
    if all.visited < FEW {
        let visited = all.visited;
        warn(
            format!(
                "只核查了 {visited} 个单元：区间很宽；误差额的区间靠近似，少于 {FEW} 个时不宜采信"
            ),
            format!(
                "only {visited} elements are visited: intervals are wide, and the interval of the error in figures is an approximation not to be relied on below {FEW}"
            ),
        );
    }
    if all.visited > 0 && all.errors() == 0 {
        warn(
            "未发现差错不等于没有差错：看区间上限；误差额的标准误为零，不说明问题".to_owned(),
            "no error found is not no error: look at the upper limit; a standard error of zero says nothing".to_owned(),
        );
    }
    if by_size {
        warn(
            "按规模抽样：差错率只有点估计；误差额看 Stringer 上限".to_owned(),
            "drawn by size: the share in error is a point estimate only; for the figures look at Stringer's bound".to_owned(),
        );
    }
    if money.is_some_and(|money| money.standard_error.is_none()) {
        warn(
            "有的层核查不足两个：误差额没有区间".to_owned(),
            "a stratum has fewer than two visits: the error in figures has no interval".to_owned(),
        );
    }
    warnings
}

/// `value / chance`.
fn over(value: &Ratio, chance: Chance) -> Option<Ratio> {
    let numerator = i128::try_from(chance.numerator).ok()?;
    let denominator = i128::try_from(chance.denominator).ok()?;
    let weight = Ratio::new(denominator, numerator)?;
    Some(value.times(&weight))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a standard error is an approximation; sums are exact elsewhere"
)]
fn float(chance: Chance) -> f64 {
    let chance = chance.reduced();
    chance.numerator as f64 / chance.denominator as f64
}

/// The nearest float.
fn number(value: Decimal) -> f64 {
    value.to_string().parse().unwrap_or(0.0)
}

fn shown(share: &Ratio) -> Option<String> {
    share.rounded(6).map(|share| share.to_string())
}

fn fraction(share: f64) -> String {
    text(share, 6)
}

fn text(value: f64, scale: u8) -> String {
    format!("{value:.*}", usize::from(scale))
}

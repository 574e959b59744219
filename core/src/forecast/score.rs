//! How good forecasts were: Brier score with its parts, log loss, reliability, and whether the naive forecast is beaten.
//!
//! - Brier score: the mean of `(p - y)^2`, `y` being 1 for late (Brier, "Verification of forecasts expressed in terms of
//!   probability", Monthly Weather Review 78, 1950). 0 is perfect.
//! - Its parts over ten bins of the forecast: `reliability - resolution + uncertainty + within` (Murphy, "A new vector partition of the probability
//!   score", Journal of Applied Meteorology 12, 1973); `within` is what the binning leaves out (Stephenson, Coelho and Jolliffe, "Two extra
//!   components in the Brier score decomposition", Weather and Forecasting 23, 2008), so that the parts sum to the score.
//! - Skill: `1 - Brier / Brier of the naive forecast`; above 0 is better.
//! - Log loss: the mean of `-ln` of what was given to the outcome (Good, "Rational decisions", 1952).
//! - Intervals of an observed share: Wilson, "Probable inference" (Journal of the American Statistical Association 22, 1927), 95%.
//! - The verdict: slots of one period share holidays and floods, so gains are summed by period and the mean gain is judged by the spread of
//!   these sums (a ratio estimate over clusters: Cochran, "Sampling Techniques", 1977, section 6.3; the comparison of two
//!   forecasters: Diebold and Mariano, Journal of Business and Economic Statistics 13, 1995), at 5% on either side; a skill below 0.005 is nothing either way.

use std::collections::BTreeMap;

use statrs::function::beta::checked_beta_reg;

/// Bins of the reliability table.
pub(super) const BINS: usize = 10;
/// With fewer forecasts, late or timely outcomes, or periods than these nothing is claimed.
pub(super) const FORECASTS_MIN: u64 = 200;
pub(super) const OUTCOMES_MIN: u64 = 10;
pub(super) const CLUSTERS_MIN: usize = 6;
/// The 97.5th percentile of the standard normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540;
/// The least skill that is spoken of, better or worse: less is of no use to anybody, however certain.
const SKILL_MIN: f64 = 0.005;
/// What a verdict may be wrong by, on either side.
const ERROR: f64 = 0.05;

/// Sums over forecasts and what came of them.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    forecasts: u64,
    late: u64,
    squares: f64,
    base_squares: f64,
    base_then_squares: f64,
    logs: f64,
    bins: [Sums; BINS],
    /// By period of a dataset: forecasts, and the gain over the better naive forecast.
    clusters: BTreeMap<u64, (u64, f64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    forecasts: u64,
    late: u64,
    chances: f64,
}

/// One forecast beside the naive ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Forecast {
    /// Forecasts of one period of a dataset have the same number.
    pub(super) cluster: u64,
    /// The model's chance.
    pub(super) chance: f64,
    /// The share of all past slots that were late.
    pub(super) base: f64,
    /// The share that became late of past slots that were as open at that lead time.
    pub(super) base_then: f64,
    /// What came of it.
    pub(super) late: bool,
}

/// How good some forecasts were. Decimals as text: scores with four digits after the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// How many forecasts.
    pub forecasts: u64,
    /// Of them, slots that became late.
    pub late: u64,
    /// Over how many periods of a dataset.
    pub periods: u64,
    /// The Brier score.
    pub brier: String,
    /// That of the share of all past slots that were late.
    pub brier_base: String,
    /// That of the share that became late of past slots still open at the same lead time, the better naive forecast.
    pub brier_base_then: String,
    /// `1 - brier / brier_base_then`; empty where the naive forecast is perfect.
    pub skill: String,
    /// Murphy's reliability: how far the bins' forecasts lie from what came of them; 0 is perfect.
    pub reliability: String,
    /// Murphy's resolution: how far what came of the bins lies from the mean; more is better.
    pub resolution: String,
    /// Murphy's uncertainty: the variance of the outcomes, which no forecast changes.
    pub uncertainty: String,
    /// What the binning leaves out.
    pub within: String,
    /// The log loss.
    pub log_loss: String,
    /// Whether the model beats the better naive forecast.
    pub verdict: Verdict,
}

/// Whether the model beats the naive forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too little history to tell.
    TooShort,
    /// Better, beyond chance.
    Better,
    /// No difference beyond chance.
    Alike,
    /// Worse, beyond chance.
    Worse,
}

/// One line of the reliability table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The bin's edges, in per cent.
    pub from_percent: u32,
    /// The upper edge, not itself in the bin except for 100.
    pub to_percent: u32,
    /// How many forecasts.
    pub forecasts: u64,
    /// Of them, slots that became late.
    pub late: u64,
    /// The mean forecast in per cent with one decimal; empty where there is none.
    pub mean_percent: String,
    /// The share that became late, and its 95% interval; absent where there is no forecast.
    pub observed: Option<Interval>,
}

/// A share with its interval, in per cent with one decimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The share.
    pub share_percent: String,
    /// The lower end.
    pub low_percent: String,
    /// The upper end.
    pub high_percent: String,
}

impl Tally {
    /// Counts one forecast.
    pub(super) fn add(&mut self, forecast: &Forecast) {
        let came = f64::from(u8::from(forecast.late));
        let square = |chance: f64| (chance - came) * (chance - came);
        self.forecasts += 1;
        self.late += u64::from(forecast.late);
        self.squares += square(forecast.chance);
        self.base_squares += square(forecast.base);
        self.base_then_squares += square(forecast.base_then);
        let given = if forecast.late {
            forecast.chance
        } else {
            1.0 - forecast.chance
        };
        self.logs -= libm::log(given.max(1e-6));
        let bin = &mut self.bins[bin(forecast.chance)];
        bin.forecasts += 1;
        bin.late += u64::from(forecast.late);
        bin.chances += forecast.chance;
        let cluster = self.clusters.entry(forecast.cluster).or_default();
        cluster.0 += 1;
        cluster.1 += square(forecast.base_then) - square(forecast.chance);
    }

    /// Counts the forecasts of another tally as well.
    pub(super) fn merge(&mut self, other: &Self) {
        self.forecasts += other.forecasts;
        self.late += other.late;
        self.squares += other.squares;
        self.base_squares += other.base_squares;
        self.base_then_squares += other.base_then_squares;
        self.logs += other.logs;
        for (own, bin) in self.bins.iter_mut().zip(&other.bins) {
            own.forecasts += bin.forecasts;
            own.late += bin.late;
            own.chances += bin.chances;
        }
        for (number, (forecasts, gain)) in &other.clusters {
            let cluster = self.clusters.entry(*number).or_default();
            cluster.0 += forecasts;
            cluster.1 += gain;
        }
    }

    /// The score; `None` where there is no forecast.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        if self.forecasts == 0 {
            return None;
        }
        let count = self.forecasts as f64;
        let mean = self.late as f64 / count;
        let (mut reliability, mut resolution) = (0.0, 0.0);
        for bin in self.bins.iter().filter(|bin| bin.forecasts > 0) {
            let forecasts = bin.forecasts as f64;
            let (chance, late) = (bin.chances / forecasts, bin.late as f64 / forecasts);
            reliability += forecasts * (chance - late) * (chance - late) / count;
            resolution += forecasts * (late - mean) * (late - mean) / count;
        }
        let uncertainty = mean * (1.0 - mean);
        let brier = self.squares / count;
        let naive = self.base_then_squares / count;
        Some(Score {
            forecasts: self.forecasts,
            late: self.late,
            periods: self.clusters.len() as u64,
            brier: text(brier),
            brier_base: text(self.base_squares / count),
            brier_base_then: text(naive),
            skill: if naive > 0.0 {
                text(1.0 - brier / naive)
            } else {
                String::new()
            },
            reliability: text(reliability),
            resolution: text(resolution),
            uncertainty: text(uncertainty),
            within: text(brier - (reliability - resolution + uncertainty)),
            log_loss: text(self.logs / count),
            verdict: self.verdict(),
        })
    }

    /// The reliability table.
    #[must_use]
    pub fn bins(&self) -> Vec<Bin> {
        let bins = (0_u32..).zip(&self.bins);
        bins.map(|(number, sums)| sums.bin(number)).collect()
    }

    fn verdict(&self) -> Verdict {
        let timely = self.forecasts - self.late;
        let few = self.forecasts < FORECASTS_MIN || self.late.min(timely) < OUTCOMES_MIN;
        if few || self.clusters.len() < CLUSTERS_MIN {
            return Verdict::TooShort;
        }
        let gain: f64 = self.clusters.values().map(|(_, gain)| gain).sum();
        if gain.abs() < SKILL_MIN * self.base_then_squares {
            return Verdict::Alike;
        }
        let mean = gain / self.forecasts as f64;
        let clusters = self.clusters.len() as f64;
        let off = |(forecasts, gain): &(u64, f64)| gain - *forecasts as f64 * mean;
        let squares: f64 = self.clusters.values().map(|c| off(c) * off(c)).sum();
        let error = libm::sqrt(squares * clusters / (clusters - 1.0));
        match one_sided(gain, error, clusters - 1.0) {
            p if p >= ERROR => Verdict::Alike,
            _ if gain > 0.0 => Verdict::Better,
            _ => Verdict::Worse,
        }
    }
}

impl Sums {
    fn bin(self, number: u32) -> Bin {
        let some = self.forecasts > 0;
        let mean = self.chances / self.forecasts as f64;
        Bin {
            from_percent: number * 10,
            to_percent: (number + 1) * 10,
            forecasts: self.forecasts,
            late: self.late,
            mean_percent: if some {
                super::percent(mean)
            } else {
                String::new()
            },
            observed: some.then(|| wilson(self.late as f64, self.forecasts as f64)),
        }
    }
}

fn bin(chance: f64) -> usize {
    // A chance lies from 0 to 1, so the bin is a small number.
    ((chance * BINS as f64) as usize).min(BINS - 1)
}

/// Wilson's interval of a share.
fn wilson(hits: f64, count: f64) -> Interval {
    let square = NORMAL_975 * NORMAL_975;
    let share = hits / count;
    let middle = (share + square / (2.0 * count)) / (1.0 + square / count);
    let spread = share * (1.0 - share) / count + square / (4.0 * count * count);
    let half = NORMAL_975 * libm::sqrt(spread) / (1.0 + square / count);
    Interval {
        share_percent: super::percent(share),
        low_percent: super::percent((middle - half).max(0.0)),
        high_percent: super::percent((middle + half).min(1.0)),
    }
}

/// The chance that a Student variable lies as far out as `sum / error`, on that side alone.
fn one_sided(sum: f64, error: f64, degrees: f64) -> f64 {
    if error <= 0.0 {
        return if sum == 0.0 { 1.0 } else { 0.0 };
    }
    let score = sum / error;
    let x = degrees / (degrees + score * score);
    checked_beta_reg(degrees / 2.0, 0.5, x).map_or(1.0, |both| both / 2.0)
}

/// A score with four digits after the point.
fn text(value: f64) -> String {
    let text = format!("{value:.4}");
    if text == "-0.0000" {
        "0.0000".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(forecasts: &[(f64, bool)]) -> Tally {
        let mut tally = Tally::default();
        for (cluster, (chance, late)) in (0..).zip(forecasts) {
            tally.add(&Forecast {
                cluster: cluster % 8,
                chance: *chance,
                base: 0.5,
                base_then: 0.5,
                late: *late,
            });
        }
        tally
    }

    /// Brier's own measure for two outcomes is twice the mean square; by hand: (0.04 + 0.04 + 0.64 + 0.36) / 4.
    #[test]
    fn a_case_worked_by_hand() {
        let score = tally(&[(0.8, true), (0.2, false), (0.2, true), (0.6, false)])
            .score()
            .unwrap();
        assert_eq!(
            (score.brier.as_str(), score.uncertainty.as_str()),
            ("0.2700", "0.2500")
        );
        // Bins: 0.8 (1 of 1), 0.2 (1 of 2), 0.6 (0 of 1).
        assert_eq!(score.reliability, "0.1450");
        assert_eq!(score.resolution, "0.1250");
        assert_eq!(score.within, "0.0000");
        assert_eq!(
            (score.brier_base.as_str(), score.skill.as_str()),
            ("0.2500", "-0.0800")
        );
        // -(ln 0.8 + ln 0.8 + ln 0.2 + ln 0.4) / 4
        assert_eq!(score.log_loss, "0.7430");
        assert_eq!(score.verdict, Verdict::TooShort);
    }

    #[test]
    fn merged_tallies_are_one_tally() {
        let all = [
            (0.9, true),
            (0.1, false),
            (0.3, true),
            (0.35, false),
            (1.0, true),
            (0.0, false),
        ];
        let mut merged = tally(&all[..2]);
        merged.merge(&tally(&all[2..]));
        let whole = tally(&all);
        assert_eq!(merged.bins(), whole.bins());
        let (merged, whole) = (merged.score().unwrap(), whole.score().unwrap());
        assert_eq!((merged.brier, merged.late), (whole.brier, whole.late));
    }

    #[test]
    fn a_verdict_needs_a_difference_beyond_chance() {
        let sharp: Vec<_> = (0..400)
            .map(|n| (if n % 4 == 0 { 0.9 } else { 0.1 }, n % 4 == 0))
            .collect();
        assert_eq!(tally(&sharp).score().unwrap().verdict, Verdict::Better);
        let wrong: Vec<_> = sharp
            .iter()
            .map(|(chance, late)| (*chance, !late))
            .collect();
        assert_eq!(tally(&wrong).score().unwrap().verdict, Verdict::Worse);
        let naive: Vec<_> = sharp.iter().map(|(_, late)| (0.5, *late)).collect();
        assert_eq!(tally(&naive).score().unwrap().verdict, Verdict::Alike);
        assert_eq!(tally(&[]).score(), None);
    }

    /// Newcombe, "Two-sided confidence intervals for the single proportion" (Statistics in Medicine 17, 1998), table I, method 3.
    #[test]
    fn published_intervals() {
        for (hits, count, low, high) in [
            (81.0, 263.0, "25.5", "36.6"),
            (15.0, 148.0, "6.2", "16.0"),
            (0.0, 20.0, "0.0", "16.1"),
            (1.0, 29.0, "0.6", "17.2"),
        ] {
            let interval = wilson(hits, count);
            assert_eq!(
                (
                    interval.low_percent.as_str(),
                    interval.high_percent.as_str()
                ),
                (low, high)
            );
        }
    }
}

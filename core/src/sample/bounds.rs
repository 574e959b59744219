//! Exact bounds for a proportion, and quantiles.
//!
//! Source: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
//! 26(4), 1934. The tails of the binomial and of Student's t are regularised incomplete beta functions (Abramowitz and Stegun, "Handbook
//! of Mathematical Functions", 26.5.24 and 26.7.1); they are inverted by halving an interval, which cannot miss a root of
//! a monotone function.

use statrs::function::beta::checked_beta_reg;

/// Halvings: enough to reach neighbouring floats.
const HALVINGS: u32 = 100;

/// The two-sided Clopper-Pearson interval of `errors` in `trials` at a confidence of `level`; (0, 1) without trials.
#[must_use]
pub fn binomial(errors: u32, trials: u32, level: f64) -> (f64, f64) {
    let tail = (1.0 - level) / 2.0;
    let lower = if errors == 0 || errors > trials {
        0.0
    } else {
        // P(X >= errors | p) grows with p, and is the tail at the lower bound.
        root(|p| at_least(errors, trials, p) - tail)
    };
    (lower, upper(errors, trials, tail))
}

/// The one-sided Clopper-Pearson upper bound at a confidence of `level`; 1 without trials.
#[must_use]
pub fn binomial_upper(errors: u32, trials: u32, level: f64) -> f64 {
    upper(errors, trials, 1.0 - level)
}

/// Student's quantile: the t that a variable with `degrees` degrees of freedom exceeds in magnitude with probability `1 - level`.
pub(super) fn student(degrees: u32, level: f64) -> f64 {
    let degrees = f64::from(degrees);
    // I_x(v/2, 1/2) with x = v / (v + t^2) is the probability of exceeding t in magnitude; it grows with x.
    let x = root(|x| checked_beta_reg(degrees / 2.0, 0.5, x).unwrap_or(0.0) - (1.0 - level));
    libm::sqrt(degrees * (1.0 - x) / x)
}

fn upper(errors: u32, trials: u32, tail: f64) -> f64 {
    if errors >= trials {
        return 1.0;
    }
    root(|p| at_least(errors + 1, trials, p) - (1.0 - tail))
}

/// P(X >= errors), for errors of at least 1 and at most the trials.
fn at_least(errors: u32, trials: u32, p: f64) -> f64 {
    let (a, b) = (f64::from(errors), f64::from(trials - errors) + 1.0);
    checked_beta_reg(a, b, p).unwrap_or(0.0)
}

/// Where a function that grows on (0, 1) passes zero.
fn root(function: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..HALVINGS {
        let middle = low.midpoint(high);
        if function(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low.midpoint(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Percentages as in Fisher and Yates, "Statistical Tables", VIII1, and Geigy's "Scientific Tables", binomial limits.
    #[test]
    fn published_limits() {
        let check = |errors, trials, low: f64, high: f64| {
            let (found_low, found_high) = binomial(errors, trials, 0.95);
            assert!(
                (found_low - low).abs() < 6e-5,
                "{errors}/{trials}: {found_low}"
            );
            assert!(
                (found_high - high).abs() < 6e-5,
                "{errors}/{trials}: {found_high}"
            );
        };
        check(0, 10, 0.0, 0.3085);
        check(1, 10, 0.0025, 0.4450);
        check(5, 10, 0.1871, 0.8129);
        check(10, 10, 0.6915, 1.0);
        check(3, 20, 0.0321, 0.3789);
        check(0, 50, 0.0, 0.0711);
        check(5, 100, 0.0164, 0.1128);
        check(0, 0, 0.0, 1.0);
    }

    /// With no error the bound is known in closed form, 1 - (1 - level)^(1/n): the rule of three.
    #[test]
    fn no_errors_give_the_closed_form() {
        for trials in [1_u32, 10, 59, 300, 10_000] {
            let closed = 1.0 - 0.05_f64.powf(1.0 / f64::from(trials));
            assert!((binomial_upper(0, trials, 0.95) - closed).abs() < 1e-10);
        }
        // Abramowitz and Stegun, table 26.10.
        for (degrees, t) in [
            (1, 12.706),
            (5, 2.571),
            (10, 2.228),
            (30, 2.042),
            (120, 1.980),
        ] {
            assert!((student(degrees, 0.95) - t).abs() < 6e-4, "{degrees}");
        }
    }

    /// An interval covers the truth at least as often as it promises, by summing the binomial's own terms.
    #[test]
    fn coverage_is_never_below_the_level() {
        let choose =
            |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
        for trials in [5_u32, 20] {
            let bounds: Vec<_> = (0..=trials).map(|k| binomial(k, trials, 0.9)).collect();
            for step in 1..100_u32 {
                let p = f64::from(step) / 100.0;
                let covered = (0..=trials).filter(|k| {
                    let (low, high) = bounds[*k as usize];
                    low <= p && p <= high
                });
                let chance: f64 = covered
                    .map(|k| {
                        choose(trials, k) * p.powi(k as i32) * (1.0 - p).powi((trials - k) as i32)
                    })
                    .sum();
                assert!(chance >= 0.9 - 1e-9, "{trials} {p}: {chance}");
            }
        }
    }
}

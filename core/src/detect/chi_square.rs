//! Pearson's chi-square test of counts against expected shares.
//!
//! Source: Pearson, "On the criterion that a given system of deviations ..." (Philosophical Magazine 50(302), 1900). The upper tail of
//! the chi-square distribution with k degrees of freedom is the regularised incomplete gamma function Q(k/2, x/2) (Abramowitz and
//! Stegun, "Handbook of Mathematical Functions", 26.4.19).

use statrs::function::gamma::checked_gamma_ur;

/// The sum of `(observed - expected)^2 / expected`; the shares add to 1.
pub(super) fn statistic(counts: &[u32], shares: &[f64]) -> f64 {
    let total = f64::from(counts.iter().sum::<u32>());
    let term = |(count, share): (&u32, &f64)| {
        let expected = total * share;
        (f64::from(*count) - expected).powi(2) / expected
    };
    counts.iter().zip(shares).map(term).sum()
}

/// The chance of a statistic of at least `statistic` with `degrees` degrees of freedom.
#[must_use]
pub fn p_value(statistic: f64, degrees: u32) -> f64 {
    if statistic <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(f64::from(degrees) / 2.0, statistic / 2.0).map_or(1.0, |p| p.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles as printed in Abramowitz and Stegun, table 26.8.
    #[test]
    fn published_quantiles() {
        let table = [
            (9, 0.05, 16.9190),
            (9, 0.01, 21.6660),
            (9, 0.001, 27.877),
            (8, 0.05, 15.5073),
            (8, 0.01, 20.0902),
            (8, 0.001, 26.125),
            (1, 0.05, 3.841_46),
            (2, 0.5, 1.386_29),
            (9, 0.99, 2.087_912),
        ];
        for (degrees, p, quantile) in table {
            let found = p_value(quantile, degrees);
            assert!(
                (found - p).abs() < 2e-5 * p.max(0.02),
                "{degrees} {quantile}: {found}"
            );
        }
        assert_eq!(p_value(0.0, 9), 1.0);
    }

    #[test]
    fn even_counts_have_no_distance() {
        assert_eq!(statistic(&[5; 10], &[0.1; 10]), 0.0);
        // One digit twenty times instead of five, the others as expected but the last one: (15^2 + 5^2 ...)/5 by hand.
        let counts = [10, 0, 5, 5, 5, 5, 5, 5, 5, 5];
        assert!((statistic(&counts, &[0.1; 10]) - 10.0).abs() < 1e-9);
    }
}

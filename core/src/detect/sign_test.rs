//! The one-sided sign test: is one of two equally likely outcomes too frequent?
//!
//! Source: Arbuthnott, "An argument for divine providence" (Philosophical Transactions 27, 1710); Conover, "Practical Nonparametric
//! Statistics" (Wiley, 1999), section 3.4. The upper tail of the binomial distribution is the regularised incomplete beta function:
//! `P(X >= k) = I_1/2(k, n - k + 1)` (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.5.24).

use statrs::function::beta::checked_beta_reg;

/// The chance of at least `hits` heads in `tosses` tosses of a fair coin.
#[must_use]
pub fn p_value(hits: u32, tosses: u32) -> f64 {
    if hits == 0 || hits > tosses {
        return if hits == 0 { 1.0 } else { 0.0 };
    }
    let (a, b) = (f64::from(hits), f64::from(tosses - hits) + 1.0);
    checked_beta_reg(a, b, 0.5).map_or(1.0, |p| p.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_sum_of_its_terms() {
        let choose =
            |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
        for tosses in [1, 5, 10, 37] {
            for hits in 0..=tosses {
                let sum: f64 = (hits..=tosses).map(|k| choose(tosses, k)).sum::<f64>()
                    / 2_f64.powi(tosses as i32);
                assert!(
                    (p_value(hits, tosses) - sum).abs() < 1e-12,
                    "{hits} of {tosses}"
                );
            }
        }
    }

    #[test]
    fn published_tails() {
        // Conover, table A3: P(X >= 9 | n = 10) = 0.0107, P(X >= 15 | n = 20) = 0.0207.
        assert!((p_value(9, 10) - 0.0107).abs() < 5e-5);
        assert!((p_value(15, 20) - 0.0207).abs() < 5e-5);
    }
}

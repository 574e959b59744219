//! Order statistics by selection, and numbers as text.
//!
//! Selection instead of a full sort: a screening looks at every series and every group once, and needs two or three order
//! statistics of each. Below [`SORT_LEN_MAX`] values a sort is faster than selecting.

use statrs::function::beta::checked_beta_reg;

use crate::decimal::Decimal;

/// Up to here a slice is sorted, above it is partitioned.
const SORT_LEN_MAX: usize = 24;

/// The two middle values of a slice that is not empty (twice the same one where the count is odd); reorders the slice.
pub(super) fn middle_two<T: Ord + Copy>(values: &mut [T]) -> Option<(T, T)> {
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    if values.len() <= SORT_LEN_MAX {
        values.sort_unstable();
        return Some((values[low], values[high]));
    }
    let (below, upper, _) = values.select_nth_unstable(high);
    let upper = *upper;
    let lower = match below.iter().max() {
        Some(largest) if low < high => *largest,
        Some(_) | None => upper,
    };
    Some((lower, upper))
}

/// A number whose order as an integer is that of the float (IEEE 754-2019, section 5.10, totalOrder). Integers compare
/// without a branch, which makes selection about twice as fast.
pub(super) const fn sort_key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The inverse of [`sort_key`].
pub(super) const fn from_sort_key(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

/// The median of floats given as sort keys; reorders the slice.
pub(super) fn median_of_keys(keys: &mut [i64]) -> Option<f64> {
    let (low, high) = middle_two(keys)?;
    Some(f64::midpoint(from_sort_key(low), from_sort_key(high)))
}

/// First quartile, median and third quartile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quartiles {
    pub(super) first: f64,
    pub(super) median: f64,
    pub(super) third: f64,
}

/// The quartiles of floats given as sort keys; reorders the slice.
///
/// Source: Hyndman and Fan, "Sample quantiles in statistical packages" (The American Statistician 50(4), 1996), definition
/// 7: linear interpolation at `(n - 1) p`, counted from 0.
pub(super) fn quartiles_of_keys(keys: &mut [i64]) -> Option<Quartiles> {
    let last = keys.len().checked_sub(1)?;
    let places = [last / 4, last / 2, 3 * last / 4];
    if keys.len() <= SORT_LEN_MAX {
        keys.sort_unstable();
    } else {
        let (below, _, above) = keys.select_nth_unstable(places[1]);
        // The neighbour above each quartile is brought next to it, since interpolation asks for both.
        partition_pair(below, places[0]);
        bring_smallest_first(above);
        let beyond = places[2] - places[1] - 1;
        partition_pair(above, beyond);
        bring_smallest_first(&mut keys[places[1] + 1..]);
    }
    let at = |place: usize, quarters: usize| {
        let low = from_sort_key(keys[place]);
        let next = keys.get(place + 1).map_or(low, |key| from_sort_key(*key));
        low + quarters as f64 / 4.0 * (next - low)
    };
    let (low, high) = (last / 2, keys.len() / 2);
    Some(Quartiles {
        first: at(places[0], last % 4),
        median: f64::midpoint(from_sort_key(keys[low]), from_sort_key(keys[high])),
        third: at(places[2], 3 * last % 4),
    })
}

/// Puts the values of rank `place` and `place + 1` where a sort would put them.
fn partition_pair(keys: &mut [i64], place: usize) {
    if place < keys.len() {
        let (_, _, above) = keys.select_nth_unstable(place);
        bring_smallest_first(above);
    }
}

fn bring_smallest_first(keys: &mut [i64]) {
    let smallest = keys.iter().enumerate().min_by_key(|(_, key)| **key);
    if let Some((at, _)) = smallest {
        keys.swap(0, at);
    }
}

/// A default parameter: `mantissa / 10^scale`.
pub(super) const fn decimal(mantissa: i128, scale: u8) -> Decimal {
    match Decimal::new(mantissa, scale) {
        Some(value) => value,
        None => Decimal::ZERO,
    }
}

/// A parameter as a float, rounded correctly.
pub(super) fn to_float(value: Decimal) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// The chance that a Student variable lies at least `score` from 0, on either side: `I_x(v/2, 1/2)` at `x = v / (v + score^2)`
/// (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.1 and 26.5.27).
pub(super) fn student_two_sided(score: f64, degrees: f64) -> f64 {
    let x = degrees / (degrees + score * score);
    checked_beta_reg(degrees / 2.0, 0.5, x).map_or(1.0, |p| p.clamp(0.0, 1.0))
}

/// A mantissa at `scale` as a float.
pub(super) fn scaled(mantissa: f64, scale: u8) -> f64 {
    mantissa / 10_f64.powi(i32::from(scale))
}

/// A float with at most `digits` after the point, without trailing zeros.
pub(super) fn text(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if text == "-0" { "0" } else { text }.to_owned()
}

/// A probability with four significant digits and no exponent; below 10^-12 it reads `0.000000000001`.
pub(super) fn probability_text(value: f64) -> String {
    let value = value.clamp(1e-12, 1.0);
    let leading_zeros = (1..12).take_while(|n| value < 10_f64.powi(-n)).count();
    text(value, (leading_zeros + 4).min(12))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quartiles_by_sorting(values: &[f64]) -> Quartiles {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |p: f64| {
            let h = (sorted.len() - 1) as f64 * p;
            let low = sorted[h as usize];
            let next = *sorted.get(h as usize + 1).unwrap_or(&low);
            low + h.fract() * (next - low)
        };
        let n = sorted.len();
        Quartiles {
            first: at(0.25),
            median: f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
            third: at(0.75),
        }
    }

    proptest! {
        #[test]
        fn selection_agrees_with_sorting(values in prop::collection::vec(-1e6_f64..1e6, 1..200)) {
            let mut keys: Vec<i64> = values.iter().copied().map(sort_key).collect();
            let expect = quartiles_by_sorting(&values);
            prop_assert_eq!(quartiles_of_keys(&mut keys).unwrap(), expect);
            prop_assert_eq!(median_of_keys(&mut keys).unwrap(), expect.median);
        }

        #[test]
        fn keys_order_as_floats(a in any::<f64>(), b in any::<f64>()) {
            prop_assert_eq!(sort_key(a).cmp(&sort_key(b)), a.total_cmp(&b));
            prop_assert_eq!(from_sort_key(sort_key(a)).to_bits(), a.to_bits());
        }
    }

    /// Quantiles as printed in Abramowitz and Stegun, table 26.10.
    #[test]
    fn published_quantiles_of_student() {
        for (degrees, score, p) in [
            (1.0, 12.706, 0.05),
            (5.0, 4.032, 0.01),
            (10.0, 2.228, 0.05),
            (30.0, 2.750, 0.01),
        ] {
            assert!((student_two_sided(score, degrees) - p).abs() < 2e-3 * p);
        }
    }

    #[test]
    fn numbers_as_text() {
        for (value, digits, expect) in [
            (2.5, 3, "2.5"),
            (100.0, 0, "100"),
            (-0.0001, 2, "0"),
            (10.1175, 3, "10.117"),
        ] {
            assert_eq!(text(value, digits), expect);
        }
        for (value, expect) in [
            (0.05, "0.05"),
            (0.000_012_345, "0.00001234"),
            (0.0, "0.000000000001"),
            (1.0, "1"),
        ] {
            assert_eq!(probability_text(value), expect);
        }
    }
}

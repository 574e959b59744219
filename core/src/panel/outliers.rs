//! Two screens for outliers over a panel: a figure against its own past, and a change against the changes of all units.
//!
//! A screen gives verdicts as an edit does: true where nothing is unusual, false where something is, undecided where the method
//! does not apply.

use std::ops::Range;

use super::{
    Panel,
    bits::WORD,
    column::{Mantissas, NARROW_MAX},
};
use crate::{
    code::IndicatorCode,
    decimal::{Decimal, power_of_ten},
    edits::Scope,
};

/// A screen over one indicator.
#[derive(Clone, Debug)]
pub struct Screen {
    /// The indicator.
    pub indicator: IndicatorCode,
    /// The records that it judges, and compares with each other.
    pub scope: Scope,
    /// How.
    pub method: Method,
}

/// A method to find outliers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// The modified z-score of a figure among all figures of its unit.
    History(HistoryRule),
    /// Hidiroglou-Berthelot: the change from the last period among the changes of all units.
    Change(ChangeRule),
}

/// Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (ASQC Basic References in Quality Control 16, 1993), section 3.3: a figure
/// is unusual where `factor |x - median| / MAD >= threshold`. Exact. Undecided with fewer than `values_min` figures, or without
/// spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRule {
    /// 3.5.
    pub threshold: Decimal,
    /// 0.6745.
    pub factor: Decimal,
    /// 5.
    pub values_min: usize,
}

/// Hidiroglou and Berthelot, "Statistical Editing and Imputation for Periodic Business Surveys" (Survey Methodology 12(1), 1986),
/// section 3, with U = 0.5: binary floating point, of which only correctly rounded operations are used, so that every machine
/// finds the same. Undecided where one of the two figures is missing, zero or negative, and with fewer than `units_min` ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeRule {
    /// A: 0.05.
    pub least_spread: f64,
    /// C: 4.
    pub width: f64,
    /// 5.
    pub units_min: usize,
}

impl Eq for ChangeRule {}

impl Default for HistoryRule {
    fn default() -> Self {
        let decimal = |mantissa, scale| Decimal::new(mantissa, scale).unwrap_or(Decimal::ONE);
        Self {
            threshold: decimal(35, 1),
            factor: decimal(6745, 4),
            values_min: 5,
        }
    }
}

impl Default for ChangeRule {
    fn default() -> Self {
        Self {
            least_spread: 0.05,
            width: 4.0,
            units_min: 5,
        }
    }
}

/// Room that is kept from one unit or period to the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    values: Vec<i64>,
    keys: Vec<i64>,
    effects: Vec<(u32, f64)>,
}

/// Up to here values are sorted, above it they are partitioned.
const SORT_LEN_MAX: usize = 24;
/// So many units stand in one line of the cache.
const LINE: usize = 8;

impl HistoryRule {
    /// Judges the units of some words of the periods' bitmaps; `put` gets a period, a word of units among these, and the bits of
    /// `decided` and `holds`.
    pub(super) fn judge(
        &self,
        panel: &Panel,
        column: usize,
        words: Range<usize>,
        room: &mut Room,
        put: &mut dyn FnMut(usize, usize, [u64; 2]),
    ) {
        let periods = panel.layout().periods().len();
        let mut found = vec![[0_u64; 2]; periods];
        let mut history = vec![None; LINE * periods];
        for (nth, word) in words.enumerate() {
            found.fill([0; 2]);
            for line in 0..WORD / LINE {
                let first = word * WORD + line * LINE;
                transpose(panel, column, first, &mut history);
                for (unit, history) in history.chunks(periods.max(1)).enumerate() {
                    self.judge_one(history, room, &mut found, line * LINE + unit);
                }
            }
            for (period, bits) in found.iter().enumerate() {
                put(period, nth, *bits);
            }
        }
    }

    /// Judges one unit: its history period by period, and the bit of the unit.
    fn judge_one(
        &self,
        history: &[Option<i64>],
        room: &mut Room,
        found: &mut [[u64; 2]],
        bit: usize,
    ) {
        room.values.clear();
        room.values.extend(history.iter().flatten());
        let Some((median_doubled, limit_doubled)) = self.measure(&mut room.values) else {
            return;
        };
        for (value, [decided, holds]) in history.iter().zip(found) {
            if let Some(value) = value {
                let deviation_doubled = (2 * value - median_doubled).abs();
                *decided |= 1 << bit;
                *holds |= u64::from(i128::from(deviation_doubled) < limit_doubled) << bit;
            }
        }
    }

    /// Judges all periods of one unit; bit `p % 64` of word `p / 64` is period `p`.
    pub(super) fn judge_unit(
        &self,
        panel: &Panel,
        column: usize,
        unit: usize,
        room: &mut Room,
    ) -> Vec<[bool; 2]> {
        let periods = panel.layout().periods().len();
        let history: Vec<Option<i64>> = (0..periods)
            .map(|period| short_figure(panel, column, panel.layout().row(unit, period)))
            .collect();
        let mut found = vec![[0_u64; 2]; periods];
        self.judge_one(&history, room, &mut found, 0);
        found.iter().map(|bits| bits.map(|bit| bit == 1)).collect()
    }

    /// Twice the median and the smallest doubled deviation that is unusual. Overwrites the values.
    fn measure(&self, values: &mut [i64]) -> Option<(i64, i128)> {
        if values.len() < self.values_min.max(1) {
            return None;
        }
        let (low, high) = middle_two(values)?;
        let median_doubled = low + high;
        for value in values.iter_mut() {
            *value = (2 * *value - median_doubled).abs();
        }
        let (low, high) = middle_two(values)?;
        let mad_quadrupled = i128::from(low) + i128::from(high);
        if mad_quadrupled == 0 {
            return None;
        }
        // factor d/2 >= threshold mad/4, with d the doubled deviation and both parameters as integers.
        let (t, f) = (self.threshold, self.factor);
        let above = t
            .mantissa()
            .checked_mul(mad_quadrupled)?
            .checked_mul(power_of_ten(f.scale()))?;
        let below = f.mantissa().checked_mul(2 * power_of_ten(t.scale()))?;
        (below > 0)
            .then(|| above.div_euclid(below) + i128::from(above.rem_euclid(below) > 0))
            .map(|limit_doubled| (median_doubled, limit_doubled))
    }
}

impl ChangeRule {
    /// Judges the units of one period that are set in `judged`, and compares them with each other; `out` is `decided` and `holds`.
    pub(super) fn judge(
        &self,
        panel: &Panel,
        column: usize,
        period: usize,
        judged: &[u64],
        room: &mut Room,
        out: [&mut [u64]; 2],
    ) {
        let [decided, holds] = out;
        decided.fill(0);
        holds.fill(0);
        let Some(before) = period.checked_sub(1) else {
            return;
        };
        Self::ratios(panel, column, [before, period], judged, room);
        let Some((low, high)) = self.interval(panel, column, [before, period], room) else {
            return;
        };
        for (unit, effect) in &room.effects {
            let (word, bit) = (*unit as usize / WORD, *unit as usize % WORD);
            decided[word] |= 1 << bit;
            holds[word] |= u64::from((low..=high).contains(effect)) << bit;
        }
    }

    /// Leaves the ratio of this period to the last for each unit that has one.
    fn ratios(
        panel: &Panel,
        column: usize,
        [before, period]: [usize; 2],
        judged: &[u64],
        room: &mut Room,
    ) {
        room.effects.clear();
        let layout = panel.layout();
        let column = panel.column(column);
        let Mantissas::Narrow(mantissas) = &column.mantissas else {
            return;
        };
        let rows = |period| &mantissas[layout.row(0, period)..][..layout.stride()];
        let pairs = rows(before).iter().zip(rows(period));
        // What is missing is zero here, and so without a ratio.
        let both = pairs.zip(0..).filter(|((y, x), _)| **y > 0 && **x > 0);
        let of_scope = both
            .filter(|(_, unit)| judged[*unit as usize / WORD] >> (*unit as usize % WORD) & 1 == 1);
        room.effects
            .extend(of_scope.map(|((y, x), unit)| (unit, *x as f64 / *y as f64)));
    }

    /// Turns the ratios into effects and answers the interval of those that are not unusual.
    fn interval(
        &self,
        panel: &Panel,
        column: usize,
        periods: [usize; 2],
        room: &mut Room,
    ) -> Option<(f64, f64)> {
        if room.effects.len() < self.units_min.max(1) {
            return None;
        }
        let keys = |room: &mut Room| {
            room.keys.clear();
            room.keys
                .extend(room.effects.iter().map(|(_, value)| sort_key(*value)));
        };
        keys(room);
        let median = median_of_keys(&mut room.keys)?;
        let column = panel.column(column);
        for (unit, value) in &mut room.effects {
            let figure =
                |period| column.mantissa(panel.layout().row(*unit as usize, period)) as f64;
            let size = figure(periods[0]).max(figure(periods[1])).sqrt();
            *value = size
                * if *value < median {
                    1.0 - median / *value
                } else {
                    *value / median - 1.0
                };
        }
        keys(room);
        let [first, median, third] = quartiles_of_keys(&mut room.keys)?;
        let least = (self.least_spread * median).abs();
        Some((
            median - self.width * (median - first).max(least),
            median + self.width * (third - median).max(least),
        ))
    }
}

/// A figure that can be doubled twice in 64 bits; a longer one counts as missing.
fn short_figure(panel: &Panel, column: usize, row: usize) -> Option<i64> {
    let column = panel.column(column);
    let figure = column.known.get(row).then(|| column.mantissa(row))?;
    let short = figure.unsigned_abs() < NARROW_MAX >> 2;
    i64::try_from(figure).ok().filter(|_| short)
}

/// The histories of the units from `first` on, unit after unit; period by period a line of the cache is read whole.
fn transpose(panel: &Panel, column: usize, first: usize, out: &mut [Option<i64>]) {
    let periods = panel.layout().periods().len();
    for period in 0..periods {
        let row = panel.layout().row(first, period);
        for unit in 0..LINE {
            out[unit * periods + period] = short_figure(panel, column, row + unit);
        }
    }
}

/// The two middle values (twice the same one where the count is odd); reorders the slice.
fn middle_two(values: &mut [i64]) -> Option<(i64, i64)> {
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    if values.len() <= SORT_LEN_MAX {
        values.sort_unstable();
        return Some((values[low], values[high]));
    }
    let (below, upper, _) = values.select_nth_unstable(high);
    let lower = below.iter().max().copied().filter(|_| low < high);
    Some((lower.unwrap_or(*upper), *upper))
}

/// A number whose order as an integer is that of the float (IEEE 754-2019, section 5.10): integers compare without a branch.
const fn sort_key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The inverse of [`sort_key`].
const fn from_sort_key(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

fn median_of_keys(keys: &mut [i64]) -> Option<f64> {
    let (low, high) = middle_two(keys)?;
    Some(f64::midpoint(from_sort_key(low), from_sort_key(high)))
}

/// The quartiles by linear interpolation at `(n - 1) p` (Hyndman and Fan, "Sample quantiles in statistical packages", The American
/// Statistician 50(4), 1996, definition 7).
fn quartiles_of_keys(keys: &mut [i64]) -> Option<[f64; 3]> {
    let last = keys.len().checked_sub(1)?;
    let (below, middle, above) = keys.select_nth_unstable(last / 2);
    let mid = from_sort_key(*middle);
    let next = |rest: &[i64], or: f64| rest.iter().min().map_or(or, |key| from_sort_key(*key));
    let median = lerp(mid, next(above, mid), last % 2, 2);
    let first = match below.len().checked_sub(1) {
        Some(_) if last / 4 < below.len() => {
            let (_, key, rest) = below.select_nth_unstable(last / 4);
            let low = from_sort_key(*key);
            lerp(low, next(rest, mid), last % 4, 4)
        }
        Some(_) | None => lerp(mid, next(above, mid), last % 4, 4),
    };
    let place = 3 * last / 4;
    let third = if place > last / 2 {
        let (_, key, rest) = above.select_nth_unstable(place - last / 2 - 1);
        let low = from_sort_key(*key);
        lerp(low, next(rest, low), 3 * last % 4, 4)
    } else {
        lerp(mid, next(above, mid), 3 * last % 4, 4)
    };
    Some([first, median, third])
}

fn lerp(low: f64, high: f64, part: usize, of: usize) -> f64 {
    low + part as f64 / of as f64 * (high - low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_sorting(values: &[f64]) -> [f64; 3] {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        [0.25, 0.5, 0.75].map(|p| {
            let h = (sorted.len() - 1) as f64 * p;
            let low = sorted[h as usize];
            let next = *sorted.get(h as usize + 1).unwrap_or(&low);
            low + h.fract() * (next - low)
        })
    }

    proptest! {
        #[test]
        fn selection_agrees_with_sorting(values in prop::collection::vec(-50_i32..50, 1..90)) {
            let values: Vec<f64> = values.into_iter().map(|v| f64::from(v) / 4.0).collect();
            let mut keys: Vec<i64> = values.iter().map(|v| sort_key(*v)).collect();
            prop_assert_eq!(quartiles_of_keys(&mut keys), Some(by_sorting(&values)));
            prop_assert_eq!(median_of_keys(&mut keys), Some(by_sorting(&values)[1]));
        }
    }

    /// Median 36 and MAD 3, so 81 has the score 0.6745 * 45 / 3 = 10.117.
    #[test]
    fn a_short_series() {
        let mut values = [31, 34, 38, 81, 39, 33];
        let rule = HistoryRule::default();
        let (median_doubled, limit_doubled) = rule.measure(&mut values).unwrap();
        assert_eq!(median_doubled, 72);
        // 3.5 * 3 / 0.6745 is 15.567, twice that 31.13, and doubled deviations are whole.
        assert_eq!(limit_doubled, 32);
        assert_eq!(rule.measure(&mut [1, 1, 1, 1, 9]), None);
        assert_eq!(rule.measure(&mut [1, 2, 3, 4]), None);
    }
}

//! The limit: the same rules written by hand as loops over arrays of integers, with a marker in the place of what is missing.
//! Nothing is general here: no language, no scopes, no other digits than two, no sums beyond 64 bits.

use granary_core::edits::Truth;

use super::{
    city::Places,
    data::{Data, MISSING as M, Size, at},
    judge::NotTrue,
};

/// Records that are looked at together.
const BLOCK: usize = 512;
/// Missing figures before the first record, so that the period before it can be read.
const PAD: usize = 4;

const PASS: u8 = 0;
const FAIL: u8 = 1;
const OPEN: u8 = 2;

/// Which rule says what other than "pass" of which record. Both figures of a roll-up have the same rule here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flag {
    rule: u8,
    code: u8,
    record: u32,
}

/// The judge's verdicts as flags, sorted.
pub(crate) fn flags_of(size: Size, judged: &[NotTrue]) -> Vec<Flag> {
    let places = Places::new(size);
    let flag = |(rule, unit, period, truth): &NotTrue| {
        let (rule, unit) = match rule {
            15 | 16 => (16, unit - places.city(0)),
            17 | 18 => (17, unit - places.province(0)),
            19 => (15, *unit),
            20 | 21 => (rule - 2, *unit),
            of_record => (*of_record, *unit),
        };
        Flag {
            rule: rule as u8,
            code: if *truth == Truth::False { FAIL } else { OPEN },
            record: (unit * size.periods + period) as u32,
        }
    };
    let mut flags: Vec<Flag> = judged.iter().map(flag).collect();
    flags.sort_unstable();
    flags
}

/// Figures of counties, all periods of the first, then of the second.
pub(crate) struct Bare<'a> {
    data: &'a Data,
    size: Size,
    columns: Vec<Vec<i64>>,
    /// The period of each record.
    periods: Vec<u8>,
}

const fn code(open: bool, bad: bool) -> u8 {
    if open { OPEN } else { bad as u8 }
}

/// Whether a total is its parts, within a tolerance.
#[inline(always)]
fn balance<const N: usize>(out: &mut [u8], total: &[i64], parts: [&[i64]; N], tolerance: i64) {
    let len = out.len();
    let (total, parts) = (&total[..len], parts.map(|part| &part[..len]));
    for i in 0..len {
        let (mut open, mut sum) = (total[i] == M, 0_i64);
        for part in parts {
            open |= part[i] == M;
            sum = sum.wrapping_add(part[i]);
        }
        out[i] = code(open, total[i].wrapping_sub(sum).wrapping_abs() > tolerance);
    }
}

#[inline(always)]
fn each<const N: usize>(out: &mut [u8], columns: [&[i64]; N], rule: impl Fn([i64; N]) -> u8) {
    let len = out.len();
    let columns = columns.map(|column| &column[..len]);
    for (i, out) in out.iter_mut().enumerate() {
        *out = rule(columns.map(|column| column[i]));
    }
}

#[inline(always)]
fn urban([urban, all, share]: [i64; 3]) -> u8 {
    let off = urban
        .wrapping_mul(10_000)
        .wrapping_sub(all.wrapping_mul(share));
    code(
        (urban == M) | (all == M) | (share == M),
        off.wrapping_abs() > 50_000,
    )
}

#[inline(always)]
fn at_least([a, b]: [i64; 2]) -> u8 {
    code((a == M) | (b == M), a < b)
}

#[inline(always)]
fn share([x]: [i64; 1]) -> u8 {
    code(x == M, !(0..=10_000).contains(&x))
}

#[inline(always)]
fn both_not_negative([a, b]: [i64; 2]) -> u8 {
    let bad = ((a != M) & (a < 0)) | ((b != M) & (b < 0));
    if bad {
        FAIL
    } else {
        code((a == M) | (b == M), false)
    }
}

#[inline(always)]
fn implies([a, b]: [i64; 2]) -> u8 {
    let good = ((a != M) & (a <= 0)) | (b > 0);
    if good {
        PASS
    } else {
        code((a == M) | (b == M), true)
    }
}

#[inline(always)]
fn both_imply([a, b, c]: [i64; 3]) -> u8 {
    let good = ((a != M) & (a <= 0)) | ((b != M) & (b <= 0)) | (c > 0);
    if good {
        PASS
    } else {
        code((a == M) | (b == M) | (c == M), true)
    }
}

impl<'a> Bare<'a> {
    pub(crate) fn new(data: &'a Data) -> Self {
        let size = data.size;
        let padded = |column: &Vec<i64>| [vec![M; PAD], column.clone()].concat();
        let periods = (0..size.records()).map(|record| (record % size.periods) as u8);
        Self {
            columns: data.counties.iter().map(padded).collect(),
            periods: periods.collect(),
            data,
            size,
        }
    }

    /// The twelve rules that look at one record, as flags.
    pub(crate) fn record12(&self) -> Vec<Flag> {
        let mut flags = Vec::with_capacity(4096);
        self.rows(12, &mut flags);
        flags
    }

    /// All twenty rules, by one thread.
    pub(crate) fn all20(&self) -> Vec<Flag> {
        let mut flags = Vec::with_capacity(4096);
        self.rows(16, &mut flags);
        self.histories(&mut flags);
        self.changes(&mut flags);
        self.rollups(&mut flags);
        flags
    }

    fn back(&self, column: usize, count: usize, first: usize, len: usize) -> &[i64] {
        &self.columns[column][PAD + first - count..][..len]
    }

    fn rows(&self, rules: u8, flags: &mut Vec<Flag>) {
        let mut out = [PASS; BLOCK];
        for first in (0..self.size.records()).step_by(BLOCK) {
            let len = BLOCK.min(self.size.records() - first);
            for rule in 0..rules {
                let out = &mut out[..len];
                if rule < 12 {
                    self.record_rule(rule, out, first);
                } else {
                    self.time_rule(rule, out, first);
                }
                collect(rule, out, first, flags);
            }
        }
    }

    #[inline(always)]
    fn record_rule(&self, rule: u8, out: &mut [u8], first: usize) {
        let len = out.len();
        let c = |column: usize| self.back(column, 0, first, len);
        match rule {
            0 => balance(out, c(at::GDP), [1, 2, 3].map(c), 5),
            1 => balance(out, c(at::PRIMARY), [4, 5].map(c), 2),
            2 => balance(out, c(at::SECONDARY), [6, 7, 8].map(c), 3),
            3 => balance(out, c(at::TERTIARY), [9, 10, 11, 12].map(c), 4),
            4 => balance(out, c(at::GDP), [4, 5, 6, 7, 8, 9, 10, 11, 12].map(c), 9),
            5 => each(
                out,
                [at::POP_URBAN, at::POPULATION, at::URBAN_SHARE].map(c),
                urban,
            ),
            6 => each(out, [at::INCOME_URBAN, at::INCOME_RURAL].map(c), at_least),
            7 => each(out, [at::URBAN_SHARE].map(c), share),
            8 => each(out, [at::POPULATION, at::EMPLOYED].map(c), at_least),
            9 => each(out, [at::INVESTMENT, at::RETAIL].map(c), both_not_negative),
            10 => each(out, [at::POPULATION, at::GDP].map(c), implies),
            _ => each(
                out,
                [at::REVENUE, at::SECONDARY, at::ELECTRICITY].map(c),
                both_imply,
            ),
        }
    }

    fn time_rule(&self, rule: u8, out: &mut [u8], first: usize) {
        let len = out.len();
        let t = &self.periods[first..first + len];
        let c = |column: usize, count: usize| self.back(column, count, first, len);
        match rule {
            12 => {
                let (a, b) = (c(at::INVESTMENT, 0), c(at::INVESTMENT, 1));
                for i in 0..len {
                    let first_quarter = t[i].is_multiple_of(4);
                    out[i] = if first_quarter {
                        PASS
                    } else {
                        at_least([a[i], b[i]])
                    };
                }
            }
            13 => {
                let (a, y, g) = (c(at::GDP, 0), c(at::GDP, 4), c(at::GDP_GROWTH, 0));
                for i in 0..len {
                    let open = (t[i] < 4) | (a[i] == M) | (y[i] <= 0) | (g[i] == M);
                    let grown = a[i].wrapping_sub(y[i]).wrapping_mul(10_000);
                    let off = g[i].wrapping_mul(y[i]).wrapping_sub(grown).wrapping_abs();
                    out[i] = code(open, off > y[i].wrapping_mul(50));
                }
            }
            14 => {
                let (a, b) = (c(at::EMPLOYED, 0), c(at::EMPLOYED, 1));
                for i in 0..len {
                    let x = a[i].wrapping_mul(100);
                    let bad = (x < b[i].wrapping_mul(80)) | (x > b[i].wrapping_mul(125));
                    out[i] = code((t[i] == 0) | (a[i] == M) | (b[i] <= 0), bad);
                }
            }
            _ => self.copied(out, first, t),
        }
    }

    fn copied(&self, out: &mut [u8], first: usize, t: &[u8]) {
        let len = out.len();
        let (mut differs, mut open) = ([0_u8; BLOCK], [0_u8; BLOCK]);
        for column in 0..self.columns.len() {
            let (a, b) = (
                self.back(column, 0, first, len),
                self.back(column, 1, first, len),
            );
            for i in 0..len {
                let missing = (a[i] == M) | (b[i] == M);
                open[i] |= u8::from(missing);
                differs[i] |= u8::from(!missing & (a[i] != b[i]));
            }
        }
        for i in 0..len {
            out[i] = match (t[i], differs[i]) {
                (0, _) => OPEN,
                (_, 0) => code(open[i] != 0, true),
                (_, _) => PASS,
            };
        }
    }

    fn histories(&self, flags: &mut Vec<Flag>) {
        let periods = self.size.periods;
        let mut known: Vec<i64> = Vec::with_capacity(periods);
        for county in 0..self.size.counties {
            let figures = self.back(at::ELECTRICITY, 0, county * periods, periods);
            known.clear();
            known.extend(figures.iter().filter(|x| **x != M));
            let (mut centre, mut spread) = (0, 0);
            if known.len() >= 5 {
                centre = doubled_median(&mut known);
                for x in &mut known {
                    *x = (2 * *x - centre).abs();
                }
                spread = doubled_median(&mut known);
            }
            for (period, x) in figures.iter().enumerate() {
                let bad = || 13_490 * (2 * x - centre).abs() >= 35_000 * spread;
                let open = *x == M || spread == 0;
                flag(
                    18,
                    code(open, !open && bad()),
                    county * periods + period,
                    flags,
                );
            }
        }
    }

    fn changes(&self, flags: &mut Vec<Flag>) {
        let periods = self.size.periods;
        let (mut effects, mut sorted) = (Vec::<(usize, f64, f64)>::new(), Vec::<f64>::new());
        for period in 0..periods {
            effects.clear();
            for county in 0..self.size.counties {
                let record = county * periods + period;
                let x = self.columns[at::GDP][PAD + record];
                let y = if period == 0 {
                    M
                } else {
                    self.columns[at::GDP][PAD + record - 1]
                };
                if x <= 0 || y <= 0 {
                    flag(19, OPEN, record, flags);
                } else {
                    effects.push((record, x as f64 / y as f64, (x.max(y) as f64).sqrt()));
                }
            }
            if effects.is_empty() {
                continue;
            }
            let mut quantile = |effects: &[(usize, f64, f64)], p: f64| {
                sorted.clear();
                sorted.extend(effects.iter().map(|effect| effect.1));
                quantile(&mut sorted, p)
            };
            let middle = quantile(&effects, 0.5);
            for (_, value, size) in &mut effects {
                let moved = if *value < middle {
                    1.0 - middle / *value
                } else {
                    *value / middle - 1.0
                };
                *value = moved * *size;
            }
            let [q1, median, q3] = [0.25, 0.5, 0.75].map(|p| quantile(&effects, p));
            let least = (0.05 * median).abs();
            let low = median - 4.0 * (median - q1).max(least);
            let high = median + 4.0 * (q3 - median).max(least);
            for (record, effect, _) in &effects {
                flag(
                    19,
                    u8::from(*effect < low || *effect > high),
                    *record,
                    flags,
                );
            }
        }
    }

    fn rollups(&self, flags: &mut Vec<Flag>) {
        let (size, periods) = (self.size, self.size.periods);
        for (k, column) in [at::GDP, at::INVESTMENT].into_iter().enumerate() {
            let of_counties = sums(&self.columns[column][PAD..], periods, size.cities, |c| {
                size.city_of(c)
            });
            let cities = &self.data.cities[k];
            compare(16, cities, &of_counties, flags);
            let of_cities = sums(cities, periods, size.provinces, |c| size.province_of(c));
            compare(17, &self.data.provinces[k], &of_cities, flags);
        }
    }

    /// Records side by side, as one snapshot has them.
    pub(crate) fn side_by_side(&self) -> Vec<i64> {
        let width = self.columns.len();
        let mut records = vec![0; self.size.records() * width];
        for (place, column) in self.columns.iter().enumerate() {
            for (record, x) in column[PAD..].iter().enumerate() {
                records[record * width + place] = *x;
            }
        }
        records
    }
}

/// The twelve rules on one record: two bits each.
#[inline(never)]
pub(crate) fn one_record(x: &[i64]) -> u32 {
    let balance = |total: usize, parts: std::ops::RangeInclusive<usize>, tolerance: i64| {
        let (mut open, mut sum) = (x[total] == M, 0_i64);
        for part in &x[parts] {
            open |= *part == M;
            sum = sum.wrapping_add(*part);
        }
        code(open, x[total].wrapping_sub(sum).wrapping_abs() > tolerance)
    };
    let codes = [
        balance(at::GDP, 1..=3, 5),
        balance(at::PRIMARY, 4..=5, 2),
        balance(at::SECONDARY, 6..=8, 3),
        balance(at::TERTIARY, 9..=12, 4),
        balance(at::GDP, 4..=12, 9),
        urban([x[at::POP_URBAN], x[at::POPULATION], x[at::URBAN_SHARE]]),
        at_least([x[at::INCOME_URBAN], x[at::INCOME_RURAL]]),
        share([x[at::URBAN_SHARE]]),
        at_least([x[at::POPULATION], x[at::EMPLOYED]]),
        both_not_negative([x[at::INVESTMENT], x[at::RETAIL]]),
        implies([x[at::POPULATION], x[at::GDP]]),
        both_imply([x[at::REVENUE], x[at::SECONDARY], x[at::ELECTRICITY]]),
    ];
    codes
        .iter()
        .fold(0, |bits, code| bits << 2 | u32::from(*code))
}

fn flag(rule: u8, code: u8, record: usize, flags: &mut Vec<Flag>) {
    if code != PASS {
        let record = record as u32;
        flags.push(Flag { rule, code, record });
    }
}

/// Most records pass, so eight of them are looked at together.
fn collect(rule: u8, out: &[u8], first: usize, flags: &mut Vec<Flag>) {
    let (eights, rest) = out.as_chunks::<8>();
    for (nth, codes) in eights.iter().enumerate() {
        if u64::from_le_bytes(*codes) != 0 {
            for (i, code) in codes.iter().enumerate() {
                flag(rule, *code, first + nth * 8 + i, flags);
            }
        }
    }
    for (i, code) in rest.iter().enumerate() {
        flag(rule, *code, first + eights.len() * 8 + i, flags);
    }
}

fn doubled_median(x: &mut [i64]) -> i64 {
    let (len, half) = (x.len(), x.len() / 2);
    let (below, middle, _) = x.select_nth_unstable(half);
    let below = below
        .iter()
        .max()
        .copied()
        .filter(|_| len.is_multiple_of(2));
    *middle + below.unwrap_or(*middle)
}

fn quantile(x: &mut [f64], p: f64) -> f64 {
    let place = (x.len() - 1) as f64 * p;
    let (_, low, above) = x.select_nth_unstable_by(place as usize, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    if above.is_empty() {
        *low
    } else {
        *low + place.fract() * (next - *low)
    }
}

/// The sums over children, period by period; the marker where one is missing.
fn sums(
    figures: &[i64],
    periods: usize,
    parents: usize,
    parent: impl Fn(usize) -> usize,
) -> Vec<i64> {
    let mut sums = vec![0; parents * periods];
    for (unit, figures) in figures.chunks(periods).enumerate() {
        let sums = &mut sums[parent(unit) * periods..][..periods];
        for (sum, x) in sums.iter_mut().zip(figures) {
            *sum = if *sum == M || *x == M { M } else { *sum + x };
        }
    }
    sums
}

fn compare(rule: u8, reported: &[i64], sums: &[i64], flags: &mut Vec<Flag>) {
    for (record, (x, sum)) in reported.iter().zip(sums).enumerate() {
        let off = x.wrapping_sub(*sum).wrapping_abs();
        flag(rule, code(*x == M || *sum == M, off > 100), record, flags);
    }
}

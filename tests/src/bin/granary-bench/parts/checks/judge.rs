//! The judge: every rule once more, one record at a time in plain decimal arithmetic. Slow on purpose, and it shares nothing with the
//! engine but the decimal type.

use granary_core::{decimal::Decimal, edits::Truth};

use super::{
    city::{Places, SCALE},
    data::{Data, INDICATORS, MISSING, at},
};

/// A verdict that is not true: rule, unit (by its place in the panel), period.
pub(crate) type NotTrue = (usize, usize, usize, Truth);

/// The rules, in the order in which the catalogue and the screens give them.
pub(crate) const RULES: [&str; 22] = [
    "B1",
    "B2",
    "B3",
    "B4",
    "B5",
    "B6",
    "I1",
    "I2",
    "I3",
    "I4",
    "C1",
    "C2",
    "T1",
    "T2",
    "T3",
    "U1.GDP",
    "U1.INVESTMENT",
    "U2.GDP",
    "U2.INVESTMENT",
    "D1",
    "O1",
    "O2",
];
/// The place of the first roll-up in [`RULES`].
const ROLLUPS: usize = 15;
const COPIED: usize = 19;
const HISTORY: usize = 20;
const CHANGE: usize = 21;

type Figure = Option<Decimal>;

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or(Decimal::ZERO)
}

fn hundredths(value: i64) -> Figure {
    Decimal::new(value.into(), SCALE).filter(|_| value != MISSING)
}

fn add(a: Figure, b: Figure) -> Figure {
    a?.checked_add(b?)
}

fn apart(a: Figure, b: Figure) -> Figure {
    Some(a?.checked_sub(b?)?.abs())
}

fn times(a: Figure, b: Figure) -> Figure {
    a?.checked_mul(b?)
}

/// `a <= b`
fn le(a: Figure, b: Figure) -> Truth {
    a.zip(b)
        .map_or(Truth::Undecided, |(a, b)| Truth::from(a <= b))
}

fn above_zero(a: Figure) -> Truth {
    le(a, Some(Decimal::ZERO)).negated()
}

/// All verdicts that are not true, sorted.
pub(crate) fn judge(data: &Data) -> Vec<NotTrue> {
    let mut judge = Judge {
        data,
        found: Vec::new(),
    };
    for county in 0..data.size.counties {
        for period in 0..data.size.periods {
            judge.record(county, period);
        }
        judge.history(county);
    }
    for period in 0..data.size.periods {
        judge.changes(period);
    }
    for (k, indicator) in [at::GDP, at::INVESTMENT].into_iter().enumerate() {
        judge.rollups(k, indicator);
    }
    judge.found.sort_unstable();
    judge.found
}

struct Judge<'a> {
    data: &'a Data,
    found: Vec<NotTrue>,
}

impl Judge<'_> {
    fn put(&mut self, rule: usize, unit: usize, period: usize, truth: Truth) {
        if truth != Truth::True {
            self.found.push((rule, unit, period, truth));
        }
    }

    fn get(&self, indicator: usize, county: usize, period: usize) -> Figure {
        hundredths(self.data.get(indicator, county, period)?)
    }

    fn record(&mut self, county: usize, period: usize) {
        let verdicts = self.of_record(county, period);
        for (rule, truth) in verdicts.into_iter().enumerate() {
            self.put(rule, county, period, truth);
        }
        let [t1, t2, t3] = self.of_time(county, period);
        for (rule, truth) in (12..).zip([t1, t2, t3]) {
            self.put(rule, county, period, truth);
        }
        let same = |indicator| {
            let before = period
                .checked_sub(1)
                .and_then(|p| self.get(indicator, county, p));
            let now = self.get(indicator, county, period);
            now.zip(before)
                .map_or(Truth::Undecided, |(now, before)| Truth::from(now == before))
        };
        let copied = (0..INDICATORS.len())
            .map(same)
            .fold(Truth::True, Truth::and);
        self.put(COPIED, county, period, copied.negated());
    }

    fn of_record(&self, county: usize, period: usize) -> [Truth; 12] {
        let get = |indicator| self.get(indicator, county, period);
        let sum =
            |parts: std::ops::RangeInclusive<usize>| parts.map(get).fold(Some(Decimal::ZERO), add);
        let adds_up =
            |total, parts, tolerance| le(apart(get(total), sum(parts)), Some(d(tolerance)));
        let zero = Some(Decimal::ZERO);
        let urban = times(
            times(get(at::POPULATION), get(at::URBAN_SHARE)),
            Some(d("0.01")),
        );
        let share = get(at::URBAN_SHARE);
        let revenue = above_zero(get(at::REVENUE)).and(above_zero(get(at::SECONDARY)));
        [
            adds_up(at::GDP, at::PRIMARY..=at::TERTIARY, "0.05"),
            adds_up(at::PRIMARY, at::CROPS..=at::CROPS + 1, "0.02"),
            adds_up(at::SECONDARY, at::MINING..=at::MINING + 2, "0.03"),
            adds_up(at::TERTIARY, at::TRADE..=at::TRADE + 3, "0.04"),
            adds_up(at::GDP, at::CROPS..=at::TRADE + 3, "0.09"),
            le(apart(get(at::POP_URBAN), urban), Some(d("0.05"))),
            le(get(at::INCOME_RURAL), get(at::INCOME_URBAN)),
            le(zero, share).and(le(share, Some(d("100")))),
            le(get(at::EMPLOYED), get(at::POPULATION)),
            le(zero, get(at::INVESTMENT)).and(le(zero, get(at::RETAIL))),
            above_zero(get(at::POPULATION))
                .negated()
                .or(above_zero(get(at::GDP))),
            revenue.negated().or(above_zero(get(at::ELECTRICITY))),
        ]
    }

    fn of_time(&self, county: usize, period: usize) -> [Truth; 3] {
        let before = |indicator, count| {
            let earlier = period.checked_sub(count);
            earlier.and_then(|earlier| self.get(indicator, county, earlier))
        };
        let get = |indicator| self.get(indicator, county, period);
        let falls_not = if period.is_multiple_of(4) {
            Truth::True
        } else {
            le(before(at::INVESTMENT, 1), get(at::INVESTMENT))
        };
        let base = before(at::GDP, 4).filter(|base| *base > Decimal::ZERO);
        let stated = times(get(at::GDP_GROWTH), base);
        let grown = get(at::GDP)
            .zip(base)
            .and_then(|(now, base)| now.checked_sub(base));
        let follows = le(
            apart(stated, times(grown, Some(d("100")))),
            times(base, Some(d("0.5"))),
        );
        let base = before(at::EMPLOYED, 1).filter(|base| *base > Decimal::ZERO);
        let employed = get(at::EMPLOYED);
        let near = le(times(base, Some(d("0.80"))), employed)
            .and(le(employed, times(base, Some(d("1.25")))));
        [falls_not, follows, near]
    }

    fn rollups(&mut self, k: usize, indicator: usize) {
        let (data, size) = (self.data, self.data.size);
        let places = Places::new(size);
        for period in 0..size.periods {
            let figure =
                |column: &[i64], unit: usize| hundredths(column[unit * size.periods + period]);
            let sums = |units: usize,
                        parent: &dyn Fn(usize) -> usize,
                        parents: usize,
                        of: &dyn Fn(usize) -> Figure| {
                let mut sums = vec![Some(Decimal::ZERO); parents];
                for unit in 0..units {
                    let sum = &mut sums[parent(unit)];
                    *sum = add(*sum, of(unit));
                }
                sums
            };
            let of_counties = sums(size.counties, &|c| size.city_of(c), size.cities, &|c| {
                self.get(indicator, c, period)
            });
            let of_cities = sums(
                size.cities,
                &|c| size.province_of(c),
                size.provinces,
                &|c| figure(&data.cities[k], c),
            );
            for (city, sum) in of_counties.into_iter().enumerate() {
                let truth = le(apart(figure(&data.cities[k], city), sum), Some(d("1.00")));
                self.put(ROLLUPS + k, places.city(city), period, truth);
            }
            for (province, sum) in of_cities.into_iter().enumerate() {
                let truth = le(
                    apart(figure(&data.provinces[k], province), sum),
                    Some(d("1.00")),
                );
                self.put(ROLLUPS + 2 + k, places.province(province), period, truth);
            }
        }
    }

    fn history(&mut self, county: usize) {
        let figures: Vec<Figure> = (0..self.data.size.periods)
            .map(|p| self.get(at::ELECTRICITY, county, p))
            .collect();
        let mut known: Vec<Decimal> = figures.iter().copied().flatten().collect();
        let enough = known.len() >= 5;
        let centre = median(&mut known);
        let mut off: Vec<Decimal> = known
            .iter()
            .filter_map(|x| apart(Some(*x), centre))
            .collect();
        let spread = median(&mut off).filter(|spread| enough && !spread.is_zero());
        let limit = times(spread, Some(d("3.5")));
        for (period, figure) in figures.into_iter().enumerate() {
            let score = times(apart(figure, centre), Some(d("0.6745")));
            self.put(HISTORY, county, period, le(limit, score).negated());
        }
    }

    fn changes(&mut self, period: usize) {
        let size = self.data.size;
        let positive = |county, period| {
            self.get(at::GDP, county, period)
                .filter(|x| *x > Decimal::ZERO)
        };
        let pair = |county: usize| {
            let before = positive(county, period.checked_sub(1)?)?;
            Some((
                positive(county, period)?.mantissa() as f64,
                before.mantissa() as f64,
            ))
        };
        let pairs: Vec<Option<(f64, f64)>> = (0..size.counties).map(pair).collect();
        let ratios: Vec<f64> = pairs.iter().flatten().map(|(x, y)| x / y).collect();
        let middle = quantile(&ratios, 0.5);
        let effect = |(x, y): (f64, f64)| {
            let ratio = x / y;
            let moved = if ratio < middle {
                1.0 - middle / ratio
            } else {
                ratio / middle - 1.0
            };
            moved * x.max(y).sqrt()
        };
        let effects: Vec<f64> = pairs.iter().flatten().map(|pair| effect(*pair)).collect();
        let [first, median, third] = [0.25, 0.5, 0.75].map(|p| quantile(&effects, p));
        let least = (0.05 * median).abs();
        let low = median - 4.0 * (median - first).max(least);
        let high = median + 4.0 * (third - median).max(least);
        for (county, pair) in pairs.into_iter().enumerate() {
            let truth = pair.map_or(Truth::Undecided, |pair| {
                Truth::from((low..=high).contains(&effect(pair)))
            });
            self.put(CHANGE, county, period, truth);
        }
    }
}

fn median(values: &mut [Decimal]) -> Figure {
    values.sort_unstable();
    let high = *values.get(values.len() / 2)?;
    let low = values[(values.len() - 1) / 2];
    times(low.checked_add(high), Some(d("0.5")))
}

/// Linear interpolation at `(n - 1) p`.
fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = sorted.len().saturating_sub(1) as f64 * p;
    let low = sorted.get(place as usize).copied().unwrap_or_default();
    let next = sorted.get(place as usize + 1).copied().unwrap_or(low);
    low + place.fract() * (next - low)
}

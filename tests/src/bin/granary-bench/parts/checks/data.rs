//! The made-up city whose records are checked: counties, cities and provinces, thirty indicators a quarter.
//!
//! Everything is in hundredths and computed with integers, so that the data are the same everywhere. The shape is that of
//! accounts: sums that add up but for a cent of rounding, year-to-date figures, growth rates that follow from the levels. One
//! record in a hundred then has a fault of one of seventeen kinds, one in a hundred a legal value that lies exactly at a
//! tolerance, two in a hundred lack figures (`faults.rs`).

use super::random::{bell, uniform};

/// In the place of a figure that is missing.
pub(crate) const MISSING: i64 = i64::MIN;

/// The indicators, in the order of the columns.
pub(crate) const INDICATORS: [&str; 30] = [
    "gdp",
    "gdp_primary",
    "gdp_secondary",
    "gdp_tertiary",
    "agri_crops",
    "agri_livestock",
    "ind_mining",
    "ind_manufacturing",
    "ind_construction",
    "svc_trade",
    "svc_transport",
    "svc_finance",
    "svc_other",
    "investment",
    "retail_sales",
    "fiscal_revenue",
    "fiscal_expenditure",
    "income_urban",
    "income_rural",
    "population",
    "pop_urban",
    "urban_share",
    "employed",
    "electricity",
    "gdp_growth",
    "investment_growth",
    "retail_growth",
    "fiscal_revenue_growth",
    "income_urban_growth",
    "electricity_growth",
];

/// The places of indicators in [`INDICATORS`].
pub(crate) mod at {
    pub(crate) const GDP: usize = 0;
    pub(crate) const PRIMARY: usize = 1;
    pub(crate) const SECONDARY: usize = 2;
    pub(crate) const TERTIARY: usize = 3;
    pub(crate) const CROPS: usize = 4;
    pub(crate) const MINING: usize = 6;
    pub(crate) const TRADE: usize = 9;
    pub(crate) const INVESTMENT: usize = 13;
    pub(crate) const RETAIL: usize = 14;
    pub(crate) const REVENUE: usize = 15;
    pub(crate) const EXPENDITURE: usize = 16;
    pub(crate) const INCOME_URBAN: usize = 17;
    pub(crate) const INCOME_RURAL: usize = 18;
    pub(crate) const POPULATION: usize = 19;
    pub(crate) const POP_URBAN: usize = 20;
    pub(crate) const URBAN_SHARE: usize = 21;
    pub(crate) const EMPLOYED: usize = 22;
    pub(crate) const ELECTRICITY: usize = 23;
    pub(crate) const GDP_GROWTH: usize = 24;
}

/// How many units and periods there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) counties: usize,
    pub(crate) cities: usize,
    pub(crate) provinces: usize,
    pub(crate) periods: usize,
    pub(crate) first_year: i16,
}

impl Size {
    /// 36,000 records of counties: three years.
    pub(crate) const S: Self = Self {
        counties: 3_000,
        cities: 330,
        provinces: 31,
        periods: 12,
        first_year: 2022,
    };
    /// 180,000 records of counties: fifteen years.
    pub(crate) const L: Self = Self {
        periods: 60,
        first_year: 2010,
        ..Self::S
    };

    pub(crate) const fn records(self) -> usize {
        self.counties * self.periods
    }

    pub(crate) const fn city_of(self, county: usize) -> usize {
        county * self.cities / self.counties
    }

    pub(crate) const fn province_of(self, city: usize) -> usize {
        city * self.provinces / self.cities
    }
}

/// All figures, in hundredths.
pub(crate) struct Data {
    pub(crate) size: Size,
    /// One column an indicator: all periods of the first county, then of the second.
    pub(crate) counties: Vec<Vec<i64>>,
    /// What cities report of GDP and of investment, in the same order.
    pub(crate) cities: [Vec<i64>; 2],
    /// What provinces report.
    pub(crate) provinces: [Vec<i64>; 2],
}

/// A column that is being made.
struct Series {
    size: Size,
    values: Vec<i64>,
}

impl Series {
    fn of(size: Size, value: impl Fn(usize, usize) -> i64) -> Self {
        let records = 0..size.records();
        let values = records.map(|r| value(r / size.periods, r % size.periods));
        Self {
            size,
            values: values.collect(),
        }
    }

    fn get(&self, county: usize, period: usize) -> i64 {
        self.values[county * self.size.periods + period]
    }

    /// The sums from the first quarter of each year on.
    fn to_date(&self) -> Self {
        Self::of(self.size, |county, period| {
            (period / 4 * 4..=period).map(|p| self.get(county, p)).sum()
        })
    }
}

/// How a level moves: yearly trend and noise in millionths, and the four quarters in thousandths of the mean.
#[derive(Clone, Copy)]
struct Motion {
    stream: u64,
    trend: i64,
    noise: i64,
    season: Option<[i64; 4]>,
}

const fn motion(stream: u64, trend: i64, noise: i64, season: [i64; 4]) -> Motion {
    Motion {
        stream,
        trend,
        noise,
        season: Some(season),
    }
}

fn level(size: Size, base: impl Fn(usize) -> i64, motion: Motion) -> Series {
    let mut values = Vec::with_capacity(size.records());
    for county in 0..size.counties {
        let trend = motion.trend + uniform(motion.stream, -15_000, 15_000, &[county]);
        let mut factor = 1_000_000_i64;
        for period in 0..size.periods {
            if period > 0 {
                factor += (factor * trend.div_euclid(4)).div_euclid(1_000_000);
            }
            let mut value = (base(county) * factor).div_euclid(1_000_000);
            if let Some(season) = motion.season {
                value = (value * season[period % 4]).div_euclid(1000);
            }
            let noise = bell(motion.stream + 1, motion.noise / 1000, &[county, period]);
            value += (value.div_euclid(1000) * noise).div_euclid(1000);
            values.push(value.max(100));
        }
    }
    Series { size, values }
}

/// Parts of a total whose exact sum is the total; shares in thousandths.
fn split(stream: u64, total: &Series, shares: &[i64]) -> Vec<Series> {
    let size = total.size;
    let mut rest = total.values.clone();
    let mut parts = Vec::new();
    let Some((_, all_but_last)) = shares.split_last() else {
        return parts;
    };
    for (j, share) in (0..).zip(all_but_last) {
        let part = Series::of(size, |county, period| {
            let stream = stream * 8 + j;
            let share = share
                + uniform(stream, -share / 5, share / 5, &[county])
                + uniform(stream + 4, -3, 3, &[county, period]);
            let part = (total.get(county, period) * share).div_euclid(1000).max(0);
            part.min(rest[county * size.periods + period])
        });
        for (rest, part) in rest.iter_mut().zip(&part.values) {
            *rest -= part;
        }
        parts.push(part);
    }
    parts.push(Series { size, values: rest });
    parts
}

/// Rounded half away from zero; `b` is above zero.
const fn rounded(a: i64, b: i64) -> i64 {
    if a >= 0 {
        (2 * a + b) / (2 * b)
    } else {
        -((-2 * a + b) / (2 * b))
    }
}

/// Growth over the same quarter of the year before, in hundredths of a percent.
fn growth(stream: u64, level: &Series) -> Series {
    Series::of(level.size, |county, period| {
        if period < 4 {
            return uniform(stream, -200, 1200, &[county, period]);
        }
        let base = level.get(county, period - 4);
        rounded((level.get(county, period) - base) * 10_000, base.max(1))
    })
}

impl Data {
    /// Makes the data of a size, faults included.
    pub(crate) fn new(size: Size) -> Self {
        let mut columns = vec![Vec::new(); INDICATORS.len()];
        accounts(size, &mut columns);
        people(size, &mut columns);
        money_and_growth(size, &mut columns);
        let mut data = Self {
            size,
            counties: columns,
            cities: Default::default(),
            provinces: Default::default(),
        };
        for (k, indicator) in [at::GDP, at::INVESTMENT].into_iter().enumerate() {
            let city_of = |county| size.city_of(county);
            data.cities[k] = sums(size, &data.counties[indicator], size.cities, city_of);
            let province_of = |city| size.province_of(city);
            data.provinces[k] = sums(size, &data.cities[k], size.provinces, province_of);
        }
        super::faults::plant(&mut data);
        data
    }

    pub(crate) fn get(&self, indicator: usize, county: usize, period: usize) -> Option<i64> {
        let value = self.counties[indicator][county * self.size.periods + period];
        (value != MISSING).then_some(value)
    }
}

fn sums(size: Size, values: &[i64], parents: usize, parent: impl Fn(usize) -> usize) -> Vec<i64> {
    let mut sums = vec![0; parents * size.periods];
    for (record, value) in values.iter().enumerate() {
        let (unit, period) = (record / size.periods, record % size.periods);
        sums[parent(unit) * size.periods + period] += value;
    }
    sums
}

/// The size of a county's economy.
fn scale(county: usize) -> i64 {
    let size = uniform(1, 1, 1000, &[county]);
    5_000_000 + size * size * 400
}

fn accounts(size: Size, columns: &mut [Vec<i64>]) {
    let gdp = level(
        size,
        scale,
        motion(10, 65_000, 12_000, [930, 980, 1010, 1080]),
    );
    let sectors = split(2, &gdp, &[140, 400, 460]);
    let shares: [&[i64]; 3] = [&[600, 400], &[150, 650, 200], &[250, 120, 130, 500]];
    let places = [at::CROPS, at::MINING, at::TRADE];
    for (k, (sector, shares)) in sectors.iter().zip(shares).enumerate() {
        let parts = split(3 + k as u64, sector, shares);
        for (place, part) in (places[k]..).zip(parts) {
            columns[place] = part.values;
        }
        columns[at::PRIMARY + k].clone_from(&sector.values);
    }
    columns[at::GDP] = gdp.values;
    // A published total is off by a cent here and there, within the tolerance.
    for (k, place) in (0..).zip([at::GDP, at::PRIMARY, at::SECONDARY, at::TERTIARY]) {
        for (record, value) in columns[place].iter_mut().enumerate() {
            let r = uniform(
                70 + k,
                -4,
                4,
                &[record / size.periods, record % size.periods],
            );
            *value += if r.abs() == 1 { r } else { 0 };
        }
    }
}

fn people(size: Size, columns: &mut [Vec<i64>]) {
    let still = Motion {
        stream: 46,
        trend: 2000,
        noise: 0,
        season: None,
    };
    let population = level(size, |county| uniform(45, 500, 15_000, &[county]), still);
    let share = Series::of(size, |county, period| {
        let moved = period as i64 * 20 + uniform(51, -10, 10, &[county, period]);
        (uniform(50, 3000, 7000, &[county]) + moved).min(9800)
    });
    let urban = Series::of(size, |county, period| {
        rounded(
            population.get(county, period) * share.get(county, period),
            10_000,
        )
    });
    let employed = Series::of(size, |county, period| {
        let all = population.get(county, period) * uniform(52, 480, 620, &[county]);
        all.div_euclid(1000) + uniform(53, -5, 5, &[county, period])
    });
    columns[at::POPULATION] = population.values;
    columns[at::URBAN_SHARE] = share.values;
    columns[at::POP_URBAN] = urban.values;
    columns[at::EMPLOYED] = employed.values;
}

fn money_and_growth(size: Size, columns: &mut [Vec<i64>]) {
    let share = |percent: i64| move |county: usize| scale(county) * percent / 100;
    let income = |county: usize| uniform(36, 600_000, 1_400_000, &[county]);
    let to_date = |series: Series| series.to_date();
    let investment = motion(20, 50_000, 30_000, [600, 1150, 1150, 1100]);
    let investment = to_date(level(size, share(55), investment));
    let retail = to_date(level(
        size,
        share(38),
        motion(24, 70_000, 15_000, [950, 950, 1000, 1100]),
    ));
    let revenue = to_date(level(
        size,
        share(8),
        motion(28, 60_000, 25_000, [1100, 1000, 900, 1000]),
    ));
    let expenditure = motion(32, 60_000, 25_000, [900, 1000, 1000, 1100]);
    let expenditure = to_date(level(size, share(14), expenditure));
    let urban = to_date(level(
        size,
        income,
        motion(37, 70_000, 4000, [1100, 950, 950, 1000]),
    ));
    let rural = |county: usize| income(county) * 45 / 100;
    let rural = to_date(level(
        size,
        rural,
        motion(41, 80_000, 4000, [1100, 950, 950, 1000]),
    ));
    let electricity = level(
        size,
        share(30),
        motion(56, 45_000, 40_000, [960, 940, 1080, 1020]),
    );
    let gdp = Series {
        size,
        values: columns[at::GDP].clone(),
    };
    let levels = [&gdp, &investment, &retail, &revenue, &urban, &electricity];
    for (k, level) in levels.into_iter().enumerate() {
        columns[at::GDP_GROWTH + k] = growth(60 + k as u64, level).values;
    }
    columns[at::INVESTMENT] = investment.values;
    columns[at::RETAIL] = retail.values;
    columns[at::REVENUE] = revenue.values;
    columns[at::EXPENDITURE] = expenditure.values;
    columns[at::INCOME_URBAN] = urban.values;
    columns[at::INCOME_RURAL] = rural.values;
    columns[at::ELECTRICITY] = electricity.values;
}

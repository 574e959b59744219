//! What is wrong with the made-up city: planted faults, legal values exactly at a tolerance, missing figures.

use super::{
    data::{Data, INDICATORS, MISSING, at},
    random::{hash, shuffled, uniform},
};

/// The kinds of faults, in the order in which records get them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    BalanceGdp,
    BalanceOneCentOver,
    SubIndustry,
    PopUrbanMismatch,
    SwappedIncomes,
    ShareOutOfRange,
    EmployedExceedsPopulation,
    SignFlipInvestment,
    ZeroGdp,
    ZeroElectricity,
    YtdDecrease,
    GrowthMismatch,
    EmployedJump,
    CopiedLastPeriod,
    UnitErrorElectricity,
    GdpSpikeConsistent,
    DigitTransposition,
}

const KINDS: [Kind; 17] = [
    Kind::BalanceGdp,
    Kind::BalanceOneCentOver,
    Kind::SubIndustry,
    Kind::PopUrbanMismatch,
    Kind::SwappedIncomes,
    Kind::ShareOutOfRange,
    Kind::EmployedExceedsPopulation,
    Kind::SignFlipInvestment,
    Kind::ZeroGdp,
    Kind::ZeroElectricity,
    Kind::YtdDecrease,
    Kind::GrowthMismatch,
    Kind::EmployedJump,
    Kind::CopiedLastPeriod,
    Kind::UnitErrorElectricity,
    Kind::GdpSpikeConsistent,
    Kind::DigitTransposition,
];

/// Plants everything.
pub(crate) fn plant(data: &mut Data) {
    let records = data.size.records();
    let order = shuffled(90, records, None);
    let (faulty, rest) = order.split_at(records / 100);
    let (lacking, rest) = rest.split_at(records / 50);
    let mut copies = Vec::new();
    for (k, record) in faulty.iter().enumerate() {
        let mut record = Record::new(data, *record);
        let kind = record.possible(KINDS[k % KINDS.len()]);
        if kind == Kind::CopiedLastPeriod {
            copies.push((record.period, record.county));
        } else {
            record.spoil(kind);
        }
    }
    for (k, record) in rest[..records / 100].iter().enumerate() {
        Record::new(data, *record).bring_to_the_tolerance(k);
    }
    for (k, record) in lacking.iter().enumerate() {
        Record::new(data, *record).lose_figures(k);
    }
    copies.sort_unstable();
    for (period, county) in copies {
        let record = county * data.size.periods + period;
        for column in &mut data.counties {
            column[record] = column[record - 1];
        }
    }
    spoil_parents(data);
}

/// One record of a county.
struct Record<'a> {
    data: &'a mut Data,
    record: usize,
    county: usize,
    period: usize,
}

impl<'a> Record<'a> {
    fn new(data: &'a mut Data, record: usize) -> Self {
        let periods = data.size.periods;
        Self {
            data,
            record,
            county: record / periods,
            period: record % periods,
        }
    }

    /// Another kind where this one needs a past that the record does not have.
    fn possible(&self, kind: Kind) -> Kind {
        let instead = [
            (
                Kind::YtdDecrease,
                self.period.is_multiple_of(4),
                Kind::SubIndustry,
            ),
            (Kind::GrowthMismatch, self.period < 4, Kind::BalanceGdp),
            (Kind::EmployedJump, self.period == 0, Kind::SwappedIncomes),
            (
                Kind::CopiedLastPeriod,
                self.period == 0,
                Kind::SwappedIncomes,
            ),
        ];
        let found = instead
            .iter()
            .find(|(of, lacking, _)| *of == kind && *lacking);
        found.map_or(kind, |(_, _, other)| *other)
    }

    fn get(&self, indicator: usize) -> i64 {
        self.data.counties[indicator][self.record]
    }

    fn set(&mut self, indicator: usize, value: i64) {
        self.data.counties[indicator][self.record] = value;
    }

    fn add(&mut self, indicator: usize, more: i64) {
        self.set(indicator, self.get(indicator) + more);
    }

    fn sum(&self, indicators: std::ops::RangeInclusive<usize>) -> i64 {
        indicators.map(|indicator| self.get(indicator)).sum()
    }

    fn spoil(&mut self, kind: Kind) {
        let z = uniform(91, 0, 1_000_000, &[self.record]);
        let odd = z % 2 == 1;
        let sign = if odd { 1 } else { -1 };
        match kind {
            Kind::BalanceGdp => self.add(at::GDP, 100 + z % 90_000),
            Kind::BalanceOneCentOver => {
                let sum = self.sum(at::PRIMARY..=at::TERTIARY);
                self.set(at::GDP, sum + 6 * sign);
            }
            Kind::SubIndustry => self.add(at::CROPS + (z % 9) as usize, 50 + z % 5000),
            Kind::PopUrbanMismatch => self.add(at::POP_URBAN, 20 + z % 200),
            Kind::SwappedIncomes => {
                let (urban, rural) = (self.get(at::INCOME_URBAN), self.get(at::INCOME_RURAL));
                self.set(at::INCOME_URBAN, rural);
                self.set(at::INCOME_RURAL, urban);
            }
            Kind::ShareOutOfRange => {
                let share = if odd { 10_001 + z % 5000 } else { -1 - z % 500 };
                self.set(at::URBAN_SHARE, share);
            }
            Kind::EmployedExceedsPopulation => {
                self.set(at::EMPLOYED, self.get(at::POPULATION) + 1 + z % 300);
            }
            Kind::SignFlipInvestment => self.set(at::INVESTMENT, -self.get(at::INVESTMENT)),
            Kind::ZeroGdp => self.set(at::GDP, 0),
            Kind::ZeroElectricity => self.set(at::ELECTRICITY, 0),
            Kind::YtdDecrease => {
                let before = self.data.counties[at::INVESTMENT][self.record - 1];
                self.set(at::INVESTMENT, before - 1 - z % 100_000);
            }
            Kind::GrowthMismatch => self.add(at::GDP_GROWTH, (60 + z % 900) * sign),
            Kind::EmployedJump => {
                let percent = if odd { 135 } else { 60 };
                self.set(
                    at::EMPLOYED,
                    (self.get(at::EMPLOYED) * percent).div_euclid(100),
                );
            }
            Kind::CopiedLastPeriod => {}
            Kind::UnitErrorElectricity => {
                self.set(at::ELECTRICITY, self.get(at::ELECTRICITY) * 1000);
            }
            Kind::GdpSpikeConsistent => {
                for indicator in at::GDP..at::INVESTMENT {
                    self.set(indicator, self.get(indicator) * 4);
                }
            }
            Kind::DigitTransposition => {
                self.set(at::GDP, transposed(self.get(at::GDP), z as usize));
            }
        }
    }

    /// An exact engine passes these; binary floating point without rounding fails some of them.
    fn bring_to_the_tolerance(&mut self, k: usize) {
        let odd = k % 2 == 1;
        let sign = if odd { 1 } else { -1 };
        match k % 5 {
            0 => self.set(at::GDP, self.sum(at::PRIMARY..=at::TERTIARY) + 5 * sign),
            1 => self.set(at::PRIMARY, self.sum(at::CROPS..=at::CROPS + 1) + 2 * sign),
            2 => self.set(
                at::SECONDARY,
                self.sum(at::MINING..=at::MINING + 2) + 3 * sign,
            ),
            3 if self.period > 0 => {
                let before =
                    self.data.counties[at::EMPLOYED][self.record - 1].div_euclid(100) * 100;
                if before > 0 {
                    self.data.counties[at::EMPLOYED][self.record - 1] = before;
                    let percent = if odd { 125 } else { 80 };
                    self.set(at::EMPLOYED, (before * percent).div_euclid(100));
                }
            }
            _ => self.set(at::URBAN_SHARE, if odd { 10_000 } else { 0 }),
        }
    }

    /// Every tenth loses everything.
    fn lose_figures(&mut self, k: usize) {
        let mut order: Vec<usize> = (0..INDICATORS.len()).collect();
        order.sort_by_cached_key(|indicator| hash(92, &[self.record, *indicator]));
        let count = if k.is_multiple_of(10) {
            order.len()
        } else {
            1 + k % 5
        };
        for indicator in &order[..count] {
            self.set(*indicator, MISSING);
        }
    }
}

/// Two neighbouring digits change places; where they are equal, the first grows by one.
fn transposed(value: i64, z: usize) -> i64 {
    let mut digits = value.to_string().into_bytes();
    let at = z % (digits.len() - 2);
    if digits[at] == digits[at + 1] {
        digits[at] = if digits[at] == b'9' {
            b'1'
        } else {
            digits[at] + 1
        };
    } else {
        digits.swap(at, at + 1);
    }
    digits
        .iter()
        .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}

/// One in a hundred of the parents' figures is wrong, one in a hundred is missing.
fn spoil_parents(data: &mut Data) {
    let size = data.size;
    let levels = [
        (&mut data.cities, size.cities),
        (&mut data.provinces, size.provinces),
    ];
    for (figures, units) in levels {
        for (k, column) in (0..).zip(figures) {
            let order = shuffled(95 + k, column.len(), Some(units));
            let count = (column.len() / 100).max(1);
            for record in &order[..count] {
                column[*record] += 500 + *record as i64 % 100_000;
            }
            for record in &order[count..2 * count] {
                column[*record] = MISSING;
            }
        }
    }
}

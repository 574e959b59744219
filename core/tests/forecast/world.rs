//! A synthetic city: counties that owe one monthly dataset, a board that tests fill, and a small generator of numbers.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    completeness::{Board, Filter},
    forecast::{Models, Risks, Wanted, risks},
    ledger::{Facts, LogIndex, Outcome, View, ViewError, Vintage, Visit, rows::SlotRow},
    period::Period,
    snapshot::SlotKey,
};

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// A board over a catalogue of so many counties.
pub(crate) struct World {
    pub(crate) board: Board,
    pub(crate) periods: Vec<Period>,
    /// When the last snapshot of a slot was received: the log is in the order of time.
    last_ms: BTreeMap<(usize, usize), i64>,
}

/// SplitMix64 (Steele, Lea and Flood 2014): enough for test data.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 to `below - 1`.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.next() % below
    }
}

impl World {
    /// So many counties, the first half at one level and the rest at another, over so many months from 2020-M01.
    pub(crate) fn new(units: usize, months: usize) -> Self {
        let bundle = Bundle::new([("catalogue.toml".to_owned(), text(units))].into()).unwrap();
        let catalogue = Arc::new(Catalogue::parse(&bundle).unwrap());
        let first = Period::parse("2020-M01").unwrap();
        Self {
            board: Board::load(&Nothing, catalogue).unwrap(),
            periods: (0..months).map(|n| first.plus(n as i32).unwrap()).collect(),
            last_ms: BTreeMap::new(),
        }
    }

    pub(crate) fn slot(&self, unit: usize, period: usize) -> SlotKey {
        let catalogue = self.board.catalogue();
        let unit = catalogue.units()[unit].code().clone();
        SlotKey::new(
            unit,
            catalogue.datasets()[0].code().clone(),
            self.periods[period],
        )
    }

    pub(crate) fn due_ms(&self, period: usize) -> i64 {
        let dataset = &self.board.catalogue().datasets()[0];
        dataset.due_at_ms(self.periods[period]).unwrap()
    }

    /// Accepted so long before it was due, or never.
    pub(crate) fn report(&mut self, unit: usize, period: usize, lead_ms: Option<i64>) {
        let at_ms = lead_ms.map(|lead_ms| self.due_ms(period) - lead_ms);
        self.put(
            unit,
            period,
            SlotRow {
                first_received_at_ms: at_ms,
                first_accepted_at_ms: at_ms,
                ..SlotRow::default()
            },
        );
    }

    /// What the row says: its acts, a first snapshot that was returned, and one that was accepted. What the slot holds already
    /// stays, and nothing comes before it.
    pub(crate) fn put(&mut self, unit: usize, period: usize, row: SlotRow) {
        let slot = self.slot(unit, period);
        self.board.update(&slot, &row);
        let returned = row
            .first_received_at_ms
            .filter(|at_ms| Some(*at_ms) != row.first_accepted_at_ms);
        let returned = returned.map(|at_ms| (at_ms, Outcome::Returned));
        let accepted = row
            .first_accepted_at_ms
            .map(|at_ms| (at_ms, Outcome::Accepted));
        for (at_ms, outcome) in returned.into_iter().chain(accepted) {
            let last_ms = self.last_ms.entry((unit, period)).or_insert(at_ms);
            *last_ms = at_ms.max(*last_ms);
            let vintage = Vintage {
                received_at_ms: *last_ms,
                outcome,
                facts: Facts::default(),
                revisions: None,
            };
            self.board.add_vintage(&slot, vintage);
        }
    }

    pub(crate) fn risks(&self, as_of_ms: i64) -> Risks {
        let wanted = Wanted {
            lines_max: usize::MAX,
            overdue: true,
            filter: Filter::default(),
            chance_percent_min: 0,
        };
        risks(&self.board, &mut Models::default(), &wanted, as_of_ms)
    }
}

fn text(units: usize) -> String {
    let mut text = CATALOGUE.to_owned();
    for number in 0..units {
        let level = if number * 2 < units { "county" } else { "zone" };
        write!(
            text,
            "[[unit]]\ncode = \"U{number:04}\"\nname = {{ zh = \"县{number}\", en = \"County {number}\" }}\nlevel = \"{level}\"\n"
        )
        .unwrap();
    }
    text
}

const CATALOGUE: &str = r#"
[catalogue]
name = { zh = "城", en = "Town" }
timezone = "Asia/Shanghai"
[[level]]
code = "county"
name = { zh = "县", en = "County" }
[[level]]
code = "zone"
name = { zh = "区", en = "Zone" }
[[department]]
code = "statistics"
name = { zh = "统计局", en = "Statistics" }
[[unit_of_measure]]
code = "CNY"
name = { zh = "元", en = "CNY" }
[[indicator]]
code = "revenue"
name = { zh = "收入", en = "Revenue" }
unit_of_measure = "CNY"
decimals = 2
kind = "flow"
owner = "statistics"
[[dataset]]
code = "monthly"
name = { zh = "月报", en = "Monthly" }
periodicity = "month"
indicators = ["revenue"]
deadline = { day = 8, time = "12:00" }
first_period = "2020-M01"
[[roster]]
dataset = "monthly"
level = "county"
[[roster]]
dataset = "monthly"
level = "zone"
"#;

/// Derived state without a row.
struct Nothing;

impl View for Nothing {
    fn row(&self, _: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn scan(&self, _: &[u8], _: &mut Visit<'_>) -> Result<(), ViewError> {
        Ok(())
    }

    fn payload(&self, _: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }
}

//! Random panels, with their figures in a map beside them, and random edits as text.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::{
    code::{DatasetCode, EditId, IndicatorCode, UnitCode},
    days::Days,
    decimal::Decimal,
    edits::{
        Cells, Edit, EditKind, EditText, Foreign, MissingStrategy, Quantity, Rollup, RollupMode,
        Scope, Symbols, compile,
    },
    panel::{Crew, Elsewhere, Layout, Panel, Piece},
    period::{Period, Periodicity},
    text::Bilingual,
};

pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];

pub(super) fn indicator(name: &str) -> IndicatorCode {
    IndicatorCode::new(name).unwrap()
}

pub(super) fn unit(at: usize) -> UnitCode {
    UnitCode::new(&format!("u{at:03}")).unwrap()
}

pub(super) fn dataset(name: &str) -> DatasetCode {
    DatasetCode::new(name).unwrap()
}

/// The names of the edits: four indicators, and those of another dataset.
struct Names;

impl Symbols for Names {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        NAMES.contains(&name).then(|| indicator(name))
    }
    fn names(&self) -> Vec<String> {
        NAMES.map(str::to_owned).to_vec()
    }
    fn dataset(&self, name: &str) -> Option<Foreign> {
        (name == "other").then(|| Foreign {
            code: dataset("other"),
            periodicity: Periodicity::Annual,
            indicators: vec![indicator("a")],
        })
    }
    fn dataset_names(&self) -> Vec<String> {
        vec!["other".to_owned()]
    }
    fn quantity(&self, _: &IndicatorCode) -> Option<Quantity> {
        None
    }
}

/// How an edit is to be compiled.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) expression: String,
    pub(super) tolerance: &'static str,
    pub(super) mode: RollupMode,
    pub(super) missing: MissingStrategy,
    pub(super) scope: Scope,
}

impl Written {
    pub(super) fn new(expression: &str, tolerance: &'static str) -> Self {
        Self {
            expression: expression.to_owned(),
            tolerance,
            mode: RollupMode::NonNull,
            missing: MissingStrategy::ThreeValued,
            scope: Scope::default(),
        }
    }

    pub(super) fn compiled(&self) -> Edit {
        let text = EditText {
            id: EditId::new("E").unwrap(),
            kind: EditKind::Quality,
            dataset: dataset("own"),
            expression: self.expression.clone(),
            tolerance: (!self.tolerance.is_empty()).then(|| self.tolerance.to_owned()),
            rollup: Some(self.mode.name().to_owned()),
            missing: Some(self.missing.name().to_owned()),
            scope: self.scope.clone(),
            message: Bilingual::new("", ""),
        };
        compile(text, &Names).unwrap_or_else(|faults| panic!("{} {faults:?}", self.expression))
    }
}

/// Figures by unit, period and indicator, in the tests' own hands.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) units: usize,
    pub(super) periods: usize,
    pub(super) first: Period,
    pub(super) figures: BTreeMap<(usize, usize, &'static str), Decimal>,
}

impl World {
    /// Unit 0 stands above 1 to 3, unit 1 above all others; 2 and 3 above nobody. From the third period on, unit 5 stands
    /// under unit 2.
    pub(super) const fn parent(unit: usize, period: usize) -> Option<usize> {
        match unit {
            0 => None,
            1..=3 => Some(0),
            5 if period >= 2 => Some(2),
            _ => Some(1),
        }
    }

    pub(super) fn empty_panel(&self) -> Panel {
        let units = (0..self.units).map(unit).collect();
        let layout = Layout::new(units, self.first, self.periods).unwrap();
        let mut panel = Panel::new(dataset("own"), layout, NAMES.map(indicator).to_vec());
        panel.set_parents(|code, period| {
            let place = period.ordinal() - self.first.ordinal();
            let number = code.as_str()[1..].parse().unwrap();
            Self::parent(number, usize::try_from(place).unwrap()).map(unit)
        });
        panel
    }

    pub(super) fn panel(&self) -> Panel {
        let mut panel = self.empty_panel();
        for unit in 0..self.units {
            for period in 0..self.periods {
                for (at, name) in NAMES.iter().enumerate() {
                    let figure = self.figures.get(&(unit, period, *name)).copied();
                    panel.set(unit, period, at, figure).unwrap();
                }
            }
        }
        panel
    }

    pub(super) fn record(&self, unit: usize, period: usize) -> Record<'_> {
        Record {
            world: self,
            unit,
            period,
        }
    }
}

/// One record of a world.
pub(super) struct Record<'a> {
    world: &'a World,
    unit: usize,
    period: usize,
}

impl Cells for Record<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        self.elsewhere(None, self.period(), indicator)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        let mut rollup = Rollup {
            sum: Decimal::ZERO,
            rounding: Decimal::ZERO,
            known: 0,
            expected: 0,
        };
        for child in (0..self.world.units)
            .filter(|unit| World::parent(*unit, self.period) == Some(self.unit))
        {
            rollup.expected += 1;
            if let Some(figure) = self.world.record(child, self.period).cell(indicator) {
                rollup.known += 1;
                rollup.sum = rollup.sum.checked_add(figure)?;
                rollup.rounding = rollup
                    .rounding
                    .checked_add(figure.half_unit_of_last_digit())?;
            }
        }
        rollup.sum = rollup.sum.normalised();
        rollup.rounding = rollup.rounding.normalised();
        Some(rollup)
    }

    fn period(&self) -> Period {
        self.world.first.plus(self.period as i32).unwrap()
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        if let Some(dataset) = dataset {
            let unit = unit(self.unit);
            return Yearly.figure(dataset, &unit, period, indicator);
        }
        let period = usize::try_from(period.ordinal() - self.world.first.ordinal()).ok()?;
        let name = NAMES.into_iter().find(|name| *name == indicator.as_str())?;
        self.world.figures.get(&(self.unit, period, name)).copied()
    }
}

/// The other dataset: each unit has its number in even years.
pub(super) struct Yearly;

impl Elsewhere for Yearly {
    fn figure(
        &self,
        _: &DatasetCode,
        unit: &UnitCode,
        period: Period,
        _: &IndicatorCode,
    ) -> Option<Decimal> {
        let number = unit.as_str()[1..].parse().ok()?;
        (period.year() % 2 == 0).then(|| Decimal::integer(number))
    }
}

/// A few digits mostly, sometimes as many as there can be.
pub(super) fn figure() -> impl Strategy<Value = Decimal> {
    let long = Decimal::WIRE_MANTISSA_MAX;
    prop_oneof![
        12 => (-300..300_i64, Just(2_u8)),
        6 => (-30..30_i64, 0..3_u8),
        1 => (-long..=long, Just(2_u8)),
        1 => (-long..=long, 0..=18_u8),
    ]
    .prop_map(|(mantissa, scale)| Decimal::new(mantissa.into(), scale).unwrap())
}

/// Figures of two digits after the point, none of them long.
pub(super) fn plain_figure() -> impl Strategy<Value = Decimal> {
    (-300..300_i64).prop_map(|mantissa| Decimal::new(mantissa.into(), 2).unwrap())
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let figures = prop_oneof![
        2 => prop::collection::vec(prop::option::weighted(0.85, plain_figure()), 40..400),
        1 => prop::collection::vec(prop::option::weighted(0.85, figure()), 40..400),
    ];
    let starts = prop::sample::select(&["2019-Q3", "2020-A1", "2020-M11", "2020-02-27"][..]);
    (figures, 1..7_usize, 4..8_usize, starts, any::<u32>()).prop_map(
        |(pool, periods, units, first, seed)| {
            // Few figures make many rows, so that whole stretches are judged too.
            let units = if seed % 4 == 0 { units * 40 } else { units };
            let mut figures = BTreeMap::new();
            let mut at = seed as usize;
            for unit in 0..units {
                for period in 0..periods {
                    for name in NAMES {
                        at = at.wrapping_mul(25_214_903_917).wrapping_add(11);
                        if let Some(figure) = pool[at / 7 % pool.len()] {
                            figures.insert((unit, period, name), figure);
                        }
                    }
                }
            }
            World {
                units,
                periods,
                first: Period::parse(first).unwrap(),
                figures,
            }
        },
    )
}

fn number() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(&NAMES[..]);
    let literals: &[&str] = &[
        "0", "1", "2", "100", "0.5", "-1", "0.05", "1.25", "10000", "3",
    ];
    let leaf = prop_oneof![
        8 => name().prop_map(str::to_owned),
        2 => prop::sample::select(literals).prop_map(str::to_owned),
        2 => name().prop_map(|name| format!("previous({name})")),
        1 => (name(), 1..4).prop_map(|(name, count)| format!("lag({name}, {count})")),
        1 => name().prop_map(|name| format!("year_ago({name})")),
        1 => name().prop_map(|name| format!("ytd({name})")),
        1 => name().prop_map(|name| format!("rollup({name})")),
        1 => prop::sample::select(&["subperiod()", "year()", "null"][..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = || (inner.clone(), inner.clone());
        prop_oneof![
            8 => (prop::sample::select(&["+", "-"][..]), two()).prop_map(|(op, (l, r))| format!("({l} {op} {r})")),
            3 => two().prop_map(|(l, r)| format!("({l} * {r})")),
            2 => (inner.clone(), prop::sample::select(&["100", "10", "0.01", "-10", "0"][..]))
                .prop_map(|(l, by)| format!("({l} / {by})")),
            2 => inner.clone().prop_map(|x| format!("abs({x})")),
            1 => (inner.clone(), 0..3).prop_map(|(x, digits)| format!("round({x}, {digits})")),
            1 => (inner.clone(), 0..3).prop_map(|(x, digits)| format!("trunc({x}, {digits})")),
            1 => two().prop_map(|(l, r)| format!("nvl({l}, {r})")),
            1 => two().prop_map(|(l, r)| format!("(if {l} < {r} then {l} else {r})")),
            1 => inner.prop_map(|x| format!("-({x})")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    let comparison = prop::sample::select(&["=", "<>", "<", "<=", ">", ">="][..]);
    let leaf = prop_oneof![
        10 => (comparison, number(), number()).prop_map(|(op, l, r)| format!("{l} {op} {r}")),
        1 => number().prop_map(|x| format!("isnull({x})")),
        1 => (number(), number(), number()).prop_map(|(x, l, m)| format!("between({x}, {l}, {m})")),
        1 => number().prop_map(|x| format!("{x} in {{1, 2.5, -0.05}}")),
        1 => number().prop_map(|x| format!("{x} not_in {{0, 3}}")),
        1 => prop::sample::select(&["true", "false"][..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let connective = prop::sample::select(&["and", "or", "and", "or", "xor"][..]);
        let branch = prop_oneof![4 => inner.clone(), 1 => Just("null".to_owned())];
        prop_oneof![
            5 => (connective, inner.clone(), inner.clone()).prop_map(|(op, l, r)| format!("({l}) {op} ({r})")),
            1 => inner.clone().prop_map(|x| format!("not ({x})")),
            1 => (inner.clone(), inner, branch).prop_map(|(c, t, e)| format!("if {c} then {t} else {e}")),
        ]
    })
}

/// A scope that two of its units leave at the end of a year.
fn away((units, year): (BTreeSet<UnitCode>, i16)) -> Scope {
    let until = Days::new(None, Some(jiff::civil::date(year, 12, 31))).unwrap();
    Scope {
        moves: units
            .iter()
            .take(2)
            .map(|unit| (unit.clone(), vec![until]))
            .collect(),
        units: Some(units),
        ..Scope::default()
    }
}

pub(super) fn written() -> impl Strategy<Value = Written> {
    let tolerance = prop::sample::select(&["", "", "0.05", "1", "0.005", "10%", "rounding"][..]);
    let modes = prop::sample::select(RollupMode::ALL.to_vec());
    let strategies = prop::sample::select(MissingStrategy::ALL.to_vec());
    let plain = prop_oneof![3 => Just(None), 1 => (modes, strategies).prop_map(Some)];
    let scope = prop_oneof![
        3 => Just(Scope::default()),
        1 => prop::collection::btree_set((0..8_usize).prop_map(unit), 0..4).prop_map(|units| Scope {
            units: Some(units),
            ..Scope::default()
        }),
        1 => (prop::collection::btree_set((0..8_usize).prop_map(unit), 1..5), 2019..2023_i16).prop_map(away),
        1 => prop::collection::btree_set(1..5, 1..3).prop_map(|subperiods| Scope {
            subperiods: Some(subperiods),
            ..Scope::default()
        }),
    ];
    (statement(), tolerance, plain, scope).prop_map(|(statement, tolerance, plain, scope)| {
        let (mode, missing) = plain.unwrap_or_default();
        Written {
            // Names an operand, whatever else there is.
            expression: format!("({statement}) and (a = a or true)"),
            tolerance,
            mode,
            missing,
            scope,
        }
    })
}

/// Each piece on a thread of its own.
pub(super) struct Threads(pub(super) usize);

impl Crew for Threads {
    fn hands(&self) -> usize {
        self.0
    }

    fn work(&self, pieces: Vec<Piece<'_>>) {
        std::thread::scope(|scope| {
            for piece in pieces {
                scope.spawn(piece);
            }
        });
    }
}

//! Targets (年初目标): what each unit is to reach by the end of a year, and by its middle (双过半).
//!
//! ```toml
//! [[target]]
//! dataset = "quarterly-accounts"
//! indicator = "gdp"
//! year = 2021
//! values = { 520100 = "4700", 520300 = "4100" }    # the year's value by unit, in the indicator's unit of measure
//! half = { 520100 = "2200" }                       # optional: the value by the end of June, else half of the year's
//!
//! [[target]]
//! dataset = "monthly-revenue"
//! indicator = "revenue"
//! year = 2021
//! growth = { 520100 = "8.5" }                      # or growth over the year before, in per cent
//! ```
//! A growth target is last year's value times (1 + growth), so it is known only once last year's value is. Rates and
//! indices have no targets, because nothing of them adds up towards one: the level that they are drawn from may have.
//! The half-year's target of a stock that names none lies half-way between last year's end and the target.

use std::collections::BTreeMap;

use crate::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    period::{Period, Periodicity},
};

use super::{
    dataset,
    entry::{Entry, Field, Key},
    fault::{Faults, say},
    indicator::{Indicator, IndicatorKind},
    names::Names,
    roster,
    source::At,
};

/// What one unit is to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The dataset that reports the indicator.
    pub dataset: DatasetCode,
    /// The indicator: a flow, a year-to-date flow or a stock.
    pub indicator: IndicatorCode,
    /// The year.
    pub year: i16,
    /// The unit.
    pub unit: UnitCode,
    /// How much.
    pub aim: Aim,
}

/// How much a unit is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// A value, above zero, in the indicator's unit of measure.
    Value {
        /// By the end of the year.
        year: Decimal,
        /// By the end of June, where the catalogue names it.
        half: Option<Decimal>,
    },
    /// Growth over last year's value, in per cent, above -100.
    GrowthPercent(Decimal),
}

/// What the targets refer to.
pub(super) struct Known<'s, 'a> {
    pub(super) roster: &'s roster::Scope<'s, 'a>,
    pub(super) schedules: &'s [roster::Schedule],
    pub(super) indicator_names: &'s Names<'a, IndicatorCode>,
    pub(super) indicators: &'s [Indicator],
}

/// One unit of a table of targets, where it names the unit.
type Row<'a> = (At<'a, UnitCode>, Aim);
/// What no two targets share.
type Subject = (DatasetCode, IndicatorCode, i16, UnitCode);

/// Reads the targets, sorted by dataset, indicator, year and unit.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    known: &Known<'_, 'a>,
    faults: &Faults,
) -> Vec<Target> {
    let mut found: BTreeMap<Subject, (String, Target)> = BTreeMap::new();
    for entry in entries {
        entry.allow(&["dataset", "indicator", "year", "values", "half", "growth"]);
        for (unit, target) in read_one(entry, known, faults) {
            let key = (
                target.dataset.clone(),
                target.indicator.clone(),
                target.year,
                target.unit.clone(),
            );
            if let Some((first, _)) = found.get(&key) {
                report_doubled(&unit, first, faults);
            } else {
                found.insert(key, (unit.place.short(), target));
            }
        }
    }
    found.into_values().map(|(_, target)| target).collect()
}

fn read_one<'a>(
    entry: &Entry<'a>,
    known: &Known<'_, 'a>,
    faults: &Faults,
) -> Vec<(At<'a, UnitCode>, Target)> {
    let dataset = entry.code::<DatasetCode>("dataset");
    let dataset = dataset.filter(|code| known.roster.dataset_names.resolve(code, faults));
    let at = dataset
        .as_ref()
        .and_then(|code| known.dataset_at(&code.value));
    let draft = at.map(|at| &known.roster.datasets[at]);
    let indicator = entry.code::<IndicatorCode>("indicator");
    let indicator = indicator.filter(|code| known.indicator_names.resolve(code, faults));
    let kind = indicator.as_ref().and_then(|code| known.kind(&code.value));
    let fits = indicator
        .as_ref()
        .is_some_and(|code| is_fit(code, kind, draft, faults));
    let years = i64::from(Period::YEAR_MIN)..=i64::from(Period::YEAR_MAX);
    let year = entry.need("year").and_then(|f| f.integer(years));
    let year = year.and_then(|year| i16::try_from(year).ok());
    let rows = read_rows(entry, kind, known, faults);
    let (Some(dataset), Some(at), Some(indicator), Some(year), true) =
        (dataset, at, indicator, year, fits)
    else {
        return Vec::new();
    };
    let owes = |(unit, _): &Row<'a>| known.is_owed(at, unit, year, faults);
    let target = |(unit, aim): Row<'a>| {
        let target = Target {
            dataset: dataset.value.clone(),
            indicator: indicator.value.clone(),
            year,
            unit: unit.value.clone(),
            aim,
        };
        (unit, target)
    };
    rows.into_iter().filter(owes).map(target).collect()
}

impl<'a> Known<'_, 'a> {
    fn dataset_at(&self, code: &DatasetCode) -> Option<usize> {
        let order = |d: &dataset::Draft<'_>| d.code.value.cmp(code);
        self.roster.datasets.binary_search_by(order).ok()
    }

    fn kind(&self, code: &IndicatorCode) -> Option<IndicatorKind> {
        let found = self.indicators.binary_search_by(|i| i.code().cmp(code));
        Some(self.indicators[found.ok()?].kind())
    }

    /// Whether a unit owes the dataset at `at` in the year; reports it where it does not.
    fn is_owed(&self, at: usize, unit: &At<'a, UnitCode>, year: i16, faults: &Faults) -> bool {
        let draft = &self.roster.datasets[at];
        let Some((periodicity, unit_at)) = draft.periodicity.zip(self.roster.find(&unit.value))
        else {
            return true;
        };
        let owes = |period: &Period| {
            let (first, last) = (draft.first, draft.last);
            first.is_none_or(|first| first <= *period)
                && last.is_none_or(|last| *period <= last)
                && self.schedules[at].owes(unit_at, period.ordinal())
        };
        let is_owed = periods_of(periodicity, year).any(|period| owes(&period));
        if !is_owed {
            let (code, dataset) = (&unit.value, &draft.code.value);
            faults.report(
                unit.place,
                say!(
                    "{code} 在 {year} 年不报 {dataset}",
                    "{code} does not owe {dataset} in {year}"
                ),
                say!(
                    "从此目标删去，或改正年份或名录",
                    "remove it here, or correct the year or the roster"
                ),
            );
        }
        is_owed
    }
}

/// The periods of a year, in order.
fn periods_of(periodicity: Periodicity, year: i16) -> impl Iterator<Item = Period> {
    let first = Period::new(periodicity, year, 1);
    std::iter::successors(first, |period| period.plus(1)).take_while(move |p| p.year() == year)
}

/// Whether an indicator can have a target in a dataset; reports why not.
fn is_fit(
    code: &At<'_, IndicatorCode>,
    kind: Option<IndicatorKind>,
    draft: Option<&dataset::Draft<'_>>,
    faults: &Faults,
) -> bool {
    let text = &code.value;
    let adds_up = match kind {
        Some(IndicatorKind::Rate | IndicatorKind::Index) => false,
        Some(IndicatorKind::Flow | IndicatorKind::YearToDate | IndicatorKind::Stock) | None => true,
    };
    if !adds_up {
        faults.report(
            code.place,
            say!(
                "{text} 是比率或指数，不能累计，不能定目标",
                "{text} is a rate or an index: it does not add up towards a target"
            ),
            say!(
                "给它所依据的水平指标定目标，例如用 growth 写增速",
                "set the target for the level that it is drawn from, with growth in per cent"
            ),
        );
    }
    let held = draft.and_then(|draft| draft.indicators.as_ref());
    let is_held = held.is_none_or(|held| held.contains(text));
    if !is_held {
        let held: Vec<&str> = held
            .into_iter()
            .flatten()
            .map(IndicatorCode::as_str)
            .collect();
        let held = held.join(", ");
        faults.report(
            code.place,
            say!("报表中没有指标 {text}", "the dataset does not hold {text}"),
            say!("可用的指标：{held}", "its indicators are {held}"),
        );
    }
    let is_itemised = draft.is_some_and(dataset::Draft::is_itemised);
    if is_itemised {
        faults.report(
            code.place,
            say!(
                "明细报表的指标不能定目标",
                "an itemised dataset has one figure an item, and so no figure for a target"
            ),
            say!(
                "给报总数的报表定目标",
                "set the target for a dataset that reports the total"
            ),
        );
    }
    adds_up && is_held && !is_itemised
}

/// What the table says of each unit, those that are faulty left out.
fn read_rows<'a>(
    entry: &Entry<'a>,
    kind: Option<IndicatorKind>,
    known: &Known<'_, 'a>,
    faults: &Faults,
) -> Vec<Row<'a>> {
    let (values, growth) = (entry.field("values"), entry.field("growth"));
    if values.is_some() == growth.is_some() {
        faults.report(
            entry.place(),
            say!(
                "values 与 growth 要写且只写一个",
                "a target has values or growth, and not both"
            ),
            say!(
                "写 values = {{ 520100 = \"4700\" }} 或 growth = {{ 520100 = \"8.5\" }}",
                "write values = {{ 520100 = \"4700\" }} or growth = {{ 520100 = \"8.5\" }}"
            ),
        );
    }
    let half = entry.field("half");
    if let (Some(half), None) = (&half, &values) {
        half.fault(
            say!(
                "half 只能与 values 并用",
                "half can only stand beside values"
            ),
            say!(
                "删去 half：增速目标的半年数是全年的一半",
                "remove it: by June a growth target asks for half of the year's value"
            ),
        );
    }
    if let Some(growth) = growth {
        let rows = read_units(&growth, known, faults, |f| {
            f.decimal_within("-99.99", "1000")
        });
        let aim = |(unit, percent)| (unit, Aim::GrowthPercent(percent));
        return rows.into_iter().map(aim).collect();
    }
    let read = |field: &Field<'a>| read_units(field, known, faults, Field::positive_decimal);
    let values = values.as_ref().map(read).unwrap_or_default();
    let halves = half.as_ref().map(read).unwrap_or_default();
    with_halves(values, halves, kind, faults)
}

/// The units of an inline table, each with its number.
fn read_units<'a>(
    field: &Field<'a>,
    known: &Known<'_, 'a>,
    faults: &Faults,
    number: impl Fn(&Field<'a>) -> Option<Decimal>,
) -> Vec<(At<'a, UnitCode>, Decimal)> {
    let Some(table) = field.table() else {
        return Vec::new();
    };
    let row = |(key, value): (Key<'a>, Field<'a>)| {
        let unit = key.lexical::<UnitCode>();
        let number = number(&value);
        let unit = unit.filter(|unit| known.roster.unit_names.resolve(unit, faults));
        unit.zip(number)
    };
    table.pairs().filter_map(row).collect()
}

/// Gives each unit its half-year's value, where there is one.
fn with_halves<'a>(
    values: Vec<(At<'a, UnitCode>, Decimal)>,
    halves: Vec<(At<'a, UnitCode>, Decimal)>,
    kind: Option<IndicatorKind>,
    faults: &Faults,
) -> Vec<Row<'a>> {
    let years: BTreeMap<&UnitCode, Decimal> = values
        .iter()
        .map(|(unit, year)| (&unit.value, *year))
        .collect();
    for (unit, half) in &halves {
        match years.get(&unit.value) {
            None => report_no_year(unit, faults),
            Some(year) if half > year && kind != Some(IndicatorKind::Stock) => {
                report_half_above(unit, *half, *year, faults);
            }
            Some(_) => {}
        }
    }
    let half_of = |code: &UnitCode| {
        let found = halves.iter().find(|(unit, _)| unit.value == *code);
        found.map(|(_, half)| *half)
    };
    let row = |(unit, year): &(At<'a, UnitCode>, Decimal)| {
        let half = half_of(&unit.value);
        let unit = At {
            value: unit.value.clone(),
            place: unit.place,
        };
        (unit, Aim::Value { year: *year, half })
    };
    values.iter().map(row).collect()
}

fn report_no_year(unit: &At<'_, UnitCode>, faults: &Faults) {
    let code = &unit.value;
    faults.report(
        unit.place,
        say!(
            "{code} 有半年数而没有全年数",
            "{code} has a value for the half-year and none for the year"
        ),
        say!("在 values 中写上全年数", "add the year's to values"),
    );
}

fn report_half_above(unit: &At<'_, UnitCode>, half: Decimal, year: Decimal, faults: &Faults) {
    let code = &unit.value;
    faults.report(
        unit.place,
        say!(
            "{code} 的半年数 {half} 大于全年数 {year}",
            "the half-year's {half} of {code} is above the year's {year}"
        ),
        say!("改正其中一个", "correct one of them"),
    );
}

fn report_doubled(unit: &At<'_, UnitCode>, first: &str, faults: &Faults) {
    let code = &unit.value;
    faults.report(
        unit.place,
        say!(
            "{code} 的这一目标重复",
            "this target of {code} is set twice"
        ),
        say!(
            "已在 {first} 写过，删去一处",
            "it stands at {first} already; remove one"
        ),
    );
}

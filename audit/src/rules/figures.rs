//! Published figures as an auditor has them: a CSV in long form, one row for each figure.
//!
//! ```text
//! unit,dataset,period,indicator,value
//! 520100,quarterly-accounts,2021-Q3,gdp,3102.44
//! ```
//! `dataset` may be left out where only one dataset of the period's periodicity holds the indicator, and `item` belongs to
//! itemised datasets. An empty value is a figure that is missing; its record is there all the same.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use granary_core::{
    catalogue::{Catalogue, Indicator},
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    edits::{Cells, Rollup},
    period::Period,
    text::Bilingual,
};

/// The most rows of all files together.
const ROWS_MAX: usize = 5_000_000;

/// What identifies a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// The dataset.
    pub dataset: DatasetCode,
    /// The unit.
    pub unit: UnitCode,
    /// The period.
    pub period: Period,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
}

/// All figures by record and indicator.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    records: BTreeMap<Record, BTreeMap<IndicatorCode, Decimal>>,
    rows: usize,
}

impl Figures {
    /// Adds the figures of one file, which is called `name` in messages.
    ///
    /// # Errors
    /// What is wrong with the first row that cannot be read.
    pub fn read(
        &mut self,
        catalogue: &Catalogue,
        name: &str,
        file: impl Read,
    ) -> Result<(), Bilingual> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file);
        let headings = reader.headers().map_err(|e| unreadable(name, &e))?.clone();
        let columns = Columns::new(name, &headings)?;
        for row in reader.records() {
            let row = row.map_err(|e| unreadable(name, &e))?;
            let line = row.position().map_or(0, csv::Position::line);
            self.rows += 1;
            if self.rows > ROWS_MAX {
                return Err(Bilingual::new(
                    format!("数据超过 {ROWS_MAX} 行"),
                    format!("there are more than {ROWS_MAX} rows of figures"),
                ));
            }
            self.read_row(catalogue, &columns, &row)
                .map_err(|fault| at(name, line, &fault))?;
        }
        Ok(())
    }

    /// States a figure, or with `None` that its record is there without it.
    ///
    /// # Errors
    /// Where the record states another figure already.
    pub fn state(
        &mut self,
        record: Record,
        indicator: IndicatorCode,
        value: Option<Decimal>,
    ) -> Result<(), Bilingual> {
        let figures = self.records.entry(record).or_default();
        let Some(value) = value else { return Ok(()) };
        match figures.insert(indicator, value) {
            Some(before) if before != value => Err(Bilingual::new(
                format!("同一个数填了两次：{before} 和 {value}"),
                format!("the figure is there twice: {before} and {value}"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// All records, sorted.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.keys()
    }

    /// The records of a dataset, sorted.
    pub fn of(&self, dataset: &DatasetCode) -> impl Iterator<Item = &Record> {
        self.records.keys().filter(move |r| r.dataset == *dataset)
    }

    /// One figure.
    #[must_use]
    pub fn value(&self, record: &Record, indicator: &IndicatorCode) -> Option<Decimal> {
        self.records.get(record)?.get(indicator).copied()
    }

    /// The periods of which a dataset has records.
    #[must_use]
    pub fn periods(&self, dataset: &DatasetCode) -> BTreeSet<Period> {
        self.of(dataset).map(|record| record.period).collect()
    }

    fn read_row(
        &mut self,
        catalogue: &Catalogue,
        columns: &Columns,
        row: &csv::StringRecord,
    ) -> Result<(), Bilingual> {
        let cell = |column: Option<usize>| column.and_then(|c| row.get(c)).unwrap_or_default();
        let unit = UnitCode::new(cell(Some(columns.unit))).map_err(|e| said(&e))?;
        let period = Period::parse(cell(Some(columns.period))).map_err(|e| said(&e))?;
        let indicator = IndicatorCode::new(cell(Some(columns.indicator))).map_err(|e| said(&e))?;
        let value = match cell(Some(columns.value)) {
            "" => None,
            text => Some(Decimal::parse(text).map_err(|e| said(&e))?),
        };
        let dataset = match cell(columns.dataset) {
            "" => only_dataset(catalogue, period, &indicator)?,
            text => DatasetCode::new(text).map_err(|e| said(&e))?,
        };
        let item = match cell(columns.item) {
            "" => None,
            text => Some(ItemKey::new(text).map_err(|e| said(&e))?),
        };
        if !catalogue
            .dataset(&dataset)
            .is_some_and(|d| d.holds(&indicator))
        {
            return Err(Bilingual::new(
                format!("报表 {dataset} 中没有指标 {indicator}"),
                format!("the dataset {dataset} has no indicator {indicator}"),
            ));
        }
        let decimals = catalogue.indicator(&indicator).map(Indicator::decimals);
        if let (Some(value), Some(decimals)) = (value, decimals)
            && value.scale() > decimals
        {
            return Err(Bilingual::new(
                format!("{value} 的小数多于 {indicator} 允许的 {decimals} 位"),
                format!(
                    "{value} has more than the {decimals} digits after the point of {indicator}"
                ),
            ));
        }
        let record = Record {
            dataset,
            unit,
            period,
            item,
        };
        self.state(record, indicator, value)
    }
}

/// Where the columns are.
struct Columns {
    unit: usize,
    period: usize,
    indicator: usize,
    value: usize,
    dataset: Option<usize>,
    item: Option<usize>,
}

impl Columns {
    fn new(name: &str, headings: &csv::StringRecord) -> Result<Self, Bilingual> {
        let find = |wanted: &str| {
            headings
                .iter()
                .position(|h| h.trim_start_matches('\u{feff}') == wanted)
        };
        let need = |wanted: &str| {
            find(wanted).ok_or_else(|| {
                Bilingual::new(
                    format!("{name} 没有“{wanted}”列"),
                    format!("{name} has no column \"{wanted}\""),
                )
            })
        };
        Ok(Self {
            unit: need("unit")?,
            period: need("period")?,
            indicator: need("indicator")?,
            value: need("value")?,
            dataset: find("dataset"),
            item: find("item"),
        })
    }
}

fn only_dataset(
    catalogue: &Catalogue,
    period: Period,
    indicator: &IndicatorCode,
) -> Result<DatasetCode, Bilingual> {
    let mut fitting = catalogue
        .datasets()
        .iter()
        .filter(|d| d.periodicity() == period.periodicity() && d.holds(indicator));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only.code().clone()),
        (Some(_), Some(_)) => Err(Bilingual::new(
            format!("不止一张报表有 {indicator}：请加 dataset 列"),
            format!("more than one dataset has {indicator}: add the column dataset"),
        )),
        (None, _) => Err(Bilingual::new(
            format!("没有一张 {period} 这种报告期的报表有指标 {indicator}"),
            format!("no dataset with periods like {period} has the indicator {indicator}"),
        )),
    }
}

/// The cells of one record.
pub struct RecordCells<'a> {
    figures: &'a Figures,
    catalogue: &'a Catalogue,
    record: &'a Record,
    /// A record asks for its children once an edit; they are looked up once.
    children: RefCell<Option<Vec<UnitCode>>>,
}

impl<'a> RecordCells<'a> {
    /// The cells of `record`, which need not be among the figures.
    #[must_use]
    pub const fn new(figures: &'a Figures, catalogue: &'a Catalogue, record: &'a Record) -> Self {
        Self {
            figures,
            catalogue,
            record,
            children: RefCell::new(None),
        }
    }

    fn of_child(&self, child: &UnitCode, indicator: &IndicatorCode) -> Option<Decimal> {
        let record = Record {
            unit: child.clone(),
            item: None,
            ..self.record.clone()
        };
        self.figures.value(&record, indicator)
    }
}

impl Cells for RecordCells<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        self.figures.value(self.record, indicator)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        let Record {
            unit,
            dataset,
            period,
            ..
        } = self.record;
        let mut children = self.children.borrow_mut();
        let children =
            children.get_or_insert_with(|| self.catalogue.children(unit, dataset, *period));
        let mut rollup = Rollup {
            sum: Decimal::ZERO,
            rounding: Decimal::ZERO,
            known: 0,
            expected: u32::try_from(children.len()).ok()?,
        };
        for value in children
            .iter()
            .filter_map(|child| self.of_child(child, indicator))
        {
            rollup.sum = rollup.sum.checked_add(value)?;
            rollup.rounding = rollup
                .rounding
                .checked_add(value.half_unit_of_last_digit())?;
            rollup.known += 1;
        }
        Some(rollup)
    }

    fn period(&self) -> Period {
        self.record.period
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        let record = Record {
            dataset: dataset.unwrap_or(&self.record.dataset).clone(),
            period,
            ..self.record.clone()
        };
        self.figures.value(&record, indicator)
    }
}

fn said(error: &dyn std::fmt::Display) -> Bilingual {
    Bilingual::new(error.to_string(), error.to_string())
}

fn unreadable(name: &str, error: &csv::Error) -> Bilingual {
    Bilingual::new(
        format!("无法读取 {name}：{error}"),
        format!("cannot read {name}: {error}"),
    )
}

fn at(name: &str, line: u64, fault: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("{name} 第 {line} 行：{}", fault.zh),
        format!("{name}, line {line}: {}", fault.en),
    )
}

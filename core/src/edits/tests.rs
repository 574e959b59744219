//! Tests of the edit language from its text to its verdicts; each file holds one table or one family of properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod diagnostics;
mod guide;
mod language;
mod properties;
mod reports;
mod tables;

use std::{cell::RefCell, collections::BTreeMap};

use super::*;
use crate::{decimal::Decimal, period::Period};

/// The names that the tests' expressions may use.
struct Names(&'static [&'static str]);

const NAMES: Names = Names(&[
    "gdp",
    "primary",
    "secondary",
    "tertiary",
    "industry",
    "construction",
    "population",
    "a",
    "b",
    "c",
    "d",
]);

impl Symbols for Names {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        self.0
            .contains(&name)
            .then(|| IndicatorCode::new(name).unwrap())
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|name| (*name).to_owned()).collect()
    }

    fn dataset(&self, _name: &str) -> Option<Foreign> {
        None
    }

    fn dataset_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn quantity(&self, _indicator: &IndicatorCode) -> Option<Quantity> {
        None
    }
}

/// A record of 2021-Q2 with its children's sums and the unit's other figures. It counts what is looked up.
#[derive(Debug, Default)]
struct Record {
    cells: BTreeMap<String, Decimal>,
    /// By `gdp@2021-Q1` and `annual-accounts#gdp@2020-A1`.
    elsewhere: BTreeMap<String, Decimal>,
    rollups: BTreeMap<String, Rollup>,
    looked_up: RefCell<Vec<String>>,
}

impl Record {
    /// From `gdp=82.65 primary=45.42`, `gdp@2021-Q1=40` for another period, and `gdp=sum:13985.53/0.045/9/9` for a roll-up: sum, rounding, known, expected.
    fn parse(text: &str) -> Self {
        let mut record = Self::default();
        for cell in text.split_whitespace() {
            let (name, value) = cell.split_once('=').unwrap();
            if let Some(rollup) = value.strip_prefix("sum:") {
                record.rollups.insert(name.to_owned(), parse_rollup(rollup));
            } else if name.contains('@') {
                record.elsewhere.insert(name.to_owned(), d(value));
            } else {
                record.cells.insert(name.to_owned(), d(value));
            }
        }
        record
    }
}

fn parse_rollup(text: &str) -> Rollup {
    let parts: Vec<&str> = text.split('/').collect();
    Rollup {
        sum: d(parts[0]),
        rounding: d(parts[1]),
        known: parts[2].parse().unwrap(),
        expected: parts[3].parse().unwrap(),
    }
}

impl Cells for Record {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        self.looked_up.borrow_mut().push(indicator.to_string());
        self.cells.get(indicator.as_str()).copied()
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        self.looked_up
            .borrow_mut()
            .push(format!("rollup({indicator})"));
        self.rollups.get(indicator.as_str()).copied()
    }

    fn period(&self) -> Period {
        Period::parse("2021-Q2").unwrap()
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        let dataset = dataset.map(|code| format!("{code}#")).unwrap_or_default();
        let name = format!("{dataset}{indicator}@{period}");
        self.looked_up.borrow_mut().push(name.clone());
        self.elsewhere.get(&name).copied()
    }
}

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn edit_text(expression: &str, tolerance: &str) -> EditText {
    EditText {
        id: EditId::new("T.EST").unwrap(),
        kind: EditKind::Quality,
        dataset: DatasetCode::new("accounts").unwrap(),
        expression: expression.to_owned(),
        tolerance: (!tolerance.is_empty()).then(|| tolerance.to_owned()),
        rollup: None,
        missing: None,
        scope: Scope::default(),
        message: Bilingual::new("不平衡", "does not add up"),
    }
}

pub(super) fn compiled(expression: &str, tolerance: &str) -> Edit {
    compile(edit_text(expression, tolerance), &NAMES)
        .unwrap_or_else(|faults| panic!("{expression}: {faults:#?}"))
}

/// The verdict as text: the truth, the imbalance in brackets, what is missing after a question mark.
fn shown(verdict: &Verdict) -> String {
    let mut text = format!("{:?}", verdict.truth).to_lowercase();
    if let Some(imbalance) = verdict.imbalance {
        text.push_str(&format!(" [{imbalance}]"));
    }
    if !verdict.missing.is_empty() {
        let missing: Vec<&str> = verdict.missing.iter().map(IndicatorCode::as_str).collect();
        text.push_str(&format!(" ?{}", missing.join(",")));
    }
    text
}

/// Evaluates one expression on one record.
#[track_caller]
fn check(expression: &str, tolerance: &str, cells: &str, expected: &str) {
    let verdict = compiled(expression, tolerance).evaluate(&Record::parse(cells));
    assert_eq!(
        shown(&verdict),
        expected,
        "{expression} within {tolerance:?} on {cells}"
    );
}

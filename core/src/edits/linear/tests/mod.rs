//! Tests of what linear programming says about edits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod blame;
mod conflicts;
mod properties;
mod speed;

use std::collections::BTreeMap;

use super::super::{
    Cells, Edit, EditKind, EditText, Foreign, Quantity, Rollup, Scope, Symbols, compile, is_keyword,
};
use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
    decimal::Decimal,
    period::Period,
    text::Bilingual,
};

/// Every word is an indicator.
struct AnyName;

impl Symbols for AnyName {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        (!is_keyword(name)).then(|| IndicatorCode::new(name).unwrap())
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
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

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

/// From `ID: expression`, with `~ tolerance` behind it where there is one, and `?` before it for a quality edit.
fn edit(line: &str) -> Edit {
    let (id, rule) = line.trim().split_once(':').unwrap();
    let (expression, tolerance) = match rule.split_once('~') {
        Some((expression, tolerance)) => (expression, Some(tolerance.trim().to_owned())),
        None => (rule, None),
    };
    let text = EditText {
        id: EditId::new(id.trim_start_matches('?')).unwrap(),
        kind: if id.starts_with('?') {
            EditKind::Quality
        } else {
            EditKind::Validity
        },
        dataset: DatasetCode::new("accounts").unwrap(),
        expression: expression.trim().to_owned(),
        tolerance,
        rollup: None,
        missing: None,
        scope: Scope::default(),
        message: Bilingual::new("不符", "does not fit"),
    };
    compile(text, &AnyName).unwrap_or_else(|faults| panic!("{line}: {faults:#?}"))
}

/// One edit in each line.
fn edits(lines: &str) -> Vec<Edit> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines.map(edit).collect()
}

/// A record, and what its children add up to.
#[derive(Clone, Debug, Default)]
struct Record {
    cells: BTreeMap<String, Decimal>,
    rollups: BTreeMap<String, Rollup>,
}

impl Record {
    /// From `gdp=500.76 primary=98.35`.
    fn parse(text: &str) -> Self {
        let cells = text.split_whitespace().map(|cell| {
            let (name, value) = cell.split_once('=').unwrap();
            (name.to_owned(), d(value))
        });
        Self {
            cells: cells.collect(),
            rollups: BTreeMap::new(),
        }
    }
}

impl Cells for Record {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        self.cells.get(indicator.as_str()).copied()
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        self.rollups.get(indicator.as_str()).copied()
    }

    fn period(&self) -> Period {
        Period::parse("2021-Q2").unwrap()
    }

    fn elsewhere(
        &self,
        _dataset: Option<&DatasetCode>,
        _period: Period,
        _indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        None
    }
}

/// The twelve edits on single records of the benchmark.
const TWELVE: &str = "
    B1: abs(gdp - (gdp_primary + gdp_secondary + gdp_tertiary)) <= 0.05
    B2: abs(gdp_primary - (agri_crops + agri_livestock)) <= 0.02
    B3: abs(gdp_secondary - (ind_mining + ind_manufacturing + ind_construction)) <= 0.03
    B4: abs(gdp_tertiary - (svc_trade + svc_transport + svc_finance + svc_other)) <= 0.04
    B5: abs(gdp - (agri_crops + agri_livestock + ind_mining + ind_manufacturing + ind_construction + svc_trade + svc_transport + svc_finance + svc_other)) <= 0.09
    B6: abs(pop_urban - population * urban_share / 100) <= 0.05
    I1: income_urban >= income_rural
    I2: 0 <= urban_share and urban_share <= 100
    I3: employed <= population
    I4: investment >= 0 and retail_sales >= 0
    C1: not (population > 0) or gdp > 0
    C2: not (fiscal_revenue > 0 and gdp_secondary > 0) or electricity > 0
";

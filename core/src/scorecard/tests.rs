//! The rules of a league table: a worked example by hand, and the properties that always hold.

#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod accounts;
mod properties;
mod worked;

use std::collections::BTreeMap;

use super::*;
use crate::{
    catalogue::Bundle,
    measures::{Measure, Value},
};

/// A catalogue of so many units `U00`, `U01`, ... with one scorecard of these keys.
pub(super) fn catalogue(units: usize, keys: &str) -> Catalogue {
    let mut text = String::from(
        "[catalogue]\nname = { zh = \"城\", en = \"Town\" }\ntimezone = \"Asia/Shanghai\"\n[[level]]\ncode = \"county\"\nname = { zh = \"县\", en = \"County\" }\n",
    );
    for unit in 0..units {
        text += &format!(
            "[[unit]]\ncode = \"U{unit:02}\"\nname = {{ zh = \"县{unit}\", en = \"County {unit}\" }}\nlevel = \"county\"\n"
        );
    }
    text += &format!(
        "[[scorecard]]\ncode = \"counties\"\nname = {{ zh = \"考核\", en = \"Scores\" }}\nperiodicity = \"quarter\"\nlevel = \"county\"\n{keys}"
    );
    let bundle = Bundle::new(BTreeMap::from([("all.toml".to_owned(), text)])).unwrap();
    Catalogue::parse(&bundle).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

pub(super) fn unit(at: usize) -> UnitCode {
    UnitCode::new(&format!("U{at:02}")).unwrap()
}

pub(super) fn quarter() -> Period {
    Period::parse("2021-Q1").unwrap()
}

pub(super) const fn share(numerator: u64, denominator: u64) -> Value {
    Value::Share {
        numerator,
        denominator,
    }
}

/// What was measured, over twelve slots.
pub(super) fn marks(values: &[(Measure, Value)]) -> Marks {
    let values: BTreeMap<Measure, Value> = values.iter().cloned().collect();
    Marks::new(12, |measure| values.get(&measure).cloned(), None)
}

pub(super) fn table(catalogue: &Catalogue, marks: &BTreeMap<UnitCode, Marks>) -> League {
    league(
        catalogue,
        &catalogue.scorecards()[0],
        quarter(),
        marks,
        None,
    )
}

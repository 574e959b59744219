//! Tests of the catalogue as a whole: what a valid one answers, what is said about a faulty one, and how fast it is to read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calendar;
mod detectors;
mod difference;
mod faults;
mod guide;
mod scoring;
mod tree;
mod valid;

use std::collections::BTreeMap;

use super::{Bundle, Catalogue};

/// A bundle of these files.
pub(super) fn bundle(files: &[(&str, &str)]) -> Bundle {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Bundle::new(files.iter().map(own).collect::<BTreeMap<_, _>>()).unwrap()
}

/// The files under `core/tests/data/sample`.
pub(super) const SAMPLE: [(&str, &str); 6] = [
    (
        "catalogue.toml",
        include_str!("../../../tests/data/sample/catalogue.toml"),
    ),
    (
        "units.toml",
        include_str!("../../../tests/data/sample/units.toml"),
    ),
    (
        "indicators.toml",
        include_str!("../../../tests/data/sample/indicators.toml"),
    ),
    (
        "datasets.toml",
        include_str!("../../../tests/data/sample/datasets.toml"),
    ),
    (
        "roster.toml",
        include_str!("../../../tests/data/sample/roster.toml"),
    ),
    (
        "edits.toml",
        include_str!("../../../tests/data/sample/edits.toml"),
    ),
];

pub(super) fn sample() -> Catalogue {
    Catalogue::parse(&bundle(&SAMPLE)).unwrap()
}

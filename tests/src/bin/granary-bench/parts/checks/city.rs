//! The made-up city as Granary holds it: a catalogue and a panel.

use std::{collections::BTreeMap, fmt::Write as _};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::DatasetCode,
    panel::Panel,
    period::{Period, Periodicity},
};

use super::data::{Data, MISSING, Size, at};
use crate::context::Outcome;

/// The digits after the point of every figure.
pub(crate) const SCALE: u8 = 2;

/// The edits, in the language, and what they are about.
pub(crate) fn catalogue(size: Size) -> Outcome<Catalogue> {
    let files = [
        (
            "catalogue.toml",
            include_str!("catalogue/catalogue.toml").to_owned(),
        ),
        (
            "indicators.toml",
            include_str!("catalogue/indicators.toml").to_owned(),
        ),
        (
            "datasets.toml",
            include_str!("catalogue/datasets.toml").to_owned(),
        ),
        (
            "edits.toml",
            include_str!("catalogue/edits.toml").to_owned(),
        ),
        (
            "detectors.toml",
            include_str!("catalogue/detectors.toml").to_owned(),
        ),
        ("units.toml", units(size)),
    ];
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(n, t)| (n.to_owned(), t)).collect();
    let faults = |faults: Vec<granary_core::catalogue::Fault>| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        format!("the catalogue has {} faults: {first}", faults.len())
    };
    Ok(Catalogue::parse(&Bundle::new(files)?).map_err(faults)?)
}

/// The dataset that all records are of.
pub(crate) fn dataset() -> Outcome<DatasetCode> {
    Ok(DatasetCode::new("accounts")?)
}

fn units(size: Size) -> String {
    let mut text = String::new();
    for (code, name) in [("province", "省"), ("city", "市"), ("county", "县")] {
        let _ = write!(
            text,
            "[[level]]\ncode = \"{code}\"\nname = {{ zh = \"{name}\", en = \"{code}\" }}\n"
        );
    }
    let mut unit = |code: String, parent: Option<String>, level: &str| {
        let parent = parent.map(|parent| format!("parent = \"{parent}\"\n"));
        let _ = write!(
            text,
            "[[unit]]\ncode = \"{code}\"\nname = {{ zh = \"{code}\", en = \"{code}\" }}\nlevel = \"{level}\"\n{}",
            parent.unwrap_or_default()
        );
    };
    for province in 0..size.provinces {
        unit(province_code(province), None, "province");
    }
    for city in 0..size.cities {
        unit(
            city_code(city),
            Some(province_code(size.province_of(city))),
            "city",
        );
    }
    for county in 0..size.counties {
        unit(
            county_code(county),
            Some(city_code(size.city_of(county))),
            "county",
        );
    }
    text
}

pub(crate) fn county_code(county: usize) -> String {
    format!("C{county:05}")
}

pub(crate) fn city_code(city: usize) -> String {
    format!("T{city:04}")
}

pub(crate) fn province_code(province: usize) -> String {
    format!("P{province:02}")
}

/// Where the units stand in the panel: it sorts them by code, so counties come first, then provinces, then cities.
#[derive(Clone, Copy)]
pub(crate) struct Places(Size);

impl Places {
    pub(crate) const fn new(size: Size) -> Self {
        Self(size)
    }

    pub(crate) const fn province(self, province: usize) -> usize {
        self.0.counties + province
    }

    pub(crate) const fn city(self, city: usize) -> usize {
        self.0.counties + self.0.provinces + city
    }
}

/// All records as columns. Every unit has a record for every period, be it an empty one.
pub(crate) fn panel(data: &Data, catalogue: &Catalogue) -> Outcome<Panel> {
    let size = data.size;
    let first = Period::new(Periodicity::Quarter, size.first_year, 1).ok_or("no such year")?;
    let mut panel = Panel::of_catalogue(catalogue, &dataset()?, first, size.periods)
        .ok_or("no such dataset")?;
    let units = panel.layout().units().len();
    for (indicator, name) in super::data::INDICATORS.iter().enumerate() {
        let column = panel
            .indicators()
            .iter()
            .position(|code| code.as_str() == *name);
        let figures = (0..size.periods)
            .flat_map(|period| (0..units).map(move |unit| figure(data, indicator, unit, period)));
        let entered = panel.set_column(column.ok_or("no such indicator")?, SCALE, figures);
        entered.ok_or("a column was not taken")?;
    }
    for unit in 0..units {
        for period in 0..size.periods {
            panel.set_present(unit, period);
        }
    }
    Ok(panel)
}

/// The figure of a unit by its place in the panel.
fn figure(data: &Data, indicator: usize, unit: usize, period: usize) -> Option<i64> {
    let size = data.size;
    let places = Places::new(size);
    if unit < size.counties {
        return data.get(indicator, unit, period);
    }
    let k = match indicator {
        at::GDP => 0,
        at::INVESTMENT => 1,
        _ => return None,
    };
    let value = if unit < places.city(0) {
        data.provinces[k][(unit - places.province(0)) * size.periods + period]
    } else {
        data.cities[k][(unit - places.city(0)) * size.periods + period]
    };
    (value != MISSING).then_some(value)
}

//! Synthetic catalogues, generated: a city over districts over counties, monthly datasets, edits of every kind.

use std::fmt::Write as _;

use granary_core::{
    catalogue::Bundle,
    code::{DatasetCode, IndicatorCode, UnitCode},
    period::Period,
};

use crate::context::Outcome;

/// How large a synthetic catalogue is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Districts under the city.
    pub(crate) districts: usize,
    /// Counties under each district.
    pub(crate) counties: usize,
    /// Monthly datasets.
    pub(crate) datasets: usize,
    /// Indicators of each dataset; the edits need 18.
    pub(crate) indicators: usize,
    /// Months from [`FIRST_PERIOD`] on.
    pub(crate) periods: usize,
    /// Whether the datasets have edits.
    pub(crate) edits: bool,
}

/// A unit that reports.
#[derive(Clone, Debug)]
pub(crate) struct SyntheticUnit {
    pub(crate) code: UnitCode,
    /// Counties that its figures add up: 1 for a county.
    pub(crate) weight: u32,
}

/// The first month of every dataset.
pub(crate) const FIRST_PERIOD: &str = "2016-M01";

/// Edits of one dataset: three balances and two inequalities that must hold, two roll-ups that may be explained.
const EDITS: [(&str, &str, &str); 7] = [
    ("BALANCE-1", "validity", "_01 = _02 + _03 + _04"),
    ("BALANCE-2", "validity", "_05 = _06 + _07 + _08 + _09"),
    ("BALANCE-3", "validity", "_10 = _11 + _12 + _13 + _14 + _15"),
    ("ORDER", "validity", "_16 <= _17"),
    ("SIGN", "validity", "_18 >= 0"),
    ("ROLLUP-1", "quality", "_01 = rollup(_01)"),
    ("ROLLUP-2", "quality", "_05 = rollup(_05)"),
];

impl Shape {
    /// The city, its districts and their counties, in the order in which they are written.
    pub(crate) fn units(&self) -> Outcome<Vec<SyntheticUnit>> {
        let unit = |code: &str, weight: usize| -> Outcome<SyntheticUnit> {
            Ok(SyntheticUnit {
                code: UnitCode::new(code)?,
                weight: u32::try_from(weight)?,
            })
        };
        let mut units = vec![unit(CITY, self.districts * self.counties)?];
        for district in 0..self.districts {
            units.push(unit(&district_code(district), self.counties)?);
            for county in 0..self.counties {
                units.push(unit(&county_code(district, county), 1)?);
            }
        }
        Ok(units)
    }

    pub(crate) fn dataset_codes(&self) -> Outcome<Vec<DatasetCode>> {
        (0..self.datasets)
            .map(|at| Ok(DatasetCode::new(&dataset_code(at))?))
            .collect()
    }

    /// The indicators of a dataset, ascending.
    pub(crate) fn indicator_codes(&self, dataset: usize) -> Outcome<Vec<IndicatorCode>> {
        (1..=self.indicators)
            .map(|number| Ok(IndicatorCode::new(&indicator_code(dataset, number))?))
            .collect()
    }

    pub(crate) fn period_list(&self) -> Outcome<Vec<Period>> {
        let first = Period::parse(FIRST_PERIOD)?;
        let periods = (0..self.periods).map(|at| first.plus(i32::try_from(at).ok()?));
        periods
            .map(|period| period.ok_or_else(|| "the periods leave the calendar".into()))
            .collect()
    }

    /// The catalogue's files.
    pub(crate) fn bundle(&self) -> Outcome<Bundle> {
        let last = self.period_list()?.pop().ok_or("no periods")?;
        let files = [
            ("catalogue.toml", CATALOGUE.to_owned()),
            ("units.toml", self.units_file()),
            ("indicators.toml", self.indicators_file()),
            ("datasets.toml", self.datasets_file(last)),
            ("edits.toml", self.edits_file()),
        ];
        Ok(Bundle::new(
            files
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text))
                .collect(),
        )?)
    }

    fn units_file(&self) -> String {
        let mut text = LEVELS.to_owned();
        push_unit(&mut text, CITY, None, "city");
        for district in 0..self.districts {
            let code = district_code(district);
            push_unit(&mut text, &code, Some(CITY), "district");
            for county in 0..self.counties {
                push_unit(
                    &mut text,
                    &county_code(district, county),
                    Some(&code),
                    "county",
                );
            }
        }
        text
    }

    fn indicators_file(&self) -> String {
        let mut text = MEASURES.to_owned();
        for dataset in 0..self.datasets {
            for number in 1..=self.indicators {
                let code = indicator_code(dataset, number);
                add(
                    &mut text,
                    &format!(
                        "[[indicator]]\ncode = \"{code}\"\nname = {{ zh = \"合成指标 {code}\", en = \"Synthetic {code}\" }}\n\
                     unit_of_measure = \"CNY_10K\"\ndecimals = 2\nkind = \"flow\"\nowner = \"statistics\"\n"
                    ),
                );
            }
        }
        text
    }

    fn datasets_file(&self, last: Period) -> String {
        let mut text = String::new();
        for dataset in 0..self.datasets {
            let code = dataset_code(dataset);
            let quoted = |number| format!("\"{}\"", indicator_code(dataset, number));
            let indicators = (1..=self.indicators)
                .map(quoted)
                .collect::<Vec<_>>()
                .join(", ");
            add(
                &mut text,
                &format!(
                    "[[dataset]]\ncode = \"{code}\"\nname = {{ zh = \"合成报表 {code}\", en = \"Synthetic {code}\" }}\n\
                 periodicity = \"month\"\nindicators = [{indicators}]\nrequired = [{}]\n\
                 deadline = {{ day = 8, time = \"12:00\" }}\nfirst_period = \"{FIRST_PERIOD}\"\nlast_period = \"{last}\"\n\n\
                 [[roster]]\ndataset = \"{code}\"\nunits = [\"{CITY}\"]\n\n\
                 [[roster]]\ndataset = \"{code}\"\nunder = \"{CITY}\"\n",
                    quoted(1),
                ),
            );
        }
        text
    }

    fn edits_file(&self) -> String {
        let mut text = String::new();
        let datasets = if self.edits { 0..self.datasets } else { 0..0 };
        for dataset in datasets {
            for (id, kind, pattern) in EDITS {
                let (code, upper) = (dataset_code(dataset), dataset_code(dataset).to_uppercase());
                let expression = pattern.replace('_', &indicator_prefix(dataset));
                let mode = if pattern.contains("rollup") {
                    "rollup = \"non_null\"\n"
                } else {
                    ""
                };
                add(
                    &mut text,
                    &format!(
                        "[[edit]]\nid = \"{upper}.{id}\"\nkind = \"{kind}\"\ndataset = \"{code}\"\n\
                     expression = \"{expression}\"\ntolerance = \"rounding\"\n{mode}\
                     message = {{ zh = \"合成规则 {id} 不成立\", en = \"Synthetic rule {id} does not hold\" }}\n"
                    ),
                );
            }
        }
        text
    }
}

const CITY: &str = "CITY";

const CATALOGUE: &str = "[catalogue]\nname = { zh = \"合成目录\", en = \"Synthetic catalogue\" }\ntimezone = \"Asia/Shanghai\"\n";

const LEVELS: &str = "\
[[level]]\ncode = \"city\"\nname = { zh = \"市\", en = \"City\" }\n
[[level]]\ncode = \"district\"\nname = { zh = \"区\", en = \"District\" }\n
[[level]]\ncode = \"county\"\nname = { zh = \"县\", en = \"County\" }\n\n";

const MEASURES: &str = "\
[[department]]\ncode = \"statistics\"\nname = { zh = \"统计局\", en = \"Statistics bureau\" }\n
[[unit_of_measure]]\ncode = \"CNY_10K\"\nname = { zh = \"万元\", en = \"CNY 10,000\" }\n\n";

fn push_unit(text: &mut String, code: &str, parent: Option<&str>, level: &str) {
    let parent = parent
        .map(|parent| format!("parent = \"{parent}\"\n"))
        .unwrap_or_default();
    add(
        text,
        &format!(
            "[[unit]]\ncode = \"{code}\"\nname = {{ zh = \"合成单位 {code}\", en = \"Synthetic unit {code}\" }}\n{parent}level = \"{level}\"\n"
        ),
    );
}

fn add(text: &mut String, record: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{record}");
}

fn district_code(district: usize) -> String {
    format!("D{district:02}")
}

fn county_code(district: usize, county: usize) -> String {
    format!("D{district:02}-{county:03}")
}

fn dataset_code(dataset: usize) -> String {
    format!("monthly-{dataset:02}")
}

fn indicator_prefix(dataset: usize) -> String {
    format!("value{dataset:02}_")
}

fn indicator_code(dataset: usize, number: usize) -> String {
    format!("{}{number:02}", indicator_prefix(dataset))
}

#[cfg(test)]
mod tests {
    use granary_core::catalogue::Catalogue;

    use super::*;

    #[test]
    fn the_synthetic_catalogue_is_sound_and_as_large_as_asked() {
        let shape = Shape {
            districts: 2,
            counties: 3,
            datasets: 2,
            indicators: 30,
            periods: 24,
            edits: true,
        };
        let catalogue = Catalogue::parse(&shape.bundle().unwrap()).unwrap();
        assert_eq!(
            (catalogue.units().len(), catalogue.datasets().len()),
            (9, 2)
        );
        assert_eq!(catalogue.datasets()[0].edits().len(), EDITS.len());
        for unit in shape.units().unwrap() {
            for period in shape.period_list().unwrap() {
                assert!(catalogue.expects(&unit.code, &shape.dataset_codes().unwrap()[1], period));
            }
        }
    }
}

//! The mapping file as it is written. Keys that are not known are faults.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    pub(super) table: Vec<RawTable>,
}

/// One `[[table]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::intake) struct RawTable {
    /// The file's name, `*` for anything; any file where it is absent.
    pub(in crate::intake) file: Option<String>,
    /// The sheet's name, `*` for anything; every visible sheet where it is absent.
    pub(in crate::intake) sheet: Option<String>,
    /// The area that the table is in.
    pub(in crate::intake) range: Option<String>,
    /// The dataset, by code or name.
    pub(in crate::intake) dataset: String,
    /// The period; else `period_cell`, the sheet's own words, the file's name.
    pub(in crate::intake) period: Option<String>,
    /// A cell whose text is a period or speaks of one.
    pub(in crate::intake) period_cell: Option<String>,
    /// The heading of the column that names a unit in each row; rows of other units are passed over.
    pub(in crate::intake) unit_heading: Option<String>,
    /// A cell that must name this unit.
    pub(in crate::intake) unit_cell: Option<String>,
    /// What names of units in the file mean, where they are not the catalogue's.
    #[serde(default)]
    pub(in crate::intake) units: BTreeMap<String, String>,
    /// The heading of the column of items.
    pub(in crate::intake) item_heading: Option<String>,
    /// The unit of measure of columns that name none.
    pub(in crate::intake) measure: Option<String>,
    /// A cell that names it.
    pub(in crate::intake) measure_cell: Option<String>,
    /// Headings and their indicators.
    #[serde(default)]
    pub(in crate::intake) columns: BTreeMap<String, Target>,
    /// Words in `label_column` and their indicators, whose values are in `value_column`.
    #[serde(default)]
    pub(in crate::intake) rows: BTreeMap<String, Target>,
    /// The column of the words of `rows`; the first where it is absent.
    pub(in crate::intake) label_column: Option<String>,
    /// The column of the values of `rows`.
    pub(in crate::intake) value_column: Option<String>,
    /// Single cells and their indicators.
    #[serde(default)]
    pub(in crate::intake) cells: BTreeMap<String, Target>,
    /// Marks and what they mean: a number or a status.
    #[serde(default)]
    pub(in crate::intake) marks: BTreeMap<String, String>,
}

/// What a column, row or cell is.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Written")]
pub(in crate::intake) struct Target {
    /// The indicator, by code or name.
    pub(in crate::intake) indicator: String,
    /// Its unit of measure in the file.
    pub(in crate::intake) measure: Option<String>,
    /// Its period, where that is not the table's.
    pub(in crate::intake) period: Option<String>,
    /// Its item.
    pub(in crate::intake) item: Option<String>,
    /// Whether decimals that the indicator does not have are rounded off.
    pub(in crate::intake) round: bool,
}

/// A target is an indicator alone, or a table of all that is said about it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Indicator(String),
    Full(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    indicator: String,
    measure: Option<String>,
    period: Option<String>,
    item: Option<String>,
    #[serde(default)]
    round: bool,
}

impl From<Written> for Target {
    fn from(written: Written) -> Self {
        let full = match written {
            Written::Full(full) => full,
            Written::Indicator(indicator) => Full {
                indicator,
                measure: None,
                period: None,
                item: None,
                round: false,
            },
        };
        Self {
            indicator: full.indicator,
            measure: full.measure,
            period: full.period,
            item: full.item,
            round: full.round,
        }
    }
}

//! SDMX-CSV 2.0 data messages, by the SDMX Technical Working Group's field guide
//! (<https://github.com/sdmx-twg/sdmx-csv>, `docs/data_message_field_guide.md`).
//!
//! Each row names the dataflow of its dataset, which [`super::structure`] describes. Figures as known at an instant have one
//! row a cell. Vintages need one dimension more, or two rows would have the same key: `VINTAGE`, the index of the snapshot
//! in the log. Every row has its receive time in `LAST_UPDATE`. Cells are exact: whoever opens this file is a program, so no
//! text is changed for a spreadsheet's sake.

use std::{fmt, fs::File, io::BufWriter, path::PathBuf};

use ::csv::Writer;
use granary_core::{catalogue::Dataset, code::DatasetCode, decimal::Decimal, period::Periodicity};

use super::{
    Aside, Plan, PublishError, Table,
    column::iso,
    csv::{is_formula, writer},
    file::failed,
    rows::{Known, series::Point},
};

/// Who maintains the structures: an SDMX agency id, letters, digits, `_`, `-`, with points between its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency(String);

/// Why a text is no agency id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an agency: write letters, digits, '_' or '-', a letter first; points between parts"
)]
pub struct AgencyError(String);

impl Agency {
    /// Checks the text.
    ///
    /// # Errors
    /// [`AgencyError`] shows the form.
    pub fn new(text: &str) -> Result<Self, AgencyError> {
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if text.len() <= 100 && text.split('.').all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        Err(AgencyError(text.chars().take(100).collect()))
    }
}

impl fmt::Display for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a dataset's dataflow and data structure. A dataset's code has no `_`, so none is taken twice.
pub(super) fn flow_id(dataset: &DatasetCode, vintages: bool) -> String {
    let kind = if vintages { "_VINTAGES" } else { "" };
    format!("{dataset}{kind}")
}

/// A code as SDMX allows it: a point, which it does not, is written as `$`, which our codes do not have.
pub(super) fn code_id(code: &str) -> String {
    code.replace('.', "$")
}

/// The code of a periodicity in `CL_FREQ`.
pub(super) const fn frequency(periodicity: Periodicity) -> &'static str {
    match periodicity {
        Periodicity::Annual => "A",
        Periodicity::HalfYear => "S",
        Periodicity::Quarter => "Q",
        Periodicity::Month => "M",
        Periodicity::Day => "D",
    }
}

/// The version of the structures: one for each catalogue that was published.
pub(super) fn version(catalogues: usize) -> String {
    format!("{catalogues}.0.0")
}

/// Writes observations. Owned by the table that is being written.
pub(super) struct SdmxSink<'a> {
    writer: Writer<BufWriter<File>>,
    path: PathBuf,
    known: &'a Known<'a>,
    layout: Layout,
    agency: Agency,
    version: String,
    formulas: u64,
}

/// Which columns there are beside those that are always there.
#[derive(Clone, Copy)]
struct Layout {
    items: bool,
    vintages: bool,
}

impl<'a> SdmxSink<'a> {
    pub(super) fn new(
        known: &'a Known<'a>,
        plan: &Plan,
        aside: &Aside,
    ) -> Result<Self, PublishError> {
        let catalogue = known.catalogue();
        let datasets = catalogue.iter().flat_map(|catalogue| catalogue.datasets());
        let chosen = &known.filter.datasets;
        let mut chosen =
            datasets.filter(|dataset| chosen.is_empty() || chosen.contains(dataset.code()));
        let layout = Layout {
            items: chosen.any(Dataset::itemised),
            vintages: plan.table == Table::Vintages,
        };
        let mut writer = writer(aside.writer()?);
        let headed = writer.write_record(layout.headings());
        headed.map_err(|error| aside.error(&error))?;
        Ok(Self {
            writer,
            path: aside.name().to_path_buf(),
            known,
            layout,
            agency: plan.agency.clone(),
            version: version(known.journal.tally.catalogues.len()),
            formulas: 0,
        })
    }

    /// Writes one figure, or its stated absence: an empty `OBS_VALUE` beside its status.
    pub(super) fn observation(&mut self, point: &Point<'_>) -> Result<(), PublishError> {
        let record = self.record(point);
        let formula = record
            .iter()
            .any(|cell| is_formula(cell) && !is_figure(cell));
        self.formulas += u64::from(formula);
        let written = self.writer.write_record(record);
        written.map_err(|error| failed(&self.path, &error))
    }

    /// Ends the file; says in how many rows a spreadsheet would take a text for a formula.
    pub(super) fn finish(mut self) -> Result<u64, PublishError> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| failed(&self.path, &error))?;
        Ok(self.formulas)
    }

    fn record(&self, point: &Point<'_>) -> Vec<String> {
        let Point {
            slot, observation, ..
        } = point;
        let flow = flow_id(&slot.dataset, self.layout.vintages);
        let catalogue = self.known.catalogue();
        let indicator = catalogue.and_then(|c| c.indicator(&observation.indicator));
        let measure = indicator.map(|i| code_id(i.unit_of_measure().as_str()));
        let mut record = vec![
            "dataflow".to_owned(),
            format!("{}:{flow}({})", self.agency, self.version),
            "I".to_owned(),
            frequency(slot.period.periodicity()).to_owned(),
            code_id(slot.unit.as_str()),
            observation.indicator.to_string(),
        ];
        if self.layout.items {
            let item = observation.item.as_ref().map(ToString::to_string);
            record.push(item.unwrap_or_default());
        }
        if self.layout.vintages {
            record.push(point.index.0.to_string());
        }
        let value = observation.value;
        record.extend([
            slot.period.to_string(),
            value.map(|value| value.to_string()).unwrap_or_default(),
            observation.status.letter().to_string(),
            measure.unwrap_or_default(),
            value
                .map(|value| value.scale().to_string())
                .unwrap_or_default(),
            point.revision.to_string(),
            iso(point.received_at_ms),
        ]);
        if !self.layout.vintages {
            record.push(point.index.0.to_string());
        }
        record
    }
}

impl Layout {
    fn headings(self) -> Vec<&'static str> {
        let mut headings = vec!["STRUCTURE", "STRUCTURE_ID", "ACTION"];
        headings.extend(["FREQ", "REF_AREA", "INDICATOR"]);
        headings.extend(self.items.then_some("ITEM"));
        headings.extend(self.vintages.then_some("VINTAGE"));
        headings.extend(["TIME_PERIOD", "OBS_VALUE"]);
        headings.extend(ATTRIBUTES);
        headings.extend((!self.vintages).then_some(LOG_INDEX));
        headings
    }
}

/// The attributes of every observation.
pub(super) const ATTRIBUTES: [&str; 5] = [
    "OBS_STATUS",
    "UNIT_MEASURE",
    "DECIMALS",
    "REVISION",
    "LAST_UPDATE",
];
/// The attribute that says what is a dimension where there are vintages.
pub(super) const LOG_INDEX: &str = "LOG_INDEX";

/// Whether a text that begins with a sign is a number, which no spreadsheet runs.
fn is_figure(text: &str) -> bool {
    Decimal::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_is_an_sdmx_id() {
        for good in ["GRANARY", "CN.GUIZHOU", "a_b-c"] {
            assert!(Agency::new(good).is_ok(), "{good}");
        }
        for bad in ["", "1A", "A..B", "A B", "贵州", "A:B"] {
            assert!(Agency::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_never_taken_twice() {
        let dataset = DatasetCode::new("a-b").unwrap();
        assert_eq!(flow_id(&dataset, false), "a-b");
        assert_eq!(flow_id(&dataset, true), "a-b_VINTAGES");
        assert_eq!(code_id("ZONE.1"), "ZONE$1");
    }
}

//! SDMX: how what units state is named and laid out for SDMX tools, whoever writes it: the auditor's files and the city's API say the same.
//!
//! Each dataset has two dataflows, each with a data structure of the same id, which [`structure`] describes. Figures as known at an instant
//! have one row a cell. Vintages need one dimension more, or two rows would have the same key: `VINTAGE`, the index of the snapshot in the
//! log. Every row has its receive time in `LAST_UPDATE`.
//!
//! Rows are SDMX-CSV 2.0 data messages by the SDMX Technical Working Group's field guide
//! (<https://github.com/sdmx-twg/sdmx-csv>, `docs/data_message_field_guide.md`). Cells are exact: whoever opens this file is a program, so no
//! text is changed for a spreadsheet's sake.

pub mod structure;

use std::fmt;

use jiff::Timestamp;

use crate::{
    catalogue::Catalogue,
    code::DatasetCode,
    ledger::LogIndex,
    period::Periodicity,
    snapshot::{Observation, SlotKey},
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
#[must_use]
pub fn flow_id(dataset: &DatasetCode, vintages: bool) -> String {
    let kind = if vintages { VINTAGES } else { "" };
    format!("{dataset}{kind}")
}

/// What ends the id of a dataflow of vintages.
pub const VINTAGES: &str = "_VINTAGES";

/// A code as SDMX allows it: a point, which it does not, is written as `$`, which our codes do not have.
#[must_use]
pub fn code_id(code: &str) -> String {
    code.replace('.', "$")
}

/// The code of a periodicity in `CL_FREQ`.
#[must_use]
pub const fn frequency(periodicity: Periodicity) -> &'static str {
    match periodicity {
        Periodicity::Annual => "A",
        Periodicity::HalfYear => "S",
        Periodicity::Quarter => "Q",
        Periodicity::Month => "M",
        Periodicity::Day => "D",
    }
}

/// The version of the structures: the place of the catalogue in the journal, so that a dataflow never changes under its version.
#[must_use]
pub fn version(published: LogIndex) -> String {
    format!("{}.0.0", published.0)
}

/// An instant: RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn iso(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    )
}

/// One figure, or its stated absence, in one snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The slot.
    pub slot: &'a SlotKey,
    /// What was stated.
    pub observation: &'a Observation,
    /// The snapshot's revision number.
    pub revision: u32,
    /// The snapshot's place in the journal.
    pub index: LogIndex,
    /// When it was received, in milliseconds since 1970-01-01T00:00:00Z.
    pub received_at_ms: i64,
}

/// Which components there are beside those that are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether there is the dimension `ITEM`.
    pub items: bool,
    /// Whether there is the dimension `VINTAGE`, in the place of the attribute `LOG_INDEX`.
    pub vintages: bool,
}

impl Layout {
    /// The dimensions before `TIME_PERIOD`, in the order of a key.
    #[must_use]
    pub fn dimensions(self) -> Vec<&'static str> {
        let mut dimensions = vec!["FREQ", "REF_AREA", "INDICATOR"];
        dimensions.extend(self.items.then_some("ITEM"));
        dimensions.extend(self.vintages.then_some("VINTAGE"));
        dimensions
    }

    /// The attributes, each of every observation.
    #[must_use]
    pub fn attributes(self) -> Vec<&'static str> {
        let mut attributes = ATTRIBUTES.to_vec();
        attributes.extend((!self.vintages).then_some(LOG_INDEX));
        attributes
    }

    /// The headings of SDMX-CSV.
    #[must_use]
    pub fn headings(self) -> Vec<&'static str> {
        let mut headings = vec!["STRUCTURE", "STRUCTURE_ID", "ACTION"];
        headings.extend(self.dimensions());
        headings.extend(["TIME_PERIOD", "OBS_VALUE"]);
        headings.extend(self.attributes());
        headings
    }

    /// The values of an observation's dimensions before `TIME_PERIOD`.
    #[must_use]
    pub fn key(self, point: &Observed<'_>) -> Vec<String> {
        let Observed {
            slot, observation, ..
        } = point;
        let mut key = vec![
            frequency(slot.period.periodicity()).to_owned(),
            code_id(slot.unit.as_str()),
            observation.indicator.to_string(),
        ];
        if self.items {
            let item = observation.item.as_ref().map(ToString::to_string);
            key.push(item.unwrap_or_default());
        }
        if self.vintages {
            key.push(point.index.0.to_string());
        }
        key
    }

    /// The values of its attributes; empty where there is none.
    #[must_use]
    pub fn values(self, point: &Observed<'_>, catalogue: Option<&Catalogue>) -> Vec<String> {
        let observation = point.observation;
        let indicator = catalogue.and_then(|c| c.indicator(&observation.indicator));
        let measure = indicator.map(|i| code_id(i.unit_of_measure().as_str()));
        let decimals = observation.value.map(|value| value.scale().to_string());
        let mut values = vec![
            observation.status.letter().to_string(),
            measure.unwrap_or_default(),
            decimals.unwrap_or_default(),
            point.revision.to_string(),
            iso(point.received_at_ms),
        ];
        if !self.vintages {
            values.push(point.index.0.to_string());
        }
        values
    }
}

/// Who maintains a dataflow, and its version.
#[derive(Clone, Debug)]
pub struct Maintained {
    /// Who.
    pub agency: Agency,
    /// The version.
    pub version: String,
}

impl Maintained {
    /// One row of SDMX-CSV, in the order of [`Layout::headings`]. An absent value is an empty `OBS_VALUE` beside its status.
    #[must_use]
    pub fn record(
        &self,
        layout: Layout,
        point: &Observed<'_>,
        catalogue: Option<&Catalogue>,
    ) -> Vec<String> {
        let flow = flow_id(&point.slot.dataset, layout.vintages);
        let value = point.observation.value;
        let mut record = vec![
            "dataflow".to_owned(),
            format!("{}:{flow}({})", self.agency, self.version),
            "I".to_owned(),
        ];
        record.extend(layout.key(point));
        record.push(point.slot.period.to_string());
        record.push(value.map(|value| value.to_string()).unwrap_or_default());
        record.extend(layout.values(point, catalogue));
        record
    }
}

/// The attributes of every observation.
pub const ATTRIBUTES: [&str; 5] = [
    "OBS_STATUS",
    "UNIT_MEASURE",
    "DECIMALS",
    "REVISION",
    "LAST_UPDATE",
];
/// The attribute that says what is a dimension where there are vintages.
pub const LOG_INDEX: &str = "LOG_INDEX";

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

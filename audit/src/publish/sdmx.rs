//! SDMX-CSV 2.0 data messages, in the layout that [`granary_core::sdmx`] states.

use std::{fs::File, io::BufWriter, path::PathBuf};

use ::csv::Writer;
use granary_core::{
    catalogue::Dataset,
    decimal::Decimal,
    ledger::LogIndex,
    sdmx::{Layout, Maintained, Observed, version},
};

use super::{
    Aside, Plan, PublishError, Table,
    csv::{is_formula, writer},
    file::failed,
    rows::{Known, series::Point},
};

/// Writes observations. Owned by the table that is being written.
pub(super) struct SdmxSink<'a> {
    writer: Writer<BufWriter<File>>,
    path: PathBuf,
    known: &'a Known<'a>,
    layout: Layout,
    maintained: Maintained,
    formulas: u64,
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
        let published = known.journal.tally.published_index();
        let mut writer = writer(aside.writer()?);
        let headed = writer.write_record(layout.headings());
        headed.map_err(|error| aside.error(&error))?;
        Ok(Self {
            writer,
            path: aside.name().to_path_buf(),
            known,
            layout,
            maintained: Maintained {
                agency: plan.agency.clone(),
                version: version(LogIndex(published)),
            },
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
        let observed = Observed {
            slot: point.slot,
            observation: point.observation,
            revision: point.revision,
            index: point.index,
            received_at_ms: point.received_at_ms,
        };
        self.maintained
            .record(self.layout, &observed, self.known.catalogue())
    }
}

/// Whether a text that begins with a sign is a number, which no spreadsheet runs.
fn is_figure(text: &str) -> bool {
    Decimal::parse(text).is_ok()
}

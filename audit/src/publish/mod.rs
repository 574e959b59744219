//! Tables of what a journal holds, for programs that Granary's authors did not write: Parquet, CSV and SDMX-CSV.
//!
//! | module | holds |
//! |---|---|
//! | `column` | columns and cells, before they have a form |
//! | `rows` | the rows of each table, one at a time, from a replayed journal |
//! | `parquet`, `csv`, `sdmx` | the three forms |
//! | [`granary_core::sdmx::structure`] | the SDMX structures that the SDMX-CSV names |
//! | `file` | a file that has its name only when it is whole |
//!
//! Invariants: a table is a pure function of the journal, the instant and the filter, and so are its bytes; figures are exact
//! decimals in every form; what is absent is null or an empty cell, never a zero; memory has a bound that does not grow
//! with the table. `docs/EXPORTS.md` states every column.

mod column;
mod csv;
mod file;
mod parquet;
mod rows;
mod sdmx;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use granary_core::{
    completeness::{Filter, GroupBy},
    text::Bilingual,
};

use self::{
    column::{Cell, Column},
    csv::CsvSink,
    file::Aside,
    parquet::ParquetSink,
    rows::Known,
    sdmx::SdmxSink,
};
use crate::{
    progress::Progress,
    replay::{AnswerError, Replayed},
};

pub use granary_core::sdmx::{Agency, AgencyError};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Every figure as known at the instant.
    Series,
    /// Every figure of every valid snapshot received by the instant.
    Vintages,
    /// Every slot with its state at the instant.
    Slots,
    /// Every finding, as the journal's end has it.
    Findings,
    /// Every measure of reporting quality at the instant, for each group of slots.
    Measures,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values for people: cells are safe in a spreadsheet.
    Csv,
    /// SDMX-CSV 2.0, for programs.
    SdmxCsv,
}

/// What to write.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which table.
    pub table: Table,
    /// How.
    pub form: Form,
    /// Of which units, datasets and periods.
    pub filter: Filter,
    /// By what measures are grouped.
    pub by: GroupBy,
    /// As of this instant; where absent, when the last entry was received.
    pub as_of_ms: Option<i64>,
    /// Whether a CSV begins with a byte order mark.
    pub bom: bool,
    /// Who maintains the SDMX structures.
    pub agency: Agency,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows, without the heading.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Texts that a spreadsheet would take for formulas: made safe in CSV, left as they are in SDMX-CSV.
    pub formulas: u64,
    /// The instant.
    pub as_of_ms: i64,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The journal gives no answer.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The file cannot be written.
    #[error("cannot write {}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system, or the writer of the form, said.
        error: String,
    },
    /// The table has no such form.
    #[error("SDMX-CSV holds observations: write series or vintages, or another form")]
    NoObservations,
}

impl PublishError {
    /// What happened.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Answer(error) => return error.message(),
            Self::File { path, error } => format!("无法写入 {}：{error}", path.display()),
            Self::NoObservations => {
                "SDMX-CSV 只容纳数据：请写 series 或 vintages，或换一种格式".to_owned()
            }
        };
        Bilingual::new(zh, self.to_string())
    }
}

/// What takes the rows of a table.
enum Sink {
    Parquet(Box<ParquetSink>),
    Csv(Box<CsvSink>),
}

/// Writes a table. A file of the name is replaced once the new one is whole.
///
/// # Errors
/// [`PublishError`]; the file of the name is then what it was.
pub fn write(
    journal: &Replayed,
    plan: &Plan,
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, PublishError> {
    let known = Known::new(journal, plan);
    let aside = Aside::create(path)?;
    let (rows, formulas) = match (plan.form, plan.table) {
        (Form::SdmxCsv, Table::Series | Table::Vintages) => {
            observations(&known, plan, &aside, progress)?
        }
        (Form::SdmxCsv, Table::Slots | Table::Findings | Table::Measures) => {
            return Err(PublishError::NoObservations);
        }
        (Form::Parquet | Form::Csv, _) => table(&known, plan, &aside, progress)?,
    };
    Ok(Written {
        rows,
        bytes: aside.keep()?,
        formulas,
        as_of_ms: known.as_of_ms,
    })
}

/// Writes a text in the same way; says how many bytes it has.
///
/// # Errors
/// [`PublishError::File`]; the file of the name is then what it was.
pub fn write_text(path: &Path, text: &str) -> Result<u64, PublishError> {
    let aside = Aside::create(path)?;
    let mut file = aside.writer()?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
    written.map_err(|error| aside.error(&error))?;
    aside.keep()
}

fn table(
    known: &Known<'_>,
    plan: &Plan,
    aside: &Aside,
    progress: &mut dyn FnMut(Progress),
) -> Result<(u64, u64), PublishError> {
    let columns = rows::columns(known, plan.table);
    let mut sink = Sink::new(known, plan, &columns, aside)?;
    let mut rows = 0;
    rows::each(known, plan, &mut |cells| {
        sink.row(cells)?;
        rows += 1;
        progress(known.progress(rows));
        Ok(())
    })?;
    Ok((rows, sink.finish()?))
}

fn observations(
    known: &Known<'_>,
    plan: &Plan,
    aside: &Aside,
    progress: &mut dyn FnMut(Progress),
) -> Result<(u64, u64), PublishError> {
    let mut sink = SdmxSink::new(known, plan, aside)?;
    let mut rows = 0;
    rows::series::each(known, plan.table == Table::Vintages, &mut |point| {
        sink.observation(point)?;
        rows += 1;
        progress(known.progress(rows));
        Ok(())
    })?;
    Ok((rows, sink.finish()?))
}

impl Sink {
    fn new(
        known: &Known<'_>,
        plan: &Plan,
        columns: &[Column],
        aside: &Aside,
    ) -> Result<Self, PublishError> {
        if plan.form == Form::Parquet {
            let facts = known.facts(plan.table);
            let sink = ParquetSink::new(columns, &facts, aside)?;
            return Ok(Self::Parquet(Box::new(sink)));
        }
        let sink = CsvSink::new(columns, plan.bom, aside)?;
        Ok(Self::Csv(Box::new(sink)))
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<(), PublishError> {
        match self {
            Self::Parquet(sink) => sink.row(cells),
            Self::Csv(sink) => sink.row(&cells),
        }
    }

    /// Ends the table; says how many texts would have been taken for formulas.
    fn finish(self) -> Result<u64, PublishError> {
        match self {
            Self::Parquet(sink) => sink.finish().map(|()| 0),
            Self::Csv(sink) => sink.finish(),
        }
    }
}

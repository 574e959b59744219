//! CSV for people (RFC 4180): commas, CRLF, quotes where they are needed, UTF-8, optionally with a byte order mark.
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@` as a formula, and so do some with a tab, a line end or the
//! full-width form of these signs before it (OWASP, "CSV injection"). So a text that begins with one of them gets an
//! apostrophe in front, and a text that begins with an apostrophe gets another one: who takes one leading apostrophe off
//! every text has the texts as they were. Figures, counts, dates and instants are made by this program and are written as they are.

use std::{
    borrow::Cow,
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use ::csv::{Terminator, Writer, WriterBuilder};
use granary_core::sdmx::iso;

use super::{Aside, Cell, Column, PublishError, file::failed};

/// What Excel needs to see to read UTF-8 as such.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Writes the rows of a table. Owned by the table that is being written.
pub(super) struct CsvSink {
    writer: Writer<BufWriter<File>>,
    path: PathBuf,
    formulas: u64,
}

impl CsvSink {
    pub(super) fn new(columns: &[Column], bom: bool, aside: &Aside) -> Result<Self, PublishError> {
        let mut file = aside.writer()?;
        if bom {
            file.write_all(BOM).map_err(|error| aside.error(&error))?;
        }
        let mut writer = writer(file);
        let headings = columns.iter().map(|column| column.name);
        writer
            .write_record(headings)
            .map_err(|error| aside.error(&error))?;
        Ok(Self {
            writer,
            path: aside.name().to_path_buf(),
            formulas: 0,
        })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), PublishError> {
        for cell in cells {
            let text = text(cell);
            if matches!(cell, Cell::Text(text) if is_formula(text)) {
                self.formulas += 1;
            }
            let written = self.writer.write_field(text.as_bytes());
            written.map_err(|error| failed(&self.path, &error))?;
        }
        let ended = self.writer.write_record(None::<&[u8]>);
        ended.map_err(|error| failed(&self.path, &error))
    }

    pub(super) fn finish(mut self) -> Result<u64, PublishError> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| failed(&self.path, &error))?;
        Ok(self.formulas)
    }
}

/// A writer of lines as RFC 4180 has them.
pub(super) fn writer(file: BufWriter<File>) -> Writer<BufWriter<File>> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(file)
}

fn text(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Nothing => "".into(),
        Cell::Text(text) if is_formula(text) || text.starts_with('\'') => format!("'{text}").into(),
        Cell::Text(text) => text.into(),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Instant(at_ms) => iso(*at_ms).into(),
        Cell::Day(day) => day.to_string().into(),
        Cell::Flag(true) => "true".into(),
        Cell::Flag(false) => "false".into(),
        Cell::Figure(figure) => figure.to_string().into(),
    }
}

/// Whether a spreadsheet would take a text for a formula.
pub(super) fn is_formula(text: &str) -> bool {
    const SIGNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    text.starts_with(SIGNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_safe_and_can_be_had_back() {
        let check = |cell: &str, written: &str| {
            let cell = Cell::Text(cell.into());
            assert_eq!(text(&cell), written);
            let Cell::Text(cell) = cell else { return };
            assert_eq!(written.strip_prefix('\'').unwrap_or(written), cell);
            assert!(!is_formula(written), "{written}");
        };
        check("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")");
        check("+86", "'+86");
        check("-5", "'-5");
        check("@cmd", "'@cmd");
        check("\t=1", "'\t=1");
        check("＝1", "'＝1");
        check("'=1", "''=1");
        check("贵阳 = 筑", "贵阳 = 筑");
        check("520100", "520100");
    }

    #[test]
    fn figures_are_written_as_they_are() {
        let figure = granary_core::decimal::Decimal::parse("-0.50").unwrap();
        assert_eq!(text(&Cell::Figure(figure)), "-0.50");
        assert_eq!(text(&Cell::Instant(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(&Cell::Nothing), "");
    }
}

//! The second pass: the records of a delimited text, one at a time, with the row that a spreadsheet shows.
//!
//! The separator (`,`, `;` or tab) is the one that occurs most often in the line of headings. Memory is bounded by
//! [`RECORD_BYTES_MAX`]: a quotation mark that is never closed would otherwise swallow the whole file into one cell.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    path::Path,
    rc::Rc,
};

use csv::StringRecord;

use super::{
    encoding::{Encoding, Utf8Text},
    fault::{Fault, Place, say},
};

/// The longest record, in bytes.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// The most rows of a sheet; a text is read in a stream and has no such limit.
pub const ROWS_MAX: u64 = 200_000;
/// The most columns of a file.
pub const COLUMNS_MAX: usize = 1_000;
/// What `csv` may have read ahead beyond the record.
const READ_AHEAD_BYTES: usize = 8 * 1024;
const BUDGET_SPENT: &str = "record too long";

/// The records of one file.
pub(super) struct Records {
    reader: csv::Reader<Metered<Utf8Text<File>>>,
    meter: Rc<RefCell<Meter>>,
    separator: u8,
    /// Line ends inside of quoted cells so far: a spreadsheet does not count them as rows.
    inner_lines: u64,
    /// The row of the last record.
    row: u64,
}

impl Records {
    /// Opens a file whose beginning is `head`.
    ///
    /// # Errors
    /// Those of opening the file.
    pub(super) fn open(path: &Path, encoding: Encoding, head: &str) -> io::Result<Self> {
        let separator = separator(head);
        let meter = Rc::new(RefCell::new(Meter::default()));
        let source = Metered {
            inner: Utf8Text::new(File::open(path)?, encoding),
            meter: Rc::clone(&meter),
        };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .buffer_capacity(READ_AHEAD_BYTES)
            .from_reader(source);
        Ok(Self {
            reader,
            meter,
            separator,
            inner_lines: 0,
            row: 0,
        })
    }

    /// The separator in use.
    #[must_use]
    pub(super) const fn separator(&self) -> char {
        self.separator as char
    }

    /// Reads the next record and gives its row; `None` at the end.
    ///
    /// # Errors
    /// A fault that ends the reading, or an error of the disk.
    pub(super) fn next(&mut self, record: &mut StringRecord) -> Result<Option<u64>, RecordError> {
        self.meter.borrow_mut().left = RECORD_BYTES_MAX + READ_AHEAD_BYTES;
        let more = self
            .reader
            .read_record(record)
            .map_err(|error| self.told(error))?;
        if !more {
            return Ok(None);
        }
        let last_line = self
            .meter
            .borrow_mut()
            .line_before(self.reader.position().byte());
        self.inner_lines += record.iter().map(line_ends).sum::<u64>();
        self.row = last_line.saturating_sub(self.inner_lines);
        if record.len() > COLUMNS_MAX {
            return Err(too_many_columns(self.row));
        }
        Ok(Some(self.row))
    }

    fn told(&self, error: csv::Error) -> RecordError {
        if error.to_string().contains(BUDGET_SPENT) {
            return RecordError::Fault(Box::new(Fault::new(
                Place::row(self.row + 1),
                say!(
                    "从这一行起有一个引号没有配对，或一行超过 1 MB",
                    "from this row on a quotation mark is not closed, or a row has more than 1 MB"
                ),
                say!(
                    "检查该行附近的英文双引号，补上或删去",
                    "look for a double quotation mark near that row; close or remove it"
                ),
            )));
        }
        // Of the reader's errors only those of reading can come: bytes that are not UTF-8 were found by the first pass, and
        // rows of any length are taken.
        RecordError::Io(io::Error::from(error))
    }
}

/// Why reading stops.
#[derive(Debug)]
pub(super) enum RecordError {
    /// The file is at fault.
    Fault(Box<Fault>),
    /// The disk is.
    Io(io::Error),
}

fn too_many_columns(row: u64) -> RecordError {
    RecordError::Fault(Box::new(Fault::new(
        Place::row(row),
        say!("超过 {COLUMNS_MAX} 列", "more than {COLUMNS_MAX} columns"),
        say!(
            "删去多余的空列，或拆成几个文件",
            "remove superfluous empty columns, or split the file"
        ),
    )))
}

/// The separator that occurs most often, outside of quotation marks, in the first line that is neither empty nor metadata.
fn separator(head: &str) -> u8 {
    let is_heading =
        |line: &&str| !line.trim().is_empty() && !line.trim_start_matches('"').starts_with('#');
    let line = head
        .trim_start_matches('\u{feff}')
        .lines()
        .find(is_heading)
        .unwrap_or_default();
    let outside: String = line.split('"').step_by(2).collect();
    let count = |separator: &u8| outside.bytes().filter(|b| b == separator).count();
    // The last of equals wins, so the comma comes last.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(b',')
}

/// What passes through the reader: how much a record may still take, and where lines end. The `csv` crate's own line numbers
/// are those before the empty lines that it skips.
#[derive(Default)]
struct Meter {
    left: usize,
    /// Bytes seen.
    offset: u64,
    /// Offsets of line ends that no record has passed yet.
    ends: VecDeque<u64>,
    /// Line ends passed.
    passed: u64,
    after_return: bool,
}

impl Meter {
    fn see(&mut self, bytes: &[u8]) {
        self.left = self.left.saturating_sub(bytes.len());
        // A carriage return alone ends a line too, as older spreadsheets on a Mac write it; whether one is alone the next byte says.
        let Some(first) = bytes.first() else { return };
        if self.after_return && *first != b'\n' {
            self.ends.push_back(self.offset.saturating_sub(1));
        }
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let is_alone = bytes.get(at + 1).is_some_and(|next| *next != b'\n');
            if bytes.get(at) == Some(&b'\n') || is_alone {
                self.ends.push_back(self.offset + at as u64);
            }
        }
        self.after_return = bytes.last() == Some(&b'\r');
        self.offset += bytes.len() as u64;
    }

    /// The line of the last byte before `end`, from 1; a line end that is that byte itself belongs to its line.
    fn line_before(&mut self, end: u64) -> u64 {
        while self.ends.front().is_some_and(|at| at + 1 < end) {
            self.ends.pop_front();
            self.passed += 1;
        }
        self.passed + 1
    }
}

/// Line ends in a cell, where a carriage return and a line feed together are one.
fn line_ends(cell: &str) -> u64 {
    if memchr::memchr2(b'\n', b'\r', cell.as_bytes()).is_none() {
        return 0;
    }
    let feeds = cell.bytes().filter(|b| *b == b'\n').count();
    let returns = cell.bytes().filter(|b| *b == b'\r').count();
    (feeds + returns - cell.matches("\r\n").count()) as u64
}

/// A reader that stops when a record has had its share.
struct Metered<R> {
    inner: R,
    meter: Rc<RefCell<Meter>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut meter = self.meter.borrow_mut();
        if meter.left == 0 {
            return Err(io::Error::other(BUDGET_SPENT));
        }
        let most = buffer.len().min(meter.left);
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let count = self.inner.read(buffer)?;
        meter.see(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<(u64, Vec<String>)>, RecordError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let mut records = Records::open(&path, Encoding::Utf8, text).unwrap();
        let (mut record, mut all) = (StringRecord::new(), Vec::new());
        while let Some(row) = records.next(&mut record)? {
            all.push((row, record.iter().map(str::to_owned).collect()));
        }
        Ok(all)
    }

    #[test]
    fn the_separator_is_that_of_the_headings() {
        assert_eq!(separator("# a: x;y;z\na,b\n"), b',');
        assert_eq!(separator("a;b;c\n1,5;2,5;\n"), b';');
        assert_eq!(separator("a\tb\n"), b'\t');
        assert_eq!(separator("\"a;b;c\",d\n"), b',');
        assert_eq!(separator(""), b',');
    }

    #[test]
    fn rows_are_those_of_a_spreadsheet() {
        let rows = |text: &str| {
            records(text)
                .unwrap()
                .iter()
                .map(|(row, _)| *row)
                .collect::<Vec<_>>()
        };
        assert_eq!(rows("a,b\n\n1,\"two\nlines\"\n3,4"), [1, 3, 4]);
        assert_eq!(
            rows("a,b\r\n\r\n\r\n1,\"two\r\nlines\"\r\n3,4\r\n\r\n5,6\r\n"),
            [1, 4, 5, 7]
        );
        assert_eq!(rows("a,b\r1,2\r3,4"), [1, 2, 3]);
        assert_eq!(rows("\n\na,b\n"), [3]);
        assert_eq!(rows("\u{feff}a,b\n1,2\n"), [1, 2]);
    }

    #[test]
    fn line_ends_are_the_same_however_the_text_is_cut() {
        let text = b"a\rb\r\nc\n\r\r\nd\r";
        let ends = |cut: usize| {
            let mut meter = Meter::default();
            text.chunks(cut).for_each(|part| meter.see(part));
            meter.ends.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(ends(text.len()), [1, 4, 6, 7, 9]);
        for cut in 1..text.len() {
            assert_eq!(ends(cut), ends(text.len()), "{cut}");
        }
    }

    #[test]
    fn an_unclosed_quotation_mark_does_not_swallow_the_file() {
        let text = format!("a,b\n1,2\n\"3,4\n{}", "5,6\n".repeat(600_000));
        let Err(RecordError::Fault(fault)) = records(&text) else {
            panic!("taken")
        };
        assert!(fault.problem.zh.contains("引号") && fault.remedy.en.contains("quotation mark"));
        assert!(fault.place.row.unwrap() <= 3, "{fault:?}");
    }

    #[test]
    fn columns_have_a_limit_and_rows_have_none() {
        assert_eq!(records(&"1\n".repeat(200_001)).unwrap().len(), 200_001);
        let Err(RecordError::Fault(fault)) = records(&",".repeat(1_000)) else {
            panic!("taken")
        };
        assert!(fault.problem.zh.contains("1000 列"));
    }
}

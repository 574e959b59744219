//! Tables for the disk: CSV for anybody, and workbooks with real numbers and dates for whoever counts on.
//!
//! Headings are in the page's language, rows are those of the page with its filters. No cell is run as a formula: in CSV, words that a
//! spreadsheet would take for one get an apostrophe in front; in a workbook, words are words by their type. A figure that a workbook's binary
//! numbers cannot hold exactly stays text: nothing is rounded.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use granary_core::decimal::Decimal;
use jiff::civil::DateTime;
use maud::{Markup, html};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{problem::Problem, view::Frame};

const CSV: &str = "text/csv; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Significant digits that a binary number holds exactly, whatever they are.
const DIGITS_MAX: usize = 15;
/// The most rows of a sheet, without its heading.
const ROWS_MAX: usize = 1_048_575;
/// The longest text of a cell, in characters: each may take two of the 32,767 units that a workbook allows.
const CELL_CHARS_MAX: usize = 16_000;
/// The longest name of a sheet, in characters.
const SHEET_NAME_MAX: usize = 31;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Xlsx,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told<'c> {
    Words(&'c str),
    /// A number, maybe with a sign for per cent, or what stands for none.
    Figure(&'c str),
    /// An instant: as it is shown, and as a date and time.
    Moment(&'c str, DateTime),
}

/// Links to both files of a table; the page's filters stay in them.
pub(super) fn links(frame: &Frame<'_>, code: &str) -> Markup {
    html! {
        a href=(frame.visitor.with("csv", code)) download { "CSV" } " "
        a href=(frame.visitor.with("csv", &format!("{code}.xlsx"))) download { "XLSX" }
    }
}

impl Form {
    /// The table and the kind of file that an address asks for.
    pub(super) fn of(wanted: &str) -> (&str, Self) {
        let workbook = wanted.strip_suffix(".xlsx");
        workbook.map_or((wanted, Self::Csv), |code| (code, Self::Xlsx))
    }

    /// The file of a table.
    pub(super) fn write(
        self,
        code: &str,
        label: &str,
        headings: &[&str],
        rows: &[Vec<Told<'_>>],
    ) -> Result<Response, Problem> {
        let (ending, kind, bytes) = match self {
            Self::Csv => {
                let bytes = csv(headings, rows).map_err(|error| Problem::Failed(error.to_string()));
                ("csv", CSV, bytes?)
            }
            Self::Xlsx => {
                let bytes = xlsx(label, headings, rows);
                let bytes = bytes.map_err(|error| Problem::Failed(error.to_string()));
                ("xlsx", XLSX, bytes?)
            }
        };
        let disposition = format!("attachment; filename=\"{code}.{ending}\"");
        let disposition = HeaderValue::from_str(&disposition);
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (
                header::CONTENT_DISPOSITION,
                disposition.unwrap_or(HeaderValue::from_static("attachment")),
            ),
        ];
        Ok((headers, bytes).into_response())
    }
}

/// UTF-8 with the mark by which spreadsheets know it.
fn csv(headings: &[&str], rows: &[Vec<Told<'_>>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]);
    writer.write_record(headings)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| field(*cell)))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// As the auditor's files write words (docs/EXPORTS.md): one apostrophe taken off each, and they are as they were.
fn field(cell: Told<'_>) -> String {
    const SIGNS: [char; 12] = [
        '=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', '\'',
    ];
    let (text, is_words) = match cell {
        Told::Words(text) => (text, true),
        Told::Figure(text) => (text, number(text).is_none()),
        Told::Moment(text, _) => (text, false),
    };
    // A figure with more digits than a binary number holds is one all the same.
    let is_formula = is_words && text.starts_with(SIGNS) && Decimal::parse(text).is_err();
    if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn xlsx(label: &str, headings: &[&str], rows: &[Vec<Told<'_>>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(sheet_name(label))?;
    let bold = Format::new().set_bold();
    for (column, heading) in (0..).zip(headings) {
        sheet.write_string_with_format(0, column, *heading, &bold)?;
    }
    for (row, cells) in (1..).zip(rows.iter().take(ROWS_MAX)) {
        for (column, cell) in (0..).zip(cells) {
            write(sheet, (row, column), *cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    let last = u16::try_from(headings.len()).unwrap_or(1).saturating_sub(1);
    let end = u32::try_from(rows.len().min(ROWS_MAX)).unwrap_or(0);
    sheet.autofilter(0, 0, end, last)?;
    sheet.autofit();
    workbook.save_to_buffer()
}

fn write(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: Told<'_>,
) -> Result<(), XlsxError> {
    let words = |sheet: &mut Worksheet, text: &str| {
        let short: String = text.chars().take(CELL_CHARS_MAX).collect();
        sheet.write_string(row, column, short).map(drop)
    };
    match cell {
        Told::Words(text) => words(sheet, text),
        Told::Figure(text) => match number(text) {
            Some((value, form)) => {
                let form = Format::new().set_num_format(form);
                let written = sheet.write_number_with_format(row, column, value, &form);
                written.map(drop)
            }
            None => words(sheet, text),
        },
        Told::Moment(text, at) => match moment(at) {
            Ok(at) => {
                let form = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
                let written = sheet.write_datetime_with_format(row, column, &at, &form);
                written.map(drop)
            }
            Err(_) => words(sheet, text),
        },
    }
}

/// A figure as a binary number that is exactly it, and the form that shows its digits; `None` for what is none.
fn number(text: &str) -> Option<(f64, String)> {
    let (digits, unit) = match text.strip_suffix(" %") {
        Some(digits) => (digits, "\" %\""),
        None => (text, ""),
    };
    let decimal = Decimal::parse(digits).ok()?;
    let count = decimal.mantissa().unsigned_abs().to_string().len();
    if count > DIGITS_MAX {
        return None;
    }
    let value = digits.parse().ok()?;
    let places = usize::from(decimal.scale());
    let point = if places > 0 { "." } else { "" };
    Some((value, format!("0{point}{}{unit}", "0".repeat(places))))
}

fn moment(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    let year = u16::try_from(at.year()).unwrap_or(0);
    let day = ExcelDateTime::from_ymd(year, part(at.month()), part(at.day()))?;
    let hour = u16::from(part(at.hour()));
    day.and_hms(hour, part(at.minute()), part(at.second()))
}

/// A sheet's name has no `[ ] : * ? / \`, and is short.
fn sheet_name(label: &str) -> String {
    const NOT: [char; 8] = ['[', ']', ':', '*', '?', '/', '\\', '\''];
    let plain = label.chars().filter(|c| !NOT.contains(c));
    plain.take(SHEET_NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};

    use super::*;

    const FORMULA: &str = "=HYPERLINK(\"http://evil.example\")";
    const SHOWN: &str = "2022-04-08 12:00";

    fn rows() -> Vec<Vec<Told<'static>>> {
        let at = jiff::civil::date(2022, 4, 8).at(12, 0, 0, 0);
        let row = |words, figure| {
            vec![
                Told::Words(words),
                Told::Figure(figure),
                Told::Moment(SHOWN, at),
            ]
        };
        vec![
            row(FORMULA, "-12.50"),
            row("贵阳市", "-1234567890123456.7"),
            row("'quoted", "98.2 %"),
            row("－1", "—"),
            row("plain", "-2+3"),
        ]
    }

    #[test]
    fn words_are_no_formulas_and_figures_stay_figures() {
        let bytes = csv(&["名称", "数值", "时间"], &rows()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let text = text.strip_prefix('\u{feff}').unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let told: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let first: Vec<&str> = told.iter().map(|row| row[0].as_str()).collect();
        let guarded = format!("'{FORMULA}");
        assert_eq!(first, [&guarded, "贵阳市", "''quoted", "'－1", "plain"]);
        let second: Vec<&str> = told.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(
            second,
            ["-12.50", "-1234567890123456.7", "98.2 %", "—", "'-2+3"]
        );
    }

    #[test]
    fn a_workbook_holds_numbers_dates_and_words() {
        let bytes = xlsx("一/二[*]", &["名称", "数值", "时间"], &rows()).unwrap();
        let mut book: Xlsx<_> = open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let name = book.sheet_names()[0].clone();
        assert_eq!(name, "一二");
        let sheet = book.worksheet_range(&name).unwrap();
        let at = |row, column| sheet.get_value((row, column)).unwrap().clone();
        assert_eq!(at(0, 0), Data::String("名称".into()));
        assert_eq!(at(1, 0), Data::String(FORMULA.into()));
        assert_eq!(at(1, 1), Data::Float(-12.5));
        let exact = Data::String("-1234567890123456.7".into());
        assert_eq!(at(2, 1), exact, "never rounded");
        assert_eq!(at(3, 1), Data::Float(98.2));
        assert_eq!(at(4, 1), Data::String("—".into()));
        assert!(matches!(at(1, 2), Data::DateTime(_)), "{:?}", at(1, 2));
        assert!(book.worksheet_formula(&name).unwrap().is_empty());
    }

    #[test]
    fn an_address_names_the_table_and_the_kind_of_file() {
        assert_eq!(Form::of("late"), ("late", Form::Csv));
        assert_eq!(Form::of("late.xlsx"), ("late", Form::Xlsx));
    }
}

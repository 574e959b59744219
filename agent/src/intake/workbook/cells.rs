//! Cells of a workbook as texts, row by row.
//!
//! A number in a cell is an IEEE 754 double; its text is the shortest decimal number that reads back as that double, and of a cell that
//! is shown as a percentage a hundred times that with `%` behind it. Dates are written as dates, errors as the errors that they show, and
//! a formula without a result as `=`. From here on there are only texts, as in a CSV file.
//!
//! Sheets of `.xlsx` are streamed. `.xls` and `.ods` are held in memory whole, within what `container` and `ods_cells` allow.

use std::{
    collections::BTreeSet,
    fs::File,
    io::BufReader,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use calamine::{
    CellErrorType, Data, DataRef, Dimensions, ExcelDateTime, Ods, OdsError, Range, Reader, Sheet,
    SheetType, SheetVisible, Xls, XlsError, Xlsx, XlsxError,
};
use csv::StringRecord;

use super::{
    super::{
        fault::{Fault, say},
        number::{BINARY, is_long},
        records::{COLUMNS_MAX, ROWS_MAX},
    },
    container::{Contents, Kind, damaged, locked},
};

/// The most formulas without a result that are looked for in a sheet.
const UNCOMPUTED_MAX: usize = 10_000;

type Input = BufReader<File>;

/// An open workbook.
pub(super) struct Book {
    form: Form,
    has_formulas: bool,
}

enum Form {
    Xlsx(Box<Xlsx<Input>>),
    Xls(Box<Xls<Input>>),
    Ods(Box<Ods<Input>>),
}

/// What a row's reader says: go on, or that is enough.
pub(super) enum Next {
    Go,
    Stop,
}

/// A row's reader: the row's number as a spreadsheet shows it, and its texts.
pub(super) type Each<'e> = &'e mut dyn FnMut(u64, &StringRecord) -> Next;

impl Book {
    /// Opens a workbook.
    ///
    /// # Errors
    /// A fault where it needs a password or is damaged.
    pub(super) fn open(path: &Path, kind: Kind, contents: Contents) -> Result<Self, Box<Fault>> {
        let form = guarded(|| open(path, kind, contents))?;
        Ok(Self {
            form,
            has_formulas: contents.has_formulas,
        })
    }

    /// Whether a cell that is shown as a percentage can be told from others.
    pub(super) const fn hides_percent(&self) -> bool {
        !matches!(self.form, Form::Xlsx(_))
    }

    /// The names of the sheets, and whether each is hidden; charts and the like are none.
    pub(super) fn sheets(&self) -> Vec<(String, bool)> {
        let sheets = match &self.form {
            Form::Xlsx(book) => book.sheets_metadata(),
            Form::Xls(book) => book.sheets_metadata(),
            Form::Ods(book) => book.sheets_metadata(),
        };
        let tables = sheets.iter().filter(|s| s.typ == SheetType::WorkSheet);
        let named = |s: &Sheet| (s.name.clone(), s.visible != SheetVisible::Visible);
        tables.map(named).collect()
    }

    /// The merged cells of a sheet; none where the format does not tell.
    pub(super) fn merges(&mut self, sheet: &str) -> Vec<Dimensions> {
        let found = match &mut self.form {
            Form::Xlsx(book) => guarded(|| {
                book.merge_cells_by_sheet_name(sheet)
                    .map_err(|e| xlsx_fault(&e))
            }),
            Form::Xls(book) => guarded(|| {
                book.merge_cells_by_sheet_name(sheet)
                    .map_err(|e| xls_fault(&e))
            }),
            Form::Ods(_) => Ok(Vec::new()),
        };
        // A sheet reads well enough without them, and a fault of the sheet itself will be told by its rows.
        found.unwrap_or_default()
    }

    /// Hands every row that has a text to `each`, in order, until it has enough.
    ///
    /// # Errors
    /// A fault where the sheet is damaged or too large.
    pub(super) fn rows(&mut self, sheet: &str, each: Each<'_>) -> Result<(), Box<Fault>> {
        let has_formulas = self.has_formulas;
        match &mut self.form {
            Form::Xlsx(book) => guarded(|| {
                let uncomputed = match has_formulas {
                    true => uncomputed(book, sheet).map_err(|e| xlsx_fault(&e))?,
                    false => BTreeSet::new(),
                };
                stream(book, sheet, &uncomputed, each)
            }),
            Form::Xls(book) => {
                let range = guarded(|| book.worksheet_range(sheet).map_err(|e| xls_fault(&e)))?;
                held(&range, each)
            }
            Form::Ods(book) => {
                let range = guarded(|| book.worksheet_range(sheet).map_err(|e| ods_fault(&e)))?;
                held(&range, each)
            }
        }
    }
}

fn open(path: &Path, kind: Kind, contents: Contents) -> Result<Form, Box<Fault>> {
    let input = || {
        File::open(path)
            .map(BufReader::new)
            .map_err(|e| damaged(&e.to_string()))
    };
    if contents.is_ods {
        return Ods::new(input()?)
            .map(|b| Form::Ods(Box::new(b)))
            .map_err(|e| ods_fault(&e));
    }
    // An encrypted .xlsx is a compound file, which the reader of .xlsx knows.
    match (Xlsx::new(input()?), kind) {
        (Ok(book), _) => Ok(Form::Xlsx(Box::new(book))),
        (Err(XlsxError::Password), _) => Err(locked()),
        (Err(error), Kind::Archive) => Err(xlsx_fault(&error)),
        (Err(_), Kind::Compound) => Xls::new(input()?)
            .map(|b| Form::Xls(Box::new(b)))
            .map_err(|e| xls_fault(&e)),
    }
}

/// A reader of damaged files may panic; that is a fault of the file, not the end of the agent.
fn guarded<T>(read: impl FnOnce() -> Result<T, Box<Fault>>) -> Result<T, Box<Fault>> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged("panic")))
}

fn xlsx_fault(error: &XlsxError) -> Box<Fault> {
    if matches!(error, XlsxError::Password) {
        return locked();
    }
    damaged(&error.to_string())
}

fn xls_fault(error: &XlsError) -> Box<Fault> {
    if matches!(error, XlsError::Password) {
        return locked();
    }
    damaged(&error.to_string())
}

fn ods_fault(error: &OdsError) -> Box<Fault> {
    if matches!(error, OdsError::Password) {
        return locked();
    }
    damaged(&error.to_string())
}

/// Gathers the cells of one row.
struct Gathering {
    row: Option<u32>,
    texts: Vec<String>,
}

impl Gathering {
    /// Hands on the row, if it has a text.
    fn flush(&mut self, each: &mut dyn FnMut(u64, &StringRecord) -> Next) -> Next {
        let Some(row) = self.row.take() else {
            return Next::Go;
        };
        let texts = std::mem::take(&mut self.texts);
        match texts.is_empty() {
            true => Next::Go,
            false => each(u64::from(row) + 1, &StringRecord::from(texts)),
        }
    }

    fn put(&mut self, column: u32, text: String) -> Result<(), Box<Fault>> {
        let index = column as usize;
        if index >= COLUMNS_MAX {
            return Err(too_much(("列", "columns"), COLUMNS_MAX as u64));
        }
        if self.texts.len() <= index {
            self.texts.resize(index + 1, String::new());
        }
        if let Some(place) = self.texts.get_mut(index) {
            *place = text;
        }
        Ok(())
    }
}

fn too_much(what: (&str, &str), max: u64) -> Box<Fault> {
    let (zh, en) = what;
    Box::new(Fault::of_file(
        say!(
            "工作表超过 {max} {zh}",
            "the sheet has more than {max} {en}"
        ),
        say!(
            "删去多余的{zh}，或拆成几个文件",
            "remove superfluous {en}, or split the file"
        ),
    ))
}

fn stream(
    book: &mut Xlsx<Input>,
    sheet: &str,
    uncomputed: &BTreeSet<(u32, u32)>,
    each: Each<'_>,
) -> Result<(), Box<Fault>> {
    let fault = |error: XlsxError| xlsx_fault(&error);
    let mut cells = book.worksheet_cells_reader(sheet).map_err(fault)?;
    let percent: Vec<bool> = cells
        .styles()
        .iter()
        .map(|style| {
            style
                .number_format
                .as_ref()
                .is_some_and(|f| is_percent(&f.format_code))
        })
        .collect();
    let mut gathering = Gathering {
        row: None,
        texts: Vec::new(),
    };
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(fault)? {
        let (row, column) = cell.get_position();
        if u64::from(row) >= ROWS_MAX {
            return Err(too_much(("行", "rows"), ROWS_MAX));
        }
        if gathering.row != Some(row) {
            let earlier = gathering.row;
            if earlier.is_some_and(|earlier| earlier > row) {
                return Err(damaged("rows out of order"));
            }
            if let Next::Stop = gathering.flush(each) {
                return Ok(());
            }
            gathering.row = Some(row);
        }
        let is_percent = percent.get(style).copied().unwrap_or_default();
        let value = cell.get_value();
        let text = if *value == DataRef::Empty && uncomputed.contains(&(row, column)) {
            "=".to_owned()
        } else {
            text_of_ref(value, is_percent)
        };
        if !text.is_empty() {
            gathering.put(column, text)?;
        }
    }
    gathering.flush(each);
    Ok(())
}

/// Where formulas stand that nobody has calculated.
fn uncomputed(book: &mut Xlsx<Input>, sheet: &str) -> Result<BTreeSet<(u32, u32)>, XlsxError> {
    let mut cells = book.worksheet_cells_reader(sheet)?;
    let mut found = BTreeSet::new();
    while let Some(cell) = cells.next_cell_with_formula_metadata()? {
        if cell.formula.is_some() && cell.value == DataRef::Empty && found.len() < UNCOMPUTED_MAX {
            found.insert(cell.pos);
        }
    }
    Ok(found)
}

fn held(range: &Range<Data>, each: Each<'_>) -> Result<(), Box<Fault>> {
    let Some((top, left)) = range.start() else {
        return Ok(());
    };
    let mut gathering = Gathering {
        row: None,
        texts: Vec::new(),
    };
    for (offset, cells) in range.rows().enumerate() {
        let row = top as usize + offset;
        gathering.row = u32::try_from(row).ok();
        for (column, value) in cells.iter().enumerate() {
            let text = text_of(value);
            if text.is_empty() {
                continue;
            }
            if row as u64 >= ROWS_MAX {
                return Err(too_much(("行", "rows"), ROWS_MAX));
            }
            gathering.put(left + u32::try_from(column).unwrap_or(u32::MAX), text)?;
        }
        if let Next::Stop = gathering.flush(each) {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether a number format shows percentages: a `%` that is no literal.
fn is_percent(format: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in format.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' | '_' | '*' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return false,
            '%' if !quoted => return true,
            _ => {}
        }
    }
    false
}

fn text_of_ref(value: &DataRef<'_>, percent: bool) -> String {
    match value {
        DataRef::Int(number) if percent => percentage(&number.to_string()),
        DataRef::Float(number) if percent => percentage(&plain_number(*number)),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(flag) => bool_text(*flag),
        DataRef::DateTime(at) => date_text(at),
        DataRef::Error(error) => error_text(error),
        DataRef::Empty => String::new(),
    }
}

fn text_of(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_text(*number),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(flag) => bool_text(*flag),
        Data::DateTime(at) => date_text(at),
        Data::Error(error) => error_text(error),
        Data::Empty => String::new(),
    }
}

/// The shortest decimal number that reads back as the double, without an exponent.
fn number_text(number: f64) -> String {
    let text = plain_number(number);
    match is_long(&text) {
        true => format!("{text}{BINARY}"),
        false => text,
    }
}

fn plain_number(number: f64) -> String {
    // Minus zero is zero on every screen.
    if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// A hundred times the number, by moving the point, with `%` behind it.
fn percentage(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (up, rest) = fraction.split_at(fraction.len().min(2));
    let whole = format!("{whole}{up:0<2}");
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let mark = if is_long(text) {
        BINARY.to_string()
    } else {
        String::new()
    };
    match rest {
        "" => format!("{sign}{whole}%{mark}"),
        rest => format!("{sign}{whole}.{rest}%{mark}"),
    }
}

fn bool_text(flag: bool) -> String {
    if flag { "TRUE" } else { "FALSE" }.to_owned()
}

fn date_text(at: &ExcelDateTime) -> String {
    if at.is_duration() {
        return number_text(at.as_f64());
    }
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}

fn error_text(error: &CellErrorType) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_move_the_point() {
        for (text, expect) in [
            ("0.083", "8.3%"),
            ("-0.023121387283236993", "-2.3121387283236993%\u{2061}"),
            ("1", "100%"),
            ("0.5", "50%"),
            ("0", "0%"),
            ("12.345", "1234.5%"),
            ("0.001", "0.1%"),
        ] {
            assert_eq!(percentage(text), expect);
        }
        assert!(
            is_percent("0.00%")
                && is_percent("0%;-0%")
                && !is_percent("0\"%\"")
                && !is_percent("0\\%")
        );
        assert!(!is_percent("General") && !is_percent("0;0%"));
    }

    #[test]
    fn doubles_are_written_as_short_as_can_be() {
        for (number, expect) in [
            (3102.44, "3102.44"),
            (-0.0, "0"),
            (1e21, "1000000000000000000000"),
            (0.1 + 0.2, "0.30000000000000004\u{2061}"),
        ] {
            assert_eq!(number_text(number), expect);
        }
    }
}

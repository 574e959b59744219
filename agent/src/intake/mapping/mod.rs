//! The mapping file (对照文件), `mapping.toml` in the agent's folder: how the workbooks that a unit really has are read.
//!
//! It is the unit's own file; the city never sees it. `docs/INTAKE.md` tells each key with an example. A workbook to which no
//! `[[table]]` fits is read by its own headings, as one without a mapping file.
//!
//! The file is read anew for each workbook, so that a change counts at once. All faults are told at once, at the table and key.

mod raw;

use std::{collections::BTreeMap, fs, io::Read as _, path::Path};

pub(super) use self::raw::Target;
use self::raw::{RawFile, RawTable};
use super::{
    fault::{Fault, clip, say},
    names::folded,
};

/// The largest mapping file, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// What a key should be, in Chinese and English.
type Expected = (&'static str, &'static str);

const A_CELL: Expected = ("一个单元格，例如 B3", "a cell, for instance B3");
const AN_AREA: Expected = ("一个区域，例如 A3:F20", "an area, for instance A3:F20");
const A_COLUMN: Expected = (
    "列的字母，例如 C",
    "the letters of a column, for instance C",
);
const TARGETS: Expected = (
    "[table.columns]、[table.rows] 或 [table.cells] 之一",
    "one of [table.columns], [table.rows] and [table.cells]",
);

/// A cell: row from 1, column from 0.
pub(super) type CellAt = (u64, usize);

/// One table of a workbook, and what its words mean.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Its place in the file, from 1.
    pub(super) number: usize,
    /// What it says, with texts for codes.
    pub(super) raw: RawTable,
    /// The rectangle that is looked at: first and last cell.
    pub(super) range: Option<(CellAt, CellAt)>,
    pub(super) period_cell: Option<CellAt>,
    pub(super) unit_cell: Option<CellAt>,
    pub(super) measure_cell: Option<CellAt>,
    pub(super) label_column: usize,
    pub(super) value_column: Option<usize>,
    /// Cells with their targets.
    pub(super) cells: BTreeMap<CellAt, Target>,
}

/// Reads the mapping file; nothing where there is none.
///
/// # Errors
/// All faults of the file.
pub(super) fn load(path: &Path) -> Result<Vec<Table>, Vec<Fault>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(vec![unreadable(&error.to_string())]),
    };
    let mut text = String::new();
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| vec![unreadable(&error.to_string())])?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Table>, Vec<Fault>> {
    let text = text.trim_start_matches('\u{feff}');
    let raw: RawFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        vec![syntax(line, error.message())]
    })?;
    let mut faults = Vec::new();
    let tables = raw.table.into_iter().enumerate();
    let tables = tables
        .filter_map(|(at, raw)| Table::new(at + 1, raw, &mut faults))
        .collect();
    if faults.is_empty() {
        Ok(tables)
    } else {
        Err(faults)
    }
}

impl Table {
    fn new(number: usize, raw: RawTable, faults: &mut Vec<Fault>) -> Option<Self> {
        let before = faults.len();
        let cells = raw.cells.iter().filter_map(|(at, target)| {
            let at = checked(number, "cells", Some(at), &A_CELL, cell_at, faults)?;
            Some((at, target.clone()))
        });
        let cells = cells.collect();
        let mut cell = |key, text: &Option<String>| {
            checked(number, key, text.as_deref(), &A_CELL, cell_at, faults)
        };
        let period_cell = cell("period_cell", &raw.period_cell);
        let unit_cell = cell("unit_cell", &raw.unit_cell);
        let measure_cell = cell("measure_cell", &raw.measure_cell);
        let area = |text: &str| {
            let (first, last) = text.split_once(':')?;
            Some((cell_at(first)?, cell_at(last)?))
        };
        let range = checked(
            number,
            "range",
            raw.range.as_deref(),
            &AN_AREA,
            area,
            faults,
        );
        let mut column = |key, text: &Option<String>| {
            checked(number, key, text.as_deref(), &A_COLUMN, column_at, faults)
        };
        let label_column = column("label_column", &raw.label_column).unwrap_or_default();
        let value_column = column("value_column", &raw.value_column);
        if !raw.rows.is_empty() && raw.value_column.is_none() {
            faults.push(wrong(number, "value_column", "", &A_COLUMN));
        }
        if raw.columns.is_empty() && raw.rows.is_empty() && raw.cells.is_empty() {
            faults.push(wrong(number, "columns", "", &TARGETS));
        }
        (faults.len() == before).then_some(Self {
            number,
            range,
            period_cell,
            unit_cell,
            measure_cell,
            label_column,
            value_column,
            cells,
            raw,
        })
    }

    /// Whether the table is in a file and sheet of these names.
    pub(super) fn fits(&self, file: &str, sheet: &str) -> bool {
        let fits =
            |pattern: &Option<String>, name| pattern.as_ref().is_none_or(|p| matches(p, name));
        fits(&self.raw.file, file) && fits(&self.raw.sheet, sheet)
    }

    /// Whether a cell lies in the table's range.
    pub(super) fn holds(&self, row: u64, column: usize) -> bool {
        self.range.is_none_or(|((top, left), (bottom, right))| {
            (top..=bottom).contains(&row) && (left..=right).contains(&column)
        })
    }

    /// Where the table stands in the mapping file, for messages.
    pub(super) fn name(&self) -> String {
        format!("mapping.toml [[table]] {}", self.number)
    }
}

/// Whether a name is as the pattern says, where `*` stands for anything; case, width and white space do not count.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (folded(pattern), folded(name));
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// `B3` as a cell.
fn cell_at(text: &str) -> Option<CellAt> {
    let text = text.trim().trim_matches('$');
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = text.split_at(letters);
    let row: u64 = row.trim_start_matches('$').parse().ok()?;
    Some((Some(row).filter(|row| *row > 0)?, column_at(column)?))
}

/// `AB` as a column, from 0.
pub(super) fn column_at(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_uppercase();
    let is_right = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
    let number = |sum: usize, byte: u8| sum * 26 + usize::from(byte - b'A') + 1;
    is_right.then(|| text.bytes().fold(0, number) - 1)
}

fn unreadable(why: &str) -> Fault {
    let why = clip(why);
    Fault::of_file(
        say!(
            "对照文件 mapping.toml 读不出（{why}）",
            "mapping.toml cannot be read ({why})"
        ),
        say!(
            "检查该文件及其编码（UTF-8）",
            "check the file and that it is UTF-8"
        ),
    )
}

fn syntax(line: usize, why: &str) -> Fault {
    let why: String = why
        .chars()
        .take(160)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Fault::of_file(
        say!(
            "对照文件 mapping.toml 第 {line} 行有误：{why}",
            "mapping.toml, line {line}: {why}"
        ),
        say!(
            "按 docs/INTAKE.md 改正，或把该文件移走",
            "correct it as docs/INTAKE.md tells, or move the file away"
        ),
    )
}

/// The value of a key, if it is there and right.
fn checked<T>(
    number: usize,
    key: &str,
    text: Option<&str>,
    expected: &Expected,
    read: impl Fn(&str) -> Option<T>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let text = text?;
    let found = read(text);
    if found.is_none() {
        faults.push(wrong(number, key, text, expected));
    }
    found
}

fn wrong(number: usize, key: &str, found: &str, (zh, en): &Expected) -> Fault {
    let found = clip(found);
    Fault::of_file(
        say!(
            "对照文件 mapping.toml 第 {number} 个 [[table]] 的 {key}“{found}”不对",
            "mapping.toml, [[table]] {number}: {key} \"{found}\" is not right"
        ),
        say!("应为{zh}", "it should be {en}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_patterns() {
        assert_eq!(
            (
                cell_at("B3"),
                cell_at("$AB$12"),
                cell_at("3B"),
                cell_at("B0")
            ),
            (Some((3, 1)), Some((12, 27)), None, None)
        );
        for (pattern, name, expect) in [
            ("*C0202*", "shanghai-2017-c0202.xlsx", true),
            ("表*", "表二", true),
            ("*.xlsx", "a.xls", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("Sheet1", "sheet1", true),
            ("Sheet1", "Sheet11", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }

    #[test]
    fn all_faults_are_told_with_table_and_key() {
        let text = "[[table]]\ndataset = \"d\"\nrange = \"A\"\nperiod_cell = \"7\"\n[table.rows]\nx = \"y\"\n[[table]]\ndataset = \"d\"\n";
        let faults = parse(text).unwrap_err();
        let told: Vec<&str> = faults.iter().map(|f| f.problem.en.as_str()).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(
            told[0].contains("[[table]] 1: period_cell \"7\"")
                && told[3].contains("[[table]] 2: columns")
        );
        let fault = &parse("[[table]]\ndataset = \"d\"\nsheets = \"x\"\n").unwrap_err()[0];
        assert!(
            fault.problem.zh.contains("第 3 行") && fault.problem.en.contains("sheets"),
            "{fault:?}"
        );
        assert!(load(Path::new("/nowhere/mapping.toml")).unwrap().is_empty());
    }
}

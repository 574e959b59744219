//! Workbooks: `.xlsx`, `.xlsm`, `.xls`, `.ods`.
//!
//! In: a file that begins as a workbook does. Out: drafts, as from a text. Nothing in a workbook is run: macros are not, links are not
//! followed, and of a formula the result counts that the program which saved the file had calculated.
//!
//! 1. [`container`] sees that the archive is whole and bearable, before a table is read from it.
//! 2. [`cells`] gives the rows of a sheet as texts.
//! 3. [`layout`] finds the headings, [`title`] what the sheet says about itself around them.
//! 4. A sheet for which the mapping file has a table is read by it ([`mapped`]), every other by its own headings, by the same code as a CSV
//!    file ([`plain`]).
//!
//! A hidden sheet is not read, and that is told. A sheet without any indicator is passed over, if another one has a table.

mod container;
mod ods_cells;
mod cells;
mod layout;
mod title;
mod plain;
mod mapped;

use std::{fs, path::Path, sync::Arc};

pub(super) use self::container::{Kind, kind_of};
use self::{
    cells::{Book, Next},
    container::{Contents, look_through},
    layout::{HEAD_ROWS, Head},
};
use super::{
    Read, Unread,
    fault::{Fault, say},
    gather::Gather,
    mapping::{self, Table},
    names::Names,
    number::{Comma, Manner},
    scan::{FILE_BYTES_MAX, digest_of, too_large},
};

/// With this a sheet begins that is no table, such as the second one of a form.
pub(crate) const SKIP: &str = "# skip";
/// The most sheets that are read.
const SHEETS_MAX: usize = 128;

/// Reads a workbook.
///
/// # Errors
/// [`Unread`], with all faults at once.
pub(super) fn read(path: &Path, kind: Kind, names: &Names<'_>) -> Result<Read, Unread> {
    let size = fs::metadata(path).map_err(Unread::Io)?.len();
    if size > FILE_BYTES_MAX {
        return Err(Unread::Faults {
            sha256: None,
            faults: vec![too_large(size, FILE_BYTES_MAX)],
        });
    }
    let sha256 = digest_of(path).map_err(Unread::Io)?;
    let mut gather = Gather::new(names, path);
    let read = read_book(path, kind, &mut gather);
    if digest_of(path).map_err(Unread::Io)? != sha256 {
        return Err(Unread::Changed);
    }
    if let Err(faults) = read {
        gather.faults.enter(None);
        for fault in faults {
            gather.faults.report(fault);
        }
    }
    match gather.finish() {
        Ok(drafts) => Ok(Read { sha256, drafts }),
        Err(faults) => Err(Unread::Faults {
            sha256: Some(sha256),
            faults,
        }),
    }
}

/// Reads all sheets. What is wrong with the workbook or the mapping file as a whole comes back, the rest is gathered.
fn read_book(path: &Path, kind: Kind, gather: &mut Gather<'_, '_>) -> Result<(), Vec<Fault>> {
    let one = |fault: Box<Fault>| vec![*fault];
    let contents = match kind {
        Kind::Archive => look_through(path).map_err(one)?,
        Kind::Compound => Contents::default(),
    };
    if contents.is_ods {
        ods_cells::check(path).map_err(one)?;
    }
    let mapping = gather
        .names
        .mapping()
        .map_or(Ok(Vec::new()), mapping::load)?;
    let mut book = Book::open(path, kind, contents).map_err(one)?;
    if contents.has_macros {
        gather.notice(say!(
            "工作簿里有宏，没有运行",
            "the workbook has macros, which were not run"
        ));
    }
    gather.manner = Manner {
        comma: Comma::Thousands,
        percent: true,
        hides_percent: book.hides_percent(),
    };
    let sheets = book.sheets();
    if sheets.len() > SHEETS_MAX {
        return Err(vec![Fault::of_file(
            say!(
                "工作表超过 {SHEETS_MAX} 张",
                "there are more than {SHEETS_MAX} sheets"
            ),
            say!("拆成几个文件", "split the file"),
        )]);
    }
    let mut without_table = Vec::new();
    let mut tables = 0;
    for (sheet, is_hidden) in sheets {
        let name: Arc<str> = sheet.as_str().into();
        gather.enter(Some(name.clone()));
        if is_hidden {
            gather.notice(say!(
                "工作表“{sheet}”是隐藏的，没有读取",
                "the sheet \"{sheet}\" is hidden and was not read"
            ));
            continue;
        }
        match read_sheet(path, &mut book, &sheet, &mapping, gather) {
            Ok(Found::Table) => tables += 1,
            Ok(Found::Nothing) => without_table.push(name),
            Ok(Found::Skipped) => {}
            Err(fault) => gather.faults.report(*fault),
        }
    }
    gather.enter(None);
    for name in without_table {
        if tables > 0 {
            gather.notice(say!(
                "工作表“{name}”里没有认得的标题，没有读取",
                "the sheet \"{name}\" has no heading that is known and was not read"
            ));
        } else {
            gather
                .faults
                .report(no_table(&name, &mut book, gather.names));
        }
    }
    Ok(())
}

/// What was found in a sheet.
enum Found {
    Table,
    Nothing,
    /// The sheet says itself that it is no table: it begins with `# skip`.
    Skipped,
}

/// Reads one sheet.
fn read_sheet(
    path: &Path,
    book: &mut Book,
    sheet: &str,
    mapping: &[Table],
    gather: &mut Gather<'_, '_>,
) -> Result<Found, Box<Fault>> {
    let head = head_of(book, sheet)?;
    if head.rows.is_empty() {
        return Ok(Found::Nothing);
    }
    if head.text(1, 0).starts_with(SKIP) {
        return Ok(Found::Skipped);
    }
    let file = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let fitting: Vec<&Table> = mapping.iter().filter(|t| t.fits(file, sheet)).collect();
    if fitting.is_empty() {
        let found = plain::read(path, book, sheet, &head, gather)?;
        return Ok(if found { Found::Table } else { Found::Nothing });
    }
    for table in fitting {
        let name = gather.sheet().cloned();
        gather.enter(name);
        mapped::read(book, sheet, &head, table, gather)?;
    }
    Ok(Found::Table)
}

fn head_of(book: &mut Book, sheet: &str) -> Result<Head, Box<Fault>> {
    let mut head = Head {
        merges: book.merges(sheet),
        ..Head::default()
    };
    book.rows(sheet, &mut |row, record| {
        if row > HEAD_ROWS {
            return Next::Stop;
        }
        head.rows.push((row, record.clone()));
        Next::Go
    })?;
    Ok(head)
}

/// A sheet in which no heading is known: the row that looks most like headings, and what was probably meant.
fn no_table(sheet: &Arc<str>, book: &mut Book, names: &Names<'_>) -> Fault {
    let head = head_of(book, sheet).unwrap_or_default();
    let words = |record: &csv::StringRecord| -> Vec<String> {
        let texts = record.iter().map(super::cell::trim);
        texts
            .filter(|t| !t.is_empty() && !layout::is_figure(t))
            .map(str::to_owned)
            .collect()
    };
    let row = head
        .rows
        .iter()
        .max_by_key(|(number, record)| (words(record).len(), std::cmp::Reverse(*number)));
    let (number, texts) = row.map_or((1, Vec::new()), |(number, record)| (*number, words(record)));
    let near: Vec<String> = texts
        .iter()
        .filter_map(|text| names.near_indicator(text))
        .take(5)
        .collect();
    let (list, list_en) = match near.is_empty() {
        true => (String::new(), String::new()),
        false => (
            format!("是否应为：{}；", near.join("、")),
            format!("did you mean: {}; ", near.join(", ")),
        ),
    };
    Fault::new(
        super::fault::Place::row(number).within(Some(sheet)),
        say!(
            "没有认得的指标标题",
            "no heading is the name or code of an indicator"
        ),
        say!(
            "{list}请用指标的代码或名称作标题，或写对照文件 mapping.toml",
            "{list_en}use codes or names of indicators as headings, or write a mapping.toml"
        ),
    )
}

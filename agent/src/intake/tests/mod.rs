//! Tests of the intake as a whole, with real figures in both shapes, and of every fault with its words.
//!
//! The figures are those of the published statistical communiques of Guiyang (first three quarters of 2021) and Dingxi
//! (2021).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_books;
mod books;
mod faults;
mod mapped;
mod shapes;
mod texts;

use std::{collections::BTreeMap, path::PathBuf};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::UnitCode,
};

use super::*;

/// The catalogue of the agent's tests.
pub(crate) fn catalogue() -> Catalogue {
    catalogue_with("")
}

/// The same with more tables.
pub(crate) fn catalogue_with(more: &str) -> Catalogue {
    let text = format!("{}{more}", include_str!("catalogue.toml"));
    let files = BTreeMap::from([("catalogue.toml".to_owned(), text)]);
    Catalogue::parse(&Bundle::new(files).unwrap()).unwrap()
}

pub(crate) fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

/// A file called `name` in a folder of its own.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn desk(name: &str, content: impl AsRef<[u8]>) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    Desk { folder, path }
}

/// Reads a file of Guiyang's, or Dingxi's where the name begins with `dx`.
pub(crate) fn read_as(name: &str, content: impl AsRef<[u8]>) -> Result<Vec<Draft>, Vec<Fault>> {
    let (catalogue, own) = (
        catalogue(),
        unit(if name.starts_with("dx") {
            "621100"
        } else {
            "520100"
        }),
    );
    let desk = desk(name, content);
    match read(&desk.path, &Names::new(&catalogue, &own)) {
        Ok(read) => Ok(read.drafts),
        Err(Unread::Faults { faults, .. }) => Err(faults),
        Err(other) => panic!("{other:?}"),
    }
}

/// More of the catalogue: 万元 beside 亿元, and the tables of a yearbook by district.
pub(crate) const MORE: &str = include_str!("more.toml");

/// What a file gives with the larger catalogue and, perhaps, a mapping file beside it, to the unit `own`.
pub(crate) fn read_mapped(
    own: &str,
    mapping: Option<&str>,
    name: &str,
    content: impl AsRef<[u8]>,
) -> Result<Vec<Draft>, Vec<Fault>> {
    let (catalogue, own) = (catalogue_with(MORE), unit(own));
    let desk = desk(name, content);
    let path = desk.folder.path().join("mapping.toml");
    if let Some(mapping) = mapping {
        std::fs::write(&path, mapping).unwrap();
    }
    match read(&desk.path, &Names::new(&catalogue, &own).with_mapping(path)) {
        Ok(read) => Ok(read.drafts),
        Err(Unread::Faults { faults, .. }) => Err(faults),
        Err(other) => panic!("{other:?}"),
    }
}

/// A sheet of texts and numbers: a text that is a number is written as one, unless it begins with `'`.
pub(crate) fn fill(sheet: &mut rust_xlsxwriter::Worksheet, top: u32, rows: &[&[&str]]) {
    for (row, texts) in (top..).zip(rows) {
        for (column, text) in (0..).zip(*texts) {
            match (text.strip_prefix('\''), text.parse::<f64>()) {
                (Some(plain), _) => sheet.write_string(row, column, plain).unwrap(),
                (None, Ok(number)) if number.is_finite() => {
                    sheet.write_number(row, column, number).unwrap()
                }
                (None, _) if text.is_empty() => continue,
                (None, _) => sheet.write_string(row, column, *text).unwrap(),
            };
        }
    }
}

/// A book of one sheet.
pub(crate) fn book(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    fill(book.add_worksheet(), 0, rows);
    book.save_to_buffer().unwrap()
}

/// `indicator[item]=value @sheet!cell` for every figure.
pub(crate) fn figures(draft: &Draft) -> Vec<String> {
    let figure = |cell: &crate::draft::Cell| {
        let observation = &cell.observation;
        let item = observation
            .item
            .as_ref()
            .map_or(String::new(), |i| format!("[{i}]"));
        let value = observation
            .value
            .map_or(observation.status.letter().to_string(), |v| v.to_string());
        let place = cell.place.reference().unwrap();
        format!("{}{item}={value} @{place}", observation.indicator)
    };
    draft.cells().iter().map(figure).collect()
}

/// What was told about how a draft was understood, in English.
pub(crate) fn told(draft: &Draft) -> String {
    let told = draft
        .told()
        .iter()
        .map(|t| format!("{}: {}", t.place.words().en, t.text.en));
    told.collect::<Vec<_>>().join("\n")
}

/// Checks that one fault has these words in Chinese and these in English.
#[track_caller]
pub(crate) fn check_fault(faults: &[Fault], zh: &[&str], en: &[&str]) {
    use granary_core::text::Language;
    let has = |language, words: &[&str]| {
        let texts = faults.iter().map(|f| f.text("book.xlsx", language));
        texts
            .into_iter()
            .any(|text| words.iter().all(|word| text.contains(word)))
    };
    assert!(has(Language::Zh, zh), "{zh:?} not in {faults:#?}");
    assert!(has(Language::En, en), "{en:?} not in {faults:#?}");
}

//! The workbook that a unit of the demo city hands in: a form as `granary-agent template` writes it, filled in with published figures.
//!
//! After a change of the form, `GRANARY_WRITE_WORKBOOK=1 cargo nextest run --test demo_workbook` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _, Write as _},
    path::{Path, PathBuf},
};

use granary_agent::{
    intake::{self, Names},
    template::{Form, bytes},
};
use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::UnitCode,
    period::Period,
    snapshot::SlotKey,
};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

const UNIT: &str = "520300";
const FILE: &str = "reports/520300/quarterly-accounts_2021-Q3.xlsx";
/// What was published (`deploy/demo/SOURCES.md`).
const FIGURES: [(&str, &str); 2] = [("gdp", "3037.87"), ("gdp_growth", "11.7")];

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo")
}

fn catalogue() -> Catalogue {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(demo().join("catalogue")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        files.insert(name, fs::read_to_string(&path).unwrap());
    }
    Catalogue::parse(&Bundle::new(files).unwrap()).unwrap()
}

fn slot() -> SlotKey {
    let unit = UnitCode::new(UNIT).unwrap();
    SlotKey::new(
        unit,
        "quarterly-accounts".parse().unwrap(),
        Period::parse("2021-Q3").unwrap(),
    )
}

/// Fills the cells of the form in, in its own XML, as a spreadsheet program would: nothing else changes.
fn filled(catalogue: &Catalogue) -> Vec<u8> {
    let slot = slot();
    let form = bytes(&Form {
        catalogue,
        slot: &slot,
        last: None,
    })
    .unwrap();
    let indicators = catalogue.dataset(&slot.dataset).unwrap().indicators();
    let mut from = ZipArchive::new(Cursor::new(form)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let mut part = from.by_index(index).unwrap();
        let (name, mut content) = (part.name().unwrap().to_string(), Vec::new());
        part.read_to_end(&mut content).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let mut text = String::from_utf8(content).unwrap();
            for (code, value) in FIGURES {
                // The headings are in row 7, the values in column E.
                let row = 8 + indicators.iter().position(|i| i.as_str() == code).unwrap();
                text = put(&text, &format!("E{row}"), value);
            }
            content = text.into_bytes();
        }
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn put(text: &str, cell: &str, value: &str) -> String {
    let at = text.find(&format!("<c r=\"{cell}\"")).unwrap();
    let end = at + text[at..].find("/>").unwrap();
    format!("{}><v>{value}</v></c>{}", &text[..end], &text[end + 2..])
}

fn figures(path: &Path, catalogue: &Catalogue) -> Vec<(String, String)> {
    let unit = UnitCode::new(UNIT).unwrap();
    let read = intake::read(path, &Names::new(catalogue, &unit)).unwrap();
    let [draft] = &read.drafts[..] else {
        panic!("{:?}", read.drafts)
    };
    assert_eq!(*draft.slot(), slot());
    let figure = |cell: &granary_agent::draft::Cell| {
        let observation = &cell.observation;
        (
            observation.indicator.to_string(),
            observation.value.unwrap().to_string(),
        )
    };
    draft.cells().iter().map(figure).collect()
}

#[test]
fn the_demos_workbook_is_a_form_with_the_published_figures() {
    let (catalogue, path) = (catalogue(), demo().join(FILE));
    if std::env::var_os("GRANARY_WRITE_WORKBOOK").is_some() {
        fs::write(&path, filled(&catalogue)).unwrap();
    }
    let published: Vec<(String, String)> = FIGURES
        .iter()
        .map(|(i, v)| ((*i).to_owned(), (*v).to_owned()))
        .collect();
    assert_eq!(figures(&path, &catalogue), published);
    // What the template writes today is read in the same way, cell by cell.
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("form.xlsx");
    fs::write(&fresh, filled(&catalogue)).unwrap();
    assert_eq!(figures(&fresh, &catalogue), published);
}

//! What a page must show, as the auditor's program has computed it, and the comparison.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::html::{Shown, is_figure};

/// One cell: as the page shows it, and as its file holds it.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) shown: String,
    pub(crate) filed: String,
}

/// A table that a page shows and hands out as a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Its anchor and the name of its file.
    pub(crate) code: &'static str,
    pub(crate) label: &'static str,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// All that a page must show.
#[derive(Debug, Default)]
pub(crate) struct Told {
    seen: BTreeMap<String, usize>,
    lines: BTreeMap<String, String>,
}

/// What is wrong, over all pages.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    told: Vec<String>,
    /// How many figures and words were compared.
    compared: usize,
}

/// The same on the page and in the file.
pub(crate) fn cell(text: impl Into<String>) -> Cell {
    let text = text.into();
    Cell {
        shown: text.clone(),
        filed: text,
    }
}

/// Shown in another way than in the file.
pub(crate) fn cell_of(shown: impl Into<String>, filed: impl Into<String>) -> Cell {
    Cell {
        shown: shown.into(),
        filed: filed.into(),
    }
}

impl Table {
    pub(crate) fn new(code: &'static str, label: &'static str, columns: &[&str]) -> Self {
        Self {
            code,
            label,
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }
}

impl Told {
    /// A text under a heading; one without a figure is no matter of this test.
    pub(crate) fn block(&mut self, heading: &str, kind: &str, text: impl Into<String>) {
        let text = text.into();
        if is_figure(&text) {
            self.add(format!("{heading} › {kind}"), text);
        }
    }

    /// A table without a file.
    pub(crate) fn rows(&mut self, label: &str, columns: &[&str], rows: &[Vec<String>]) {
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row.len(), columns.len(), "{label}: {row:?}");
            for (column, text) in columns.iter().zip(row) {
                let place = format!("{label} › row {} › {column}", at + 1);
                self.add(place, text.clone());
            }
        }
    }

    /// A table with its tools.
    pub(crate) fn table(&mut self, table: &Table) {
        if !table.rows.is_empty() {
            let count = format!("{} rows", table.rows.len());
            self.add(format!("{} › count", table.code), count);
        }
        let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
        let shown = |row: &Vec<Cell>| row.iter().map(|cell| cell.shown.clone()).collect();
        let rows: Vec<Vec<String>> = table.rows.iter().map(shown).collect();
        self.rows(table.label, &columns, &rows);
    }

    fn add(&mut self, place: String, text: String) {
        let turn = self.seen.entry(place.clone()).or_default();
        *turn += 1;
        let place = if *turn == 1 {
            place
        } else {
            format!("{place} #{turn}")
        };
        self.lines.insert(place, text);
    }
}

impl Faults {
    /// Every text of the page is one that is told, and all that is told is on it; `beyond` are places of what no journal holds.
    pub(crate) fn compare(&mut self, page: &str, shown: &[Shown], told: &Told, beyond: &[&str]) {
        let mut open = told.lines.clone();
        for one in shown {
            let place = &one.place;
            if beyond.iter().any(|known| place.contains(known)) {
                open.remove(place);
                continue;
            }
            self.compared += 1;
            let row = if one.row.is_empty() {
                String::new()
            } else {
                format!(" ({})", one.row)
            };
            match open.remove(place) {
                None => self.add(format!(
                    "{page} › {place}{row}: shows “{}”, which no comparison accounts for",
                    one.text
                )),
                Some(told) if told != one.text => {
                    self.add(format!(
                        "{page} › {place}{row}: shows “{}”, and the audit computes “{told}”",
                        one.text
                    ));
                }
                Some(_) => {}
            }
        }
        for (place, told) in open {
            self.add(format!(
                "{page} › {place}: does not show “{told}”, which the audit computes"
            ));
        }
    }

    /// Each text has the same figures in both languages, though maybe in another order. Names of facts, which are left out, may have figures of
    /// their own, as SHA-256 has.
    pub(crate) fn compare_languages(&mut self, page: &str, english: &[Shown], chinese: &[Shown]) {
        let is_fact = |one: &&Shown| !one.place.contains("› dt");
        let (english, chinese): (Vec<_>, Vec<_>) = (
            english.iter().filter(is_fact).collect(),
            chinese.iter().filter(is_fact).collect(),
        );
        if english.len() != chinese.len() {
            self.add(format!(
                "{page}: shows {} texts in English and {} in Chinese",
                english.len(),
                chinese.len()
            ));
        }
        for (english, chinese) in english.into_iter().zip(chinese) {
            self.compared += 1;
            if figures(english) != figures(chinese) {
                self.add(format!(
                    "{page} › {}: shows “{}” in English and “{}” in Chinese",
                    english.place, english.text, chinese.text
                ));
            }
        }
    }

    /// Every cell of a file is that of the table.
    pub(crate) fn compare_file(&mut self, page: &str, file: &str, table: &Table) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(file.trim_start_matches('\u{feff}').as_bytes());
        let read = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect());
        let read: Vec<Vec<String>> = read.collect();
        let filed = |row: &Vec<Cell>| row.iter().map(|cell| cell.filed.clone()).collect();
        let rows = table.rows.iter().map(filed);
        let told: Vec<Vec<String>> = std::iter::once(table.columns.clone()).chain(rows).collect();
        let page = format!("{page} (CSV {})", table.code);
        if read.len() != told.len() {
            self.add(format!(
                "{page}: has {} rows, and the audit computes {}",
                read.len().saturating_sub(1),
                told.len() - 1
            ));
        }
        for (at, (read, told)) in read.iter().zip(&told).enumerate() {
            let first = read.first().cloned().unwrap_or_default();
            for column in 0..read.len().max(told.len()) {
                self.compared += 1;
                let (read, told) = (read.get(column), told.get(column));
                if read != told {
                    let name = table.columns.get(column).map_or("beyond", String::as_str);
                    self.add(format!("{page} › row {at} ({first}) › {name}: has {read:?}, and the audit computes {told:?}"));
                }
            }
        }
    }

    /// Every value of a document is one that is told, and all that is told is in it.
    pub(crate) fn compare_values(&mut self, place: &str, shown: &Value, told: &Value) {
        match (shown, told) {
            (Value::Object(shown), Value::Object(told)) => {
                let names: BTreeSet<&String> = shown.keys().chain(told.keys()).collect();
                for name in names {
                    let place = format!("{place} › {name}");
                    match (shown.get(name), told.get(name)) {
                        (Some(shown), Some(told)) => self.compare_values(&place, shown, told),
                        (Some(shown), None) => self.add(format!(
                            "{place}: shows {shown}, which no comparison accounts for"
                        )),
                        (None, told) => self.add(format!(
                            "{place}: does not show {told:?}, which the audit computes"
                        )),
                    }
                }
            }
            (Value::Array(shown), Value::Array(told)) => {
                if shown.len() != told.len() {
                    self.add(format!(
                        "{place}: has {} lines, and the audit computes {}",
                        shown.len(),
                        told.len()
                    ));
                }
                for (at, (shown, told)) in shown.iter().zip(told).enumerate() {
                    self.compare_values(&format!("{place} › {at}"), shown, told);
                }
            }
            _ => self.equal(place, &shown.to_string(), &told.to_string()),
        }
    }

    /// One value beside another.
    pub(crate) fn equal(&mut self, place: &str, shown: &str, told: &str) {
        self.compared += 1;
        if shown != told {
            self.add(format!(
                "{place}: shows “{shown}”, and the audit computes “{told}”"
            ));
        }
    }

    pub(crate) fn add(&mut self, fault: String) {
        self.told.push(fault);
    }

    /// Ends the test where anything is wrong, or where too little was looked at to say so.
    pub(crate) fn end(self, compared_min: usize) {
        let (count, some) = (self.told.len(), self.told.len().min(200));
        assert!(
            self.told.is_empty(),
            "{count} differences:\n{}",
            self.told[..some].join("\n")
        );
        assert!(
            self.compared >= compared_min,
            "only {} were compared",
            self.compared
        );
    }
}

/// The figures of a text in the order of their digits. English has a word for one period.
fn figures(one: &Shown) -> Vec<String> {
    let text = one.text.replace("the one period", "the 1 period");
    let words = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|figure| !figure.is_empty());
    let mut figures: Vec<String> = words.map(str::to_owned).collect();
    figures.sort_unstable();
    figures
}

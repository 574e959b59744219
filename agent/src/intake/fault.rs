//! What is wrong with a file: where, what was found, and what to do, in both languages.
//!
//! A reader collects every fault before it gives up, so that a clerk corrects a file once. At most [`FAULTS_MAX`] are
//! kept; the rest are counted.

use std::{fmt, sync::Arc};

use granary_core::text::{Bilingual, Language};
use serde::{Deserialize, Serialize};

/// The most faults that are kept for one file.
pub const FAULTS_MAX: usize = 200;

/// Makes a sentence in both languages from two format strings.
macro_rules! say {
    ($zh:literal, $en:literal) => {
        granary_core::text::Bilingual::new(format!($zh), format!($en))
    };
}
pub(crate) use say;

/// A column of a table, as its heading and its spreadsheet letters name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The place, from 0.
    pub index: usize,
    /// The heading; empty where there is none.
    pub heading: Arc<str>,
}

impl Column {
    /// The spreadsheet letters: A, B, ..., Z, AA.
    #[must_use]
    pub fn letters(&self) -> String {
        let mut letters = Vec::new();
        let mut rest = self.index + 1;
        while rest > 0 {
            let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
            letters.push(char::from(b'A' + digit));
            rest = (rest - 1) / 26;
        }
        letters.iter().rev().collect()
    }
}

/// Where in a file: the whole file, a sheet of a workbook, a row, or a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The sheet of a workbook; `None` for a text, and for a workbook as a whole.
    pub sheet: Option<Arc<str>>,
    /// The row, from 1, as a spreadsheet counts it; `None` for the whole file.
    pub row: Option<u64>,
    /// The column; `None` for the whole row.
    pub column: Option<Column>,
}

impl Place {
    /// A row as a whole.
    #[must_use]
    pub const fn row(row: u64) -> Self {
        Self {
            sheet: None,
            row: Some(row),
            column: None,
        }
    }

    /// A cell.
    #[must_use]
    pub const fn cell(row: u64, column: Column) -> Self {
        Self {
            sheet: None,
            row: Some(row),
            column: Some(column),
        }
    }

    /// The same place in a sheet, where none is named yet.
    #[must_use]
    pub fn within(mut self, sheet: Option<&Arc<str>>) -> Self {
        if self.sheet.is_none() {
            self.sheet = sheet.cloned();
        }
        self
    }

    /// The reference that a spreadsheet shows for a cell: `B3`.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        let (row, column) = (self.row?, self.column.as_ref()?);
        Some(format!("{}{row}", column.letters()))
    }

    /// The place in words; empty for the whole file.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        if let Some(sheet) = &self.sheet {
            zh.push(format!("工作表“{sheet}”"));
            en.push(format!("sheet \"{sheet}\""));
            if let (Some(reference), Some(column)) = (self.reference(), &self.column) {
                let heading = &column.heading;
                let named = !heading.is_empty();
                zh.push(if named {
                    format!("{reference}“{heading}”")
                } else {
                    reference.clone()
                });
                en.push(if named {
                    format!("cell {reference} \"{heading}\"")
                } else {
                    format!("cell {reference}")
                });
                return Bilingual::new(zh.join(" "), en.join(", "));
            }
        }
        if let Some(row) = self.row {
            zh.push(format!("第 {row} 行"));
            en.push(format!("row {row}"));
        }
        if let Some(column) = &self.column {
            let (letters, heading) = (column.letters(), &column.heading);
            let named = !heading.is_empty();
            zh.push(if named {
                format!("{letters} 列“{heading}”")
            } else {
                format!("{letters} 列")
            });
            en.push(if named {
                format!("column {letters} \"{heading}\"")
            } else {
                format!("column {letters}")
            });
        }
        Bilingual::new(zh.join(" "), en.join(", "))
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What was found there and why it cannot stand.
    pub problem: Bilingual,
    /// What to do about it.
    pub remedy: Bilingual,
}

impl Fault {
    /// A fault at a place.
    #[must_use]
    pub const fn new(place: Place, problem: Bilingual, remedy: Bilingual) -> Self {
        Self {
            place,
            problem,
            remedy,
        }
    }

    /// A fault of the file as a whole.
    #[must_use]
    pub fn of_file(problem: Bilingual, remedy: Bilingual) -> Self {
        Self::new(Place::default(), problem, remedy)
    }

    /// The fault in one line, with the name of the file.
    #[must_use]
    pub fn text(&self, file: &str, language: Language) -> String {
        let place = self.place.words();
        let place = place.get(language);
        let (problem, remedy) = (self.problem.get(language), self.remedy.get(language));
        match language {
            Language::Zh => format!("{file} {place}：{problem}。{remedy}。"),
            Language::En => format!("{file}, {place}: {problem}. {remedy}."),
        }
        .replace(" ：", "：")
        .replace(", :", ":")
    }
}

/// The faults of one file, while it is read.
#[derive(Debug, Default)]
pub struct Faults {
    kept: Vec<Fault>,
    more: usize,
    /// The sheet that is being read: faults without a sheet are in it.
    sheet: Option<Arc<str>>,
}

impl Faults {
    /// Says which sheet is read from now on.
    pub fn enter(&mut self, sheet: Option<Arc<str>>) {
        self.sheet = sheet;
    }

    /// How many there are so far.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.kept.len() + self.more
    }

    /// Adds one.
    pub fn report(&mut self, mut fault: Fault) {
        fault.place = fault.place.within(self.sheet.as_ref());
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The faults in the order of their places; the last one counts those that were not kept.
    #[must_use]
    pub fn finish(mut self) -> Vec<Fault> {
        self.kept.sort_by(|a, b| a.place.cmp(&b.place));
        self.kept.dedup();
        let more = self.more;
        if more > 0 {
            self.kept.push(Fault::of_file(
                say!(
                    "另有 {more} 处问题未列出",
                    "{more} more faults are not listed"
                ),
                say!(
                    "先改正以上各处，再重新放入",
                    "correct those above first and hand the file in again"
                ),
            ));
        }
        self.kept
    }
}

/// A place as reports and tickets store it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceWire {
    /// The sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sheet: Option<String>,
    /// The cell of a workbook as a spreadsheet writes it: `B3`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cell: Option<String>,
    /// See [`Place::row`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<u64>,
    /// The spreadsheet letters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<String>,
    /// The heading.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heading: Option<String>,
}

impl From<&Place> for PlaceWire {
    fn from(place: &Place) -> Self {
        let column = place.column.as_ref();
        Self {
            sheet: place.sheet.as_deref().map(str::to_owned),
            cell: place.sheet.as_ref().and_then(|_| place.reference()),
            row: place.row,
            column: column.map(Column::letters),
            heading: column.map(|c| c.heading.to_string()),
        }
    }
}

/// At most the first 40 characters of what was found, so that a message stays a message.
pub(crate) fn clip(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(40)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_count_as_a_spreadsheet_does() {
        let letters = |index| {
            Column {
                index,
                heading: "".into(),
            }
            .letters()
        };
        assert_eq!(
            [
                letters(0),
                letters(25),
                letters(26),
                letters(701),
                letters(702)
            ],
            ["A", "Z", "AA", "ZZ", "AAA"]
        );
    }

    #[test]
    fn a_cell_of_a_workbook_is_named_as_a_spreadsheet_names_it() {
        let column = Column {
            index: 27,
            heading: "增速".into(),
        };
        let place = Place::cell(3, column).within(Some(&"表一".into()));
        assert_eq!(place.words().zh, "工作表“表一” AB3“增速”");
        assert_eq!(place.words().en, "sheet \"表一\", cell AB3 \"增速\"");
        let wire = PlaceWire::from(&place);
        assert_eq!(
            (wire.sheet.as_deref(), wire.cell.as_deref()),
            (Some("表一"), Some("AB3"))
        );
    }

    #[test]
    fn what_is_not_kept_is_counted() {
        let mut faults = Faults::default();
        for row in 0..FAULTS_MAX as u64 + 7 {
            faults.report(Fault::new(
                Place::row(row),
                say!("坏", "bad"),
                say!("改", "mend"),
            ));
        }
        let faults = faults.finish();
        assert_eq!(faults.len(), FAULTS_MAX + 1);
        assert!(faults.iter().any(|f| f.problem.en.starts_with("7 more")));
    }
}

//! What is wrong in a catalogue's files: every fault with its place and what to do about it.
//!
//! Faults are gathered, never thrown: reading goes on with a placeholder, and the catalogue is refused at the end. Where the
//! text of a file is torn by a syntax fault, what merely follows from that is not reported beside it (see [`super::source`]).

use std::{cell::RefCell, fmt};

use crate::text::{Bilingual, Language};

use super::source::Place;

/// One fault in a catalogue's text. Ordered by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters (Unicode scalar values).
    pub column: u32,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do about it.
    pub remedy: Bilingual,
}

impl Fault {
    /// `file:line:column: message; remedy` in `language`.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let stop = match language {
            Language::Zh => "；",
            Language::En => "; ",
        };
        let (message, remedy) = (self.message.get(language), self.remedy.get(language));
        let (file, line, column) = (&self.file, self.line, self.column);
        format!("{file}:{line}:{column}: {message}{stop}{remedy}")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

/// One sentence from a Chinese and an English format string that take the same named arguments.
macro_rules! say {
    ($zh:literal, $en:literal $(, $($args:tt)*)?) => {
        $crate::text::Bilingual::new(format!($zh $(, $($args)*)?), format!($en $(, $($args)*)?))
    };
}
pub(crate) use say;

/// The faults found so far. Readers share it, so it is written through a shared reference.
#[derive(Default)]
pub(super) struct Faults {
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    listed: Vec<Listed>,
    /// Faults beyond [`Faults::LISTED_MAX`], and the first of them.
    unlisted: u32,
    first_unlisted: Option<Listed>,
}

struct Listed {
    fault: Fault,
    syntax: bool,
}

impl Faults {
    /// How many faults are listed; the rest are counted, so that no file makes the list longer than memory.
    pub(super) const LISTED_MAX: usize = 1_000;

    /// Notes a fault in what the text says.
    pub(super) fn report(&self, place: Place<'_>, message: Bilingual, remedy: Bilingual) {
        self.push(place, message, remedy, false);
    }

    /// Notes a place where the text is not TOML. Other faults in that line are taken to follow from it.
    pub(super) fn report_syntax(&self, place: Place<'_>, message: Bilingual, remedy: Bilingual) {
        self.push(place, message, remedy, true);
    }

    /// False once the list is full: then a costly remedy need not be composed.
    pub(super) fn is_listing(&self) -> bool {
        self.inner.borrow().listed.len() < Self::LISTED_MAX
    }

    /// Notes a fault of a file that is not there.
    pub(super) fn report_nowhere(&self, file: &str, message: Bilingual, remedy: Bilingual) {
        let fault = Fault {
            file: file.to_owned(),
            line: 1,
            column: 1,
            message,
            remedy,
        };
        self.push_fault(fault, false);
    }

    fn push(&self, place: Place<'_>, message: Bilingual, remedy: Bilingual, syntax: bool) {
        let (line, column) = place.line_and_column();
        let fault = Fault {
            file: place.file_name().to_owned(),
            line,
            column,
            message,
            remedy,
        };
        self.push_fault(fault, syntax);
    }

    fn push_fault(&self, fault: Fault, syntax: bool) {
        let listed = Listed { fault, syntax };
        let mut inner = self.inner.borrow_mut();
        if inner.listed.len() < Self::LISTED_MAX {
            inner.listed.push(listed);
        } else {
            inner.unlisted = inner.unlisted.saturating_add(1);
            inner.first_unlisted.get_or_insert(listed);
        }
    }

    /// All faults, sorted by place; where some are not listed, the last one says how many and where they begin.
    pub(super) fn finish(self) -> Vec<Fault> {
        let inner = self.inner.into_inner();
        let mut listed = inner.listed;
        listed.sort_by(|a, b| (&a.fault, !a.syntax).cmp(&(&b.fault, !b.syntax)));
        let torn: Vec<(String, u32)> = listed
            .iter()
            .filter(|l| l.syntax)
            .map(|l| (l.fault.file.clone(), l.fault.line))
            .collect();
        let follows = |l: &Listed| {
            let line = |(file, line): &(String, u32)| {
                (file.as_str(), *line).cmp(&(l.fault.file.as_str(), l.fault.line))
            };
            !l.syntax && torn.binary_search_by(line).is_ok()
        };
        listed.retain(|l| !follows(l));
        let mut faults: Vec<Fault> = listed.into_iter().map(|l| l.fault).collect();
        faults.dedup();
        if let Some(first) = inner.first_unlisted {
            faults.push(unlisted(first.fault, inner.unlisted));
        }
        faults
    }
}

fn unlisted(first: Fault, count: u32) -> Fault {
    Fault {
        message: say!(
            "另有 {count} 处错误未列出",
            "{count} more faults are not listed"
        ),
        remedy: say!(
            "先改正已列出的错误，再检查一次",
            "mend those that are listed, then check again"
        ),
        ..first
    }
}

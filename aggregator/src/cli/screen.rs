//! What people see: lines on standard output, complaints on standard error, in their language.

use std::{fmt, io::Write as _};

use granary_core::text::{Bilingual, Language};

/// Where people read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    language: Language,
}

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint(Vec<Bilingual>);

impl Screen {
    pub(super) const fn new(language: Language) -> Self {
        Self { language }
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Prints one line in the reader's language.
    pub(super) fn say(&self, zh: impl fmt::Display, en: impl fmt::Display) {
        match self.language {
            Language::Zh => self.print(zh),
            Language::En => self.print(en),
        }
    }

    /// Prints one line that is the same in both languages. A reader who has gone away is not an error.
    pub(super) fn print(&self, line: impl fmt::Display) {
        drop(writeln!(std::io::stdout(), "{line}"));
    }

    /// Replaces the last line of progress on standard error.
    pub(super) fn progress(&self, zh: impl fmt::Display, en: impl fmt::Display) {
        let mut stderr = std::io::stderr();
        let written = match self.language {
            Language::Zh => write!(stderr, "\r{zh}\x1b[K"),
            Language::En => write!(stderr, "\r{en}\x1b[K"),
        };
        drop(written.and_then(|()| stderr.flush()));
    }

    pub(super) fn end_progress(&self) {
        drop(writeln!(std::io::stderr()));
    }

    pub(super) fn complain(&self, complaint: &Complaint) {
        for line in &complaint.0 {
            drop(writeln!(std::io::stderr(), "{}", line.get(self.language)));
        }
    }
}

impl Complaint {
    pub(super) fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(vec![Bilingual::new(zh, en)])
    }

    pub(super) const fn lines(lines: Vec<Bilingual>) -> Self {
        Self(lines)
    }
}

/// An error's own sentence is English; in Chinese a word before it says what it is.
impl<E: std::error::Error> From<E> for Complaint {
    fn from(error: E) -> Self {
        Self::new(format!("失败：{error}"), format!("failed: {error}"))
    }
}

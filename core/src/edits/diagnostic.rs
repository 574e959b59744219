//! What is wrong with the text of an edit, where, and what to write instead.
//!
//! A diagnostic belongs to one field of the edit and points at bytes of that field's text; the catalogue adds the file and
//! the line. All faults of an edit are collected, up to [`DIAGNOSTICS_MAX`].

use std::{fmt, ops::Range};

use crate::text::{Bilingual, Language};

/// The most diagnostics that one edit gets: whoever reads twenty starts afresh anyway.
pub const DIAGNOSTICS_MAX: usize = 20;

/// The field of an edit that a diagnostic points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditField {
    /// `kind`.
    Kind,
    /// `expression`.
    Expression,
    /// `tolerance`.
    Tolerance,
    /// `rollup`.
    Rollup,
    /// `missing`.
    Missing,
}

impl fmt::Display for EditField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => "kind",
            Self::Expression => "expression",
            Self::Tolerance => "tolerance",
            Self::Rollup => "rollup",
            Self::Missing => "missing",
        })
    }
}

/// One fault in the text of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The field that holds the fault.
    pub field: EditField,
    /// Bytes of that field's text; empty, at the end, where something is missing there.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do about it.
    pub remedy: Bilingual,
}

impl Diagnostic {
    /// The fault under the text it is found in, for a terminal: the text, carets, the message and the remedy.
    #[must_use]
    pub fn render(&self, text: &str, language: Language) -> String {
        // One byte for one byte, so that the span still fits.
        let text = text.replace(['\n', '\r', '\t'], " ");
        let (before, marked) = self.split(&text);
        let line = format!("{}: {text}", self.field);
        let indent = self.field.to_string().len() + 2 + columns(before);
        let carets = "^".repeat(columns(marked).max(1));
        format!(
            "{}\n{:indent$}{carets}\n{}\n{}",
            line.trim_end(),
            "",
            self.message.get(language),
            self.remedy.get(language),
        )
    }

    fn split<'t>(&self, text: &'t str) -> (&'t str, &'t str) {
        let before = text.get(..self.span.start).unwrap_or(text);
        (before, text.get(self.span.clone()).unwrap_or_default())
    }
}

/// Collects diagnostics of one field up to the limit.
#[derive(Debug)]
pub(super) struct Diagnostics {
    field: EditField,
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(super) const fn new(field: EditField) -> Self {
        Self {
            field,
            found: Vec::new(),
        }
    }

    /// A single diagnostic.
    pub(super) const fn one(
        field: EditField,
        span: Range<usize>,
        message: Bilingual,
        remedy: Bilingual,
    ) -> Diagnostic {
        Diagnostic {
            field,
            span,
            message,
            remedy,
        }
    }

    /// Notes a fault; one that starts where another was noted already is its consequence and is left out.
    pub(super) fn push(&mut self, span: Range<usize>, message: Bilingual, remedy: Bilingual) {
        let repeated = self.found.iter().any(|d| d.span.start == span.start);
        if repeated || self.found.len() >= DIAGNOSTICS_MAX {
            return;
        }
        self.found
            .push(Self::one(self.field, span, message, remedy));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The faults in the order of the text.
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| d.span.start);
        self.found
    }
}

/// Columns on a terminal, where all that is not ASCII is taken to be as wide as a Chinese character.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

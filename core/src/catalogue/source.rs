//! A catalogue's files as TOML with places, as much of each as can be read.
//!
//! The parser recovers from syntax faults, so that one missing quote does not hide the other faults. What it recovers is
//! incomplete, so faults that may merely follow from a syntax fault wait until it is mended: a missing or an unknown key
//! in the table where it stands, any other fault in its line, and references to codes of the kinds which that file declares.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::{
    bundle::Bundle,
    fault::{Faults, say},
    names::Kind,
};

/// Files above this size get their first syntax fault only: the parser's list of them is not bounded.
const RECOVERABLE_LEN_BYTES_MAX: usize = 1 << 20;

/// How the parser's message begins when a key or a header is written twice.
const DUPLICATE_KEY: &str = "duplicate key";

/// One file of the bundle.
pub(super) struct Source<'a> {
    name: &'a str,
    text: &'a str,
    /// The byte at which each line begins.
    lines: Vec<usize>,
    /// The bytes at which syntax faults were found, ascending.
    torn: Vec<usize>,
    /// The kinds that this file declares, where it is torn; none otherwise.
    pub(super) torn_kinds: BTreeSet<Kind>,
    /// What could be read.
    pub(super) root: DeTable<'a>,
}

/// A byte of a file.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) offset: usize,
}

/// A value and where it was written.
#[derive(Clone, Copy)]
pub(super) struct At<'a, T> {
    pub(super) value: T,
    pub(super) place: Place<'a>,
}

impl<'a> Source<'a> {
    /// Reads every file of `bundle`, in the order of their names.
    pub(super) fn read_all(bundle: &'a Bundle, faults: &Faults) -> Vec<Source<'a>> {
        let files: &BTreeMap<_, _> = bundle.files();
        let read = |(name, text): (&'a String, &'a String)| Self::read(name, text, faults);
        files.iter().map(read).collect()
    }

    fn read(name: &'a str, text: &'a str, faults: &Faults) -> Self {
        let (root, errors) = parse(text);
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        // Editors on Windows begin a file with a byte order mark, which is no character of the first line.
        let first = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let mut source = Self {
            name,
            text,
            lines: std::iter::once(first).chain(newlines).collect(),
            torn: Vec::new(),
            torn_kinds: BTreeSet::new(),
            root,
        };
        source.report(&errors, faults);
        if !source.torn.is_empty() {
            source.torn_kinds = declared_kinds(text);
        }
        source
    }

    /// Reports one syntax fault a line, since one slip often makes the parser stumble more than once.
    fn report(&mut self, errors: &[toml::de::Error], faults: &Faults) {
        let mut lines_told = BTreeSet::new();
        for error in errors {
            let offset = error.span().map_or(self.text.len(), |span| span.start);
            let place = Place {
                source: self,
                offset,
            };
            if lines_told.insert(place.line_and_column().0) {
                let (message, remedy) = wording(error.message());
                faults.report_syntax(place, message, remedy);
            }
            if self.loses_text(error, offset) {
                self.torn.push(offset);
            }
        }
        self.torn.sort_unstable();
    }

    /// A key written twice leaves the first one standing; any other fault, also a header written twice, loses something.
    fn loses_text(&self, error: &toml::de::Error, offset: usize) -> bool {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        !error.message().starts_with(DUPLICATE_KEY) || line.trim_start().starts_with('[')
    }

    /// Whether a syntax fault stands in the bytes from `start` to `end`.
    pub(super) fn is_torn(&self, start: usize, end: usize) -> bool {
        let next = self.torn.partition_point(|at| *at < start);
        self.torn.get(next).is_some_and(|at| *at < end)
    }

    /// The length of the text in bytes.
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// The place of byte `within` of the decoded string `text` that is written from `start` on. Where the string is written with
    /// escapes before that byte, the place of its opening quote.
    pub(super) fn offset_in_string(&self, start: usize, text: &str, within: usize) -> usize {
        let raw = self.text.get(start..).unwrap_or_default();
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
            3
        } else {
            1
        };
        let body = raw.get(quotes..).unwrap_or_default();
        // TOML drops a line break that follows three opening quotes directly.
        let trimmed = match quotes {
            3 => body
                .strip_prefix("\r\n")
                .or_else(|| body.strip_prefix('\n')),
            _ => None,
        };
        let dropped = trimmed.map_or(0, |rest| body.len() - rest.len());
        let body = &body.as_bytes()[dropped..];
        let before = &text.as_bytes()[..within.min(text.len())];
        if body.starts_with(before) {
            start + quotes + dropped + before.len()
        } else {
            start
        }
    }
}

impl Place<'_> {
    /// The name of the file.
    pub(super) const fn file_name(&self) -> &str {
        self.source.name
    }

    /// Line and column from 1, the column in characters.
    pub(super) fn line_and_column(&self) -> (u32, u32) {
        let lines = &self.source.lines;
        let line = lines.partition_point(|start| *start <= self.offset).max(1);
        let start = lines[line - 1];
        let bytes = self.source.text.as_bytes();
        let before = &bytes[start..self.offset.clamp(start, bytes.len())];
        // A continuation byte of UTF-8 begins no character.
        let column = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (narrow(line), narrow(column))
    }

    /// `file:line`, to name another place within a message.
    pub(super) fn short(&self) -> String {
        format!("{}:{}", self.file_name(), self.line_and_column().0)
    }
}

fn parse(text: &str) -> (DeTable<'_>, Vec<toml::de::Error>) {
    match DeTable::parse(text) {
        Ok(root) => (root.into_inner(), Vec::new()),
        Err(first) if text.len() > RECOVERABLE_LEN_BYTES_MAX => (DeTable::new(), vec![first]),
        Err(_) => {
            let (root, errors) = DeTable::parse_recoverable(text);
            (root.into_inner(), errors)
        }
    }
}

fn wording(message: &str) -> (crate::text::Bilingual, crate::text::Bilingual) {
    if message.starts_with(DUPLICATE_KEY) {
        return (
            say!("同一个键写了两次", "the same key is written twice"),
            say!(
                "删去其中一处；多条记录的表头写成 [[unit]] 这样的双方括号",
                "remove one of them; the header of a repeated record has two brackets, as [[unit]]"
            ),
        );
    }
    (
        say!(
            "不合 TOML 语法（{message}）",
            "this is not TOML ({message})"
        ),
        say!(
            "改正此处：文本要用双引号括起，括号和引号要成对",
            "mend this place: text stands in double quotes, and brackets and quotes come in pairs"
        ),
    )
}

/// The kinds whose tables a text seems to declare, read without the parser: `[[unit]]`, `unit]]` or `unit = [`.
fn declared_kinds(text: &str) -> BTreeSet<Kind> {
    let kind = |line: &str| {
        let line = line.trim_start();
        let word = line.trim_start_matches(['[', ' ', '\t', '"', '\'']);
        let end = word.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let (word, rest) = word.split_at(end.unwrap_or(word.len()));
        let rest = rest.trim_start_matches([' ', '\t', '=']);
        (line.starts_with('[') || rest.starts_with(['[', ']']))
            .then(|| Kind::from_table(word))
            .flatten()
    };
    text.lines().filter_map(kind).collect()
}

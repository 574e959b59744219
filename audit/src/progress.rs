//! How far something long is, on standard error: entries, megabytes a second, time left.
//!
//! On a terminal one line is written over and over; elsewhere, such as in a log, a line comes now and then.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use granary_core::text::Language;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries so far.
    pub entries: u64,
    /// Bytes of entries and payloads in this run.
    pub bytes: u64,
    /// How much of the work is done, in any unit.
    pub done: u64,
    /// All of the work, in the same unit; 0 where it is not known.
    pub total: u64,
}

/// Where progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Nowhere.
    Silent,
    /// On standard error.
    Standard,
}

/// Shows progress from time to time.
#[derive(Debug)]
pub struct Meter {
    language: Language,
    started: Instant,
    /// The work that was done before, which says nothing about how fast this run is.
    before: Option<u64>,
    shown: Option<Instant>,
    every: Option<Duration>,
    on_terminal: bool,
    /// Whether rows of a table are counted, of which there are no bytes to tell a rate by.
    rows: bool,
}

const ON_TERMINAL: Duration = Duration::from_millis(250);
const ELSEWHERE: Duration = Duration::from_secs(15);

impl Meter {
    /// Begins now.
    #[must_use]
    pub fn start(screen: Screen, language: Language) -> Self {
        let on_terminal = screen == Screen::Standard && io::stderr().is_terminal();
        let every = match screen {
            Screen::Silent => None,
            Screen::Standard if on_terminal => Some(ON_TERMINAL),
            Screen::Standard => Some(ELSEWHERE),
        };
        Self {
            language,
            started: Instant::now(),
            before: None,
            shown: None,
            every,
            on_terminal,
            rows: false,
        }
    }

    /// The same, where what is counted as entries are the rows of a table.
    #[must_use]
    pub fn of_rows(screen: Screen, language: Language) -> Self {
        Self {
            rows: true,
            ..Self::start(screen, language)
        }
    }

    /// Shows how far it is, unless that was shown just now.
    pub fn tell(&mut self, progress: Progress) {
        let before = *self.before.get_or_insert(progress.done);
        let Some(every) = self.every else {
            return;
        };
        let since = self.shown.unwrap_or(self.started);
        if since.elapsed() < every {
            return;
        }
        self.shown = Some(Instant::now());
        let line = if self.rows {
            rows_line(self.language, progress.entries)
        } else {
            line(self.language, progress, before, self.started.elapsed())
        };
        let mut stderr = io::stderr();
        // Where nobody reads it, there is nobody to tell.
        let _ = if self.on_terminal {
            write!(stderr, "\r{line}\x1b[K").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{line}")
        };
    }

    /// Clears the line.
    pub fn end(&self) {
        if self.on_terminal && self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(language: Language, progress: Progress, before: u64, elapsed: Duration) -> String {
    let millis = elapsed.as_millis().max(1);
    let tenths = u128::from(progress.bytes) * 10 / 1_000 / millis;
    let rate = format!("{}.{} MB/s", tenths / 10, tenths % 10);
    let left = left_s(progress, before, millis);
    let entries = progress.entries;
    match (language, left) {
        (Language::Zh, Some(left)) => format!("{entries} 条，{rate}，约剩 {left} 秒"),
        (Language::Zh, None) => format!("{entries} 条，{rate}"),
        (Language::En, Some(left)) => format!("{entries} entries, {rate}, about {left} s left"),
        (Language::En, None) => format!("{entries} entries, {rate}"),
    }
}

fn rows_line(language: Language, rows: u64) -> String {
    match language {
        Language::Zh => format!("{rows} 行"),
        Language::En => format!("{rows} rows"),
    }
}

/// The time left in seconds, were the rest of the work as quick as this run's so far.
fn left_s(progress: Progress, before: u64, millis: u128) -> Option<u128> {
    let done = progress.done.checked_sub(before).filter(|done| *done > 0)?;
    let left = progress.total.checked_sub(progress.done)?;
    Some(u128::from(left) * millis / u128::from(done) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_entries_rate_and_what_is_left() {
        let progress = Progress {
            entries: 1_500,
            bytes: 12_340_000,
            done: 3_000,
            total: 9_000,
        };
        let elapsed = Duration::from_secs(2);
        let said = |language, before| line(language, progress, before, elapsed);
        assert_eq!(
            said(Language::En, 0),
            "1500 entries, 6.1 MB/s, about 4 s left"
        );
        assert_eq!(said(Language::Zh, 0), "1500 条，6.1 MB/s，约剩 4 秒");
        // What an earlier run did is not this run's speed.
        assert_eq!(
            said(Language::En, 2_000),
            "1500 entries, 6.1 MB/s, about 12 s left"
        );
        assert_eq!(said(Language::En, 3_000), "1500 entries, 6.1 MB/s");
    }
}

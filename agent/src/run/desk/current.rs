//! Whether the catalogue that is held is the one in force, for files that cannot stand by it.
//!
//! A catalogue that was just published reaches an agent by itself only at its next question, which may be minutes away. So before a file
//! is refused, the city is asked once which catalogue is in force: the file waits in the inbox until the answer, for [`PATIENCE`] at the
//! longest. Invariant: the city is asked for this at most once in [`FRESH`], however many files wait; while the line is down no file
//! waits.

use std::time::Duration;

use granary_core::{digest::Digest, text::Bilingual};
use tokio::time::Instant;

use super::Desk;
use crate::inbox::Step;

/// How long an answer of the city counts as the present: whoever publishes a catalogue and hands in a report of it takes longer.
const FRESH: Duration = Duration::from_secs(2);
/// How long files wait for one.
const PATIENCE: Duration = Duration::from_secs(10);
/// Refusals that an agent with an old catalogue gets.
const STALE_CATALOGUE: [&str; 5] = [
    "dataset_unknown",
    "indicator_unknown",
    "unit_unknown",
    "not_expected",
    "period_unknown",
];

/// When the city was asked which catalogue is in force, and when it last said so.
#[derive(Debug)]
pub(super) struct Current {
    /// None where the last question was answered.
    asked: Option<Instant>,
    confirmed: Option<Instant>,
}

impl Current {
    /// At the start, when a line that opens asks by itself.
    pub(super) fn unknown() -> Self {
        Self {
            asked: Some(Instant::now()),
            confirmed: None,
        }
    }

    /// Whether the city has said so just now, or has not answered for so long that nothing is gained by waiting.
    fn is_known(&self) -> bool {
        let within = |at: Option<Instant>, most| at.is_some_and(|at| at.elapsed() < most);
        within(self.confirmed, FRESH) || self.asked.is_some_and(|at| at.elapsed() >= PATIENCE)
    }

    /// Whether it is time to ask; then it counts as asked.
    fn ask(&mut self) -> bool {
        let is_due = self.asked.is_none();
        self.asked.get_or_insert_with(Instant::now);
        is_due
    }
}

impl Desk {
    /// Whether a file that cannot stand by the catalogue that is held need not wait for a newer one.
    pub(in crate::run) fn is_current(&self) -> bool {
        let connection = &self.status.connection;
        // Before the first attempt nothing is known of the line.
        let is_down = !connection.open && connection.since_ms != 0;
        is_down || self.current.is_known()
    }

    /// Asks for the catalogue at once where files wait for it.
    pub(super) fn ask_if_outdated(&mut self, steps: &[Step]) {
        let waits = |step: &Step| matches!(step, Step::Outdated { .. });
        if steps.iter().any(waits) && self.current.ask() {
            self.fetcher.refresh_catalogue();
        }
    }

    /// Asks for the catalogue at once where the city has refused what only an old one allows.
    pub(super) fn ask_if_stale(&mut self, code: &str) {
        if STALE_CATALOGUE.contains(&code) && self.current.ask() {
            self.fetcher.refresh_catalogue();
        }
    }

    /// The city has said which catalogue is in force: files that waited for that are looked at.
    pub(super) fn confirmed(&mut self) {
        self.current.confirmed = Some(Instant::now());
        if self.current.asked.take().is_some() {
            self.next_look = Instant::now();
        }
    }

    pub(super) fn keep_catalogue(&mut self, version: &Digest, bundle: &[u8]) {
        match self.catalogue.keep(version, bundle) {
            Ok(()) => {
                tracing::info!(version = version.short(), "a catalogue came into force");
                self.fetcher.set_held(self.catalogue.version());
                self.next_look = Instant::now();
            }
            Err(error) => {
                let zh = format!("新的报表制度未能启用（{error}），仍用原来的");
                self.raise(&Bilingual::new(
                    zh,
                    format!("the new catalogue was not taken, the one before stays: {error}"),
                ));
            }
        }
    }
}

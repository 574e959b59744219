//! What a running agent says of itself: the file `status.json` in the state folder, for `granary-agent status`.
//!
//! Written by the owner of the inbox with [`crate::durable`], when something has changed, at most once a second. It informs;
//! nothing is decided by it. Whether an agent runs is told by the spool's lock, not by this file.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use granary_core::text::{Bilingual, Language};
use serde::{Deserialize, Serialize};

use crate::durable::write_durably;

/// Receipts and alarms that are kept.
const KEPT_MAX: usize = 10;
/// The shortest time between two writes, in milliseconds.
const WRITE_PAUSE_MS: i64 = 1_000;

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When it was written, by this machine's clock.
    pub written_at_ms: i64,
    /// The process.
    pub pid: u32,
    /// The line to the city.
    pub connection: Connection,
    /// Statements that wait for their receipt.
    pub pending_records: u64,
    /// Of these, how many are on their way.
    pub in_flight: usize,
    /// Bytes of the spool.
    pub used_bytes: u64,
    /// The spool's limit.
    pub limit_bytes: u64,
    /// The version of the catalogue that is held, hexadecimal.
    pub catalogue_version: Option<String>,
    /// The newest head of the city's log that this agent has cosigned.
    #[serde(default)]
    pub cosigned: Option<Cosigned>,
    /// The city's log shows two histories: nothing is pushed any more.
    #[serde(default)]
    pub fork: Option<Alarm>,
    /// Name and version of the program.
    #[serde(default)]
    pub software: String,
    /// When the city last took a heartbeat, by this machine's clock.
    #[serde(default)]
    pub heartbeat_at_ms: Option<i64>,
    /// How far this machine's clock is ahead of the city's, as measured last.
    #[serde(default)]
    pub clock_ahead_ms: Option<i64>,
    /// Until when the client certificate lasts.
    #[serde(default)]
    pub certificate_until_ms: Option<i64>,
    /// The newest receipts, newest first.
    pub receipts: VecDeque<LastReceipt>,
    /// The newest alarms, newest first.
    pub alarms: VecDeque<Alarm>,
}

/// The line to the city.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Whether a stream is open.
    pub open: bool,
    /// Since when.
    pub since_ms: i64,
    /// Why not, in English.
    pub reason: String,
    /// When the next attempt is made.
    pub next_attempt_at_ms: i64,
}

/// A receipt in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastReceipt {
    /// Unit, dataset and period.
    pub slot: String,
    /// The revision.
    pub revision: u32,
    /// The place in the city's journal.
    pub index: u64,
    /// By the city's clock.
    pub received_at_ms: i64,
    /// Its file.
    pub file: PathBuf,
}

/// A head that was cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cosigned {
    /// Entries under it.
    pub size: u64,
    /// When, by this machine's clock.
    pub at_ms: i64,
}

/// Something that somebody has to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// When it was raised, by this machine's clock.
    pub at_ms: i64,
    /// What, in Chinese.
    pub zh: String,
    /// What, in English.
    pub en: String,
}

impl Alarm {
    /// The sentence.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

impl Status {
    /// Notes a receipt.
    pub fn receipt(&mut self, receipt: LastReceipt) {
        self.receipts.push_front(receipt);
        self.receipts.truncate(KEPT_MAX);
    }

    /// Notes an alarm. The same one again only gets a new time.
    pub fn alarm(&mut self, at_ms: i64, alarm: &Bilingual) {
        self.alarms.retain(|known| known.en != alarm.en);
        self.alarms.push_front(Alarm {
            at_ms,
            zh: alarm.zh.clone(),
            en: alarm.en.clone(),
        });
        self.alarms.truncate(KEPT_MAX);
    }

    /// Reads the file, where there is a whole one.
    #[must_use]
    pub fn read(state: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(state)).ok()?).ok()
    }
}

/// Writes the file, not too often. One owner.
pub struct StatusFile {
    path: PathBuf,
    written: Option<Status>,
}

impl StatusFile {
    /// The file under `state`.
    #[must_use]
    pub fn open(state: &Path) -> Self {
        Self {
            path: path(state),
            written: None,
        }
    }

    /// When the next write is allowed, if `status` differs from what was written.
    #[must_use]
    pub fn due_at_ms(&self, status: &Status) -> Option<i64> {
        match &self.written {
            None => Some(i64::MIN),
            Some(written) => {
                let same = Status {
                    written_at_ms: written.written_at_ms,
                    ..status.clone()
                } == *written;
                (!same).then(|| written.written_at_ms.saturating_add(WRITE_PAUSE_MS))
            }
        }
    }

    /// Writes it now.
    ///
    /// # Errors
    /// Those of the disk; the status is informative, so the caller goes on.
    pub fn write(&mut self, status: &Status, now_ms: i64) -> io::Result<()> {
        let status = Status {
            written_at_ms: now_ms,
            ..status.clone()
        };
        let text = serde_json::to_vec_pretty(&status).map_err(io::Error::other)?;
        // What failed once is not tried again before the pause is over.
        self.written = Some(status);
        write_durably(&self.path, &text)
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("status.json")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn it_is_written_when_something_changed_and_not_more_than_once_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, mut status) = (StatusFile::open(folder.path()), Status::default());
        assert_eq!(file.due_at_ms(&status), Some(i64::MIN));
        file.write(&status, 5_000).unwrap();
        assert_eq!(file.due_at_ms(&status), None);
        status.alarm(1, &Bilingual::new("甲", "a"));
        assert_eq!(file.due_at_ms(&status), Some(6_000));
        file.write(&status, 6_000).unwrap();
        assert_eq!(
            Status::read(folder.path()).unwrap().alarms[0].text(Language::Zh),
            "甲"
        );
    }

    #[test]
    fn the_same_alarm_is_kept_once_and_the_list_is_bounded() {
        let mut status = Status::default();
        for at in 0..50 {
            status.alarm(at, &Bilingual::new("甲", "a"));
            status.alarm(at, &Bilingual::new("", at.to_string()));
        }
        assert_eq!(status.alarms.len(), KEPT_MAX);
        assert_eq!(
            status.alarms.iter().filter(|alarm| alarm.en == "a").count(),
            1
        );
        assert_eq!(status.alarms[0].en, "49");
    }
}

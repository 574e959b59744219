//! Handing over: the rows become a CSV file in the agent's inbox, unless they are those of the last time.
//!
//! On disk: `sql/<name>.json` in the state folder, [`Kept`]. Durable after: the file is in the inbox before that is noted, so a crash
//! between the two hands the same rows over once more, which the agent answers with the receipt that it has.

use std::io;
use std::path::{Path, PathBuf};

use granary_agent::durable::write_durably;
use granary_core::{digest::Digest, period::Period};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::read::Rows;
use crate::source::Source;

/// What is remembered of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// When its query was answered last.
    pub run_at_ms: i64,
    /// The SHA-256 of what was handed over last, hexadecimal.
    pub sha256: String,
}

/// What became of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// They are in the inbox.
    Over(PathBuf),
    /// They are those of the last time.
    Unchanged,
    /// There were none.
    Nothing,
}

/// What is remembered of a source; nothing where that cannot be read.
#[must_use]
pub fn kept(state: &Path, name: &str) -> Option<Kept> {
    serde_json::from_slice(&std::fs::read(path(state, name)).ok()?).ok()
}

/// Hands rows over.
///
/// # Errors
/// Those of the disk; the next run tries again.
pub fn hand(
    source: &Source,
    (rows, period): (&Rows, Option<Period>),
    (root, state): (&Path, &Path),
    (now_ms, zone): (i64, &TimeZone),
) -> io::Result<Handed> {
    let known = kept(state, &source.name).unwrap_or_default();
    let note = |sha256: String| {
        let kept = Kept {
            run_at_ms: now_ms,
            sha256,
        };
        let text = serde_json::to_vec(&kept).map_err(io::Error::other)?;
        std::fs::create_dir_all(state.join("sql"))?;
        write_durably(&path(state, &source.name), &text)
    };
    if rows.rows.is_empty() {
        note(known.sha256)?;
        return Ok(Handed::Nothing);
    }
    let text = table(source, rows, period)?;
    let sha256 = Digest::of(&text).to_string();
    if sha256 == known.sha256 {
        note(sha256)?;
        return Ok(Handed::Unchanged);
    }
    let at = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = at
        .to_zoned_datetime(zone.clone())
        .strftime("%Y%m%dT%H%M%S")
        .to_string();
    let inbox = root.join("inbox");
    std::fs::create_dir_all(&inbox)?;
    let file = inbox.join(format!("{}_{at}.csv", source.name));
    // Written aside under a name that the agent passes over, then renamed.
    write_durably(&file, &text)?;
    note(sha256)?;
    Ok(Handed::Over(file))
}

/// The file: dataset and period above the headings, as a clerk would write them.
fn table(source: &Source, rows: &Rows, period: Option<Period>) -> io::Result<Vec<u8>> {
    let mut text = format!("# dataset: {}\n", source.dataset).into_bytes();
    if let Some(period) = period {
        text.extend_from_slice(format!("# period: {period}\n").as_bytes());
    }
    let mut writer = csv::Writer::from_writer(text);
    writer.write_record(&rows.headings)?;
    for row in &rows.rows {
        writer.write_record(row)?;
    }
    writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))
}

fn path(state: &Path, name: &str) -> PathBuf {
    state.join("sql").join(format!("{name}.json"))
}

//! The stamp of the state folder: which format its files have, and which program wrote them last.
//!
//! Format: the file `format`, two lines: `granary-agent state 1` and, for people, the program's name and version. A newer program keeps
//! what an older one wrote: spool, receipts, keys and all. An older program refuses a format that it does not know, before it has touched
//! anything, because it could misread what waits to be sent. A folder without a stamp is of format 1, from before there were stamps.

use std::io;
use std::path::Path;

use granary_core::text::Bilingual;

use crate::durable::write_durably;

/// The file's name in the state folder.
pub const FILE: &str = "format";
/// The format that this program writes. It is raised when an older program could misread something.
pub const FORMAT: u32 = 1;
const BEGINS: &str = "granary-agent state ";
const SOFTWARE: &str = concat!("granary-agent/", env!("CARGO_PKG_VERSION"));

/// Why the folder is left alone.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// Install that version again, or a newer one.
    #[error(
        "{folder} was written by {software} in format {format}, and this program ({SOFTWARE}) knows formats up to {FORMAT}: install {software} again, or a newer one. Nothing was changed"
    )]
    Newer {
        /// The folder.
        folder: String,
        /// Its format.
        format: u32,
        /// Who wrote it.
        software: String,
    },
    /// Restore it from a copy.
    #[error(
        "{0} does not say which format the folder has: restore it from a copy, or ask the city's office. Nothing was changed"
    )]
    Damaged(String),
    /// It cannot be read or written.
    #[error("{0} cannot be used: {1}")]
    Io(String, io::Error),
}

impl StampError {
    /// The sentence for people.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        let zh = match self {
            Self::Newer {
                folder,
                format,
                software,
            } => format!(
                "{folder} 是由较新的程序 {software} 写的（格式 {format}），本程序（{SOFTWARE}）只认得格式 {FORMAT} 及以前：请装回 {software} 或更新的版本。未改动任何内容"
            ),
            Self::Damaged(file) => {
                format!("{file} 没有写明数据格式：请从备份恢复，或联系市局。未改动任何内容")
            }
            Self::Io(file, error) => format!("{file} 无法读写：{error}"),
        };
        Bilingual::new(zh, self.to_string())
    }
}

/// Whether this program may use the folder; changes nothing.
///
/// # Errors
/// [`StampError`].
pub fn check(state: &Path) -> Result<(), StampError> {
    read(state).map(drop)
}

/// As [`check`], and says that this program uses it now.
///
/// # Errors
/// [`StampError`].
pub fn claim(state: &Path) -> Result<(), StampError> {
    let text = format!("{BEGINS}{FORMAT}\n{SOFTWARE}\n");
    if read(state)?.as_deref() == Some(&text) {
        return Ok(());
    }
    let failed = |error| StampError::Io(state.join(FILE).display().to_string(), error);
    std::fs::create_dir_all(state).map_err(failed)?;
    write_durably(&state.join(FILE), text.as_bytes()).map_err(failed)
}

/// The stamp, where there is one and its format is known.
fn read(state: &Path) -> Result<Option<String>, StampError> {
    let path = state.join(FILE);
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(StampError::Damaged(name));
        }
        Err(error) => return Err(StampError::Io(name, error)),
    };
    let mut lines = text.lines();
    let format = lines.next().and_then(|line| line.strip_prefix(BEGINS));
    match format.and_then(|format| format.parse::<u32>().ok()) {
        Some(1..=FORMAT) => Ok(Some(text)),
        Some(format) if format > FORMAT => Err(StampError::Newer {
            folder: state.display().to_string(),
            format,
            software: lines.next().unwrap_or("?").to_owned(),
        }),
        Some(_) | None => Err(StampError::Damaged(name)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_folder_without_a_stamp_and_one_of_an_older_program_are_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        check(&state).unwrap();
        assert!(!state.exists(), "a check changes nothing");
        claim(&state).unwrap();
        std::fs::write(
            state.join(FILE),
            "granary-agent state 1\ngranary-agent/0.0.1\n",
        )
        .unwrap();
        claim(&state).unwrap();
        let text = std::fs::read_to_string(state.join(FILE)).unwrap();
        assert_eq!(text, format!("granary-agent state 1\n{SOFTWARE}\n"));
    }

    #[test]
    fn a_newer_format_is_refused_by_name_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let newer = "granary-agent state 7\ngranary-agent/3.2.1\nmore\n";
        std::fs::write(folder.path().join(FILE), newer).unwrap();
        for refused in [check(folder.path()), claim(folder.path())] {
            let words = refused.unwrap_err().words();
            assert!(
                words.en.contains("install granary-agent/3.2.1 again"),
                "{}",
                words.en
            );
            assert!(
                words.zh.contains("请装回 granary-agent/3.2.1"),
                "{}",
                words.zh
            );
        }
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, newer);
    }

    #[test]
    fn what_says_no_format_is_not_guessed() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "granary-agent state\n",
            "granary-agent state 0\n",
            "granary-agent state x\n",
        ] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert!(
                matches!(claim(folder.path()), Err(StampError::Damaged(_))),
                "{text:?}"
            );
        }
        std::fs::write(folder.path().join(FILE), [0xff, 0xfe]).unwrap();
        assert!(matches!(claim(folder.path()), Err(StampError::Damaged(_))));
    }
}

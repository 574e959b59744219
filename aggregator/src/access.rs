//! The access log's file: `access/log` in the data folder, in the form that [`granary_core::access`] states.
//!
//! In: who reads what. Out: leave to answer. Durable after: the line, synced, before [`AccessLog::append`] returns.
//! On crash: a line without its end was never answered to, and is cut off at the next start.
//!
//! The whole chain is checked at the start, and against the newest anchor in the journal: a log that was altered, shortened or
//! taken away is an error that asks a person, never an empty log.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use granary_core::{
    access::{Access, Chain, ChainFault, LINE_BYTES_MAX},
    digest::Digest,
};

use crate::durable;

/// The log, open. Its file is written under the lock and by nobody else.
#[derive(Debug)]
pub struct AccessLog {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    chain: Chain,
    /// Bytes of the lines in the chain.
    bytes: u64,
    /// Lines that an anchor in the journal covers.
    anchored: u64,
    /// Set where a failed write could not be taken back: what stands in the file is not known then.
    broken: bool,
}

/// What an anchor in the journal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchored {
    /// How many lines the log had.
    pub lines: u64,
    /// The digest of its last line.
    pub head: Digest,
}

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccessLogError {
    /// The file cannot be read or written.
    #[error("the access log {path} cannot be used: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// A line does not hold.
    #[error(
        "the access log {path} was altered: {fault}; keep the file, and restore it from the backup"
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The first line that does not hold.
        fault: ChainFault,
    },
    /// It is not the log that the journal knows.
    #[error(
        "the access log {path} is not the one that the journal is bound to: {} lines were anchored, with another last line or more lines than there are; keep the file, and restore it from the backup",
        .anchored.lines
    )]
    NotAnchored {
        /// The file.
        path: PathBuf,
        /// What the journal says.
        anchored: Anchored,
    },
}

impl AccessLog {
    /// Opens the log of a data folder and checks all of it; makes an empty one where the journal knows of none.
    ///
    /// # Errors
    /// [`AccessLogError`] names the file, and the line.
    pub fn open(data: &Path, anchored: Option<Anchored>) -> Result<Self, AccessLogError> {
        let path = data.join("access").join("log");
        let failed = |error| AccessLogError::File {
            path: path.clone(),
            error,
        };
        if anchored.is_none() && !path.exists() {
            create(&path).map_err(failed)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let (chain, bytes) = checked(&path, &file, anchored)?;
        // What follows the last line's end was never answered to.
        file.set_len(bytes).map_err(failed)?;
        file.seek(SeekFrom::Start(bytes)).map_err(failed)?;
        Ok(Self {
            path,
            state: Mutex::new(State {
                file,
                chain,
                bytes,
                anchored: anchored.map_or(0, |anchored| anchored.lines),
                broken: false,
            }),
        })
    }

    /// Writes one line and makes it durable. Blocks.
    ///
    /// # Errors
    /// What the operating system said; then nothing may be answered.
    pub fn append(
        &self,
        at_ms: i64,
        who: (&str, Digest),
        access: Access,
        what: &str,
    ) -> io::Result<()> {
        let mut state = self.lock();
        if state.broken {
            return Err(io::Error::other("an earlier write failed: restart"));
        }
        let text = state.chain.next(at_ms, who, access, what).encode();
        let line = format!("{text}\n");
        let written = state.file.write_all(line.as_bytes());
        if let Err(error) = written.and_then(|()| state.file.sync_data()) {
            state.take_back();
            return Err(error);
        }
        state.bytes += line.len() as u64;
        state
            .chain
            .push(text.as_bytes())
            .map(drop)
            .map_err(io::Error::other)
    }

    /// How far the log is.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.lock().chain
    }

    /// Whether there are lines that no anchor covers; and how far the log is.
    #[must_use]
    pub fn unanchored(&self) -> Option<Anchored> {
        let state = self.lock();
        (state.chain.lines() > state.anchored).then(|| Anchored {
            lines: state.chain.lines(),
            head: state.chain.head(),
        })
    }

    /// Notes that the journal holds an anchor.
    pub fn set_anchored(&self, lines: u64) {
        let mut state = self.lock();
        state.anchored = state.anchored.max(lines);
    }

    /// The lines as they are now, to be read from the beginning.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn reader(&self) -> io::Result<BufReader<io::Take<File>>> {
        let bytes = self.lock().bytes;
        Ok(BufReader::new(File::open(&self.path)?.take(bytes)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Cuts off what a failed write may have left.
    fn take_back(&mut self) {
        let cut = self.file.set_len(self.bytes);
        let back = cut.and_then(|()| self.file.seek(SeekFrom::Start(self.bytes)));
        self.broken = back.is_err();
    }
}

fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
        durable::sync_folder(folder)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.sync_all()?;
    durable::sync_folder(path)
}

/// Reads all lines; gives the chain and the bytes of whole lines.
fn checked(
    path: &Path,
    file: &File,
    anchored: Option<Anchored>,
) -> Result<(Chain, u64), AccessLogError> {
    let path = || path.to_owned();
    let (mut chain, mut bytes, mut line) = (Chain::default(), 0, Vec::new());
    let mut at_anchor = None;
    let mut reader = BufReader::new(file);
    loop {
        line.clear();
        let read = (&mut reader)
            .take(LINE_BYTES_MAX as u64 + 2)
            .read_until(b'\n', &mut line);
        read.map_err(|error| AccessLogError::File {
            path: path(),
            error,
        })?;
        if line.len() <= LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            break;
        }
        bytes += line.len() as u64;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let pushed = chain.push(text);
        pushed.map_err(|fault| AccessLogError::Altered {
            path: path(),
            fault,
        })?;
        if anchored.is_some_and(|anchored| anchored.lines == chain.lines()) {
            at_anchor = Some(chain.head());
        }
    }
    match anchored {
        Some(anchored) if at_anchor != Some(anchored.head) => Err(AccessLogError::NotAnchored {
            path: path(),
            anchored,
        }),
        Some(_) | None => Ok((chain, bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "role:auditor";

    fn fill(data: &Path, count: usize) -> Anchored {
        let log = AccessLog::open(data, None).unwrap();
        for at in 0..count {
            let who = (WHO, Digest::of(b"certificate"));
            log.append(at as i64, who, Access::Series, "gdp").unwrap();
        }
        log.unanchored().unwrap()
    }

    #[test]
    fn a_log_goes_on_where_it_ended_and_a_torn_line_is_cut_off() {
        let data = tempfile::tempdir().unwrap();
        let anchored = fill(data.path(), 3);
        let path = data.path().join("access/log");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], b"4\ttorn"].concat()).unwrap();
        let log = AccessLog::open(data.path(), Some(anchored)).unwrap();
        assert_eq!(log.unanchored(), None);
        let who = (WHO, Digest::of(b"certificate"));
        log.append(9, who, Access::Journal, "").unwrap();
        assert_eq!(log.unanchored().unwrap().lines, 4);
        assert!(std::fs::read(&path).unwrap().starts_with(&whole));
        drop(log);
        assert_eq!(
            AccessLog::open(data.path(), None).unwrap().chain().lines(),
            4
        );
    }

    /// What a start says after the lines were changed by hand.
    fn refused(change: impl FnOnce(&mut Vec<String>)) -> String {
        let data = tempfile::tempdir().unwrap();
        let anchored = fill(data.path(), 4);
        let path = data.path().join("access/log");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.split_inclusive('\n').map(Into::into).collect();
        change(&mut lines);
        std::fs::write(&path, lines.concat()).unwrap();
        let error = AccessLog::open(data.path(), Some(anchored)).unwrap_err();
        error.to_string()
    }

    #[test]
    fn a_log_that_was_altered_shortened_or_written_anew_does_not_start() {
        assert!(refused(|lines| drop(lines.remove(1))).contains("lines 2 to 2 were removed"));
        let altered = refused(|lines| lines[1] = lines[1].replace("gdp", "tax"));
        assert!(altered.contains("line 2 was altered"), "{altered}");
        assert!(refused(|lines| drop(lines.pop())).contains("4 lines were anchored"));
        assert!(refused(Vec::clear).contains("4 lines were anchored"));
        let long = refused(|lines| lines[0] = format!("{}\n", "x".repeat(5_000)));
        assert!(long.contains("line 1 is not a line"), "{long}");
        // All lines computed anew, with another certificate.
        let anew = refused(|lines| {
            let mut chain = Chain::default();
            for line in lines {
                let who = (WHO, Digest::of(b"another"));
                let text = chain.next(0, who, Access::Series, "gdp").encode();
                chain.push(text.as_bytes()).unwrap();
                *line = format!("{text}\n");
            }
        });
        assert!(anew.contains("4 lines were anchored"), "{anew}");
    }

    #[test]
    fn a_log_that_was_taken_away_is_never_made_anew() {
        let data = tempfile::tempdir().unwrap();
        let anchored = fill(data.path(), 2);
        std::fs::remove_file(data.path().join("access/log")).unwrap();
        let error = AccessLog::open(data.path(), Some(anchored)).unwrap_err();
        assert!(matches!(error, AccessLogError::File { .. }));
        assert!(!data.path().join("access/log").exists());
    }
}

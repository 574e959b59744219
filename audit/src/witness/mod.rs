//! A witness that stands by itself (c2sp.org/tlog-witness): anybody can run one for a city's log.
//!
//! - In: `POST /add-checkpoint`, [`AddCheckpoint`] as text.
//! - Out: a cosignature, or the status that the specification asks for ([`Answer`]).
//! - Durable after: the new head is in the state file before the cosignature is made.
//! - On crash: the log asks again with the old size that a 409 tells it.
//!
//! | status | when |
//! |---|---|
//! | 200 | the head continues the one before; the body is the signature line |
//! | 400 | the request is malformed, or the old size is larger than the checkpoint's |
//! | 403 | the log's key has not signed the checkpoint |
//! | 404 | the checkpoint is of another log |
//! | 409 | the old size is not that of the head that was cosigned last, which the body gives; or equal sizes with different roots |
//! | 422 | the proof does not hold |
//!
//! Files: `STATE`, the signed note of the head that was cosigned last, verbatim, empty before the first; `STATE.lock`; and
//! where the log shows two histories `STATE.fork/` with `seen.checkpoint` and `request.txt`, the first such request.
//! A missing state file is an error and no new beginning: a witness that has forgotten what it saw must be retired.

pub mod server;
#[cfg(test)]
mod tests;

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ed25519_dalek::SigningKey;
use granary_core::{
    log::{
        AddCheckpoint, Break, Checkpoint, CheckpointError, KeyName, NoteError, SignedNote,
        VerifierKey, WitnessKey, cosignature::cosign, note::KeyError, witnessing::continues,
    },
    text::Bilingual,
};

use crate::durable;

/// A witness of one log.
pub struct Witness {
    log_key: VerifierKey,
    key: SigningKey,
    public: WitnessKey,
    state: PathBuf,
    /// The head that was cosigned last. Held from the check until the new one is durable.
    seen: Mutex<Option<Checkpoint>>,
    /// Seconds since 1970-01-01 UTC.
    clock: fn() -> u64,
    /// Closing it releases the lock.
    _lock: File,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is no state yet, or no more.
    #[error("{} is missing: a new witness begins with --init; one that has lost it must not go on under this key", .0.display())]
    Missing(PathBuf),
    /// There is a state already.
    #[error("{} is there already: leave --init out", .0.display())]
    Exists(PathBuf),
    /// Another process uses it.
    #[error("{} is used by another witness", .0.display())]
    InUse(PathBuf),
    /// The state was damaged.
    #[error("{} does not hold ({error}): restore it from a copy", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        error: CheckpointError,
    },
    /// The key cannot be used.
    #[error("the witness's key cannot be used: {0}")]
    Key(#[from] KeyError),
}

impl StartError {
    /// The reason for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Io { path, error } => format!("{}：{error}", path.display()),
            Self::Missing(path) => format!(
                "缺少 {}：新的见证方请加 --init；丢失了状态的见证方不得再用这把密钥",
                path.display()
            ),
            Self::Exists(path) => format!("{} 已存在：请去掉 --init", path.display()),
            Self::InUse(path) => format!("{} 正被另一个见证方使用", path.display()),
            Self::Damaged { path, error } => {
                format!("{} 不成立（{error}）：请从副本恢复", path.display())
            }
            Self::Key(error) => format!("见证密钥不能用：{error}"),
        };
        Bilingual::new(zh, self.to_string())
    }
}

impl Answer {
    fn text(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    fn conflict(size: u64) -> Self {
        Self {
            status: 409,
            content_type: "text/x.tlog.size",
            body: format!("{size}\n"),
        }
    }
}

impl Witness {
    /// Makes the empty state of a new witness.
    ///
    /// # Errors
    /// [`StartError::Exists`] where there is one.
    pub fn init(state: &Path) -> Result<(), StartError> {
        if state.exists() {
            return Err(StartError::Exists(state.to_owned()));
        }
        durable::write_file(state, b"").map_err(|error| io_error(state, error))
    }

    /// Reads the state of a witness and locks it for this process.
    ///
    /// # Errors
    /// [`StartError`] says what does not hold; nothing is repaired or begun anew.
    pub fn open(
        state: &Path,
        log_key: VerifierKey,
        name: KeyName,
        key: SigningKey,
        clock: fn() -> u64,
    ) -> Result<Self, StartError> {
        let public = WitnessKey::new(name, key.verifying_key())?;
        if !state.exists() {
            return Err(StartError::Missing(state.to_owned()));
        }
        let lock = lock(state)?;
        let note = std::fs::read(state).map_err(|error| io_error(state, error))?;
        let open = |note: &[u8]| {
            let keys = std::slice::from_ref(&log_key);
            Checkpoint::open(note, log_key.name().as_str(), keys)
        };
        let seen = (!note.is_empty()).then(|| open(&note)).transpose();
        let seen = seen.map_err(|error| StartError::Damaged {
            path: state.to_owned(),
            error,
        })?;
        Ok(Self {
            log_key,
            key,
            public,
            state: state.to_owned(),
            seen: Mutex::new(seen),
            clock,
            _lock: lock,
        })
    }

    /// The public key, as a policy holds it.
    #[must_use]
    pub const fn public(&self) -> &WitnessKey {
        &self.public
    }

    /// Answers a request. Blocks for the disk.
    pub fn add_checkpoint(&self, body: &[u8]) -> Answer {
        let request = std::str::from_utf8(body).map_err(|error| error.to_string());
        let request =
            request.and_then(|text| AddCheckpoint::parse(text).map_err(|e| e.to_string()));
        match request {
            Ok(request) => self.judge(&request).unwrap_or_else(|refused| refused),
            Err(error) => Answer::text(400, format!("{error}\n")),
        }
    }

    fn judge(&self, request: &AddCheckpoint) -> Result<Answer, Answer> {
        let shown = self.verified(&request.checkpoint)?;
        if request.old_size > shown.size() {
            return Err(Answer::text(
                400,
                "the old size is larger than the checkpoint's\n",
            ));
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen_size = seen.as_ref().map_or(0, Checkpoint::size);
        if request.old_size != seen_size {
            return Err(Answer::conflict(seen_size));
        }
        if let Err(why) = continues(seen.as_ref(), &shown, &request.proof) {
            self.keep_evidence(request);
            return Err(match why {
                Break::TwoRoots { size } => Answer::conflict(size),
                Break::Shrunk { .. } | Break::NotProven { .. } => {
                    Answer::text(422, format!("{why}\n"))
                }
            });
        }
        durable::write_file(&self.state, request.checkpoint.as_bytes())
            .map_err(|error| Answer::text(500, format!("the head could not be kept: {error}\n")))?;
        let line = cosign(
            &shown.to_text(),
            self.public.name(),
            &self.key,
            (self.clock)(),
        );
        *seen = Some(shown);
        drop(seen);
        Ok(Answer::text(200, line.to_line()))
    }

    /// The checkpoint, verified under the log's key; unknown keys are passed over.
    fn verified(&self, note: &str) -> Result<Checkpoint, Answer> {
        let malformed = |error: &dyn std::fmt::Display| Answer::text(400, format!("{error}\n"));
        let note = SignedNote::parse(note.as_bytes()).map_err(|error| malformed(&error))?;
        let checkpoint =
            Checkpoint::parse(note.unverified_text()).map_err(|error| malformed(&error))?;
        if checkpoint.origin() != self.log_key.name().as_str() {
            return Err(Answer::text(404, "this witness does not know the log\n"));
        }
        let opened = note.open(std::slice::from_ref(&self.log_key));
        let unsigned = |error: NoteError| Answer::text(403, format!("{error}\n"));
        opened.map(|_| checkpoint).map_err(unsigned)
    }

    /// Keeps the first request that does not continue what was seen. The answer does not wait for its success.
    fn keep_evidence(&self, request: &AddCheckpoint) {
        let mut name = self.state.clone().into_os_string();
        name.push(".fork");
        let folder = PathBuf::from(name);
        if folder.exists() {
            return;
        }
        let kept = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::read(&self.state))
            .and_then(|seen| durable::write_file(&folder.join("seen.checkpoint"), &seen))
            .and_then(|()| {
                durable::write_file(&folder.join("request.txt"), request.to_text().as_bytes())
            });
        // A full disk must not make a witness cosign, and it does not: the refusal stands without the file.
        drop(kept);
    }
}

fn lock(state: &Path) -> Result<File, StartError> {
    let mut name = state.to_owned().into_os_string();
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = File::create(&path).map_err(|error| io_error(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(state.to_owned())),
        Err(TryLockError::Error(error)) => Err(io_error(&path, error)),
    }
}

fn io_error(path: &Path, error: io::Error) -> StartError {
    StartError::Io {
        path: path.to_owned(),
        error,
    }
}

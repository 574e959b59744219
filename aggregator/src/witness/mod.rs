//! The heads that are cosigned, and the cosignatures that were gathered for them.
//!
//! A busy log signs a head many times a second, and cosignatures of heads that differ do not add up. So one head stays the
//! one to be cosigned for a round; the next round takes what is newest then. The newest rounds are kept.
//!
//! - In: checkpoints that this city has signed, and cosignatures that were verified.
//! - Out: checkpoints with their cosignatures.
//! - Durable after: [`Rounds::add`] returns. One file a round in the folder `cosigned`, `<size, 20 digits>.checkpoint`: the
//!   signed note, replaced whole. Writers that wait for each other write once for all of them.
//! - On crash: a round that nobody has cosigned yet is forgotten, and another begins; nothing that was answered is lost.
//!
//! Invariants: heads only grow from round to round; a key has at most one cosignature in a round, the first that came;
//! [`ROUNDS_KEPT`] rounds with at most [`COSIGNATURES_MAX`] cosignatures each bound everything.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use granary_core::log::{Checkpoint, SignedNote, VerifierKey, note::NoteSignature};

use crate::durable;

/// Rounds that are kept, the present one included.
pub const ROUNDS_KEPT: usize = 4;
/// Cosignatures of one head; what comes later is not needed. A note may have 100 signatures, the log's own among them.
pub const COSIGNATURES_MAX: usize = 64;
/// What the files are called.
const SUFFIX: &str = ".checkpoint";

/// The rounds of a data folder.
pub struct Rounds {
    folder: PathBuf,
    length: Duration,
    state: Mutex<State>,
    /// Held while files are written.
    writing: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// The oldest first.
    rounds: Vec<Round>,
    /// When the newest began, by the city's clock; `None` after a start.
    began_at_ms: Option<i64>,
}

struct Round {
    size: u64,
    /// The log's signature, then the cosignatures.
    note: SignedNote,
    /// How many signature lines the file has.
    durable: usize,
}

/// Why a cosignature is not kept.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The head is not one of the kept rounds.
    #[error("no head of {0} entries is to be cosigned: ask for the head again")]
    NoSuchHead(u64),
    /// There are enough.
    #[error("the head has {COSIGNATURES_MAX} cosignatures, which are enough")]
    Full,
    /// The file could not be written.
    #[error("the cosignature could not be kept: {0}")]
    Storage(#[from] io::Error),
}

impl Round {
    fn cosignatures(&self) -> usize {
        self.note.signatures().len() - 1
    }
}

impl Rounds {
    /// Reads the rounds that are kept in `folder`. A file that does not hold is passed over: it can be gathered again.
    ///
    /// # Errors
    /// What the file system said.
    pub fn open(folder: &Path, log_key: &VerifierKey, length: Duration) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut rounds = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if !path.to_string_lossy().ends_with(SUFFIX) {
                continue;
            }
            match read(&std::fs::read(&path)?, log_key) {
                Some(round) => rounds.push(round),
                None => {
                    tracing::warn!(path = %path.display(), "a cosigned checkpoint does not hold and is passed over");
                }
            }
        }
        rounds.sort_by_key(|round| round.size);
        Ok(Self {
            folder: folder.to_owned(),
            length,
            state: Mutex::new(State {
                rounds,
                began_at_ms: None,
            }),
            writing: Mutex::new(()),
        })
    }

    /// The head to be cosigned now, with its cosignatures, given the newest signed checkpoint; `None` before the first.
    pub fn head(&self, newest: &str, now_ms: i64) -> Option<(u64, String)> {
        let note = SignedNote::parse(newest.as_bytes()).ok()?;
        let size = Checkpoint::parse(note.unverified_text()).ok()?.size();
        let length_ms = i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX);
        let mut state = self.state();
        let is_over = state
            .began_at_ms
            .is_none_or(|began| now_ms.saturating_sub(began) >= length_ms);
        let grows = state.rounds.last().is_none_or(|round| round.size < size);
        if is_over && grows {
            // A round that nobody has cosigned leaves nothing behind, so that idle rounds do not add up.
            state.rounds.pop_if(|round| round.cosignatures() == 0);
            state.rounds.push(Round {
                size,
                note,
                durable: 0,
            });
            state.began_at_ms = Some(now_ms);
        }
        let round = state.rounds.last()?;
        Some((round.size, round.note.to_text()))
    }

    /// The head for a witness that has seen `seen_size` entries: that of the round, but never a smaller one than it has seen,
    /// which would look like a log that shrank. Its receipts can be newer than the round; then it is shown `newest`, and
    /// cosigns from the next round on.
    pub fn head_for(&self, seen_size: u64, newest: &str, now_ms: i64) -> Option<(u64, String)> {
        let (size, note) = self.head(newest, now_ms)?;
        if size >= seen_size {
            return Some((size, note));
        }
        let newest_note = SignedNote::parse(newest.as_bytes()).ok()?;
        let newest_size = Checkpoint::parse(newest_note.unverified_text())
            .ok()?
            .size();
        Some((newest_size, newest.to_owned()))
    }

    /// How long a round lasts.
    pub const fn length(&self) -> Duration {
        self.length
    }

    /// The text that a cosignature of the head of `size` entries is over.
    pub fn text(&self, size: u64) -> Option<String> {
        let state = self.state();
        let round = state.rounds.iter().find(|round| round.size == size)?;
        Some(round.note.unverified_text().to_owned())
    }

    /// Keeps a cosignature that was verified; gives how many the head has. Blocks for the disk.
    ///
    /// # Errors
    /// [`AddError`]; nothing was added then.
    pub fn add(&self, size: u64, line: NoteSignature) -> Result<usize, AddError> {
        {
            let mut state = self.state();
            let round = state.rounds.iter_mut().find(|round| round.size == size);
            let round = round.ok_or(AddError::NoSuchHead(size))?;
            let same =
                |known: &NoteSignature| known.id() == line.id() && known.name() == line.name();
            if !round.note.signatures().iter().any(same) {
                if round.cosignatures() >= COSIGNATURES_MAX {
                    return Err(AddError::Full);
                }
                let more = round.note.clone().with_signature(line);
                round.note = more.map_err(|_| AddError::Full)?;
            }
        }
        self.keep(size)?;
        let state = self.state();
        let round = state.rounds.iter().find(|round| round.size == size);
        Ok(round.map_or(0, Round::cosignatures))
    }

    /// A checkpoint of ours as it is published: with the cosignatures of that very head.
    #[must_use]
    pub fn published(&self, newest: &str) -> String {
        let state = self.state();
        let cosigned = state.rounds.iter().find(|round| {
            newest
                .strip_prefix(round.note.unverified_text())
                .is_some_and(|rest| rest.starts_with('\n'))
        });
        cosigned.map_or_else(|| newest.to_owned(), |round| round.note.to_text())
    }

    /// The kept head with the most cosignatures, the newest of equals; `None` where nobody has cosigned any.
    #[must_use]
    pub fn most_cosigned(&self) -> Option<(u64, String)> {
        let state = self.state();
        let best = state
            .rounds
            .iter()
            .max_by_key(|round| round.cosignatures())?;
        (best.cosignatures() > 0).then(|| (best.size, best.note.to_text()))
    }

    /// Entries and cosignatures of that head; zeroes where there is none.
    #[must_use]
    pub fn witnessed(&self) -> (u64, usize) {
        let state = self.state();
        let best = state.rounds.iter().max_by_key(|round| round.cosignatures());
        best.filter(|round| round.cosignatures() > 0)
            .map_or((0, 0), |round| (round.size, round.cosignatures()))
    }

    /// Makes what a round has durable, unless somebody else just did, and forgets the oldest.
    fn keep(&self, size: u64) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, lines) = {
            let state = self.state();
            let Some(round) = state.rounds.iter().find(|round| round.size == size) else {
                return Ok(());
            };
            let lines = round.note.signatures().len();
            if round.durable == lines {
                return Ok(());
            }
            (round.note.to_text(), lines)
        };
        durable::write_file(&self.path(size), text.as_bytes())?;
        let mut state = self.state();
        if let Some(round) = state.rounds.iter_mut().find(|round| round.size == size) {
            round.durable = lines;
        }
        let surplus = state.rounds.len().saturating_sub(ROUNDS_KEPT);
        let forgotten: Vec<u64> = state.rounds.drain(..surplus).map(|r| r.size).collect();
        drop(state);
        for size in forgotten {
            match std::fs::remove_file(self.path(size)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn path(&self, size: u64) -> PathBuf {
        self.folder.join(format!("{size:020}{SUFFIX}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kept round, whose first signature is the log's.
fn read(bytes: &[u8], log_key: &VerifierKey) -> Option<Round> {
    let keys = std::slice::from_ref(log_key);
    let checkpoint = Checkpoint::open(bytes, log_key.name().as_str(), keys).ok()?;
    let note = SignedNote::parse(bytes).ok()?;
    let durable = note.signatures().len();
    Some(Round {
        size: checkpoint.size(),
        note,
        durable,
    })
}

#[cfg(test)]
mod tests;

//! The replay: an archive is checked from its first byte to its last signature and folded again, by whoever trusts
//! neither the county nor the city.
//!
//! What holds afterwards, each with the test that breaks it (`audit/tests/attacks.rs`):
//! - the entries give the root that the checkpoint was signed over, by the key that the first entry names (and, where one
//!   is given, by the key that the auditor has from elsewhere);
//! - every entry is in canonical form, its payload has its digest and states its slot, no payload was journaled twice,
//!   and no entry was received before the one before it;
//! - every signature was checked strictly, by a key that was enrolled and not revoked then, for its own unit;
//! - the state is what the core's fold makes of the entries, under each entry's own catalogue and receive time.
//!
//! Memory has a bound that does not grow with the journal, but for 32 bytes for each administrative act and 16 for each
//! block: rows go to a temporary folder, and payloads are read from the archive itself.

mod answer;
mod check;
mod crew;
mod fault;
mod fold;
mod rows;
mod summary;
mod tally;

use std::{
    collections::BTreeSet,
    fs::File,
    io::BufReader,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use ed25519_dalek::VerifyingKey;
use granary_core::{
    bulletin,
    catalogue::Catalogue,
    completeness::Board,
    digest::Digest,
    ledger::{
        EnrolledWitness, FindingStatus, FoldError, Ledger, Registry, View, keys, rows::FindingRow,
    },
    log::{Checkpoint, Hash, KeyName, VerifierKey},
    period::Period,
    scorecard::Known,
};

use self::{
    check::Keys,
    fold::{Fold, Folded},
    rows::{MEMORY_BYTES_MAX, Rows},
};
use crate::{
    archive::{ArchiveError, End, Payloads, Reader},
    progress::Progress,
};

pub use answer::AnswerError;
pub(crate) use answer::{group_by, wants};
pub use fault::{EntryFault, Fault};
pub use summary::Summary;
pub use tally::{Outcomes, Tally, UnderCatalogue};

/// How to replay.
#[derive(Clone, Debug)]
pub struct Options {
    /// The log's key as the auditor has it from elsewhere; without one, the journal is only checked against the key that
    /// itself names.
    pub log_key: Option<VerifierKey>,
    /// Where a temporary folder may be made for the rows of a long journal.
    pub scratch: PathBuf,
    /// Bytes of rows that are kept in memory.
    pub memory_bytes_max: usize,
    /// How many entries are folded: what the city knew when it had no more. All entries, where absent. Those after them are
    /// only hashed into the tree.
    pub entries_max: Option<u64>,
    /// Heads that the auditor has from elsewhere, each verified under `log_key`: the journal must have grown through them.
    pub held: Vec<Checkpoint>,
}

/// A journal that holds, with the state that follows from it.
pub struct Replayed {
    ledger: Ledger,
    rows: Rows,
    payloads: Payloads,
    /// What the entries came to.
    pub tally: Tally,
    /// The root of the tree over the entries folded.
    pub root: Hash,
    /// The signed head, whose root all entries of the archive give.
    pub checkpoint: Checkpoint,
    /// The key that signed it.
    pub log_key: VerifierKey,
    /// Whether the auditor had that key from elsewhere.
    pub log_key_given: bool,
    /// How many heads from elsewhere it has grown through.
    pub held: usize,
    /// When the last entry was received.
    pub last_received_at_ms: i64,
    /// How long it took.
    pub took: Duration,
}

/// How many findings are in each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Nobody has answered them.
    pub open: u64,
    /// The unit has explained them.
    pub explained: u64,
    /// Operations have accepted the explanation.
    pub accepted: u64,
    /// A later snapshot has put them right.
    pub corrected: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            log_key: None,
            scratch: std::env::temp_dir(),
            memory_bytes_max: MEMORY_BYTES_MAX,
            entries_max: None,
            held: Vec::new(),
        }
    }
}

/// Checks an archive and folds it.
///
/// # Errors
/// The first [`Fault`], in the order of the file.
pub fn replay(
    path: &Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Replayed, Fault> {
    let started = Instant::now();
    let open = || File::open(path).map_err(ArchiveError::Disk);
    let file = open()?;
    let total = file.metadata().map_err(ArchiveError::Disk)?.len();
    let reader = Reader::new(BufReader::with_capacity(1 << 20, file))?;
    let keys = Keys::default();
    let rows = Rows::new(&options.scratch, options.memory_bytes_max);
    let mut fold = Fold::new(rows, Payloads::new(open()?), &keys, options)?;
    let mut bytes = 0;
    let end = crew::run(reader, &keys, |arrived| {
        let done = arrived.offset;
        bytes += arrived.block.bytes() as u64;
        fold.take(arrived)?;
        progress(Progress {
            entries: fold.tally.entries(),
            bytes,
            done,
            total,
        });
        Ok(())
    })?;
    let (checkpoint, log_key) = signed(&fold, &end, options.log_key.as_ref())?;
    grown_through(&fold, &options.held)?;
    let Fold {
        ledger,
        rows,
        payloads,
        tally,
        last_received_at_ms,
        roots,
        ..
    } = fold;
    let folded = roots.get(&ledger.applied()).copied();
    let root = folded.unwrap_or(*checkpoint.root());
    Ok(Replayed {
        ledger,
        rows,
        payloads,
        tally,
        root,
        checkpoint,
        log_key,
        log_key_given: options.log_key.is_some(),
        held: options.held.len(),
        last_received_at_ms,
        took: started.elapsed(),
    })
}

/// The checkpoint, once it is found to be of this log, rightly signed, and over just these entries.
fn signed(
    fold: &Fold<'_>,
    end: &End,
    given: Option<&VerifierKey>,
) -> Result<(Checkpoint, VerifierKey), Fault> {
    let log_key = named_key(fold.ledger.registry())?;
    let differs = |stated: String, source_zh, source_en| Fault::LogKey {
        journal: log_key.to_string(),
        stated,
        source_zh,
        source_en,
    };
    if let Some(given) = given.filter(|given| **given != log_key) {
        return Err(differs(given.to_string(), "给出的是", "the one given is"));
    }
    if end.verifier_key != log_key.to_string() {
        let stated = end.verifier_key.chars().take(200).collect();
        return Err(differs(stated, "归档末尾写的是", "the archive's end says"));
    }
    let origin = log_key.name().as_str();
    let note = end.checkpoint.as_bytes();
    let checkpoint = Checkpoint::open(note, origin, std::slice::from_ref(&log_key))?;
    let entries = fold.frontier.size();
    if checkpoint.size() != entries {
        return Err(Fault::Size {
            checkpoint: checkpoint.size(),
            entries,
        });
    }
    let computed = fold.frontier.root();
    if *checkpoint.root() != computed {
        return Err(Fault::Root {
            entries,
            computed,
            stated: *checkpoint.root(),
        });
    }
    Ok((checkpoint, log_key))
}

/// Each head from elsewhere is over just the first entries of this journal. So no entry under it was removed, altered or added,
/// even by somebody who could sign the tree anew.
fn grown_through(fold: &Fold<'_>, held: &[Checkpoint]) -> Result<(), Fault> {
    let entries = fold.frontier.size();
    for head in held {
        let size = head.size();
        let computed = fold.roots.get(&size).filter(|_| size <= entries);
        let computed = *computed.ok_or(Fault::Shrunk { size, entries })?;
        if computed != *head.root() {
            return Err(Fault::OtherHistory {
                size,
                computed,
                held: *head.root(),
            });
        }
    }
    Ok(())
}

impl Options {
    /// The sizes at which the root of the tree is looked at.
    fn sizes_wanted(&self) -> BTreeSet<u64> {
        let held = self.held.iter().map(Checkpoint::size);
        held.chain(self.entries_max).collect()
    }
}

/// The key that the first entry names.
fn named_key(registry: &Registry) -> Result<VerifierKey, Fault> {
    let genesis = registry.genesis().ok_or(Fault::Empty)?;
    let bytes = genesis.log_public_key.as_slice().try_into().ok();
    let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let key = KeyName::new(&genesis.origin)
        .ok()
        .zip(key)
        .and_then(|(name, key)| VerifierKey::new(name, key).ok());
    key.ok_or(Fault::entry(0, EntryFault::Genesis))
}

impl Replayed {
    /// The catalogue in force at the end.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Arc<Catalogue>> {
        self.ledger.registry().catalogue()
    }

    /// Who may do what, under which catalogue, and which samples were announced.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.ledger.registry()
    }

    /// The witness keys that units have enrolled, by unit and then in the order of their enrolment. Each enrolment was signed by
    /// a key of the unit and by the witness key itself, and both were checked.
    #[must_use]
    pub fn witnesses(&self) -> Vec<EnrolledWitness> {
        let enrolled = self.registry().witnesses();
        let mut witnesses: Vec<_> = enrolled.map(|(_, witness)| witness.clone()).collect();
        witnesses.sort_by(|a, b| (&a.unit, a.enrolled_index).cmp(&(&b.unit, b.enrolled_index)));
        witnesses
    }

    /// How many entries were folded.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.ledger.applied()
    }

    /// The rows and payloads, as the core's functions read them.
    #[must_use]
    pub fn view(&self) -> impl View + '_ {
        Folded {
            rows: &self.rows,
            payloads: &self.payloads,
        }
    }

    /// The state digest, as `granary-aggregator state-digest` prints it.
    ///
    /// # Errors
    /// [`Fault::Local`] where the temporary rows cannot be read.
    pub fn state_digest(&self) -> Result<Digest, Fault> {
        self.rows.digest().map_err(Fault::local)
    }

    /// The slots' states; `None` before a catalogue was published.
    ///
    /// # Errors
    /// [`FoldError`] where the temporary rows cannot be read.
    pub fn board(&self) -> Result<Option<Board>, FoldError> {
        let catalogue = self.catalogue().cloned();
        catalogue
            .map(|catalogue| Board::load(&self.view(), catalogue))
            .transpose()
    }

    /// The bulletin of a period, with the bytes that the city computes from the same entries. None before a catalogue was
    /// published.
    ///
    /// # Errors
    /// [`FoldError`] where the temporary rows cannot be read.
    pub fn bulletin(
        &self,
        period: Period,
        as_of_ms: i64,
    ) -> Result<Option<bulletin::Bulletin>, FoldError> {
        let Some(board) = self.board()? else {
            return Ok(None);
        };
        let basis = bulletin::Basis {
            applied_size: self.applied(),
            as_of_ms,
            catalogue_version: board.catalogue().version().as_bytes().to_vec(),
        };
        let known = Known {
            board: &board,
            view: &self.view(),
            as_of_ms,
        };
        bulletin::assemble(known, period, basis, self.log_head()).map(Some)
    }

    /// The tree over the entries that were folded.
    fn log_head(&self) -> bulletin::LogHead {
        bulletin::LogHead {
            origin: self.log_key.name().to_string(),
            size: self.applied(),
            root_hash: self.root.as_bytes().to_vec(),
        }
    }

    /// How many findings are in each status.
    ///
    /// # Errors
    /// [`FoldError`] where the temporary rows cannot be read.
    pub fn finding_counts(&self) -> Result<FindingCounts, FoldError> {
        let (mut counts, mut damaged) = (FindingCounts::default(), false);
        let table = keys::table(keys::Table::Finding);
        self.view().scan(&table, &mut |_, value| {
            let row = FindingRow::decode_row(value).ok();
            match row.and_then(|row| FindingStatus::from_number(row.status)) {
                Some(FindingStatus::Open) => counts.open += 1,
                Some(FindingStatus::Explained) => counts.explained += 1,
                Some(FindingStatus::Accepted) => counts.accepted += 1,
                Some(FindingStatus::Corrected) => counts.corrected += 1,
                None => damaged = true,
            }
            ControlFlow::Continue(())
        })?;
        if damaged {
            return Err(FoldError::Row("a finding".into()));
        }
        Ok(counts)
    }
}

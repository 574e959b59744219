//! Follows a log from outside, as a monitor does: nothing but HTTP and the log's public key.
//!
//! In: the newest checkpoint, tiles and entry bundles (c2sp.org/tlog-tiles), and the head that was kept at the last run.
//! Out: what is new, checked against the signed tree entry by entry; or the first thing that does not hold.
//! Durable after: the new head, in the place of the old one. On crash: the old head stands, and the next run does the
//! same again.
//!
//! The order of the checks says what a fault proves. First the tiles must give the new signed root; then the same tiles
//! must give the root that was kept. Where they do not, two signed heads contradict each other: the log's owner has
//! rewritten history, whatever the network did, and both heads are kept as evidence.
//!
//! Memory: one tile a level, one bundle, and the newest few entries.

mod http;
mod tree;
mod keep;
mod fault;

use std::{collections::VecDeque, path::PathBuf};

use granary_core::{
    ledger::{JournalEntry, Subject},
    log::{
        Checkpoint, Frontier, Hash, TilePath, VerifierKey, leaf_hash,
        merkle::subtrees,
        note::NOTE_BYTES_MAX,
        tiles::{self, TILE_WIDTH},
    },
};

use self::{http::Client, keep::Kept, tree::Tiles};
use crate::progress::Progress;

pub use fault::{Evidence, Fault, Flaw};

/// Entries under one tile, as a count.
const TILE_ENTRIES: u64 = TILE_WIDTH as u64;
/// The longest entry bundle, in bytes.
const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (tiles::ENTRY_BYTES_MAX + 2);

/// Which log to follow, and where the head is kept.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The log's prefix, `http://host:port` or with a path.
    pub url: String,
    /// The log's verifier key.
    pub log_key: VerifierKey,
    /// The file with the newest head that was found to hold; it need not exist at the first run.
    pub head: PathBuf,
    /// How many of the newest entries to give back.
    pub newest_max: usize,
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The head that holds now.
    pub checkpoint: Checkpoint,
    /// Entries under the head that was kept before; `None` at the first run.
    pub size_before: Option<u64>,
    /// What is new.
    pub tally: Tally,
    /// The newest of the new entries, in order, with their indexes.
    pub newest: VecDeque<(u64, JournalEntry)>,
}

/// The new entries, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Snapshots.
    pub snapshots: u64,
    /// Administrative acts.
    pub acts: u64,
    /// When the first of them was received, in milliseconds.
    pub first_received_at_ms: Option<i64>,
    /// When the last of them was received, in milliseconds.
    pub last_received_at_ms: Option<i64>,
}

/// Checks what is new since the last run, and keeps the new head.
///
/// # Errors
/// [`Fault`]; the kept head is left as it was.
pub async fn follow(plan: &Plan, tell: &mut dyn FnMut(Progress)) -> Result<Followed, Fault> {
    let kept = Kept::read(&plan.head, &plan.log_key)?;
    let mut client = Client::new(&plan.url)?;
    let note = client.get("checkpoint", NOTE_BYTES_MAX).await?;
    let note = note.ok_or(Fault::NoCheckpoint)?;
    let origin = plan.log_key.name().as_str();
    let checkpoint = Checkpoint::open(&note, origin, std::slice::from_ref(&plan.log_key))?;
    let found = compare(plan, client, kept.as_ref(), &checkpoint, tell).await;
    match found {
        Ok(followed) => {
            keep::replace(&plan.head, &note)?;
            Ok(followed)
        }
        Err(Fault::Contradiction(evidence)) => {
            let file = keep::beside(&plan.head, &checkpoint, &note)?;
            Err(Fault::Contradiction(evidence.kept_in(file)))
        }
        Err(fault) => Err(fault),
    }
}

async fn compare(
    plan: &Plan,
    client: Client,
    kept: Option<&Kept>,
    new: &Checkpoint,
    tell: &mut dyn FnMut(Progress),
) -> Result<Followed, Fault> {
    let contradiction =
        |kept: &Kept| Fault::Contradiction(Evidence::new(kept.checkpoint.clone(), new.clone()));
    let known = kept.map_or(0, |kept| kept.checkpoint.size());
    if let Some(kept) = kept {
        let old = &kept.checkpoint;
        let differs = new.size() == old.size() && new.root() != old.root();
        if new.size() < old.size() || differs {
            return Err(contradiction(kept));
        }
    }
    let mut tiles = Tiles::of(client, new).await?;
    if let Some(kept) = kept
        && root_at(&mut tiles, known).await? != *kept.checkpoint.root()
    {
        return Err(contradiction(kept));
    }
    let mut run = Run::new(plan.newest_max);
    run.entries(&mut tiles, known..new.size(), tell).await?;
    Ok(Followed {
        checkpoint: new.clone(),
        size_before: kept.map(|kept| kept.checkpoint.size()),
        tally: run.tally,
        newest: run.newest,
    })
}

/// The root that the checked tiles give for the first `size` entries: the consistency proof, computed instead of sent.
async fn root_at(tiles: &mut Tiles, size: u64) -> Result<Hash, Fault> {
    let mut roots = Vec::new();
    for node in subtrees(0..size) {
        roots.push(tiles.node(node).await?);
    }
    let frontier = Frontier::restore(size, roots).map_err(Fault::impossible)?;
    Ok(frontier.root())
}

/// The state of one pass over new entries.
struct Run {
    newest_max: usize,
    newest: VecDeque<(u64, JournalEntry)>,
    tally: Tally,
    bytes: u64,
    last_received_at_ms: i64,
}

impl Run {
    const fn new(newest_max: usize) -> Self {
        Self {
            newest_max,
            newest: VecDeque::new(),
            tally: Tally {
                snapshots: 0,
                acts: 0,
                first_received_at_ms: None,
                last_received_at_ms: None,
            },
            bytes: 0,
            last_received_at_ms: i64::MIN,
        }
    }

    /// Reads every bundle with a new entry in it, and the one with the last old entry, whose time the next must not precede.
    async fn entries(
        &mut self,
        tiles: &mut Tiles,
        new: std::ops::Range<u64>,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<(), Fault> {
        if new.is_empty() {
            return Ok(());
        }
        let first = new.start.saturating_sub(1) / TILE_ENTRIES;
        for bundle in first..=(new.end - 1) / TILE_ENTRIES {
            self.bundle(tiles, bundle, new.start, new.end).await?;
            let done = ((bundle + 1) * TILE_ENTRIES).min(new.end) - new.start.min(new.end);
            tell(Progress {
                entries: done,
                bytes: self.bytes,
                done,
                total: new.end - new.start,
            });
        }
        Ok(())
    }

    async fn bundle(
        &mut self,
        tiles: &mut Tiles,
        index: u64,
        from: u64,
        size: u64,
    ) -> Result<(), Fault> {
        let leaves = tiles.leaves(index).await?;
        let path =
            TilePath::entries(index, size).ok_or_else(|| Fault::impossible(index.to_string()))?;
        let bytes = tiles.bytes(&path, BUNDLE_BYTES_MAX).await?;
        self.bytes += bytes.len() as u64;
        let malformed = |why: tiles::TileError| Flaw::Malformed(path.to_string(), why.to_string());
        let entries = tiles::split_entries(&bytes).map_err(malformed)?;
        if entries.len() < leaves.hashes().len() {
            return Err(Flaw::Withheld(path.to_string()).into());
        }
        for ((at, entry), leaf) in (index * TILE_ENTRIES..).zip(&entries).zip(leaves.hashes()) {
            if leaf_hash(entry) != *leaf {
                return Err(Flaw::EntryDiffers(at).into());
            }
            self.entry(at, entry, at >= from)?;
        }
        Ok(())
    }

    fn entry(&mut self, index: u64, bytes: &[u8], is_new: bool) -> Result<(), Fault> {
        let entry = JournalEntry::decode(bytes);
        let entry = entry.map_err(|error| Flaw::NoEntry(index, error.to_string()))?;
        if entry.received_at_ms < self.last_received_at_ms {
            return Err(Flaw::TimeWentBack(index).into());
        }
        self.last_received_at_ms = entry.received_at_ms;
        if is_new {
            self.count(index, entry);
        }
        Ok(())
    }

    fn count(&mut self, index: u64, entry: JournalEntry) {
        match entry.subject {
            Subject::Snapshot(_) => self.tally.snapshots += 1,
            Subject::Act => self.tally.acts += 1,
        }
        let received = entry.received_at_ms;
        self.tally.first_received_at_ms.get_or_insert(received);
        self.tally.last_received_at_ms = Some(received);
        if self.newest_max == 0 {
            return;
        }
        if self.newest.len() == self.newest_max {
            self.newest.pop_front();
        }
        self.newest.push_back((index, entry));
    }
}

//! Looking up what one draft's edits look at.
//!
//! What counts as the current snapshot of a slot, in this order: a draft in the same file, which is handed in together with this one; the
//! latest statement that was spooled here, while it waits for its answer or was accepted, if it outranks what the city gave; what the
//! city gave. A statement that the inbox knows of and whose figures are not here makes the slot hidden.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    ledger::Known,
    snapshot::{SlotKey, Snapshot},
};

use super::{
    AsOf,
    frame::Kind,
    walk::{Found, walk},
};
use crate::{
    draft::{Draft, Made},
    durable::OsFile,
    inbox::{Latest, latest},
};

/// Bytes of payloads that are read for one draft; what is beyond stays hidden.
const PAYLOAD_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Looks records up in the file as it is at that moment.
#[derive(Clone, Debug)]
pub struct Reader {
    state: PathBuf,
    unit: UnitCode,
}

/// What is known of the records that one draft's edits look at.
#[derive(Clone, Debug, Default)]
pub struct Past {
    as_of: Option<AsOf>,
    seen: BTreeMap<SlotKey, Seen>,
    hidden: BTreeSet<SlotKey>,
}

/// A record and where it comes from.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it states.
    pub snapshot: Arc<Snapshot>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The city says that it is current.
    City,
    /// It is spooled, or accepted and not fetched yet.
    Spool,
    /// It is in the same file.
    File,
}

/// The frames of a slot that may count.
#[derive(Clone, Default)]
struct Candidates {
    record: Option<Found>,
    stated: Vec<Found>,
}

impl Reader {
    /// Looks into the file under `state`, if it is of `unit`.
    #[must_use]
    pub fn new(state: &Path, unit: &UnitCode) -> Self {
        Self {
            state: state.to_owned(),
            unit: unit.clone(),
        }
    }

    /// Everything that is needed to judge a record of `slot`, and the records that look at it. Where something cannot be read, it is hidden.
    #[must_use]
    pub fn past(&self, catalogue: &Catalogue, slot: &SlotKey) -> Past {
        let needed = needed(catalogue, slot);
        // A draft whose edits look at nothing else costs no look at the file.
        if needed.len() == 1 || slot.unit != self.unit {
            return Past::default();
        }
        let shelf = self.shelf(&|slot| needed.contains(slot));
        shelf.map_or_else(Past::default, |shelf| shelf.past(needed))
    }

    /// The current record of a slot, as far as it is known here.
    #[must_use]
    pub fn current(&self, slot: &SlotKey) -> Option<Seen> {
        let shelf = self.shelf(&|other| other == slot)?;
        let mut past = shelf.past(BTreeSet::from([slot.clone()]));
        past.seen.remove(slot)
    }

    /// Goes through the file once and notes where the records of the slots that are wanted stand. `None` where nothing is kept.
    #[must_use]
    pub fn shelf(&self, wanted: &dyn Fn(&SlotKey) -> bool) -> Option<Shelf> {
        let mut candidates: BTreeMap<SlotKey, Candidates> = BTreeMap::new();
        let mut note = |found: &Found| {
            if let Some(slot) = found.slot().filter(wanted) {
                candidates.entry(slot).or_default().take(found);
            }
        };
        let file = OsFile::from(File::open(super::path(&self.state)).ok()?);
        let whole = walk(&file, false, &mut note).ok()?;
        (whole.unit.as_ref() == Some(&self.unit)).then(|| Shelf {
            state: self.state.clone(),
            file,
            as_of: whole.complete.map(|known| AsOf {
                next_index: known.next_index,
                city_time_ms: known.city_time_ms,
            }),
            candidates,
        })
    }
}

/// The file, and where the records in it stand; a few hundred bytes for each slot.
pub struct Shelf {
    state: PathBuf,
    file: OsFile,
    as_of: Option<AsOf>,
    candidates: BTreeMap<SlotKey, Candidates>,
}

impl Shelf {
    /// The slots of which something is known, sorted by dataset and period.
    pub fn slots(&self) -> impl DoubleEndedIterator<Item = &SlotKey> {
        self.candidates.keys()
    }

    /// As of when the city's records are known; `None` where they never were.
    #[must_use]
    pub const fn as_of(&self) -> Option<AsOf> {
        self.as_of
    }

    /// The revision that the city says is current; `None` where it has said nothing of the slot.
    #[must_use]
    pub fn revision(&self, slot: &SlotKey) -> Option<u32> {
        let record = self.candidates.get(slot)?.record.as_ref()?;
        Some(record.head.revision)
    }

    /// What is known of one record and of those that are needed to judge it.
    #[must_use]
    pub fn around(&self, catalogue: &Catalogue, slot: &SlotKey) -> Past {
        self.past(needed(catalogue, slot))
    }

    fn past(&self, needed: BTreeSet<SlotKey>) -> Past {
        let mut past = Past {
            as_of: self.as_of,
            ..Past::default()
        };
        let mut room = PAYLOAD_BYTES_MAX;
        for slot in needed {
            let latest = latest(&self.state, &slot);
            let candidates = self.candidates.get(&slot).cloned().unwrap_or_default();
            past.choose(slot, candidates, latest, (&self.file, &mut room));
        }
        past
    }
}

impl Reader {
    /// The slots of which the city has a current record, as far as that is known here.
    #[must_use]
    pub fn reported(&self) -> BTreeSet<SlotKey> {
        let mut reported = BTreeSet::new();
        let mut note = |found: &Found| {
            if found.kind == Kind::Record && found.unit == self.unit {
                reported.extend(found.slot());
            }
        };
        if let Ok(file) = File::open(super::path(&self.state)) {
            // What cannot be read is not known to be reported: then a deadline is shown too much.
            let _ = walk(&OsFile::from(file), false, &mut note);
        }
        reported
    }
}

/// The slots that may be asked for: its own, those that its edits look at, those that look at it, and what those look at.
fn needed(catalogue: &Catalogue, slot: &SlotKey) -> BTreeSet<SlotKey> {
    let mut needed = catalogue.looked_at(slot);
    for other in catalogue.looking_at(slot) {
        needed.extend(catalogue.looked_at(&other));
        needed.insert(other);
    }
    needed.insert(slot.clone());
    needed
}

impl Candidates {
    fn take(&mut self, found: &Found) {
        let outranked = |held: &Found| held.rank() <= found.rank();
        match found.kind {
            Kind::Record if self.record.as_ref().is_none_or(outranked) => {
                self.record = Some(found.clone());
            }
            Kind::Stated => self.stated.push(found.clone()),
            Kind::Record | Kind::Unit | Kind::Known => {}
        }
    }
}

impl Past {
    /// As of when the city's records are known; `None` where they never were.
    #[must_use]
    pub const fn as_of(&self) -> Option<AsOf> {
        self.as_of
    }

    /// What is known of a slot.
    #[must_use]
    pub fn known(&self, slot: &SlotKey) -> Known {
        match self.seen.get(slot) {
            Some(seen) => Known::Stated(Arc::clone(&seen.snapshot)),
            None if self.as_of.is_some() && !self.hidden.contains(slot) => Known::Nothing,
            None => Known::Hidden,
        }
    }

    /// The record that counts as current.
    #[must_use]
    pub fn seen(&self, slot: &SlotKey) -> Option<&Seen> {
        self.seen.get(slot)
    }

    /// Whether a record is in the same file, and so judged by itself.
    #[must_use]
    pub fn is_in_file(&self, slot: &SlotKey) -> bool {
        let seen = self.seen.get(slot);
        seen.is_some_and(|seen| seen.origin == Origin::File)
    }

    /// Puts the other drafts of a file in the place of what they will replace.
    #[must_use]
    pub fn beside<'a>(
        mut self,
        catalogue: &Catalogue,
        slot: &SlotKey,
        drafts: impl Iterator<Item = &'a Draft>,
    ) -> Self {
        let needed = needed(catalogue, slot);
        let others = drafts.filter(|draft| draft.slot() != slot && needed.contains(draft.slot()));
        for draft in others {
            let snapshot = Arc::new(draft.snapshot(Made::default(), &[]));
            self.put(draft.slot().clone(), snapshot, Origin::File);
        }
        self
    }

    fn put(&mut self, slot: SlotKey, snapshot: Arc<Snapshot>, origin: Origin) {
        self.hidden.remove(&slot);
        self.seen.insert(slot, Seen { snapshot, origin });
    }

    fn choose(
        &mut self,
        slot: SlotKey,
        candidates: Candidates,
        latest: Option<Latest>,
        (file, room): (&OsFile, &mut u64),
    ) {
        let Candidates { record, stated } = candidates;
        let standing = latest.filter(|latest| latest.stands);
        let of_latest = |found: &Found| {
            let latest = standing.as_ref();
            latest.is_some_and(|l| found.head.payload_sha256[..] == l.payload_sha256.as_bytes()[..])
        };
        let stated = stated.into_iter().find(of_latest);
        let is_known = stated.is_some() || record.as_ref().is_some_and(of_latest);
        let missed = standing.as_ref().filter(|_| !is_known);
        let revision = record.as_ref().map_or(0, |found| found.head.revision);
        let outranks = |found: &Found| record.as_ref().is_none_or(|r| found.rank() > r.rank());
        let (chosen, origin) = match stated.filter(outranks) {
            Some(stated) => (Some(stated), Origin::Spool),
            None => (record, Origin::City),
        };
        if missed.is_some_and(|latest| latest.revision > revision) {
            self.hidden.insert(slot);
            return;
        }
        let Some(chosen) = chosen else { return };
        match snapshot(&chosen, &slot, file, room) {
            Some(snapshot) => self.put(slot, Arc::new(snapshot), origin),
            None => {
                self.hidden.insert(slot);
            }
        }
    }
}

/// The snapshot in a frame, if it is there, whole and of the slot that its head says.
fn snapshot(found: &Found, slot: &SlotKey, file: &OsFile, room: &mut u64) -> Option<Snapshot> {
    let left = room.checked_sub(u64::from(found.body_length))?;
    *room = left;
    let snapshot = Snapshot::decode(&found.payload(file)?).ok()?;
    (snapshot.slot == *slot).then_some(snapshot)
}

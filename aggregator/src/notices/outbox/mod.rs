//! The outbox: which notices were decided, which messages go to whom, and what became of them.
//!
//! It is a RocksDB of its own in the folder `notices` of the data folder. It is not derived state: what was sent cannot be
//! computed again. Losing it tells nobody twice of the past, because a new one begins with the present.
//!
//! | key | value |
//! |---|---|
//! | `m` | `rows::MetaRow`: the format's version, and since when notices are told |
//! | `k` and a mark as text | `rows::MarkRow`: what became of it |
//! | `n` and a matter's key, 32 bytes | `rows::MatterRow` |
//! | `d`, a matter's key, a contact's name | `rows::DeliveryRow`: the message to that contact |
//!
//! - In: decisions, and what the channels answered.
//! - Out: the messages whose time has come.
//! - Durable after: `Outbox::flush`, one synchronous write for everything since the last. Nothing is sent before the
//!   decision to send it is durable.
//! - On crash: a message that went out and whose outcome was not yet written is sent once more, under the same idempotency
//!   key; nothing is lost.

mod rows;
mod listing;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    notices::{Dropped, History, Mark, Matter, Settled},
};
use prost::Message as _;
use rocksdb::{DB, Direction, IteratorMode, Options, WriteBatch, WriteOptions};

use crate::journal;

pub use listing::{Listed, list};
use rows::{DeliveryRow, MarkRow, MatterRow, MetaRow};

/// The version of the format.
const VERSION: u32 = 1;
const WRITE_BUFFER_BYTES: usize = 4 << 20;
/// How long it is remembered what was sent to whom, for `notices status`.
const KEEP_MS: i64 = 90 * 86_400_000;

/// One message: a matter's key and a contact's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId {
    /// The matter.
    pub key: Digest,
    /// The contact.
    pub contact: String,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It goes out when its time has come.
    Waiting,
    /// The channel has taken it.
    Sent,
    /// It was given up.
    Failed,
    /// It became pointless.
    Dropped,
}

/// A message that has not gone out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) attempts: u32,
    pub(super) next_at_ms: i64,
}

/// The outbox of a data folder. Owned by the task that sends.
pub struct Outbox {
    db: DB,
    since_ms: i64,
    history: History,
    /// The matters of the messages that wait.
    matters: BTreeMap<Digest, Matter>,
    waiting: BTreeMap<DeliveryId, Delivery>,
    /// Rows that are not written yet; `None` deletes.
    staged: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Contacts with the instant of their last attempt, as they were read at the start.
    changed: Vec<(String, i64)>,
}

/// Why the outbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The store failed.
    #[error("the outbox of notices cannot be read or written: {0}")]
    Store(#[from] rocksdb::Error),
    /// A row is not what it should be.
    #[error(
        "the outbox of notices is damaged ({0}); move the folder `notices` away, and a new one begins with the present"
    )]
    Damaged(String),
    /// A later program wrote it.
    #[error("the outbox of notices has format {0}, this program knows {VERSION}")]
    Version(u32),
}

impl OutboxError {
    fn damaged(what: impl ToString) -> Self {
        Self::Damaged(what.to_string())
    }
}

impl DeliveryId {
    /// What a receiver may tell a repetition by: equal for every attempt, in hexadecimal.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let bytes = [self.key.as_bytes().as_slice(), self.contact.as_bytes()].concat();
        Digest::of(&bytes).to_string()
    }
}

impl State {
    /// Every state, in the order of the numbers in rows (from 1).
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Dropped];

    const fn number(self) -> u32 {
        self as u32 + 1
    }

    fn from_number(number: u32) -> Result<Self, OutboxError> {
        let found = Self::ALL.into_iter().find(|state| state.number() == number);
        found.ok_or_else(|| OutboxError::damaged(format!("state {number} of a message")))
    }
}

impl Outbox {
    /// Opens the outbox of a data folder for this process alone; where there is none, a new one begins at `now_ms`.
    ///
    /// # Errors
    /// [`OutboxError`]; a damaged outbox is not replaced.
    pub fn open(data: &Path, now_ms: i64) -> Result<Self, OutboxError> {
        let mut options = options();
        options.create_if_missing(true);
        let db = DB::open(&options, folder(data))?;
        let mut outbox = Self {
            db,
            since_ms: now_ms,
            history: History::default(),
            matters: BTreeMap::new(),
            waiting: BTreeMap::new(),
            staged: BTreeMap::new(),
            changed: Vec::new(),
        };
        match outbox.db.get(b"m")? {
            Some(row) => {
                let row = MetaRow::decode(row.as_slice()).map_err(OutboxError::damaged)?;
                if row.version != VERSION {
                    return Err(OutboxError::Version(row.version));
                }
                outbox.since_ms = row.since_ms;
            }
            None => {
                let (version, since_ms) = (VERSION, now_ms);
                outbox.stage(b"m".to_vec(), &MetaRow { version, since_ms });
                outbox.flush()?;
            }
        }
        outbox.load()?;
        Ok(outbox)
    }

    /// Since when notices are told.
    #[must_use]
    pub const fn since_ms(&self) -> i64 {
        self.since_ms
    }

    /// What was told before.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Takes a matter with the contacts that get it.
    pub(super) fn take(&mut self, matter: Matter, contacts: Vec<String>, now_ms: i64) {
        for mark in &matter.marks {
            self.settle(mark.clone(), Settled::Waiting);
        }
        self.stage(matter_key(&matter.key), &MatterRow::of(&matter, now_ms));
        for contact in contacts {
            let id = DeliveryId {
                key: matter.key,
                contact,
            };
            let delivery = Delivery {
                attempts: 0,
                next_at_ms: matter.not_before_ms,
            };
            self.stage_delivery(&id, State::Waiting, &delivery, None, "");
            self.waiting.insert(id, delivery);
        }
        self.matters.insert(matter.key, matter);
    }

    /// Remembers what is not told. What was told to somebody stays told.
    pub(super) fn drop_marks(&mut self, dropped: &[Dropped]) {
        for Dropped { mark, reason: _ } in dropped {
            match self.history.get(mark) {
                None | Some(Settled::Waiting) => self.settle(mark.clone(), Settled::Dropped),
                Some(Settled::Told { .. } | Settled::Dropped) => {}
            }
        }
    }

    /// The messages whose time has come, in the order of their times.
    pub(super) fn ready(&self, now_ms: i64) -> Vec<DeliveryId> {
        let ready = self.waiting.iter().filter(|(_, d)| d.next_at_ms <= now_ms);
        let mut ready: Vec<(i64, &DeliveryId)> = ready.map(|(id, d)| (d.next_at_ms, id)).collect();
        ready.sort();
        ready.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// The messages that wait, with their times.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&DeliveryId, i64)> {
        self.waiting
            .iter()
            .map(|(id, delivery)| (id, delivery.next_at_ms))
    }

    /// The contacts to which something was tried since an instant, as it was when the outbox was opened.
    pub(super) fn changed_since(&self, since_ms: i64) -> impl Iterator<Item = (&String, i64)> {
        let changed = self
            .changed
            .iter()
            .filter(move |(_, at_ms)| *at_ms >= since_ms);
        changed.map(|(contact, at_ms)| (contact, *at_ms))
    }

    /// The matter of a message that waits.
    pub(super) fn matter(&self, id: &DeliveryId) -> Option<&Matter> {
        self.matters.get(&id.key)
    }

    /// How often a message that waits was tried.
    pub(super) fn attempts(&self, id: &DeliveryId) -> u32 {
        self.waiting.get(id).map_or(0, |delivery| delivery.attempts)
    }

    /// A channel has taken a message with these marks in it.
    pub(super) fn sent(&mut self, id: &DeliveryId, told: Vec<(Mark, Settled)>, now_ms: i64) {
        for (mark, settled) in told {
            self.settle(mark, settled);
        }
        self.end(id, State::Sent, "", now_ms, 1);
    }

    /// A message is tried again at `next_at_ms`.
    pub(super) fn again(&mut self, id: &DeliveryId, next_at_ms: i64, why: &str, now_ms: i64) {
        let Some(delivery) = self.waiting.get_mut(id) else {
            return;
        };
        delivery.attempts += 1;
        delivery.next_at_ms = next_at_ms;
        let delivery = delivery.clone();
        self.stage_delivery(id, State::Waiting, &delivery, Some(now_ms), why);
    }

    /// A message is given up.
    pub(super) fn failed(&mut self, id: &DeliveryId, why: &str, now_ms: i64) {
        self.end(id, State::Failed, why, now_ms, 1);
    }

    /// A message has become pointless, or has nobody to go to.
    pub(super) fn pointless(&mut self, id: &DeliveryId, why: &str, now_ms: i64) {
        self.end(id, State::Dropped, why, now_ms, 0);
    }

    /// Makes everything since the last call durable. After an error it is all tried again with the next call.
    ///
    /// # Errors
    /// [`OutboxError::Store`].
    pub(super) fn flush(&mut self) -> Result<(), OutboxError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        for (key, value) in &self.staged {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        let mut sync = WriteOptions::default();
        sync.set_sync(true);
        self.db.write_opt(batch, &sync)?;
        self.staged.clear();
        Ok(())
    }

    /// Forgets marks about instants before `memory_ms`, and messages that ended long ago.
    ///
    /// # Errors
    /// [`OutboxError`] where the store fails.
    pub(super) fn prune(&mut self, memory_ms: i64, now_ms: i64) -> Result<(), OutboxError> {
        for mark in self.history.forget_before(memory_ms) {
            self.staged.insert(mark_key(&mark), None);
        }
        let before_ms = now_ms.saturating_sub(KEEP_MS);
        for key in self.ended_before(before_ms)? {
            self.staged.insert(matter_key(&key), None);
            for row in self.deliveries_of(&key)? {
                self.staged.insert(row, None);
            }
        }
        self.flush()
    }

    /// The matters that were decided before an instant and of which no message waits.
    fn ended_before(&self, before_ms: i64) -> Result<Vec<Digest>, OutboxError> {
        let mut ended = Vec::new();
        let from = IteratorMode::From(b"n", Direction::Forward);
        for row in self.db.iterator(from) {
            let (key, value) = row?;
            let Some(digest) = key.strip_prefix(b"n").and_then(Digest::from_slice) else {
                break;
            };
            let row = MatterRow::decode(&*value).map_err(OutboxError::damaged)?;
            if row.decided_at_ms < before_ms && !self.matters.contains_key(&digest) {
                ended.push(digest);
            }
        }
        Ok(ended)
    }

    /// The keys of a matter's messages.
    fn deliveries_of(&self, key: &Digest) -> Result<Vec<Vec<u8>>, OutboxError> {
        let prefix = [b"d".as_slice(), key.as_bytes()].concat();
        let mut found = Vec::new();
        for row in self
            .db
            .iterator(IteratorMode::From(&prefix, Direction::Forward))
        {
            let (key, _) = row?;
            if !key.starts_with(&prefix) {
                break;
            }
            found.push(key.to_vec());
        }
        Ok(found)
    }

    /// Reads what is there: all marks, the messages that wait, and their matters.
    fn load(&mut self) -> Result<(), OutboxError> {
        let mut matters = BTreeMap::new();
        for row in self.db.iterator(IteratorMode::Start) {
            let (key, value) = row?;
            match key.split_first() {
                Some((b'k', mark)) => {
                    let mark = std::str::from_utf8(mark).map_err(OutboxError::damaged)?;
                    let mark = mark.parse::<Mark>().map_err(OutboxError::damaged)?;
                    let row = MarkRow::decode(&*value).map_err(OutboxError::damaged)?;
                    self.history.settle(mark, row.settled()?);
                }
                Some((b'd', id)) => {
                    let row = DeliveryRow::decode(&*value).map_err(OutboxError::damaged)?;
                    let id = delivery_id(id)?;
                    let tried_at_ms = row.changed_at_ms.filter(|_| row.attempts > 0);
                    let changed = tried_at_ms.map(|at_ms| (id.contact.clone(), at_ms));
                    self.changed.extend(changed);
                    if State::from_number(row.state)? == State::Waiting {
                        let (attempts, next_at_ms) = (row.attempts, row.next_at_ms);
                        let delivery = Delivery {
                            attempts,
                            next_at_ms,
                        };
                        self.waiting.insert(id, delivery);
                    }
                }
                Some((b'n', digest)) => {
                    let digest = Digest::from_slice(digest);
                    let digest = digest.ok_or_else(|| OutboxError::damaged("a matter's key"))?;
                    let row = MatterRow::decode(&*value).map_err(OutboxError::damaged)?;
                    matters.insert(digest, row);
                }
                Some(_) | None => {}
            }
        }
        for id in self.waiting.keys() {
            let row = matters.get(&id.key);
            let row = row.ok_or_else(|| OutboxError::damaged("a message without its matter"))?;
            self.matters.insert(id.key, row.matter()?);
        }
        Ok(())
    }

    fn end(&mut self, id: &DeliveryId, state: State, why: &str, now_ms: i64, attempts: u32) {
        let Some(mut delivery) = self.waiting.remove(id) else {
            return;
        };
        delivery.attempts += attempts;
        self.stage_delivery(id, state, &delivery, Some(now_ms), why);
        if !self.waiting.keys().any(|other| other.key == id.key) {
            self.matters.remove(&id.key);
        }
    }

    fn settle(&mut self, mark: Mark, settled: Settled) {
        self.stage(mark_key(&mark), &MarkRow::of(settled));
        self.history.settle(mark, settled);
    }

    fn stage_delivery(
        &mut self,
        id: &DeliveryId,
        state: State,
        delivery: &Delivery,
        changed_at_ms: Option<i64>,
        why: &str,
    ) {
        let row = DeliveryRow {
            state: state.number(),
            attempts: delivery.attempts,
            next_at_ms: delivery.next_at_ms,
            changed_at_ms,
            why: why.into(),
        };
        let key = [b"d".as_slice(), id.key.as_bytes(), id.contact.as_bytes()].concat();
        self.stage(key, &row);
    }

    fn stage(&mut self, key: Vec<u8>, row: &impl prost::Message) {
        self.staged.insert(key, Some(row.encode_to_vec()));
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

fn folder(data: &Path) -> PathBuf {
    data.join("notices")
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_open_files(64);
    options.set_max_total_wal_size(4 * WRITE_BUFFER_BYTES as u64);
    journal::quiet(&mut options);
    options
}

fn mark_key(mark: &Mark) -> Vec<u8> {
    format!("k{mark}").into_bytes()
}

fn matter_key(key: &Digest) -> Vec<u8> {
    [b"n".as_slice(), key.as_bytes()].concat()
}

/// Reads the rest of a message's key.
fn delivery_id(key: &[u8]) -> Result<DeliveryId, OutboxError> {
    let parts = key.split_at_checked(32).and_then(|(key, contact)| {
        let contact = std::str::from_utf8(contact).ok()?.to_owned();
        let key = Digest::from_slice(key)?;
        Some(DeliveryId { key, contact })
    });
    parts.ok_or_else(|| OutboxError::damaged("a message's key"))
}

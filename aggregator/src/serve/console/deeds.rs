//! Acts, read back from the journal for whoever wants to know who did it and why: derived rows keep what an act does, not its words.

use granary_core::ledger::{Act, Deed, JournalEntry, LogIndex, Subject};

use super::{super::failure::Failure, view::Frame};
use crate::{journal::Journal, serve::City};

/// Entries that are looked through of one receive time; a batch has fewer.
const SAME_TIME_MAX: u64 = 20_000;

/// An act of the journal.
pub(super) struct Done {
    pub(super) index: LogIndex,
    pub(super) received_at_ms: i64,
    pub(super) act: Act,
}

/// The act of an entry; `None` where it is a snapshot, or there is none.
pub(super) fn of(city: &City, index: LogIndex) -> Result<Option<Done>, Failure> {
    let record = city.handle.journal().record(index);
    let Some(record) = record.map_err(Failure::internal)? else {
        return Ok(None);
    };
    if record.entry.subject != Subject::Act {
        return Ok(None);
    }
    let act = Act::decode(&record.payload).map_err(Failure::internal)?;
    Ok(Some(Done {
        index,
        received_at_ms: record.entry.received_at_ms,
        act,
    }))
}

/// The first act that was received at an instant and is what is looked for. Receive times never decrease, so they are searched by halves.
pub(super) fn received_at(
    city: &City,
    at_ms: i64,
    is_it: impl Fn(&Deed) -> bool,
) -> Result<Option<Done>, Failure> {
    let journal = city.handle.journal();
    let size = journal.size();
    let (mut from, mut to) = (0, size);
    while from < to {
        let middle = from + (to - from) / 2;
        match entry(journal, middle)? {
            Some(entry) if entry.received_at_ms < at_ms => from = middle + 1,
            Some(_) | None => to = middle,
        }
    }
    for index in from..size.min(from + SAME_TIME_MAX) {
        let Some(entry) = entry(journal, index)? else {
            break;
        };
        if entry.received_at_ms != at_ms {
            break;
        }
        if entry.subject == Subject::Act
            && let Some(done) = of(city, LogIndex(index))?
            && is_it(&done.act.deed)
        {
            return Ok(Some(done));
        }
    }
    Ok(None)
}

fn entry(journal: &Journal, index: u64) -> Result<Option<JournalEntry>, Failure> {
    let bytes = journal.entry(LogIndex(index)).map_err(Failure::internal)?;
    let entry = bytes.map(|bytes| JournalEntry::decode(&bytes));
    entry.transpose().map_err(Failure::internal)
}

/// The reason that an act gives, where its kind has one.
pub(super) fn reason(deed: &Deed) -> Option<&str> {
    match deed {
        Deed::RevokeKey { reason, .. }
        | Deed::Extend { reason, .. }
        | Deed::Exempt { reason, .. }
        | Deed::RequestEvidence { reason, .. }
        | Deed::Decide { reason, .. } => Some(reason),
        Deed::Genesis { .. }
        | Deed::PublishCatalogue(_)
        | Deed::IssueToken { .. }
        | Deed::EnrolKey { .. }
        | Deed::RotateKey { .. }
        | Deed::ImportHistory { .. }
        | Deed::AnchorAccess { .. }
        | Deed::Sample(_)
        | Deed::PublishBulletin(_)
        | Deed::EnrolWitness { .. } => None,
    }
}

/// Who asked for an act; acts of the command line say no more than whose key has signed them.
pub(super) fn by<'a>(frame: &Frame<'_>, act: &'a Act) -> &'a str {
    if act.person.is_empty() {
        frame.pick("操作员密钥（命令行）", "the operator's key (command line)")
    } else {
        &act.person
    }
}

//! What can be said of a record by itself, on any thread and in any order: canonical bytes, digest, form, signatures.
//!
//! A signature is checked here where its key is known already, and otherwise where the entries have their order; each is
//! checked once, strictly, and never in a batch, because a batch accepts what strict checking refuses.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use granary_core::{
    digest::Digest,
    envelope::{KeyId, PublicKey, Signature, pre_authentication_encoding},
    ledger::{Act, Deed, JournalEntry, Subject, act},
    log::{Hash, leaf_hash},
    snapshot::{self, Snapshot},
};

use super::fault::{EntryFault, Fault};
use crate::archive::Block;

/// The keys that signatures are checked with. Written by the fold alone; what is in it was enrolled by a good entry.
#[derive(Debug, Default)]
pub(super) struct Keys(RwLock<BTreeMap<KeyId, PublicKey>>);

/// A record that is sound as far as it can be by itself.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) entry: JournalEntry,
    pub(super) content: Content,
    /// Signatures whose key was not known yet.
    pub(super) unchecked: Vec<Signature>,
}

/// What a payload is.
#[derive(Debug)]
pub(super) enum Content {
    /// A snapshot with so many observations.
    Snapshot(u64),
    Act(Box<Act>),
}

/// A block's records, in order, up to the first fault.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) records: Vec<Result<Sound, Fault>>,
    /// A leaf hash for each record of the block.
    pub(super) leaves: Vec<Hash>,
}

impl Keys {
    pub(super) fn add(&self, key: &PublicKey) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.key_id(), key.clone());
    }

    pub(super) fn get(&self, id: &KeyId) -> Option<PublicKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(id).cloned()
    }
}

/// Checks every record of a block.
pub(super) fn check(block: &Block, keys: &Keys) -> Checked {
    let mut records = Vec::with_capacity(block.len());
    for (index, (entry, payload)) in (block.first()..).zip(block.records()) {
        let checked = record(entry, payload, keys).map_err(|what| Fault::entry(index, what));
        let is_fault = checked.is_err();
        records.push(checked);
        if is_fault {
            break;
        }
    }
    let leaves = block.records().map(|(entry, _)| leaf_hash(entry)).collect();
    Checked { records, leaves }
}

/// Checks signatures that were left because their key was not known.
pub(super) fn check_left(sound: &Sound, payload: &[u8], keys: &Keys) -> Result<(), EntryFault> {
    let Some(first) = sound.unchecked.first() else {
        return Ok(());
    };
    let left = verify(sound.payload_type(), payload, &sound.unchecked, |id| {
        keys.get(id)
    })?;
    match left.first() {
        Some(_) => Err(EntryFault::KeyUnknown(first.key_id)),
        None => Ok(()),
    }
}

fn record(bytes: &[u8], payload: &[u8], keys: &Keys) -> Result<Sound, EntryFault> {
    let entry = JournalEntry::decode(bytes).map_err(|e| EntryFault::Form(e.to_string()))?;
    let (expected, found) = (entry.payload_sha256, Digest::of(payload));
    if expected != found {
        return Err(EntryFault::PayloadDigest { expected, found });
    }
    let content = content(&entry, payload)?;
    for (at, signature) in entry.signatures.iter().enumerate() {
        let earlier = entry.signatures.iter().take(at);
        if earlier.into_iter().any(|s| s.key_id == signature.key_id) {
            return Err(EntryFault::SignedTwice(signature.key_id));
        }
    }
    let mut sound = Sound {
        entry,
        content,
        unchecked: Vec::new(),
    };
    let known = |id: &KeyId| sound.own_key(id).or_else(|| keys.get(id));
    let left = verify(
        sound.payload_type(),
        payload,
        &sound.entry.signatures,
        known,
    )?;
    sound.unchecked = left;
    Ok(sound)
}

fn content(entry: &JournalEntry, payload: &[u8]) -> Result<Content, EntryFault> {
    match &entry.subject {
        Subject::Act => {
            let act = Act::decode(payload).map_err(|e| EntryFault::PayloadForm(e.to_string()))?;
            Ok(Content::Act(Box::new(act)))
        }
        Subject::Snapshot(slot) => {
            let snapshot = Snapshot::decode(payload);
            let snapshot = snapshot.map_err(|e| EntryFault::PayloadForm(e.to_string()))?;
            if snapshot.slot != *slot {
                return Err(EntryFault::Slot {
                    entry: slot.clone(),
                    payload: snapshot.slot,
                });
            }
            Ok(Content::Snapshot(snapshot.observations.len() as u64))
        }
    }
}

/// Checks the signatures whose key is known, and gives back the others.
fn verify(
    payload_type: &str,
    payload: &[u8],
    signatures: &[Signature],
    known: impl Fn(&KeyId) -> Option<PublicKey>,
) -> Result<Vec<Signature>, EntryFault> {
    let message = pre_authentication_encoding(payload_type, payload);
    let mut left = Vec::new();
    for signature in signatures {
        match known(&signature.key_id) {
            Some(key) => key
                .verify(&message, &signature.bytes)
                .map_err(|_| EntryFault::Signature(signature.key_id))?,
            None => left.push(signature.clone()),
        }
    }
    Ok(left)
}

impl Sound {
    fn payload_type(&self) -> &'static str {
        match self.content {
            Content::Snapshot(_) => snapshot::PAYLOAD_TYPE,
            Content::Act(_) => act::PAYLOAD_TYPE,
        }
    }

    /// Whether it is the entry that names the log and its keys.
    pub(super) fn is_genesis(&self) -> bool {
        let Content::Act(act) = &self.content else {
            return false;
        };
        matches!(act.deed, Deed::Genesis { .. })
    }

    /// The key that the payload itself brings along: the operator's in the first entry, the new one in an enrolment or a rotation.
    pub(super) fn brought_key(&self) -> Option<&PublicKey> {
        let Content::Act(act) = &self.content else {
            return None;
        };
        if let Deed::EnrolKey { key, .. } = &act.deed {
            return Some(key);
        }
        if let Deed::RotateKey { new, .. } = &act.deed {
            return Some(new);
        }
        if let Deed::Genesis { operator, .. } = &act.deed {
            return Some(operator);
        }
        None
    }

    fn own_key(&self, id: &KeyId) -> Option<PublicKey> {
        self.brought_key()
            .filter(|key| key.key_id() == *id)
            .cloned()
    }
}

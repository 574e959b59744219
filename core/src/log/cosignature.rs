//! Cosignatures (c2sp.org/tlog-cosignature, version 1 with Ed25519): a witness's word that it has checked a head of the log.
//!
//! What is signed is two lines before the checkpoint's own text:
//!
//! ```text
//! cosignature/v1
//! time <seconds since 1970-01-01 UTC, decimal>
//! <the checkpoint's text, with its final newline>
//! ```
//!
//! In the note it is a signature line of the algorithm 0x04, whose bytes are `time (u64 be) || Ed25519 signature (64)`.
//! It says: at that time, this was the largest tree of this log that I had seen, and it continues every one that I saw before.
//!
//! Invariants:
//! - A cosignature counts for its key, once, whatever names and lines it stands under: [`cosigned`] gives each key its
//!   earliest time.
//! - A wrong signature of a known key makes the whole note worthless, as c2sp.org/signed-note asks; unknown keys are passed over.
//! - A time is a claim of the witness. Whoever reads it says how far ahead of which clock it may be.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::note::{
    KeyError, KeyName, NoteKeyId, NoteSignature, SignedNote, parse_key, stated_is_computed,
    write_key,
};

/// The algorithm byte of timestamped Ed25519 cosignatures in key ids and verifier keys.
const ALGORITHM_COSIGNATURE: u8 = 0x04;
/// Bytes of a cosignature behind the key id: the time and the signature.
const COSIGNATURE_BYTES: usize = 8 + 64;
/// The largest time, so that it also fits signed numbers.
const TIME_S_MAX: u64 = i64::MAX.cast_unsigned();

/// A named public key of a witness. Text form: `<name>+<hex key id>+base64(0x04 || public key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: KeyName,
    id: NoteKeyId,
    key: VerifyingKey,
}

/// That a key has cosigned, and when it says that it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The key.
    pub key: WitnessKey,
    /// The witness's time, in seconds since 1970-01-01 UTC; of several cosignatures the earliest.
    pub time_s: u64,
}

/// Why a cosignature is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The line is of another key.
    #[error("the cosignature is of {found_name}+{found_id}, not of {name}+{id}")]
    AnotherKey {
        /// Name of the key that was asked for.
        name: KeyName,
        /// Its id.
        id: NoteKeyId,
        /// The name in the line.
        found_name: KeyName,
        /// The id in the line.
        found_id: NoteKeyId,
    },
    /// The bytes are not a time and a signature.
    #[error("the cosignature of {name}+{id} is not a time and an Ed25519 signature")]
    Form {
        /// Name of the key.
        name: KeyName,
        /// Id of the key.
        id: NoteKeyId,
    },
    /// The signature does not fit: the text, the time or the signature was altered, or it is of another checkpoint or log.
    #[error(
        "the cosignature of {name}+{id} does not fit this checkpoint: it is forged, altered, or of another checkpoint or log"
    )]
    Bad {
        /// Name of the key.
        name: KeyName,
        /// Id of the key.
        id: NoteKeyId,
    },
}

impl WitnessKey {
    /// Names a public key. Weak keys (of small order) are refused: anybody can sign for them.
    pub fn new(name: KeyName, key: VerifyingKey) -> Result<Self, KeyError> {
        let id = NoteKeyId::of(&name, ALGORITHM_COSIGNATURE, &key);
        if key.is_weak() {
            Err(KeyError::PublicKey)
        } else {
            Ok(Self { name, id, key })
        }
    }

    /// Parses the text form that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, stated, key) = parse_key(text, ALGORITHM_COSIGNATURE)?;
        let witness = Self::new(name, key)?;
        stated_is_computed(stated, witness.id)?;
        Ok(witness)
    }

    /// Name of the key.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Id of the key.
    pub const fn id(&self) -> NoteKeyId {
        self.id
    }

    /// The public key. It, and not the name, is what is counted: the signed bytes do not hold the name.
    pub const fn public_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whether a line says that it is of this key.
    pub fn made(&self, line: &NoteSignature) -> bool {
        self.id == line.id() && self.name == *line.name()
    }

    /// Verifies a line over a checkpoint's text; gives the witness's time in seconds since 1970-01-01 UTC.
    pub fn verify(&self, text: &str, line: &NoteSignature) -> Result<u64, CosignatureError> {
        let (name, id) = (self.name.clone(), self.id);
        if !self.made(line) {
            let (found_name, found_id) = (line.name().clone(), line.id());
            return Err(CosignatureError::AnotherKey {
                name,
                id,
                found_name,
                found_id,
            });
        }
        let Some((time_s, signature)) = parts(line.signature()) else {
            return Err(CosignatureError::Form { name, id });
        };
        let message = message(text, time_s);
        match self.key.verify_strict(message.as_bytes(), &signature) {
            Ok(()) => Ok(time_s),
            Err(_) => Err(CosignatureError::Bad { name, id }),
        }
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, ALGORITHM_COSIGNATURE, &self.key)
    }
}

/// Cosigns a checkpoint's text at `time_s`, in seconds since 1970-01-01 UTC (a later time than fits is taken as the last).
///
/// Whoever calls this has verified the log's signature, checked that the tree continues every one that it has cosigned
/// before, and made this head durable.
pub fn cosign(text: &str, name: &KeyName, key: &SigningKey, time_s: u64) -> NoteSignature {
    let time_s = time_s.min(TIME_S_MAX);
    let signature = key.sign(message(text, time_s).as_bytes());
    let bytes = [
        time_s.to_be_bytes().as_slice(),
        signature.to_bytes().as_slice(),
    ]
    .concat();
    let id = NoteKeyId::of(name, ALGORITHM_COSIGNATURE, &key.verifying_key());
    NoteSignature::of(name.clone(), id, bytes)
}

/// Which of the known keys have cosigned a note, in the order of `known`.
///
/// # Errors
/// The first wrong cosignature of a known key: the whole note is worthless then.
pub fn cosigned(
    note: &SignedNote,
    known: &[WitnessKey],
) -> Result<Vec<Cosigned>, CosignatureError> {
    let mut found = Vec::new();
    for key in known {
        let mut earliest = None;
        for line in note.signatures().iter().filter(|line| key.made(line)) {
            let time_s = key.verify(note.unverified_text(), line)?;
            earliest = Some(earliest.map_or(time_s, |known: u64| known.min(time_s)));
        }
        found.extend(earliest.map(|time_s| Cosigned {
            key: key.clone(),
            time_s,
        }));
    }
    Ok(found)
}

fn message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

fn parts(bytes: &[u8]) -> Option<(u64, Signature)> {
    let (time, signature) = bytes.split_first_chunk::<8>()?;
    let time_s = u64::from_be_bytes(*time);
    let signature = Signature::from_slice(signature).ok()?;
    (bytes.len() == COSIGNATURE_BYTES && time_s <= TIME_S_MAX).then_some((time_s, signature))
}

//! The journal entry: the leaf of the log.
//!
//! Format: `granary.v1.JournalEntry` (protobuf) in canonical form, at most [`ENTRY_BYTES_MAX`] bytes, so that it fits a
//! C2SP tile's entry bundle. [`JournalEntry::decode`] takes only what [`JournalEntry::encode`] writes, so that an entry
//! has one encoding and a digest of it names one content.

use prost::Message;

use crate::{
    code::{DatasetCode, UnitCode},
    digest::Digest,
    envelope::{KeyId, SIGNATURES_MAX, Signature},
    period::Period,
    snapshot::SlotKey,
};

/// The largest encoded entry, in bytes (C2SP tlog-tiles writes an entry's length in 16 bits).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The position of an entry in the journal, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogIndex(pub u64);

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// When the city received it; never earlier than the entry before.
    pub received_at_ms: i64,
    /// What its payload is.
    pub subject: Subject,
    /// The payload's digest.
    pub payload_sha256: Digest,
    /// The signatures, as they were received and verified.
    pub signatures: Vec<Signature>,
}

/// What a payload is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A snapshot for this slot.
    Snapshot(SlotKey),
    /// An administrative act.
    Act,
}

/// Why bytes are not a journal entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal entry: {0}")]
pub struct EntryError(String);

#[derive(Clone, PartialEq, Message)]
struct EntryWire {
    #[prost(int64, tag = "1")]
    received_at_ms: i64,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(string, tag = "3")]
    unit: String,
    #[prost(string, tag = "4")]
    dataset: String,
    #[prost(string, tag = "5")]
    period: String,
    #[prost(bytes = "vec", tag = "6")]
    payload_sha256: Vec<u8>,
    #[prost(message, repeated, tag = "7")]
    signatures: Vec<SignatureWire>,
}

#[derive(Clone, PartialEq, Message)]
struct SignatureWire {
    #[prost(bytes = "vec", tag = "1")]
    key_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    signature: Vec<u8>,
}

const KIND_SNAPSHOT: i32 = 1;
const KIND_ACT: i32 = 2;

impl JournalEntry {
    /// The canonical bytes, which the leaf hash is over.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, unit, dataset, period) = match &self.subject {
            Subject::Act => (KIND_ACT, String::new(), String::new(), String::new()),
            Subject::Snapshot(slot) => (
                KIND_SNAPSHOT,
                slot.unit.to_string(),
                slot.dataset.to_string(),
                slot.period.to_string(),
            ),
        };
        let signatures = self.signatures.iter().map(SignatureWire::of).collect();
        EntryWire {
            received_at_ms: self.received_at_ms,
            kind,
            unit,
            dataset,
            period,
            payload_sha256: self.payload_sha256.as_bytes().to_vec(),
            signatures,
        }
        .encode_to_vec()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`EntryError`] for anything that [`Self::encode`] would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError(format!(
                "{} bytes; at most 65535 are allowed",
                bytes.len()
            )));
        }
        let wire = EntryWire::decode(bytes).map_err(|e| EntryError(e.to_string()))?;
        let entry = Self {
            received_at_ms: wire.received_at_ms,
            subject: decode_subject(&wire)?,
            payload_sha256: Digest::from_slice(&wire.payload_sha256)
                .ok_or_else(|| EntryError("the payload's digest is not 32 bytes".into()))?,
            signatures: decode_signatures(&wire.signatures)?,
        };
        if entry.encode() != bytes {
            return Err(EntryError("the encoding is not canonical".into()));
        }
        Ok(entry)
    }
}

impl SignatureWire {
    fn of(signature: &Signature) -> Self {
        Self {
            key_id: signature.key_id.as_bytes().to_vec(),
            signature: signature.bytes.clone(),
        }
    }
}

fn decode_subject(wire: &EntryWire) -> Result<Subject, EntryError> {
    match wire.kind {
        KIND_ACT => Ok(Subject::Act),
        KIND_SNAPSHOT => {
            let text = |e: &dyn std::fmt::Display| EntryError(e.to_string());
            Ok(Subject::Snapshot(SlotKey {
                unit: UnitCode::new(&wire.unit).map_err(|e| text(&e))?,
                dataset: DatasetCode::new(&wire.dataset).map_err(|e| text(&e))?,
                period: Period::parse(&wire.period).map_err(|e| text(&e))?,
            }))
        }
        other => Err(EntryError(format!("payload kind {other} is not known"))),
    }
}

fn decode_signatures(wires: &[SignatureWire]) -> Result<Vec<Signature>, EntryError> {
    if !(1..=SIGNATURES_MAX).contains(&wires.len()) {
        return Err(EntryError(format!(
            "{} signatures; 1 to 8 are allowed",
            wires.len()
        )));
    }
    let decode = |wire: &SignatureWire| {
        let key_id = KeyId::from_slice(&wire.key_id)
            .ok_or_else(|| EntryError("a key id is not 32 bytes".into()))?;
        Ok(Signature {
            key_id,
            bytes: wire.signature.clone(),
        })
    };
    wires.iter().map(decode).collect()
}

impl std::fmt::Display for LogIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(received_at_ms: i64, act: bool, seed: u8, signatures: usize) -> JournalEntry {
        let slot = SlotKey::new(
            UnitCode::new("520100").unwrap(),
            DatasetCode::new("quarterly-accounts").unwrap(),
            Period::parse("2021-Q3").unwrap(),
        );
        let key_id = KeyId::from_slice(&[seed; 32]).unwrap();
        JournalEntry {
            received_at_ms,
            subject: if act {
                Subject::Act
            } else {
                Subject::Snapshot(slot)
            },
            payload_sha256: Digest::of(&[seed]),
            signatures: vec![
                Signature {
                    key_id,
                    bytes: vec![seed; 64]
                };
                signatures
            ],
        }
    }

    proptest! {
        #[test]
        fn entries_round_trip(at in any::<i64>(), act in any::<bool>(), seed in any::<u8>(), n in 1..=8_usize) {
            let entry = entry(at, act, seed, n);
            prop_assert_eq!(JournalEntry::decode(&entry.encode()), Ok(entry));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = JournalEntry::decode(&bytes);
        }
    }

    #[test]
    fn a_second_encoding_of_the_same_entry_is_refused() {
        let mut bytes = entry(1, true, 3, 1).encode();
        bytes.extend_from_slice(&[0x08, 0x01]); // Field 1 once more: protobuf takes the last, the journal takes neither.
        assert!(
            JournalEntry::decode(&bytes)
                .unwrap_err()
                .to_string()
                .contains("canonical")
        );
    }
}

//! A synthetic journal as an archive: the log's first entry, the catalogue, a key for each unit, then snapshots.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use ed25519_dalek::SigningKey;
use granary_audit::archive::{End, Writer};
use granary_core::{
    digest::Digest,
    envelope::{self, KeyId, PublicKey, Signature},
    ledger::{Act, Deed, JournalEntry, Subject, act},
    log::{Checkpoint, Frontier, KeyName, VerifierKey, leaf_hash},
    snapshot::Snapshot,
};

use crate::{
    city::{
        catalogue::{Shape, SyntheticUnit},
        snapshots::{Press, Reporter},
    },
    context::Outcome,
};

const ORIGIN: &str = "bench.example/log";
/// When the first entry is received: after the last period has begun.
const FIRST_MS: i64 = 1_800_000_000_000;
/// Snapshots that are signed at once.
const AT_ONCE: usize = 20_000;
/// Entries that are given back, to be hashed by themselves.
const SAMPLE: usize = 2_000;

struct Journal {
    writer: Writer<BufWriter<File>>,
    frontier: Frontier,
    sample: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Writes a journal of `entries` and gives its last few records back.
pub(super) fn write(
    path: &Path,
    shape: &Shape,
    entries: usize,
) -> Outcome<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut journal = Journal {
        writer: Writer::new(BufWriter::new(File::create(path)?))?,
        frontier: Frontier::empty(),
        sample: Vec::new(),
    };
    let (operator, log) = (key(1), key(2));
    let genesis = Deed::Genesis {
        origin: ORIGIN.to_owned(),
        log_public_key: log.verifying_key().to_bytes(),
        operator: PublicKey::Ed25519(operator.verifying_key()),
    };
    journal.act(&operator, genesis)?;
    let bundle = shape.bundle()?;
    journal.act(&operator, Deed::PublishCatalogue(bundle.clone()))?;
    let mut reporters = Vec::new();
    for (number, unit) in (100..).zip(shape.units()?) {
        reporters.push(journal.enrol(&operator, unit, number)?);
    }
    let mut press = Press::new(shape, &bundle, reporters)?;
    while journal.entries() < entries {
        let count = (entries - journal.entries()).min(AT_ONCE);
        for envelope in press.print(count)? {
            journal.snapshot(envelope)?;
        }
    }
    journal.finish(&log)
}

fn key(number: u32) -> SigningKey {
    let mut seed = [0x3c; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    SigningKey::from_bytes(&seed)
}

impl Journal {
    fn entries(&self) -> usize {
        usize::try_from(self.frontier.size()).unwrap_or(usize::MAX)
    }

    fn enrol(
        &mut self,
        operator: &SigningKey,
        unit: SyntheticUnit,
        number: u32,
    ) -> Outcome<Reporter> {
        let key = key(number);
        let token = *Digest::of(&number.to_be_bytes()).as_bytes();
        let issue = Deed::IssueToken {
            unit: unit.code.clone(),
            token_sha256: Digest::of(&token),
            expires_at_ms: i64::MAX,
            role: envelope::KeyRole::Agent,
        };
        self.act(operator, issue)?;
        let enrol = Deed::EnrolKey {
            unit: unit.code.clone(),
            key: PublicKey::Ed25519(key.verifying_key()),
            token,
            label: "synthetic".to_owned(),
        };
        self.act(&key, enrol)?;
        Ok(Reporter {
            unit,
            key: key.into(),
        })
    }

    fn act(&mut self, key: &SigningKey, deed: Deed) -> Outcome<()> {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.frontier.size().to_be_bytes());
        let payload = Act {
            issued_at_ms: FIRST_MS,
            nonce,
            deed,
            person: String::new(),
        }
        .encode();
        let signature = envelope::sign(key, act::PAYLOAD_TYPE, &payload);
        self.push(Subject::Act, vec![signature], payload)
    }

    fn snapshot(&mut self, envelope: granary_proto::v1::Envelope) -> Outcome<()> {
        let slot = Snapshot::decode(&envelope.payload)?.slot;
        let signatures = envelope.signatures.into_iter().map(|signature| {
            let key_id = KeyId::from_slice(&signature.key_id).ok_or("a key id")?;
            Ok(Signature {
                key_id,
                bytes: signature.signature,
            })
        });
        let signatures = signatures.collect::<Outcome<_>>()?;
        self.push(Subject::Snapshot(slot), signatures, envelope.payload.into())
    }

    fn push(
        &mut self,
        subject: Subject,
        signatures: Vec<Signature>,
        payload: Vec<u8>,
    ) -> Outcome<()> {
        let entry = JournalEntry {
            received_at_ms: FIRST_MS + i64::try_from(self.frontier.size())?,
            subject,
            payload_sha256: Digest::of(&payload),
            signatures,
        }
        .encode();
        self.frontier.push(leaf_hash(&entry));
        self.writer.push(&entry, &payload)?;
        if self.sample.len() == SAMPLE {
            self.sample.clear();
        }
        self.sample.push((entry, payload));
        Ok(())
    }

    fn finish(self, log: &SigningKey) -> Outcome<Vec<(Vec<u8>, Vec<u8>)>> {
        let name = KeyName::new(ORIGIN)?;
        let checkpoint = Checkpoint::new(ORIGIN, self.frontier.size(), self.frontier.root())?;
        let end = End {
            verifier_key: VerifierKey::new(name.clone(), log.verifying_key())?.to_string(),
            checkpoint: checkpoint.sign(&name, log)?.to_text(),
        };
        self.writer.finish(&end)?.flush()?;
        Ok(self.sample)
    }
}

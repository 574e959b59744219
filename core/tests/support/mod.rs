//! A city in memory for tests of the ledger: a journal, its derived rows, keys, and a hand that signs.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, ops::ControlFlow};

use ed25519_dalek::SigningKey;
use granary_core::{
    catalogue::Bundle,
    code::{DatasetCode, EditId, IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, PublicKey, Signature},
    ledger::{
        Act, Applied, Change, Deed, JournalEntry, Ledger, LogIndex, Received, Refusal, Subject,
        View, ViewError, Visit, act, admit, state_digest,
    },
    period::Period,
    snapshot::{self, Explanation, Observation, ObservationStatus, SlotKey, Snapshot},
};

/// Derived rows and payloads in maps.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) payloads: Vec<Vec<u8>>,
}

impl View for Store {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), ViewError> {
        let rows = self.rows.range(prefix.to_vec()..);
        for (key, value) in rows.take_while(|(key, _)| key.starts_with(prefix)) {
            if visit(key, value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn payload(&self, index: LogIndex) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self
            .payloads
            .get(usize::try_from(index.0).unwrap())
            .cloned())
    }
}

/// What a sender hands over.
#[derive(Clone)]
pub(crate) struct Envelope {
    pub(crate) payload_type: &'static str,
    pub(crate) payload: Vec<u8>,
    pub(crate) signatures: Vec<Signature>,
}

impl Envelope {
    pub(crate) fn received(&self) -> Received<'_> {
        Received {
            payload_type: self.payload_type,
            payload: &self.payload,
            signatures: &self.signatures,
        }
    }
}

/// A journal with its fold.
#[derive(Clone)]
pub(crate) struct City {
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    pub(crate) entries: Vec<JournalEntry>,
    pub(crate) now_ms: i64,
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> PublicKey {
    PublicKey::Ed25519(key(seed).verifying_key())
}

/// The seed of the operator's key.
pub(crate) const OPERATOR: u8 = 1;

pub(crate) fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

pub(crate) fn sample_bundle() -> Bundle {
    bundle_with("")
}

/// The sample catalogue with more tables.
pub(crate) fn bundle_with(more: &str) -> Bundle {
    let files = [
        (
            "catalogue.toml",
            include_str!("../data/sample/catalogue.toml"),
        ),
        (
            "datasets.toml",
            include_str!("../data/sample/datasets.toml"),
        ),
        ("edits.toml", include_str!("../data/sample/edits.toml")),
        (
            "indicators.toml",
            include_str!("../data/sample/indicators.toml"),
        ),
        ("roster.toml", include_str!("../data/sample/roster.toml")),
        ("units.toml", include_str!("../data/sample/units.toml")),
        ("more.toml", more),
    ];
    let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let written = files.into_iter().filter(|(_, text)| !text.is_empty());
    Bundle::new(written.map(own).collect()).unwrap()
}

pub(crate) fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

pub(crate) fn slot(unit_code: &str, dataset: &str, period: &str) -> SlotKey {
    SlotKey::new(
        unit(unit_code),
        DatasetCode::new(dataset).unwrap(),
        Period::parse(period).unwrap(),
    )
}

pub(crate) fn accounts(unit_code: &str) -> SlotKey {
    slot(unit_code, "quarterly-accounts", "2021-Q2")
}

/// A snapshot of the four accounts figures.
pub(crate) fn snapshot(slot: SlotKey, revision: u32, figures: [&str; 4]) -> Snapshot {
    let names = ["gdp", "primary", "secondary", "tertiary"];
    let mut observations: Vec<Observation> = names
        .iter()
        .zip(figures)
        .map(|(name, figure)| Observation {
            indicator: IndicatorCode::new(name).unwrap(),
            item: None,
            value: (!figure.is_empty()).then(|| Decimal::parse(figure).unwrap()),
            status: if figure.is_empty() {
                ObservationStatus::Missing
            } else {
                ObservationStatus::Normal
            },
        })
        .collect();
    observations.sort_by(|a, b| a.key().cmp(&b.key()));
    Snapshot {
        slot,
        revision,
        prepared_at_ms: 1_000 + i64::from(revision),
        catalogue_version: sample_bundle().version(),
        observations,
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".into(),
    }
}

pub(crate) fn explain(mut snapshot: Snapshot, edit: &str, text: &str) -> Snapshot {
    let edit = EditId::new(edit).unwrap();
    snapshot.explanations.push(Explanation {
        edit,
        item: None,
        text: text.into(),
    });
    snapshot
}

pub(crate) fn sign_snapshot(seed: u8, snapshot: &Snapshot) -> Envelope {
    let payload = snapshot.encode().unwrap();
    let signatures = vec![envelope::sign(&key(seed), snapshot::PAYLOAD_TYPE, &payload)];
    Envelope {
        payload_type: snapshot::PAYLOAD_TYPE,
        payload,
        signatures,
    }
}

pub(crate) fn sign_act(seed: u8, nonce: u8, deed: Deed) -> Envelope {
    let payload = Act {
        issued_at_ms: 0,
        nonce: [nonce; 16],
        deed,
        person: String::new(),
    }
    .encode();
    let signatures = vec![envelope::sign(&key(seed), act::PAYLOAD_TYPE, &payload)];
    Envelope {
        payload_type: act::PAYLOAD_TYPE,
        payload,
        signatures,
    }
}

impl City {
    /// A journal with its first entry only.
    pub(crate) fn founded() -> Self {
        let store = Store::default();
        let ledger = Ledger::load(&store).unwrap();
        let now_ms = at("2021-07-01T00:00:00+08:00");
        let mut city = Self {
            store,
            ledger,
            entries: Vec::new(),
            now_ms,
        };
        let genesis = Deed::Genesis {
            origin: "example.org/city".into(),
            log_public_key: [9; 32],
            operator: public(OPERATOR),
        };
        city.take(&sign_act(OPERATOR, 0, genesis)).unwrap();
        city
    }

    /// With the sample catalogue, and a key (seeds from 100) for each of the units.
    pub(crate) fn with_units(units: &[&str]) -> Self {
        Self::with_catalogue(sample_bundle(), units)
    }

    pub(crate) fn with_catalogue(bundle: Bundle, units: &[&str]) -> Self {
        let mut city = Self::founded();
        let publish = Deed::PublishCatalogue(bundle);
        city.take(&sign_act(OPERATOR, 1, publish)).unwrap();
        for (number, code) in (100_u8..).zip(units) {
            city.enrol(number, code).unwrap();
        }
        city
    }

    pub(crate) fn enrol(&mut self, seed: u8, code: &str) -> Result<Applied, Refusal> {
        let token = [seed; 32];
        let issue = Deed::IssueToken {
            unit: unit(code),
            token_sha256: Digest::of(&token),
            expires_at_ms: self.now_ms + 60_000,
            role: envelope::KeyRole::Agent,
        };
        self.take(&sign_act(OPERATOR, seed, issue))?;
        let enrol = Deed::EnrolKey {
            unit: unit(code),
            key: public(seed),
            token,
            label: String::new(),
        };
        self.take(&sign_act(seed, seed, enrol))
    }

    /// Admits, journals and folds, as the real city does.
    pub(crate) fn take(&mut self, envelope: &Envelope) -> Result<Applied, Refusal> {
        let admitted = admit(self.ledger.registry(), &envelope.received(), self.now_ms)?;
        self.now_ms += 1;
        Ok(self.journal(
            JournalEntry {
                received_at_ms: self.now_ms - 1,
                subject: admitted.subject,
                payload_sha256: admitted.payload_sha256,
                signatures: envelope.signatures.clone(),
            },
            &envelope.payload,
        ))
    }

    /// Journals without asking, as a faulty program would.
    pub(crate) fn journal(&mut self, entry: JournalEntry, payload: &[u8]) -> Applied {
        let index = LogIndex(self.entries.len() as u64);
        let entry = JournalEntry::decode(&entry.encode()).unwrap();
        self.store.payloads.push(payload.to_vec());
        let applied = self
            .ledger
            .apply(&self.store, index, &entry, payload)
            .unwrap();
        self.entries.push(entry);
        self.write(&applied.changes);
        applied
    }

    fn write(&mut self, changes: &[Change]) {
        for Change { key, value } in changes {
            match value {
                Some(value) => self.store.rows.insert(key.clone(), value.clone()),
                None => self.store.rows.remove(key),
            };
        }
    }

    /// The same journal folded again from nothing.
    pub(crate) fn rebuilt(&self) -> Self {
        let mut again = Self {
            store: Store {
                rows: BTreeMap::new(),
                payloads: self.store.payloads.clone(),
            },
            ledger: Ledger::load(&Store::default()).unwrap(),
            entries: self.entries.clone(),
            now_ms: self.now_ms,
        };
        for (index, entry) in self.entries.iter().enumerate() {
            let payload = &self.store.payloads[index];
            let index = LogIndex(index as u64);
            // A fresh ledger each time: what is not in the rows is not remembered.
            again.ledger = Ledger::load(&again.store).unwrap();
            let applied = again
                .ledger
                .apply(&again.store, index, entry, payload)
                .unwrap();
            again.write(&applied.changes);
        }
        again
    }

    pub(crate) fn digest(&self) -> Digest {
        state_digest(self.store.rows.iter())
    }

    pub(crate) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.entries.iter().map(|entry| &entry.subject)
    }
}

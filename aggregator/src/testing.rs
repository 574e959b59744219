//! A city in a temporary folder for the tests of the pipeline: keys, a clock that is set by hand, a disk that fails.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use ed25519_dalek::SigningKey;
use granary_core::{
    catalogue::Bundle,
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, PublicKey},
    ledger::{Act, Deed, LogIndex, act},
    period::Period,
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};

use crate::{
    clock::Clock,
    ingress::Received,
    journal::{Append, Journal, StoreError},
    pipeline::{Handle, LogKey, Options, Pipeline},
    project::{self, Derived},
    sequence::{Answer, ToJournal, Writer},
};

pub(crate) const ORIGIN: &str = "city.example/log";
pub(crate) const GUIYANG: &str = "520100";
pub(crate) const ZUNYI: &str = "520300";
const OPERATOR: u8 = 1;
const GUIYANG_KEY: u8 = 100;
const ZUNYI_KEY: u8 = 101;
/// How many entries [`City::found`] makes: genesis, catalogue, and a token and a key for each of two units.
pub(crate) const FOUNDING_ENTRIES: u64 = 6;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

/// A data folder with what is needed to run a pipeline on it.
pub(crate) struct City {
    folder: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

/// A disk that does what the test says.
pub(crate) struct Scripted<F>(pub(crate) F);

impl ManualClock {
    pub(crate) fn set(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    pub(crate) fn step(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl<F> Writer for Scripted<F>
where
    F: FnMut(&Journal, &Append<'_>) -> Result<(), StoreError> + Send,
{
    fn append(&mut self, journal: &Journal, append: &Append<'_>) -> Result<(), StoreError> {
        self.0(journal, append)
    }
}

/// A disk that waits for the test's leave before each write, so that submissions gather meanwhile; and says how many
/// writes were begun.
pub(crate) fn gated() -> (Box<dyn Writer>, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (leave, gate) = mpsc::channel();
    let (begins, begun) = mpsc::channel();
    let writer = Scripted(move |journal: &Journal, append: &Append<'_>| {
        begins.send(()).unwrap();
        gate.recv().unwrap();
        journal.append(append)
    });
    (Box::new(writer), leave, begun)
}

impl City {
    /// An empty journal.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Journal::create(folder.path(), ORIGIN).unwrap();
        let now_ms = "2022-06-01T00:00:00Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_millisecond();
        Self {
            folder,
            clock: Arc::new(ManualClock(AtomicI64::new(now_ms))),
        }
    }

    /// With keys and a catalogue.
    pub(crate) async fn founded() -> Self {
        let city = Self::new();
        let pipeline = city.start();
        city.found(&pipeline.handle()).await;
        stop(pipeline);
        city
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn start(&self) -> Pipeline {
        self.start_on(Box::new(ToJournal))
    }

    pub(crate) fn start_on(&self, writer: Box<dyn Writer>) -> Pipeline {
        self.start_with(writer, Options::default())
    }

    pub(crate) fn start_with(&self, writer: Box<dyn Writer>, options: Options) -> Pipeline {
        let (journal, derived) = (
            Journal::open(self.path()).unwrap(),
            Derived::open(self.path()).unwrap(),
        );
        Pipeline::start_with(
            writer,
            journal,
            derived,
            log_key(),
            options,
            Arc::clone(&self.clock) as _,
        )
        .unwrap()
    }

    pub(crate) async fn found(&self, handle: &Handle) {
        let genesis = Deed::Genesis {
            origin: ORIGIN.into(),
            log_public_key: *signing_key(9).verifying_key().as_bytes(),
            operator: public_key(OPERATOR),
        };
        take(handle, act(OPERATOR, 0, genesis)).await;
        take(handle, act(OPERATOR, 1, Deed::PublishCatalogue(bundle()))).await;
        self.enrol(handle, GUIYANG, GUIYANG_KEY).await;
        self.enrol(handle, ZUNYI, ZUNYI_KEY).await;
    }

    async fn enrol(&self, handle: &Handle, unit: &str, seed: u8) {
        let (unit, token) = (UnitCode::new(unit).unwrap(), [seed; 32]);
        let expires_at_ms = self.clock.now_ms() + 60_000;
        let issue = Deed::IssueToken {
            unit: unit.clone(),
            token_sha256: Digest::of(&token),
            expires_at_ms,
            role: envelope::KeyRole::Agent,
        };
        take(handle, act(OPERATOR, seed, issue)).await;
        let enrol = Deed::EnrolKey {
            unit,
            key: public_key(seed),
            token,
            label: String::new(),
        };
        take(handle, act(seed, seed, enrol)).await;
    }

    /// Folds to the journal's end and gives the digest of the derived rows.
    pub(crate) fn digest(&self) -> Digest {
        let (journal, derived) = (
            Journal::open(self.path()).unwrap(),
            Derived::open(self.path()).unwrap(),
        );
        let (journal, derived) = (Arc::new(journal), Arc::new(derived));
        assert_eq!(
            project::catch_up(&journal, &derived).unwrap(),
            journal.size()
        );
        project::state_digest(&derived).unwrap()
    }
}

/// Submits what must be taken, and waits until it is folded.
pub(crate) async fn take(handle: &Handle, received: Received) -> LogIndex {
    let accepted = handle.submit_wait(received).await.unwrap();
    handle.wait_applied(accepted.index()).await.unwrap();
    accepted.index()
}

/// Submits without waiting for the answer.
pub(crate) async fn submit(
    handle: &Handle,
    received: Received,
) -> tokio::sync::oneshot::Receiver<Answer> {
    let (reply, answer) = crate::sequence::Reply::once();
    handle.submit(received, reply).await;
    answer
}

pub(crate) fn stop(pipeline: Pipeline) {
    pipeline.shutdown(Duration::from_secs(60)).unwrap();
}

pub(crate) fn log_key() -> LogKey {
    LogKey::new(ORIGIN, signing_key(9)).unwrap()
}

/// The unit's statement of its revenue in 2022-M03; the revision makes it another statement.
pub(crate) fn revenue(unit: &str, revision: u32) -> Received {
    let observation = Observation {
        indicator: IndicatorCode::new("revenue").unwrap(),
        item: None,
        value: Some(Decimal::parse(&revision.to_string()).unwrap()),
        status: ObservationStatus::Normal,
    };
    let snapshot = Snapshot {
        slot: revenue_slot(unit),
        revision,
        prepared_at_ms: 0,
        catalogue_version: bundle().version(),
        observations: vec![observation],
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".into(),
    };
    signed(
        if unit == ZUNYI {
            ZUNYI_KEY
        } else {
            GUIYANG_KEY
        },
        snapshot::PAYLOAD_TYPE,
        snapshot.encode().unwrap(),
    )
}

pub(crate) fn revenue_slot(unit: &str) -> SlotKey {
    SlotKey::new(
        UnitCode::new(unit).unwrap(),
        DatasetCode::new("monthly-revenue").unwrap(),
        Period::parse("2022-M03").unwrap(),
    )
}

/// The operator's revocation of a unit's key.
pub(crate) fn revocation(unit: &str) -> Received {
    let seed = if unit == ZUNYI {
        ZUNYI_KEY
    } else {
        GUIYANG_KEY
    };
    act(
        OPERATOR,
        200,
        Deed::RevokeKey {
            key_id: public_key(seed).key_id(),
            reason: "lost".into(),
        },
    )
}

fn act(seed: u8, nonce: u8, deed: Deed) -> Received {
    signed(
        seed,
        act::PAYLOAD_TYPE,
        Act {
            issued_at_ms: 0,
            nonce: [nonce; 16],
            deed,
            person: String::new(),
        }
        .encode(),
    )
}

fn signed(seed: u8, payload_type: &str, payload: Vec<u8>) -> Received {
    let signatures = vec![envelope::sign(&signing_key(seed), payload_type, &payload)];
    Received {
        payload_type: payload_type.to_owned(),
        payload: payload.into(),
        signatures,
    }
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public_key(seed: u8) -> PublicKey {
    PublicKey::Ed25519(signing_key(seed).verifying_key())
}

pub(crate) fn bundle() -> Bundle {
    let files = [
        (
            "catalogue.toml",
            include_str!("../../core/tests/data/sample/catalogue.toml"),
        ),
        (
            "datasets.toml",
            include_str!("../../core/tests/data/sample/datasets.toml"),
        ),
        (
            "edits.toml",
            include_str!("../../core/tests/data/sample/edits.toml"),
        ),
        (
            "indicators.toml",
            include_str!("../../core/tests/data/sample/indicators.toml"),
        ),
        (
            "roster.toml",
            include_str!("../../core/tests/data/sample/roster.toml"),
        ),
        (
            "units.toml",
            include_str!("../../core/tests/data/sample/units.toml"),
        ),
    ];
    Bundle::new(
        files
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
    )
    .unwrap()
}

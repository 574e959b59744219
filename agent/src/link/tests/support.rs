//! A county with a spool in a temporary folder, and a synthetic city behind an in-memory connection.

mod enrolling;

pub(crate) use enrolling::CITY_BEHIND_MS;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use granary_core::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, Signature},
    ledger::{JournalEntry, Subject},
    log::{Checkpoint, Frontier, Growth, Hash, KeyName, VerifierKey, leaf_hash},
    period::Period,
    snapshot::{Observation, ObservationStatus, PAYLOAD_TYPE, SlotKey, Snapshot},
};
use granary_proto::v1::{
    self, PushAnswer, PushRequest, PushResponse, PushWindow,
    collection_service_server::{CollectionService, CollectionServiceServer},
    enrolment_service_server::{EnrolmentService, EnrolmentServiceServer},
    fleet_service_server::{FleetService, FleetServiceServer},
    push_answer, push_response,
};
use hyper_util::rt::TokioIo;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream, wrappers::UnboundedReceiverStream};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};

use crate::durable::OsDisk;
use crate::link::backoff::Backoff;
use crate::link::courier::Courier;
use crate::link::line::Line;
use crate::link::outbox::{Outbox, Parcel};
use crate::link::sign::{Signed, Signer};
use crate::link::wire;
use crate::receipts::Receipts;
use crate::settings::LinkSettings;
use crate::spool::{Cursor, Limits, Spool};

pub(crate) const LOG: &str = "city.example/journal";
pub(crate) const UNIT: &str = "520100";

pub(crate) fn log_signing_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub(crate) fn log_key() -> VerifierKey {
    VerifierKey::new(
        KeyName::new(LOG).unwrap(),
        log_signing_key().verifying_key(),
    )
    .unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer::new(
        SigningKey::from_bytes(&[5; 32]),
        UnitCode::new(UNIT).unwrap(),
    )
}

/// Of the signer, over a payload.
pub(crate) fn signature(payload: &[u8]) -> Signature {
    envelope::sign(&SigningKey::from_bytes(&[5; 32]), PAYLOAD_TYPE, payload)
}

/// Synthetic statement number `n`, each for a slot of its own.
pub(crate) fn snapshot(n: u32) -> Snapshot {
    let period = format!("{}-M{:02}", 1990 + n / 12, 1 + n % 12);
    let slot = SlotKey::new(
        UnitCode::new(UNIT).unwrap(),
        DatasetCode::new("monthly-output").unwrap(),
        Period::parse(&period).unwrap(),
    );
    let observation = Observation {
        indicator: IndicatorCode::new("output").unwrap(),
        item: None,
        value: Some(Decimal::integer(n.into())),
        status: ObservationStatus::Normal,
    };
    Snapshot {
        slot,
        revision: 1,
        prepared_at_ms: 1_600_000_000_000,
        catalogue_version: Digest::of(b"synthetic catalogue"),
        observations: vec![observation],
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".to_owned(),
    }
}

pub(crate) fn signed(n: u32) -> Signed {
    signer().sign_snapshot(&snapshot(n)).unwrap()
}

/// A county whose spool holds `count` statements.
pub(crate) struct County {
    pub(crate) folder: tempfile::TempDir,
}

impl County {
    pub(crate) fn new(count: u32) -> Self {
        let county = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let mut outbox = county.outbox();
        for n in 0..count {
            outbox.append(&signed(n)).unwrap();
        }
        county
    }

    pub(crate) fn outbox(&self) -> Outbox<OsDisk> {
        let limits = Limits {
            disk_free_bytes_min: 0,
            ..Limits::default()
        };
        let (spool, _) = Spool::open(OsDisk, &self.folder.path().join("spool"), limits).unwrap();
        Outbox::new(
            spool,
            Receipts::open(self.folder.path()).unwrap(),
            log_key(),
        )
    }

    pub(crate) fn courier(&self, city: &City) -> Courier<OsDisk> {
        let link = LinkSettings::default();
        let backoff = || Backoff::new(&link, Box::new(|| 1));
        let line = Line::open(city.channel(), link, backoff());
        Courier::new(self.outbox(), line, link, backoff(), || 77)
    }

    /// How many statements have a receipt that stands in a file.
    pub(crate) fn receipted(&self, count: u32) -> usize {
        let receipts = Receipts::open(self.folder.path()).unwrap();
        let stored = |n: &u32| {
            receipts
                .find(&snapshot(*n).slot, 1, &signed(*n).payload_sha256())
                .is_some()
        };
        (0..count).filter(stored).count()
    }
}

pub(crate) fn parcels(count: u32) -> Vec<Parcel> {
    County::new(count)
        .outbox()
        .next(&mut Cursor::start(), 1_000, 1 << 20)
        .parcels
}

/// How the city behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    #[default]
    Honest,
    /// Cuts the stream once, at this moment: every message is a moment when it comes, when it is journaled and when it
    /// is answered.
    CutAt(usize),
    /// Every answer comes twice.
    Twice,
    /// Answers come in groups of four, the last first.
    Backwards,
    /// The statement with this number gets the receipt of the one before.
    WrongReceiptFor(u64),
    /// Every receipt is signed by another log.
    AnotherLog,
    /// The statement with this number is refused for ever.
    RefuseFor(u64),
    /// The first so many submissions are refused for now.
    BusyTimes(usize),
    /// The first stream never answers.
    SilentAtFirst,
    /// A city of before records could be fetched.
    WithoutRecords,
}

#[derive(Default)]
struct Journal {
    entries: Vec<Hash>,
    assessments: Vec<v1::Assessment>,
    /// The current ones, by slot.
    records: BTreeMap<String, (u32, v1::Record)>,
    bundle: Vec<u8>,
    catalogues_asked: usize,
    enrolments: usize,
    receipts: BTreeMap<Digest, v1::Receipt>,
    last: Option<v1::Receipt>,
    moments: usize,
    submissions: usize,
    streams: usize,
    order: Vec<Digest>,
    heartbeats: Vec<v1::HeartbeatRequest>,
}

/// A synthetic city. Cloning shares it.
#[derive(Clone)]
pub(crate) struct City {
    manner: Manner,
    journal: Arc<Mutex<Journal>>,
    connections: mpsc::UnboundedSender<DuplexStream>,
}

impl City {
    /// Starts to serve on the present runtime.
    pub(crate) fn start(manner: Manner) -> Self {
        let (connections, incoming) = mpsc::unbounded_channel();
        let city = Self {
            manner,
            journal: Arc::default(),
            connections,
        };
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        let services = Server::builder()
            .add_service(CollectionServiceServer::new(city.clone()))
            .add_service(EnrolmentServiceServer::new(city.clone()))
            .add_service(FleetServiceServer::new(city.clone()));
        tokio::spawn(services.serve_with_incoming(incoming));
        city
    }

    pub(crate) fn channel(&self) -> Channel {
        let connections = self.connections.clone();
        let connector = tower::service_fn(move |_| {
            let (ours, theirs) = duplex(1 << 16);
            let sent = connections.send(theirs);
            async move {
                sent.map(|()| TokioIo::new(ours))
                    .map_err(std::io::Error::other)
            }
        });
        Endpoint::from_static("http://city.example").connect_with_connector_lazy(connector)
    }

    /// The payloads that are journaled, in order.
    pub(crate) fn journaled(&self) -> Vec<Digest> {
        self.journal.lock().unwrap().order.clone()
    }

    /// Brings a catalogue into force.
    pub(crate) fn publish(&self, bundle: Vec<u8>) {
        self.journal.lock().unwrap().bundle = bundle;
    }

    /// How often the catalogue was asked for.
    pub(crate) fn catalogues_asked(&self) -> usize {
        self.journal.lock().unwrap().catalogues_asked
    }

    /// The revisions that were received, in order.
    pub(crate) fn revisions(&self) -> Vec<u32> {
        self.journal
            .lock()
            .unwrap()
            .assessments
            .iter()
            .map(|assessment| assessment.revision)
            .collect()
    }

    /// How often an enrolment was asked for.
    pub(crate) fn enrolments(&self) -> usize {
        self.journal.lock().unwrap().enrolments
    }

    /// How many entries its journal has.
    pub(crate) fn entries(&self) -> usize {
        self.journal.lock().unwrap().entries.len()
    }

    pub(crate) fn submissions(&self) -> usize {
        self.journal.lock().unwrap().submissions
    }

    pub(crate) fn streams(&self) -> usize {
        self.journal.lock().unwrap().streams
    }

    pub(crate) fn moments(&self) -> usize {
        self.journal.lock().unwrap().moments
    }

    /// Counts a moment; an error where the stream is cut now.
    fn moment(&self) -> Result<(), Status> {
        let mut journal = self.journal.lock().unwrap();
        journal.moments += 1;
        match self.manner {
            Manner::CutAt(moment) if journal.moments == moment => Err(Status::unavailable("cut")),
            Manner::CutAt(_)
            | Manner::Honest
            | Manner::Twice
            | Manner::Backwards
            | Manner::WrongReceiptFor(_)
            | Manner::AnotherLog
            | Manner::RefuseFor(_)
            | Manner::BusyTimes(_)
            | Manner::SilentAtFirst
            | Manner::WithoutRecords => Ok(()),
        }
    }

    async fn serve(
        self,
        mut incoming: Streaming<PushRequest>,
        answers: mpsc::Sender<Result<PushResponse, Status>>,
    ) -> Result<(), Status> {
        let stream = {
            let mut journal = self.journal.lock().unwrap();
            journal.streams += 1;
            journal.streams
        };
        let window = PushWindow {
            submissions_max: 4,
            bytes_max: 1 << 20,
        };
        let _ = answers
            .send(Ok(PushResponse {
                message: Some(push_response::Message::Window(window)),
            }))
            .await;
        let mut gathered = Vec::new();
        while let Some(request) = incoming.message().await? {
            self.moment()?;
            let answer = self.answer(request);
            self.moment()?;
            match self.manner {
                Manner::SilentAtFirst if stream == 1 => continue,
                Manner::Twice => gathered.extend([answer.clone(), answer]),
                Manner::Backwards => {
                    gathered.push(answer);
                    if gathered.len() < 4 {
                        continue;
                    }
                    gathered.reverse();
                }
                Manner::Honest
                | Manner::CutAt(_)
                | Manner::WrongReceiptFor(_)
                | Manner::AnotherLog
                | Manner::RefuseFor(_)
                | Manner::BusyTimes(_)
                | Manner::SilentAtFirst
                | Manner::WithoutRecords => gathered.push(answer),
            }
            for answer in gathered.drain(..) {
                let message = Some(push_response::Message::Answer(answer));
                let _ = answers.send(Ok(PushResponse { message })).await;
            }
            self.moment()?;
        }
        Ok(())
    }

    fn answer(&self, request: PushRequest) -> PushAnswer {
        let envelope = request.envelope.unwrap();
        let mut journal = self.journal.lock().unwrap();
        journal.submissions += 1;
        let number = Snapshot::decode(&envelope.payload).unwrap().observations[0]
            .value
            .unwrap()
            .mantissa();
        let result = match self.manner {
            Manner::BusyTimes(times) if journal.submissions <= times => {
                push_answer::Result::Refusal(refusal(v1::RefusalCode::Overloaded, true))
            }
            Manner::RefuseFor(refused) if number == i128::from(refused) => {
                push_answer::Result::Refusal(refusal(v1::RefusalCode::KeyRevoked, false))
            }
            Manner::WrongReceiptFor(wrong) if number == i128::from(wrong) => {
                push_answer::Result::Receipt(journal.last.clone().unwrap())
            }
            Manner::AnotherLog => {
                let mut receipt = journal.take(&envelope);
                receipt.checkpoint = receipt.checkpoint.replace("city.example", "town.example");
                push_answer::Result::Receipt(receipt)
            }
            Manner::Honest
            | Manner::CutAt(_)
            | Manner::Twice
            | Manner::Backwards
            | Manner::WrongReceiptFor(_)
            | Manner::RefuseFor(_)
            | Manner::BusyTimes(_)
            | Manner::SilentAtFirst
            | Manner::WithoutRecords => push_answer::Result::Receipt(journal.take(&envelope)),
        };
        PushAnswer {
            sequence: request.sequence,
            result: Some(result),
        }
    }
}

impl Journal {
    /// Journals a statement, or finds its old receipt.
    fn take(&mut self, envelope: &v1::Envelope) -> v1::Receipt {
        let snapshot = Snapshot::decode(&envelope.payload).unwrap();
        let known = self.receipts.contains_key(&Digest::of(&envelope.payload));
        let receipt = self.enter(envelope, Subject::Snapshot(snapshot.slot.clone()));
        if !known {
            let slot = snapshot.slot.to_string();
            let held = self.records.get(&slot).map_or(0, |(revision, _)| *revision);
            if snapshot.revision > held {
                let record = v1::Record {
                    index: receipt.index,
                    entry: receipt.entry.clone(),
                    payload: envelope.payload.to_vec(),
                };
                self.records.insert(slot, (snapshot.revision, record));
            }
            self.order.push(Digest::of(&envelope.payload));
            self.assessments.push(v1::Assessment {
                index: receipt.index,
                unit: snapshot.slot.unit.to_string(),
                dataset: snapshot.slot.dataset.to_string(),
                period: snapshot.slot.period.to_string(),
                revision: snapshot.revision,
                payload_sha256: Digest::of(&envelope.payload).as_bytes().to_vec(),
                outcome: v1::Outcome::Accepted.into(),
                ..v1::Assessment::default()
            });
        }
        receipt
    }

    fn enter(&mut self, envelope: &v1::Envelope, subject: Subject) -> v1::Receipt {
        let digest = Digest::of(&envelope.payload);
        if let Some(receipt) = self.receipts.get(&digest) {
            return receipt.clone();
        }
        let entry = JournalEntry {
            received_at_ms: 1_700_000_000_000,
            subject,
            payload_sha256: digest,
            signatures: envelope
                .signatures
                .iter()
                .map(|s| wire::signature_from(s).unwrap())
                .collect(),
        }
        .encode();
        self.entries.push(leaf_hash(&entry));
        let growth = Growth::new(&Frontier::empty(), self.entries.clone());
        let index = growth.size() - 1;
        let checkpoint = Checkpoint::new(LOG, growth.size(), growth.root()).unwrap();
        let note = checkpoint
            .sign(&KeyName::new(LOG).unwrap(), &log_signing_key())
            .unwrap();
        let receipt = v1::Receipt {
            index,
            entry,
            inclusion_proof: growth
                .proof(index)
                .unwrap()
                .iter()
                .map(|hash| hash.as_bytes().to_vec())
                .collect(),
            checkpoint: note.to_text(),
        };
        self.receipts.insert(digest, receipt.clone());
        self.last = Some(receipt.clone());
        receipt
    }
}

fn refusal(code: v1::RefusalCode, retryable: bool) -> v1::Refusal {
    v1::Refusal {
        code: code.into(),
        message_zh: "不收".to_owned(),
        message_en: "not taken".to_owned(),
        retryable,
        retry_after_ms: 100,
    }
}

#[tonic::async_trait]
impl CollectionService for City {
    type PushStream = ReceiverStream<Result<PushResponse, Status>>;

    async fn push(
        &self,
        request: Request<Streaming<PushRequest>>,
    ) -> Result<Response<Self::PushStream>, Status> {
        let (answers, outgoing) = mpsc::channel(64);
        let city = self.clone();
        tokio::spawn(async move {
            if let Err(status) = city.serve(request.into_inner(), answers.clone()).await {
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }

    async fn rotate_key(
        &self,
        request: Request<v1::RotateKeyRequest>,
    ) -> Result<Response<v1::RotateKeyResponse>, Status> {
        self.rotate(request.into_inner())
    }

    async fn submit(
        &self,
        _: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn fetch_catalogue(
        &self,
        request: Request<v1::FetchCatalogueRequest>,
    ) -> Result<Response<v1::FetchCatalogueResponse>, Status> {
        let bundle = {
            let mut journal = self.journal.lock().unwrap();
            journal.catalogues_asked += 1;
            journal.bundle.clone()
        };
        let version = Digest::of(&bundle).as_bytes().to_vec();
        let held = request.into_inner().known_version == version;
        let city_time_ms = crate::run::now_ms();
        let bundle = if held { Vec::new() } else { bundle };
        Ok(Response::new(v1::FetchCatalogueResponse {
            version,
            bundle,
            city_time_ms,
        }))
    }

    async fn fetch_assessments(
        &self,
        request: Request<v1::FetchAssessmentsRequest>,
    ) -> Result<Response<v1::FetchAssessmentsResponse>, Status> {
        let from_index = request.into_inner().from_index;
        let journal = self.journal.lock().unwrap();
        let new = journal
            .assessments
            .iter()
            .filter(|assessment| assessment.index >= from_index);
        let assessments = new.cloned().collect();
        let next_index = journal.entries.len() as u64;
        Ok(Response::new(v1::FetchAssessmentsResponse {
            assessments,
            next_index,
        }))
    }

    async fn fetch_records(
        &self,
        request: Request<v1::FetchRecordsRequest>,
    ) -> Result<Response<v1::FetchRecordsResponse>, Status> {
        if self.manner == Manner::WithoutRecords {
            return Err(Status::unimplemented("an older city"));
        }
        let from_index = request.into_inner().from_index;
        let journal = self.journal.lock().unwrap();
        let current = journal.records.values().map(|(_, record)| record);
        let mut records: Vec<_> = current.filter(|r| r.index >= from_index).cloned().collect();
        records.sort_by_key(|record| record.index);
        // One to a page, so that there are pages.
        let second = records.get(1).map(|record| record.index);
        records.truncate(1);
        Ok(Response::new(v1::FetchRecordsResponse {
            records,
            next_index: second.unwrap_or(journal.entries.len() as u64),
            more: second.is_some(),
            city_time_ms: 1_700_000_000_000,
        }))
    }
}

/// The certificate of the synthetic city's authority.
pub(crate) const AUTHORITY: &[u8] = b"synthetic authority";

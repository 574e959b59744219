//! What the agent fetches from the city: the catalogue in force, what became of its own statements, and its own current records.
//!
//! Three tasks that ask while the line is open, and rest while it is down. They hold no state that matters: what was fetched
//! goes to the owner of the inbox as a [`Fetched`], who says where to go on after it is durable.

use std::sync::Arc;
use std::time::Duration;

use granary_core::{
    decimal::Decimal,
    digest::Digest,
    edits::EditKind,
    ledger::{Figures, Outcome},
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_proto::v1::{
    self, FetchAssessmentsRequest, FetchCatalogueRequest, FetchRecordsRequest,
    collection_service_client::CollectionServiceClient,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::{Code, transport::Channel};

use crate::enrol::explain;
use crate::link::wire::{self, WireError};
use crate::settings::{LinkSettings, PollSettings};

/// Room for a catalogue of 8 MiB, or for some hundred assessments with all their failures.
const MESSAGE_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Assessments that are asked for at once.
const ASSESSMENTS_MAX: u32 = 100;
/// Bytes of own records that are asked for at once, so that little memory is needed.
const RECORDS_BYTES_MAX: u32 = 256 * 1024;
/// The least time between two questions, whatever the city answers.
const PAUSE: Duration = Duration::from_millis(500);

/// What was fetched.
#[derive(Debug)]
pub enum Fetched {
    /// The catalogue in force.
    Catalogue {
        /// Its version; `None` where the city has published none yet.
        version: Option<Digest>,
        /// Its bytes; empty where the version is the one that we hold.
        bundle: Vec<u8>,
        /// The city's time.
        city_time_ms: i64,
    },
    /// What became of some statements.
    Assessments {
        /// In the order of the log.
        assessed: Vec<Assessed>,
        /// Where to go on.
        next_index: u64,
        /// Takes the index to go on from, once everything is durable.
        reply: oneshot::Sender<u64>,
    },
    /// The unit's own current records that have changed.
    Records {
        /// As the city gave them; whoever keeps them checks them.
        answer: Box<v1::FetchRecordsResponse>,
        /// Takes the index to go on from, once everything is durable.
        reply: oneshot::Sender<u64>,
    },
    /// The city could not be asked for records, or does not know the question.
    NoRecords,
}

/// What is held here already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// The version of the catalogue.
    pub catalogue: Option<Digest>,
    /// From which index of the log on assessments are asked for.
    pub assessments: u64,
    /// From which index of the log on records are asked for.
    pub records: u64,
}

/// What became of one statement.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// Its index in the log.
    pub index: u64,
    /// The slot.
    pub slot: SlotKey,
    /// The revision that it was stated as.
    pub revision: u32,
    /// The payload's digest.
    pub payload_sha256: Digest,
    /// What became of it.
    pub outcome: Outcome,
    /// The edits that were false.
    pub failures: Vec<AssessedFailure>,
}

/// One edit that was false.
#[derive(Clone, Debug)]
pub struct AssessedFailure {
    /// The edit's id.
    pub edit: String,
    /// Whether it must hold or may be explained.
    pub kind: EditKind,
    /// The item.
    pub item: Option<String>,
    /// Both sides.
    pub figures: Figures,
    /// What to tell people.
    pub message: Bilingual,
    /// The explanation that the statement carries.
    pub explanation: Option<String>,
}

/// The three tasks. Dropping it ends them.
pub struct Fetcher {
    /// What was fetched.
    pub(crate) fetched: mpsc::Receiver<Fetched>,
    connected: watch::Sender<bool>,
    held: watch::Sender<Option<Digest>>,
    refresh: Arc<Notify>,
    refresh_records: Arc<Notify>,
    tasks: [JoinHandle<()>; 3],
}

impl Fetcher {
    /// Begins to ask, once the line is open, for what is not `held`.
    #[must_use]
    pub fn start(channel: Channel, link: LinkSettings, poll: PollSettings, held: Held) -> Self {
        let (sender, fetched) = mpsc::channel(1);
        let (connected, connection) = watch::channel(false);
        let Held {
            catalogue,
            assessments,
            records,
        } = held;
        let (held, version) = watch::channel(catalogue);
        let (refresh, refresh_records) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let client =
            CollectionServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let questions = Questions {
            client,
            link,
            poll,
            sender,
            connection,
        };
        let catalogue = tokio::spawn(questions.clone().catalogue(version, Arc::clone(&refresh)));
        let asked = questions
            .clone()
            .records(records, Arc::clone(&refresh_records));
        let records = tokio::spawn(asked);
        let assessments = tokio::spawn(questions.assessments(assessments));
        Self {
            fetched,
            connected,
            held,
            refresh,
            refresh_records,
            tasks: [catalogue, assessments, records],
        }
    }

    /// Says whether the line is open.
    pub fn set_connected(&self, connected: bool) {
        self.connected.send_replace(connected);
    }

    /// Tells whether the line is open, for those who ask something else.
    #[must_use]
    pub fn connection(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }

    /// Says which catalogue is held now.
    pub fn set_held(&self, version: Option<Digest>) {
        self.held.send_replace(version);
    }

    /// Asks for the catalogue at once.
    pub fn refresh_catalogue(&self) {
        self.refresh.notify_one();
    }

    /// Asks for the own records at once.
    pub fn refresh_records(&self) {
        self.refresh_records.notify_one();
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[derive(Clone)]
struct Questions {
    client: CollectionServiceClient<Channel>,
    link: LinkSettings,
    poll: PollSettings,
    sender: mpsc::Sender<Fetched>,
    connection: watch::Receiver<bool>,
}

impl Questions {
    async fn catalogue(mut self, held: watch::Receiver<Option<Digest>>, refresh: Arc<Notify>) {
        while self
            .connection
            .wait_for(|connected| *connected)
            .await
            .is_ok()
        {
            let known = *held.borrow();
            let wait = match self.ask_catalogue(known).await {
                Ok(fetched) => {
                    if self.sender.send(fetched).await.is_err() {
                        return;
                    }
                    Duration::from_millis(self.poll.catalogue_ms)
                }
                Err(reason) => self.failed("catalogue", &reason),
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = refresh.notified() => sleep(PAUSE).await,
                // The line went or came back: to wait longer would only delay the answer.
                _ = self.connection.changed() => sleep(PAUSE).await,
            }
        }
    }

    async fn ask_catalogue(&mut self, known: Option<Digest>) -> Result<Fetched, String> {
        let known_version = known
            .map(|version| version.as_bytes().to_vec())
            .unwrap_or_default();
        let asked = self
            .client
            .fetch_catalogue(FetchCatalogueRequest { known_version });
        let patience = Duration::from_millis(self.link.answer_timeout_ms);
        let answer = timeout(patience, asked)
            .await
            .map_err(|_| "no answer in time".to_owned())?;
        let answer = answer.map_err(|status| explain(&status))?.into_inner();
        let version = match answer.version.is_empty() {
            true => None,
            false => Some(wire::digest_from(&answer.version).map_err(|error| error.to_string())?),
        };
        Ok(Fetched::Catalogue {
            version,
            bundle: answer.bundle,
            city_time_ms: answer.city_time_ms,
        })
    }

    async fn assessments(mut self, mut from_index: u64) {
        // Until everything that is there has been fetched, the city need not wait for more.
        let mut caught_up = false;
        while self
            .connection
            .wait_for(|connected| *connected)
            .await
            .is_ok()
        {
            let pause = match self.ask_assessments(from_index, caught_up).await {
                Ok((assessed, next_index)) => {
                    let none = assessed.is_empty();
                    caught_up |= none;
                    let (reply, answer) = oneshot::channel();
                    let fetched = Fetched::Assessments {
                        assessed,
                        next_index,
                        reply,
                    };
                    if self.sender.send(fetched).await.is_err() {
                        return;
                    }
                    let Ok(next) = answer.await else { return };
                    let pause = if none || next == from_index {
                        PAUSE
                    } else {
                        Duration::ZERO
                    };
                    from_index = next;
                    pause
                }
                Err(reason) => self.failed("assessments", &reason),
            };
            tokio::select! {
                () = sleep(pause) => {}
                // The line went or came back: to wait longer would only delay the answer.
                _ = self.connection.changed() => {}
            }
        }
    }

    async fn ask_assessments(
        &mut self,
        from_index: u64,
        wait: bool,
    ) -> Result<(Vec<Assessed>, u64), String> {
        let wait_ms_max = if wait {
            u32::try_from(self.poll.assessments_wait_ms).unwrap_or(30_000)
        } else {
            0
        };
        let request = FetchAssessmentsRequest {
            from_index,
            count_max: ASSESSMENTS_MAX,
            wait_ms_max,
        };
        let patience =
            Duration::from_millis(self.link.answer_timeout_ms + self.poll.assessments_wait_ms);
        let asked = self.client.fetch_assessments(request);
        let answer = timeout(patience, asked)
            .await
            .map_err(|_| "no answer in time".to_owned())?;
        let answer = answer.map_err(|status| explain(&status))?.into_inner();
        let assessed: Result<Vec<_>, WireError> =
            answer.assessments.into_iter().map(assessed).collect();
        Ok((
            assessed.map_err(|error| error.to_string())?,
            answer.next_index,
        ))
    }

    async fn records(mut self, mut from_index: u64, refresh: Arc<Notify>) {
        while self
            .connection
            .wait_for(|connected| *connected)
            .await
            .is_ok()
        {
            let long = Duration::from_millis(self.poll.catalogue_ms);
            let (fetched, wait, next) = match self.ask_records(from_index).await {
                Ok(Some(answer)) => {
                    let wait = if answer.more { Duration::ZERO } else { long };
                    let (reply, next) = oneshot::channel();
                    (Fetched::Records { answer, reply }, wait, Some(next))
                }
                // An older city; it may be replaced by a newer one.
                Ok(None) => (Fetched::NoRecords, long, None),
                Err(reason) => (Fetched::NoRecords, self.failed("records", &reason), None),
            };
            if self.sender.send(fetched).await.is_err() {
                return;
            }
            let mut stuck = false;
            if let Some(next) = next {
                let Ok(next) = next.await else { return };
                // What could not be kept is asked for again, but not at once.
                stuck = next == from_index && wait.is_zero();
                from_index = next;
            }
            let wait = if stuck { long } else { wait };
            tokio::select! {
                () = sleep(wait) => {}
                () = refresh.notified() => {}
                // The line went or came back: to wait longer would only delay the answer.
                _ = self.connection.changed() => sleep(PAUSE).await,
            }
        }
    }

    /// The next page of own records; nothing where the city does not know the question.
    async fn ask_records(
        &mut self,
        from_index: u64,
    ) -> Result<Option<Box<v1::FetchRecordsResponse>>, String> {
        let request = FetchRecordsRequest {
            from_index,
            count_max: 0,
            bytes_max: RECORDS_BYTES_MAX,
        };
        let patience = Duration::from_millis(self.link.answer_timeout_ms);
        let asked = timeout(patience, self.client.fetch_records(request));
        match asked.await {
            Ok(Ok(answer)) => Ok(Some(Box::new(answer.into_inner()))),
            Ok(Err(status)) if status.code() == Code::Unimplemented => Ok(None),
            Ok(Err(status)) => Err(explain(&status)),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    fn failed(&self, what: &str, reason: &str) -> Duration {
        tracing::warn!(what, reason, "fetching failed; it is tried again");
        Duration::from_millis(self.link.backoff_ms_max.min(10_000)).max(PAUSE)
    }
}

fn assessed(assessment: v1::Assessment) -> Result<Assessed, WireError> {
    let outcome = match assessment.outcome() {
        v1::Outcome::Accepted => Outcome::Accepted,
        v1::Outcome::Returned => Outcome::Returned,
        v1::Outcome::Superseded => Outcome::Superseded,
        v1::Outcome::Unspecified => return Err(WireError::of("outcome")),
    };
    Ok(Assessed {
        index: assessment.index,
        slot: wire::slot_from(&assessment.unit, &assessment.dataset, &assessment.period)?,
        revision: assessment.revision,
        payload_sha256: wire::digest_from(&assessment.payload_sha256)?,
        outcome,
        failures: assessment.failures.into_iter().map(failure).collect(),
    })
}

fn failure(failure: v1::Failure) -> AssessedFailure {
    let kind = match failure.kind() {
        v1::EditKind::Validity => EditKind::Validity,
        v1::EditKind::Quality | v1::EditKind::Unspecified => EditKind::Quality,
    };
    let side = |side: Option<v1::Decimal>| -> Option<Decimal> { wire::decimal_from(side) };
    AssessedFailure {
        edit: failure.edit,
        kind,
        item: failure.item,
        figures: Figures {
            left: side(failure.left),
            right: side(failure.right),
            imbalance: side(failure.imbalance),
        },
        message: Bilingual::new(failure.message_zh, failure.message_en),
        explanation: (!failure.explanation.is_empty()).then_some(failure.explanation),
    }
}

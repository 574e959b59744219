//! A client that states, pushes, sends again what was not answered, and remembers every receipt that it was ever given.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use granary_agent::{identity::Identity, settings::LinkSettings, tls};
use granary_core::{
    digest::Digest,
    ledger::JournalEntry,
    log::{Hash, Receipt},
};
use granary_proto::v1::{
    self, PushRequest, collection_service_client::CollectionServiceClient,
    push_answer::Result as Outcome, push_response::Message,
};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::{
    city::City,
    dice::Dice,
    line::Whereabouts,
    statements::{Author, Statement},
};

/// Statements that wait for their answers at once.
const IN_FLIGHT_MAX: usize = 6;
/// Statements with a receipt that are sent once more over each stream.
const REPEATED_MAX: usize = 3;
/// Before the next attempt, where the city seems to be there and does not answer.
const PAUSE: Duration = Duration::from_millis(5);

/// A client of one unit.
pub(crate) struct Pusher {
    url: String,
    /// New statements over one stream, so that the journal stays small where streams live long.
    stated_max: usize,
    identity: Identity,
    whereabouts: Whereabouts,
    author: Author,
    dice: Dice,
    /// To be sent: never sent, or sent and not answered before the stream ended.
    unanswered: VecDeque<Arc<Statement>>,
    /// Everything that the city was seen to have taken, with every receipt that it gave for it.
    pub(crate) receipted: BTreeMap<Digest, Promise>,
    /// Streams that ended while something was unanswered.
    pub(crate) streams_lost: u64,
}

/// A statement and the receipts that were given for it: at least one.
pub(crate) struct Promise {
    pub(crate) statement: Arc<Statement>,
    pub(crate) receipts: Vec<Receipt>,
}

/// A stream and what is on its way over it.
struct Stream {
    requests: mpsc::Sender<PushRequest>,
    answers: Streaming<v1::PushResponse>,
    in_flight: BTreeMap<u64, Arc<Statement>>,
    sent: u64,
    stated: usize,
}

impl Pusher {
    /// The client of a unit, over the relay, with the identity that its agent was enrolled with.
    pub(crate) fn new(city: &City, unit: &str, stated_max: usize, dice: &mut Dice) -> Self {
        let identity = Identity::load(&city.agent(unit).join("identity")).unwrap();
        let (version, key) = (city.catalogue_version(), identity.signing.clone());
        Self {
            url: city.line().url(),
            stated_max,
            author: Author::new(identity.unit.clone(), key, version, dice.split()),
            identity,
            whereabouts: city.whereabouts(),
            dice: dice.split(),
            unanswered: VecDeque::new(),
            receipted: BTreeMap::new(),
            streams_lost: 0,
        }
    }

    /// Pushes over one stream after another until `finish` is true, and then until everything is answered.
    pub(crate) async fn push(mut self, mut finish: watch::Receiver<bool>) -> Self {
        loop {
            self.whereabouts.wait_for(Option::is_some).await.unwrap();
            let Ok(mut stream) = self.open().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let ended = self.use_stream(&mut stream, &mut finish).await;
            if ended.is_ok() {
                return self;
            }
            self.streams_lost += u64::from(!stream.in_flight.is_empty());
            // The oldest first, as they were sent.
            stream
                .in_flight
                .into_values()
                .rev()
                .for_each(|statement| self.unanswered.push_front(statement));
        }
    }

    async fn open(&mut self) -> Result<Stream, Status> {
        let channel =
            tls::enrolled_channel(&self.url, &self.identity, &LinkSettings::default()).unwrap();
        let (requests, outgoing) = mpsc::channel(IN_FLIGHT_MAX);
        let response = CollectionServiceClient::new(channel)
            .push(ReceiverStream::new(outgoing))
            .await?;
        let mut answers = response.into_inner();
        let first = answers.message().await?.and_then(|first| first.message);
        assert!(
            matches!(first, Some(Message::Window(_)) | None),
            "a stream begins with its window"
        );
        for _ in 0..REPEATED_MAX.min(self.receipted.len()) {
            let chosen = usize::try_from(self.dice.below(self.receipted.len() as u64)).unwrap();
            let promise = self.receipted.values().nth(chosen).unwrap();
            self.unanswered.push_back(Arc::clone(&promise.statement));
        }
        Ok(Stream {
            requests,
            answers,
            in_flight: BTreeMap::new(),
            sent: 0,
            stated: 0,
        })
    }

    /// `Ok` when it is to finish and everything is answered, `Err` when the stream has ended.
    async fn use_stream(
        &mut self,
        stream: &mut Stream,
        finish: &mut watch::Receiver<bool>,
    ) -> Result<(), Status> {
        loop {
            let finishing = *finish.borrow_and_update();
            self.fill(stream, finishing).await?;
            if finishing && stream.in_flight.is_empty() {
                return Ok(());
            }
            tokio::select! {
                message = stream.answers.message() => {
                    let message = message?.ok_or_else(|| Status::unavailable("the stream was closed"))?;
                    self.take(stream, message);
                }
                changed = finish.changed(), if !finishing => changed.unwrap(),
            }
        }
    }

    async fn fill(&mut self, stream: &mut Stream, finishing: bool) -> Result<(), Status> {
        while stream.in_flight.len() < IN_FLIGHT_MAX {
            let next = self.unanswered.pop_front();
            let statement = match next {
                Some(statement) => statement,
                None if finishing || stream.stated == self.stated_max => return Ok(()),
                None => {
                    stream.stated += 1;
                    self.author.state()
                }
            };
            stream.sent += 1;
            let request = PushRequest {
                sequence: stream.sent,
                envelope: Some(statement.envelope.clone()),
            };
            stream.in_flight.insert(stream.sent, statement);
            stream
                .requests
                .send(request)
                .await
                .map_err(|_| Status::unavailable("the stream has ended"))?;
        }
        Ok(())
    }

    fn take(&mut self, stream: &mut Stream, message: v1::PushResponse) {
        let Some(Message::Answer(answer)) = message.message else {
            panic!("{message:?} is no answer")
        };
        let statement = stream
            .in_flight
            .remove(&answer.sequence)
            .expect("an answer to something that was sent");
        match answer.result {
            Some(Outcome::Receipt(receipt)) => self.promised(statement, receipt),
            Some(Outcome::Refusal(refusal)) => {
                assert!(refusal.retryable, "refused for good: {refusal:?}");
                self.unanswered.push_back(statement);
            }
            None => panic!("an empty answer"),
        }
    }

    /// The entry must be this statement's, and the same one for ever.
    fn promised(&mut self, statement: Arc<Statement>, receipt: v1::Receipt) {
        let proof = receipt
            .inclusion_proof
            .iter()
            .map(|hash| Hash::from_slice(hash).unwrap())
            .collect();
        let v1::Receipt {
            index,
            entry,
            checkpoint,
            ..
        } = receipt;
        let receipt = Receipt {
            entry,
            index,
            proof,
            checkpoint,
        };
        let digest = statement.payload_sha256;
        assert_eq!(
            JournalEntry::decode(&receipt.entry).unwrap().payload_sha256,
            digest
        );
        let promise = self.receipted.entry(digest).or_insert(Promise {
            statement,
            receipts: Vec::new(),
        });
        if let Some(first) = promise.receipts.first() {
            assert_eq!(
                (first.index, &first.entry),
                (receipt.index, &receipt.entry),
                "a repeated statement is the old entry"
            );
        }
        promise.receipts.push(receipt);
    }
}

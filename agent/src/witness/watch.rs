//! The task that watches the log: it asks for the head, checks, keeps, cosigns, and tells the desk what came of it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use granary_core::log::{Break, CheckpointError, Hash, witnessing::continues};
use granary_proto::v1::{
    self, enrol_witness_response, transparency_service_client::TransparencyServiceClient,
    witness_service_client::WitnessServiceClient,
};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status, transport::Channel};

use super::{Book, Fork, Head, Witness};
use crate::enrol::explain;
use crate::link::{Clock, Signer};

/// Room for a note with all its signatures.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// How long an older city, which knows no witnesses, is left alone.
const OLDER_CITY_PAUSE: Duration = Duration::from_secs(3_600);
/// How long receipts are gathered before the head is looked at again.
const PAUSE: Duration = Duration::from_secs(1);
/// Heads of receipts that wait to be compared. Of more than these, the later ones are compared by the next receipts.
const HEADS_MAX: usize = 16;

/// What the watch reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessNews {
    /// A head was checked, kept and cosigned.
    Cosigned {
        /// Entries under it.
        size: u64,
        /// This computer's time in the cosignature.
        time_s: u64,
    },
    /// The log shows two histories. The watch has ended.
    Forked(Box<Fork>),
    /// What the city shows is not signed by its log's key.
    NotSigned(String),
}

/// The running watch. Dropping it ends it.
pub struct Watch {
    /// What was found.
    pub(crate) news: mpsc::Receiver<WitnessNews>,
    connected: watch::Sender<bool>,
    receipts: mpsc::Sender<Head>,
    look: Arc<Notify>,
    task: Option<JoinHandle<()>>,
}

/// What the task owns.
struct Watcher {
    witness: Witness,
    signer: Signer,
    book: Book,
    state: PathBuf,
    client: WitnessServiceClient<Channel>,
    proofs: TransparencyServiceClient<Channel>,
    patience: Duration,
    interval: Duration,
    clock: Clock,
    news: mpsc::Sender<WitnessNews>,
    connection: watch::Receiver<bool>,
    receipts: mpsc::Receiver<Head>,
    /// Heads of receipts that the head of the round does not cover yet.
    waiting: Vec<Head>,
    enrolled: bool,
    /// The head that this run has cosigned last.
    cosigned: Option<u64>,
}

/// How often and how long is asked.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks.
    pub interval: Duration,
    /// For one answer.
    pub patience: Duration,
}

/// Why a round came to nothing.
enum Trouble {
    /// Later.
    Later(String),
    /// The city knows no witnesses.
    OlderCity,
    /// What is shown is not signed.
    NotSigned(CheckpointError),
    /// Two histories.
    Forked(Box<Fork>),
}

impl Watch {
    /// Begins to watch, once the line is open.
    #[must_use]
    pub fn start(
        channel: Channel,
        (witness, signer): (Witness, Signer),
        book: Book,
        state: PathBuf,
        pace: Pace,
        clock: Clock,
    ) -> Self {
        let (sender, news) = mpsc::channel(4);
        let (connected, connection) = watch::channel(false);
        let (receipts, heads) = mpsc::channel(HEADS_MAX);
        let look = Arc::new(Notify::new());
        let watcher = Watcher {
            witness,
            signer,
            book,
            state,
            client: WitnessServiceClient::new(channel.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            proofs: TransparencyServiceClient::new(channel)
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            patience: pace.patience,
            interval: pace.interval,
            clock,
            news: sender,
            connection,
            receipts: heads,
            waiting: Vec::new(),
            enrolled: false,
            cosigned: None,
        };
        let task = tokio::spawn(watcher.run(Arc::clone(&look)));
        Self {
            news,
            connected,
            receipts,
            look,
            task: Some(task),
        }
    }

    /// A watch that does nothing, for an agent that cannot or must not be a witness.
    #[must_use]
    pub fn idle() -> Self {
        let (connected, _) = watch::channel(false);
        Self {
            news: mpsc::channel(1).1,
            connected,
            receipts: mpsc::channel(1).0,
            look: Arc::default(),
            task: None,
        }
    }

    /// Says whether the line is open.
    pub fn set_connected(&self, connected: bool) {
        self.connected.send_replace(connected);
    }

    /// The next news; waits for ever where there is none.
    pub(crate) async fn next(&mut self) -> WitnessNews {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// A receipt under this head was verified: it must be one history with what is shown next.
    pub fn receipted(&self, head: Head) {
        // What has no room is compared by a later receipt of the same log.
        let _ = self.receipts.try_send(head);
        self.look.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Watcher {
    async fn run(mut self, look: Arc<Notify>) {
        while self.connection.wait_for(|open| *open).await.is_ok() {
            let wait = match self.round().await {
                Ok(()) => self.interval,
                Err(Trouble::OlderCity) => OLDER_CITY_PAUSE,
                Err(Trouble::Later(reason)) => {
                    tracing::warn!(reason, "the log could not be watched; it is tried again");
                    self.interval
                }
                Err(Trouble::NotSigned(error)) => {
                    if self
                        .news
                        .send(WitnessNews::NotSigned(error.to_string()))
                        .await
                        .is_err()
                    {
                        return;
                    }
                    self.interval
                }
                Err(Trouble::Forked(fork)) => {
                    // Nobody hears it where the agent ends just now; the evidence is on the disk.
                    let _ = self.news.send(WitnessNews::Forked(fork)).await;
                    return;
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = look.notified() => sleep(PAUSE).await,
                // The line went or came back: to wait longer would only delay the answer.
                _ = self.connection.changed() => sleep(PAUSE).await,
            }
        }
    }

    /// One look at the log.
    async fn round(&mut self) -> Result<(), Trouble> {
        let (head, proof) = self.ask_head().await?;
        self.check(self.book.seen(), &head, &proof)?;
        self.compare_receipts(&head).await?;
        let size = head.checkpoint().size();
        let kept = self.book.keep(head.clone());
        kept.map_err(|error| Trouble::Later(format!("the head could not be kept: {error}")))?;
        if self.cosigned == Some(size) {
            return Ok(());
        }
        self.enrol().await?;
        let time_s = u64::try_from((self.clock)() / 1_000).unwrap_or(0);
        let request = v1::AddCosignatureRequest {
            size,
            cosignature: self.witness.cosign(&head, time_s).to_line(),
        };
        match timeout(self.patience, self.client.add_cosignature(request)).await {
            Ok(Ok(_)) => {}
            // The round is over, or the city has enough: this office has seen the head all the same.
            Ok(Err(status))
                if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) =>
            {
                tracing::debug!(reason = status.message(), "the cosignature was not needed");
                return Ok(());
            }
            answered => return Err(trouble(answered.map(|r| r.map(drop)))),
        }
        self.cosigned = Some(size);
        // The desk may have ended.
        let _ = self.news.send(WitnessNews::Cosigned { size, time_s }).await;
        Ok(())
    }

    async fn ask_head(&mut self) -> Result<(Head, Vec<Hash>), Trouble> {
        let old_size = self.book.seen().map_or(0, |head| head.checkpoint().size());
        let asked = self.client.get_head(v1::GetHeadRequest { old_size });
        let answer = match timeout(self.patience, asked).await {
            Ok(Ok(answer)) => answer.into_inner(),
            answered => return Err(trouble(answered.map(|r| r.map(drop)))),
        };
        let head = Head::open(&answer.checkpoint, self.witness.log_key());
        let proof = hashes(&answer.consistency_proof)?;
        Ok((head.map_err(Trouble::NotSigned)?, proof))
    }

    /// Whether the heads that receipts came under are the same history. Those beyond the head of the round wait.
    async fn compare_receipts(&mut self, head: &Head) -> Result<(), Trouble> {
        while self.waiting.len() < HEADS_MAX
            && let Ok(receipted) = self.receipts.try_recv()
        {
            self.waiting.push(receipted);
        }
        let size = head.checkpoint().size();
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|receipted| receipted.checkpoint().size() <= size);
        self.waiting = later;
        let mut due = VecDeque::from(due);
        while let Some(receipted) = due.front() {
            let old_size = receipted.checkpoint().size();
            let proof = if old_size == size {
                Vec::new()
            } else {
                match self.ask_proof(old_size, size).await {
                    Ok(proof) => proof,
                    Err(trouble) => {
                        self.waiting.extend(due);
                        return Err(trouble);
                    }
                }
            };
            self.check(Some(receipted), head, &proof)?;
            due.pop_front();
        }
        Ok(())
    }

    async fn ask_proof(&mut self, old_size: u64, new_size: u64) -> Result<Vec<Hash>, Trouble> {
        let request = v1::GetConsistencyProofRequest { old_size, new_size };
        match timeout(self.patience, self.proofs.get_consistency_proof(request)).await {
            Ok(Ok(answer)) => hashes(&answer.into_inner().hashes),
            answered => Err(trouble(answered.map(|r| r.map(drop)))),
        }
    }

    /// Whether one head continues another; where not, the evidence is kept.
    fn check(&self, seen: Option<&Head>, shown: &Head, proof: &[Hash]) -> Result<(), Trouble> {
        let Err(why) = continues(seen.map(Head::checkpoint), shown.checkpoint(), proof) else {
            return Ok(());
        };
        let Some(seen) = seen else {
            return Err(Trouble::Later(why.to_string()));
        };
        Err(Trouble::Forked(Box::new(
            self.forked(seen, shown, proof, &why),
        )))
    }

    fn forked(&self, seen: &Head, shown: &Head, proof: &[Hash], why: &Break) -> Fork {
        let (fork, written) = Fork::record(&self.state, (seen, shown), proof, why, (self.clock)());
        if let Err(error) = written {
            tracing::error!(%error, "the evidence of the fork could not be kept");
        }
        fork
    }

    /// Enrols the witness key, unless the city knows it.
    async fn enrol(&mut self) -> Result<(), Trouble> {
        if self.enrolled {
            return Ok(());
        }
        let unit = self.signer.unit().to_string();
        let own = self.witness.key().to_string();
        let asked = self
            .client
            .list_witnesses(v1::ListWitnessesRequest { unit });
        let known = match timeout(self.patience, asked).await {
            Ok(Ok(answer)) => answer.into_inner().witnesses,
            answered => return Err(trouble(answered.map(|r| r.map(drop)))),
        };
        if known.iter().all(|witness| witness.verifier_key != own) {
            self.send_enrolment().await?;
        }
        self.enrolled = true;
        Ok(())
    }

    async fn send_enrolment(&mut self) -> Result<(), Trouble> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| Trouble::Later(error.to_string()))?;
        let envelope = self.witness.enrolment(&self.signer, (self.clock)(), nonce);
        let envelope = Some(envelope.map_err(|error| Trouble::Later(error.to_string()))?);
        let asked = self
            .client
            .enrol_witness(v1::EnrolWitnessRequest { envelope });
        let answer = match timeout(self.patience, asked).await {
            Ok(Ok(answer)) => answer.into_inner(),
            answered => return Err(trouble(answered.map(|r| r.map(drop)))),
        };
        match answer.result {
            Some(enrol_witness_response::Result::Receipt(receipt)) => {
                tracing::info!(index = receipt.index, "the witness key is enrolled");
                Ok(())
            }
            Some(enrol_witness_response::Result::Refusal(refusal)) => {
                Err(Trouble::Later(refusal.message_en))
            }
            None => Err(Trouble::Later("the city gave an unknown answer".to_owned())),
        }
    }
}

fn hashes(bytes: &[Vec<u8>]) -> Result<Vec<Hash>, Trouble> {
    let hashes: Result<Vec<_>, _> = bytes.iter().map(|hash| Hash::from_slice(hash)).collect();
    hashes.map_err(|_| Trouble::Later("a hash of the proof is not 32 bytes".to_owned()))
}

fn trouble(answered: Result<Result<(), Status>, tokio::time::error::Elapsed>) -> Trouble {
    match answered {
        Ok(Err(status)) if status.code() == Code::Unimplemented => Trouble::OlderCity,
        Ok(Err(status)) => Trouble::Later(explain(&status)),
        Ok(Ok(())) | Err(_) => Trouble::Later("no answer in time".to_owned()),
    }
}

//! Answers: what a submitter gets, and the way back to it.
//!
//! A batch is answered at once: a stream gets all of its answers in one message, so that it wakes once a batch. The proof
//! of an answer is taken out of the batch by the task that sends it, not by the sequencer's thread.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use granary_core::{
    digest::Digest,
    ledger::{Admitted, LogIndex, Refusal, RefusalCode},
    log::Receipt,
};
use granary_trace::Begun;
use tokio::sync::{mpsc, oneshot};

use super::batch::Committed;
use crate::{
    journal::{Journal, ReadError},
    visit::Visit,
};

/// What became of a submission.
pub type Answer = Result<Accepted, Refusal>;

/// A submission that is in the journal, durably.
#[derive(Clone, Debug)]
pub struct Accepted {
    index: LogIndex,
    /// The batch that brought it; absent where it was in the journal before.
    batch: Option<Arc<Committed>>,
    /// Its trace, where it is told.
    visit: Option<Box<Visit>>,
}

/// The way back to one submitter. It is used up by one answer; dropped without one, it refuses.
#[derive(Debug)]
pub struct Reply {
    way: Option<Way>,
    /// When the submission arrived.
    since: Instant,
    /// Its trace, where it is told.
    visit: Option<Box<Visit>>,
}

#[derive(Debug)]
enum Way {
    Once(oneshot::Sender<Answer>),
    Stream {
        answers: mpsc::UnboundedSender<Vec<(u64, Answer)>>,
        stream: StreamId,
        sequence: u64,
    },
}

/// Tells streams apart within one batch.
type StreamId = usize;

/// One stream's end for the submitter's side: makes a [`Reply`] for each submission.
#[derive(Clone, Debug)]
pub struct AnswerSender {
    answers: mpsc::UnboundedSender<Vec<(u64, Answer)>>,
    /// Its address names the stream as long as the stream lives.
    identity: Arc<u8>,
}

/// One stream's end that gets the answers. Not bounded by itself: the stream's window bounds what is unanswered.
#[derive(Debug)]
pub struct AnswerReceiver(mpsc::UnboundedReceiver<Vec<(u64, Answer)>>);

/// A channel for the answers of one stream.
#[must_use]
pub fn answers() -> (AnswerSender, AnswerReceiver) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (
        AnswerSender {
            answers: sender,
            identity: Arc::new(0),
        },
        AnswerReceiver(receiver),
    )
}

impl Accepted {
    pub(super) const fn fresh_in(batch: Arc<Committed>, index: LogIndex) -> Self {
        Self {
            index,
            batch: Some(batch),
            visit: None,
        }
    }

    /// An entry that was in the journal before.
    pub(crate) const fn known(index: LogIndex) -> Self {
        Self {
            index,
            batch: None,
            visit: None,
        }
    }

    /// The entry's index.
    #[must_use]
    pub const fn index(&self) -> LogIndex {
        self.index
    }

    /// Whether this submission brought the entry; `false` where the payload was in the journal before.
    #[must_use]
    pub const fn fresh(&self) -> bool {
        self.batch.is_some()
    }

    /// The proof: from the batch, or for an older entry from the journal.
    ///
    /// # Errors
    /// A retryable refusal where the journal cannot be read.
    pub fn receipt(&self, journal: &Journal) -> Result<Receipt, Refusal> {
        let Some(visit) = &self.visit else {
            return self.proof(journal);
        };
        let begun = Begun::now();
        let proof = self.proof(journal);
        match &proof {
            Ok(_) => visit.receipted(begun, self.index, self.fresh()),
            Err(refusal) => visit.refused(refusal.code.word()),
        }
        proof
    }

    fn proof(&self, journal: &Journal) -> Result<Receipt, Refusal> {
        if let Some(receipt) = self
            .batch
            .as_ref()
            .and_then(|batch| batch.receipt(self.index))
        {
            return Ok(receipt);
        }
        let receipt = journal
            .receipt(self.index)
            .map_err(|error| unreadable(&error))?;
        receipt.ok_or_else(|| {
            storage(
                "回执尚未生成，请稍后重试",
                "the receipt is not ready yet: try again",
            )
        })
    }
}

impl Reply {
    /// A reply to a single call.
    #[must_use]
    pub fn once() -> (Self, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        (Self::to(Way::Once(sender)), receiver)
    }

    fn to(way: Way) -> Self {
        Self {
            way: Some(way),
            since: Instant::now(),
            visit: None,
        }
    }

    /// The submission was admitted; checking it began at `began`.
    pub(crate) fn admitted(&mut self, admitted: &Admitted, began: Option<Begun>) {
        self.visit = Visit::admitted(admitted, began, self.arrival());
    }

    /// A snapshot with this payload was not admitted.
    pub(crate) fn not_admitted(&mut self, payload_sha256: &Digest, began: Begun, why: RefusalCode) {
        self.visit = Visit::not_admitted(payload_sha256, began, why.word(), self.arrival());
    }

    /// The submission's trace, where it is told.
    pub(super) fn visit(&self) -> Option<&Visit> {
        self.visit.as_deref()
    }

    /// When the submission arrived, and under which number of its stream.
    const fn arrival(&self) -> (Instant, Option<u64>) {
        let sequence = match &self.way {
            Some(Way::Stream { sequence, .. }) => Some(*sequence),
            Some(Way::Once(_)) | None => None,
        };
        (self.since, sequence)
    }

    /// The way back, once; and how long the answer took is counted. The trace goes on with what was accepted.
    fn take(&mut self, answer: &mut Answer) -> Option<Way> {
        let way = self.way.take()?;
        match (self.visit.take(), answer) {
            (Some(visit), Ok(accepted)) => accepted.visit = Some(visit),
            (Some(visit), Err(refusal)) => visit.refused(refusal.code.word()),
            (None, _) => {}
        }
        metrics::histogram!("granary_submission_seconds").record(self.since.elapsed());
        Some(way)
    }

    /// Answers. Nobody may be waiting any more; then the answer is lost, and the sender will ask again.
    pub(crate) fn send(mut self, answer: Answer) {
        self.answer(answer);
    }

    fn answer(&mut self, mut answer: Answer) {
        match self.take(&mut answer) {
            Some(Way::Once(sender)) => drop(sender.send(answer)),
            Some(Way::Stream {
                answers, sequence, ..
            }) => drop(answers.send(vec![(sequence, answer)])),
            None => {}
        }
    }
}

/// A program that loses a reply must not leave its submitter waiting for ever.
impl Drop for Reply {
    fn drop(&mut self) {
        if self.way.is_some() {
            self.answer(Err(storage(
                "市级系统未能完成处理，请重试",
                "the city could not finish this: try again",
            )));
        }
    }
}

impl AnswerSender {
    /// A reply to the submission with this number.
    #[must_use]
    pub fn reply(&self, sequence: u64) -> Reply {
        let stream = Arc::as_ptr(&self.identity) as StreamId;
        Reply::to(Way::Stream {
            answers: self.answers.clone(),
            stream,
            sequence,
        })
    }
}

impl AnswerReceiver {
    /// The next answers; `None` once the sender and all its replies are gone.
    pub async fn recv(&mut self) -> Option<Vec<(u64, Answer)>> {
        self.0.recv().await
    }
}

/// Answers a batch, each stream with one message.
pub(super) fn send_all(replies: impl Iterator<Item = (Reply, Answer)>) {
    let mut streams: BTreeMap<StreamId, (mpsc::UnboundedSender<_>, Vec<_>)> = BTreeMap::new();
    for (mut reply, mut answer) in replies {
        match reply.take(&mut answer) {
            Some(Way::Once(sender)) => drop(sender.send(answer)),
            Some(Way::Stream {
                answers,
                stream,
                sequence,
            }) => {
                streams
                    .entry(stream)
                    .or_insert_with(|| (answers, Vec::new()))
                    .1
                    .push((sequence, answer));
            }
            None => {}
        }
    }
    for (sender, answers) in streams.into_values() {
        drop(sender.send(answers));
    }
}

pub(crate) fn storage(zh: &str, en: &str) -> Refusal {
    Refusal::new(RefusalCode::Storage, zh, en)
}

fn unreadable(error: &ReadError) -> Refusal {
    storage(
        "回执暂时无法读取，请重试",
        &format!("the receipt cannot be read: {error}"),
    )
}

//! The sequencer: one thread that gives verified submissions their order and makes them durable.
//!
//! - In: [`Verified`] submissions, from the queue.
//! - Out: [`Committed`] batches, to the projector; an [`Answer`] to every submitter.
//! - Durable after: everything that was answered with [`Accepted`]. The commit point is [`Journal::append`].
//! - On crash: what was not answered may or may not be in the journal. Its sender sends it again and gets the one entry.
//!
//! An act is a barrier: it ends its batch, and the next one is admitted under the registry that the act has made.

mod reply;
mod queue;
mod gather;
mod time;
mod batch;

use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use granary_core::{
    digest::Digest,
    ledger::{LogIndex, Refusal, RefusalCode, Registry, Subject},
};
use granary_trace::{Begun, Stretch};

pub use batch::{Committed, Sequenced};
pub(crate) use queue::{Queue, Submission};
pub(crate) use reply::storage;
pub use reply::{Accepted, Answer, AnswerReceiver, AnswerSender, Reply, answers};

use crate::{
    clock::Clock,
    events,
    ingress::Verified,
    journal::{Append, Head, Journal, StoreError, Tail},
    pipeline::{Alarm, Alarms, LogKey},
    project::{Feed, Published},
    visit::Written,
};
use gather::Gather;
use time::ReceiveTime;

/// What makes a batch durable: the journal; in tests also a disk that fails.
pub(crate) trait Writer: Send {
    /// Writes and syncs a batch. After an error it is unknown whether it was written.
    fn append(&mut self, journal: &Journal, append: &Append<'_>) -> Result<(), StoreError>;
}

/// The journal itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToJournal;

/// The bounds of the sequencer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) batch_count_max: usize,
    pub(crate) batch_bytes_max: usize,
    pub(crate) gather_wait_max: Duration,
    pub(crate) clock_tolerance_ms: i64,
}

/// What the sequencer works with.
pub(crate) struct Context {
    pub(crate) journal: Arc<Journal>,
    pub(crate) writer: Box<dyn Writer>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) key: LogKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) published: Arc<Published>,
    pub(crate) feed: Feed,
    pub(crate) alarms: Arc<Alarms>,
    pub(crate) bounds: Bounds,
}

/// The sequencer. Owned by its thread.
pub(crate) struct Sequencer {
    context: Context,
    /// What the next batch builds on; unknown after a failed write, until the journal was read again.
    tail: Option<Tail>,
    time: ReceiveTime,
    gather: Gather,
    /// Taken out of the queue and not sequenced yet.
    waiting: VecDeque<Submission>,
    /// An act was journaled and the projector has stopped: nobody can say what may be taken until the next start.
    halted: bool,
}

/// One batch while it is being put together.
#[derive(Debug, Default)]
struct Draft {
    fresh: Vec<Verified>,
    /// Who waits for which entry of the batch, by offset; more than one where a payload came twice.
    fresh_replies: Vec<(usize, Reply)>,
    offsets: BTreeMap<Digest, usize>,
    /// Submissions that can be answered at once.
    known: Vec<(Reply, Answer)>,
    has_act: bool,
}

impl Writer for ToJournal {
    fn append(&mut self, journal: &Journal, append: &Append<'_>) -> Result<(), StoreError> {
        journal.append(append)
    }
}

impl Sequencer {
    pub(crate) fn new(context: Context, tail: Tail) -> Self {
        let Bounds {
            clock_tolerance_ms,
            gather_wait_max,
            ..
        } = context.bounds;
        Self {
            time: ReceiveTime::new(tail.last_received_at_ms, clock_tolerance_ms),
            gather: Gather::new(gather_wait_max),
            tail: Some(tail),
            waiting: VecDeque::new(),
            halted: false,
            context,
        }
    }

    /// Sequences until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while !self.waiting.is_empty() || self.context.queue.wait_first() {
            if self.waiting.is_empty() {
                self.gather();
            }
            self.sequence();
        }
    }

    fn gather(&mut self) {
        let (queue, bounds) = (&self.context.queue, &self.context.bounds);
        if let Some((wanted, quiet, wait_max)) = self.gather.plan() {
            queue.wait_for(wanted.min(bounds.batch_count_max), quiet, wait_max);
        }
        self.waiting = queue.take(bounds.batch_count_max, bounds.batch_bytes_max);
    }

    /// Sequences, commits and answers what is waiting, up to the first act.
    fn sequence(&mut self) {
        let begun = granary_trace::begin();
        if self.halted {
            return self.refuse_waiting(&storage_refusal());
        }
        let Some(received_at_ms) = self.receive_time() else {
            return;
        };
        let Some(tail) = self.tail.take().or_else(|| self.recover()) else {
            return;
        };
        let registry = self.context.published.registry();
        let draft = self.draft(&registry, received_at_ms);
        if !draft.known.is_empty() {
            let duplicates = draft
                .known
                .iter()
                .filter(|(_, answer)| answer.is_ok())
                .count();
            events::Duplicates { count: duplicates }.emit();
        }
        reply::send_all(draft.known.into_iter());
        if draft.fresh.is_empty() {
            self.tail = Some(tail);
            return;
        }
        let sequenced = Sequenced::of(&tail, draft.fresh, received_at_ms);
        match self.commit(sequenced) {
            Ok((committed, append)) => {
                tell(begun.zip(append), &committed, &draft.fresh_replies);
                self.answer(&committed, draft.fresh_replies);
                if draft.has_act {
                    self.wait_for_registry(committed.size());
                }
            }
            Err(error) => self.fail(&*error, draft.fresh_replies),
        }
    }

    /// The time of the next batch; where the clock gives none, everything that waits is refused.
    fn receive_time(&mut self) -> Option<i64> {
        match self.time.at(self.context.clock.now_ms()) {
            Ok(received_at_ms) => {
                if self.context.alarms.clear_clock() {
                    events::ClockCaughtUp.emit();
                }
                Some(received_at_ms)
            }
            Err(behind) => {
                if behind.first {
                    events::ClockJumpedBack {
                        behind_ms: behind.behind_ms,
                    }
                    .emit();
                }
                self.context.alarms.raise(Alarm::Clock {
                    behind_ms: behind.behind_ms,
                });
                self.refuse_waiting(&clock_refusal(behind.behind_ms));
                None
            }
        }
    }

    /// Takes submissions up to the first act; sorts out those that are known or that the registry no longer admits.
    fn draft(&mut self, registry: &Registry, received_at_ms: i64) -> Draft {
        let mut draft = Draft::default();
        while let Some(submission) = self.waiting.pop_front() {
            let Submission {
                mut verified,
                reply,
            } = submission;
            let digest = verified.admitted().payload_sha256;
            if let Some(offset) = draft.offsets.get(&digest) {
                draft.fresh_replies.push((*offset, reply));
                continue;
            }
            match self.known(&digest) {
                Ok(None) => {}
                Ok(Some(index)) => {
                    draft.known.push((reply, Ok(Accepted::known(index))));
                    continue;
                }
                Err(refusal) => {
                    draft.refuse(reply, refusal);
                    continue;
                }
            }
            if let Err(refusal) = verified.renew(registry, received_at_ms) {
                draft.refuse(reply, refusal);
                continue;
            }
            draft.has_act = verified.admitted().subject == Subject::Act;
            draft.offsets.insert(digest, draft.fresh.len());
            draft.fresh_replies.push((draft.fresh.len(), reply));
            draft.fresh.push(verified);
            if draft.has_act {
                break;
            }
        }
        draft
    }

    fn known(&self, digest: &Digest) -> Result<Option<LogIndex>, Refusal> {
        self.context.journal.index_of(digest).map_err(|error| {
            events::StorageFailed { error: &error }.emit();
            storage_refusal()
        })
    }

    /// Makes a batch durable, signs its tree, shows it to readers and hands it to the projector. Gives when it was written, where
    /// traces are told.
    fn commit(
        &mut self,
        sequenced: Sequenced,
    ) -> Result<(Arc<Committed>, Option<Stretch>), Box<dyn Error>> {
        let Context {
            journal,
            writer,
            key,
            feed,
            queue,
            alarms,
            ..
        } = &mut self.context;
        let started = Instant::now();
        writer.append(journal, &sequenced.append())?;
        let took = started.elapsed();
        let append = granary_trace::on().then(|| Begun::at(started).until_now());
        let tail = sequenced.tail();
        let size = tail.edge.size();
        journal.advance(size);
        let checkpoint = key.sign(size, tail.edge.frontier().root())?;
        publish_head(journal, &tail, &checkpoint);
        let payload_bytes = sequenced.payload_bytes();
        let committed = Arc::new(sequenced.committed(checkpoint));
        feed.batch(Arc::clone(&committed));
        self.time.committed(tail.last_received_at_ms);
        self.tail = Some(tail);
        alarms.clear_storage();
        let entries = usize::try_from(size - committed.first().0).unwrap_or(usize::MAX);
        let queued = queue.len();
        self.gather.observe(entries, queued);
        events::Committed {
            entries,
            payload_bytes,
            size,
            queued,
            took,
        }
        .emit();
        Ok((committed, append))
    }

    fn answer(&self, committed: &Arc<Committed>, replies: Vec<(usize, Reply)>) {
        let first = committed.first().0;
        reply::send_all(replies.into_iter().map(|(offset, reply)| {
            let index = LogIndex(first + offset as u64);
            (reply, Ok(Accepted::fresh_in(Arc::clone(committed), index)))
        }));
    }

    /// Acknowledges nothing. What the failed write left behind is found out before the next batch.
    fn fail(&mut self, error: &dyn Error, replies: Vec<(usize, Reply)>) {
        events::StorageFailed { error }.emit();
        self.context.alarms.raise(Alarm::Storage(error.to_string()));
        let refusal = storage_refusal();
        reply::send_all(
            replies
                .into_iter()
                .map(|(_, reply)| (reply, Err(refusal.clone()))),
        );
    }

    /// Reads the journal again after a failed write, and takes over what that write made durable all the same.
    fn recover(&mut self) -> Option<Tail> {
        let Context {
            journal,
            key,
            feed,
            alarms,
            ..
        } = &self.context;
        let reopened = journal.reopen().map_err(|error| {
            events::StorageStaysClosed { error: &error }.emit();
            error.to_string()
        });
        let signed = reopened.and_then(|tail| {
            let checkpoint = key.sign(tail.edge.size(), tail.edge.frontier().root());
            checkpoint
                .map(|checkpoint| (tail, checkpoint))
                .map_err(|error| error.to_string())
        });
        match signed {
            Ok((tail, checkpoint)) => {
                let size = tail.edge.size();
                events::StorageRecovered {
                    size,
                    found: size - journal.size(),
                }
                .emit();
                journal.advance(size);
                publish_head(journal, &tail, &checkpoint);
                feed.grown();
                self.time.committed(tail.last_received_at_ms);
                // What was found may be an act.
                self.wait_for_registry(size);
                (!self.halted).then_some(tail)
            }
            Err(error) => {
                alarms.raise(Alarm::Storage(error));
                self.refuse_waiting(&storage_refusal());
                None
            }
        }
    }

    /// Waits until the projector has applied an act, so that what follows is admitted under its registry.
    fn wait_for_registry(&mut self, size: u64) {
        if self.context.published.wait_applied_blocking(size).is_err() {
            // The projector has raised its alarm.
            self.halted = true;
            self.refuse_waiting(&storage_refusal());
        }
    }

    fn refuse_waiting(&mut self, refusal: &Refusal) {
        let waiting = std::mem::take(&mut self.waiting);
        events::Refused { refusal }.emit();
        reply::send_all(
            waiting
                .into_iter()
                .map(|submission| (submission.reply, Err(refusal.clone()))),
        );
    }
}

impl Draft {
    fn refuse(&mut self, reply: Reply, refusal: Refusal) {
        events::Refused { refusal: &refusal }.emit();
        self.known.push((reply, Err(refusal)));
    }
}

/// Tells the traces of a batch, each once however often its payload came in it.
fn tell(when: Option<(Begun, Stretch)>, committed: &Committed, replies: &[(usize, Reply)]) {
    let Some((begun, append)) = when else {
        return;
    };
    let first = committed.first().0;
    let written = Written {
        begun,
        append,
        entries: committed.size() - first,
    };
    // The offsets rise; one that comes again is of a payload that did.
    let mut next = 0;
    for (offset, reply) in replies {
        if *offset == next {
            next += 1;
            if let Some(visit) = reply.visit() {
                visit.sequenced(&written, LogIndex(first + *offset as u64));
            }
        }
    }
}

/// Shows a signed tree. That its note is not on disk is no reason to refuse: it is signed again at the next start.
pub(crate) fn publish_head(journal: &Journal, tail: &Tail, checkpoint: &Arc<str>) {
    let head = Head {
        size: tail.edge.size(),
        root: tail.edge.frontier().root(),
        checkpoint: Arc::clone(checkpoint),
        open_tiles: tail.open_tiles.clone(),
    };
    if let Err(error) = journal.publish(head) {
        events::StorageFailed { error: &error }.emit();
    }
}

fn storage_refusal() -> Refusal {
    storage(
        "市级系统暂时无法写入磁盘，请稍后重试",
        "the city cannot write to its disk right now: try again later",
    )
}

fn clock_refusal(behind_ms: i64) -> Refusal {
    Refusal::new(
        RefusalCode::Clock,
        format!("市级系统时钟倒退了 {behind_ms} 毫秒，已暂停接收，请稍后重试"),
        format!(
            "the city's clock is {behind_ms} ms behind its last entry and nothing is taken until it has caught up: try again later"
        ),
    )
}

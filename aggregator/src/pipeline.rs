//! The pipeline, wired: `Received -> Verified -> Sequenced -> Committed -> Projected`.
//!
//! Two threads own what changes: the sequencer the journal, the projector the derived rows. Everybody else holds a
//! [`Handle`], which verifies, queues and reads.

mod key;
mod alarm;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod fault_tests;

use std::{
    fmt, io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use granary_core::{
    code::UnitCode,
    completeness::Board,
    digest::Digest,
    ledger::{LogIndex, Refusal, RefusalCode, Registry},
    log::{CheckpointError, VerifierKey},
    snapshot,
};
use tokio::sync::watch;

pub use alarm::Alarm;
pub(crate) use alarm::Alarms;
pub use key::{KeyMismatch, LogKey};

use crate::{
    clock::Clock,
    events,
    ingress::{Received, Verified},
    journal::{Journal, StoreError},
    project::{self, Derived, Folder, ProjectError, Projector, Published, Stopped, StoredView},
    sequence::{
        self, Accepted, Answer, Bounds, Context, Queue, Reply, Sequencer, Submission, ToJournal,
        Writer,
    },
};

/// The bounds of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What may wait for the sequencer, in bytes; each submission counts with its payload and 512 bytes.
    pub queue_bytes_max: usize,
    /// Entries in one batch.
    pub batch_count_max: usize,
    /// Payload bytes in one batch; one larger submission makes a batch by itself.
    pub batch_bytes_max: usize,
    /// How long to wait for a fuller batch under load; a lone submission never waits.
    pub gather_wait_max: Duration,
    /// How long a single call waits for room in the queue before it is refused.
    pub unary_wait_max: Duration,
    /// How far the clock may step back, in milliseconds, before sequencing stops.
    pub clock_tolerance_ms: i64,
}

/// A running pipeline. Dropping it without [`Pipeline::shutdown`] lets its threads end by themselves.
#[derive(Debug)]
pub struct Pipeline {
    handle: Handle,
    sequencer: JoinHandle<()>,
    projector: JoinHandle<()>,
    /// Disconnects when both threads have ended.
    ended: mpsc::Receiver<()>,
}

/// The way in, and all that can be read.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Shared>);

/// What a look at the pipeline tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Entries in the journal.
    pub size: u64,
    /// Entries folded.
    pub applied: u64,
    /// What keeps it from working, if anything does.
    pub alarm: Option<Alarm>,
}

/// Why the pipeline does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log key is not this journal's.
    #[error(transparent)]
    Key(#[from] KeyMismatch),
    /// The tree cannot be signed.
    #[error("the checkpoint cannot be signed: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be folded.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A thread cannot be started, or the checkpoint cannot be kept.
    #[error("the pipeline cannot start: {0}")]
    System(#[from] io::Error),
}

/// Why the pipeline did not end in order. Nothing that was acknowledged is lost by it.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// Submissions were still being committed or folded.
    #[error("the pipeline did not end within {} s", .0.as_secs())]
    Grace(Duration),
    /// The derived rows could not be written out; they will be folded again.
    #[error("the derived rows could not be written out: {0}")]
    Store(#[from] StoreError),
    /// The newest checkpoint could not be written out; it will be signed again.
    #[error("the newest checkpoint could not be written out: {0}")]
    Head(#[from] io::Error),
}

#[derive(Debug)]
struct Shared {
    journal: Arc<Journal>,
    derived: Arc<Derived>,
    queue: Arc<Queue>,
    published: Arc<Published>,
    alarms: Arc<Alarms>,
    clock: ClockRef,
    verifier: VerifierKey,
    unary_wait_max: Duration,
}

/// A clock has nothing to show.
struct ClockRef(Arc<dyn Clock>);

impl Default for Options {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            queue_bytes_max: 64 * MIB,
            batch_count_max: 1_024,
            batch_bytes_max: 4 * MIB,
            gather_wait_max: Duration::from_millis(2),
            unary_wait_max: Duration::from_secs(2),
            clock_tolerance_ms: 2_000,
        }
    }
}

impl Pipeline {
    /// Folds what is not folded yet, signs the tree as it is, and starts the two threads.
    ///
    /// # Errors
    /// [`StartError`] where key, journal and derived rows do not fit together, or a store fails.
    pub fn start(
        journal: Journal,
        derived: Derived,
        key: LogKey,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        Self::start_with(Box::new(ToJournal), journal, derived, key, options, clock)
    }

    pub(crate) fn start_with(
        writer: Box<dyn Writer>,
        journal: Journal,
        derived: Derived,
        key: LogKey,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let (journal, derived) = (Arc::new(journal), Arc::new(derived));
        project::catch_up(&journal, &derived)?;
        let folder = Folder::load(Arc::clone(&journal), Arc::clone(&derived))?;
        key::check_key(&journal, &key, folder.registry())?;
        let tail = journal.tail()?;
        let checkpoint = key.sign(tail.edge.size(), tail.edge.frontier().root())?;
        sequence::publish_head(&journal, &tail, &checkpoint);

        let published = Published::new(
            Arc::clone(folder.registry()),
            folder.board()?,
            folder.applied(),
        );
        let (published, alarms) = (Arc::new(published), Arc::new(Alarms::default()));
        let queue = Arc::new(Queue::new(options.queue_bytes_max));
        let handle = Handle(Arc::new(Shared {
            journal: Arc::clone(&journal),
            derived,
            queue: Arc::clone(&queue),
            published: Arc::clone(&published),
            alarms: Arc::clone(&alarms),
            clock: ClockRef(Arc::clone(&clock)),
            verifier: key.verifier().clone(),
            unary_wait_max: options.unary_wait_max,
        }));
        let (feed, follow) = project::feed();
        let projector = Projector {
            folder,
            published: Arc::clone(&published),
            alarms: Arc::clone(&alarms),
        };
        let bounds = Bounds::of(&options);
        let context = Context {
            journal,
            writer,
            queue,
            key,
            clock,
            published,
            feed,
            alarms,
            bounds,
        };
        let sequencer = Sequencer::new(context, tail);

        let (ends, ended) = mpsc::channel();
        let projector = spawn("projector", ends.clone(), move || projector.run(&follow))?;
        let sequencer = spawn("sequencer", ends, move || sequencer.run())?;
        Ok(Self {
            handle,
            sequencer,
            projector,
            ended,
        })
    }

    /// The way in.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes no more submissions, commits and folds those that were taken, and writes everything out. Blocks.
    ///
    /// # Errors
    /// [`ShutdownError`] where that took longer than `grace`, or a store failed.
    pub fn shutdown(self, grace: Duration) -> Result<(), ShutdownError> {
        let shared = &self.handle.0;
        shared.queue.close();
        match self.ended.recv_timeout(grace) {
            Err(mpsc::RecvTimeoutError::Timeout) => return Err(ShutdownError::Grace(grace)),
            Err(mpsc::RecvTimeoutError::Disconnected) | Ok(()) => {}
        }
        // A thread that panicked has answered nobody wrongly: a reply that is dropped refuses.
        drop((self.sequencer.join(), self.projector.join()));
        shared.derived.flush()?;
        Ok(shared.journal.sync_head()?)
    }
}

impl Handle {
    /// Verifies a submission here and queues it, waiting for room as long as it takes; the answer comes through `reply`.
    pub async fn submit(&self, received: Received, mut reply: Reply) {
        match self.verify(received, &mut reply) {
            Ok(verified) => self.enqueue(Submission { verified, reply }).await,
            Err(answer) => reply.send(answer),
        }
    }

    /// Verifies a submission, queues it and waits for the answer.
    ///
    /// # Errors
    /// The refusal; [`RefusalCode::Overloaded`] where there was no room in time.
    pub async fn submit_wait(&self, received: Received) -> Answer {
        let (mut reply, answer) = Reply::once();
        let verified = match self.verify(received, &mut reply) {
            Ok(verified) => verified,
            Err(at_once) => {
                reply.send(at_once);
                return answer.await.unwrap_or_else(|_| Err(overloaded()));
            }
        };
        let queued = self.enqueue(Submission { verified, reply });
        if tokio::time::timeout(self.0.unary_wait_max, queued)
            .await
            .is_err()
        {
            return Err(refused(overloaded()));
        }
        answer.await.unwrap_or_else(|_| Err(overloaded()))
    }

    /// Who may do what, after the last folded entry.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        self.0.published.registry()
    }

    /// The journal, to read.
    #[must_use]
    pub fn journal(&self) -> &Arc<Journal> {
        &self.0.journal
    }

    /// The derived rows, to read.
    #[must_use]
    pub fn derived(&self) -> &Arc<Derived> {
        &self.0.derived
    }

    /// The derived rows and payloads as the core's functions read them.
    #[must_use]
    pub fn view(&self) -> StoredView<'_> {
        StoredView {
            derived: &self.0.derived,
            journal: &self.0.journal,
        }
    }

    /// Reads the slots' states; `None` before a catalogue is published. Folding waits meanwhile.
    pub fn board<T>(&self, read: impl FnOnce(&Board) -> T) -> Option<T> {
        self.0.published.board(read)
    }

    /// What checks the log's signatures.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.0.verifier
    }

    /// How many entries are folded and can be read.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.0.published.applied()
    }

    /// Waits until an entry is folded and can be read.
    ///
    /// # Errors
    /// [`Stopped`] where that will not happen before a restart.
    pub async fn wait_applied(&self, index: LogIndex) -> Result<(), Stopped> {
        self.0
            .published
            .wait_applied(index.0.saturating_add(1))
            .await
    }

    /// Moves whenever an entry of the unit was assessed. To wait without missing one: subscribe, read, then wait.
    #[must_use]
    pub fn assessed(&self, unit: &UnitCode) -> watch::Receiver<u64> {
        self.0.published.assessed(unit)
    }

    /// How far the pipeline is and whether it works.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            size: self.0.journal.size(),
            applied: self.applied(),
            alarm: self.0.alarms.first(),
        }
    }

    /// How many submissions wait for the sequencer.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.queue.len()
    }

    fn verify(&self, received: Received, reply: &mut Reply) -> Result<Verified, Answer> {
        let begun = granary_trace::begin();
        let registry = self.0.published.registry();
        match received.verify(&registry, self.0.clock.0.now_ms()) {
            Ok(verified) => {
                reply.admitted(verified.admitted(), begun);
                Ok(verified)
            }
            Err((received, refusal)) => {
                let begun = begun.filter(|_| received.payload_type == snapshot::PAYLOAD_TYPE);
                if let Some(begun) = begun {
                    reply.not_admitted(&Digest::of(&received.payload), begun, refusal.code);
                }
                Err(match self.journaled_before(&received) {
                    Some(index) => Ok(Accepted::known(index)),
                    None => Err(refused(refusal)),
                })
            }
        }
    }

    /// Whether this very envelope, signatures and all, was journaled when it was still admissible. Its sender has lost
    /// the answer, and gets the receipt whatever has happened to the key or the catalogue since.
    fn journaled_before(&self, received: &Received) -> Option<LogIndex> {
        let digest = Digest::of(&received.payload);
        let index = self.0.journal.index_of(&digest).ok().flatten()?;
        let record = self.0.journal.record(index).ok().flatten()?;
        (record.entry.signatures == received.signatures).then_some(index)
    }

    async fn enqueue(&self, submission: Submission) {
        if let Err((_, submission)) = self.0.queue.push(submission).await {
            submission.reply.send(Err(refused(overloaded())));
        }
    }
}

impl Bounds {
    const fn of(options: &Options) -> Self {
        Self {
            batch_count_max: options.batch_count_max,
            batch_bytes_max: options.batch_bytes_max,
            gather_wait_max: options.gather_wait_max,
            clock_tolerance_ms: options.clock_tolerance_ms,
        }
    }
}

impl fmt::Debug for ClockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

fn spawn(
    name: &str,
    ends: mpsc::Sender<()>,
    run: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        run();
        drop(ends);
    })
}

fn refused(refusal: Refusal) -> Refusal {
    events::Refused { refusal: &refusal }.emit();
    refusal
}

fn overloaded() -> Refusal {
    Refusal::new(
        RefusalCode::Overloaded,
        "市级系统繁忙或正在停机，请稍后重试",
        "the city is too busy or is stopping: try again later",
    )
}

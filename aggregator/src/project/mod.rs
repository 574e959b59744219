//! The projector: a follower that folds the journal in order into derived rows.
//!
//! - In: [`Committed`] batches, handed over in memory while the projector keeps up; the journal where it lags.
//! - Out: `Projected`: rows in the derived store, and then a new [`Registry`](granary_core::ledger::Registry), board and
//!   count of folded entries for everybody to see.
//! - Durable after: nothing at once; every write holds whole steps and how far they reach.
//! - On crash: the fold goes on from the last step that survived, by the same function.
//!
//! An entry that cannot be folded stops the projector with an alarm. It is never skipped.

mod derived;
mod view;
mod kept;
mod fold;
mod published;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use granary_core::{digest::Digest, ledger::LogIndex};

pub use derived::Derived;
pub use fold::ProjectError;
pub(crate) use fold::{Effects, Folder};
pub(crate) use published::Published;
pub use published::Stopped;
pub use view::{FrozenView, StoredView};

use crate::{
    events,
    journal::{Journal, StoreError},
    pipeline::{Alarm, Alarms},
    sequence::Committed,
    visit::Folding,
};

/// Batches that may wait in memory for the projector. Beyond it they are read from the journal.
const FEED_BATCHES_MAX: usize = 16;

/// Folds what is not folded yet, as the running projector does; for `rebuild` and `state-digest`.
///
/// # Errors
/// [`ProjectError`] where an entry cannot be folded or a store fails.
pub fn catch_up(journal: &Arc<Journal>, derived: &Arc<Derived>) -> Result<u64, ProjectError> {
    let mut folder = Folder::load(Arc::clone(journal), Arc::clone(derived))?;
    folder.catch_up(&mut |_, _| Ok(()))?;
    derived.flush()?;
    Ok(folder.applied())
}

/// The digest of the derived rows: equal for equal journals, however often the program was stopped in between.
///
/// # Errors
/// [`StoreError`] where they cannot be read.
pub fn state_digest(derived: &Derived) -> Result<Digest, StoreError> {
    derived.state_digest()
}

/// What the sequencer tells the projector.
#[derive(Debug)]
enum News {
    Batch(Arc<Committed>),
    /// The journal has grown by what no batch tells.
    Grown,
}

/// The sequencer's end. It never blocks: what does not fit is in the journal.
#[derive(Debug)]
pub(crate) struct Feed {
    news: SyncSender<News>,
    missed: Arc<AtomicBool>,
}

/// The projector's end.
#[derive(Debug)]
pub(crate) struct Follow {
    news: Receiver<News>,
    /// Whether news did not fit, so that the journal has to be read.
    missed: Arc<AtomicBool>,
}

/// The projector. Owned by its thread.
#[derive(Debug)]
pub(crate) struct Projector {
    pub(crate) folder: Folder,
    pub(crate) published: Arc<Published>,
    pub(crate) alarms: Arc<Alarms>,
}

/// A channel from the sequencer to the projector.
pub(crate) fn feed() -> (Feed, Follow) {
    let (sender, receiver) = sync_channel(FEED_BATCHES_MAX);
    let missed = Arc::new(AtomicBool::new(false));
    (
        Feed {
            news: sender,
            missed: Arc::clone(&missed),
        },
        Follow {
            news: receiver,
            missed,
        },
    )
}

impl Feed {
    pub(crate) fn batch(&self, batch: Arc<Committed>) {
        self.tell(News::Batch(batch));
    }

    pub(crate) fn grown(&self) {
        self.tell(News::Grown);
    }

    fn tell(&self, news: News) {
        if let Err(TrySendError::Full(_)) = self.news.try_send(news) {
            self.missed.store(true, Ordering::Release);
            // Either this wakes the projector, or the channel still has news behind which it looks at the flag.
            drop(self.news.try_send(News::Grown));
        }
    }
}

impl Projector {
    /// Folds until the sequencer is gone and everything is folded, or an entry cannot be.
    pub(crate) fn run(mut self, follow: &Follow) {
        if let Err(error) = self.follow(follow) {
            events::ProjectorStopped { error: &error }.emit();
            self.alarms.raise(Alarm::Fold(error.to_string()));
            self.published.stop(error.to_string());
        } else {
            self.published.stop("the program is ending".into());
        }
    }

    fn follow(&mut self, follow: &Follow) -> Result<(), ProjectError> {
        while let Ok(news) = follow.news.recv() {
            let mut next = Some(news);
            // Everything that waits is folded into one write, so that a projector that lags gets faster.
            while let Some(news) = next.take() {
                self.take(&news)?;
                next = follow.news.try_recv().ok();
            }
            if follow.missed.swap(false, Ordering::AcqRel) {
                self.read_journal()?;
            }
            self.write()?;
        }
        self.read_journal()
    }

    fn take(&mut self, news: &News) -> Result<(), ProjectError> {
        let batch = match news {
            News::Batch(batch) if batch.first().0 == self.folder.applied() => batch,
            News::Batch(_) | News::Grown => return self.read_journal(),
        };
        for (entry, payload) in batch.records() {
            self.folder
                .step(LogIndex(self.folder.applied()), entry, payload)?;
            if self.folder.is_due() {
                self.write()?;
            }
        }
        Ok(())
    }

    fn read_journal(&mut self) -> Result<(), ProjectError> {
        let published = Arc::clone(&self.published);
        self.folder
            .catch_up(&mut |folder, effects| publish(folder, &published, effects))
    }

    fn write(&mut self) -> Result<(), ProjectError> {
        let effects = self.folder.write()?;
        publish(&self.folder, &self.published, effects)
    }
}

/// Shows what was written: first the registry and the board, then how far the fold is.
fn publish(
    folder: &Folder,
    published: &Published,
    mut effects: Effects,
) -> Result<(), ProjectError> {
    if effects.entries == 0 {
        return Ok(());
    }
    let lag = folder.journal().size().saturating_sub(folder.applied());
    events::Projected {
        entries: effects.entries,
        ineffective: effects.ineffective,
        lag,
    }
    .emit();
    if effects.registry_changed {
        publish_registry(folder, published, &effects)?;
    } else {
        published.change_board(|board| update(board.as_mut(), &effects));
    }
    published.set_applied(folder.applied());
    published.announce(effects.assessed.iter(), folder.applied());
    effects.traced.drain(..).for_each(Folding::shown);
    Ok(())
}

/// A new catalogue has other slots, so the board is made anew; other acts leave it.
fn publish_registry(
    folder: &Folder,
    published: &Published,
    effects: &Effects,
) -> Result<(), ProjectError> {
    let version = |catalogue: &Arc<granary_core::catalogue::Catalogue>| catalogue.version();
    let shown = published.board(|board| version(board.catalogue()));
    if shown == folder.registry().catalogue().map(version) {
        published.change_board(|board| update(board.as_mut(), effects));
    } else {
        let board = folder.board()?;
        published.change_board(|shown| *shown = board);
    }
    published.set_registry(Arc::clone(folder.registry()));
    Ok(())
}

fn update(board: Option<&mut granary_core::completeness::Board>, effects: &Effects) {
    let Some(board) = board else {
        return;
    };
    for (slot, row) in &effects.slots {
        board.update(slot, row);
    }
    for (slot, vintage) in &effects.vintages {
        board.add_vintage(slot, vintage.clone());
    }
    for (key, life) in &effects.findings {
        // The keys are the fold's own, and sound.
        let _ = board.set_finding(key, life.clone());
    }
}

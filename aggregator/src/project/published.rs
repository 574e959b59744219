//! What the projector shows to the rest of the program: the registry, how far the fold is, who was assessed.
//!
//! Owned by the projector's thread, which alone changes it; read by everybody. Changed only after the rows that it
//! follows from are written, so that whoever saw it move can read them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock},
};

use arc_swap::ArcSwap;
use granary_core::{code::UnitCode, completeness::Board, ledger::Registry};
use tokio::sync::watch;

/// The projector has stopped and will not fold any more until the program is started again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the projector has stopped: {0}")]
pub struct Stopped(pub String);

/// The projector's public face.
#[derive(Debug)]
pub(crate) struct Published {
    registry: ArcSwap<Registry>,
    board: RwLock<Option<Board>>,
    applied: watch::Sender<u64>,
    /// The same for threads, which cannot await; and why the projector has stopped, if it has.
    progress: Mutex<Progress>,
    moved: Condvar,
    assessed: Mutex<BTreeMap<UnitCode, watch::Sender<u64>>>,
}

#[derive(Debug)]
struct Progress {
    applied: u64,
    stopped: Option<Stopped>,
}

impl Published {
    pub(crate) fn new(registry: Arc<Registry>, board: Option<Board>, applied: u64) -> Self {
        Self {
            registry: ArcSwap::new(registry),
            board: RwLock::new(board),
            applied: watch::Sender::new(applied),
            progress: Mutex::new(Progress {
                applied,
                stopped: None,
            }),
            moved: Condvar::new(),
            assessed: Mutex::default(),
        }
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    pub(crate) fn board<T>(&self, read: impl FnOnce(&Board) -> T) -> Option<T> {
        self.board
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(read)
    }

    pub(crate) fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    /// Waits until `count` entries are folded.
    pub(crate) async fn wait_applied(&self, count: u64) -> Result<(), Stopped> {
        let mut receiver = self.applied.subscribe();
        // The stop is looked at after subscribing, and stopping wakes: so it cannot slip through in between.
        loop {
            if *receiver.borrow_and_update() >= count {
                return Ok(());
            }
            if let Some(stopped) = &self.progress().stopped {
                return Err(stopped.clone());
            }
            if receiver.changed().await.is_err() {
                return Err(Stopped("the program is ending".into()));
            }
        }
    }

    /// The same for a thread.
    pub(crate) fn wait_applied_blocking(&self, count: u64) -> Result<(), Stopped> {
        let mut progress = self.progress();
        while progress.applied < count {
            if let Some(stopped) = &progress.stopped {
                return Err(stopped.clone());
            }
            progress = self
                .moved
                .wait(progress)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Moves whenever an entry of the unit was assessed; holds the count of folded entries then.
    pub(crate) fn assessed(&self, unit: &UnitCode) -> watch::Receiver<u64> {
        let mut units = self.assessed.lock().unwrap_or_else(PoisonError::into_inner);
        // Only units that somebody asks for are kept, and only for so long.
        units.retain(|_, sender| sender.receiver_count() > 0);
        units
            .entry(unit.clone())
            .or_insert_with(|| watch::Sender::new(self.applied()))
            .subscribe()
    }

    pub(super) fn set_registry(&self, registry: Arc<Registry>) {
        self.registry.store(registry);
    }

    pub(super) fn change_board(&self, change: impl FnOnce(&mut Option<Board>)) {
        change(&mut self.board.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn set_applied(&self, applied: u64) {
        self.progress().applied = applied;
        self.moved.notify_all();
        self.applied.send_replace(applied);
    }

    pub(super) fn announce<'a>(&self, units: impl Iterator<Item = &'a UnitCode>, applied: u64) {
        let waiting = self.assessed.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return;
        }
        for sender in units.filter_map(|unit| waiting.get(unit)) {
            sender.send_replace(applied);
        }
    }

    pub(super) fn stop(&self, why: String) {
        self.progress().stopped.get_or_insert(Stopped(why));
        self.moved.notify_all();
        self.applied.send_modify(|_| {});
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

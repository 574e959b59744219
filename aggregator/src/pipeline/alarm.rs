//! Alarms: what keeps the pipeline from working, for as long as it does.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What keeps the pipeline from working.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// The clock is behind the last entry.
    #[error(
        "the clock is {behind_ms} ms behind the last entry; sequencing has stopped until it has caught up"
    )]
    Clock {
        /// By how much, in milliseconds.
        behind_ms: i64,
    },
    /// The journal cannot be written.
    #[error("the journal cannot be written: {0}")]
    Storage(String),
    /// The fold has stopped.
    #[error("the fold has stopped: {0}")]
    Fold(String),
}

/// The alarms that stand. Raised and cleared by the pipeline's threads.
#[derive(Debug, Default)]
pub(crate) struct Alarms(Mutex<BTreeMap<AlarmKind, Alarm>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AlarmKind {
    Storage,
    Fold,
    Clock,
}

impl Alarms {
    pub(crate) fn raise(&self, alarm: Alarm) {
        let kind = match alarm {
            Alarm::Clock { .. } => AlarmKind::Clock,
            Alarm::Storage(_) => AlarmKind::Storage,
            Alarm::Fold(_) => AlarmKind::Fold,
        };
        self.lock().insert(kind, alarm);
    }

    /// Clears the clock's alarm; tells whether it stood.
    pub(crate) fn clear_clock(&self) -> bool {
        self.lock().remove(&AlarmKind::Clock).is_some()
    }

    pub(crate) fn clear_storage(&self) {
        self.lock().remove(&AlarmKind::Storage);
    }

    pub(super) fn first(&self) -> Option<Alarm> {
        self.lock().values().next().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AlarmKind, Alarm>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

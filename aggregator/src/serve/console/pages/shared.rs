//! Summaries that were drawn up a moment ago, for pages that follow by themselves.
//!
//! Every open page asks for itself again whenever something has moved. Those that see the same part of the tree share one summary, drawn up
//! at most every [`FRESH`]; one draws it up and the others wait for it. Whoever asks by hand gets a new one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::summary::Summary;
use crate::serve::console::{problem::Problem, routes::Room};

/// How old a summary may be that is shared.
const FRESH: Duration = Duration::from_secs(2);
/// Parts of the tree at once; beyond that all are forgotten, which costs a moment.
const PARTS_MAX: usize = 64;

/// The last summary of one part of the tree, and when it was drawn up.
type Last = Arc<Mutex<Option<(Instant, Arc<Summary>)>>>;

/// By part of the tree: the unit at its top, empty for all. The inner lock is held while a summary is drawn up.
#[derive(Default)]
pub(in crate::serve::console) struct Summaries(Mutex<BTreeMap<String, Last>>);

impl Summaries {
    /// A summary for a page.
    pub(super) fn of(&self, room: &Room<'_>) -> Result<Arc<Summary>, Problem> {
        let last = self.last(room.person.under.as_deref().unwrap_or_default());
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, summary)) = last.as_ref()
            && room.visitor.follows
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(summary));
        }
        let summary = Arc::new(Summary::of(&room.sight())?);
        *last = Some((Instant::now(), Arc::clone(&summary)));
        Ok(summary)
    }

    fn last(&self, part: &str) -> Last {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= PARTS_MAX && !parts.contains_key(part) {
            parts.clear();
        }
        Arc::clone(parts.entry(part.to_owned()).or_default())
    }
}

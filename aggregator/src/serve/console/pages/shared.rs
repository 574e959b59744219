//! Summaries that were drawn up a moment ago, for pages that follow by themselves.
//!
//! Every open page asks for itself again whenever something has moved. Those that see the same part of the tree share one summary, drawn up
//! at most every [`FRESH`]; one draws it up and the others wait for it. Whoever asks by hand gets a new one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{summary::Summary, today::SHOWN_MAX};
use crate::serve::console::{problem::Problem, routes::Room};

/// How old a summary may be that is shared, in milliseconds.
const FRESH_MS: i64 = 2_000;
/// Parts of the tree at once; beyond that all are forgotten, which costs a moment.
const PARTS_MAX: usize = 64;

/// The last summary of one part of the tree, and when it was drawn up.
type Last<T> = Arc<Mutex<Option<(i64, Arc<T>)>>>;

/// By part of the tree: the unit at its top, empty for all. The inner lock is held while a summary is drawn up.
pub(in crate::serve::console) struct Summaries<T = Summary>(Mutex<BTreeMap<String, Last<T>>>);

/// For whom a summary is.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    part: &'a str,
    /// Whether an open page asks by itself.
    follows: bool,
    now_ms: i64,
}

impl Summaries {
    /// A summary for a page, with the lines that pages show.
    pub(super) fn of(&self, room: &Room<'_>) -> Result<Arc<Summary>, Problem> {
        let wanted = Wanted {
            part: room.person.under.as_deref().unwrap_or_default(),
            follows: room.visitor.follows,
            now_ms: room.visitor.now_ms,
        };
        self.get(wanted, || Summary::of(&room.sight(), SHOWN_MAX))
    }
}

impl<T> Default for Summaries<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Summaries<T> {
    fn get<E>(
        &self,
        wanted: Wanted<'_>,
        draw_up: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let last = self.last(wanted.part);
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at_ms, summary)) = last.as_ref()
            && wanted.follows
            && (wanted.now_ms - at_ms).abs() < FRESH_MS
        {
            return Ok(Arc::clone(summary));
        }
        let summary = Arc::new(draw_up()?);
        *last = Some((wanted.now_ms, Arc::clone(&summary)));
        Ok(summary)
    }

    fn last(&self, part: &str) -> Last<T> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= PARTS_MAX && !parts.contains_key(part) {
            parts.clear();
        }
        let last = parts.entry(part.to_owned());
        Arc::clone(last.or_insert_with(|| Arc::new(Mutex::new(None))))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Numbers its summaries.
    #[derive(Default)]
    struct Desk(Summaries<u32>, Cell<u32>);

    impl Desk {
        fn ask(&self, part: &str, follows: bool, now_ms: i64) -> u32 {
            let wanted = Wanted {
                part,
                follows,
                now_ms,
            };
            let draw_up = || {
                self.1.set(self.1.get() + 1);
                Ok::<_, ()>(self.1.get())
            };
            *self.0.get(wanted, draw_up).unwrap()
        }
    }

    #[test]
    fn pages_that_follow_share_for_a_moment() {
        let desk = Desk::default();
        let asked = [0, 1, FRESH_MS - 1, FRESH_MS, FRESH_MS + 1];
        let got = asked.map(|now_ms| desk.ask("", true, now_ms));
        assert_eq!(got, [1, 1, 1, 2, 2]);
        assert_eq!(desk.ask("", true, 0), 3, "the clock was set back");
    }

    #[test]
    fn whoever_asks_by_hand_gets_a_new_one_that_others_then_share() {
        let desk = Desk::default();
        let got = [true, false, false, true].map(|follows| desk.ask("", follows, 0));
        assert_eq!(got, [1, 2, 3, 3]);
    }

    #[test]
    fn each_part_of_the_tree_has_its_own() {
        let desk = Desk::default();
        let got = ["", "520100", "", "520100"].map(|part| desk.ask(part, true, 0));
        assert_eq!(got, [1, 2, 1, 2]);
        for part in 0..PARTS_MAX {
            desk.ask(&part.to_string(), true, 0);
        }
        assert!(desk.0.0.lock().unwrap().len() <= PARTS_MAX);
    }

    #[test]
    fn what_failed_is_not_kept() {
        let summaries = Summaries::<u32>::default();
        let wanted = Wanted {
            part: "",
            follows: true,
            now_ms: 0,
        };
        assert_eq!(summaries.get(wanted, || Err("no disk")), Err("no disk"));
        assert_eq!(summaries.get(wanted, || Ok::<_, ()>(7)).as_deref(), Ok(&7));
    }
}

//! The highest revision that the city has seen of each slot, learned from its assessments.
//!
//! After a re-installation the inbox knows nothing, and a statement with revision 1 would never replace a higher one.
//! So the assessments are read from the beginning, and what they say is kept in the file `revisions`:
//! ```text
//! <revision> <unit> <dataset> <period>
//! ```
//! one line for each slot, in the order of slots, rewritten as a whole by [`crate::durable`]. It is read when a statement is
//! made, which is rare, so that memory does not grow with the history.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use granary_core::snapshot::SlotKey;

use crate::durable::write_durably;
use crate::link::wire;

/// The file. One owner.
#[derive(Clone, Debug)]
pub struct Revisions {
    path: PathBuf,
}

impl Revisions {
    /// The file under `state`.
    #[must_use]
    pub fn open(state: &Path) -> Self {
        Self {
            path: state.join("revisions"),
        }
    }

    /// The highest revision known of a slot; 0 where none is.
    #[must_use]
    pub fn highest(&self, slot: &SlotKey) -> u32 {
        self.read().get(slot).copied().unwrap_or(0)
    }

    /// Raises what is known; lower numbers change nothing.
    ///
    /// # Errors
    /// Where the file could not be written.
    pub fn raise(&self, seen: impl IntoIterator<Item = (SlotKey, u32)>) -> io::Result<()> {
        let mut known = self.read();
        let mut changed = false;
        for (slot, revision) in seen {
            let highest = known.entry(slot).or_insert(0);
            changed |= revision > *highest;
            *highest = revision.max(*highest);
        }
        if !changed {
            return Ok(());
        }
        let line = |(slot, revision): (&SlotKey, &u32)| {
            format!(
                "{revision} {} {} {}\n",
                slot.unit, slot.dataset, slot.period
            )
        };
        write_durably(
            &self.path,
            known.iter().map(line).collect::<String>().as_bytes(),
        )
    }

    /// A damaged line is left out: the city says it again after the next re-installation at the latest.
    fn read(&self) -> BTreeMap<SlotKey, u32> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines().filter_map(parse).collect()
    }
}

fn parse(line: &str) -> Option<(SlotKey, u32)> {
    let mut words = line.split(' ');
    let revision = words.next()?.parse().ok()?;
    let slot = wire::slot_from(words.next()?, words.next()?, words.next()?).ok()?;
    Some((slot, revision))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_highest_counts_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let slot = |period| wire::slot_from("520100", "quarterly-accounts", period).unwrap();
        let revisions = Revisions::open(folder.path());
        assert_eq!(revisions.highest(&slot("2021-Q1")), 0);
        revisions
            .raise([
                (slot("2021-Q1"), 2),
                (slot("2021-Q2"), 1),
                (slot("2021-Q1"), 1),
            ])
            .unwrap();
        revisions.raise([(slot("2021-Q1"), 1)]).unwrap();
        let again = Revisions::open(folder.path());
        assert_eq!(
            again.highest(&slot("2021-Q1")),
            2,
            "a lower number that comes later changes nothing"
        );
        assert_eq!(again.highest(&slot("2021-Q2")), 1);
        assert_eq!(again.highest(&slot("2021-Q3")), 0);
    }
}

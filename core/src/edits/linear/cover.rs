//! The lightest sets of cells that must be freed for all edits to hold together.
//!
//! Fellegi and Holt (1976, "A systematic approach to automatic edit and imputation") cover every failed edit, implied ones
//! included. There are too many implied edits to list, so they are made when they are needed (Garfinkel, Kunnathur and
//! Liepins 1988, "Error localization for erroneous data: continuous data, linear constraints"; de Waal, Pannekoek and
//! Scholtus 2011, "Handbook of statistical data editing and imputation", chapter 3): a set that covers all that is known so
//! far is tried; where it is not enough, the proof names cells of which one more has to be wrong.
//!
//! Sets are taken from the lightest up, with the sum over disjoint uncovered proofs as a bound from below, so the first set
//! that is enough is a lightest one, and all others of its weight follow before any heavier one.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use super::{cases::Answer, set::Set};

/// How much may be done and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many sets of cells may be tried, each by a linear program or several.
    pub candidates: u32,
    /// How many sets of the same weight are told.
    pub sets: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            candidates: 1_000,
            sets: 6,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Covers {
    /// Sets of the same weight, sorted. None where no set is enough, or none was found.
    pub(super) sets: Vec<Set>,
    /// Their weight.
    pub(super) weight: u64,
    /// There are more of this weight.
    pub(super) more: bool,
    /// No lighter set is enough; where there are no sets, none at all is.
    pub(super) proven: bool,
}

/// Searches the lightest sets for which `ask` says that they are enough. An impossibility names cells outside of the set
/// that was asked about. `weights` are above zero.
pub(super) fn lightest(
    weights: &[u32],
    limit: Limit,
    ask: &mut dyn FnMut(&Set) -> Answer,
) -> Covers {
    let mut search = Search {
        weights,
        limit,
        ask,
        conflicts: Vec::new(),
        asked: 0,
        found: Covers {
            proven: true,
            ..Covers::default()
        },
    };
    search.run();
    search.found.sets.sort_unstable();
    search.found
}

/// How many sets may be looked at for each one that may be tried: to look is a few machine words' work.
const LOOKS_PER_CANDIDATE: u32 = 50;

struct Search<'a> {
    weights: &'a [u32],
    limit: Limit,
    ask: &'a mut dyn FnMut(&Set) -> Answer,
    /// Of each at least one cell has to be freed.
    conflicts: Vec<Set>,
    asked: u32,
    found: Covers,
}

/// The bound from below, the weight and the set.
type Node = Reverse<(u64, u64, Set)>;

impl Search<'_> {
    fn run(&mut self) {
        let mut seen = BTreeSet::from([Set::EMPTY]);
        let mut open: BinaryHeap<Node> = BinaryHeap::from([Reverse((0, 0, Set::EMPTY))]);
        let mut looks_left = self.limit.candidates.saturating_mul(LOOKS_PER_CANDIDATE);
        while let Some(Reverse((_, weight, set))) = open.pop() {
            let bound = weight + self.at_least(&set);
            if !self.found.sets.is_empty() && bound > self.found.weight {
                continue;
            }
            // What was learnt since it was put aside may have made it heavier than others.
            if open
                .peek()
                .is_some_and(|Reverse((least, ..))| *least < bound)
            {
                open.push(Reverse((bound, weight, set)));
                looks_left = looks_left.saturating_sub(1);
                if looks_left > 0 {
                    continue;
                }
            }
            if looks_left == 0 || self.asked >= self.limit.candidates {
                self.found.proven = false;
                return;
            }
            looks_left -= 1;
            match self.uncovered(&set) {
                Step::Enough => {
                    if self.found.sets.len() >= self.limit.sets {
                        self.found.more = true;
                        return;
                    }
                    self.found.sets.push(set);
                    self.found.weight = weight;
                }
                Step::Hopeless => return,
                Step::Unknown => self.found.proven = false,
                Step::Free(cells) => {
                    for cell in cells.iter() {
                        let next = set.with(cell);
                        if seen.insert(next) {
                            let weight = weight + u64::from(self.weights[cell]);
                            open.push(Reverse((weight + self.at_least(&next), weight, next)));
                        }
                    }
                }
            }
        }
    }

    /// A conflict that `set` does not cover, the narrowest of those known, or a new one.
    fn uncovered(&mut self, set: &Set) -> Step {
        let uncovered = self
            .conflicts
            .iter()
            .filter(|conflict| !conflict.meets(set));
        if let Some(cells) = uncovered.min_by_key(|conflict| conflict.len()) {
            return Step::Free(*cells);
        }
        self.asked += 1;
        match (self.ask)(set) {
            Answer::Possible => Step::Enough,
            Answer::Open => Step::Unknown,
            Answer::Impossible(cells) if cells.is_empty() => Step::Hopeless,
            Answer::Impossible(cells) => {
                self.conflicts.push(cells);
                Step::Free(cells)
            }
        }
    }

    /// What must be added to `set` at least: the lightest cell of each of some conflicts that share no cell.
    fn at_least(&self, set: &Set) -> u64 {
        let (mut taken, mut weight) = (*set, 0);
        for conflict in &self.conflicts {
            if !conflict.meets(&taken) {
                taken = taken.union(conflict);
                let lightest = conflict.iter().map(|cell| self.weights[cell]).min();
                weight += u64::from(lightest.unwrap_or_default());
            }
        }
        weight
    }
}

enum Step {
    /// One of these cells has to be freed too.
    Free(Set),
    Enough,
    /// Nothing that could be freed helps.
    Hopeless,
    Unknown,
}

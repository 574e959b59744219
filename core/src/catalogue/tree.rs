//! The unit tree by dense indices: who stands directly under a unit, and everybody below it.
//!
//! Units are numbered in the order of their codes. Children lie in one list, unit after unit; the units below a unit are
//! one stretch of a preorder walk. Walks keep their own stack, so that a deep tree costs no call depth.

use crate::code::UnitCode;

use super::{
    fault::{Faults, say},
    names::Names,
    unit::{Draft, UnitIndex},
};

/// The tree. Built only from units whose parents are checked.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// `children[child_starts[u]..child_starts[u + 1]]` stand directly under `u`, ascending.
    child_starts: Vec<u32>,
    children: Vec<UnitIndex>,
    /// All units in preorder, and where each stands and its stretch ends.
    preorder: Vec<UnitIndex>,
    stretches: Vec<(u32, u32)>,
}

impl Tree {
    /// Checks the parents of `units`, which are sorted by code; a link that is faulty is cut.
    pub(super) fn build(
        units: &mut [Draft<'_>],
        names: &Names<'_, UnitCode>,
        faults: &Faults,
    ) -> Self {
        for unit in units.iter_mut() {
            unit.parent = unit.parent.take().filter(|p| names.resolve(p, faults));
        }
        let mut parents = parent_indices(units);
        for at in cut_cycles(&mut parents) {
            report_cycle(&units[at], faults);
        }
        Self::from_parents(&parents)
    }

    fn from_parents(parents: &[Option<usize>]) -> Self {
        let mut below: Vec<Vec<UnitIndex>> = vec![Vec::new(); parents.len()];
        for (child, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                below[*parent].push(index(child));
            }
        }
        let mut tree = Self::default();
        for children in &below {
            tree.child_starts.push(narrow(tree.children.len()));
            tree.children.extend(children);
        }
        tree.child_starts.push(narrow(tree.children.len()));
        tree.walk(parents);
        tree
    }

    fn walk(&mut self, parents: &[Option<usize>]) {
        enum Step {
            Enter(UnitIndex),
            Leave(UnitIndex),
        }
        self.stretches = vec![(0, 0); parents.len()];
        let roots = (0..parents.len()).filter(|unit| parents[*unit].is_none());
        let mut steps: Vec<Step> = roots.map(|root| Step::Enter(index(root))).collect();
        while let Some(step) = steps.pop() {
            let position = narrow(self.preorder.len());
            match step {
                Step::Enter(unit) => {
                    self.stretches[unit.get()].0 = position;
                    self.preorder.push(unit);
                    steps.push(Step::Leave(unit));
                    steps.extend(self.children(unit).iter().map(|child| Step::Enter(*child)));
                }
                Step::Leave(unit) => self.stretches[unit.get()].1 = position,
            }
        }
    }

    /// The units directly under `unit`, ascending.
    pub(super) fn children(&self, unit: UnitIndex) -> &[UnitIndex] {
        let at = unit.get();
        &self.children[self.child_starts[at] as usize..self.child_starts[at + 1] as usize]
    }

    /// All units below `unit`, without itself, in no particular order.
    pub(super) fn descendants(&self, unit: UnitIndex) -> &[UnitIndex] {
        let (start, end) = self.stretches[unit.get()];
        &self.preorder[start as usize + 1..end as usize]
    }
}

fn parent_indices(units: &[Draft<'_>]) -> Vec<Option<usize>> {
    let find = |code: &UnitCode| units.binary_search_by(|u| u.code.value.cmp(code)).ok();
    let parent = |unit: &Draft<'_>| find(&unit.parent.as_ref()?.value);
    units.iter().map(parent).collect()
}

/// Cuts every cycle at its unit with the smallest code, and answers those units.
fn cut_cycles(parents: &mut [Option<usize>]) -> Vec<usize> {
    // The walk on which a unit was first met; 0 is none. A walk that meets itself has closed a cycle.
    let mut met = vec![0_usize; parents.len()];
    let mut cuts = Vec::new();
    for start in 0..parents.len() {
        let walk = start + 1;
        let mut at = Some(start);
        while let Some(unit) = at.filter(|unit| met[*unit] == 0) {
            met[unit] = walk;
            at = parents[unit];
        }
        if let Some(unit) = at.filter(|unit| met[*unit] == walk) {
            cuts.push(smallest_of_cycle(parents, unit));
        }
    }
    for cut in &cuts {
        parents[*cut] = None;
    }
    cuts
}

fn smallest_of_cycle(parents: &[Option<usize>], start: usize) -> usize {
    let mut smallest = start;
    let mut at = parents[start];
    while let Some(unit) = at.filter(|unit| *unit != start) {
        smallest = smallest.min(unit);
        at = parents[unit];
    }
    smallest
}

fn report_cycle(unit: &Draft<'_>, faults: &Faults) {
    let Some(parent) = &unit.parent else { return };
    let (code, above) = (&unit.code.value, &parent.value);
    faults.report(
        parent.place,
        say!(
            "{code} 经上级 {above} 又归到自己之下",
            "{code} stands below itself, by way of its parent {above}"
        ),
        say!(
            "改正这一圈中的一个 parent",
            "correct one parent of this circle"
        ),
    );
}

fn index(at: usize) -> UnitIndex {
    UnitIndex(narrow(at))
}

/// A bundle of 8 MiB cannot declare so many units that this saturates.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

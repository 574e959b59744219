//! The unit tree by dense indices: who stands directly under a unit, and everybody below it, on a given day.
//!
//! Units are numbered in the order of their codes. A link says on which days a unit stands under another, so one tree holds
//! all that there ever were; a question names the day. Walks keep their own stack, so that a deep tree costs no call depth.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{code::UnitCode, days::Days};

use super::{
    fault::{Faults, say},
    names::Names,
    unit::{Draft, UnitIndex},
};

/// The most that the different days on which the tree changes and the units may multiply to; it bounds the time that a
/// catalogue takes to read.
const CHANGES_MAX: usize = 40_000_000;

/// The tree. Built only from units whose parents are checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// For each unit, whom it stands under, by time.
    parents: Vec<Vec<Link>>,
    /// For each unit, who stands under it: ascending, then by time.
    children: Vec<Vec<Link>>,
}

/// On some days, one unit stands under another.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// The unit at the other end.
    unit: UnitIndex,
    days: Days,
}

impl Tree {
    /// Checks the parents of `units`, which are sorted by code; a link that is faulty is cut.
    pub(super) fn build(
        units: &mut [Draft<'_>],
        names: &Names<'_, UnitCode>,
        faults: &Faults,
    ) -> Self {
        for unit in units.iter_mut() {
            unit.parents
                .retain(|(parent, _)| names.resolve(parent, faults));
        }
        cut_cycles(units, faults);
        let mut tree = Self {
            parents: vec![Vec::new(); units.len()],
            children: vec![Vec::new(); units.len()],
        };
        for (child, unit) in units.iter().enumerate() {
            for (parent, days) in &unit.parents {
                let Some(parent) = find(units, &parent.value) else {
                    continue;
                };
                let days = *days;
                let link = |at| Link {
                    unit: index(at),
                    days,
                };
                tree.parents[child].push(link(parent));
                tree.children[parent].push(link(child));
            }
        }
        tree
    }

    /// The unit directly above `unit` on a day.
    pub(super) fn parent(&self, unit: UnitIndex, day: Date) -> Option<UnitIndex> {
        let links = self.parents[unit.get()].iter();
        links
            .into_iter()
            .find(|link| link.days.hold(day))
            .map(|link| link.unit)
    }

    /// Whether `unit` is `top` or stands anywhere below it on a day.
    pub(super) fn is_within(&self, unit: UnitIndex, top: UnitIndex, day: Date) -> bool {
        let mut above = std::iter::successors(Some(unit), |unit| self.parent(*unit, day));
        above.any(|unit| unit == top)
    }

    /// The units directly under `unit` on a day, ascending.
    pub(super) fn children(&self, unit: UnitIndex, day: Date) -> impl Iterator<Item = UnitIndex> {
        let links = self.children[unit.get()].iter();
        links
            .filter(move |link| link.days.hold(day))
            .map(|link| link.unit)
    }

    /// All units below `unit` on a day, without itself, in no particular order.
    pub(super) fn descendants(&self, unit: UnitIndex, day: Date) -> Vec<UnitIndex> {
        let mut below: Vec<UnitIndex> = self.children(unit, day).collect();
        let mut at = 0;
        while let Some(next) = below.get(at).copied() {
            below.extend(self.children(next, day));
            at += 1;
        }
        below
    }

    /// All units that are ever below `unit`, and when; one that comes and goes stands here more than once.
    pub(super) fn below(&self, unit: UnitIndex) -> Vec<(UnitIndex, Days)> {
        let mut below = Vec::new();
        let mut open = vec![(unit, Days::ALWAYS)];
        while let Some((unit, days)) = open.pop() {
            for link in &self.children[unit.get()] {
                // On each day there is no circle, so a way that some day can be gone has an end.
                if let Some(days) = link.days.meet(days) {
                    below.push((link.unit, days));
                    open.push((link.unit, days));
                }
            }
        }
        below
    }
}

fn find(units: &[Draft<'_>], code: &UnitCode) -> Option<usize> {
    units.binary_search_by(|u| u.code.value.cmp(code)).ok()
}

/// Cuts every cycle of every day at its unit with the smallest code, and reports it. A cycle begins on the first day of one of
/// its links, so the trees of these days are looked at.
fn cut_cycles(units: &mut [Draft<'_>], faults: &Faults) {
    let links = units.iter().flat_map(|unit| &unit.parents);
    let days: BTreeSet<Date> = links.map(|(_, days)| days.first()).collect();
    if days.len().saturating_mul(units.len()) > CHANGES_MAX {
        report_restless(units, faults);
        units.iter_mut().for_each(|unit| unit.parents.clear());
        return;
    }
    // Codes are looked up once, not once a day.
    let above = |unit: &Draft<'_>| {
        let links = unit.parents.iter();
        links
            .map(|(parent, days)| (find(units, &parent.value), *days))
            .collect()
    };
    let mut above: Vec<Vec<(Option<usize>, Days)>> = units.iter().map(above).collect();
    for day in days {
        let parents: Vec<Option<usize>> = above.iter().map(|links| parent_on(links, day)).collect();
        for at in cycles(&parents) {
            report_cycle(&units[at], day, faults);
            above[at].retain(|(_, days)| !days.hold(day));
            units[at].parents.retain(|(_, days)| !days.hold(day));
        }
    }
}

fn parent_on(links: &[(Option<usize>, Days)], day: Date) -> Option<usize> {
    links.iter().find(|(_, days)| days.hold(day))?.0
}

/// The unit with the smallest code of every cycle.
fn cycles(parents: &[Option<usize>]) -> Vec<usize> {
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

fn report_cycle(unit: &Draft<'_>, day: Date, faults: &Faults) {
    let link = unit.parents.iter().find(|(_, days)| days.hold(day));
    let Some((parent, _)) = link else { return };
    let (code, above) = (&unit.code.value, &parent.value);
    let (zh, en) = if day == Days::ALWAYS.first() {
        (String::new(), String::new())
    } else {
        (format!("自 {day} 起，"), format!("from {day} on, "))
    };
    faults.report(
        parent.place,
        say!(
            "{zh}{code} 经上级 {above} 又归到自己之下",
            "{en}{code} stands below itself, by way of its parent {above}"
        ),
        say!(
            "改正这一圈中的一个 parent",
            "correct one parent of this circle"
        ),
    );
}

fn report_restless(units: &[Draft<'_>], faults: &Faults) {
    let dated = units.iter().flat_map(|unit| &unit.parents);
    let mut dated = dated.filter(|(_, days)| days.first() != Days::ALWAYS.first());
    let Some((parent, _)) = dated.next() else {
        return;
    };
    faults.report(
        parent.place,
        say!(
            "隶属关系变动的日期太多，无法逐日核对",
            "the tree changes on too many different days to be checked"
        ),
        say!(
            "把同一批调整写成同一个日期",
            "write one and the same day for changes that belong together"
        ),
    );
}

fn index(at: usize) -> UnitIndex {
    // A bundle of 8 MiB cannot declare so many units that this saturates.
    UnitIndex(u32::try_from(at).unwrap_or(u32::MAX))
}

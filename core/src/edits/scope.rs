//! Where and when an edit is in force.

use std::collections::{BTreeMap, BTreeSet};

use crate::{code::UnitCode, days::Days, period::Period};

/// The records that an edit checks. The default is all records of its dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// These units only.
    pub units: Option<BTreeSet<UnitCode>>,
    /// Those of `units` that are among them on some days only, because they have moved within the tree: the last day of a
    /// period decides.
    pub moves: BTreeMap<UnitCode, Vec<Days>>,
    /// These positions in the year only: quarters, months.
    pub subperiods: Option<BTreeSet<i32>>,
    /// From this period on.
    pub from: Option<Period>,
    /// Until this period, itself included.
    pub to: Option<Period>,
}

impl Scope {
    /// Whether the edit checks this record.
    #[must_use]
    pub fn holds(&self, unit: &UnitCode, period: Period) -> bool {
        let is_there = |days: &Vec<Days>| days.iter().any(|days| days.hold(period.last_day()));
        self.units.as_ref().is_none_or(|units| units.contains(unit))
            && self.moves.get(unit).is_none_or(is_there)
            && self.holds_period(period)
    }

    /// Whether the edit checks any record of this period.
    #[must_use]
    pub fn holds_period(&self, period: Period) -> bool {
        let number = period.number();
        self.subperiods.as_ref().is_none_or(|s| s.contains(&number))
            && self.from.is_none_or(|from| from <= period)
            && self.to.is_none_or(|to| period <= to)
    }
}

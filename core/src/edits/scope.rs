//! Where and when an edit is in force.

use std::collections::BTreeSet;

use crate::{code::UnitCode, period::Period};

/// The records that an edit checks. The default is all records of its dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// These units only.
    pub units: Option<BTreeSet<UnitCode>>,
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
        self.units.as_ref().is_none_or(|units| units.contains(unit)) && self.holds_period(period)
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

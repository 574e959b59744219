//! What was measured of one unit, as a scorecard looks at it.

use std::collections::BTreeMap;

use crate::{
    decimal::Decimal,
    measures::{Measure, Tally, Value},
};

/// What one unit is scored on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    slots: u64,
    pending: u64,
    values: BTreeMap<Measure, Value>,
    progress: Option<Decimal>,
}

impl Marks {
    /// From how many slots the unit owes, none of them pending, what each measure comes to, and its progress towards targets in per cent of what
    /// elapsed time asks for ([`crate::targets::attainment`]); `None` where one cannot be computed.
    pub fn new(
        slots: u64,
        value: impl Fn(Measure) -> Option<Value>,
        progress: Option<Decimal>,
    ) -> Self {
        let known = |measure: &Measure| Some((*measure, value(*measure)?));
        Self {
            slots,
            pending: 0,
            values: Measure::ALL.iter().filter_map(known).collect(),
            progress,
        }
    }

    /// From a unit's tally over the scorecard's slots.
    #[must_use]
    pub fn of(tally: &Tally, progress: Option<Decimal>) -> Self {
        let owed = tally.counts.owed();
        Self {
            pending: tally.counts.pending,
            ..Self::new(owed, |measure| tally.value(measure), progress)
        }
    }

    /// How many slots it owes: those expected, less the exempt.
    #[must_use]
    pub const fn slots(&self) -> u64 {
        self.slots
    }

    /// How many of them are not yet due and not accepted.
    #[must_use]
    pub const fn pending(&self) -> u64 {
        self.pending
    }

    /// What a measure comes to.
    #[must_use]
    pub fn value(&self, measure: Measure) -> Option<&Value> {
        self.values.get(&measure)
    }

    /// The progress towards targets, in per cent of what elapsed time asks for.
    #[must_use]
    pub const fn progress(&self) -> Option<Decimal> {
        self.progress
    }

    /// Whether anything of it was accepted.
    pub(super) fn has_reported(&self) -> bool {
        let reported = self.values.get(&Measure::ReportingRate);
        matches!(reported, Some(Value::Share { numerator, .. }) if *numerator > 0)
    }
}

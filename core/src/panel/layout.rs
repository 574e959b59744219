//! Where the record of a unit and a period stands: period after period, all units of one period side by side.
//!
//! So the same unit some periods earlier stands a constant distance back, and whole columns are compared with their past by
//! moving an offset. Each period starts at a word of the bitmaps, so that they move with it.

use std::collections::BTreeMap;

use super::bits::WORD;
use crate::{code::UnitCode, period::Period};

/// The units and the periods of a panel.
#[derive(Clone, Debug)]
pub struct Layout {
    first: Period,
    periods: Vec<Period>,
    units: Vec<UnitCode>,
    places: BTreeMap<UnitCode, usize>,
    stride: usize,
}

impl Layout {
    /// These units, in this order, and so many periods from `first` on. `None` where a unit is named twice or a period lies
    /// beyond the last year.
    #[must_use]
    pub fn new(units: Vec<UnitCode>, first: Period, periods: usize) -> Option<Self> {
        let places: BTreeMap<_, _> = units.iter().cloned().zip(0..).collect();
        let period = |at: usize| first.plus(i32::try_from(at).ok()?);
        let periods: Option<Vec<Period>> = (0..periods).map(period).collect();
        (places.len() == units.len()).then_some(Self {
            first,
            periods: periods?,
            stride: units.len().next_multiple_of(WORD),
            places,
            units,
        })
    }

    /// The units, in the order of the rows.
    #[must_use]
    pub fn units(&self) -> &[UnitCode] {
        &self.units
    }

    /// The periods, one after the other.
    #[must_use]
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// How many rows there are, those that only fill up a word included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.stride * self.periods.len()
    }

    /// How many rows a period has; a multiple of 64.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// The place of a unit in [`Self::units`].
    #[must_use]
    pub fn unit(&self, code: &UnitCode) -> Option<usize> {
        self.places.get(code).copied()
    }

    /// The place of a period in [`Self::periods`].
    #[must_use]
    pub fn period(&self, period: Period) -> Option<usize> {
        let same = period.periodicity() == self.first.periodicity();
        let place = period.ordinal().checked_sub(self.first.ordinal())?;
        let place = usize::try_from(place).ok()?;
        (same && place < self.periods.len()).then_some(place)
    }

    /// The row of a unit and a period, by their places.
    #[must_use]
    pub const fn row(&self, unit: usize, period: usize) -> usize {
        period * self.stride + unit
    }

    /// The places of the unit and the period of a row; the unit may be one that only fills up a word.
    #[must_use]
    pub const fn of_row(&self, row: usize) -> (usize, usize) {
        (row % self.stride, row / self.stride)
    }

    pub(super) fn words(&self) -> usize {
        self.rows() / WORD
    }

    pub(super) const fn words_per_period(&self) -> usize {
        self.stride / WORD
    }
}

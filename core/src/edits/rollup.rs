//! Sums over a unit's children, and what to do when some have not reported.
//!
//! The modes are those of `check_hierarchy` in the VTL 2.2 reference manual ("Data validation operators"). VTL tells a data
//! point that does not exist from one whose measure is null; here the first is a child without a figure, the second a
//! figure that the record itself lacks, so a mode speaks of the children only and the record's own figure, where it is
//! missing, always leaves the comparison undecided. Where VTL produces no data point the verdict is undecided.

use super::{
    diagnostic::{Diagnostic, Diagnostics, EditField},
    suggest,
};
use crate::{decimal::Decimal, text::Bilingual};

/// The figures of one indicator over the children of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// The sum of the figures that are known.
    pub sum: Decimal,
    /// The sum of half a unit of each known figure's last printed digit.
    pub rounding: Decimal,
    /// How many children have a figure.
    pub known: u32,
    /// How many children there are.
    pub expected: u32,
}

/// What children without a figure count for. A unit without children has no roll-up in any mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RollupMode {
    /// VTL `non_null`: with one child missing, the roll-up is missing. No verdict is given.
    #[default]
    NonNull,
    /// VTL `non_zero`: a missing child counts as zero. Undecided where all figures of the edit are zero or missing.
    NonZero,
    /// VTL `partial_null`: with one child missing, the roll-up is missing. VTL then gives a null verdict where at least one
    /// figure is there; that is undecided too, so the outcome is that of `non_null`.
    PartialNull,
    /// VTL `partial_zero`: a missing child counts as zero. Undecided where no figure of the edit is there at all.
    PartialZero,
    /// VTL `always_null`: with one child missing, the roll-up is missing; the outcome is that of `non_null`.
    AlwaysNull,
    /// VTL `always_zero`: a missing child counts as zero, even where none has reported.
    AlwaysZero,
}

impl RollupMode {
    /// All modes.
    pub const ALL: [Self; 6] = [
        Self::NonNull,
        Self::NonZero,
        Self::PartialNull,
        Self::PartialZero,
        Self::AlwaysNull,
        Self::AlwaysZero,
    ];

    /// The mode's name in VTL and in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonNull => "non_null",
            Self::NonZero => "non_zero",
            Self::PartialNull => "partial_null",
            Self::PartialZero => "partial_zero",
            Self::AlwaysNull => "always_null",
            Self::AlwaysZero => "always_zero",
        }
    }

    /// Reads a mode by its name.
    ///
    /// # Errors
    /// A diagnostic of the field `rollup`.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == text);
        found.ok_or_else(|| {
            Diagnostics::one(
                EditField::Rollup,
                0..text.len(),
                Bilingual::new("没有这种汇总方式", "there is no such roll-up mode"),
                suggest::remedy(text, &Self::ALL.map(|mode| mode.name().to_owned())),
            )
        })
    }

    /// Whether one missing child makes the roll-up missing.
    pub(crate) const fn wants_all_children(self) -> bool {
        match self {
            Self::NonNull | Self::PartialNull | Self::AlwaysNull => true,
            Self::NonZero | Self::PartialZero | Self::AlwaysZero => false,
        }
    }

    /// Whether a verdict hangs on there being any figure at all.
    pub(crate) const fn asks_for_figures(self) -> bool {
        matches!(self, Self::NonZero | Self::PartialZero)
    }

    /// The roll-up as an operand: its sum and rounding, or nothing where it counts as missing.
    pub(crate) fn operand(self, rollup: &Rollup) -> Option<(Decimal, Decimal)> {
        let usable = !self.wants_all_children() || rollup.known == rollup.expected;
        (usable && rollup.expected > 0).then_some((rollup.sum, rollup.rounding))
    }

    /// Whether a verdict is given at all, from what the operands of the edit are. A roll-up that adds up to zero counts as
    /// zero.
    pub(super) const fn decides(self, any_found: bool, any_not_zero: bool) -> bool {
        match self {
            Self::NonZero => any_not_zero,
            Self::PartialZero => any_found,
            // A missing roll-up already leaves the comparison undecided.
            Self::NonNull | Self::PartialNull | Self::AlwaysNull | Self::AlwaysZero => true,
        }
    }
}

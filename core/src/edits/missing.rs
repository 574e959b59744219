//! What an edit does where figures are missing.

use super::{
    diagnostic::{Diagnostic, Diagnostics, EditField},
    suggest,
};
use crate::text::Bilingual;

/// The missing-value strategy of an edit. The last three are DHIS2's for the sides of a validation rule
/// (`SKIP_IF_ANY_VALUE_MISSING`, `SKIP_IF_ALL_VALUES_MISSING`, `NEVER_SKIP`), here for the whole edit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissingStrategy {
    /// Three-valued logic as in VTL: undecided where the outcome hangs on a missing figure.
    #[default]
    ThreeValued,
    /// Undecided where any figure is missing, whether or not the outcome hangs on it.
    SkipIfAny,
    /// Undecided where all figures are missing; otherwise a missing one counts as zero.
    SkipIfAll,
    /// A missing figure counts as zero, even where all are missing.
    NeverSkip,
}

impl MissingStrategy {
    /// All strategies.
    pub const ALL: [Self; 4] = [
        Self::ThreeValued,
        Self::SkipIfAny,
        Self::SkipIfAll,
        Self::NeverSkip,
    ];

    /// The word in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThreeValued => "three-valued",
            Self::SkipIfAny => "skip-if-any",
            Self::SkipIfAll => "skip-if-all",
            Self::NeverSkip => "never-skip",
        }
    }

    /// Reads a strategy by its word.
    ///
    /// # Errors
    /// A diagnostic of the field `missing`.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let found = Self::ALL.into_iter().find(|s| s.name() == text);
        found.ok_or_else(|| {
            Diagnostics::one(
                EditField::Missing,
                0..text.len(),
                Bilingual::new(
                    "没有这种缺失值处理方式",
                    "there is no such missing-value strategy",
                ),
                suggest::remedy(text, &Self::ALL.map(|s| s.name().to_owned())),
            )
        })
    }

    /// Whether a verdict may be given where `missing` of `all` figures are missing.
    pub(super) const fn decides(self, missing: usize, all: usize) -> bool {
        match self {
            Self::ThreeValued | Self::NeverSkip => true,
            Self::SkipIfAny => missing == 0,
            Self::SkipIfAll => missing < all,
        }
    }

    /// Whether a missing figure counts as zero.
    pub(crate) const fn fills(self) -> bool {
        match self {
            Self::ThreeValued | Self::SkipIfAny => false,
            Self::SkipIfAll | Self::NeverSkip => true,
        }
    }
}

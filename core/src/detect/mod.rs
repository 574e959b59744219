//! Statistical detectors: figures, records and habits that are unusual, though no edit fails.
//!
//! A flag is a question for the unit that reported, never a proof, and never keeps a report from being accepted. Every method
//! stands in its own file, cites its source, takes its parameters from the catalogue and says "not computable, because ..." where it does
//! not apply. The methods are pure functions over mantissas at a common scale, so that whole columns can be judged without copying them;
//! [`screen`] applies the detectors of a catalogue to what a dataset's units reported for one period. Where many units are tested
//! at once, the false discovery rate is controlled ([`multiple`]), and a [`Screening`] says how many flags chance alone would give.
//!
//! Statistics and p-values are binary floats: they are shown, and decide what is asked, not what is stored. Modified z,
//! seasonal comparison, likeness and growth against level are decided in exact integers.

// What all methods share.
mod number;
mod reason;
pub mod chi_square;
pub mod sign_test;
pub mod multiple;

// A figure beside its own history, or its neighbours.
pub mod modified_z;
pub mod hidiroglou_berthelot;
pub mod seasonal;
pub mod growth_level;

// A record as a whole.
pub mod likeness;
pub mod copied_last_period;
pub mod copied_from_neighbour;
pub mod all_zero;
pub mod empty_but_complete;

// Habits of digits, targets, revisions and growth.
pub mod terminal_digit;
pub mod first_digit;
pub mod threshold_hugging;
pub mod revision_pattern;
pub mod smoothness;

// Detectors of a catalogue, applied to a period.
mod history;
mod screen;

pub use self::{
    history::{History, Vintage},
    reason::{Judgement, NotComputable},
    screen::{Figures, Flag, Screening, Subject, Summary, Unjudged, screen},
};

use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
    text::Bilingual,
};

/// A method with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// [`modified_z`].
    ModifiedZ(modified_z::Parameters),
    /// [`hidiroglou_berthelot`].
    HidiroglouBerthelot(hidiroglou_berthelot::Parameters),
    /// [`seasonal`].
    Seasonal(seasonal::Parameters),
    /// [`growth_level`].
    GrowthLevel(growth_level::Parameters),
    /// [`copied_last_period`].
    CopiedLastPeriod(copied_last_period::Parameters),
    /// [`copied_from_neighbour`].
    CopiedFromNeighbour(copied_from_neighbour::Parameters),
    /// [`all_zero`].
    AllZero(all_zero::Parameters),
    /// [`empty_but_complete`].
    EmptyButComplete(empty_but_complete::Parameters),
    /// [`terminal_digit`].
    TerminalDigit(terminal_digit::Parameters),
    /// [`first_digit`].
    FirstDigit(first_digit::Parameters),
    /// [`threshold_hugging`].
    ThresholdHugging(threshold_hugging::Parameters),
    /// [`revision_pattern`].
    RevisionPattern(revision_pattern::Parameters),
    /// [`smoothness`].
    Smoothness(smoothness::Parameters),
}

/// A method by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MethodName {
    /// [`modified_z`].
    ModifiedZ,
    /// [`hidiroglou_berthelot`].
    HidiroglouBerthelot,
    /// [`seasonal`].
    Seasonal,
    /// [`growth_level`].
    GrowthLevel,
    /// [`copied_last_period`].
    CopiedLastPeriod,
    /// [`copied_from_neighbour`].
    CopiedFromNeighbour,
    /// [`all_zero`].
    AllZero,
    /// [`empty_but_complete`].
    EmptyButComplete,
    /// [`terminal_digit`].
    TerminalDigit,
    /// [`first_digit`].
    FirstDigit,
    /// [`threshold_hugging`].
    ThresholdHugging,
    /// [`revision_pattern`].
    RevisionPattern,
    /// [`smoothness`].
    Smoothness,
}

impl MethodName {
    /// The words of the catalogue.
    pub const WORDS: [(&'static str, Self); 13] = [
        ("modified-z", Self::ModifiedZ),
        ("hidiroglou-berthelot", Self::HidiroglouBerthelot),
        ("seasonal", Self::Seasonal),
        ("growth-level", Self::GrowthLevel),
        ("copied-last-period", Self::CopiedLastPeriod),
        ("copied-from-neighbour", Self::CopiedFromNeighbour),
        ("all-zero", Self::AllZero),
        ("empty-but-complete", Self::EmptyButComplete),
        ("terminal-digit", Self::TerminalDigit),
        ("first-digit", Self::FirstDigit),
        ("threshold-hugging", Self::ThresholdHugging),
        ("revision-pattern", Self::RevisionPattern),
        ("smoothness", Self::Smoothness),
    ];

    /// The word of the catalogue for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, name)| *name == self);
        found.map_or("", |(word, _)| word)
    }
}

impl Method {
    /// Which method it is.
    #[must_use]
    pub const fn name(&self) -> MethodName {
        match self {
            Self::ModifiedZ(_) => MethodName::ModifiedZ,
            Self::HidiroglouBerthelot(_) => MethodName::HidiroglouBerthelot,
            Self::Seasonal(_) => MethodName::Seasonal,
            Self::GrowthLevel(_) => MethodName::GrowthLevel,
            Self::CopiedLastPeriod(_) => MethodName::CopiedLastPeriod,
            Self::CopiedFromNeighbour(_) => MethodName::CopiedFromNeighbour,
            Self::AllZero(_) => MethodName::AllZero,
            Self::EmptyButComplete(_) => MethodName::EmptyButComplete,
            Self::TerminalDigit(_) => MethodName::TerminalDigit,
            Self::FirstDigit(_) => MethodName::FirstDigit,
            Self::ThresholdHugging(_) => MethodName::ThresholdHugging,
            Self::RevisionPattern(_) => MethodName::RevisionPattern,
            Self::Smoothness(_) => MethodName::Smoothness,
        }
    }
}

/// A detector of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detector {
    /// Its name, unique among detectors and edits.
    pub id: EditId,
    /// The dataset whose records it looks at.
    pub dataset: DatasetCode,
    /// The indicators that it looks at, in the order of the catalogue: all of the dataset's, where the catalogue names none.
    pub indicators: Vec<IndicatorCode>,
    /// How it looks.
    pub method: Method,
    /// What is said before the figures; the figures alone, where the catalogue says nothing.
    pub message: Option<Bilingual>,
}

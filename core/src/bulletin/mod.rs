//! The bulletin (通报): what is published about a period, as one document.
//!
//! A [`Bulletin`] is a pure function of a journal prefix and an instant, and so are its parts. Whoever folds the same journal
//! prefix computes the same bytes, so a printed score can be recomputed and nobody can quarrel with it. How a
//! bulletin looks on paper is the business of whoever draws it.

mod document;
mod assemble;

pub use self::assemble::{RISKS_MAX, assemble};
pub use self::document::{
    Band, Basis, Bulletin, Component, Counts, FindingLine, League, LogHead, Matrix, MatrixCell,
    MatrixRow, MeasureValue, Measured, Named, Points, RevisionLine, RiskLine, Share, Standing,
    TargetLine, UnitMeasures, Words,
};
use crate::{completeness::StateCounts, text::Bilingual};

impl From<&Bilingual> for Words {
    fn from(text: &Bilingual) -> Self {
        Self {
            zh: text.zh.clone(),
            en: text.en.clone(),
        }
    }
}

impl From<&Words> for Bilingual {
    fn from(words: &Words) -> Self {
        Self::new(&words.zh, &words.en)
    }
}

impl Named {
    /// A code with its name.
    #[must_use]
    pub fn new(code: impl ToString, name: &Bilingual) -> Self {
        Self {
            code: code.to_string(),
            name: name.into(),
        }
    }
}

impl From<StateCounts> for Counts {
    fn from(counts: StateCounts) -> Self {
        Self {
            expected: counts.expected(),
            timely: counts.timely,
            late: counts.late,
            missing: counts.missing,
            exempt: counts.exempt,
            pending: counts.pending,
        }
    }
}

//! What a detector answers about one figure, and why it may have no answer.

use crate::text::Bilingual;

/// The answer of a detector about one figure, record or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing unusual by this method.
    Clean,
    /// Unusual. A question for the unit that reported it, never a proof.
    Flagged,
    /// The method does not apply to what is there.
    NotComputable(NotComputable),
}

impl Judgement {
    /// `Flagged` where it is unusual.
    #[must_use]
    pub const fn of(unusual: bool) -> Self {
        if unusual { Self::Flagged } else { Self::Clean }
    }
}

/// Why a method does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotComputable {
    /// The figure itself is missing.
    ValueMissing,
    /// The figure that it would be compared with is missing.
    BaseMissing,
    /// A ratio is asked for, and one of its figures is zero or negative.
    NotPositive,
    /// Fewer figures than the method needs.
    TooFewValues {
        /// How many there are.
        known: u32,
        /// How many it takes.
        needed: u32,
    },
    /// Fewer units to compare with than the method needs.
    TooFewUnits {
        /// How many there are.
        known: u32,
        /// How many it takes.
        needed: u32,
    },
    /// More than half of the figures are equal, so that there is no spread to measure by.
    NoSpread,
    /// The figures span too few powers of ten for their first digits to follow a law.
    TooFewDecades {
        /// Whole decades spanned.
        spanned: u32,
        /// How many it takes.
        needed: u32,
    },
    /// There is no target to compare with.
    TargetMissing,
    /// The ranking of these periods has not been published.
    NotRanked,
    /// The figures are too large for exact arithmetic.
    TooLarge,
}

impl NotComputable {
    /// "not computable, because ...", in both languages.
    #[must_use]
    pub fn reason(self) -> Bilingual {
        let (zh, en) = match self {
            Self::ValueMissing => (
                "本期没有数值".to_owned(),
                "the figure is missing".to_owned(),
            ),
            Self::BaseMissing => (
                "没有可以对比的数值".to_owned(),
                "there is no figure to compare it with".to_owned(),
            ),
            Self::NotPositive => (
                "需要计算比值，而其中有零或负数".to_owned(),
                "a ratio is needed, and one of its figures is zero or negative".to_owned(),
            ),
            Self::TooFewValues { known, needed } => (
                format!("只有 {known} 个数值，至少需要 {needed} 个"),
                format!("there are {known} figures, and at least {needed} are needed"),
            ),
            Self::TooFewUnits { known, needed } => (
                format!("可比的单位只有 {known} 个，至少需要 {needed} 个"),
                format!(
                    "there are {known} units to compare with, and at least {needed} are needed"
                ),
            ),
            Self::NoSpread => (
                "半数以上的数值相同，没有离散程度可以衡量".to_owned(),
                "more than half of the figures are equal, so there is no spread to measure by"
                    .to_owned(),
            ),
            Self::TooFewDecades { spanned, needed } => (
                format!("数值大小只跨 {spanned} 个数量级，至少需要 {needed} 个"),
                format!(
                    "the figures span {spanned} powers of ten, and at least {needed} are needed"
                ),
            ),
            Self::TargetMissing => ("没有目标值".to_owned(), "there is no target".to_owned()),
            Self::NotRanked => (
                "这些报告期的排名尚未公布".to_owned(),
                "the ranking of these periods has not been published".to_owned(),
            ),
            Self::TooLarge => (
                "数值过大，无法精确计算".to_owned(),
                "the figures are too large for exact arithmetic".to_owned(),
            ),
        };
        Bilingual::new(
            format!("无法计算：{zh}"),
            format!("not computable, because {en}"),
        )
    }
}

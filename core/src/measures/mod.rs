//! The measures of reporting quality, each defined in `docs/METRICS.md` with formula, numerator, denominator and source.
//!
//! A [`Tally`] is counted over a set of slots at an instant and adds up; [`Tally::value`] gives each [`Measure`] of it.

mod durations;
mod tally;
mod count;
mod definition;
mod document;

pub use self::{
    count::tallies,
    document::{
        finding_lines, matrix, measure_value, measure_values, of_period, revision_lines,
        unit_measures, unit_revisions,
    },
    durations::Durations,
    tally::{Part, Poor, Tally},
};
use crate::text::Bilingual;

macro_rules! measures {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $zh:literal, $en:literal;)*) => {
        /// What is measured.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Measure { $($(#[$doc])* $name,)* }

        impl Measure {
            /// Every measure, in the order of `docs/METRICS.md`.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word for it in the catalogue, in documents and on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Its name on screens.
            #[must_use]
            pub fn name(self) -> Bilingual {
                match self { $(Self::$name => Bilingual::new($zh, $en),)* }
            }
        }
    };
}

measures! {
    /// Slots accepted, in time or late, of those owed.
    ReportingRate = "reporting_rate", "报送率", "reporting rate";
    /// Slots accepted in time, of those owed.
    OnTimeRate = "on_time_rate", "按时率", "on-time rate";
    /// The median lateness of the slots that were accepted late.
    MedianLateness = "median_lateness", "迟报时长中位数", "median lateness";
    /// The 90th percentile of the lateness of the slots that were accepted late.
    NinetiethLateness = "p90_lateness", "迟报时长九成位", "90th percentile of lateness";
    /// Required cells with a value, of those in the slots owed and due.
    RequiredCells = "required_cell_rate", "必填指标填报率", "required-cell response rate";
    /// Slots whose first snapshot was accepted, of those received.
    FirstTimeAcceptance = "first_time_acceptance_rate", "一次通过率", "first-time acceptance rate";
    /// Accepted slots with a failed quality edit on their current snapshot, of those accepted.
    QualityEdits = "quality_edit_rate", "核实性审核问题率", "quality-edit rate";
    /// Findings of quality edits that are explained, accepted or corrected, of all.
    ExplainedShare = "explained_share", "问题说明率", "explained share";
    /// The mean time from a finding's opening until it was explained or corrected.
    ResponseTime = "response_time", "问题响应时间", "response time to a finding";
    /// Mean revision: the mean of (latest minus first) in units of |first|, in per cent, over the figures of revised slots.
    MeanRevision = "mean_revision", "平均修订", "mean revision";
    /// Mean absolute revision: the same of its magnitude, in per cent.
    MeanAbsoluteRevision = "mean_absolute_revision", "平均绝对修订", "mean absolute revision";
    /// Relative mean absolute revision: the sum of absolute revisions over the sum of absolute latest values, in per cent.
    RelativeMeanAbsoluteRevision = "relative_mean_absolute_revision", "相对平均绝对修订", "relative mean absolute revision";
    /// Slots reported empty, all zero, copied, or in time but returned, of those received.
    LowQuality = "low_quality_share", "低质量报送占比", "low-quality share";
    /// Slots whose first accepted report came from an enrolled agent, of those that were reported at all.
    SystemUse = "system_use", "系统应用率", "system use";
}

/// What a measure came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A share as an exact fraction; the denominator is never 0.
    Share {
        /// What counts.
        numerator: u64,
        /// Of how many.
        denominator: u64,
    },
    /// A duration in milliseconds.
    DurationMs(i64),
    /// An exact decimal; revisions are in per cent.
    Number(crate::decimal::Decimal),
}

impl Measure {
    /// The measure of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.word() == word)
    }
}

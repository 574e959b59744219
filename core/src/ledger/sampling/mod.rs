//! Random verification (随机核查): a sample is announced, drawn and visited by signed acts, in this order.
//!
//! - An [`Announcement`] fixes the design, the frame down to its bytes, and which later state of the log seals the draw.
//! - A [`Draw`] states the seal's root and the elements that follow from it. The fold cannot know the root of an earlier tree,
//!   so what it takes is the operator's statement; whoever has an export computes the draw again ([`crate::sample`]) and sees
//!   whether it is the one stated. There is one draw for each announcement, and no second try.
//! - A [`Visit`] tells what was found at one element that was drawn. A correction is a later visit; nothing is overwritten.

mod wire;
mod rules;

pub use self::rules::{early, visits};
pub(super) use self::rules::{fold, load, permit};
pub(super) use self::wire::{AnnounceWire, DrawWire, VisitWire};

use crate::{
    code::{DatasetCode, IndicatorCode, ItemKey},
    decimal::Decimal,
    digest::Digest,
    period::Period,
    snapshot::SlotKey,
};

use super::LogIndex;

/// The most elements in one sample.
pub const SIZE_MAX: u32 = 10_000;
/// The longest title, public string or name of a visitor, in bytes.
pub const WORDS_BYTES_MAX: usize = 512;
/// The longest note about a visit, in bytes.
pub const NOTE_BYTES_MAX: usize = 2_000;
/// The most datasets, periods, indicators or set sizes that one announcement lists.
pub const LIST_MAX: usize = 10_000;

/// One step of a random verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A sample is announced.
    Announce(Announcement),
    /// Its draw is stated.
    Draw(Draw),
    /// What was found at one element.
    Visit(Visit),
}

/// A sample that will be drawn, as it is announced before anybody can know what will be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What it is for, in words.
    pub title: String,
    /// What may be drawn.
    pub scope: Scope,
    /// How it is drawn.
    pub method: Method,
    /// How many elements are drawn.
    pub size: u32,
    /// Set sizes of strata, which sum to the size; empty for sizes in proportion to the strata's elements.
    pub allocations: Vec<Allocation>,
    /// Which later tree gives the seed.
    pub seal: Seal,
    /// The public string that goes into the seed.
    pub public: Public,
    /// The frame, fixed before.
    pub frame: FrameHead,
}

/// What may be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whether slots or single observations.
    pub kind: Kind,
    /// The datasets.
    pub datasets: Vec<DatasetCode>,
    /// The periods.
    pub periods: Vec<Period>,
    /// Of observations, only these indicators; all, where there are none.
    pub indicators: Vec<IndicatorCode>,
    /// Of slots, the indicator whose figure stands for the slot.
    pub measure: Option<IndicatorCode>,
    /// What the frame is divided by.
    pub strata: Strata,
}

/// What one element of a frame is; the numbers are those of `granary.v1.SampleKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A slot with a current report.
    Slots,
    /// A figure of a current report.
    Observations,
}

/// What the strata of a frame are; the numbers are those of `granary.v1.SampleStrata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strata {
    /// There is one.
    None,
    /// Units.
    Unit,
    /// Levels of units.
    Level,
    /// Departments that answer for indicators.
    Department,
    /// Datasets.
    Dataset,
}

/// How a sample is drawn; the numbers are those of `granary.v1.SampleMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every element of a stratum with the same probability, without replacement.
    Equal,
    /// With a probability in proportion to the magnitude of its figure, without replacement.
    BySize,
}

/// A set size of one stratum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The stratum's code.
    pub stratum: String,
    /// How many of its elements are drawn.
    pub size: u32,
}

/// Which tree gives the seed. Either is settled by the entries alone, so no choice of checkpoints is left to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// The tree of exactly so many entries.
    Size(u64),
    /// The smallest tree whose last entry was received at or after this instant, in milliseconds since 1970-01-01 UTC.
    After(i64),
}

/// The public string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Public {
    /// Agreed on and known already.
    Agreed(String),
    /// Where and when it will be published: later than the seal, by somebody else.
    Awaited(String),
}

/// A frame that was fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// How many entries were folded when it was made.
    pub entries: u64,
    /// How many elements it has.
    pub elements: u32,
    /// SHA-256 over its lines ([`crate::sample::Frame::text`]).
    pub sha256: Digest,
}

/// One element of a frame. Sorts by dataset, period, unit, indicator, item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// The slot.
    pub slot: SlotKey,
    /// The indicator, of an observation.
    pub indicator: Option<IndicatorCode>,
    /// The item, of an observation in an itemised dataset.
    pub item: Option<ItemKey>,
}

/// A draw, as it is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The entry that announced it.
    pub sample: LogIndex,
    /// How many entries the seal's tree has.
    pub tree_size: u64,
    /// That tree's root.
    pub root: Digest,
    /// The public string.
    pub public: String,
    /// The elements, in the order in which they were drawn.
    pub elements: Vec<Element>,
}

/// What was found at one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The entry that announced the sample.
    pub sample: LogIndex,
    /// The element.
    pub element: Element,
    /// What was found.
    pub result: VisitResult,
    /// The figure that the evidence shows, where the stated one is wrong.
    pub verified: Option<Decimal>,
    /// What is to be said about it.
    pub note: String,
    /// Who was there.
    pub visitor: String,
    /// When, in milliseconds since 1970-01-01 UTC by the visitor's clock.
    pub visited_at_ms: i64,
}

/// What a visit found; the numbers are those of `granary.v1.VisitResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitResult {
    /// The evidence shows what was reported.
    Confirmed,
    /// The evidence shows something else.
    Wrong,
    /// There is no evidence.
    NoEvidence,
}

/// A sample as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How it was announced.
    pub announcement: Announcement,
    /// Its draw, and the entry that stated it.
    pub draw: Option<(LogIndex, Draw)>,
}

impl Step {
    /// Whether the registry holds it: visits are only looked up.
    #[must_use]
    pub const fn changes_registry(&self) -> bool {
        match self {
            Self::Announce(_) | Self::Draw(_) => true,
            Self::Visit(_) => false,
        }
    }
}

macro_rules! numbered {
    ($name:ident { $($variant:ident = $number:literal $word:literal),* $(,)? }) => {
        impl $name {
            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The inverse of [`Self::number`].
            #[must_use]
            pub const fn from_number(number: i32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// The word for it in files and on command lines.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

numbered!(Kind { Slots = 1 "slots", Observations = 2 "observations" });
numbered!(Strata {
    None = 1 "none", Unit = 2 "unit", Level = 3 "level", Department = 4 "department", Dataset = 5 "dataset",
});
numbered!(Method { Equal = 1 "equal", BySize = 2 "by-size" });
numbered!(VisitResult { Confirmed = 1 "confirmed", Wrong = 2 "wrong", NoEvidence = 3 "no-evidence" });

//! Notices (催报与通报): who is to be reminded of which reports, who is to be told what is missing, and when.
//!
//! Everything here is a pure function of the slots' states at an instant, the [`Plan`] and the [`History`] of what was told
//! before. [`decide`] says what has come due and the instant at which to ask again; [`revise`] looks once more just before a
//! notice goes out, because it may have waited for the end of the quiet hours or for a broken line.
//!
//! Invariants, each with a property test:
//! - A [`Mark`] is told at most once. It names the kind, the slot (or the dataset and period) and the instant that the notice
//!   is about; so a deadline that is moved is another matter, and gets its own notices.
//! - Nothing is told in quiet hours: it waits until they end. A reminder that would wait beyond the deadline goes out before
//!   they begin.
//! - Nobody is reminded of what is accepted, and every pending slot gets its reminder.
//! - What becomes pointless while it waits is dropped with a [`Reason`], never in silence.

mod quiet;
mod plan;
mod mark;
mod situation;
mod judge;
mod decide;
mod revise;
mod upcoming;
mod foresee;
mod words;
mod retry;

use crate::{
    catalogue::DepartmentCode,
    code::{DatasetCode, UnitCode},
    completeness::StateCounts,
    digest::Digest,
    period::Period,
    text::Bilingual,
};

pub use self::{
    decide::decide,
    foresee::{Foreseen, Foresight, foresee},
    mark::{Audience, History, Mark, MarkError, Settled},
    plan::{Audiences, Plan},
    quiet::{DaysOff, Quiet, QuietError},
    retry::Retry,
    revise::{Revision, revise},
    situation::{Sheet, Situation},
};

/// What a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Before the deadline, to units whose reports are pending (催报).
    Reminder,
    /// When the deadline and its grace are over: who has reported and who has not (截止通报).
    Summary,
    /// Some time after that: what is still missing (逾期未报).
    Escalation,
    /// A report was returned and no other followed (退回未重报).
    Returned,
    /// What was told to be missing has arrived (已报齐).
    AllIn,
}

/// Whose contacts get a notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// A unit's, for itself and for units below it that have no contact of their own.
    Unit(UnitCode),
    /// A department's.
    Department(DepartmentCode),
    /// Those of the city's operations.
    Operations,
}

/// A matter of one recipient that is told in one message; its text is made by [`revise`] when it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Names it for ever: the digest of all that follows, as it was decided.
    pub key: Digest,
    /// What for.
    pub kind: Kind,
    /// How long before or after [`Self::at_ms`]; see [`Mark::offset_ms`].
    pub offset_ms: i64,
    /// Whose contacts get it.
    pub recipient: Recipient,
    /// The instant that it is about: for a reminder when it is due, for a returned report the latest return, else when the
    /// deadline and its grace are over.
    pub at_ms: i64,
    /// What it tells, sorted.
    pub marks: Vec<Mark>,
    /// Before this it must not go out.
    pub not_before_ms: i64,
}

/// A matter in words, with the figures that the words stand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub matter: Matter,
    /// Datasets and periods that it speaks of, in order.
    pub sections: Vec<Section>,
    /// One line that says the most important.
    pub subject: Bilingual,
    /// The rest, line by line.
    pub lines: Vec<Line>,
}

/// What a notice says about one dataset and period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The dataset.
    pub dataset: DatasetCode,
    /// The reference period.
    pub period: Period,
    /// The due instant.
    pub due_at_ms: i64,
    /// When the grace after it is over; the same where there is none.
    pub timely_until_ms: i64,
    /// The states of the slots with this due instant, as of the instant at which the notice was made.
    pub counts: StateCounts,
    /// The units that the notice is about, sorted: those reminded, or those whose reports are missing.
    pub units: Vec<UnitCode>,
}

/// One line of a notice. It holds no control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it stands.
    pub role: Role,
    /// Its words.
    pub text: Bilingual,
}

/// How a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A sentence.
    Sentence,
    /// The head of a list.
    Heading,
    /// An item of a list. A channel with a short message leaves out items and says how many.
    Item,
}

/// Why something is not told although its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The report has been accepted meanwhile.
    Accepted,
    /// Another report has been handed in since the one that was returned.
    Answered,
    /// The slot has been exempted.
    Exempt,
    /// The deadline has been moved; the new one has its own notices.
    DueMoved,
    /// The deadline has passed; the summary tells of it.
    DuePassed,
    /// A later notice about the same thing takes its place.
    Superseded,
    /// Its time passed too long ago, for instance because the server stood still.
    Stale,
    /// The roster does not expect the slot any more.
    NotExpected,
    /// Neither the unit nor a unit above it has a contact.
    NoContact,
}

/// What is not told, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// What.
    pub mark: Mark,
    /// Why.
    pub reason: Reason,
}

/// What an instant brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is to be told from now on, or from its `not_before_ms` on.
    pub matters: Vec<Matter>,
    /// What will not be told.
    pub dropped: Vec<Dropped>,
    /// The next instant at which something may come due if nothing arrives; none where nothing is expected any more.
    pub next_at_ms: Option<i64>,
}

impl Kind {
    /// Every kind, in the order of a deadline's life.
    pub const ALL: [Self; 5] = [
        Self::Reminder,
        Self::Summary,
        Self::Escalation,
        Self::Returned,
        Self::AllIn,
    ];

    /// The word for it in files, keys and webhook bodies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Summary => "summary",
            Self::Escalation => "escalation",
            Self::Returned => "returned",
            Self::AllIn => "all-in",
        }
    }

    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its name on screens.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Reminder => Bilingual::new("催报", "Reminder"),
            Self::Summary => Bilingual::new("截止通报", "Deadline summary"),
            Self::Escalation => Bilingual::new("逾期未报", "Overdue"),
            Self::Returned => Bilingual::new("退回未重报", "Returned, unanswered"),
            Self::AllIn => Bilingual::new("已报齐", "All in"),
        }
    }
}

impl Reason {
    /// The word for it in logs and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Answered => "answered",
            Self::Exempt => "exempt",
            Self::DueMoved => "due_moved",
            Self::DuePassed => "due_passed",
            Self::Superseded => "superseded",
            Self::Stale => "stale",
            Self::NotExpected => "not_expected",
            Self::NoContact => "no_contact",
        }
    }

    /// The sentence on screens.
    #[must_use]
    pub fn sentence(self) -> Bilingual {
        let (zh, en) = match self {
            Self::Accepted => ("其间已收到并通过", "it has been accepted meanwhile"),
            Self::Answered => ("退回后已重报", "another report has followed"),
            Self::Exempt => ("已免报", "it is exempt"),
            Self::DueMoved => ("截止时间已变更", "the deadline has been moved"),
            Self::DuePassed => ("已过截止时间", "the deadline has passed"),
            Self::Superseded => ("已由更晚的通知代替", "a later notice takes its place"),
            Self::Stale => ("时间过久", "its time passed too long ago"),
            Self::NotExpected => ("名录已不要求", "the roster does not expect it any more"),
            Self::NoContact => (
                "本单位及上级均无联系人",
                "neither the unit nor one above it has a contact",
            ),
        };
        Bilingual::new(zh, en)
    }
}

impl Recipient {
    /// The form in keys and logs: `unit:520100`, `department:statistics`, `operations`.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Unit(code) => format!("unit:{code}"),
            Self::Department(code) => format!("department:{code}"),
            Self::Operations => "operations".into(),
        }
    }

    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None => (word == "operations").then_some(Self::Operations),
            Some(("unit", code)) => UnitCode::new(code).ok().map(Self::Unit),
            Some(("department", code)) => DepartmentCode::new(code).ok().map(Self::Department),
            Some(_) => None,
        }
    }
}

impl Matter {
    /// Gives a matter its key.
    #[must_use]
    pub fn new(
        (kind, offset_ms): (Kind, i64),
        recipient: Recipient,
        mut marks: Vec<Mark>,
        not_before_ms: i64,
    ) -> Self {
        marks.sort();
        let at_ms = marks.iter().map(|mark| mark.at_ms).max().unwrap_or(0);
        let mut bytes = format!("{}\n{offset_ms}\n{}\n", kind.word(), recipient.word());
        for mark in &marks {
            bytes.push_str(&mark.to_string());
            bytes.push('\n');
        }
        Self {
            key: Digest::of(bytes.as_bytes()),
            kind,
            offset_ms,
            recipient,
            at_ms,
            marks,
            not_before_ms,
        }
    }
}

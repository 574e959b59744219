//! Marks: the smallest things that are told, and the memory of which have been.
//!
//! A mark is written as one line, its parts separated by spaces, `-` for a part that it has not:
//! ```text
//! reminder 86400000 units quarterly-accounts 2021-Q2 520100 1625716800000
//! summary 0 operations quarterly-accounts 2021-Q2 - 1625716800000
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use crate::{
    catalogue::DepartmentCode,
    code::{DatasetCode, UnitCode},
    period::Period,
    snapshot::SlotKey,
};

use super::Kind;

/// Who is meant by a mark. Whose contacts get it is decided when it is told, so that a new contact repeats nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// The unit that owes the slot.
    Units,
    /// A department that answers for an indicator of the dataset.
    Department(DepartmentCode),
    /// The city's operations.
    Operations,
}

/// One thing that is told once to one audience.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// What for.
    pub kind: Kind,
    /// How long before the deadline (reminder) or after `at_ms` (escalation, returned) it is told; else 0.
    pub offset_ms: i64,
    /// To whom.
    pub audience: Audience,
    /// The dataset.
    pub dataset: DatasetCode,
    /// The reference period.
    pub period: Period,
    /// The unit; none where the mark is about all slots of the dataset and period.
    pub unit: Option<UnitCode>,
    /// For a reminder the due instant, for a returned report when that was, else when the deadline and its grace are over.
    pub at_ms: i64,
}

/// What became of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has been decided and waits to go out.
    Waiting,
    /// It went out; whether it named something that was missing then.
    Told {
        /// Whether anything was missing.
        open: bool,
    },
    /// It was dropped.
    Dropped,
}

/// The marks that need no more deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    marks: BTreeMap<Mark, Settled>,
}

/// A text is not a mark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a mark")]
pub struct MarkError(String);

impl History {
    /// What became of a mark; none where it is still open.
    #[must_use]
    pub fn get(&self, mark: &Mark) -> Option<Settled> {
        self.marks.get(mark).copied()
    }

    /// Remembers what became of a mark.
    pub fn settle(&mut self, mark: Mark, settled: Settled) {
        self.marks.insert(mark, settled);
    }

    /// Forgets the marks about instants before `at_ms`, and gives them.
    pub fn forget_before(&mut self, at_ms: i64) -> Vec<Mark> {
        let old = self.marks.keys().filter(|mark| mark.at_ms < at_ms);
        let old: Vec<Mark> = old.cloned().collect();
        for mark in &old {
            self.marks.remove(mark);
        }
        old
    }

    /// The datasets and periods of which an audience was told that something was missing.
    pub(super) fn told_missing(&self) -> BTreeSet<(Audience, DatasetCode, Period)> {
        let told = |(mark, settled): (&Mark, &Settled)| {
            let names =
                matches!(mark.kind, Kind::Summary | Kind::Escalation) && mark.unit.is_none();
            let is_told = names && *settled == Settled::Told { open: true };
            is_told.then(|| (mark.audience.clone(), mark.dataset.clone(), mark.period))
        };
        self.marks.iter().filter_map(told).collect()
    }
}

impl Mark {
    /// The slot, where the mark is about one.
    #[must_use]
    pub fn slot(&self) -> Option<SlotKey> {
        let unit = self.unit.clone()?;
        Some(SlotKey::new(unit, self.dataset.clone(), self.period))
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Units => f.write_str("units"),
            Self::Department(code) => write!(f, "department:{code}"),
            Self::Operations => f.write_str("operations"),
        }
    }
}

impl FromStr for Audience {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        let department = |code| DepartmentCode::new(code).ok().map(Self::Department);
        let found = match text.split_once(':') {
            None if text == "units" => Some(Self::Units),
            None if text == "operations" => Some(Self::Operations),
            Some(("department", code)) => department(code),
            None | Some(_) => None,
        };
        found.ok_or_else(|| MarkError(text.into()))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            offset_ms,
            audience,
            dataset,
            period,
            unit,
            at_ms,
        } = self;
        let (kind, unit) = (kind.word(), unit.as_ref().map_or("-", UnitCode::as_str));
        write!(
            f,
            "{kind} {offset_ms} {audience} {dataset} {period} {unit} {at_ms}"
        )
    }
}

impl FromStr for Mark {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        parse(text).ok_or_else(|| MarkError(text.into()))
    }
}

fn parse(text: &str) -> Option<Mark> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [kind, offset, audience, dataset, period, unit, at] = parts.as_slice() else {
        return None;
    };
    Some(Mark {
        kind: Kind::from_word(kind)?,
        offset_ms: offset.parse().ok()?,
        audience: audience.parse().ok()?,
        dataset: DatasetCode::new(dataset).ok()?,
        period: Period::parse(period).ok()?,
        unit: match *unit {
            "-" => None,
            code => Some(UnitCode::new(code).ok()?),
        },
        at_ms: at.parse().ok()?,
    })
}

//! Columns and cells, before they have a form.

use granary_core::decimal::Decimal;
use jiff::{SignedDuration, civil::Date};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether no cell of it is ever absent.
    pub(super) required: bool,
}

/// What its cells hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words.
    Text,
    /// A whole number.
    Integer,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant,
    /// A civil date.
    Day,
    /// Yes or no.
    Flag,
    /// An exact decimal. Where a form fixes the decimals of a whole column, it is this many.
    Figure { scale: u8 },
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// What is absent.
    Nothing,
    Text(String),
    Integer(i64),
    Instant(i64),
    Day(Date),
    Flag(bool),
    Figure(Decimal),
}

/// A column without absent cells.
pub(super) const fn always(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: true,
    }
}

/// A column whose cells may be absent.
pub(super) const fn maybe(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: false,
    }
}

impl Cell {
    /// A text, absent where it is empty.
    pub(super) fn words(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Text(text)
        }
    }

    /// A text of a code, which is never empty.
    pub(super) fn code(code: impl ToString) -> Self {
        Self::Text(code.to_string())
    }

    /// A count. None is near the largest number.
    pub(super) fn count(count: impl TryInto<i64>) -> Self {
        Self::Integer(count.try_into().unwrap_or(i64::MAX))
    }

    /// An instant that may be absent.
    pub(super) fn instant(at_ms: Option<i64>) -> Self {
        at_ms.map_or(Self::Nothing, Self::Instant)
    }

    /// A figure that may be absent.
    pub(super) fn figure(figure: Option<Decimal>) -> Self {
        figure.map_or(Self::Nothing, Self::Figure)
    }
}

/// Days since 1970-01-01.
pub(super) fn days_since_1970(day: Date) -> i32 {
    let hours = day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours();
    // A date is at most four million days away.
    i32::try_from(hours / SignedDuration::from_hours(24).as_hours()).unwrap_or_default()
}

//! What a draft changes against the record that stands, cell by cell, and why a reason is asked.

use granary_core::{
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    snapshot::{Observation, ObservationStatus, Snapshot},
    text::Bilingual,
};

use super::REVISED;
use crate::{
    draft::{Cell, Draft},
    history::Seen,
    intake::say,
};

/// One figure before and after; at least one of both is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was measured.
    pub indicator: IndicatorCode,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// What stands; `None` where it is not stated.
    pub before: Option<Stated>,
    /// What is stated now; `None` where it no longer is.
    pub after: Option<Stated>,
}

/// What is stated of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The value, absent where the status says so.
    pub value: Option<Decimal>,
    /// The status.
    pub status: ObservationStatus,
}

/// What a draft is to the record that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The revision that stands; `None` where nothing does: then nothing is revised.
    pub revision: Option<u32>,
    /// The figures that differ, by (indicator, item).
    pub cells: Vec<Change>,
    /// Whether the draft carries a reason already.
    pub has_reason: bool,
}

impl Changes {
    /// Compares a draft with what stands.
    #[must_use]
    pub fn of(draft: &Draft, current: Option<&Seen>) -> Self {
        let has_reason = draft
            .papers()
            .explanations
            .iter()
            .any(|(explanation, _)| explanation.edit.as_str() == REVISED);
        let Some(current) = current else {
            return Self {
                has_reason,
                ..Self::default()
            };
        };
        Self {
            revision: Some(current.snapshot.revision),
            cells: changed(draft.cells(), &current.snapshot),
            has_reason,
        }
    }

    /// Whether a reason has to be given before it is handed in.
    #[must_use]
    pub const fn needs_reason(&self) -> bool {
        self.revision.is_some() && !self.cells.is_empty() && !self.has_reason
    }

    /// Why a reason is asked.
    #[must_use]
    pub fn why_a_reason() -> Bilingual {
        say!(
            "这些数值市局已经受理，可能已经汇总、公布、计分。修订会替换它们，而原来的数值仍留在日志里。原因与新的数值一起签名、一起存入日志，以后查问时不必再凭记忆回答。",
            "The city has accepted these figures and may have summed, published and scored them. A revision takes their place, and the earlier figures stay in the journal. The reason is signed and journaled with the new figures, so that nobody has to answer from memory later."
        )
    }
}

impl Change {
    /// After minus before, where both have a value.
    #[must_use]
    pub fn difference(&self) -> Option<Decimal> {
        let (before, after) = (self.before?.value?, self.after?.value?);
        after.checked_sub(before)
    }
}

impl Stated {
    const fn of(observation: &Observation) -> Self {
        Self {
            value: observation.value,
            status: observation.status,
        }
    }

    /// The value, or the letter of the status that stands in its place; a status other than normal is named beside a value.
    #[must_use]
    pub fn text(&self) -> String {
        let letter = self.status.letter();
        match (self.value, self.status) {
            (Some(value), ObservationStatus::Normal) => value.to_string(),
            (Some(value), _) => format!("{value} ({letter})"),
            (None, _) => letter.to_string(),
        }
    }
}

/// Both lists are sorted by (indicator, item), so one walk over both finds what differs.
fn changed(cells: &[Cell], snapshot: &Snapshot) -> Vec<Change> {
    let mut before = snapshot.observations.iter().peekable();
    let mut after = cells.iter().map(|cell| &cell.observation).peekable();
    let mut changes = Vec::new();
    loop {
        let (old, new) = match (before.peek(), after.peek()) {
            (None, None) => return changes,
            (Some(_), None) => (before.next(), None),
            (None, Some(_)) => (None, after.next()),
            (Some(old), Some(new)) => match old.key().cmp(&new.key()) {
                std::cmp::Ordering::Less => (before.next(), None),
                std::cmp::Ordering::Greater => (None, after.next()),
                std::cmp::Ordering::Equal => (before.next(), after.next()),
            },
        };
        let (was, is) = (old.map(Stated::of), new.map(Stated::of));
        let Some(one) = old.or(new).filter(|_| was != is) else {
            continue;
        };
        changes.push(Change {
            indicator: one.indicator.clone(),
            item: one.item.clone(),
            before: was,
            after: is,
        });
    }
}

//! A last look before a notice goes out: what of it still holds, in words.

use std::collections::BTreeMap;

use crate::{
    code::{DatasetCode, UnitCode},
    completeness::{SlotAt, SlotState, StateCounts},
    period::Period,
};

use super::{
    Dropped, Kind, Mark, Matter, Notice, Plan, Reason, Section, Settled, Situation, judge::judge,
    words,
};

/// What became of a matter that goes out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// What is told, under the matter's own key; nothing, where nothing of it holds any more.
    pub notice: Option<Notice>,
    /// What of it is not told.
    pub dropped: Vec<Dropped>,
}

/// Puts a matter into words by the situation, and drops what has become pointless.
#[must_use]
pub fn revise(matter: &Matter, situation: &Situation, plan: &Plan) -> Revision {
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for mark in &matter.marks {
        match judge(mark, situation, plan) {
            Ok(()) => kept.push(mark.clone()),
            Err(reason) => {
                let mark = mark.clone();
                dropped.push(Dropped { mark, reason });
            }
        }
    }
    if kept.is_empty() {
        return Revision {
            notice: None,
            dropped,
        };
    }
    let matter = Matter {
        marks: kept,
        ..matter.clone()
    };
    Revision {
        notice: Some(notice(matter, situation)),
        dropped,
    }
}

impl Notice {
    /// What became of the notice's marks once it has gone out.
    #[must_use]
    pub fn settled(&self) -> Vec<(Mark, Settled)> {
        let settle = |mark: &Mark| {
            let open = self.sections.iter().any(|section| {
                let same = section.dataset == mark.dataset && section.period == mark.period;
                same && section.timely_until_ms == mark.at_ms && section.counts.missing > 0
            });
            (mark.clone(), Settled::Told { open })
        };
        self.matter.marks.iter().map(settle).collect()
    }
}

impl Reason {
    /// Whether operations should look at it: somebody was not told who should have been.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        match self {
            Self::Stale | Self::NoContact | Self::DuePassed => true,
            Self::Accepted
            | Self::Answered
            | Self::Exempt
            | Self::DueMoved
            | Self::Superseded
            | Self::NotExpected => false,
        }
    }
}

fn notice(matter: Matter, situation: &Situation) -> Notice {
    let mut sections: BTreeMap<(DatasetCode, Period, i64), Section> = BTreeMap::new();
    for mark in &matter.marks {
        for told in told_of(mark, situation) {
            let key = (mark.dataset.clone(), mark.period, told.due_at_ms);
            let section = sections.entry(key).or_insert_with(|| Section {
                dataset: mark.dataset.clone(),
                period: mark.period,
                due_at_ms: told.due_at_ms,
                timely_until_ms: told.timely_until_ms,
                counts: StateCounts::default(),
                units: Vec::new(),
            });
            section.counts.add(told.state);
            section.units.extend(told.named);
        }
    }
    let sections: Vec<Section> = sections.into_values().collect();
    let (subject, lines) = words::words(&matter, &sections, situation);
    Notice {
        matter,
        sections,
        subject,
        lines,
    }
}

/// A slot that a mark speaks of.
struct Told {
    due_at_ms: i64,
    timely_until_ms: i64,
    state: SlotState,
    /// The unit, where it is named.
    named: Option<UnitCode>,
}

impl Told {
    fn of(at: &SlotAt, is_named: bool) -> Self {
        Self {
            due_at_ms: at.due_at_ms,
            timely_until_ms: at.timely_until_ms,
            state: at.state,
            named: is_named.then(|| at.slot.unit.clone()),
        }
    }
}

fn told_of(mark: &Mark, situation: &Situation) -> Vec<Told> {
    if let Some(slot) = mark.slot() {
        let at = situation.slot(&slot).into_iter();
        return at.map(|at| Told::of(at, true)).collect();
    }
    let Some(sheet) = situation.sheets.get(&(mark.dataset.clone(), mark.period)) else {
        return Vec::new();
    };
    let named = |at: &SlotAt| Told::of(at, at.state == SlotState::Missing);
    if mark.kind != Kind::AllIn {
        return sheet.closing_at(mark.at_ms).map(named).collect();
    }
    // All of a sheet is told as one, by its last deadline.
    let last_due_at_ms = sheet.slots.iter().map(|at| at.due_at_ms).max().unwrap_or(0);
    let whole = sheet.slots.iter().map(|at| Told {
        due_at_ms: last_due_at_ms,
        timely_until_ms: mark.at_ms,
        ..named(at)
    });
    whole.collect()
}

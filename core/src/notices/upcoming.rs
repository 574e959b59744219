//! The next instant at which something may come due by itself. What arrives may bring something sooner.

use std::collections::BTreeSet;

use jiff::civil::Time;

use crate::completeness::SlotState;

use super::{Plan, Situation, situation::last_begun};

/// The earliest instant after the situation's own.
pub(super) fn next_at_ms(situation: &Situation, plan: &Plan) -> Option<i64> {
    let now_ms = situation.as_of_ms;
    let mut next: Option<i64> = None;
    let mut consider = |at_ms: i64| {
        if at_ms > now_ms && next.is_none_or(|next| at_ms < next) {
            next = Some(at_ms);
        }
    };
    // Deadlines are few, slots are many.
    let (mut closing, mut pending, mut missing) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for at in situation.slots() {
        closing.insert(at.timely_until_ms);
        match at.state {
            SlotState::Pending => _ = pending.insert(at.due_at_ms),
            SlotState::Missing => _ = missing.insert(at.timely_until_ms),
            SlotState::Timely | SlotState::Late | SlotState::Exempt => {}
        }
    }
    for due_at_ms in pending {
        for lead in &plan.reminders_ms {
            consider(plan.reminder_at_ms(*lead, due_at_ms));
        }
    }
    for closes_at_ms in closing {
        // What is handed in at this instant itself is in time.
        consider(closes_at_ms.saturating_add(1));
    }
    for closed_at_ms in missing {
        for delay in &plan.escalations_ms {
            consider(closed_at_ms.saturating_add(*delay));
        }
    }
    for returned_at_ms in situation.returned.values() {
        if let Some(delay) = plan.returned_ms {
            consider(returned_at_ms.saturating_add(delay));
        }
    }
    next_periods(situation, plan).for_each(consider);
    next
}

/// When the next period of each dataset begins, and its slots with it.
fn next_periods(situation: &Situation, plan: &Plan) -> impl Iterator<Item = i64> {
    let datasets = situation.catalogue.datasets().iter();
    datasets
        .filter(|dataset| plan.covers(dataset.code()))
        .filter_map(|dataset| {
            let last = last_begun(dataset, situation.as_of_ms)?;
            let next = last.plus(1)?.max(dataset.first_period());
            // Parts of the year that are not reported are passed over.
            let mut next = std::iter::successors(Some(next), |period| period.plus(1)).take(12);
            let next = next.find(|next| dataset.covers(*next))?;
            let start = next.first_day().to_datetime(Time::midnight());
            let start = dataset.deadline().zone().to_timestamp(start).ok()?;
            Some(start.as_millisecond())
        })
}

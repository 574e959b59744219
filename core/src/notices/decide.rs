//! What an instant brings: every mark that has come due and is not settled, gathered into matters by recipient.

use std::collections::BTreeMap;

use crate::{
    code::DatasetCode,
    completeness::{SlotAt, SlotState},
    period::Period,
};

use super::{
    Audience, Audiences, Decision, Dropped, History, Kind, Mark, Matter, Plan, Reason, Recipient,
    Sheet, Situation, judge::judge, upcoming::next_at_ms,
};

/// What is told in one message: kind, offset, recipient and instant. Returned reports of one recipient go together, whenever
/// each of them was returned.
type Together = (Kind, i64, Recipient, i64);

/// Says what has come due at the situation's instant, what of it is pointless, and when to ask again.
#[must_use]
pub fn decide(situation: &Situation, plan: &Plan, history: &History) -> Decision {
    let mut together: BTreeMap<Together, Vec<Mark>> = BTreeMap::new();
    let mut dropped = Vec::new();
    for mark in due_marks(situation, plan, history) {
        if history.get(&mark).is_some() || is_past(&mark, situation.as_of_ms, plan) {
            continue;
        }
        match admit(&mark, situation, plan) {
            Ok(recipient) => {
                let at_ms = if mark.kind == Kind::Returned {
                    0
                } else {
                    mark.at_ms
                };
                let key = (mark.kind, mark.offset_ms, recipient, at_ms);
                together.entry(key).or_default().push(mark);
            }
            Err(reason) => dropped.push(Dropped { mark, reason }),
        }
    }
    let not_before_ms = plan.not_before_ms(situation.as_of_ms);
    let matter = |((kind, offset_ms, recipient, _), marks)| {
        Matter::new((kind, offset_ms), recipient, marks, not_before_ms)
    };
    Decision {
        matters: together.into_iter().map(matter).collect(),
        dropped,
        next_at_ms: next_at_ms(situation, plan),
    }
}

/// Whether a mark is about the time before notices were switched on, or older than the memory reaches.
fn is_past(mark: &Mark, now_ms: i64, plan: &Plan) -> bool {
    let is_before = match mark.kind {
        Kind::Summary | Kind::Escalation | Kind::Returned => mark.at_ms < plan.since_ms,
        // A reminder looks ahead, and that all is in follows what was told.
        Kind::Reminder | Kind::AllIn => false,
    };
    is_before || mark.at_ms < plan.memory_ms(now_ms)
}

/// Who gets a mark that has come due.
fn admit(mark: &Mark, situation: &Situation, plan: &Plan) -> Result<Recipient, Reason> {
    judge(mark, situation, plan)?;
    let now_ms = situation.as_of_ms;
    match mark.kind {
        Kind::Reminder if plan.not_before_ms(now_ms) >= mark.at_ms => {
            return Err(Reason::DuePassed);
        }
        Kind::Reminder | Kind::AllIn => {}
        Kind::Summary | Kind::Escalation | Kind::Returned => {
            let time_ms = mark.at_ms.saturating_add(mark.offset_ms);
            if time_ms.saturating_add(plan.stale_ms) < now_ms {
                return Err(Reason::Stale);
            }
        }
    }
    match (&mark.audience, &mark.unit) {
        (Audience::Operations, _) => Ok(Recipient::Operations),
        (Audience::Department(code), _) => Ok(Recipient::Department(code.clone())),
        (Audience::Units, Some(unit)) => plan
            .recipient(&situation.catalogue, unit, situation.today())
            .ok_or(Reason::NoContact),
        (Audience::Units, None) => Err(Reason::NoContact),
    }
}

/// Every mark that has come due, told or not.
fn due_marks(situation: &Situation, plan: &Plan, history: &History) -> Vec<Mark> {
    let mut marks = Vec::new();
    for at in situation.slots() {
        slot_marks(at, situation, plan, &mut marks);
    }
    let told_missing = history.told_missing();
    for ((dataset, period), sheet) in &situation.sheets {
        let about = |kind, offset_ms, at_ms| SheetMark {
            dataset,
            period: *period,
            kind,
            offset_ms,
            at_ms,
        };
        for (closed_at_ms, has_missing) in closed(sheet, situation.as_of_ms) {
            about(Kind::Summary, 0, closed_at_ms).spread(situation, plan, &mut marks);
            let delay = plan.escalation_due(closed_at_ms, situation.as_of_ms);
            if let (true, Some(delay)) = (has_missing, delay) {
                about(Kind::Escalation, delay, closed_at_ms).spread(situation, plan, &mut marks);
            }
        }
        let closing = sheet.slots.iter().map(|at| at.timely_until_ms);
        let last_closes_at_ms = closing.max().unwrap_or(0);
        let told_until_ms = last_closes_at_ms.saturating_add(plan.all_in_within_ms);
        if situation.as_of_ms <= told_until_ms && !sheet.has_open() {
            let mut all_in = Vec::new();
            about(Kind::AllIn, 0, last_closes_at_ms).spread(situation, plan, &mut all_in);
            all_in.retain(|mark| {
                told_missing.contains(&(mark.audience.clone(), dataset.clone(), *period))
            });
            marks.extend(all_in);
        }
    }
    marks
}

/// When the deadlines of a sheet that have passed, with their grace, were over, each with whether a slot is missing. Within
/// the grace nothing is missing yet, so there is nothing to tell.
fn closed(sheet: &Sheet, now_ms: i64) -> BTreeMap<i64, bool> {
    let mut closed = BTreeMap::new();
    let past = sheet.slots.iter().filter(|at| at.timely_until_ms < now_ms);
    for at in past {
        *closed.entry(at.timely_until_ms).or_insert(false) |= at.state == SlotState::Missing;
    }
    closed
}

/// The marks about one slot.
fn slot_marks(at: &SlotAt, situation: &Situation, plan: &Plan, marks: &mut Vec<Mark>) {
    let now_ms = situation.as_of_ms;
    let mark = |kind, offset_ms, audience, at_ms| Mark {
        kind,
        offset_ms,
        audience,
        dataset: at.slot.dataset.clone(),
        period: at.slot.period,
        unit: Some(at.slot.unit.clone()),
        at_ms,
    };
    if at.state == SlotState::Pending
        && let Some(lead) = plan.reminder_due(at.due_at_ms, now_ms)
    {
        marks.push(mark(Kind::Reminder, lead, Audience::Units, at.due_at_ms));
    }
    if at.state == SlotState::Missing
        && plan.escalation.units
        && let Some(delay) = plan.escalation_due(at.timely_until_ms, now_ms)
    {
        let (units, closed_at_ms) = (Audience::Units, at.timely_until_ms);
        marks.push(mark(Kind::Escalation, delay, units, closed_at_ms));
    }
    let returned = situation.returned.get(&at.slot).zip(plan.returned_ms);
    if let Some((returned_at_ms, delay)) = returned
        && returned_at_ms.saturating_add(delay) <= now_ms
    {
        let to = [
            (plan.returned.units, Audience::Units),
            (
                plan.returned.operations && plan.has_operations,
                Audience::Operations,
            ),
        ];
        let wanted = to.into_iter().filter(|(is_wanted, _)| *is_wanted);
        marks.extend(wanted.map(|(_, to)| mark(Kind::Returned, delay, to, *returned_at_ms)));
    }
}

/// A mark about a whole sheet, whoever is told.
struct SheetMark<'a> {
    dataset: &'a DatasetCode,
    period: Period,
    kind: Kind,
    offset_ms: i64,
    at_ms: i64,
}

impl SheetMark<'_> {
    /// One mark for operations and for each department that is told.
    fn spread(&self, situation: &Situation, plan: &Plan, marks: &mut Vec<Mark>) {
        let Audiences {
            units: _,
            departments,
            operations,
        } = plan.audiences(self.kind);
        let mut audiences = Vec::new();
        if operations && plan.has_operations {
            audiences.push(Audience::Operations);
        }
        if departments {
            let codes = plan.departments(&situation.catalogue, self.dataset);
            audiences.extend(codes.into_iter().map(Audience::Department));
        }
        marks.extend(audiences.into_iter().map(|audience| Mark {
            kind: self.kind,
            offset_ms: self.offset_ms,
            audience,
            dataset: self.dataset.clone(),
            period: self.period,
            unit: None,
            at_ms: self.at_ms,
        }));
    }
}

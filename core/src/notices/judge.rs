//! Whether a mark is still worth telling, by the slots as they are.

use crate::completeness::{SlotAt, SlotState};

use super::{Kind, Mark, Plan, Reason, Sheet, Situation};

/// Whether a mark that has come due is worth telling.
///
/// # Errors
/// Why it is not.
pub(super) fn judge(mark: &Mark, situation: &Situation, plan: &Plan) -> Result<(), Reason> {
    if let Some(slot) = mark.slot() {
        let at = situation.slot(&slot).ok_or(Reason::NotExpected)?;
        return about_slot(mark, at, situation, plan);
    }
    let sheet = situation.sheets.get(&(mark.dataset.clone(), mark.period));
    about_sheet(mark, sheet.ok_or(Reason::NotExpected)?, situation, plan)
}

fn about_slot(mark: &Mark, at: &SlotAt, situation: &Situation, plan: &Plan) -> Result<(), Reason> {
    match at.state {
        SlotState::Exempt => return Err(Reason::Exempt),
        SlotState::Timely | SlotState::Late => return Err(Reason::Accepted),
        SlotState::Pending | SlotState::Missing => {}
    }
    let now_ms = situation.as_of_ms;
    match mark.kind {
        Kind::Reminder if at.due_at_ms != mark.at_ms => Err(Reason::DueMoved),
        // The grace is no second deadline: whoever uses it has been reminded.
        Kind::Reminder if at.due_at_ms < now_ms => Err(Reason::DuePassed),
        Kind::Reminder => {
            let lead = plan.reminder_due(at.due_at_ms, now_ms);
            not_superseded(lead.is_some_and(|lead| lead < mark.offset_ms))
        }
        Kind::Escalation if at.timely_until_ms != mark.at_ms => Err(Reason::DueMoved),
        Kind::Escalation => {
            let delay = plan.escalation_due(at.timely_until_ms, now_ms);
            not_superseded(delay.is_some_and(|delay| delay > mark.offset_ms))
        }
        Kind::Returned if situation.returned.get(&at.slot) == Some(&mark.at_ms) => Ok(()),
        Kind::Returned => Err(Reason::Answered),
        Kind::Summary | Kind::AllIn => Ok(()),
    }
}

fn about_sheet(
    mark: &Mark,
    sheet: &Sheet,
    situation: &Situation,
    plan: &Plan,
) -> Result<(), Reason> {
    let mut group = sheet.closing_at(mark.at_ms).peekable();
    match mark.kind {
        Kind::AllIn => return not_superseded(sheet.has_open()),
        Kind::Summary | Kind::Escalation | Kind::Reminder | Kind::Returned => {}
    }
    if group.peek().is_none() {
        return Err(Reason::DueMoved);
    }
    match mark.kind {
        Kind::Escalation => {
            if !group.any(|at| at.state == SlotState::Missing) {
                return Err(Reason::Accepted);
            }
            let delay = plan.escalation_due(mark.at_ms, situation.as_of_ms);
            not_superseded(delay.is_some_and(|delay| delay > mark.offset_ms))
        }
        Kind::Summary | Kind::Reminder | Kind::Returned | Kind::AllIn => Ok(()),
    }
}

const fn not_superseded(is_superseded: bool) -> Result<(), Reason> {
    if is_superseded {
        Err(Reason::Superseded)
    } else {
        Ok(())
    }
}

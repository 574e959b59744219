//! What would be told between two instants, without telling it: the same decisions, on a board that does not change.
//!
//! For the past that is what would have been told; for the future it is what will be told if nothing more arrives.

use super::{Dropped, History, Matter, Notice, Plan, Settled, Situation, decide, revise};

/// One thing that would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// When.
    pub at_ms: i64,
    /// What.
    pub what: Foresight,
}

/// A notice, or one that is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// It would go out.
    Told(Box<Notice>),
    /// It would not.
    NotTold(Dropped),
}

/// Follows the plan from one instant to another, both included; what came due before the first is told at the first, as far
/// as it still matters. It looks whenever something may come due by itself, and at the instants `changes`, where the
/// situation may have become another.
///
/// # Errors
/// Those of `situation_at`.
pub fn foresee<E>(
    plan: &Plan,
    (from_ms, until_ms): (i64, i64),
    changes: &[i64],
    situation_at: impl Fn(i64) -> Result<Situation, E>,
) -> Result<Vec<Foreseen>, E> {
    let (mut history, mut waiting) = (History::default(), Vec::<Matter>::new());
    let mut foreseen = Vec::new();
    let (mut plan, mut now_ms) = (plan.clone(), from_ms);
    loop {
        let situation = situation_at(now_ms)?;
        plan.follow(&situation.catalogue);
        let decision = decide(&situation, &plan, &history);
        for matter in decision.matters {
            for mark in &matter.marks {
                history.settle(mark.clone(), Settled::Waiting);
            }
            waiting.push(matter);
        }
        let mut dropped = decision.dropped;
        let (ready, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|m| m.not_before_ms <= now_ms);
        waiting = later;
        for matter in ready {
            let revision = revise(&matter, &situation, &plan);
            dropped.extend(revision.dropped);
            if let Some(notice) = revision.notice {
                for (mark, settled) in notice.settled() {
                    history.settle(mark, settled);
                }
                let what = Foresight::Told(Box::new(notice));
                foreseen.push(Foreseen {
                    at_ms: now_ms,
                    what,
                });
            }
        }
        for dropped in dropped {
            history.settle(dropped.mark.clone(), Settled::Dropped);
            let what = Foresight::NotTold(dropped);
            foreseen.push(Foreseen {
                at_ms: now_ms,
                what,
            });
        }
        let waits = waiting.iter().map(|matter| matter.not_before_ms);
        let changes = changes.iter().copied().filter(|at_ms| *at_ms > now_ms);
        let next = waits.chain(changes).chain(decision.next_at_ms).min();
        match next.filter(|next| *next <= until_ms) {
            Some(next) => now_ms = next,
            None => return Ok(foreseen),
        }
    }
}

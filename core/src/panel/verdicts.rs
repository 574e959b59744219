//! Edits judged over all records of a panel.

use std::{collections::BTreeSet, panic::resume_unwind, thread};

use super::{
    Panel, Rollups,
    bits::{Bits, WORD, ones},
    cells::{Elsewhere, Row},
    plan::{Plan, Unbound, bind},
    run::{self, Scene, Scratch},
};
use crate::edits::{Edit, Truth};

/// What an edit says about every record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts {
    /// The rows that it checks: there is a record, and the edit's scope holds it.
    pub judged: Bits,
    /// Rows whose verdict is true or false.
    pub decided: Bits,
    /// Rows whose verdict is true.
    pub holds: Bits,
}

/// How many records an edit finds how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// True.
    pub passed: usize,
    /// False.
    pub failed: usize,
    /// Undecided.
    pub undecided: usize,
}

impl Verdicts {
    /// How often each verdict is given.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (judged, decided) = (self.judged.count(), self.decided.count());
        let passed = self.holds.count();
        Counts {
            passed,
            failed: decided - passed,
            undecided: judged - decided,
        }
    }

    /// The verdict on a row; `None` where the edit does not check it.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<Truth> {
        let truth = match (self.decided.get(row), self.holds.get(row)) {
            (false, _) => Truth::Undecided,
            (true, false) => Truth::False,
            (true, true) => Truth::True,
        };
        self.judged.get(row).then_some(truth)
    }

    /// The rows without a true verdict, ascending, and whether it is false or undecided.
    pub fn not_true(&self) -> impl Iterator<Item = (usize, Truth)> {
        let words = self.judged.words().iter().zip(self.holds.words()).enumerate();
        let rows = words.flat_map(|(at, (judged, holds))| {
            ones(judged & !holds).map(move |bit| at * WORD + bit)
        });
        rows.filter_map(|row| Some((row, self.get(row)?)))
    }
}

impl Edit {
    /// The verdicts on all records of a panel, by columns wherever that is possible. They are those of [`Edit::evaluate`].
    #[must_use]
    pub fn evaluate_columns(&self, panel: &Panel, elsewhere: &dyn Elsewhere) -> Verdicts {
        let none = || Verdicts {
            judged: Bits::new(panel.layout().words()),
            decided: Bits::new(panel.layout().words()),
            holds: Bits::new(panel.layout().words()),
        };
        panel.judge(&[self], elsewhere, 1).pop().unwrap_or_else(none)
    }
}

impl Panel {
    /// The verdicts of edits on all records, computed by so many threads; one for each edit, in their order.
    #[must_use]
    pub fn judge(
        &self,
        edits: &[&Edit],
        elsewhere: &dyn Elsewhere,
        threads: usize,
    ) -> Vec<Verdicts> {
        let rollups = self.sums_for(edits);
        let scene = Scene {
            panel: self,
            rollups: &rollups,
        };
        let judges = edits.iter().map(|edit| Judge::new(edit, scene, elsewhere));
        let judges: Vec<Judge<'_>> = judges.collect();
        let periods = self.layout().periods().len();
        let share = periods.div_ceil(threads.clamp(1, periods.max(1))).max(1);
        let parts = (0..periods).step_by(share).map(|first| first..(first + share).min(periods));
        let work = |part: std::ops::Range<usize>| judge_periods(&judges, self, part);
        let mut parts = parts.collect::<Vec<_>>().into_iter();
        let first = parts.next();
        let found: Vec<Vec<[Vec<u64>; 2]>> = thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
            let mut found: Vec<_> = first.map(work).into_iter().collect();
            let joined = others.into_iter().map(thread::ScopedJoinHandle::join);
            found.extend(joined.map(|part| part.unwrap_or_else(|panic| resume_unwind(panic))));
            found
        });
        let mut verdicts: Vec<Verdicts> = judges.into_iter().map(Judge::into_verdicts).collect();
        let mut at = 0;
        for part in found {
            let mut words = 0;
            for (verdict, [decided, holds]) in verdicts.iter_mut().zip(part) {
                words = decided.len();
                verdict.decided.words_mut()[at..at + words].copy_from_slice(&decided);
                verdict.holds.words_mut()[at..at + words].copy_from_slice(&holds);
            }
            at += words;
        }
        verdicts
    }

    /// The sums over children that these edits ask for.
    pub(super) fn sums_for(&self, edits: &[&Edit]) -> Rollups {
        let columns = edits.iter().flat_map(|edit| edit.rollups());
        let columns = columns.filter_map(|indicator| self.indicator(indicator));
        Rollups::of(self, columns.collect::<BTreeSet<_>>().into_iter())
    }

    /// The rows that an edit checks.
    pub(super) fn rows_of(&self, edit: &Edit) -> Bits {
        let mut rows = self.present.clone();
        let per_period = self.layout().words_per_period();
        let units = edit.scope().units.as_ref().map(|units| {
            let mut bits = Bits::new(per_period);
            for place in units.iter().filter_map(|unit| self.layout().unit(unit)) {
                bits.set(place, true);
            }
            bits
        });
        let periods = rows.words_mut().chunks_mut(per_period.max(1));
        for (period, words) in self.layout().periods().iter().zip(periods) {
            if !edit.scope().holds_period(*period) {
                words.fill(0);
            }
            if let Some(units) = &units {
                for (word, units) in words.iter_mut().zip(units.words()) {
                    *word &= units;
                }
            }
        }
        rows
    }
}

/// An edit that is ready for the rows of a panel.
struct Judge<'a> {
    edit: &'a Edit,
    plan: Result<Plan, Unbound>,
    scene: Scene<'a>,
    elsewhere: &'a dyn Elsewhere,
    rows: Bits,
}

/// The words of `decided` and `holds` of each judge, over some periods. Period by period and stretch by stretch, so that a figure
/// that one edit has brought near is still there for the next.
fn judge_periods(
    judges: &[Judge<'_>],
    panel: &Panel,
    periods: std::ops::Range<usize>,
) -> Vec<[Vec<u64>; 2]> {
    let per_period = panel.layout().words_per_period();
    let words = per_period * periods.len();
    let mut found: Vec<[Vec<u64>; 2]> = judges.iter().map(|_| [vec![0; words], vec![0; words]]).collect();
    let mut scratch = Scratch::default();
    for (nth, period) in periods.enumerate() {
        for first in (0..per_period).step_by(run::chunk_words()) {
            let count = run::chunk_words().min(per_period - first);
            let (from, to) = (period * per_period + first, nth * per_period + first);
            for (judge, [decided, holds]) in judges.iter().zip(&mut found) {
                let open = &judge.rows.words()[from..from + count];
                if open.iter().all(|word| *word == 0) {
                    continue;
                }
                let out = [&mut decided[to..to + count], &mut holds[to..to + count]];
                judge.stretch(period, first, open, out, &mut scratch);
            }
        }
    }
    found
}

impl<'a> Judge<'a> {
    fn new(edit: &'a Edit, scene: Scene<'a>, elsewhere: &'a dyn Elsewhere) -> Self {
        Self {
            plan: bind(edit, scene.panel, scene.rollups),
            rows: scene.panel.rows_of(edit),
            edit,
            scene,
            elsewhere,
        }
    }

    fn stretch(
        &self,
        period: usize,
        first_word: usize,
        open: &[u64],
        [decided, holds]: [&mut [u64]; 2],
        scratch: &mut Scratch,
    ) {
        let Ok(plan) = &self.plan else {
            self.row_by_row(period, first_word, open, [decided, holds]);
            return;
        };
        let truths = run::stretch(self.scene, plan, period, first_word, open, scratch);
        for (at, open) in open.iter().enumerate() {
            decided[at] = truths.decided[at] & open;
            holds[at] = truths.holds[at] & open;
        }
    }

    fn row_by_row(
        &self,
        period: usize,
        first_word: usize,
        open: &[u64],
        [decided, holds]: [&mut [u64]; 2],
    ) {
        for (at, word) in open.iter().enumerate() {
            for bit in ones(*word) {
                let row = Row {
                    panel: self.scene.panel,
                    rollups: self.scene.rollups,
                    elsewhere: self.elsewhere,
                    unit: (first_word + at) * WORD + bit,
                    period,
                };
                let truth = self.edit.program().truth(&row);
                decided[at] |= u64::from(truth != Truth::Undecided) << bit;
                holds[at] |= u64::from(truth == Truth::True) << bit;
            }
        }
    }

    fn into_verdicts(self) -> Verdicts {
        let words = self.rows.words().len();
        Verdicts {
            judged: self.rows,
            decided: Bits::new(words),
            holds: Bits::new(words),
        }
    }
}

//! A plan run over some rows of one period.
//!
//! Truths are two bitmaps, so the connectives are a few instructions for 64 rows, and missing figures cost nothing: they count as
//! zero in the sums, and their rows are undecided afterwards. Each statement is asked only about the rows whose outcome still hangs
//! on it; where few are left of a stretch, these are picked out and asked by themselves.

mod figures;
mod kernels;
mod view;

use self::view::{Picked, Stretch, View};
use super::{
    Panel, Rollups,
    bits::WORD,
    plan::{Needs, Plan, Statement, Test},
};
use crate::edits::{MissingStrategy, RollupMode, Source, Truth};

pub(super) use self::figures::Scratch;

/// How many words of rows are looked at together: few enough that what is computed on the way stays in the nearest cache.
pub(super) const CHUNK_WORDS: usize = 16;
/// How many rows that is.
const CHUNK: usize = CHUNK_WORDS * WORD;

type Words = [u64; CHUNK_WORDS];

/// Truths of rows: where it is decided, and where it is true; true is a part of decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truths {
    pub(super) decided: Words,
    pub(super) holds: Words,
}

/// What all runs over a panel share.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) panel: &'a Panel,
    pub(super) rollups: &'a Rollups,
}

/// Runs a plan over the rows of a period that are set in `open`, which are words of the period's bitmap from `first_word` on.
pub(super) fn stretch(
    scene: Scene<'_>,
    plan: &Plan,
    period: usize,
    first_word: usize,
    open: &[u64],
    scratch: &mut Scratch,
) -> Truths {
    let words = open.len().min(CHUNK_WORDS);
    let view = Stretch { first_word, words };
    let mut all = [0; CHUNK_WORDS];
    all[..words].copy_from_slice(&open[..words]);
    Run::new(scene, plan, period, view, scratch).verdicts(&all)
}

/// Runs a plan over one row.
pub(super) fn single(
    scene: Scene<'_>,
    plan: &Plan,
    unit: usize,
    period: usize,
    scratch: &mut Scratch,
) -> Truth {
    let view = Picked::new(std::iter::once(unit as u32));
    let mut open = [0; CHUNK_WORDS];
    open[0] = 1;
    let truths = Run::new(scene, plan, period, view, scratch).verdicts(&open);
    match (truths.decided[0] & 1, truths.holds[0] & 1) {
        (0, _) => Truth::Undecided,
        (_, 0) => Truth::False,
        (_, _) => Truth::True,
    }
}

struct Run<'a, 's, V> {
    scene: Scene<'a>,
    plan: &'a Plan,
    period: usize,
    view: V,
    scratch: &'s mut Scratch,
}

impl Truths {
    const UNDECIDED: Self = Self {
        decided: [0; CHUNK_WORDS],
        holds: [0; CHUNK_WORDS],
    };

    const fn fixed(truth: Truth) -> Self {
        const ALL: Words = [u64::MAX; CHUNK_WORDS];
        match truth {
            Truth::True => Self {
                decided: ALL,
                holds: ALL,
            },
            Truth::False => Self {
                decided: ALL,
                ..Self::UNDECIDED
            },
            Truth::Undecided => Self::UNDECIDED,
        }
    }

    fn zip(&mut self, other: &Self, words: usize, op: impl Fn([u64; 4]) -> [u64; 2]) {
        for at in 0..words.min(CHUNK_WORDS) {
            let sides = [
                self.decided[at],
                self.holds[at],
                other.decided[at],
                other.holds[at],
            ];
            [self.decided[at], self.holds[at]] = op(sides);
        }
    }

    /// False where one is false, true where both are true.
    fn and(&mut self, other: &Self, words: usize) {
        self.zip(other, words, |[d, h, e, k]| {
            [d & !h | e & !k | h & k, h & k]
        });
    }

    /// True where one is true, false where both are false.
    fn or(&mut self, other: &Self, words: usize) {
        self.zip(other, words, |[d, h, e, k]| [h | k | d & e, h | k]);
    }

    fn xor(&mut self, other: &Self, words: usize) {
        self.zip(other, words, |[d, h, e, k]| [d & e, (h ^ k) & d & e]);
    }

    fn negate(&mut self, words: usize) {
        for at in 0..words.min(CHUNK_WORDS) {
            self.holds[at] = self.decided[at] & !self.holds[at];
        }
    }

    /// Takes the other where it is not true.
    fn otherwise(&mut self, then: &Self, other: &Self, words: usize) {
        for at in 0..words.min(CHUNK_WORDS) {
            let yes = self.holds[at];
            self.decided[at] = yes & then.decided[at] | !yes & other.decided[at];
            self.holds[at] = yes & then.holds[at] | !yes & other.holds[at];
        }
    }
}

impl<'a, 's, V: View> Run<'a, 's, V> {
    const fn new(
        scene: Scene<'a>,
        plan: &'a Plan,
        period: usize,
        view: V,
        scratch: &'s mut Scratch,
    ) -> Self {
        Self {
            scene,
            plan,
            period,
            view,
            scratch,
        }
    }

    fn words(&self) -> usize {
        self.view.words()
    }

    /// The statement at the top, and whether a verdict is given at all.
    fn verdicts(&mut self, open: &Words) -> Truths {
        let mut truths = self.statement(self.plan.root, open);
        if self.plan.missing != MissingStrategy::ThreeValued || self.plan.mode.asks_for_figures() {
            let given = self.given();
            for (at, given) in given.iter().enumerate() {
                truths.decided[at] &= given;
                truths.holds[at] &= given;
            }
        }
        truths
    }

    /// Where the missing-value strategy and the roll-up mode let a verdict be given.
    fn given(&mut self) -> Words {
        let (mut all, mut any) = ([u64::MAX; CHUNK_WORDS], [0; CHUNK_WORDS]);
        let (mut found, mut not_zero) = ([0; CHUNK_WORDS], [0; CHUNK_WORDS]);
        for slot in 0..self.plan.slots.len() {
            for at in 0..self.words() {
                let known = self.known(slot, at);
                all[at] &= known;
                any[at] |= known;
                found[at] |= self.found(slot, at);
            }
            if self.plan.mode == RollupMode::NonZero {
                let nonzero = self.is_not_zero(slot);
                for at in 0..self.words() {
                    not_zero[at] |= nonzero[at] & self.known(slot, at);
                }
            }
        }
        let by_strategy = match self.plan.missing {
            MissingStrategy::ThreeValued | MissingStrategy::NeverSkip => [u64::MAX; CHUNK_WORDS],
            MissingStrategy::SkipIfAny => all,
            MissingStrategy::SkipIfAll => any,
        };
        let by_mode = match self.plan.mode {
            RollupMode::NonZero => not_zero,
            RollupMode::PartialZero => found,
            RollupMode::NonNull
            | RollupMode::PartialNull
            | RollupMode::AlwaysNull
            | RollupMode::AlwaysZero => [u64::MAX; CHUNK_WORDS],
        };
        std::array::from_fn(|at| by_strategy[at] & by_mode[at])
    }

    /// Where the figure of a slot is known.
    fn known(&self, slot: usize, word: usize) -> u64 {
        let (panel, (source, column)) = (self.scene.panel, self.plan.slots[slot]);
        match source {
            Source::Children => {
                let Some(sums) = self.scene.rollups.get(column) else {
                    return 0;
                };
                let bits = if self.plan.mode.wants_all_children() {
                    &sums.complete
                } else {
                    &sums.summed
                };
                self.view.bits(panel, bits.words(), self.period, word)
            }
            Source::Own | Source::Lag(_) | Source::YearAgo => {
                let Some(period) = self.period_of(source) else {
                    return 0;
                };
                let known = panel.column(column).known.words();
                self.view.bits(panel, known, period, word)
            }
            Source::YearToDate => self.year().map_or(0, |year| {
                let known = panel.column(column).known.words();
                let mut words = year.map(|period| self.view.bits(panel, known, period, word));
                words
                    .try_fold(u64::MAX, |all, one| (all & one != 0).then_some(all & one))
                    .unwrap_or(0)
            }),
        }
    }

    /// Where there is a figure behind a slot, be it only a part of a sum.
    fn found(&self, slot: usize, word: usize) -> u64 {
        let (source, column) = self.plan.slots[slot];
        match (source, self.scene.rollups.get(column)) {
            (Source::Children, Some(sums)) => {
                self.view
                    .bits(self.scene.panel, sums.found.words(), self.period, word)
            }
            (
                Source::Children
                | Source::Own
                | Source::Lag(_)
                | Source::YearAgo
                | Source::YearToDate,
                _,
            ) => self.known(slot, word),
        }
    }

    /// The period that a slot looks at, where the panel has it.
    fn period_of(&self, source: Source) -> Option<usize> {
        match source {
            Source::Own | Source::Children | Source::YearToDate => Some(self.period),
            Source::Lag(count) => self.period.checked_sub(usize::from(count)),
            Source::YearAgo => {
                let layout = self.scene.panel.layout();
                layout.period(layout.periods()[self.period].year_ago()?)
            }
        }
    }

    /// The periods from the first of the year to this one, where the panel has them all.
    fn year(&self) -> Option<std::ops::RangeInclusive<usize>> {
        let number = self.scene.panel.layout().periods()[self.period].number();
        let before = usize::try_from(number).ok()?.checked_sub(1)?;
        Some(self.period.checked_sub(before)?..=self.period)
    }

    fn statement(&mut self, at: usize, open: &Words) -> Truths {
        let words = self.words();
        match &self.plan.statements[at] {
            Statement::Fixed(truth) => Truths::fixed(*truth),
            Statement::Known(needs) => {
                let mut truths = Truths::fixed(Truth::True);
                self.need(needs, &mut truths.holds, open);
                truths
            }
            Statement::Test(test) => self.test(test, open),
            Statement::Not(inner) => {
                let mut truths = self.statement(*inner, open);
                truths.negate(words);
                truths
            }
            Statement::All(parts) => self.all(parts, open),
            Statement::Any(parts) => self.any(parts, open),
            Statement::Xor(left, right) => {
                let mut truths = self.statement(*left, open);
                truths.xor(&self.statement(*right, open), words);
                truths
            }
            Statement::Pick(condition, then, otherwise) => {
                let mut truths = self.statement(*condition, open);
                let mut yes: Words = std::array::from_fn(|at| open[at] & truths.holds[at]);
                let then = self.statement_if(*then, &yes);
                for at in 0..words {
                    yes[at] = open[at] & !yes[at];
                }
                let otherwise = self.statement_if(*otherwise, &yes);
                truths.otherwise(&then, &otherwise, words);
                truths
            }
        }
    }

    /// Asks only where somebody wants to know.
    fn statement_if(&mut self, at: usize, open: &Words) -> Truths {
        if open[..self.words()].iter().all(|word| *word == 0) {
            Truths::UNDECIDED
        } else {
            self.statement(at, open)
        }
    }

    fn all(&mut self, parts: &'a [usize], open: &Words) -> Truths {
        self.chain(parts, open, Truth::True, Truths::and, |d, h| d & !h)
    }

    fn any(&mut self, parts: &'a [usize], open: &Words) -> Truths {
        self.chain(parts, open, Truth::False, Truths::or, |_, h| h)
    }

    /// Joins statements one after the other, each asked only where those before it have not `settled` the outcome.
    fn chain(
        &mut self,
        parts: &'a [usize],
        open: &Words,
        start: Truth,
        join: fn(&mut Truths, &Truths, usize),
        settled: fn(u64, u64) -> u64,
    ) -> Truths {
        let words = self.words();
        let (mut truths, mut open) = (Truths::fixed(start), *open);
        for (at, part) in parts.iter().enumerate() {
            let next = self.statement(*part, &open);
            join(&mut truths, &next, words);
            for (at, open) in open.iter_mut().enumerate() {
                *open &= !settled(truths.decided[at], truths.holds[at]);
            }
            let rest = &parts[at + 1..];
            if rest.is_empty() || open[..words].iter().all(|word| *word == 0) {
                break;
            }
            if let Some(view) = self.view.picked(&open[..words]) {
                let mut picked = [0; CHUNK_WORDS];
                picked[0] = mask(view.lanes());
                let mut run = Run::new(self.scene, self.plan, self.period, view, self.scratch);
                let found = run.chain(rest, &picked, start, join, settled);
                join(&mut truths, &scattered(&found, &open[..words]), words);
                break;
            }
        }
        truths
    }

    /// Clears the bits of `known` where what is needed is missing.
    fn need(&mut self, needs: &Needs, known: &mut Words, open: &Words) {
        if needs.never {
            *known = [0; CHUNK_WORDS];
        }
        for slot in &needs.slots {
            for (at, known) in known.iter_mut().enumerate().take(self.words()) {
                *known &= self.known(*slot, at);
            }
        }
        for node in &needs.nodes {
            let found = self.node_known(*node, open);
            for (known, found) in known.iter_mut().zip(found) {
                *known &= found;
            }
        }
    }

    fn test(&mut self, test: &'a Test, open: &Words) -> Truths {
        let mut truths = Truths::fixed(Truth::True);
        self.need(&test.form.needs, &mut truths.decided, open);
        let outside = if test.narrow {
            self.outside::<i64>(test, open)
        } else {
            self.outside::<i128>(test, open)
        };
        for (at, outside) in outside.iter().enumerate() {
            truths.holds[at] = truths.decided[at] & !outside;
        }
        truths
    }
}

/// The lowest `count` bits.
const fn mask(count: usize) -> u64 {
    if count >= WORD {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

/// Truths of picked rows, back at their places among those that were open.
fn scattered(found: &Truths, open: &[u64]) -> Truths {
    let mut truths = Truths::UNDECIDED;
    let mut lane = 0;
    for (at, word) in open.iter().enumerate() {
        for bit in super::bits::ones(*word) {
            truths.decided[at] |= (found.decided[0] >> lane & 1) << bit;
            truths.holds[at] |= (found.holds[0] >> lane & 1) << bit;
            lane += 1;
        }
    }
    truths
}

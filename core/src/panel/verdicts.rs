//! Edits judged over all records of a panel.

use std::{collections::BTreeSet, ops::Range};

use super::{
    Panel, Rollups,
    bits::{Bits, WORD, ones},
    cells::{Elsewhere, Row},
    outliers::{self, Method, Room, Screen},
    plan::{Plan, Unbound, bind},
    run::{self, Scene, Scratch},
};
use crate::{
    edits::{Edit, Scope, Truth},
    period::Period,
};

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

    pub(super) fn put(&mut self, row: usize, truth: Option<Truth>) {
        self.judged.set(row, truth.is_some());
        self.decided
            .set(row, matches!(truth, Some(Truth::True | Truth::False)));
        self.holds.set(row, truth == Some(Truth::True));
    }

    /// The rows without a true verdict, ascending, and whether it is false or undecided.
    pub fn not_true(&self) -> impl Iterator<Item = (usize, Truth)> {
        let words = self
            .judged
            .words()
            .iter()
            .zip(self.holds.words())
            .enumerate();
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
        let recheck = Recheck::new(panel, vec![self.clone()], Vec::new());
        let mut verdicts = recheck.run(panel, elsewhere, &Alone);
        verdicts.pop().unwrap_or_else(|| Verdicts::none(panel))
    }
}

/// A piece of work that hangs on no other.
pub type Piece<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Who does pieces of work: the shell has threads, the core has none.
pub trait Crew {
    /// Into how many pieces the work is to be divided.
    fn hands(&self) -> usize;
    /// Does all of them, in any order or at once, and returns when they are done.
    fn work(&self, pieces: Vec<Piece<'_>>);
}

/// One after the other.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Crew for Alone {
    fn hands(&self) -> usize {
        1
    }

    fn work(&self, pieces: Vec<Piece<'_>>) {
        for piece in pieces {
            piece();
        }
    }
}

/// Some rules, ready to judge all records of a panel: edits, then screens.
///
/// It is made for one panel and stays right while figures change; units, periods and indicators must stay the same.
#[derive(Clone, Debug)]
pub struct Recheck {
    edits: Vec<Edit>,
    screens: Vec<Screen>,
    /// Of the edits, then of the screens.
    scopes: Vec<Scoped>,
    /// The columns whose sums over children are asked for.
    summed: BTreeSet<usize>,
}

/// The records that a rule judges, as the panel counts units and periods.
#[derive(Clone, Debug)]
pub(super) struct Scoped {
    /// One bit a unit.
    pub(super) units: Bits,
    /// One a period.
    pub(super) periods: Vec<bool>,
    /// Rows that are out of scope all the same; most scopes have none.
    away: Option<Bits>,
}

impl Recheck {
    /// Prepares edits and screens for a panel. A screen of an indicator that the panel does not have is undecided everywhere.
    #[must_use]
    pub fn new(panel: &Panel, edits: Vec<Edit>, screens: Vec<Screen>) -> Self {
        let summed = edits.iter().flat_map(Edit::rollups);
        let scopes = edits.iter().map(Edit::scope);
        let scopes = scopes.chain(screens.iter().map(|screen| &screen.scope));
        Self {
            summed: summed.filter_map(|code| panel.indicator(code)).collect(),
            scopes: scopes.map(|scope| Scoped::of(scope, panel)).collect(),
            edits,
            screens,
        }
    }

    /// The edits.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The screens.
    #[must_use]
    pub fn screens(&self) -> &[Screen] {
        &self.screens
    }

    /// The verdicts on all records: one for each edit, then one for each screen.
    #[must_use]
    pub fn run(&self, panel: &Panel, elsewhere: &dyn Elsewhere, crew: &dyn Crew) -> Vec<Verdicts> {
        let rollups = self.sums(panel);
        let scene = Scene {
            panel,
            rollups: &rollups,
        };
        let judges = self.judges(scene, elsewhere);
        let mut verdicts: Vec<Verdicts> = judges.iter().map(|_| Verdicts::none(panel)).collect();
        let (layout, hands) = (panel.layout(), crew.hands().max(1));
        let share = layout.periods().len().div_ceil(hands).max(1);
        let words = layout.words_per_period().div_ceil(hands).max(1);
        let mut shares: Vec<(Vec<Part<'_>>, Vec<Found>)> = Vec::new();
        shares.resize_with(hands, Default::default);
        for verdicts in &mut verdicts {
            let parts = verdicts.parts(layout.words_per_period() * share);
            for ((own, _), part) in shares.iter_mut().zip(parts) {
                own.push(part);
            }
        }
        let pieces = shares.iter_mut().enumerate().map(|(nth, (parts, found))| {
            let nth_of =
                |size: usize, all: usize| (nth * size).min(all)..((nth + 1) * size).min(all);
            let periods = nth_of(share, layout.periods().len());
            let words = nth_of(words, layout.words_per_period());
            let judges = &judges;
            let piece: Piece<'_> = Box::new(move || {
                judge_periods(judges, panel, periods, parts);
                judge_histories(judges, panel, words, found);
            });
            piece
        });
        crew.work(pieces.collect());
        let found: Vec<Found> = shares.into_iter().flat_map(|(_, found)| found).collect();
        for found in found {
            verdicts[found.rule].put_word(found.word, found.bits);
        }
        verdicts
    }

    /// The sums over children that these edits ask for.
    pub(super) fn sums(&self, panel: &Panel) -> Rollups {
        Rollups::of(panel, self.summed.iter().copied())
    }

    /// The scopes of the edits, then of the screens.
    pub(super) fn scopes(&self) -> &[Scoped] {
        &self.scopes
    }

    fn judges<'a>(&'a self, scene: Scene<'a>, elsewhere: &'a dyn Elsewhere) -> Vec<Judge<'a>> {
        let edits = self.edits.iter().map(|edit| Rule::Edit {
            plan: bind(edit, scene.panel, scene.rollups),
            edit,
        });
        let screens = self.screens.iter().map(|screen| Rule::Screen {
            column: scene.panel.indicator(&screen.indicator),
            method: screen.method,
        });
        let rules = edits.chain(screens).zip(&self.scopes);
        let judge = |(rule, scope)| Judge {
            rule,
            scope,
            scene,
            elsewhere,
        };
        rules.map(judge).collect()
    }
}

impl Scoped {
    /// Whether the row is out of scope though its unit and its period are in it.
    pub(super) fn is_away(&self, row: usize) -> bool {
        self.away.as_ref().is_some_and(|away| away.get(row))
    }

    fn of(scope: &Scope, panel: &Panel) -> Self {
        let layout = panel.layout();
        let mut units = Bits::new(layout.words_per_period());
        match &scope.units {
            Some(scope) => {
                for place in scope.iter().filter_map(|unit| layout.unit(unit)) {
                    units.set(place, true);
                }
            }
            None => units.words_mut().fill(u64::MAX),
        }
        let in_force = |period: &Period| scope.holds_period(*period);
        Self {
            away: away(scope, panel),
            units,
            periods: layout.periods().iter().map(in_force).collect(),
        }
    }
}

/// The rows of units that do not belong to a scope in that period, though they do in others.
fn away(scope: &Scope, panel: &Panel) -> Option<Bits> {
    if scope.moves.is_empty() {
        return None;
    }
    let layout = panel.layout();
    let mut away = Bits::new(layout.words());
    for unit in scope.moves.keys() {
        let Some(place) = layout.unit(unit) else {
            continue;
        };
        for (at, period) in layout.periods().iter().enumerate() {
            away.set(layout.row(place, at), !scope.holds(unit, *period));
        }
    }
    Some(away)
}

/// A rule that is ready for the rows of a panel.
struct Judge<'a> {
    rule: Rule<'a>,
    scope: &'a Scoped,
    scene: Scene<'a>,
    elsewhere: &'a dyn Elsewhere,
}

enum Rule<'a> {
    Edit {
        edit: &'a Edit,
        plan: Result<Plan, Unbound>,
    },
    Screen {
        column: Option<usize>,
        method: Method,
    },
}

/// What a screen of histories has found about 64 units in a period.
struct Found {
    rule: usize,
    word: usize,
    bits: [u64; 2],
}

/// The words of one edit's verdicts for some periods.
struct Part<'a> {
    judged: &'a mut [u64],
    decided: &'a mut [u64],
    holds: &'a mut [u64],
}

impl Verdicts {
    fn none(panel: &Panel) -> Self {
        let bits = || Bits::new(panel.layout().words());
        Self {
            judged: bits(),
            decided: bits(),
            holds: bits(),
        }
    }

    /// Enters words of `decided` and `holds`.
    fn put_word(&mut self, word: usize, [decided, holds]: [u64; 2]) {
        let judged = self.judged.words()[word];
        self.decided.words_mut()[word] = decided & judged;
        self.holds.words_mut()[word] = holds & judged;
    }

    /// The words in parts of `len`.
    fn parts(&mut self, len: usize) -> impl Iterator<Item = Part<'_>> {
        let len = len.max(1);
        let judged = self.judged.words_mut().chunks_mut(len);
        let decided = self.decided.words_mut().chunks_mut(len);
        let holds = self.holds.words_mut().chunks_mut(len);
        judged
            .zip(decided)
            .zip(holds)
            .map(|((judged, decided), holds)| Part {
                judged,
                decided,
                holds,
            })
    }
}

/// Judges some periods. Period by period and stretch by stretch, so that a figure that one edit has brought near is still there
/// for the next.
fn judge_periods(
    judges: &[Judge<'_>],
    panel: &Panel,
    periods: Range<usize>,
    parts: &mut [Part<'_>],
) {
    let per_period = panel.layout().words_per_period();
    let (mut scratch, mut room) = (Scratch::default(), Room::default());
    for (nth, period) in periods.enumerate() {
        for first in (0..per_period).step_by(run::CHUNK_WORDS) {
            let count = run::CHUNK_WORDS.min(per_period - first);
            let to = nth * per_period + first;
            for (judge, part) in judges.iter().zip(&mut *parts) {
                let part = Part {
                    judged: &mut part.judged[to..to + count],
                    decided: &mut part.decided[to..to + count],
                    holds: &mut part.holds[to..to + count],
                };
                judge.stretch(period, first, part, &mut scratch);
            }
        }
        for (judge, part) in judges.iter().zip(&mut *parts) {
            let all = nth * per_period..(nth + 1) * per_period;
            let out = [&mut part.decided[all.clone()], &mut part.holds[all.clone()]];
            judge.change(period, &part.judged[all], out, &mut room);
        }
    }
}

/// Runs the screens that compare a unit with its past, for some words of units.
fn judge_histories(
    judges: &[Judge<'_>],
    panel: &Panel,
    words: Range<usize>,
    found: &mut Vec<Found>,
) {
    let mut room = Room::default();
    for (rule, judge) in judges.iter().enumerate() {
        if let Rule::Screen {
            column: Some(column),
            method: Method::History(parameters),
        } = judge.rule
        {
            let of_scope = |word: &usize| judge.scope.units.words()[*word] != 0;
            for word in words.clone().filter(of_scope) {
                outliers::histories(
                    panel,
                    column,
                    &parameters,
                    word,
                    &mut room,
                    |period, bits| {
                        let word = period * panel.layout().words_per_period() + word;
                        found.push(Found { rule, word, bits });
                    },
                );
            }
        }
    }
}

impl Judge<'_> {
    fn stretch(&self, period: usize, first_word: usize, part: Part<'_>, scratch: &mut Scratch) {
        let from = period * self.scene.panel.layout().words_per_period() + first_word;
        let present = &self.scene.panel.present.words()[from..];
        let units = &self.scope.units.words()[first_word..];
        if self.scope.periods[period] {
            for ((judged, present), units) in part.judged.iter_mut().zip(present).zip(units) {
                *judged = present & units;
            }
            let away = self.scope.away.as_ref();
            let away = away.map_or(&[][..], |away| &away.words()[from..]);
            for (judged, away) in part.judged.iter_mut().zip(away) {
                *judged &= !away;
            }
        }
        if part.judged.iter().all(|word| *word == 0) {
            return;
        }
        let (edit, plan) = match &self.rule {
            Rule::Edit { edit, plan } => (edit, plan),
            Rule::Screen { .. } => return,
        };
        let Ok(plan) = plan else {
            self.row_by_row(edit, period, first_word, part);
            return;
        };
        let truths = run::stretch(self.scene, plan, period, first_word, part.judged, scratch);
        for (at, open) in part.judged.iter().enumerate() {
            part.decided[at] = truths.decided[at] & open;
            part.holds[at] = truths.holds[at] & open;
        }
    }

    /// Runs a screen that compares all units of a period.
    fn change(&self, period: usize, judged: &[u64], out: [&mut [u64]; 2], room: &mut Room) {
        if let Rule::Screen {
            column: Some(column),
            method: Method::Change(parameters),
        } = self.rule
        {
            outliers::changes(
                self.scene.panel,
                column,
                &parameters,
                period,
                judged,
                room,
                out,
            );
        }
    }

    fn row_by_row(&self, edit: &Edit, period: usize, first_word: usize, part: Part<'_>) {
        for (at, word) in part.judged.iter().enumerate() {
            for bit in ones(*word) {
                let row = Row {
                    panel: self.scene.panel,
                    rollups: self.scene.rollups,
                    elsewhere: self.elsewhere,
                    unit: (first_word + at) * WORD + bit,
                    period,
                };
                let truth = edit.program().truth(&row);
                part.decided[at] |= u64::from(truth != Truth::Undecided) << bit;
                part.holds[at] |= u64::from(truth == Truth::True) << bit;
            }
        }
    }
}

//! Verdicts that follow the changes of records.
//!
//! When a figure changes, the rules that look at it are judged again, from wherever they look: the same record, later periods that
//! look back at it, the unit above that sums it up; and nothing else. Sums over children follow by the difference. The verdicts are at
//! all times those that [`Recheck::run`] would give.

use super::{
    Panel, Rollups,
    bits::WORD,
    cells::{Elsewhere, Row},
    outliers::{self, Method, Room},
    plan::{Plan, Unbound, bind},
    run::{self, Scene, Scratch},
    verdicts::{Crew, Recheck, Verdicts},
};
use crate::{
    decimal::Decimal,
    detect::hidiroglou_berthelot,
    edits::{Edit, Source, Truth},
};

/// A panel, rules and their verdicts.
#[derive(Debug)]
pub struct Checker {
    panel: Panel,
    recheck: Recheck,
    rollups: Rollups,
    plans: Vec<Result<Plan, Unbound>>,
    verdicts: Vec<Verdicts>,
    /// For each column, who looks at it and from where.
    looks: Vec<Vec<(usize, Look)>>,
    scratch: Scratch,
    room: Room,
    /// Rules and rows that are to be judged, kept for its room.
    affected: Vec<(usize, usize)>,
}

/// How a rule looks at a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// An edit looks at a figure.
    At(Source),
    /// A screen looks at all figures of the unit.
    History,
    /// A screen looks at this and the next period of all units.
    Change,
}

/// A verdict that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The rule: its place among the edits, or after them among the screens.
    pub rule: usize,
    /// The record, as [`Layout::of_row`](super::Layout::of_row) reads it.
    pub row: usize,
    /// What it was; `None` where the rule did not check the record.
    pub before: Option<Truth>,
    /// What it is.
    pub after: Option<Truth>,
}

impl Checker {
    /// Judges all records once.
    #[must_use]
    pub fn new(panel: Panel, recheck: Recheck, elsewhere: &dyn Elsewhere, crew: &dyn Crew) -> Self {
        let rollups = recheck.sums(&panel);
        let verdicts = recheck.run(&panel, elsewhere, crew);
        let plans = recheck
            .edits()
            .iter()
            .map(|edit| bind(edit, &panel, &rollups))
            .collect();
        Self {
            looks: looks(&panel, &recheck),
            plans,
            verdicts,
            rollups,
            recheck,
            panel,
            scratch: Scratch::default(),
            room: Room::default(),
            affected: Vec::new(),
        }
    }

    /// The figures.
    #[must_use]
    pub const fn panel(&self) -> &Panel {
        &self.panel
    }

    /// The rules.
    #[must_use]
    pub const fn recheck(&self) -> &Recheck {
        &self.recheck
    }

    /// The verdicts: those of the edits, then those of the screens.
    #[must_use]
    pub fn verdicts(&self) -> &[Verdicts] {
        &self.verdicts
    }

    /// Enters figures of a record, by the places of unit, period and indicators, and judges again what looks at them. The verdicts
    /// that have changed are appended to `changes`, sorted. `None` where a place is beyond the panel or a figure has more than 18
    /// digits; the figures before it are entered.
    pub fn enter(
        &mut self,
        (unit, period): (usize, usize),
        figures: &[(usize, Option<Decimal>)],
        elsewhere: &dyn Elsewhere,
        changes: &mut Vec<Change>,
    ) -> Option<()> {
        self.affected.clear();
        let layout = self.panel.layout();
        if unit >= layout.units().len() || period >= layout.periods().len() {
            return None;
        }
        let row = layout.row(unit, period);
        if !self.panel.present.get(row) {
            self.panel.set_present(unit, period);
            let rules = 0..self.verdicts.len();
            self.affected.extend(rules.map(|rule| (rule, row)));
        }
        let mut entered = Some(());
        for (indicator, figure) in figures {
            entered = self.set((unit, period), *indicator, *figure);
            if entered.is_none() {
                break;
            }
        }
        self.affected.sort_unstable();
        self.affected.dedup();
        let first = changes.len();
        for (rule, row) in std::mem::take(&mut self.affected) {
            self.judge(rule, row, elsewhere, changes);
        }
        changes[first..].sort_unstable();
        entered
    }

    /// Judges one record again by all edits, after a figure elsewhere that they look at has changed.
    pub fn look_again(
        &mut self,
        (unit, period): (usize, usize),
        elsewhere: &dyn Elsewhere,
        changes: &mut Vec<Change>,
    ) {
        let layout = self.panel.layout();
        if unit < layout.units().len() && period < layout.periods().len() {
            let row = layout.row(unit, period);
            for rule in 0..self.recheck.edits().len() {
                self.judge(rule, row, elsewhere, changes);
            }
        }
    }

    /// The rules and rows that look at an indicator of a record. A screen of a unit's past is named with the row of the first period, a
    /// screen of all units of a period with that of the first unit.
    pub fn affected(
        &self,
        (unit, period): (usize, usize),
        indicator: usize,
    ) -> impl Iterator<Item = (usize, usize)> {
        let mut affected = Vec::new();
        self.add_affected((unit, period), indicator, &mut affected);
        affected.sort_unstable();
        affected.dedup();
        affected.into_iter()
    }

    fn set(
        &mut self,
        (unit, period): (usize, usize),
        indicator: usize,
        figure: Option<Decimal>,
    ) -> Option<()> {
        let row = self.panel.layout().row(unit, period);
        let column = self.panel.columns.get(indicator)?;
        let known = column.known.get(row);
        let (shape, before) = (column.shape(), known.then(|| column.mantissa(row)));
        self.panel.set(unit, period, indicator, figure)?;
        let column = self.panel.column(indicator);
        let same_shape = column.shape() == shape;
        let after = column.known.get(row).then(|| column.mantissa(row));
        if same_shape && before == after && column.digits().is_some() {
            return Some(());
        }
        let parent = self.panel.parent(unit, period);
        let parent = parent.filter(|_| self.panel.is_owed(row));
        if !same_shape {
            self.rollups.remake(&self.panel, indicator);
            self.bind_again(indicator);
            if !self
                .panel
                .column(indicator)
                .shape()
                .has_same_mantissas(&shape)
            {
                self.screen_again(indicator);
            }
        } else if let Some(parent) = parent {
            let parent = (parent, period);
            self.rollups
                .follow(&self.panel, indicator, parent, [before, after]);
        }
        let mut affected = std::mem::take(&mut self.affected);
        self.add_affected((unit, period), indicator, &mut affected);
        self.affected = affected;
        Some(())
    }

    /// After the largest magnitude or the digits of a column have changed.
    fn bind_again(&mut self, indicator: usize) {
        for (rule, look) in &self.looks[indicator] {
            if let (Look::At(_), Some(edit)) = (look, self.recheck.edits().get(*rule)) {
                self.plans[*rule] = bind(edit, &self.panel, &self.rollups);
            }
        }
    }

    /// After the mantissas of a whole column have changed: which are too long for a screen, and how they round as floats, hangs on
    /// the scale.
    fn screen_again(&mut self, indicator: usize) {
        let layout = self.panel.layout();
        for (rule, look) in &self.looks[indicator] {
            match look {
                Look::At(_) => {}
                Look::History => {
                    let units = 0..layout.units().len();
                    self.affected
                        .extend(units.map(|unit| (*rule, layout.row(unit, 0))));
                }
                Look::Change => {
                    let periods = 0..layout.periods().len();
                    self.affected
                        .extend(periods.map(|period| (*rule, layout.row(0, period))));
                }
            }
        }
    }

    fn add_affected(
        &self,
        (unit, period): (usize, usize),
        indicator: usize,
        affected: &mut Vec<(usize, usize)>,
    ) {
        let layout = self.panel.layout();
        let own = layout.row(unit, period);
        for (rule, look) in self.looks.get(indicator).into_iter().flatten() {
            match look {
                Look::At(Source::Own) => affected.push((*rule, own)),
                Look::History => affected.push((*rule, layout.row(unit, 0))),
                Look::At(Source::Children) => {
                    let parent = self.panel.parent(unit, period);
                    affected.extend(parent.map(|p| (*rule, layout.row(p, period))));
                }
                Look::At(Source::Lag(count)) => {
                    let later = period + usize::from(*count);
                    if later < layout.periods().len() {
                        affected.push((*rule, layout.row(unit, later)));
                    }
                }
                Look::At(Source::YearAgo) => {
                    let later = layout.periods()[period].year_later();
                    let later = later.and_then(|later| layout.period(later));
                    affected.extend(later.map(|later| (*rule, layout.row(unit, later))));
                }
                Look::At(Source::YearToDate) => {
                    let year = layout.periods()[period].year();
                    let rest = layout.periods().iter().enumerate().skip(period);
                    let same_year = rest.take_while(|(_, later)| later.year() == year);
                    affected.extend(same_year.map(|(later, _)| (*rule, layout.row(unit, later))));
                }
                Look::Change => {
                    let both = [period, period + 1].into_iter();
                    let both = both.filter(|p| *p < layout.periods().len());
                    affected.extend(both.map(|p| (*rule, layout.row(0, p))));
                }
            }
        }
    }

    fn judge(
        &mut self,
        rule: usize,
        row: usize,
        elsewhere: &dyn Elsewhere,
        changes: &mut Vec<Change>,
    ) {
        let edits = self.recheck.edits().len();
        if rule < edits {
            let after = self.edit(rule, row, elsewhere);
            self.note(rule, row, after, changes);
            return;
        }
        let screen = &self.recheck.screens()[rule - edits];
        let Some(column) = self.panel.indicator(&screen.indicator) else {
            return;
        };
        let (unit, period) = self.panel.layout().of_row(row);
        match screen.method {
            Method::History(parameters) => {
                let periods = self.panel.layout().periods().len();
                let (mut found, room) = (vec![[0; 2]; periods], &mut self.room);
                outliers::history(
                    &self.panel,
                    column,
                    &parameters,
                    unit,
                    room,
                    |period, bits| {
                        found[period] = bits;
                    },
                );
                for (period, [decided, holds]) in found.into_iter().enumerate() {
                    let row = self.panel.layout().row(unit, period);
                    let truth = truth(decided == 1, holds == 1);
                    let after = self.is_judged(rule, row).then_some(truth);
                    self.note(rule, row, after, changes);
                }
            }
            Method::Change(parameters) => {
                self.screen_period(rule, column, period, &parameters, changes);
            }
        }
    }

    /// The verdict of an edit on a row.
    fn edit(&mut self, rule: usize, row: usize, elsewhere: &dyn Elsewhere) -> Option<Truth> {
        if !self.is_judged(rule, row) {
            return None;
        }
        let (unit, period) = self.panel.layout().of_row(row);
        let (panel, rollups) = (&self.panel, &self.rollups);
        Some(match &self.plans[rule] {
            Ok(plan) => {
                let scene = Scene { panel, rollups };
                run::single(scene, plan, unit, period, &mut self.scratch)
            }
            Err(Unbound) => {
                let row = Row {
                    panel,
                    rollups,
                    elsewhere,
                    unit,
                    period,
                };
                self.recheck.edits()[rule].program().truth(&row)
            }
        })
    }

    /// Runs a screen over all units of a period.
    fn screen_period(
        &mut self,
        rule: usize,
        column: usize,
        period: usize,
        parameters: &hidiroglou_berthelot::Parameters,
        changes: &mut Vec<Change>,
    ) {
        let scope = &self.recheck.scopes()[rule];
        let words = self.panel.layout().words_per_period();
        let first = period * words;
        let present = &self.panel.present.words()[first..first + words];
        let in_force = if scope.periods[period] { u64::MAX } else { 0 };
        let units = present.iter().zip(scope.units.words());
        let judged: Vec<u64> = units.map(|(p, u)| p & u & in_force).collect();
        let (mut decided, mut holds) = (vec![0; words], vec![0; words]);
        let out = [&mut decided[..], &mut holds[..]];
        let (panel, room) = (&self.panel, &mut self.room);
        outliers::changes(panel, column, parameters, period, &judged, room, out);
        for at in 0..words {
            let old = &self.verdicts[rule];
            let moved = (old.judged.words()[first + at] ^ judged[at])
                | (old.decided.words()[first + at] ^ decided[at])
                | (old.holds.words()[first + at] ^ holds[at]);
            for bit in super::bits::ones(moved) {
                let of = |word: u64| word >> bit & 1 == 1;
                let after = truth(of(decided[at]), of(holds[at]));
                let after = of(judged[at]).then_some(after);
                self.note(rule, (first + at) * WORD + bit, after, changes);
            }
        }
    }

    /// Whether a rule checks a row.
    fn is_judged(&self, rule: usize, row: usize) -> bool {
        let (unit, period) = self.panel.layout().of_row(row);
        let scope = &self.recheck.scopes()[rule];
        self.panel.present.get(row)
            && scope.units.get(unit)
            && scope.periods[period]
            && !scope.is_away(row)
    }

    fn note(&mut self, rule: usize, row: usize, after: Option<Truth>, changes: &mut Vec<Change>) {
        let before = self.verdicts[rule].get(row);
        if before != after {
            self.verdicts[rule].put(row, after);
            changes.push(Change {
                rule,
                row,
                before,
                after,
            });
        }
    }
}

const fn truth(decided: bool, holds: bool) -> Truth {
    match (decided, holds) {
        (false, _) => Truth::Undecided,
        (true, false) => Truth::False,
        (true, true) => Truth::True,
    }
}

fn looks(panel: &Panel, recheck: &Recheck) -> Vec<Vec<(usize, Look)>> {
    let mut looks: Vec<Vec<(usize, Look)>> =
        panel.indicators().iter().map(|_| Vec::new()).collect();
    let of_panel = |edit: &Edit| {
        let own = edit
            .operands()
            .iter()
            .filter(|operand| operand.dataset.is_none());
        let found = own.filter_map(|o| Some((panel.indicator(&o.indicator)?, o.source)));
        found.collect::<Vec<_>>()
    };
    for (rule, edit) in recheck.edits().iter().enumerate() {
        for (column, source) in of_panel(edit) {
            looks[column].push((rule, Look::At(source)));
        }
    }
    for (rule, screen) in (recheck.edits().len()..).zip(recheck.screens()) {
        if let Some(column) = panel.indicator(&screen.indicator) {
            let look = match screen.method {
                Method::History(_) => Look::History,
                Method::Change(_) => Look::Change,
            };
            looks[column].push((rule, look));
        }
    }
    looks
}

//! Which cells of a record are most likely wrong.
//!
//! The principle of Fellegi and Holt (1976): change the fewest cells, here the lightest, such that all edits can hold. A
//! cell's weight is how much one trusts it. A missing cell may take any figure and costs nothing; figures of other periods
//! and units are taken as they are. Edits are grouped by the cells that they share, and each group is searched by itself.
//!
//! # What is proven
//! That no lighter set is enough, and that the sets told are, is proven by exact linear programs, wherever
//! [`Part::proven`] says so. It is not where the work exceeded its bound, or where an edit stayed not linear in the cells of a
//! set, such as both factors of a product; such an edit is left out for that set and named in [`Part::unchecked`].

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    super::{Cells, Edit, Tolerance, Truth, ast::Source, checker::Slot},
    cases::{self, Answer, Item},
    cover::{self, Covers, Limit},
    fit::{self, Fit},
    form::{self, Reading},
    formula::Formula,
    fraction::Fraction,
    set::Set,
};
use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
    decimal::Decimal,
    period::Period,
};

/// What is most likely wrong in a record. Empty where no edit fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localisation {
    /// One for each group of edits, some of which fail, that share no cell with other edits.
    pub parts: Vec<Part>,
}

/// What is most likely wrong within one group of edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The edits that fail.
    pub failed: Vec<EditId>,
    /// The lightest sets of cells that can make all edits hold, each sorted by indicator; more than one is a tie. None
    /// where no change to the record's own cells helps, or none was found.
    pub sets: Vec<Vec<Suspect>>,
    /// There are more sets of this weight.
    pub more: bool,
    /// The weight of each of the sets.
    pub weight: u64,
    /// No lighter set is enough, and these are; where there are no sets, that none is enough.
    pub proven: bool,
    /// Edits that were left out for a set, because they are not linear in its cells.
    pub unchecked: Vec<EditId>,
}

/// A cell that is suspected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Its indicator.
    pub indicator: IndicatorCode,
    /// Its figure.
    pub reported: Decimal,
    /// What it would have to be, where it is suspected alone.
    pub fit: Option<Fit>,
}

impl Localisation {
    /// Whether nothing is suspected because no edit fails.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The weight of what is suspected.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.parts.iter().map(|part| part.weight).sum()
    }

    /// Whether all of it is proven.
    #[must_use]
    pub fn proven(&self) -> bool {
        self.parts.iter().all(|part| part.proven)
    }
}

/// Finds the lightest sets of cells that must be wrong in the record of `cells`, if any of `edits` is false there.
///
/// `weight` says how much a cell is trusted; zero counts as one. The edits should be those of the record's dataset, those
/// that hold included: they say what a corrected record must not break.
#[must_use]
pub fn localise(
    edits: &[&Edit],
    cells: &dyn Cells,
    weight: &dyn Fn(&IndicatorCode) -> u32,
    limit: Limit,
) -> Localisation {
    let truths: Vec<Truth> = edits
        .iter()
        .map(|edit| edit.evaluate(cells).truth)
        .collect();
    if !truths.contains(&Truth::False) {
        return Localisation::default();
    }
    let judged: Vec<(&Edit, Truth)> = edits.iter().copied().zip(truths).collect();
    let failing = |group: &Vec<(&Edit, Truth)>| group.iter().any(|(_, t)| *t == Truth::False);
    let groups = groups(&judged).into_iter().filter(failing);
    Localisation {
        parts: groups
            .map(|group| Record::new(&group, cells, weight).localise(limit))
            .collect(),
    }
}

/// The edits grouped by the cells that they share, in the order of their first edits.
fn groups<'a>(judged: &[(&'a Edit, Truth)]) -> Vec<Vec<(&'a Edit, Truth)>> {
    let mut group_of: Vec<usize> = (0..judged.len()).collect();
    let mut first: BTreeMap<&IndicatorCode, usize> = BTreeMap::new();
    for (index, (edit, _)) in judged.iter().enumerate() {
        for indicator in edit.indicators() {
            let other = *first.entry(indicator).or_insert(index);
            let (from, to) = (group_of[index], group_of[other]);
            let (low, high) = (from.min(to), from.max(to));
            group_of
                .iter_mut()
                .filter(|g| **g == high)
                .for_each(|g| *g = low);
        }
    }
    let mut groups: BTreeMap<usize, Vec<(&Edit, Truth)>> = BTreeMap::new();
    for (group, one) in group_of.into_iter().zip(judged) {
        groups.entry(group).or_default().push(*one);
    }
    groups.into_values().collect()
}

/// A cell of the record that some edit looks at.
struct Cell<'a> {
    indicator: &'a IndicatorCode,
    value: Option<Decimal>,
    exact: Option<Fraction>,
}

/// An edit and what it says, where that is linear in all its cells.
struct Rule<'a> {
    edit: &'a Edit,
    truth: Truth,
    statement: Option<Formula>,
    cells: Set,
    /// What rounding may have moved a figure that is missing: as much as the coarsest figure that is there.
    half: Decimal,
}

/// One group of edits over the cells of a record.
struct Record<'a> {
    source: &'a dyn Cells,
    cells: Vec<Cell<'a>>,
    places: BTreeMap<&'a IndicatorCode, usize>,
    weights: Vec<u32>,
    rules: Vec<Rule<'a>>,
}

/// What the edits say when some cells are freed, each with the cells that it rests on beside those in its rows; and the
/// edits that are not linear then.
struct Statements<'a> {
    linear: Vec<(Cow<'a, Formula>, Set)>,
    others: Vec<usize>,
}

impl<'a> Record<'a> {
    fn new(
        group: &[(&'a Edit, Truth)],
        source: &'a dyn Cells,
        weight: &dyn Fn(&IndicatorCode) -> u32,
    ) -> Self {
        let mut record = Self {
            source,
            cells: Vec::new(),
            places: BTreeMap::new(),
            weights: Vec::new(),
            rules: Vec::new(),
        };
        for (edit, truth) in group {
            for indicator in edit.indicators() {
                record.add_cell(indicator, weight);
            }
            record.add_rule(edit, *truth);
        }
        record
    }

    fn add_cell(&mut self, indicator: &'a IndicatorCode, weight: &dyn Fn(&IndicatorCode) -> u32) {
        if self.places.contains_key(indicator) {
            return;
        }
        self.places.insert(indicator, self.cells.len());
        let value = self.source.cell(indicator);
        self.weights.push(weight(indicator).max(1));
        self.cells.push(Cell {
            indicator,
            value,
            exact: value.and_then(Fraction::of),
        });
    }

    fn add_rule(&mut self, edit: &'a Edit, truth: Truth) {
        let cells: Set = edit.indicators().iter().map(|i| self.places[i]).collect();
        let values = cells.iter().filter_map(|place| self.cells[place].value);
        let halves = values.map(Decimal::half_unit_of_last_digit);
        let mut rule = Rule {
            edit,
            truth,
            statement: None,
            cells,
            half: halves.max().unwrap_or(Decimal::ZERO),
        };
        if self.can_speak(&rule) {
            rule.statement = self.statement(&rule, &|_| true);
            self.rules.push(rule);
        }
    }

    /// An edit that is undecided although the record has all its cells hangs on figures from elsewhere.
    fn can_speak(&self, rule: &Rule<'_>) -> bool {
        let complete = || {
            rule.cells
                .iter()
                .all(|place| self.cells[place].value.is_some())
        };
        rule.truth != Truth::Undecided || !complete()
    }

    /// What the edit says about the cells that are free; the others are numbers in it.
    fn statement(&self, rule: &Rule<'_>, is_free: &dyn Fn(usize) -> bool) -> Option<Formula> {
        form::statement(rule.edit, &mut |slot| self.read(rule, slot, is_free))
    }

    fn read(&self, rule: &Rule<'_>, slot: &Slot, is_free: &dyn Fn(usize) -> bool) -> Reading {
        if !form::is_own(slot) {
            return read_elsewhere(rule.edit, slot, self.source);
        }
        let Some(place) = self.places.get(&slot.indicator).copied() else {
            return Reading::Missing;
        };
        match self.cells[place].value {
            Some(value) if !is_free(place) => Reading::Known {
                value,
                half: value.half_unit_of_last_digit(),
            },
            Some(value) => Reading::Free {
                variable: place,
                half: value.half_unit_of_last_digit(),
            },
            None => Reading::Free {
                variable: place,
                half: rule.half,
            },
        }
    }

    fn localise(&self, limit: Limit) -> Part {
        let too_many = self.cells.len() > Set::ROOM;
        let covers = if too_many {
            Covers::default()
        } else {
            cover::lightest(&self.weights, limit, &mut |freed| self.ask(freed))
        };
        let mut others = Set::EMPTY;
        for freed in &covers.sets {
            others = self
                .statements(freed)
                .others
                .into_iter()
                .fold(others, Set::with);
        }
        let id = |rule: &Rule<'_>| rule.edit.id().clone();
        let failed = self.rules.iter().filter(|rule| rule.truth == Truth::False);
        Part {
            failed: failed.map(id).collect(),
            sets: covers
                .sets
                .iter()
                .map(|freed| self.suspects(freed))
                .collect(),
            more: covers.more,
            weight: covers.weight,
            proven: covers.proven && others.is_empty(),
            unchecked: others.iter().map(|place| id(&self.rules[place])).collect(),
        }
    }

    /// Whether all edits can hold once the cells in `freed` may be anything.
    fn ask(&self, freed: &Set) -> Answer {
        let statements = self.statements(freed);
        let linear = statements.linear.iter();
        let items: Vec<Item<'_>> = linear
            .map(|(statement, labels)| Item {
                statement,
                labels: *labels,
            })
            .collect();
        cases::decide(&items, &|place| self.known(freed, place))
    }

    fn known(&self, freed: &Set, place: usize) -> Option<Fraction> {
        let cell = self.cells.get(place)?;
        cell.exact.filter(|_| !freed.has(place))
    }

    fn statements(&self, freed: &Set) -> Statements<'_> {
        let mut statements = Statements {
            linear: Vec::with_capacity(self.rules.len()),
            others: Vec::new(),
        };
        for (place, rule) in self.rules.iter().enumerate() {
            if let Some(statement) = &rule.statement {
                statements
                    .linear
                    .push((Cow::Borrowed(statement), Set::EMPTY));
            } else if let Some(statement) = self.statement(rule, &|place| freed.has(place)) {
                let fixed = |place: &usize| self.known(freed, *place).is_some();
                let fixed = rule.cells.iter().filter(fixed).collect();
                statements.linear.push((Cow::Owned(statement), fixed));
            } else {
                statements.others.push(place);
            }
        }
        statements
    }

    fn suspects(&self, freed: &Set) -> Vec<Suspect> {
        let alone = freed.len() == 1;
        let suspects = freed.iter().filter_map(|place| {
            let cell = &self.cells[place];
            let reported = cell.value?;
            Some(Suspect {
                indicator: cell.indicator.clone(),
                reported,
                fit: alone.then(|| self.fit(place, reported, freed)).flatten(),
            })
        });
        let mut suspects: Vec<Suspect> = suspects.collect();
        suspects.sort_by(|a, b| a.indicator.cmp(&b.indicator));
        suspects
    }

    fn fit(&self, place: usize, reported: Decimal, freed: &Set) -> Option<Fit> {
        let statements = self.statements(freed);
        let known = |place| self.known(freed, place);
        let linear = statements.linear.iter().map(|(statement, _)| &**statement);
        let region = fit::region_of(linear, place, &known);
        let is_sound =
            |value: Decimal| statements.others.is_empty() && self.holds_with(place, value);
        let by_digits = |rule: &Rule<'_>| rule.edit.tolerance() == Tolerance::Rounding;
        let by_digits = self.rules.iter().any(by_digits);
        fit::fit(reported, &region, by_digits, &is_sound)
    }

    /// Whether no edit is false with another value in one cell, and the missing cells can still be filled.
    fn holds_with(&self, place: usize, value: Decimal) -> bool {
        let changed = Changed {
            source: self.source,
            indicator: self.cells[place].indicator,
            value,
        };
        let fails = |rule: &Rule<'_>| rule.edit.evaluate(&changed).truth == Truth::False;
        if self.rules.iter().any(fails) {
            return false;
        }
        if self.cells.iter().all(|cell| cell.value.is_some()) {
            return true;
        }
        let statements = self.statements(&Set::EMPTY.with(place));
        let linear = statements.linear.iter();
        let items = linear.map(|(statement, labels)| Item {
            statement,
            labels: *labels,
        });
        let known = |other| match other == place {
            true => Fraction::of(value),
            false => self.known(&Set::EMPTY, other),
        };
        cases::decide(&items.collect::<Vec<_>>(), &known) == Answer::Possible
    }
}

/// What is known of a figure that is not the record's own.
fn read_elsewhere(edit: &Edit, slot: &Slot, cells: &dyn Cells) -> Reading {
    let figure = match slot.source {
        Source::Children => {
            let rollup = cells.rollup(&slot.indicator);
            rollup.and_then(|rollup| edit.rollup_mode().operand(&rollup))
        }
        Source::Own | Source::Lag(_) | Source::YearAgo | Source::YearToDate => slot.figure(cells),
    };
    figure.map_or(Reading::Missing, |(value, half)| Reading::Known {
        value,
        half,
    })
}

/// A record with another value in one cell.
struct Changed<'a> {
    source: &'a dyn Cells,
    indicator: &'a IndicatorCode,
    value: Decimal,
}

impl Cells for Changed<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        if indicator == self.indicator {
            return Some(self.value);
        }
        self.source.cell(indicator)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<super::super::Rollup> {
        self.source.rollup(indicator)
    }

    fn period(&self) -> Period {
        self.source.period()
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        self.source.elsewhere(dataset, period, indicator)
    }
}

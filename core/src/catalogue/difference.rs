//! What another version of the catalogue would change: names that are new, changed or gone, and slots that appear, vanish or are due at
//! another instant. Pure: the two versions and the last day that is looked at go in. What becomes of figures that were reported is the
//! business of whoever has them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    code::{DatasetCode, UnitCode},
    edits::Edit,
    period::Period,
};

use super::{Catalogue, Dataset, Scorecard};

/// What differs between two versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Units.
    pub units: Changes,
    /// Indicators.
    pub indicators: Changes,
    /// Datasets, their edits apart.
    pub datasets: Changes,
    /// Edits.
    pub edits: Changes,
    /// Detectors.
    pub detectors: Changes,
    /// Scorecards.
    pub scorecards: Changes,
    /// Calendars of holidays.
    pub calendars: Changes,
    /// How many targets stand in one version and not in the other.
    pub targets: usize,
    /// The datasets and periods whose slots differ, in this order.
    pub sheets: Vec<SheetChange>,
}

/// Codes, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the new version alone.
    pub added: Vec<String>,
    /// In both, and not the same.
    pub changed: Vec<String>,
    /// In the old version alone.
    pub gone: Vec<String>,
}

/// How the slots of one dataset and period differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetChange {
    /// The dataset.
    pub dataset: DatasetCode,
    /// The period.
    pub period: Period,
    /// Slots that only the new version expects.
    pub appear: usize,
    /// Slots that only the old version expects.
    pub vanish: usize,
    /// The new due instant, in milliseconds since 1970-01-01 UTC, where slots that both expect are due at another one.
    pub due_at_ms: Option<i64>,
}

impl Difference {
    /// From one version to another; slots of periods that begin by `until`.
    #[must_use]
    pub fn between(old: &Catalogue, new: &Catalogue, until: Date) -> Self {
        let (units, indicators) = (Catalogue::units, Catalogue::indicators);
        let targets = |one: &Catalogue, other: &Catalogue| {
            let strange = |target: &&super::Target| !other.targets().contains(target);
            one.targets().iter().filter(strange).count()
        };
        Self {
            units: changes(units(old), units(new), |unit| unit.code().to_string()),
            indicators: changes(indicators(old), indicators(new), |one| {
                one.code().to_string()
            }),
            datasets: changes(&faces(old), &faces(new), |face| face.0.code().to_string()),
            edits: by_code(&edits(old), &edits(new)),
            detectors: changes(old.detectors(), new.detectors(), |one| one.id.to_string()),
            scorecards: scorecards(old, new),
            calendars: changes(old.calendars(), new.calendars(), |one| {
                one.code().to_string()
            }),
            targets: targets(old, new) + targets(new, old),
            sheets: sheets(old, new, until),
        }
    }

    /// How many slots appear, and how many vanish.
    #[must_use]
    pub fn slots(&self) -> (usize, usize) {
        let appear = self.sheets.iter().map(|sheet| sheet.appear).sum();
        (appear, self.sheets.iter().map(|sheet| sheet.vanish).sum())
    }
}

impl Changes {
    /// Whether nothing differs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.gone.is_empty()
    }
}

/// A dataset as people compare it: its edits are compared by themselves.
struct Face<'a>(&'a Dataset);

impl PartialEq for Face<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_like(other.0)
    }
}

/// A scorecard as people compare it. That a unit or a dataset is new or gone is told by itself, and does not change the scorecards
/// that would rank or count it.
struct Card<'a> {
    card: &'a Scorecard,
    units: &'a BTreeSet<&'a UnitCode>,
    datasets: &'a BTreeSet<&'a DatasetCode>,
}

impl PartialEq for Card<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.card.is_like(
            other.card,
            |unit| self.units.contains(unit),
            |dataset| self.datasets.contains(dataset),
        )
    }
}

fn scorecards(old: &Catalogue, new: &Catalogue) -> Changes {
    let units = old.units().iter().map(super::Unit::code);
    let units: BTreeSet<&UnitCode> = units.filter(|code| new.unit(code).is_some()).collect();
    let datasets = old.datasets().iter().map(Dataset::code);
    let datasets: BTreeSet<&DatasetCode> = datasets
        .filter(|code| new.dataset(code).is_some())
        .collect();
    let card = |card| Card {
        card,
        units: &units,
        datasets: &datasets,
    };
    let old: Vec<Card<'_>> = old.scorecards().iter().map(card).collect();
    let new: Vec<Card<'_>> = new.scorecards().iter().map(card).collect();
    changes(&old, &new, |one| one.card.code().to_string())
}

fn edits(catalogue: &Catalogue) -> BTreeMap<String, &Edit> {
    let all = catalogue.datasets().iter().flat_map(Dataset::edits);
    all.map(|edit| (edit.id().to_string(), edit)).collect()
}

fn faces(catalogue: &Catalogue) -> Vec<Face<'_>> {
    catalogue.datasets().iter().map(Face).collect()
}

fn changes<T: PartialEq>(old: &[T], new: &[T], code: impl Fn(&T) -> String) -> Changes {
    let by = |list: &'_ [T]| list.iter().map(&code).collect::<Vec<_>>();
    let pairs = |list| by(list).into_iter().zip(list).collect();
    by_code(&pairs(old), &pairs(new))
}

fn by_code<T: PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> Changes {
    let only = |one: &BTreeMap<String, T>, other: &BTreeMap<String, T>| {
        let codes = one.keys().filter(|code| !other.contains_key(*code));
        codes.cloned().collect()
    };
    let differs = |(code, value): &(&String, &T)| old.get(*code).is_some_and(|old| old != *value);
    Changes {
        added: only(new, old),
        changed: new
            .iter()
            .filter(differs)
            .map(|(code, _)| code.clone())
            .collect(),
        gone: only(old, new),
    }
}

fn sheets(old: &Catalogue, new: &Catalogue, until: Date) -> Vec<SheetChange> {
    let places: BTreeSet<(DatasetCode, Period)> = [old, new]
        .into_iter()
        .flat_map(|one| places(one, until))
        .collect();
    let change = |(dataset, period): (DatasetCode, Period)| {
        let (before, after) = (owing(old, &dataset, period), owing(new, &dataset, period));
        let due = |catalogue: &Catalogue| catalogue.dataset(&dataset)?.due_at_ms(period);
        let moved = due(new).filter(|due_at_ms| due(old) != Some(*due_at_ms));
        let change = SheetChange {
            appear: after.difference(&before).count(),
            vanish: before.difference(&after).count(),
            due_at_ms: moved.filter(|_| !before.is_disjoint(&after)),
            dataset,
            period,
        };
        let is_one = change.appear + change.vanish > 0 || change.due_at_ms.is_some();
        is_one.then_some(change)
    };
    places.into_iter().filter_map(change).collect()
}

/// The datasets and periods that a version knows and that begin by a day.
fn places(catalogue: &Catalogue, until: Date) -> Vec<(DatasetCode, Period)> {
    let of = |dataset: &Dataset| {
        let periods = std::iter::successors(Some(dataset.first_period()), |period| period.plus(1));
        let last = dataset.last_period();
        let periods = periods.take_while(|period| {
            period.first_day() <= until && last.is_none_or(|last| *period <= last)
        });
        let code = dataset.code().clone();
        periods
            .map(|period| (code.clone(), period))
            .collect::<Vec<_>>()
    };
    catalogue.datasets().iter().flat_map(of).collect()
}

fn owing<'c>(
    catalogue: &'c Catalogue,
    dataset: &DatasetCode,
    period: Period,
) -> BTreeSet<&'c UnitCode> {
    let units = catalogue.expected_units(dataset, period).into_iter();
    units.map(|unit| catalogue.unit_at(unit).code()).collect()
}

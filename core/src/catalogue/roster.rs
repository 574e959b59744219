//! The roster (名录): which unit owes which dataset for which periods.
//!
//! ```toml
//! [[roster]]
//! dataset = "quarterly-accounts"
//! units = ["520100", "520200"]   # either the units by name,
//! level = "prefecture"           # or all units of a level,
//! under = "520000"               # or all units below another, itself not among them; level and under together mean both
//! from = "2021-Q1"               # optional, else the dataset's first period
//! to = "2030-Q4"                 # optional, the last period owed
//! ```
//! Rows add up: a unit owes a period when any row says so. What is owed is then cut to the periods that the dataset
//! covers and on whose last day the unit is in force. `under` goes by the tree of each period's last day: a county that moves
//! to another city owes what that city's row says from then on. The outcome is, for each dataset and unit, a short list of
//! stretches of periods, so that one question costs a look at one or two pairs of integers.

use std::collections::BTreeMap;

use crate::{
    code::UnitCode,
    days::Days,
    period::{Period, Periodicity},
};

use super::{
    dataset,
    entry::Entry,
    fault::{Faults, say},
    names::Names,
    source::{At, Place},
    tree::Tree,
    unit::{Unit, UnitIndex},
    words::LevelCode,
};

/// The most (row, unit) pairs in a roster; it bounds the time that a catalogue takes to read.
const PAIRS_MAX: usize = 4_000_000;

/// Who owes one dataset: for each unit, stretches of period ordinals, apart. Hardly a unit has two, so counting millions of
/// slots need not search.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// First and last ordinal of each unit's first stretch, both owed; [`NONE`] for a unit that owes nothing.
    first: Vec<(i32, i32)>,
    /// The stretches after it.
    later: BTreeMap<UnitIndex, Vec<(i32, i32)>>,
}

/// A stretch that holds nothing: it ends before it begins.
const NONE: (i32, i32) = (0, -1);

/// Who owes one dataset for one period.
#[derive(Clone, Copy)]
pub(crate) struct Owing<'c> {
    pub(super) schedule: &'c Schedule,
    pub(super) ordinal: i32,
}

impl Owing<'_> {
    /// Whether a unit does.
    #[inline]
    pub(crate) fn holds(self, unit: UnitIndex) -> bool {
        self.schedule.owes(unit, self.ordinal)
    }
}

impl Schedule {
    /// Whether `unit` owes the period with this ordinal.
    #[inline]
    pub(super) fn owes(&self, unit: UnitIndex, ordinal: i32) -> bool {
        let within = |(first, last): &(i32, i32)| *first <= ordinal && ordinal <= *last;
        let later = || self.later.get(&unit).into_iter().flatten();
        within(&self.first[unit.get()]) || (!self.later.is_empty() && later().any(within))
    }

    /// Joins the stretches of `units` units, given in any order.
    fn new(units: usize, mut owed: Vec<(UnitIndex, i32, i32)>) -> Self {
        owed.sort_unstable();
        let mut schedule = Self {
            first: vec![NONE; units],
            later: BTreeMap::new(),
        };
        for of_unit in owed.chunk_by(|(a, ..), (b, ..)| a == b) {
            let mut joined: Vec<(i32, i32)> = Vec::new();
            for (_, first, last) in of_unit {
                match joined.last_mut() {
                    Some((_, end)) if *first <= end.saturating_add(1) => *end = *last.max(end),
                    Some(_) | None => joined.push((*first, *last)),
                }
            }
            if let (Some((unit, ..)), [first, later @ ..]) = (of_unit.first(), joined.as_slice()) {
                schedule.first[unit.get()] = *first;
                if !later.is_empty() {
                    schedule.later.insert(*unit, later.to_vec());
                }
            }
        }
        schedule
    }
}

/// What the roster refers to.
pub(super) struct Scope<'s, 'a> {
    pub(super) units: &'s [Unit],
    pub(super) unit_names: &'s Names<'a, UnitCode>,
    pub(super) tree: &'s Tree,
    pub(super) levels: &'s Names<'a, LevelCode>,
    pub(super) datasets: &'s [dataset::Draft<'a>],
    pub(super) dataset_names: &'s Names<'a, crate::code::DatasetCode>,
}

/// Reads the roster: one schedule for each dataset of the scope.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    scope: &Scope<'_, 'a>,
    faults: &Faults,
) -> Vec<Schedule> {
    let mut owed: Vec<Vec<(UnitIndex, i32, i32)>> = vec![Vec::new(); scope.datasets.len()];
    let mut pairs = 0;
    for entry in entries {
        let Some(row) = read_row(entry, scope, faults) else {
            continue;
        };
        pairs += row.units.len();
        if pairs > PAIRS_MAX {
            report_too_many(entry, faults);
            break;
        }
        for selected in &row.units {
            let unit = &scope.units[selected.unit.get()];
            match (row.stretch(unit, selected.days), selected.named_at) {
                (Some((first, last)), _) => owed[row.dataset].push((selected.unit, first, last)),
                (None, Some(place)) => report_never(unit, place, faults),
                (None, None) => {}
            }
        }
    }
    let schedule = |owed| Schedule::new(scope.units.len(), owed);
    owed.into_iter().map(schedule).collect()
}

/// One row whose parts are all known.
struct Row<'a> {
    dataset: usize,
    periodicity: Periodicity,
    first: i32,
    last: i32,
    units: Vec<Selected<'a>>,
}

/// A unit that a row selects, on which days, and where the row names it, if it does.
struct Selected<'a> {
    unit: UnitIndex,
    days: Days,
    named_at: Option<Place<'a>>,
}

impl Row<'_> {
    /// What the row makes `unit` owe when it selects it on these days.
    fn stretch(&self, unit: &Unit, days: Days) -> Option<(i32, i32)> {
        let (first, last) = unit.days().meet(days)?.ordinals(self.periodicity);
        let (first, last) = (first.max(self.first), last.min(self.last));
        (first <= last).then_some((first, last))
    }
}

fn read_row<'a>(entry: &Entry<'a>, scope: &Scope<'_, 'a>, faults: &Faults) -> Option<Row<'a>> {
    entry.allow(&["dataset", "units", "level", "under", "from", "to"]);
    let code = entry.code("dataset");
    let code = code.filter(|code| scope.dataset_names.resolve(code, faults));
    let found = code.and_then(|code| {
        let order = |d: &dataset::Draft<'_>| d.code.value.cmp(&code.value);
        scope.datasets.binary_search_by(order).ok()
    });
    let dataset = found.map(|at| &scope.datasets[at]);
    let selected = read_selector(entry, scope, faults);
    let from = entry.field("from").and_then(|f| f.lexical::<Period>());
    let to = entry.field("to").and_then(|f| f.lexical::<Period>());
    let periodicity = dataset.and_then(|dataset| dataset.periodicity);
    let from = from.filter(|p| dataset::fits(p, periodicity, faults));
    let to = to.filter(|p| dataset::fits(p, periodicity, faults));
    let to = to.filter(|to| dataset::follows(to, from.as_ref(), faults));
    let dataset = dataset?;
    for end in [&from, &to].into_iter().flatten() {
        check_covered(end, dataset, faults);
    }
    let first = from.map_or(dataset.first, |from| Some(from.value))?;
    let last = to.map(|to| to.value).or(dataset.last);
    Some(Row {
        dataset: found?,
        periodicity: periodicity?,
        first: first.ordinal(),
        last: last.map_or(i32::MAX, Period::ordinal),
        units: selected?,
    })
}

/// The units that a row selects; `None` where that is not known.
fn read_selector<'a>(
    entry: &Entry<'a>,
    scope: &Scope<'_, 'a>,
    faults: &Faults,
) -> Option<Vec<Selected<'a>>> {
    let units = entry.field("units").map(|f| f.codes::<UnitCode>());
    let level = entry.field("level").map(|f| f.lexical::<LevelCode>());
    let under = entry.field("under").map(|f| f.lexical::<UnitCode>());
    let level = level.map(|code| code.filter(|code| scope.levels.resolve(code, faults)));
    let under = under.map(|code| code.filter(|code| scope.unit_names.resolve(code, faults)));
    let is_group = level.is_some() || under.is_some();
    if units.is_some() == is_group {
        report_selector(entry, is_group, faults);
    }
    if let Some(codes) = units {
        let known = |code: &At<'a, UnitCode>| scope.unit_names.resolve(code, faults);
        let named = codes?.codes.into_iter().filter(known);
        return Some(named.filter_map(|code| scope.named(&code)).collect());
    }
    // A code that was written but is faulty selects nobody knows what.
    let (level, under) = (
        level.map_or(Some(None), |l| l.map(Some))?,
        under.map_or(Some(None), |u| u.map(Some))?,
    );
    let selected = is_group.then(|| scope.select(level.as_ref(), under.as_ref()))?;
    if selected.is_empty() && !scope.unit_names.is_torn() {
        report_empty(entry, faults);
    }
    Some(selected)
}

/// The units that an entry selects in the same words as a row of the roster, each with the days on which it does.
pub(super) fn select_codes<'a>(
    entry: &Entry<'a>,
    scope: &Scope<'_, 'a>,
    faults: &Faults,
) -> Option<BTreeMap<UnitCode, Vec<Days>>> {
    let mut codes: BTreeMap<UnitCode, Vec<Days>> = BTreeMap::new();
    for selected in read_selector(entry, scope, faults)? {
        let code = scope.units[selected.unit.get()].code();
        codes.entry(code.clone()).or_default().push(selected.days);
    }
    Some(codes)
}

impl Scope<'_, '_> {
    /// The place of a unit.
    pub(super) fn find(&self, code: &UnitCode) -> Option<UnitIndex> {
        let at = self.units.binary_search_by(|u| u.code().cmp(code)).ok()?;
        Some(UnitIndex(narrow(at)))
    }

    fn select<'a>(
        &self,
        level: Option<&At<'_, LevelCode>>,
        under: Option<&At<'_, UnitCode>>,
    ) -> Vec<Selected<'a>> {
        let all = (0..narrow(self.units.len())).map(|unit| (UnitIndex(unit), Days::ALWAYS));
        let below: Vec<(UnitIndex, Days)> = match under {
            Some(under) => self
                .find(&under.value)
                .map_or(Vec::new(), |top| self.tree.below(top)),
            None => all.collect(),
        };
        let fits = |(unit, _): &(UnitIndex, Days)| {
            level.is_none_or(|level| self.units[unit.get()].level() == Some(&level.value))
        };
        let selected = |(unit, days)| Selected {
            unit,
            days,
            named_at: None,
        };
        below.into_iter().filter(fits).map(selected).collect()
    }

    fn named<'a>(&self, code: &At<'a, UnitCode>) -> Option<Selected<'a>> {
        let unit = self.find(&code.value)?;
        let named_at = Some(code.place);
        Some(Selected {
            unit,
            days: Days::ALWAYS,
            named_at,
        })
    }
}

fn check_covered(period: &At<'_, Period>, dataset: &dataset::Draft<'_>, faults: &Faults) {
    let comparable = |end: &Period| end.periodicity() == period.value.periodicity();
    let (first, last) = (
        dataset.first.filter(comparable),
        dataset.last.filter(comparable),
    );
    let is_before = first.is_some_and(|first| period.value < first);
    let is_after = last.is_some_and(|last| period.value > last);
    if !is_before && !is_after {
        return;
    }
    let (text, code) = (period.value, &dataset.code.value);
    faults.report(
        period.place,
        say!(
            "{text} 不在 {code} 的报送期间内",
            "{text} is outside the periods of {code}"
        ),
        say!(
            "改正此处，或改 first_period、last_period",
            "correct it, or first_period or last_period"
        ),
    );
}

fn report_selector(entry: &Entry<'_>, has_both: bool, faults: &Faults) {
    let remedy = say!(
        "写 units = [...]，或写 level、under（可并用）",
        "write units = [...], or else level or under or both"
    );
    let message = if has_both {
        say!(
            "units 不能与 level、under 并用",
            "units cannot stand beside level or under"
        )
    } else {
        say!("没有写明哪些单位", "the row does not say which units")
    };
    faults.report(entry.place(), message, remedy);
}

fn report_empty(entry: &Entry<'_>, faults: &Faults) {
    faults.report(
        entry.place(),
        say!("此行没有选中任何单位", "this row selects no unit"),
        say!(
            "改正 level 或 under，或删去此行",
            "correct level or under, or remove the row"
        ),
    );
}

fn report_never(unit: &Unit, place: Place<'_>, faults: &Faults) {
    let code = unit.code();
    faults.report(
        place,
        say!(
            "{code} 在此行的各期都未生效",
            "{code} is in force in none of this row's periods"
        ),
        say!(
            "改正单位的起止日期，或从此行删去",
            "correct the unit's dates, or remove it from the row"
        ),
    );
}

fn report_too_many(entry: &Entry<'_>, faults: &Faults) {
    faults.report(
        entry.place(),
        say!(
            "名录展开后超过 {PAIRS_MAX} 项",
            "the roster holds more than {PAIRS_MAX} pairs of row and unit"
        ),
        say!("合并重复的行", "join rows that repeat each other"),
    );
}

/// A bundle of 8 MiB and [`PAIRS_MAX`] keep every count below the limit.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

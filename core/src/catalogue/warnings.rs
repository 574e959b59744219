//! What is not wrong in a catalogue but ought to be known: deadlines that ask for a list of holidays which is not there.
//!
//! Next year's list is published in autumn, so most catalogues lack one that somebody will need. Refusing them would be
//! wrong, and silence too: until the list is there, only the weekends count as days off.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::DatasetCode;

use super::{
    calendar,
    dataset::Dataset,
    fault::{Fault, Faults, say},
    words::CalendarCode,
};

/// How many datasets a warning names.
const NAMED_MAX: usize = 3;

/// For which years one calendar is asked.
#[derive(Default)]
struct Asked {
    datasets: BTreeSet<DatasetCode>,
    first: Option<i16>,
    /// `None` once a dataset without end asks.
    last: Option<i16>,
    endless: bool,
}

/// Everything that ought to be known, sorted by place.
pub(super) fn of(calendars: &[calendar::Draft<'_>], datasets: &[Dataset]) -> Vec<Fault> {
    let mut asked: BTreeMap<&CalendarCode, Asked> = BTreeMap::new();
    for dataset in datasets {
        for rule in dataset.rules() {
            let Some(calendar) = rule.calendar() else {
                continue;
            };
            let year = |period| rule.falls(period).map(|falls| falls.day.year());
            let asked = asked.entry(calendar.code()).or_default();
            asked.datasets.insert(dataset.code().clone());
            let first = year(dataset.first_period());
            asked.first = asked.first.into_iter().chain(first).min();
            let last = dataset.last_period().and_then(year);
            asked.endless |= last.is_none();
            asked.last = asked.last.into_iter().chain(last).max();
        }
    }
    let warnings = Faults::default();
    for draft in calendars {
        if let Some(asked) = asked.get(draft.calendar.code()) {
            warn(draft, asked, &warnings);
        }
    }
    warnings.finish()
}

fn warn(draft: &calendar::Draft<'_>, asked: &Asked, warnings: &Faults) {
    let listed = draft.calendar.years();
    let Some(first) = asked.first else { return };
    let last = asked.last.unwrap_or(first);
    let known_until = listed.last().copied().unwrap_or(first - 1);
    let until = if asked.endless { known_until } else { last };
    let missing = (first..=until).filter(|year| !listed.contains(year));
    let mut years: Vec<String> = missing.map(|year| year.to_string()).collect();
    let mut years_zh = years.clone();
    if asked.endless {
        let next = first.max(known_until + 1);
        years.push(format!("{next} and later years"));
        years_zh.push(format!("{next} 年及以后"));
    }
    if years.is_empty() {
        return;
    }
    let (code, zh, en) = (draft.calendar.code(), years_zh.join("、"), years.join(", "));
    let (by_zh, by_en) = named(&asked.datasets);
    warnings.report(
        draft.place,
        say!(
            "日历 {code} 没有 {zh} 的节假日，而 {by_zh} 要用",
            "calendar {code} has no holidays for {en}, which {by_en} ask for"
        ),
        say!(
            "放假通知公布后用 [[calendar.year]] 补上；在此之前这些年份只按周末计算",
            "add a [[calendar.year]] when they are published; until then only weekends count in these years"
        ),
    );
}

/// The first few datasets, and how many more there are.
fn named(datasets: &BTreeSet<DatasetCode>) -> (String, String) {
    let first: Vec<String> = datasets
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    let (zh, en) = (first.join("、"), first.join(", "));
    match datasets.len().saturating_sub(NAMED_MAX) {
        0 => (zh, en),
        more => (
            format!("{zh} 等 {} 张报表", datasets.len()),
            format!("{en} and {more} more"),
        ),
    }
}

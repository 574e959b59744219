//! The calendar of a year: what is due when, from when and until when it is taken, and why a deadline was moved.
//!
//! A pure function of a catalogue, and of what a city says about extensions and exemptions; the same input gives the same
//! table and the same bytes of an iCalendar file.

pub mod ics;

use granary_core::{
    catalogue::{Catalogue, Dataset, Moved},
    code::{DatasetCode, UnitCode},
    period::Period,
    text::Bilingual,
};
use granary_proto::v1;
use jiff::{Timestamp, tz::TimeZone};

/// One report to hand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The dataset.
    pub dataset: DatasetCode,
    /// Its name.
    pub name: Bilingual,
    /// The period.
    pub period: Period,
    /// From when it is taken, where that is not the first day of the period.
    pub opens_at_ms: Option<i64>,
    /// When it is due by the rule.
    pub due_at_ms: i64,
    /// The day off that the deadline was moved away from.
    pub moved: Option<Moved>,
    /// How long after the deadline it is still timely.
    pub grace_ms: i64,
    /// Until when it is taken, where there is an end.
    pub locks_at_ms: Option<i64>,
    /// The deadline that the city has extended it to.
    pub extended_to_ms: Option<i64>,
    /// Whether the city has exempted the unit from it.
    pub exempt: bool,
}

/// The reports that are due in `year`, by the clock of each rule's zone, sorted by when: of one unit, or of any; of some
/// datasets, or of all where none is named.
#[must_use]
pub fn of_year(
    catalogue: &Catalogue,
    year: i16,
    unit: Option<&UnitCode>,
    datasets: &[DatasetCode],
) -> Vec<Entry> {
    let wanted = |dataset: &&Dataset| datasets.is_empty() || datasets.contains(dataset.code());
    let mut entries = Vec::new();
    for dataset in catalogue.datasets().iter().filter(wanted) {
        let owed = |period: &Period| match unit {
            Some(unit) => catalogue.expects(unit, dataset.code(), *period),
            None => !catalogue.expected_units(dataset.code(), *period).is_empty(),
        };
        let periods = due_in(dataset, year).filter(owed);
        entries.extend(periods.filter_map(|period| entry(dataset, period)));
    }
    entries.sort_by(|a, b| order(a).cmp(&order(b)));
    entries
}

const fn order(entry: &Entry) -> (i64, &DatasetCode, Period) {
    (entry.due_at_ms, &entry.dataset, entry.period)
}

/// The periods of a dataset that fall due in a year. A deadline lies within three years after its period.
fn due_in(dataset: &Dataset, year: i16) -> impl Iterator<Item = Period> {
    let earliest = year.saturating_sub(4).max(Period::YEAR_MIN);
    let first = Period::new(dataset.periodicity(), earliest, 1);
    let first = first.map(|first| first.max(dataset.first_period()));
    let last = dataset.last_period();
    let all = std::iter::successors(first, |period| period.plus(1));
    all.take_while(move |period| period.year() <= year && last.is_none_or(|last| *period <= last))
        .filter(move |period| {
            let falls = dataset.terms(*period).deadline().falls(*period);
            falls.is_some_and(|falls| falls.day.year() == year)
        })
}

fn entry(dataset: &Dataset, period: Period) -> Option<Entry> {
    let terms = dataset.terms(period);
    let deadline = terms.deadline();
    Some(Entry {
        dataset: dataset.code().clone(),
        name: dataset.name().clone(),
        period,
        opens_at_ms: terms.opens().and_then(|opens| opens.at_ms(period)),
        due_at_ms: deadline.at_ms(period)?,
        moved: deadline.falls(period)?.moved,
        grace_ms: terms.grace_ms(),
        locks_at_ms: terms.locks_at_ms(period, None),
        extended_to_ms: None,
        exempt: false,
    })
}

/// Takes over what the city says about one unit's slots.
pub fn take_over(entries: &mut [Entry], catalogue: &Catalogue, slots: &[v1::Slot]) {
    for entry in entries {
        let own = |slot: &&v1::Slot| {
            slot.dataset == entry.dataset.as_str() && slot.period == entry.period.to_string()
        };
        let Some(slot) = slots.iter().find(own) else {
            continue;
        };
        entry.exempt = slot.state() == v1::SlotState::Exempt;
        if slot.due_at_ms == entry.due_at_ms {
            continue;
        }
        entry.extended_to_ms = Some(slot.due_at_ms);
        if let Some(dataset) = catalogue.dataset(&entry.dataset) {
            let terms = dataset.terms(entry.period);
            entry.locks_at_ms = terms.locks_at_ms(entry.period, entry.extended_to_ms);
        }
    }
}

impl Entry {
    /// When it is due, with the extension.
    #[must_use]
    pub fn effective_due_at_ms(&self) -> i64 {
        self.extended_to_ms.unwrap_or(self.due_at_ms)
    }
}

/// An end as people say it: what ends at midnight ends at 24:00 of the day before. The text, and the day of the week.
#[must_use]
pub fn end(zone: &TimeZone, at_ms: i64) -> (String, Bilingual) {
    let Ok(instant) = Timestamp::from_millisecond(at_ms) else {
        return (format!("{at_ms} ms"), Bilingual::default());
    };
    let local = zone.to_datetime(instant);
    let before = local.date().yesterday().ok();
    match before.filter(|_| local.hour() == 0 && local.minute() == 0 && local.second() == 0) {
        Some(day) => (format!("{day} 24:00"), weekday(day.weekday())),
        None => (
            local.strftime("%Y-%m-%d %H:%M").to_string(),
            weekday(local.weekday()),
        ),
    }
}

fn weekday(day: jiff::civil::Weekday) -> Bilingual {
    use jiff::civil::Weekday;
    let (zh, en) = match day {
        Weekday::Monday => ("周一", "Mon"),
        Weekday::Tuesday => ("周二", "Tue"),
        Weekday::Wednesday => ("周三", "Wed"),
        Weekday::Thursday => ("周四", "Thu"),
        Weekday::Friday => ("周五", "Fri"),
        Weekday::Saturday => ("周六", "Sat"),
        Weekday::Sunday => ("周日", "Sun"),
    };
    Bilingual::new(zh, en)
}

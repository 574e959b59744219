//! What the unit owes next, from the catalogue and the records that are kept here; also offline.
//!
//! Extensions are the city's to grant and are not known here, so a deadline may be later than shown, never earlier.

use std::collections::BTreeSet;

use granary_core::{
    catalogue::{Catalogue, Dataset},
    code::UnitCode,
    period::Period,
    snapshot::SlotKey,
    text::Bilingual,
};
use jiff::Timestamp;

/// How long ago a deadline may be, for what is still owed to be shown, in milliseconds: sixty days.
const OVERDUE_MS_MAX: i64 = 60 * 86_400_000;
/// Periods of one dataset that are looked at.
const PERIODS_MAX: usize = 100;

/// A report that is owed and that the city does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Unit, dataset and period.
    pub slot: SlotKey,
    /// The dataset's name.
    pub name: Bilingual,
    /// When it is due, in milliseconds since 1970-01-01 UTC.
    pub due_at_ms: i64,
    /// Whether that is over.
    pub overdue: bool,
}

/// The first `count_max` by deadline, without what is in `reported`.
#[must_use]
pub fn upcoming(
    catalogue: &Catalogue,
    unit: &UnitCode,
    reported: &BTreeSet<SlotKey>,
    now_ms: i64,
    count_max: usize,
) -> Vec<Owed> {
    let mut owed: Vec<Owed> = Vec::new();
    for dataset in catalogue.datasets() {
        for (period, due_at_ms) in near(dataset, now_ms) {
            let slot = SlotKey::new(unit.clone(), dataset.code().clone(), period);
            if reported.contains(&slot) || !catalogue.expects(unit, dataset.code(), period) {
                continue;
            }
            owed.push(Owed {
                slot,
                name: dataset.name().clone(),
                due_at_ms,
                overdue: due_at_ms < now_ms,
            });
        }
    }
    owed.sort_by(|a, b| (a.due_at_ms, &a.slot).cmp(&(b.due_at_ms, &b.slot)));
    owed.truncate(count_max);
    owed
}

/// The periods whose deadline is to come or not long over: the next one, the one that runs, and back from there.
fn near(dataset: &Dataset, now_ms: i64) -> impl Iterator<Item = (Period, i64)> + '_ {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let today = dataset.deadline().zone().to_datetime(now).date();
    let running = Period::containing(dataset.periodicity(), today);
    let first = running.and_then(|running| running.plus(1));
    let periods = std::iter::successors(first, |period| period.plus(-1)).take(PERIODS_MAX);
    let covered = periods.filter(|period| dataset.covers(*period));
    let due = covered.filter_map(|period| Some((period, dataset.due_at_ms(period)?)));
    due.take_while(move |(_, due_at_ms)| due_at_ms.saturating_add(OVERDUE_MS_MAX) >= now_ms)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use granary_core::catalogue::Bundle;

    use super::*;

    fn slots(now: &str, reported: &[&str]) -> Vec<String> {
        let bundle = Bundle::decode(&crate::run::tests::bundle()).unwrap();
        let catalogue = Catalogue::parse(&bundle).unwrap();
        let unit = UnitCode::new("520100").unwrap();
        let slot = |period: &&str| {
            let dataset = "quarterly-accounts".parse().unwrap();
            SlotKey::new(unit.clone(), dataset, Period::parse(period).unwrap())
        };
        let reported = reported.iter().map(slot).collect();
        let now_ms = now.parse::<Timestamp>().unwrap().as_millisecond();
        let owed = upcoming(&catalogue, &unit, &reported, now_ms, 3);
        let line = |owed: &Owed| {
            format!(
                "{}{}",
                owed.slot.period,
                if owed.overdue { " overdue" } else { "" }
            )
        };
        owed.iter().map(line).collect()
    }

    #[test]
    fn deadlines_come_in_order_with_what_is_overdue_and_without_what_is_reported() {
        // The catalogue's quarters are due on the 8th at 12:00 of Asia/Shanghai.
        let before = "2021-10-08T03:59:59Z";
        assert_eq!(
            slots(before, &["2021-Q2"]),
            ["2021-Q3", "2021-Q4", "2022-Q1"]
        );
        let after = "2021-10-08T04:00:01Z";
        assert_eq!(slots(after, &[])[0], "2021-Q3 overdue");
        assert_eq!(slots(after, &["2021-Q3"]), ["2021-Q4", "2022-Q1"]);
        // Sixty days later nobody needs to be told any more here; the city's list has it.
        assert_eq!(slots("2021-12-20T00:00:00Z", &[]), ["2021-Q4", "2022-Q1"]);
        // Before the first period there is nothing to owe.
        assert_eq!(slots("2020-06-01T00:00:00Z", &[]), Vec::<String>::new());
    }
}

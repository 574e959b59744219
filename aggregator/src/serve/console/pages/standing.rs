//! What the pages about scores have in common: of which periods a scorecard has scores, and what a standing says in words.

use std::collections::BTreeSet;

use granary_core::{
    catalogue::Scorecard,
    code::UnitCode,
    completeness::{Filter, GroupBy, Imported},
    period::Period,
};
use granary_proto::v1;

use crate::serve::{
    City,
    console::{
        problem::Problem,
        routes::Room,
        view::{Frame, encoded},
    },
    scores,
};

/// The most periods that are looked at, newest first.
pub(super) const PERIODS_MAX: usize = 40;
/// Tables that are drawn up in search of one that says something.
const DRAWN_MAX: usize = 6;
/// Of a period of which most is due, at most one slot in so many is pending.
const FEW: u64 = 10;

/// A period of a scorecard of which something is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) period: Period,
    /// Slots that are timely, late or missing.
    settled: u64,
    pending: u64,
}

impl Due {
    /// Whether no or few slots are still to come.
    const fn is_mostly_due(self) -> bool {
        self.pending * FEW <= self.pending + self.settled
    }
}

/// The periods of a scorecard of which something is due, newest first; where a unit is given, due of it.
pub(super) fn periods(room: &Room<'_>, card: &Scorecard, unit: Option<&UnitCode>) -> Vec<Due> {
    let Some(board) = room.console.city.board() else {
        return Vec::new();
    };
    let now_ms = room.visitor.now_ms;
    let datasets = card.datasets();
    let filter = |units: BTreeSet<UnitCode>, periods: BTreeSet<Period>| Filter {
        units,
        datasets: datasets.clone(),
        periods,
        imported: if card.imported() {
            Imported::Counted
        } else {
            Imported::Apart
        },
        ..Filter::default()
    };
    let own = |period: Period| {
        let units = card.units(period).into_iter();
        units
            .filter(|one| unit.is_none_or(|unit| one == unit))
            .collect::<BTreeSet<_>>()
    };
    let everybody = unit.cloned().into_iter().collect();
    let reported = board.counts(&filter(everybody, BTreeSet::new()), GroupBy::Period, now_ms);
    let reported = reported
        .iter()
        .filter_map(|(group, _)| Period::containing(card.periodicity(), group.period?.last_day()));
    let candidates: BTreeSet<Period> = reported.collect();
    let due = |period: Period| {
        let units = own(period);
        let own = datasets
            .iter()
            .filter_map(|code| room.catalogue.dataset(code));
        let within = own.flat_map(|dataset| period.ending_within(dataset.periodicity()));
        let within: BTreeSet<Period> = within.collect();
        // An empty set would mean all.
        if units.is_empty() || within.is_empty() {
            return None;
        }
        let counted = board.counts(&filter(units, within), GroupBy::Nothing, now_ms);
        let (_, counts) = counted.first()?;
        let settled = counts.timely + counts.late + counts.missing;
        (settled > 0).then_some(Due {
            period,
            settled,
            pending: counts.pending,
        })
    };
    candidates
        .into_iter()
        .rev()
        .filter_map(due)
        .take(PERIODS_MAX)
        .collect()
}

/// The period that a league table opens with: the newest of which most is due and with two units to compare; else the newest with any.
pub(super) fn opening(
    city: &City,
    card: &Scorecard,
    due: &[Due],
) -> Result<Option<Period>, Problem> {
    let mostly = due.iter().filter(|one| one.is_mostly_due());
    for one in mostly.take(DRAWN_MAX) {
        let ranked = drawn(city, card, one.period)?.standings;
        if ranked
            .iter()
            .filter(|standing| standing.rank.is_some())
            .count()
            > 1
        {
            return Ok(Some(one.period));
        }
    }
    Ok(due.first().map(|one| one.period))
}

/// The league table of a period as it stands now.
pub(super) fn drawn(city: &City, card: &Scorecard, period: Period) -> Result<v1::League, Problem> {
    let request = v1::GetLeagueRequest {
        scorecard: card.code().to_string(),
        period: period.to_string(),
        as_of_ms: 0,
    };
    let answer = scores::league(city, &request)?;
    Ok(answer
        .document
        .and_then(|document| document.league)
        .unwrap_or_default())
}

/// The newest table in which a unit has a score.
pub(super) fn newest(
    room: &Room<'_>,
    card: &Scorecard,
    unit: &UnitCode,
) -> Result<Option<(v1::League, v1::Standing)>, Problem> {
    for due in periods(room, card, Some(unit)).iter().take(DRAWN_MAX) {
        let league = drawn(&room.console.city, card, due.period)?;
        let is_own = |standing: &&v1::Standing| {
            let named = standing.unit.as_ref();
            named.is_some_and(|named| named.code == unit.as_str()) && !standing.score.is_empty()
        };
        if let Some(own) = league.standings.iter().find(is_own).cloned() {
            return Ok(Some((league, own)));
        }
    }
    Ok(None)
}

/// Where a score is accounted for.
pub(super) fn path(card: &str, period: &str, unit: &str) -> String {
    format!(
        "/league/{}/{}/{}",
        encoded(card),
        encoded(period),
        encoded(unit)
    )
}

/// The name of a standing's band.
pub(super) fn band<'l>(
    frame: &Frame<'_>,
    league: &'l v1::League,
    standing: &v1::Standing,
) -> &'l str {
    let band = standing
        .band
        .and_then(|band| league.bands.get(usize::try_from(band).ok()?));
    frame
        .visitor
        .words(band.and_then(|band| band.name.as_ref()))
}

/// Why a unit has no rank, or what its rank brings.
pub(super) fn note(frame: &Frame<'_>, standing: &v1::Standing) -> String {
    let note = [
        standing.flag.then(|| frame.pick("授旗", "flag")),
        standing.last.then(|| frame.pick("末位", "among the last")),
        standing
            .not_ranked
            .as_ref()
            .map(|why| frame.visitor.words(Some(why))),
    ];
    let note: Vec<&str> = note.into_iter().flatten().collect();
    note.join("；")
}

/// A score with two decimals as the number that it sorts by.
pub(super) fn hundredths(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap_or(-1)
}

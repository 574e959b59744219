//! League tables (评比): scores, ranks and bands of the units of a scorecard, and how each score came about.
//!
//! [`league`] is a pure function of a scorecard, what was measured of each unit ([`Marks`]) and the table of the period
//! before; [`draw_up`] feeds it with what is known at an instant, and [`account`] tells how one score came about. `docs/SCORES.md` states every rule with a worked example. In short:
//! - each component earns its share of its weight; where it cannot be computed its weight goes to the others;
//! - the score is the exact sum, rounded once to two decimals; the printed points sum to it;
//! - ties are decided on the printed score: nobody loses a rank by digits that nobody sees;
//! - ranks are 1, 2, 2, 4; bands have set shares by rank; equal scores share a band, the better one.
//!
//! Invariants: points sum to the score; a score lies within 0 and 100; the order in which units are given changes nothing;
//! who is better in one component and worse in none never ranks worse.

mod marks;
mod points;
mod rank;
mod explain;
mod draw_up;
mod document;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{
    bulletin::{self, League, Named, Standing, Words},
    catalogue::{Catalogue, Scorecard},
    code::UnitCode,
    decimal::Decimal,
    period::Period,
    text::Bilingual,
};

pub use self::{
    document::{ComponentAccount, Contribution, FindingNote, LeagueDocument, ScoreExplanation},
    draw_up::{Known, account, draw_up},
    explain::{SlotMarks, Slots, Subject, explain},
    marks::Marks,
};
use self::{points::Score, rank::Ranking};

/// The league table of a period.
///
/// `marks` holds every unit of which the roster expects a slot of the scorecard's datasets in the period; a unit that is not
/// in it does not stand in the table. `before` is the table of the period before, from which movement is told.
#[must_use]
pub fn league(
    catalogue: &Catalogue,
    scorecard: &Scorecard,
    period: Period,
    marks: &BTreeMap<UnitCode, Marks>,
    before: Option<&League>,
) -> League {
    let compared = marks
        .iter()
        .filter(|(unit, _)| scorecard.units().contains(*unit));
    let scored: Vec<Scored<'_>> = compared
        .map(|(unit, marks)| Scored {
            unit,
            marks,
            score: Score::of(scorecard, marks),
        })
        .collect();
    let pending = scored.iter().map(|scored| scored.marks.pending()).sum();
    let (ranked, unranked): (Vec<_>, Vec<_>) = scored
        .into_iter()
        .partition(|scored| scored.reason(scorecard).is_none());
    let ranking = Ranking::new(scorecard, ranked.iter().map(|s| (s.unit, s.score.total())));
    let mut standings: Vec<Standing> = ranked
        .iter()
        .map(|scored| standing(catalogue, scored, &ranking, before))
        .collect();
    standings.sort_by(|a, b| (a.rank, &a.unit.code).cmp(&(b.rank, &b.unit.code)));
    standings.extend(unranked.iter().map(|scored| Standing {
        not_ranked: scored.reason(scorecard).as_ref().map(Words::from),
        ..bare(catalogue, scored)
    }));
    League {
        scorecard: Named::new(scorecard.code(), scorecard.name()),
        period: period.to_string(),
        period_before: before
            .map(|league| league.period.clone())
            .unwrap_or_default(),
        bands: bands(scorecard, &ranking),
        components: scorecard.components().iter().map(component_line).collect(),
        standings,
        slots_min: scorecard.slots_min(),
        imported: scorecard.imported(),
        pending,
    }
}

/// The rank that a league table gives a unit; none where it is not ranked or does not stand in it.
#[must_use]
pub fn rank_of(league: &League, unit: &UnitCode) -> Option<u32> {
    let mut standings = league.standings.iter();
    standings
        .find(|standing| standing.unit.code == unit.as_str())?
        .rank
}

/// A unit with its score.
struct Scored<'m> {
    unit: &'m UnitCode,
    marks: &'m Marks,
    score: Score,
}

impl Scored<'_> {
    /// Why the unit is not ranked; none where it is.
    fn reason(&self, scorecard: &Scorecard) -> Option<Bilingual> {
        let (slots, least) = (self.marks.slots(), scorecard.slots_min());
        if slots < u64::from(least) {
            return Some(crate::catalogue::say!(
                "只有 {slots} 份应报，少于 {least} 份，不参加排名",
                "it owes {slots} slots, and with fewer than {least} no unit is ranked"
            ));
        }
        let is_empty = self.score.total().is_none();
        is_empty.then(|| {
            crate::catalogue::say!("没有一项可以计算", "none of its components can be computed")
        })
    }
}

fn standing(
    catalogue: &Catalogue,
    scored: &Scored<'_>,
    ranking: &Ranking,
    before: Option<&League>,
) -> Standing {
    let Some(place) = ranking.place(scored.unit) else {
        return bare(catalogue, scored);
    };
    let past = before.and_then(|league| rank_of(league, scored.unit));
    let movement = past.map(|past| i64::from(past) - i64::from(place.rank));
    Standing {
        rank: Some(place.rank),
        movement: movement.and_then(|places| i32::try_from(places).ok()),
        band: place.band,
        flag: place.flag,
        last: place.last,
        ..bare(catalogue, scored)
    }
}

/// What a standing says of a unit whether it is ranked or not.
fn bare(catalogue: &Catalogue, scored: &Scored<'_>) -> Standing {
    let name = catalogue.unit(scored.unit).map(|unit| unit.name().clone());
    let score = scored.score.total();
    Standing {
        unit: Named::new(scored.unit, &name.unwrap_or_default()),
        score: score.map(|score| score.to_string()).unwrap_or_default(),
        points: scored.score.points().to_vec(),
        slots: u32::try_from(scored.marks.slots()).unwrap_or(u32::MAX),
        ..Standing::default()
    }
}

fn bands(scorecard: &Scorecard, ranking: &Ranking) -> Vec<bulletin::Band> {
    let bands = scorecard.bands().iter().zip(ranking.band_counts());
    let band = |(band, units): (&crate::catalogue::Band, u32)| bulletin::Band {
        name: (&band.name).into(),
        share_percent: band.share.to_string(),
        units,
    };
    bands.map(band).collect()
}

fn component_line(component: &crate::catalogue::Component) -> bulletin::Component {
    bulletin::Component {
        component: Named::new(&component.code, &component.name),
        measure: component.scoring.word().to_owned(),
        weight: component.weight.to_string(),
    }
}

/// A sum of decimals; what does not fit is left out, which no score can come to.
fn sum(values: impl Iterator<Item = Decimal>) -> Decimal {
    { values }
        .try_fold(Decimal::ZERO, Decimal::checked_add)
        .unwrap_or(Decimal::ZERO)
}

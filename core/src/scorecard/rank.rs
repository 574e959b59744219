//! Ranks, bands, flags and the list of the last, all from the printed scores.
//!
//! Ranks are by standard competition ranking: a unit's rank is one more than the number of units with a higher score, so
//! 1, 2, 2, 4. Bands have set numbers of units ([`Scorecard::allotment`]); a unit's band is the one that its rank falls into, so
//! that equal scores are never split and share the better band, and the bands below are then shorter. Whoever ranks within the
//! first `flags` gets a flag, equal scores all of them. On the list of the last stands whoever has fewer than `last` units below,
//! unless the unit has a flag.

use std::collections::BTreeMap;

use crate::{catalogue::Scorecard, code::UnitCode, decimal::Decimal};

/// The places of all ranked units.
pub(super) struct Ranking {
    places: BTreeMap<UnitCode, Place>,
    bands: usize,
}

/// One unit's place.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) rank: u32,
    /// Counted from 0; none where the scorecard has no bands.
    pub(super) band: Option<u32>,
    pub(super) flag: bool,
    pub(super) last: bool,
}

impl Ranking {
    /// Ranks the units that have a score.
    pub(super) fn new<'u>(
        scorecard: &Scorecard,
        scores: impl Iterator<Item = (&'u UnitCode, Option<Decimal>)>,
    ) -> Self {
        let scored: Vec<(&UnitCode, Decimal)> = scores
            .filter_map(|(unit, score)| Some((unit, score?)))
            .collect();
        let mut ascending: Vec<Decimal> = scored.iter().map(|(_, score)| *score).collect();
        ascending.sort_unstable();
        let counts = scorecard.allotment(narrow(scored.len()));
        let place = |score: Decimal| {
            let below = narrow(ascending.partition_point(|other| *other < score));
            let not_above = ascending.partition_point(|other| *other <= score);
            let rank = narrow(ascending.len() - not_above) + 1;
            let flag = rank <= scorecard.flags();
            Place {
                rank,
                band: band_of(&counts, rank),
                flag,
                last: below < scorecard.last() && !flag,
            }
        };
        let places = scored
            .into_iter()
            .map(|(unit, score)| (unit.clone(), place(score)));
        Self {
            places: places.collect(),
            bands: counts.len(),
        }
    }

    pub(super) fn place(&self, unit: &UnitCode) -> Option<Place> {
        self.places.get(unit).copied()
    }

    /// How many units are in each band.
    pub(super) fn band_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.bands];
        for band in self.places.values().filter_map(|place| place.band) {
            if let Some(count) = usize::try_from(band)
                .ok()
                .and_then(|band| counts.get_mut(band))
            {
                *count += 1;
            }
        }
        counts
    }
}

/// The band that a rank falls into; the last one where the counts end before it.
fn band_of(counts: &[u32], rank: u32) -> Option<u32> {
    let mut end = 0;
    let reaches = |count: &u32| {
        end += *count;
        rank <= end
    };
    let band = counts.iter().position(reaches);
    band.or(counts.len().checked_sub(1)).map(narrow)
}

/// A catalogue of 8 MiB has fewer units and bands than this holds.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

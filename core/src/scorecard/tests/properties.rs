//! What holds of every league table.

use proptest::{prelude::*, sample::Index};

use super::*;

const KEYS: &str = r#"
slots_min = 2
flags = 2
last = 2
components = [
    { measure = "on_time_rate", weight = "33.3" },
    { measure = "low_quality_share", weight = "26.7" },
    { measure = "p90_lateness", zero_at = "3d", weight = 10 },
    { measure = "mean_absolute_revision", zero_at = "7", weight = "9.99" },
    { measure = "target_progress", weight = "20.01" },
]
bands = [
    { name = { zh = "优", en = "best" }, share = "12.5" },
    { name = { zh = "好", en = "good" }, share = 25 },
    { name = { zh = "中", en = "middling" }, share = "37.5" },
    { name = { zh = "差", en = "poor" }, share = 25 },
]
"#;

/// One unit's values, some of them absent.
fn any_marks() -> impl Strategy<Value = Marks> {
    let part = || prop::option::of((0..=12_u64, 12..40_u64));
    let late_ms = prop::option::of(0..400_000_000_i64);
    let revision = prop::option::of(-9_000_000..9_000_000_i64);
    let progress = prop::option::of(0..=10_000_i64);
    (0..6_u64, part(), part(), late_ms, revision, progress).prop_map(
        |(slots, on_time, poor, late_ms, revision, progress)| {
            let value = |measure| match measure {
                Measure::OnTimeRate => on_time.map(|(part, whole)| share(part, whole)),
                Measure::LowQuality => poor.map(|(part, whole)| share(part, whole)),
                Measure::NinetiethLateness => late_ms.map(Value::DurationMs),
                Measure::MeanAbsoluteRevision => revision
                    .and_then(|r| Decimal::new(r.into(), 6))
                    .map(Value::Number),
                _ => None,
            };
            let progress = progress.and_then(|p| Decimal::new(p.into(), 2));
            Marks::new(slots, value, progress)
        },
    )
}

fn any_town() -> impl Strategy<Value = Vec<Marks>> {
    prop::collection::vec(any_marks(), 8..30)
}

fn by_unit(town: &[Marks]) -> BTreeMap<UnitCode, Marks> {
    town.iter()
        .cloned()
        .enumerate()
        .map(|(at, marks)| (unit(at), marks))
        .collect()
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

/// The ranked standings.
fn ranked(league: &League) -> Vec<&Standing> {
    league
        .standings
        .iter()
        .filter(|standing| standing.rank.is_some())
        .collect()
}

proptest! {
    #[test]
    fn points_sum_to_a_score_within_bounds(town in any_town()) {
        let catalogue = catalogue(town.len(), KEYS);
        for standing in &table(&catalogue, &by_unit(&town)).standings {
            if standing.score.is_empty() {
                prop_assert!(standing.points.iter().all(|points| points.points.is_empty()));
                continue;
            }
            let score = decimal(&standing.score);
            let points = standing.points.iter().filter(|points| !points.points.is_empty());
            let points: Vec<Decimal> = points.map(|points| decimal(&points.points)).collect();
            prop_assert_eq!(sum(points.iter().copied()), score);
            prop_assert!(points.iter().all(|points| *points >= Decimal::ZERO));
            prop_assert!((Decimal::ZERO..=Decimal::integer(100)).contains(&score));
            prop_assert_eq!(score.scale(), 2);
        }
    }

    #[test]
    fn ranks_are_a_competition_ranking(town in any_town()) {
        let catalogue = catalogue(town.len(), KEYS);
        let league = table(&catalogue, &by_unit(&town));
        let ranked = ranked(&league);
        for standing in &ranked {
            let score = decimal(&standing.score);
            let above = ranked.iter().filter(|other| decimal(&other.score) > score).count();
            prop_assert_eq!(standing.rank, Some(u32::try_from(above + 1).unwrap()));
            prop_assert!(standing.slots >= 2);
            prop_assert_eq!(standing.flag, standing.rank <= Some(2));
            let below = ranked.iter().filter(|other| decimal(&other.score) < score).count();
            prop_assert_eq!(standing.last, below < 2 && !standing.flag);
        }
        let unranked = league.standings.len() - ranked.len();
        prop_assert!(league.standings[ranked.len()..].iter().all(|s| s.not_ranked.is_some()));
        prop_assert_eq!(ranked.len() + unranked, town.len());
    }

    #[test]
    fn bands_have_their_shares_within_one_apart_from_ties(town in any_town()) {
        let catalogue = catalogue(town.len(), KEYS);
        let league = table(&catalogue, &by_unit(&town));
        let ranked = ranked(&league);
        let card = &catalogue.scorecards()[0];
        let counts = card.allotment(u32::try_from(ranked.len()).unwrap());
        prop_assert_eq!(counts.iter().sum::<u32>() as usize, ranked.len());
        for (count, band) in counts.iter().zip(card.bands()) {
            // |count - n x share / 100| < 1, in thousandths of a unit times a hundred.
            let exact = band.share.rescaled(3).unwrap().mantissa() * i128::try_from(ranked.len()).unwrap();
            prop_assert!((i128::from(*count) * 100_000 - exact).abs() < 100_000);
        }
        // Without ties each band has just its count; with ties a band ends later, never in the middle of one.
        let mut end = 0;
        for (at, count) in counts.iter().enumerate() {
            end += *count as usize;
            let within = ranked.iter().filter(|s| s.band.is_some_and(|band| band as usize <= at));
            let within: Vec<_> = within.collect();
            let tied = |standing: &&Standing| within.last().is_some_and(|last| last.score == standing.score);
            prop_assert_eq!(within.len(), end.max(within.len()));
            prop_assert!(!ranked.get(within.len()).is_some_and(tied));
            let is_tie = within.len() > end;
            prop_assert!(!is_tie || ranked[end - 1].score == ranked[end].score);
        }
        for (band, count) in league.bands.iter().enumerate() {
            let own = ranked.iter().filter(|s| s.band == u32::try_from(band).ok()).count();
            prop_assert_eq!(own, count.units as usize);
        }
    }

    #[test]
    fn the_names_of_the_units_change_nothing(town in any_town(), turn in any::<Index>()) {
        let catalogue = catalogue(town.len(), KEYS);
        let mut turned = town.clone();
        turned.rotate_left(turn.index(town.len()));
        let scores = |town: &[Marks]| {
            let league = table(&catalogue, &by_unit(town));
            let mut all: Vec<_> = league
                .standings
                .iter()
                .map(|s| (s.score.clone(), s.rank, s.band, s.flag, s.last))
                .collect();
            all.sort();
            all
        };
        prop_assert_eq!(scores(&town), scores(&turned));
        let bytes = || prost::Message::encode_to_vec(&table(&catalogue, &by_unit(&town)));
        prop_assert_eq!(bytes(), bytes());
    }

    #[test]
    fn better_in_one_component_never_ranks_worse(town in any_town(), which in any::<Index>(), part in 0..12_u64) {
        let catalogue = catalogue(town.len(), KEYS);
        let at = which.index(town.len());
        let with = |timely| {
            let mut town = town.clone();
            let old = town[at].clone();
            town[at] = Marks::new(
                12,
                |measure| match measure {
                    Measure::OnTimeRate => Some(share(timely, 12)),
                    other => old.value(other).cloned(),
                },
                old.progress(),
            );
            let league = table(&catalogue, &by_unit(&town));
            (rank_of(&league, &unit(at)).unwrap(), league)
        };
        let ((rank, _), (better, _)) = (with(part), with(part + 1));
        prop_assert!(better <= rank, "{} {}", better, rank);
    }
}

//! Populations whose lateness is known: forecasts must be calibrated and better than the naive one where units differ, and
//! must claim nothing where they do not.

use granary_core::{
    completeness::Filter,
    forecast::{Calibration, Verdict, calibrate},
};

use crate::world::{DAY_MS, HOUR_MS, Numbers, World};

const UNITS: usize = 120;
const MONTHS: usize = 30;

/// How one unit behaves: how often it is late, and around which hour before the deadline it reports otherwise.
#[derive(Clone, Copy)]
struct Habit {
    late: f64,
    hours: f64,
}

fn replay(seed: u64, habit: impl Fn(usize, &mut Numbers) -> Habit) -> Calibration {
    let mut numbers = Numbers(seed);
    let mut world = World::new(UNITS, MONTHS);
    let habits: Vec<Habit> = (0..UNITS).map(|unit| habit(unit, &mut numbers)).collect();
    for period in 0..MONTHS {
        for (unit, habit) in habits.iter().enumerate() {
            let late = numbers.share() < habit.late;
            let hours = habit.hours * (0.5 + numbers.share());
            let lead_ms = (hours * HOUR_MS as f64) as i64;
            world.report(unit, period, Some(if late { -DAY_MS } else { lead_ms }));
        }
    }
    let after = world.due_ms(MONTHS - 1) + 30 * DAY_MS;
    calibrate(&world.board, &Filter::default(), after)
}

/// Whether the mean forecast of each bin lies within the interval of what came of it, or nearly.
fn is_calibrated(calibration: &Calibration, slack_percent: f64) -> bool {
    let number = |text: &str| text.parse::<f64>().unwrap();
    calibration
        .bins
        .iter()
        .filter(|bin| bin.forecasts >= 50)
        .all(|bin| {
            let observed = bin.observed.as_ref().unwrap();
            let mean = number(&bin.mean_percent);
            number(&observed.low_percent) - slack_percent <= mean
                && mean <= number(&observed.high_percent) + slack_percent
        })
}

/// Rates of lateness spread as the model thinks, between never and often.
#[test]
fn forecasts_are_calibrated_where_units_differ_steadily() {
    for seed in [1, 2, 3] {
        let calibration = replay(seed, |_, numbers| {
            let (first, second) = (numbers.share(), numbers.share());
            Habit {
                late: 0.8 * first * second,
                hours: 4.0 + 90.0 * numbers.share(),
            }
        });
        let score = calibration.score.as_ref().unwrap();
        assert_eq!(score.verdict, Verdict::Better, "{score:?}");
        assert!(
            score.reliability.parse::<f64>().unwrap() < 0.003,
            "{score:?}"
        );
        assert!(is_calibrated(&calibration, 8.0), "{:#?}", calibration.bins);
    }
}

/// Two kinds of units, which no smooth prior describes: the order of the forecasts is right, their level less so.
#[test]
fn two_kinds_of_units_are_told_apart() {
    for seed in [4, 5, 6] {
        let calibration = replay(seed, |_, numbers| Habit {
            late: if numbers.share() < 0.2 { 0.6 } else { 0.05 },
            hours: if numbers.share() < 0.5 { 4.0 } else { 90.0 },
        });
        let score = calibration.score.as_ref().unwrap();
        assert_eq!(score.verdict, Verdict::Better, "{score:?}");
        assert!(score.skill.parse::<f64>().unwrap() > 0.25, "{score:?}");
        assert!(
            score.reliability.parse::<f64>().unwrap() < 0.01,
            "{score:?}"
        );
    }
}

#[test]
fn levels_that_differ_are_found_before_units_are_known_well() {
    let calibration = replay(7, |unit, _| Habit {
        late: if unit * 2 < UNITS { 0.02 } else { 0.4 },
        hours: 20.0,
    });
    let score = calibration.score.unwrap();
    assert_eq!(score.verdict, Verdict::Better, "{score:?}");
    assert_eq!(calibration.horizons.len(), 5);
}

#[test]
fn no_skill_is_claimed_where_all_are_alike() {
    for seed in 10..18 {
        let calibration = replay(seed, |_, _| Habit {
            late: 0.15,
            hours: 30.0,
        });
        let score = calibration.score.as_ref().unwrap();
        assert_ne!(score.verdict, Verdict::Better, "{seed}: {score:?}");
        let skill: f64 = score.skill.parse().unwrap();
        assert!(skill.abs() < 0.02, "{seed}: {score:?}");
    }
}

#[test]
fn a_short_history_claims_nothing() {
    let mut world = World::new(4, 5);
    for period in 0..5 {
        for unit in 0..4 {
            world.report(unit, period, (unit > 0).then_some(HOUR_MS * 8));
        }
    }
    let after = world.due_ms(4) + 1;
    let calibration = calibrate(&world.board, &Filter::default(), after);
    assert_eq!(calibration.score.unwrap().verdict, Verdict::TooShort);
    assert!(calibration.unknown > 0, "the first period has no past");
    let nothing = calibrate(&world.board, &Filter::default(), world.due_ms(0));
    assert_eq!((nothing.score, nothing.horizons.len()), (None, 0));
}

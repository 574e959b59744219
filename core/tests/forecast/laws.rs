//! Laws of the model, for random histories.

use granary_core::{
    forecast::{Model, Outcome},
    period::{Period, Periodicity},
};
use proptest::prelude::*;

use crate::world::HOUR_MS;

const UNITS: u32 = 12;
const HALF_LIFE: u32 = 12;
/// Some instant after every outcome.
const AS_OF_MS: i64 = 10_000_000_000_000;

/// What became of a slot: hours before the deadline, or late; and whether it had been returned.
type Came = (Option<i64>, bool);

fn outcome(unit: u32, age: i32, (lead_h, returned): Came) -> Outcome {
    let due_at_ms = 1_000_000_000_000 - i64::from(age) * 30 * 24 * HOUR_MS;
    Outcome {
        unit,
        period: Period::new(Periodicity::Month, 2020, 1)
            .unwrap()
            .plus(-age)
            .unwrap(),
        due_at_ms,
        accepted_at_ms: lead_h.map(|hours| due_at_ms - hours * HOUR_MS),
        returned_at_ms: returned.then_some(due_at_ms - 2_000 * HOUR_MS),
        known_at_ms: due_at_ms,
    }
}

prop_compose! {
    fn any_came()(late in 0..4, hours in 0..900_i64, returned in 0..6) -> Came {
        ((late != 0).then_some(hours), returned == 0)
    }
}

prop_compose! {
    fn any_history()(came in prop::collection::vec((0..UNITS, 0..70, any_came()), 0..300)) -> Vec<Outcome> {
        let mut seen = std::collections::BTreeMap::new();
        seen.extend(came.into_iter().map(|(unit, age, came)| ((unit, age), came)));
        seen.into_iter().map(|((unit, age), came)| outcome(unit, age, came)).collect()
    }
}

fn groups() -> Vec<u32> {
    (0..UNITS).map(|unit| u32::from(unit > 9)).collect()
}

fn learn(history: &[Outcome]) -> Model {
    Model::learn(HALF_LIFE, &groups(), history, AS_OF_MS)
}

fn chance(model: &Model, unit: u32, lead_h: i64, returned: bool) -> Option<f64> {
    model
        .chance(unit, lead_h * HOUR_MS, returned)
        .map(|chance| chance.late)
}

proptest! {
    #[test]
    fn a_chance_lies_between_nought_and_one(
        history in any_history(), unit in 0..UNITS, lead_h in -10..2_000_i64, returned: bool,
    ) {
        match learn(&history).chance(unit, lead_h * HOUR_MS, returned) {
            None => prop_assert!(history.is_empty() || history.iter().all(|o| o.unit >= UNITS)),
            Some(chance) => {
                prop_assert!((0.0..=1.0).contains(&chance.late), "{chance:?}");
                prop_assert!(chance.arrived.is_none_or(|share| (0.0..=1.0).contains(&share)));
                prop_assert!(chance.standing.late <= chance.standing.known);
            }
        }
    }

    #[test]
    fn more_late_history_never_lowers_the_chance(
        history in any_history(), at: prop::sample::Index, lead_h in 0..1_000_i64, returned: bool,
    ) {
        prop_assume!(!history.is_empty());
        let at = at.index(history.len());
        let unit = history[at].unit;
        // What a return becomes is learnt from all units together, so there only other reports are turned late.
        prop_assume!(!returned || history[at].returned_at_ms.is_none());
        let mut later = history.clone();
        later[at].accepted_at_ms = None;
        let before = chance(&learn(&history), unit, lead_h, returned).unwrap();
        let after = chance(&learn(&later), unit, lead_h, returned).unwrap();
        prop_assert!(after >= before - 1e-9, "{before} then {after}");
    }

    #[test]
    fn the_chance_rises_while_nothing_arrives(
        history in any_history(), unit in 0..UNITS, lead_h in 1..1_000_i64, returned: bool,
    ) {
        let model = learn(&history);
        let (early, late) = (chance(&model, unit, lead_h, returned), chance(&model, unit, lead_h - 1, returned));
        prop_assert!(early <= late.map(|late| late + 1e-12), "{early:?} then {late:?}");
    }

    #[test]
    fn the_order_of_outcomes_is_irrelevant(
        (history, shuffled) in any_history().prop_flat_map(|h| (Just(h.clone()), Just(h).prop_shuffle())),
        unit in 0..UNITS, lead_h in 0..1_000_i64, returned: bool,
    ) {
        let lead_ms = lead_h * HOUR_MS;
        prop_assert_eq!(
            learn(&history).chance(unit, lead_ms, returned),
            learn(&shuffled).chance(unit, lead_ms, returned)
        );
    }

    #[test]
    fn what_is_not_known_yet_changes_nothing(
        history in any_history(), future in any_history(), unit in 0..UNITS, lead_h in 0..1_000_i64,
    ) {
        let as_of_ms = 1_000_000_000_000 - 20 * 30 * 24 * HOUR_MS;
        let is_past = |o: &&Outcome| o.due_at_ms < as_of_ms;
        let past: Vec<Outcome> = history.iter().filter(is_past).copied().collect();
        let unknown = future.iter().map(|o| Outcome { known_at_ms: as_of_ms + 1, ..*o });
        let later = future.iter().filter(|o| !is_past(o)).copied();
        let all: Vec<Outcome> = past.iter().copied().chain(unknown).chain(later).collect();
        let learn = |history: &[Outcome]| Model::learn(HALF_LIFE, &groups(), history, as_of_ms);
        prop_assert_eq!(
            learn(&past).chance(unit, lead_h * HOUR_MS, false),
            learn(&all).chance(unit, lead_h * HOUR_MS, false)
        );
    }
}

#[test]
fn a_unit_without_a_past_gets_its_peers_rate_and_says_so() {
    use granary_core::forecast::Scope;
    // Nine of ten counties: one report in four late. Unit 9 has no past; 10 and 11 are of another level.
    let history: Vec<Outcome> = (0..9)
        .flat_map(|unit| {
            (0..12).map(move |age| {
                let late = (unit as i32 + age) % 4 == 0;
                outcome(unit, age, ((!late).then_some(30), false))
            })
        })
        .collect();
    let model = learn(&history);
    let of = |unit| model.chance(unit, 100 * 24 * HOUR_MS, false).unwrap();
    let new = of(9);
    assert_eq!((new.standing.known, new.arrived), (0, None));
    assert_eq!((new.peers.scope, new.peers.units), (Scope::Level, 9));
    assert!((new.late - 0.25).abs() < 0.03, "{new:?}");
    assert_eq!(
        of(11).peers.scope,
        Scope::Dataset,
        "too few of its level are known"
    );
    assert_eq!(
        Model::learn(12, &groups(), &[], AS_OF_MS).chance(0, 0, false),
        None
    );
    let alone = learn(&[outcome(3, 0, (None, false))]);
    assert_eq!(
        alone.chance(3, HOUR_MS, false).unwrap().peers.scope,
        Scope::Nobody
    );
}

#[test]
fn a_returned_report_is_a_case_of_its_own() {
    // Reports that were returned became late half of the time; of the others one in twenty.
    let history: Vec<Outcome> = (0..UNITS)
        .flat_map(|unit| {
            (0..20).map(move |age| {
                let returned = age % 5 == 0;
                let late = if returned {
                    age % 10 == 0
                } else {
                    (age + unit as i32) % 20 == 1
                };
                outcome(unit, age, ((!late).then_some(10), returned))
            })
        })
        .collect();
    let model = learn(&history);
    let lead_ms = 48 * HOUR_MS;
    let plain = model.chance(0, lead_ms, false).unwrap();
    let returned = model.chance(0, lead_ms, true).unwrap();
    assert!(
        returned.late > 0.35 && plain.late < 0.2,
        "{plain:?} {returned:?}"
    );
    assert_eq!((plain.returned, returned.returned), (None, Some((24, 48))));
}

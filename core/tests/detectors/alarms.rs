//! False alarms: every method on clean synthetic data. The rates are printed; each must keep the bound that its method promises.

use granary_core::decimal::Decimal;
use granary_core::detect::{
    Judgement, all_zero, copied_from_neighbour, empty_but_complete, first_digit, growth_level,
    hidiroglou_berthelot, likeness, modified_z, multiple, revision_pattern, seasonal, smoothness,
    terminal_digit, threshold_hugging,
};

use crate::synthetic::{Seeded, series};

fn count_flags(judgements: &[Judgement]) -> usize {
    judgements
        .iter()
        .filter(|judgement| **judgement == Judgement::Flagged)
        .count()
}

/// Prints the rate and holds it to the bound.
fn check(method: &str, flags: usize, tests: usize, bound: f64) {
    let rate = flags as f64 / tests as f64;
    println!(
        "{method}: {flags} of {tests} clean figures flagged, {:.4} % (bound {:.4} %)",
        100.0 * rate,
        100.0 * bound
    );
    assert!(tests > 0 && rate <= bound, "{method}: {rate} above {bound}");
}

/// The share of clean worlds in which a controlled test flags anything at all must keep the false discovery rate: where every
/// unit is clean, each flag is a false one. Four standard deviations of a share are allowed for.
fn check_controlled(method: &str, worlds: &[Vec<f64>], rate: f64) {
    let alarmed = worlds
        .iter()
        .filter(|p_values| multiple::benjamini_hochberg(p_values, rate).flags > 0)
        .count();
    let room = 4.0 * (rate * (1.0 - rate) / worlds.len() as f64).sqrt();
    check(method, alarmed, worlds.len(), rate + room);
}

#[test]
fn modified_z_flags_as_often_as_it_says() {
    let parameters = modified_z::Parameters::default();
    let mut seeded = Seeded(1);
    for known in [5_u32, 6, 8, 11, 12, 20, 41, 80] {
        let (mut out, mut scratch) = (Vec::new(), Vec::new());
        for _ in 0..800_000 / known {
            let values: Vec<Option<i64>> = (0..known)
                .map(|_| Some((1e6 * seeded.normal()) as i64))
                .collect();
            modified_z::judge(values, &parameters, &mut scratch, &mut out);
        }
        let told = modified_z::chance_of_flag(known, &parameters);
        let rate = count_flags(&out) as f64 / out.len() as f64;
        println!(
            "modified z over {known}: {:.3} % flagged, {:.3} % told",
            100.0 * rate,
            100.0 * told
        );
        assert!((rate / told - 1.0).abs() < 0.15, "{known}: {rate} {told}");
    }
}

#[test]
fn hidiroglou_berthelot_flags_as_often_as_it_says() {
    let parameters = hidiroglou_berthelot::Parameters::default();
    let told = hidiroglou_berthelot::chance_of_flag(400, &parameters);
    let mut seeded = Seeded(2);
    let (mut out, mut scratch) = (Vec::new(), hidiroglou_berthelot::Scratch::default());
    for _ in 0..200 {
        // Noise shrinks with the root of the size, as the exponent of one half presumes.
        let pairs: Vec<_> = (0..400)
            .map(|_| {
                let size = 1e10 * (1.0 + seeded.share());
                let ratio = 1.02 * (1.0 + 1_000.0 / size.sqrt() * seeded.normal());
                (Some(size as i64), Some((size * ratio) as i64))
            })
            .collect();
        hidiroglou_berthelot::judge(pairs, &parameters, &mut scratch, &mut out).unwrap();
    }
    check(
        "hidiroglou-berthelot",
        count_flags(&out),
        out.len(),
        1.2 * told,
    );
}

#[test]
fn seasonal_comparison_takes_neither_trend_nor_season_for_a_fault() {
    let parameters = seasonal::Parameters::default();
    let mut seeded = Seeded(3);
    let judged: Vec<Judgement> = (0..5_000)
        .map(|_| {
            let figures = series(&mut seeded, 16, 0.05);
            let earlier = [figures[11], figures[7], figures[3]];
            seasonal::Baseline::of(earlier, &parameters)
                .unwrap()
                .judge(figures[15].unwrap(), &parameters)
        })
        .collect();
    // The trend takes figures 12 to 13 % above the mean of three years; 33 % is then more than three standard deviations away.
    check("seasonal", count_flags(&judged), judged.len(), 0.002);
}

#[test]
fn growth_that_follows_from_levels_is_not_warned_of() {
    let parameters = growth_level::Parameters::new(Vec::new());
    let mut seeded = Seeded(4);
    let flags = (0..5_000).filter(|_| {
        let (growth, prices) = (0.06 + 0.02 * seeded.normal(), 0.02 + 0.02 * seeded.normal());
        let base = 10_000.0 * (1.0 + 9.0 * seeded.share());
        let level = base * (1.0 + growth) * (1.0 + prices);
        let printed = |figure: f64, scale: u8| {
            Decimal::new((figure * 10_f64.powi(scale.into())).round() as i128, scale).unwrap()
        };
        let facts = growth_level::Facts {
            level: printed(level, 2),
            growth: printed(100.0 * growth, 1),
            published: printed(base, 2),
            stated: Some(printed(base, 2)),
        };
        growth_level::judge(&facts, &parameters).unwrap().outcome != growth_level::Outcome::Clean
    });
    // Prices four standard deviations off their mean make a gap of ten points.
    check("growth-level", flags.count(), 5_000, 0.0005);
}

fn record(seeded: &mut Seeded, cells: usize) -> Vec<Option<Decimal>> {
    (0..cells)
        .map(|_| Decimal::new(i128::from(seeded.below(900_000) + 100_000), 2))
        .collect()
}

#[test]
fn honest_records_are_no_copies_nor_empty() {
    let parameters = likeness::Parameters::default();
    let mut seeded = Seeded(5);
    let neighbours: Vec<_> = (0..100).map(|_| record(&mut seeded, 20)).collect();
    let nearest: Vec<Judgement> = copied_from_neighbour::judge(&neighbours, &parameters)
        .into_iter()
        .map(|n| n.judgement)
        .collect();
    check(
        "copied-from-neighbour",
        count_flags(&nearest),
        nearest.len(),
        0.0,
    );
    let last: Vec<Judgement> = neighbours
        .windows(2)
        .map(|pair| {
            likeness::Likeness::of(
                pair[0].iter().copied().zip(pair[1].iter().copied()),
                &parameters,
            )
            .judge(&parameters)
        })
        .collect();
    check("copied-last-period", count_flags(&last), last.len(), 0.0);
    let zero: Vec<Judgement> = neighbours
        .iter()
        .map(|record| all_zero::judge(record.iter().copied(), &all_zero::Parameters::default()).1)
        .collect();
    check("all-zero", count_flags(&zero), zero.len(), 0.0);
    let cells = |record: &Vec<Option<Decimal>>| {
        record
            .iter()
            .map(|value| empty_but_complete::Cell::Value(value.unwrap()))
            .collect::<Vec<_>>()
    };
    let empty: Vec<Judgement> = neighbours
        .iter()
        .map(|record| {
            empty_but_complete::judge(cells(record), &empty_but_complete::Parameters::default()).1
        })
        .collect();
    check("empty-but-complete", count_flags(&empty), empty.len(), 0.0);
}

#[test]
fn terminal_digits_of_measured_figures_keep_the_rate() {
    let parameters = terminal_digit::Parameters::default();
    let mut seeded = Seeded(6);
    let mut unit = || {
        let mut tally = terminal_digit::Tally::default();
        for _ in 0..8 {
            let figures = series(&mut seeded, 12, 0.03);
            tally.add_series(figures.into_iter().flatten(), 2, &parameters);
        }
        tally.test(&parameters).unwrap().p_value
    };
    let worlds: Vec<Vec<f64>> = (0..400)
        .map(|_| (0..50).map(|_| unit()).collect())
        .collect();
    check_controlled("terminal-digit, worlds of 50 units", &worlds, 0.05);
}

#[test]
fn first_digits_of_many_magnitudes_keep_the_rate() {
    let parameters = first_digit::Parameters::default();
    let mut seeded = Seeded(7);
    let mut unit = || {
        let mut figures: Vec<i64> = (0..300)
            .map(|_| (16.0 + 3.0 * seeded.normal()).exp() as i64)
            .collect();
        first_digit::test(&mut figures, &parameters).unwrap()
    };
    let worlds: Vec<Vec<f64>> = (0..300)
        .map(|_| {
            (0..30)
                .map(|_| unit())
                .map(|test| {
                    if test.matters(&parameters) {
                        test.p_value
                    } else {
                        1.0
                    }
                })
                .collect()
        })
        .collect();
    check_controlled("first-digit, worlds of 30 units", &worlds, 0.05);
}

#[test]
fn figures_around_a_target_that_nobody_aims_at_keep_the_rate() {
    let parameters =
        threshold_hugging::Parameters::new(threshold_hugging::Target::Value(Decimal::integer(6)));
    let mut seeded = Seeded(8);
    let mut target = || {
        let figures: Vec<Decimal> = (0..200)
            .map(|_| Decimal::new((600.0 + 150.0 * seeded.normal()) as i128, 2).unwrap())
            .collect();
        let sides = figures.iter().map(|figure| {
            threshold_hugging::side(*figure, Decimal::integer(6), parameters.band).unwrap()
        });
        threshold_hugging::test(sides, &parameters).unwrap().p_value
    };
    let worlds: Vec<Vec<f64>> = (0..500)
        .map(|_| (0..10).map(|_| target()).collect())
        .collect();
    check_controlled("threshold-hugging, worlds of 10 targets", &worlds, 0.05);
}

#[test]
fn revisions_in_both_directions_keep_the_rate() {
    let parameters = revision_pattern::Parameters::default();
    let mut seeded = Seeded(9);
    let mut unit = || {
        let mut tally = revision_pattern::Tally::default();
        for _ in 0..24 {
            let first = Decimal::integer(1_000);
            let later = Decimal::integer(if seeded.share() < 0.5 { 1_001 } else { 999 });
            tally.add(&[(10, Some(first)), (30, Some(later))], Some(20));
        }
        tally.test(&parameters).unwrap().p_value
    };
    let worlds: Vec<Vec<f64>> = (0..500)
        .map(|_| (0..50).map(|_| unit()).collect())
        .collect();
    check_controlled("revision-pattern, worlds of 50 units", &worlds, 0.05);
}

#[test]
fn units_of_very_different_roughness_keep_the_rate() {
    let parameters = smoothness::Parameters::default();
    let mut seeded = Seeded(10);
    let mut world = || {
        let rough: Vec<f64> = (0..100)
            .map(|_| {
                let noise = 0.02 * (0.3 * seeded.normal()).exp();
                smoothness::roughness(&series(&mut seeded, 24, noise), 4, &parameters).unwrap()
            })
            .collect();
        let peers = smoothness::Peers::of(rough.iter().copied(), &parameters).unwrap();
        rough
            .iter()
            .map(|roughness| peers.p_value(*roughness))
            .collect()
    };
    let worlds: Vec<Vec<f64>> = (0..400).map(|_| world()).collect();
    check_controlled("smoothness, worlds of 100 units", &worlds, 0.05);
}

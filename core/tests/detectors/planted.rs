//! What is planted is found, and what is only near it is not: each method on its own.

use granary_core::{
    decimal::Decimal,
    detect::{
        Judgement, NotComputable, all_zero, copied_from_neighbour, copied_last_period,
        empty_but_complete::{self, Cell},
        hidiroglou_berthelot, modified_z, multiple, revision_pattern, seasonal, smoothness,
        terminal_digit,
        threshold_hugging::{self, Side},
    },
};

use crate::synthetic::{Seeded, series};

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

/// A period's figure as text with the instants at which it changed, and the instant of its ranking.
type Told<'a> = (&'a [(i64, &'a str)], Option<i64>);

fn cells(texts: &str) -> Vec<Option<Decimal>> {
    texts
        .split(' ')
        .map(|text| Decimal::parse(text).ok())
        .collect()
}

#[test]
fn a_wrong_unit_of_measure_is_an_outlier() {
    let parameters = modified_z::Parameters::default();
    let mut seeded = Seeded(20);
    for _ in 0..500 {
        let mut figures = series(&mut seeded, 12, 0.03);
        let planted = seeded.below(12) as usize;
        figures[planted] = figures[planted].map(|figure| figure * 1_000);
        let mut out = Vec::new();
        modified_z::judge(figures, &parameters, &mut Vec::new(), &mut out);
        assert_eq!(out[planted], Judgement::Flagged);
    }
}

#[test]
fn a_jump_that_the_others_do_not_make_is_found() {
    let parameters = hidiroglou_berthelot::Parameters::default();
    let mut seeded = Seeded(21);
    let mut pairs: Vec<_> = (0..300)
        .map(|_| {
            let figures = series(&mut seeded, 2, 0.02);
            (figures[0], figures[1])
        })
        .collect();
    // The whole country grows by a tenth from winter to spring; a large unit that falls by a tenth is what is unusual.
    pairs.push((Some(90_000_000), Some(81_000_000)));
    let mut out = Vec::new();
    hidiroglou_berthelot::judge(
        pairs,
        &parameters,
        &mut hidiroglou_berthelot::Scratch::default(),
        &mut out,
    )
    .unwrap();
    assert_eq!(out[300], Judgement::Flagged);
}

#[test]
fn seasons() {
    let parameters = seasonal::Parameters::default();
    let check = |value, earlier: [Option<i64>; 3], expect| {
        let judged = seasonal::Baseline::of(earlier, &parameters)
            .map(|baseline| baseline.judge(value, &parameters));
        assert_eq!(
            judged.unwrap_or_else(Judgement::NotComputable),
            expect,
            "{value}"
        );
    };
    let years = [Some(110), Some(100), Some(90)];
    check(133, years, Judgement::Clean);
    check(134, years, Judgement::Flagged);
    check(67, years, Judgement::Clean);
    check(66, years, Judgement::Flagged);
    check(100, [None, Some(100), Some(90)], Judgement::Clean);
    check(
        100,
        [None, None, Some(90)],
        Judgement::NotComputable(NotComputable::TooFewValues {
            known: 1,
            needed: 2,
        }),
    );
    check(
        100,
        [Some(-1), Some(0), Some(1)],
        Judgement::NotComputable(NotComputable::NotPositive),
    );
}

#[test]
fn copies() {
    let parameters = copied_last_period::Parameters::default();
    let check = |last: &str, this: &str, equal, expect| {
        let (likeness, judgement) =
            copied_last_period::judge(cells(last).into_iter().zip(cells(this)), &parameters);
        assert_eq!(
            (likeness.equal, judgement),
            (equal, expect),
            "{last} | {this}"
        );
    };
    check(
        "12.34 56.78 91.2 345 678 9.87 65.4",
        "12.34 56.78 91.20 345 678 9.87 65.4",
        7,
        Judgement::Flagged,
    );
    check(
        "12.34 56.78 91.2 345 678 9.87 65.4",
        "12.34 56.78 91.2 345 678 9.87 65.5",
        6,
        Judgement::Flagged,
    );
    check(
        "12.34 56.78 91.2 345 678 9.87 65.4",
        "12.34 56.78 91.2 345 678 9.88 65.5",
        5,
        Judgement::Clean,
    );
    // Seventeen of twenty are 85 percent, which is the mark itself.
    let record = |different: i32| {
        let cells = (0..20).map(|n| {
            if n < different {
                2001 + 2 * n
            } else {
                5001 + 2 * n
            }
        });
        cells
            .map(|cell| cell.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    check(&record(0), &record(3), 17, Judgement::Flagged);
    check(&record(0), &record(4), 16, Judgement::Clean);
    // Zeros, blanks and short figures are alike by chance.
    check(
        "0 0 0 0 0 1 2 3 40 -",
        "0 0 0 0 0 1 2 3 40 -",
        0,
        Judgement::NotComputable(NotComputable::TooFewValues {
            known: 0,
            needed: 5,
        }),
    );
}

#[test]
fn neighbours() {
    let records = [
        "12.34 56.78 91.2 345 678 9.87",
        "22.34 56.71 81.2 342 671 1.87",
        "12.34 56.78 91.2 345 678 9.87",
        "-",
        "- - - - - -",
    ]
    .map(cells);
    let nearest =
        copied_from_neighbour::judge(&records, &copied_from_neighbour::Parameters::default());
    let found: Vec<_> = nearest
        .iter()
        .map(|nearest| (nearest.neighbour, nearest.judgement))
        .collect();
    assert_eq!(
        found[..3],
        [
            (Some(2), Judgement::Flagged),
            (Some(0), Judgement::Clean),
            (Some(0), Judgement::Flagged)
        ]
    );
    assert!(
        found[3..]
            .iter()
            .all(|(_, judgement)| matches!(judgement, Judgement::NotComputable(_)))
    );
    let alone =
        copied_from_neighbour::judge(&records[..1], &copied_from_neighbour::Parameters::default());
    assert_eq!(
        alone[0].judgement,
        Judgement::NotComputable(NotComputable::TooFewUnits {
            known: 0,
            needed: 1
        })
    );
}

#[test]
fn zeros_and_empty_cells() {
    let zero = |texts| all_zero::judge(cells(texts), &all_zero::Parameters::default()).1;
    assert_eq!(zero("0 0.00 - 0"), Judgement::Flagged);
    assert_eq!(zero("0 0.00 0.01"), Judgement::Clean);
    assert_eq!(
        zero("- 0 -"),
        Judgement::NotComputable(NotComputable::TooFewValues {
            known: 1,
            needed: 2
        })
    );
    let check = |texts: &str, expect| {
        let cells = texts.split(' ').map(|text| match text {
            "?" => Cell::Unstated,
            "-" => Cell::Absent,
            figure => Cell::Value(d(figure)),
        });
        assert_eq!(
            empty_but_complete::judge(cells, &empty_but_complete::Parameters::default()).1,
            expect,
            "{texts}"
        );
    };
    check("- - 0 - - 0", Judgement::Flagged);
    check("- - 0 - - 5.1", Judgement::Flagged);
    check("- - 0 - 5.1", Judgement::Clean);
    check("0 0 0 0 0 0", Judgement::Clean);
    check("? - - - - -", Judgement::Clean);
    check(
        "- - -",
        Judgement::NotComputable(NotComputable::TooFewValues {
            known: 3,
            needed: 4,
        }),
    );
}

#[test]
fn rounded_figures_among_measured_ones_are_found() {
    let parameters = terminal_digit::Parameters::default();
    let mut seeded = Seeded(22);
    let p_values: Vec<f64> = (0..50)
        .map(|unit| {
            let mut tally = terminal_digit::Tally::default();
            for _ in 0..8 {
                let figures: Vec<i64> = series(&mut seeded, 12, 0.03)
                    .into_iter()
                    .flatten()
                    .collect();
                // The first two units end a third of their figures on 0 or 5.
                let printed = figures.iter().map(|figure| {
                    if unit < 2 && seeded.share() < 0.33 {
                        figure / 5 * 5
                    } else {
                        *figure
                    }
                });
                tally.add_series(printed.collect::<Vec<_>>(), 2, &parameters);
            }
            tally.test(&parameters).unwrap().p_value
        })
        .collect();
    let control = multiple::benjamini_hochberg(&p_values, 0.05);
    assert!(
        p_values[..2].iter().all(|p| *p <= control.cut),
        "{:?} {control:?}",
        &p_values[..2]
    );
    assert!(control.flags <= 3);
}

#[test]
fn sides_of_a_target() {
    let check = |value, expect| {
        assert_eq!(
            threshold_hugging::side(d(value), d("6.5"), d("0.5")),
            Some(expect),
            "{value}"
        )
    };
    check("6.5", Side::Above);
    check("6.99", Side::Above);
    check("7.0", Side::Beyond);
    check("6.49", Side::Below);
    check("6.0", Side::Below);
    check("5.99", Side::Beyond);
    let parameters = threshold_hugging::Parameters::new(threshold_hugging::Target::Value(d("6.5")));
    let tested = |above: usize, below: usize| {
        let sides =
            std::iter::repeat_n(Side::Above, above).chain(std::iter::repeat_n(Side::Below, below));
        threshold_hugging::test(sides.chain([Side::Beyond; 5]), &parameters)
    };
    // One tail of a fair coin: 9 and 10 heads in 10 are 11 of 1024.
    assert!((tested(9, 1).unwrap().p_value - 11.0 / 1024.0).abs() < 1e-12);
    assert!(tested(5, 5).unwrap().p_value > 0.6);
    assert_eq!(
        tested(9, 0).unwrap_err(),
        NotComputable::TooFewValues {
            known: 9,
            needed: 10
        }
    );
}

#[test]
fn revisions_that_only_rise_and_only_after_the_ranking() {
    let parameters = revision_pattern::Parameters::default();
    let tally_of = |periods: &[Told<'_>]| {
        let mut tally = revision_pattern::Tally::default();
        for (vintages, ranked) in periods {
            let vintages: Vec<_> = vintages
                .iter()
                .map(|(at, text)| (*at, Decimal::parse(text).ok()))
                .collect();
            tally.add(&vintages, *ranked);
        }
        tally
    };
    let risen: Told<'_> = (&[(1, "100"), (9, "104")], Some(5));
    let corrected_before: Told<'_> = (&[(1, "100"), (2, "99"), (9, "103")], Some(5));
    let back_again: Told<'_> = (&[(1, "100"), (6, "105"), (9, "100.0")], Some(5));
    let late: Told<'_> = (&[(6, "100"), (9, "105")], Some(5));
    let fallen: Told<'_> = (&[(1, "100"), (9, "99")], Some(5));
    let tally = tally_of(&[
        risen,
        corrected_before,
        back_again,
        late,
        fallen,
        (risen.0, None),
    ]);
    assert_eq!(
        tally,
        revision_pattern::Tally {
            up: 2,
            down: 1,
            before: 1,
            ranked: 5
        }
    );
    let test = tally_of(&[risen; 6]).test(&parameters).unwrap();
    assert!((test.p_value - 1.0 / 64.0).abs() < 1e-12);
    assert_eq!(
        tally_of(&[risen; 4]).test(&parameters).unwrap_err(),
        NotComputable::TooFewValues {
            known: 4,
            needed: 5
        }
    );
    assert_eq!(
        tally_of(&[(risen.0, None)]).test(&parameters).unwrap_err(),
        NotComputable::NotRanked
    );
}

#[test]
fn growth_that_never_moves_is_found() {
    let parameters = smoothness::Parameters::default();
    let mut seeded = Seeded(23);
    let mut rough: Vec<f64> = (0..60)
        .map(|_| smoothness::roughness(&series(&mut seeded, 16, 0.02), 4, &parameters).unwrap())
        .collect();
    // Season and trend alone: the growth against the year before is the same in every period.
    let made: Vec<_> = (0..16)
        .map(|t| Some((1e8 * [0.9, 1.0, 1.02, 1.08][t % 4] * 1.08_f64.powi(t as i32 / 4)) as i64))
        .collect();
    let almost: Vec<_> = made
        .iter()
        .enumerate()
        .map(|(t, figure)| figure.map(|f| f + f / 4_000 * (t as i64 % 3)))
        .collect();
    rough.push(smoothness::roughness(&made, 4, &parameters).unwrap());
    rough.push(smoothness::roughness(&almost, 4, &parameters).unwrap());
    let peers = smoothness::Peers::of(rough.iter().copied(), &parameters).unwrap();
    let p_values: Vec<f64> = rough
        .iter()
        .map(|roughness| peers.p_value(*roughness))
        .collect();
    let control = multiple::benjamini_hochberg(&p_values, 0.05);
    assert!(
        p_values[60] <= control.cut && p_values[61] <= control.cut && control.flags == 2,
        "{:?} {control:?}",
        &p_values[60..]
    );
}

#[test]
fn roughness_and_its_peers_say_what_is_missing() {
    let parameters = smoothness::Parameters::default();
    let gaps: Vec<_> = (0..12).map(|t| (t % 2 == 0).then_some(100)).collect();
    assert_eq!(
        smoothness::roughness(&gaps, 1, &parameters),
        Err(NotComputable::TooFewValues {
            known: 0,
            needed: 6
        })
    );
    assert_eq!(
        smoothness::roughness(&[], 4, &parameters),
        Err(NotComputable::TooFewValues {
            known: 0,
            needed: 6
        })
    );
    let few = smoothness::Peers::of([0.1; 9], &parameters);
    assert_eq!(
        few.unwrap_err(),
        NotComputable::TooFewUnits {
            known: 9,
            needed: 10
        }
    );
    assert_eq!(
        smoothness::Peers::of([0.1; 10], &parameters).unwrap_err(),
        NotComputable::NoSpread
    );
    assert_eq!(
        smoothness::Peers::of([0.0; 10], &parameters).unwrap_err(),
        NotComputable::NoSpread
    );
    // Growth of 100 % and of 0 % in turn: the change is 1 each time.
    let steps: Vec<_> = (0..8).map(|t| Some(1 << (t / 2))).collect();
    assert_eq!(smoothness::roughness(&steps, 1, &parameters), Ok(1.0));
}

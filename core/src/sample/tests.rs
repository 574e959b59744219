//! The draw and the estimates against what can be counted or computed by hand.

use std::collections::BTreeMap;

use super::*;
use crate::{
    decimal::Decimal,
    detect::chi_square,
    digest::Digest,
    ledger::sampling::{Allocation, Element, Method},
    log::Hash,
    snapshot::SlotKey,
};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Slots of units 0001, 0002, ..., each with its figure and stratum.
fn frame(lines: &[(&str, &str)]) -> Frame {
    let line = |(at, (value, stratum)): (usize, &(&str, &str))| Framed {
        element: Element {
            slot: SlotKey::new(
                format!("{:04}", at + 1).parse().unwrap(),
                "accounts".parse().unwrap(),
                "2021-Q2".parse().unwrap(),
            ),
            indicator: None,
            item: None,
        },
        stratum: (*stratum).to_owned(),
        value: Some(decimal(value)),
    };
    Frame {
        lines: lines.iter().enumerate().map(line).collect(),
        without_size: 0,
    }
}

fn even(count: usize) -> Frame {
    frame(&vec![("1", ""); count])
}

fn seed_of(number: u32) -> Digest {
    Digest::of(&number.to_be_bytes())
}

fn lines(frame: &Frame, method: Method, size: u32, number: u32) -> Vec<usize> {
    let drawn = draw(frame, method, size, &[], &seed_of(number)).unwrap();
    drawn.into_iter().map(|selected| selected.line).collect()
}

#[test]
fn any_bit_of_what_is_hashed_changes_the_seed() {
    let bytes = |seed: u8| [seed; 32];
    let of = |leaf: [u8; 32], root: [u8; 32], public: &str| {
        seed(&Hash::from_bytes(leaf), &Hash::from_bytes(root), public)
    };
    let first = of(bytes(1), bytes(2), "3");
    for bit in 0..256 {
        let flipped = |seed: u8| {
            let mut flipped = bytes(seed);
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        };
        assert_ne!(of(flipped(1), bytes(2), "3"), first);
        assert_ne!(of(bytes(1), flipped(2), "3"), first);
    }
    for public in ["", "2", "33", "3 ", "\u{ff13}"] {
        assert_ne!(of(bytes(1), bytes(2), public), first, "{public:?}");
    }
    assert_ne!(of(bytes(2), bytes(1), "3"), first);
}

/// Over many seeds each of the 45 pairs of ten elements comes up equally often.
#[test]
fn equal_draws_are_uniform_over_subsets() {
    let frame = even(10);
    let mut counts: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
    let draws = 9_000_u32;
    for number in 0..draws {
        let mut pair = lines(&frame, Method::Equal, 2, number);
        pair.sort_unstable();
        *counts.entry(pair).or_default() += 1;
    }
    assert_eq!(counts.len(), 45);
    let expected = f64::from(draws) / 45.0;
    let statistic: f64 = counts
        .values()
        .map(|count| (f64::from(*count) - expected).powi(2) / expected)
        .sum();
    let p = chi_square::p_value(statistic, 44);
    assert!(p > 0.001, "chi-square {statistic}, p {p}");
}

#[test]
fn equal_draws_hold_no_element_twice_and_do_not_depend_on_the_size() {
    let frame = even(50);
    let all = lines(&frame, Method::Equal, 50, 7);
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    // A larger sample of the same seed begins with the smaller one.
    assert_eq!(lines(&frame, Method::Equal, 9, 7), all[..9]);
    assert_ne!(lines(&frame, Method::Equal, 9, 8), all[..9]);
}

/// Every start of the systematic draw is tried in a frame of one fixed order: each element is met in just as many as its size says.
#[test]
fn inclusion_probabilities_by_size_are_those_counted() {
    let sizes = ["1", "2", "3", "5", "9"];
    let frame = frame(&sizes.map(|size| (size, "")));
    let stated = draw(&frame, Method::BySize, 2, &[], &seed_of(0)).unwrap();
    assert_eq!(stated.len(), 2);
    let mut counts = [0_u32; 5];
    let draws = 20_000_u32;
    for number in 0..draws {
        let drawn = draw(&frame, Method::BySize, 2, &[], &seed_of(number)).unwrap();
        assert_eq!(drawn.len(), 2);
        for selected in drawn {
            counts[selected.line] += 1;
            let size: u128 = sizes[selected.line].parse().unwrap();
            let chance = selected.chance.reduced();
            // Two of twenty, twice the size: 9 is below the step of 10.
            let whole = Chance {
                numerator: 2 * size,
                denominator: 20,
            };
            assert_eq!(chance, whole.reduced());
        }
    }
    for (size, count) in sizes.iter().zip(counts) {
        let expected = f64::from(draws) * 2.0 * size.parse::<f64>().unwrap() / 20.0;
        let deviation = (f64::from(count) - expected).abs() / expected.sqrt();
        assert!(deviation < 4.0, "{size}: {count}, {expected}");
    }
}

/// For every start r below the sum, walked by hand over the frame's own order.
#[test]
fn a_systematic_walk_meets_each_element_as_often_as_its_size() {
    let (sizes, count) = ([1_u32, 2, 3, 5, 9], 2_u32);
    let total: u32 = sizes.iter().sum();
    let mut met = [0_u32; 5];
    for start in 0..total {
        let (mut point, mut reached) = (start, 0);
        for (at, size) in sizes.iter().enumerate() {
            reached += size * count;
            if point < reached {
                point += total;
                met[at] += 1;
            }
        }
        assert_eq!(point, start + count * total);
    }
    assert_eq!(met, sizes.map(|size| size * count));
}

#[test]
fn what_reaches_the_step_is_taken_for_certain() {
    let frame = frame(&["1000.00", "2.5", "-2.5", "400", "1.00", "4.00"].map(|v| (v, "")));
    for number in 0..50 {
        let drawn = draw(&frame, Method::BySize, 4, &[], &seed_of(number)).unwrap();
        assert_eq!(drawn.len(), 4);
        assert_eq!((drawn[0].line, drawn[1].line), (0, 3));
        assert!(drawn[0].chance.is_certain() && drawn[1].chance.is_certain());
        for selected in &drawn[2..] {
            // Two of 2.5 + 2.5 + 1 + 4 = 10.
            let chance = match selected.line {
                1 | 2 => "1/2",
                4 => "1/5",
                5 => "4/5",
                line => panic!("{line}"),
            };
            assert_eq!(selected.chance.to_string(), chance);
        }
    }
}

#[test]
fn strata_get_their_largest_remainders() {
    let check = |counts: [usize; 3], size, expect: [usize; 3]| {
        let strata = ["a", "b", "c"];
        let lines: Vec<_> = strata
            .iter()
            .zip(counts)
            .flat_map(|(stratum, count)| vec![("1", *stratum); count])
            .collect();
        let sizes = allocate(&frame(&lines), size, &[]).unwrap();
        assert_eq!(sizes.into_values().collect::<Vec<_>>(), expect);
    };
    check([50, 30, 20], 10, [5, 3, 2]);
    check([53, 27, 20], 10, [5, 3, 2]);
    check([10, 10, 10], 4, [2, 1, 1]);
    check([1, 1, 98], 100, [1, 1, 98]);
    let lopsided = frame(&[[("1", "a")].as_slice(), &[("1", "b"); 99]].concat());
    assert_eq!(
        allocate(&lopsided, 10, &[]),
        Err(DrawError::Unsampled("a".into()))
    );
    let set = |stratum: &str, size| Allocation {
        stratum: stratum.into(),
        size,
    };
    let drawn = draw(
        &lopsided,
        Method::Equal,
        4,
        &[set("a", 1), set("b", 3)],
        &seed_of(1),
    );
    let drawn = drawn.unwrap();
    assert_eq!(drawn[0].line, 0);
    assert_eq!(drawn[1].chance.to_string(), "1/33");
    let failed = allocate(&lopsided, 4, &[set("a", 2), set("b", 2)]);
    assert!(matches!(failed, Err(DrawError::TooFew { size: 2, .. })));
}

fn case(
    stratum: &str,
    (numerator, denominator): (u128, u128),
    reported: &str,
    found: Found,
) -> Case {
    Case {
        stratum: stratum.into(),
        chance: Chance {
            numerator,
            denominator,
        },
        reported: Some(decimal(reported)),
        found,
    }
}

fn elements(list: &[(&str, u32)]) -> BTreeMap<String, u32> {
    list.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect()
}

/// Ten of a hundred, one overstated by 20 and one by 5: the mean difference is 2.5, s² = (17.5² + 2.5² + 8 · 2.5²) / 9 = 40.2778, the variance
/// 100² · 0.9 · s² / 10 = 36250, the standard error 190.39; t(9) = 2.2622.
#[test]
fn a_simple_sample_gives_the_textbook_difference_estimate() {
    let mut cases = vec![case("", (10, 100), "50.00", Found::Confirmed); 8];
    cases.push(case(
        "",
        (10, 100),
        "50.00",
        Found::Wrong(Some(decimal("30"))),
    ));
    cases.push(case(
        "",
        (10, 100),
        "50.00",
        Found::Wrong(Some(decimal("45"))),
    ));
    let found = estimate(
        &cases,
        &elements(&[("", 100)]),
        Some(decimal("5000")),
        false,
        0.95,
    );
    assert_eq!(found.all.share.as_deref(), Some("0.200000"));
    assert_eq!(
        found.all.interval,
        Some(("0.025211".into(), "0.556095".into()))
    );
    let money = found.money.unwrap();
    assert_eq!(money.error, "250.00");
    assert_eq!(money.standard_error.as_deref(), Some("190.39"));
    assert_eq!(money.interval, Some(("-180.70".into(), "680.70".into())));
    assert_eq!(money.stringer, None);
    assert!(found.strata.is_empty());
    assert!(found.warnings.iter().any(|w| w.en.starts_with("only 10")));
}

#[test]
fn strata_are_weighed_by_their_elements() {
    let mut cases = vec![case("a", (10, 90), "1", Found::Confirmed); 10];
    cases.extend(vec![case("b", (10, 10), "1", Found::NoEvidence); 10]);
    let found = estimate(&cases, &elements(&[("a", 90), ("b", 10)]), None, false, 0.9);
    assert_eq!(found.all.share.as_deref(), Some("0.100000"));
    // 0.9 · [0, 0.308497] + 0.1 · [0.6915, 1], each at 95 percent.
    assert_eq!(
        found.all.interval,
        Some(("0.069150".into(), "0.377647".into()))
    );
    assert_eq!(found.strata.len(), 2);
    assert_eq!(found.money, None);
}

/// 59 visits without an error bound the overstatement by 4.95 percent of the sum; one taint of a half adds half of the next step.
#[test]
fn stringers_bound_is_the_tables_factor() {
    let mut cases = vec![case("", (59, 590), "1", Found::Confirmed); 59];
    let all = elements(&[("", 590)]);
    let bound = |cases: &[Case]| {
        let found = estimate(cases, &all, Some(decimal("590")), true, 0.95);
        found.money.unwrap().stringer.unwrap().upper
    };
    let factor = |errors| binomial_upper(errors, 59, 0.95);
    assert_eq!(bound(&cases), format!("{:.2}", 590.0 * factor(0)));
    assert!((factor(0) - 0.0495).abs() < 5e-5);
    cases[3].found = Found::Wrong(Some(decimal("0.5")));
    let expected = 590.0 * (factor(0) + (factor(1) - factor(0)) * 0.5);
    assert_eq!(bound(&cases), format!("{expected:.2}"));
}

#[test]
fn who_was_not_visited_is_told() {
    let mut cases = vec![case("", (4, 8), "10", Found::NoEvidence); 2];
    cases.extend(vec![case("", (4, 8), "10", Found::Unvisited); 2]);
    let found = estimate(
        &cases,
        &elements(&[("", 8)]),
        Some(decimal("80")),
        false,
        0.95,
    );
    assert_eq!(found.money.unwrap().error, "80.00");
    assert!(
        found.warnings[0]
            .en
            .starts_with("2 drawn elements are not visited")
    );
}

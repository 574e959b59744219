//! Which cells are blamed, on records that are easy to judge by eye.

use super::*;
use crate::edits::linear::{Limit, Localisation, localise, suspicion};

/// The localisation of a record; `trust` says what weighs more than one, as in `industry=2`.
fn found(lines: &str, record: &str, trust: &str) -> Localisation {
    let edits = edits(lines);
    let weights = Record::parse(trust);
    let weight = |indicator: &IndicatorCode| {
        let weight = weights.cell(indicator).map(Decimal::mantissa);
        weight.map_or(1, |weight| u32::try_from(weight).unwrap())
    };
    let edits: Vec<&Edit> = edits.iter().collect();
    localise(&edits, &Record::parse(record), &weight, Limit::default())
}

fn told(found: &Localisation) -> Bilingual {
    suspicion(found, &|indicator| {
        Bilingual::new(indicator.as_str(), indicator.as_str())
    })
}

#[track_caller]
fn check(lines: &str, record: &str, trust: &str, expected: &str) {
    let found = found(lines, record, trust);
    assert_eq!(told(&found).en, expected, "{lines} on {record}: {found:#?}");
}

const DINGXI: &str = "
    A: gdp = primary + secondary + tertiary ~ 0.01
    B: secondary = industry + construction";

/// Dingxi, statistical communique of 2021, in 100 million yuan.
const DINGXI_2021: &str =
    "gdp=500.76 primary=98.35 secondary=82.65 tertiary=319.75 industry=45.42 construction=37.26";

#[test]
fn nothing_fails_so_nothing_is_blamed() {
    check(
        DINGXI,
        "gdp=6 primary=1 secondary=2 tertiary=3 industry=1 construction=1",
        "",
        "",
    );
    check("A: a = b + c", "a=1 b=1", "", "");
    assert!(found("A: a = b", "a=1 b=1", "").is_empty());
}

#[test]
fn dingxi_2021() {
    // The sum of the industries pins the secondary one, so its own parts are left.
    check(
        DINGXI,
        DINGXI_2021,
        "",
        "most likely wrong is one of these: construction (37.26; 37.23 would fit); industry (45.42; 45.39 would fit)",
    );
    check(
        DINGXI,
        DINGXI_2021,
        "industry=2",
        "most likely wrong: construction (37.26); 37.23 would fit",
    );
    let found = found(DINGXI, DINGXI_2021, "industry=2");
    assert_eq!(
        told(&found).zh,
        "最可能有误：construction（37.26）；填 37.23 则相符"
    );
    assert!(found.proven());
    assert_eq!(found.weight(), 1);
}

#[test]
fn dingxi_2021_within_rounding() {
    // Rounding leaves the secondary industry some room, so it is suspected too.
    let lines = "
        A: gdp = primary + secondary + tertiary ~ rounding
        B: secondary = industry + construction ~ rounding";
    check(
        lines,
        DINGXI_2021,
        "",
        "most likely wrong is one of these: secondary (82.65; 82.67 would fit); construction (37.26; 37.23 would fit); industry (45.42; 45.39 would fit)",
    );
}

#[test]
fn slips_are_recognised() {
    let lines = "A: total = north + south\nB: total = men + women";
    check(
        lines,
        "total=1234 north=734 south=500 men=643 women=519",
        "women=3",
        "most likely wrong: men (643); 715 would fit",
    );
    // 591 was meant.
    check(
        lines,
        "total=1234 north=734 south=500 men=643 women=519",
        "men=3",
        "most likely wrong: women (519); 591 would fit (two digits changed places)",
    );
    check(
        lines,
        "total=1324 north=734 south=500 men=643 women=591",
        "",
        "most likely wrong: total (1324); 1234 would fit (two digits changed places)",
    );
    check(
        "A: net = income - cost ~ 0.5\nB: net = a + b",
        "net=-25.0 income=100.0 cost=75.2 a=20.0 b=5.0",
        "",
        "most likely wrong: net (-25.0); 25.0 would fit (its sign is wrong)",
    );
    check(
        "A: net = income - cost ~ 0.05\nB: net = a + b",
        "net=25000.0 income=100.0 cost=75.0 a=20.0 b=5.0",
        "",
        "most likely wrong: net (25000.0); 25.0 would fit (the decimal point moved)",
    );
    check(
        "A: investment >= 0",
        "investment=-12.50",
        "",
        "most likely wrong: investment (-12.50); 12.50 would fit (its sign is wrong)",
    );
}

#[test]
fn bounds_are_told_where_there_is_no_value() {
    check(
        "A: share >= 0 and share <= 100",
        "share=105.0",
        "",
        "most likely wrong: share (105.0); 50.0 would fit",
    );
    check(
        "A: x <= 100",
        "x=101.5",
        "",
        "most likely wrong: x (101.5); it would have to be at most 100.0",
    );
    check(
        "A: x < 100",
        "x=101.5",
        "",
        "most likely wrong: x (101.5); it would have to be at most 99.9",
    );
    check(
        "A: x > 7",
        "x=3",
        "",
        "most likely wrong: x (3); it would have to be at least 8",
    );
}

#[test]
fn more_digits_than_were_reported() {
    check(
        "A: 2 * x = 3",
        "x=1",
        "",
        "most likely wrong: x (1); 1.5 would fit",
    );
    check("A: 3 * x = 1", "x=1", "", "most likely wrong: x (1)");
    // With another digit the tolerance is another, so no bound is told; the value was tried.
    let found = found("A: 2 * x = 3\nB: x > 7 or x < 4 ~ rounding", "x=0", "");
    let fit = found.parts[0].sets[0][0].fit.clone().unwrap();
    assert_eq!(
        (fit.lowest, fit.highest, fit.value),
        (None, None, Some(d("1.5")))
    );
}

#[test]
fn trillions_beside_cents() {
    check(
        "A: gdp = a + b\nB: gdp = c + d\nC: a = e + f",
        "gdp=1234567890123.45 a=1234567890000.00 b=123.45 c=1234567890123.44 d=0.02 e=1000000000000.00 f=234567890000.00",
        "d=2",
        "most likely wrong: c (1234567890123.44); 1234567890123.43 would fit",
    );
    check(
        "A: gdp = a + b ~ 0.01\nB: gdp = a + c",
        "gdp=1234567890124.45 a=1234567890123.45 b=1.00 c=1.03",
        "",
        "most likely wrong: c (1.03); 1.00 would fit",
    );
}

#[test]
fn conditional_edits() {
    let lines = "A: not (population > 0) or gdp > 0\nB: population = urban + rural";
    // Not the population: two cells would have to change.
    check(
        lines,
        "population=100 urban=60 rural=40 gdp=0",
        "",
        "most likely wrong: gdp (0); it would have to be at least 1",
    );
    check(
        "A: if kind = 1 then a = 0 else a > 0",
        "kind=1 a=5",
        "",
        "most likely wrong is one of these: a (5; 0 would fit); kind (1)",
    );
}

#[test]
fn missing_cells_are_free() {
    // Without b there is no telling; a = 3 is wrong whatever b is.
    check(
        "A: a = b + c\nB: b >= 0\nC: c <= a",
        "a=3 c=5",
        "",
        "most likely wrong is one of these: a (3; it would have to be at least 5); c (5; it would have to be at most 3)",
    );
    // The two totals differ, whatever the missing part is.
    check(
        "A: t = a + b\nB: u = a + b\nC: t = u",
        "t=5 u=6 a=1",
        "u=2",
        "most likely wrong: t (5); 6 would fit",
    );
}

#[test]
fn a_product_is_linear_in_one_factor() {
    let lines = "A: urban = population * share / 100 ~ 0.05\nB: share >= 0 and share <= 100\nC: population = men + women";
    check(
        lines,
        "urban=39.50 population=100.00 share=93.5 men=50.00 women=50.00",
        "urban=2",
        "most likely wrong: share (93.5); 39.5 would fit (two digits changed places)",
    );
    let found = found(
        lines,
        "urban=39.50 population=100.00 share=393.5 men=50.00 women=50.00",
        "",
    );
    assert!(found.proven() && found.parts[0].unchecked.is_empty());
}

#[test]
fn several_cells_and_several_groups() {
    check(
        "A: a = 1\nB: b = 2\nC: a + b = c",
        "a=2 b=3 c=3",
        "",
        "most likely wrong: a (2) and b (3)",
    );
    check(
        "A: a = 1\nB: b = 2",
        "a=2 b=3",
        "",
        "most likely wrong: a (2); 1 would fit. most likely wrong: b (3); 2 would fit",
    );
}

#[test]
fn edits_that_nothing_satisfies() {
    check(
        "A: a > 1\nB: a < 0",
        "a=0",
        "",
        "no change to the figures of this record satisfies all edits",
    );
}

#[test]
fn figures_from_elsewhere_are_taken_as_they_are() {
    let edits = edits("?A: gdp = rollup(gdp) ~ 0.5");
    let mut record = Record::parse("gdp=100.0");
    let rollup = Rollup {
        sum: d("101.0"),
        rounding: d("0.1"),
        known: 2,
        expected: 2,
    };
    record.rollups.insert("gdp".to_owned(), rollup);
    let found = localise(&[&edits[0]], &record, &|_| 1, Limit::default());
    assert_eq!(
        told(&found).en,
        "most likely wrong: gdp (100.0); 101.0 would fit"
    );
}

#[test]
fn work_is_bounded_and_says_so() {
    let edits = edits("A: a = b + c + d + e\nB: a = f + g + h\nC: b = f");
    let record = Record::parse("a=10 b=1 c=1 d=1 e=1 f=2 g=2 h=2");
    let edits: Vec<&Edit> = edits.iter().collect();
    let limit = Limit {
        candidates: 2,
        sets: 3,
    };
    let found = localise(&edits, &record, &|_| 1, limit);
    assert!(!found.proven());
    let limit = Limit {
        sets: 1,
        ..Limit::default()
    };
    let found = localise(&edits, &record, &|_| 1, limit);
    assert!(found.parts[0].more && found.proven());
    assert!(told(&found).en.ends_with("; and others"));
}

//! Progress towards targets, by hand and by properties.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, convert::Infallible};

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::{catalogue::Bundle, text::Language};

const UNITS: &str = r#"
[catalogue]
name = { zh = "城", en = "Town" }
timezone = "Asia/Shanghai"
[[unit]]
code = "A"
name = { zh = "甲县", en = "Alpha" }
[[unit]]
code = "B"
name = { zh = "乙县", en = "Beta" }
[[unit]]
code = "C"
name = { zh = "丙县", en = "Gamma" }
[[department]]
code = "statistics"
name = { zh = "统计局", en = "Statistics bureau" }
[[department]]
code = "finance"
name = { zh = "财政局", en = "Finance bureau" }
[[unit_of_measure]]
code = "CNY"
name = { zh = "亿元", en = "CNY 100 million" }
[[unit_of_measure]]
code = "PERSON"
name = { zh = "人", en = "persons" }
"#;

/// One dataset of this periodicity with a flow, a year-to-date flow and a stock.
fn catalogue(periodicity: &str, first: &str, targets: &str) -> Catalogue {
    let mut text = UNITS.to_owned();
    for (code, kind, owner, measure) in [
        ("revenue", "flow", "finance", "CNY"),
        ("gdp", "ytd", "statistics", "CNY"),
        ("population", "stock", "statistics", "PERSON"),
    ] {
        text += &format!(
            "[[indicator]]\ncode = {code:?}\nname = {{ zh = \"指标\", en = {code:?} }}\nunit_of_measure = {measure:?}\ndecimals = 2\nkind = {kind:?}\nowner = {owner:?}\n"
        );
    }
    text += &format!(
        "[[dataset]]\ncode = \"d\"\nname = {{ zh = \"报表\", en = \"Sheet\" }}\nperiodicity = {periodicity:?}\nindicators = [\"revenue\", \"gdp\", \"population\"]\ndeadline = {{ day = 8, time = \"12:00\" }}\nfirst_period = {first:?}\n[[roster]]\ndataset = \"d\"\nunits = [\"A\", \"B\", \"C\"]\n{targets}"
    );
    let files = BTreeMap::from([("all.toml".to_owned(), text)]);
    let bundle = Bundle::new(files).unwrap();
    let told = |faults: Vec<crate::catalogue::Fault>| -> String {
        faults.iter().map(|f| f.text(Language::En) + "\n").collect()
    };
    Catalogue::parse(&bundle).unwrap_or_else(|faults| panic!("{}", told(faults)))
}

/// Figures by "unit period indicator".
type Known<'k> = BTreeMap<String, &'k str>;

fn known<'k>(figures: &[(&str, &'k str)]) -> Known<'k> {
    figures
        .iter()
        .map(|(key, value)| ((*key).to_owned(), *value))
        .collect()
}

fn scope(year: i16, last_day: Option<Date>) -> Scope {
    Scope {
        year,
        filter: Filter::default(),
        department: None,
        last_day,
    }
}

fn follow<'c>(catalogue: &'c Catalogue, scope: &Scope, known: &Known<'_>) -> Vec<Progress<'c>> {
    let found = progress::<Infallible>(catalogue, scope, &mut |unit, _, period, indicator| {
        let value = known.get(&format!("{unit} {period} {indicator}"));
        Ok(value.map(|value| Decimal::parse(value).unwrap()))
    });
    found.unwrap()
}

/// The line of the one target, as text.
fn told(catalogue: &Catalogue, last_day: Option<Date>, figures: &[(&str, &str)]) -> String {
    let found = follow(catalogue, &scope(2021, last_day), &known(figures));
    assert_eq!(found.len(), 1);
    text(&found[0].line(catalogue))
}

fn text(line: &TargetLine) -> String {
    let half = line
        .half_reached
        .map(|reached| if reached { "yes" } else { "no" });
    format!(
        "{} of {} ({} by half) through {}: {}% at {}%, gap {}, pace {}, growth {}%, half {}",
        line.actual,
        line.target,
        line.half_target,
        line.through,
        line.progress_percent,
        line.elapsed_percent,
        line.gap,
        line.pace_needed,
        line.growth_percent,
        half.unwrap_or("?"),
    )
}

fn target(indicator: &str, aim: &str) -> String {
    format!("[[target]]\ndataset = \"d\"\nindicator = {indicator:?}\nyear = 2021\n{aim}\n")
}

#[test]
fn a_flow_is_summed_as_far_as_it_is_known() {
    let town = catalogue(
        "quarter",
        "2020-Q1",
        &target("revenue", "values = { A = \"100\" }"),
    );
    let figures = [
        ("A 2020-Q1 revenue", "20.00"),
        ("A 2020-Q2 revenue", "20.00"),
        ("A 2021-Q1 revenue", "22.00"),
        ("A 2021-Q2 revenue", "28.00"),
        // The third quarter is missing, so the fourth cannot count.
        ("A 2021-Q4 revenue", "9.00"),
    ];
    // 181 of 365 days; 50 - 100 x 181/365 = 0.410958...; 50 are left for two quarters; 50 over 40.
    assert_eq!(
        told(&town, None, &figures),
        "50.00 of 100 (50 by half) through 2021-Q2: 50.00% at 49.59%, gap 0.41, pace 25.00, growth 25.00%, half yes"
    );
    // By the end of March the second quarter is not looked at: 22 - 100 x 90/365.
    assert_eq!(
        told(&town, Some(date(2021, 3, 31)), &figures),
        "22.00 of 100 (50 by half) through 2021-Q1: 22.00% at 24.66%, gap -2.66, pace 26.00, growth 10.00%, half ?"
    );
    assert_eq!(
        told(&town, None, &[]),
        " of 100 (50 by half) through : % at %, gap , pace , growth %, half ?"
    );
}

#[test]
fn of_a_year_to_date_flow_the_last_figure_counts() {
    let aim = "values = { A = \"4700\" }\nhalf = { A = \"2300\" }";
    let town = catalogue("month", "2020-M01", &target("gdp", aim));
    let figures = [
        ("A 2020-M07 gdp", "2500"),
        ("A 2021-M05 gdp", "1900"),
        ("A 2021-M06 gdp", "2299.99"),
        ("A 2021-M07 gdp", "2700"),
    ];
    assert_eq!(
        told(&town, None, &figures),
        "2700 of 4700 (2300 by half) through 2021-M07: 57.45% at 58.08%, gap -29.86, pace 400.00, growth 8.00%, half no"
    );
}

#[test]
fn a_stock_is_asked_to_move_from_last_year_s_end() {
    let town = catalogue(
        "half-year",
        "2020-S1",
        &target("population", "values = { A = \"300\" }"),
    );
    let figures = [
        ("A 2020-S2 population", "200"),
        ("A 2021-S1 population", "250"),
    ];
    assert_eq!(
        told(&town, None, &figures),
        "250 of 300 (250 by half) through 2021-S1: 83.33% at 49.59%, gap 0.41, pace 50.00, growth %, half yes"
    );
    // Without last year's end nobody can say what June asks for.
    assert_eq!(
        told(&town, None, &figures[1..]),
        "250 of 300 ( by half) through 2021-S1: 83.33% at 49.59%, gap , pace 50.00, growth %, half ?"
    );
}

#[test]
fn a_growth_target_is_known_once_last_year_is() {
    let town = catalogue(
        "quarter",
        "2020-Q1",
        &target("gdp", "growth = { A = \"8.5\" }"),
    );
    let figures = [("A 2020-Q4 gdp", "4311.65"), ("A 2021-Q4 gdp", "4678.14")];
    // 4311.65 x 1.085 = 4678.14025: what falls short by less than it prints is not written as all of it.
    assert_eq!(
        told(&town, None, &figures),
        "4678.14 of 4678.14025 (2339.070125 by half) through 2021-Q4: 99.99% at 100.00%, gap 0.00, pace , growth 8.50%, half ?"
    );
    assert_eq!(
        told(&town, None, &figures[1..]),
        "4678.14 of  ( by half) through 2021-Q4: % at 100.00%, gap , pace , growth %, half ?"
    );
    let flow = catalogue(
        "quarter",
        "2020-Q1",
        &target("revenue", "growth = { A = \"10\" }"),
    );
    let quarters = [
        ("A 2020-Q1 revenue", "10"),
        ("A 2020-Q2 revenue", "10"),
        ("A 2020-Q3 revenue", "10"),
        ("A 2020-Q4 revenue", "10"),
        ("A 2021-Q1 revenue", "11"),
    ];
    assert!(told(&flow, None, &quarters).starts_with("11 of 44 (22 by half)"));
    // A year with a hole has no sum.
    assert!(told(&flow, None, &quarters[1..]).starts_with("11 of  ( by half)"));
}

#[test]
fn a_unit_is_not_asked_for_periods_that_it_does_not_owe() {
    let town = catalogue(
        "quarter",
        "2021-Q2",
        &target("revenue", "values = { A = \"100\" }"),
    );
    let figures = [("A 2021-Q2 revenue", "40")];
    assert!(told(&town, None, &figures).starts_with("40 of 100 (50 by half) through 2021-Q2"));
}

#[test]
fn ranks_follow_the_growth_that_is_printed() {
    let targets = target("gdp", "values = { A = \"200\", B = \"200\", C = \"200\" }");
    let town = catalogue("quarter", "2020-Q1", &targets);
    let figures = known(&[
        ("A 2020-Q1 gdp", "100000"),
        ("A 2021-Q1 gdp", "108000"),
        ("B 2020-Q1 gdp", "100000"),
        // 8.004 per cent is printed as 8.00, and nobody loses a rank by what is not printed.
        ("B 2021-Q1 gdp", "108004"),
        ("C 2020-Q1 gdp", "100000"),
        ("C 2021-Q1 gdp", "107000"),
    ]);
    let found = follow(&town, &scope(2021, None), &figures);
    let ranks: Vec<(String, Option<u32>)> = found
        .iter()
        .map(|p| (p.target().unit.to_string(), p.rank))
        .collect();
    let expected = [("A", Some(1)), ("B", Some(1)), ("C", Some(3))];
    assert_eq!(ranks, expected.map(|(unit, rank)| (unit.to_owned(), rank)));
}

#[test]
fn a_department_sees_what_it_answers_for() {
    let targets = [
        target("gdp", "values = { A = \"1\" }"),
        target("revenue", "values = { A = \"1\", B = \"1\" }"),
    ];
    let town = catalogue("quarter", "2020-Q1", &targets.concat());
    let count = |department: Option<&str>, units: &[&str]| {
        let scope = Scope {
            department: department.map(|code| DepartmentCode::new(code).unwrap()),
            filter: Filter {
                units: units
                    .iter()
                    .map(|code| UnitCode::new(code).unwrap())
                    .collect(),
                ..Filter::default()
            },
            ..scope(2021, None)
        };
        follow(&town, &scope, &Known::new()).len()
    };
    assert_eq!(count(None, &[]), 3);
    assert_eq!(count(Some("finance"), &[]), 2);
    assert_eq!(count(Some("finance"), &["B"]), 1);
    assert_eq!(count(Some("statistics"), &["B"]), 0);
    let line = follow(&town, &scope(2021, None), &Known::new())[0].line(&town);
    assert_eq!(
        (line.department.code.as_str(), line.measure.zh.as_str()),
        ("statistics", "亿元")
    );
    assert!(follow(&town, &scope(2022, None), &Known::new()).is_empty());
}

#[test]
fn silence_does_not_pay() {
    let targets = [
        target("gdp", "values = { A = \"365\" }"),
        target("revenue", "values = { A = \"365\" }"),
    ];
    let town = catalogue("quarter", "2020-Q1", &targets.concat());
    let mark = |last_day, figures: &[(&str, &str)]| {
        let found = follow(&town, &scope(2021, Some(last_day)), &known(figures));
        attainment(found.iter()).map(|percent| percent.to_string())
    };
    let half = [("A 2021-Q1 gdp", "45")];
    // Half of what ninety days ask for, and nothing.
    assert_eq!(mark(date(2021, 3, 31), &half).as_deref(), Some("25.00"));
    let both = [("A 2021-Q1 gdp", "45"), ("A 2021-Q1 revenue", "900")];
    assert_eq!(mark(date(2021, 3, 31), &both).as_deref(), Some("75.00"));
    // Before a quarter has ended nothing is asked.
    assert_eq!(mark(date(2021, 3, 30), &both), None);
}

proptest! {
    #[test]
    fn a_flow_and_its_year_to_date_agree(values in prop::collection::vec(0..10_000_i64, 4), year_target in 1..50_000_i64) {
        let aim = format!("values = {{ A = {year_target} }}");
        let (mut figures, mut sum) = (Vec::new(), 0);
        for (at, value) in values.iter().enumerate() {
            sum += value;
            figures.push((format!("A 2021-Q{} revenue", at + 1), value.to_string()));
            figures.push((format!("A 2021-Q{} gdp", at + 1), sum.to_string()));
        }
        let figures: Vec<(&str, &str)> = figures.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        for last_day in [date(2021, 3, 31), date(2021, 8, 15), date(2021, 12, 31)] {
            let line = |indicator| {
                let town = catalogue("quarter", "2021-Q1", &target(indicator, &aim));
                told(&town, Some(last_day), &figures)
            };
            prop_assert_eq!(line("revenue"), line("gdp"));
        }
    }
}

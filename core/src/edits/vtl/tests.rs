//! What each form of the language becomes in VTL. That engines understand it is tested where one is at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use super::*;
use crate::{
    code::{DatasetCode, EditId, UnitCode},
    edits::{self, EditKind, EditText, Foreign, Quantity, Symbols},
    period::{Period, Periodicity},
};

struct Names;

impl Symbols for Names {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        IndicatorCode::new(name).ok()
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn dataset(&self, name: &str) -> Option<Foreign> {
        Some(Foreign {
            code: DatasetCode::new(name).ok()?,
            periodicity: Periodicity::Annual,
            indicators: vec![IndicatorCode::new("a").ok()?],
        })
    }

    fn dataset_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn quantity(&self, _indicator: &IndicatorCode) -> Option<Quantity> {
        None
    }
}

/// Two digits after the point for all figures but `u`, of which nothing is known.
struct Two;

impl Columns for Two {
    fn decimals(&self, indicator: &IndicatorCode) -> Option<u8> {
        (indicator.as_str() != "u").then_some(2)
    }
}

fn text(expression: &str, tolerance: &str) -> EditText {
    EditText {
        id: EditId::new("T.EST-1").unwrap(),
        kind: EditKind::Quality,
        dataset: DatasetCode::new("accounts").unwrap(),
        expression: expression.to_owned(),
        tolerance: (!tolerance.is_empty()).then(|| tolerance.to_owned()),
        rollup: None,
        missing: None,
        scope: Scope::default(),
        message: Bilingual::new("不平衡", "does not add up"),
    }
}

fn written(text: EditText) -> Rule {
    let edit = edits::compile(text, &Names).unwrap_or_else(|faults| panic!("{faults:#?}"));
    rule(&edit, &Two, "E").unwrap()
}

/// The steps, if any, then `when ... then ...`, each after a semicolon.
fn shown(rule: &Rule) -> String {
    let mut parts: Vec<String> = rule
        .steps
        .iter()
        .map(|step| format!("{} := {}", step.measure, step.expression))
        .collect();
    let when = rule.when.as_ref().map(|when| format!("when {when} then "));
    parts.push(when.unwrap_or_default() + &rule.then);
    parts.join("; ")
}

#[track_caller]
fn check(expression: &str, tolerance: &str, expected: &str) {
    let found = shown(&written(text(expression, tolerance)));
    assert_eq!(found, expected, "{expression} within {tolerance:?}");
}

#[test]
fn the_tolerance_stands_in_each_comparison() {
    check("a = b + c", "", "round(a - (b + c), 2) = 0");
    check("a = b + c", "0.05", "abs(round(a - (b + c), 2)) <= 0.05");
    check("a <> b", "0.05", "abs(round(a - b, 2)) > 0.05");
    check("a <= b", "0.05", "round(a - b, 2) <= 0.05");
    check("a < b", "0.05", "round(a - b, 2) < 0.05");
    check("a >= b", "0.05", "round(a - b, 2) >= -0.05");
    check("a > b", "0.05", "round(a - b, 2) > -0.05");
    check("a > 0", "", "round(a, 2) > 0");
    check("a * b = 0.125 * c", "", "round(a * b - 0.125 * c, 5) = 0");
    // Nothing is known of the digits of `u`.
    check("a = u", "", "a = u");
    check("a = u", "0.05", "a <= u + 0.05 and a + 0.05 >= u");
    check("a < u", "0.05", "not (a >= u + 0.05)");
    check("a > u", "", "not (a <= u)");
    check(
        "a = b",
        "1%",
        "round(abs(a - b) - 0.01 * abs(a), 4) <= 0 or round(abs(a - b) - 0.01 * abs(b), 4) <= 0",
    );
    check(
        "a < u",
        "1%",
        "a - u < 0.01 * abs(a) or a - u < 0.01 * abs(u)",
    );
}

#[test]
fn rounding_is_followed_from_the_printed_digits() {
    check(
        "a = b - 1",
        "rounding",
        "abs(round(a - (b - 1), 2)) <= round(a__HALF + b__HALF, 3)",
    );
    check(
        "a = b * c",
        "rounding",
        "abs(round(a - b * c, 4)) <= round(a__HALF + (abs(b) * c__HALF + abs(c) * b__HALF + b__HALF * c__HALF), 6)",
    );
    check(
        "u = a / b",
        "rounding",
        "E_1 := if nvl(round(abs(b) - b__HALF, 3) > 0, false) then b else null; \
         E_2 := u__HALF + (abs(E_1) * a__HALF + abs(a) * b__HALF) / (abs(E_1) * (abs(E_1) - b__HALF)); \
         u <= a / E_1 + E_2 and u + E_2 >= a / E_1",
    );
}

#[test]
fn what_may_be_undefined_is_a_measure_of_its_own() {
    let guard = "E_1 := if nvl(round(b, 2) <> 0, false) then b else null";
    check("a / b > 1", "", &format!("{guard}; not (a / E_1 <= 1)"));
    check("a / 100 > 1", "", "round(a / 100 - 1, 4) > 0");
    check("a / 3 > 1", "", "not (a / 3 <= 1)");
    check(
        "mod(a, b) = 0",
        "",
        &format!("{guard}; round(round(nvl(a - E_1 * floor(a / E_1), a + b * 0), 2), 2) = 0"),
    );
    check(
        "ln(a) > 1",
        "",
        "E_1 := if nvl(round(a, 2) > 0, false) then round(a, 2) else null; not (ln(E_1) <= 1)",
    );
    check(
        "round(a, 1) = b",
        "",
        "round(round(round(a * 10, 2), 0) / 10 - b, 2) = 0",
    );
    check("power(a, 2) > 1", "", "round(power(a, 2) - 1, 4) > 0");
}

#[test]
fn choices_between_statements_are_algebra_and_between_numbers_a_measure() {
    check(
        "if a > b then c > 0 else isnull(c)",
        "",
        "(nvl(round(a - b, 2) > 0, false) and round(c, 2) > 0) or (not nvl(round(a - b, 2) > 0, false) and isnull(c))",
    );
    check(
        "(if a > 0 then (if b > 0 then a else b) else c) > d",
        "",
        "E_1 := if nvl(round(b, 2) > 0, false) then a else b; \
         E_2 := if nvl(round(a, 2) > 0, false) then E_1 else c; round(E_2 - d, 2) > 0",
    );
    check(
        "(if a > 0 then b else null) > d",
        "",
        "E_1 := if nvl(round(a, 2) > 0, false) then b else null; round(E_1 - d, 2) > 0",
    );
}

#[test]
fn statements_keep_their_meaning() {
    check(
        "not (a > b) or c > 0",
        "",
        "not (round(a - b, 2) > 0) or round(c, 2) > 0",
    );
    check(
        "a > b and (c > 0 or d > 0)",
        "",
        "round(a - b, 2) > 0 and (round(c, 2) > 0 or round(d, 2) > 0)",
    );
    check(
        "a in {1, 2.5}",
        "0.1",
        "abs(round(a - 1, 2)) <= 0.1 or abs(round(a - 2.5, 2)) <= 0.1",
    );
    check("a not_in {1}", "", "not (round(a - 1, 2) = 0)");
    check(
        "between(a, 1, b)",
        "",
        "round(a - 1, 2) >= 0 and round(a - b, 2) <= 0",
    );
    check("isnull(a) or null", "", "isnull(a) or YEAR = null");
}

#[test]
fn what_stands_elsewhere_is_a_measure() {
    check("a > previous(a)", "", "round(a - a__LAG1, 2) > 0");
    check("a > year_ago(sum)", "", "round(a - sum__YEAR_AGO, 2) > 0");
    check("ytd(sum) > sum", "", "round(sum__YTD - 'sum', 2) > 0");
    check(
        "a = rollup(a)",
        "rounding",
        "abs(round(a - a__ROLLUP, 2)) <= round(a__HALF + a__ROLLUP__HALF, 3)",
    );
    check("a = 'year-book'#a", "", "round(a - OF_year_book__a, 2) = 0");
    check(
        "subperiod() > 1 and year() > a",
        "",
        "round(SUBPERIOD - 1, 0) > 0 and round(YEAR - a, 2) > 0",
    );
}

#[track_caller]
fn check_with(change: impl Fn(&mut EditText), expected: &str) {
    let mut text = text("a = rollup(a)", "");
    change(&mut text);
    assert_eq!(shown(&written(text)), expected);
}

#[test]
fn scope_strategy_and_mode_become_the_antecedent() {
    let then = "then round(a - a__ROLLUP, 2) = 0";
    check_with(
        |text| {
            text.scope = Scope {
                units: Some(BTreeSet::from([UnitCode::new("520000").unwrap()])),
                subperiods: Some(BTreeSet::from([2, 4])),
                from: Period::parse("2021-Q3").ok(),
                ..Scope::default()
            };
        },
        &format!(
            "when UNIT in {{\"520000\"}} and SUBPERIOD in {{2, 4}} and YEAR * 1000 + SUBPERIOD >= 2021003 {then}"
        ),
    );
    check_with(
        |text| text.missing = Some("skip-if-any".to_owned()),
        &format!("when a = a and a__ROLLUP = a__ROLLUP {then}"),
    );
    let filled = "then round(nvl(a, 0) - nvl(a__ROLLUP, 0), 2) = 0";
    check_with(
        |text| text.missing = Some("skip-if-all".to_owned()),
        &format!("when a = a or a__ROLLUP = a__ROLLUP {filled}"),
    );
    check_with(
        |text| text.missing = Some("never-skip".to_owned()),
        &filled[5..],
    );
    let zero = "when E_1 = 1 then round(a - a__ROLLUP_ZERO, 2) = 0";
    check_with(
        |text| text.rollup = Some("non_zero".to_owned()),
        &format!(
            "E_1 := if nvl(nvl(a, 0) <> 0 or nvl(a__ROLLUP_ZERO, 0) <> 0, false) then 1 else null; {zero}"
        ),
    );
    check_with(
        |text| text.rollup = Some("partial_zero".to_owned()),
        &format!(
            "E_1 := if nvl(not isnull(a) or nvl(a__ROLLUP_KNOWN, 0) > 0, false) then 1 else null; {zero}"
        ),
    );
    check_with(
        |text| text.rollup = Some("always_zero".to_owned()),
        "round(a - a__ROLLUP_ZERO, 2) = 0",
    );
}

#[test]
fn a_long_expression_stays_short() {
    let nested = |open: &str, close: &str| format!("{}a{} > 1", open.repeat(15), close.repeat(15));
    for expression in [
        nested("mod(", ", b)"),
        nested("b * (c + ", ")"),
        nested("b / (c + ", ")"),
        nested("nvl(", ", b)"),
        nested("round(", ", 1)"),
        nested("power(", ", 64)"),
        nested("(if b > c then ", " else c)"),
        format!("{} > 1", vec!["a"; 60].join(" * ")),
    ] {
        for tolerance in ["", "1%", "rounding"] {
            let length = shown(&written(text(&expression, tolerance))).len();
            assert!(
                length < 60_000,
                "{length} bytes: {expression} within {tolerance:?}"
            );
        }
    }
}

#[test]
fn what_cannot_be_written_says_why() {
    let compiled = |text| edits::compile(text, &Names).unwrap();
    let power = compiled(text("power(a, b) > 1", ""));
    assert_eq!(rule(&power, &Two, "E"), Err(Obstacle::Exponent));
    let mut nowhere = text("a > 1", "");
    nowhere.scope.units = Some(BTreeSet::new());
    assert_eq!(rule(&compiled(nowhere), &Two, "E"), Err(Obstacle::Scope));
}

#[test]
fn a_sum_over_children_is_a_hierarchical_rule_too() {
    let found = |expression: &str, tolerance: &str| {
        let edit = edits::compile(text(expression, tolerance), &Names).unwrap();
        hierarchy(&edit, &Two).map(|h| format!("{} {} {}", h.indicator, h.comparison, h.verdict))
    };
    let check = |expression, tolerance, expected: Option<&str>| {
        assert_eq!(
            found(expression, tolerance).as_deref(),
            expected,
            "{expression}"
        );
    };
    check(
        "a = rollup(a)",
        "",
        Some("a = round('imbalance' + a * 0, 2) = 0"),
    );
    check(
        "a >= rollup(a)",
        "0.5",
        Some("a >= round('imbalance' + a * 0, 2) >= -0.5"),
    );
    check(
        "a = rollup(a)",
        "rounding",
        Some("a = abs(round('imbalance' + a * 0, 2)) <= round(a__HALF + a__ROLLUP__HALF, 3)"),
    );
    check("a <> rollup(a)", "", None);
    check("a = rollup(b)", "", None);
    check("a = rollup(a)", "1%", None);
    check("a = rollup(a) + 1", "", None);
}

#[test]
fn names_are_vtls() {
    let rule = written(text("sum > 1", ""));
    assert_eq!(
        (rule.name.as_str(), rule.then.as_str()),
        ("T.EST_1", "round('sum' - 1, 2) > 0")
    );
    assert_eq!(rule.imbalance.as_deref(), Some("round('sum' - 1, 2)"));
    assert_eq!(quoted("gdp"), "gdp");
    assert_eq!(quoted("520000"), "'520000'");
}

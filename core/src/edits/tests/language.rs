//! The language beyond one record and beyond the four operations: functions, sets, other periods and datasets, dimensions.

use super::*;
use crate::period::Periodicity;

/// Quarterly accounts beside annual ones, with units of measure.
struct Town;

const TOWN: [(&str, Option<&str>, Option<&str>, i64); 8] = [
    ("gdp", Some("CNY_10K"), None, 10_000),
    ("primary", Some("CNY_10K"), None, 10_000),
    ("revenue", Some("CNY_10K"), None, 1),
    ("people", Some("PERSON"), None, 10_000),
    ("urban", Some("PERSON"), None, 10_000),
    ("share", None, None, 1),
    ("income", Some("CNY_10K"), Some("PERSON"), 1),
    ("in", Some("CNY_10K"), None, 1),
];

impl Symbols for Town {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        let found = TOWN.iter().find(|(code, ..)| *code == name)?;
        IndicatorCode::new(found.0).ok()
    }

    fn names(&self) -> Vec<String> {
        TOWN.iter().map(|(code, ..)| (*code).to_owned()).collect()
    }

    fn dataset(&self, name: &str) -> Option<Foreign> {
        (name == "annual-accounts").then(|| Foreign {
            code: DatasetCode::new(name).unwrap(),
            periodicity: Periodicity::Annual,
            indicators: vec![IndicatorCode::new("gdp").unwrap()],
        })
    }

    fn dataset_names(&self) -> Vec<String> {
        vec!["annual-accounts".to_owned()]
    }

    fn quantity(&self, indicator: &IndicatorCode) -> Option<Quantity> {
        let found = TOWN.iter().find(|(code, ..)| *code == indicator.as_str())?;
        Some(Quantity {
            base: found.1.map(str::to_owned),
            per: found.2.map(str::to_owned),
            factor: Decimal::integer(found.3),
        })
    }
}

/// What the town's catalogue says about an expression: `ok`, or the first fault.
fn told(expression: &str) -> String {
    match compile(edit_text(expression, ""), &Town) {
        Ok(_) => "ok".to_owned(),
        Err(faults) => faults[0].message.en.clone(),
    }
}

#[test]
fn functions_are_exact_where_they_can_be() {
    for (expression, cells) in [
        ("round(a, 1) = 2.4", "a=2.35"),
        ("round(a, 1) = -2.4", "a=-2.35"),
        ("round(a) = 2", "a=2.49"),
        ("round(a / 3, 2) = 0.33", "a=1"),
        ("trunc(a, 1) = -2.3", "a=-2.39"),
        ("trunc(a) = 2", "a=2.99"),
        ("mod(a, 2) = 1", "a=5"),
        ("mod(a, -2) = -1", "a=5"),
        ("mod(a, 1) = 0", "a=8"),
        ("mod(a, 0) = 9", "a=9"),
        ("mod(a, 0.7) = 0.6", "a=2"),
        ("power(a, 3) = 1.331", "a=1.1"),
        ("power(a, -2) = 0.25", "a=2"),
        ("power(a, 0) = 1", "a=0"),
        ("power(a, 0.5) = sqrt(a)", "a=2"),
        ("sqrt(a) = 1.414213562373", "a=2"),
        ("sqrt(a) = 1000000", "a=1000000000000"),
        ("ln(a) = 0.693147180560", "a=2"),
        ("exp(a) = 2.718281828459", "a=1"),
        ("exp(a) = 0", "a=-1000"),
        ("round(ln(exp(a)), 9) = 3.25", "a=3.25"),
        ("nvl(a, 7) = 7", ""),
        ("nvl(a, 7) = 1", "a=1"),
        ("between(a, 1, 2)", "a=2"),
        ("not between(a, 1, 2)", "a=2.01"),
        ("a in {1, -2, 3.5}", "a=-2.0"),
        ("a not_in {1, 2}", "a=3"),
        ("subperiod() = 2 and year() = 2021 and a = 1", "a=1"),
        ("a = 1 /* one */ and a < 2 // two", "a=1"),
        ("'a' = 1", "a=1"),
    ] {
        let verdict = compiled(expression, "").evaluate(&Record::parse(cells));
        assert_eq!(
            verdict.truth,
            Truth::True,
            "{expression} on {cells}: {verdict:?}"
        );
    }
}

#[test]
fn what_is_not_defined_is_undecided() {
    for (expression, cells) in [
        ("sqrt(a) = 1", "a=-1"),
        ("ln(a) = 1", "a=0"),
        ("exp(a) > 0", "a=1000"),
        ("power(a, 0.5) = 1", "a=-4"),
        ("power(a, -1) = 1", "a=0"),
        ("a in {1, 2}", ""),
        ("a not_in {1, 2}", ""),
        ("between(a, b, 5)", "a=3"),
        ("if a > 0 then b = 1 else null", "a=0 b=2"),
        ("a = (if b > 0 then null else 1)", "a=1 b=1"),
        ("nvl(a, b) = 1", ""),
    ] {
        let verdict = compiled(expression, "").evaluate(&Record::parse(cells));
        assert_eq!(verdict.truth, Truth::Undecided, "{expression} on {cells}");
    }
    // Kleene: one end that is known to be passed decides.
    check("between(a, b, 5)", "", "a=6", "false ?b");
}

#[test]
fn rounding_is_followed_through_functions() {
    for (expression, cells, truth) in [
        // sqrt rises more steeply below 2 than above: 2.0 may have been 1.95, whose root is 0.0178 lower.
        ("sqrt(a) = 1.39647", "a=2.0", Truth::True),
        ("sqrt(a) = 1.39", "a=2.0", Truth::False),
        ("power(a, 2) = 4.2", "a=2.0", Truth::True),
        ("power(a, 2) = 4.21", "a=2.0", Truth::False),
        ("round(a) = 3", "a=2.5", Truth::True),
        ("mod(a, 2) = 1", "a=5.0", Truth::Undecided),
    ] {
        let verdict = compiled(expression, "rounding").evaluate(&Record::parse(cells));
        assert_eq!(verdict.truth, truth, "{expression} on {cells}");
    }
}

#[test]
fn other_periods_are_looked_up() {
    for (expression, cells, expected) in [
        ("a >= previous(a)", "a=5 a@2021-Q1=4", "true [1]"),
        ("a >= previous(a)", "a=5 a@2020-Q2=9", "undecided ?a"),
        ("a = lag(a, 3)", "a=5 a@2020-Q3=6", "false [-1]"),
        ("a = year_ago(a)", "a=5 a@2020-Q2=5", "true [0]"),
        ("b = ytd(a)", "b=9 a=5 a@2021-Q1=4", "true [0]"),
        ("b = ytd(a)", "b=9 a=5", "undecided ?a"),
    ] {
        check(expression, "", cells, expected);
    }
}

#[test]
fn another_dataset_is_asked_for_the_period_that_ends_together() {
    let edit = |expression: &str| compile(edit_text(expression, ""), &Town).unwrap();
    let record = Record::parse("gdp=5 annual-accounts#gdp@2020-A1=7");
    let now = edit("gdp <= 'annual-accounts'#gdp").evaluate(&record);
    assert_eq!(now.truth, Truth::Undecided, "a second quarter ends no year");
    let operands = edit("gdp > previous('annual-accounts'#gdp)");
    assert_eq!(operands.operands()[1].source, Source::Lag(1));
    assert!(!operands.is_of_one_record());
    assert_eq!(
        operands.ast.to_string(),
        "gdp > previous('annual-accounts'#gdp)"
    );
    assert_eq!(
        told("gdp = 'annual-account'#gdp"),
        "there is no dataset annual-account"
    );
    assert_eq!(
        told("gdp = 'annual-accounts'#people"),
        "there is no indicator people"
    );
}

#[test]
fn missing_value_strategies() {
    for (strategy, none, some, all) in [
        ("three-valued", 'u', 'u', 't'),
        ("skip-if-any", 'u', 'u', 't'),
        ("skip-if-all", 'u', 'f', 't'),
        ("never-skip", 't', 'f', 't'),
    ] {
        let text = EditText {
            missing: Some(strategy.to_owned()),
            ..edit_text("a = b + c", "")
        };
        let edit = compile(text, &NAMES).unwrap();
        for (cells, expected) in [("", none), ("a=3 b=1", some), ("a=3 b=1 c=2", all)] {
            let truth = format!("{:?}", edit.evaluate(&Record::parse(cells)).truth);
            assert!(
                truth.to_lowercase().starts_with(expected),
                "{strategy} on {cells:?}: {truth}"
            );
        }
    }
    // Three-valued logic decides what hangs on nothing that is missing; skip-if-any does not.
    let any = EditText {
        missing: Some("skip-if-any".to_owned()),
        ..edit_text("a > 1 or b > 1", "")
    };
    let record = Record::parse("a=2");
    assert_eq!(
        compiled("a > 1 or b > 1", "").evaluate(&record).truth,
        Truth::True
    );
    assert_eq!(
        compile(any, &NAMES).unwrap().evaluate(&record).truth,
        Truth::Undecided
    );
}

#[test]
fn dimensions_are_checked() {
    for sound in [
        "gdp = primary + 3",
        "gdp * 10000 >= revenue",
        "gdp >= revenue / 10000",
        "urban = people * share / 100",
        "income * people >= gdp",
        "gdp / people = income",
        "share = 100 * (gdp / previous(gdp) - 1)",
        "share <= 100 and gdp > 0",
        "abs(gdp - primary) <= 0.05",
        "power(gdp, 2) >= gdp * primary",
        "round(gdp, 1) = gdp",
        "nvl(gdp, 0) >= primary",
        "ln(gdp) > 1",
        "if share > 0 then gdp > 0 else null",
    ] {
        assert_eq!(told(sound), "ok", "{sound}");
    }
    let kinds = "these measure different things: ";
    for (faulty, message) in [
        ("gdp = people", format!("{kinds}CNY_10K and PERSON")),
        ("gdp + share > 0", format!("{kinds}CNY_10K and 1")),
        ("income > gdp", format!("{kinds}CNY_10K/PERSON and CNY_10K")),
        (
            "between(people, 0, gdp)",
            format!("{kinds}PERSON and CNY_10K"),
        ),
        (
            "gdp >= revenue",
            "these are counted in units of different size: the left unit is 10000 of the right"
                .to_owned(),
        ),
        (
            "gdp * 100 >= revenue",
            "these are counted in units of different size: the left unit is 10000 of the right"
                .to_owned(),
        ),
    ] {
        assert_eq!(told(faulty), message, "{faulty}");
    }
}

#[test]
fn a_slip_is_told_with_the_right_form() {
    for (expression, message, remedy) in [
        (
            "previous(a + b) = 1",
            "previous takes one indicator, not an expression",
            "write previous(x)",
        ),
        (
            "lag(a, 0) = 1",
            "this is no number of periods to go back",
            "write a whole number from 1 to 60",
        ),
        (
            "lag(a, 1.5) = 1",
            "this is no number of periods to go back",
            "write a whole number from 1 to 60",
        ),
        (
            "a in {b}",
            "a set holds numbers only",
            "write it as in {1, 2, 3}",
        ),
        (
            "round(a, b) = 1",
            "the number of digits is not a number here",
            "write a whole number from 0 to 12",
        ),
        (
            "between(a, 1)",
            "between has 2 arguments",
            "write between(x, least, most)",
        ),
        (
            "years_ago(a) = 1",
            "there is no function years_ago",
            "did you mean year_ago?",
        ),
        (
            "'a = 1",
            "this quotation mark is never closed",
            "add ' after the name",
        ),
    ] {
        let fault = compile(edit_text(expression, ""), &NAMES)
            .unwrap_err()
            .remove(0);
        assert_eq!(fault.message.en, message, "{expression}");
        assert!(
            fault.remedy.en.starts_with(remedy),
            "{expression}: {}",
            fault.remedy.en
        );
    }
    let text = EditText {
        missing: Some("skip_if_any".to_owned()),
        ..edit_text("a = 1", "")
    };
    let fault = compile(text, &NAMES).unwrap_err().remove(0);
    assert_eq!((fault.field, fault.span), (EditField::Missing, 0..11));
    assert!(
        fault.remedy.en.starts_with("did you mean skip-if-any?"),
        "{}",
        fault.remedy.en
    );
}

#[test]
fn what_is_written_reads_back() {
    for text in [
        "a in {1, 2.5, -3} and not (b not_in {0})",
        "round(a, 2) + mod(b, 3) = power(c, 2)",
        "lag(a, 4) = year_ago(b) + ytd(c)",
        "if isnull(a) then null else between(b, 1, 2)",
        "nvl(a, 0) = subperiod() + year()",
    ] {
        let edit = compiled(text, "");
        let printed = edit.ast.to_string();
        assert_eq!(compiled(&printed, "").ast, edit.ast, "{text} -> {printed}");
    }
}

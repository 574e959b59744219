//! What the preflight stops, what it finds, and that the city finds the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use granary_core::{ledger::assess, snapshot::Snapshot, text::Language};
use jiff::civil::date;

use super::*;
use crate::intake::tests::{catalogue, read_as};

const TODAY: Date = date(2022, 2, 5);

fn run(name: &str, text: &str) -> Result<Preflighted, Stopped> {
    let draft = read_as(name, text).unwrap().remove(0);
    preflight(draft, &catalogue(), TODAY)
}

#[track_caller]
fn refused(name: &str, text: &str, zh: &[&str], en: &[&str]) {
    let Err(Stopped::Refused { faults, .. }) = run(name, text) else {
        panic!("not refused")
    };
    for (language, words) in [(Language::Zh, zh), (Language::En, en)] {
        let lines: Vec<String> = faults.iter().map(|f| f.text(name, language)).collect();
        assert!(
            lines
                .iter()
                .any(|line| words.iter().all(|w| line.contains(w))),
            "{words:?} not in {lines:#?}"
        );
    }
}

#[test]
fn everything_that_the_city_would_not_admit_is_told_at_the_cell() {
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "gdp\n1.234\n",
        &["第 2 行 A 列", "1.234 小数位过多", "最多 2 位"],
        &["row 2, column A", "too many decimals"],
    );
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "gdp,industry\n1,2\n"
            .replace("industry", "investment")
            .as_str(),
        &["第 2 行 B 列", "没有指标 investment"],
        &["row 2, column B", "no indicator investment"],
    );
    refused(
        "quarterly-accounts_2022-Q2.csv",
        "gdp\n1\n",
        &["2022-Q2 尚未开始", "2022-02-05"],
        &["2022-Q2 has not begun"],
    );
    refused(
        "quarterly-accounts_2020-Q4.csv",
        "gdp\n1\n",
        &["从 2021-Q1 开始"],
        &["begins with 2021-Q1"],
    );
    refused(
        "a.csv",
        "dataset,period,gdp\nquarterly-accounts,2021-M03,1\n",
        &["周期不同", "2021-Q1"],
        &["another periodicity"],
    );
    refused(
        "a.csv",
        "dataset,period,gdp\nannual-accounts,2021-A1,1\n",
        &["名录未要求 520100"],
        &["does not expect", "520100"],
    );
    refused(
        "projects_2021-M03.csv",
        "investment\n1\n",
        &["第 2 行 A 列", "没有明细项"],
        &["row 2, column A", "by item"],
    );
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "item,gdp\nx,1\n",
        &["第 2 行 B 列", "不分明细项"],
        &["row 2, column B", "no items"],
    );
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "# explain GDP.BALANCE: a\n# explain GDP.BALANCE: b\ngdp\n1\n",
        &["第 2 行", "两条说明"],
        &["row 2", "explained twice"],
    );
}

const DINGXI: &str = "gdp,primary,secondary,tertiary,industry,construction,note\n";

#[test]
fn a_note_explains_the_edits_that_fail_and_no_other() {
    let ready = run("dx_2021.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,no auxiliary activities\n")).unwrap();
    let [finding] = ready.findings() else {
        panic!("{:?}", ready.findings())
    };
    assert_eq!(finding.figures.imbalance, Decimal::parse("-0.03").ok());
    assert_eq!(
        finding.explanation.as_deref(),
        Some("no auxiliary activities")
    );
    let places: Vec<String> = finding
        .operands
        .iter()
        .map(|o| o.place.as_ref().unwrap().to_string())
        .collect();
    assert!(places[0].starts_with("row 4, column F"), "{places:?}");
    assert!(ready.unused().is_empty());
    // With figures that add up the same note is of no use, is not sent, and that is told.
    let ready = run("dx_2018.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n{DINGXI}500.76,98.35,82.65,319.75,45.42,37.23,x\n")).unwrap();
    assert!(ready.findings().is_empty());
    assert_eq!(ready.unused().len(), 1);
    let snapshot = Snapshot::decode(ready.seal(1, 0, "test").unwrap().payload()).unwrap();
    assert!(snapshot.explanations.is_empty());
}

#[test]
fn an_explanation_that_names_its_edit_comes_before_a_note() {
    let ready = run("dx_2021.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n# explain secondary.parts: by name\n{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,by note\n")).unwrap();
    assert_eq!(ready.findings()[0].explanation.as_deref(), Some("by name"));
    assert_eq!(
        ready
            .seal(1, 0, "test")
            .map(|o| Snapshot::decode(o.payload()).unwrap().explanations.len()),
        Ok(1)
    );
}

#[test]
fn rounding_is_no_failure_and_one_digit_more_is() {
    let text =
        |gdp: &str| format!("gdp,primary,secondary,tertiary\n{gdp},118.23,1108.65,1875.56\n");
    assert!(run("quarterly-accounts_2021-Q3.csv", &text("3102.46")).is_ok());
    assert!(matches!(
        run("quarterly-accounts_2021-Q3.csv", &text("3102.47")),
        Err(Stopped::Returned { .. })
    ));
}

#[test]
fn the_city_finds_what_the_preflight_found() {
    for third in ["45.42", "45.40", "-", "NA", ""] {
        let ready = run("dx_2021.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n{DINGXI}500.76,98.35,82.65,319.75,{third},37.26,x\n")).unwrap();
        let outgoing = ready.seal(7, 1_644_033_600_000, "test").unwrap();
        let city = assess(&catalogue(), &Snapshot::decode(outgoing.payload()).unwrap());
        let here: Vec<_> = ready
            .findings()
            .iter()
            .map(|f| (&f.edit, &f.message, &f.explanation))
            .collect();
        let there: Vec<_> = city
            .failures
            .iter()
            .map(|f| (&f.edit, &f.message, &f.explanation))
            .collect();
        assert_eq!(here, there);
        assert!(!city.returned);
    }
}

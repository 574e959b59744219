//! What a clerk reads, in both languages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use granary_core::{
    edits::EditKind,
    ledger::assess::Figures,
    text::{Bilingual, Language},
};
use jiff::tz::TimeZone;

use super::*;
use crate::{
    history::Reader,
    inbox::check,
    intake::{
        Names,
        tests::{catalogue, desk, unit},
    },
    preflight::tests::Known,
};

/// 2022-02-05 12:00:00 in Shanghai.
const NOW_MS: i64 = 1_644_033_600_000;

const DINGXI: &str = "# 报表: annual-accounts\n# 报告期: 2021年\n# 填表人: 甲\n\
    地区生产总值（亿元）,第一产业增加值,第二产业增加值,第三产业增加值,工业增加值,建筑业增加值,说明\n";

fn report(name: &str, text: &str) -> Report {
    let (catalogue, own) = (catalogue(), unit("621100"));
    let desk = desk(name, text);
    let history = Reader::new(desk.folder.path(), &own);
    check(&desk.path, &Names::new(&catalogue, &own), &history, NOW_MS)
        .unwrap()
        .report
}

/// A report of a unit of which some records are known.
fn report_with(known: &Known, name: &str, text: &str) -> Report {
    let (own, desk) = (unit("520100"), desk(name, text));
    let names = Names::new(&known.catalogue, &own);
    let checked = check(&desk.path, &names, &known.reader("520100"), NOW_MS);
    checked.unwrap().report
}

fn both(report: &Report) -> String {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let page = |language| render(report, language, &zone);
    format!(
        "{}\n----------------------------------------\n\n{}",
        page(Language::Zh),
        page(Language::En)
    )
}

fn receipt() -> ReceiptFacts {
    ReceiptFacts {
        index: 1_207,
        received_at_ms: NOW_MS + 1_500,
        checkpoint: vec![
            "city.example/log".into(),
            "1208".into(),
            "nRkD2bpNTWvTCTbLkCnTDkYBb1hBCzFbnZPZ6bWTWRk=".into(),
        ],
        file: "receipts/1207.tlog-proof".into(),
    }
}

#[test]
fn a_quality_finding_with_its_explanation() {
    let report = report(
        "定西.csv",
        &format!("{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,第二产业不含辅助性活动\n"),
    );
    assert_eq!(report.outcome, Outcome::Ready);
    assert_eq!(
        report.statements[0].findings[0].explanation.as_deref(),
        Some("第二产业不含辅助性活动")
    );
    insta::assert_snapshot!(both(&report));
}

#[test]
fn a_quality_finding_that_wants_an_explanation() {
    let report = report(
        "定西.csv",
        &format!("{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,\n"),
    );
    assert_eq!(report.outcome, Outcome::Ready);
    insta::assert_snapshot!(both(&report));
}

#[test]
fn a_validity_edit_that_fails() {
    let report = report(
        "定西.csv",
        &format!("{DINGXI}501.76,98.35,82.65,319.75,,-,\n"),
    );
    assert_eq!(report.outcome, Outcome::Returned);
    insta::assert_snapshot!(both(&report));
}

#[test]
fn required_cells_that_are_blank() {
    let report = report("annual-accounts_2021-A1.csv", "gdp,primary\n,1\n");
    assert_eq!(report.outcome, Outcome::Returned);
    let operands: Vec<&str> = report.statements[0].findings[0]
        .operands
        .iter()
        .map(|o| o.indicator.code.as_str())
        .collect();
    assert_eq!(operands, ["gdp", "secondary"]);
}

#[test]
fn faults_of_reading() {
    let report = report(
        "定西.csv",
        &format!("{DINGXI}\"1,500.76\",98.35,82.65%,319.75,45.42,#REF!,\n")
            .replace("第一产业增加值", "第一产业增加直"),
    );
    assert_eq!(report.outcome, Outcome::Refused);
    insta::assert_snapshot!(both(&report));
}

#[test]
fn an_accepted_file_with_its_receipt() {
    let mut report = report(
        "定西.csv",
        &format!("{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,第二产业不含辅助性活动\n"),
    );
    let finding = AnswerFinding {
        edit: granary_core::code::EditId::new("SECONDARY.PARTS").unwrap(),
        kind: EditKind::Quality,
        item: None,
        figures: Figures::default(),
        message: Bilingual::new(
            "第二产业不等于工业与建筑业之和",
            "Secondary industry differs from industry and construction",
        ),
        explanation: Some("第二产业不含辅助性活动".into()),
    };
    report.outcome = Outcome::Accepted;
    report.statements[0].revision = Some(1);
    report.statements[0].answer = Some(AnswerReport::of(&Answer::Accepted {
        receipt: receipt(),
        findings: vec![finding],
    }));
    insta::assert_snapshot!(both(&report));
    let again: Report = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(again, report);
}

#[test]
fn a_refusal_by_the_city() {
    let mut report = report("annual-accounts_2021-A1.csv", "gdp,secondary\n1,1\n");
    report.outcome = Outcome::Refused;
    let message = Bilingual::new(
        "签名密钥已被吊销。请向市局申请新的登记码并重新登记",
        "the key has been revoked: ask the city for a new token and enrol again",
    );
    report.statements[0].answer = Some(AnswerReport::of(&Answer::Refused {
        code: "KEY_REVOKED".into(),
        message,
    }));
    insta::assert_snapshot!(both(&report));
}

const QUARTERS: &str = "# 报表: quarterly-accounts\n报告期,地区生产总值（亿元）\n\
    2021-Q1,900.00\n2021-Q2,2000.00\n2021-Q4,4100.00\n";

#[test]
fn a_figure_of_another_period_and_what_a_statement_does_to_the_next() {
    let known = Known::of("520100", &[("往期.csv", QUARTERS)], true);
    let text =
        "# 报表: quarterly-accounts\n# 报告期: 2021-Q3\n地区生产总值（亿元）,说明\n1999.99,\n";
    let mut report = report_with(&known, "三季度.csv", text);
    assert_eq!(report.outcome, Outcome::Ready);
    insta::assert_snapshot!("beyond_not_explained", both(&report));
    // What the city answers does not tell of other records: what was found here stays.
    report.outcome = Outcome::Accepted;
    report.statements[0].answer = Some(AnswerReport::of(&Answer::Accepted {
        receipt: receipt(),
        findings: Vec::new(),
    }));
    assert!(both(&report).contains("GDP.FALLS"));
    let text = text.replace("1999.99,", "4100.01,人口普查修订");
    let report = report_with(&known, "三季度.csv", &text);
    insta::assert_snapshot!("beyond_consequence", both(&report));
    let again: Report = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(again, report);
}

#[test]
fn an_edit_that_only_the_city_can_judge() {
    let known = Known::of("520100", &[("往期.csv", QUARTERS)], false);
    let text = "# 报表: quarterly-accounts\n# 报告期: 2021-Q3\n地区生产总值（亿元）,说明\n2100.00,人口普查修订\n";
    insta::assert_snapshot!(
        "beyond_unjudged",
        both(&report_with(&known, "三季度.csv", text))
    );
}

#[test]
fn the_worst_answer_decides_and_none_is_missing() {
    let mut report = report(
        "a.csv",
        "dataset,period,gdp,secondary\nannual-accounts,2020-A1,1,1\nannual-accounts,2021-A1,1,1\n",
    );
    for (index, statement) in report.statements.iter_mut().enumerate() {
        statement.payload_sha256 = Some(index.to_string());
    }
    assert_eq!(report.settled(), None);
    report.statements[0].answer = Some(AnswerReport::of(&Answer::Returned {
        receipt: receipt(),
        findings: vec![],
    }));
    assert_eq!(report.settled(), None);
    report.statements[1].answer = Some(AnswerReport::of(&Answer::Accepted {
        receipt: receipt(),
        findings: vec![],
    }));
    assert_eq!(report.settled(), Some(Outcome::Returned));
}

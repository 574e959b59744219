//! Findings as people read them: in words of whoever has to act, with what is most likely wrong and how the figure went before.

use granary_core::{
    ledger::{Deed, LogIndex},
    snapshot::{Explanation, SlotKey, Snapshot},
};

use super::{CONSOLE, Visit, joined};
use crate::{
    people::PersonRole,
    serve::tests::{
        reading::{monitoring, wait_folded},
        town::{GUIYANG, Office, Town, bundle, observation, period, revenue, unit_code},
    },
};

const DATASET: &str = "quarterly-accounts";
/// The most that a page may weigh with its style and script, in bytes.
const PAGE_BYTES_MAX: usize = 150_000;

/// Accounts of Guiyang: 1.00 and 4.00 and the services, of 9.00 together.
pub(super) fn accounts(of: &str, tertiary: &str) -> Snapshot {
    let mut snapshot = revenue(GUIYANG, 1);
    snapshot.slot = SlotKey::new(unit_code(GUIYANG), DATASET.parse().unwrap(), period(of));
    snapshot.observations = [
        ("gdp", "9.00"),
        ("primary", "1.00"),
        ("secondary", "4.00"),
        ("tertiary", tertiary),
    ]
    .map(|(indicator, value)| observation(indicator, None, value))
    .to_vec();
    snapshot
}

/// A city in which the balance may be explained.
async fn lenient() -> Town {
    let town = Town::empty(&[CONSOLE]).await;
    let catalogue = bundle(&[(
        "id = \"GDP.BALANCE\"\nkind = \"validity\"",
        "id = \"GDP.BALANCE\"\nkind = \"quality\"",
    )]);
    town.act(Deed::PublishCatalogue(catalogue)).await.unwrap();
    town
}

async fn submitted(town: &Town, office: &Office, snapshot: &Snapshot) -> u64 {
    let receipt = office.submit(office.sign(snapshot)).await.unwrap();
    wait_folded(&mut monitoring(town).await, receipt.index).await;
    receipt.index
}

fn explained(of: &str) -> Snapshot {
    let mut snapshot = accounts(of, "4.50");
    snapshot.explanations = vec![Explanation {
        edit: "GDP.BALANCE".parse().unwrap(),
        item: None,
        text: "经核实无误".into(),
    }];
    snapshot
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_returned_is_to_be_corrected_and_says_what_is_wrong() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    submitted(&town, &office, &accounts("2022-Q1", "4.00")).await;
    submitted(&town, &office, &accounts("2022-Q2", "4.50")).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let page = visit.get("/findings").await.body;
    for text in [
        "须改正",
        "差 -0.50 亿元",
        "最可能有误",
        "与历史比较",
        "<polyline",
        "2022-Q1",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(
        !page.contains(">未说明<"),
        "nobody has to explain it: {page}"
    );
    let english = visit.get("/findings?lang=en").await.body;
    for text in [
        "to be corrected",
        "difference -0.50 CNY 100 million",
        "most likely wrong",
        "Compare with history",
    ] {
        assert!(english.contains(text), "{text}: {english}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_that_was_sent_back_says_so() {
    let town = lenient().await;
    let office = town.office(GUIYANG).await;
    let snapshot = explained("2022-Q1");
    let index = submitted(&town, &office, &snapshot).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    assert!(visit.get("/findings").await.body.contains(">已说明<"));
    let decided = town
        .act(Deed::Decide {
            slot: snapshot.slot.clone(),
            edit: "GDP.BALANCE".parse().unwrap(),
            item: None,
            snapshot_index: LogIndex(index),
            accepted: false,
            reason: "请附原始凭证".into(),
        })
        .await
        .unwrap();
    wait_folded(&mut monitoring(&town).await, decided.index).await;
    for path in ["/findings", "/slot/520100/quarterly-accounts/2022-Q1"] {
        let page = visit.get(path).await.body;
        for text in ["说明被退回", "经核实无误", "请附原始凭证"] {
            assert!(page.contains(text), "{path} {text}: {page}");
        }
        assert!(!page.contains(">未说明<"), "{path}: {page}");
    }
}

async fn weight(visit: &mut Visit, path: &str) -> (String, usize) {
    let mut bytes = 0;
    for path in ["/console.css", "/console.js"] {
        bytes += visit.get(path).await.body.len();
    }
    let page = visit.get(path).await.body;
    bytes += page.len();
    (page, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_page_of_findings_is_light_and_the_others_follow() {
    let town = lenient().await;
    let office = town.office(GUIYANG).await;
    let mut last = 0;
    let quarters = (2021..=2025).flat_map(|year| (1..=4).map(move |q| format!("{year}-Q{q}")));
    for quarter in quarters.chain(["2026-Q1".to_owned(), "2026-Q2".to_owned()]) {
        let receipt = office.submit(office.sign(&explained(&quarter))).await;
        last = receipt.unwrap().index;
    }
    wait_folded(&mut monitoring(&town).await, last).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let (page, bytes) = weight(&mut visit, "/findings").await;
    assert!(bytes < PAGE_BYTES_MAX, "it weighs {bytes} bytes");
    assert_eq!(page.matches("<polyline").count(), 15);
    assert_eq!(page.matches("核定说明").count(), 15);
    let newest = page.split("<article").nth(1).unwrap();
    assert_eq!(
        newest.matches("<circle").count(),
        13,
        "a year before: {newest}"
    );
    assert!(page.contains("1 / 2"));
    let (next, _) = weight(&mut visit, "/findings?page=2").await;
    assert_eq!(next.matches("<article").count(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_would_be_accepted_whatever_the_form_s_order() {
    let town = Town::empty(&[CONSOLE]).await;
    let turned = bundle(&[(
        r#"indicators = ["gdp", "primary", "secondary", "tertiary", "gdp_growth"]"#,
        r#"indicators = ["tertiary", "secondary", "primary", "gdp_growth", "gdp"]"#,
    )]);
    town.act(Deed::PublishCatalogue(turned)).await.unwrap();
    let office = town.office(GUIYANG).await;
    let receipt = office
        .submit(office.sign(&accounts("2022-Q1", "4.00")))
        .await;
    wait_folded(&mut monitoring(&town).await, receipt.unwrap().index).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let path = "/slot/520100/quarterly-accounts/2022-Q1/try";
    let form = visit.get(path).await;
    let figures = ["gdp", "primary", "secondary", "tertiary", "gdp_growth"].map(|code| {
        let name = format!("v.{code}");
        let (_, field) = form.body.split_once(&format!("name=\"{name}\"")).unwrap();
        (name, super::value(field, "value=\"").unwrap())
    });
    assert_eq!(figures[0].1, "9.00", "they are filled in");
    let figures: Vec<(&str, &str)> = figures
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = visit.post(path, &form.form(), &figures).await;
    assert!(
        page.body.contains("将被受理，全部规则通过"),
        "{}",
        page.body
    );
}

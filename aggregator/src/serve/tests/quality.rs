//! What is most likely wrong, and what is unusual, over loopback.

use granary_core::{ledger::Deed, snapshot::Snapshot};
use granary_proto::v1;
use tonic::Code;

use super::{
    reading::{monitoring, wait_folded},
    town::{GUIYANG, Town, bundle, observation, period},
};

/// Detectors behind the sample's edits.
const DETECTORS: &str = r#"
[[detector]]
id = "RECORD.COPIED"
method = "copied-last-period"
dataset = "quarterly-accounts"
indicators = ["gdp", "primary", "secondary", "tertiary"]
values_min = 4
digits_min = 1

[[detector]]
id = "GDP.OUTLIER"
method = "modified-z"
dataset = "quarterly-accounts"
indicators = ["gdp"]
"#;

fn accounts(quarter: &str, gdp: &str) -> Snapshot {
    let mut snapshot = super::town::revenue(GUIYANG, 1);
    snapshot.slot.dataset = "quarterly-accounts".parse().unwrap();
    snapshot.slot.period = period(quarter);
    snapshot.observations = [
        ("gdp", gdp),
        ("primary", "1.00"),
        ("secondary", "4.00"),
        ("tertiary", "5.00"),
    ]
    .map(|(indicator, value)| observation(indicator, None, value))
    .to_vec();
    snapshot
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_says_which_figures_are_most_likely_wrong_where_that_is_asked_for() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let snapshot = accounts("2021-Q3", "11.00");
    let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
    let mut client = monitoring(&town).await;
    wait_folded(&mut client, receipt.index).await;
    for localise in [false, true] {
        let request = v1::ListFindingsRequest {
            localise,
            ..Default::default()
        };
        let answer = client.list_findings(request).await.unwrap().into_inner();
        let finding = &answer.findings[0];
        assert_eq!(finding.failure.as_ref().unwrap().edit, "GDP.BALANCE");
        let suspected = finding
            .suspicion_en
            .contains("Gross regional product (11.00;");
        assert_eq!(suspected, localise, "{}", finding.suspicion_en);
        assert_eq!(finding.suspicion_zh.is_empty(), !localise);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_screened_by_the_catalogue_s_detectors() {
    let town = Town::empty(&[]).await;
    let edit = "[[edit]]\nid = \"REVENUE.SIGN\"";
    let with = bundle(&[(edit, &format!("{DETECTORS}\n{edit}"))]);
    town.act(Deed::PublishCatalogue(with)).await.unwrap();
    let office = town.office(GUIYANG).await;
    let mut client = monitoring(&town).await;
    for quarter in ["2021-Q2", "2021-Q3"] {
        let snapshot = accounts(quarter, "10.00");
        let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
        wait_folded(&mut client, receipt.index).await;
    }
    let ask = |dataset: &str, period: &str| v1::ScreenPeriodRequest {
        dataset: dataset.into(),
        period: period.into(),
    };
    let answer = client
        .screen_period(ask("quarterly-accounts", "2021-Q3"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.flags.len(), 1, "{answer:?}");
    let flag = &answer.flags[0];
    assert_eq!(
        (flag.detector.as_str(), flag.unit.as_str()),
        ("RECORD.COPIED", GUIYANG)
    );
    assert!(!flag.message_zh.is_empty() && !flag.message_en.is_empty());
    // Two figures are no history.
    let outlier = answer
        .summaries
        .iter()
        .find(|s| s.detector == "GDP.OUTLIER")
        .unwrap();
    assert_eq!((outlier.tests, outlier.not_computable), (0, 1));
    assert!(
        outlier.reason_en.contains("at least 5"),
        "{}",
        outlier.reason_en
    );
    // The quarter before repeats nothing.
    let first = client
        .screen_period(ask("quarterly-accounts", "2021-Q2"))
        .await;
    assert!(first.unwrap().into_inner().flags.is_empty());
    for (request, code) in [
        (ask("no-such", "2021-Q3"), Code::NotFound),
        (ask("quarterly-accounts", "2021-M03"), Code::InvalidArgument),
        (ask("quarterly-accounts", "soon"), Code::InvalidArgument),
    ] {
        assert_eq!(
            client.screen_period(request).await.unwrap_err().code(),
            code
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_re_check_counts_the_verdicts_of_every_edit() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut client = monitoring(&town).await;
    let recheck = |dataset: &str| v1::RecheckDatasetRequest {
        dataset: dataset.into(),
    };
    let empty = client.recheck_dataset(recheck("quarterly-accounts")).await;
    assert_eq!(empty.unwrap().into_inner().records, 0);
    for (quarter, gdp) in [
        ("2021-Q2", "10.00"),
        ("2021-Q3", "10.01"),
        ("2021-Q4", "12.00"),
    ] {
        let snapshot = accounts(quarter, gdp);
        let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
        wait_folded(&mut client, receipt.index).await;
    }
    let answer = client.recheck_dataset(recheck("quarterly-accounts")).await;
    let answer = answer.unwrap().into_inner();
    // What was returned is not current, so no current record fails the balance; roll-ups lack the children.
    assert_eq!(answer.records, 2);
    let counts = |id: &str| {
        let edit = answer.edits.iter().find(|edit| edit.edit == id).unwrap();
        [edit.holds, edit.fails, edit.undecided]
    };
    assert_eq!(counts("GDP.BALANCE"), [2, 0, 0]);
    assert_eq!(counts("GDP.ROLLUP"), [0, 0, 2]);
    let unknown = client.recheck_dataset(recheck("no-such")).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

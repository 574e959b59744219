//! What a unit's page, the league table and *Indicators* say of scores, targets, peers and revisions.

use granary_core::{
    ledger::Deed,
    period::{Period, Periodicity},
};

use super::{CONSOLE, Visit, joined};
use crate::{
    clock::Clock as _,
    people::PersonRole,
    serve::tests::{
        reading::{monitoring, wait_folded},
        town::{GUIYANG, Office, Town, ZUNYI, bundle, observation, period},
    },
};

const SCORING: &str = r#"
[[scorecard]]
code = "prefectures"
name = { zh = "市州考核", en = "Scores" }
periodicity = "quarter"
level = "prefecture"
datasets = ["monthly-revenue"]
flags = 1
components = [{ measure = "reporting_rate", weight = 60 }, { measure = "target_progress", weight = 40 }]
bands = [
    { name = { zh = "头等", en = "first" }, share = 50 },
    { name = { zh = "二等", en = "second" }, share = 50 },
]
[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
values = { 520100 = "12000" }
"#;

/// Reports a month's revenue.
async fn report(town: &Town, office: &Office, month: &str, (revision, value): (u32, &str)) {
    let mut snapshot = crate::serve::tests::town::revenue(&office.unit, revision);
    snapshot.slot.period = period(month);
    snapshot.observations = vec![observation("revenue", None, value)];
    let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
    wait_folded(&mut monitoring(town).await, receipt.index).await;
}

/// Guiyang has reported all of 2022, and December of the year before; Zunyi one month. Guiyang has revised October.
async fn town() -> Town {
    let town = Town::empty(&[CONSOLE]).await;
    let edit = "[[edit]]\nid = \"REVENUE.SIGN\"";
    let with = bundle(&[(edit, &format!("{SCORING}\n{edit}"))]);
    town.act(Deed::PublishCatalogue(with)).await.unwrap();
    let (own, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    report(&town, &own, "2021-M12", (1, "800")).await;
    for month in 1..=12 {
        report(&town, &own, &format!("2022-M{month:02}"), (1, "1001")).await;
    }
    report(&town, &own, "2022-M10", (2, "1101")).await;
    report(&town, &other, "2022-M12", (1, "2002")).await;
    town
}

fn quarter(town: &Town, back: i32) -> String {
    let now = jiff::Timestamp::from_millisecond(town.clock.now_ms()).unwrap();
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let current = Period::containing(Periodicity::Quarter, zone.to_datetime(now).date());
    current.unwrap().plus(-back).unwrap().to_string()
}

/// The lines of a table's file, without its heading.
async fn lines(visit: &mut Visit, path: &str) -> Vec<String> {
    let page = visit.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    let lines = page.body.trim_start_matches('\u{feff}').lines().skip(1);
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_page_has_its_scores_and_revisions_and_says_what_is_interim() {
    let town = town().await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let page = visit.get("/unit/520100").await.body;
    for part in [
        "href=\"/league/prefectures/2022-Q4/520100\"",
        "href=\"/completeness?under=520100&amp;dataset=monthly-revenue\"",
        "href=\"/findings?status=0&amp;kind=validity&amp;under=520100&amp;dataset=monthly-revenue\"",
        "暂行",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let cards = lines(&mut visit, "/unit/520100?csv=cards").await;
    assert_eq!(cards.len(), 1, "{cards:?}");
    assert!(
        cards[0].starts_with("市州考核,2022-Q4,100.00,1 / 3,")
            && cards[0].contains(",头等,最终,授旗"),
        "{cards:?}"
    );
    // What is not due yet is no rate of nothing.
    let drawn = |back| page.contains(&format!("<title>{} · 0", quarter(&town, back)));
    assert!(drawn(3) && !drawn(0), "{page}");
    let revisions = lines(&mut visit, "/unit/520100?csv=revisions").await;
    assert_eq!(revisions.len(), 1, "{revisions:?}");
    assert!(
        revisions[0].contains("2022-M10,") && revisions[0].contains(",1001,1101,100,9.99,"),
        "{revisions:?}"
    );
    let mut viewer = joined(&town, "viewer", PersonRole::Viewer, None).await;
    let page = viewer.get("/unit/520100").await.body;
    assert!(
        !page.contains("1101") && !page.contains("/findings"),
        "{page}"
    );
    assert!(
        lines(&mut viewer, "/unit/520100?csv=revisions")
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_league_opens_with_a_period_that_says_something() {
    let town = town().await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let page = visit.get("/league").await.body;
    assert!(page.contains("市州考核 · 2022-Q4"), "{page}");
    let offered = |period: &str| page.contains(&format!("<option value=\"{period}\""));
    assert!(offered("2021-Q1") && offered("2022-Q4"));
    for nothing in ["2020-Q4", "2023-Q1", &quarter(&town, 1), &quarter(&town, 0)] {
        assert!(!offered(nothing), "{nothing}");
    }
    let path = "/league/prefectures/2022-Q4/520100";
    let page = visit.get(path).await.body;
    for part in ["报送率", "一般公共预算收入 2022", "12000", "12112"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let mut viewer = joined(&town, "viewer", PersonRole::Viewer, None).await;
    let page = viewer.get(path).await.body;
    assert!(
        page.contains("一般公共预算收入 2022") && !page.contains("12112"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_stands_beside_its_target_and_its_peers() {
    let town = town().await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let path = "/indicators?dataset=monthly-revenue&indicator=revenue&unit=520100";
    let page = visit.get(path).await.body;
    for part in [
        "时间进度",
        "12000",
        "100.93 %",
        "100.00 %",
        "同一上级的同级单位",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let peers = lines(&mut visit, &format!("{path}&csv=peers")).await;
    assert_eq!(
        peers,
        ["遵义市,520300,2002,1,,", "贵阳市,520100,1001,2,25.13,1"]
    );
    // Whoever sees a part of the tree compares with none outside it.
    let mut part = joined(&town, "part", PersonRole::Auditor, Some(GUIYANG)).await;
    let peers = lines(&mut part, &format!("{path}&csv=peers")).await;
    assert_eq!(peers, ["贵阳市,520100,1001,1,25.13,1"]);
}

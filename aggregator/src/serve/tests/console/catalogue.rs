//! A catalogue is examined, compared and published.

use granary_core::{
    catalogue::Bundle,
    ledger::{Act, Deed},
};

use super::{CONSOLE, Page, Visit, acts::Asked, joined};
use crate::{
    people::PersonRole,
    serve::tests::town::{GUIYANG, Town, bundle},
};

/// Sends a catalogue's files as the page's form does, line ends as browsers send them.
async fn propose(visit: &mut Visit, bundle: &Bundle) -> Page {
    let form = visit.get("/account").await.form();
    let files: Vec<(&str, String)> = bundle
        .files()
        .iter()
        .flat_map(|(name, text)| [("name", name.clone()), ("text", text.replace('\n', "\r\n"))])
        .collect();
    let fields: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    visit.post("/catalogue", &form, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_by_line_and_column() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let shown = visit.get("/catalogue").await.body;
    assert!(shown.contains("REVENUE.SIGN") && shown.contains("edits.toml"));
    let page = propose(&mut visit, &bundle(&[("revenue >= 0", "revenue >= rev")])).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("edits.toml:22:26") || page.body.contains("edits.toml:22:"),
        "{}",
        page.body
    );
    assert!(page.body.contains("<mark>") && !page.body.contains("data-payload"));
    let same = propose(&mut visit, &bundle(&[])).await;
    assert!(same.body.contains("与现行版本相同") && !same.body.contains("data-payload"));
    let against = propose(
        &mut visit,
        &bundle(&[("revenue >= 0", "revenue >= 0 and revenue <= -5")]),
    )
    .await;
    assert!(
        against.body.contains("矛盾") || against.body.contains("data-payload"),
        "{}",
        against.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn consequences_are_told_before_a_catalogue_is_signed() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let next = bundle(&[
        ("revenue >= 0", "revenue >= 2000"),
        ("from = \"2021-M03\"", "from = \"2021-M01\""),
    ]);
    let page = propose(&mut visit, &next).await;
    // Three prefectures owe two months more, and one current report would fail.
    for told in [
        "REVENUE.SIGN",
        "<strong>6</strong>",
        "REVENUE.SIGN</code> +1 −0",
        "+ expression = &quot;revenue &gt;= 2000&quot;",
    ] {
        assert!(page.body.contains(told), "{told}: {}", page.body);
    }
    let asked = Asked::of(&page);
    assert_eq!(
        Act::decode(&asked.bytes).unwrap().deed,
        Deed::PublishCatalogue(next.clone())
    );
    assert_eq!(asked.sign(&town, &mut visit).await.status, 200);
    let version = next.version().to_string();
    assert!(visit.get("/catalogue").await.body.contains(&version));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_acts_for_the_whole_city_publishes() {
    let town = Town::founded(&[CONSOLE]).await;
    let next = bundle(&[("revenue >= 0", "revenue >= 1")]);
    for (login, role, under) in [
        ("part", PersonRole::Operator, Some(GUIYANG)),
        ("auditor", PersonRole::Auditor, None),
        ("admin", PersonRole::Admin, None),
    ] {
        let mut visit = joined(&town, login, role, under).await;
        assert!(
            !visit.get("/catalogue").await.body.contains("data-files"),
            "{login}"
        );
        assert_eq!(propose(&mut visit, &next).await.status, 403, "{login}");
    }
}

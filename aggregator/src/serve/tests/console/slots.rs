//! A slot's page: its whole life with who did what and why, its figures of every revision, and acts that cannot be meant.

use super::{CONSOLE, Page, SLOT, Visit, acts::Asked, joined};
use crate::{
    people::PersonRole,
    serve::tests::{
        reading::{monitoring, wait_folded},
        town::{GUIYANG, Town},
    },
};

async fn asks(visit: &mut Visit, kind: &str, period: &str, until: &str) -> Page {
    let form = visit.get("/account").await.form();
    let fields = [
        ("kind", kind),
        ("unit", GUIYANG),
        ("dataset", "monthly-revenue"),
        ("period", period),
        ("until", until),
        ("reason", "停电"),
    ];
    visit.post("/act", &form, &fields).await
}

/// What was asked for comes into force, and the pages know.
async fn signed(town: &Town, visit: &mut Visit, page: &Page) {
    let entered = Asked::of(page).sign(town, visit).await;
    assert!(entered.body.contains("已生效"), "{}", entered.body);
    let index = super::value(&entered.body, "href=\"/receipt/").unwrap();
    let index = index.parse().unwrap();
    wait_folded(&mut monitoring(town).await, index).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_slot_names_who_did_what_and_why_the_newest_first() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    let first = office.submit(office.revenue(1)).await.unwrap().index;
    let second = office.submit(office.revenue(2)).await.unwrap().index;
    wait_folded(&mut monitoring(&town).await, second).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    assert!(visit.get(SLOT).await.body.contains("现在的截止时间："));
    let page = asks(&mut visit, "extend", "2022-M03", "2040-01-01T12:00").await;
    for text in ["迟报 → 按时", "2022-04-06 00:00:00", "2040-01-01 12:00:00"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    signed(&town, &mut visit, &page).await;
    let body = visit.get(SLOT).await.body;
    let life = body.split("class=\"life\"").nth(1).unwrap();
    let at = |text: &str| life.find(text).unwrap_or_else(|| panic!("{text}: {life}"));
    let (extended, later, earlier) = (at("延期至"), at("报送 第 2"), at("报送 第 1"));
    assert!(extended < later && later < earlier, "{life}");
    assert!(at("停电") < later && at("wang 先生 (wang)") < later);
    assert!(
        body.contains(">1002<") && body.contains("A 正常值"),
        "{body}"
    );
    let before = visit.get(&format!("{SLOT}?vintage={first}")).await.body;
    assert!(
        before.contains("这不是现行版次") && before.contains(">1001<"),
        "{before}"
    );
    assert_eq!(visit.get(&format!("{SLOT}?vintage=0")).await.status, 404);
    let csv = visit.get(&format!("{SLOT}?csv=figures")).await;
    assert!(csv.field("content-type").unwrap().starts_with("text/csv"));
    assert!(csv.body.contains(",1002,"), "{}", csv.body);
    assert!(
        visit
            .raw(&format!("{SLOT}?csv=figures.xlsx"))
            .await
            .starts_with(b"PK")
    );
    let english = visit.get(&format!("{SLOT}?lang=en")).await.body;
    assert!(
        english.contains("A Normal value") && english.contains("by wang"),
        "{english}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_says_what_did_not_hold() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    let snapshot = super::findings::accounts("2022-Q1", "4.50");
    let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
    wait_folded(&mut monitoring(&town).await, receipt.index).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let page = visit
        .get("/slot/520100/quarterly-accounts/2022-Q1")
        .await
        .body;
    let life = page.split("class=\"life\"").nth(1).unwrap();
    let life = life.split("</ol>").next().unwrap();
    assert!(
        life.contains("GDP.BALANCE") && life.contains("地区生产总值不等于三次产业之和"),
        "{life}"
    );
    let path = format!(
        "/slot/520100/quarterly-accounts/2022-Q1?vintage={}",
        receipt.index
    );
    let page = visit.get(&path).await.body;
    let place = |text: &str| page.rfind(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(
        place("第一产业增加值") < place("第二产业增加值")
            && place("第二产业增加值") < place("第三产业增加值"),
        "in the order of the form"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_only_moves_a_deadline_later_and_into_the_future() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let page = asks(&mut visit, "extend", "2022-M03", "2040-01-01T12:00").await;
    signed(&town, &mut visit, &page).await;
    let page = asks(&mut visit, "extend", "2022-M03", "2039-01-01T12:00").await;
    assert_eq!(page.status, 422);
    for text in [
        "2039-01-01 12:00:00",
        "2040-01-01 12:00:00",
        "不晚于现在的截止时间",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let page = asks(&mut visit, "extend", "2022-M04", "2023-01-01T12:00").await;
    assert!(
        page.status == 422 && page.body.contains("已经过去") && page.body.contains("2023-01-01"),
        "{}",
        page.body
    );
    for until in ["", "soon"] {
        let page = asks(&mut visit, "extend", "2022-M04", until).await;
        assert!(
            page.status == 422 && page.body.contains("没有填写“新的截止时间”"),
            "{}",
            page.body
        );
    }
    let page = asks(&mut visit, "exempt", "2022-M04", "").await;
    assert!(page.body.contains("未报 → 免报"), "{}", page.body);
}

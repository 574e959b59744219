//! Whoever is limited to a department sees what it answers for, and nowhere the figures or findings of another.

use granary_core::ledger::Deed;

use super::{CONSOLE, PASSWORD, Visit};
use crate::{
    clock::Clock as _,
    people::{Invitation, PersonRole, invite_into},
    serve::tests::{
        reading::{monitoring, wait_folded},
        town::{GUIYANG, Town, bundle, observation, period, revenue},
    },
};

/// Somebody of the finance bureau.
async fn of_finance(town: &Town, role: PersonRole, under: Option<&str>) -> Visit {
    let now_ms = town.clock.now_ms();
    let invitation = Invitation {
        login: format!("finance-{}", role.word()),
        name: "财政 先生".into(),
        role,
        under: under.map(str::to_owned),
        department: Some("finance".into()),
        expires_at_ms: now_ms + 60_000,
    };
    let token = invite_into(town.site().folder(), &invitation, now_ms).unwrap();
    let path = format!("/join/{token}");
    let mut visit = Visit::new(town);
    let form = visit.get(&path).await.form();
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(visit.post(&path, &form, &fields).await.status, 303);
    visit
}

/// A finding of each department: a negative revenue, and a product that is not the sum of its parts.
async fn town(replace: &[(&str, &str)]) -> Town {
    let town = Town::empty(&[CONSOLE]).await;
    town.act(Deed::PublishCatalogue(bundle(replace)))
        .await
        .unwrap();
    let office = town.office(GUIYANG).await;
    let mut wrong = revenue(GUIYANG, 1);
    wrong.observations = vec![observation("revenue", None, "-4321")];
    office.submit(office.sign(&wrong)).await.unwrap();
    let mut accounts = revenue(GUIYANG, 1);
    accounts.slot.dataset = "quarterly-accounts".parse().unwrap();
    accounts.slot.period = period("2021-Q3");
    accounts.observations = [
        ("gdp", "777.77"),
        ("gdp_growth", "6.6"),
        ("primary", "1.00"),
        ("secondary", "2.00"),
        ("tertiary", "3.00"),
    ]
    .map(|(indicator, value)| observation(indicator, None, value))
    .into();
    let receipt = office.submit(office.sign(&accounts)).await.unwrap();
    wait_folded(&mut monitoring(&town).await, receipt.index).await;
    town
}

const OWN_SERIES: &str = "/indicators?dataset=monthly-revenue&indicator=revenue&unit=520100";
/// Pages that can be made of one department's reports alone.
const OWN: [&str; 14] = [
    "/",
    "/completeness",
    "/completeness?dataset=monthly-revenue",
    "/findings?status=0",
    "/findings?status=0&csv=findings",
    "/indicators",
    OWN_SERIES,
    "/slot/520100/monthly-revenue/2022-M03",
    "/slot/520100/monthly-revenue/2022-M03/try",
    "/calendar",
    "/unit/520100",
    "/unit/520100?csv=revisions",
    "/units",
    "/agents",
];
const OTHERS_SERIES: &str = "/indicators?dataset=quarterly-accounts&indicator=gdp&unit=520100";

#[tokio::test(flavor = "multi_thread")]
async fn a_department_sees_its_own_datasets_and_no_other() {
    let town = town(&[]).await;
    let mut visit = of_finance(&town, PersonRole::Operator, None).await;
    for path in OWN {
        let page = visit.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for others in ["777.77", "GDP.BALANCE", "季度地区生产总值核算"] {
            assert!(!page.body.contains(others), "{path} shows {others}");
        }
    }
    let page = visit.get("/findings?status=0").await.body;
    assert!(
        page.contains("REVENUE.SIGN") && page.contains("-4321"),
        "{page}"
    );
    let refused = [
        OTHERS_SERIES,
        &format!("{OTHERS_SERIES}&csv=series"),
        &format!("{OTHERS_SERIES}&csv=peers"),
        "/completeness?dataset=quarterly-accounts",
        "/findings?status=0&dataset=quarterly-accounts",
        "/slot/520100/quarterly-accounts/2021-Q3",
        "/slot/520100/quarterly%2Daccounts/2021-Q3",
        "/slot/520100/quarterly-accounts/2021-Q3/try",
        "/slot/520100//quarterly-accounts/2021-Q3",
        "/league",
        "/wall",
        "/log",
        "/receipt/2",
        "/catalogue",
        "/bulletins",
        "/bulletins/make",
    ];
    for path in refused {
        let page = visit.get(path).await;
        assert!(matches!(page.status, 403 | 404), "{path}: {}", page.status);
        assert!(
            !page.body.contains("777.77") && !page.body.contains("GDP.BALANCE"),
            "{path}"
        );
    }
    assert!(
        visit
            .get("/league")
            .await
            .body
            .contains("您的账户限于一个部门")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_acts_on_nothing() {
    let town = town(&[]).await;
    let mut visit = of_finance(&town, PersonRole::Operator, None).await;
    let form = visit.get("/").await.form();
    let fields = [
        ("kind", "exempt"),
        ("unit", GUIYANG),
        ("dataset", "monthly-revenue"),
        ("period", "2022-M03"),
        ("reason", "why"),
    ];
    assert_eq!(visit.post("/act", &form, &fields).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_dataset_of_several_departments_each_sees_its_own_figures() {
    let mixed = (
        "kind = \"rate\"\nowner = \"statistics\"",
        "kind = \"rate\"\nowner = \"finance\"",
    );
    let town = town(&[mixed]).await;
    let mut visit = of_finance(&town, PersonRole::Auditor, Some(GUIYANG)).await;
    let series = "/indicators?dataset=quarterly-accounts&indicator=gdp_growth&unit=520100";
    assert_eq!(visit.get(series).await.status, 200);
    for path in [
        OTHERS_SERIES,
        "/slot/520100/quarterly-accounts/2021-Q3",
        "/unit/520300",
    ] {
        assert_eq!(visit.get(path).await.status, 403, "{path}");
    }
    let choice = visit
        .get("/indicators?dataset=quarterly-accounts")
        .await
        .body;
    assert!(
        choice.contains("\"gdp_growth\"") && !choice.contains("\"primary\""),
        "{choice}"
    );
    for path in [
        "/findings?status=0",
        "/findings?status=0&dataset=quarterly-accounts",
        "/unit/520100",
    ] {
        let page = visit.get(path).await;
        assert!(
            page.status == 200 && !page.body.contains("GDP.BALANCE"),
            "{path}"
        );
        assert!(!page.body.contains("777.77"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_answers_for_nothing_is_told_so() {
    let town = town(&[("owner = \"finance\"", "owner = \"statistics\"")]).await;
    let mut visit = of_finance(&town, PersonRole::Viewer, None).await;
    let page = visit.get("/").await;
    assert!(
        page.status == 403 && page.body.contains("finance"),
        "{}",
        page.body
    );
    assert_eq!(visit.get("/account").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_shows_its_reach_and_can_be_withdrawn() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut root = super::joined(&town, "root", PersonRole::Admin, None).await;
    let form = root.get("/people").await.form();
    let wish = [
        ("login", "li"),
        ("name", "李"),
        ("role", "viewer"),
        ("under", GUIYANG),
        ("department", "finance"),
    ];
    let made = root.post("/people", &form, &wish).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let link = super::value(&made.body, "data-link=\"").unwrap();
    assert!(
        root.get("/people")
            .await
            .body
            .contains("520100 · 部门 finance")
    );
    let withdraw = [("login", "li"), ("withdraw", "yes")];
    assert_eq!(
        root.post("/people/access", "wrong", &withdraw).await.status,
        403
    );
    assert_eq!(
        root.post("/people/access", &form, &withdraw).await.status,
        303
    );
    assert_eq!(
        root.post("/people/access", &form, &withdraw).await.status,
        404
    );
    assert_eq!(Visit::new(&town).get(&link).await.status, 410);
    assert!(super::access_log(&town).contains("withdraw the invitation of li"));
    let nobodys = [
        ("login", "li"),
        ("name", "李"),
        ("role", "viewer"),
        ("department", "../x"),
    ];
    assert_eq!(root.post("/people", &form, &nobodys).await.status, 422);
}

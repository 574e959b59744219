//! Whose token opens what.

use super::{Reader, reporting, token};
use crate::{
    people::{TokenScope, Tokens},
    serve::tests::town::{GUIYANG, ZUNYI},
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_without_a_good_token_and_a_good_one_is_never_shut_out() {
    let town = reporting().await;
    let good = Reader::new(&town, &token(&town, "good", &TokenScope::ALL, None));
    let none = Reader::new(&town, "");
    let answer = none.get("/api/v1/slots").await;
    assert_eq!(
        (answer.status, answer.field("www-authenticate")),
        (401, Some("Bearer realm=\"granary\""))
    );
    let wrong = Reader::new(&town, &format!("granary_{}", "0".repeat(64)));
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(wrong.get("/api/v1/slots").await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let waiting = wrong.get("/api/v1/slots").await;
    assert!(waiting.field("retry-after").is_some());
    assert_eq!(
        good.get("/api/v1/slots").await.status,
        200,
        "from the same address"
    );
    // A session's cookie opens nothing here, and the document everything to everybody.
    let mut cookie = Reader::new(&town, "");
    cookie.more = "cookie: __Host-granary=0\r\n".into();
    assert_eq!(cookie.get("/api/v1/slots").await.status, 401);
    assert_eq!(none.get("/api/openapi.json").await.status, 200);
    for path in ["/api/v1/no/such", "/api/v2/slots", "/api/v1/"] {
        assert_eq!(none.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_it_expires_and_when_it_is_revoked() {
    let town = reporting().await;
    let first = Reader::new(&town, &token(&town, "first", &TokenScope::ALL, None));
    let second = Reader::new(&town, &token(&town, "second", &TokenScope::ALL, None));
    assert_eq!(first.get("/api/v1/token").await.json()["name"], "first");
    Tokens::open(town.site().folder())
        .unwrap()
        .revoke("first", 0)
        .unwrap();
    assert_eq!(first.get("/api/v1/token").await.status, 401);
    assert_eq!(second.get("/api/v1/token").await.status, 200);
    town.clock.step(2 * 24 * 3_600_000);
    assert_eq!(second.get("/api/v1/token").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_opens_its_own() {
    const SERIES: &str = "/series?unit=520100&dataset=monthly-revenue&indicator=revenue";
    let town = reporting().await;
    let paths = [
        ("/slots", TokenScope::Completeness),
        ("/completeness", TokenScope::Completeness),
        ("/measures", TokenScope::Completeness),
        ("/units/520100", TokenScope::Completeness),
        (
            "/slots/520100/monthly-revenue/2022-M03",
            TokenScope::Completeness,
        ),
        ("/league/prefectures/2022-Q1", TokenScope::Completeness),
        (
            "/league/prefectures/2022-Q1/520100",
            TokenScope::Completeness,
        ),
        ("/today", TokenScope::Completeness),
        ("/calendar", TokenScope::Completeness),
        ("/risks", TokenScope::Completeness),
        (
            "/arrivals/monthly-revenue/2022-M03",
            TokenScope::Completeness,
        ),
        (SERIES, TokenScope::Figures),
        ("/targets?year=2022", TokenScope::Figures),
        ("/findings", TokenScope::Findings),
        (
            "/screening/quarterly-accounts/2021-Q3",
            TokenScope::Findings,
        ),
        ("/recheck/quarterly-accounts", TokenScope::Findings),
        ("/agents", TokenScope::Agents),
    ];
    for scope in TokenScope::ALL {
        let name = format!("only-{}", &scope.word()[5..]);
        let reader = Reader::new(&town, &token(&town, &name, &[scope], None));
        for (path, needed) in paths {
            let status = reader.get(&format!("/api/v1{path}")).await.status;
            let expected = if scope == needed { 200 } else { 403 };
            assert_eq!(status, expected, "{path} with {}", scope.word());
        }
        assert_eq!(reader.get("/api/v1/log").await.status, 200);
    }
    // Whoever sees no figures and no findings sees a slot without them.
    let reader = Reader::new(
        &town,
        &token(&town, "look", &[TokenScope::Completeness], None),
    );
    let life = reader
        .read("/slots/520100/quarterly-accounts/2021-Q3")
        .await;
    assert!(
        life["figures"].is_null() && life["findings"].is_null(),
        "{life}"
    );
    assert!(!life.to_string().contains("11.00"), "{life}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_a_part_of_the_tree_reads_no_other() {
    let town = reporting().await;
    let reader = Reader::new(
        &town,
        &token(&town, "part", &TokenScope::ALL, Some(GUIYANG)),
    );
    for (path, status) in [
        ("/slots?unit=520100", 200),
        ("/slots?unit=520100,520300", 403),
        ("/slots?under=520300", 403),
        ("/completeness?under=520000", 403),
        ("/units/520102", 200),
        ("/units/520300", 403),
        ("/slots/520300/monthly-revenue/2022-M03", 403),
        (
            "/series?unit=520300&dataset=monthly-revenue&indicator=revenue",
            403,
        ),
        ("/findings?unit=520300", 403),
        ("/league/prefectures/2022-Q1/520300", 403),
        ("/arrivals/monthly-revenue/2022-M03", 403),
        ("/recheck/quarterly-accounts", 403),
        ("/agents?unit=520300", 403),
    ] {
        let answer = reader.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
    for path in [
        "/slots?page_size=10000",
        "/completeness?group_by=unit",
        "/measures?group_by=unit",
        "/findings",
        "/today",
        "/risks",
        "/targets?year=2022",
        "/league/prefectures/2022-Q1",
        "/screening/quarterly-accounts/2021-Q3",
        "/agents",
        "/units",
    ] {
        let body = reader.read(path).await.to_string();
        assert!(!body.contains(ZUNYI), "{path}: {body}");
    }
}

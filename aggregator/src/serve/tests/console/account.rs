//! The second step of signing in, and the record of what happens to accounts.

use granary_core::access::Chain;

use super::{CONSOLE, PASSWORD, Page, Visit, access_log, joined, value};
use crate::{
    clock::Clock as _,
    people::{PersonRole, SharedSecret},
    serve::tests::town::Town,
};

/// Sets up the second step as a person does; gives the secret as they would type it, and the first recovery code.
async fn set_up(town: &Town, visit: &mut Visit) -> (String, String) {
    let form = visit.get("/account").await.form();
    let begun = visit.post("/account", &form, &[("step", "begin")]).await;
    let (_, secret) = begun.body.split_once("data-secret>").unwrap();
    let secret = secret.split_once('<').unwrap().0.to_owned();
    assert!(begun.body.contains("<svg class=\"qr\"") && begun.body.contains("otpauth://totp/"));
    let wrong = visit
        .post(
            "/account",
            &form,
            &[("step", "confirm"), ("code", "000000")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    let code = code(&secret, town.clock.now_ms());
    let done = visit
        .post("/account", &form, &[("step", "confirm"), ("code", &code)])
        .await;
    let (_, recovery) = done
        .body
        .split_once("<ul class=\"codes\"><li><code>")
        .unwrap();
    (secret, recovery.split_once('<').unwrap().0.to_owned())
}

/// What an authenticator shows.
fn code(secret: &str, now_ms: i64) -> String {
    SharedSecret::from_base32(secret).unwrap().shown(now_ms)
}

async fn sign_in(town: &Town, login: &str, code: &str) -> (Visit, Page) {
    let mut visit = Visit::new(town);
    let form = visit.get("/login").await.form();
    let fields = [("login", login), ("password", PASSWORD), ("code", code)];
    let page = visit.post("/login", &form, &fields).await;
    (visit, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_asked_for_counts_once_and_is_slowed_down() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let (secret, recovery) = set_up(&town, &mut visit).await;
    assert_eq!(
        sign_in(&town, "wang", "").await.1.status,
        401,
        "the password alone"
    );
    town.clock.step(60_000);
    let shown = code(&secret, town.clock.now_ms());
    assert_eq!(sign_in(&town, "wang", &shown).await.1.status, 303);
    assert_eq!(
        sign_in(&town, "wang", &shown).await.1.status,
        401,
        "a code that was used"
    );
    assert_eq!(sign_in(&town, "wang", &recovery).await.1.status, 303);
    assert_eq!(
        sign_in(&town, "wang", &recovery).await.1.status,
        401,
        "used up"
    );
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(sign_in(&town, "wang", "111111").await.1.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let file = town.site().folder().join("people/accounts/wang.json");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&secret) && !text.contains(&recovery.replace('-', "")));
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_must_have_a_second_step_sees_nothing_before() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    let mut wang = joined(&town, "wang", PersonRole::Viewer, None).await;
    let form = root.get("/people").await.form();
    let fields = [("login", "wang"), ("code", "yes")];
    assert_eq!(
        wang.post("/people/access", &form, &fields).await.status,
        403,
        "not by oneself"
    );
    assert_eq!(
        root.post("/people/access", &form, &fields).await.status,
        303
    );
    for path in ["/", "/league", "/wall"] {
        let page = wang.get(path).await;
        assert_eq!(
            (page.status, page.field("location")),
            (303, Some("/account")),
            "{path}"
        );
    }
    let (secret, _) = set_up(&town, &mut wang).await;
    assert_eq!(wang.get("/league").await.status, 200);
    town.clock.step(60_000);
    let form = wang.get("/account").await.form();
    let shown = code(&secret, town.clock.now_ms());
    let fields = [("step", "remove"), ("code", shown.as_str())];
    assert_eq!(
        wang.post("/account", &form, &fields).await.status,
        422,
        "it is asked"
    );

    // A lost phone: the invitation that sets the password anew takes the second step away, and it is still asked.
    let mut wang = joined(&town, "wang", PersonRole::Viewer, None).await;
    assert_eq!(wang.get("/").await.field("location"), Some("/account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_accounts_is_in_the_access_log() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    let form = root.get("/people").await.form();
    let fields = [
        ("login", "li"),
        ("name", "李"),
        ("role", "operator"),
        ("under", "520100"),
    ];
    let link = root.post("/people", &form, &fields).await;
    let link = value(&link.body, "data-link=\"").unwrap();
    let unfit = [
        ("login", "L I"),
        ("name", "李"),
        ("role", "operator"),
        ("under", ""),
    ];
    assert_eq!(root.post("/people", &form, &unfit).await.status, 422);
    let mut li = Visit::new(&town);
    let own = li.get(&link).await.form();
    li.post(&link, &own, &[("password", PASSWORD), ("again", PASSWORD)])
        .await;
    set_up(&town, &mut li).await;
    root.post(
        "/people/access",
        &form,
        &[("login", "li"), ("active", "no")],
    )
    .await;
    let log = access_log(&town);
    let mut chain = Chain::default();
    let mut told = Vec::new();
    for line in log.lines() {
        let line = chain.push(line.as_bytes()).unwrap();
        told.push(format!("{} {} {}", line.who, line.access.word(), line.what));
    }
    assert_eq!(
        told,
        [
            "person:root account root joined as admin of *",
            "person:root account invite li as operator of 520100",
            "person:li account li joined as operator of 520100",
            "person:li account li second step set up",
            "person:root account end access of li",
        ]
    );
}

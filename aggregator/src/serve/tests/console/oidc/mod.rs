//! Signing in at the house's provider: a certified one in a browser, and one of this test that says whatever it is told to.

mod real;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{RawForm, State},
    http::header,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{CONSOLE, PASSWORD, Page, Visit, access_log, invite, joined};
use crate::{clock::Clock as _, people::PersonRole, serve::tests::town::Town};

/// A provider that answers what the test wants.
struct Liar {
    issuer: String,
    said: Arc<Mutex<Said>>,
}

#[derive(Default)]
struct Said {
    issuer: String,
    /// What the token endpoint answers.
    token: Value,
    /// The form that it was last sent.
    sent: Vec<(String, String)>,
}

/// What a token is wrong in, its head, and what makes its claims wrong.
type Lie = (&'static str, Value, fn(&mut Value));

type Shared = State<Arc<Mutex<Said>>>;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

impl Liar {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let said = Arc::new(Mutex::new(Said {
            issuer: issuer.clone(),
            ..Said::default()
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(described))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&said));
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { issuer, said }
    }

    /// The settings of a console that trusts it.
    fn settings<'s>(&'s self, more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
        let own = [
            CONSOLE,
            ("oidc_issuer", self.issuer.as_str()),
            ("oidc_client_id", "granary"),
            ("oidc_console", "http://127.0.0.1:1"),
            ("oidc_name_zh", "市数字身份"),
            ("oidc_name_en", "City ID"),
        ];
        [own.as_slice(), more].concat()
    }

    /// What a person's browser goes through: off, and back with a token whose claims `change` has changed.
    async fn sign_in(
        &self,
        (town, visit): (&Town, &mut Visit),
        from: &str,
        change: impl FnOnce(&mut Value),
    ) -> Page {
        let (state, nonce) = off(visit, from).await;
        let mut claims = self.claims(town, &nonce);
        change(&mut claims);
        self.say(&signed(&json!({ "alg": "EdDSA", "kid": "k" }), &claims));
        back(visit, &state).await
    }

    fn claims(&self, town: &Town, nonce: &str) -> Value {
        let now = town.clock.now_ms() / 1_000;
        json!({
            "iss": self.issuer, "aud": "granary", "sub": "p-1", "nonce": nonce,
            "iat": now, "exp": now + 300, "preferred_username": "Wang"
        })
    }

    fn say(&self, token: &str) {
        self.said.lock().unwrap().token =
            json!({ "access_token": "a", "token_type": "Bearer", "id_token": token });
    }
}

fn answer(value: &Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
        .into_response()
}

async fn described(State(said): Shared) -> Response {
    let issuer = said.lock().unwrap().issuer.clone();
    answer(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
}

async fn keys() -> Response {
    let x = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
    answer(
        &json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k", "x": x }] }),
    )
}

async fn token(State(said): Shared, RawForm(form): RawForm) -> Response {
    let mut said = said.lock().unwrap();
    said.sent = form_urlencoded::parse(&form).into_owned().collect();
    answer(&said.token)
}

/// A token's first two parts.
fn unsigned(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(head), part(claims))
}

fn signed(head: &Value, claims: &Value) -> String {
    let text = unsigned(head, claims);
    let signature = key().sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// Sends the browser off; gives state and nonce.
async fn off(visit: &mut Visit, from: &str) -> (String, String) {
    let page = visit.get(from).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let url = page.field("location").unwrap();
    (query(url, "state"), query(url, "nonce"))
}

fn query(url: &str, name: &str) -> String {
    let (_, text) = url.split_once('?').unwrap();
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{name} in {url}")).1.into()
}

async fn back(visit: &mut Visit, state: &str) -> Page {
    visit
        .get(&format!("/login/oidc/return?code=c&state={state}"))
        .await
}

fn is_let_in(page: &Page) -> bool {
    page.head.contains("set-cookie: __Host-granary=")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_vouched_for_and_has_an_account_comes_in() {
    let liar = Liar::start().await;
    let town = Town::founded(&liar.settings(&[])).await;
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let mut visit = Visit::new(&town);
    let door = visit.get("/login?to=%2Fleague").await;
    assert!(door.body.contains("使用市数字身份登录"));
    let begun = visit.get("/login/oidc?to=%2Fleague").await;
    let cookie = begun
        .head
        .lines()
        .find(|line| line.contains("granary-oidc="));
    assert!(
        cookie
            .unwrap()
            .ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    let url = begun.field("location").unwrap().to_owned();
    assert_eq!(
        query(&url, "redirect_uri"),
        "http://127.0.0.1:1/login/oidc/return"
    );
    let claims = liar.claims(&town, &query(&url, "nonce"));
    liar.say(&signed(&json!({ "alg": "EdDSA", "kid": "k" }), &claims));
    let page = back(&mut visit, &query(&url, "state")).await;
    assert_eq!(
        (page.status, page.field("refresh")),
        (200, Some("0; url=/league"))
    );
    assert_eq!(visit.get("/league").await.status, 200);
    // The verifier that was sent is the one whose hash went through the browser.
    let sent = liar.said.lock().unwrap().sent.clone();
    let (_, verifier) = sent
        .iter()
        .find(|(name, _)| name == "code_verifier")
        .unwrap();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(query(&url, "code_challenge"), challenge);
    assert!(
        access_log(&town).contains("\taccount\twang signed in at the provider as p-1"),
        "{}",
        access_log(&town)
    );
    let again = back(&mut visit, &query(&url, "state")).await;
    assert!(
        again.status == 400 && !is_let_in(&again),
        "a state counts once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_open_nothing() {
    let liar = Liar::start().await;
    let town = Town::founded(&liar.settings(&[])).await;
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let good = json!({ "alg": "EdDSA", "kid": "k" });
    let lies: [Lie; 7] = [
        ("audience", good.clone(), |all| {
            all["aud"] = json!("another")
        }),
        ("two audiences", good.clone(), |all| {
            all["aud"] = json!(["granary", "another"])
        }),
        ("issuer", good.clone(), |all| {
            all["iss"] = json!("https://evil.example")
        }),
        ("nonce", good.clone(), |all| all["nonce"] = json!("other")),
        ("expired", good.clone(), |all| {
            all["exp"] = json!(all["iat"].as_i64().unwrap() - 1)
        }),
        ("a subject of two lines", good.clone(), |all| {
            all["sub"] = json!("p\n1")
        }),
        (
            "an unknown key",
            json!({ "alg": "EdDSA", "kid": "other" }),
            |_| {},
        ),
    ];
    for (what, head, change) in lies {
        town.clock.step(3_600_000);
        let mut visit = Visit::new(&town);
        let (state, nonce) = off(&mut visit, "/login/oidc").await;
        let mut claims = liar.claims(&town, &nonce);
        change(&mut claims);
        liar.say(&signed(&head, &claims));
        let page = back(&mut visit, &state).await;
        assert!(
            page.status == 401 && !is_let_in(&page),
            "{what}: {}",
            page.status
        );
        assert_eq!(visit.get("/").await.status, 303, "{what}");
    }
    for (what, forge) in [
        ("alg none", "none"),
        ("the client's secret", "HS256"),
        ("a changed claim", "EdDSA"),
    ] {
        town.clock.step(3_600_000);
        let mut visit = Visit::new(&town);
        let (state, nonce) = off(&mut visit, "/login/oidc").await;
        let text = unsigned(
            &json!({ "alg": forge, "kid": "k" }),
            &liar.claims(&town, &nonce),
        );
        let end = if forge == "none" {
            String::new()
        } else {
            URL_SAFE_NO_PAD.encode([1; 64])
        };
        liar.say(&format!("{text}.{end}"));
        let page = back(&mut visit, &state).await;
        assert!(
            page.status == 401 && !is_let_in(&page),
            "{what}: {}",
            page.status
        );
    }
    assert!(!access_log(&town).contains("signed in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_its_browsers_own_and_lasts_ten_minutes() {
    let liar = Liar::start().await;
    let town = Town::founded(&liar.settings(&[])).await;
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let (mut mine, mut other) = (Visit::new(&town), Visit::new(&town));
    let (state, nonce) = off(&mut mine, "/login/oidc").await;
    off(&mut other, "/login/oidc").await;
    liar.say(&signed(
        &json!({ "alg": "EdDSA", "kid": "k" }),
        &liar.claims(&town, &nonce),
    ));
    let page = back(&mut other, &state).await;
    assert!(page.status == 400 && !is_let_in(&page), "another browser");
    let page = back(&mut Visit::new(&town), &state).await;
    assert!(
        page.status == 400 && !is_let_in(&page),
        "a browser without a cookie"
    );
    assert!(is_let_in(&back(&mut mine, &state).await), "its own");
    let (state, _) = off(&mut mine, "/login/oidc").await;
    let path = format!("/login/oidc/return?error=access_denied&state={state}");
    assert_eq!(mine.get(&path).await.status, 401);
    let (state, _) = off(&mut mine, "/login/oidc").await;
    town.clock.step(600_000);
    assert_eq!(back(&mut mine, &state).await.status, 400, "too late");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_ours_and_linked_by_login_or_subject() {
    let liar = Liar::start().await;
    let town = Town::founded(&liar.settings(&[])).await;
    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    let mut visit = Visit::new(&town);
    let page = liar
        .sign_in((&town, &mut visit), "/login/oidc", |_| {})
        .await;
    assert!(
        page.status == 403 && page.body.contains("没有您的账户"),
        "no account comes by itself"
    );
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let form = root.get("/people").await.form();
    let link = |subject| [("login", "wang"), ("subject", subject)];
    assert_eq!(
        root.post("/people/access", &form, &link("two words"))
            .await
            .status,
        422
    );
    assert_eq!(
        root.post("/people/access", &form, &link("p-9"))
            .await
            .status,
        303
    );
    let taken = root
        .post(
            "/people/access",
            &form,
            &[("login", "root"), ("subject", "p-9")],
        )
        .await;
    assert_eq!(taken.status, 422, "one subject, one account");
    let page = liar
        .sign_in((&town, &mut visit), "/login/oidc", |_| {})
        .await;
    assert_eq!(
        page.status, 403,
        "the login is the same, the person is another"
    );
    let by_subject = |all: &mut Value| {
        all["sub"] = json!("p-9");
        all["preferred_username"] = json!("renamed");
    };
    assert!(is_let_in(
        &liar
            .sign_in((&town, &mut visit), "/login/oidc", by_subject)
            .await
    ));
    assert_eq!(visit.get("/").await.status, 200);
    assert_eq!(
        root.post("/people/access", &form, &link("p-8"))
            .await
            .status,
        303
    );
    assert_eq!(
        visit.get("/").await.status,
        303,
        "the link leads elsewhere, and the session is over"
    );
    assert!(access_log(&town).contains("\taccount\tlink wang to the provider's p-9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_access_was_ended_stays_outside() {
    let liar = Liar::start().await;
    let town = Town::founded(&liar.settings(&[])).await;
    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let form = root.get("/people").await.form();
    let fields = [("login", "wang"), ("active", "no")];
    root.post("/people/access", &form, &fields).await;
    let mut visit = Visit::new(&town);
    let page = liar
        .sign_in((&town, &mut visit), "/login/oidc", |_| {})
        .await;
    assert!(page.status == 403 && page.body.contains("已停用") && !is_let_in(&page));
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_can_be_left_to_administrators() {
    let liar = Liar::start().await;
    let settings = liar.settings(&[("oidc_passwords", "administrators")]);
    let town = Town::founded(&settings).await;
    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    let token = invite(&town, "wang", PersonRole::Operator, None);
    let mut wang = Visit::new(&town);
    let page = wang.get(&format!("/join/{token}")).await;
    assert!(!page.body.contains("new-password") && page.body.contains("用市数字身份加入"));
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    let secret = wang.cookies["__Host-granary-form"].clone();
    let refused = wang.post(&format!("/join/{token}"), &secret, &fields).await;
    assert_eq!(refused.status, 403);
    let from = format!("/login/oidc?join={token}");
    assert!(is_let_in(
        &liar.sign_in((&town, &mut wang), &from, |_| {}).await
    ));
    assert!(wang.get("/").await.body.contains("wang 先生"));
    let again = Visit::new(&town).get(&from).await;
    assert_eq!(again.status, 410, "the invitation is used up");

    // The second step is the provider's affair.
    let form = root.get("/people").await.form();
    root.post(
        "/people/access",
        &form,
        &[("login", "wang"), ("code", "yes")],
    )
    .await;
    assert_eq!(wang.get("/league").await.status, 200);

    let mut door = Visit::new(&town);
    let form = door.get("/login").await.form();
    let fields = |login| [("login", login), ("password", PASSWORD)];
    assert_eq!(
        door.post("/login", &form, &fields("root")).await.status,
        303
    );
    let lines = access_log(&town);
    assert!(lines.contains("\taccount\twang joined at the provider as p-1"));
    assert!(
        lines.contains("\taccount\troot signed in with a password"),
        "{lines}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_no_administrators_opens_nothing_where_it_should_not() {
    let liar = Liar::start().await;
    let mut town = Town::founded(&liar.settings(&[])).await;
    joined(&town, "wang", PersonRole::Operator, None).await;
    town.stop().await;
    town.start(&liar.settings(&[("oidc_passwords", "administrators")]))
        .await;
    let mut door = Visit::new(&town);
    let form = door.get("/login").await.form();
    let fields = [("login", "wang"), ("password", PASSWORD)];
    assert_eq!(door.post("/login", &form, &fields).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_is_told_in_both_languages_and_passwords_go_on() {
    let liar = Liar::start().await;
    let gone = Liar {
        issuer: "http://127.0.0.1:1".into(),
        said: Arc::clone(&liar.said),
    };
    let town = Town::founded(&gone.settings(&[])).await;
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let mut visit = Visit::new(&town);
    let page = visit.get("/login/oidc").await;
    assert!(
        page.status == 502 && page.body.contains("统一身份认证没有应答"),
        "{}",
        page.body
    );
    let page = visit.get("/login/oidc?lang=en").await;
    assert!(page.status == 502 && page.body.contains("does not answer"));
    let fields = [("login", "wang"), ("password", PASSWORD)];
    let form = page.form();
    assert_eq!(visit.post("/login", &form, &fields).await.status, 303);
    let plain = Town::founded(&[CONSOLE]).await;
    let page = Visit::new(&plain).get("/login/oidc").await;
    assert_eq!(page.status, 404, "no provider, no such page");
}

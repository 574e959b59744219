//! The console over loopback: who is let in, what each role and part of the tree sees, and that its figures are those of gRPC.

mod accessible;
mod account;
mod acts;
#[path = "../../../../../tests/tests/clerk/axe.rs"]
mod axe;
mod bulletins;
mod browser;
mod catalogue;
#[path = "../../../../../tests/tests/clerk/browser.rs"]
#[allow(
    dead_code,
    clippy::needless_pass_by_value,
    reason = "it is written for the clerk's page, whose test uses all of it"
)]
mod driver;
mod files;
mod fleet;
#[path = "../../../../../tests/tests/clerk/npm.rs"]
mod npm;
mod odd;
mod oidc;
mod today;

use std::{collections::BTreeMap, net::SocketAddr};

use granary_core::ledger::Deed;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::town::{GUIYANG, Town, ZUNYI, bundle};
use crate::{
    clock::Clock as _,
    people::{Invitation, PersonRole, invite_into},
    site,
};

const CONSOLE: (&str, &str) = ("console_listen", "127.0.0.1:0");
const PASSWORD: &str = "correct horse 电池";
/// A slot of Guiyang that was never reported.
const SLOT: &str = "/slot/520100/monthly-revenue/2022-M03";

/// An answer.
struct Page {
    status: u16,
    head: String,
    body: String,
}

/// Somebody's browser.
struct Visit {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Page {
    /// The secret of the page's forms.
    fn form(&self) -> String {
        value(&self.body, "name=\"form\" value=\"").unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix(": "))
    }
}

fn value(text: &str, before: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

impl Visit {
    fn new(town: &Town) -> Self {
        Self {
            address: town.console_address.unwrap(),
            cookies: BTreeMap::new(),
        }
    }

    /// Sends one request; gives the head and the body of the answer.
    async fn exchange(
        &self,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
    ) -> (String, Vec<u8>) {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: console\r\nconnection: close\r\ncookie: {}\r\ncontent-length: {}\r\n{more}\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut answers, mut asks) = stream.into_split();
        let mut bytes = Vec::new();
        // What is too long is answered, and the connection closed, before all of it is sent.
        let (_, read) = tokio::join!(
            asks.write_all(head.as_bytes()),
            answers.read_to_end(&mut bytes)
        );
        assert!(
            read.is_ok() || !bytes.is_empty(),
            "{method} {path}: {read:?}"
        );
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let body = bytes.split_off(end + 4);
        (String::from_utf8(bytes).unwrap(), body)
    }

    /// Sends one request and keeps the cookies of the answer, as a browser does.
    async fn send(&mut self, method: &str, path: &str, more: &str, body: &str) -> Page {
        let (head, body) = self.exchange(method, path, more, body).await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        for line in head
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "))
        {
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.into(), value.into());
        }
        Page {
            status,
            head: head.trim_end().replace("\r\n", "\n"),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// The bytes of a file.
    async fn raw(&self, path: &str) -> Vec<u8> {
        self.exchange("GET", path, "", "").await.1
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "", "").await
    }

    /// Sends a form with the secret of a page.
    async fn post(&mut self, path: &str, form: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("form", form).extend_pairs(fields);
        let more = "content-type: application/x-www-form-urlencoded\r\norigin: http://console\r\n";
        self.send("POST", path, more, &body.finish()).await
    }
}

fn invite(town: &Town, login: &str, role: PersonRole, under: Option<&str>) -> String {
    let now_ms = town.clock.now_ms();
    let invitation = Invitation {
        login: login.into(),
        name: format!("{login} 先生"),
        role,
        under: under.map(str::to_owned),
        expires_at_ms: now_ms + 60_000,
    };
    invite_into(town.site().folder(), &invitation, now_ms).unwrap()
}

/// All lines of the access log.
fn access_log(town: &Town) -> String {
    site::read(&town.site().folder().join("access/log")).unwrap()
}

/// Somebody who has used an invitation.
async fn joined(town: &Town, login: &str, role: PersonRole, under: Option<&str>) -> Visit {
    let path = format!("/join/{}", invite(town, login, role, under));
    let mut visit = Visit::new(town);
    let form = visit.get(&path).await.form();
    let page = visit
        .post(&path, &form, &[("password", PASSWORD), ("again", PASSWORD)])
        .await;
    assert_eq!((page.status, page.field("location")), (303, Some("/")));
    visit
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_anything_before_signing_in() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = Visit::new(&town);
    for path in [
        "/",
        "/wall",
        "/completeness",
        SLOT,
        "/receipt/0",
        "/people",
        "/log",
        "/nothing",
    ] {
        let page = visit.get(path).await;
        assert_eq!(page.status, 303, "{path}");
        assert!(
            page.field("location").unwrap().starts_with("/login?to=%2F"),
            "{path}"
        );
    }
    assert_eq!(visit.get("/events").await.status, 403);
    let form = visit.get("/login").await.form();
    assert_eq!(visit.post("/act", &form, &[]).await.status, 403);
    let page = visit.get("/login").await;
    let policy = page.field("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    assert_eq!(page.field("cache-control"), Some("no-store"));
    assert!(!page.body.contains("样例统计报送"), "nothing of the city");
    let forged = "0".repeat(64);
    visit.cookies.insert("__Host-granary".into(), forged);
    assert_eq!(visit.get("/").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_opens_a_session_once() {
    let town = Town::founded(&[CONSOLE]).await;
    let path = format!("/join/{}", invite(&town, "wang", PersonRole::Viewer, None));
    let mut visit = Visit::new(&town);
    let page = visit.get(&path).await;
    let short = visit
        .post(
            &path,
            &page.form(),
            &[("password", "short"), ("again", "short")],
        )
        .await;
    assert_eq!(short.status, 422);
    let differ = visit
        .post(
            &path,
            &page.form(),
            &[("password", PASSWORD), ("again", "x")],
        )
        .await;
    assert_eq!(differ.status, 422);
    let used = visit
        .post(
            &path,
            &page.form(),
            &[("password", PASSWORD), ("again", PASSWORD)],
        )
        .await;
    let cookie = used
        .head
        .lines()
        .find(|line| line.starts_with("set-cookie: __Host-granary="))
        .unwrap();
    assert!(
        cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    let home = visit.get("/").await;
    assert!(home.status == 200 && home.body.contains("wang 先生"));
    assert_eq!(
        Visit::new(&town).get(&path).await.status,
        410,
        "it is used up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_signing_out_and_by_idleness() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Viewer, None).await;
    let home = visit.get("/").await;
    let stolen = visit.cookies.clone();
    assert_eq!(
        visit.post("/logout", "0", &[]).await.status,
        403,
        "a form that is not of this session"
    );
    assert_eq!(visit.get("/").await.status, 200, "did nothing");
    assert_eq!(visit.post("/logout", &home.form(), &[]).await.status, 303);
    visit.cookies = stolen;
    assert_eq!(
        visit.get("/").await.status,
        303,
        "the session is over, whoever has the cookie"
    );

    let mut visit = Visit::new(&town);
    let form = visit.get("/login?to=%2Fleague").await.form();
    let fields = [("login", "wang"), ("password", PASSWORD), ("to", "/league")];
    let entered = visit.post("/login", &form, &fields).await;
    assert_eq!(
        (entered.status, entered.field("location")),
        (303, Some("/league"))
    );
    town.clock.step(3_600_000);
    assert_eq!(visit.get("/league").await.status, 303, "idle for an hour");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_sites_send_is_not_carried_out() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "root", PersonRole::Admin, None).await;
    let form = visit.get("/people").await.form();
    let body = format!("form={form}&login=li&name=li&role=admin&under=");
    for from in [
        "origin: https://evil.example\r\n",
        "sec-fetch-site: cross-site\r\n",
        "origin: null\r\n",
    ] {
        assert_eq!(
            visit.send("POST", "/people", from, &body).await.status,
            403,
            "{from}"
        );
    }
    assert_eq!(
        visit
            .send("POST", "/people", "", "login=li&name=li&role=admin")
            .await
            .status,
        403
    );
    let page = visit.get("/people").await;
    assert!(!page.body.contains("<code>li</code>"));
    let made = visit
        .send("POST", "/people", "sec-fetch-site: same-origin\r\n", &body)
        .await;
    assert!(made.status == 200 && made.body.contains("/join/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_its_own() {
    let town = Town::founded(&[CONSOLE]).await;
    let paths = [
        "/",
        "/completeness",
        SLOT,
        "/unit/520100",
        "/league",
        "/calendar",
        "/log",
        "/wall",
        "/agents",
        "/units",
        "/catalogue",
        "/account",
        "/findings",
        "/indicators",
        "/people",
    ];
    let roles = [
        (PersonRole::Viewer, [403, 403, 403]),
        (PersonRole::Operator, [200, 200, 403]),
        (PersonRole::Auditor, [200, 200, 403]),
        (PersonRole::Admin, [403, 403, 200]),
    ];
    for (role, own) in roles {
        let mut visit = joined(&town, role.word(), role, None).await;
        let expected = [[200; 12].as_slice(), &own].concat();
        for (path, status) in paths.iter().zip(expected) {
            let page = visit.get(path).await;
            assert_eq!(page.status, status, "{} {path}", role.word());
            assert!(
                page.body.len() < 100_000,
                "{path} is {} bytes",
                page.body.len()
            );
        }
        let form = visit.get("/").await.form();
        let fields = [
            ("kind", "exempt"),
            ("unit", "520100"),
            ("dataset", "monthly-revenue"),
            ("period", "2022-M03"),
            ("reason", "why"),
        ];
        let status = visit.post("/act", &form, &fields).await.status;
        assert_eq!(
            status,
            if role == PersonRole::Operator {
                200
            } else {
                403
            },
            "{}",
            role.word()
        );
    }
    let lines = access_log(&town);
    let reads = |login: &str| {
        let who = format!("\tperson:{login}\t");
        let mut own = lines.lines().filter(|line| line.contains(&who));
        own.any(|line| line.contains("\tfindings\t"))
    };
    assert!(reads("auditor") && !reads("viewer"), "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_a_part_of_the_tree_sees_no_other() {
    let town = Town::founded(&[CONSOLE]).await;
    let (own, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let own = own.submit(own.revenue(1)).await.unwrap().index;
    let other = other.submit(other.revenue(1)).await.unwrap().index;
    let mut visit = joined(&town, "part", PersonRole::Operator, Some(GUIYANG)).await;
    let receipt = |index| format!("/receipt/{index}");
    for (path, status) in [
        ("/unit/520100".to_owned(), 200),
        ("/unit/520102".into(), 200),
        ("/unit/520300".into(), 403),
        ("/unit/520000".into(), 403),
        ("/slot/520300/monthly-revenue/2022-M03".into(), 403),
        ("/completeness?under=520300".into(), 403),
        ("/findings?under=520300".into(), 403),
        (
            "/indicators?dataset=monthly-revenue&indicator=revenue&unit=520300".into(),
            403,
        ),
        (
            "/indicators?dataset=monthly-revenue&indicator=revenue&unit=520100".into(),
            200,
        ),
        (receipt(own), 200),
        (receipt(other), 403),
    ] {
        assert_eq!(visit.get(&path).await.status, status, "{path}");
    }
    for path in [
        "/",
        "/completeness?dataset=monthly-revenue",
        "/findings?status=0",
        "/indicators?dataset=monthly-revenue",
        "/wall",
        "/log",
        "/agents",
        "/units",
    ] {
        let page = visit.get(path).await;
        assert!(page.status == 200 && !page.body.contains("遵义"), "{path}");
    }
    let form = visit.get("/").await.form();
    let fields = [
        ("kind", "exempt"),
        ("unit", ZUNYI),
        ("dataset", "monthly-revenue"),
        ("period", "2022-M03"),
        ("reason", "why"),
    ];
    assert_eq!(visit.post("/act", &form, &fields).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_words_and_odd_paths_are_refused() {
    let town = Town::empty(&[CONSOLE]).await;
    let odd = "<script>alert(1)</script>";
    let catalogue = bundle(&[("贵阳市", odd)]);
    town.act(Deed::PublishCatalogue(catalogue)).await.unwrap();
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let queries = format!("/findings?edit={odd}&owner=%22%3E{odd}");
    for path in [
        "/unit/520100",
        "/completeness",
        SLOT,
        "/indicators?dataset=monthly-revenue",
        &queries.replace('<', "%3C").replace('>', "%3E"),
    ] {
        let page = visit.get(path).await;
        assert!(page.status == 200 && !page.body.contains(odd), "{path}");
    }
    assert!(
        visit
            .get("/unit/520100")
            .await
            .body
            .contains("&lt;script&gt;")
    );
    let long = format!("/unit/{}", "9".repeat(8_000));
    for path in [
        "/slot/..%2f..%2fetc/passwd/2021-Q1",
        "/slot/520100/monthly-revenue/9999-M99",
        "/slot/520100/monthly-revenue/2022-Q1",
        "/receipt/99999999999999999999999",
        "/receipt/18446744073709551615",
        "/receipt/-1",
        "/receipt/../../data/log.key",
        "/unit/%00",
        "/unit/%ff%fe",
        "/league?card=..%2f",
        "/indicators?dataset=..%2f",
        "/join/..%2f..%2faccounts%2fauditor",
        &long,
        "/console.css/../../log.key",
    ] {
        let status = visit.get(path).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    for path in [
        "/completeness?page=99999999999999999999",
        "/calendar?month=zz",
        "/calendar?month=2199-M12",
        "/completeness?last=1900-M01&dataset=monthly-revenue",
    ] {
        assert_eq!(visit.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_a_lost_account_is_shut() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut wang = joined(&town, "wang", PersonRole::Viewer, None).await;
    let mut visit = Visit::new(&town);
    let form = visit.get("/login").await.form();
    let guess = [("login", "wang"), ("password", "wrong"), ("to", "/")];
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(visit.post("/login", &form, &guess).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let right = [("login", "wang"), ("password", PASSWORD)];
    assert_eq!(
        visit.post("/login", &form, &right).await.status,
        429,
        "while it lasts"
    );
    town.clock.step(60_000);
    assert_eq!(visit.post("/login", &form, &right).await.status, 303);

    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    let form = root.get("/people").await.form();
    let own = [("login", "root"), ("active", "no")];
    assert_eq!(root.post("/people/access", &form, &own).await.status, 422);
    let other = [("login", "wang"), ("active", "no")];
    assert_eq!(root.post("/people/access", &form, &other).await.status, 303);
    assert_eq!(wang.get("/").await.status, 303, "an open session ends too");
    let form = visit.get("/login").await.form();
    assert_eq!(visit.post("/login", &form, &right).await.status, 401);
}

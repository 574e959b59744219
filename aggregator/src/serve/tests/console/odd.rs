//! Every path of the console with what nobody should send: it is refused, nothing is shown that should not be, and nothing is done.
//!
//! The paths are read from the router's own source, so that a new one is tried without anybody thinking of it.

use super::{CONSOLE, Page, SLOT, Visit, joined};
use crate::{
    people::PersonRole,
    serve::tests::town::{GUIYANG, Town, ZUNYI},
};

const ROUTES: &str = include_str!("../../console/routes.rs");
const SCRIPT: &str = "<script>alert(1)</script>";
/// The most that a page may weigh with its style and script, in bytes: a county's line is slow, and so is a phone in the hall.
const PAGE_BYTES_MAX: usize = 150_000;

/// What stands in a path or a query, encoded as it travels.
fn odd() -> Vec<String> {
    let mut odd: Vec<String> = [
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "..%2F..%2F..%2Fca.key",
        "..%5C..%5Cca.key",
        "%00",
        "%FF%FE",
        "%0D%0Aset-cookie:%20forged=1",
        "-1",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "2022-M99",
        "%27%20OR%201=1%20--",
        "%E8%B4%B5%E9%98%B3",
        "",
        ZUNYI,
    ]
    .map(str::to_owned)
    .into();
    odd.push("9".repeat(6_000));
    odd
}

/// What queries and forms are asked with anywhere in the console.
const NAMES: [&str; 36] = [
    "active",
    "again",
    "as_of",
    "card",
    "code",
    "csv",
    "dataset",
    "days",
    "decision",
    "edit",
    "file",
    "finding",
    "indicator",
    "join",
    "kind",
    "lang",
    "login",
    "month",
    "name",
    "owner",
    "page",
    "password",
    "period",
    "reason",
    "receipt",
    "role",
    "scope",
    "sha256",
    "signature",
    "sort",
    "status",
    "step",
    "subject",
    "to",
    "under",
    "unit",
];

/// The router's paths.
fn paths() -> Vec<String> {
    let own = ROUTES.split("#[cfg(test)]").next().unwrap();
    let mut paths: Vec<String> = own
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"'))
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .filter(|path| path != "/events")
        .collect();
    paths.extend(["/login/oidc".to_owned(), "/login/oidc/return".to_owned()]);
    assert!(paths.len() > 30, "{paths:?}");
    paths
}

/// A path with its variable parts filled with one text.
fn filled(path: &str, with: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { with } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The same with a slot of the sample city, so that what comes after the path is looked at.
fn sound(path: &str) -> String {
    path.replace("{unit}", GUIYANG)
        .replace("{dataset}", "monthly-revenue")
        .replace("{period}", "2022-M03")
        .replace("{index}", "0")
        .replace("{card}", "counties")
        .replace(['{', '}'], "")
}

/// What no answer may be or hold.
fn holds_back(page: &Page, what: &str) {
    assert!((200..500).contains(&page.status), "{what}: {}", page.status);
    assert!(!page.body.contains(SCRIPT), "{what} runs a script");
    assert!(!page.head.contains("forged=1"), "{what} sets a cookie");
    assert!(!page.body.contains("PRIVATE KEY"), "{what} shows a key");
    // The catalogue is one for all, and every agent has it.
    assert!(
        what.starts_with("/catalogue") || !page.body.contains("遵义"),
        "{what} shows another part of the tree"
    );
}

/// What is durable: accounts, invitations, tokens and entries.
fn standing(town: &Town) -> Vec<String> {
    let mut all = Vec::new();
    for folder in [
        "people/accounts",
        "people/invitations",
        "people/tokens",
        "bulletins",
    ] {
        let path = town.site().folder().join(folder);
        let files = std::fs::read_dir(path).into_iter().flatten();
        all.extend(files.map(|file| format!("{folder}/{}", file.unwrap().file_name().display())));
    }
    all.sort();
    all
}

async fn entries(town: &Town) -> u64 {
    let mut monitoring = crate::serve::tests::reading::monitoring(town).await;
    let request = granary_proto::v1::GetStatusRequest {};
    monitoring
        .get_status(request)
        .await
        .unwrap()
        .into_inner()
        .journal_size
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_paths_and_queries_show_nothing() {
    let town = Town::founded(&[CONSOLE]).await;
    let other = town.office(ZUNYI).await;
    other.submit(other.revenue(1)).await.unwrap();
    let mut part = joined(&town, "part", PersonRole::Operator, Some(GUIYANG)).await;
    let before = (standing(&town), entries(&town).await);
    for path in paths() {
        for value in odd() {
            if path.contains('{') {
                let filled = filled(&path, &value);
                holds_back(&part.get(&filled).await, &filled);
            }
        }
        for value in odd().into_iter().filter(|value| value.len() < 100) {
            let query: Vec<String> = NAMES.iter().map(|name| format!("{name}={value}")).collect();
            let asked = format!("{}?{}", sound(&path), query.join("&"));
            holds_back(&part.get(&asked).await, &asked);
        }
    }
    // One at a time, so that no fault of another hides what it would show.
    for path in [
        "/completeness",
        "/findings",
        "/indicators",
        "/calendar",
        "/league",
        "/bulletins/make",
    ] {
        for name in NAMES {
            let asked = format!("{path}?{name}={ZUNYI}");
            holds_back(&part.get(&asked).await, &asked);
        }
    }
    assert_eq!(
        before,
        (standing(&town), entries(&town).await),
        "looking has changed something"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_forms_do_nothing() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut part = joined(&town, "part", PersonRole::Operator, Some(GUIYANG)).await;
    let mut root = joined(&town, "root", PersonRole::Admin, Some(GUIYANG)).await;
    let secrets = [
        part.get("/account").await.form(),
        root.get("/account").await.form(),
    ];
    let before = (standing(&town), entries(&town).await);
    // Signing out is what it says, whatever comes with it.
    for path in paths().into_iter().filter(|path| path != "/logout") {
        let path = sound(&path);
        let stale = part.post(&path, &"0".repeat(64), &[("reason", "x")]).await;
        assert!(
            matches!(stale.status, 403 | 404 | 405 | 429),
            "{path}: {}",
            stale.status
        );
        let swapped = part.post(&path, &secrets[1], &[("reason", "x")]).await;
        assert!(
            matches!(swapped.status, 403 | 404 | 405 | 429),
            "{path}: {}",
            swapped.status
        );
        for value in [
            SCRIPT,
            "../../ca.key",
            "\0",
            "-1",
            "18446744073709551616",
            ZUNYI,
            "\r\nset-cookie: forged=1",
            "",
        ] {
            let fields: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, value)).collect();
            for (visit, secret) in [(&mut part, &secrets[0]), (&mut root, &secrets[1])] {
                let page = visit.post(&path, secret, &fields).await;
                holds_back(&page, &format!("{path} {value:?}"));
            }
        }
        let long = "9".repeat(600_000);
        let page = part.post(&path, &secrets[0], &[("unit", &long)]).await;
        assert!(page.status >= 400, "{path}: {}", page.status);
    }
    // Whoever administers a part makes no account and no token for the whole.
    let whole = [
        ("login", "greedy"),
        ("name", "greedy"),
        ("role", "admin"),
        ("under", ""),
        ("scope", "figures"),
        ("days", "30"),
    ];
    for path in ["/people", "/people/access", "/tokens", "/tokens/revoke"] {
        assert_eq!(
            root.post(path, &secrets[1], &whole).await.status,
            403,
            "{path}"
        );
    }
    assert_eq!(root.get("/people").await.status, 403);
    assert_eq!(
        before,
        (standing(&town), entries(&town).await),
        "something was done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_cookies_open_nothing() {
    let town = Town::founded(&[CONSOLE]).await;
    let own = joined(&town, "wang", PersonRole::Operator, None).await;
    let real = own.cookies["__Host-granary"].clone();
    let shorter = &real[..63];
    let forged = [
        "",
        "0",
        "../../people",
        "\u{ff}",
        "wang",
        shorter,
        &"0".repeat(64),
        &"9".repeat(8_000),
    ];
    for path in paths() {
        let path = sound(&path);
        for value in forged {
            let mut visit = Visit::new(&town);
            visit.cookies.insert("__Host-granary".into(), value.into());
            let page = visit.get(&path).await;
            let is_open = matches!(
                path.as_str(),
                "/login" | "/console.css" | "/console.js" | "/icon.svg"
            );
            assert!(is_open || page.status != 200, "{path} with {value:.20}");
            assert!(
                !page.body.contains("样例统计报送") && page.status < 500,
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_light() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let beside =
        visit.get("/console.css").await.body.len() + visit.get("/console.js").await.body.len();
    for path in [
        "/",
        "/completeness",
        "/completeness?dataset=monthly-revenue",
        SLOT,
    ] {
        let page = visit.get(path).await;
        let bytes = page.body.len() + beside;
        assert!(
            page.status == 200 && bytes < PAGE_BYTES_MAX,
            "{path} weighs {bytes} bytes"
        );
    }
}

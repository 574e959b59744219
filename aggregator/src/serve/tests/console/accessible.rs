//! Every page of the console by axe-core, in both languages, light and dark: no violation that is serious or critical.

use serde_json::json;

use super::{
    CONSOLE, axe,
    browser::{beside, join},
    driver::{self, Browser},
    invite,
};
use crate::{
    people::PersonRole,
    serve::tests::town::{GUIYANG, Town},
};

/// What an operator can open.
const OPERATORS: [&str; 18] = [
    "/",
    "/wall",
    "/agents",
    "/units",
    "/catalogue",
    "/completeness",
    "/completeness?dataset=monthly-revenue",
    "/slot/520100/monthly-revenue/2022-M03",
    "/slot/520300/monthly-revenue/2022-M03",
    "/slot/520100/monthly-revenue/2022-M03/try",
    "/findings",
    "/unit/520100",
    "/league",
    "/indicators?dataset=monthly-revenue",
    "/calendar",
    "/log",
    "/bulletins",
    "/account",
];
const ADMINISTRATORS: [&str; 2] = ["/people", "/tokens"];

/// What is bad on these pages, in every form of them.
fn found(browser: &mut Browser, base: &str, paths: &[&str]) -> Vec<String> {
    let mut bad = Vec::new();
    for (language, theme) in [
        ("en", "dark"),
        ("en", "light"),
        ("zh", "dark"),
        // Last, because it is remembered, and the next steps read Chinese.
        ("zh", "light"),
    ] {
        for path in paths {
            let mark = if path.contains('?') { '&' } else { '?' };
            let url = format!("{base}{path}{mark}lang={language}&theme={theme}");
            bad.extend(axe::violations(browser, &url));
        }
    }
    bad
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shuts_anybody_out() {
    let Some(program) = driver::find() else {
        return;
    };
    let town = Town::founded(&[
        CONSOLE,
        ("oidc_issuer", "http://127.0.0.1:1"),
        ("oidc_client_id", "granary"),
        ("oidc_console", "http://127.0.0.1:1"),
    ])
    .await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let base = format!("http://{}", town.console_address.unwrap());
    let link = |login, role| format!("/join/{}", invite(&town, login, role, None));
    let (wang, root, open) = (
        link("wang", PersonRole::Operator),
        link("root", PersonRole::Admin),
        link("li", PersonRole::Viewer),
    );
    let browser = tokio::task::spawn_blocking(move || Browser::start(&program))
        .await
        .unwrap();
    let (_, bad) = beside(browser, move |browser| {
        browser.width(false);
        if !axe::load(browser) {
            return Vec::new();
        }
        let mut bad = found(browser, &base, &["/login", "/nothing", &open]);
        join(browser, &format!("{base}{wang}"));
        bad.extend(found(browser, &base, &OPERATORS));
        browser.call("Network.clearBrowserCookies", json!({}));
        join(browser, &format!("{base}{root}"));
        bad.extend(found(browser, &base, &ADMINISTRATORS));
        bad
    })
    .await;
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

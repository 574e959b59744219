//! A certified provider (npm's `oidc-provider`), a real browser between it and the console: what a person sees.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use serde_json::json;

use super::super::{
    access_log,
    browser::beside,
    driver::{self, Browser},
    joined, npm,
};
use crate::{people::PersonRole, serve::tests::town::Town};

const VERSION: &str = "9.13.3";

/// A running provider; its pipe ends with it, and it with its pipe.
struct Provider {
    child: Child,
    port: u16,
}

impl Provider {
    fn start(redirect: &str) -> Option<Self> {
        let what = "signing in at a real OpenID Connect provider";
        let package = npm::package("oidc-provider", VERSION, what)?;
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/serve/tests/console/oidc/provider.mjs"
        );
        let mut node = Command::new("node");
        node.arg(script).arg(package).arg(redirect);
        node.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = node.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // It may say other things before.
        let port = lines.find_map(|line| line.unwrap().parse().ok());
        let port = port.expect("the provider prints its port");
        // It goes on talking, and would end with nobody to hear it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Signs in as the provider's own page asks.
fn through(browser: &mut Browser, base: &str, who: &str) {
    browser.open(&format!("{base}/league"));
    browser.click("a[href^='/login/oidc']");
    browser.types("#who", who);
    browser.click("button");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_provider_lets_in_whoever_has_an_account() {
    let Some(program) = driver::find() else {
        return;
    };
    // The provider must know the console's address before the console runs.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let base = format!("http://127.0.0.1:{port}");
    let Some(provider) = Provider::start(&format!("{base}/login/oidc/return")) else {
        return;
    };
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a secret of this test\n").unwrap();
    let issuer = format!("http://localhost:{}", provider.port);
    let (listen, file) = (
        format!("127.0.0.1:{port}"),
        secret.path().display().to_string(),
    );
    let town = Town::founded(&[
        ("console_listen", listen.as_str()),
        ("oidc_issuer", issuer.as_str()),
        ("oidc_client_id", "granary"),
        ("oidc_client_secret_file", file.as_str()),
        ("oidc_console", base.as_str()),
    ])
    .await;
    joined(&town, "wang", PersonRole::Viewer, None).await;
    let browser = tokio::task::spawn_blocking(move || Browser::start(&program))
        .await
        .unwrap();
    let (mut browser, ()) = beside(browser, move |browser| {
        through(browser, &base, "p-1001");
        // The session's cookie stays away from what another site sends on, so this is what the page in between is for.
        browser.until("location.pathname === '/league' && document.readyState === 'complete'");
        browser.sees("wang 先生");
        browser.click("form[action='/logout'] button");
        browser.sees("统一身份认证");
        browser.call("Network.clearBrowserCookies", json!({}));
        through(browser, &base, "p-1002");
        browser.sees("没有您的账户");
        browser.picture("console-oidc-no-account");
    })
    .await;
    assert!(access_log(&town).contains("\taccount\twang signed in at the provider as p-1001"));
    let said = browser.faults();
    assert!(said.is_empty(), "{}", json!(said));
}

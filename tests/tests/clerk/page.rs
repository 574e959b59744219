//! The local page in a real browser: a file is dropped, checked, explained, signed off and sent, and its receipt arrives.

use std::time::Duration;

use granary_agent::{page, run, settings::Settings};
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    axe,
    browser::{self, Browser},
    city::City,
};

/// A running agent. Dropping it ends it.
struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(settings: Settings) -> Self {
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let ended = runtime.block_on(run::run(settings, async { drop(stopped.await) }));
            ended.unwrap();
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let joined = self.thread.take().unwrap().join();
        assert!(joined.is_ok() || std::thread::panicking());
    }
}

fn url(settings: &Settings) -> String {
    let begun = std::time::Instant::now();
    loop {
        if let Some(url) = page::url(&settings.state) {
            return url;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no page");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Nothing is wider than the window, every control has a name, and nothing was said on the console.
fn is_readable(browser: &mut Browser) {
    for is_zoomed in [false, true] {
        browser.width(is_zoomed);
        let wide = browser
            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(wide, json!(0), "zoomed: {is_zoomed}");
    }
    browser.width(false);
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    for node in tree["nodes"].as_array().unwrap() {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        if [
            "button",
            "link",
            "textbox",
            "checkbox",
            "region",
            "navigation",
        ]
        .contains(&role)
        {
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(!name.trim().is_empty(), "a {role} has no name: {node}");
        }
    }
}

/// The same page in both widths and schemes, and by axe-core in both schemes where that can be had.
fn pictures(browser: &mut Browser, name: &str) {
    is_readable(browser);
    for (scheme, is_dark) in [("", false), ("-dark", true)] {
        browser.dark(is_dark);
        if browser.value("!!window.axe") == json!(true) {
            let bad = axe::examined(browser);
            assert!(bad.is_empty(), "{name}{scheme}: {}", bad.join("\n"));
        }
        for (width, is_zoomed) in [("", false), ("-200", true)] {
            browser.width(is_zoomed);
            browser.picture(&format!("{name}{scheme}{width}"));
        }
    }
    browser.dark(false);
    browser.width(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_drops_explains_sends_and_gets_the_receipt_in_a_browser() {
    let Some(chromium) = browser::find() else {
        return;
    };
    let city = City::founded().await;
    let office = city.office("zh").await;
    office.hands_in("2021-M03", "100").await;
    office.hands_in("2021-M04", "120").await;
    let (file, settings) = (office.write("2021-M05", "95"), office.settings.clone());
    let again = office.folder.path().join("again.csv");
    std::fs::write(
        &again,
        std::fs::read_to_string(&file).unwrap().replace("95", "96"),
    )
    .unwrap();
    let broken = office.folder.path().join("<b>坏<b>.csv");
    std::fs::write(&broken, "# dataset: monthly-revenue\nperiod,revenue\n2021-M06,-5\n2021-M07,1.234\n2021-M08,<script>1</script>\n").unwrap();
    let walked = tokio::task::spawn_blocking(move || {
        let running = Running::start(settings.clone());
        let mut browser = Browser::start(&chromium);
        let url = url(&settings);
        walk(&mut browser, &url, (&file, &again, &broken));
        drop(running);
    });
    walked.await.unwrap();
    let expected = ["2021-M05", "REVENUE.FALLS", "税收缓缴；财政已核"].map(str::to_owned);
    assert_eq!(city.findings().await, [expected]);
}

type Files<'a> = (
    &'a std::path::Path,
    &'a std::path::Path,
    &'a std::path::Path,
);

fn walk(browser: &mut Browser, url: &str, (file, again, broken): Files<'_>) {
    browser.width(false);
    axe::load(browser);
    browser.open(url);
    browser.sees("把报表文件拖到这里");
    let address = browser.value("location.href");
    assert!(!address.as_str().unwrap().contains("token"), "{address}");
    assert_eq!(
        browser.value("document.cookie"),
        json!(""),
        "scripts cannot read the cookie"
    );
    pictures(browser, "home-zh");

    // What cannot be read is told place by place, and nothing in it is run.
    browser.chooses("#file", broken);
    browser.sees("需要改正");
    browser.sees("<b>坏<b>.csv");
    pictures(browser, "refused-zh");

    browser.open(&format!("{}/", url.split("/enter").next().unwrap()));
    browser.sees("把报表文件拖到这里");
    browser.chooses("#file", file);
    browser.sees("核实性审核，请核实或说明");
    browser.sees("逐项数值");
    browser.types("[name='why:0:REVENUE.FALLS:']", "税收缓缴");
    browser.types("[name='preparer']", "张三");
    attaches(browser, file);
    // From the name on by keyboard alone.
    browser.presses("Tab");
    browser.call("Input.insertText", json!({ "text": "李四" }));
    pictures(browser, "checked-zh");
    browser.value("document.querySelector('[name=unit_head]').focus()");
    browser.presses("Tab");
    assert_eq!(
        browser.value("document.activeElement.innerText"),
        json!("签名并报送")
    );
    browser.presses("Enter");
    browser.sees("市局已受理");
    browser.sees("日志序号");
    pictures(browser, "receipt-zh");
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    browser.picture("receipt-print");
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "" }));
    revises(browser, again);
    looks_around(browser, url);
    stays_here(browser, url);
}

/// Evidence is added and taken back beside the page: what was typed stays.
fn attaches(browser: &mut Browser, file: &std::path::Path) {
    let evidence = file.with_file_name("税收<i>说明.pdf");
    std::fs::write(&evidence, "synthetic").unwrap();
    for _ in 0..2 {
        browser.chooses("#evidence-files", &evidence);
        browser.sees("移除");
        browser.sees("税收<i>说明.pdf");
        assert_eq!(
            browser.value("document.querySelector('textarea').value"),
            json!("税收缓缴")
        );
        pictures(browser, "evidence-zh");
        browser.click("li.attached button");
        browser.until("!document.querySelector('li.attached')");
    }
    browser.chooses("#evidence-files", &evidence);
    browser.sees("移除");
}

fn revises(browser: &mut Browser, again: &std::path::Path) {
    // A revision asks for its reason; the form says so where there is none, and keeps what was written.
    browser.click("a[href='/']");
    browser.sees("把报表文件拖到这里");
    browser.chooses("#file", again);
    browser.sees("修订原因");
    pictures(browser, "revision-zh");
    browser.value("document.querySelector('[name=reason]').required = false");
    browser.types("[name='why:0:REVENUE.FALLS:']", "税收缓缴；财政已核");
    browser.click("#send button.primary");
    browser.sees("请写明原因");
    assert_eq!(
        browser.value("document.querySelector('textarea').value"),
        json!("税收缓缴；财政已核")
    );
    browser.types("[name='reason']", "录入有误");
    browser.click("#send button.primary");
    browser.sees("市局已受理");
    browser.sees("修订");
}

fn looks_around(browser: &mut Browser, url: &str) {
    browser.click(".language button");
    browser.sees("Drop a report here");
    pictures(browser, "home-en");
    for (path, text, name) in [
        ("/slots", "Owed and due", "slots-en"),
        ("/findings", "Quality findings to explain", "findings-en"),
        ("/files", "What was handed in", "files-en"),
    ] {
        browser.click(&format!("a[href='{path}']"));
        // The page before may show the same words while it is being left.
        browser.until(&format!("location.pathname === '{path}'"));
        browser.sees(text);
        pictures(browser, name);
    }
    let own = url.split("/enter").next().unwrap();
    browser.open(&format!("{own}/slots/monthly-revenue/2021-M05"));
    browser.until("location.pathname === '/slots/monthly-revenue/2021-M05'");
    browser.sees("Withdraw this period");
    browser.value("document.querySelector('details').open = true");
    pictures(browser, "slot-en");
}

/// Nothing was asked of another host, and the page's policy has stopped nothing of its own.
fn stays_here(browser: &mut Browser, url: &str) {
    let own = url.split("/enter").next().unwrap().to_owned();
    let mut asked = 0;
    for event in browser.events() {
        if event["method"] == "Network.requestWillBeSent" {
            let to = event["params"]["request"]["url"].as_str().unwrap();
            assert!(to.starts_with(&own) || to.starts_with("data:"), "{to}");
            asked += 1;
        }
    }
    assert!(asked > 20);
    let faults = browser.faults();
    assert!(faults.is_empty(), "{faults:?}");
}

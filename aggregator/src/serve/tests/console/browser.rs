//! The console in a real browser: somebody joins, sees a slot turn as its unit reports, and signs an act with the operator's key.

use std::path::Path;

use granary_core::{
    period::{Period, Periodicity},
    snapshot::SlotKey,
};
use granary_proto::v1;
use serde_json::json;

use super::{
    CONSOLE, PASSWORD,
    driver::{self, Browser},
    invite,
};
use crate::{
    clock::Clock as _,
    people::PersonRole,
    serve::tests::town::{GUIYANG, Office, Town, bundle, observation, revenue, unit_code},
};

/// The quarter that is under way: it is open, and due after its end.
fn quarter(town: &Town) -> Period {
    let now = jiff::Timestamp::from_millisecond(town.clock.now_ms()).unwrap();
    let day = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    Period::containing(Periodicity::Quarter, day).unwrap()
}

/// Guiyang's accounts of it.
fn accounts(office: &Office, quarter: Period) -> v1::Envelope {
    let mut accounts = revenue(GUIYANG, 1);
    accounts.slot = SlotKey::new(
        unit_code(GUIYANG),
        "quarterly-accounts".parse().unwrap(),
        quarter,
    );
    let figures = [
        ("gdp", "100.00"),
        ("primary", "10.00"),
        ("secondary", "40.00"),
        ("tertiary", "50.00"),
    ];
    accounts.observations = figures
        .map(|(name, value)| observation(name, None, value))
        .into();
    office.sign(&accounts)
}

/// What the browser does while the town goes on.
pub(super) async fn beside<T: Send + 'static>(
    mut browser: Browser,
    act: impl FnOnce(&mut Browser) -> T + Send + 'static,
) -> (Browser, T) {
    let done = tokio::task::spawn_blocking(move || {
        let value = act(&mut browser);
        (browser, value)
    });
    done.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_joins_sees_a_slot_turn_and_signs_an_act() {
    let Some(program) = driver::find() else {
        return;
    };
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    let base = format!("http://{}", town.console_address.unwrap());
    let link = format!(
        "{base}/join/{}",
        invite(&town, "wang", PersonRole::Operator, None)
    );
    let slot = format!("/slot/{GUIYANG}/quarterly-accounts/{}", quarter(&town));
    let cell = format!("document.querySelector('a[href=\"{slot}\"]').getAttribute('aria-label')");
    let (address, reads) = (base.clone(), cell.clone());
    let browser = tokio::task::spawn_blocking(move || Browser::start(&program))
        .await
        .unwrap();
    let (browser, ()) = beside(browser, move |browser| {
        browser.open(&link);
        browser.types("#password", PASSWORD);
        browser.types("#again", PASSWORD);
        browser.click("main button[type=submit]");
        browser.sees("先打给谁");
        browser.open(&format!(
            "{address}/completeness?dataset=quarterly-accounts"
        ));
        browser.until(&format!("{reads} === '待报'"));
        // Once the page follows, whatever comes is shown.
        browser.until("document.querySelector('[data-live-state]').textContent === '自动更新'");
    })
    .await;
    office
        .submit(accounts(&office, quarter(&town)))
        .await
        .unwrap();
    let key = town.site().operator().operator_key();
    let (mut browser, ()) = beside(browser, move |browser| {
        browser.until(&format!("{cell} === '按时'"));
        browser.open(&format!("{base}/slot/520300/monthly-revenue/2022-M03"));
        browser.click("details.act summary");
        browser.types("form.exempt textarea", "洪水");
        browser.click("button[value=exempt]");
        browser.sees("核对并签署");
        browser.chooses("#key", &key);
        browser.click("#sign button.primary");
        browser.sees("已生效");
        browser.open(&format!("{base}/slot/520300/monthly-revenue/2022-M03"));
        browser.sees("免报");
    })
    .await;
    let said = browser.faults();
    assert!(
        said.is_empty(),
        "no policy is broken and no script fails: {}",
        json!(said)
    );
}

/// Joins by an invitation.
pub(super) fn join(browser: &mut Browser, link: &str) {
    browser.open(link);
    browser.types("#password", PASSWORD);
    browser.types("#again", PASSWORD);
    browser.click("main button[type=submit]");
    browser.sees("先打给谁");
}

/// Another catalogue is dropped in, compared, signed; its key is kept for what follows.
fn publish_catalogue(browser: &mut Browser, base: &str, (edits, key): (&Path, &Path)) {
    browser.open(&format!("{base}/catalogue"));
    browser.sees("发布新版");
    browser.chooses("form.files input[type=file]", edits);
    browser.sees("已读入 edits.toml");
    browser.picture("console-catalogue");
    browser.click("form.files button[type=submit]");
    browser.sees("文件无误");
    browser.sees("REVENUE.SIGN");
    browser.picture("console-catalogue-diff");
    browser.chooses("#key", key);
    browser.click("[data-keep]");
    browser.click("#sign button.primary");
    browser.sees("已生效");
}

/// A bulletin is made, looked at, and published with the key that the browser keeps.
fn publish_bulletin(browser: &mut Browser, base: &str) {
    browser.open(&format!("{base}/bulletins"));
    browser.sees("还没有发布过通报");
    browser.value("document.querySelector('select[name=period]').value = '2022-M03'");
    browser.click("form.choice button[type=submit]");
    browser.sees("尚未发布");
    browser.picture("console-bulletin");
    browser.until("!document.querySelector('[data-kept]').hidden");
    browser.click("#sign button.primary");
    browser.sees("已生效");
    browser.click("main p.row a.button");
    browser.sees("已发布于");
    browser.click("main p.row a.button");
    browser
        .until("document.readyState === 'complete' && document.body.innerText.includes('SHA-256')");
    browser.until(
        "document.styleSheets.length === 1 && getComputedStyle(document.body).margin === '0px'",
    );
    browser.picture("console-bulletin-preview");
}

/// Pages at a desk's size, for whoever looks at them.
fn pictures(browser: &mut Browser, base: &str) {
    for (path, name) in [
        ("/", "today"),
        ("/agents", "agents"),
        ("/units", "units"),
        ("/unit/520100", "unit"),
        ("/bulletins", "bulletins"),
        ("/account", "account"),
        ("/log", "log"),
        ("/slot/520100/monthly-revenue/2022-M03/try", "what-if"),
    ] {
        browser.open(&format!("{base}{path}"));
        browser.sees("截至");
        browser.picture(&format!("console-{name}"));
    }
    browser.click("form.act button[type=submit]");
    browser.sees("将被");
    browser.picture("console-what-if-judged");
    browser.open(&format!("{base}/account"));
    browser.click("button[value=begin]");
    browser.sees("扫描");
    browser.picture("console-account-begin");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_publishes_a_catalogue_and_a_bulletin_and_a_viewer_does_not() {
    let Some(program) = driver::find() else {
        return;
    };
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let base = format!("http://{}", town.console_address.unwrap());
    let link = |login, role| format!("{base}/join/{}", invite(&town, login, role, None));
    let (wang, li) = (
        link("wang", PersonRole::Operator),
        link("li", PersonRole::Viewer),
    );
    let edits = town.folder.path().join("edits.toml");
    let next = bundle(&[("revenue >= 0", "revenue >= 2000")]);
    std::fs::write(&edits, &next.files()["edits.toml"]).unwrap();
    let key = town.site().operator().operator_key();
    let browser = tokio::task::spawn_blocking(move || Browser::start(&program))
        .await
        .unwrap();
    let (mut browser, ()) = beside(browser, move |browser| {
        browser.width(false);
        join(browser, &wang);
        publish_catalogue(browser, &base, (&edits, &key));
        publish_bulletin(browser, &base);
        pictures(browser, &base);
        browser.open(&format!("{base}/"));
        browser.click("form[action='/logout'] button");
        browser.sees("动态码");
        join(browser, &li);
        browser.open(&format!("{base}/catalogue"));
        browser.sees("现行版本");
        browser.until("!document.querySelector('form.files')");
        browser.open(&format!("{base}/bulletins"));
        browser.sees("您的角色或管辖范围不含此项");
    })
    .await;
    let version = crate::serve::tests::reading::monitoring(&town)
        .await
        .get_status(v1::GetStatusRequest {})
        .await
        .unwrap()
        .into_inner()
        .catalogue_version;
    assert_eq!(version, next.version().as_bytes());
    let said = browser.faults();
    assert!(
        said.is_empty(),
        "no policy is broken and no script fails: {}",
        json!(said)
    );
}

//! The console in a real browser: somebody joins, sees a slot turn as its unit reports, and signs an act with the operator's key.

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
    serve::tests::town::{GUIYANG, Office, Town, observation, revenue, unit_code},
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
async fn beside<T: Send + 'static>(
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
        browser.types("details.act textarea", "洪水");
        browser.click("button[value=exempt]");
        browser.sees("核对并签署");
        browser.chooses("#key", &key);
        browser.click("#sign button.primary");
        browser.sees("已生效");
        browser.open(&format!("{base}/slot/520300/monthly-revenue/2022-M03"));
        browser.sees("免报");
    })
    .await;
    let said = std::mem::take(&mut browser.said);
    assert!(
        said.is_empty(),
        "no policy is broken and no script fails: {}",
        json!(said)
    );
}

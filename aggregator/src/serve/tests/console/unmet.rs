//! Refusals keep whoever works there at work: all that stands around a page, a way back, and nothing that leads nowhere.

use super::{CONSOLE, SLOT, Visit, joined};
use crate::{people::PersonRole, serve::tests::town::Town};

/// Where a refusal leads back to, for a form that was sent from a page.
async fn leads_to(visit: &mut Visit, more: &str) -> String {
    let form = visit.get("/account").await.form();
    let body = format!(
        "form={form}&kind=extend&unit=520100&dataset=monthly-revenue&period=2022-M03&reason=x"
    );
    let page = visit.send("POST", "/act", more, &body).await;
    assert_eq!(page.status, 422, "{}", page.body);
    assert!(page.body.contains("class=\"tabs\""), "{}", page.body);
    assert!(
        !page.body.contains("?lang=") && !page.body.contains("?theme="),
        "an answer to a form cannot be asked for again: {}",
        page.body
    );
    let main = page.body.split("<main").nth(1).unwrap();
    let main = main.split("</main").next().unwrap();
    assert!(!main.contains("/logout"), "{main}");
    super::value(main, "class=\"button\" href=\"").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stands_in_the_frame_and_leads_back() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    for (from, to) in [
        (format!("referer: http://console{SLOT}\r\n"), SLOT),
        (
            "sec-fetch-site: same-origin\r\nreferer: https://stats.city.example/findings?status=2\r\n".into(),
            "/findings?status=2",
        ),
        ("referer: https://evil.example/findings\r\n".into(), "/"),
        ("referer: http://console//evil.example\r\n".into(), "/"),
        ("referer: http://console/act\r\n".into(), "/"),
        ("referer: javascript:alert(1)\r\n".into(), "/"),
        (String::new(), "/"),
    ] {
        assert_eq!(leads_to(&mut visit, &from).await, to, "{from}");
    }
    assert!(visit.get(SLOT).await.body.contains("?lang=en"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_takes_forms_says_so() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    for path in ["/act", "/act/enter", "/logout", "/act?lang=zh"] {
        let page = visit.get(path).await;
        assert_eq!(page.status, 405, "{path}");
        assert!(
            page.body.contains("只接收表单") && page.body.contains("class=\"tabs\""),
            "{path}: {}",
            page.body
        );
    }
    let long = "9".repeat(600_000);
    let form = visit.get("/account").await.form();
    let page = visit.post("/act", &form, &[("unit", &long)]).await;
    assert!(
        page.status == 413 && page.body.contains("过大"),
        "{}",
        page.body
    );
}

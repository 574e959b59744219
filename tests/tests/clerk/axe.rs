//! What axe-core finds on a page: what would keep somebody with a screen reader, a keyboard alone or weak eyes from using it.
//!
//! It comes from npm for the test alone. The console's tests in the aggregator include this file by its path.

use serde_json::{Value, json};

use super::{driver::Browser, npm};

const VERSION: &str = "4.14.1";

/// Lets every page that is opened from here on be examined; whether that can be had.
pub(crate) fn load(browser: &mut Browser) -> bool {
    let Some(package) = npm::package("axe-core", VERSION, "pages with axe-core") else {
        return false;
    };
    let source = std::fs::read_to_string(package.join("axe.min.js")).unwrap();
    browser.call(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": source }),
    );
    true
}

/// Opens a page and gives each serious or critical violation on it, with the first element.
pub(crate) fn violations(browser: &mut Browser, url: &str) -> Vec<String> {
    // What stands in the page before is not to be taken for the new one.
    browser.value("document.documentElement.dataset.old = 'old'");
    browser.open(url);
    browser.until("document.readyState === 'complete' && !document.documentElement.dataset.old && !!window.axe");
    examined(browser)
}

/// Each serious or critical violation on the page that is open, as it stands, with the first element.
pub(crate) fn examined(browser: &mut Browser) -> Vec<String> {
    let url = browser.value("location.href");
    // Colours that are still changing are nobody's.
    browser.until("document.getAnimations().length === 0");
    browser.value("window.found = null");
    browser.value("void axe.run(document, { resultTypes: ['violations'] }).then((found) => { window.found = found; }, (error) => { window.found = { violations: [{ id: String(error), impact: 'critical', nodes: [] }] }; })");
    browser.until("!!window.found");
    let found = browser.value("window.found.violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, html: nodes.slice(0, 2).map((node) => node.html.slice(0, 200) + ' ' + (node.any[0] ? node.any[0].message : '')) }))");
    let found = found.as_array().cloned().unwrap_or_default();
    let is_bad = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    let bad = found.iter().filter(is_bad);
    bad.map(|one| format!("{url}: {one}")).collect()
}

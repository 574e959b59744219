//! **Every figure on a screen of the city's console, and of its JSON API, equals what `granary-audit --export` computes from the exported
//! journal.**
//!
//! A synthetic city with reports of every fate stands still at one instant. Its journal is exported; every page is read as a whole, every table,
//! tile, bar and line on it; and each text with a figure must be the one that the auditor's program gives. A figure that no comparison accounts
//! for fails the test, so that a new one on a page asks for its own. So does a page, or a path of the API, that nobody looks at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod history;
#[path = "../support/city.rs"]
mod support;
mod audit;
mod words;
mod visit;
mod html;
mod told;
mod pages;
mod routes;
mod api;

use std::collections::BTreeSet;

use audit::Audit;
use pages::Look;
use told::Faults;
use visit::Visit;

#[test]
fn every_figure_on_a_screen_is_the_audits() {
    let mut city = history::city();
    city.start();
    let audit = Audit::of(&city);
    let mut visit = Visit::begin(&city, "wang", "en");
    let mut chinese = Visit::begin(&city, "li", "zh");
    let mut faults = Faults::default();
    let mut look = Look {
        visit: &mut visit,
        chinese: &mut chinese,
        audit: &audit,
        faults: &mut faults,
        seen: BTreeSet::new(),
        handed_out: BTreeSet::new(),
        filed: BTreeSet::new(),
    };
    pages::today::look(&mut look);
    pages::reporting::look(&mut look);
    pages::findings::look(&mut look);
    pages::slot::look(&mut look);
    pages::unit::look(&mut look);
    pages::standing::look(&mut look);
    pages::figures::look(&mut look);
    pages::city::calendar(&mut look);
    pages::city::bulletins(&mut look);
    pages::city::catalogue(&mut look);
    pages::city::log(&mut look);
    look.files();
    let seen = look.seen;
    routes::look(&seen, &mut faults);
    api::look(&mut visit, &audit, &mut faults);
    city.stop();
    faults.end(3_000);
}

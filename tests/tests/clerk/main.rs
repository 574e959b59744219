//! What a clerk does at the county's desk, against a real city over mTLS on this machine: the acts on the command line, and the local page
//! in a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod city;
mod acts;
#[expect(
    dead_code,
    reason = "here pages are examined as they stand; the aggregator's tests open them"
)]
mod axe;
mod browser;
mod npm;
mod page;

// The name by which the aggregator's tests know the same file.
use browser as driver;

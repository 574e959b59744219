//! What a clerk does at the county's desk, against a real city over mTLS on this machine: the acts on the command line, and the local page
//! in a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod city;
mod acts;
mod browser;
mod page;

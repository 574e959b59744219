//! Random verification over exported journals: the draw comes out of the entries alone, a script that knows nothing of this program
//! draws the same, and a draw that was made up is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

#[path = "../../../core/tests/support/mod.rs"]
mod city;
#[path = "../replay/journal.rs"]
#[allow(dead_code)]
mod journal;

mod script;
mod steps;

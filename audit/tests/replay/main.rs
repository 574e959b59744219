//! The replay: what holds, what an attacker tries, what breaks on the way, and the answers from a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../core/tests/support/mod.rs"]
mod city;
mod journal;

mod holds;
mod attacks;
mod damage;

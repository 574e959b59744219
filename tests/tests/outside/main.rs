//! Granary seen by people who have only its documents: an agent in Python made from `docs/PROTOCOL.md`, and an auditor who types
//! what `docs/AUDIT.md` prints, and an operator who types what `docs/OPERATIONS.md` does, and programs that read the API, as `docs/API.md` shows it. All meet a real city.
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod api;
mod city;
mod foreign_agent;
mod operations;
mod page;
#[path = "../support/programs.rs"]
mod programs;
mod sm2;
#[path = "../../../audit/tests/support/venv.rs"]
mod venv;
mod walk;

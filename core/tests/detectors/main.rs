//! Detectors on planted and on clean data: what is planted is found, and clean data is flagged no more often than promised.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod synthetic;
mod alarms;
mod planted;
mod screening;

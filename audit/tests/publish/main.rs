//! The tables as readers from PyPI see them: pyarrow, duckdb and pysdmx, value by value beside `granary-audit`'s own answers.
//!
//! Where the readers cannot be had, the tests that need them say so and pass; those of the bytes run all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../core/tests/support/mod.rs"]
mod city;
#[path = "../replay/journal.rs"]
#[allow(dead_code)]
mod journal;
#[path = "../support/venv.rs"]
mod venv;

mod town;

mod parquet;
mod csv;
mod sdmx;
mod refusals;
mod document;

//! The rules of the house, as a test: what the compiler, rustfmt and clippy cannot see.
//!
//! Each rule is a small function from the repository to its violations, `path:line: what is wrong
//! and what to do`, and has two tests in one: the repository keeps the rule, and a bad sample breaks
//! it. Only files that git tracks are looked at, so a scratch file disturbs nobody, and a new file
//! counts from `git add` on. CONTRIBUTING.md says the rules in words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod repository;

mod rust_text;

mod arrows;
mod purity;
mod rust_style;

mod proto_text;

mod proto_style;

mod documents;
mod words;

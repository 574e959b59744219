//! Programs that are killed and lines that are cut, at random moments: the real programs, as processes, over mTLS.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dice`] | seeds and how much is run |
//! | [`programs`] | starting, killing and watching processes |
//! | [`city`] | a city in a temporary folder, its server, its office |
//! | [`line`] | a relay with an address that stays, and that can cut |
//! | [`statements`] | what units state, and what must come of it |
//! | [`pusher`] | a client that remembers everything it was promised |
//! | [`laws`] | what must hold afterwards, whatever happened |
//! | [`office`] | an agent with its folders, and what must become of each file |
//!
//! `GRANARY_CRASH_SEED` repeats a run's moments and figures (not the operating system's scheduling);
//! `GRANARY_CRASH_CYCLES` is the number of kills over all tests, by default a little over 200.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod dice;
mod programs;
mod line;
mod city;
mod statements;
mod pusher;
mod laws;
mod office;

mod city_dies;
mod agent_dies;
mod line_is_cut;

//! The pure heart of Granary: what a figure, a statement, a rule, a journal and a rate *are*.
//!
//! Nothing here reads a file, a clock, a random number or a socket, and nothing here logs: time and keys are arguments,
//! so that the county, the city and the auditor compute the same results from the same bytes. The modules stand in
//! the order in which data flows through them.

pub mod text;
pub mod code;
pub mod decimal;
mod ratio;
pub mod digest;
pub mod fingerprint;
pub mod period;
pub mod days;
pub mod edits;
pub mod catalogue;
pub mod snapshot;
pub mod detect;
pub mod panel;
pub mod envelope;
pub mod log;
pub mod ledger;
pub mod access;
pub mod sample;
pub mod completeness;
pub mod notices;
pub mod measures;
pub mod forecast;
pub mod targets;
pub mod scorecard;
pub mod bulletin;
pub mod sdmx;

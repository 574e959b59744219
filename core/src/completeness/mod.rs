//! Completeness: the state of every slot that the roster expects, at an instant.
//!
//! A slot exists from the first day of its period. At an instant it is in exactly one of five states ([`SlotState`]), so
//! the counts of the five always sum to the slots expected. States are decided by the receive time of the first
//! submission that was accepted, against the due instant with the extensions known at the instant. A slot that only
//! imported history settles is no slot expected, unless the reader wants it counted ([`Imported`]); it is always told
//! apart. Everything is a pure function of (journal prefix, instant): asking about an earlier instant gives what a fold of
//! the entries received by then gives.
//!
//! [`Board`] keeps dense columns for each (dataset, period), 17 bytes a slot, and more only for slots with more to tell
//! (a second snapshot, an act, a finding). So a nation's year is counted in milliseconds, and a question about one period
//! reads that period's columns only.

mod state;
mod filter;
mod labels;
mod column;
mod sheet;
mod passage;
mod gather;
mod board;
mod open;

pub use self::{
    board::Board,
    filter::{Filter, Group, GroupBy},
    labels::Labels,
    open::{Open, OpenSlot},
    sheet::SlotAt,
    state::{Imported, SlotState, StateCounts, state},
};
pub(crate) use self::{
    gather::Gather,
    passage::{Edition, Passage},
    sheet::Seen,
};

//! A bulletin as the auditor has it: drawn by [`granary_bulletin`], as the city draws it, and compared with the one that the journal gives.
//!
//! | module | holds |
//! |---|---|
//! | [`draw`] | the drawings as functions of a document and a [`Manner`](crate::words::Manner) |
//! | [`compare`] | where a published document differs from the one that the journal gives |

pub mod compare;
pub use granary_bulletin::draw;

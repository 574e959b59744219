//! A unit's own database as a source: a query becomes a CSV file in the agent's inbox, on a schedule.
//!
//! A program of its own beside the agent, so that three database drivers do not weigh on an agent that needs none, and so that whoever
//! reads the database's password holds no signing key. It hands over by the folder that people use, so its figures go through the same
//! reading, preflight, reports and receipts, and what was read stands in `accepted` or `returned` for everybody to see.
//!
//! Invariants: a query runs in a transaction that only reads; a figure never goes through a binary fraction; a password is never
//! printed or logged; the same rows are not handed over twice in a row.

pub mod schedule;
pub mod source;
pub mod read;
pub mod hand;
pub mod cli;

//! The auditor's program: checks receipts offline and asks the city what it has, trusting neither side.
//!
//! | module | holds |
//! |---|---|
//! | [`verify`] | what a receipt, a checkpoint and a payload prove, from the log's public key alone |
//! | [`witnessed`] | how a checkpoint stands under a policy of witnesses |
//! | [`witness`] | a witness that stands by itself, over HTTP |
//! | [`durable`] | files that survive a power cut |
//! | [`rates`] | the two rates, as exact fractions |
//! | [`city`] | the city's answers over mutual TLS, page by page |
//! | [`calendar`] | what is due when in a year, and as an iCalendar file |
//! | [`progress`] | how far something long is |
//! | [`archive`] | the journal in one file: `docs/ARCHIVE.md` in code |
//! | [`export`] | downloads the journal into such a file |
//! | [`replay`] | checks such a file from end to end, folds it again, and answers from it as the city does |
//! | [`fsck`] | the same of a city's data folder, and of the rows that it keeps beside its entries |
//! | [`follow`] | follows the log over HTTP from the last head that was found to hold |
//! | [`evidence`] | fetches what units have handed in, and checks it against the digests that they have signed |
//! | [`access`] | who read what, checked against the anchors in the journal |
//! | [`sample`] | random verification: the frame, the seal and the draw from an archive |
//! | [`enrolled`] | the witness keys that units have enrolled, and a policy made of them |
//! | [`rules`] | the edits as VTL rulesets, with the data, for somebody else's engine |
//! | [`publish`] | tables of what is in it, as Parquet, CSV and SDMX-CSV, for other programs |
//! | [`words`] | codes, instants and figures as people read them, in Chinese and English |
//! | [`table`] | tables that line up with East Asian widths |
//! | [`json`] | the same answers for programs |
//! | [`bulletin`] | a period's bulletin, drawn by the crate that draws it for the city too, and compared |
//! | [`cli`] | arguments, output and exit codes |
//!
//! Invariants: verification reads no network; what is not checked is never said to be proved; every listing names
//! the journal prefix, the instant and the catalogue version that it stands on.

pub mod durable;
pub mod verify;
pub mod witnessed;
pub mod witness;
pub use granary_bulletin::rates;
pub mod city;
pub mod calendar;
pub mod progress;
pub mod archive;
pub mod export;
pub mod replay;
pub mod fsck;
pub mod follow;
pub mod access;
pub mod evidence;
pub mod sample;
pub mod enrolled;
pub mod rules;
pub mod publish;
pub use granary_bulletin::words;
pub mod table;
pub mod json;
pub mod bulletin;
pub mod cli;

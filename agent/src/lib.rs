//! The county's program: source -> snapshot -> preflight -> sign -> spool -> push -> receipt.
//!
//! Modules stand in the order in which data flows.

// What everything stands on.
pub mod platform;
pub mod durable;
pub mod settings;

pub mod certificate;
pub mod identity;
pub mod tls;

pub mod enrol;
pub mod renew;
pub mod rotate;

pub mod catalogue_cache;

// A file becomes a statement that has passed the preflight.
pub mod intake;

pub mod draft;
pub mod history;
pub mod preflight;

pub mod template;

pub mod report;

pub mod inbox;

// What the clerk says anew about what was reported before.
pub mod acts;

// The statement becomes a receipt.
pub mod spool;

pub mod link;
pub mod waiting;
pub mod receipts;

// What a statement names is shown to whoever asks.
pub mod evidence;

// The city's log is watched, and cosigned.
pub mod witness;

// All of it together.
pub mod stamp;
pub mod log_file;
pub mod upkeep;
pub mod upcoming;
pub mod status;
pub mod doctor;

// A window on it for the clerk.
pub mod page;

pub mod run;

pub mod cli;

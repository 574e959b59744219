//! The services over loopback, each with the certificates that it takes and those that it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod town;
mod witnessing;
mod access;
mod enrolling;
mod fleet;
mod refusals;
mod rotating;
mod pushing;
mod reading;
mod records;
mod measuring;
mod quality;
mod evidence;
mod trail;
mod exporting;
mod backing_up;
mod log_http;
mod forecasting;
mod scores;
mod console;
mod api;

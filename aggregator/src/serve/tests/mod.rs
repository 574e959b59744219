//! The services over loopback, each with the certificates that it takes and those that it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod town;
mod access;
mod enrolling;
mod refusals;
mod rotating;
mod pushing;
mod reading;
mod records;
mod measuring;
mod quality;
mod exporting;
mod forecasting;
mod scores;

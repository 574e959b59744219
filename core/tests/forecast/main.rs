//! Early warning: laws that hold for every history, and populations whose lateness is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

mod laws;
mod future;
mod populations;
mod words;

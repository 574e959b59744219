//! The city's program. Its modules stand in the order in which a submission goes through them:
//! `Received -> Verified -> Sequenced -> Committed -> Projected`; around them what is read before, and what serves after.

pub mod settings;
pub mod durable;
pub mod clock;
pub mod tls;
pub mod site;
pub mod convert;
pub mod ingress;
mod visit;
pub mod sequence;
pub mod journal;
pub mod project;
pub mod pipeline;
pub mod notices;
pub mod init;
pub mod access;
pub mod evidence;
pub mod witness;
pub mod fleet;
pub mod people;
pub mod backup;
mod examination;

pub mod serve;
pub mod events;
pub mod metrics;
pub mod logging;
pub mod cli;
#[cfg(test)]
mod testing;

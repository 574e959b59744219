//! The arguments of `witness` and of the commands below it.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as Arguments, Subcommand};
use granary_core::{code::UnitCode, log::KeyName};

use super::Source;

/// Without a command below it, `witness` stands as one.
#[derive(Debug, Arguments)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in crate::cli) struct Witnessing {
    #[command(subcommand)]
    pub(in crate::cli) task: Option<WitnessTask>,
    #[command(flatten)]
    pub(in crate::cli) stand: Option<Stand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum WitnessTask {
    /// List the witness keys that units have enrolled
    #[command(name = "list")]
    List(Enrolled),
    /// Write a policy (c2sp.org/tlog-policy) in which so many of these units must have cosigned
    #[command(name = "policy")]
    Policy(Quorum),
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Enrolled {
    /// Only these units; repeat it or separate by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(in crate::cli) unit: Vec<UnitCode>,
    #[command(flatten)]
    pub(in crate::cli) source: Source,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Quorum {
    #[command(flatten)]
    pub(in crate::cli) enrolled: Enrolled,
    /// How many units must have cosigned; a unit counts once, however many keys it has
    #[arg(id = "quorum", long = "quorum", value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) quorum: u16,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Stand {
    /// Where to serve, for instance 127.0.0.1:7480
    #[arg(id = "witness_listen", long = "listen", value_name = "ADDRESS")]
    pub(in crate::cli) listen: SocketAddr,
    /// The log's verifier key, origin+hash+key, or a file that holds it
    #[arg(id = "witness_log_key", long = "log-key", value_name = "KEY|FILE")]
    pub(in crate::cli) log_key: String,
    /// What the witness is called, for instance witness.example/w1
    #[arg(id = "witness_name", long = "name", value_name = "NAME", value_parser = name)]
    pub(in crate::cli) name: KeyName,
    /// The witness's own key (Ed25519, PKCS #8 in PEM), used for nothing else
    #[arg(id = "witness_key", long = "key", value_name = "FILE")]
    pub(in crate::cli) key: PathBuf,
    /// The head that was cosigned last; never lose it
    #[arg(id = "witness_state", long = "state", value_name = "FILE")]
    pub(in crate::cli) state: PathBuf,
    /// Begin: make the state, and the key where there is none
    #[arg(long)]
    pub(in crate::cli) init: bool,
}

fn name(text: &str) -> Result<KeyName, String> {
    KeyName::new(text).map_err(|error| error.to_string())
}

//! The arguments of `witness`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args as Arguments;
use granary_core::log::KeyName;

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

//! The arguments of `bulletin-check`.

use std::path::PathBuf;

use clap::Args as Arguments;

#[derive(Debug, Arguments)]
pub(in crate::cli) struct BulletinCheck {
    /// The published document (an encoded granary.v1.Bulletin); - reads standard input
    #[arg(id = "published", value_name = "DOCUMENT")]
    pub(in crate::cli) document: PathBuf,
    /// A file that export wrote, no older than the document; it is checked from end to end first
    #[arg(id = "check_archive", long = "export", value_name = "FILE")]
    pub(in crate::cli) archive: PathBuf,
    /// The log's verifier key, origin+hash+key, or a file that holds it
    #[arg(id = "check_log_key", long = "log-key", value_name = "KEY|FILE")]
    pub(in crate::cli) log_key: Option<String>,
}

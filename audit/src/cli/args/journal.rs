//! The arguments of `export` and `replay`, and those that name a file in the place of a city.

use std::path::PathBuf;

use clap::Args as Arguments;
use granary_core::digest::Digest;

use super::{Line, instant};

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Source {
    /// The city's address, https://host:port
    #[arg(
        long,
        value_name = "URL",
        env = "GRANARY_SERVER",
        hide_env_values = true,
        required_unless_present = "archive"
    )]
    pub(in crate::cli) server: Option<String>,
    /// Folder with ca.pem, client.pem and client.key
    #[arg(
        long,
        value_name = "DIR",
        env = "GRANARY_IDENTITY",
        hide_env_values = true,
        required_unless_present = "archive"
    )]
    pub(in crate::cli) identity: Option<PathBuf>,
    /// Instead of a city: a file that export wrote; it is checked from end to end first
    #[arg(id = "archive", long = "export", value_name = "FILE")]
    pub(in crate::cli) archive: Option<PathBuf>,
    /// With --export: the log's verifier key, origin+hash+key, or a file that holds it
    #[arg(
        id = "archive_log_key",
        long = "log-key",
        value_name = "KEY|FILE",
        requires = "archive"
    )]
    pub(in crate::cli) log_key: Option<String>,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Download {
    #[command(flatten)]
    pub(in crate::cli) line: Line,
    /// The file to write
    #[arg(id = "download_out", short = 'o', long = "out", value_name = "FILE")]
    pub(in crate::cli) out: PathBuf,
    /// Go on with a download that broke off
    #[arg(long)]
    pub(in crate::cli) resume: bool,
    /// Write over a file of this name, and over an unfinished download
    #[arg(long, conflicts_with = "resume")]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Replay {
    /// The file that export wrote
    #[arg(id = "replay_file", value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// The log's verifier key, origin+hash+key, or a file that holds it; without it only the key in the file is checked
    #[arg(id = "replay_log_key", long = "log-key", value_name = "KEY|FILE")]
    pub(in crate::cli) log_key: Option<String>,
    /// A receipt or a checkpoint from elsewhere: the journal must have grown through it; repeat it for more
    #[arg(long, value_name = "FILE", requires = "replay_log_key")]
    pub(in crate::cli) held: Vec<PathBuf>,
    /// Count slots as of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else when the last entry was received
    #[arg(id = "replay_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(in crate::cli) as_of: Option<i64>,
    /// The state digest that must come out, 64 hexadecimal digits, as granary-aggregator state-digest prints it
    #[arg(long, value_name = "HEX", value_parser = digest)]
    pub(in crate::cli) state_digest: Option<Digest>,
    /// Where a temporary folder may be made for a long journal; else the system's
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) scratch: Option<PathBuf>,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Fsck {
    /// The server's data folder
    #[arg(id = "fsck_folder", value_name = "FOLDER")]
    pub(in crate::cli) folder: PathBuf,
    /// The log's verifier key, origin+hash+key, or a file that holds it; without it only the key in the journal is checked
    #[arg(id = "fsck_log_key", long = "log-key", value_name = "KEY|FILE")]
    pub(in crate::cli) log_key: Option<String>,
    /// Where temporary files may be made, as large as the journal compressed; else the system's folder
    #[arg(id = "fsck_scratch", long = "scratch", value_name = "FOLDER")]
    pub(in crate::cli) scratch: Option<PathBuf>,
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text).ok_or_else(|| "write 64 hexadecimal digits".to_owned())
}

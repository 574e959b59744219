//! The arguments of `log`.

use std::path::PathBuf;

use clap::Args as Arguments;

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Follow {
    /// Where the log is served to anybody, http://host:port
    #[arg(id = "log_url", long = "url", value_name = "URL")]
    pub(in crate::cli) url: String,
    /// The log's verifier key, origin+hash+key, or a file that holds it
    #[arg(id = "followed_log_key", long = "log-key", value_name = "KEY|FILE")]
    pub(in crate::cli) log_key: String,
    /// The file that keeps the newest head that was found to hold; it is made at the first run
    #[arg(id = "kept_head", long = "head", value_name = "FILE")]
    pub(in crate::cli) head: PathBuf,
    /// Show so many of the newest entries at most
    #[arg(
        id = "newest",
        long = "newest",
        value_name = "N",
        default_value = "20",
        value_parser = clap::value_parser!(u16).range(0..=1_000)
    )]
    pub(in crate::cli) newest: u16,
}

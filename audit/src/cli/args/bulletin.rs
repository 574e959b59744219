//! The arguments of `bulletin`.

use std::path::PathBuf;

use clap::Args as Arguments;
use granary_core::period::Period;

use super::instant;

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Drawing {
    /// The period, as 2021-A1, 2021-S1, 2021-Q3, 2021-M03 or 2021-03-31
    #[arg(
        id = "bulletin_period",
        long = "period",
        value_name = "PERIOD",
        required_unless_present = "document"
    )]
    pub(in crate::cli) period: Option<Period>,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "bulletin_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(in crate::cli) as_of: Option<i64>,
    /// The city's address, https://host:port
    #[arg(
        id = "bulletin_server",
        long = "server",
        value_name = "URL",
        env = "GRANARY_SERVER",
        hide_env_values = true,
        required_unless_present_any = ["bulletin_archive", "document"]
    )]
    pub(in crate::cli) server: Option<String>,
    /// Folder with ca.pem, client.pem and client.key
    #[arg(
        id = "bulletin_identity",
        long = "identity",
        value_name = "DIR",
        env = "GRANARY_IDENTITY",
        hide_env_values = true,
        required_unless_present_any = ["bulletin_archive", "document"]
    )]
    pub(in crate::cli) identity: Option<PathBuf>,
    /// Instead of a city: a file that export wrote; it is checked from end to end first
    #[arg(
        id = "bulletin_archive",
        long = "export",
        value_name = "FILE",
        conflicts_with = "document"
    )]
    pub(in crate::cli) archive: Option<PathBuf>,
    /// With --export: the log's verifier key, origin+hash+key, or a file that holds it
    #[arg(
        id = "bulletin_log_key",
        long = "log-key",
        value_name = "KEY|FILE",
        requires = "bulletin_archive"
    )]
    pub(in crate::cli) log_key: Option<String>,
    /// With --export: only so many entries, the size of the log that a printed bulletin names
    #[arg(
        id = "bulletin_size",
        long = "size",
        value_name = "ENTRIES",
        requires = "bulletin_archive",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(in crate::cli) size: Option<u64>,
    /// Instead of a city: a document that was written before (an encoded granary.v1.Bulletin); - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bulletin_period", "bulletin_as_of"])]
    pub(in crate::cli) document: Option<PathBuf>,
    /// What to write; the ending says how: .pdf, .xlsx, .html, or .bulletin for the document itself; repeat it for more
    #[arg(
        id = "drawings",
        short = 'o',
        long = "out",
        value_name = "FILE",
        required = true
    )]
    pub(in crate::cli) out: Vec<PathBuf>,
    /// For a PDF: look for fonts in this folder first; repeat it for more
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) font_dir: Vec<PathBuf>,
}

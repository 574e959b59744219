//! The arguments of `calendar`.

use std::path::PathBuf;

use clap::Args as Arguments;
use granary_core::code::{DatasetCode, UnitCode};

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Calendar {
    /// The year in which reports are due
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1900..=2199))]
    pub(in crate::cli) year: i16,
    /// Only what this unit owes; with --server or --export also its extensions and exemptions
    #[arg(id = "agenda_unit", long = "unit", value_name = "CODE")]
    pub(in crate::cli) unit: Option<UnitCode>,
    /// Only these datasets
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(in crate::cli) dataset: Vec<DatasetCode>,
    /// The folder with the catalogue's TOML files
    #[arg(
        long,
        value_name = "FOLDER",
        required_unless_present_any = ["agenda_server", "agenda_archive"],
        conflicts_with_all = ["agenda_server", "agenda_archive"]
    )]
    pub(in crate::cli) catalogue: Option<PathBuf>,
    /// Take the catalogue in force from this city, https://host:port
    #[arg(
        id = "agenda_server",
        long = "server",
        value_name = "URL",
        requires = "agenda_identity",
        conflicts_with = "agenda_archive"
    )]
    pub(in crate::cli) server: Option<String>,
    /// Folder with ca.pem, client.pem and client.key, for --server
    #[arg(
        id = "agenda_identity",
        long = "identity",
        value_name = "DIR",
        requires = "agenda_server"
    )]
    pub(in crate::cli) identity: Option<PathBuf>,
    /// Take it from a file that export wrote; it is checked from end to end first
    #[arg(id = "agenda_archive", long = "export", value_name = "FILE")]
    pub(in crate::cli) archive: Option<PathBuf>,
    /// With --export: the log's verifier key, origin+hash+key, or a file that holds it
    #[arg(
        id = "archive_log_key",
        long = "log-key",
        value_name = "KEY|FILE",
        requires = "agenda_archive"
    )]
    pub(in crate::cli) log_key: Option<String>,
    /// Write an iCalendar file (RFC 5545) with an alarm a day before each deadline
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ics: Option<PathBuf>,
}

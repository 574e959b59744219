//! The arguments of `evidence` and `access`.

use std::path::PathBuf;

use clap::{Args as Arguments, Subcommand};
use granary_core::{
    code::{DatasetCode, UnitCode},
    period::Period,
    snapshot::SlotKey,
};

use super::Line;

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Evidence {
    #[command(subcommand)]
    pub(in crate::cli) task: EvidenceTask,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EvidenceTask {
    /// List the files that the snapshots of a slot name, and what came of asking for them
    #[command(name = "list")]
    List(Files),
    /// Ask the unit for files: a signed act in the journal, which the unit's agent answers by itself
    #[command(name = "request")]
    Request(Asking),
    /// Fetch what the unit has handed in, and check it against the digest in the snapshot
    #[command(name = "fetch")]
    Fetch(Fetching),
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Files {
    /// The slot, as UNIT/DATASET/PERIOD
    #[arg(id = "evidence_slot", long = "slot", value_name = "SLOT", value_parser = slot)]
    pub(in crate::cli) slot: SlotKey,
    /// Only the file whose SHA-256 begins with these digits, at least 8
    #[arg(id = "evidence_sha256", long = "sha256", value_name = "HEX", value_parser = prefix)]
    pub(in crate::cli) sha256: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) line: Line,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Asking {
    #[command(flatten)]
    pub(in crate::cli) files: Files,
    /// Why; it is journaled, and the unit reads it
    #[arg(id = "evidence_reason", long = "reason", value_name = "TEXT")]
    pub(in crate::cli) reason: String,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Fetching {
    #[command(flatten)]
    pub(in crate::cli) files: Files,
    /// The folder to write into
    #[arg(id = "evidence_out", short = 'o', long = "out", value_name = "DIR")]
    pub(in crate::cli) out: PathBuf,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Accesses {
    /// The city's address, https://host:port
    #[arg(
        id = "access_server",
        long = "server",
        value_name = "URL",
        env = "GRANARY_SERVER",
        hide_env_values = true,
        required_unless_present = "access_log"
    )]
    pub(in crate::cli) server: Option<String>,
    /// Folder with ca.pem, client.pem and client.key
    #[arg(
        id = "access_identity",
        long = "identity",
        value_name = "DIR",
        env = "GRANARY_IDENTITY",
        hide_env_values = true,
        required_unless_present = "access_log"
    )]
    pub(in crate::cli) identity: Option<PathBuf>,
    /// Instead of a city: the file access/log of its data folder
    #[arg(id = "access_log", long = "log", value_name = "FILE")]
    pub(in crate::cli) log: Option<PathBuf>,
    /// A file that export wrote: its acts are listed, and the log is checked against its anchors
    #[arg(id = "access_archive", long = "export", value_name = "FILE")]
    pub(in crate::cli) archive: Option<PathBuf>,
    /// With --export: the log's verifier key, origin+hash+key, or a file that holds it
    #[arg(
        id = "access_log_key",
        long = "log-key",
        value_name = "KEY|FILE",
        requires = "access_archive"
    )]
    pub(in crate::cli) log_key: Option<String>,
    /// The most lines shown, the last ones; all are checked
    #[arg(
        id = "access_limit",
        long = "limit",
        value_name = "ROWS",
        default_value_t = 200
    )]
    pub(in crate::cli) limit: usize,
}

fn slot(text: &str) -> Result<SlotKey, String> {
    let mut parts = text.split('/');
    let mut part = || {
        parts
            .next()
            .ok_or_else(|| "write UNIT/DATASET/PERIOD".to_owned())
    };
    Ok(SlotKey::new(
        UnitCode::new(part()?).map_err(|e| e.to_string())?,
        DatasetCode::new(part()?).map_err(|e| e.to_string())?,
        Period::parse(part()?).map_err(|e| e.to_string())?,
    ))
}

fn prefix(text: &str) -> Result<String, String> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (8..=64).contains(&text.len()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("write 8 to 64 hexadecimal digits".to_owned())
}

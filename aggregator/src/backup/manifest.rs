//! The manifest of a backup: what it is of, and every file with its length and digest. JSON, written last.

use std::{collections::BTreeMap, io, path::Path};

use granary_core::digest::Digest;
use serde::{Deserialize, Serialize};

use super::{BackupError, MANIFEST, files::Content};
use crate::durable;

/// The format that this program writes and the newest that it reads.
const FORMAT: u32 = 1;
/// The largest manifest that is read, in bytes: some half a million files.
const BYTES_MAX: u64 = 64 << 20;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format's version.
    pub format: u32,
    /// The program's version.
    pub program: String,
    /// When the image was made, RFC 3339 in UTC.
    pub made_at: String,
    /// The log.
    pub origin: String,
    /// Entries under the newest checkpoint in it.
    pub signed_entries: u64,
    /// Files by their path in the backup's data folder.
    pub files: BTreeMap<String, Listed>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// One without files yet.
    pub(super) fn new(origin: &str, made_at: String, signed_entries: u64) -> Self {
        Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            origin: origin.to_owned(),
            signed_entries,
            files: BTreeMap::new(),
        }
    }

    /// Reads that of a backup.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`] where there is none, [`BackupError::Damaged`] where it cannot be read as one, or names a
    /// path that leads out of the backup.
    pub fn read(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(MANIFEST);
        let length = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NotABackup(backup.to_owned()));
            }
            Err(error) => return Err(BackupError::file(&path, error)),
        };
        if length > BYTES_MAX {
            return Err(BackupError::damaged(
                MANIFEST,
                "it is too long for a manifest",
            ));
        }
        let bytes = std::fs::read(&path).map_err(|error| BackupError::file(&path, error))?;
        let value: serde_json::Value = parse(&bytes)?;
        let found = value.get("format").and_then(serde_json::Value::as_u64);
        let found = found
            .and_then(|found| u32::try_from(found).ok())
            .unwrap_or(0);
        if found > FORMAT {
            return Err(BackupError::NewerFormat {
                found,
                known: FORMAT,
            });
        }
        let manifest: Self = parse(&bytes)?;
        let leads_out =
            |path: &&String| path.split('/').any(|part| matches!(part, "" | "." | ".."));
        match manifest.files.keys().find(leads_out) {
            Some(path) => Err(BackupError::damaged(
                MANIFEST,
                format!("{path:?} is no path in a backup"),
            )),
            None => Ok(manifest),
        }
    }

    /// Writes it: from here on the folder is a backup. Gives its own SHA-256, to be noted elsewhere.
    pub(super) fn write(&self, backup: &Path) -> Result<Digest, BackupError> {
        let path = backup.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let text = text.map_err(|error| BackupError::file(&path, error))? + "\n";
        durable::write_file(&path, text.as_bytes())
            .map_err(|error| BackupError::file(&path, error))?;
        Ok(Digest::of(text.as_bytes()))
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

impl Listed {
    pub(super) fn of(content: &Content) -> Self {
        Self {
            bytes: content.bytes,
            sha256: content.sha256.to_string(),
        }
    }

    /// Compares a file with what is listed of it.
    pub(super) fn check(&self, place: &str, content: &Content) -> Result<(), BackupError> {
        if content.bytes != self.bytes {
            let why = format!(
                "it has {} bytes, {} were written",
                content.bytes, self.bytes
            );
            return Err(BackupError::damaged(place, why));
        }
        if content.sha256.to_string() == self.sha256 {
            return Ok(());
        }
        let why = format!("its SHA-256 is {}, not {}", content.sha256, self.sha256);
        Err(BackupError::damaged(place, why))
    }
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, BackupError> {
    serde_json::from_slice(bytes).map_err(|error| BackupError::damaged(MANIFEST, error))
}

//! Putting a backup back: into a folder that holds nothing, with the keys that lie elsewhere.
//!
//! - In: a backup that is checked file by file on the way, the folder of keys, and the newest signed heads that others hold.
//! - Out: a data folder that `serve` takes.
//! - Durable after: [`restore`] returns. The journal's marker is written last.
//! - On crash: a folder without a marker, which neither `serve` nor another restore takes.
//!
//! **A backup that lacks entries which were acknowledged must not go on as the same log.** Agents and witnesses hold signed
//! heads; a log that is shorter than one of them has shrunk, and growing again it would be another history under the same key.
//! No program can see from a backup alone that it is the newest, so whoever restores names the heads that are known ([`Seen`]).

use std::{
    fs,
    path::{Path, PathBuf},
};

use granary_core::log::{Checkpoint, Receipt, VerifierKey};

use super::{BackupError, DATA, Manifest, files, verify::verifier_key};
use crate::{
    durable,
    journal::Journal,
    site::{self, Site},
};

/// What [`copy_keys`] copies: the secret keys, and the certificates that belong to them.
pub const KEY_FILES: [&str; 6] = [
    "ca.key",
    "ca.pem",
    "log.key",
    "log.vkey",
    "server.key",
    "server.pem",
];
/// Those without which a restored folder does not serve; the server's own are made anew.
const KEYS_NEEDED: [&str; 2] = ["ca.key", "log.key"];
const MARKER: &str = "journal.id";
/// The largest file with a signed head that is read, in bytes.
const SEEN_BYTES_MAX: u64 = 1 << 20;

/// A signed head that somebody holds: a checkpoint, cosigned or not, or a receipt.
#[derive(Clone, Debug)]
pub struct Seen {
    path: PathBuf,
    text: String,
}

/// A data folder that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The log.
    pub origin: String,
    /// Entries in the journal.
    pub entries: u64,
    /// Entries under its newest checkpoint.
    pub signed: u64,
    /// Key files that still have to be put there before it serves.
    pub keys_missing: Vec<&'static str>,
}

impl Seen {
    /// Reads a file with a checkpoint or a receipt.
    ///
    /// # Errors
    /// [`BackupError::Seen`] where it cannot be read as text of that size.
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let failed = |why: String| BackupError::Seen {
            path: path.to_owned(),
            why,
        };
        let length = fs::metadata(path)
            .map_err(|error| failed(error.to_string()))?
            .len();
        if length > SEEN_BYTES_MAX {
            return Err(failed(
                "it is neither a checkpoint nor a receipt".to_owned(),
            ));
        }
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    fn checkpoint(&self, key: &VerifierKey) -> Result<Checkpoint, BackupError> {
        let opened = match Receipt::parse(&self.text) {
            Ok(receipt) => receipt.verify(key).map_err(|error| error.to_string()),
            Err(_) => {
                let keys = std::slice::from_ref(key);
                Checkpoint::open(self.text.as_bytes(), key.name().as_str(), keys).map_err(|error| {
                    format!("it is no receipt of this log, and no checkpoint: {error}")
                })
            }
        };
        opened.map_err(|why| BackupError::Seen {
            path: self.path.clone(),
            why,
        })
    }

    /// Whether the journal goes on from this head.
    fn check(&self, journal: &Journal, key: &VerifierKey) -> Result<(), BackupError> {
        let seen = self.checkpoint(key)?;
        let (size, held) = (seen.size(), journal.size());
        if size > held {
            return Err(BackupError::Shrunk { seen: size, held });
        }
        if journal.root(size)? == *seen.root() {
            Ok(())
        } else {
            Err(BackupError::Forked { size })
        }
    }
}

/// Restores a backup into `data`, which must be absent or empty.
///
/// # Errors
/// [`BackupError::NotEmpty`], [`BackupError::Damaged`] with the place, [`BackupError::Shrunk`] and [`BackupError::Forked`]
/// before anything is written; others where a file cannot be written: the folder is incomplete then, and no program takes it.
pub fn restore(
    backup: &Path,
    data: &Path,
    keys: Option<&Path>,
    seen: &[Seen],
) -> Result<Restored, BackupError> {
    if !files::is_vacant(data)? {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    let manifest = Manifest::read(backup)?;
    let source = backup.join(DATA);
    {
        let (journal, key) = (Journal::open_read_only(&source)?, verifier_key(&source)?);
        for seen in seen {
            seen.check(&journal, &key)?;
        }
    }
    files::make_folder(data)?;
    let (last, before): (Vec<_>, Vec<_>) = manifest
        .files
        .iter()
        .partition(|(path, _)| path.as_str() == MARKER);
    for (path, listed) in before {
        let to = data.join(path);
        if let Some(folder) = to.parent() {
            files::make_folder(folder)?;
        }
        listed.check(path, &files::copy(&source.join(path), &to)?)?;
    }
    let keys_missing = restore_keys(keys, data)?;
    files::sync_folders(data)?;
    for (path, listed) in last {
        listed.check(path, &files::copy(&source.join(path), &data.join(path))?)?;
    }
    files::sync_folders(data)?;
    let journal = Journal::open_read_only(data)?;
    Ok(Restored {
        origin: journal.origin().to_owned(),
        entries: journal.size(),
        signed: journal.head().size,
        keys_missing,
    })
}

/// Copies the secret keys of a data folder into a new folder, readable by its owner only.
///
/// # Errors
/// [`BackupError::NotEmpty`] where there is something; else what the file system said.
pub fn copy_keys(data: &Path, to: &Path) -> Result<(), BackupError> {
    if !files::is_vacant(to)? {
        return Err(BackupError::NotEmpty(to.to_owned()));
    }
    files::make_folder(to)?;
    for name in KEY_FILES {
        if data.join(name).exists() {
            put_key(data, to, name)?;
        }
    }
    files::sync_folders(to)
}

/// Puts the keys there; gives the needed ones that are not.
fn restore_keys(keys: Option<&Path>, data: &Path) -> Result<Vec<&'static str>, BackupError> {
    if let Some(keys) = keys {
        for name in KEY_FILES {
            if keys.join(name).exists() && !data.join(name).exists() {
                put_key(keys, data, name)?;
            }
        }
    }
    let missing = |name: &&str| !data.join(name).exists();
    let missing: Vec<&'static str> = KEYS_NEEDED.into_iter().filter(missing).collect();
    if missing.is_empty() {
        // The log's key must be the one whose public form the backup holds, and the authority's the certificate's.
        let site = Site::new(data);
        site.log_key()?;
        site.authority()?;
    }
    Ok(missing)
}

fn put_key(from: &Path, to: &Path, name: &str) -> Result<(), BackupError> {
    let (from, to) = (from.join(name), to.join(name));
    let text = site::read(&from)?;
    let is_secret = Path::new(name).extension().is_some_and(|end| end == "key");
    let written = if is_secret {
        durable::write_secret(&to, text.as_bytes())
    } else {
        durable::write_file(&to, text.as_bytes())
    };
    written.map_err(|error| BackupError::file(&to, error))
}

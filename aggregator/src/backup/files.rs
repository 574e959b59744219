//! Files: walked, hashed, copied and linked, and made durable.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use granary_core::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::BackupError;

/// What is read at once, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// A file's content: its length and its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
}

/// Makes a folder, and those above it, that only its owner may enter.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| BackupError::file(path, error))
}

/// Removes a folder with all that is in it, where there is one.
pub(super) fn remove_folder(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::file(path, error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Every file below a folder, as paths from it, in their order.
pub(super) fn walk(folder: &Path) -> Result<Vec<String>, BackupError> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = open.pop() {
        let here = folder.join(&below);
        let entries = fs::read_dir(&here).map_err(|error| BackupError::file(&here, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| BackupError::file(&here, error))?;
            let path = below.join(entry.file_name());
            let kind = entry.file_type();
            let kind = kind.map_err(|error| BackupError::file(&entry.path(), error))?;
            if kind.is_dir() {
                open.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a folder is absent or holds nothing.
pub(super) fn is_vacant(folder: &Path) -> Result<bool, BackupError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(BackupError::file(folder, error)),
    }
}

/// Reads a file through.
pub(super) fn content(path: &Path) -> Result<Content, BackupError> {
    let opened = File::open(path);
    let read = opened.and_then(|mut file| pass(&mut file, &mut io::sink()));
    read.map_err(|error| BackupError::file(path, error))
}

/// Copies a file to a new name, readable by its owner only, and makes it durable.
pub(super) fn copy(from: &Path, to: &Path) -> Result<Content, BackupError> {
    let mut source = File::open(from).map_err(|error| BackupError::file(from, error))?;
    let mut write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(to)?;
        let content = pass(&mut source, &mut file)?;
        file.sync_all()?;
        Ok(content)
    };
    write().map_err(|error| BackupError::file(to, error))
}

/// Gives a file that never changes a second name; copies it where that cannot be. False where it was copied.
pub(super) fn link_or_copy(from: &Path, to: &Path) -> Result<bool, BackupError> {
    // Another file system, one without links, or too many of them: all end in a copy, whose failure is told.
    if fs::hard_link(from, to).is_ok() {
        return Ok(true);
    }
    copy(from, to).map(|_| false)
}

/// Makes the names in a folder and in all folders below it durable.
pub(super) fn sync_folders(folder: &Path) -> Result<(), BackupError> {
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        let failed = |error| BackupError::file(&here, error);
        for entry in fs::read_dir(&here).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push(entry.path());
            }
        }
        File::open(&here)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}

fn pass(from: &mut File, to: &mut dyn io::Write) -> io::Result<Content> {
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = chunk.get(..read).unwrap_or_default();
        hasher.update(part);
        to.write_all(part)?;
        bytes += read as u64;
    }
    to.flush()?;
    Ok(Content {
        bytes,
        sha256: Digest::from_bytes(hasher.finalize().into()),
    })
}

//! The head that was found to hold at the last run, in a file: the signed note as it came.
//!
//! It is replaced by renaming a finished file over it. A head that contradicts it is written beside it, under the name
//! of the file, the size and the first digits of the note's digest, and replaces nothing.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    log::{Checkpoint, VerifierKey, note::NOTE_BYTES_MAX},
};

use super::Fault;

/// The kept head.
pub(super) struct Kept {
    pub(super) checkpoint: Checkpoint,
}

impl Kept {
    /// Reads and verifies the kept head; `None` where there is no file yet.
    pub(super) fn read(path: &Path, key: &VerifierKey) -> Result<Option<Self>, Fault> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Fault::File(path.to_owned(), error.to_string())),
        };
        let mut note = Vec::new();
        file.take(NOTE_BYTES_MAX as u64 + 1)
            .read_to_end(&mut note)
            .map_err(|error| Fault::File(path.to_owned(), error.to_string()))?;
        let origin = key.name().as_str();
        let checkpoint = Checkpoint::open(&note, origin, std::slice::from_ref(key));
        let checkpoint = checkpoint.map_err(|error| Fault::KeptHead(path.to_owned(), error))?;
        Ok(Some(Self { checkpoint }))
    }
}

/// Puts a new head into the place of the kept one.
pub(super) fn replace(path: &Path, note: &[u8]) -> Result<(), Fault> {
    write(path, note).map_err(|error| Fault::File(path.to_owned(), error.to_string()))
}

/// Writes a head that contradicts the kept one beside it; says where.
pub(super) fn beside(path: &Path, found: &Checkpoint, note: &[u8]) -> Result<PathBuf, Fault> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    let digest = Digest::of(note).to_string();
    let digits = digest.get(..8).unwrap_or_default();
    name.push(format!(".contradicts-{}-{digits}", found.size()));
    let evidence = path.with_file_name(name);
    replace(&evidence, note)?;
    Ok(evidence)
}

/// Written aside, synced, renamed, and the folder synced.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let aside = path.with_file_name(name);
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

//! The image: the data folder as it is now, in a folder beside it, made by the process that has the stores open.
//!
//! - In: the open journal and the open derived rows, which go on being written.
//! - Out: `image/NAME` in the data folder. It takes nearly no space, since files that never change have two names there.
//! - Durable after: nothing; it is taken from there at once, and the next image removes it.
//! - On crash: what is left behind is removed by the next image.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{BackupError, files};
use crate::{
    journal::{Journal, StoreError},
    project::Derived,
    site::Site,
};

/// Where images are made, in the data folder.
pub const IMAGES: &str = "image";

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its folder.
    pub folder: PathBuf,
    /// Entries under its newest checkpoint.
    pub signed_entries: u64,
}

impl Image {
    /// Makes an image, and removes those that were made before. Only one may be made at a time. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] where a store cannot be copied or a file not be written.
    pub fn make(
        site: &Site,
        journal: &Journal,
        derived: &Derived,
        now_ms: i64,
    ) -> Result<Self, BackupError> {
        let images = site.folder().join(IMAGES);
        files::remove_folder(&images)?;
        let work = images.join("new");
        files::make_folder(&work)?;
        derived.copy_to(&work.join("derived"))?;
        link_all(&site.cosigned(), &work.join("cosigned"))?;
        let signed_entries = journal.copy_to(&work)?;
        // From here on what the journal speaks of is there already.
        copy_present(&site.folder().join("access/log"), &work.join("access/log"))?;
        link_all(&site.enrolled(), &work.join("enrolled"))?;
        link_all(&site.folder().join("evidence"), &work.join("evidence"))?;
        link_all(&site.bulletins(), &work.join("bulletins"))?;
        for file in [
            site.settings(),
            site.notices(),
            site.witnesses(),
            site.authority_certificate(),
            site.log_verifier_key(),
        ] {
            copy_present(&file, &work.join(file.file_name().unwrap_or_default()))?;
        }
        let folder = images.join(name(now_ms));
        fs::rename(&work, &folder).map_err(|error| BackupError::file(&folder, error))?;
        Ok(Self {
            folder,
            signed_entries,
        })
    }

    /// Removes it, once it has been taken.
    ///
    /// # Errors
    /// [`BackupError::File`].
    pub fn remove(&self) -> Result<(), BackupError> {
        files::remove_folder(&self.folder)
    }
}

impl Journal {
    /// Copies marker, newest checkpoint and store into a folder, while entries are appended: the copy holds a prefix, at least
    /// as long as its checkpoint says. Gives the entries under that checkpoint.
    ///
    /// # Errors
    /// [`BackupError`].
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<u64, BackupError> {
        let (marker, head) = (folder.join("journal.id"), folder.join("journal.head"));
        // The checkpoint first: the journal only grows.
        let signed = self
            .copy_head(&head)
            .map_err(|error| BackupError::file(&head, error))?;
        self.copy_store(&folder.join("journal"))?;
        let source = self.marker();
        fs::copy(source, marker).map_err(|error| BackupError::file(source, error))?;
        Ok(signed)
    }
}

/// The moment as a name that sorts.
fn name(now_ms: i64) -> String {
    let at = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%dT%H%M%S%.3fZ").to_string()
}

/// Copies a file that is written in place or edited by hand, where there is one.
fn copy_present(from: &Path, to: &Path) -> Result<(), BackupError> {
    if !from.exists() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        files::make_folder(folder)?;
    }
    files::copy(from, to).map(drop)
}

/// Links the files of a folder that are replaced whole and never written into; what is not finished is left out.
fn link_all(from: &Path, to: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::file(from, error)),
    };
    files::make_folder(to)?;
    for entry in entries {
        let name = entry
            .map_err(|error| BackupError::file(from, error))?
            .file_name();
        let is_unfinished = [".new", ".part"]
            .iter()
            .any(|end| name.to_string_lossy().ends_with(end));
        if is_unfinished {
            continue;
        }
        match files::link_or_copy(&from.join(&name), &to.join(&name)) {
            // An old round of cosignatures that was removed meanwhile.
            Err(BackupError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            linked => drop(linked?),
        }
    }
    Ok(())
}

impl From<rocksdb::Error> for BackupError {
    fn from(error: rocksdb::Error) -> Self {
        Self::Store(StoreError::from(error))
    }
}

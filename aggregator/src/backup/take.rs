//! Taking a backup: an image goes to where it shall be kept.
//!
//! - In: an image, and the target folder with the backups before.
//! - Out: a folder with a manifest. A file that the backup before has too is linked to it, so that a backup takes the space
//!   of what is new; one that never changes is linked to the data folder where that is on the same file system.
//! - Durable after: [`take`] returns.
//! - On crash: a folder with `.part` behind its name is left, which the next backup removes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use granary_core::digest::Digest;

use super::{
    BackupError, DATA, Image, MANIFEST, PART,
    files::{self, Content},
    manifest::{Listed, Manifest},
};
use crate::durable;

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// SHA-256 of the manifest: who notes it elsewhere can tell later that the backup is the one that was taken.
    pub manifest_sha256: Digest,
    /// Files that the backup before has too.
    pub linked: usize,
    /// Files that are the data folder's own, on the same disk.
    pub shared: usize,
    /// Bytes that were written.
    pub copied_bytes: u64,
}

/// Takes a backup of an image into `target`.
///
/// # Errors
/// [`BackupError`]; nothing of this name stands then.
pub fn take(image: &Image, target: &Path, origin: &str) -> Result<Taken, BackupError> {
    files::make_folder(target)?;
    let name = image.folder.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let (folder, part) = (target.join(&name), target.join(name.clone() + PART));
    if folder.exists() {
        return Err(BackupError::NotEmpty(folder));
    }
    remove_unfinished(target)?;
    let before = newest(target)?;
    files::make_folder(&part.join(DATA))?;
    let mut taken = Taken {
        folder,
        manifest: Manifest::new(origin, name, image.signed_entries),
        manifest_sha256: Digest::from_bytes([0; 32]),
        linked: 0,
        shared: 0,
        copied_bytes: 0,
    };
    for path in files::walk(&image.folder)? {
        let (from, to) = (image.folder.join(&path), part.join(DATA).join(&path));
        if let Some(folder) = to.parent() {
            files::make_folder(folder)?;
        }
        let content = taken.one(&path, (&from, &to), before.as_ref())?;
        taken.manifest.files.insert(path, Listed::of(&content));
    }
    files::sync_folders(&part)?;
    taken.manifest_sha256 = taken.manifest.write(&part)?;
    fs::rename(&part, &taken.folder).map_err(|error| BackupError::file(&taken.folder, error))?;
    durable::sync_folder(&taken.folder).map_err(|error| BackupError::file(target, error))?;
    Ok(taken)
}

/// Removes all but the newest `keep` backups, and gives the names of those that are gone. Each stands by itself, so that no
/// other one misses it.
///
/// # Errors
/// [`BackupError::File`].
pub fn prune(target: &Path, keep: usize) -> Result<Vec<String>, BackupError> {
    let mut names = names(target)?;
    names.truncate(names.len().saturating_sub(keep));
    for name in &names {
        // Without its manifest it is no backup any more, whatever happens next.
        let (folder, manifest) = (target.join(name), target.join(name).join(MANIFEST));
        fs::remove_file(&manifest).map_err(|error| BackupError::file(&manifest, error))?;
        files::remove_folder(&folder)?;
    }
    Ok(names)
}

impl Taken {
    /// Brings one file over.
    fn one(
        &mut self,
        path: &str,
        (from, to): (&Path, &Path),
        before: Option<&(PathBuf, Manifest)>,
    ) -> Result<Content, BackupError> {
        let content = files::content(from)?;
        let listed = Listed::of(&content);
        if let Some((folder, manifest)) = before
            && manifest.files.get(path) == Some(&listed)
            && fs::hard_link(folder.join(DATA).join(path), to).is_ok()
        {
            self.linked += 1;
            return Ok(content);
        }
        if is_immutable(path) && fs::hard_link(from, to).is_ok() {
            self.shared += 1;
            return Ok(content);
        }
        // The second reading must give what the first one gave.
        listed.check(path, &files::copy(from, to)?)?;
        self.copied_bytes += content.bytes;
        Ok(content)
    }
}

/// Whether nobody ever writes into a file of this name: RocksDB's tables, and evidence and bulletins under their digests.
fn is_immutable(path: &str) -> bool {
    let is_kept = ["evidence/", "bulletins/"]
        .iter()
        .any(|folder| path.starts_with(folder));
    Path::new(path).extension().is_some_and(|end| end == "sst") || is_kept
}

/// The finished backups, the oldest first.
fn names(target: &Path) -> Result<Vec<String>, BackupError> {
    let failed = |error| BackupError::file(target, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(target).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(PART) && entry.path().join(MANIFEST).exists() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The newest backup. One whose manifest cannot be read is passed over: a whole one is made then.
fn newest(target: &Path) -> Result<Option<(PathBuf, Manifest)>, BackupError> {
    let Some(name) = names(target)?.pop() else {
        return Ok(None);
    };
    let folder = target.join(name);
    let manifest = Manifest::read(&folder).ok();
    Ok(manifest.map(|manifest| (folder, manifest)))
}

fn remove_unfinished(target: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::file(target, error);
    for entry in fs::read_dir(target).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().ends_with(PART) {
            files::remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

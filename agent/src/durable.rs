//! How the agent writes files that must survive a power cut.
//!
//! Every small file (key, certificate, catalogue, receipt, report) goes through [`write_durably`]: the bytes
//! are written to a temporary file in the same folder, fsynced, renamed over the old file, and the folder
//! is fsynced. A reader therefore sees the old file or the new one and never a half of either, and what
//! was written is there after `Ok`. After an error the old file is still whole, or already the new one.
//!
//! [`Disk`] and [`DiskFile`] are the few operations that the spool needs. [`OsDisk`] is the real one; the
//! spool's tests bring a second one that fails and crashes on purpose.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::platform;

/// An open file with positioned reads and writes.
pub trait DiskFile {
    /// Length of the file in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads at most `buffer.len()` bytes from `offset`; returns how many, zero at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`, and grows the file where needed. After an error any part may be written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file to `length` bytes.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Returns once contents and length are on stable storage.
    fn sync(&self) -> io::Result<()>;
}

/// The operations on names that the spool needs.
pub trait Disk {
    /// An open file.
    type File: DiskFile;
    /// Held as long as a lock is held; dropping it releases the lock.
    type Lock;

    /// Makes the folder, and its parents, unless they exist.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes the exclusive lock on `path`, or returns `None` when another holder has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
    /// Creates a new empty file for reading and writing; an existing file is an error.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Names of the entries of `folder`, in ascending order.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Renames `from` to `to`, over an existing file.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns once the names in `folder` are on stable storage.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Bytes that this program may still write on the file system of `folder`.
    fn free_bytes(&self, folder: &Path) -> io::Result<u64>;
}

/// Writes `bytes` to `path` so that they survive a power cut (see the module's header).
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_durably(&OsDisk, path, |file| file.write_at(bytes, 0))
}

/// As [`write_durably`], for a file that only the agent's own user may read, such as a private key.
pub fn write_secret_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_durably(&OsDisk, path, |file| {
        // The mode is narrowed before the first secret byte is written.
        platform::keep_private(&file.0, &temporary_name(path)?)?;
        file.write_at(bytes, 0)
    })
}

/// Replaces `path` by what `fill` writes into an empty file: temporary file, fsync, rename, fsync of the folder.
pub fn replace_durably<D: Disk>(
    disk: &D,
    path: &Path,
    fill: impl FnOnce(&D::File) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary_name(path)?;
    let file = match disk.create(&temporary) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(&temporary)?;
            disk.create(&temporary)?
        }
        Err(error) => return Err(error),
        Ok(file) => file,
    };
    let written = fill(&file)
        .and_then(|()| file.sync())
        .and_then(|()| disk.rename(&temporary, path));
    if let Err(error) = written {
        // What cannot be removed now is overwritten by the next attempt.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_folder(&folder_of(path))
}

/// The suffix of temporary files; a leftover with this suffix may be removed by whoever owns the folder.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// The folder that holds `path`; the current folder for a bare name.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(TEMPORARY_SUFFIX);
    Ok(path.with_file_name(hidden))
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

/// An open file of the operating system.
#[derive(Debug)]
pub struct OsFile(File);

impl From<File> for OsFile {
    fn from(file: File) -> Self {
        Self(file)
    }
}

/// An exclusive lock of the operating system (`flock`); the kernel releases it when the process ends.
#[derive(Debug)]
pub struct OsLock(
    #[expect(dead_code, reason = "held open, because closing it releases the lock")] File,
);

impl Disk for OsDisk {
    type File = OsFile;
    type Lock = OsLock;

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<OsLock>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(OsLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn create(&self, path: &Path) -> io::Result<OsFile> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map(OsFile)
    }

    fn open(&self, path: &Path) -> io::Result<OsFile> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map(OsFile)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        platform::sync_folder(folder)
    }

    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        platform::free_bytes(folder)
    }
}

impl DiskFile for OsFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        platform::read_at(&self.0, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        platform::write_all_at(&self.0, bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        // `fdatasync` also brings the length to the disk, because the data cannot be read without it.
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn replaces_a_file_whole_and_leaves_no_temporary() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt.txt");
        write_durably(&path, b"a longer first text").unwrap();
        // A leftover of a crash must not be in the way.
        fs::write(folder.path().join(".receipt.txt.tmp"), b"half").unwrap();
        write_durably(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(OsDisk.list(folder.path()).unwrap(), ["receipt.txt"]);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write_durably(&path, b"old").unwrap();
        let failed = replace_durably(&OsDisk, &path, |file| {
            file.write_at(b"ne", 0)?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(OsDisk.list(folder.path()).unwrap(), ["key.pem"]);
    }

    #[test]
    fn a_secret_is_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.key");
        write_secret_durably(&path, b"secret").unwrap();
        assert!(!platform::others_can_read(&path).unwrap());
    }
}

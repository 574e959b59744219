//! Files that are there whole or not at all, also after a power cut: write aside, fsync, rename, fsync the folder.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Replaces the file at `path` by one with these bytes, readable by everybody.
///
/// # Errors
/// What the file system said; the old file stands then.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = write_aside(path, bytes, 0o644)?;
    std::fs::rename(&aside, path)?;
    sync_folder(path)
}

/// Replaces the file at `path` by one with these bytes that only its owner may read.
///
/// # Errors
/// What the file system said; the old file stands then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = write_aside(path, bytes, 0o600)?;
    std::fs::rename(&aside, path)?;
    sync_folder(path)
}

/// Makes a file that only its owner may read. A secret is never replaced.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is a file, or what the file system said.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = write_aside(path, bytes, 0o600)?;
    // A hard link, unlike a rename, fails where the name is taken.
    let linked = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside)?;
    linked?;
    sync_folder(path)
}

/// Makes the names in the folder of `path` durable.
///
/// # Errors
/// What the file system said.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_aside(path: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let aside = path.with_file_name(name);
    // What a crash left behind has its own mode, so it is not written into.
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_a_secret_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");

        let secret = folder.path().join("secret");
        write_secret(&secret, b"one").unwrap();
        assert_eq!(
            write_secret(&secret, b"two").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&secret).unwrap(), b"one");
        assert_eq!(
            secret.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

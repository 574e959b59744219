//! The Unix side.

use std::{
    fs::{File, Permissions},
    io,
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::Path,
};

use tokio::signal::unix::{SignalKind, signal};

use super::Sharing;

/// Reads at most `buffer.len()` bytes from `offset`; returns how many, zero at the end of the file.
///
/// # Errors
/// Those of reading.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
/// Those of writing; any part may be written then.
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

/// Makes a file its owner's alone. `path` is where it is.
///
/// # Errors
/// Those of changing its mode.
pub fn keep_private(file: &File, _path: &Path) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Whether other users of this machine can read a file or folder, write to it or enter it.
///
/// # Errors
/// Those of asking for it.
pub fn others_can_read(path: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Whether every user of this machine can put files into a folder.
#[must_use]
pub fn others_can_write(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o002 != 0)
}

/// The command that gives a folder to the user that runs the agent.
#[must_use]
pub fn how_to_own(folder: &Path) -> String {
    format!("chown -R USER {}", folder.display())
}

/// The command that makes a folder its owner's alone.
#[must_use]
pub fn how_to_keep_private(folder: &Path) -> String {
    format!("chmod -R go= {}", folder.display())
}

/// The command after which not every user can put files into a folder.
#[must_use]
pub fn how_to_close(folder: &str) -> String {
    format!("chmod o-w {folder}")
}

/// Returns once the names in `folder` are on stable storage.
///
/// # Errors
/// Those of opening and syncing.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Bytes that this program may still write on the file system of `folder`.
///
/// # Errors
/// Those of asking for it.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let status = rustix::fs::statvfs(folder)?;
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

/// Where an existing folder's files really are.
#[must_use]
pub fn sharing(folder: &Path) -> Sharing {
    #[cfg(target_os = "linux")]
    {
        let Ok(status) = rustix::fs::statfs(folder) else {
            return Sharing::Unknown;
        };
        // The field's type differs between processors; all numbers fit 32 bits.
        network(u64::try_from(status.f_type).unwrap_or(0) & 0xffff_ffff)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        Sharing::Unknown
    }
}

/// By the file system's number, as statfs(2) of Linux lists them.
#[cfg(target_os = "linux")]
const fn network(file_system: u64) -> Sharing {
    match file_system {
        0x6969 => Sharing::Network("NFS"),
        0xff53_4d42 | 0xfe53_4d42 => Sharing::Network("SMB"),
        0x517b => Sharing::Network("SMB (old)"),
        0x0102_1997 => Sharing::Network("9P"),
        0x00c3_6400 => Sharing::Network("Ceph"),
        _ => Sharing::Local,
    }
}

/// Resolves when the process is asked to end.
///
/// # Errors
/// Those of listening for signals.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn file_systems_of_other_machines_are_known_by_their_numbers() {
        assert_eq!(network(0xff53_4d42), Sharing::Network("SMB"));
        assert_eq!(network(0x6969), Sharing::Network("NFS"));
        assert_eq!(network(0xef53), Sharing::Local);
    }
}

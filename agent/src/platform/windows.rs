//! The Windows side.

use std::{
    fs::File,
    io,
    os::windows::fs::FileExt as _,
    path::{Component, Path, Prefix},
    process::{Command, Stdio},
};

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::Sharing;

/// Who may read a private file: its owner, the system, and administrators, by their well-known identifiers, which are the same in
/// every language of Windows (Microsoft, "Security identifiers").
const READERS: [&str; 3] = ["*S-1-3-4:F", "*S-1-5-18:F", "*S-1-5-32-544:F"];
/// Groups that hold other people: everyone, authenticated users, users.
const OTHERS: [&str; 3] = ["S-1-1-0", "S-1-5-11", "S-1-5-32-545"];

/// Reads at most `buffer.len()` bytes from `offset`; returns how many, zero at the end of the file.
///
/// # Errors
/// Those of reading.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
/// Those of writing; any part may be written then.
pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or_default();
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes a file from everybody but its owner, the system and administrators. `path` is where it is.
///
/// # Errors
/// Where the access list cannot be changed.
pub fn keep_private(_file: &File, path: &Path) -> io::Result<()> {
    let mut icacls = Command::new("icacls");
    icacls.arg(path).args(["/inheritance:r", "/grant:r"]);
    let ended = icacls.args(READERS).stdout(Stdio::null()).status()?;
    match ended.success() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "icacls could not make the file private",
        )),
    }
}

/// Whether a group that holds other people stands in the access list.
///
/// # Errors
/// Those of asking for it.
pub fn others_can_read(path: &Path) -> io::Result<bool> {
    // `/findsid` names the files whose list has an entry of that identifier.
    for group in OTHERS {
        let mut icacls = Command::new("icacls");
        let found = icacls
            .arg(path)
            .args(["/findsid", &format!("*{group}")])
            .output()?;
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.is_empty() && text.contains(&name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Not told: whether an entry allows writing cannot be seen from here without the system's own calls.
#[must_use]
pub const fn others_can_write(_folder: &Path) -> bool {
    false
}

/// The command that gives a folder to the user that runs the agent.
#[must_use]
pub fn how_to_own(folder: &Path) -> String {
    format!("icacls \"{}\" /grant USER:(OI)(CI)F", folder.display())
}

/// The command that makes a folder its owner's alone.
#[must_use]
pub fn how_to_keep_private(folder: &Path) -> String {
    let readers = READERS.join(" ");
    format!(
        "icacls \"{}\" /t /inheritance:r /grant:r {readers}",
        folder.display()
    )
}

/// The command after which not every user can put files into a folder.
#[must_use]
pub fn how_to_close(folder: &str) -> String {
    format!("icacls \"{folder}\" /remove:g *S-1-5-32-545")
}

/// Nothing to do: NTFS brings names to the disk by its own log, and a folder cannot be flushed.
///
/// # Errors
/// None.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Bytes that this program may still write on the volume of `folder`.
///
/// # Errors
/// Those of asking for it.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    fs4::available_space(folder)
}

/// By the path alone: a drive letter that stands for a share cannot be told from a disk here.
#[must_use]
pub fn sharing(folder: &Path) -> Sharing {
    match folder.components().next() {
        Some(Component::Prefix(prefix)) => match prefix.kind() {
            Prefix::UNC(..) | Prefix::VerbatimUNC(..) => Sharing::Network("SMB"),
            Prefix::Verbatim(_)
            | Prefix::VerbatimDisk(_)
            | Prefix::DeviceNS(_)
            | Prefix::Disk(_) => Sharing::Unknown,
        },
        Some(_) | None => Sharing::Unknown,
    }
}

/// Resolves when the process is asked to end.
///
/// # Errors
/// Those of listening.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut pause) = (ctrl_c()?, ctrl_break()?);
    let (mut close, mut shutdown) = (ctrl_close()?, ctrl_shutdown()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = pause.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}

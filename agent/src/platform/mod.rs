//! What the operating systems do differently, and nothing else: each function is there for both, with the same meaning.
//!
//! | function | Unix | Windows |
//! | --- | --- | --- |
//! | [`read_at`], [`write_all_at`] | `pread`, `pwrite` | `ReadFile`, `WriteFile` with an offset |
//! | [`keep_private`], [`others_can_read`], [`others_can_write`] | mode bits | the access list, by `icacls` |
//! | [`sync_folder`] | `fsync` of the folder | nothing: NTFS logs its names |
//! | [`rename_new`] | `renameat2` with NOREPLACE on Linux, else looking first | looking first |
//! | [`free_bytes`] | `statvfs` | `GetDiskFreeSpaceEx` |
//! | [`sharing`] | `statfs` on Linux, else unknown | a path that begins with a server's name |
//! | [`how_to_own`], [`how_to_keep_private`], [`how_to_close`] | `chown`, `chmod` | `icacls` |
//! | [`stop_signal`] | SIGTERM, SIGINT | Ctrl-C, Ctrl-Break, the closed window, shutdown |

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
use std::{fs, io, path::Path};

pub use system::{
    free_bytes, how_to_close, how_to_keep_private, how_to_own, keep_private, others_can_read,
    others_can_write, read_at, sharing, stop_signal, sync_folder, write_all_at,
};
#[cfg(windows)]
use windows as system;

/// Where a folder's files really are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// On a disk of this machine.
    Local,
    /// On another machine, by this protocol.
    Network(&'static str),
    /// It could not be asked.
    Unknown,
}

/// Renames without replacing. The kernel does it in one step where the file system can; elsewhere there is a moment
/// between looking and renaming, in which only a person could put a file of that very name there.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where the name is taken, else those of renaming.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::{
            fs::{CWD, RenameFlags, renameat_with},
            io::Errno,
        };
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            other => return other.map_err(io::Error::from),
        }
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists));
    }
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_name_that_is_taken_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let taken = rename_new(&one, &two).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&two).unwrap(), "2");
        rename_new(&one, &three).unwrap();
        assert!(!one.exists() && three.exists());
        sync_folder(folder.path()).unwrap();
    }

    #[test]
    fn bytes_are_read_and_written_where_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(folder.path().join("spool"))
            .unwrap();
        write_all_at(&file, b"later", 3).unwrap();
        write_all_at(&file, b"now", 0).unwrap();
        let mut buffer = [0; 16];
        let read = read_at(&file, &mut buffer, 1).unwrap();
        assert_eq!(&buffer[..read], b"owlater");
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert_ne!(sharing(folder.path()), Sharing::Network("SMB"));
    }
}

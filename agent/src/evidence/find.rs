//! Finding the file that a statement named, where it lay when it was stated or where the report has moved to since.

use std::path::{Path, PathBuf};

use granary_core::digest::Digest;

use crate::inbox::Folder;
use crate::intake::digest_of;

/// What there is of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The very file.
    File {
        /// Where it lies.
        path: PathBuf,
        /// Its length in bytes.
        size: u64,
    },
    /// There is no file of this name, or it cannot be read.
    Gone,
    /// There is one of this name, with other bytes.
    Changed,
    /// There is one of this name, and it is too large to be handed in.
    TooLarge,
}

/// Looks for the file called `name` whose SHA-256 is `sha256`, below `root`. Reads files; anything but a bare name is not found.
#[must_use]
pub fn find(root: &Path, name: &str, sha256: &Digest, bytes_max: u64) -> Found {
    let is_bare = Path::new(name).file_name().is_some_and(|bare| bare == name);
    if !is_bare {
        return Found::Gone;
    }
    let folders = Folder::ALL.iter().map(|folder| root.join(folder.name()));
    let mut best = Found::Gone;
    for folder in std::iter::once(root.join("evidence")).chain(folders) {
        let path = folder.join(name);
        let Some(size) = length(&path) else {
            continue;
        };
        if size > bytes_max {
            best = Found::TooLarge;
        } else if digest_of(&path).is_ok_and(|found| found == *sha256) {
            return Found::File { path, size };
        } else if best == Found::Gone {
            best = Found::Changed;
        }
    }
    best
}

/// The length of a plain file.
fn length(path: &Path) -> Option<u64> {
    let file = std::fs::metadata(path).ok()?;
    file.is_file().then_some(file.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_the_very_file_under_a_bare_name_is_found() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("evidence");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::create_dir(root.path().join("identity")).unwrap();
        std::fs::write(root.path().join("identity/key"), "secret").unwrap();
        std::fs::write(folder.join("台账.pdf"), "ledger").unwrap();
        let look =
            |name: &str, bytes: &str| find(root.path(), name, &Digest::of(bytes.as_bytes()), 9);
        let size = 6;
        let path = folder.join("台账.pdf");
        assert_eq!(look("台账.pdf", "ledger"), Found::File { path, size });
        assert_eq!(look("台账.pdf", "another"), Found::Changed);
        assert_eq!(look("none.pdf", "ledger"), Found::Gone);
        // Names that lead elsewhere are never followed, even with the digest of what lies there.
        for name in [
            "../identity/key",
            "/etc/hostname",
            "..",
            ".",
            "",
            "sub",
            "sub/",
            "a\0b",
        ] {
            assert_eq!(look(name, "secret"), Found::Gone, "{name:?}");
        }
        std::fs::write(folder.join("long"), "0123456789").unwrap();
        assert_eq!(look("long", "0123456789"), Found::TooLarge);
    }

    #[test]
    fn a_file_that_lay_beside_its_report_is_found_there() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("inbox")).unwrap();
        std::fs::create_dir_all(root.path().join("evidence")).unwrap();
        std::fs::write(root.path().join("evidence/a.pdf"), "of another year").unwrap();
        std::fs::write(root.path().join("inbox/a.pdf"), "ledger").unwrap();
        let found = find(root.path(), "a.pdf", &Digest::of(b"ledger"), 99);
        let path = root.path().join("inbox/a.pdf");
        assert_eq!(found, Found::File { path, size: 6 });
    }
}

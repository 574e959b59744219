//! Fetching evidence: nothing gets its name before its digest is the one that the unit has signed.
//!
//! A file's name is what a unit wrote, so it is never used as a path: what is harmless of its last part stands behind the first
//! digits of its digest.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use granary_core::digest::{Digest, Hasher};
use granary_proto::v1::{EvidenceFile, EvidenceState};

use crate::city::{City, DownloadError};

/// The longest part of a file's own name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 150;

/// One file after fetching.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What the city says of it.
    pub file: EvidenceFile,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of fetching a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is written under this name, and its digest is the one in the snapshot.
    Fits(String),
    /// The city does not hold it.
    NotHeld,
    /// The city gave other bytes; nothing is kept.
    DoesNotFit(Digest),
}

/// Writes one file beside its final name, and gives it that name only once its digest fits.
///
/// # Errors
/// [`DownloadError`]; nothing is kept then.
pub async fn fetch_one(
    city: &mut City,
    file: &EvidenceFile,
    out: &Path,
) -> Result<Outcome, DownloadError> {
    if file.state() != EvidenceState::Held {
        return Ok(Outcome::NotHeld);
    }
    let wanted = Digest::from_slice(&file.sha256).unwrap_or_else(|| Digest::from_bytes([0; 32]));
    let name = safe_name(&wanted, &file.name);
    let (part, whole) = (out.join(format!("{name}.part")), out.join(&name));
    let mut written = fs::File::create(&part)?;
    let downloaded = city.download(&wanted, file.size, &mut written).await;
    let synced = downloaded.and_then(|()| Ok(written.flush().and_then(|()| written.sync_all())?));
    // Hashed as it lies on the disk, not as it came.
    let found = synced.and_then(|()| Ok(digest_of(&part)?));
    match found {
        Ok(found) if found == wanted => {
            fs::rename(&part, whole)?;
            Ok(Outcome::Fits(name))
        }
        Ok(found) => {
            fs::remove_file(&part)?;
            Ok(Outcome::DoesNotFit(found))
        }
        Err(error) => {
            drop(fs::remove_file(&part));
            Err(error)
        }
    }
}

/// The name under which a file is written: the first digits of its digest and what is harmless of its own name.
fn safe_name(sha256: &Digest, name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe = String::new();
    for letter in last.trim_start_matches('.').chars() {
        let letter = if letter.is_control() || ":*?\"<>|".contains(letter) {
            '_'
        } else {
            letter
        };
        if safe.len() + letter.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        safe.push(letter);
    }
    format!("{}-{safe}", sha256.short())
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let (mut hasher, mut file) = (Hasher::default(), fs::File::open(path)?);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_unit_never_leaves_the_folder() {
        let name = |text: &str| safe_name(&Digest::of(b""), text);
        assert_eq!(name("台账.pdf"), "e3b0c442-台账.pdf");
        assert_eq!(name("../../etc/passwd"), "e3b0c442-passwd");
        assert_eq!(name("..\\..\\a.exe"), "e3b0c442-a.exe");
        assert_eq!(name("/"), "e3b0c442-");
        assert_eq!(name(".."), "e3b0c442-");
        assert_eq!(name("a\n\0b:c"), "e3b0c442-a__b_c");
        assert!(name(&"县".repeat(200)).len() < 200);
    }
}

//! The archive of originals: a copy of every file as it was read, under the day, with its digest.
//!
//! ```text
//! archive/2021-10-07/4f1c0a9be312-book.xlsx        the bytes that were read
//! archive/2021-10-07/SHA256SUMS                    a line for each, as `sha256sum -c` reads it
//! ```
//! In: a file of the inbox that has been read, with its digest. Out: nothing. Durable after: the copy is there under its name, with
//! the digest that was read. On crash: the file is read again, and what is there is left as it is. Nothing here is ever removed, and
//! the agent never reads it: it is for people.
//!
//! A file beyond [`FILE_BYTES_MAX`], which only a text may be, is not copied: it stays whole where it is moved to, with its digest in the
//! report beside it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

use super::folders::Folders;
use crate::intake::{FILE_BYTES_MAX, digest_of};

/// Its list of digests.
const SUMS: &str = "SHA256SUMS";
/// The longest part of a name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 180;

/// Copies a file of the inbox into the archive, unless it is there. `sha256` is the digest that was read, if one was.
///
/// # Errors
/// Those of reading and writing, also where the file has changed since; nothing may be done with the file then.
pub(super) fn keep(
    folders: &Folders,
    path: &Path,
    sha256: Option<&str>,
    (now_ms, zone): (i64, &TimeZone),
) -> io::Result<()> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Ok(());
    }
    let found = digest_of(path)?.to_string();
    if sha256.is_some_and(|sha256| sha256 != found) {
        return Err(io::Error::new(
            io::ErrorKind::Interrupted,
            "the file has changed since it was read",
        ));
    }
    let at = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let day = ZonedDateTime::new(at, zone.clone())
        .strftime("%Y-%m-%d")
        .to_string();
    let folder = folders.archive().join(day);
    fs::create_dir_all(&folder)?;
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let start = found.get(..12).unwrap_or_default();
    let name = format!("{start}-{}", ending(name));
    let goal = folder.join(&name);
    if !goal.is_file() {
        copy(path, &goal, &found)?;
    }
    note(&folder.join(SUMS), &format!("{found}  {name}\n"))?;
    crate::platform::sync_folder(&folder)
}

/// The end of a name, which has the extension.
fn ending(name: &str) -> &str {
    let mut start = name.len().saturating_sub(NAME_BYTES_MAX);
    while !name.is_char_boundary(start) {
        start += 1;
    }
    name.get(start..).unwrap_or(name)
}

fn copy(path: &Path, goal: &Path, sha256: &str) -> io::Result<()> {
    let unfinished = goal.with_extension("part");
    fs::copy(path, &unfinished)?;
    let file = OpenOptions::new().write(true).open(&unfinished)?;
    file.sync_all()?;
    if digest_of(&unfinished)?.to_string() != sha256 {
        return Err(io::Error::new(
            io::ErrorKind::Interrupted,
            "the file changed while it was copied",
        ));
    }
    fs::rename(&unfinished, goal)
}

/// Adds a line, unless it is there.
fn note(sums: &Path, line: &str) -> io::Result<()> {
    let there = match fs::read_to_string(sums) {
        Ok(text) => text.contains(line),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if there {
        return Ok(());
    }
    let mut file = OpenOptions::new().create(true).append(true).open(sums)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

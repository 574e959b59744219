//! The clerk's folders: their names, names that are free, and moving a file without ever writing over another.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use granary_core::{catalogue::Catalogue, code::UnitCode};
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    intake::Names,
    platform::{rename_new, sync_folder},
    report::Outcome,
};

/// One of the clerk's folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// Where files are handed in.
    Inbox,
    /// Signed and queued; the city's answer is awaited.
    Sent,
    /// The city has accepted it.
    Accepted,
    /// A validity edit failed, here or at the city.
    Returned,
    /// It could not be read or admitted, here or at the city.
    Refused,
}

impl Folder {
    /// All of them, in the order of a file's life.
    pub const ALL: [Self; 5] = [
        Self::Inbox,
        Self::Sent,
        Self::Accepted,
        Self::Returned,
        Self::Refused,
    ];

    /// Its name on the disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Returned => "returned",
            Self::Refused => "refused",
        }
    }

    /// Where a file with this outcome lies.
    #[must_use]
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ready => Self::Inbox,
            Outcome::Sent => Self::Sent,
            Outcome::Repeated | Outcome::Accepted => Self::Accepted,
            Outcome::Returned => Self::Returned,
            Outcome::Refused => Self::Refused,
        }
    }
}

/// A place in the clerk's folders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// The folder.
    pub folder: Folder,
    /// The file's name.
    pub name: String,
}

/// Where the clerk's folders and the agent's own records are.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
    state: PathBuf,
}

/// What became of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Done,
    /// The file to move is not there.
    Gone,
    /// The name is taken.
    Taken,
}

/// The longest name that is kept as it is, in bytes: suffixes must still fit into the 255 of most file systems.
const NAME_BYTES_MAX: usize = 180;
/// How many names are tried before the folder is taken for broken.
const TRIES_MAX: u32 = 10_000;

impl Folders {
    /// `root` holds `inbox/`, `sent/` and the others, which are on one file system; `state` is the agent's own folder.
    pub fn under(root: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            state: state.into(),
        }
    }

    /// The path of one of the clerk's folders.
    #[must_use]
    pub fn path(&self, folder: Folder) -> PathBuf {
        self.root.join(folder.name())
    }

    /// The agent's own folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Where copies of originals go.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.root.join("archive")
    }

    /// Where the unit's mapping file for workbooks is, if it has one.
    #[must_use]
    pub fn mapping(&self) -> PathBuf {
        self.root.join("mapping.toml")
    }

    /// Where the unit keeps the files that prove its figures.
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    /// The names that a file of `unit` is read with: the catalogue's, the unit's mapping file, and its folder of evidence.
    #[must_use]
    pub fn names<'a>(&self, catalogue: &'a Catalogue, unit: &'a UnitCode) -> Names<'a> {
        Names::new(catalogue, unit)
            .with_mapping(self.mapping())
            .with_evidence(self.evidence())
    }

    /// The path of a file.
    #[must_use]
    pub fn file(&self, spot: &Spot) -> PathBuf {
        self.path(spot.folder).join(&spot.name)
    }

    /// The path of the report beside a file.
    #[must_use]
    pub fn report(&self, spot: &Spot, extension: &str) -> PathBuf {
        self.path(spot.folder)
            .join(format!("{}.report.{extension}", spot.name))
    }

    /// Makes all folders that are not there, also `evidence/`.
    pub(super) fn create(&self) -> io::Result<()> {
        for folder in Folder::ALL {
            fs::create_dir_all(self.path(folder))?;
        }
        fs::create_dir_all(self.evidence())?;
        fs::create_dir_all(&self.state)
    }

    /// A place in `folder` for a file called `name`: under that name, or with the time before its extension, so that neither
    /// a file nor a report that lies there is written over. Places in `reserved` are not free.
    pub(super) fn free(
        &self,
        (folder, name): (Folder, &str),
        reserved: &[Spot],
        (now_ms, zone): (i64, &TimeZone),
    ) -> io::Result<Spot> {
        let (stem, extension) = split(name);
        let stem = clipped(stem, NAME_BYTES_MAX);
        let at = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = ZonedDateTime::new(at, zone.clone())
            .strftime("%Y-%m-%dT%H%M%S")
            .to_string();
        for attempt in 0..TRIES_MAX {
            let name = match attempt {
                0 => format!("{stem}{extension}"),
                1 => format!("{stem}.{at}{extension}"),
                more => format!("{stem}.{at}-{more}{extension}"),
            };
            let spot = Spot { folder, name };
            if !reserved.contains(&spot) && self.is_free(&spot)? {
                return Ok(spot);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("no free name for {name}"),
        ))
    }

    fn is_free(&self, spot: &Spot) -> io::Result<bool> {
        let taken = |path: PathBuf| match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        Ok(!taken(self.file(spot))?
            && !taken(self.report(spot, "txt"))?
            && !taken(self.report(spot, "json"))?)
    }

    /// Moves a file, durably, unless the name is taken.
    pub(super) fn shift(&self, from: &Spot, to: &Spot) -> io::Result<Moved> {
        let moved = rename_new(&self.file(from), &self.file(to));
        match moved {
            Ok(()) => {
                sync_folder(&self.path(to.folder))?;
                sync_folder(&self.path(from.folder))?;
                Ok(Moved::Done)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Moved::Gone),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Moved::Taken),
            Err(error) => Err(error),
        }
    }
}

fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 16 => name.split_at(dot),
        Some(_) | None => (name, ""),
    }
}

fn clipped(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

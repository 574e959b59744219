//! The files that were handed in, newest first, as the reports beside them tell.

use std::{cmp::Reverse, fs, io, path::PathBuf, time::SystemTime};

use crate::{
    acts::handed::REPORT_BYTES_MAX,
    inbox::{Folder, Folders, Spot},
    report::Report,
};

/// What the name of a report for programs ends with.
const ENDING: &str = ".report.json";
/// The folders that hold reports.
const PLACES: [Folder; 4] = [
    Folder::Sent,
    Folder::Accepted,
    Folder::Returned,
    Folder::Refused,
];

/// The newest files with their reports, at most `limit`, and whether there are more.
pub(super) fn recent(folders: &Folders, limit: usize) -> io::Result<(Vec<(Spot, Report)>, bool)> {
    let mut known: Vec<(SystemTime, Spot, PathBuf)> = Vec::new();
    for folder in PLACES {
        let Ok(entries) = fs::read_dir(folders.path(folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let (Some(name), Ok(metadata)) = (name.strip_suffix(ENDING), entry.metadata()) else {
                continue;
            };
            if metadata.len() <= REPORT_BYTES_MAX {
                let at = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let name = name.to_owned();
                known.push((at, Spot { folder, name }, entry.path()));
            }
        }
    }
    known.sort_by_key(|(at, spot, _)| (Reverse(*at), spot.clone()));
    let is_cut = known.len() > limit;
    let read = |(_, spot, path): (SystemTime, Spot, PathBuf)| {
        let report = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some((spot, report))
    };
    Ok((
        known.into_iter().take(limit).filter_map(read).collect(),
        is_cut,
    ))
}

/// The report of one file. Folder and name are compared with what is there, never joined to a path.
pub(super) fn one(
    folders: &Folders,
    folder: &str,
    name: &str,
) -> io::Result<Option<(Spot, Report)>> {
    let Some(folder) = PLACES.into_iter().find(|place| place.name() == folder) else {
        return Ok(None);
    };
    for entry in fs::read_dir(folders.path(folder))? {
        let entry = entry?;
        let found = entry.file_name();
        let is_it = found.to_str().and_then(|n| n.strip_suffix(ENDING)) == Some(name);
        if !is_it || entry.metadata()?.len() > REPORT_BYTES_MAX {
            continue;
        }
        let report = serde_json::from_slice(&fs::read(entry.path())?).map_err(io::Error::other)?;
        let name = name.to_owned();
        return Ok(Some((Spot { folder, name }, report)));
    }
    Ok(None)
}

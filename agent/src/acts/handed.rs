//! What became of a file that was put into the inbox while an agent runs: found by the digest of its bytes in the reports beside the files.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    inbox::{Folder, Folders},
    report::Report,
};

/// Reports that were written longer ago are not looked at.
const RECENT: Duration = Duration::from_secs(24 * 3600);
/// No report of this program is longer; a longer file is somebody else's.
pub(crate) const REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The newest report on a file with this content that was written since `begun_ms`, and where the file is.
#[must_use]
pub fn find(folders: &Folders, sha256: &str, begun_ms: i64) -> Option<(PathBuf, Report)> {
    let places = [
        Folder::Accepted,
        Folder::Returned,
        Folder::Refused,
        Folder::Sent,
    ];
    let reports = places
        .iter()
        .flat_map(|folder| reports(&folders.path(*folder)));
    let ours = reports.filter(|(_, report)| {
        report.sha256.as_deref() == Some(sha256) && report.written_at_ms >= begun_ms
    });
    ours.max_by_key(|(_, report)| report.written_at_ms)
}

fn reports(folder: &Path) -> impl Iterator<Item = (PathBuf, Report)> + use<> {
    let read = |entry: fs::DirEntry| {
        let path = entry.path();
        let file = PathBuf::from(path.to_str()?.strip_suffix(".report.json")?);
        let metadata = entry.metadata().ok()?;
        let age = metadata.modified().ok()?.elapsed().unwrap_or_default();
        let is_read = age < RECENT && metadata.len() <= REPORT_BYTES_MAX;
        let report = is_read.then(|| fs::read(&path).ok())??;
        Some((file, serde_json::from_slice(&report).ok()?))
    };
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(read)
}

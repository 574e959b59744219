//! When a file in the inbox is whole.
//!
//! A file is whole when its size and time of change have stayed the same for the settle interval, when no program has a lock
//! file beside it, and when nobody holds it open for writing, where the system lets us see that. Names that office programs
//! and browsers use for what is unfinished never count.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    io,
    path::Path,
    time::UNIX_EPOCH,
};

/// What an entry of the inbox is to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A report to read.
    Report,
    /// Unfinished, hidden, or one of our own: passed over in silence.
    Ignored,
    /// Something else, for instance evidence: left where it is, and said once.
    Other,
}

/// Names of unfinished files end so.
const UNFINISHED: [&str; 5] = [".tmp", ".part", ".partial", ".crdownload", ".filepart"];
/// Names of reports end so. Workbooks are among them because the clerk must be told what to do with them.
const REPORTS: [&str; 8] = [
    ".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".ods", ".et",
];

/// What a name says.
pub(super) fn kind_of(name: &str) -> Kind {
    let lower = name.to_lowercase();
    let ends = |list: &[&str]| list.iter().any(|suffix| lower.ends_with(suffix));
    let ours = lower.ends_with(".report.txt") || lower.ends_with(".report.json");
    if lower.starts_with('.') || lower.starts_with("~$") || ours || ends(&UNFINISHED) {
        Kind::Ignored
    } else if ends(&REPORTS) {
        Kind::Report
    } else {
        Kind::Other
    }
}

/// Size and time of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    size: u64,
    changed_ns: u128,
}

impl Look {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let changed = metadata
            .modified()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            size: metadata.len(),
            changed_ns: changed.map_or(0, |d| d.as_nanos()),
        }
    }
}

/// What was seen of the files in the inbox. Lost at a restart, which only costs one settle interval.
#[derive(Debug, Default)]
pub(super) struct Watchlist {
    seen: BTreeMap<String, (Look, i64)>,
}

impl Watchlist {
    /// Notes how a file looks now; since when it has looked so, in milliseconds.
    pub(super) fn since(&mut self, name: &str, look: Look, now_ms: i64) -> i64 {
        let entry = self.seen.entry(name.to_owned()).or_insert((look, now_ms));
        // A clock that was set back would make a file wait for as long as it was wrong.
        if entry.0 != look || entry.1 > now_ms {
            *entry = (look, now_ms);
        }
        entry.1
    }

    /// Forgets files that are not among `names`, which is sorted.
    pub(super) fn keep(&mut self, names: &[String]) {
        self.seen
            .retain(|name, _| names.binary_search(name).is_ok());
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.seen.remove(name);
    }

    /// When the first of the files that still wait will have settled.
    pub(super) fn next_ms(&self, settle_ms: i64) -> Option<i64> {
        self.seen
            .values()
            .map(|(_, since)| since.saturating_add(settle_ms))
            .min()
    }
}

/// Whether some program has the file open: by a lock file of Excel or LibreOffice beside it, or by `/proc` on Linux.
pub(super) fn is_in_use(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
        return false;
    };
    let clipped: String = name.chars().skip(2).collect();
    // Excel writes `~$` over the first two letters of a long name, and before a short one.
    let locks = [
        format!("~${name}"),
        format!("~${clipped}"),
        format!(".~lock.{name}#"),
    ];
    locks.iter().any(|lock| path.with_file_name(lock).exists())
        || is_open_for_writing(path).unwrap_or(false)
}

/// Whether a process that we may look at holds the file open for writing. `None` where the system does not tell.
#[cfg(target_os = "linux")]
fn is_open_for_writing(path: &Path) -> Option<bool> {
    let path = fs::canonicalize(path).ok()?;
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Ok(handles) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        for handle in handles.flatten() {
            if fs::read_link(handle.path()).is_ok_and(|target| target == path)
                && writes(&process.path(), &handle.file_name())
            {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// The access mode stands in the last octal digit of `flags:`; 0 is read only.
#[cfg(target_os = "linux")]
fn writes(process: &Path, handle: &std::ffi::OsStr) -> bool {
    let info = fs::read_to_string(process.join("fdinfo").join(handle)).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|text| u64::from_str_radix(text.trim(), 8).ok());
    flags.is_some_and(|flags| flags & 3 != 0)
}

#[cfg(not(target_os = "linux"))]
fn is_open_for_writing(_path: &Path) -> Option<bool> {
    None
}

/// The names in a folder, sorted, with those that are no UTF-8 told apart.
pub(super) fn names_in(folder: &Path) -> io::Result<(Vec<String>, usize)> {
    let (mut names, mut unreadable) = (Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        match entry?.file_name().into_string() {
            Ok(name) => names.push(name),
            Err(_) => unreadable += 1,
        }
    }
    names.sort_unstable();
    Ok((names, unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_reports_from_the_rest() {
        for (name, kind) in [
            ("a.csv", Kind::Report),
            ("报表.CSV", Kind::Report),
            ("book.xlsx", Kind::Report),
            ("~$book.xlsx", Kind::Ignored),
            (".a.csv.swp", Kind::Ignored),
            ("a.csv.part", Kind::Ignored),
            ("a.csv.tmp", Kind::Ignored),
            ("a.csv.report.txt", Kind::Ignored),
            ("a.csv.report.json", Kind::Ignored),
            ("ledger.pdf", Kind::Other),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }

    #[test]
    fn an_open_file_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let writer = fs::File::create(&path).unwrap();
        assert_eq!(is_in_use(&path), cfg!(target_os = "linux"));
        drop(writer);
        assert!(!is_in_use(&path));
        fs::write(folder.path().join("~$port.csv"), "").unwrap();
        assert!(is_in_use(&path));
    }
}

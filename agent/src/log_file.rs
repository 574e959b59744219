//! The running agent's log on disk: `log/agent.log` in the state folder, and its predecessors `agent.log.1` (the newest) and so on.
//!
//! A line that would make the file longer than `log.bytes_max` begins a new one, and at most `log.files_max` are kept, so the log takes
//! at most the product of both. It is written beside the error stream, is not synced, and stops nothing: where the disk will not have it,
//! the line is only on the error stream, and the file is tried again with the next line.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::settings::LogSettings;

/// The file of the process; set once by `run`.
static FILE: OnceLock<Mutex<LogFile>> = OnceLock::new();

/// The log's file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    settings: LogSettings,
    open: Option<(File, u64)>,
}

/// Writes to the error stream, and to the process's log file once there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tee;

impl LogFile {
    /// The log under `state`; nothing is opened yet.
    #[must_use]
    pub fn under(state: &Path, settings: LogSettings) -> Self {
        Self {
            path: state.join("log").join("agent.log"),
            settings,
            open: None,
        }
    }

    /// Makes it the process's log file. A second one is left out.
    pub fn install(self) {
        if self.settings.files_max > 0 {
            let _ = FILE.set(Mutex::new(self));
        }
    }

    /// Appends one line.
    ///
    /// # Errors
    /// Those of the disk; the next line tries again.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self.try_append(line);
        if written.is_err() {
            self.open = None;
        }
        written
    }

    fn try_append(&mut self, line: &[u8]) -> io::Result<()> {
        let (file, length) = match self.open.take() {
            Some(open) => open,
            None => open(&self.path)?,
        };
        let grown = length.saturating_add(line.len() as u64);
        let (mut file, length) = if length > 0 && grown > self.settings.bytes_max {
            drop(file);
            self.rotate()?;
            open(&self.path)?
        } else {
            (file, length)
        };
        file.write_all(line)?;
        self.open = Some((file, length.saturating_add(line.len() as u64)));
        Ok(())
    }

    /// Moves each file one place on; the one beyond the last is written over.
    fn rotate(&self) -> io::Result<()> {
        let place = |number: u64| match number {
            0 => self.path.clone(),
            number => self.path.with_extension(format!("log.{number}")),
        };
        if self.settings.files_max == 1 {
            return fs::remove_file(&self.path);
        }
        for number in (0..self.settings.files_max.saturating_sub(1)).rev() {
            match fs::rename(place(number), place(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    fs::create_dir_all(crate::durable::folder_of(path))?;
    let file = File::options().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

impl Write for Tee {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = io::stderr().write_all(line);
        if let Some(file) = FILE.get() {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // What the disk will not have is on the error stream.
            let _ = file.append(line);
        }
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn files(state: &Path) -> Vec<(String, u64)> {
        let mut files: Vec<_> = fs::read_dir(state.join("log"))
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, entry.metadata().unwrap().len())
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn the_newest_lines_are_kept_in_order_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let settings = LogSettings {
            bytes_max: 20,
            files_max: 3,
        };
        for number in 0..10 {
            // Each by a new process: what stands there is continued.
            let mut log = LogFile::under(folder.path(), settings);
            log.append(format!("line {number:03}\n").as_bytes())
                .unwrap();
        }
        let text = |name: &str| fs::read_to_string(folder.path().join("log").join(name)).unwrap();
        assert_eq!(text("agent.log"), "line 008\nline 009\n");
        assert_eq!(text("agent.log.1"), "line 006\nline 007\n");
        assert_eq!(text("agent.log.2"), "line 004\nline 005\n");
        assert_eq!(files(folder.path()).len(), 3);
    }

    #[test]
    fn a_disk_that_will_not_have_it_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log"), "in the way").unwrap();
        let settings = LogSettings::default();
        let mut log = LogFile::under(folder.path(), settings);
        assert!(log.append(b"lost\n").is_err());
        fs::remove_file(folder.path().join("log")).unwrap();
        log.append(b"kept\n").unwrap();
        assert_eq!(files(folder.path()), [("agent.log".to_owned(), 5)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_file_is_longer_than_allowed_unless_by_one_line_and_their_number_is_bounded(
            lines in prop::collection::vec(1_usize..40, 1..60), bytes_max in 1_u64..60, files_max in 1_u64..4
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut log = LogFile::under(folder.path(), LogSettings { bytes_max, files_max });
            for length in &lines {
                log.append(&vec![b'x'; *length]).unwrap();
            }
            let files = files(folder.path());
            prop_assert!(files.len() as u64 <= files_max);
            let longest = lines.iter().max().copied().unwrap_or(0) as u64;
            for (_, length) in files {
                prop_assert!(length <= bytes_max.max(longest));
            }
        }
    }
}

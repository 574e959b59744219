//! What all parts share: where things are, and figures that more than one part is set beside.

use std::{
    cell::OnceCell,
    env,
    error::Error,
    path::{Path, PathBuf},
    time::SystemTime,
};

use tempfile::TempDir;

use crate::{
    parts::limits::{self, Limits},
    programs::{self, Programs},
};

/// A result whose error is a sentence for the person who runs the benchmark.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// One run.
pub(crate) struct Context {
    target: PathBuf,
    started_at: String,
    named_programs: Option<PathBuf>,
    replay_entries: usize,
    programs: OnceCell<Programs>,
    limits: OnceCell<Limits>,
}

impl Context {
    pub(crate) fn new(named_programs: Option<PathBuf>, replay_entries: usize) -> Outcome<Self> {
        let own = env::current_exe()?;
        // <target>/<profile>/granary-bench
        let target = own
            .ancestors()
            .nth(2)
            .ok_or("this program is in no target folder")?;
        let now: jiff::Timestamp = SystemTime::now().try_into()?;
        Ok(Self {
            target: target.to_path_buf(),
            started_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            named_programs,
            replay_entries,
            programs: OnceCell::new(),
            limits: OnceCell::new(),
        })
    }

    /// The target folder that this program was built into.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Entries of the journal that is replayed.
    pub(crate) const fn replay_entries(&self) -> usize {
        self.replay_entries
    }

    /// When the run began.
    pub(crate) fn started_at(&self) -> &str {
        &self.started_at
    }

    /// A new folder on the file system of the target folder, gone when it is dropped.
    pub(crate) fn folder(&self) -> Outcome<TempDir> {
        Ok(tempfile::Builder::new()
            .prefix("granary-bench-")
            .tempdir_in(&self.target)?)
    }

    /// The programs to measure, built where no folder with them was named.
    pub(crate) fn programs(&self) -> Outcome<&Programs> {
        if let Some(programs) = self.programs.get() {
            return Ok(programs);
        }
        let programs = programs::find(self.named_programs.as_deref())?;
        Ok(self.programs.get_or_init(|| programs))
    }

    /// What this machine allows, measured once a run.
    pub(crate) fn limits(&self) -> Outcome<&Limits> {
        if let Some(limits) = self.limits.get() {
            return Ok(limits);
        }
        let limits = limits::measure(self)?;
        Ok(self.limits.get_or_init(|| limits))
    }
}

/// Tells how far the run is.
#[expect(clippy::print_stderr, reason = "progress of a command-line program")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

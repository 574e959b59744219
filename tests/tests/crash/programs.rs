//! Processes: they are started with nothing of this environment, log into a file, and never outlive the test.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::Instant,
};

use crate::dice::patience;

/// How often a condition is looked at that nothing tells of.
const LOOK_INTERVAL: std::time::Duration = std::time::Duration::from_millis(10);
/// Lines of a log that are shown where a test fails.
const LOG_LINES: usize = 40;

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    reader: Option<JoinHandle<()>>,
}

/// A folder for one test. Where the test fails it shows the end of every `.log` file in it.
pub(crate) struct Workshop {
    folder: tempfile::TempDir,
}

impl Process {
    /// Starts a program of this project; everything that it says goes to `log`, and its output line by line to `said`.
    pub(crate) fn start(
        mut command: Command,
        log: &Path,
        said: impl Fn(&str) + Send + 'static,
    ) -> Self {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .for_each(|line| said(&line))
        });
        Self {
            child,
            reader: Some(reader),
        }
    }

    /// SIGKILL. When it returns the process is gone and nothing that it said is still on its way.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// As [`Self::kill`]; once it is gone, nothing.
    pub(crate) fn end(&mut self) {
        // It may have ended by itself, which is the caller's business to notice.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("granary-crash-")
                .tempdir()
                .unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for entry in std::fs::read_dir(self.path()).unwrap().flatten() {
            if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "log")
            {
                eprintln!("== the end of {}", entry.path().display());
                eprintln!("{}", tail(&entry.path()));
            }
        }
    }
}

/// A command that starts a program of this project, in English and without any of this process's settings.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    command
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "TMPDIR" || name == "HOME"));
    command
        .env("LANG", "en_GB.UTF-8")
        .env("RUST_BACKTRACE", "1");
    command
}

/// Runs a command to its end and gives what it printed. A status other than 0 fails the test.
pub(crate) fn run(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{said}{complained}",
        output.status
    );
    said.into_owned()
}

/// Waits until `holds`; where it does not within [`patience`], fails with `what`.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience();
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "{what}: not within {} s",
            patience().as_secs()
        );
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// The programs stand above the test in the target folder of the same profile.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let found = test
        .ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not built: run `cargo build --workspace --bins`, as `make test` does")
    })
}

fn tail(log: &Path) -> String {
    let lines: Vec<String> = BufReader::new(File::open(log).unwrap())
        .lines()
        .map_while(Result::ok)
        .collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

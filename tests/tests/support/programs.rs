//! The programs as their users start them, and the demo's catalogue, for tests that found a city of real processes.
//!
//! Such tests include this file by its path.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The demo's catalogue as it is before the demo changes it.
pub(crate) fn copy_catalogue(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for entry in fs::read_dir(demo().join("catalogue")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if name != "later.toml" {
            fs::copy(&path, folder.join(name)).unwrap();
        }
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The demo's folder.
pub(crate) fn demo() -> PathBuf {
    repository().join("deploy/demo")
}

/// The folder with the programs: above the test in the target folder of the same profile.
pub(crate) fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let found = test
        .ancestors()
        .find(|folder| folder.join("granary-audit").is_file());
    let found = found.expect("build the programs first: `cargo build --workspace --bins`");
    found.to_owned()
}

/// A program of this project, in English and without any of this process's settings.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    let kept =
        |name: &std::ffi::OsString| ["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == kept);
    command
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| kept(name)))
        .env("LANG", "en_GB.UTF-8")
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end and gives what it printed. A status other than 0 fails the test.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{said}{complained}",
        output.status
    );
    said
}

//! Programs from PyPI, each set in a virtual environment of its own under the target folder, which is kept.
//!
//! Where there is no `python3`, or PyPI is out of reach, that is said loudly and nothing is checked.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The interpreter of an environment with these requirements; none where that cannot be had. `what` is then not checked.
pub(crate) fn python(name: &str, requirements: &[&str], what: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = root.join(name);
    // One process makes it, the others wait; the lock goes with the file.
    let lock = File::create(root.join(format!("{name}.lock"))).ok()?;
    lock.lock().ok()?;
    if !ready.exists() {
        // Made aside and renamed, so that what is there is whole.
        let aside = root.join(format!("{name}-{}", std::process::id()));
        if let Err(reason) = install(&aside, requirements) {
            not_checked(what, &reason);
            let _ = fs::remove_dir_all(&aside);
            return None;
        }
        if fs::rename(&aside, &ready).is_err() {
            let _ = fs::remove_dir_all(&aside);
        }
    }
    Some(ready.join("bin/python3"))
}

fn install(folder: &Path, requirements: &[&str]) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    said(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let options = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries",
        "1",
        "--timeout",
        "15",
    ];
    let mut pip = Command::new(folder.join("bin/python3"));
    said(pip.args(options).args(requirements)).map(drop)
}

fn said(command: &mut Command) -> Result<Output, String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// Straight to standard error: what a passing test prints is not shown.
fn not_checked(what: &str, reason: &str) {
    let last = reason.trim().lines().last().unwrap_or_default();
    let line = format!("\n*** NOT CHECKED: {what}: {last} ***\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

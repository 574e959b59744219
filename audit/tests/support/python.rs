//! Virtual environments with packages from PyPI, made under the target folder once and kept.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The interpreter of an environment with these packages in it; none where that cannot be had, which is said loudly with `what`
/// was not checked. `name` must change when the packages do.
pub(crate) fn environment(name: &str, packages: &[&str], what: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = root.join(name);
    if !ready.exists() {
        // Made aside and renamed, so that what is there is whole; another process may be faster.
        let aside = root.join(format!("{name}-{}", std::process::id()));
        if let Err(reason) = install(&aside, packages) {
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

fn install(folder: &Path, packages: &[&str]) -> Result<(), String> {
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
    said(pip.args(options).args(packages)).map(drop)
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

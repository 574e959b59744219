//! Packages from npm, each set in a folder of its own under the target folder, which is kept; nothing of them is committed.
//!
//! Where there is no `npm`, or its registry is out of reach, that is said loudly and nothing is checked. The console's tests in the aggregator
//! include this file by its path.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::Command,
};

/// The folder of a package in this version, where that can be had. `what` is else not checked.
pub(crate) fn package(name: &str, version: &str, what: &str) -> Option<PathBuf> {
    // A test program lies in `target/PROFILE/deps`; a program's own tests are told no folder for what they keep.
    let root = std::env::current_exe().ok()?;
    let root = root.parent()?.parent()?.parent()?.join("tmp");
    fs::create_dir_all(&root).ok()?;
    let ready = root.join(format!("npm-{name}-{version}"));
    // One process makes it, the others wait; the lock goes with the file.
    let lock = File::create(ready.with_extension("lock")).ok()?;
    lock.lock().ok()?;
    if !ready.exists() {
        // Made aside and renamed, so that what is there is whole.
        let aside = root.join(format!("npm-{name}-{}", std::process::id()));
        if let Err(reason) = install(&aside, &format!("{name}@{version}")) {
            let last = reason.trim().lines().last().unwrap_or_default();
            let line = format!("\n*** NOT CHECKED: {what}: {last} ***\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            let _ = fs::remove_dir_all(&aside);
            return None;
        }
        if fs::rename(&aside, &ready).is_err() {
            let _ = fs::remove_dir_all(&aside);
        }
    }
    Some(ready.join("node_modules").join(name))
}

fn install(folder: &PathBuf, package: &str) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args([
            "--fetch-retries",
            "1",
            "--fetch-timeout",
            "15000",
            "--prefix",
        ])
        .args([folder.as_os_str(), package.as_ref()]);
    match npm.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("npm: {error}")),
    }
}

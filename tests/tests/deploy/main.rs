//! What is in `deploy/` for whoever runs a city: alert rules, dashboard, units and package name only what there is, every alert
//! has a section that says what to do, and a real Prometheus scrapes a real city.
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod names;
mod prometheus;
mod units;

use std::path::{Path, PathBuf};

/// A file of the repository.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

/// Whether a program is on this machine; says so loudly where it is not.
fn has(program: &str) -> bool {
    let found = std::process::Command::new(program)
        .arg("--version")
        .output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!(
            "SKIPPED: {program} is not on this machine (Debian: apt install prometheus, systemd)"
        );
    }
    found
}

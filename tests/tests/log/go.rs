//! The oracle in Go, built from the packages of the system; skipped loudly where Go or its packages are not there.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian and Ubuntu put the sources of `golang-golang-x-mod-dev`.
const PACKAGES: &str = "/usr/share/gocode";

/// The oracle's program; none where it cannot be built, which is said loudly.
pub(crate) fn oracle() -> Option<PathBuf> {
    let packages = Path::new(PACKAGES);
    if !packages.join("src/golang.org/x/mod/sumdb/tlog").exists() {
        return not_checked("golang-golang-x-mod-dev is not installed");
    }
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = root.join(format!("log-oracle-{}", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/log/oracle.go");
    // Without modules, nothing is looked up on the network.
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &source])
        .env("GO111MODULE", "off")
        .env("GOPATH", packages)
        .env("GOFLAGS", "")
        .env("GOCACHE", root.join("go-cache"))
        .output();
    match built {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => not_checked(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => not_checked(&format!("go: {error}")),
    }
}

/// Runs the oracle; whether everything holds, and what it says.
pub(crate) fn run(oracle: &Path, url: &str, key: &str, earlier: &[u8]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("earlier.checkpoint");
    fs::write(&file, earlier).unwrap();
    let output = Command::new(oracle)
        .args([url, key])
        .arg(&file)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

/// Straight to standard error: what a passing test prints is not shown.
fn not_checked(reason: &str) -> Option<PathBuf> {
    let last = reason.trim().lines().last().unwrap_or_default();
    let line = format!(
        "\n*** NOT CHECKED: the log against Go's sumdb client: {last}; install golang-go and golang-golang-x-mod-dev ***\n"
    );
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}

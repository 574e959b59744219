//! `vtlengine` in a virtual environment of its own.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
};

use granary_audit::rules::VTLENGINE_VERSION;

/// The interpreter of an environment with `vtlengine` in it; none where that cannot be had, which is said loudly.
pub(crate) fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = root.join(format!("vtlengine-{VTLENGINE_VERSION}"));
    if !ready.exists() {
        // Made aside and renamed, so that what is there is whole; another process may be faster.
        let aside = root.join(format!("vtlengine-{}", std::process::id()));
        if let Err(reason) = install(&aside) {
            not_checked(&reason);
            let _ = fs::remove_dir_all(&aside);
            return None;
        }
        if fs::rename(&aside, &ready).is_err() {
            let _ = fs::remove_dir_all(&aside);
        }
    }
    Some(ready.join("bin/python3"))
}

fn install(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    said(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let requirement = format!("vtlengine=={VTLENGINE_VERSION}");
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
    said(pip.args(options).arg(requirement)).map(drop)
}

fn said(command: &mut Command) -> Result<Output, String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// Straight to standard error: what a passing test prints is not shown.
fn not_checked(reason: &str) {
    let last = reason.trim().lines().last().unwrap_or_default();
    let line = format!(
        "\n*** NOT CHECKED: the exported VTL against vtlengine {VTLENGINE_VERSION}: {last} ***\n"
    );
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Runs the export's own comparison; whether all verdicts are equal, and what it says.
pub(crate) fn run(python: &Path, export: &Path, engine: &str) -> (bool, String) {
    let output = Command::new(python)
        .arg(export.join("run.py"))
        .args(["--engine", engine])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

/// Both of its engines give the same verdicts as Granary, on at least so many of them.
#[track_caller]
pub(crate) fn agrees(python: &Path, export: &Path, least: u32) {
    let answers = thread::scope(|scope| {
        let engines = ["pandas", "duckdb"];
        let runs = engines.map(|engine| (engine, scope.spawn(move || run(python, export, engine))));
        runs.map(|(engine, answer)| (engine, answer.join().unwrap()))
    });
    for (engine, (agrees, said)) in answers {
        let last: Vec<&str> = said.lines().rev().take(60).collect();
        let shown = last.join("\n");
        assert!(agrees, "{engine} in {}:\n{shown}", export.display());
        let judged: u32 = said.split_whitespace().next().unwrap().parse().unwrap();
        assert!(judged >= least, "{said}");
    }
}

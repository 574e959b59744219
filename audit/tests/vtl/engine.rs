//! `vtlengine` in a virtual environment of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use granary_audit::rules::VTLENGINE_VERSION;

use crate::python::environment;

/// The interpreter of an environment with `vtlengine` in it; none where that cannot be had, which is said loudly.
pub(crate) fn python() -> Option<PathBuf> {
    let name = format!("vtlengine-{VTLENGINE_VERSION}");
    let requirement = format!("vtlengine=={VTLENGINE_VERSION}");
    let what = format!("the exported VTL against vtlengine {VTLENGINE_VERSION}");
    environment(&name, &[&requirement], &what)
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

//! The exported edits in PyPI's `vtlengine`: the same verdicts and imbalances as Granary's, on the demo's published figures and
//! on random ones.
//!
//! The environment is made under the target folder and kept. Where there is no `python3`, or PyPI is out of reach, the test
//! says so and passes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "vtl/engine.rs"]
mod engine;
#[path = "support/python.rs"]
mod python;
#[path = "vtl/published.rs"]
mod published;
#[path = "vtl/random.rs"]
mod random;

use std::{fs, path::Path};

use granary_audit::cli::respond;

use self::published::demo;

/// Runs `rules export` and gives what it says.
fn export(catalogue: &Path, data: &Path, out: &Path) -> String {
    let path = |path: &Path| path.as_os_str().to_owned();
    let mut args = ["granary-audit", "--lang", "en", "rules", "export", "--vtl"]
        .map(Into::into)
        .to_vec();
    args.extend([
        path(catalogue),
        "--data".into(),
        path(data),
        "-o".into(),
        path(out),
    ]);
    let response = respond(args, &|_| None);
    assert_eq!((response.code, response.error.as_str()), (0, ""));
    response.output
}

#[test]
fn the_demos_edits_are_written_in_vtl() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let said = export(
        &demo().join("catalogue"),
        &published::figures(folder.path()),
        &out,
    );
    assert!(!said.contains("not exported"), "{said}");
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    insta::assert_snapshot!("demo_rulesets", read("rulesets.vtl"));
    insta::assert_snapshot!("demo_transformations", read("transformations.vtl"));
    // Into a folder that holds something, nothing is written.
    let args = ["granary-audit", "rules", "export", "--vtl"]
        .map(Into::into)
        .to_vec();
    let more = [demo().join("catalogue").into(), "-o".into(), out.into()];
    assert_eq!(respond([args, more.to_vec()].concat(), &|_| None).code, 2);
}

#[test]
fn vtlengine_gives_the_same_verdicts() {
    let Some(python) = engine::python() else {
        return;
    };
    // Left in place, so that whoever sees a difference can look into it.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vtl");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let real = folder.join("demo");
    export(
        &demo().join("catalogue"),
        &published::figures(&folder),
        &real,
    );
    engine::agrees(&python, &real, 100);

    let (catalogue, data) = random::city(&folder, 1);
    let out = folder.join("random");
    let said = export(&catalogue, &data, &out);
    assert!(!said.contains("not exported"), "{said}");
    engine::agrees(&python, &out, 5_000);

    // The comparison sees a verdict that differs.
    let path = real.join("granary-verdicts.csv");
    let verdicts = fs::read_to_string(&path).unwrap();
    fs::write(&path, verdicts.replacen(",false,", ",true,", 1)).unwrap();
    let (agrees, said) = engine::run(&python, &real, "pandas");
    assert!(!agrees && said.contains(": 1 differ"), "{said}");
}

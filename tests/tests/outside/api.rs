//! `docs/API.md` typed in beside a running city; and an SDMX client that was not made for it (pysdmx) reads figures over SDMX REST.

use std::{fs, process::Command};

use granary_core::digest::Digest;

use crate::{
    city::{City, program, repository, run},
    page::{can_walk, walk},
    venv,
};

const NAME: &str = "docs/API.md";
const PAGE: &str = include_str!("../../../docs/API.md");
/// The readers of the auditor's files, in an environment that both tests share.
const PACKAGES: [&str; 3] = [
    "pyarrow==25.0.1",
    "duckdb==2.0.1",
    "pysdmx[data,json]==1.21.0",
];

#[test]
fn the_pages_requests_hold() {
    if !can_walk(NAME, &["curl", "python3"]) {
        return;
    }
    let city = City::founded("api.example/log");
    city.report("520100");
    let receipts = city.report("621100");
    assert!(fs::read_dir(receipts).unwrap().next().is_some());
    let work = city.path("work");
    fs::create_dir(&work).unwrap();
    let data = city.path("city").display().to_string();
    let api = city.api_url();
    let blocks = walk(NAME, PAGE, &work, &[("API", &api), ("DATA", &data)]);
    assert_eq!(blocks, 7);
}

/// Structures and data over SDMX REST, as pysdmx asks for them, are those of the auditor's files.
#[test]
fn an_sdmx_client_reads_what_the_auditors_files_hold() {
    let what = "pysdmx against the city's SDMX REST";
    let Some(python) = venv::python("table-readers-1", &PACKAGES, what) else {
        return;
    };
    let city = City::founded("sdmx.example/log");
    city.report("621100");
    let auditor = city.path("auditor");
    city.admit_auditor(&auditor);
    let (csv, structure) = (city.path("series.sdmx.csv"), city.path("structure.json"));
    for (task, out) in [("tables", &csv), ("structure", &structure)] {
        let mut audit = program("granary-audit");
        audit.arg(task).arg("-o").arg(out);
        if task == "tables" {
            audit.args(["--what", "series", "--dataset", "annual-accounts"]);
        }
        run(audit
            .args(["--server", &city.url(), "--identity"])
            .arg(&auditor));
    }
    let data = city.path("city").display().to_string();
    let mut make = program("granary-aggregator");
    make.args(["people", "token", "make", "--data", &data, "--name", "sdmx"]);
    let said = run(make.args(["--scope", "read:figures"]));
    let secret = said.lines().find(|line| line.starts_with("granary_"));
    let mut client = Command::new(python);
    // It writes files where it stands.
    client
        .current_dir(city.path("."))
        .arg("-B")
        .arg(repository().join("tests/tests/outside/python/sdmx_client.py"))
        .args(["--api", &city.api_url(), "--token", secret.unwrap()])
        .args(["--dataset", "annual-accounts", "--csv"])
        .arg(&csv)
        .arg("--structure")
        .arg(&structure);
    let said = run(&mut client);
    assert!(said.ends_with("ok: everything held\n"), "{said}");
    // The reading stands in the access log under the digest of the token's secret.
    let log = fs::read_to_string(city.path("city/access/log")).unwrap();
    let digest = Digest::of(secret.unwrap().as_bytes()).to_string();
    assert!(log.contains("token:sdmx") && log.contains(&digest), "{log}");
}

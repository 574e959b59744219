//! An agent in Python (`python/*.py`) that was written from `docs/PROTOCOL.md` alone.
//!
//! The environment is made under the target folder and kept. Where there is no `python3`, or PyPI is out of reach, the test
//! says so and passes.

use std::{fs, process::Command};

use crate::{
    city::{City, program, repository, run},
    venv,
};

/// From PyPI. The environment's name has the versions, so that other ones are another environment.
const PACKAGES: [&str; 3] = [
    "grpcio==1.85.3",
    "grpcio-tools==1.85.1",
    "cryptography==50.0.2",
];

#[test]
fn an_agent_made_from_the_protocols_page_alone_reports() {
    let what = "an agent in Python against the aggregator";
    let name = "python-agent-1.85.3-1.85.1-50.0.2";
    let Some(python) = venv::python(name, &PACKAGES, what) else {
        return;
    };
    let city = City::founded("python.example/log");
    let out = city.path("out");
    fs::create_dir(&out).unwrap();
    // Without -B it would leave compiled files in the repository.
    let mut agent = Command::new(python);
    agent
        .arg("-B")
        .arg(repository().join("tests/tests/outside/python/scenario.py"))
        .arg("--page")
        .arg(repository().join("docs/PROTOCOL.md"))
        .arg("--proto")
        .arg(repository().join("proto"))
        .args(["--server", &city.address(), "--unit", "621100"])
        .args(["--token", &city.token("621100"), "--out"])
        .arg(&out);
    let said = run(&mut agent);
    assert!(said.ends_with("ok: everything held\n"), "{said}");

    // The receipts that Python wrote down are receipts to the auditor's program, with their payloads.
    let mut count = 0;
    for entry in fs::read_dir(&out).unwrap() {
        let receipt = entry.unwrap().path();
        if receipt.extension().is_some_and(|end| end == "tlog-proof") {
            let mut verify = program("granary-audit");
            verify.arg("verify").arg(&receipt).arg("--log-key");
            verify.arg(city.log_key()).arg("--payload");
            run(verify.arg(receipt.with_extension("snapshot")));
            count += 1;
        }
    }
    assert_eq!(count, 3);
}

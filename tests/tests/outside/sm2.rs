//! A city whose operator signs with SM2 (国密), by the programs alone: what the operator does is taken, and the auditor's replay holds.

use crate::city::{City, program, run};

#[test]
fn an_operator_with_an_sm2_key_founds_a_city_that_an_auditor_replays() {
    let city = City::founded_by("sm2.example/log", "sm2");
    city.report("520100");
    let auditor = city.path("auditor");
    city.admit_auditor(&auditor);
    let file = city.path("city.granary");
    let mut export = program("granary-audit");
    export.args(["export", "--server", &city.url(), "--identity"]);
    run(export.arg(&auditor).arg("-o").arg(&file));
    let mut replay = program("granary-audit");
    replay.arg("replay").arg(&file).arg("--log-key");
    let said = run(replay.arg(city.log_key()));
    assert!(said.contains("The journal holds"), "{said}");
    assert!(said.contains("snapshots: 1\n"), "{said}");

    // The auditor's program signs with the operator's key too, of whatever suite it is.
    let operator = city.path("city/operator");
    let mut announce = program("granary-audit");
    announce.args([
        "sample",
        "announce",
        "--server",
        &city.url(),
        "--title",
        "t",
    ]);
    announce.args(["--dataset", "quarterly-accounts", "--period", "2021-Q3"]);
    announce.args(["--size", "1", "--seal-size", "1000", "--agreed", "3"]);
    announce.arg("--identity").arg(&operator);
    let said = run(announce.arg("--sign").arg(operator.join("operator.key")));
    assert!(said.contains("it is in the journal, entry"), "{said}");
}

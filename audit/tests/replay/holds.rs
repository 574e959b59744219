//! An honest journal holds: the state comes out as the city folded it, in memory and on disk, and every figure is counted.

use granary_audit::{
    cli::{Response, respond},
    replay::{Options, Outcomes},
};
use granary_core::ledger::View as _;

use crate::journal::{LOG, ORIGIN, archive, end, file, history, records, replay_with, verifier};

fn ask(args: &[&str]) -> Response {
    let args = ["granary-audit"].iter().chain(args);
    respond(args.map(Into::into).collect(), &|_| None)
}

#[test]
fn the_state_is_the_citys_in_memory_and_on_disk() {
    let city = history();
    let records = records(&city);
    let bytes = archive(&records, &end(&records));
    for memory_bytes_max in [usize::MAX, 1_000, 0] {
        let options = Options {
            log_key: Some(verifier(LOG, ORIGIN)),
            memory_bytes_max,
            ..Options::default()
        };
        let replayed = replay_with(&bytes, &options).unwrap();
        assert_eq!(replayed.state_digest().unwrap(), city.digest());
        assert_eq!(replayed.applied(), records.len() as u64);
        let tally = &replayed.tally;
        let outcomes = Outcomes {
            accepted: 5,
            returned: 1,
            superseded: 1,
        };
        assert_eq!(tally.outcomes, outcomes);
        assert_eq!((tally.snapshots, tally.acts), (7, 14));
        assert_eq!(tally.observations, 28);
        assert_eq!(tally.catalogues.len(), 2);
        assert_eq!(tally.catalogues[1].outcomes.accepted, 1);
        for (index, (_, payload)) in records.iter().enumerate() {
            let index = granary_core::ledger::LogIndex(index as u64);
            let found = replayed.view().payload(index).unwrap();
            assert_eq!(found.as_ref(), Some(payload));
        }
    }
}

/// What no two runs share is taken out.
fn steady(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("took:") && !line.starts_with("用时:"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_screen_tells_what_was_checked_and_counted() {
    let records = records(&history());
    let file = file(&archive(&records, &end(&records)));
    let path = file.path().to_str().unwrap();
    let key = verifier(LOG, ORIGIN).to_string();
    for language in ["zh", "en"] {
        let said = ask(&["replay", path, "--log-key", &key, "--lang", language]);
        assert_eq!((said.code, said.error.as_str()), (0, ""));
        insta::assert_snapshot!(format!("replay_{language}"), steady(&said.output));
    }
    let unkeyed = ask(&["replay", path, "--lang", "en"]).output;
    assert!(unkeyed.contains("taken from the file itself"), "{unkeyed}");
    let json = ask(&["replay", path, "--json"]).output;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&value["holds"], &value["entries"]),
        (&true.into(), &21.into())
    );
    assert_eq!(value["log_key_given"], false);
}

#[test]
fn a_digest_from_elsewhere_is_compared() {
    let city = history();
    let records = records(&city);
    let file = file(&archive(&records, &end(&records)));
    let path = file.path().to_str().unwrap();
    let right = city.digest().to_string();
    let said = ask(&["replay", path, "--state-digest", &right, "--lang", "en"]);
    assert!(
        said.code == 0 && said.output.contains("(as given)"),
        "{said:?}"
    );
    let said = ask(&[
        "replay",
        path,
        "--state-digest",
        &"0".repeat(64),
        "--lang",
        "en",
    ]);
    assert!(
        said.code == 1 && said.output.contains("state digest"),
        "{said:?}"
    );
}

#[test]
fn a_file_that_is_not_there_is_no_verdict() {
    let said = ask(&["replay", "/nowhere/at/all", "--lang", "en"]);
    assert_eq!(said.code, 2, "{said:?}");
}

#[test]
fn tables_come_from_a_file_as_from_a_city() {
    let records = records(&history());
    let file = file(&archive(&records, &end(&records)));
    let path = file.path().to_str().unwrap();
    let asked = |args: &[&str]| {
        let said = ask(&[args, &["--export", path, "--lang", "en", "--width", "200"]].concat());
        assert_eq!((said.code, said.error.as_str()), (0, ""));
        said.output
    };
    insta::assert_snapshot!(
        "file_completeness",
        asked(&["completeness", "--by", "unit"])
    );
    insta::assert_snapshot!("file_slots", asked(&["slots", "--period", "2021-Q2"]));
    insta::assert_snapshot!("file_findings", asked(&["findings"]));
    let series = [
        "series",
        "--unit",
        "520100",
        "--dataset",
        "quarterly-accounts",
    ];
    let series = [&series[..], &["--indicator", "gdp"]].concat();
    insta::assert_snapshot!("file_series", asked(&series));
    insta::assert_snapshot!(
        "file_vintages",
        asked(&[&series[..], &["--vintages"]].concat())
    );
    let early = [&series[..], &["--as-of", "2021-07-02T00:00:00+08:00"]].concat();
    insta::assert_snapshot!("file_series_before_a_revision", asked(&early));
    let cut = asked(&["slots", "--limit", "1"]);
    assert!(cut.contains("Only the first 1 rows"), "{cut}");
}

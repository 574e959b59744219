//! From a city's server to an auditor's verdict: the journal is downloaded, broken off, gone on with, replayed to the same
//! state digest, and asked the same questions as the server, with the same answers; and the data folder itself is checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod city;
mod fsck;
#[path = "../support/city.rs"]
mod support;

use std::fs;

use granary_aggregator::pipeline::Handle;
use granary_audit::cli::Response;

use city::{City, REVISIONS, revenue, run, take};

/// What names the moment of the question is taken out.
fn steady(text: &str) -> String {
    let is_steady = |line: &&str| !line.starts_with("as of:") && !line.contains("\"as_of_ms\"");
    let lines = text.lines().filter(is_steady);
    lines.map(|line| format!("{line}\n")).collect()
}

fn holds(said: &Response) {
    assert_eq!((said.code, said.error.as_str()), (0, ""), "{}", said.output);
}

/// What is asked of both.
fn questions() -> Vec<Vec<String>> {
    let instant = ["--as-of", "2030-01-01T00:00:00+08:00"];
    let early = ["--as-of", "2022-01-01T00:00:00+08:00"];
    let now = jiff::Timestamp::now().to_string();
    let now = ["--as-of", now.as_str()];
    let table = ["--scorecard", "prefectures", "--period", "2022-Q1"];
    let curve = ["--dataset", "monthly-revenue", "--period", "2021-M12"];
    let series = ["series", "--unit", "520100", "--dataset", "monthly-revenue"];
    let series = [&series[..], &["--indicator", "revenue"]].concat();
    let questions: [Vec<&str>; 17] = [
        [&["completeness", "--by", "unit"][..], &instant].concat(),
        [&["completeness", "--by", "dataset-period"][..], &early].concat(),
        [
            &[
                "slots",
                "--unit",
                "520100,520300",
                "--period",
                "2021-Q2,2022-M03",
            ][..],
            &instant,
        ]
        .concat(),
        [
            &["slots", "--state", "missing", "--limit", "7"][..],
            &instant,
        ]
        .concat(),
        vec!["findings"],
        vec!["findings", "--status", "open", "--unit", "520300"],
        [&series[..], &instant].concat(),
        [&series[..], &["--vintages"], &instant].concat(),
        [&["measures", "--by", "unit"][..], &now].concat(),
        [
            &["measures", "--by", "department", "--under", "520000"][..],
            &now,
        ]
        .concat(),
        [&["league"][..], &table, &now].concat(),
        [&["explain", "--unit", "520100"][..], &table, &now].concat(),
        [&["targets", "--year", "2022"][..], &now].concat(),
        [&["risk", "--overdue", "--limit", "50"][..], &early].concat(),
        [&["arrivals"][..], &curve, &early].concat(),
        [&["calibrate"][..], &now].concat(),
        vec!["calendar", "--year", "2022", "--unit", "520100"],
    ];
    let owned = |question: Vec<&str>| question.into_iter().map(str::to_owned).collect();
    questions.into_iter().map(owned).collect()
}

#[test]
fn a_file_gives_the_servers_state_and_the_servers_answers() {
    let mut city = City::founded();
    let digest = city.digest().to_string();
    city.start();
    holds(&city.export(&[]));
    holds(&city.replay(&["--state-digest", &digest]));
    let file = city.path("city.granary").display().to_string();
    for question in questions() {
        let question: Vec<&str> = question.iter().map(String::as_str).collect();
        for form in [&["--lang", "en"][..], &["--lang", "zh"], &["--json"]] {
            let question = [&question[..], form].concat();
            let online = city.ask(&question);
            let offline = run(&[&question[..], &["--export", &file]].concat());
            holds(&online);
            holds(&offline);
            let strip = |text: &str| steady(text).replace("时点", "as of");
            let (a, b) = (strip(&online.output), strip(&offline.output));
            assert_eq!(steady(&a), steady(&b), "{question:?}");
        }
    }
}

#[test]
fn a_download_that_broke_off_goes_on_and_a_file_is_not_written_over() {
    let mut city = City::founded();
    city.start();
    holds(&city.export(&[]));
    let (file, part) = (city.path("city.granary"), city.path("city.granary.part"));
    let whole = fs::read(&file).unwrap();
    let exists = city.export(&[]);
    assert!(
        exists.code == 2 && exists.error.contains("--force"),
        "{exists:?}"
    );
    holds(&city.export(&["--force"]));
    assert_eq!(fs::read(&file).unwrap(), whole);

    // As a break leaves it: a whole block, and a torn one behind it.
    fs::remove_file(&file).unwrap();
    fs::write(&part, &whole[..whole.len() * 2 / 3]).unwrap();
    let unfinished = city.export(&[]);
    assert!(
        unfinished.code == 2 && unfinished.error.contains("--resume"),
        "{unfinished:?}"
    );
    // Meanwhile the journal has grown.
    city.stop();
    city.work(async |handle: Handle| take(&handle, revenue(REVISIONS + 1)).await);
    let digest = city.digest().to_string();
    city.start();
    holds(&city.export(&["--resume"]));
    assert!(!part.exists());
    holds(&city.replay(&["--state-digest", &digest]));

    // A finished file under the unfinished name is taken for what it is, and its end is cut off.
    fs::rename(&file, &part).unwrap();
    let resumed = city.export(&["--resume"]);
    holds(&resumed);
    assert!(
        resumed.output.contains("fetched before"),
        "{}",
        resumed.output
    );
    holds(&city.replay(&["--state-digest", &digest]));
}

#[test]
fn a_city_that_has_lost_entries_does_not_go_on_with_an_old_download() {
    let mut city = City::founded();
    city.start();
    holds(&city.export(&[]));
    let (file, part) = (city.path("city.granary"), city.path("city.granary.part"));
    fs::rename(&file, &part).unwrap();
    // Another city of the same name, with a shorter journal.
    let mut shorter = City::founded();
    fs::copy(&part, shorter.path("city.granary.part")).unwrap();
    shorter.start();
    let said = shorter.export(&["--resume"]);
    assert_eq!(said.code, 2);
    assert!(said.error.contains("do not fit"), "{}", said.error);
    assert!(!shorter.path("city.granary").exists());
}

//! The whole agent against the synthetic city, from a file to its receipt and report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use ed25519_dalek::SigningKey;
use granary_core::catalogue::Bundle;
use granary_core::code::UnitCode;

use tonic::transport::Endpoint;

mod signing;

use super::*;
use crate::link::tests::support::{City, Manner, UNIT, log_key};
use crate::receipts::verify_file;
use crate::report::Outcome;
use crate::status::Status;

const CATALOGUE: &str = r#"
[catalogue]
name = { zh = "试验目录", en = "Test catalogue" }
timezone = "Asia/Shanghai"
[[unit]]
code = "520100"
name = { zh = "贵阳市", en = "Guiyang" }
[[department]]
code = "statistics"
name = { zh = "统计局", en = "Statistics bureau" }
[[unit_of_measure]]
code = "CNY_100M"
name = { zh = "亿元", en = "CNY 100 million" }
[[indicator]]
code = "gdp"
name = { zh = "地区生产总值", en = "Gross regional product" }
unit_of_measure = "CNY_100M"
decimals = 2
kind = "ytd"
owner = "statistics"
[[dataset]]
code = "quarterly-accounts"
name = { zh = "季度核算", en = "Quarterly accounts" }
periodicity = "quarter"
indicators = ["gdp"]
required = ["gdp"]
deadline = { day = 8, time = "12:00" }
first_period = "2021-Q1"
[[roster]]
dataset = "quarterly-accounts"
units = ["520100"]
[[edit]]
id = "GDP.SIGN"
kind = "validity"
dataset = "quarterly-accounts"
expression = "gdp >= 0"
message = { zh = "为负", en = "negative" }
[[edit]]
id = "GDP.FALLS"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp >= previous(gdp)"
message = { zh = "累计数下降", en = "falls" }
"#;

pub(crate) fn bundle() -> Vec<u8> {
    Bundle::new(BTreeMap::from([(
        "catalogue.toml".to_owned(),
        CATALOGUE.to_owned(),
    )]))
    .unwrap()
    .encode()
}

fn city(manner: Manner) -> City {
    let city = City::start(manner);
    city.publish(bundle());
    city
}

fn settings(folder: &Path) -> Settings {
    let text = format!(
        "unit = \"{UNIT}\"\nserver = \"https://city.example:7443\"\nlanguage = \"en\"\n[poll]\nsettle_ms = 0\n[spool]\ndisk_free_bytes_min = 0\n"
    );
    Settings::parse(&text, &folder.join("agent.toml"), &BTreeMap::new()).unwrap()
}

fn identity() -> Identity {
    Identity {
        signing: SigningKey::from_bytes(&[5; 32]).into(),
        role: granary_core::envelope::KeyRole::Agent,
        unit: UnitCode::new(UNIT).unwrap(),
        tls_key_pem: String::new(),
        certificate_pem: String::new(),
        authority_pem: String::new(),
        log_key: log_key(),
    }
}

fn write(path: &Path, gdp: &str) -> PathBuf {
    write_for(path, "2021-Q3", gdp)
}

fn write_for(path: &Path, period: &str, gdp: &str) -> PathBuf {
    let text = format!("# dataset: quarterly-accounts\nunit,period,gdp\n520100,{period},{gdp}\n");
    std::fs::write(path, text).unwrap();
    path.to_path_buf()
}

async fn submitted(city: &City, folder: &Path, file: &Path, wait: Duration) -> (PathBuf, Report) {
    submitted_over(city.channel(), folder, file, wait).await
}

async fn submitted_over(
    channel: Channel,
    folder: &Path,
    file: &Path,
    wait: Duration,
) -> (PathBuf, Report) {
    let settings = settings(folder);
    let spool = open_spool(&settings, LOCK_PATIENCE).await.unwrap();
    let desk = Desk::open(channel, settings, identity(), spool).unwrap();
    match submit_at(desk, file.to_path_buf(), wait).await.unwrap() {
        Submitted::Placed { file, report } => (file, *report),
        other @ (Submitted::NoCatalogue(_) | Submitted::NotTaken(_)) => panic!("{other:?}"),
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_file_becomes_a_receipt_and_its_correction_the_next_revision() {
    let (folder, city) = (tempfile::tempdir().unwrap(), city(Manner::Honest));
    let file = write(&folder.path().join("q3.csv"), "3102.44");
    let (place, report) = submitted(&city, folder.path(), &file, MINUTE).await;
    assert_eq!(report.outcome, Outcome::Accepted);
    assert!(place.ends_with("accepted/q3.csv"), "{}", place.display());
    assert!(file.exists(), "the clerk's own file stays");
    let receipt = report.statements[0]
        .answer
        .as_ref()
        .unwrap()
        .receipt_file
        .clone()
        .unwrap();
    let (receipt, entry, _) = verify_file(Path::new(&receipt), &log_key()).unwrap();
    assert_eq!(
        (receipt.index, entry.payload_sha256),
        (0, city.journaled()[0])
    );
    let status = Status::read(&settings(folder.path()).state).unwrap();
    assert_eq!((status.receipts.len(), status.pending_records), (1, 0));
    assert!(status.alarms.is_empty(), "{:?}", status.alarms);
    write(&file, "3102.45");
    let (_, report) = submitted(&city, folder.path(), &file, MINUTE).await;
    assert_eq!(
        (report.outcome, report.statements[0].revision),
        (Outcome::Accepted, Some(2))
    );
    assert_eq!(city.revisions(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_new_installation_learns_the_revisions_before_it_sends_anything() {
    let city = city(Manner::Honest);
    for (gdp, revision) in [("1.00", 1), ("2.00", 2)] {
        // Each time the folder is new, as after the loss of a computer; the key is enrolled for the same unit.
        let folder = tempfile::tempdir().unwrap();
        let file = write(&folder.path().join("q3.csv"), gdp);
        let (_, report) = submitted(&city, folder.path(), &file, MINUTE).await;
        assert_eq!(report.statements[0].revision, Some(revision));
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_the_file_is_sent_and_the_next_run_brings_it_home() {
    let (folder, first) = (tempfile::tempdir().unwrap(), city(Manner::Honest));
    let file = write(&folder.path().join("q3.csv"), "1.00");
    submitted(&first, folder.path(), &file, MINUTE).await;
    write(&file, "2.00");
    let (place, report) = submitted(
        &city(Manner::SilentAtFirst),
        folder.path(),
        &file,
        Duration::from_secs(5),
    )
    .await;
    assert_eq!(report.outcome, Outcome::Sent);
    assert!(place.ends_with("sent/q3.csv"), "{}", place.display());
    let accepted = folder.path().join("accepted");
    let both = async {
        while std::fs::read_dir(&accepted)
            .unwrap()
            .filter(|e| {
                e.as_ref()
                    .unwrap()
                    .path()
                    .extension()
                    .is_some_and(|e| e == "csv")
            })
            .count()
            < 2
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    run_over(first.channel(), settings(folder.path()), identity(), both)
        .await
        .unwrap();
    assert_eq!(first.revisions(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_running_agent_takes_files_from_the_inbox_and_says_what_the_city_refused() {
    let (folder, city) = (tempfile::tempdir().unwrap(), city(Manner::RefuseFor(200)));
    std::fs::create_dir_all(folder.path().join("inbox")).unwrap();
    write(&folder.path().join("inbox/good.csv"), "1.00");
    write(&folder.path().join("inbox/wrong.csv"), "-1.00");
    let at = |path: &str| folder.path().join(path);
    let first = async {
        while !(at("accepted/good.csv").exists() && at("returned/wrong.csv.report.txt").exists()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        write(&at("inbox/late.csv"), "2.00");
        while !at("refused/late.csv").exists() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    run_over(city.channel(), settings(folder.path()), identity(), first)
        .await
        .unwrap();
    let report = std::fs::read_to_string(at("refused/late.csv.report.txt")).unwrap();
    assert!(report.contains("not taken"), "{report}");
    assert_eq!(
        city.revisions(),
        [1],
        "what a validity edit stops is not sent"
    );
}

/// A catalogue in which the same dataset begins two years earlier.
fn newer() -> Vec<u8> {
    let text = CATALOGUE.replace("first_period = \"2021-Q1\"", "first_period = \"2019-Q1\"");
    Bundle::new(BTreeMap::from([("catalogue.toml".to_owned(), text)]))
        .unwrap()
        .encode()
}

#[tokio::test(start_paused = true)]
async fn before_a_file_is_refused_the_catalogue_is_asked_for() {
    let (folder, city) = (tempfile::tempdir().unwrap(), city(Manner::Honest));
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("inbox")).unwrap();
    write(&at("inbox/first.csv"), "1.00");
    let begun = Instant::now();
    let (publishing, answered) = (city.clone(), city.clone());
    let story = async {
        while !at("accepted/first.csv").exists() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // What was confirmed at the start is long past.
        tokio::time::sleep(Duration::from_secs(30)).await;
        publishing.publish(newer());
        write_for(&at("inbox/early.csv"), "2019-Q2", "1.00");
        write_for(&at("inbox/never.csv"), "2018-Q2", "1.00");
        while !(at("accepted/early.csv").exists() && at("refused/never.csv").exists()) {
            assert!(!at("refused/early.csv").exists(), "by the old catalogue");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // Files that no catalogue knows do not make the agent ask each time.
        let asked = answered.catalogues_asked();
        let files = ["a", "b", "c", "d"];
        for file in files {
            write_for(&at(&format!("inbox/{file}.csv")), "2018-Q2", "1.00");
        }
        let is_refused = |file: &&str| at(&format!("refused/{file}.csv")).exists();
        while !files.iter().all(is_refused) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(answered.catalogues_asked() <= asked + 1);
    };
    run_over(city.channel(), settings(folder.path()), identity(), story)
        .await
        .unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(90),
        "not at the usual question"
    );
}

#[tokio::test(start_paused = true)]
async fn while_the_line_is_down_a_file_is_refused_by_the_catalogue_that_is_held() {
    let (folder, city) = (tempfile::tempdir().unwrap(), city(Manner::Honest));
    let file = write(&folder.path().join("q3.csv"), "1.00");
    submitted(&city, folder.path(), &file, MINUTE).await;
    city.publish(newer());
    let early = write_for(&folder.path().join("early.csv"), "2019-Q2", "1.00");
    let nowhere = Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
    let (place, report) = submitted_over(nowhere, folder.path(), &early, Duration::ZERO).await;
    assert_eq!(report.outcome, Outcome::Refused, "{}", place.display());
    // With a line the same command waits for what is in force.
    let (_, report) = submitted(&city, folder.path(), &early, MINUTE).await;
    assert_eq!(report.outcome, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_city_without_a_catalogue_stops_a_first_submission_with_words() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::start(Manner::Honest));
    city.publish(b"no bundle at all".to_vec());
    let file = write(&folder.path().join("q3.csv"), "1.00");
    let settings = settings(folder.path());
    let spool = open_spool(&settings, LOCK_PATIENCE).await.unwrap();
    let desk = Desk::open(city.channel(), settings, identity(), spool).unwrap();
    let Submitted::NoCatalogue(Some(alarm)) = submit_at(desk, file, MINUTE).await.unwrap() else {
        panic!()
    };
    assert!(alarm.en.contains("catalogue"), "{}", alarm.en);
}

/// What the desk finds beyond the record, and what it leaves to the city.
fn found(report: &Report) -> (Vec<&str>, usize) {
    let statement = &report.statements[0];
    let beyond = statement.findings.iter().filter(|f| f.beyond);
    (
        beyond.map(|f| f.message.en.as_str()).collect(),
        statement.unjudged.len(),
    )
}

const FALLS: &str = "falls: 1.00 < 2.00, difference -1.00";

#[tokio::test(start_paused = true)]
async fn a_statement_is_judged_by_what_was_reported_before_also_on_a_new_computer() {
    let (folder, city) = (tempfile::tempdir().unwrap(), city(Manner::Honest));
    let second = write_for(&folder.path().join("q2.csv"), "2021-Q2", "2.00");
    submitted(&city, folder.path(), &second, MINUTE).await;
    let third = write(&folder.path().join("q3.csv"), "1.00");
    let (_, report) = submitted(&city, folder.path(), &third, MINUTE).await;
    assert_eq!(found(&report), (vec![FALLS], 0));
    assert_eq!(report.outcome, Outcome::Accepted);
    // A new computer waits for the records before its first file.
    let other = tempfile::tempdir().unwrap();
    let third = write(&other.path().join("q3.csv"), "1.00");
    let (_, report) = submitted(&city, other.path(), &third, MINUTE).await;
    assert_eq!(found(&report), (vec![FALLS], 0));
    assert!(report.statements[0].history.unwrap().next_index.is_some());
    // And without a connection the same computer knows what it knew.
    let settings = settings(other.path());
    let cache = crate::catalogue_cache::CatalogueCache::open(&settings.state);
    let names = crate::intake::Names::new(cache.catalogue().unwrap(), &settings.unit);
    let history = crate::history::Reader::new(&settings.state, &settings.unit);
    let checked = crate::inbox::check(&third, &names, &history, now_ms()).unwrap();
    assert_eq!(found(&checked.report), (vec![FALLS], 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_still_in_the_spool_counts() {
    let (folder, first) = (tempfile::tempdir().unwrap(), city(Manner::Honest));
    let file = write_for(&folder.path().join("q1.csv"), "2021-Q1", "1.00");
    submitted(&first, folder.path(), &file, MINUTE).await;
    // Nobody is at home any more.
    let nowhere = || Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
    let moment = Duration::from_secs(5);
    let file = write_for(&folder.path().join("q2.csv"), "2021-Q2", "2.00");
    let (_, report) = submitted_over(nowhere(), folder.path(), &file, moment).await;
    assert_eq!(report.outcome, Outcome::Sent);
    let file = write(&folder.path().join("q3.csv"), "1.00");
    let (_, report) = submitted_over(nowhere(), folder.path(), &file, moment).await;
    assert_eq!(found(&report), (vec![FALLS], 0));
    let place = &report.statements[0].findings[0].operands[1].place.en;
    assert!(place.contains("sent from here"), "{place}");
}

#[tokio::test(start_paused = true)]
async fn an_older_city_leaves_the_edit_to_itself() {
    let (folder, city) = (tempfile::tempdir().unwrap(), city(Manner::WithoutRecords));
    let file = write(&folder.path().join("q3.csv"), "1.00");
    let (_, report) = submitted(&city, folder.path(), &file, MINUTE).await;
    assert_eq!(report.outcome, Outcome::Accepted);
    assert_eq!(found(&report), (vec![], 1));
    assert_eq!(
        report.statements[0].unjudged[0].hidden,
        ["quarterly-accounts 2021-Q2"]
    );
}

//! The questions to a city, against a small server of the same protocol behind mutual TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_audit::cli::Response;
use support::{Identity, Town};

fn check(name: &str, town: &Town, args: &[&str]) {
    for language in ["zh", "en"] {
        let response = town.ask(Identity::Auditor, &[args, &["--lang", language]].concat());
        assert_eq!((response.code, response.error.as_str()), (0, ""));
        insta::assert_snapshot!(format!("{name}_{language}"), response.output);
        lines_up(&response.output);
    }
    let json = town.ask(Identity::Auditor, &[args, &["--json"]].concat());
    let value: serde_json::Value = serde_json::from_str(&json.output).unwrap();
    assert!(value["basis"]["applied_size"].is_number());
    insta::assert_snapshot!(format!("{name}_json"), json.output);
}

/// Every line of a table is as wide as its first, counted in terminal columns.
fn lines_up(text: &str) {
    use unicode_width::UnicodeWidthStr as _;
    let lines: Vec<&str> = text.lines().collect();
    let mut tables = lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|'));
    let tables = tables.by_ref().filter(|lines| lines[0].starts_with('|'));
    let mut count = 0;
    for table in tables {
        assert!(
            table.iter().all(|line| line.width() == table[0].width()),
            "{text}"
        );
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn completeness_is_a_table_in_both_languages() {
    let town = Town::start();
    check(
        "completeness_unit",
        &town,
        &["completeness", "--by", "unit"],
    );
    check(
        "completeness_all",
        &town,
        &["completeness", "--as-of", "2021-10-12T12:00:00+08:00"],
    );
}

#[test]
fn measures_are_two_tables_with_their_definitions() {
    let town = Town::start();
    check("measures", &town, &["measures", "--by", "unit"]);
}

#[test]
fn findings_fold_long_texts_and_still_line_up() {
    let town = Town::start();
    check(
        "findings",
        &town,
        &["findings", "--width", "130", "--status", "open,explained"],
    );
}

#[test]
fn a_screening_says_how_many_flags_chance_alone_would_give() {
    let period = ["--dataset", "quarterly-accounts", "--period", "2021-Q3"];
    check(
        "screening",
        &Town::start(),
        &[&["screen"][..], &period].concat(),
    );
}

#[test]
fn a_re_check_counts_the_verdicts_of_every_edit() {
    let town = Town::start();
    check(
        "recheck",
        &town,
        &["recheck", "--dataset", "quarterly-accounts"],
    );
}

#[test]
fn slots_and_series_are_tables() {
    let town = Town::start();
    check("slots", &town, &["slots", "--state", "late,missing"]);
    let series = [
        "series",
        "--unit",
        "520100",
        "--dataset",
        "quarterly-accounts",
        "--indicator",
        "gdp",
        "--vintages",
    ];
    check("series", &town, &series);
}

#[test]
fn a_league_table_says_what_it_stands_on() {
    let table = ["--scorecard", "counties", "--period", "2021-Q1"];
    let league = [&["league"][..], &table].concat();
    check("league", &Town::start(), &league);
    // A table whose digest is not that of its bytes is no answer.
    let forged = [
        &league[..],
        &["--as-of", "2021-01-01T00:00:00Z", "--lang", "en"],
    ]
    .concat();
    failed(
        &Town::start().ask(Identity::Auditor, &forged),
        &["SHA-256 is not that of its bytes"],
    );
}

#[test]
fn a_score_is_accounted_for_slot_by_slot() {
    let town = Town::start();
    let score = [
        "explain",
        "--unit",
        "U01",
        "--scorecard",
        "counties",
        "--period",
        "2021-Q1",
    ];
    check("explain", &town, &score);
    let one = [&score[..], &["--component", "speed", "--json"]].concat();
    let response = town.ask(Identity::Auditor, &one);
    let told: serde_json::Value = serde_json::from_str(&response.output).unwrap();
    assert_eq!(told["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn targets_stand_by_department() {
    check("targets", &Town::start(), &["targets", "--year", "2021"]);
}

#[test]
fn early_warnings_say_why_and_how_good_they_are() {
    let town = Town::start();
    check(
        "risk",
        &town,
        &["risk", "--min-chance", "30", "--width", "150"],
    );
    let sheet = [
        "arrivals",
        "--dataset",
        "quarterly-accounts",
        "--period",
        "2021-Q3",
    ];
    check("arrivals", &town, &sheet);
    check("calibration", &town, &["calibrate"]);
    let wrong = town.ask(
        Identity::Auditor,
        &["risk", "--min-chance", "101", "--lang", "en"],
    );
    assert_eq!(wrong.code, 2);
}

#[test]
fn a_listing_is_read_to_its_last_page() {
    let town = Town::start();
    let count = |args: &[&str]| {
        let response = town.ask(Identity::Auditor, &[args, &["--json"]].concat());
        let value: serde_json::Value = serde_json::from_str(&response.output).unwrap();
        let truncated = value["truncated"].as_bool().unwrap();
        (value["slots"].as_array().unwrap().len(), truncated)
    };
    assert_eq!(count(&["slots"]), (support::SLOTS, false));
    assert_eq!(count(&["slots", "--limit", "3"]), (3, true));
    assert_eq!(
        count(&["slots", "--limit", &support::SLOTS.to_string()]),
        (support::SLOTS, false)
    );
}

fn failed(response: &Response, words: &[&str]) {
    assert_eq!((response.code, response.output.as_str()), (2, ""));
    for word in words {
        assert!(response.error.contains(word), "{word}: {}", response.error);
    }
}

#[test]
fn what_goes_wrong_is_named_with_its_remedy() {
    let town = Town::start();
    let ask = |identity, language| town.ask(identity, &["completeness", "--lang", language]);
    failed(
        &ask(Identity::Unit, "en"),
        &[
            "does not let this certificate in",
            "An operator's or auditor's certificate",
        ],
    );
    failed(&ask(Identity::Unit, "zh"), &["不接受这张证书", "auditor"]);
    failed(
        &ask(Identity::OtherCity, "en"),
        &["no trusted line", "ca.pem"],
    );
    failed(
        &ask(Identity::Absent, "en"),
        &["ca.pem", "granary-aggregator client --role auditor"],
    );
    failed(&ask(Identity::Damaged, "en"), &["cannot be used"]);
}

#[test]
fn a_city_that_is_not_there_is_unreachable() {
    let town = Town::start();
    let at = |server: &str| {
        let folder = town.identity(Identity::Auditor);
        support::run(&[
            "completeness",
            "--server",
            server,
            "--identity",
            &folder,
            "--lang",
            "en",
        ])
    };
    failed(
        &at("https://localhost:1"),
        &["cannot reach", "Check the address"],
    );
    failed(&at("http://localhost:7443"), &["not the address of a city"]);
    failed(&at(""), &["not the address of a city"]);
    let by_ip = town.server.replace("localhost", "127.0.0.1");
    failed(&at(&by_ip), &["no trusted line", "server_names"]);
}

/// A catalogue with one edit, for the figures of the city.
const RULES: &str = r#"
[catalogue]
name = { zh = "城", en = "Town" }
timezone = "Asia/Shanghai"
[[level]]
code = "prefecture"
name = { zh = "市", en = "Prefecture" }
[[unit]]
code = "520100"
name = { zh = "贵阳市", en = "Guiyang" }
level = "prefecture"
[[department]]
code = "statistics"
name = { zh = "统计局", en = "Statistics bureau" }
[[unit_of_measure]]
code = "CNY"
name = { zh = "元", en = "CNY" }
[[indicator]]
code = "gdp"
name = { zh = "地区生产总值", en = "Gross regional product" }
unit_of_measure = "CNY"
decimals = 2
kind = "ytd"
owner = "statistics"
[[dataset]]
code = "quarterly-accounts"
name = { zh = "季度核算", en = "Quarterly accounts" }
periodicity = "quarter"
indicators = ["gdp"]
deadline = { day = 20, time = "12:00" }
first_period = "2021-Q1"
[[roster]]
dataset = "quarterly-accounts"
units = ["520100"]
[[edit]]
id = "GDP.LARGE"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp >= 4000"
message = { zh = "过小", en = "too small" }
[[edit]]
id = "GDP.POWER"
kind = "quality"
dataset = "quarterly-accounts"
expression = "power(gdp, gdp) > 0"
message = { zh = "无", en = "none" }
"#;

#[test]
fn rules_are_exported_with_the_citys_figures() {
    let town = Town::start();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(path("catalogue")).unwrap();
    std::fs::write(path("catalogue/catalogue.toml"), RULES).unwrap();
    let (catalogue, out) = (path("catalogue"), path("out"));
    let args = [
        "rules", "export", "--vtl", &catalogue, "-o", &out, "--lang", "en",
    ];
    let response = town.ask(Identity::Auditor, &args);
    assert_eq!((response.code, response.error.as_str()), (0, ""));
    assert!(
        response
            .output
            .contains("not exported GDP.POWER: the exponent"),
        "{}",
        response.output
    );
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert!(read("out/export-notes.md").contains("- `GDP.POWER`: the exponent"));
    let verdicts = read("out/granary-verdicts.csv");
    let row = verdicts.lines().nth(1);
    assert_eq!(
        row,
        Some("quarterly_accounts,520100,2021-Q3,,GDP.LARGE,false,-719.20")
    );
    assert!(read("out/data/quarterly_accounts.csv").ends_with("520100,2021-Q3,2021,3,3280.80\n"));
}

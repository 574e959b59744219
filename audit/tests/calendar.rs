//! `granary-audit calendar`: the table in both languages, the iCalendar file in somebody else's reader, and what a city has granted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "support/venv.rs"]
mod venv;
#[path = "calendar/reader.rs"]
mod reader;

use std::{fs, path::Path};

use support::{CALENDAR, Identity, Town, run, version};
use unicode_width::UnicodeWidthStr as _;

/// The catalogue of the tests in a folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in CALENDAR {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn asked(folder: &Path, more: &[&str]) -> String {
    let path = folder.to_str().unwrap();
    let response = run(&[&["calendar", "--catalogue", path][..], more].concat());
    assert_eq!((response.code, response.error.as_str()), (0, ""));
    response.output
}

/// Without the version, which changes with every word of the catalogue.
fn steady(text: &str) -> String {
    text.replace(&version(), "VERSION")
}

fn unfolded(text: &str) -> String {
    text.replace("\r\n ", "").replace("\r\n", "\n")
}

#[test]
fn the_calendar_of_a_year_is_a_table_in_both_languages() {
    let folder = folder();
    for language in ["zh", "en"] {
        let table = asked(folder.path(), &["--year", "2021", "--lang", language]);
        let lines: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert!(
            lines.iter().all(|line| line.width() == lines[0].width()),
            "{table}"
        );
        insta::assert_snapshot!(format!("calendar_{language}"), steady(&table));
    }
    let json = asked(
        folder.path(),
        &["--year", "2021", "--json", "--unit", "520198"],
    );
    insta::assert_snapshot!("calendar_json", steady(&json));
}

#[test]
fn a_unit_sees_what_it_owes_itself() {
    let folder = folder();
    let count = |year: &str, unit: &str| {
        let json = asked(folder.path(), &["--year", year, "--json", "--unit", unit]);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        value["entries"].as_array().unwrap().len()
    };
    // The county moves to another city at the end of 2022; the monthly report is that of the first city.
    assert_eq!([count("2022", "520198"), count("2024", "520198")], [16, 5]);
    assert_eq!(count("2022", "520100"), 5);
}

#[test]
fn what_the_catalogue_does_not_have_is_a_mistake() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    for (more, word) in [
        (["--unit", "nobody"], "nobody"),
        (["--dataset", "nothing"], "nothing"),
        (["--ics", "/no/such/folder/x.ics"], "cannot write"),
    ] {
        let args = [
            &[
                "calendar",
                "--year",
                "2021",
                "--lang",
                "en",
                "--catalogue",
                path,
            ][..],
            &more,
        ]
        .concat();
        let response = run(&args);
        assert_eq!((response.code, response.output.as_str()), (2, ""));
        assert!(response.error.contains(word), "{}", response.error);
    }
    assert_eq!(run(&["calendar", "--year", "2021"]).code, 2);
    assert_eq!(
        run(&["calendar", "--year", "21", "--catalogue", path]).code,
        2
    );
}

#[test]
fn the_same_catalogue_gives_the_same_bytes_in_short_lines() {
    let folder = folder();
    let write = |name: &str, language: &str| {
        let path = folder.path().join(name);
        asked(
            folder.path(),
            &[
                "--year",
                "2021",
                "--lang",
                language,
                "--ics",
                path.to_str().unwrap(),
            ],
        );
        fs::read(path).unwrap()
    };
    let first = write("a.ics", "zh");
    assert_eq!(first, write("b.ics", "zh"));
    let text = String::from_utf8(first).unwrap();
    assert!(
        text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains(['\r', '\n'])
    );
    assert!(text.split("\r\n").all(|line| line.len() <= 75));
    insta::assert_snapshot!("calendar_ics", steady(&unfolded(&text)));
    // Identifiers do not change with the language.
    let ids = |text: &str| -> Vec<String> {
        unfolded(text)
            .lines()
            .filter(|line| line.starts_with("UID:"))
            .map(ToOwned::to_owned)
            .collect()
    };
    let english = String::from_utf8(write("c.ics", "en")).unwrap();
    assert_eq!(ids(&text), ids(&english));
}

/// PyPI's `icalendar` finds the events that the JSON lists, each with its text and its alarm.
#[test]
fn somebody_else_s_reader_reads_the_file() {
    let Some(python) = reader::python() else {
        return;
    };
    let folder = folder();
    let path = folder.path().join("2021.ics");
    let ics = [
        "--year",
        "2021",
        "--lang",
        "zh",
        "--ics",
        path.to_str().unwrap(),
    ];
    let json = asked(folder.path(), &[&ics[..], &["--json"]].concat());
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let mut expected = Vec::new();
    for entry in value["entries"].as_array().unwrap() {
        let (name, period) = (
            entry["name"]["zh"].as_str().unwrap(),
            entry["period"].as_str().unwrap(),
        );
        for (key, word, alarm) in [
            ("opens_at_ms", "开放报送", "none"),
            ("due_at_ms", "报送截止", "-86400"),
            ("locks_at_ms", "锁定", "-86400"),
        ] {
            if let Some(at_ms) = entry[key].as_i64() {
                expected.push(format!("{}|{word}：{name} {period}|{alarm}", at_ms / 1_000));
            }
        }
    }
    let mut read = reader::events(&python, &path);
    expected.sort();
    read.sort();
    assert!(expected.len() > 20);
    assert_eq!(read, expected);
}

#[test]
fn a_city_tells_what_it_has_granted() {
    let town = Town::start();
    let ask = |more: &[&str]| {
        let args = [&["calendar", "--year", "2021", "--lang", "en"][..], more].concat();
        let response = town.ask(Identity::Auditor, &args);
        assert_eq!((response.code, response.error.as_str()), (0, ""));
        response.output
    };
    let folder = folder();
    let own = asked(folder.path(), &["--year", "2021", "--lang", "en"]);
    assert_eq!(ask(&[]), own);
    let granted = ask(&["--unit", "520198", "--dataset", "quarterly-accounts"]);
    assert!(
        granted.contains("extended from 2021-10-08 12:00"),
        "{granted}"
    );
    assert!(granted.contains("| 2021-10-20 12:00 | Wed |"), "{granted}");
    assert!(granted.contains("exempt"), "{granted}");
    let path = folder.path().join("granted.ics");
    ask(&[
        "--unit",
        "520198",
        "--dataset",
        "quarterly-accounts",
        "--ics",
        path.to_str().unwrap(),
    ]);
    let ics = fs::read_to_string(path).unwrap();
    assert!(
        ics.contains("DTSTART:20211020T040000Z") && ics.contains("STATUS:CANCELLED"),
        "{ics}"
    );
}

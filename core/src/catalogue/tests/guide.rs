//! The examples of `docs/CALENDAR.md` are tests: every instant that it prints is computed, every table that it shows is read.

use super::*;
use crate::{catalogue::Dataset, code::DatasetCode, period::Period};

const GUIDE: &str = include_str!("../../../../docs/CALENDAR.md");

/// The fenced blocks in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let after = GUIDE.split(&opening).skip(1);
    after
        .map(|text| text.split("```").next().unwrap())
        .collect()
}

/// The catalogue that the page writes, table after table, with what a dataset needs beside it.
fn guide() -> Catalogue {
    let tables = blocks("toml").concat();
    Catalogue::parse(&bundle(&[("guide.toml", &tables), SAMPLE[2]]))
        .unwrap_or_else(|f| panic!("{f:#?}"))
}

fn dataset<'c>(catalogue: &'c Catalogue, code: &str) -> &'c Dataset {
    catalogue.dataset(&DatasetCode::new(code).unwrap()).unwrap()
}

/// When `at` is due by a rule, by the guide's calendar.
fn due(rule: &str, at: Period) -> String {
    let header = "[catalogue]\nname = { zh = \"某\", en = \"X\" }\ntimezone = \"Asia/Shanghai\"\n";
    let dataset_text = format!(
        "[[dataset]]\ncode = \"d\"\nname = {{ zh = \"报表\", en = \"Report\" }}\nperiodicity = \"{}\"\n\
         indicators = [\"revenue\"]\ndeadline = {{ {rule} }}\nfirst_period = \"{at}\"\n",
        at.periodicity().word()
    );
    let calendar = blocks("toml")[0].split("[[calendar]]").nth(1).unwrap();
    let files = [
        ("catalogue.toml", header),
        ("calendar.toml", &format!("[[calendar]]{calendar}")),
        ("datasets.toml", &dataset_text),
        SAMPLE[2],
    ];
    let catalogue = Catalogue::parse(&bundle(&files)).unwrap_or_else(|f| panic!("{rule}: {f:#?}"));
    let deadline = dataset(&catalogue, "d").deadline();
    let moved = deadline.falls(at).unwrap().moved;
    let moved = moved.map(|moved| format!(", moved from {} ({})", moved.from, moved.why.en));
    wall(dataset(&catalogue, "d"), deadline.at_ms(at).unwrap()) + &moved.unwrap_or_default()
}

fn wall(dataset: &Dataset, at_ms: i64) -> String {
    let local = dataset.deadline().local(at_ms);
    local.split(" (").next().unwrap().to_owned()
}

/// The lines `left -> right` of the blocks in this language.
fn lines(language: &str) -> Vec<(&'static str, &'static str)> {
    let blocks = blocks(language).into_iter();
    blocks
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(" -> "))
        .collect()
}

#[test]
fn every_deadline_of_the_guide_is_what_the_rule_says() {
    let (mut rule, mut count) = ("", 0);
    for line in blocks("deadline").into_iter().flat_map(str::lines) {
        match line.split_once(" -> ") {
            Some((at, expected)) => {
                assert_eq!(
                    due(rule, Period::parse(at).unwrap()),
                    expected,
                    "{rule}: {at}"
                );
                count += 1;
            }
            None => rule = line.strip_prefix("rule: ").unwrap(),
        }
    }
    assert!(count >= 13, "{count}");
}

#[test]
fn every_window_of_the_guide_is_what_the_catalogue_says() {
    let catalogue = guide();
    for (slot, expected) in lines("window") {
        let (code, at) = slot.split_once(' ').unwrap();
        let (dataset, at) = (dataset(&catalogue, code), Period::parse(at).unwrap());
        let terms = dataset.terms(at);
        let due = dataset.due_at_ms(at).unwrap();
        let told = if dataset.covers(at) {
            format!(
                "opens {}, due {}, timely until {}, locks {}",
                wall(dataset, terms.opens().unwrap().at_ms(at).unwrap()),
                wall(dataset, due),
                wall(dataset, terms.timely_until_ms(due)),
                wall(dataset, terms.locks_at_ms(at, None).unwrap()),
            )
        } else {
            "not reported".to_owned()
        };
        assert_eq!(told, expected, "{slot}");
    }
}

#[test]
fn everybody_who_owes_in_the_guide_is_who_the_roster_says() {
    let catalogue = guide();
    for (slot, expected) in lines("owed") {
        let (code, at) = slot.split_once(' ').unwrap();
        let units =
            catalogue.expected_units(&DatasetCode::new(code).unwrap(), Period::parse(at).unwrap());
        let codes: Vec<&str> = units
            .iter()
            .map(|u| catalogue.unit_at(*u).code().as_str())
            .collect();
        let told = if codes.is_empty() {
            "nobody".to_owned()
        } else {
            codes.join(" ")
        };
        assert_eq!(told, expected, "{slot}");
    }
}

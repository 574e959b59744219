//! The examples of `docs/EDITS.md` are tests: every verdict that it prints is computed, every table that it shows is read.

use super::*;
use crate::catalogue::{Bundle, Catalogue};

const GUIDE: &str = include_str!("../../../../docs/EDITS.md");

/// The fenced blocks in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let after = GUIDE.split(&opening).skip(1);
    after
        .map(|text| text.split("```").next().unwrap())
        .collect()
}

/// Runs one block: the rule and its manner, then a record and its verdict on each line.
fn run(block: &str) -> usize {
    let mut text = edit_text("", "");
    let mut verdicts = 0;
    for line in block.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some(("rule", rule)) => text.expression = rule.to_owned(),
            Some(("tolerance", tolerance)) => text.tolerance = Some(tolerance.to_owned()),
            Some(("missing", missing)) => text.missing = Some(missing.to_owned()),
            Some(_) | None => {
                verdict(&text, line);
                verdicts += 1;
            }
        }
    }
    verdicts
}

fn verdict(text: &EditText, line: &str) {
    let (cells, expected) = line.split_once("->").unwrap();
    let symbols = Names(&[
        "gdp",
        "primary",
        "secondary",
        "tertiary",
        "industry",
        "construction",
        "population",
        "gdp_growth",
    ]);
    let edit =
        compile(text.clone(), &symbols).unwrap_or_else(|faults| panic!("{line}: {faults:?}"));
    let found = edit.evaluate(&Record::parse(cells));
    let mut parts = expected.split(',').map(str::trim);
    let truth = format!("{:?}", found.truth).to_lowercase();
    assert_eq!(parts.next(), Some(truth.as_str()), "{line}");
    let missing: Vec<&str> = found.missing.iter().map(IndicatorCode::as_str).collect();
    let mut told_missing = String::new();
    for part in parts {
        if let Some(imbalance) = part.strip_prefix("imbalance ") {
            let found = found.imbalance.map_or("none".to_owned(), |i| i.to_string());
            let same =
                imbalance == found || Decimal::parse(imbalance).ok() == Decimal::parse(&found).ok();
            assert!(same, "{line}: {found}");
        } else if let Some(names) = part.strip_suffix(" missing") {
            told_missing = names.to_owned();
        } else {
            panic!("{line}: {part}");
        }
    }
    assert_eq!(told_missing, missing.join(" "), "{line}");
}

#[test]
fn every_verdict_of_the_guide_is_what_the_language_says() {
    let verdicts: usize = blocks("edit").into_iter().map(run).sum();
    assert!(verdicts >= 30, "{verdicts}");
}

#[test]
fn every_table_of_the_guide_is_a_catalogue_s() {
    let sample = [
        (
            "catalogue.toml",
            include_str!("../../../tests/data/sample/catalogue.toml"),
        ),
        (
            "units.toml",
            include_str!("../../../tests/data/sample/units.toml"),
        ),
        (
            "indicators.toml",
            include_str!("../../../tests/data/sample/indicators.toml"),
        ),
        (
            "datasets.toml",
            include_str!("../../../tests/data/sample/datasets.toml"),
        ),
        (
            "roster.toml",
            include_str!("../../../tests/data/sample/roster.toml"),
        ),
        ("guide.toml", &blocks("toml").join("\n")),
    ];
    let files = sample.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let catalogue = Catalogue::parse(&Bundle::new(files.into()).unwrap()).unwrap();
    let accounts = DatasetCode::new("quarterly-accounts").unwrap();
    assert_eq!(catalogue.dataset(&accounts).unwrap().edits().len(), 2);
}

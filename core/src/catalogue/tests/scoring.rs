//! The tables of scorecards and targets: what valid ones become, and what is said about faulty ones.

use super::*;
use crate::{
    catalogue::{Aim, Fault, Scorecard, Scoring},
    decimal::Decimal,
    measures::Measure,
    period::Periodicity,
    text::Language,
};

fn with(text: &str) -> Result<Catalogue, Vec<Fault>> {
    let files: Vec<(&str, &str)> = SAMPLE.into_iter().chain([("scoring.toml", text)]).collect();
    Catalogue::parse(&bundle(&files))
}

fn told(text: &str, language: Language) -> String {
    let faults = with(text).unwrap_err();
    faults
        .iter()
        .map(|fault| format!("{}\n", fault.text(language)))
        .collect()
}

fn scorecard(text: &str) -> Scorecard {
    with(text).unwrap().scorecards()[0].clone()
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

const FULL: &str = r#"
[[scorecard]]
code = "counties"
name = { zh = "县（区）报送考核", en = "County reporting" }
periodicity = "quarter"
under = "520000"
datasets = ["monthly-revenue"]
slots_min = 3
imported = true
flags = 1
last = 2
components = [
    { measure = "on_time_rate", weight = "40.5" },
    { code = "speed", name = { zh = "速度", en = "speed" }, measure = "median_lateness", zero_at = "72h", weight = 20 },
    { measure = "low_quality_share", weight = "19.5" },
    { measure = "mean_revision", zero_at = "2.5", weight = 10 },
    { measure = "target_progress", weight = 10 },
]
bands = [
    { name = { zh = "好", en = "good" }, share = 30 },
    { name = { zh = "中", en = "middling" }, share = 40 },
    { name = { zh = "差", en = "poor" }, share = 30 },
]
"#;

#[test]
fn a_scorecard_is_read() {
    let card = scorecard(FULL);
    assert_eq!(card.code().as_str(), "counties");
    assert_eq!(card.periodicity(), Periodicity::Quarter);
    assert_eq!((card.units().len(), card.datasets().len()), (7, 1));
    assert_eq!((card.slots_min(), card.imported()), (3, true));
    assert_eq!((card.flags(), card.last()), (1, 2));
    let scorings: Vec<Scoring> = card.components().iter().map(|c| c.scoring).collect();
    let expected = [
        Scoring::Share(Measure::OnTimeRate),
        Scoring::Duration {
            measure: Measure::MedianLateness,
            zero_at_ms: 72 * 3_600_000,
        },
        Scoring::Rest(Measure::LowQuality),
        Scoring::Revision {
            measure: Measure::MeanRevision,
            zero_at: decimal("2.5"),
        },
        Scoring::TargetProgress,
    ];
    assert_eq!(scorings, expected);
    // A code or a name that is absent is that of the measure.
    let first = &card.components()[0];
    assert_eq!(
        (first.code.as_str(), &first.name),
        ("on_time_rate", &Measure::OnTimeRate.name())
    );
    assert_eq!(card.components()[1].code.as_str(), "speed");
    assert_eq!(card.components()[4].code.as_str(), "target_progress");
}

#[test]
fn what_may_be_absent_has_a_default() {
    let card = scorecard(
        "[[scorecard]]\ncode = \"a\"\nname = { zh = \"甲\", en = \"A\" }\nperiodicity = \"month\"\nlevel = \"county\"\ncomponents = [{ measure = \"reporting_rate\", weight = 100 }]",
    );
    assert_eq!(
        (card.slots_min(), card.imported(), card.flags(), card.last()),
        (1, false, 0, 0)
    );
    assert!(card.bands().is_empty());
    // A quarterly dataset ends within no month.
    let datasets: Vec<&str> = card.datasets().iter().map(|d| d.as_str()).collect();
    assert_eq!(datasets, ["monthly-revenue"]);
}

#[test]
fn bands_are_allotted_by_the_largest_remainder() {
    let card = scorecard(FULL);
    let check = |units, expect: [u32; 3]| assert_eq!(card.allotment(units), expect, "{units}");
    check(10, [3, 4, 3]);
    // 2.1, 2.8, 2.1: the one that is left goes to the largest remainder.
    check(7, [2, 3, 2]);
    // 3.3, 4.4, 3.3.
    check(11, [3, 5, 3]);
    // 0.3, 0.4, 0.3 and 0.6, 0.8, 0.6: of equal remainders the better band comes first.
    check(1, [0, 1, 0]);
    check(2, [1, 1, 0]);
    check(0, [0, 0, 0]);
}

const FAULTY_SCORECARDS: &str = r#"
[[scorecard]]
code = "counties"
name = { zh = "考核", en = "Scores" }
periodicity = "month"
level = "prefecture"
datasets = ["quarterly-accounts", "monthly-revenu"]
slots_min = 0
flag = 1
components = [
    { measure = "on_time_rat", weight = 40 },
    { measure = "median_lateness", weight = 40 },
    { measure = "p90_lateness", weight = 0, zero_at = "72 hours" },
    { measure = "quality_edit_rate", weight = -5, zero_at = "72h" },
    { measure = "mean_revision", weight = 5, zero_at = "0" },
]

[[scorecard]]
code = "counties"
name = { zh = "考核", en = "Scores" }
periodicity = "quarter"
level = "prefecture"
components = [
    { measure = "on_time_rate", weight = 60 },
    { measure = "on_time_rate", weight = 40 },
]
bands = [
    { name = { zh = "好", en = "good" }, share = 30 },
    { name = { zh = "差", en = "poor" }, share = 60 },
]

[[scorecard]]
code = "zones"
name = { zh = "考核", en = "Scores" }
periodicity = "quarter"
level = "prefecture"
components = [
    { measure = "on_time_rate", weight = "60.5" },
    { measure = "reporting_rate", weight = 40 },
]
bands = [
    { name = { zh = "好", en = "good" }, share = 10 },
    { name = { zh = "中", en = "middling" }, share = 60 },
    { name = { zh = "差", en = "poor" }, share = 30 },
]

[[scorecard]]
code = "empty"
periodicity = "week"
"#;

#[test]
fn all_faults_of_scorecards_are_told_at_once() {
    insta::assert_snapshot!("scorecards_en", told(FAULTY_SCORECARDS, Language::En));
    insta::assert_snapshot!("scorecards_zh", told(FAULTY_SCORECARDS, Language::Zh));
}

#[test]
fn targets_are_read() {
    let catalogue = with(
        r#"
[[target]]
dataset = "quarterly-accounts"
indicator = "gdp"
year = 2021
values = { 520300 = "4100", 520100 = "4700.00" }
half = { 520100 = "2200" }
[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
growth = { 520100 = "8.5", 520200 = "-3" }
"#,
    )
    .unwrap();
    let targets: Vec<String> = catalogue
        .targets()
        .iter()
        .map(|t| {
            format!(
                "{} {} {} {} {:?}",
                t.dataset, t.indicator, t.year, t.unit, t.aim
            )
        })
        .collect();
    assert_eq!(
        targets,
        [
            "monthly-revenue revenue 2022 520100 GrowthPercent(8.5)",
            "monthly-revenue revenue 2022 520200 GrowthPercent(-3)",
            "quarterly-accounts gdp 2021 520100 Value { year: 4700.00, half: Some(2200) }",
            "quarterly-accounts gdp 2021 520300 Value { year: 4100, half: None }",
        ]
    );
    assert!(matches!(
        catalogue.targets()[3].aim,
        Aim::Value { half: None, .. }
    ));
}

const FAULTY_TARGETS: &str = r#"
[[target]]
dataset = "quarterly-accounts"
indicator = "gdp_growth"
year = 2021
values = { 520100 = "8.5" }

[[target]]
dataset = "quarterly-accounts"
indicator = "revenue"
year = 2021
values = { 520100 = "8.5" }

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
values = { 520100 = "100", 520199 = "50", 520109 = "1", "52/01" = "1", 520300 = 0, 520200 = "50" }
half = { 520100 = "101", 520103 = "40" }

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2023
growth = { 520100 = "8.5" }
half = { 520100 = "1" }

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
growth = { 520200 = "-100", 520100 = "5" }

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = "2022"
"#;

#[test]
fn all_faults_of_targets_are_told_at_once() {
    insta::assert_snapshot!("targets_en", told(FAULTY_TARGETS, Language::En));
    insta::assert_snapshot!("targets_zh", told(FAULTY_TARGETS, Language::Zh));
}

#[test]
fn an_itemised_dataset_has_no_figure_for_a_target() {
    let mut files = SAMPLE;
    let text = files[3]
        .1
        .replace("last_period", "itemised = true\nlast_period");
    files[3].1 = &text;
    let target = "[[target]]\ndataset = \"monthly-revenue\"\nindicator = \"revenue\"\nyear = 2022\nvalues = { 520100 = \"1\" }";
    let all: Vec<(&str, &str)> = files
        .into_iter()
        .chain([("targets.toml", target)])
        .collect();
    let faults = Catalogue::parse(&bundle(&all)).unwrap_err();
    assert!(faults[0].message.en.contains("itemised"), "{faults:?}");
    assert_eq!(faults.len(), 1);
}

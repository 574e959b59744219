//! The table of detectors: what a valid one becomes, and what is said about a faulty one.

use super::*;
use crate::{
    decimal::Decimal,
    detect::{Detector, Method, MethodName, growth_level, modified_z, threshold_hugging},
};

fn with(detectors: &str) -> Result<Catalogue, Vec<crate::catalogue::Fault>> {
    let files: Vec<(&str, &str)> = SAMPLE
        .into_iter()
        .chain([("detectors.toml", detectors)])
        .collect();
    Catalogue::parse(&bundle(&files))
}

/// The detectors of the sample with one more table of these keys.
fn detectors(keys: &str) -> Vec<Detector> {
    let text = format!("[[detector]]\nid = \"X\"\ndataset = \"quarterly-accounts\"\n{keys}\n");
    with(&text).unwrap().detectors().to_vec()
}

fn told(text: &str) -> String {
    let faults = with(text).unwrap_err();
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[test]
fn every_method_has_its_defaults() {
    let needed = |name| match name {
        MethodName::GrowthLevel => "indicators = [\"gdp\"]\ngrowth = [\"gdp_growth\"]",
        MethodName::ThresholdHugging => "indicators = [\"gdp_growth\"]\ntarget = \"6.5\"",
        MethodName::ModifiedZ
        | MethodName::HidiroglouBerthelot
        | MethodName::Seasonal
        | MethodName::CopiedLastPeriod
        | MethodName::CopiedFromNeighbour
        | MethodName::AllZero
        | MethodName::EmptyButComplete
        | MethodName::TerminalDigit
        | MethodName::FirstDigit
        | MethodName::RevisionPattern
        | MethodName::Smoothness => "",
    };
    for (word, name) in MethodName::WORDS {
        let found = detectors(&format!("method = \"{word}\"\n{}", needed(name)));
        assert_eq!(
            (found.len(), found[0].method.name(), name.word()),
            (1, name, word)
        );
        let all = if needed(name).is_empty() { 5 } else { 1 };
        assert_eq!(
            (found[0].indicators.len(), &found[0].message),
            (all, &None),
            "{word}"
        );
    }
}

#[test]
fn parameters_are_read() {
    let found = detectors(
        "method = \"modified-z\"\nindicators = [\"gdp\"]\nthreshold = 4\nfactor = \"0.675\"\nvalues_min = 8\nzero_spread = \"mean-deviation\"\nmessage = { zh = \"异常\", en = \"Unusual\" }",
    );
    let parameters = modified_z::Parameters {
        threshold: Decimal::integer(4),
        factor: Decimal::parse("0.675").unwrap(),
        values_min: 8,
        zero_spread: modified_z::ZeroSpread::MeanDeviation,
    };
    assert_eq!(found[0].method, Method::ModifiedZ(parameters));
    assert_eq!(found[0].message.as_ref().unwrap().zh, "异常");

    let found = detectors(
        "method = \"growth-level\"\nindicators = [\"gdp\"]\ngrowth = [\"gdp_growth\"]\nbase = [\"primary\"]\ngap_points = \"12.5\"",
    );
    let default = growth_level::Parameters::new(vec!["gdp_growth".parse().unwrap()]);
    let parameters = growth_level::Parameters {
        base: vec!["primary".parse().unwrap()],
        gap_points: Decimal::parse("12.5").unwrap(),
        ..default
    };
    assert_eq!(found[0].method, Method::GrowthLevel(parameters));

    let found = detectors(
        "method = \"threshold-hugging\"\nindicators = [\"gdp\"]\ntarget_indicator = \"primary\"\nacross = \"periods\"\nband = \"0.2\"\nrate = \"0.1\"",
    );
    let default = threshold_hugging::Parameters::new(threshold_hugging::Target::Indicator(
        "primary".parse().unwrap(),
    ));
    let parameters = threshold_hugging::Parameters {
        band: Decimal::parse("0.2").unwrap(),
        across: threshold_hugging::Across::Periods,
        rate: Decimal::parse("0.1").unwrap(),
        ..default
    };
    assert_eq!(found[0].method, Method::ThresholdHugging(parameters));
}

const FAULTY: &str = r#"
[[detector]]
id = "GDP.BALANCE"
method = "modified-zz"
dataset = "quarterly-account"

[[detector]]
id = "A"
method = "modified-z"
dataset = "quarterly-accounts"
indicators = ["revenue", "gpd"]
treshold = "3.5"
factor = 0.6745
values_min = 0
zero_spread = "mean"

[[detector]]
id = "B"
method = "growth-level"
dataset = "quarterly-accounts"
gap_points = "-1"

[[detector]]
id = "C"
method = "growth-level"
dataset = "quarterly-accounts"
indicators = ["gdp", "primary"]
growth = ["gdp_growth"]

[[detector]]
id = "D"
method = "threshold-hugging"
dataset = "quarterly-accounts"
indicators = ["gdp_growth"]

[[detector]]
id = "E"
method = "threshold-hugging"
dataset = "quarterly-accounts"
indicators = ["gdp_growth"]
target = "6.5"
target_indicator = "revenue"

[[detector]]
id = "A"
method = "all-zero"
dataset = "quarterly-accounts"
threshold = "3.5"
message = { zh = "只有中文" }
"#;
#[test]
fn all_faults_are_told_at_once_with_place_and_remedy() {
    insta::assert_snapshot!(told(FAULTY), @r#"
    detectors.toml:3:6: edit id GDP.BALANCE is declared twice; it is declared at edits.toml:11 already; remove one
    detectors.toml:4:10: method cannot be "modified-zz"; did you mean modified-z?
    detectors.toml:5:11: there is no dataset code quarterly-account; did you mean quarterly-accounts?
    detectors.toml:11:15: the dataset does not hold revenue; its indicators are gdp, primary, secondary, tertiary, gdp_growth
    detectors.toml:11:26: there is no indicator code gpd; declare it by [[indicator]], or correct the code
    detectors.toml:12:1: unknown key "treshold"; did you mean threshold?
    detectors.toml:13:10: factor must be a whole number, or a decimal in double quotes, not a float; for instance factor = "0.6745"
    detectors.toml:14:14: values_min = 0 is out of range; write 1 to 1000000
    detectors.toml:15:15: zero_spread cannot be "mean"; it is one of undecided, mean-deviation
    detectors.toml:17:1: growth is missing; write growth = ["gdp_growth"] in this [[detector]]
    detectors.toml:17:1: indicators is missing; write indicators = ["gdp"] in this [[detector]]
    detectors.toml:21:14: gap_points = "-1" is out of range; write a number from 0.01 to 1000 with at most six digits after the point
    detectors.toml:28:10: growth has 1 indicators, and indicators has 2; write as many, one for each in the same order
    detectors.toml:30:1: target is missing; write target = "6.5" in this [[detector]]
    detectors.toml:42:20: target and target_indicator exclude each other; remove one of them
    detectors.toml:45:6: edit id A is declared twice; it is declared at detectors.toml:8 already; remove one
    detectors.toml:48:1: unknown key "threshold"; the keys are id, method, dataset, indicators, message, values_min
    detectors.toml:49:11: en is missing; write en = "…" in this [[detector]]
    "#);
}

//! What is said about a faulty catalogue.

use proptest::prelude::*;

use super::*;
use crate::{
    catalogue::Fault,
    text::{Bilingual, Language},
};

const FAULTY: [(&str, &str); 6] = [
    (
        "catalogue.toml",
        include_str!("../../../tests/data/faulty/catalogue.toml"),
    ),
    (
        "units.toml",
        include_str!("../../../tests/data/faulty/units.toml"),
    ),
    (
        "indicators.toml",
        include_str!("../../../tests/data/faulty/indicators.toml"),
    ),
    (
        "datasets.toml",
        include_str!("../../../tests/data/faulty/datasets.toml"),
    ),
    (
        "roster.toml",
        include_str!("../../../tests/data/faulty/roster.toml"),
    ),
    (
        "edits.toml",
        include_str!("../../../tests/data/faulty/edits.toml"),
    ),
];

fn faults(files: &[(&str, &str)]) -> Vec<Fault> {
    Catalogue::parse(&bundle(files)).unwrap_err()
}

/// The faults without their remedies.
fn told(files: &[(&str, &str)]) -> String {
    let line = |fault: Fault| {
        let Fault {
            file,
            line,
            column,
            message,
            ..
        } = fault;
        format!("{file}:{line}:{column}: {}\n", message.en)
    };
    faults(files).into_iter().map(line).collect()
}

/// The sample with `from` replaced by `to` in one of its files.
fn told_of_changed_sample(file: &str, from: &str, to: &str) -> String {
    let mut files = SAMPLE;
    let changed = files.iter_mut().find(|(name, _)| *name == file).unwrap();
    assert!(changed.1.contains(from));
    let text = changed.1.replacen(from, to, 1);
    changed.1 = &text;
    told(&files)
}

#[test]
fn every_planted_fault_is_told_once_at_its_place() {
    // How an edit's own text is refused is worded elsewhere; here its place counts.
    let of_an_expression =
        |line: &&str| line.starts_with("edits.toml:5:") || line.starts_with("edits.toml:6:");
    let told = told(&FAULTY);
    let (compiled, read): (Vec<&str>, Vec<&str>) = told.lines().partition(of_an_expression);
    assert!(
        compiled[0].starts_with("edits.toml:5:31: ")
            && compiled[1].starts_with("edits.toml:6:14: ")
    );
    assert_eq!(compiled.len(), 2);
    insta::assert_snapshot!(read.join("\n"), @r#"
    catalogue.toml:3:8: en is missing
    catalogue.toml:4:12: there is no time zone "Asia/Shangai"
    catalogue.toml:6:2: unknown table "calender"
    datasets.toml:5:33: gdp stands in indicators twice
    datasets.toml:6:20: there is no indicator code tertiary
    datasets.toml:7:20: day = 0 is out of range
    datasets.toml:7:30: "25:00" is not a time of day
    datasets.toml:8:16: 2021-M01 is not of the dataset's periodicity, quarter
    datasets.toml:9:15: "2020-Q5" is not a period
    datasets.toml:15:22: there is no indicator code primery
    datasets.toml:16:12: itemised must be true or false, not a text
    datasets.toml:19:15: the last period, 2021-M02, lies before the first, 2021-M03
    edits.toml:10:6: edit id SUM is declared twice
    edits.toml:11:8: kind cannot be "strict"
    edits.toml:20:16: this is not TOML (invalid basic string, expected `"`)
    indicators.toml:1:2: the header of department has the wrong brackets
    indicators.toml:13:10: factor must be a whole number, or a decimal in double quotes, not a float
    indicators.toml:15:1: factor is missing
    indicators.toml:23:19: there is no unit of measure CNY_10M
    indicators.toml:24:12: decimals = 19 is out of range
    indicators.toml:25:8: kind cannot be "flows"
    indicators.toml:30:8: name must be a table, not a text
    indicators.toml:32:12: decimals must be a whole number, not a text
    indicators.toml:34:9: there is no department code nobody
    roster.toml:1:1: units cannot stand beside level or under
    roster.toml:3:20: there is no unit code 520109
    roster.toml:6:1: this row selects no unit
    roster.toml:7:11: there is no dataset code weekly
    roster.toml:13:8: 2021-M01 is outside the periods of monthly
    roster.toml:14:6: 2021-Q1 is not of the dataset's periodicity, month
    units.toml:8:10: there is no unit code 520199
    units.toml:9:1: unknown key "levle"
    units.toml:12:8: unit code 520100 is declared twice
    units.toml:16:8: "52/01" is not a unit code
    units.toml:19:1: code is missing
    units.toml:25:10: A stands below itself, by way of its parent B
    units.toml:39:25: en is blank
    units.toml:40:8: "2021-02-30" is not a date
    units.toml:46:6: the last day lies before the first, 2021-06-01
    units.toml:48:7: unknown key "extra"
    "#);
}

#[test]
fn a_weight_is_a_whole_number_from_1_to_100() {
    for (weight, fault) in [
        ("0", "weight = 0 is out of range"),
        ("101", "weight = 101 is out of range"),
        ("1.5", "weight must be a whole number, not a float"),
    ] {
        let changed = format!("weight = {weight}\ndecimals = 2");
        let told = told_of_changed_sample("indicators.toml", "decimals = 2", &changed);
        assert!(told.ends_with(&format!(": {fault}\n")), "{told}");
    }
}

#[test]
fn a_fault_names_its_remedy_in_both_languages() {
    let all = faults(&FAULTY);
    let is_full = |text: &Bilingual| !text.zh.trim().is_empty() && !text.en.trim().is_empty();
    assert!(
        all.iter()
            .all(|f| is_full(&f.message) && is_full(&f.remedy))
    );
    assert!(all.is_sorted());
    let zone = &all[1];
    assert_eq!(
        zone.to_string(),
        "catalogue.toml:4:12: there is no time zone \"Asia/Shangai\"; did you mean Asia/Shanghai?"
    );
    assert_eq!(
        zone.text(Language::Zh),
        "catalogue.toml:4:12: 没有时区 \"Asia/Shangai\"；是否应为 Asia/Shanghai？"
    );
}

#[test]
fn what_follows_from_a_syntax_fault_waits_until_it_is_mended() {
    let mut all = String::new();
    let mut check =
        |file, from, to| all += &format!("{to:?}\n{}", told_of_changed_sample(file, from, to));
    // A lost quote takes the rest of the line with it, and so the parent of the counties.
    check("units.toml", "code = \"520100\"", "code = \"520100");
    check("units.toml", "[[level]]", "[[level]");
    check("datasets.toml", "[[dataset]]", "[[dataset");
    check("units.toml", "code = \"520100\"", "code \"520100\"");
    check("indicators.toml", "decimals = 2", "decimals = ");
    check(
        "edits.toml",
        "kind = \"quality\"",
        "kind = \"quality\"\nkind = \"validity\"",
    );
    check("catalogue.toml", "name = {", "name = ");
    // A lost bracket leaves keys without their table.
    check("units.toml", "[[level]]", "level]]");
    check("catalogue.toml", "[catalogue]", "catalogue]");
    // A key that is not known may be one that was cut in two.
    check(
        "units.toml",
        "code = \"520100\"",
        "code = \"520100\nlevle = \"x\"",
    );
    // The second header drops all levels before it.
    check("units.toml", "[[unit]]", "[level]\n[[unit]]");
    insta::assert_snapshot!(all, @r#"
    "code = \"520100"
    units.toml:19:15: this is not TOML (invalid basic string, expected `"`)
    "[[level]"
    units.toml:1:9: this is not TOML (unclosed array table, expected `]`)
    "[[dataset"
    datasets.toml:1:10: this is not TOML (unclosed array table, expected `]]`)
    "code \"520100\""
    units.toml:19:6: this is not TOML (key with no value, expected `=`)
    "decimals = "
    indicators.toml:28:12: this is not TOML (string values must be quoted, expected literal string)
    "kind = \"quality\"\nkind = \"validity\""
    edits.toml:4:1: the same key is written twice
    "name = "
    catalogue.toml:3:12: this is not TOML (unexpected key or value, expected newline, `#`)
    "level]]"
    units.toml:1:6: this is not TOML (key with no value, expected `=`)
    "catalogue]"
    catalogue.toml:2:10: this is not TOML (key with no value, expected `=`)
    "code = \"520100\nlevle = \"x\""
    units.toml:19:15: this is not TOML (invalid basic string, expected `"`)
    "[level]\n[[unit]]"
    units.toml:13:2: the same key is written twice
    "#);
}

#[test]
fn a_diagnostic_of_an_edit_points_into_its_text() {
    let check = |written: &str, place: &str| {
        let expression = "\"gdp = primary + secondary + tertiary\"";
        let told = told_of_changed_sample("edits.toml", expression, written);
        assert!(told.starts_with(place), "{written}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    };
    check("\"gdp = gpd\"", "edits.toml:14:21: ");
    check("'gdp = gpd'", "edits.toml:14:21: ");
    check("\"\"\"gdp = gpd\"\"\"", "edits.toml:14:23: ");
    check("\"\"\"\ngdp\n  = gpd\n\"\"\"", "edits.toml:16:5: ");
    check("'''\r\ngdp = gpd'''", "edits.toml:15:7: ");
    // What comes before the fault is written with an escape: the opening quote.
    check("\"gdp\\t= gpd\"", "edits.toml:14:14: ");
    check("\"gdp = gpd\\t\"", "edits.toml:14:21: ");
}

#[test]
fn the_other_fields_of_an_edit_have_their_places_too() {
    let told = told_of_changed_sample(
        "edits.toml",
        "tolerance = \"rounding\"",
        "tolerance = \"0,5\"",
    );
    assert!(told.starts_with("edits.toml:6:"), "{told}");
    let told = told_of_changed_sample(
        "edits.toml",
        "rollup = \"non_null\"",
        "rollup = \"nonnull\"",
    );
    assert!(told.starts_with("edits.toml:7:"), "{told}");
    let told = told_of_changed_sample("edits.toml", "tolerance = \"rounding\"", "tolerance = 0.5");
    assert_eq!(
        told,
        "edits.toml:6:13: tolerance must be a text in double quotes, not a float\n"
    );
}

#[test]
fn each_cycle_of_the_tree_is_told_once() {
    let unit = |code: &str, parent: &str| {
        format!(
            "[[unit]]\ncode = \"{code}\"\nname = {{ zh = \"某\", en = \"X\" }}\nparent = \"{parent}\"\n"
        )
    };
    // Two cycles, one of them of a single unit, and a tail that leads into each.
    let links = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "d"), ("e", "d")];
    let text: String = links
        .iter()
        .map(|(code, parent)| unit(code, parent))
        .collect();
    insta::assert_snapshot!(told(&[SAMPLE[0], ("units.toml", &text)]), @r#"
    units.toml:8:10: b stands below itself, by way of its parent c
    units.toml:16:10: d stands below itself, by way of its parent d
    "#);
}

#[test]
fn a_deep_tree_costs_no_call_depth() {
    let unit = |n: usize| {
        let parent = if n == 0 {
            String::new()
        } else {
            format!(", parent = \"{}\"", n - 1)
        };
        format!("{{ code = \"{n}\", name = {{ zh = \"某\", en = \"X\" }}{parent} }},\n")
    };
    let units: String = (0..30_000).map(unit).collect();
    let text = format!("unit = [\n{units}]");
    let catalogue = Catalogue::parse(&bundle(&[SAMPLE[0], ("units.toml", &text)])).unwrap();
    assert_eq!(
        catalogue
            .descendants(
                catalogue
                    .unit_at(catalogue.unit_index(&"0".parse().unwrap()).unwrap())
                    .code(),
                "2021-Q1".parse().unwrap()
            )
            .len(),
        29_999
    );
}

#[test]
fn a_bundle_without_a_header_is_told_so() {
    assert_eq!(
        told(&[]),
        "catalogue.toml:1:1: there is no [catalogue] table\n"
    );
    assert_eq!(
        told(&[("x.toml", "")]),
        "x.toml:1:1: there is no [catalogue] table\n"
    );
    let twice = told(&[SAMPLE[0], ("more.toml", SAMPLE[0].1)]);
    assert_eq!(twice, "more.toml:2:1: [catalogue] is written twice\n");
}

#[test]
fn files_from_windows_have_the_same_places() {
    let change = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let texts = SAMPLE.map(|(name, text)| (name, change(text)));
    let mut files = texts.each_ref().map(|(name, text)| (*name, text.as_str()));
    assert!(Catalogue::parse(&bundle(&files)).is_ok());
    let extra = change("X = 1\n贵 = 2");
    files[4] = ("roster.toml", &extra);
    let told = told(&files);
    assert!(
        told.starts_with("roster.toml:1:1: unknown table \"X\"\n"),
        "{told}"
    );
}

#[test]
fn names_are_words_on_one_line() {
    let check = |name: &str, expect: &str| {
        let told = told_of_changed_sample("catalogue.toml", "\"Sample statistics\"", name);
        assert_eq!(told, expect);
    };
    let longest = format!("\"{}\"", "x".repeat(1_000));
    let over = longest.replacen('x', "xx", 1);
    let fault = "catalogue.toml:3:30: en is too long or holds control characters\n";
    check(&over, fault);
    check("\"a\\nb\"", fault);
    check("\" \"", "catalogue.toml:3:30: en is blank\n");
    let sample = SAMPLE[0].1.replace("\"Sample statistics\"", &longest);
    assert!(Catalogue::parse(&bundle(&[("catalogue.toml", &sample)])).is_ok());
}

#[test]
fn a_base_has_no_base_itself() {
    let told = told_of_changed_sample(
        "indicators.toml",
        "name = { zh = \"万元\", en = \"CNY 10,000\" }",
        "name = { zh = \"万元\", en = \"CNY 10,000\" }\nbase = \"PERCENT\"\nfactor = \"0.5\"",
    );
    assert_eq!(
        told,
        "indicators.toml:18:8: CNY_10K has a base itself: PERCENT\n"
    );
    let told = told_of_changed_sample(
        "indicators.toml",
        "base = \"CNY_10K\"",
        "base = \"CNY_100M\"",
    );
    assert_eq!(
        told,
        "indicators.toml:16:8: CNY_100M has a base itself: CNY_100M\n"
    );
    for factor in ["0", "\"-1\"", "\"1e4\"", "\"\""] {
        let told = told_of_changed_sample(
            "indicators.toml",
            "factor = 10000",
            &format!("factor = {factor}"),
        );
        assert!(
            told.starts_with("indicators.toml:17:10: factor = "),
            "{told}"
        );
    }
}

#[test]
fn a_roster_stays_within_its_dataset() {
    let told = told_of_changed_sample("roster.toml", "from = \"2021-M03\"", "to = \"2023-M01\"");
    let expect = "roster.toml:13:6: 2023-M01 is outside the periods of monthly-revenue\n";
    assert_eq!(told, expect);
    let told = told_of_changed_sample(
        "roster.toml",
        "\"520000\"]",
        "\"ZONE-1\"]\nto = \"2021-Q1\"",
    );
    assert_eq!(
        told,
        "roster.toml:8:6: the last period, 2021-Q1, lies before the first, 2021-Q2\n"
    );
    let never = told_of_changed_sample(
        "roster.toml",
        "level = \"prefecture\"",
        "units = [\"520100\", \"ZONE-1\"]\nto = \"2021-M04\"",
    );
    assert_eq!(
        never,
        "roster.toml:12:20: ZONE-1 is in force in none of this row's periods\n"
    );
}

#[test]
fn a_roster_that_expands_without_end_is_refused() {
    let unit = |n: usize| {
        format!(
            "{{ code = \"{n}\", name = {{ zh = \"某\", en = \"X\" }}, parent = \"520000\" }},\n"
        )
    };
    let units: String = (0..2_100).map(unit).collect();
    let units = format!("unit = [\n{units}]");
    let rows = "[[roster]]\ndataset = \"quarterly-accounts\"\nunder = \"520000\"\n".repeat(2_000);
    let mut files = SAMPLE.to_vec();
    files[4].1 = &rows;
    files.push(("zone.toml", &units));
    assert_eq!(
        told(&files),
        "roster.toml:5695:1: the roster holds more than 4000000 pairs of row and unit\n"
    );
}

#[test]
fn a_list_of_faults_has_an_end() {
    let text = "[[unit]]\n".repeat(2_000);
    let all = faults(&[SAMPLE[0], ("units.toml", &text)]);
    // Code and name are missing in each.
    assert_eq!(all.len(), 1_001);
    assert_eq!(all[1_000].message.en, "3000 more faults are not listed");
    assert_eq!(
        (all[1_000].line, all[1_000].file.as_str()),
        (501, "units.toml")
    );
}

#[test]
fn a_huge_file_that_is_not_toml_is_refused_in_one_line() {
    let text = "= ".repeat(1 << 20);
    let all = faults(&[SAMPLE[0], ("units.toml", &text)]);
    assert_eq!(all.len(), 1);
}

/// Reads whatever it is; a catalogue that is refused must say why, within its files.
fn read(files: &[(&str, &str)]) {
    let Err(all) = Catalogue::parse(&bundle(files)) else {
        return;
    };
    assert!(!all.is_empty());
    for fault in all {
        let text = files
            .iter()
            .find(|(name, _)| *name == fault.file)
            .unwrap()
            .1;
        let line = text.split('\n').nth(fault.line as usize - 1).unwrap();
        assert!(fault.column as usize <= line.chars().count() + 1, "{fault}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        read(&[SAMPLE[0], ("x.toml", &text)]);
    }

    #[test]
    fn text_like_a_catalogue_never_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "[[unit]]\n", "[unit]\n", "unit = [", "]", "{", "}", "code", "name", "zh", "=", "\"a\"", ",", ".", "\n", "\"\"\"\n", "'",
                "[[edit]]\n", "expression", "dataset", "[[dataset]]\n", "indicators", "deadline", "day", "8", "2021-01-01", "from", "parent",
                "[[roster]]\n", "units", "level", "true", "0.5", "-1", "[catalogue]\n", "timezone", "\\", "#", "贵",
            ]),
            0..60,
        ),
    ) {
        read(&[SAMPLE[0], ("x.toml", &words.concat())]);
    }

    #[test]
    fn a_damaged_sample_never_panics(
        file in 0..6_usize,
        cut in any::<prop::sample::Index>(),
        length in 0..60_usize,
        put in "[\\[\\]{}=\"',.#a-c0-2贵\n ]{0,4}",
    ) {
        let mut files = SAMPLE;
        let mut chars: Vec<char> = files[file].1.chars().collect();
        let start = cut.index(chars.len());
        let end = (start + length).min(chars.len());
        chars.splice(start..end, put.chars());
        let text: String = chars.into_iter().collect();
        files[file].1 = &text;
        read(&files);
    }
}

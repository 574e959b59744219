//! What a valid catalogue answers.

use super::*;
use crate::{
    catalogue::{Indicator, IndicatorKind, MeasureCode},
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    edits::{Edit, EditKind},
    period::{Period, Periodicity},
};

fn unit(text: &str) -> UnitCode {
    UnitCode::new(text).unwrap()
}

fn dataset(text: &str) -> DatasetCode {
    DatasetCode::new(text).unwrap()
}

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

fn codes<'c>(catalogue: &'c Catalogue, dataset_code: &str, at: &str) -> Vec<&'c str> {
    let expected = catalogue.expected_units(&dataset(dataset_code), period(at));
    let code = |index| catalogue.unit_at(index).code().as_str();
    expected.into_iter().map(code).collect()
}

#[test]
fn the_sample_is_read_whole() {
    let catalogue = sample();
    assert_eq!(catalogue.version(), bundle(&SAMPLE).version());
    assert_eq!(catalogue.name().zh, "样例统计报送");
    assert_eq!(catalogue.units().len(), 8);
    assert!(catalogue.units().is_sorted_by_key(|u| u.code().clone()));
    let levels = catalogue.levels().iter().map(|l| l.code().as_str());
    assert_eq!(
        levels.collect::<Vec<_>>(),
        ["province", "prefecture", "county"]
    );
    let gdp = catalogue
        .indicator(&IndicatorCode::new("gdp").unwrap())
        .unwrap();
    assert_eq!((gdp.decimals(), gdp.kind()), (2, IndicatorKind::YearToDate));
    assert_eq!(
        catalogue.department(gdp.owner()).unwrap().name().zh,
        "统计局"
    );
    assert_eq!(gdp.weight(), Indicator::WEIGHT_DEFAULT);
    let measure = catalogue.measure(gdp.unit_of_measure()).unwrap();
    let base = (
        MeasureCode::new("CNY_10K").unwrap(),
        Decimal::integer(10_000),
    );
    assert_eq!(measure.base(), Some(&base));
}

#[test]
fn an_indicator_may_be_trusted_more_than_others() {
    let mut files = SAMPLE;
    let indicators = files
        .iter_mut()
        .find(|(name, _)| *name == "indicators.toml")
        .unwrap();
    let text = indicators
        .1
        .replacen("decimals = 2", "weight = 100\ndecimals = 2", 1);
    indicators.1 = &text;
    let catalogue = Catalogue::parse(&bundle(&files)).unwrap();
    let weights: Vec<u32> = catalogue
        .indicators()
        .iter()
        .map(Indicator::weight)
        .collect();
    assert_eq!(weights.iter().filter(|weight| **weight == 100).count(), 1);
    assert_eq!(
        weights.iter().filter(|weight| **weight == 1).count(),
        weights.len() - 1
    );
}

#[test]
fn a_dataset_answers_for_its_indicators_edits_and_periods() {
    let catalogue = sample();
    let accounts = catalogue.dataset(&dataset("quarterly-accounts")).unwrap();
    assert_eq!(accounts.periodicity(), Periodicity::Quarter);
    let columns = accounts.indicators().iter().map(IndicatorCode::as_str);
    let expect = ["gdp", "primary", "secondary", "tertiary", "gdp_growth"];
    assert_eq!(columns.collect::<Vec<_>>(), expect);
    assert_eq!(accounts.required().len(), 4);
    assert!(accounts.holds(&IndicatorCode::new("tertiary").unwrap()));
    assert!(!accounts.holds(&IndicatorCode::new("revenue").unwrap()));
    // The roll-up stands first in the file, but validity comes first.
    let edits = |e: &Edit| (e.id().as_str().to_owned(), e.kind());
    let expect = [
        ("GDP.BALANCE".to_owned(), EditKind::Validity),
        ("GDP.ROLLUP".to_owned(), EditKind::Quality),
    ];
    assert_eq!(
        accounts.edits().iter().map(edits).collect::<Vec<_>>(),
        expect
    );
    let gdp = [IndicatorCode::new("gdp").unwrap()];
    assert_eq!(catalogue.rollup_indicators(accounts.code()), gdp);
    assert_eq!(catalogue.rollup_indicators(&dataset("none")), []);
    let noon = accounts.due_at_ms(period("2021-Q1"));
    // 2021-04-08 12:00 +08:00.
    assert_eq!(noon, Some(1_617_854_400_000));
    assert_eq!(accounts.due_at_ms(period("2021-M03")), None);
    assert!(accounts.covers(period("2021-Q1")) && accounts.covers(period("2199-Q4")));
    assert!(!accounts.covers(period("2020-Q4")) && !accounts.covers(period("2021-M01")));
}

#[test]
fn rows_of_the_roster_add_up_and_are_cut_to_the_days_in_force() {
    let catalogue = sample();
    let check = |at, expect: &[&str]| {
        assert_eq!(codes(&catalogue, "quarterly-accounts", at), expect, "{at}");
    };
    let counties = ["520100", "520102", "520103"];
    let rest = ["520200", "520300"];
    check("2020-Q4", &[]);
    // The zone is not open yet; the county that closes in August owes the second quarter, not the third.
    check("2021-Q1", &[&counties[..], &["520199"], &rest].concat());
    check(
        "2021-Q2",
        &[&["520000"], &counties[..], &["520199"], &rest, &["ZONE-1"]].concat(),
    );
    check(
        "2021-Q3",
        &[&["520000"], &counties[..], &rest, &["ZONE-1"]].concat(),
    );
    check("2021-M03", &[]);
}

#[test]
fn both_ends_of_a_range_are_owed() {
    let catalogue = sample();
    let check = |at, expect: &[&str]| {
        assert_eq!(codes(&catalogue, "monthly-revenue", at), expect, "{at}");
    };
    let all = ["520100", "520200", "520300"];
    check("2021-M02", &[]);
    check("2021-M03", &all);
    check("2022-M12", &all);
    check("2023-M01", &[]);
}

#[test]
fn the_three_questions_about_the_roster_agree() {
    let catalogue = sample();
    for data in catalogue.datasets() {
        for at in [
            "2020-Q4", "2021-Q1", "2021-Q2", "2021-Q3", "2021-M02", "2021-M03", "2022-M12",
        ] {
            let at = period(at);
            let expected = catalogue.expected_units(data.code(), at);
            for unit in catalogue.units() {
                let index = catalogue.unit_index(unit.code()).unwrap();
                let is_expected = expected.contains(&index);
                assert_eq!(catalogue.expects(unit.code(), data.code(), at), is_expected);
                let data_index = catalogue.dataset_index(data.code()).unwrap();
                assert_eq!(catalogue.expects_at(index, data_index, at), is_expected);
            }
        }
    }
    let at = period("2021-Q1");
    assert!(!catalogue.expects(&unit("none"), &dataset("quarterly-accounts"), at));
    assert!(!catalogue.expects(&unit("520100"), &dataset("none"), at));
}

#[test]
fn the_first_and_the_last_day_are_in_force() {
    let catalogue = sample();
    let check = |code: &str, day: &str, expect: bool| {
        let unit = catalogue.unit(&unit(code)).unwrap();
        assert_eq!(
            unit.in_force_on(day.parse().unwrap()),
            expect,
            "{code} {day}"
        );
    };
    check("ZONE-1", "2021-05-14", false);
    check("ZONE-1", "2021-05-15", true);
    check("520199", "2021-08-31", true);
    check("520199", "2021-09-01", false);
    check("520100", "1900-01-01", true);
}

#[test]
fn children_are_direct_and_expected() {
    let catalogue = sample();
    let check = |above: &str, data: &str, at: &str, expect: &[&str]| {
        let children = catalogue.children(&unit(above), &dataset(data), period(at));
        let children: Vec<_> = children.iter().map(UnitCode::as_str).collect();
        assert_eq!(children, expect, "{above} {data} {at}");
    };
    check(
        "520000",
        "quarterly-accounts",
        "2021-Q1",
        &["520100", "520200", "520300"],
    );
    check(
        "520100",
        "quarterly-accounts",
        "2021-Q1",
        &["520102", "520103", "520199"],
    );
    check(
        "520100",
        "quarterly-accounts",
        "2021-Q3",
        &["520102", "520103", "ZONE-1"],
    );
    check("520100", "monthly-revenue", "2021-M03", &[]);
    check("520102", "quarterly-accounts", "2021-Q1", &[]);
    check("none", "quarterly-accounts", "2021-Q1", &[]);
    let at = period("2021-Q1");
    let above = |code| catalogue.parent(&unit(code), at);
    assert_eq!(above("520102"), Some(&unit("520100")));
    assert_eq!(above("520000"), None);
    let below = |code| catalogue.descendants(&unit(code), at).len();
    assert_eq!(
        [below("520000"), below("520100"), below("520102")],
        [7, 4, 0]
    );
}

#[test]
fn tables_may_stand_in_any_file_and_in_either_form() {
    let one_file: String = SAMPLE.iter().map(|(_, text)| *text).collect();
    let catalogue = Catalogue::parse(&bundle(&[("all.toml", &one_file)])).unwrap();
    assert_eq!(catalogue.units(), sample().units());
    assert_ne!(catalogue.version(), sample().version());
    let inline = "level = [{ code = \"x\", name.zh = \"某\", name.en = \"X\" }]\n[catalogue]\ntimezone = \"UTC\"\n[catalogue.name]\nzh = \"某\"\nen = \"X\"";
    let catalogue = Catalogue::parse(&bundle(&[("a.toml", inline)])).unwrap();
    assert_eq!(catalogue.levels()[0].name().zh, "某");
}

#[test]
fn stretches_that_touch_or_overlap_are_joined() {
    let roster = |rows: &[(&str, &str)]| {
        let row = |(from, to): &(&str, &str)| {
            format!(
                "[[roster]]\ndataset = \"monthly-revenue\"\nunits = [\"520000\"]\nfrom = \"{from}\"\nto = \"{to}\"\n"
            )
        };
        let rows: String = rows.iter().map(row).collect();
        let mut files = SAMPLE;
        files[4].1 = &rows;
        Catalogue::parse(&bundle(&files)).unwrap()
    };
    let owed = |catalogue: &Catalogue| -> Vec<i32> {
        let owes = |month: &i32| {
            let at = Period::new(Periodicity::Month, 2021, *month).unwrap();
            catalogue.expects(&unit("520000"), &dataset("monthly-revenue"), at)
        };
        (1..=12).filter(owes).collect()
    };
    let touching = roster(&[("2021-M04", "2021-M05"), ("2021-M02", "2021-M03")]);
    assert_eq!(owed(&touching), [2, 3, 4, 5]);
    let apart = roster(&[
        ("2021-M07", "2021-M07"),
        ("2021-M01", "2021-M02"),
        ("2021-M02", "2021-M04"),
    ]);
    assert_eq!(owed(&apart), [1, 2, 3, 4, 7]);
    let within = roster(&[("2021-M01", "2021-M09"), ("2021-M03", "2021-M04")]);
    assert_eq!(owed(&within), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

/// 3,000 units in three levels and 20 datasets; printed with `--nocapture`, since a limit on time would fail on a busy machine.
#[test]
fn a_large_catalogue_is_read_and_asked() {
    let mut text = String::from(
        "[catalogue]\nname = { zh = \"大\", en = \"Large\" }\ntimezone = \"Asia/Shanghai\"\n",
    );
    for level in ["a", "b", "c"] {
        text +=
            &format!("[[level]]\ncode = \"{level}\"\nname = {{ zh = \"级\", en = \"Level\" }}\n");
    }
    for n in 0..3_000 {
        let (level, parent) = match n {
            0 => ("a", String::new()),
            1..60 => ("b", "parent = \"u0\"\n".to_owned()),
            _ => ("c", format!("parent = \"u{}\"\n", n % 59 + 1)),
        };
        text += &format!(
            "[[unit]]\ncode = \"u{n}\"\nname = {{ zh = \"单位{n}\", en = \"Unit {n}\" }}\nlevel = \"{level}\"\n{parent}from = \"1990-01-01\"\n"
        );
    }
    text += SAMPLE[2].1;
    for n in 0..20 {
        text += &format!(
            "[[dataset]]\ncode = \"d{n}\"\nname = {{ zh = \"报表\", en = \"Dataset\" }}\nperiodicity = \"month\"\nindicators = [\"revenue\"]\ndeadline = {{ day = 8, time = \"12:00\" }}\nfirst_period = \"2015-M01\"\n[[roster]]\ndataset = \"d{n}\"\nunder = \"u0\"\n"
        );
    }
    let files = bundle(&[("all.toml", &text)]);
    let start = std::time::Instant::now();
    let catalogue = Catalogue::parse(&files).unwrap();
    let parsed = start.elapsed();
    let mut expected = 0;
    for data in catalogue.datasets() {
        for month in 1..=12 {
            let at = Period::new(Periodicity::Month, 2021, month).unwrap();
            expected += catalogue.expected_units(data.code(), at).len();
        }
    }
    println!(
        "parse {parsed:?}, 720,000 questions {:?}",
        start.elapsed() - parsed
    );
    assert_eq!(expected, 2_999 * 20 * 12);
}

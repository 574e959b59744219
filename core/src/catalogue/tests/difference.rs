//! What another version would change.

use jiff::civil::date;

use super::*;
use crate::catalogue::{Changes, Difference};

/// The sample with these words replaced.
fn other(replace: &[(&str, &str)]) -> Catalogue {
    let edit = |text: &str| {
        let all = replace.iter();
        all.fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
    };
    let files: Vec<(&str, String)> = SAMPLE
        .iter()
        .map(|(name, text)| (*name, edit(text)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    Catalogue::parse(&bundle(&files)).unwrap()
}

fn from_sample(replace: &[(&str, &str)]) -> Difference {
    Difference::between(&sample(), &other(replace), date(2022, 12, 31))
}

fn changed(code: &str) -> Changes {
    Changes {
        changed: vec![code.to_owned()],
        ..Changes::default()
    }
}

#[test]
fn the_same_catalogue_changes_nothing() {
    assert_eq!(from_sample(&[]), Difference::default());
    // A remark in a file is another version, and changes nothing that people see.
    assert_eq!(
        from_sample(&[("[[roster]]", "# a remark\n[[roster]]")]),
        Difference::default()
    );
}

#[test]
fn an_edit_a_name_and_a_new_unit_are_told_apart() {
    let found = from_sample(&[("revenue >= 0", "revenue >= 1"), ("贵阳市", "贵阳")]);
    assert_eq!(
        (found.edits, found.units),
        (changed("REVENUE.SIGN"), changed("520100"))
    );
    assert_eq!(
        (found.datasets, found.sheets),
        (Changes::default(), Vec::new())
    );

    let county = "# A zone that";
    let more = "[[unit]]\ncode = \"520104\"\nname = { zh = \"新县\", en = \"New\" }\nparent = \"520100\"\n# A zone that";
    let found = from_sample(&[(county, more)]);
    assert_eq!(found.units.added, ["520104"]);
    // Eight quarters of the accounts, which all under the province owe.
    assert_eq!((found.sheets.len(), found.slots()), (8, (8, 0)));
    let back = Difference::between(&other(&[(county, more)]), &sample(), date(2022, 12, 31));
    assert_eq!(
        (back.units.gone, back.sheets.len()),
        (vec!["520104".to_owned()], 8)
    );
    let (appear, vanish): (usize, usize) = (0, back.sheets.iter().map(|sheet| sheet.vanish).sum());
    assert_eq!((appear, vanish), (0, 8));
}

#[test]
fn a_deadline_that_moves_is_told_for_each_period() {
    let found = from_sample(&[("day = 5, time = \"24:00\"", "day = 6, time = \"24:00\"")]);
    assert_eq!(found.datasets, changed("monthly-revenue"));
    // The roster owes it from March 2021 to December 2022.
    assert_eq!(found.sheets.len(), 22);
    let sheet = &found.sheets[0];
    assert_eq!(
        (
            sheet.period.to_string().as_str(),
            sheet.appear,
            sheet.vanish
        ),
        ("2021-M03", 0, 0)
    );
    let due = other(&[]).datasets()[0].due_at_ms(sheet.period).unwrap();
    assert_eq!(sheet.due_at_ms, Some(due + 24 * 3_600_000));
}

#[test]
fn a_scorecard_is_changed_by_its_own_rules_and_not_by_a_new_unit_that_it_would_rank() {
    const CARD: &str = "[[scorecard]]\ncode = \"all\"\nname = { zh = \"考核\", en = \"Scores\" }\nperiodicity = \"quarter\"\nunder = \"520000\"\ncomponents = [{ measure = \"on_time_rate\", weight = 100 }]\n\n# A zone that";
    const ZONE: &str = "# A zone that";
    let old = other(&[(ZONE, CARD)]);
    let from = |card: &str| {
        Difference::between(&old, &other(&[(ZONE, card)]), date(2022, 12, 31)).scorecards
    };
    let more = "[[unit]]\ncode = \"520104\"\nname = { zh = \"新县\", en = \"New\" }\nparent = \"520100\"\nlevel = \"county\"\n";
    assert_eq!(from(&format!("{more}{CARD}")), Changes::default());
    let other_card = CARD.replace("on_time_rate", "reporting_rate");
    assert_eq!(from(&other_card), changed("all"));
    let fewer = CARD.replace("under = \"520000\"", "under = \"520100\"");
    assert_eq!(from(&fewer), changed("all"), "it ranks other units");
}

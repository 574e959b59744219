//! The county's desk and the city agree: for random edits and figures, what [`assess_with`] finds from the current figures is what
//! the city finds after folding, with the same figures, words and basis; and so are the other records that a statement makes fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use granary_core::{
    catalogue::Catalogue,
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    ledger::{
        Failure, FindingStatus, Known, Outcome, assess_with, consequences,
        keys::{self, Table},
        rows::{FailureRow, FindingRow, SlotRow, VintageRow},
    },
    snapshot::{Observation, ObservationStatus, SlotKey, Snapshot},
};
use proptest::prelude::*;
use support::*;

/// An itemised dataset beside those of the sample.
const PROJECTS: &str = r#"
[[indicator]]
code = "investment"
name = { zh = "完成投资", en = "Investment" }
unit_of_measure = "CNY_10K"
decimals = 2
kind = "flow"
owner = "statistics"

[[dataset]]
code = "projects"
name = { zh = "重点项目", en = "Projects" }
periodicity = "month"
indicators = ["investment"]
itemised = true
deadline = { day = 5, time = "12:00" }
first_period = "2021-M01"

[[roster]]
dataset = "projects"
level = "prefecture"
"#;

const UNITS: [&str; 2] = ["520100", "520200"];

/// What an edit of each dataset may compare, all in units of CNY 10,000.
fn operand(dataset: usize) -> BoxedStrategy<String> {
    let (own, foreign): (&'static str, &'static [&'static str]) = match dataset {
        0 => (
            "gdp",
            &[
                "'monthly-revenue'#revenue",
                "ytd('monthly-revenue'#revenue)",
                "previous('monthly-revenue'#revenue)",
            ],
        ),
        1 => (
            "revenue",
            &[
                "'quarterly-accounts'#gdp",
                "year_ago('quarterly-accounts'#gdp)",
            ],
        ),
        _ => ("investment", &["investment"]),
    };
    let scaled = move |text: String| match text.contains("gdp") {
        true => format!("{text} * 10000"),
        false => text,
    };
    let ways = prop_oneof![
        Just(own.to_owned()),
        Just(format!("previous({own})")),
        Just(format!("year_ago({own})")),
        Just(format!("ytd({own})")),
        (2..4_u8).prop_map(move |n| format!("lag({own}, {n})")),
        proptest::sample::select(foreign).prop_map(str::to_owned),
    ];
    ways.prop_map(scaled).boxed()
}

fn expression(dataset: usize) -> impl Strategy<Value = String> {
    let compare = proptest::sample::select(&["<", "<=", "=", "<>", ">=", ">"][..]);
    let sides = (
        operand(dataset),
        compare,
        operand(dataset),
        operand(dataset),
        0..6_u8,
    );
    sides.prop_map(|(left, compare, right, third, shape)| match shape {
        0 => format!("if {third} > 0 then {left} {compare} {right} else null"),
        1 => format!("isnull({third}) or {left} {compare} {right}"),
        2 => format!("nvl({left}, 0) {compare} {right} + {third}"),
        3 => format!("subperiod() = 1 or {left} {compare} {right}"),
        4 => format!("{left} {compare} {right} and {third} >= 0"),
        _ => format!("{left} {compare} {right}"),
    })
}

const DATASETS: [&str; 3] = ["quarterly-accounts", "monthly-revenue", "projects"];

/// Tables of a few random edits.
fn edits() -> impl Strategy<Value = String> {
    let one =
        (0..DATASETS.len()).prop_flat_map(|dataset| (Just(dataset), expression(dataset), 0..4_u8));
    proptest::collection::vec(one, 1..7).prop_map(|edits| {
        let mut text = PROJECTS.to_owned();
        for (number, (dataset, expression, manner)) in edits.iter().enumerate() {
            let manner = match manner {
                0 => "tolerance = \"rounding\"\n",
                1 => "missing = \"skip-if-any\"\n",
                2 => "from = \"2021-M07\"\n",
                _ => "",
            };
            text += &format!(
                "[[edit]]\nid = \"RANDOM.{number}\"\nkind = \"quality\"\ndataset = \"{}\"\nexpression = \"{expression}\"\n{}\
                 message = {{ zh = \"不成立\", en = \"does not hold\" }}\n",
                DATASETS[*dataset],
                if *dataset == 0 && manner.starts_with("from") { "from = \"2021-Q3\"\n" } else { manner },
            );
        }
        text
    })
}

/// One submission: unit, which slot, revision, how large its figures are.
type Step = (usize, usize, u32, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec((0..UNITS.len(), 0..17_usize, 1..4_u32, 0..6_i64), 1..30)
}

fn statement((unit, which, revision, size): Step, number: usize) -> Snapshot {
    let (dataset, period) = match which {
        0..7 => (
            DATASETS[0],
            format!("{}-Q{}", 2021 + which / 4, which % 4 + 1),
        ),
        7..12 => (DATASETS[1], format!("2021-M{:02}", which - 3)),
        _ => (DATASETS[2], format!("2021-M{:02}", which - 6)),
    };
    let mut snapshot = match dataset {
        // A size of zero is a stated absence, so that undecided verdicts come too.
        "quarterly-accounts" if size == 0 => snapshot(
            slot(UNITS[unit], dataset, &period),
            revision,
            ["", "1", "1", "1"],
        ),
        "quarterly-accounts" => {
            let gdp = format!("{}.0", size * 10);
            snapshot(
                slot(UNITS[unit], dataset, &period),
                revision,
                [&gdp, &gdp, "0.0", "0.0"],
            )
        }
        _ => snapshot(
            slot(UNITS[unit], dataset, &period),
            revision,
            ["1", "1", "1", "1"],
        ),
    };
    let value = |size: i64| Some(Decimal::integer(size * 100_000));
    let observation = |indicator: &str, item: Option<&str>, size| Observation {
        indicator: IndicatorCode::new(indicator).unwrap(),
        item: item.map(|item| ItemKey::new(item).unwrap()),
        value: value(size),
        status: ObservationStatus::Normal,
    };
    match dataset {
        "monthly-revenue" => snapshot.observations = vec![observation("revenue", None, size)],
        "projects" => {
            let second = (size % 2 == 0).then(|| observation("investment", Some("乙"), 5 - size));
            snapshot.observations = vec![observation("investment", Some("甲"), size)];
            snapshot.observations.splice(0..0, second);
        }
        _ => {}
    }
    snapshot.prepared_at_ms += i64::try_from(number).unwrap();
    snapshot
}

fn city(edits: &str) -> Option<City> {
    let bundle = bundle_with(edits);
    Catalogue::parse(&bundle).ok()?;
    let mut city = City::with_catalogue(bundle, &UNITS);
    city.now_ms = at("2023-06-01T00:00:00+08:00");
    Some(city)
}

/// A unit's current snapshots.
type Records = BTreeMap<SlotKey, Arc<Snapshot>>;

fn records(city: &City) -> Records {
    let prefix = keys::table(Table::Slot);
    let rows = city.store.rows.range(prefix.clone()..);
    let current = |(key, value): (&Vec<u8>, &Vec<u8>)| {
        let current = SlotRow::decode_row(value).unwrap().current?;
        let payload = &city.store.payloads[usize::try_from(current.index).unwrap()];
        let snapshot = Snapshot::decode(payload).unwrap();
        Some((keys::parse_slot(key).unwrap().0, Arc::new(snapshot)))
    };
    rows.take_while(|(key, _)| key.starts_with(&prefix))
        .filter_map(current)
        .collect()
}

/// A finding's place, and all that is said about it.
type Findings = BTreeMap<(SlotKey, String, Option<ItemKey>), FailureRow>;

/// The standing findings that look beyond their record and at no other unit.
fn findings(city: &City, catalogue: &Catalogue) -> Findings {
    let prefix = keys::table(Table::Finding);
    let rows = city.store.rows.range(prefix.clone()..);
    let mut found = Findings::new();
    for (key, value) in rows.take_while(|(key, _)| key.starts_with(&prefix)) {
        let (slot, edit, item) = keys::parse_finding(key).unwrap();
        let row = FindingRow::decode_row(value).unwrap();
        let edits = catalogue.dataset(&slot.dataset).unwrap().edits();
        let ours = edits
            .iter()
            .any(|e| *e.id() == edit && !e.is_of_one_record() && e.is_of_one_unit());
        if ours && row.status != FindingStatus::Corrected.number() {
            found.insert((slot, edit.to_string(), item), row.failure);
        }
    }
    found
}

fn told(slot: &SlotKey, failure: &Failure) -> ((SlotKey, String, Option<ItemKey>), FailureRow) {
    let place = (slot.clone(), failure.edit.to_string(), failure.item.clone());
    (place, FailureRow::of(failure))
}

/// What a desk knows that has all of a unit's records, and nothing of other units.
fn knows(records: &Records) -> impl Fn(&SlotKey) -> Known + '_ {
    |slot| {
        records
            .get(slot)
            .map_or(Known::Nothing, |known| Known::Stated(Arc::clone(known)))
    }
}

fn own(records: Records, slot: &SlotKey) -> Records {
    let own = records.into_iter();
    own.filter(|(other, _)| other.unit == slot.unit).collect()
}

/// Hands statements in one by one, each judged at the desk before, and compares. Gives how many findings there were.
fn agree(edits: &str, steps: &[Step]) -> Result<usize, TestCaseError> {
    let Some(mut city) = city(edits) else {
        return Err(TestCaseError::reject("the catalogue is at fault"));
    };
    let catalogue = Catalogue::parse(&bundle_with(edits)).unwrap();
    let mut count = 0;
    for (number, step) in steps.iter().enumerate() {
        let statement = Arc::new(statement(*step, number));
        let slot = statement.slot.clone();
        let known = own(records(&city), &slot);
        let desk = assess_with(&catalogue, &statement, &knows(&known));
        prop_assert!(desk.unjudged.is_empty());
        let made = consequences(&catalogue, &statement, &knows(&known));
        let before = findings(&city, &catalogue);
        let seed = 100 + u8::try_from(step.0).unwrap();
        if city.take(&sign_snapshot(seed, &statement)).is_err() || !accepted(&city, &slot) {
            continue;
        }
        let after = findings(&city, &catalogue);
        let expected: Findings = desk
            .failures
            .iter()
            .map(|failure| told(&slot, failure))
            .collect();
        let found: Findings = after
            .clone()
            .into_iter()
            .filter(|((of, ..), _)| *of == slot)
            .collect();
        prop_assert_eq!(&found, &expected);
        let expected: Findings = made
            .iter()
            .map(|made| told(&made.record, &made.failure))
            .collect();
        let news = |(place, row): &(&(SlotKey, String, Option<ItemKey>), &FailureRow)| {
            place.0 != slot
                && before
                    .get(place)
                    .is_none_or(|earlier| earlier.basis != row.basis)
        };
        let found: Findings = after
            .iter()
            .filter(news)
            .map(|(place, row)| (place.clone(), row.clone()))
            .collect();
        prop_assert_eq!(&found, &expected);
        for made in &made {
            let (place, _) = told(&made.record, &made.failure);
            prop_assert_eq!(made.failed_before, before.contains_key(&place));
        }
        count += after.len();
    }
    Ok(count)
}

fn accepted(city: &City, slot: &SlotKey) -> bool {
    let index = granary_core::ledger::LogIndex(city.entries.len() as u64 - 1);
    let row = city.store.rows.get(&keys::vintage(slot, index));
    row.is_some_and(|row| {
        VintageRow::decode_row(row).unwrap().outcome == Outcome::Accepted.number()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 4_096, ..ProptestConfig::with_cases(160) })]

    #[test]
    fn the_desk_finds_what_the_city_finds(edits in edits(), steps in steps()) {
        agree(&edits, &steps)?;
    }

    /// The footprint says before which records will be asked for.
    #[test]
    fn no_other_records_are_asked_for_than_the_footprint_names(edits in edits(), steps in steps()) {
        let Ok(catalogue) = Catalogue::parse(&bundle_with(&edits)) else {
            return Err(TestCaseError::reject("the catalogue is at fault"));
        };
        for (number, step) in steps.iter().enumerate() {
            let statement = Arc::new(statement(*step, number));
            let slot = &statement.slot;
            let asked = RefCell::new(BTreeSet::new());
            let nothing = |other: &SlotKey| {
                asked.borrow_mut().insert(other.clone());
                Known::Nothing
            };
            let _ = assess_with(&catalogue, &statement, &nothing);
            prop_assert!(asked.borrow().is_subset(&catalogue.looked_at(slot)));
            // What looks at a record is what the record is looked at by.
            for other in catalogue.looked_at(slot) {
                prop_assert!(catalogue.looking_at(&other).contains(slot), "{other} {slot}");
            }
        }
    }

    /// Where a record is hidden, an edit that looks at it is left to the city, whatever else is known.
    #[test]
    fn what_is_hidden_is_left_to_the_city(edits in edits(), steps in steps()) {
        let Ok(catalogue) = Catalogue::parse(&bundle_with(&edits)) else {
            return Err(TestCaseError::reject("the catalogue is at fault"));
        };
        for (number, step) in steps.iter().enumerate() {
            let statement = statement(*step, number);
            let beyond = assess_with(&catalogue, &statement, &|_| Known::Hidden);
            for failure in &beyond.failures {
                let edits = catalogue.dataset(&statement.slot.dataset).unwrap().edits();
                let edit = edits.iter().find(|edit| *edit.id() == failure.edit).unwrap();
                prop_assert!(edit.looks(statement.slot.period).is_empty(), "{failure:?}");
            }
            for unjudged in &beyond.unjudged {
                prop_assert!(!unjudged.hidden.is_empty());
            }
        }
    }
}

#[test]
fn the_comparison_finds_something() {
    let edits = format!(
        "{PROJECTS}\n{}",
        r#"
[[edit]]
id = "FALLS"
kind = "quality"
dataset = "quarterly-accounts"
expression = "if previous(gdp) > 0 then gdp >= previous(gdp) else null"
message = { zh = "下降", en = "falls" }

[[edit]]
id = "SAME"
kind = "quality"
dataset = "projects"
expression = "investment <> previous(investment)"
message = { zh = "相同", en = "the same" }
"#
    );
    let steps = [
        (0, 1, 1, 1),
        (0, 0, 1, 3),
        (0, 0, 2, 4),
        (1, 12, 1, 2),
        (1, 13, 1, 2),
    ];
    let found = agree(&edits, &steps).unwrap();
    assert!(found >= 5, "{found}");
}

#[test]
fn a_revision_says_which_later_records_it_makes_fail() {
    let edit = "[[edit]]\nid = \"FALLS\"\nkind = \"quality\"\ndataset = \"quarterly-accounts\"\nexpression = \"gdp >= previous(gdp)\"\nmessage = { zh = \"下降\", en = \"falls\" }\n";
    let edits = format!("{PROJECTS}\n{edit}");
    let catalogue = Catalogue::parse(&bundle_with(&edits)).unwrap();
    let of = |which, size| Arc::new(statement((0, which, 1, size), 0));
    let known: Records = [of(0, 1), of(1, 2)].map(|s| (s.slot.clone(), s)).into();
    let made = |size| {
        let found = consequences(&catalogue, &of(0, size), &knows(&known));
        let words = found.iter().map(|c| {
            (
                c.record.period.to_string(),
                c.failure.message.en.clone(),
                c.failed_before,
            )
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(made(2), []);
    assert_eq!(made(1), [], "nothing has changed");
    let falls = "falls: 20.0 < 30.0, difference -10.0".to_owned();
    assert_eq!(made(3), [("2021-Q2".to_owned(), falls, false)]);
}

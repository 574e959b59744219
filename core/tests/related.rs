//! Edits that look beyond their record: whatever arrives in whatever order, the findings are those that a full check of the
//! current figures gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, IndicatorCode},
    decimal::Decimal,
    edits::{Cells, Edit, Rollup, Truth},
    ledger::{
        FindingStatus,
        keys::{self, Table},
        rows::{FindingRow, SlotRow},
    },
    period::{Period, Periodicity},
    snapshot::{Observation, ObservationStatus, SlotKey, Snapshot},
};
use proptest::prelude::*;
use support::*;

/// Every way in which an edit can look beyond its record.
const EDITS: &str = r#"
[[edit]]
id = "GDP.FALLS"
kind = "quality"
dataset = "quarterly-accounts"
expression = "subperiod() = 1 or gdp >= previous(gdp)"
message = { zh = "累计数下降", en = "The year-to-date figure falls" }

[[edit]]
id = "GDP.GROWTH"
kind = "quality"
dataset = "quarterly-accounts"
expression = "if year_ago(gdp) > 0 then abs(gdp - year_ago(gdp)) <= 50 else null"
level = "prefecture"
message = { zh = "同比变动过大", en = "Far from a year ago" }

[[edit]]
id = "GDP.THREE_BACK"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp <> lag(gdp, 3)"
subperiods = [1, 2]
message = { zh = "与三期前相同", en = "The same as three periods ago" }

[[edit]]
id = "REVENUE.YEAR"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp * 10000 >= ytd('monthly-revenue'#revenue)"
message = { zh = "收入超过生产总值", en = "Revenue exceeds the product" }

[[edit]]
id = "REVENUE.SHARE"
kind = "quality"
dataset = "monthly-revenue"
expression = "revenue <= 'quarterly-accounts'#gdp * 10000"
from = "2021-M06"
message = { zh = "一个月的收入超过生产总值", en = "One month's revenue exceeds the product" }
"#;

const UNITS: [&str; 4] = ["520000", "520100", "520200", "520300"];

/// One submission: unit, which slot, revision, how large its figures are.
type Step = (usize, usize, u32, i64);

fn any_step() -> impl Strategy<Value = Step> {
    (0..UNITS.len(), 0..12_usize, 1..4_u32, 0..12_i64)
}

fn slot_of(unit: usize, which: usize) -> SlotKey {
    let quarter = |n: i32| {
        Period::new(Periodicity::Quarter, 2021, 2)
            .unwrap()
            .plus(n)
            .unwrap()
    };
    match which {
        0..7 => slot(
            UNITS[unit],
            "quarterly-accounts",
            &quarter(i32::try_from(which).unwrap()).to_string(),
        ),
        _ => slot(
            UNITS[unit],
            "monthly-revenue",
            &format!("2021-M{:02}", which - 3),
        ),
    }
}

fn revenue(slot: SlotKey, revision: u32, size: i64) -> Snapshot {
    let mut snapshot = snapshot(slot, revision, ["1", "1", "1", "1"]);
    snapshot.observations = vec![Observation {
        indicator: IndicatorCode::new("revenue").unwrap(),
        item: None,
        value: Some(Decimal::integer(size * 100_000)),
        status: ObservationStatus::Normal,
    }];
    snapshot
}

fn accounts_of(slot: SlotKey, revision: u32, size: i64) -> Snapshot {
    let gdp = format!("{}.0", size * 10);
    // A size of zero is a stated absence, so that undecided verdicts come too.
    match size {
        0 => snapshot(slot, revision, ["", "1", "1", "1"]),
        _ => snapshot(slot, revision, [&gdp, &gdp, "0.0", "0.0"]),
    }
}

fn run(steps: &[Step]) -> City {
    let mut city = City::with_catalogue(bundle_with(EDITS), &UNITS);
    city.now_ms = at("2023-06-01T00:00:00+08:00");
    for (number, (unit, which, revision, size)) in steps.iter().enumerate() {
        let slot = slot_of(*unit, *which);
        let mut snapshot = if slot.dataset.as_str() == "monthly-revenue" {
            revenue(slot, *revision, *size)
        } else {
            accounts_of(slot, *revision, *size)
        };
        snapshot.prepared_at_ms += i64::try_from(number).unwrap();
        let seed = 100 + u8::try_from(*unit).unwrap();
        // Slots that the roster does not expect are refused; that is no matter of this test.
        let _ = city.take(&sign_snapshot(seed, &snapshot));
    }
    city
}

/// The current figures of a city.
struct Current<'a> {
    catalogue: &'a Catalogue,
    snapshots: BTreeMap<SlotKey, Snapshot>,
}

impl<'a> Current<'a> {
    fn of(city: &City, catalogue: &'a Catalogue) -> Self {
        let mut snapshots = BTreeMap::new();
        let prefix = keys::table(Table::Slot);
        for (key, value) in city.store.rows.range(prefix.clone()..) {
            if !key.starts_with(&prefix) {
                break;
            }
            if let Some(current) = SlotRow::decode_row(value).unwrap().current {
                let payload = &city.store.payloads[usize::try_from(current.index).unwrap()];
                snapshots.insert(
                    keys::parse_slot(key).unwrap().0,
                    Snapshot::decode(payload).unwrap(),
                );
            }
        }
        Self {
            catalogue,
            snapshots,
        }
    }

    fn value(&self, slot: &SlotKey, indicator: &IndicatorCode) -> Option<Decimal> {
        self.snapshots.get(slot)?.value(indicator, None)
    }

    /// The edits beyond one record that are false: a full check, without any footprint.
    fn failures(&self) -> Vec<(SlotKey, String)> {
        let mut found = Vec::new();
        for slot in self.snapshots.keys() {
            let edits = self.catalogue.dataset(&slot.dataset).unwrap().edits();
            for edit in edits.iter().filter(|edit| self.fails(edit, slot)) {
                found.push((slot.clone(), edit.id().to_string()));
            }
        }
        found
    }

    fn fails(&self, edit: &Edit, slot: &SlotKey) -> bool {
        let cells = Record {
            current: self,
            slot,
        };
        !edit.is_of_one_record()
            && edit.scope().holds(&slot.unit, slot.period)
            && edit.evaluate(&cells).truth == Truth::False
    }
}

struct Record<'a> {
    current: &'a Current<'a>,
    slot: &'a SlotKey,
}

impl Cells for Record<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        self.current.value(self.slot, indicator)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        let SlotKey {
            unit,
            dataset,
            period,
        } = self.slot;
        let children = self.current.catalogue.children(unit, dataset, *period);
        let mut rollup = Rollup {
            sum: Decimal::ZERO,
            rounding: Decimal::ZERO,
            known: 0,
            expected: u32::try_from(children.len()).unwrap(),
        };
        for unit in children {
            let child = SlotKey {
                unit,
                ..self.slot.clone()
            };
            if let Some(value) = self.current.value(&child, indicator) {
                rollup.sum = rollup.sum.checked_add(value).unwrap();
                rollup.rounding = rollup
                    .rounding
                    .checked_add(value.half_unit_of_last_digit())
                    .unwrap();
                rollup.known += 1;
            }
        }
        Some(rollup)
    }

    fn period(&self) -> Period {
        self.slot.period
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        let dataset = dataset.unwrap_or(&self.slot.dataset).clone();
        let unit = self.slot.unit.clone();
        self.current.value(
            &SlotKey {
                unit,
                dataset,
                period,
            },
            indicator,
        )
    }
}

/// The standing findings of edits that look beyond their record.
fn findings(city: &City, catalogue: &Catalogue) -> Vec<(SlotKey, String)> {
    let prefix = keys::table(Table::Finding);
    let rows = city.store.rows.range(prefix.clone()..);
    let mut found = Vec::new();
    for (key, value) in rows.take_while(|(key, _)| key.starts_with(&prefix)) {
        let (slot, edit, _) = keys::parse_finding(key).unwrap();
        let row = FindingRow::decode_row(value).unwrap();
        let edits = catalogue.dataset(&slot.dataset).unwrap().edits();
        let beyond = edits
            .iter()
            .any(|e| *e.id() == edit && !e.is_of_one_record());
        if beyond && row.status != FindingStatus::Corrected.number() {
            found.push((slot, edit.to_string()));
        }
    }
    found.sort();
    found
}

fn agree(city: &City) -> usize {
    let catalogue = Catalogue::parse(&bundle_with(EDITS)).unwrap();
    let mut full = Current::of(city, &catalogue).failures();
    full.sort();
    assert_eq!(findings(city, &catalogue), full);
    full.len()
}

#[test]
fn a_late_revision_of_last_years_base_judges_this_year_again() {
    let growth = |steps: &[Step]| {
        let city = run(steps);
        agree(&city);
        findings(&city, &Catalogue::parse(&bundle_with(EDITS)).unwrap())
    };
    let edit = |which| vec![(slot_of(1, which), "GDP.GROWTH".to_owned())];
    // 2021-Q2 is 10, 2022-Q2 is 100: far apart.
    let steps = [(1, 0, 1, 1), (1, 4, 1, 10)];
    assert_eq!(growth(&steps), edit(4));
    // The base is revised to 60, and the growth is plausible.
    assert_eq!(growth(&[steps[0], steps[1], (1, 0, 2, 6)]), []);
    // The base arrives after the figure that looks at it.
    assert_eq!(growth(&[steps[1], steps[0]]), edit(4));
}

#[test]
fn every_edit_can_fail() {
    let steps: Vec<Step> = (0..4)
        .flat_map(|unit| {
            (0..12).map(move |which| (unit, which, 1, [7, 3, 7, 7, 1, 9, 1][which % 7]))
        })
        .collect();
    let city = run(&steps);
    assert!(agree(&city) > 10);
    let catalogue = Catalogue::parse(&bundle_with(EDITS)).unwrap();
    let failed = findings(&city, &catalogue);
    for edit in ["GDP.FALLS", "GDP.GROWTH", "GDP.THREE_BACK", "GDP.ROLLUP"] {
        assert!(
            failed.iter().any(|(_, id)| id == edit),
            "{edit}: {failed:?}"
        );
    }
    let poor = run(&[(1, 0, 1, 1), (1, 9, 1, 11), (1, 8, 1, 11), (1, 7, 1, 11)]);
    let failed = findings(&poor, &catalogue);
    assert!(
        failed.iter().any(|(_, id)| id == "REVENUE.SHARE"),
        "{failed:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_judged_step_by_step_is_what_a_full_check_finds(
        steps in proptest::collection::vec(any_step(), 0..40),
    ) {
        agree(&run(&steps));
    }

    #[test]
    fn the_order_of_arrival_leaves_no_trace_in_the_findings(
        steps in proptest::collection::vec(any_step(), 0..16),
        seed in any::<u64>(),
    ) {
        // One submission for each slot and revision, so that the current figures do not hang on the order.
        let unique: BTreeMap<_, _> = steps.iter().map(|s| ((s.0, s.1, s.2), *s)).collect();
        let forth: Vec<Step> = unique.into_values().collect();
        let mut back = forth.clone();
        back.sort_by_key(|s| {
            let mixed = seed.wrapping_mul(u64::from(s.2) + 7 * s.1 as u64 + 101 * s.0 as u64 + 1);
            mixed.rotate_left(23)
        });
        let catalogue = Catalogue::parse(&bundle_with(EDITS)).unwrap();
        prop_assert_eq!(findings(&run(&forth), &catalogue), findings(&run(&back), &catalogue));
    }
}

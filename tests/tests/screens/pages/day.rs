//! How a deadline day stands, from which *Today* and the wall are drawn.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use granary_core::period::Period;
use serde_json::Value;

use crate::{
    audit::{Audit, list},
    told::Told,
    words::{day, text},
};

const DAY_MS: i64 = 86_400_000;
/// For how long after its deadline a slot that is missing, or that came back, is told.
const LATE_MS: i64 = 60 * DAY_MS;
const AHEAD_MS: i64 = 14 * DAY_MS;

/// One deadline about now: the slots of a dataset and period that are due on a day, extensions counted in.
pub(crate) struct Sheet {
    pub(crate) dataset: String,
    pub(crate) period: String,
    pub(crate) due_ms: i64,
    /// Whether none of them is due when the rule says.
    pub(crate) is_extended: bool,
    pub(crate) counts: Value,
    /// What `arrivals` says, where it is told.
    pub(crate) curve: Option<Value>,
}

/// Why a unit is to be rung.
#[derive(Clone, Default)]
pub(crate) struct Reasons {
    pub(crate) late: u64,
    pub(crate) returned: u64,
    /// In tenths of a per cent.
    pub(crate) chance: u64,
    pub(crate) open: u64,
}

/// How the day stands, as the audit computes it.
pub(crate) struct Day {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) late: Vec<Value>,
    pub(crate) returned: Vec<Value>,
    pub(crate) risks: Vec<Value>,
    pub(crate) open: Vec<Value>,
    pub(crate) calls: Vec<(String, Reasons)>,
}

impl Day {
    pub(crate) fn of(audit: &Audit) -> Self {
        let is_recent =
            |slot: &&Value| due_ms(slot) >= audit.now_ms - LATE_MS && slot["imported"] == false;
        let recent = audit.slots.iter().filter(is_recent);
        let mut open: Vec<Value> = recent
            .filter(|slot| slot["state"] == "missing" || slot["state"] == "pending")
            .cloned()
            .collect();
        open.sort_by_key(|slot| (due_ms(slot), order(audit, slot)));
        let is_late = |slot: &&Value| slot["state"] == "missing";
        let is_returned = |slot: &&Value| slot["returned_count"].as_u64() > Some(0);
        let findings = audit
            .findings
            .iter()
            .filter(|finding| finding["status"] == "open");
        let mut day = Self {
            late: open.iter().filter(is_late).cloned().collect(),
            returned: open.iter().filter(is_returned).cloned().collect(),
            open: findings.cloned().collect(),
            risks: risks(audit),
            calls: Vec::new(),
            sheets: sheets(audit),
        };
        day.calls = calls(&day);
        day
    }

    /// The sheets that the day is about.
    pub(super) fn today(&self, now_ms: i64) -> Vec<&Sheet> {
        self.sheets
            .iter()
            .filter(|sheet| day(sheet.due_ms) == day(now_ms))
            .collect()
    }

    /// Their counts, and when the next of them is due.
    pub(super) fn counts(&self, now_ms: i64) -> (Value, i64) {
        let own = self.today(now_ms);
        let mut total = Counts::default();
        own.iter().for_each(|sheet| total.add(&sheet.counts));
        let dues = own.iter().map(|sheet| sheet.due_ms);
        (
            total.into(),
            dues.filter(|due_ms| *due_ms > now_ms)
                .min()
                .expect("something is due today"),
        )
    }

    /// The sheets whose curves are drawn.
    pub(super) fn drawn(&self, now_ms: i64) -> Vec<(&Sheet, &Value)> {
        let known = self
            .today(now_ms)
            .into_iter()
            .filter_map(|sheet| Some((sheet, sheet.curve.as_ref()?)));
        known.take(3).collect()
    }
}

/// Counts of states that are added up here.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(super) fn add(&mut self, counts: &Value) {
        for (state, count) in counts.as_object().unwrap() {
            if let Some(count) = count.as_u64() {
                *self.0.entry(state.clone()).or_default() += count;
            }
        }
    }
}

impl From<Counts> for Value {
    fn from(counts: Counts) -> Self {
        serde_json::to_value(counts.0).unwrap()
    }
}

pub(super) fn due_ms(slot: &Value) -> i64 {
    slot["due_at_ms"].as_i64().unwrap()
}

/// Where a slot stands among those of one instant.
fn order(audit: &Audit, slot: &Value) -> impl Ord + use<> {
    let dataset = audit
        .catalogue
        .dataset_index(&text(&slot["dataset"]).parse().unwrap());
    let unit = audit
        .catalogue
        .unit_index(&text(&slot["unit"]).parse().unwrap());
    (
        dataset,
        text(&slot["period"]).parse::<Period>().unwrap(),
        unit,
    )
}

/// When the rule of a dataset says that a period is due, in the years that are looked at.
fn rule_ms(audit: &Audit, slot: &Value) -> Option<i64> {
    let is_its =
        |entry: &&Value| entry["dataset"] == slot["dataset"] && entry["period"] == slot["period"];
    audit.deadlines.iter().find(is_its).map(due_ms)
}

fn sheets(audit: &Audit) -> Vec<Sheet> {
    let now_ms = audit.now_ms;
    let mut groups: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    let is_near = |slot: &&Value| {
        (now_ms - 7 * DAY_MS..=now_ms + AHEAD_MS).contains(&due_ms(slot))
            && slot["imported"] == false
    };
    for slot in audit.slots.iter().filter(is_near) {
        let dataset = audit
            .catalogue
            .dataset_index(&text(&slot["dataset"]).parse().unwrap());
        let period: Period = text(&slot["period"]).parse().unwrap();
        groups
            .entry((dataset, period, day(due_ms(slot))))
            .or_default()
            .push(slot);
    }
    let sheet = |slots: Vec<&Value>| {
        let mut counts = Counts::default();
        for state in ["timely", "late", "missing", "exempt", "pending"] {
            let count = slots.iter().filter(|slot| slot["state"] == state).count();
            counts.0.insert(state.into(), count as u64);
        }
        counts.0.insert("expected".into(), slots.len() as u64);
        Sheet {
            dataset: text(&slots[0]["dataset"]),
            period: text(&slots[0]["period"]),
            due_ms: next_ms(&slots, now_ms),
            is_extended: slots
                .iter()
                .all(|slot| Some(due_ms(slot)) != rule_ms(audit, slot)),
            counts: counts.into(),
            curve: None,
        }
    };
    let mut sheets: Vec<Sheet> = groups.into_values().map(sheet).collect();
    sheets.sort_by_key(|sheet| sheet.due_ms);
    let is_drawn = |sheet: &&mut Sheet| sheet.due_ms > now_ms - DAY_MS && !sheet.is_extended;
    for sheet in sheets.iter_mut().filter(is_drawn).take(8) {
        sheet.curve = Some(audit.ask(&[
            "arrivals",
            "--dataset",
            &sheet.dataset,
            "--period",
            &sheet.period,
        ]));
    }
    sheets
}

/// The next instant at which one of them is due; where all are over, the last.
fn next_ms(slots: &[&Value], now_ms: i64) -> i64 {
    let dues = slots.iter().map(|slot| due_ms(slot));
    let next = dues.clone().filter(|due_ms| *due_ms > now_ms).min();
    next.or_else(|| dues.max()).unwrap()
}

impl Sheet {
    /// How many usually have arrived by now, before the deadline.
    pub(crate) fn usual(&self, now_ms: i64) -> Option<&str> {
        let curve = self.curve.as_ref().filter(|_| self.due_ms > now_ms)?;
        curve["now"]["expected"].as_str()
    }
}

/// Of the datasets and periods of which something is due about now, or was lately.
fn risks(audit: &Audit) -> Vec<Value> {
    let is_near = |slot: &&Value| {
        let about = audit.now_ms - LATE_MS..=audit.now_ms + AHEAD_MS;
        about.contains(&due_ms(slot))
            || rule_ms(audit, slot).is_some_and(|rule_ms| about.contains(&rule_ms))
    };
    let near: Vec<&Value> = audit.slots.iter().filter(is_near).collect();
    let joined = |part: &str| {
        let all: BTreeSet<String> = near.iter().map(|slot| text(&slot[part])).collect();
        all.into_iter().collect::<Vec<_>>().join(",")
    };
    let (datasets, periods) = (joined("dataset"), joined("period"));
    let question = [
        "risk",
        "--dataset",
        &datasets,
        "--period",
        &periods,
        "--min-chance",
        "50",
        "--limit",
        "5000",
    ];
    let answer = audit.ask(&question);
    let risks = list(&answer, "risks");
    assert_eq!(answer["wanted"].as_u64(), Some(risks.len() as u64));
    risks
}

/// Late weighs more than returned, that more than likely to be late, that more than an open finding.
fn calls(day: &Day) -> Vec<(String, Reasons)> {
    let mut units: BTreeMap<String, Reasons> = BTreeMap::new();
    let mut reasons =
        |unit: &Value, add: &dyn Fn(&mut Reasons)| add(units.entry(text(unit)).or_default());
    day.late
        .iter()
        .for_each(|slot| reasons(&slot["unit"], &|one| one.late += 1));
    day.returned
        .iter()
        .for_each(|slot| reasons(&slot["unit"], &|one| one.returned += 1));
    day.open
        .iter()
        .for_each(|finding| reasons(&finding["unit"], &|one| one.open += 1));
    for risk in &day.risks {
        let chance = text(&risk["chance_percent"])
            .replace('.', "")
            .parse()
            .unwrap();
        reasons(&risk["unit"]["code"], &|one| {
            one.chance = one.chance.max(chance)
        });
    }
    let mut calls: Vec<_> = units.into_iter().collect();
    calls.sort_by_key(|(unit, one)| {
        (
            Reverse((one.late, one.returned, one.chance, one.open)),
            unit.clone(),
        )
    });
    calls
}

/// The drawings of how reports come in, and what is what in them.
pub(super) fn curves(told: &mut Told, audit: &Audit, day: &Day, heading: &str, kind: &str) {
    for (sheet, curve) in day.drawn(audit.now_ms) {
        let caption = format!("{} {}", audit.dataset(&sheet.dataset), sheet.period);
        let caption = if kind == "h2" {
            format!("How reports come in · {caption}")
        } else {
            caption
        };
        told.block(heading, kind, caption);
        let now = &curve["now"];
        let of = |part: &str| text(&now[part]);
        let usual = format!("{}（{}–{}）", of("expected"), of("low"), of("high"));
        told.block(
            heading,
            "drawing",
            format!(
                "[arrived {} / {}，usual by now {usual}]",
                of("arrived"),
                curve["owed"]
            ),
        );
    }
    told.block(heading, "p", "arrived usual usually between (10% to 90%)");
}

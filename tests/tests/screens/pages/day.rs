//! *Today* and the wall.

use std::{cmp::Reverse, collections::BTreeMap};

use serde_json::Value;

use super::Look;
use crate::{
    audit::{Audit, list},
    told::{Table, Told, cell, cell_of},
    words::{arrived, bar, countdown, day, short, span, state, text},
};

const DAY_MS: i64 = 86_400_000;

/// A dataset and period that is due about now.
pub(crate) struct Sheet {
    pub(crate) dataset: String,
    pub(crate) period: String,
    pub(crate) due_ms: i64,
    pub(crate) counts: Value,
    /// How many usually have arrived by now.
    pub(crate) usual: Option<String>,
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
        let sheets = sheets(audit);
        let is_told = |one: &&Value| {
            let is_it =
                |sheet: &Sheet| one["dataset"] == sheet.dataset && one["period"] == sheet.period;
            sheets.iter().any(is_it)
        };
        let in_state = |state: &str| {
            let own = audit.slots.iter().filter(is_told);
            own.filter(|slot| slot["state"] == state && slot["imported"] == false)
                .cloned()
                .collect::<Vec<_>>()
        };
        let (late, pending) = (in_state("missing"), in_state("pending"));
        let is_returned = |slot: &&Value| slot["returned_count"].as_u64() > Some(0);
        let returned = late
            .iter()
            .chain(&pending)
            .filter(is_returned)
            .cloned()
            .collect();
        let open = audit
            .findings
            .iter()
            .filter(is_told)
            .filter(|finding| finding["status"] == "open");
        let mut day = Self {
            open: open.cloned().collect(),
            risks: risks(audit, &sheets),
            calls: Vec::new(),
            late,
            returned,
            sheets,
        };
        day.calls = calls(&day);
        day
    }

    /// The counts of the sheets that the day is about, and when the first of them is due.
    fn counts(&self, now_ms: i64) -> (Value, i64) {
        let own: Vec<&Sheet> = self
            .sheets
            .iter()
            .filter(|sheet| day(sheet.due_ms) == day(now_ms))
            .collect();
        let mut total = serde_json::Map::new();
        for sheet in &own {
            for (state, count) in sheet.counts.as_object().unwrap() {
                if let Some(count) = count.as_u64() {
                    let before = total.get(state).and_then(Value::as_u64).unwrap_or(0);
                    total.insert(state.clone(), (before + count).into());
                }
            }
        }
        (
            total.into(),
            own.first().expect("something is due today").due_ms,
        )
    }
}

fn sheets(audit: &Audit) -> Vec<Sheet> {
    let now_ms = audit.now_ms;
    let mut sheets = Vec::new();
    for entry in &audit.deadlines {
        let due_ms = entry["due_at_ms"].as_i64().unwrap();
        let (dataset, period) = (text(&entry["dataset"]), text(&entry["period"]));
        let is_near = (now_ms - 7 * DAY_MS..=now_ms + 14 * DAY_MS).contains(&due_ms);
        if let Some(counts) = audit.counts(&dataset, &period).filter(|_| is_near) {
            let counts = counts.clone();
            sheets.push(Sheet {
                dataset,
                period,
                due_ms,
                counts,
                usual: None,
            });
        }
    }
    for sheet in sheets
        .iter_mut()
        .filter(|sheet| sheet.due_ms > now_ms)
        .take(8)
    {
        let curve = audit.ask(&[
            "arrivals",
            "--dataset",
            &sheet.dataset,
            "--period",
            &sheet.period,
        ]);
        sheet.usual = curve["now"]["expected"].as_str().map(str::to_owned);
    }
    sheets
}

fn risks(audit: &Audit, sheets: &[Sheet]) -> Vec<Value> {
    let joined = |part: fn(&Sheet) -> &str| sheets.iter().map(part).collect::<Vec<_>>().join(",");
    let (datasets, periods) = (
        joined(|sheet| &sheet.dataset),
        joined(|sheet| &sheet.period),
    );
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

/// Compares both pages.
pub(crate) fn look(look: &mut Look<'_>) {
    let day = Day::of(look.audit);
    let tables = [
        calls_table(look.audit, &day),
        late(look.audit, &day),
        risks_table(&day),
        returned(look.audit, &day),
    ];
    let mut told = Told::default();
    tiles(&mut told, look.audit, &day);
    deadlines(&mut told, look.audit, &day);
    let counts = [
        ("Late", day.late.len()),
        ("Likely to be late", day.risks.len()),
        ("Returned, not corrected", day.returned.len()),
    ];
    for (heading, count) in counts {
        told.block(heading, "h2", format!("{heading} {count}"));
    }
    told.block("Likely to be late", "p", "Chance to be late at least 50 %");
    tables.iter().for_each(|table| told.table(table));
    // How agents are, they say themselves, and only since the server's start.
    look.page("/", &told, &["Agents that are silent or in trouble › h2"]);
    for table in &tables {
        assert!(
            !table.rows.is_empty(),
            "{} has nothing to compare",
            table.code
        );
        look.file("/", table);
    }
    wall(look, &day);
}

fn tiles(told: &mut Told, audit: &Audit, day: &Day) {
    told.block(
        "Today",
        "h1",
        format!("Today {}", crate::words::day(audit.now_ms)),
    );
    let (counts, due_ms) = day.counts(audit.now_ms);
    let (arrived, owed) = arrived(&counts);
    let (due, left) = (short(due_ms), countdown(due_ms, audit.now_ms));
    told.block(
        "Today",
        "tile",
        format!(
            "The deadline {due} {left} {arrived} / {owed} {}",
            bar(&counts)
        ),
    );
    for (name, count) in [
        ("late now", day.late.len()),
        ("likely late", day.risks.len()),
        ("returned", day.returned.len()),
        ("unexplained", day.open.len()),
        // Nobody has said so.
        ("agents in trouble", 0),
    ] {
        told.block("Today", "tile", format!("{name} {count}"));
    }
}

fn deadlines(told: &mut Told, audit: &Audit, day: &Day) {
    let columns = [
        "Dataset",
        "Period",
        "Due",
        "Progress",
        "Arrived / owed",
        "Usual by now",
        "Missing",
        "Pending",
    ];
    let row = |sheet: &Sheet| {
        let (arrived, owed) = arrived(&sheet.counts);
        vec![
            audit.dataset(&sheet.dataset),
            sheet.period.clone(),
            format!(
                "{} {}",
                short(sheet.due_ms),
                countdown(sheet.due_ms, audit.now_ms)
            ),
            bar(&sheet.counts),
            format!("{arrived} / {owed}"),
            sheet.usual.clone().unwrap_or_else(|| "—".into()),
            sheet.counts["missing"].to_string(),
            sheet.counts["pending"].to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = day.sheets.iter().map(row).collect();
    told.rows("Deadlines", &columns, &rows);
}

fn calls_table(audit: &Audit, day: &Day) -> Table {
    let columns = [
        "Unit",
        "Late",
        "Returned",
        "Chance late",
        "Unexplained",
        "Contact",
    ];
    let mut table = Table::new("calls", "Whom to ring first", &columns);
    let few = |count: u64| {
        let shown = if count == 0 {
            String::new()
        } else {
            count.to_string()
        };
        cell_of(shown, count.to_string())
    };
    for (unit, one) in &day.calls {
        let chance = match one.chance {
            0 => String::new(),
            chance => format!("{}.{} %", chance / 10, chance % 10),
        };
        // No notices file names a contact.
        let row = vec![
            cell(audit.unit(unit)),
            few(one.late),
            few(one.returned),
            cell(chance),
            few(one.open),
            cell(""),
        ];
        table.rows.push(row);
    }
    table
}

fn late(audit: &Audit, day: &Day) -> Table {
    let mut table = Table::new("late", "Late", &["Unit", "Dataset", "Period", "Overdue"]);
    for slot in &day.late {
        let overdue = span(audit.now_ms - slot["due_at_ms"].as_i64().unwrap());
        table
            .rows
            .push([place(audit, slot), vec![cell(overdue)]].concat());
    }
    table
}

fn returned(audit: &Audit, day: &Day) -> Table {
    let columns = ["Unit", "Dataset", "Period", "State", "Times returned"];
    let mut table = Table::new("returned", "Returned, not corrected", &columns);
    for slot in &day.returned {
        let state = cell_of(state(&slot["state"]), text(&slot["state"]));
        let times = cell(slot["returned_count"].to_string());
        table
            .rows
            .push([place(audit, slot), vec![state, times]].concat());
    }
    table
}

fn place(audit: &Audit, slot: &Value) -> Vec<crate::told::Cell> {
    let (unit, dataset) = (
        audit.unit(&text(&slot["unit"])),
        audit.dataset(&text(&slot["dataset"])),
    );
    vec![cell(unit), cell(dataset), cell(text(&slot["period"]))]
}

fn risks_table(day: &Day) -> Table {
    let columns = ["Unit", "Dataset", "Period", "Chance late", "Why"];
    let mut table = Table::new("risks", "Likely to be late", &columns);
    for risk in &day.risks {
        let name = |part: &str| cell(text(&risk[part]["name"]["en"]));
        let chance = format!("{} %", text(&risk["chance_percent"]));
        table.rows.push(vec![
            name("unit"),
            name("dataset"),
            cell(text(&risk["period"])),
            cell(chance),
            cell(text(&risk["reason"]["en"])),
        ]);
    }
    table
}

fn wall(look: &mut Look<'_>, day: &Day) {
    let (audit, now_ms) = (look.audit, look.audit.now_ms);
    let mut told = Told::default();
    let (counts, due_ms) = day.counts(now_ms);
    let heading = format!("Due {} {}", short(due_ms), countdown(due_ms, now_ms));
    told.block(&heading, "h1", &heading);
    let (here, owed) = arrived(&counts);
    // Whole per cent, so that it reads from afar: never more than there is.
    told.block(
        &heading,
        "p",
        format!("{here} / {owed} {} %", here * 100 / owed),
    );
    told.block(&heading, "drawing", bar(&counts));
    for (name, count) in [
        ("late now", day.late.len()),
        ("likely late", day.risks.len()),
        ("returned", day.returned.len()),
        ("unexplained", day.open.len()),
    ] {
        told.block(&heading, "number", format!("{count} {name}"));
    }
    let open = |sheet: &&Sheet| sheet.due_ms > now_ms || sheet.counts["missing"].as_u64() > Some(0);
    for sheet in day.sheets.iter().filter(open).take(7) {
        let (arrived, owed) = arrived(&sheet.counts);
        let (name, left) = (
            audit.dataset(&sheet.dataset),
            countdown(sheet.due_ms, now_ms),
        );
        let line = format!(
            "{name} {} {arrived} / {owed} {} {left}",
            sheet.period,
            bar(&sheet.counts)
        );
        told.block("Deadlines", "li", line);
    }
    for slot in day.late.iter().take(10) {
        let overdue = span(now_ms - slot["due_at_ms"].as_i64().unwrap());
        let unit = audit.unit(&text(&slot["unit"]));
        told.block(
            "Late",
            "li",
            format!("{unit} {} {overdue}", text(&slot["period"])),
        );
    }
    for risk in day.risks.iter().take(10) {
        let (unit, period) = (text(&risk["unit"]["name"]["en"]), text(&risk["period"]));
        let line = format!("{unit} {period} {} %", text(&risk["chance_percent"]));
        told.block("Likely to be late", "li", line);
    }
    look.page("/wall", &told, &[]);
}

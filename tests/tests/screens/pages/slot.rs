//! The life of one slot. No command of the auditor's program lists it, so it is read from the journal that the program has replayed.

use granary_core::{
    ledger::{
        LogIndex, Outcome,
        history::{self, Vintage},
        rows::SlotRow,
    },
    sdmx::structure::status,
    snapshot::{Observation, SlotKey, Snapshot},
};
use serde_json::Value;

use super::{Look, finding::finding, life};
use crate::{
    audit::Audit,
    support,
    told::{Table, Told, cell},
    words::{countdown, instant, maybe, span, state, text},
};

/// Compares the pages of all slots of a period that is open or was reported through the system, and of one that was imported.
pub(crate) fn look(look: &mut Look<'_>) {
    let audit = look.audit;
    let is_told = |slot: &&Value| {
        let period = slot["period"].as_str().unwrap();
        period.starts_with("2026")
            || ["2025-Q4", "2024-M07", "2025-M02", "2025-M03"].contains(&period)
    };
    let (mut looked, mut earlier) = (0, 0);
    for slot in audit.slots.iter().filter(is_told) {
        let (unit, dataset, period) = (
            text(&slot["unit"]),
            text(&slot["dataset"]),
            text(&slot["period"]),
        );
        let key = support::slot(&unit, &dataset, &period);
        let path = format!("/slot/{unit}/{dataset}/{period}");
        let current = row(audit, &key).current.map(|current| current.index);
        one(look, slot, &key, (&path, current, "Current figures"));
        for (index, _) in vintages(audit, &key) {
            let path = format!("{path}?vintage={}", index.0);
            let is_current = current == Some(index.0);
            let heading = if is_current {
                "Current figures"
            } else {
                "Figures as stated then"
            };
            one(look, slot, &key, (&path, Some(index.0), heading));
            earlier += usize::from(!is_current);
        }
        looked += 1;
    }
    assert!(looked > 40, "only {looked} slots");
    assert!(earlier > 5, "only {earlier} earlier revisions");
}

/// A slot with the figures of one of its snapshots.
fn one(
    look: &mut Look<'_>,
    slot: &Value,
    key: &SlotKey,
    (path, index, heading): (&str, Option<u64>, &str),
) {
    let audit = look.audit;
    let mut told = Told::default();
    standing(&mut told, audit, slot);
    life::happened(&mut told, audit, slot, key);
    let own: Vec<&Value> = findings(audit, slot);
    if !own.is_empty() {
        told.block("Findings", "h2", format!("Findings {}", own.len()));
    }
    own.iter().for_each(|one| finding(&mut told, audit, one));
    let Some(index) = index else {
        look.page(path, &told, &[]);
        return;
    };
    let snapshot = history::snapshot(&audit.journal.view(), LogIndex(index)).unwrap();
    let line = format!("{heading} revision {} · entry {index}", snapshot.revision);
    told.block(heading, "h2", line);
    let table = figures(audit, key, &snapshot);
    told.table(&table);
    look.page(path, &told, &[]);
    look.file(path, &table);
}

/// Every submission, in the order of the journal.
pub(super) fn vintages(audit: &Audit, key: &SlotKey) -> Vec<Vintage> {
    history::vintages(&audit.journal.view(), key).unwrap()
}

/// The findings of a slot.
pub(crate) fn findings<'a>(audit: &'a Audit, slot: &Value) -> Vec<&'a Value> {
    let is_own = |one: &&Value| {
        ["unit", "dataset", "period"]
            .iter()
            .all(|part| one[part] == slot[part])
    };
    audit.findings.iter().filter(is_own).collect()
}

/// The row of a slot, empty where nothing has happened to it.
pub(crate) fn row(audit: &Audit, key: &SlotKey) -> SlotRow {
    history::slot_row(&audit.journal.view(), key)
        .unwrap()
        .unwrap_or_default()
}

/// Its current snapshot.
pub(crate) fn current(audit: &Audit, key: &SlotKey) -> Option<Snapshot> {
    let current = row(audit, key).current?;
    Some(history::snapshot(&audit.journal.view(), LogIndex(current.index)).unwrap())
}

fn standing(told: &mut Told, audit: &Audit, slot: &Value) {
    let names = [
        audit.unit(&text(&slot["unit"])),
        audit.dataset(&text(&slot["dataset"])),
        text(&slot["period"]),
    ];
    let heading = names.join(" · ");
    told.block(&heading, "h1", &heading);
    let due_ms = slot["due_at_ms"].as_i64().unwrap();
    let lateness_ms = slot["lateness_ms"].as_i64().unwrap();
    let mut line = state(&slot["state"]);
    if slot["state"] == "pending" {
        line += &format!(" {}", countdown(due_ms, audit.now_ms));
    }
    if lateness_ms > 0 {
        line += &format!(" late by {}", span(lateness_ms));
    }
    told.block(&heading, "p", line);
    told.block(&heading, "dd", instant(due_ms));
    for when in [
        "first_received_at_ms",
        "first_accepted_at_ms",
        "last_revised_at_ms",
    ] {
        told.block(&heading, "dd", maybe(&slot[when]));
    }
    told.block(
        &heading,
        "dd",
        format!("{} / {}", slot["received_count"], slot["returned_count"]),
    );
    told.block(&heading, "dd", slot["revision"].to_string());
}

/// What became of a submission.
pub(crate) fn outcome(number: i32) -> &'static str {
    match Outcome::from_number(number).unwrap() {
        Outcome::Accepted => "accepted",
        Outcome::Returned => "returned",
        Outcome::Superseded => "superseded",
    }
}

/// A snapshot's figures in the order of its form.
fn figures(audit: &Audit, key: &SlotKey, snapshot: &Snapshot) -> Table {
    let has_items = snapshot.observations.iter().any(|one| one.item.is_some());
    let mut columns = vec![
        "Indicator",
        "Value",
        "Unit of measure",
        "Status",
        "Indicator code",
    ];
    if has_items {
        columns.insert(1, "Item");
    }
    let form = audit.catalogue.dataset(&key.dataset).unwrap().indicators();
    let place = |one: &&Observation| form.iter().position(|code| *code == one.indicator);
    let mut all: Vec<&Observation> = snapshot.observations.iter().collect();
    all.sort_by_key(|one| (one.item.clone(), place(one)));
    let mut table = Table::new("figures", "Figures", &columns);
    for one in all {
        let (name, measure) = audit.indicator(one.indicator.as_str());
        let value = one.value.map(|value| value.to_string()).unwrap_or_default();
        let status = format!("{} {}", one.status.letter(), status(one.status).en);
        let mut row = vec![name, value, measure, status, one.indicator.to_string()];
        if has_items {
            let item = one.item.as_ref().map(ToString::to_string);
            row.insert(1, item.unwrap_or_default());
        }
        table.rows.push(row.into_iter().map(cell).collect());
    }
    table
}

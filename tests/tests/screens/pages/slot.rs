//! The life of one slot. No command of the auditor's program lists it, so it is read from the journal that the program has replayed.

use granary_core::{
    ledger::{LogIndex, Outcome, history, rows::SlotRow},
    snapshot::{SlotKey, Snapshot},
};
use serde_json::Value;

use super::{Look, findings::finding};
use crate::{
    audit::Audit,
    support,
    told::Told,
    words::{countdown, instant, maybe, span, state, text, time},
};

/// Compares the pages of all slots of a period that is open or was reported through the system, and of one that was imported.
pub(crate) fn look(look: &mut Look<'_>) {
    let audit = look.audit;
    let is_told = |slot: &&Value| {
        let period = slot["period"].as_str().unwrap();
        period.starts_with("2026") || period == "2025-Q4" || period == "2024-M07"
    };
    let mut looked = 0;
    for slot in audit.slots.iter().filter(is_told) {
        let (unit, dataset, period) = (
            text(&slot["unit"]),
            text(&slot["dataset"]),
            text(&slot["period"]),
        );
        let key = support::slot(&unit, &dataset, &period);
        let mut told = Told::default();
        standing(&mut told, audit, slot);
        happened(&mut told, audit, &key);
        let own: Vec<&Value> = findings(audit, slot);
        if !own.is_empty() {
            told.block("Findings", "h2", format!("Findings {}", own.len()));
        }
        own.iter().for_each(|one| finding(&mut told, audit, one));
        if let Some(snapshot) = current(audit, &key) {
            figures(&mut told, audit, &snapshot);
        }
        look.page(&format!("/slot/{unit}/{dataset}/{period}"), &told, &[]);
        looked += 1;
    }
    assert!(looked > 40, "only {looked} slots");
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

fn happened(told: &mut Told, audit: &Audit, key: &SlotKey) {
    let mut vintages = history::vintages(&audit.journal.view(), key).unwrap();
    vintages.reverse();
    for (index, one) in &vintages {
        let outcome = outcome(one.outcome);
        let mut line = format!(
            "{} revision {} {outcome}",
            instant(one.received_at_ms),
            one.revision
        );
        if !one.failures.is_empty() {
            line += &format!(" failed edits: {}", one.failures.len());
        }
        line += &format!(" receipt entry {}", index.0);
        for failure in &one.failures {
            line += &format!(" {}", failure.edit);
            if let Some(words) = &failure.explanation {
                line += &format!(" {words}");
            }
        }
        told.block("What happened", "li", line);
    }
    let row = row(audit, key);
    for one in &row.extensions {
        let line = format!(
            "{} extended to {}",
            instant(one.received_at_ms),
            time(one.due_at_ms)
        );
        told.block("What happened", "li", line);
    }
    if let Some(at_ms) = row.exempted_at_ms {
        told.block(
            "What happened",
            "li",
            format!("{} exempted", instant(at_ms)),
        );
    }
    if let Some(at_ms) = row.imported_at_ms {
        let line = format!(
            "{} arrived before the system, by imported history",
            time(at_ms)
        );
        told.block("What happened", "li", line);
    }
}

/// What became of a submission.
pub(crate) fn outcome(number: i32) -> &'static str {
    match Outcome::from_number(number).unwrap() {
        Outcome::Accepted => "accepted",
        Outcome::Returned => "returned",
        Outcome::Superseded => "superseded",
    }
}

fn figures(told: &mut Told, audit: &Audit, snapshot: &Snapshot) {
    let has_items = snapshot.observations.iter().any(|one| one.item.is_some());
    let mut columns = vec!["Indicator", "Value", "Unit of measure"];
    if has_items {
        columns.insert(1, "Item");
    }
    let row = |one: &granary_core::snapshot::Observation| {
        let (name, measure) = audit.indicator(one.indicator.as_str());
        let value = one
            .value
            .map_or(one.status.letter().to_string(), |value| value.to_string());
        let mut row = vec![name, value, measure];
        if has_items {
            row.insert(
                1,
                one.item
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            );
        }
        row
    };
    let rows: Vec<Vec<String>> = snapshot.observations.iter().map(row).collect();
    told.rows("Current figures", &columns, &rows);
}

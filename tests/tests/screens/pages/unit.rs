//! *Units* and the page of each.

use granary_core::{
    code::UnitCode,
    measures::Measure,
    period::{Period, Periodicity},
};
use serde_json::Value;

use super::{Look, record};
use crate::{
    audit::{Audit, list},
    catalogue::UNITS,
    told::{Table, Told, cell, cell_of},
    words::{bar, day, instant, measured, state, text, time},
};

/// Compares the list and every unit.
pub(crate) fn look(look: &mut Look<'_>) {
    units(look);
    let mut counts = [0; 2];
    for unit in UNITS {
        let own = one(look, unit);
        counts
            .iter_mut()
            .zip(own)
            .for_each(|(all, own)| *all += own);
    }
    assert!(
        counts[0] >= 12 && counts[1] >= 3,
        "scores and revisions: {counts:?}"
    );
}

fn units(look: &mut Look<'_>) {
    let audit = look.audit;
    let columns = ["Unit", "Code", "Keys in force", "Agents", "Last received"];
    let mut table = Table::new("units", "Units", &columns);
    let rows = list(&audit.ask(&["measures", "--by", "unit"]), "rows");
    for unit in UNITS {
        let code = UnitCode::new(unit).unwrap();
        let keys = audit.journal.registry().keys();
        let own = keys
            .filter(|(_, key)| key.unit == code && key.row.revoked_index.is_none())
            .count();
        let seen = rows.iter().find(|row| row["unit"] == unit);
        let seen = seen
            .and_then(|row| row["last_seen_ms"].as_i64())
            .map_or(String::new(), time);
        table.rows.push(vec![
            cell(audit.unit(unit)),
            cell(unit),
            cell(format!("the agent {own}")),
            cell_of("", own.to_string()),
            cell(seen),
        ]);
    }
    let mut told = Told::default();
    told.block("Units", "h1", format!("Units {}", day(audit.now_ms)));
    told.table(&table);
    // How agents are, they say themselves, and only since the server's start.
    look.page("/units", &told, &["› Agents"]);
    look.file("/units", &table);
}

/// Tells how many scores and revisions it has.
fn one(look: &mut Look<'_>, unit: &str) -> [usize; 2] {
    let audit = look.audit;
    let path = format!("/unit/{unit}");
    let by = |by| audit.ask(&["measures", "--unit", unit, "--by", by]);
    let (by_dataset, by_period) = (by("dataset"), by("period"));
    let (heading, total) = (audit.unit(unit), &by_dataset["total"]);
    let mut told = Told::default();
    told.block(&heading, "h1", format!("{heading} {unit}"));
    told.block(&heading, "p", bar(&total["counts"]));
    record::tiles(&mut told, &heading, total);
    for (period, value) in trend(&list(&by_period, "rows")) {
        told.block(
            "On-time rate over time",
            "point",
            format!("{period} · {value}"),
        );
    }
    let cards = record::cards(audit, unit);
    let (scores, quality) = record::tables(audit, &by_dataset);
    let revisions = record::revisions(audit, unit);
    told.table(&cards);
    told.table(&scores);
    told.table(&quality);
    let open = open(audit, unit);
    if !open.rows.is_empty() {
        told.table(&open);
    }
    told.table(&revisions);
    let seen = list(
        &audit.ask(&["measures", "--unit", unit, "--by", "unit"]),
        "rows",
    );
    let seen = seen.first().and_then(|row| row["last_seen_ms"].as_i64());
    let seen = seen.map_or_else(|| "never".into(), instant);
    told.block("Keys", "p", format!("Last received: {seen}"));
    keys(&mut told, audit, unit);
    look.page(&path, &told, &[]);
    for table in [&cards, &scores, &quality, &open, &revisions] {
        look.file(&path, table);
    }
    [cards.rows.len(), revisions.rows.len()]
}

/// Keys with what the journal knows of them, each with its revocation. No agent was heard of since the server's start.
fn keys(told: &mut Told, audit: &Audit, unit: &str) {
    let registry = audit.journal.registry();
    for (id, key) in registry.keys().filter(|(_, key)| key.unit.as_str() == unit) {
        let line = format!(
            "{} {} in force not heard of yet",
            id.short(),
            key.role.name().en
        );
        told.block("Keys", "li", line);
        told.block("Keys", "summary", format!("Revoke {}", id.short()));
    }
}

/// The on-time rates of the kind of period of which there are most, the last two dozen.
fn trend(rows: &[Value]) -> Vec<(String, String)> {
    let kind = |row: &Value| {
        Period::parse(row["period"].as_str().unwrap())
            .unwrap()
            .periodicity()
    };
    let count = |wanted: &Periodicity| rows.iter().filter(|row| kind(row) == *wanted).count();
    let most = Periodicity::ALL.into_iter().max_by_key(count).unwrap();
    let rates = rows
        .iter()
        .filter(|row| kind(row) == most)
        .filter_map(|row| {
            let (counts, rate) = (&row["counts"], &row["measures"][Measure::OnTimeRate.word()]);
            let is_interim = counts["pending"] != 0;
            // What came before its time says nothing of how punctual it is.
            let is_due = !is_interim || counts["late"] != 0 || counts["missing"] != 0;
            let mark = if is_interim { "*" } else { "" };
            let period = format!("{}{mark}", text(&row["period"]));
            (!rate.is_null() && is_due).then(|| (period, measured(rate)))
        });
    let rates: Vec<_> = rates.collect();
    rates[rates.len().saturating_sub(24)..].to_vec()
}

/// What a unit owes still, the latest deadline first.
fn open(audit: &Audit, unit: &str) -> Table {
    let columns = ["Dataset", "Period", "State", "Due", "Times returned"];
    let mut table = Table::new("open", "Open slots", &columns);
    let is_open = |slot: &&Value| {
        slot["unit"] == unit
            && slot["imported"] == false
            && (slot["state"] == "missing" || slot["state"] == "pending")
    };
    let mut open: Vec<&Value> = audit.slots.iter().filter(is_open).collect();
    open.sort_by_key(|slot| std::cmp::Reverse(slot["due_at_ms"].as_i64()));
    for slot in open {
        table.rows.push(vec![
            cell(audit.dataset(&text(&slot["dataset"]))),
            cell(text(&slot["period"])),
            cell_of(state(&slot["state"]), text(&slot["state"])),
            cell(time(slot["due_at_ms"].as_i64().unwrap())),
            cell(slot["returned_count"].to_string()),
        ]);
    }
    table
}

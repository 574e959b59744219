//! *Today*.

use serde_json::Value;

use super::{
    Look,
    day::{Day, curves},
    wall,
};
use crate::{
    audit::{Audit, list},
    told::{Table, Told, cell, cell_of},
    words::{arrived, bar, countdown, short, span, state, text, time},
};

/// Compares the page with its files, and the wall.
pub(crate) fn look(look: &mut Look<'_>) {
    let (audit, day) = (look.audit, Day::of(look.audit));
    let mut told = Told::default();
    tiles(&mut told, audit, &day);
    curves(&mut told, audit, &day, "Deadlines", "figcaption");
    let counts = [
        ("Whom to ring first", day.calls.len()),
        ("Likely to be late", day.risks.len()),
        ("Late", day.late.len()),
        ("Returned, not corrected", day.returned.len()),
    ];
    for (heading, count) in counts {
        told.block(heading, "h2", format!("{heading} {count}"));
    }
    told.block("Likely to be late", "p", "Chance to be late at least 50 %");
    for heading in ["Late", "Returned, not corrected"] {
        told.block(
            heading,
            "p",
            "Due within the last 60 days; for earlier ones see Completeness",
        );
    }
    let tables = [
        deadlines(audit, &day),
        calls_table(audit, &day),
        late(audit, &day),
        risks_table(&day),
        returned(audit, &day),
        curves_table(audit, &day),
    ];
    tables.iter().for_each(|table| told.table(table));
    // How agents are, they say themselves, and only since the server's start.
    look.page("/", &told, &["Agents that are silent or in trouble › h2"]);
    for table in &tables {
        let rows = table.rows.len();
        assert!(
            (1..=40).contains(&rows),
            "{} has {rows} rows to compare",
            table.code
        );
        look.file("/", table);
    }
    wall::look(look, &day);
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

fn curves_table(audit: &Audit, day: &Day) -> Table {
    let columns = [
        "Dataset",
        "Period",
        "By when",
        "Usual",
        "At least (10%)",
        "At most (90%)",
        "Arrived",
    ];
    let mut table = Table::new("curves", "How reports come in", &columns);
    for (sheet, curve) in day.drawn(audit.now_ms) {
        for point in list(curve, "points") {
            let own = |name: &str| cell(text(&point[name]));
            table.rows.push(vec![
                cell(audit.dataset(&sheet.dataset)),
                cell(sheet.period.clone()),
                cell(time(point["at_ms"].as_i64().unwrap())),
                own("expected"),
                own("low"),
                own("high"),
                own("arrived"),
            ]);
        }
    }
    table
}

fn deadlines(audit: &Audit, day: &Day) -> Table {
    let columns = [
        "Dataset",
        "Period",
        "Due",
        "Progress",
        "Arrived",
        "Owed",
        "Usual by now",
        "Missing",
        "Pending",
    ];
    let mut table = Table::new("deadlines", "Deadlines", &columns);
    for sheet in &day.sheets {
        let (arrived, owed) = arrived(&sheet.counts);
        let extended = if sheet.is_extended { " extended" } else { "" };
        let due = format!(
            "{} {}{extended}",
            short(sheet.due_ms),
            countdown(sheet.due_ms, audit.now_ms)
        );
        // Whole per cent: never more than there is.
        let percent = (arrived * 100).checked_div(owed).unwrap_or(0);
        table.rows.push(vec![
            cell(audit.dataset(&sheet.dataset)),
            cell(sheet.period.clone()),
            cell_of(due, time(sheet.due_ms)),
            cell_of(bar(&sheet.counts), format!("{percent} %")),
            cell(arrived.to_string()),
            cell(owed.to_string()),
            cell(sheet.usual(audit.now_ms).unwrap_or_default()),
            cell(sheet.counts["missing"].to_string()),
            cell(sheet.counts["pending"].to_string()),
        ]);
    }
    table
}

fn calls_table(audit: &Audit, day: &Day) -> Table {
    let columns = [
        "Unit",
        "Late",
        "Returned",
        "Agent",
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
            // None has been silent.
            cell(""),
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

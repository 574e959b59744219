//! League tables, and the account of every score in them.

use serde_json::Value;

use super::Look;
use crate::{
    audit::list,
    told::{Cell, Table, Told, cell, cell_of},
    words::{measured, state, text},
};

/// Compares some tables with all accounts behind them.
pub(crate) fn look(look: &mut Look<'_>) {
    let mut accounts = 0;
    // Without a choice it is the first scorecard's last period that has ended.
    for (path, card, period) in [
        ("/league", "counties", "2026-Q1"),
        (
            "/league?card=counties&period=2025-Q4",
            "counties",
            "2025-Q4",
        ),
        ("/league?card=months&period=2026-M02", "months", "2026-M02"),
        ("/league?card=months", "months", "2026-M03"),
    ] {
        let league = look
            .audit
            .ask(&["league", "--scorecard", card, "--period", period]);
        let mut told = Told::default();
        let heading = format!("{} · {period}", text(&league["scorecard"]["name"]["en"]));
        told.block(&heading, "h1", &heading);
        if league["pending"] != 0 {
            told.block(
                &heading,
                "p",
                format!("Interim: {} slots are not due yet", league["pending"]),
            );
        }
        let table = table(&league);
        told.table(&table);
        let (size, digest) = (&league["log"]["size"], text(&league["sha256"]));
        told.block(
            &heading,
            "p",
            format!("It stands on the first {size} entries; digest {digest}"),
        );
        look.page(path, &told, &[]);
        look.file(path, &table);
        for standing in list(&league, "standings") {
            account(look, card, period, &text(&standing["unit"]["code"]));
            accounts += 1;
        }
    }
    assert!(accounts >= 24, "only {accounts} accounts");
}

fn table(league: &Value) -> Table {
    let components = list(league, "components");
    let component = |one: &Value| {
        format!(
            "{} ({})",
            text(&one["component"]["name"]["en"]),
            text(&one["weight"])
        )
    };
    let fixed = ["Rank", "Moved", "Unit", "Code", "Band", "Score"].map(str::to_owned);
    let columns = fixed
        .into_iter()
        .chain(components.iter().map(component))
        .chain(["Note".to_owned()]);
    let mut table = Table {
        code: "league",
        label: "League table",
        columns: columns.collect(),
        rows: Vec::new(),
    };
    let bands = list(league, "bands");
    for standing in list(league, "standings") {
        table.rows.push(row(&standing, &bands));
    }
    table
}

fn row(standing: &Value, bands: &[Value]) -> Vec<Cell> {
    let moved = match standing["movement"].as_i64() {
        None => String::new(),
        Some(0) => "＝".into(),
        Some(by) if by > 0 => format!("↑{by}"),
        Some(by) => format!("↓{}", -by),
    };
    let band = standing["band"]
        .as_u64()
        .map(|band| &bands[usize::try_from(band).unwrap()]);
    let note = [
        (standing["flag"] == true).then(|| "flag".to_owned()),
        (standing["last"] == true).then(|| "among the last".to_owned()),
        standing["not_ranked"]["en"].as_str().map(str::to_owned),
    ];
    let note: Vec<String> = note.into_iter().flatten().collect();
    let dash = |value: &Value| {
        if value.is_null() {
            "—".to_owned()
        } else {
            text(value)
        }
    };
    let mut row = vec![
        cell(dash(&standing["rank"])),
        cell_of(moved, text(&standing["movement"])),
        cell(text(&standing["unit"]["name"]["en"])),
        cell(text(&standing["unit"]["code"])),
        cell(band.map_or(String::new(), |band| text(&band["name"]["en"]))),
        cell(text(&standing["score"])),
    ];
    row.extend(
        list(standing, "points")
            .iter()
            .map(|one| cell(dash(&one["points"]))),
    );
    row.push(cell(note.join("；")));
    row
}

fn account(look: &mut Look<'_>, card: &str, period: &str, unit: &str) {
    let question = [
        "explain",
        "--scorecard",
        card,
        "--period",
        period,
        "--unit",
        unit,
    ];
    let answer = look.audit.ask(&question);
    let standing = &answer["standing"];
    let name = text(&standing["unit"]["name"]["en"]);
    let heading = format!(
        "{name} · {} · {period}",
        text(&answer["scorecard"]["name"]["en"])
    );
    let mut told = Told::default();
    told.block(&heading, "h1", &heading);
    let rank = standing["rank"]
        .as_u64()
        .map_or(String::new(), |rank| format!(" · rank {rank}"));
    told.block(
        &heading,
        "p",
        format!("{} points{rank}", text(&standing["score"])).trim(),
    );
    for one in list(&answer, "accounts") {
        component(&mut told, &one);
    }
    look.page(&format!("/league/{card}/{period}/{unit}"), &told, &[]);
}

fn component(told: &mut Told, account: &Value) {
    let heading = text(&account["component"]["component"]["name"]["en"]);
    let points = account["points"]["points"].as_str().unwrap_or("—");
    let full = account["full"]
        .as_str()
        .map_or(String::new(), |full| format!(" / {full}"));
    told.block(&heading, "h2", format!("{heading} {points}{full}"));
    let value = measured(&account["points"]["value"]);
    told.block(
        &heading,
        "p",
        format!("{value} · {}", text(&account["reckoning"]["en"])),
    );
    let parts = list(account, "contributions");
    if !parts.is_empty() {
        told.block(
            &heading,
            "summary",
            format!("Slot by slot ({})", parts.len()),
        );
    }
    for part in parts {
        let name = text(&part["dataset"]["name"]["en"]);
        let of = part["denominator"]
            .as_str()
            .map_or(String::new(), |of| format!(" / {of}"));
        let line = format!(
            "{name} {} {} {}{of}",
            text(&part["period"]),
            state(&part["state"]),
            text(&part["numerator"])
        );
        told.block(&heading, "li", line);
    }
}

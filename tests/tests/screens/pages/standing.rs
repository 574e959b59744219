//! League tables, and the account of every score in them.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::Scorecard,
    code::{DatasetCode, UnitCode},
    period::Period,
};
use serde_json::Value;

use super::Look;
use crate::{
    audit::{Audit, list},
    told::{Cell, Table, Told, cell, cell_of},
    words::{measured, measures, state, text},
};

/// Compares some tables with all accounts behind them.
pub(crate) fn look(look: &mut Look<'_>) {
    let mut accounts = BTreeSet::new();
    let (counties, months) = (
        opening(look.audit, "counties"),
        opening(look.audit, "months"),
    );
    // The quarter that has just ended is not mostly due, and nor is the month.
    assert_eq!(
        (counties.as_str(), months.as_str()),
        ("2025-Q4", "2026-M02")
    );
    for (path, card, period) in [
        ("/league", "counties", counties.as_str()),
        (
            "/league?card=counties&period=2026-Q1",
            "counties",
            "2026-Q1",
        ),
        (
            "/league?card=counties&period=2025-Q1",
            "counties",
            "2025-Q1",
        ),
        ("/league?card=months", "months", months.as_str()),
        ("/league?card=months&period=2026-M03", "months", "2026-M03"),
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
            accounts.insert((card, period, text(&standing["unit"]["code"])));
        }
    }
    assert!(accounts.len() >= 24, "only {} accounts", accounts.len());
}

/// The periods of a scorecard of which something is due, the newest first, with how much is settled and pending; of one unit, or of all.
pub(super) fn due(
    audit: &Audit,
    card: &Scorecard,
    unit: Option<&str>,
) -> Vec<(Period, usize, usize)> {
    let mut periods: BTreeMap<Period, (usize, usize)> = BTreeMap::new();
    for slot in &audit.slots {
        let is_counted = card.imported() || slot["imported"] == false;
        let own = text(&slot["unit"]);
        let dataset: DatasetCode = text(&slot["dataset"]).parse().unwrap();
        let period: Period = text(&slot["period"]).parse().unwrap();
        let whole = Period::containing(card.periodicity(), period.last_day()).unwrap();
        let is_compared = card.units(whole).contains(&UnitCode::new(&own).unwrap())
            && unit.is_none_or(|unit| unit == own);
        if !is_counted || !is_compared || !card.datasets().contains(&dataset) {
            continue;
        }
        let (settled, pending) = periods.entry(whole).or_default();
        match slot["state"].as_str().unwrap() {
            "timely" | "late" | "missing" => *settled += 1,
            "pending" => *pending += 1,
            _ => {}
        }
    }
    let due = periods.into_iter().rev();
    due.filter(|(_, (settled, _))| *settled > 0)
        .map(|(period, (settled, pending))| (period, settled, pending))
        .collect()
}

/// What a scorecard opens with: the newest period of which nine in ten slots are due, and in whose table two units have a rank.
fn opening(audit: &Audit, code: &str) -> String {
    let card = audit
        .catalogue
        .scorecards()
        .iter()
        .find(|card| card.code().as_str() == code);
    let due = due(audit, card.unwrap(), None);
    let mostly = due
        .into_iter()
        .filter(|(_, settled, pending)| pending * 10 <= pending + settled);
    let mut periods = mostly.map(|(period, ..)| period.to_string());
    let compares = |period: &String| {
        let league = audit.ask(&["league", "--scorecard", code, "--period", period]);
        let standings = list(&league, "standings");
        standings
            .iter()
            .filter(|one| !one["rank"].is_null())
            .count()
            > 1
    };
    periods.find(compares).unwrap()
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
    for standing in list(league, "standings") {
        table.rows.push(row(&standing, league));
    }
    table
}

/// How far a unit rose or fell: the page has signs, the file the number.
pub(super) fn moved(standing: &Value) -> Cell {
    let shown = match standing["movement"].as_i64() {
        None => String::new(),
        Some(0) => "＝".into(),
        Some(by) if by > 0 => format!("↑{by}"),
        Some(by) => format!("↓{}", -by),
    };
    cell_of(shown, text(&standing["movement"]))
}

/// The name of a standing's band.
pub(super) fn band(standing: &Value, league: &Value) -> String {
    let band = standing["band"].as_u64();
    band.map_or(String::new(), |band| {
        text(&league["bands"][usize::try_from(band).unwrap()]["name"]["en"])
    })
}

/// Why it has no rank, or what the rank brings.
pub(super) fn note(standing: &Value) -> String {
    let note = [
        (standing["flag"] == true).then(|| "flag".to_owned()),
        (standing["last"] == true).then(|| "among the last".to_owned()),
        standing["not_ranked"]["en"].as_str().map(str::to_owned),
    ];
    let note: Vec<String> = note.into_iter().flatten().collect();
    note.join("；")
}

fn row(standing: &Value, league: &Value) -> Vec<Cell> {
    let dash = |value: &Value| {
        if value.is_null() {
            "—".to_owned()
        } else {
            text(value)
        }
    };
    let mut row = vec![
        cell(dash(&standing["rank"])),
        moved(standing),
        cell(text(&standing["unit"]["name"]["en"])),
        cell(text(&standing["unit"]["code"])),
        cell(band(standing, league)),
        cell(text(&standing["score"])),
    ];
    row.extend(
        list(standing, "points")
            .iter()
            .map(|one| cell(dash(&one["points"]))),
    );
    row.push(cell(note(standing)));
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
    let path = format!("/league/{card}/{period}/{unit}");
    look.page(&path, &told, &[]);
    for one in list(&answer, "accounts") {
        let table = targets(&list(&one, "targets"));
        if !table.rows.is_empty() {
            look.file(&path, &table);
        }
    }
}

/// Targets with what is reached of each.
pub(super) fn targets(lines: &[Value]) -> Table {
    let columns = [
        "Indicator",
        "Year's target",
        "Reached",
        "Through",
        "Reached %",
        "Elapsed %",
        "Against elapsed time",
        "Measure",
    ];
    let mut table = Table::new("targets", "Targets", &columns);
    for line in lines {
        let own = |name: &str| text(&line[name]);
        let name = |part: &str| text(&line[part]["name"]["en"]);
        let named = format!(
            "{} · {} {}",
            name("dataset"),
            name("indicator"),
            own("year")
        );
        let cells = [
            named,
            own("target"),
            own("actual"),
            own("through"),
            own("progress_percent"),
            own("elapsed_percent"),
            own("gap"),
            text(&line["measure"]["en"]),
        ];
        table.rows.push(cells.map(cell).into());
    }
    table
}

fn component(told: &mut Told, account: &Value) {
    let heading = text(&account["component"]["component"]["name"]["en"]);
    let points = account["points"]["points"].as_str().unwrap_or("—");
    let full = account["full"]
        .as_str()
        .map_or(String::new(), |full| format!(" / {full}"));
    told.block(&heading, "h2", format!("{heading} {points}{full}"));
    let word = text(&account["component"]["measure"]);
    let known = measures().into_iter().find(|(known, _)| *known == word);
    let what = known.map_or("progress towards targets".to_owned(), |(_, name)| name);
    let (targets, reckoning) = (
        targets(&list(account, "targets")),
        text(&account["reckoning"]["en"]),
    );
    if targets.rows.is_empty() {
        let value = measured(&account["points"]["value"]);
        told.block(&heading, "p", format!("{what} {value} · {reckoning}"));
    } else {
        told.block(&heading, "p", format!("{what} · {reckoning}"));
        told.block(&heading, "p", "the mean over these targets of what is reached over what elapsed time asks for, each at most 100%:");
        told.table(&targets);
    }
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
        let findings = list(&part, "findings");
        let findings = findings.iter().map(|one| {
            let item = one["item"].as_str();
            format!(
                " {}{}",
                text(&one["edit"]),
                item.map_or(String::new(), |item| format!(" {item}"))
            )
        });
        let findings: String = findings.collect();
        let line = format!(
            "{name} {} {} {}{of}{findings}",
            text(&part["period"]),
            state(&part["state"]),
            text(&part["numerator"])
        );
        told.block(&heading, "li", line);
    }
}

//! *Indicators*: every series with every vintage.

use serde_json::Value;

use super::Look;
use crate::{
    audit::list,
    catalogue::UNITS,
    told::{Table, Told, cell},
    words::{instant, text},
};

/// Compares all series of all units, of projects those that there are.
pub(crate) fn look(look: &mut Look<'_>) {
    let mut points = 0;
    for dataset in look.audit.catalogue.datasets() {
        let (code, items): (_, &[&str]) = if dataset.itemised() {
            (dataset.code().as_str(), &["P-1", "P-2", "P-3"])
        } else {
            (dataset.code().as_str(), &[""])
        };
        for (indicator, unit) in dataset
            .indicators()
            .iter()
            .flat_map(|one| UNITS.map(|unit| (one.as_str(), unit)))
        {
            for item in items {
                points += one(look, (code, indicator, unit), item);
            }
        }
    }
    assert!(points > 60, "only {points} points");
}

fn one(look: &mut Look<'_>, (dataset, indicator, unit): (&str, &str, &str), item: &str) -> usize {
    let mut question = vec![
        "series",
        "--unit",
        unit,
        "--dataset",
        dataset,
        "--indicator",
        indicator,
        "--vintages",
    ];
    let mut path = format!("/indicators?dataset={dataset}&indicator={indicator}&unit={unit}");
    if !item.is_empty() {
        question.extend(["--item", item]);
        path += &format!("&item={item}");
    }
    let points = list(&look.audit.ask(&question), "points");
    let (name, measure) = look.audit.indicator(indicator);
    let heading = format!("{} · {name}", look.audit.unit(unit));
    let mut told = Told::default();
    told.block(&heading, "h2", format!("{heading} ({measure})"));
    told.block(&heading, "drawing", format!("[{name}]"));
    drawn(&mut told, &heading, &points);
    let table = table(&points);
    told.table(&table);
    look.page(&path, &told, &[]);
    look.file(&path, &table);
    points.len()
}

/// The vintages of each period in the order of their arrival; the last is the current one.
fn drawn(told: &mut Told, heading: &str, points: &[Value]) {
    let valued: Vec<&Value> = points
        .iter()
        .filter(|point| !point["value"].is_null())
        .collect();
    for (at, point) in valued.iter().enumerate() {
        let is_current = valued
            .get(at + 1)
            .is_none_or(|next| next["period"] != point["period"]);
        let before = if is_current {
            ""
        } else {
            " · before a revision"
        };
        let line = format!(
            "{} · {}{before}",
            text(&point["period"]),
            text(&point["value"])
        );
        told.block(heading, "point", line);
    }
}

fn table(points: &[Value]) -> Table {
    let columns = ["Period", "Value", "Status", "Revision", "Received", "Entry"];
    let mut table = Table::new("series", "All vintages", &columns);
    for point in points {
        table.rows.push(vec![
            cell(text(&point["period"])),
            cell(text(&point["value"])),
            cell(text(&point["status"])),
            cell(point["revision"].to_string()),
            cell(instant(point["received_at_ms"].as_i64().unwrap())),
            cell(point["index"].to_string()),
        ]);
    }
    table
}

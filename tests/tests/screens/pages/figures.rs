//! *Indicators*: every series with every vintage.

use serde_json::Value;

use super::{Look, beside};
use crate::{
    catalogue::UNITS,
    told::{Table, Told, cell},
    words::{instant, text},
};

/// Compares all series of all units, of projects those that there are.
pub(crate) fn look(look: &mut Look<'_>) {
    let mut counts = [0; 4];
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
                let own = one(look, (code, indicator, unit), item);
                counts
                    .iter_mut()
                    .zip(own)
                    .for_each(|(all, own)| *all += own);
            }
        }
    }
    let fewest = [60, 6, 60, 6];
    let is_enough = counts.iter().zip(fewest).all(|(count, few)| *count > few);
    assert!(is_enough, "points, targets, peers, growth: {counts:?}");
}

/// Tells how many points, targets, peers, and peers with growth it has.
fn one(
    look: &mut Look<'_>,
    (dataset, indicator, unit): (&str, &str, &str),
    item: &str,
) -> [usize; 4] {
    let mut path = format!("/indicators?dataset={dataset}&indicator={indicator}&unit={unit}");
    if !item.is_empty() {
        path += &format!("&item={item}");
    }
    let place = (unit, dataset, indicator, item);
    let points = look.audit.series(place, true);
    let (name, measure) = look.audit.indicator(indicator);
    let heading = format!("{} · {name}", look.audit.unit(unit));
    let mut told = Told::default();
    told.block(&heading, "h2", format!("{heading} ({measure})"));
    told.block(&heading, "drawing", format!("[{name}]"));
    let current = look.audit.series(place, false);
    drawn(&mut told, &heading, &points, &current);
    let table = table(&points);
    let goals = beside::targets(&mut told, look.audit, place);
    told.table(&table);
    let peers = beside::peers(&mut told, look.audit, place, &points);
    look.page(&path, &told, &[]);
    look.file(&path, &table);
    look.file(&path, &peers);
    if goals.rows.len() > 1 {
        look.file(&path, &goals);
    }
    let growing = peers.rows.iter().filter(|row| !row[4].shown.is_empty());
    [
        points.len(),
        goals.rows.len(),
        peers.rows.len(),
        growing.count(),
    ]
}

/// The vintages of each period by their revision; the one in force is marked, which one that came late with a lower revision is not.
fn drawn(told: &mut Told, heading: &str, points: &[Value], current: &[Value]) {
    let is_valued = |point: &&Value| !point["value"].is_null();
    for vintages in points.chunk_by(|a, b| a["period"] == b["period"]) {
        let mut vintages: Vec<&Value> = vintages.iter().filter(is_valued).collect();
        vintages.sort_by_key(|point| (point["revision"].as_u64(), point["index"].as_u64()));
        for point in vintages {
            let is_current = current.iter().any(|one| one["index"] == point["index"]);
            let before = if is_current {
                ""
            } else {
                " · before a revision"
            };
            let (period, value) = (text(&point["period"]), text(&point["value"]));
            told.block(heading, "point", format!("{period} · {value}{before}"));
        }
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

//! What stands beside a series: the year's target with the share of the year that has passed, and the same figure of the unit's peers.

use std::cmp::Reverse;

use granary_core::{code::UnitCode, decimal::Decimal, period::Period, targets::growth_percent};
use serde_json::Value;

use super::standing;
use crate::{
    audit::{Audit, list},
    catalogue::UNITS,
    told::{Table, Told, cell},
    words::text,
};

/// A unit, a dataset, an indicator, an item or nothing.
type Place<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The progress towards the targets of one figure, the newest year first.
pub(super) fn targets(
    told: &mut Told,
    audit: &Audit,
    (unit, dataset, indicator, item): Place<'_>,
) -> Table {
    let mut lines = Vec::new();
    for year in ["2027", "2026", "2025", "2024"] {
        let question = [
            "targets",
            "--year",
            year,
            "--unit",
            unit,
            "--dataset",
            dataset,
        ];
        let own = list(&audit.ask(&question), "targets");
        lines.extend(
            own.into_iter()
                .filter(|one| one["indicator"]["code"] == indicator),
        );
    }
    // Targets are of whole figures.
    if !item.is_empty() {
        lines.clear();
    }
    let table = standing::targets(&lines);
    let Some(newest) = lines.first() else {
        return table;
    };
    let heading = format!("{} target", newest["year"]);
    let dash = |name: &str| newest[name].as_str().unwrap_or("—").to_owned();
    let percent = |name: &str| {
        newest[name]
            .as_str()
            .map_or("—".into(), |share| format!("{share} %"))
    };
    told.block(&heading, "h2", &heading);
    let mut tile = |text: String| told.block(&heading, "tile", text);
    let measure = text(&newest["measure"]["en"]);
    tile(format!("Year's target {} {measure}", dash("target")));
    let through = newest["through"].as_str();
    let through = through.map_or(String::new(), |period| format!(" · through {period}"));
    tile(format!(
        "Reached of it {} {}{through}",
        percent("progress_percent"),
        dash("actual")
    ));
    tile(format!(
        "Of the year elapsed {} by the end of the last period that counts",
        percent("elapsed_percent")
    ));
    let pace = newest["pace_needed"].as_str();
    let pace = pace.map_or(String::new(), |pace| {
        format!(" each period left needs {pace}")
    });
    tile(format!("Against elapsed time {}{pace}", dash("gap")));
    if lines.len() > 1 {
        told.table(&table);
    }
    table
}

/// One unit's figure.
struct Peer {
    unit: &'static str,
    value: Decimal,
    growth: Option<Decimal>,
}

/// The figures of the units that owe the same report and have the same level and parent, of the newest period of which the unit's is known.
pub(super) fn peers(told: &mut Told, audit: &Audit, place: Place<'_>, points: &[Value]) -> Table {
    let columns = [
        "Unit",
        "Code",
        "Value",
        "Rank",
        "Growth over the year before %",
        "Rank by growth",
    ];
    let mut table = Table::new("peers", "Peers", &columns);
    let known = points.iter().rev().find(|point| !point["value"].is_null());
    let Some(known) = known else {
        return table;
    };
    let period: Period = text(&known["period"]).parse().unwrap();
    let (level, is_same_parent) = compared(audit, place, period);
    let all = level.len();
    let mut peers: Vec<Peer> = level
        .into_iter()
        .filter_map(|unit| peer(audit, (unit, place.1, place.2, place.3), period))
        .collect();
    peers.sort_by_key(|one| (Reverse(one.value), one.unit));
    let heading = format!("Peers · {period}");
    told.block(&heading, "h2", &heading);
    let who = if is_same_parent {
        "units of the same level and parent"
    } else {
        "units of the same level"
    };
    let silent = match all - peers.len() {
        0 => String::new(),
        silent => format!("，{silent} without"),
    };
    told.block(
        &heading,
        "p",
        format!("{who}；{} with a value{silent}", peers.len()),
    );
    for one in &peers {
        let higher = peers.iter().filter(|other| other.value > one.value).count();
        let faster = |growth: Decimal| {
            let others = peers.iter().filter_map(|other| other.growth);
            others.filter(|other| *other > growth).count() + 1
        };
        let cells = [
            audit.unit(one.unit),
            one.unit.to_owned(),
            one.value.to_string(),
            (higher + 1).to_string(),
            one.growth
                .map(|growth| growth.to_string())
                .unwrap_or_default(),
            one.growth
                .map(|growth| faster(growth).to_string())
                .unwrap_or_default(),
        ];
        table.rows.push(cells.map(cell).into());
    }
    told.table(&table);
    table
}

/// The units to compare with, itself among them, and whether they have the same parent; where it has no siblings, those of its level.
fn compared(
    audit: &Audit,
    (unit, dataset, ..): Place<'_>,
    period: Period,
) -> (Vec<&'static str>, bool) {
    let code = |unit: &str| UnitCode::new(unit).unwrap();
    let level = |unit: &str| audit.catalogue.unit(&code(unit)).unwrap().level().cloned();
    let parent = |unit: &str| audit.catalogue.parent(&code(unit), period).cloned();
    let owes = |unit: &str| {
        let is_it = |slot: &Value| {
            slot["unit"] == unit
                && slot["dataset"] == dataset
                && slot["period"] == period.to_string()
        };
        audit.slots.iter().any(is_it)
    };
    let same_level: Vec<&str> = UNITS
        .into_iter()
        .filter(|one| *one == unit || (owes(one) && level(one) == level(unit)))
        .collect();
    let siblings: Vec<&str> = same_level
        .iter()
        .copied()
        .filter(|one| parent(one) == parent(unit))
        .collect();
    if siblings.len() > 1 && parent(unit).is_some() {
        (siblings, true)
    } else {
        (same_level, false)
    }
}

/// The figure in force, beside that of the year before.
fn peer(audit: &Audit, place: (&'static str, &str, &str, &str), period: Period) -> Option<Peer> {
    let points = audit.series(place, false);
    let stated = |period: Period| {
        let is_its = |point: &&Value| point["period"] == period.to_string();
        let value = points.iter().find(is_its)?["value"].as_str()?;
        Some(Decimal::parse(value).unwrap())
    };
    let value = stated(period)?;
    let before = stated(period.year_ago().unwrap());
    Some(Peer {
        unit: place.0,
        value,
        growth: before.and_then(|before| growth_percent(before, value)),
    })
}

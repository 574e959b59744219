//! *Completeness*: units by the newest period of each dataset, and by the periods of one.

use granary_core::{code::UnitCode, period::Period};
use serde_json::Value;

use super::Look;
use crate::{
    audit::Audit,
    told::{Table, Told, cell},
    words::{STATES, arrived, bar, text},
};

/// A dataset and a period.
type Column = (String, String);

/// Compares the page in its forms: all datasets, each dataset, an earlier stretch, a part of the tree.
pub(crate) fn look(look: &mut Look<'_>) {
    let audit = look.audit;
    let datasets: Vec<String> = audit
        .catalogue
        .datasets()
        .iter()
        .map(|one| one.code().to_string())
        .collect();
    let newest = datasets
        .iter()
        .filter_map(|code| Some((code.clone(), audit.current(code)?.to_string())));
    let newest: Vec<Column> = newest.collect();
    one(look, "/completeness", &newest, None, &|_| true);
    let is_county = |unit: &str| unit == "990101";
    one(
        look,
        "/completeness?under=990101",
        &newest,
        None,
        &is_county,
    );
    for code in &datasets {
        let all = audit.periods(code);
        let path = format!("/completeness?dataset={code}");
        one(look, &path, &columns(code, &all), Some(code), &|_| true);
        let earlier: Vec<Period> = all
            .iter()
            .copied()
            .filter(|period| period.year() < 2026)
            .collect();
        if let Some(last) = earlier.last() {
            let path = format!("{path}&last={last}");
            one(look, &path, &columns(code, &earlier), Some(code), &|_| true);
        }
    }
}

/// The last dozen.
fn columns(dataset: &str, periods: &[Period]) -> Vec<Column> {
    let from = periods.len().saturating_sub(12);
    periods[from..]
        .iter()
        .map(|period| (dataset.to_owned(), period.to_string()))
        .collect()
}

fn one(
    look: &mut Look<'_>,
    path: &str,
    columns: &[Column],
    dataset: Option<&str>,
    is_wanted: &dyn Fn(&str) -> bool,
) {
    let audit = look.audit;
    let heading = |(code, period): &Column| match dataset {
        Some(_) => period.clone(),
        None => format!("{} {period}", audit.dataset(code)),
    };
    let headings: Vec<String> = std::iter::once("Unit".into())
        .chain(columns.iter().map(heading))
        .collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut rows = vec![totals(audit, columns, is_wanted)];
    let mut file = Table::new(
        "completeness",
        "Completeness",
        &[
            "Unit code",
            "Unit",
            "Dataset",
            "Period",
            "Imported",
            "State",
        ],
    );
    let units = audit.catalogue.units().iter().map(|unit| unit.code());
    for unit in units.filter(|unit| is_wanted(unit.as_str())) {
        let slots: Vec<Option<&Value>> = columns
            .iter()
            .map(|column| slot(audit, unit, column))
            .collect();
        if slots.iter().all(Option::is_none) {
            continue;
        }
        let name = audit.unit(unit.as_str());
        let sign = |slot: &Option<&Value>| slot.map_or(String::new(), |slot| sign(slot).to_owned());
        rows.push(
            std::iter::once(name.clone())
                .chain(slots.iter().map(sign))
                .collect(),
        );
        for slot in slots.into_iter().flatten() {
            let imported = if slot["imported"] == true {
                "yes"
            } else {
                "no"
            };
            let cells = [
                unit.to_string(),
                name.clone(),
                text(&slot["dataset"]),
                text(&slot["period"]),
                imported.into(),
                text(&slot["state"]),
            ];
            file.rows.push(cells.map(cell).into());
        }
    }
    let mut told = Told::default();
    told.rows("Completeness", &headings, &rows);
    look.page(path, &told, &[]);
    look.file(path, &file);
}

fn slot<'a>(audit: &'a Audit, unit: &UnitCode, (dataset, period): &Column) -> Option<&'a Value> {
    let is_it = |slot: &&Value| {
        slot["unit"] == unit.as_str() && slot["dataset"] == *dataset && slot["period"] == *period
    };
    audit.slots.iter().find(is_it)
}

fn sign(slot: &Value) -> &'static str {
    STATES
        .into_iter()
        .find(|(state, _)| slot["state"] == *state)
        .unwrap()
        .1
}

fn totals(audit: &Audit, columns: &[Column], is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let units: Vec<&str> = crate::catalogue::UNITS
        .into_iter()
        .filter(|unit| is_wanted(unit))
        .collect();
    let answer = audit.ask(&[
        "completeness",
        "--by",
        "dataset-period",
        "--unit",
        &units.join(","),
    ]);
    let rows = crate::audit::list(&answer, "rows");
    let total = |(dataset, period): &Column| {
        let found = rows
            .iter()
            .find(|row| row["dataset"] == *dataset && row["period"] == *period);
        found.map_or(String::new(), |row| {
            let (arrived, owed) = arrived(&row["counts"]);
            format!("{} {arrived}/{owed}", bar(&row["counts"]))
        })
    };
    std::iter::once("All".to_owned())
        .chain(columns.iter().map(total))
        .collect()
}

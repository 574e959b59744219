//! Parquet as pyarrow and duckdb read it: types, rows, exact decimals, nulls.

use std::fs;

use granary_core::decimal::Decimal;
use serde_json::Value;

use crate::town::{EXPLANATION, Stated, Town, read, readers};

/// Every point of the table is one that `series` answers, with the same value, and the other way round.
fn same_as_series(rows: &[Value], stated: &Stated) {
    assert_eq!(rows.len(), stated.len());
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let slot = ["dataset", "unit", "indicator", "item"].map(text);
        let point = &stated[&(slot, row["log_index"].as_u64().unwrap())];
        for (column, answer) in [
            ("period", "period"),
            ("value_text", "value"),
            ("status", "status"),
            ("revision", "revision"),
            ("received_at", "received_at_ms"),
        ] {
            assert_eq!(row[column], point[answer], "{column} of {row}");
        }
        let parsed = |value: &Value| value.as_str().map(|text| Decimal::parse(text).unwrap());
        let (exact, text) = (parsed(&row["value"]), parsed(&row["value_text"]));
        assert_eq!(
            exact.map(Decimal::normalised),
            text.map(Decimal::normalised)
        );
    }
}

#[test]
fn figures_are_those_of_series_one_by_one() {
    let Some(python) = readers() else { return };
    let town = Town::new();
    for (what, as_of) in [
        ("series", None),
        ("vintages", None),
        ("series", Some("2021-07-02T00:00:00+08:00")),
        ("vintages", Some("2021-09-01T00:00:00+08:00")),
    ] {
        let mut args = vec!["--what", what];
        if let Some(as_of) = as_of {
            args.extend(["--as-of", as_of]);
        }
        let (path, _) = town.table("figures.parquet", &args);
        let seen = read(&python, &["parquet", path.to_str().unwrap()]);
        let rows = seen["rows"].as_array().unwrap();
        same_as_series(rows, &town.series(what == "vintages", as_of));
        assert!(rows.len() >= 16, "{what} {as_of:?}: {}", rows.len());
        // Null is what the unit stated as absent, and nothing else.
        for row in rows {
            let absent = "KLMOQ".contains(row["status"].as_str().unwrap());
            assert_eq!(row["value"].is_null(), absent, "{row}");
        }
    }
}

#[test]
fn types_are_those_that_the_document_states() {
    let Some(python) = readers() else { return };
    let town = Town::new();
    let (path, said) = town.table("vintages.parquet", &["--what", "vintages"]);
    let seen = read(&python, &["parquet", path.to_str().unwrap()]);
    let types = |name: &str| (seen["types"][name].as_str(), seen["duckdb"][name].as_str());
    let check = |name, arrow, duckdb| assert_eq!(types(name), (Some(arrow), Some(duckdb)));
    check("value", "decimal128(38, 2)", "DECIMAL(38,2)");
    check("value_text", "string", "VARCHAR");
    check(
        "received_at",
        "timestamp[ms, tz=UTC]",
        "TIMESTAMP WITH TIME ZONE",
    );
    check("period_start", "date32[day]", "DATE");
    check("log_index", "int64", "BIGINT");
    check("is_current", "bool", "BOOLEAN");
    assert_eq!(seen["nullable"]["value"], true);
    assert_eq!(seen["nullable"]["unit"], false);
    assert_eq!(seen["compression"], serde_json::json!(["SNAPPY"]));
    assert_eq!(seen["dictionaries"], true);
    let facts = &seen["facts"];
    assert_eq!(facts["granary.table"], "vintages");
    assert_eq!(facts["granary.origin"], "example.org/city");
    let rows = seen["rows"].as_array().unwrap().len();
    assert!(said.contains(&format!(": {rows} rows, ")), "{said}");
    // The same journal gives the same bytes.
    let (again, _) = town.table("again.parquet", &["--what", "vintages"]);
    assert_eq!(fs::read(path).unwrap(), fs::read(again).unwrap());
}

/// The cells of a JSON answer that have the same name in the table.
fn same_cells(row: &Value, answer: &Value, names: &[&str]) {
    for name in names {
        assert_eq!(row[*name], answer[*name], "{name}: {row}");
    }
}

#[test]
fn slots_and_findings_are_those_of_the_listings() {
    let Some(python) = readers() else { return };
    let town = Town::new();
    let (path, _) = town.table("slots.parquet", &["--what", "slots"]);
    let seen = read(&python, &["parquet", path.to_str().unwrap()]);
    let answer = town.json(&["slots"]);
    let (rows, slots) = (&seen["rows"], answer["slots"].as_array().unwrap());
    assert_eq!(rows.as_array().unwrap().len(), slots.len());
    for (row, slot) in rows.as_array().unwrap().iter().zip(slots) {
        let same = [
            "unit",
            "dataset",
            "period",
            "state",
            "lateness_ms",
            "revision",
        ];
        same_cells(row, slot, &same);
        same_cells(row, slot, &["received_count", "returned_count", "imported"]);
        assert_eq!(row["due_at"], slot["due_at_ms"]);
        assert_eq!(row["first_accepted_at"], slot["first_accepted_at_ms"]);
        assert_eq!(row["last_revised_at"], slot["last_revised_at_ms"]);
        assert_eq!(row["unit_name_zh"], slot["name"]["zh"]);
    }
    let (path, _) = town.table("findings.parquet", &["--what", "findings"]);
    let seen = read(&python, &["parquet", path.to_str().unwrap()]);
    let answer = town.json(&["findings"]);
    let (rows, findings) = (&seen["rows"], answer["findings"].as_array().unwrap());
    assert_eq!(rows.as_array().unwrap().len(), findings.len());
    assert!(findings.iter().any(|f| f["explanation"] == EXPLANATION));
    for (row, finding) in rows.as_array().unwrap().iter().zip(findings) {
        let same = [
            "unit",
            "dataset",
            "period",
            "edit",
            "kind",
            "item",
            "explanation",
        ];
        same_cells(row, finding, &same);
        same_cells(
            row,
            finding,
            &["status", "snapshot_index", "catalogue_version"],
        );
        assert_eq!(row["imbalance_text"], finding["imbalance"]);
        assert_eq!(row["message_zh"], finding["message"]["zh"]);
        assert_eq!(row["suspicion_en"], finding["suspicion"]["en"]);
    }
}

#[test]
fn measures_add_up_to_the_counts() {
    let Some(python) = readers() else { return };
    let town = Town::new();
    let (path, _) = town.table("measures.parquet", &["--what", "measures", "--by", "unit"]);
    let seen = read(&python, &["parquet", path.to_str().unwrap()]);
    let rows = seen["rows"].as_array().unwrap();
    let answer = town.json(&["completeness", "--by", "unit"]);
    let units = answer["rows"].as_array().unwrap();
    assert!(!units.is_empty());
    for unit in units {
        let row = |measure: &str| {
            let mut rows = rows.iter();
            let found = rows.find(|r| r["unit"] == unit["unit"] && r["measure"] == measure);
            found.unwrap()
        };
        for state in ["expected", "timely", "late", "missing", "exempt", "pending"] {
            let counted = row(&format!("slots_{state}"));
            assert_eq!(counted["numerator"], unit["counts"][state]);
        }
        let (rate, told) = (row("on_time_rate"), &unit["counts"]["on_time_rate"]);
        if rate["kind"] == "share" {
            same_cells(rate, told, &["numerator", "denominator"]);
        }
    }
}

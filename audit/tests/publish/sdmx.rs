//! SDMX-CSV and the structure message: the bytes, the schema, and pysdmx by the structures.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::town::{ITEMS, Town, read, readers};

/// The structures beside a table.
fn structures(town: &Town) -> String {
    let path = town.path("structure.json");
    let said = town.run(&["structure", "-o", path.to_str().unwrap()]);
    assert_eq!((said.code, said.error.as_str()), (0, ""));
    path.to_str().unwrap().to_owned()
}

#[test]
fn columns_and_cells_are_as_the_field_guide_says() {
    let town = Town::new();
    let (path, said) = town.table("vintages.sdmx.csv", &["--what", "vintages"]);
    assert!(
        said.contains("open the file with an SDMX program"),
        "{said}"
    );
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    insta::assert_snapshot!("vintages_sdmx_csv", lines.join("\n"));
    let (path, _) = town.table(
        "series.sdmx.csv",
        &["--what", "series", "--dataset", "quarterly-accounts"],
    );
    insta::assert_snapshot!(
        "series_sdmx_csv",
        fs::read_to_string(path).unwrap().replace("\r\n", "\n")
    );
}

#[test]
fn the_structure_message_names_everything() {
    let town = Town::new();
    let text = fs::read_to_string(structures(&town)).unwrap();
    insta::assert_snapshot!("structure", text);
}

#[test]
fn pysdmx_sees_every_figure_by_the_structures() {
    let Some(python) = readers() else { return };
    let town = Town::new();
    let structures = structures(&town);
    for what in ["series", "vintages"] {
        let (path, _) = town.table("figures.sdmx.csv", &["--what", what]);
        let seen = read(&python, &["sdmx", path.to_str().unwrap(), &structures]);
        let stated = town.series(what == "vintages", None);
        let vintages = what == "vintages";
        let mut rows = BTreeMap::new();
        for (urn, dataset) in seen["datasets"].as_object().unwrap() {
            assert_eq!(dataset["unknown"], serde_json::json!([]), "{urn}");
            assert_eq!(urn.contains("_VINTAGES"), vintages, "{urn}");
            let code = if urn.contains("projects") {
                "projects"
            } else {
                "quarterly-accounts"
            };
            for row in dataset["rows"].as_array().unwrap() {
                let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
                let slot = [
                    code.into(),
                    text("REF_AREA"),
                    text("INDICATOR"),
                    text("ITEM"),
                ];
                let index = text(if vintages { "VINTAGE" } else { "LOG_INDEX" });
                rows.insert((slot, index.parse::<u64>().unwrap()), row.clone());
            }
        }
        assert_eq!(rows.len(), stated.len());
        for (key, point) in &stated {
            same(&rows[key], point);
        }
    }
}

/// pysdmx keeps values in binary, so they are compared as such; that the digits are exact, [`cells_are_exact`] shows.
fn same(row: &Value, point: &Value) {
    assert_eq!(row["TIME_PERIOD"], point["period"]);
    assert_eq!(row["OBS_STATUS"], point["status"]);
    assert_eq!(row["REVISION"], point["revision"].to_string());
    let at: jiff::Timestamp = row["LAST_UPDATE"].as_str().unwrap().parse().unwrap();
    assert_eq!(Some(at.as_millisecond()), point["received_at_ms"].as_i64());
    let number = |value: &Value| value.as_str().map(|text| text.parse::<f64>().unwrap());
    assert_eq!(number(&row["OBS_VALUE"]), number(&point["value"]), "{row}");
}

#[test]
fn cells_are_exact() {
    let town = Town::new();
    let (path, _) = town.table("p.sdmx.csv", &["--what", "series", "--dataset", "projects"]);
    let mut reader = ::csv::Reader::from_path(path).unwrap();
    let headings = reader.headers().unwrap().clone();
    let at = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let (item, value, decimals) = (at("ITEM"), at("OBS_VALUE"), at("DECIMALS"));
    let rows: BTreeMap<String, (String, String)> = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            (
                row[item].to_owned(),
                (row[value].to_owned(), row[decimals].to_owned()),
            )
        })
        .collect();
    assert_eq!(rows.len(), ITEMS.len());
    for (item, figure, _) in ITEMS {
        let places = figure.split_once('.').map_or(0, |(_, places)| places.len());
        let places = if figure.is_empty() {
            String::new()
        } else {
            places.to_string()
        };
        assert_eq!(rows[item], (figure.to_owned(), places));
    }
}

//! CSV: the bytes, what a spreadsheet would run, and the same cells as in Parquet.

use std::fs;

use serde_json::Value;

use crate::town::{EXPLANATION, ITEMS, Town, read, readers};

const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

#[test]
fn no_text_begins_with_a_sign() {
    let town = Town::new();
    for what in ["series", "vintages", "findings", "slots"] {
        let (path, _) = town.table("table.csv", &["--what", what]);
        let mut reader = ::csv::Reader::from_path(path).unwrap();
        let headings = reader.headers().unwrap().clone();
        let mut rows = 0;
        for record in reader.records() {
            let record = record.unwrap();
            for (name, cell) in headings.iter().zip(record.iter()) {
                let is_figure = cell.parse::<f64>().is_ok();
                let is_text = !["value", "left", "right", "imbalance"].contains(&name);
                assert!(
                    (!is_text && is_figure) || !cell.starts_with(SIGNS),
                    "{name}: {cell}"
                );
            }
            rows += 1;
        }
        assert!(rows > 0, "{what}");
    }
}

#[test]
fn lines_quotes_and_rare_characters_are_kept() {
    let town = Town::new();
    let (path, said) = town.table("series.csv", &["--what", "series", "--unit", "520100"]);
    let bytes = fs::read(&path).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.starts_with("dataset,period,"), "{text}");
    // RFC 4180: every line, the last too, ends in CR LF, and no other line end is outside of quotes.
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.ends_with("\r\n"));
    assert!(text.contains("\"G75, \"\"贵遵\"\"\""), "{text}");
    assert!(text.contains("𠮷𪚥㐂") && text.contains("'＝全角"));
    assert!(text.contains("\"'+Investment, \"\"so far\"\"\""), "{text}");
    assert!(text.contains(",9999999999999999.99,") && text.contains(",-12.50,"));
    assert!(said.contains("got a ' in front"), "{said}");
    let (path, _) = town.table(
        "bom.csv",
        &["--what", "series", "--unit", "520100", "--bom"],
    );
    let with_bom = fs::read(path).unwrap();
    assert_eq!(with_bom, ["\u{feff}".as_bytes(), &bytes].concat());
    let (path, _) = town.table("findings.csv", &["--what", "findings"]);
    let text = fs::read_to_string(path).unwrap();
    assert!(
        text.contains("\"'=HYPERLINK(\"\"x\"\")\n第二行\""),
        "{text}"
    );
}

/// What a reader has once it takes one leading apostrophe off.
fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[test]
fn cells_are_those_of_parquet_once_the_apostrophe_is_off() {
    let Some(python) = readers() else { return };
    let town = Town::new();
    for what in ["vintages", "findings", "slots"] {
        let seen = |form: &str, name: &str| {
            let (path, _) = town.table(name, &["--what", what]);
            let seen = read(&python, &[form, path.to_str().unwrap()]);
            seen["rows"].as_array().unwrap().clone()
        };
        let (csv, parquet) = (seen("csv", "t.csv"), seen("parquet", "t.parquet"));
        assert_eq!(csv.len(), parquet.len());
        for (row, other) in csv.iter().zip(&parquet) {
            for (name, cell) in row.as_object().unwrap() {
                let cell = cell.as_str().unwrap();
                let exact = &other[format!("{name}_text")];
                let expected = if exact.is_null() { &other[name] } else { exact };
                match expected {
                    Value::Null => assert_eq!(cell, "", "{name}"),
                    Value::String(text) => assert_eq!(plain(cell), text, "{name}"),
                    Value::Bool(flag) => assert_eq!(cell, flag.to_string()),
                    Value::Number(at_ms) if name.ends_with("_at") => {
                        let at: jiff::Timestamp = cell.parse().unwrap();
                        assert_eq!(Some(at.as_millisecond()), at_ms.as_i64(), "{name}");
                    }
                    Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        assert_eq!(cell, expected.to_string(), "{name}");
                    }
                }
            }
        }
        if what == "findings" {
            assert!(
                csv.iter()
                    .any(|r| r["explanation"] == format!("'{EXPLANATION}"))
            );
        }
    }
    assert_eq!(ITEMS.len(), 9);
}

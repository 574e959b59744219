//! A form is read back as it was filled in, and shows what the edits say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Read as _, Write as _};

use granary_core::{
    decimal::Decimal,
    period::Period,
    snapshot::{Observation, ObservationStatus},
};
use proptest::prelude::*;
use rust_xlsxwriter::Format;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::intake::tests::{catalogue, figures, read_as, told, unit};

fn slot(dataset: &str, period: &str) -> SlotKey {
    SlotKey::new(
        unit("520100"),
        dataset.parse().unwrap(),
        Period::parse(period).unwrap(),
    )
}

fn snapshot(slot: SlotKey, figures: &[(&str, Option<&str>, &str)]) -> Snapshot {
    let observation = |(indicator, item, value): &(&str, Option<&str>, &str)| Observation {
        indicator: indicator.parse().unwrap(),
        item: item.map(|item| granary_core::code::ItemKey::new(item).unwrap()),
        value: Decimal::parse(value).ok(),
        status: match *value {
            "M" => ObservationStatus::CannotExist,
            _ => ObservationStatus::Normal,
        },
    };
    let mut draft = crate::draft::Draft::new(
        slot,
        Vec::new(),
        Vec::new(),
        crate::draft::Papers::default(),
        Vec::new(),
    )
    .0
    .snapshot(crate::draft::Made::default(), &[]);
    draft.observations = figures.iter().map(observation).collect();
    draft
}

/// The form with values in its cells, as a person would fill them in: the rest is as it was written.
fn filled(
    form: &Form<'_>,
    fill: impl Fn(&mut rust_xlsxwriter::Worksheet, &[sheet::Row<'_>], sheet::Columns),
) -> Vec<u8> {
    let dataset = form.catalogue.dataset(&form.slot.dataset).unwrap();
    let mut book = Workbook::new();
    let rows = sheet::write(book.add_worksheet(), form, dataset).unwrap();
    fill(
        book.worksheet_from_index(0).unwrap(),
        &rows,
        sheet::Columns::of(dataset),
    );
    let edits = checks::edits(form, dataset);
    checks::list(book.add_worksheet(), &edits).unwrap();
    book.save_to_buffer().unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn an_empty_form_states_nothing_and_says_so() {
    let (catalogue, slot) = (catalogue(), slot("quarterly-accounts", "2021-Q3"));
    let last = snapshot(
        self::slot("quarterly-accounts", "2021-Q2"),
        &[("gdp", None, "2003.31"), ("growth", None, "M")],
    );
    let form = Form {
        catalogue: &catalogue,
        slot: &slot,
        last: Some(&last),
    };
    let faults = read_as("form.xlsx", bytes(&form).unwrap()).unwrap_err();
    assert!(faults[0].problem.en.contains("no figure"), "{faults:?}");
    let words = part(&bytes(&form).unwrap(), "xl/sharedStrings.xml");
    for word in [
        "地区生产总值 Gross regional product",
        "亿元",
        "上期 2021-Q2 Last period",
        "GDP.BALANCE",
        "gdp = primary + secondary + tertiary",
    ] {
        assert!(words.contains(word), "{word} not in {words}");
    }
    let cells = part(&bytes(&form).unwrap(), "xl/worksheets/sheet1.xml");
    for text in [
        "<v>2003.31</v>",
        "sheetProtection",
        "IF(ISNUMBER(E8),ABS(E8-ROUND(E8,2))&lt;1E-9",
        "IF(AND(ISNUMBER($E$8),ISNUMBER($E$9),ISNUMBER($E$10),ISNUMBER($E$11))",
        "\"A,P,E,O,M\"",
    ] {
        assert!(cells.contains(text), "{text} not in {cells}");
    }
}

#[test]
fn a_filled_form_is_read_back_with_statuses_marks_and_explanations() {
    let (catalogue, slot) = (catalogue(), slot("quarterly-accounts", "2021-Q3"));
    let form = Form {
        catalogue: &catalogue,
        slot: &slot,
        last: None,
    };
    let bytes = filled(&form, |sheet, rows, columns| {
        let at = |code: &str| {
            rows.iter()
                .find(|row| row.indicator.code().as_str() == code)
                .unwrap()
                .row
        };
        sheet
            .write_number(at("gdp"), columns.value(), 3102.44)
            .unwrap();
        sheet
            .write_string(at("gdp"), columns.value() + 1, "P")
            .unwrap();
        sheet
            .write_string(at("gdp"), columns.value() + 2, "初步数")
            .unwrap();
        sheet
            .write_string(at("primary"), columns.value(), "NA")
            .unwrap();
        sheet
            .write_number(at("growth"), columns.value(), 8.7)
            .unwrap();
    });
    let drafts = read_as("form.xlsx", bytes).unwrap();
    assert_eq!(*drafts[0].slot(), slot);
    assert_eq!(
        figures(&drafts[0]),
        ["gdp=3102.44 @E8", "growth=8.7 @E12", "primary=O @E9"]
    );
    assert_eq!(
        drafts[0].cells()[0].observation.status,
        ObservationStatus::Provisional
    );
    assert_eq!(drafts[0].notes()[0].text, "初步数");
    assert!(
        !told(&drafts[0]).contains("passed over") && !told(&drafts[0]).contains("was not read"),
        "{}",
        told(&drafts[0])
    );
}

#[test]
fn an_itemised_form_lists_the_last_items_and_takes_new_ones() {
    let (catalogue, slot) = (catalogue(), slot("projects", "2021-M04"));
    let last = snapshot(
        self::slot("projects", "2021-M03"),
        &[
            ("investment", Some("G75"), "0.1234"),
            ("investment_growth", Some("G75"), "1.5"),
        ],
    );
    let form = Form {
        catalogue: &catalogue,
        slot: &slot,
        last: Some(&last),
    };
    let bytes = filled(&form, |sheet, rows, columns| {
        sheet
            .write_number(rows[0].row, columns.value(), 0.5)
            .unwrap();
        sheet.write_string(rows[2].row, 0, "S10").unwrap();
        sheet
            .write_number(rows[2].row, columns.value(), 0.25)
            .unwrap();
    });
    let drafts = read_as("form.xlsx", bytes).unwrap();
    assert_eq!(
        figures(&drafts[0]),
        ["investment[G75]=0.5 @F8", "investment[S10]=0.25 @F10"]
    );
}

#[test]
fn a_form_is_not_written_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.xlsx");
    let (catalogue, slot) = (catalogue(), slot("quarterly-accounts", "2021-Q3"));
    let form = Form {
        catalogue: &catalogue,
        slot: &slot,
        last: None,
    };
    write(&form, &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(write(&form, &path), Err(FormError::Taken(_))));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let none = self::slot("none", "2021-Q3");
    assert!(matches!(
        bytes(&Form {
            slot: &none,
            ..form
        }),
        Err(FormError::Dataset(_))
    ));
}

/// Gives the archive anew with another sheet, as a program does that saves a form.
fn resaved(bytes: &[u8]) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let mut part = from.by_index(index).unwrap();
        let (name, mut content) = (part.name().unwrap().to_string(), Vec::new());
        part.read_to_end(&mut content).unwrap();
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn values_come_back_exactly(values in proptest::collection::vec((-999_999_999_999_999_999_i64..=999_999_999_999_999_999, 0_u8..=6), 4)) {
        let (catalogue, slot) = (catalogue(), slot("quarterly-accounts", "2021-Q3"));
        let form = Form { catalogue: &catalogue, slot: &slot, last: None };
        let indicators = catalogue.dataset(&slot.dataset).unwrap().indicators();
        // No more decimals than the indicator has: a longer text may be a double in seventeen digits, and is read as what it was before.
        let decimals = |at: usize| catalogue.indicator(&indicators[at]).unwrap().decimals();
        let values: Vec<Decimal> = values.iter().enumerate()
            .map(|(at, (mantissa, scale))| Decimal::new((*mantissa).into(), (*scale).min(decimals(at))).unwrap())
            .collect();
        let bytes = filled(&form, |sheet, rows, columns| {
            for (row, value) in rows.iter().zip(&values) {
                sheet::write_value(sheet, (row.row, columns.value()), *value, &Format::new()).unwrap();
            }
        });
        let drafts = read_as("form.xlsx", resaved(&bytes)).unwrap();
        for (indicator, value) in indicators.iter().zip(&values) {
            prop_assert_eq!(drafts[0].cell(indicator, None).unwrap().observation.value, Some(*value));
        }
    }
}

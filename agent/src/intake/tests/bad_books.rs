//! Workbooks that cannot be read, or not in full: what is said, and that nothing else happens.

use std::io::{Cursor, Read as _, Write as _};

use rust_xlsxwriter::{Formula, Workbook};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::*;

const NAME: &str = "book.xlsx";
const HEAD: [&[&str]; 3] = [
    &["# dataset: quarterly-accounts"],
    &["# period: 2021-Q3"],
    &["gdp", "primary", "growth"],
];

#[track_caller]
fn check_bytes(bytes: impl AsRef<[u8]>, zh: &[&str], en: &[&str]) {
    check_fault(
        &read_mapped("520100", None, NAME, bytes).unwrap_err(),
        zh,
        en,
    );
}

#[track_caller]
fn check_rows(rows: &[&[&str]], zh: &[&str], en: &[&str]) {
    let rows: Vec<&[&str]> = HEAD.iter().chain(rows).copied().collect();
    check_bytes(book(&rows), zh, en);
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A good book with one more part.
fn with_part(name: &str, content: &[u8]) -> Vec<u8> {
    let rows: Vec<&[&str]> = HEAD.iter().copied().chain([&["1"][..]]).collect();
    let mut from = ZipArchive::new(Cursor::new(book(&rows))).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        writer
            .raw_copy_file(from.by_index_raw(index).unwrap())
            .unwrap();
    }
    writer
        .start_file(name, SimpleFileOptions::default())
        .unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn cells_that_are_no_figures() {
    check_rows(
        &[&["12.5亿元"]],
        &["工作表“Sheet1” A4“gdp”", "例如 12.5"],
        &["sheet \"Sheet1\", cell A4 \"gdp\"", "for instance 12.5"],
    );
    check_rows(
        &[&["'NaN"]],
        &["A4", "“NaN”不是数"],
        &["\"NaN\" is not a number"],
    );
    check_rows(
        &[&["'1234567890123456789012345678901234567890"]],
        &["位数过多"],
        &["too many digits"],
    );
    check_rows(&[&["1e39"]], &["位数过多", "18 位"], &["too many digits"]);
    check_rows(&[&["'12,34.5"]], &["A4", "不是数"], &["is not a number"]);
    check_rows(
        &[&["'8.3%"]],
        &["是百分数，而“地区生产总值”不以 % 计量"],
        &["is a percentage, but Gross regional product"],
    );
    check_rows(
        &[&["1"], &["2"]],
        &["A5", "已在工作表“Sheet1” A4“gdp”填过"],
        &["cell A5", "given already in sheet \"Sheet1\", cell A4"],
    );
    check_rows(
        &[&["1", "", "", "7"]],
        &["D4", "上方没有标题"],
        &["under no heading"],
    );
}

#[test]
fn errors_of_formulas_and_formulas_without_a_result() {
    for error in ["#REF!", "#DIV/0!", "#VALUE!", "#N/A"] {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        fill(sheet, 0, &HEAD);
        sheet
            .write_formula(3, 0, Formula::new("=A4").set_result(error))
            .unwrap();
        check_bytes(
            book.save_to_buffer().unwrap(),
            &["A4", error, "公式"],
            &["A4", error, "formula"],
        );
    }
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    fill(sheet, 0, &HEAD);
    sheet
        .write_formula(3, 0, Formula::new("=1+1").set_result(""))
        .unwrap();
    let bytes = without_results(&book.save_to_buffer().unwrap());
    check_bytes(
        bytes,
        &["A4", "公式没有算出的结果"],
        &["A4", "formula has no result"],
    );
}

/// The book as a program writes it that does not calculate: formulas without `<v>`.
fn without_results(bytes: &[u8]) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for index in 0..from.len() {
        let mut part = from.by_index(index).unwrap();
        let name = part.name().unwrap().to_string();
        let mut text = Vec::new();
        part.read_to_end(&mut text).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            text = String::from_utf8(text)
                .unwrap()
                .replace(" t=\"str\"", "")
                .replace("</f><v>0</v>", "</f>")
                .replace("</f><v></v>", "</f>")
                .into_bytes();
        }
        parts.push((name, text));
    }
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_slice()))
        .collect();
    archive(&parts)
}

#[test]
fn wrong_units_periods_and_measures() {
    check_bytes(
        book(&[
            &["# dataset: quarterly-accounts"],
            &["报告期", "填报单位", "gdp"],
            &["2021-Q3", "520200", "1"],
        ]),
        &["B3“填报单位”", "另一个填报单位 520200"],
        &["cell B3", "another unit, 520200"],
    );
    check_bytes(
        book(&[
            &["# dataset: quarterly-accounts"],
            &["报告期", "gdp"],
            &["2021年5季度", "1"],
        ]),
        &["A3", "不是报告期"],
        &["cell A3", "is not a period"],
    );
    check_bytes(
        book(&[
            &["季度核算 2021-Q3"],
            &["单位：千元"],
            &["gdp", "primary"],
            &["1", "2"],
        ]),
        &["第 2 行", "没有计量单位“千元”"],
        &["row 2", "no unit of measure \"千元\""],
    );
    check_bytes(
        book(&[&["季度核算 2021-Q3"], &["gdp（万人）"], &["1"]]),
        &["A2", "按“亿元”报送"],
        &["reported in CNY 100 million"],
    );
    check_bytes(
        book(&[&["地区生产总直", "第一产业增加直"], &["1", "2"]]),
        &["第 1 行", "地区生产总值"],
        &["row 1", "did you mean"],
    );
}

#[test]
fn archives_that_are_damaged_locked_or_no_workbooks() {
    let good = with_part("docProps/x.xml", b"x");
    check_bytes(
        &good[..good.len() / 2],
        &["已损坏", "另存为 .xlsx"],
        &["damaged", "save it as .xlsx"],
    );
    check_bytes(b"PK\x03\x04....", &["已损坏"], &["damaged"]);
    check_bytes(
        archive(&[("report.csv", b"gdp\n1\n")]),
        &["压缩文件，不是工作簿"],
        &["an archive, not a workbook"],
    );
    check_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....",
        &["已损坏"],
        &["damaged"],
    );
    check_bytes(
        include_bytes!("locked.xlsx"),
        &["打开密码", "去掉密码"],
        &["password"],
    );
    let manifest = b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>";
    check_bytes(
        archive(&[
            ("content.xml", b"\x01\x02"),
            ("META-INF/manifest.xml", manifest),
        ]),
        &["打开密码"],
        &["password"],
    );
}

#[test]
fn an_archive_that_inflates_without_end_is_given_up() {
    // Sixty-five megabytes of words from a file of some hundred kilobytes.
    let bomb = with_part("xl/sharedstrings.xml", &vec![b' '; (64 << 20) + 1]);
    assert!(bomb.len() < 200_000);
    check_bytes(bomb, &["解压后过大"], &["too large when inflated"]);
    // A cell of an .ods that is repeated a million times a thousand times.
    let content = "<office:document-content><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"1000\"><text:p>gdp</text:p></table:table-cell></table:table-row></table:table></office:document-content>";
    check_bytes(
        archive(&[("content.xml", content.as_bytes())]),
        &["4000000 个单元格"],
        &["more than 4000000 cells"],
    );
}

#[test]
fn a_size_that_the_directory_of_an_archive_hides_is_found_by_inflating() {
    let mut bomb = with_part("xl/sharedstrings.xml", &vec![b' '; (64 << 20) + 1]);
    let size = u32::try_from((64 << 20) + 1).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..bomb.len() - 4)
        .filter(|at| bomb[*at..*at + 4] == size)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bomb[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    let faults = read_mapped("520100", None, NAME, bomb).unwrap_err();
    let told = &faults[0].problem.en;
    assert!(
        told.contains("too large when inflated") || told.contains("damaged"),
        "{told}"
    );
}

#[test]
fn a_million_rows_are_refused_at_the_limit() {
    let mut sheet = String::from(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>gdp</t></is></c></row>",
    );
    for row in (2..1_000_000).step_by(9_000) {
        sheet.push_str(&format!(
            "<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>"
        ));
    }
    sheet.push_str("</sheetData></worksheet>");
    let rows: Vec<&[&str]> = HEAD.iter().copied().chain([&["1"][..]]).collect();
    let mut from = ZipArchive::new(Cursor::new(book(&rows))).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let part = from.by_index_raw(index).unwrap();
        if part.name().unwrap() != "xl/worksheets/sheet1.xml" {
            writer.raw_copy_file(part).unwrap();
        }
    }
    writer
        .start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(sheet.as_bytes()).unwrap();
    check_bytes(
        writer.finish().unwrap().into_inner(),
        &["超过 200000 行"],
        &["more than 200000 rows"],
    );
    let wide = format!("{}1", ",".repeat(1_001));
    let cells: Vec<&str> = wide.split(',').collect();
    check_rows(&[&cells], &["超过 1000 列"], &["more than 1000 columns"]);
}

#[test]
fn macros_are_told_and_not_run() {
    let drafts = read_mapped(
        "520100",
        None,
        "book.xlsm",
        with_part("xl/vbaProject.bin", b"\xd0\xcf"),
    )
    .unwrap();
    assert!(
        told(&drafts[0]).contains("the workbook has macros, which were not run"),
        "{}",
        told(&drafts[0])
    );
}

#[test]
fn a_book_whose_sheets_are_all_hidden_or_empty_has_no_figure() {
    let mut book = Workbook::new();
    book.add_worksheet();
    fill(
        book.add_worksheet().set_hidden(true),
        0,
        &[&["gdp"], &["1"]],
    );
    check_bytes(
        book.save_to_buffer().unwrap(),
        &["没有认得的指标标题"],
        &["no heading"],
    );
}

#[test]
fn a_fraction_in_an_old_book_may_be_a_percentage_and_is_asked_about() {
    let bytes = include_bytes!("percent.ods");
    let faults = read_mapped("520100", None, "a.ods", bytes).unwrap_err();
    check_fault(
        &faults,
        &["0.087", "另存为 .xlsx"],
        &["0.087", "save it as .xlsx"],
    );
}

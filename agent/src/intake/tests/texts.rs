//! Encodings, decimal marks and SDMX-CSV.

use encoding_rs::GB18030;

use super::*;

const NAME: &str = "quarterly-accounts_2021-Q3.csv";
const WORDS: &str = "地区生产总值,第一产业增加值,说明\n3102.44,118.23,情况属实\n";

#[test]
fn the_same_text_in_every_encoding_says_the_same_and_the_encoding_is_told() {
    let utf16 = |big: bool| {
        let unit = |u: u16| {
            if big {
                u.to_be_bytes()
            } else {
                u.to_le_bytes()
            }
        };
        "\u{feff}"
            .encode_utf16()
            .chain(WORDS.encode_utf16())
            .flat_map(unit)
            .collect::<Vec<u8>>()
    };
    let plain = read_as(NAME, WORDS).unwrap();
    for (bytes, word) in [
        (format!("\u{feff}{WORDS}").into_bytes(), None),
        (utf16(false), Some("UTF-16")),
        (utf16(true), Some("UTF-16")),
        (GB18030.encode(WORDS).0.into_owned(), Some("GB18030")),
    ] {
        let drafts = read_as(NAME, bytes).unwrap();
        assert_eq!(
            figures(&drafts[0]),
            ["gdp=3102.44 @A2", "primary=118.23 @B2"]
        );
        assert_eq!(drafts[0].notes(), plain[0].notes());
        assert_eq!(
            word.is_some_and(|word| told(&drafts[0]).contains(word)),
            word.is_some()
        );
        assert!(word.is_some() || !told(&drafts[0]).contains("UTF"));
    }
}

#[test]
fn a_comma_is_a_decimal_mark_where_that_is_clear() {
    let read = |text: &str| read_as(NAME, text).map(|d| figures(&d[0]));
    assert_eq!(
        read("gdp;primary\n3102,44;118,2345\n").unwrap(),
        ["gdp=3102.44 @A2", "primary=118.2345 @B2"]
    );
    let faults = read_as(NAME, "gdp;primary\n3,102;1\n")
        .map(|d| figures(&d[0]))
        .unwrap_err();
    check_fault(
        &faults,
        &["“3,102”可以是 3102，也可以是 3.102", "# 小数点"],
        &["may be 3102 or 3.102", "# decimal: ,"],
    );
    assert_eq!(
        read("# decimal: ,\ngdp;primary\n3.102,44;1,234\n").unwrap(),
        ["gdp=3102.44 @A3", "primary=1.234 @B3"]
    );
    assert_eq!(
        read("# 小数点: .\ngdp;primary\n3,102.44;1,234\n").unwrap(),
        ["gdp=3102.44 @A3", "primary=1234 @B3"]
    );
    assert_eq!(
        read("# decimal: .\ngdp\tprimary\n3,102.44\t1\n").unwrap(),
        ["gdp=3102.44 @A3", "primary=1 @B3"]
    );
    let faults = read_as(NAME, "# decimal: x\ngdp\n1\n")
        .map(|d| figures(&d[0]))
        .unwrap_err();
    check_fault(
        &faults,
        &["第 1 行", "不是小数点"],
        &["row 1", "no decimal mark"],
    );
    // A comma that groups wrongly is no number.
    assert!(read("# decimal: .\ngdp;primary\n31,02.44;1\n").is_err());
}

#[test]
fn sdmx_csv_as_the_auditor_writes_it_is_read() {
    let text = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MEASURE,DECIMALS,REVISION,LAST_UPDATE,LOG_INDEX\r\n\
        dataflow,GRANARY:quarterly-accounts(3.0.0),I,Q,520100,gdp,2021-Q3,3102.440,P,CNY_100M,3,1,2021-10-07T04:00:00.000Z,42\r\n\
        dataflow,GRANARY:quarterly-accounts(3.0.0),I,Q,520100,growth,2021-Q3,,O,PERCENT,,1,2021-10-07T04:00:00.000Z,42\r\n\
        dataflow,GRANARY:quarterly-accounts(3.0.0),I,Q,520100,primary,2021-Q3,NaN,M,CNY_100M,,1,2021-10-07T04:00:00.000Z,42\r\n";
    let drafts = read_as("export.sdmx.csv", text).unwrap();
    assert_eq!(
        drafts[0].slot().to_string(),
        "520100/quarterly-accounts/2021-Q3"
    );
    assert_eq!(
        figures(&drafts[0]),
        ["gdp=3102.440 @H2", "growth=O @H3", "primary=M @H4"]
    );
    // With labels, and a list in the first heading.
    let labelled = "STRUCTURE[;],STRUCTURE_ID,ACTION,REF_AREA: Area,INDICATOR: Indicator,TIME_PERIOD: Time,OBS_VALUE: Value,OBS_STATUS: Status\n\
        dataflow,GRANARY:quarterly-accounts(3.0.0): Accounts,A,520100: Guiyang,gdp: GDP,2021-Q3,1.5,A: Normal\n";
    assert_eq!(
        figures(&read_as("a.csv", labelled).unwrap()[0]),
        ["gdp=1.5 @G2"]
    );
}

#[test]
fn sdmx_csv_that_is_no_statement_is_refused() {
    let read = |text: &str| read_as("a.csv", text).map(|d| figures(&d[0])).unwrap_err();
    let head = "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE";
    let row = "dataflow,G:quarterly-accounts(1.0.0)";
    check_fault(
        &read(&format!("{head}\n{row},D,520100,gdp,2021-Q3,1\n")),
        &["第 2 行 C 列“ACTION”", "只接受"],
        &["row 2, column C \"ACTION\"", "only I, A, M and R"],
    );
    check_fault(
        &read(&format!("{head}\n{row},I,520200,gdp,2021-Q3,1\n")),
        &["另一个填报单位 520200"],
        &["another unit, 520200"],
    );
    check_fault(
        &read(&format!("{head},VINTAGE\n{row},I,520100,gdp,2021-Q3,1,7\n")),
        &["H 列“VINTAGE”", "series"],
        &["vintages", "series"],
    );
}

/// A long text whose rows after the headings are those that `rows` gives.
fn long(rows: impl Iterator<Item = String>) -> String {
    let mut text = String::from("指标,数值,备注,说明\n");
    text.extend(rows);
    text
}

#[test]
fn a_text_larger_than_any_workbook_is_read_in_a_stream() {
    let blank = |row: usize| format!("gdp,,{row:080},\n");
    let mut text = long((0..400_000).map(blank));
    text.push_str("gdp,3102.44,,\n");
    assert!(text.len() as u64 > FILE_BYTES_MAX);
    let drafts = read_as(NAME, text).unwrap();
    assert_eq!(figures(&drafts[0]), ["gdp=3102.44 @B400002"]);
}

#[test]
fn a_million_rows_of_figures_are_read_no_further_than_to_the_first_that_is_too_much() {
    let row = |row: usize| match row {
        // Behind the limit, so nobody comes to see it.
        500_000 => "no such indicator,1,,\n".to_owned(),
        _ => "gdp,1,,\n".to_owned(),
    };
    let faults = read_as(NAME, long((0..1_000_000).map(row))).unwrap_err();
    check_fault(
        &faults,
        &["100002", "数值超过 100000 个"],
        &["100002", "more than 100000 values"],
    );
    let names = faults
        .iter()
        .filter(|f| f.problem.en.contains("no such indicator"));
    assert_eq!(names.count(), 0);
}

#[test]
fn the_notes_of_one_file_have_a_limit() {
    let note = "因".repeat(600);
    let row = |row: usize| format!("gdp,{row},,{note}\n");
    let faults = read_as(NAME, long((0..6_000).map(row))).unwrap_err();
    check_fault(
        &faults,
        &["说明合计超过 8 MB"],
        &["notes have more than 8 MB together"],
    );
    let again = faults.iter().filter(|f| f.problem.en.contains("together"));
    assert_eq!(again.count(), 1);
}

#[test]
fn every_further_period_beyond_the_limit_ends_the_reading() {
    let mut text = String::from("报告期,指标,数值\n");
    for year in 1950..2050 {
        for quarter in 1..5 {
            text.push_str(&format!("{year}-Q{quarter},gdp,1\n"));
        }
    }
    let faults = read_as("quarterly-accounts.csv", text).unwrap_err();
    check_fault(
        &faults,
        &["超过 64 个报表和报告期"],
        &["more than 64 datasets and periods"],
    );
}

//! Workbooks that are read as a mapping file says, in the shapes of published yearbooks (Shanghai 2018, tables 2.2 and 11.6; New York's
//! tourism employment), with synthetic figures in part.

use rust_xlsxwriter::{Format, Workbook};

use super::*;

/// The shape of table 2.2: title, merged first heading, units below, 其中 above a part, a total, then districts.
fn districts() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let plain = Format::new();
    sheet
        .merge_range(
            0,
            0,
            0,
            4,
            "表2.2 各区土地面积、常住人口及人口密度（2017）",
            &plain,
        )
        .unwrap();
    sheet.merge_range(2, 0, 3, 0, "地  区", &plain).unwrap();
    fill(
        sheet,
        2,
        &[
            &["", "行政区划面积", "年末常住人口", "其  中", "人口密度"],
            &[
                "",
                "（平方公里）",
                "（万人）",
                "外来人口",
                "（人/平方公里）",
            ],
            &["全  市", "6340.5", "2418.33", "972.68", "3814.099834397918"],
            &[
                "  浦东新区",
                "1210.41",
                "552.84",
                "235.09",
                "4567.377995885691",
            ],
            &["  黄浦区", "20.46", "65.48", "…", "32003.9100684262"],
        ],
    );
    book.save_to_buffer().unwrap()
}

const TABLE: &str = r#"
[[table]]
file = "c0202*"
sheet = "Sheet1"
dataset = "人口与土地"
unit_heading = "地区"

[table.columns]
"行政区划面积" = "land"
"年末常住人口" = "population"
"其中/外来人口" = { indicator = "migrants", measure = "万人" }
"人口密度" = { indicator = "density", round = true }

[table.marks]
"…" = "0"
"#;

#[test]
fn a_table_by_district_gives_the_units_own_row() {
    let drafts = read_mapped("310115", Some(TABLE), "C0202.xlsx", districts()).unwrap();
    assert_eq!(drafts[0].slot().to_string(), "310115/population/2017-A1");
    assert_eq!(
        figures(&drafts[0]),
        [
            "density=4567 @E6",
            "land=1210.41 @B6",
            "migrants=235.09 @D6",
            "population=552.84 @C6"
        ]
    );
    let text = told(&drafts[0]);
    for words in [
        "2 rows of other units were passed over",
        "4567.377995885691 was rounded to 4567",
        "read as the mapping file says (mapping.toml [[table]] 1)",
    ] {
        assert!(text.contains(words), "{words} not in {text}");
    }
    let other = read_mapped("310101", Some(TABLE), "C0202.xlsx", districts()).unwrap();
    assert_eq!(
        figures(&other[0]),
        [
            "density=32004 @E7",
            "land=20.46 @B7",
            "migrants=0 @D7",
            "population=65.48 @C7"
        ]
    );
    assert!(told(&other[0]).contains("\"…\" was read as 0, as the mapping file says"));
}

#[test]
fn without_permission_nothing_is_rounded_and_columns_that_are_not_named_are_told() {
    let table = TABLE.replace(
        "\"人口密度\" = { indicator = \"density\", round = true }\n",
        "",
    );
    let drafts = read_mapped("310115", Some(&table), "C0202.xlsx", districts()).unwrap();
    assert!(
        told(&drafts[0]).contains("columns that were passed over: 人口密度 (near 人口密度)"),
        "{}",
        told(&drafts[0])
    );
    let exact = TABLE.replace(", round = true", "");
    let drafts = read_mapped("310115", Some(&exact), "C0202.xlsx", districts()).unwrap();
    assert!(
        figures(&drafts[0])[0].starts_with("density=4567.377995885691"),
        "the preflight refuses its decimals"
    );
}

#[test]
fn a_city_by_another_name_and_a_row_that_is_not_there() {
    let city = TABLE.replace(
        "[table.columns]",
        "units = { \"全市\" = \"310115\", \"浦东新区\" = \"none\" }\n[table.columns]",
    );
    let drafts = read_mapped("310115", Some(&city), "C0202.xlsx", districts()).unwrap();
    assert_eq!(figures(&drafts[0])[3], "population=2418.33 @C5");
    let faults = read_mapped("520100", Some(TABLE), "C0202.xlsx", districts()).unwrap_err();
    check_fault(
        &faults,
        &["没有本单位 520100（贵阳市）的行", "units"],
        &["no row of this unit, 520100", "mapping.toml"],
    );
}

#[test]
fn small_tables_side_by_side_by_range_rows_and_cells() {
    let sheet: &[&[&str]] = &[
        &["", "Direct", "", "", "", "Total"],
        &[
            "", "Accounts", "2020", "2021", "", "Accounts", "2020", "2021",
        ],
        &[
            "",
            "Guiyang",
            "'4,311.65",
            "4711.04",
            "",
            "Guiyang",
            "1",
            "2",
        ],
        &["", "Dingxi", "441.36", "500.76", "", "Dingxi", "3", "4"],
        &[],
        &["", "一、地区生产总值", "500.76"],
        &["", "二、第二产业（万元）", "826500"],
    ];
    let table = r#"
[[table]]
range = "B2:D4"
dataset = "annual-accounts"
unit_heading = "Accounts"
columns = { "2020" = { indicator = "gdp", period = "2020-A1" }, "2021" = { indicator = "gdp", period = "2021-A1" } }

[[table]]
dataset = "annual-accounts"
period = "2019-A1"
label_column = "B"
value_column = "C"
range = "A6:C9"
rows = { "一、地区生产总值" = "gdp", "二、第二产业" = "secondary" }

[[table]]
dataset = "annual-accounts"
period = "2018-A1"
cells = { H3 = "gdp", "G4" = { indicator = "secondary", measure = "万元" } }
"#;
    let drafts = read_mapped("621100", Some(table), "a.xlsx", book(sheet)).unwrap();
    let all: Vec<(String, Vec<String>)> = drafts
        .iter()
        .map(|d| (d.slot().period.to_string(), figures(d)))
        .collect();
    assert_eq!(
        all,
        [
            (
                "2018-A1".to_owned(),
                vec!["gdp=2 @H3".to_owned(), "secondary=0.0003 @G4".to_owned()]
            ),
            (
                "2019-A1".to_owned(),
                vec![
                    "gdp=500.76 @C6".to_owned(),
                    "secondary=82.65 @C7".to_owned()
                ]
            ),
            ("2020-A1".to_owned(), vec!["gdp=441.36 @C4".to_owned()]),
            ("2021-A1".to_owned(), vec!["gdp=500.76 @D4".to_owned()]),
        ]
    );
}

#[test]
fn equal_headings_by_letter_and_numbers_that_a_program_wrote_as_text() {
    let rows: &[&[&str]] = &[
        &["地区", "其中", "其中", "2017"],
        &[
            "浦东新区",
            "'552.84000000000003",
            "'235.09",
            "'1210.4100000000001",
        ],
    ];
    let table = "[[table]]\ndataset = \"population\"\nperiod = \"2017-A1\"\nunit_heading = \"地区\"\ncolumns = { \"[B]\" = \"population\", \"[C]\" = \"migrants\", \"[D]\" = \"land\" }\n";
    let drafts = read_mapped("310115", Some(table), "a.xlsx", book(rows)).unwrap();
    assert_eq!(
        figures(&drafts[0]),
        [
            "land=1210.41 @D2",
            "migrants=235.09 @C2",
            "population=552.84 @B2"
        ]
    );
    assert!(
        told(&drafts[0]).contains("holds 552.84000000000003; the last digits are binary noise")
    );
    let rows: &[&[&str]] = &[&["地区", "其中"], &["浦东新区", "'552.84000000000004"]];
    let table = table
        .replace("\"[B]\"", "\"其中\"")
        .replace(", \"[C]\" = \"migrants\", \"[D]\" = \"land\"", "");
    let drafts = read_mapped("310115", Some(&table), "a.xlsx", book(rows)).unwrap();
    assert_eq!(
        figures(&drafts[0]),
        ["population=552.84000000000004 @B2"],
        "no double is written so"
    );
}

#[test]
fn what_a_mapping_names_and_the_book_has_not_is_told_with_what_is_near() {
    let check = |from: &str, to: &str, zh: &[&str], en: &[&str]| {
        let table = TABLE.replace(from, to);
        let faults = read_mapped("310115", Some(&table), "C0202.xlsx", districts()).unwrap_err();
        check_fault(&faults, zh, en);
    };
    check(
        "\"年末常住人口\" =",
        "\"年末常驻人口\" =",
        &["工作表“Sheet1”", "没有标题“年末常驻人口”", "年末常住人口"],
        &["no heading", "headings in the table: 年末常住人口"],
    );
    check(
        "\"land\"",
        "\"lan\"",
        &[
            "mapping.toml [[table]] 1",
            "B4“行政区划面积”",
            "是否应为：land",
        ],
        &["did you mean: land"],
    );
    check(
        "人口与土地",
        "人口与土壤",
        &["没有报表“人口与土壤”", "人口与土地"],
        &["no dataset"],
    );
    check(
        "measure = \"万人\"",
        "measure = \"亿元\"",
        &["D4", "按“万人”报送"],
        &["reported in 10,000 persons"],
    );
    check(
        "unit_heading = \"地区\"",
        "unit_heading = \"地区\"\nperiod = \"2017Q\"",
        &["“2017Q”不是报告期"],
        &["is not a period"],
    );
    check(
        "[table.columns]",
        "[tabel.columns]",
        &["mapping.toml 第"],
        &["mapping.toml, line"],
    );
}

#[test]
fn the_example_of_the_guide_is_read_as_it_says() {
    let guide = include_str!("../../../../docs/INTAKE.md");
    let example = guide
        .split("```toml")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let drafts = read_mapped("310115", Some(example), "C0202.xlsx", districts()).unwrap();
    assert_eq!(
        figures(&drafts[0]),
        [
            "density=4567 @E6",
            "land=1210.41 @B6",
            "migrants=235.09 @D6",
            "population=552.84 @C6"
        ]
    );
}

//! Workbooks that are read by their own headings, in the shapes that offices make.

use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook};

use super::*;

const NAME: &str = "book.xlsx";

/// 黄浦区 has a book of one sheet with the shape of a yearbook's table; 贵阳市 all others.
fn read_book(rows: &[&[&str]]) -> Result<Vec<Draft>, Vec<Fault>> {
    read_mapped("520100", None, NAME, book(rows))
}

#[test]
fn a_title_a_unit_line_and_notes_around_the_table() {
    let drafts = read_book(&[
        &["贵阳市2021年前三季度季度核算"],
        &["填报单位：贵阳市统计局", "", "", "单位：万元"],
        &[],
        &[
            "地区生产总值",
            "第一产业\n增加值",
            "第二产业增加值（亿元）",
            "增速（％）",
        ],
        &["31024400", "'1,182,300", "1108.65", "８.３"],
        &["注：本表为初步核算数。"],
        &["填表人：甲　　统计负责人：乙", "", "单位负责人：", "丙"],
    ])
    .unwrap();
    let [draft] = &drafts[..] else {
        panic!("{drafts:?}")
    };
    assert_eq!(
        draft.slot().to_string(),
        "520100/quarterly-accounts/2021-Q3"
    );
    assert_eq!(
        figures(draft),
        [
            "gdp=3102.44 @A5",
            "growth=8.3 @D5",
            "primary=118.23 @B5",
            "secondary=1108.65 @C5"
        ]
    );
    let names: Vec<&str> = draft
        .papers()
        .sign_offs
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["甲", "乙", "丙"]);
    let told = told(draft);
    for words in [
        "the dataset is that of \"贵阳市2021年前三季度季度核算\": quarterly-accounts",
        "the period is that of \"贵阳市2021年前三季度季度核算\": 2021-Q3",
        "cell A4 \"地区生产总值\": Gross regional product is given in CNY 10,000 and was converted to CNY 100 million exactly",
        "\"1,182,300\" was read as 1182300",
        "the full-width digits of Growth were read as 8.3",
    ] {
        assert!(told.contains(words), "{words} not in {told}");
    }
    assert!(
        !told.contains("Secondary industry is given"),
        "that heading has its own unit: {told}"
    );
}

#[test]
fn the_long_shape_and_a_form_with_words_and_values_in_two_cells() {
    let drafts = read_book(&[
        &[
            "报表",
            "quarterly-accounts",
            "",
            "报告期：",
            "2021年第三季度",
        ],
        &["指标代码", "指标名称", "计量单位", "本期", "状态"],
        &["gdp", "地区生产总值", "万元", "31024400", "P"],
        &["primary", "第一产业增加值", "亿元", "", ""],
        &["secondary", "", "", "—", ""],
    ])
    .unwrap();
    assert_eq!(figures(&drafts[0]), ["gdp=3102.44 @D3", "secondary=M @D5"]);
}

#[test]
fn two_levels_of_merged_headings_tell_equal_names_apart() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let plain = Format::new();
    sheet.merge_range(1, 1, 1, 2, "总量", &plain).unwrap();
    sheet.merge_range(1, 0, 2, 0, "填报单位", &plain).unwrap();
    fill(sheet, 0, &[&["# period: 2021-Q3"]]);
    fill(
        sheet,
        2,
        &[&["", "地区生产总值", "增速"], &["贵阳市", "3102.44", "8.7"]],
    );
    sheet.set_name("季度核算").unwrap();
    let drafts = read_mapped("520100", None, NAME, book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(figures(&drafts[0]), ["gdp=3102.44 @B4", "growth=8.7 @C4"]);
}

#[test]
fn percent_cells_dates_formulas_and_noise() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let (percent, date) = (
        Format::new().set_num_format("0.0%"),
        Format::new().set_num_format("yyyy-mm-dd"),
    );
    fill(
        sheet,
        0,
        &[
            &["# dataset: quarterly-accounts"],
            &["报告期", "gdp", "primary", "secondary", "growth"],
        ],
    );
    sheet
        .write_number_with_format(2, 0, 44_469.0, &date)
        .unwrap();
    sheet
        .write_formula(2, 1, Formula::new("=C3+D3").set_result("3102.44"))
        .unwrap();
    sheet.write_number(2, 2, 0.1 + 0.2).unwrap();
    sheet.write_number(2, 3, 1108.65).unwrap();
    sheet
        .write_number_with_format(2, 4, 0.087, &percent)
        .unwrap();
    let drafts = read_mapped("520100", None, NAME, book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(drafts[0].slot().period.to_string(), "2021-Q3");
    assert_eq!(
        figures(&drafts[0]),
        [
            "gdp=3102.44 @B3",
            "growth=8.7 @E3",
            "primary=0.3 @C3",
            "secondary=1108.65 @D3"
        ]
    );
    let told = told(&drafts[0]);
    assert!(
        told.contains("holds 0.30000000000000004") && told.contains("read as 0.3"),
        "{told}"
    );
    assert!(
        told.contains("the percentage 8.7% was read as 8.7"),
        "{told}"
    );
}

#[test]
fn two_datasets_in_one_book_hidden_sheets_and_covers() {
    let mut book = Workbook::new();
    fill(
        book.add_worksheet().set_name("封面").unwrap(),
        0,
        &[&["某某区统计报表"], &["2021年"]],
    );
    fill(
        book.add_worksheet().set_name("季度核算").unwrap(),
        0,
        &[&["报告期", "gdp"], &["2021-Q3", "1.5"]],
    );
    fill(
        book.add_worksheet().set_name("projects").unwrap(),
        0,
        &[
            &["# period: 2021-M09"],
            &["明细项", "完成投资", "增速"],
            &["G75", "0.5", "-1.5"],
            &["X", "", ""],
        ],
    );
    fill(
        book.add_worksheet()
            .set_name("旧表")
            .unwrap()
            .set_hidden(true),
        0,
        &[&["报告期", "gdp"], &["2021-Q2", "9"]],
    );
    let drafts = read_mapped("520100", None, NAME, book.save_to_buffer().unwrap()).unwrap();
    let slots: Vec<String> = drafts.iter().map(|d| d.slot().to_string()).collect();
    assert_eq!(
        slots,
        [
            "520100/projects/2021-M09",
            "520100/quarterly-accounts/2021-Q3"
        ]
    );
    assert_eq!(
        figures(&drafts[0]),
        ["investment[G75]=0.5 @B3", "investment_growth[G75]=-1.5 @C3"]
    );
    let told = told(&drafts[0]);
    assert!(
        told.contains("the sheet \"旧表\" is hidden")
            && told.contains("the sheet \"封面\" has no heading"),
        "{told}"
    );
    assert_eq!(
        drafts[1].cells()[0].place.sheet.as_deref(),
        Some("季度核算")
    );
}

#[test]
fn blank_dash_and_zero_are_three_things_in_a_workbook_too() {
    let drafts = read_book(&[
        &["# dataset: quarterly-accounts"],
        &["# period: 2021-Q3"],
        &["gdp", "primary", "secondary", "tertiary", "growth"],
        &["0", "", "—", "'…", "'-0.0"],
    ])
    .unwrap();
    assert_eq!(
        figures(&drafts[0]),
        [
            "gdp=0 @A4",
            "growth=0.0 @E4",
            "secondary=M @C4",
            "tertiary=O @D4"
        ]
    );
}

#[test]
fn an_old_book_and_an_open_document_are_read_alike() {
    let ods = include_bytes!("form.ods");
    let xls = include_bytes!("form.xls");
    for (name, bytes) in [("form.ods", &ods[..]), ("form.xls", &xls[..])] {
        let drafts =
            read_mapped("520100", None, name, bytes).unwrap_or_else(|f| panic!("{name}: {f:#?}"));
        assert_eq!(
            drafts[0].slot().to_string(),
            "520100/quarterly-accounts/2021-Q3",
            "{name}"
        );
        assert_eq!(
            figures(&drafts[0]),
            ["gdp=3102.44 @A3", "primary=118.23 @B3", "secondary=M @C3"],
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_double_comes_back_as_the_decimal_that_was_typed(mantissa in -999_999_999_999_i64..=999_999_999_999, scale in 0_u8..=2) {
        let value = granary_core::decimal::Decimal::new(mantissa.into(), scale).unwrap();
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        fill(sheet, 0, &[&["# dataset: quarterly-accounts"], &["# period: 2021-Q3"], &["gdp"]]);
        sheet.write_number(3, 0, value.to_string().parse::<f64>().unwrap()).unwrap();
        let drafts = read_mapped("520100", None, NAME, book.save_to_buffer().unwrap()).unwrap();
        prop_assert_eq!(drafts[0].cells()[0].observation.value, Some(value));
    }

    #[test]
    fn damaged_books_never_panic(at in 0_usize..6_000, byte in any::<u8>(), cut in 0_usize..7_000) {
        for bytes in [book(&[&["# dataset: quarterly-accounts"], &["# period: 2021-Q3"], &["gdp"], &["1"]]), include_bytes!("form.xls").to_vec(), include_bytes!("form.ods").to_vec()] {
            let mut bytes = bytes;
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % (length / 4));
            let _ = read_mapped("520100", None, NAME, bytes);
        }
    }
}

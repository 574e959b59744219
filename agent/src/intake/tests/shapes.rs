//! Real figures in both shapes, and everything that a file may say beside them.

use granary_core::{
    digest::Digest,
    snapshot::{ObservationStatus, SignOffRole},
};
use proptest::prelude::*;

use super::*;

const GUIYANG: [&str; 4] = [
    "gdp=3102.44",
    "primary=118.23",
    "secondary=1108.65",
    "tertiary=1875.56",
];

#[test]
fn the_long_shape() {
    let drafts = read_as(
        "a.csv",
        "unit,dataset,period,indicator,value,status,explanation\n\
         520100,quarterly-accounts,2021-Q3,gdp,3102.44,P,\n\
         520100,quarterly-accounts,2021-Q3,primary,118.23,,\n\
         520100,quarterly-accounts,2021-Q3,growth,,O,\n",
    )
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
        ["gdp=3102.44 @E2", "growth=O @E4", "primary=118.23 @E3"]
    );
    assert_eq!(
        draft.cells()[0].observation.status,
        ObservationStatus::Provisional
    );
}

#[test]
fn the_wide_shape_by_code_and_by_name() {
    let by_code = "# dataset: quarterly-accounts\nunit,period,gdp,primary,secondary,tertiary\n520100,2021-Q3,3102.44,118.23,1108.65,1875.56\n";
    let by_name = "# 报表：季度核算,,,,\n# 报告期,2021年前三季度,,,\n单位名称,地区生产总值（亿元）,第一产业增加值,第二产业增加值,第三产业增加值\n贵阳市,3102.44,118.23,1108.65,1875.56\n";
    let in_english = "Gross Regional Product;Primary industry (CNY 100 million);Secondary industry;Tertiary industry\n3102.44;118.23;1108.65;1875.56\n";
    for (name, text) in [
        ("a.csv", by_code),
        ("a.csv", by_name),
        ("quarterly-accounts_2021-Q3_final.csv", in_english),
    ] {
        let drafts = read_as(name, text).unwrap();
        let values: Vec<String> = figures(&drafts[0])
            .iter()
            .map(|f| f.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(values, GUIYANG, "{text}");
        assert_eq!(
            drafts[0].slot().to_string(),
            "520100/quarterly-accounts/2021-Q3"
        );
    }
}

#[test]
fn the_same_content_has_the_same_digest_in_every_shape() {
    let long = read_as("a.csv", "报表,报告期,指标,数值\nquarterly-accounts,2021-Q3,primary,1\nquarterly-accounts,2021-Q3,gdp,2\n").unwrap();
    let wide = read_as(
        "quarterly-accounts_2021-Q3.csv",
        "\u{feff}gdp\tprimary\n2\t1\n",
    )
    .unwrap();
    assert_eq!(long[0].digest(&[]).unwrap(), wide[0].digest(&[]).unwrap());
    let other = read_as("quarterly-accounts_2021-Q3.csv", "gdp,primary\n2.0,1\n").unwrap();
    assert_ne!(
        long[0].digest(&[]).unwrap(),
        other[0].digest(&[]).unwrap(),
        "written digits are content"
    );
}

#[test]
fn what_was_used_for_dataset_and_period_is_told() {
    let told = |name: &str, text: &str| {
        let drafts = read_as(name, text).unwrap();
        drafts[0]
            .told()
            .iter()
            .map(|t| (t.text.zh.clone(), t.text.en.clone()))
            .collect::<Vec<_>>()
    };
    let line = told(
        "quarterly-accounts_2021-Q1.csv",
        "# dataset: quarterly-accounts\n# period: 2021-Q3\ngdp\n1\n",
    );
    assert!(
        line[0].0.contains("说明行") && line[1].1.contains("metadata line: 2021-Q3"),
        "{line:?}"
    );
    let name = told("quarterly-accounts_2021-Q1.csv", "gdp\n1\n");
    assert!(
        name[0].0.contains("文件名") && name[1].1.contains("file's name: 2021-Q1"),
        "{name:?}"
    );
    assert!(
        told(
            "a.csv",
            "dataset,period,gdp\nquarterly-accounts,2021-Q1,1\n"
        )
        .is_empty()
    );
}

#[test]
fn several_periods_and_datasets_give_several_drafts() {
    let drafts = read_as(
        "a.csv",
        "dataset,period,item,indicator,value\n\
         quarterly-accounts,2021-Q2,,gdp,2\n\
         projects,2021-M03,G75 高速公路,investment,0.1234\n\
         quarterly-accounts,2021-Q1,,gdp,1\n\
         projects,2021-M03,G75 高速公路,增速,-1.5\n",
    )
    .unwrap();
    let slots: Vec<String> = drafts.iter().map(|d| d.slot().to_string()).collect();
    assert_eq!(
        slots,
        [
            "520100/projects/2021-M03",
            "520100/quarterly-accounts/2021-Q1",
            "520100/quarterly-accounts/2021-Q2"
        ]
    );
    // 增速 names two indicators; that of the row's dataset is meant.
    assert_eq!(
        figures(&drafts[0]),
        [
            "investment[G75 高速公路]=0.1234 @E3",
            "investment_growth[G75 高速公路]=-1.5 @E5"
        ]
    );
}

#[test]
fn blank_cells_are_not_stated_and_marks_are_told() {
    let drafts = read_as(
        "quarterly-accounts_2021-Q3.csv",
        "gdp,primary,secondary,tertiary,growth\n１２．５,,-,0,NA\n",
    )
    .unwrap();
    assert_eq!(
        figures(&drafts[0]),
        [
            "gdp=12.5 @A2",
            "growth=O @E2",
            "secondary=M @C2",
            "tertiary=0 @D2"
        ]
    );
    let told: Vec<&str> = drafts[0]
        .told()
        .iter()
        .skip(2)
        .map(|t| t.text.zh.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "“地区生产总值”的全角数字读作 12.5",
            "“第二产业增加值”读作无数值，状态 M",
            "“增速”读作无数值，状态 O"
        ]
    );
}

#[test]
fn papers_go_with_the_figures() {
    let desk = desk(
        "dx.csv",
        "# dataset: annual-accounts\n# period: 2021-A1\n# 填表人：甲\n# statistics_head: 乙\n# unit head: 丙\n# evidence: ledger.pdf\n\
         # explain SECONDARY.PARTS: excludes auxiliary activities, see notes\n# a remark without any word\n\
         gdp,secondary,industry,construction,说明\n500.76,82.65,45.42,37.26,第二产业不含辅助性活动\n",
    );
    std::fs::write(desk.folder.path().join("ledger.pdf"), "proof").unwrap();
    let (catalogue, own) = (catalogue(), unit("621100"));
    let read = read(&desk.path, &Names::new(&catalogue, &own)).unwrap();
    let papers = read.drafts[0].papers();
    let roles: Vec<_> = papers
        .sign_offs
        .iter()
        .map(|s| (s.role, s.name.as_str()))
        .collect();
    assert_eq!(
        roles,
        [
            (SignOffRole::Preparer, "甲"),
            (SignOffRole::StatisticsHead, "乙"),
            (SignOffRole::UnitHead, "丙")
        ]
    );
    assert_eq!(
        (papers.evidence[0].name.as_str(), papers.evidence[0].sha256),
        ("ledger.pdf", Digest::of(b"proof"))
    );
    assert_eq!(
        papers.explanations[0].0.text,
        "excludes auxiliary activities, see notes"
    );
    assert_eq!(read.drafts[0].notes()[0].text, "第二产业不含辅助性活动");
    assert_eq!(read.sha256, Digest::of(&std::fs::read(&desk.path).unwrap()));
}

#[test]
fn a_semicolon_file_with_quoted_cells_and_empty_rows() {
    let drafts = read_as(
        "quarterly-accounts_2021-Q3.csv",
        "\"gdp\";\"说明\"\r\n;\r\n\r\n\"1.5\";\"两行\n说明; 分号\"\r\n;;\r\n",
    )
    .unwrap();
    assert_eq!(figures(&drafts[0]), ["gdp=1.5 @A4"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_as("a.csv", &bytes);
    }

    #[test]
    fn arbitrary_tables_never_panic(cells in proptest::collection::vec(proptest::collection::vec(
        prop_oneof![Just("gdp".to_owned()), Just("value".to_owned()), Just("指标".to_owned()), Just("# period".to_owned()),
            Just("2021-Q3".to_owned()), Just("1,5".to_owned()), Just("\"".to_owned()), Just("1.5".to_owned()), "\\PC{0,6}"], 1..6), 1..8)) {
        let text: String = cells.iter().map(|row| row.join(",") + "\n").collect();
        if let Err(faults) = read_as("quarterly-accounts_2021-Q3.csv", text) {
            // Whatever is wrong is said in both languages, with a remedy.
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(!fault.problem.zh.is_empty() && !fault.problem.en.is_empty());
                prop_assert!(!fault.remedy.zh.is_empty() && !fault.remedy.en.is_empty());
            }
        }
    }
}

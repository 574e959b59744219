//! Every fault of reading: at which place it is told, and in which words.

use granary_core::text::Language;

use super::*;

const NAME: &str = "quarterly-accounts_2021-Q3.csv";

/// Checks that some fault has these words in Chinese and in English, each with the file's name.
#[track_caller]
fn check(name: &str, text: &str, zh: &[&str], en: &[&str]) {
    let faults = read_as(name, text).map(|d| format!("{d:?}")).unwrap_err();
    let lines = |language| {
        faults
            .iter()
            .map(|f| f.text(name, language))
            .collect::<Vec<_>>()
    };
    for (language, words) in [(Language::Zh, zh), (Language::En, en)] {
        let all =
            |line: &String| line.starts_with(name) && words.iter().all(|word| line.contains(word));
        assert!(
            lines(language).iter().any(all),
            "{words:?} not in {:#?}",
            lines(language)
        );
    }
}

#[test]
fn cells() {
    check(
        NAME,
        "gdp\n\"1,234.5\"\n",
        &["第 2 行 A 列“gdp”", "写成 1234.5"],
        &["row 2, column A \"gdp\"", "write 1234.5"],
    );
    check(
        NAME,
        "指标,数值\ngdp,8.3%\n",
        &["第 2 行 B 列“数值”", "写成 8.3"],
        &["row 2, column B", "write 8.3"],
    );
    check(
        NAME,
        "指标,数值,状态\ngdp,1,X\n",
        &["第 2 行 C 列“状态”", "SDMX"],
        &["row 2, column C", "SDMX letter"],
    );
    check(
        NAME,
        "指标,数值,状态\ngdp,1,O\n",
        &["第 2 行 B 列", "状态 O"],
        &["row 2, column B", "status O"],
    );
    check(
        NAME,
        "指标,数值,状态\ngdp,,P\n",
        &["第 2 行 B 列", "状态 P 需要数值"],
        &["status P needs a value"],
    );
    check(
        NAME,
        "指标,数值\ngdp,1\nprimary,2\ngdp,1\n",
        &["第 4 行 B 列", "gdp 已在第 2 行 B 列“数值”填过"],
        &["row 4", "given already in row 2"],
    );
    check(
        NAME,
        "gdp\n1\n2\n",
        &["第 3 行 A 列", "第 2 行"],
        &["row 3", "row 2"],
    );
    check(
        NAME,
        "gdp\n1,2\n",
        &["第 2 行 B 列", "没有标题"],
        &["row 2, column B", "under no heading"],
    );
    check(
        "projects_2021-M03.csv",
        "item,investment\n\"a\nb\",1\n",
        &["第 2 行 A 列“item”", "明细项"],
        &["row 2, column A", "cannot be an item"],
    );
}

#[test]
fn headings() {
    check(
        NAME,
        "gdp,primry\n1,2\n",
        &["第 1 行 B 列“primry”", "是否应为：primary"],
        &["row 1, column B", "did you mean: primary"],
    );
    check(
        NAME,
        "gdp,第一产业增加\n1,2\n",
        &["第 1 行 B 列", "第一产业增加值"],
        &["row 1", "第一产业增加值"],
    );
    check(
        NAME,
        "gdp,statu\n1,\n",
        &["不认识标题", "status"],
        &["heading", "status"],
    );
    check(
        NAME,
        "指标,数值,statuss\ngdp,1,P\n",
        &["第 1 行 C 列", "status"],
        &["row 1, column C", "did you mean: status"],
    );
    check(
        NAME,
        "指标,指标代码,数值\ngdp,gdp,1\n",
        &["第 1 行 B 列“指标代码”", "A 列"],
        &["row 1, column B", "column A"],
    );
    check(
        NAME,
        "数值\n1\n",
        &["第 1 行", "却没有“指标”列"],
        &["row 1", "none of indicators"],
    );
    check(
        NAME,
        "指标,状态\ngdp,P\n",
        &["第 1 行 A 列", "标题为“数值”的列"],
        &["add a column \"value\""],
    );
    check(
        NAME,
        "填报单位\n520100\n",
        &["第 1 行", "没有指标"],
        &["row 1", "no indicator"],
    );
    check(
        NAME,
        "地区生产总值（万元）\n1\n",
        &["第 1 行 A 列", "换算成“亿元”"],
        &["row 1, column A", "convert the values to CNY 100 million"],
    );
    check(
        NAME,
        "指标,数值,计量单位\ngdp,1,万元\n",
        &["第 2 行 C 列", "亿元"],
        &["row 2, column C", "CNY 100 million"],
    );
}

#[test]
fn units() {
    check(
        NAME,
        "unit,gdp\n520200,1\n",
        &[
            "第 2 行 A 列“unit”",
            "另一个填报单位 520200（六盘水市）",
            "520100",
        ],
        &[
            "row 2, column A",
            "another unit, 520200 (Liupanshui)",
            "520100 (Guiyang)",
        ],
    );
    check(
        NAME,
        "unit,gdp\n529999,1\n",
        &["没有填报单位“529999”"],
        &["no unit \"529999\""],
    );
    check(
        NAME,
        "# unit: 六盘水市\ngdp\n1\n",
        &["第 1 行", "六盘水市"],
        &["row 1", "Liupanshui"],
    );
}

#[test]
fn datasets_periods_indicators() {
    check(
        "a.csv",
        "dataset,period,gdp\nquartely-accounts,2021-Q1,1\n",
        &["第 2 行 A 列", "quarterly-accounts"],
        &["row 2, column A", "did you mean: quarterly-accounts"],
    );
    check(
        "a.csv",
        "# dataset: nothing-near\n# period: 2021-Q1\ngdp\n1\n",
        &["第 1 行", "没有报表"],
        &["row 1", "no dataset"],
    );
    check(
        "a.csv",
        "period,gdp\n2021-Q1,1\n",
        &["没有写明报表", "# 报表"],
        &["dataset is not given", "# dataset: CODE"],
    );
    check(
        "a.csv",
        "# dataset: quarterly-accounts\ngdp\n1\n",
        &["没有写明报告期", "2021-Q1"],
        &["period is not given", "2021-Q1"],
    );
    check(
        NAME,
        "period,gdp\n2021Q3,1\n",
        &["第 2 行 A 列", "例如写成 2021-Q1"],
        &["row 2, column A", "2021-Q1"],
    );
    check(
        NAME,
        "指标,数值\ngdpp,1\n",
        &["第 2 行 A 列", "是否应为：gdp"],
        &["row 2, column A", "did you mean: gdp"],
    );
    check(
        NAME,
        "指标,数值\n,1\n",
        &["第 2 行 A 列", "没有写指标"],
        &["row 2, column A", "not given"],
    );
    check(
        "a.csv",
        "dataset,period,增速\nquarterly-accounts,2021-Q1,1\n",
        &["第 1 行 C 列", "growth、investment_growth"],
        &["row 1, column C", "growth, investment_growth"],
    );
}

#[test]
fn metadata() {
    check(
        NAME,
        "# preparr: x\ngdp\n1\n",
        &["第 1 行", "preparer"],
        &["row 1", "did you mean: preparer"],
    );
    check(
        NAME,
        "# evidence: none.pdf\ngdp\n1\n",
        &["第 1 行", "找不到佐证文件“none.pdf”", "evidence 文件夹"],
        &["row 1", "cannot be found"],
    );
    check(
        NAME,
        "# evidence: ../x.pdf\ngdp\n1\n",
        &["第 1 行", "不写路径"],
        &["row 1", "without folders"],
    );
    check(
        NAME,
        "# explain gdp balance: x\ngdp\n1\n",
        &["第 1 行", "# 说明 审核关系编号: 原因"],
        &["row 1", "# explain EDIT.ID"],
    );
    check(
        NAME,
        "# explain GDP.BALANC: x\ngdp\n1\n",
        &["第 1 行", "是否应为：GDP.BALANCE"],
        &["row 1", "did you mean: GDP.BALANCE"],
    );
    check(
        NAME,
        "gdp\n1\n# period: 2021-Q1\n",
        &["第 3 行", "标题行之前"],
        &["row 3", "above the line of headings"],
    );
    check(
        NAME,
        "# period: 2021-Q1\n# period: 2021-Q2\ngdp\n1\n",
        &["第 2 行", "第 1 行的“2021-Q1”"],
        &["row 2", "\"2021-Q1\" in row 1"],
    );
    check(
        NAME,
        &format!("# preparer: {}\ngdp\n1\n", "长".repeat(50)),
        &["第 1 行", "128 字节"],
        &["row 1", "128 bytes"],
    );
    check(
        NAME,
        &format!("gdp,说明\n1,{}\n", "长".repeat(700)),
        &["第 2 行 B 列", "2000 字节"],
        &["row 2, column B", "2000 bytes"],
    );
}

#[test]
fn whole_files() {
    check(NAME, "", &["没有数值"], &["no figure"]);
    check(NAME, "gdp\n\n,,\n", &["没有数值"], &["no figure"]);
    check(
        NAME,
        "PK\u{3}\u{4}xx",
        &["工作簿已损坏", "另存为 .xlsx"],
        &["workbook is damaged", "save it as .xlsx"],
    );
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_rows_and_a_wrong_word_once() {
    let rows = "gdpp,1\n".repeat(1_000);
    let faults = read_as(NAME, format!("指标,数值\ngdp,x\n{rows}primary,y\n"))
        .map(|d| format!("{d:?}"))
        .unwrap_err();
    let rows: Vec<_> = faults.iter().map(|f| f.place.row.unwrap()).collect();
    assert_eq!(rows, [2, 3, 1003]);
}

//! The Chinese help and the examples of `tables` and `structure`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "tables",
        "把数据、应报、问题或质量指标写成 Parquet、CSV 或 SDMX-CSV，供其他程序读取",
    ),
    ("structure", "把目录写成 SDMX 结构消息（SDMX-JSON 2.0）"),
    ("what", "哪张表"),
    (
        "tables_out",
        "写到哪个文件，同名文件会被替换；格式看文件名结尾：.parquet、.csv，或 .sdmx.csv（SDMX-CSV 2.0）",
    ),
    ("tables_form", "写成哪种格式，不看文件名结尾"),
    ("tables_by", "质量指标按什么分行；不写则合为一行"),
    (
        "tables_as_of",
        "截至这一时点（RFC 3339），如 2021-10-12T12:00:00+08:00；不写则为最后一条的接收时间",
    ),
    ("bom", ".csv 文件以字节顺序标记开头，使 Excel 按 UTF-8 读取"),
    ("agency", "SDMX 结构以哪个机构的名义命名"),
    (
        "structure_out",
        "写到哪个 SDMX-JSON 2.0 文件，同名文件会被替换",
    ),
];

pub(super) const TABLES_ZH: &str = "各列见 docs/EXPORTS.md。用 --server 时先把日志下载到临时文件夹，和 --export 一样从头到尾核验，再写表。

示例：
  granary-audit tables --export city.granary --what series -o series.parquet
  granary-audit tables --export city.granary --what vintages -o vintages.sdmx.csv
  granary-audit tables --export city.granary --what slots --bom -o slots.csv
  granary-audit tables --export city.granary --what measures --by unit -o measures.csv

退出码：0 已写出；2 参数、文件或连接有误，或日志不成立";

pub(super) const TABLES_EN: &str = "docs/EXPORTS.md states every column. With --server the journal is downloaded into a temporary folder first, and checked from
end to end as with --export.

Examples:
  granary-audit tables --export city.granary --what series -o series.parquet
  granary-audit tables --export city.granary --what vintages -o vintages.sdmx.csv
  granary-audit tables --export city.granary --what slots --bom -o slots.csv
  granary-audit tables --export city.granary --what measures --by unit -o measures.csv

Exit codes: 0 written; 2 wrong arguments, files or connection, or the journal does not hold";

pub(super) const STRUCTURE_ZH: &str = "写出 SDMX-CSV 所引用的数据流、数据结构、代码表和概念。

示例：
  granary-audit structure --export city.granary -o structure.json

退出码：0 已写出；2 参数、文件或连接有误，或日志不成立";

pub(super) const STRUCTURE_EN: &str =
    "Writes the dataflows, data structures, code lists and concepts that the SDMX-CSV refers to.

Examples:
  granary-audit structure --export city.granary -o structure.json

Exit codes: 0 written; 2 wrong arguments, files or connection, or the journal does not hold";

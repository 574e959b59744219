//! The Chinese help and the examples of `bulletin-check`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "bulletin-check",
        "由导出的日志重新算出已发布的通报，逐字节比对",
    ),
    (
        "published",
        "已发布的通报文件（编码后的 granary.v1.Bulletin）；- 表示标准输入",
    ),
    (
        "check_archive",
        "export 写出的文件，不早于通报；先从头到尾核验",
    ),
    (
        "check_log_key",
        "日志公钥，形如 origin+hash+key，或存有它的文件",
    ),
];

pub(super) const CHECK_ZH: &str =
    "报告期、时点和日志条数都取自通报本身；有一处不同即不成立，并指出在哪里。

示例：
  granary-audit bulletin-check 2021-Q3.bulletin --export journal.granary --log-key log.vkey

退出码：0 相同；1 不同；2 参数或文件有误";

pub(super) const CHECK_EN: &str = "Period, instant and number of entries are those that the document names. Where anything differs it does not hold, and the
parts that differ are named.

Examples:
  granary-audit bulletin-check 2021-Q3.bulletin --export journal.granary --log-key log.vkey

Exit codes: 0 the same; 1 it differs; 2 wrong arguments or files";

//! The Chinese help and the examples of `bulletin`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "bulletin",
        "一期的通报：由市级系统或导出的日志算出，画成 PDF、XLSX 或 HTML",
    ),
    (
        "bulletin_period",
        "报告期，如 2021-A1、2021-S1、2021-Q3、2021-M03 或 2021-03-31",
    ),
    (
        "bulletin_as_of",
        "截至这一时点（RFC 3339），如 2021-10-12T12:00:00+08:00；不写则为现在，用 --export 时为最后一条的接收时间",
    ),
    ("bulletin_server", "市级系统地址 https://主机:端口"),
    (
        "bulletin_identity",
        "存有 ca.pem、client.pem 和 client.key 的文件夹",
    ),
    (
        "bulletin_archive",
        "不连市级系统，改用 export 写出的文件；先从头到尾核验",
    ),
    (
        "bulletin_log_key",
        "与 --export 同用：日志公钥，形如 origin+hash+key，或存有它的文件",
    ),
    (
        "bulletin_size",
        "与 --export 同用：只用前这么多条，即印出的通报所写的日志条数",
    ),
    (
        "document",
        "不连市级系统，改用先前写出的通报文件（编码后的 granary.v1.Bulletin）；- 表示标准输入",
    ),
    (
        "drawings",
        "写到哪个文件；格式看文件名结尾：.pdf、.xlsx、.html，或 .bulletin（通报文件本身）；可重复",
    ),
    ("font_dir", "PDF 先在这个文件夹里找字体；可重复"),
];

pub(super) const BULLETIN_ZH: &str =
    "同一文件、同一语言和时区，画出的字节总是相同（PDF 还取决于找到的字体）。PDF 需要一种中文字体：
在 Debian 或 Ubuntu 上安装 fonts-wqy-microhei 或 fonts-noto-cjk，或用 --font-dir 指明。

示例：
  granary-audit bulletin --period 2021-Q3 --server https://city.example:7443 --identity auditor -o 2021-Q3.pdf
  granary-audit bulletin --period 2021-Q3 --export journal.granary --size 117 --as-of 2021-10-12T12:00:00+08:00 -o 2021-Q3.bulletin
  granary-audit bulletin --document 2021-Q3.bulletin --lang en -o 2021-Q3.pdf -o 2021-Q3.xlsx -o 2021-Q3.html

退出码：0 已写出；2 参数、文件或字体有误";

pub(super) const BULLETIN_EN: &str =
    "The same document in the same language and zone gives the same bytes (a PDF also depends on the fonts found). A PDF
needs a Chinese font: on Debian or Ubuntu install fonts-wqy-microhei or fonts-noto-cjk, or name a folder by --font-dir.

Examples:
  granary-audit bulletin --period 2021-Q3 --server https://city.example:7443 --identity auditor -o 2021-Q3.pdf
  granary-audit bulletin --period 2021-Q3 --export journal.granary --size 117 --as-of 2021-10-12T12:00:00+08:00 -o 2021-Q3.bulletin
  granary-audit bulletin --document 2021-Q3.bulletin --lang en -o 2021-Q3.pdf -o 2021-Q3.xlsx -o 2021-Q3.html

Exit codes: 0 written; 2 wrong arguments, files or fonts";

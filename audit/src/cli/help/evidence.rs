//! The Chinese help and the examples of `evidence` and `access`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    ("evidence", "调取填报单位保存的佐证，并按报送中的摘要核对"),
    (
        "evidence list",
        "列出某项应报的报送所引用的文件，以及调取的结果",
    ),
    (
        "evidence request",
        "向单位调取文件：作为签名操作记入日志，由单位的采集端自动答复",
    ),
    (
        "evidence fetch",
        "取回单位已送来的文件，并与报送中的摘要核对",
    ),
    ("evidence_slot", "应报项，写作 单位/报表/报告期"),
    (
        "evidence_sha256",
        "只要 SHA-256 以这些数字开头的文件，至少 8 位",
    ),
    ("evidence_reason", "原因；记入日志，单位可见"),
    ("evidence_out", "写入哪个文件夹"),
    ("access", "列出谁在何时读过什么，核验记录未被改动、删除"),
    ("access_server", "市级系统地址 https://主机:端口"),
    (
        "access_identity",
        "存有 ca.pem、client.pem 和 client.key 的文件夹",
    ),
    (
        "access_log",
        "不连市级系统，改用其数据目录中的 access/log 文件",
    ),
    (
        "access_archive",
        "export 写出的文件：列出其中的操作，并按其中的锚定核对访问记录",
    ),
    (
        "access_log_key",
        "与 --export 同用：日志公钥，形如 origin+hash+key，或存有它的文件",
    ),
    ("access_limit", "最多显示多少行（最后的若干行）；全部都核验"),
];

pub(super) const EVIDENCE_ZH: &str = "示例：
  granary-audit evidence list --slot 520100/quarterly-accounts/2021-Q3 --server https://city.example:7443 --identity auditor
  granary-audit evidence request --slot 520100/quarterly-accounts/2021-Q3 --reason 随机核查 --server https://city.example:7443 --identity auditor
  granary-audit evidence fetch --slot 520100/quarterly-accounts/2021-Q3 -o 佐证 --server https://city.example:7443 --identity auditor

退出码：0 已回答，或全部相符；1 有文件不在、已变或摘要不符；2 参数、文件或连接有误";

pub(super) const EVIDENCE_EN: &str = "Examples:
  granary-audit evidence list --slot 520100/quarterly-accounts/2021-Q3 --server https://city.example:7443 --identity auditor
  granary-audit evidence request --slot 520100/quarterly-accounts/2021-Q3 --reason \"random check\" --server https://city.example:7443 --identity auditor
  granary-audit evidence fetch --slot 520100/quarterly-accounts/2021-Q3 -o evidence --server https://city.example:7443 --identity auditor

Exit codes: 0 answered, or every file fits; 1 a file is not there, has changed or does not fit; 2 wrong arguments, files or connection";

pub(super) const ACCESS_ZH: &str = "市级系统在答复之前先写一行记录，每行含上一行的摘要；记录的末行定期锚定到日志。
不给 --export 时只核验行与行之间的摘要，无法发现整份重写的记录。

示例：
  granary-audit access --server https://city.example:7443 --identity auditor --export city.granary --log-key log.vkey
  granary-audit access --log data/access/log --export city.granary --log-key log.vkey

退出码：0 成立；1 有行被改动或删除；2 参数、文件或连接有误";

pub(super) const ACCESS_EN: &str = "The city writes a line before it answers, each line holds the digest of the one before, and the last line is anchored in the
journal from time to time. Without --export only the chain is checked: a log that was written anew as a whole is not found then.

Examples:
  granary-audit access --server https://city.example:7443 --identity auditor --export city.granary --log-key log.vkey
  granary-audit access --log data/access/log --export city.granary --log-key log.vkey

Exit codes: 0 it holds; 1 a line was altered or removed; 2 wrong arguments, files or connection";

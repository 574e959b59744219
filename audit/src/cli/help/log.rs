//! The Chinese help and the examples of `log`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "log",
        "从外部跟踪日志：核验新增的每一条，并与上次保存的检查点比对",
    ),
    ("log_url", "公开日志的地址 http://主机:端口"),
    (
        "followed_log_key",
        "日志公钥，形如 origin+hash+key，或存有它的文件",
    ),
    (
        "kept_head",
        "保存最近一次核验成立的检查点的文件；首次运行时建立",
    ),
    ("newest", "最多列出多少条最新条目"),
];

pub(super) const LOG_ZH: &str =
    "不需要证书：每个字节都按签名的检查点核验。每次运行从上次保存的检查点接着核验；日志若被改写或变短，退出码为 1，
旧检查点原样保留，新检查点写在旁边（文件名.contradicts-…），两者互相矛盾，任何人都可验证。

示例：
  granary-audit log --url http://city.example:7480 --log-key log.vkey --head city.head

退出码：0 成立；1 不成立；2 参数或文件有误，或日志没有应答";

pub(super) const LOG_EN: &str = "No certificate is needed: every byte is checked against the signed checkpoint. Each run goes on from the head that the last one
kept. Where the log was rewritten or has shrunk the exit code is 1, the kept head stays, and the new one is written beside it
(FILE.contradicts-...): two signed heads that contradict each other, as anybody can verify.

Examples:
  granary-audit log --url http://city.example:7480 --log-key log.vkey --head city.head

Exit codes: 0 it holds; 1 it does not; 2 wrong arguments or files, or no answer";

//! The Chinese help and the examples of `export`, `replay` and of asking a file instead of a city.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    ("export", "把日志连同内容下载为一个文件，到最新检查点为止"),
    ("replay", "从头到尾核验这种文件，重新折叠，并统计其中的内容"),
    (
        "archive",
        "不连市级系统，改用 export 写出的文件；先从头到尾核验",
    ),
    (
        "archive_log_key",
        "与 --export 同用：日志公钥，形如 origin+hash+key，或存有它的文件",
    ),
    (
        "source_as_of",
        "截至这一时点（RFC 3339），如 2021-10-12T12:00:00+08:00；不写则为现在，用 --export 时为最后一条的接收时间",
    ),
    ("download_out", "写到哪个文件"),
    ("resume", "继续中断的下载"),
    ("force", "覆盖同名文件和未完成的下载"),
    ("replay_file", "export 写出的文件"),
    (
        "replay_log_key",
        "日志公钥，形如 origin+hash+key，或存有它的文件；不写则只按文件中自带的公钥核验",
    ),
    (
        "held",
        "从别处得到的回执或检查点：日志必须是由它增长而来；可重复",
    ),
    (
        "replay_as_of",
        "按这一时点统计应报（RFC 3339），如 2021-10-12T12:00:00+08:00；不写则为最后一条的接收时间",
    ),
    (
        "state_digest",
        "应得出的状态摘要，64 位十六进制，即 granary-aggregator state-digest 所打印的",
    ),
    (
        "fsck",
        "从头到尾核验市级系统的数据目录，服务运行时亦可；不写入任何内容",
    ),
    ("fsck_folder", "服务的数据目录"),
    (
        "fsck_log_key",
        "日志公钥，形如 origin+hash+key，或存有它的文件；不写则只按日志中自带的公钥核验",
    ),
    (
        "fsck_scratch",
        "临时文件建在哪里，大小与压缩后的日志相当；不写则用系统的",
    ),
    ("scratch", "日志很长时，临时文件夹建在哪里；不写则用系统的"),
];

pub(super) const EXPORT_ZH: &str = "文件格式见 docs/ARCHIVE.md。下载时写在“文件名.part”，完整之后才改名；中断后用 --resume 继续。

示例：
  granary-audit export --server https://city.example:7443 --identity auditor -o city.granary
  granary-audit export --server https://city.example:7443 --identity auditor -o city.granary --resume

退出码：0 已写出；2 参数、文件或连接有误";

pub(super) const EXPORT_EN: &str = "docs/ARCHIVE.md states every byte of the file. It grows as FILE.part and gets its name when it is whole; after a break
--resume goes on where it ended.

Examples:
  granary-audit export --server https://city.example:7443 --identity auditor -o city.granary
  granary-audit export --server https://city.example:7443 --identity auditor -o city.granary --resume

Exit codes: 0 written; 2 wrong arguments, files or connection";

pub(super) const FSCK_ZH: &str = "不联网，不加锁，不写入数据目录。先按 replay 核验每一条、每一个签名和树根，再核对去重摘要、哈希块，并把汇总数据与重新折叠的结果
逐一比对。第一处不符即停，并说明是什么、在哪里。

示例：
  granary-audit fsck /var/lib/granary --log-key log.vkey

退出码：0 成立；1 不成立；2 参数有误或无法读取";

pub(super) const FSCK_EN: &str = "Uses no network, takes no lock and writes nothing into the folder. Checks every entry, every signature and the root as replay
does, then the digests that find repetitions, the tiles, and the derived rows against a new fold. Stops at the first thing
that differs, and says what and where.

Examples:
  granary-audit fsck /var/lib/granary --log-key log.vkey

Exit codes: 0 it holds; 1 it does not; 2 wrong arguments, or it cannot be read";

pub(super) const REPLAY_ZH: &str = "不联网。核验树根与检查点签名、每条的规范编码、内容摘要、每个签名、登记与授权、接收时间不倒退；再用与市级系统相同的
函数折叠出状态。第一处不符即停，并说明是哪一条、为什么。

示例：
  granary-audit replay city.granary --log-key log.vkey
  granary-audit replay city.granary --log-key log.vkey --state-digest 7a371d86c2dd...

退出码：0 成立；1 不成立；2 参数或文件有误";

pub(super) const REPLAY_EN: &str = "Uses no network. Checks the root and the checkpoint's signature, each entry's canonical encoding, each payload's digest,
every signature, enrolment and permission, and that receive times never go back; then folds the state by the functions that
the city uses. Stops at the first thing that does not hold, and says at which entry and why.

Examples:
  granary-audit replay city.granary --log-key log.vkey
  granary-audit replay city.granary --log-key log.vkey --state-digest 7a371d86c2dd...

Exit codes: 0 it holds; 1 it does not; 2 wrong arguments or files";

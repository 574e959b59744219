//! The Chinese help and the examples of `witness`, of the commands below it, and of `verify --policy`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "witness",
        "做一个独立的见证方：核对日志只增不改，再联署其检查点（c2sp.org/tlog-witness）",
    ),
    ("witness list", "列出各单位登记的见证密钥"),
    (
        "witness policy",
        "写出一份政策（c2sp.org/tlog-policy）：这些单位中须有多少个已联署",
    ),
    (
        "quorum",
        "须有几个单位已联署；一个单位无论有几把密钥只算一次",
    ),
    ("witness_listen", "在哪个地址服务，如 127.0.0.1:7480"),
    (
        "witness_log_key",
        "日志公钥，形如 origin+hash+key，或存有它的文件",
    ),
    ("witness_name", "见证方的名称，如 witness.example/w1"),
    (
        "witness_key",
        "见证方自己的密钥（Ed25519，PKCS #8 PEM），不作他用",
    ),
    ("witness_state", "上一次联署的检查点；切勿丢失"),
    ("init", "新建：生成状态文件；没有密钥时一并生成"),
    (
        "policy",
        "见证政策（c2sp.org/tlog-policy）：哪些见证方、几个联署才算数",
    ),
];

pub(super) const WITNESS_ZH: &str = "由不属于市里的人运行。日志（市级系统）向 /add-checkpoint 提交检查点和一致性证明；只有接续上一次所见的才联署，
先写入状态文件再应答。出现两种历史时拒绝，并把证据存入 STATE.fork。启动时印出公钥，可写入政策文件。

示例：
  granary-audit witness --init --listen 127.0.0.1:7480 --log-key log.vkey --name witness.example/w1 --key w1.key --state w1.state
  granary-audit witness list --server https://city.example:7443 --identity auditor
  granary-audit witness policy --export city.granary --log-key log.vkey --quorum 3 >witnesses.policy

退出码：0 已按要求停止；2 参数、文件或地址有误";

pub(super) const WITNESS_EN: &str = "Run it where the city has no say. The log posts checkpoints with consistency proofs to /add-checkpoint; only what continues
the head that was seen last is cosigned, and it is in the state file before the answer. Where the log shows two histories it is
refused, and the evidence is kept in STATE.fork. The public key, for policy files, is printed at the start.

Examples:
  granary-audit witness --init --listen 127.0.0.1:7480 --log-key log.vkey --name witness.example/w1 --key w1.key --state w1.state
  granary-audit witness list --server https://city.example:7443 --identity auditor
  granary-audit witness policy --export city.granary --log-key log.vkey --quorum 3 >witnesses.policy

Exit codes: 0 stopped as asked; 2 wrong arguments, files or address";

pub(super) const LIST_ZH: &str =
    "不写 --export 时是市级系统所说的；写了则取自核验过的日志，每次登记的两个签名都已核验。

示例：
  granary-audit witness list --server https://city.example:7443 --identity auditor
  granary-audit witness list --export city.granary --log-key log.vkey --unit 520100

退出码：0 已列出；2 参数、文件或连接有误";

pub(super) const LIST_EN: &str = "Without --export it is the city's word; with it, it comes from a journal that was checked, both signatures of each enrolment
among it.

Examples:
  granary-audit witness list --server https://city.example:7443 --identity auditor
  granary-audit witness list --export city.granary --log-key log.vkey --unit 520100

Exit codes: 0 listed; 2 wrong arguments, files or connection";

pub(super) const POLICY_ZH: &str = "写到标准输出，供 verify --policy 使用。选哪些单位、几个才算数，由您决定：选您相信不会与市里串通的。
要加别家的见证方，请在 group 行之前加一行 witness，再列入该行。

示例：
  granary-audit witness policy --export city.granary --log-key log.vkey --unit 520100,520300,621100 --quorum 2 >witnesses.policy

退出码：0 已写出；2 参数、文件或连接有误，或单位不够";

pub(super) const POLICY_EN: &str = "It goes to standard output, for verify --policy. Which units, and how many of them, is your choice: those that you do not
expect to be in league with the city. A witness of another house is one more line `witness` before the group, and one more name in it.

Examples:
  granary-audit witness policy --export city.granary --log-key log.vkey --unit 520100,520300,621100 --quorum 2 >witnesses.policy

Exit codes: 0 written; 2 wrong arguments, files or connection, or too few units";

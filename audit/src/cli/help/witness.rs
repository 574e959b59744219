//! The Chinese help and the examples of `witness`, and of `verify --policy`.

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "witness",
        "做一个独立的见证方：核对日志只增不改，再联署其检查点（c2sp.org/tlog-witness）",
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

退出码：0 已按要求停止；2 参数、文件或地址有误";

pub(super) const WITNESS_EN: &str = "Run it where the city has no say. The log posts checkpoints with consistency proofs to /add-checkpoint; only what continues
the head that was seen last is cosigned, and it is in the state file before the answer. Where the log shows two histories it is
refused, and the evidence is kept in STATE.fork. The public key, for policy files, is printed at the start.

Examples:
  granary-audit witness --init --listen 127.0.0.1:7480 --log-key log.vkey --name witness.example/w1 --key w1.key --state w1.state

Exit codes: 0 stopped as asked; 2 wrong arguments, files or address";

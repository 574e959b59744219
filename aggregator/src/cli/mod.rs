//! The command line: what may be asked, in Chinese and English.
//!
//! Help texts stand once, as `English ¦ 中文`; `localise` keeps the half that the reader wants. Every command says what it
//! did on standard output and why it did not on standard error. The status is 0 where it did, 1 where it was refused or
//! failed, 2 where the command line cannot be read.

mod screen;
mod flags;
mod local;
mod remote;
mod acts;
mod agents;
mod history;
mod serve;
mod notices;
mod people;
mod tokens;
mod backup;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{
    Args, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use granary_core::text::Language;

use self::{flags::SettingFlags, notices::NoticesTask, people::PeopleTask, screen::Screen};

/// What parts the two languages in a help text.
const SEPARATOR: &str = " ¦ ";

/// The city's program: it takes signed snapshots, journals them, and says who has reported. ¦ 市级汇集程序：接收签名报送、记入日志、统计谁已报送。
#[derive(Debug, Parser)]
#[command(
    name = "granary-aggregator",
    version,
    propagate_version = true,
    max_term_width = 110
)]
struct CommandLine {
    /// The language of what is printed: zh or en; default: GRANARY_LANG, LC_ALL or LANG, else zh. ¦ 输出语言：zh 或 en；默认取 GRANARY_LANG、LC_ALL 或 LANG，否则为 zh。
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<String>,
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Make a new data folder: authority, keys, certificates, and the journal with its first entry. ¦ 新建数据目录：证书机构、密钥、证书和日志的第一条记录。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator init --data /var/lib/granary --name stats.city.example/log --server-name stats.city.example"
    )]
    Init(InitArgs),
    /// Serve until SIGTERM or SIGINT. ¦ 运行服务，直到收到 SIGTERM 或 SIGINT。
    #[command(
        after_help = "Examples ¦ 示例:\n  granary-aggregator serve --config /var/lib/granary/granary.toml\n  GRANARY_LISTEN=0.0.0.0:7443 granary-aggregator serve --data /var/lib/granary --log-format json"
    )]
    Serve(ServeArgs),
    /// Check a catalogue's files, or put them into force. ¦ 检查目录文件，或发布使其生效。
    #[command(subcommand)]
    Catalogue(CatalogueTask),
    /// Issue a token with which a unit enrols one key; it is shown once. ¦ 为单位签发一次性登记码，只显示一次。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator token --unit 520100 --expires 7d --operator ./operator --server https://stats.city.example:7443"
    )]
    Token(TokenArgs),
    /// Extend a slot's deadline, or exempt it. ¦ 延长某项应报的期限，或予以免报。
    #[command(subcommand)]
    Unit(UnitTask),
    /// Bring in when reports arrived before the system. ¦ 导入系统启用之前的报送记录。
    #[command(subcommand)]
    History(HistoryTask),
    /// List or revoke signing keys. ¦ 列出或吊销签名密钥。
    #[command(subcommand)]
    Key(KeyTask),
    /// Accept or reject a unit's explanation of a finding. ¦ 认可或退回单位对问题的说明。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator decide accept --unit 621100 --dataset annual-accounts --period 2021-A1 --edit GDP.SECONDARY --reason \"auxiliary activities are left out\" --operator ./operator"
    )]
    Decide(DecideArgs),
    /// Issue a client certificate for an operator or an auditor. ¦ 为操作员或审计员签发客户端证书。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator client --data /var/lib/granary --role auditor --out ./auditor"
    )]
    Client(ClientArgs),
    /// Drop the derived state and fold the journal again; the server must be stopped. ¦ 丢弃派生状态并由日志重建；须先停止服务。
    #[command(after_help = "Example ¦ 示例:\n  granary-aggregator rebuild --data /var/lib/granary")]
    Rebuild(DataArgs),
    /// Print the digest of the derived state: of a stopped server's folder, or of a running server. ¦ 输出派生状态的摘要：已停止服务的数据目录，或运行中的服务。
    #[command(
        after_help = "Examples ¦ 示例:\n  granary-aggregator state-digest --data /var/lib/granary\n  granary-aggregator state-digest --operator ./operator --server https://stats.city.example:7443"
    )]
    StateDigest(StateDigestArgs),
    /// Say how far the journal and the derived state are. ¦ 显示日志和派生状态的进度。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator status --operator ./operator --server https://stats.city.example:7443"
    )]
    Status(Connection),
    /// List the counties' agents, silent ones first: version, last seen, spool, clock, next deadline. ¦ 列出各单位采集端，失联的在前：版本、最近联系、待发队列、时钟、下一截止时间。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator agents --operator ./operator --server https://stats.city.example:7443"
    )]
    Agents(AgentsArgs),
    /// Take a backup, while the server runs: a new folder with a manifest, in which only what is new takes space. Without secret keys. ¦ 备份（不停机）：新建带清单的文件夹，只有新内容占用空间。不含私钥。
    #[command(
        after_help = "Examples ¦ 示例:\n  granary-aggregator backup --data /var/lib/granary --to /backup/granary --operator ./backup-client\n  granary-aggregator backup --data /var/lib/granary --to /backup/granary --stopped\n  granary-aggregator backup --data /var/lib/granary --keys /media/safe/granary-keys"
    )]
    Backup(BackupArgs),
    /// Check a backup: every file, every entry, the signed root, and the state folded anew. ¦ 核验备份：逐个文件、逐条记录、签名的根，并重新汇总比对。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator verify-backup /backup/granary/20261125T185725.123Z --log-key log.vkey"
    )]
    VerifyBackup(VerifyBackupArgs),
    /// Restore a backup into a new or empty folder. ¦ 将备份恢复到新建或空的目录。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator restore /backup/granary/20261125T185725.123Z --data /var/lib/granary --keys /media/safe/granary-keys --seen newest.checkpoint"
    )]
    Restore(RestoreArgs),
    /// Check the notices file, see what would be told, what was, and send a test message. ¦ 检查通知文件，预览、查询通知，发送测试消息。
    #[command(subcommand)]
    Notices(NoticesTask),
    /// Invite people to the console, and list them. ¦ 邀请控制台人员、列出人员。
    #[command(subcommand)]
    People(PeopleTask),
}

#[derive(Debug, Args)]
struct InitArgs {
    /// The data folder, new or empty. ¦ 数据目录，须为新建或空目录。
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The log's name, the first line of its checkpoints: a name of yours without spaces. ¦ 日志名称，即检查点的首行：自有的、不含空格的名称。
    #[arg(long, value_name = "NAME")]
    name: String,
    /// A host name or address under which agents reach the server; may be repeated. ¦ 报送端访问服务所用的主机名或地址，可重复。
    #[arg(
        long,
        value_name = "HOST",
        default_value = "localhost",
        value_delimiter = ','
    )]
    server_name: Vec<String>,
    /// The suite of the operator's key: ed25519, or sm2 for SM2 with SM3. ¦ 操作员密钥的签名算法：ed25519，或 sm2（国密 SM2/SM3）。
    #[arg(long, value_name = "SUITE", default_value = "ed25519", value_parser = ["ed25519", "sm2"])]
    suite: String,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The settings file; default: granary.toml in the data folder, where there is one. ¦ 设置文件；默认为数据目录中的 granary.toml（如有）。
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The notices file; default: notices.toml in the data folder, where there is one; else no notices are told. ¦ 通知文件；默认为数据目录中的 notices.toml（如有），否则不发通知。
    #[arg(long, value_name = "FILE")]
    notices: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Subcommand)]
enum CatalogueTask {
    /// Check the files of a folder and tell every fault; nothing is sent. ¦ 检查目录文件夹，列出全部错误；不发送。
    #[command(after_help = "Example ¦ 示例:\n  granary-aggregator catalogue check ./catalogue")]
    Check {
        /// The folder with the catalogue's .toml files. ¦ 存放 .toml 目录文件的文件夹。
        folder: PathBuf,
    },
    /// Check the files and put them into force for what is received from then on. ¦ 检查并发布，对此后收到的报送生效。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator catalogue publish ./catalogue --operator ./operator --server https://stats.city.example:7443"
    )]
    Publish {
        /// The folder with the catalogue's .toml files. ¦ 存放 .toml 目录文件的文件夹。
        folder: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
}

/// How the running server is reached. ¦ 如何连接运行中的服务。
#[derive(Clone, Debug, Args)]
struct Connection {
    /// The folder with the operator's or auditor's certificate and keys. ¦ 存放操作员或审计员证书和密钥的文件夹。
    #[arg(
        long,
        value_name = "DIR",
        env = "GRANARY_OPERATOR",
        default_value = "operator"
    )]
    operator: PathBuf,
    /// The server. ¦ 服务地址。
    #[arg(
        long,
        value_name = "URL",
        env = "GRANARY_SERVER",
        default_value = "https://localhost:7443"
    )]
    server: String,
}

#[derive(Debug, Args)]
struct TokenArgs {
    /// The unit that may enrol a key with it. ¦ 可凭此登记密钥的单位。
    #[arg(long)]
    unit: String,
    /// How long it may be used: 30m, 12h, 7d, 4w. ¦ 有效期：30m、12h、7d、4w。
    #[arg(long, default_value = "7d", value_name = "SPAN")]
    expires: String,
    /// In which capacity the key will sign: agent, head (of statistics), unit-head. ¦ 密钥以何身份签名：填报端、统计负责人、单位负责人。
    #[arg(long, default_value = "agent", value_parser = ["agent", "head", "unit-head"])]
    role: String,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct AgentsArgs {
    /// Only this unit; may be repeated. ¦ 只列该单位，可重复。
    #[arg(long)]
    unit: Vec<String>,
    /// Only agents that have been silent for more than five minutes, or were never heard of. ¦ 只列失联五分钟以上或从未联系的。
    #[arg(long)]
    silent: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct SlotArgs {
    /// The unit. ¦ 单位。
    #[arg(long)]
    unit: String,
    /// The dataset. ¦ 报表。
    #[arg(long)]
    dataset: String,
    /// The reference period: 2021-A1, 2021-Q1, 2021-M03. ¦ 报告期：2021-A1、2021-Q1、2021-M03。
    #[arg(long)]
    period: String,
}

#[derive(Debug, Subcommand)]
enum UnitTask {
    /// Move one slot's due instant later. ¦ 延长某项应报的截止时间。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator unit extend --unit 520100 --dataset quarterly-accounts --period 2021-Q3 --until 2021-10-20T12:00+08:00 --reason \"flood\""
    )]
    Extend {
        #[command(flatten)]
        slot: SlotArgs,
        /// The new due instant with its offset: 2021-10-20T12:00+08:00. ¦ 新的截止时间，须带时区：2021-10-20T12:00+08:00。
        #[arg(long, value_name = "INSTANT")]
        until: String,
        /// Why; it is journaled. ¦ 原因，将记入日志。
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say that one slot is not owed. ¦ 免除某项应报。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator unit exempt --unit 520100 --dataset quarterly-accounts --period 2021-Q3 --reason \"merged into 520200\""
    )]
    Exempt {
        #[command(flatten)]
        slot: SlotArgs,
        /// Why; it is journaled. ¦ 原因，将记入日志。
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Subcommand)]
enum HistoryTask {
    /// Check a file of arrivals and tell every fault; then sign what is new and send it. Importing it again changes nothing. ¦ 检查到达记录文件并列出全部错误；无误则签名并提交新的部分。重复导入不会改变什么。
    #[command(
        after_help = "The file: CSV with lines such as 520100,2019-Q3,2019-10-09T11:20:00+08:00 under the headings unit,period,arrived_at ¦ 文件：CSV，表头 unit,period,arrived_at，各行如 520100,2019-Q3,2019-10-09T11:20:00+08:00\n\nExample ¦ 示例:\n  granary-aggregator history import arrivals.csv --dataset quarterly-accounts --source \"register 2019\" --timezone Asia/Shanghai --dry-run"
    )]
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// The file: CSV with the columns unit, period, arrived_at. ¦ 文件：CSV，列为 unit、period、arrived_at。
    file: PathBuf,
    /// The dataset. ¦ 报表。
    #[arg(long)]
    dataset: String,
    /// Who kept the record, and where; it is journaled. ¦ 记录由谁保存、在哪里；将记入日志。
    #[arg(long)]
    source: String,
    /// The zone of times that have no offset: Asia/Shanghai. ¦ 未带时区的时间所在的时区：Asia/Shanghai。
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Say what would be imported, and send nothing. ¦ 只说明将导入什么，不提交。
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum KeyTask {
    /// List the keys that are or were enrolled. ¦ 列出登记过的密钥。
    #[command(after_help = "Example ¦ 示例:\n  granary-aggregator key list --unit 520100")]
    List {
        /// Only keys of this unit. ¦ 只列该单位的密钥。
        #[arg(long, default_value = "")]
        unit: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke a key: what it signed before stays, what comes after is refused. ¦ 吊销密钥：此前的签名仍有效，此后的一律拒收。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator key revoke 3f1c9a0e --reason \"the computer was stolen\""
    )]
    Revoke {
        /// The key's id, or its first digits as `key list` shows them. ¦ 密钥标识，或 `key list` 所示的前几位。
        key: String,
        /// Why; it is journaled. ¦ 原因，将记入日志。
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    Accept,
    Reject,
}

#[derive(Debug, Args)]
struct DecideArgs {
    /// Whether the explanation is accepted. ¦ 认可或退回。
    verdict: Verdict,
    #[command(flatten)]
    slot: SlotArgs,
    /// The edit's id. ¦ 审核规则编号。
    #[arg(long)]
    edit: String,
    /// The item, in an itemised dataset. ¦ 明细项（仅限明细报表）。
    #[arg(long)]
    item: Option<String>,
    /// The log index of the snapshot; default: the one that the finding is about. ¦ 报送的日志序号；默认取问题所指的报送。
    #[arg(long, value_name = "INDEX")]
    snapshot: Option<u64>,
    /// Why; it is journaled. ¦ 原因，将记入日志。
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleWord {
    Operator,
    Auditor,
}

#[derive(Debug, Args)]
struct ClientArgs {
    /// The data folder, which holds the authority's key. ¦ 数据目录，其中有证书机构的密钥。
    #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
    data: PathBuf,
    /// What its holder may do. ¦ 持有者的权限。
    #[arg(long)]
    role: RoleWord,
    /// The folder to make; carry it to its holder. ¦ 新建的文件夹，交给持有者。
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct DataArgs {
    /// The data folder. ¦ 数据目录。
    #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct BackupArgs {
    /// The data folder, on this machine. ¦ 本机上的数据目录。
    #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
    data: PathBuf,
    /// The folder of backups; on another disk, or it is none. ¦ 备份目录；须在另一块磁盘上，否则不算备份。
    #[arg(long, value_name = "DIR", required_unless_present = "keys")]
    to: Option<PathBuf>,
    /// Keep this many backups, and remove older ones once this one is whole. ¦ 保留的备份份数；本次完成后删除更早的。
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// The server is stopped: open the folder here. ¦ 服务已停止：由本命令打开数据目录。
    #[arg(long)]
    stopped: bool,
    /// Copy the secret keys into this new folder, and nothing else. Whoever has them can sign in the city's name: keep them offline, apart from the backups. ¦ 仅将私钥复制到此新目录。持有者可冒用全市名义签名：请离线保管，不与备份放在一起。
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "keep", "stopped"])]
    keys: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct VerifyBackupArgs {
    /// The backup's folder. ¦ 备份文件夹。
    backup: PathBuf,
    /// The log's public key as you have it from elsewhere; without it, the backup's own is taken. ¦ 从别处得到的日志公钥；不写则用备份中的。
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    /// Where temporary files may be made, twice as large as the derived state. ¦ 临时文件的位置，需派生状态两倍的空间。
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct RestoreArgs {
    /// The backup's folder. ¦ 备份文件夹。
    backup: PathBuf,
    /// The folder to restore into, new or empty. ¦ 恢复到的目录，须为新建或空目录。
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The folder with the secret keys. ¦ 存放私钥的文件夹。
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// A signed head of the log that somebody holds, a checkpoint or a receipt: the backup must reach it; may be repeated. ¦ 他人持有的签名检查点或回执：备份须不短于它；可重复。
    #[arg(long, value_name = "FILE", required_unless_present = "as_newest")]
    seen: Vec<PathBuf>,
    /// You answer for it that nobody holds a signed head of more entries: else going on from here is a fork of the log. ¦ 由您负责：确认无人持有覆盖更多条目的检查点；否则由此继续即构成日志分叉。
    #[arg(long)]
    as_newest: bool,
}

#[derive(Debug, Args)]
struct StateDigestArgs {
    /// The data folder of a stopped server; otherwise the running server is asked. ¦ 已停止服务的数据目录；不写则询问运行中的服务。
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// Reads the command line and does what it says.
pub fn run(arguments: Vec<OsString>, environment: BTreeMap<String, String>) -> ExitCode {
    let language = language(&arguments, &environment);
    let screen = Screen::new(language);
    let command = localise(CommandLine::command(), language);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|mut matches| CommandLine::from_arg_matches_mut(&mut matches));
    let line = match parsed {
        Ok(line) => line,
        // Also help and version, which go to standard output with status 0.
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    match perform(line.command, environment, &screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            screen.complain(&complaint);
            ExitCode::FAILURE
        }
    }
}

fn perform(
    task: Task,
    environment: BTreeMap<String, String>,
    screen: &Screen,
) -> Result<(), screen::Complaint> {
    match task {
        Task::Init(args) => local::init(args, screen),
        Task::Serve(args) => serve::run(args, environment, screen),
        Task::Catalogue(CatalogueTask::Check { folder }) => {
            local::check_catalogue(&folder, screen).map(drop)
        }
        Task::Catalogue(CatalogueTask::Publish { folder, connection }) => {
            acts::publish(&folder, &connection, screen)
        }
        Task::Token(args) => acts::token(args, screen),
        Task::Unit(UnitTask::Extend {
            slot,
            until,
            reason,
            connection,
        }) => acts::extend(&slot, &until, reason, &connection, screen),
        Task::Unit(UnitTask::Exempt {
            slot,
            reason,
            connection,
        }) => acts::exempt(&slot, reason, &connection, screen),
        Task::History(HistoryTask::Import(args)) => history::import(&args, screen),
        Task::Key(KeyTask::List { unit, connection }) => {
            remote::list_keys(unit, &connection, screen)
        }
        Task::Key(KeyTask::Revoke {
            key,
            reason,
            connection,
        }) => acts::revoke(&key, reason, &connection, screen),
        Task::Decide(args) => acts::decide(args, screen),
        Task::Client(args) => local::client(&args, screen),
        Task::Rebuild(args) => local::rebuild(&args.data, screen),
        Task::StateDigest(args) => match args.data {
            Some(data) => local::state_digest(&data, screen),
            None => remote::state_digest(&args.connection, screen),
        },
        Task::Status(connection) => remote::status(&connection, screen),
        Task::Agents(args) => agents::list(args, screen),
        Task::Backup(args) => backup::backup(&args, screen),
        Task::VerifyBackup(args) => backup::verify(&args, screen),
        Task::Restore(args) => backup::restore(&args, screen),
        Task::Notices(task) => notices::perform(task, &environment, screen),
        Task::People(task) => people::perform(task, screen),
    }
}

/// The language asked for by `--lang`, else by the environment. Read before clap does, because help is printed in it.
fn language(arguments: &[OsString], environment: &BTreeMap<String, String>) -> Language {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let flag = words.iter().enumerate().find_map(|(at, word)| match *word {
        "--lang" => words.get(at + 1).copied(),
        word => word.strip_prefix("--lang="),
    });
    let variables = ["GRANARY_LANG", "LC_ALL", "LANG"];
    let from_environment = variables
        .iter()
        .filter_map(|name| environment.get(*name))
        .find_map(|v| Language::parse(v));
    flag.and_then(Language::parse)
        .or(from_environment)
        .unwrap_or_default()
}

/// Keeps one language of every help text.
fn localise(command: Command, language: Language) -> Command {
    let pick = |text: Option<&clap::builder::StyledStr>| {
        text.map(|text| half(&text.to_string(), language))
    };
    let (about, after) = (pick(command.get_about()), pick(command.get_after_help()));
    let mut command = command.mut_args(|arg| match pick(arg.get_help()) {
        Some(help) => arg.help(help),
        None => arg,
    });
    if let Some(about) = about {
        command = command.long_about(about.clone()).about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |sub| localise(sub, language))
    })
}

/// The half of a text in one language; in a text of several lines each line is split by itself.
fn half(text: &str, language: Language) -> String {
    let line = |line: &str| match (line.split_once(SEPARATOR), language) {
        (Some((en, _)), Language::En) => {
            en.to_owned()
                + if line.ends_with(':') && !en.ends_with(':') {
                    ":"
                } else {
                    ""
                }
        }
        (Some((_, zh)), Language::Zh) => zh.to_owned(),
        (None, _) => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;

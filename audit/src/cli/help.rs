//! The help in both languages, with examples. A test holds that no argument lacks its Chinese text.

mod journal;
mod log;
mod witness;
mod bulletin;
mod tables;
mod evidence;
mod sample;
mod bulletin_check;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use granary_core::text::Language;

use super::{Environment, args::Args};

/// The language of this run: `--lang`, then the environment, then Chinese.
pub(super) fn language(args: &[OsString], environment: &Environment<'_>) -> Language {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let flag = args.iter().enumerate().find_map(|(at, arg)| {
        if arg == "--lang" {
            return args.get(at + 1).map(ToString::to_string);
        }
        arg.strip_prefix("--lang=").map(ToOwned::to_owned)
    });
    let variables = ["GRANARY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];
    let said = flag
        .into_iter()
        .chain(variables.iter().filter_map(|name| environment(name)));
    said.filter_map(|text| Language::parse(&text))
        .next()
        .unwrap_or_default()
}

/// The arguments with their help in `language`.
pub(super) fn command(language: Language) -> Command {
    let command = Args::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .display_order(200)
        .action(ArgAction::Version);
    let command = command
        .disable_version_flag(true)
        // A terminal folds long lines itself, and an example is copied whole.
        .term_width(0)
        .arg(version.help("Print the version"));
    let mut command = worded(command, "granary-audit", language).after_help(match language {
        Language::Zh => AFTER_ZH,
        Language::En => AFTER_EN,
    });
    for name in names {
        command = command.mut_subcommand(&name, |sub| explained(sub, "", language));
    }
    command
}

/// A command, and those below it, with examples. Two commands may have one name below different ones, so texts are found
/// by all of the words.
fn explained(command: Command, above: &str, language: Language) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let words = format!("{above} {}", command.get_name());
    let words = words.trim();
    let mut command = worded(command, words, language)
        .disable_help_subcommand(true)
        .after_help(examples(words, language));
    for name in names {
        command = command.mut_subcommand(&name, |sub| explained(sub, words, language));
    }
    command
}

/// Adds the help flag, which clap would add too late; replaces every text by its Chinese form, where that is asked for.
fn worded(command: Command, words: &str, language: Language) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .display_order(200)
        .action(ArgAction::Help);
    let command = command.disable_help_flag(true).arg(help.help("Print help"));
    match language {
        Language::Zh => in_chinese(command, words),
        Language::En => command,
    }
}

fn in_chinese(command: Command, words: &str) -> Command {
    let about = chinese(words);
    let command = command
        .help_template("{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .mut_args(|arg| {
            let text = chinese(arg.get_id().as_str());
            let heading = if arg.is_positional() {
                "参数"
            } else {
                "选项"
            };
            let arg = arg.help_heading(heading);
            match text {
                Some(text) => arg.help(text),
                None => arg,
            }
        });
    match about {
        Some(about) => command.about(about),
        None => command,
    }
}

fn chinese(id: &str) -> Option<&'static str> {
    CHINESE
        .iter()
        .chain(journal::CHINESE)
        .chain(log::CHINESE)
        .chain(bulletin::CHINESE)
        .chain(tables::CHINESE)
        .chain(evidence::CHINESE)
        .chain(sample::CHINESE)
        .chain(bulletin_check::CHINESE)
        .chain(witness::CHINESE)
        .find(|(known, _)| *known == id)
        .map(|(_, text)| *text)
}

/// By the words of the command or the name of the argument.
const CHINESE: &[(&str, &str)] = &[
    ("granary-audit", "离线核验回执；查看谁已报送、哪里不平"),
    ("verify", "仅凭日志公钥离线核验回执或检查点"),
    ("completeness", "统计按时、迟报、未报的份数和两个率"),
    (
        "measures",
        "计算报送质量指标：报送率、迟报时长、一次通过、问题、修订、系统应用率",
    ),
    ("findings", "列出现行数据上不成立的审核及单位的说明"),
    (
        "screen",
        "对一期数据运行检测器：哪些不寻常，偶然会有多少疑问",
    ),
    (
        "recheck",
        "用每条审核重新判定一张报表的全部现行数据，统计结论",
    ),
    ("slots", "列出每份应报的状态"),
    ("series", "读取一个指标的序列：某一时点所知的值，或全部版本"),
    ("league", "生成一张考核表的排名：得分、名次、档次、授旗"),
    (
        "explain",
        "说明一个单位的得分怎样得来，直到每份应报和每个问题",
    ),
    ("targets", "列出一年目标的完成进度，与时间进度并列"),
    ("scorecard", "考核表代码"),
    ("component", "只看这一评分项；不写则全部"),
    ("year", "年份"),
    ("department", "只看这个部门负责的指标"),
    ("risk", "列出很可能迟报的待报，最危险的在前，并说明理由"),
    ("arrivals", "一期报表按往常此时应到多少、实到多少"),
    ("calibrate", "回放历史：预警准不准，与基准率对照"),
    ("min_chance", "只列迟报可能不低于这个百分数的"),
    ("overdue", "也列出已经逾期的"),
    ("most", "最多列多少行"),
    (
        "calendar",
        "列出一年中各报表的截止时间、顺延缘由和窗口，并可写成办公日历",
    ),
    (
        "agenda_unit",
        "只列这个单位应报的；与 --server 或 --export 同用时还列出其延期和免报",
    ),
    ("catalogue", "存放目录 TOML 文件的文件夹"),
    (
        "agenda_server",
        "从这个市级系统取现行目录 https://主机:端口",
    ),
    (
        "agenda_identity",
        "存放 ca.pem、client.pem、client.key 的目录，与 --server 同用",
    ),
    ("agenda_archive", "取自 export 写出的文件，先从头到尾核验"),
    (
        "ics",
        "写成 iCalendar 文件（RFC 5545），每个截止时间提前一天提醒",
    ),
    ("rules", "把目录里的审核关系带到别处"),
    (
        "rules export",
        "把审核关系写成 VTL 2.2 规则集，连同数据和比对程序，供他人的引擎运行",
    ),
    ("vtl", "存放目录 TOML 文件的文件夹"),
    ("out", "写到哪个文件夹；须尚不存在，或为空"),
    (
        "data",
        "CSV 数据（unit, dataset, period, indicator, value）：文件，或存放这种文件的文件夹；可重复",
    ),
    ("figures_server", "从这个市级系统取数 https://主机:端口"),
    (
        "figures_identity",
        "存放 ca.pem、client.pem、client.key 的目录，与 --server 同用",
    ),
    (
        "figures_as_of",
        "与 --server 同用：截至这一时点（RFC 3339），如 2021-10-12T12:00:00+08:00；不写则为现在",
    ),
    (
        "lang",
        "输出语言：zh 或 en（否则依次看 GRANARY_LANG、LC_ALL、LC_MESSAGES、LANG；都没有则 zh）",
    ),
    ("zone", "显示时间所用的时区"),
    ("json", "输出一个 JSON 对象"),
    ("width", "表格最宽的列数（否则看 COLUMNS；都没有则 160）"),
    (
        "receipt",
        "回执文件（c2sp.org/tlog-proof@v1）；- 表示标准输入",
    ),
    ("log_key", "日志公钥，形如 origin+hash+key，或存有它的文件"),
    ("payload", "内容文件，其 SHA-256 须与条目中的相同"),
    ("checkpoint", "核验检查点（signed note），而不是回执"),
    ("server", "市级系统地址 https://主机:端口"),
    ("identity", "存放 ca.pem、client.pem、client.key 的目录"),
    ("unit", "单位代码（可重复，或用逗号分隔）"),
    ("dataset", "报表代码"),
    (
        "period",
        "报告期，如 2021-A1、2021-S1、2021-Q3、2021-M03、2021-03-31",
    ),
    ("by", "按什么分行；不写则合为一行"),
    ("under", "只看这个单位及其下级"),
    (
        "imported",
        "仅有导入历史的应报：apart 另计，counted 计入应报",
    ),
    (
        "as_of",
        "截至这一时点（RFC 3339），如 2021-10-12T12:00:00+08:00；不写则为现在",
    ),
    ("status", "只列这些状态的问题"),
    ("state", "只列这些状态的应报"),
    ("limit", "最多列多少行"),
    ("indicator", "指标代码"),
    ("item", "明细项"),
    ("from", "第一个报告期；不写则从头"),
    ("to", "最后一个报告期；不写则到底"),
    ("vintages", "列出全部版本，而不是某一时点所知的值"),
    ("help", "显示帮助"),
    ("version", "显示版本"),
];

fn examples(command: &str, language: Language) -> &'static str {
    match (command, language) {
        ("verify", Language::Zh) => VERIFY_ZH,
        ("verify", Language::En) => VERIFY_EN,
        ("completeness", Language::Zh) => COMPLETENESS_ZH,
        ("completeness", Language::En) => COMPLETENESS_EN,
        ("measures", Language::Zh) => MEASURES_ZH,
        ("measures", Language::En) => MEASURES_EN,
        ("findings", Language::Zh) => FINDINGS_ZH,
        ("findings", Language::En) => FINDINGS_EN,
        ("screen", Language::Zh) => SCREEN_ZH,
        ("screen", Language::En) => SCREEN_EN,
        ("recheck", Language::Zh) => RECHECK_ZH,
        ("recheck", Language::En) => RECHECK_EN,
        ("slots", Language::Zh) => SLOTS_ZH,
        ("slots", Language::En) => SLOTS_EN,
        ("series", Language::Zh) => SERIES_ZH,
        ("series", Language::En) => SERIES_EN,
        ("league", Language::Zh) => LEAGUE_ZH,
        ("league", Language::En) => LEAGUE_EN,
        ("explain", Language::Zh) => EXPLAIN_ZH,
        ("explain", Language::En) => EXPLAIN_EN,
        ("targets", Language::Zh) => TARGETS_ZH,
        ("targets", Language::En) => TARGETS_EN,
        ("risk", Language::Zh) => RISK_ZH,
        ("risk", Language::En) => RISK_EN,
        ("arrivals", Language::Zh) => ARRIVALS_ZH,
        ("arrivals", Language::En) => ARRIVALS_EN,
        ("calibrate", Language::Zh) => CALIBRATE_ZH,
        ("calibrate", Language::En) => CALIBRATE_EN,
        ("calendar", Language::Zh) => CALENDAR_ZH,
        ("calendar", Language::En) => CALENDAR_EN,
        ("rules", Language::Zh) => RULES_ZH,
        ("rules", Language::En) => RULES_EN,
        ("rules export", Language::Zh) => RULES_EXPORT_ZH,
        ("rules export", Language::En) => RULES_EXPORT_EN,
        ("export", Language::Zh) => journal::EXPORT_ZH,
        ("export", Language::En) => journal::EXPORT_EN,
        ("fsck", Language::Zh) => journal::FSCK_ZH,
        ("fsck", Language::En) => journal::FSCK_EN,
        ("replay", Language::Zh) => journal::REPLAY_ZH,
        ("replay", Language::En) => journal::REPLAY_EN,
        ("log", Language::Zh) => log::LOG_ZH,
        ("log", Language::En) => log::LOG_EN,
        ("witness", Language::Zh) => witness::WITNESS_ZH,
        ("witness", Language::En) => witness::WITNESS_EN,
        ("witness list", Language::Zh) => witness::LIST_ZH,
        ("witness list", Language::En) => witness::LIST_EN,
        ("witness policy", Language::Zh) => witness::POLICY_ZH,
        ("witness policy", Language::En) => witness::POLICY_EN,
        ("bulletin", Language::Zh) => bulletin::BULLETIN_ZH,
        ("bulletin", Language::En) => bulletin::BULLETIN_EN,
        ("tables", Language::Zh) => tables::TABLES_ZH,
        ("tables", Language::En) => tables::TABLES_EN,
        ("structure", Language::Zh) => tables::STRUCTURE_ZH,
        ("structure", Language::En) => tables::STRUCTURE_EN,
        ("evidence", Language::Zh) => evidence::EVIDENCE_ZH,
        ("evidence", Language::En) => evidence::EVIDENCE_EN,
        ("access", Language::Zh) => evidence::ACCESS_ZH,
        ("access", Language::En) => evidence::ACCESS_EN,
        ("bulletin-check", Language::Zh) => bulletin_check::CHECK_ZH,
        ("bulletin-check", Language::En) => bulletin_check::CHECK_EN,
        (_, _) => sample::examples(command, language),
    }
}

const AFTER_ZH: &str = "示例：
  granary-audit verify 2021-Q3.receipt --log-key log.vkey
  granary-audit completeness --server https://city.example:7443 --identity auditor --by unit
  granary-audit findings --server https://city.example:7443 --identity auditor --status open

退出码：0 成立或已回答；1 不成立；2 参数、文件或连接有误";

const AFTER_EN: &str = "Examples:
  granary-audit verify 2021-Q3.receipt --log-key log.vkey
  granary-audit completeness --server https://city.example:7443 --identity auditor --by unit
  granary-audit findings --server https://city.example:7443 --identity auditor --status open

Exit codes: 0 it holds, or was answered; 1 it does not hold; 2 wrong arguments, files or connection";

const VERIFY_ZH: &str =
    "不联网。核验检查点的签名和包含证明，再解读日志条目；说明它证明什么、不证明什么。

示例：
  granary-audit verify 2021-Q3.receipt --log-key log.vkey
  granary-audit verify 2021-Q3.receipt --log-key log.vkey --payload 2021-Q3.snapshot --json
  granary-audit verify 2021-Q3.receipt --log-key log.vkey --policy witnesses.policy
  granary-audit verify --checkpoint checkpoint --log-key 'city.example/granary+0123abcd+AX...'

退出码：0 成立；1 不成立；2 参数或文件有误";

const VERIFY_EN: &str = "Uses no network. Verifies the checkpoint's signature and the inclusion proof, then reads the journal entry, and
says what it proves and what it does not.

Examples:
  granary-audit verify 2021-Q3.receipt --log-key log.vkey
  granary-audit verify 2021-Q3.receipt --log-key log.vkey --payload 2021-Q3.snapshot --json
  granary-audit verify 2021-Q3.receipt --log-key log.vkey --policy witnesses.policy
  granary-audit verify --checkpoint checkpoint --log-key 'city.example/granary+0123abcd+AX...'

Exit codes: 0 it holds; 1 it does not hold; 2 wrong arguments or files";

const COMPLETENESS_ZH: &str = "报送率 = (按时 + 迟报) / (应报 - 免报)
按时率 = 按时 / (应报 - 免报)
待报（未到期、未收到）计入分母，不计入分子：还有待报时，两个率都是中间数。五种状态之和总等于应报。

示例：
  granary-audit completeness --server https://city.example:7443 --identity auditor --by unit --period 2021-Q3
  granary-audit completeness --server https://city.example:7443 --identity auditor --as-of 2021-10-12T12:00:00+08:00";

const COMPLETENESS_EN: &str = "reporting rate = (timely + late) / (expected - exempt)
on-time rate   = timely / (expected - exempt)
A pending slot (not yet due, not yet accepted) is in the denominator and not in a numerator: while any is pending, both
rates are interim. The five states always sum to the slots expected.

Examples:
  granary-audit completeness --server https://city.example:7443 --identity auditor --by unit --period 2021-Q3
  granary-audit completeness --server https://city.example:7443 --identity auditor --as-of 2021-10-12T12:00:00+08:00";

const MEASURES_ZH: &str = "各项指标的公式、分子、分母和出处见 docs/METRICS.md。

示例：
  granary-audit measures --server https://city.example:7443 --identity auditor --by unit --period 2021-Q3
  granary-audit measures --server https://city.example:7443 --identity auditor --by department --under 520100 --as-of 2021-10-12T12:00:00+08:00";

const MEASURES_EN: &str = "docs/METRICS.md has each measure's formula, numerator, denominator and source.

Examples:
  granary-audit measures --server https://city.example:7443 --identity auditor --by unit --period 2021-Q3
  granary-audit measures --server https://city.example:7443 --identity auditor --by department --under 520100 --as-of 2021-10-12T12:00:00+08:00";

const FINDINGS_ZH: &str = "示例：
  granary-audit findings --server https://city.example:7443 --identity auditor --status open,explained
  granary-audit findings --server https://city.example:7443 --identity auditor --unit 621100 --json";

const FINDINGS_EN: &str = "Examples:
  granary-audit findings --server https://city.example:7443 --identity auditor --status open,explained
  granary-audit findings --server https://city.example:7443 --identity auditor --unit 621100 --json";

const SCREEN_ZH: &str = "疑问请单位核实，不是结论。各方法的公式与出处见 docs/DETECTORS.md。

示例：
  granary-audit screen --server https://city.example:7443 --identity auditor --dataset annual-accounts --period 2021-A1";

const SCREEN_EN: &str = "A flag is a question to the unit, never a proof. docs/DETECTORS.md has each method's formula and source.

Examples:
  granary-audit screen --server https://city.example:7443 --identity auditor --dataset annual-accounts --period 2021-A1";

const RECHECK_ZH: &str = "示例：
  granary-audit recheck --server https://city.example:7443 --identity auditor --dataset annual-accounts";

const RECHECK_EN: &str = "Examples:
  granary-audit recheck --server https://city.example:7443 --identity auditor --dataset annual-accounts";

const SLOTS_ZH: &str = "示例：
  granary-audit slots --server https://city.example:7443 --identity auditor --state late,missing --period 2021-Q3";

const SLOTS_EN: &str = "Examples:
  granary-audit slots --server https://city.example:7443 --identity auditor --state late,missing --period 2021-Q3";

const SERIES_ZH: &str = "示例：
  granary-audit series --server https://city.example:7443 --identity auditor \\
    --unit 621100 --dataset annual-accounts --indicator gdp --vintages";

const SERIES_EN: &str = "Examples:
  granary-audit series --server https://city.example:7443 --identity auditor \\
    --unit 621100 --dataset annual-accounts --indicator gdp --vintages";

const LEAGUE_ZH: &str = "规则见 docs/SCORES.md。表下列出所依据的日志树和文件的 SHA-256，任何人都可据以重算。

示例：
  granary-audit league --server https://city.example:7443 --identity auditor --scorecard counties --period 2021-Q1";

const LEAGUE_EN: &str = "docs/SCORES.md has the rules. Below the table stand the log's tree that it stands on and the document's SHA-256, so that
anybody can compute it again.

Examples:
  granary-audit league --server https://city.example:7443 --identity auditor --scorecard counties --period 2021-Q1";

const EXPLAIN_ZH: &str = "示例：
  granary-audit explain --server https://city.example:7443 --identity auditor \\
    --scorecard counties --period 2021-Q1 --unit 520100";

const EXPLAIN_EN: &str = "Examples:
  granary-audit explain --server https://city.example:7443 --identity auditor \\
    --scorecard counties --period 2021-Q1 --unit 520100";

const TARGETS_ZH: &str = "示例：
  granary-audit targets --server https://city.example:7443 --identity auditor --year 2021 --department statistics";

const TARGETS_EN: &str = "Examples:
  granary-audit targets --server https://city.example:7443 --identity auditor --year 2021 --department statistics";

const RISK_ZH: &str = "依据只有该时点已知的往期：本单位往期迟报多少、往常此时已报到多少，并向同级单位收缩。公式见 docs/FORECAST.md。

示例：
  granary-audit risk --server https://city.example:7443 --identity auditor --min-chance 30
  granary-audit risk --server https://city.example:7443 --identity auditor --unit 621100 --as-of 2021-10-12T09:00:00+08:00
  granary-audit risk --export city.granary --min-chance 50";

const RISK_EN: &str = "From what was known of the past at that instant: how often the unit was late, how much of it had usually arrived by this
hour, shrunk towards the units of its level. docs/FORECAST.md has the formulas.

Examples:
  granary-audit risk --server https://city.example:7443 --identity auditor --min-chance 30
  granary-audit risk --server https://city.example:7443 --identity auditor --unit 621100 --as-of 2021-10-12T09:00:00+08:00
  granary-audit risk --export city.granary --min-chance 50";

const ARRIVALS_ZH: &str = "示例：
  granary-audit arrivals --server https://city.example:7443 --identity auditor --dataset quarterly-accounts --period 2021-Q3";

const ARRIVALS_EN: &str = "Examples:
  granary-audit arrivals --server https://city.example:7443 --identity auditor --dataset quarterly-accounts --period 2021-Q3";

const CALIBRATE_ZH: &str = "按时间顺序回放：每份应报都只凭当时已知的往期预报，再与结果对照。历史太短时不下结论。

示例：
  granary-audit calibrate --server https://city.example:7443 --identity auditor --dataset quarterly-accounts";

const CALIBRATE_EN: &str = "History is replayed in the order of time: each slot is forecast from what was known then and scored by what came of it.
Where history is too short, nothing is claimed.

Examples:
  granary-audit calibrate --server https://city.example:7443 --identity auditor --dataset quarterly-accounts";
const CALENDAR_ZH: &str = "截止日遇周末和节假日的顺延规定见 docs/CALENDAR.md。

示例：
  granary-audit calendar --year 2026 --catalogue catalogue
  granary-audit calendar --year 2026 --unit 621100 --server https://city.example:7443 --identity auditor --ics 2026.ics
  granary-audit calendar --year 2026 --unit 621100 --export city.granary

退出码：0 已列出；2 参数、文件或连接有误";

const CALENDAR_EN: &str = "docs/CALENDAR.md says how deadlines move past weekends and holidays.

Examples:
  granary-audit calendar --year 2026 --catalogue catalogue
  granary-audit calendar --year 2026 --unit 621100 --server https://city.example:7443 --identity auditor --ics 2026.ics
  granary-audit calendar --year 2026 --unit 621100 --export city.granary

Exit codes: 0 listed; 2 wrong arguments, files or connection";

const RULES_ZH: &str = "示例：
  granary-audit rules export --vtl catalogue --data figures.csv -o vtl-export";

const RULES_EN: &str = "Examples:
  granary-audit rules export --vtl catalogue --data figures.csv -o vtl-export";

const RULES_EXPORT_ZH: &str =
    "写出：rulesets.vtl、transformations.vtl、structures.json、data/*.csv、本系统的判定 granary-verdicts.csv、
比对程序 run.py，以及说明 export-notes.md（未能导出的审核关系及原因、已知差异）。

示例：
  granary-audit rules export --vtl catalogue --data figures.csv -o vtl-export
  granary-audit rules export --vtl catalogue -o vtl-export --server https://city.example:7443 --identity auditor
  python3 -m venv vtl && vtl/bin/pip install -r vtl-export/requirements.txt && vtl/bin/python vtl-export/run.py

退出码：0 已写出；2 参数、文件或连接有误";

const RULES_EXPORT_EN: &str = "Writes rulesets.vtl, transformations.vtl, structures.json, data/*.csv, Granary's own verdicts (granary-verdicts.csv),
run.py, which runs the rules in vtlengine and compares, and export-notes.md: what could not be exported and why, and the
known differences.

Examples:
  granary-audit rules export --vtl catalogue --data figures.csv -o vtl-export
  granary-audit rules export --vtl catalogue -o vtl-export --server https://city.example:7443 --identity auditor
  python3 -m venv vtl && vtl/bin/pip install -r vtl-export/requirements.txt && vtl/bin/python vtl-export/run.py

Exit codes: 0 written; 2 wrong arguments, files or connection";

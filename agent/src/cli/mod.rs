//! The command line: what can be asked for, and which status the process ends with.
//!
//! | status | meaning |
//! |---|---|
//! | 0 | done; for `check` and `submit`: the file is in order, or the city has accepted it |
//! | 1 | returned: a validity edit fails; correct the figures; for `doctor`: something fails |
//! | 2 | the command line is wrong |
//! | 3 | refused: the file cannot be read or admitted; for `verify`: the receipt does not hold |
//! | 4 | not possible now: not enrolled, settings wrong, no catalogue yet, no connection for an enrolment |
//! | 5 | handed in and safe in the spool, but the city has not answered yet |

mod act;
mod check;
mod doctor;
mod enrol;
mod explain;
pub(crate) mod out;
mod page;
mod revise;
mod rotate;
#[cfg(all(windows, feature = "windows-service"))]
mod service;
mod sign;
mod status;
mod submit;
mod template;
mod verify;
mod withdraw;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use granary_core::text::{Bilingual, Language};
use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::log_file::{LogFile, Tee};
use crate::platform;
use crate::run;
use crate::settings::Settings;
use crate::stamp;

/// The environment variable for the filter of log lines.
const LOG_VARIABLE: &str = "GRANARY_AGENT_LOG";

const EXAMPLES: &str = "Examples (示例):
  granary-agent enrol --server https://tj.example.cn:7443 --token granary1.… --unit 520100 --dir /srv/granary
  granary-agent run --dir /srv/granary
  granary-agent check 2021Q3.csv --dir /srv/granary
  granary-agent template quarterly-accounts 2021-Q3 -o form.xlsx --dir /srv/granary
  granary-agent submit 2021Q3.csv --wait 60 --dir /srv/granary
  granary-agent explain --dir /srv/granary
  granary-agent revise 2021Q3.csv --dir /srv/granary
  granary-agent withdraw monthly-revenue 2021-M04 --dir /srv/granary
  granary-agent sign waiting/….granary --dir /srv/granary-head
  granary-agent rotate-key --dir /srv/granary
  granary-agent page --dir /srv/granary
  granary-agent status --dir /srv/granary
  granary-agent doctor --dir /srv/granary
  granary-agent verify receipts/….tlog-proof --dir /srv/granary

Exit status (退出码):
  0 done, or accepted (完成/通过)      1 returned by a validity edit (强制性审核退回)
  2 wrong command line (命令有误)      3 refused, or a receipt that does not hold (不予受理/回执无效)
  4 not possible now (暂不能执行)      5 spooled, no answer yet (已入队，尚无答复)";

const RUN_HELP: &str = "Examples (示例):
  granary-agent run --dir /srv/granary
  GRANARY_AGENT_LOG=debug GRANARY_AGENT_LINK_BACKOFF_MS_MAX=5000 granary-agent run --dir /srv/granary

Settings (设置), in agent.toml or in the environment as GRANARY_AGENT_<KEY WITH _ FOR .>:
  unit, server                         required (必填)
  language                             zh or en; of reports and screens
  time_zone                            default Asia/Shanghai
  folders.root, folders.state          default . and state
  spool.bytes_max                      default 4294967296
  spool.disk_free_bytes_min            default 268435456
  evidence.bytes_max                   default 67108864
  link.connect_timeout_ms              default 10000
  link.answer_timeout_ms               default 60000
  link.keepalive_interval_ms, link.keepalive_timeout_ms    default 30000, 20000
  link.backoff_ms_min, link.backoff_ms_max                 default 500, 60000
  link.in_flight_max, link.in_flight_bytes_max             default 128, 1048576
  link.drain_ms_max                    default 5000
  poll.inbox_ms, poll.settle_ms        default 5000, 1000
  poll.catalogue_ms                    default 600000
  poll.assessments_wait_ms             default 20000
  poll.witness_ms, poll.heartbeat_ms   default 60000
  log.bytes_max, log.files_max         default 4194304, 5; log/agent.log in the state folder
  page.listen                          default 127.0.0.1:7490; the local page (本机页面); off for none (写 off 不开)
  traces.endpoint                      default off; an OTLP collector, http://127.0.0.1:4317 (链路追踪)
  traces.sample, traces.service        default 1, granary-agent; the share of snapshots 0 to 1 (采样比例)

SIGTERM or Ctrl-C ends it: answers on their way are waited for, nothing is lost.";

/// Hands a unit's figures in: checks, signs, keeps, sends, and brings the receipt home (报送采集端).
#[derive(Parser)]
#[command(name = "granary-agent", version, after_help = EXAMPLES, max_term_width = 120)]
struct Arguments {
    /// The agent's folder, with agent.toml in it (采集端文件夹)
    #[arg(long, global = true, env = "GRANARY_AGENT_DIR", default_value = ".")]
    dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Get a certificate and enter the signing key in the city's journal, once (登记)
    #[command(after_help = enrol::HELP)]
    Enrol(enrol::Arguments),
    /// Watch the inbox, send what is in order, bring answers home; until it is stopped (运行)
    #[command(after_help = RUN_HELP)]
    Run,
    /// Check a file as the city will; nothing is sent or moved (审核，不报送)
    #[command(after_help = check::HELP)]
    Check(check::Arguments),
    /// Write a form for a dataset and period, to be filled in and handed in (生成填报表格)
    #[command(after_help = template::HELP)]
    Template(template::Arguments),
    /// Hand one file in and wait for the answer (报送一个文件)
    #[command(after_help = submit::HELP)]
    Submit(submit::Arguments),
    /// List quality findings on own records, or explain one: the same figures again, with the reason (说明审核问题)
    #[command(after_help = explain::HELP)]
    Explain(explain::Arguments),
    /// Show what a corrected file changes, and hand it in with the reason (修订)
    #[command(after_help = revise::HELP)]
    Revise(revise::Arguments),
    /// State what was reported to be missing, with the reason; nothing is deleted (撤回)
    #[command(after_help = withdraw::HELP)]
    Withdraw(withdraw::Arguments),
    /// Add your signature to a statement that waits for it (为待签的报送补签)
    #[command(after_help = sign::HELP)]
    Sign(sign::Arguments),
    /// Replace the signing key by a new one (更换签名密钥)
    #[command(after_help = rotate::HELP)]
    RotateKey(rotate::Arguments),
    /// Install this program as a Windows service, or remove it (Windows 服务)
    #[cfg(all(windows, feature = "windows-service"))]
    #[command(after_help = service::HELP, subcommand)]
    Service(service::Action),
    /// Print the address of the local page that a running agent serves (本机页面)
    #[command(after_help = page::HELP)]
    Page(page::Arguments),
    /// Show how it stands: line, spool, receipts, catalogue, alarms (状态)
    #[command(after_help = status::HELP)]
    Status,
    /// Look for what is wrong with this installation, and say what to do (体检)
    #[command(after_help = doctor::HELP)]
    Doctor,
    /// Verify a receipt offline, from the log's public key alone (验证回执)
    #[command(after_help = verify::HELP)]
    Verify(verify::Arguments),
}

/// What a command came to.
pub(crate) enum Ended {
    Done,
    Returned,
    Refused,
    NotNow(Bilingual),
    Spooled,
}

/// Runs one command and gives the status to end with.
#[must_use]
pub fn main(
    arguments: impl Iterator<Item = OsString>,
    environment: BTreeMap<String, String>,
) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for; everything else is a mistake on the command line.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    start_log(
        environment.get(LOG_VARIABLE).map_or("info", String::as_str),
        &arguments.command,
    );
    let fallback = language(&environment);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(arguments, &environment, fallback)),
        Err(error) => Ended::NotNow(Bilingual::new(error.to_string(), error.to_string())),
    };
    match ended {
        Ended::Done => ExitCode::SUCCESS,
        Ended::Returned => ExitCode::from(1),
        Ended::Refused => ExitCode::from(3),
        Ended::Spooled => ExitCode::from(5),
        Ended::NotNow(why) => {
            out::complain(why.get(fallback));
            ExitCode::from(4)
        }
    }
}

async fn dispatch(
    arguments: Arguments,
    environment: &BTreeMap<String, String>,
    fallback: Language,
) -> Ended {
    let dir = arguments.dir;
    let settings = || {
        Settings::load(&dir, environment).map_err(|faults| {
            Ended::NotNow(Bilingual::new(
                faults.text(Language::Zh),
                faults.text(Language::En),
            ))
        })
    };
    // What writes the state folder asks first whether this program may.
    let claimed = || {
        let settings = settings()?;
        stamp::claim(&settings.state).map_err(|error| Ended::NotNow(error.words()))?;
        Ok(settings)
    };
    let ended = match arguments.command {
        Command::Enrol(arguments) => enrol::enrol(&dir, arguments).await,
        Command::Verify(arguments) => verify::verify(&dir, &arguments, fallback),
        Command::Run => match claimed() {
            Ok(settings) => serve(settings).await,
            Err(ended) => Err(ended),
        },
        Command::Check(arguments) => {
            settings().and_then(|settings| check::check(&settings, &arguments))
        }
        Command::Template(arguments) => {
            settings().and_then(|settings| template::template(&settings, &arguments))
        }
        Command::Submit(arguments) => match claimed() {
            Ok(settings) => submit::submit(settings, arguments).await,
            Err(ended) => Err(ended),
        },
        Command::Explain(arguments) => match settings() {
            Ok(settings) => explain::run(settings, arguments).await,
            Err(ended) => Err(ended),
        },
        Command::Revise(arguments) => match settings() {
            Ok(settings) => revise::run(settings, arguments).await,
            Err(ended) => Err(ended),
        },
        Command::Withdraw(arguments) => match settings() {
            Ok(settings) => withdraw::run(settings, arguments).await,
            Err(ended) => Err(ended),
        },
        Command::Sign(arguments) => sign::sign(&dir, &arguments, fallback),
        Command::RotateKey(arguments) => match claimed() {
            Ok(settings) => rotate::rotate(&settings, &arguments).await,
            Err(ended) => Err(ended),
        },
        #[cfg(all(windows, feature = "windows-service"))]
        Command::Service(action) => service::act(&dir, &action),
        Command::Page(arguments) => {
            settings().and_then(|settings| page::run(&settings, &arguments))
        }
        Command::Status => settings().and_then(|settings| status::status(&settings)),
        Command::Doctor => Ok(doctor::doctor(&dir, environment, fallback).await),
    };
    ended.unwrap_or_else(|ended| ended)
}

async fn serve(settings: Settings) -> Result<Ended, Ended> {
    let stop = platform::stop_signal().map_err(|error| not_now(&error))?;
    LogFile::under(&settings.state, settings.log).install();
    let _traces = traces(&settings)?;
    run::run(settings, stop)
        .await
        .map_err(|error| not_now(&error))?;
    Ok(Ended::Done)
}

/// Begins to tell traces, where that is set; what waits is sent when what this gives is dropped.
fn traces(settings: &Settings) -> Result<Option<granary_trace::Traces>, Ended> {
    granary_trace::install(settings.traces.as_ref(), env!("CARGO_PKG_VERSION"))
        .map_err(|error| not_now(&error))
}

/// Log lines go to the error stream. Only `run` tells what goes well; the others speak by what they print.
fn start_log(filter: &str, command: &Command) {
    let filter = match command {
        Command::Run => filter,
        #[cfg(all(windows, feature = "windows-service"))]
        Command::Service(_) => filter,
        Command::Enrol(_)
        | Command::Check(_)
        | Command::Template(_)
        | Command::Submit(_)
        | Command::Explain(_)
        | Command::Revise(_)
        | Command::Withdraw(_)
        | Command::Sign(_)
        | Command::RotateKey(_)
        | Command::Page(_)
        | Command::Status
        | Command::Doctor
        | Command::Verify(_) => match filter {
            "info" => "error",
            other => other,
        },
    };
    // Levels by target; a filter with regular expressions would be a tenth of the program.
    let filter: Targets = filter
        .parse()
        .unwrap_or_else(|_| Targets::new().with_default(LevelFilter::ERROR));
    // Colours would stand in the file too.
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Tee)
        .with_target(false)
        .with_ansi(false);
    // A second start in the same process keeps the first subscriber.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
}

/// The language before any settings are read.
fn language(environment: &BTreeMap<String, String>) -> Language {
    let names = ["GRANARY_AGENT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"];
    names
        .iter()
        .find_map(|name| Language::parse(environment.get(*name)?))
        .unwrap_or_default()
}

pub(crate) fn not_now(error: &dyn std::fmt::Display) -> Ended {
    let text = error.to_string();
    Ended::NotNow(Bilingual::new(format!("暂不能执行：{text}"), text))
}

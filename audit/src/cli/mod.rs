//! Arguments, output and exit codes.
//!
//! Exit codes: 0, what was asked holds or was answered; 1, a receipt, checkpoint or payload does not hold; 2, the
//! arguments are wrong, a file cannot be read, or the city gave no answer. Answers go to standard output, also "it does
//! not hold", which is an answer; what went wrong goes to standard error.

mod args;
mod calendar;
mod forecast;
mod bulletin;
mod evidence;
mod access;
mod bulletin_check;
mod help;
mod journal;
mod log;
mod offline;
mod online;
mod rules;
mod tables;
mod sample;
mod witness;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::FromArgMatches as _;
use granary_core::text::{Bilingual, Language};

use self::args::{Args, RulesTask, Task};
use crate::{progress::Screen, words::Manner};

/// What one run says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// For standard output.
    pub output: String,
    /// For standard error.
    pub error: String,
    /// The exit code.
    pub code: u8,
}

/// It holds, or was answered.
pub const HOLDS: u8 = 0;
/// It does not hold.
pub const DOES_NOT_HOLD: u8 = 1;
/// Wrong arguments, an unreadable file, or no answer.
pub const FAILED: u8 = 2;

/// A variable of the environment by its name.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Runs the program: the first argument is its name.
#[must_use]
pub fn run(args: Vec<OsString>, environment: &Environment<'_>) -> ExitCode {
    let response = answer(args, environment, Screen::Standard);
    // Where the reader has gone away, as `head` does, there is nobody left to tell.
    let _ = io::stdout().write_all(response.output.as_bytes());
    let _ = io::stderr().write_all(response.error.as_bytes());
    ExitCode::from(response.code)
}

/// Does what the arguments ask for, and writes nothing on the screen.
#[must_use]
pub fn respond(args: Vec<OsString>, environment: &Environment<'_>) -> Response {
    answer(args, environment, Screen::Silent)
}

/// Does what the arguments ask for; only how far it is goes to `screen`.
fn answer(args: Vec<OsString>, environment: &Environment<'_>, screen: Screen) -> Response {
    let language = help::language(&args, environment);
    let parsed = help::command(language)
        .try_get_matches_from(args)
        .and_then(|matches| Args::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let manner = Manner {
        language,
        zone: args.zone.clone(),
        width: args.width.or_else(|| columns(environment)).unwrap_or(WIDTH),
    };
    match &args.task {
        Task::Verify(verify) => offline::verify(&manner, args.json, verify),
        Task::Completeness(ask) => online::completeness(&manner, screen, args.json, ask),
        Task::Measures(ask) => online::measures(&manner, screen, args.json, ask),
        Task::Findings(ask) => online::findings(&manner, screen, args.json, ask),
        Task::Screen(ask) => online::screen(&manner, args.json, ask),
        Task::Recheck(ask) => online::recheck(&manner, args.json, ask),
        Task::Slots(ask) => online::slots(&manner, screen, args.json, ask),
        Task::Series(ask) => online::series(&manner, screen, args.json, ask),
        Task::League(ask) => online::league(&manner, screen, args.json, ask),
        Task::Explain(ask) => online::explain(&manner, screen, args.json, ask),
        Task::Targets(ask) => online::targets(&manner, screen, args.json, ask),
        Task::Risk(ask) => forecast::risk(&manner, screen, args.json, ask),
        Task::Arrivals(ask) => forecast::arrivals(&manner, screen, args.json, ask),
        Task::Calibrate(ask) => forecast::calibrate(&manner, screen, args.json, ask),
        Task::Calendar(ask) => calendar::calendar(&manner, screen, args.json, ask),
        Task::Rules(rules) => match &rules.task {
            RulesTask::Export(ask) => rules::export(&manner, args.json, ask),
        },
        Task::Export(ask) => journal::export(&manner, screen, args.json, ask),
        Task::Fsck(ask) => journal::fsck(&manner, screen, args.json, ask),
        Task::Replay(ask) => journal::replay(&manner, screen, args.json, ask),
        Task::Log(ask) => log::log(&manner, screen, args.json, ask),
        Task::Tables(ask) => tables::tables(&manner, screen, args.json, ask),
        Task::Structure(ask) => tables::structure(&manner, screen, args.json, ask),
        Task::Sample(ask) => sample::sample(&manner, screen, args.json, &ask.task),
        Task::Witness(ask) => witness::witness(&manner, screen, args.json, ask),
        Task::Bulletin(ask) => bulletin::drawn(&manner, screen, args.json, ask),
        Task::Evidence(ask) => evidence::run(&manner, args.json, &ask.task),
        Task::Access(ask) => access::access(&manner, screen, args.json, ask),
        Task::BulletinCheck(ask) => bulletin_check::checked(&manner, screen, args.json, ask),
    }
}

/// How wide a table may be where nobody says: what fits the tables without folding names.
const WIDTH: u16 = 160;

impl Response {
    /// An answer.
    fn answer(output: String, code: u8) -> Self {
        Self {
            output,
            error: String::new(),
            code,
        }
    }

    /// An answer for programs.
    fn json(value: &serde_json::Value, code: u8) -> Self {
        Self::answer(format!("{value:#}\n"), code)
    }

    /// No answer.
    fn failed(manner: &Manner, message: &Bilingual) -> Self {
        let label = manner.say("错误", "error");
        Self {
            output: String::new(),
            error: format!("{label}: {}\n", message.get(manner.language)),
            code: FAILED,
        }
    }
}

/// What clap has to say: the help and the version are answers, the rest is not.
fn usage(error: &clap::Error) -> Response {
    let text = error.render().to_string();
    if error.use_stderr() {
        Response {
            output: String::new(),
            error: text,
            code: FAILED,
        }
    } else {
        Response::answer(text, HOLDS)
    }
}

fn columns(environment: &Environment<'_>) -> Option<u16> {
    environment("COLUMNS")?
        .trim()
        .parse()
        .ok()
        .filter(|width| *width >= 40)
}

/// Reads `zh` or `en`.
fn parse_language(text: &str) -> Result<Language, String> {
    match text {
        "zh" => Ok(Language::Zh),
        "en" => Ok(Language::En),
        _ => Err("write zh or en / 请写 zh 或 en".to_owned()),
    }
}

//! The command line.
//!
//! | status | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | a query did not give what can be handed over |
//! | 2 | the command line is wrong |
//! | 4 | not possible now: settings wrong |

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use granary_agent::{settings::Settings, stamp};
use granary_core::text::{Bilingual, Language};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::hand::{Handed, hand, kept};
use crate::read::read;
use crate::source::{Source, load};

/// The longest pause between two looks at the schedule, so that a clock that is set is noticed.
const LOOK_MAX: Duration = Duration::from_secs(600);
/// After a query that failed.
const RETRY: Duration = Duration::from_secs(600);

/// Brings a unit's figures from its own database into the agent's inbox (数据库取数).
#[derive(Parser)]
#[command(
    name = "granary-sql",
    version,
    max_term_width = 120,
    after_help = "Examples (示例):
  granary-sql check --dir /srv/granary
  granary-sql once accounts --dir /srv/granary
  granary-sql run --dir /srv/granary

The sources are the tables [[source]] of agent.toml; docs/SQL.md explains them."
)]
struct Arguments {
    /// The agent's folder, with agent.toml in it (采集端文件夹)
    #[arg(long, global = true, env = "GRANARY_AGENT_DIR", default_value = ".")]
    dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the sources, run each query, and hand nothing over (检查)
    Check,
    /// Run one source now and hand its rows over (立即取数)
    Once {
        /// The source's name
        name: String,
    },
    /// Run each source on its schedule, until stopped (按计划运行)
    Run,
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
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    // The driver's own lines could hold what a query says.
    let filter = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("sqlx", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    let language =
        Language::parse(environment.get("LANG").map_or("", String::as_str)).unwrap_or_default();
    let (settings, sources) = match prepared(&arguments, &environment) {
        Ok(prepared) => prepared,
        Err(faults) => {
            faults
                .iter()
                .for_each(|fault| complain(fault.get(language)));
            return ExitCode::from(4);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::from(4);
    };
    runtime.block_on(perform(arguments.command, &settings, &sources))
}

/// What an agent takes from its settings is not changed by a source, so both are read from one file.
fn prepared(
    arguments: &Arguments,
    environment: &BTreeMap<String, String>,
) -> Result<(Settings, Vec<Source>), Vec<Bilingual>> {
    let settings = Settings::load(&arguments.dir, environment).map_err(|faults| {
        vec![Bilingual::new(
            faults.text(Language::Zh),
            faults.text(Language::En),
        )]
    })?;
    stamp::check(&settings.state).map_err(|error| vec![error.words()])?;
    let sources = load(&arguments.dir, environment)?;
    Ok((settings, sources))
}

async fn perform(command: Command, settings: &Settings, sources: &[Source]) -> ExitCode {
    match command {
        Command::Check => {
            let mut good = true;
            for source in sources {
                good &= check(source, settings).await;
            }
            ExitCode::from(u8::from(!good))
        }
        Command::Once { name } => match sources.iter().find(|source| source.name == name) {
            Some(source) => ExitCode::from(u8::from(!bring(source, settings).await)),
            None => {
                let words = Bilingual::new(
                    format!("没有名为 {name} 的 [[source]]"),
                    format!("there is no [[source]] named {name}"),
                );
                complain(words.get(settings.language));
                ExitCode::from(4)
            }
        },
        Command::Run => run(settings, sources).await,
    }
}

/// Asks and says what would come, without handing it over.
async fn check(source: &Source, settings: &Settings) -> bool {
    let (query, period) = source.asked(now_ms(), &settings.time_zone);
    let (name, of) = (
        &source.name,
        period
            .map(|period| format!(" {period}"))
            .unwrap_or_default(),
    );
    let (good, words) = match read(source, &query).await {
        Ok(rows) => {
            let (count, headings) = (rows.rows.len(), rows.headings.join(", "));
            (
                true,
                Bilingual::new(
                    format!("{name}{of}：{count} 行；列：{headings}"),
                    format!("{name}{of}: {count} rows; columns: {headings}"),
                ),
            )
        }
        Err(error) => {
            let words = error.words();
            (
                false,
                Bilingual::new(
                    format!("{name}{of}：{}", words.zh),
                    format!("{name}{of}: {}", words.en),
                ),
            )
        }
    };
    say(words.get(settings.language));
    good
}

/// Asks and hands over; whether that went well.
async fn bring(source: &Source, settings: &Settings) -> bool {
    let now_ms = now_ms();
    let (query, period) = source.asked(now_ms, &settings.time_zone);
    let rows = match read(source, &query).await {
        Ok(rows) => rows,
        Err(error) => {
            let words = error.words();
            tracing::error!(source = source.name, "{}", words.get(settings.language));
            return false;
        }
    };
    let places = (settings.root.as_path(), settings.state.as_path());
    match hand(
        source,
        (&rows, period),
        places,
        (now_ms, &settings.time_zone),
    ) {
        Ok(Handed::Over(file)) => {
            tracing::info!(source = source.name, rows = rows.rows.len(), file = %file.display(), "handed over")
        }
        Ok(Handed::Unchanged) => {
            tracing::info!(source = source.name, "unchanged, not handed over again")
        }
        Ok(Handed::Nothing) => tracing::warn!(source = source.name, "the query gave no rows"),
        Err(error) => {
            tracing::error!(source = source.name, %error, "the inbox cannot be written");
            return false;
        }
    }
    true
}

async fn run(settings: &Settings, sources: &[Source]) -> ExitCode {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return ExitCode::from(4);
    };
    // After a failure a source waits, whatever its schedule says.
    let mut not_before: BTreeMap<&str, i64> = BTreeMap::new();
    loop {
        let mut next_ms = i64::MAX;
        for source in sources {
            let last = kept(&settings.state, &source.name).map(|kept| kept.run_at_ms);
            let due = source.at.due_at_ms(last, now_ms(), &settings.time_zone);
            let due = due.max(
                not_before
                    .get(source.name.as_str())
                    .copied()
                    .unwrap_or(i64::MIN),
            );
            if due > now_ms() {
                next_ms = next_ms.min(due);
                continue;
            }
            let good = tokio::select! {
                good = bring(source, settings) => good,
                _ = terminate.recv() => return ExitCode::SUCCESS,
                _ = interrupt.recv() => return ExitCode::SUCCESS,
            };
            if !good {
                let pause_ms = i64::try_from(RETRY.as_millis()).unwrap_or(i64::MAX);
                not_before.insert(&source.name, now_ms().saturating_add(pause_ms));
            }
            next_ms = now_ms();
        }
        let wait = u64::try_from(next_ms.saturating_sub(now_ms())).unwrap_or(0);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait).min(LOOK_MAX)) => {}
            _ = terminate.recv() => return ExitCode::SUCCESS,
            _ = interrupt.recv() => return ExitCode::SUCCESS,
        }
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

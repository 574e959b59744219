//! `granary-agent submit`.
//!
//! Only one process may own the spool. If no agent runs, this process does everything itself. If one runs, which the
//! spool's lock tells, the file is copied into its inbox, and this process only watches what becomes of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use granary_core::text::{Bilingual, Language};
use tokio::time::Instant;

use crate::acts::handed::find;
use crate::cli::{Ended, check, not_now, out};
use crate::inbox::{Folders, Inbox, Step};
use crate::intake::digest_of;
use crate::report::{Outcome, Report, render};
use crate::run::{self, StartError, Submitted, inbox_settings, now_ms};
use crate::settings::Settings;
use crate::spool::OpenError;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent submit 2021Q3.csv --dir /srv/granary
  granary-agent submit 2021Q3.csv --wait 600 --dir /srv/granary

The file is copied into the inbox; yours stays where it is. If an agent runs, it does the work; otherwise this
command does, and what the city has not answered in time stays in the spool for the next run.
Exit status: 0 accepted, 1 returned, 3 refused, 4 not possible now, 5 in the spool, no answer yet.";

/// How often the folders are looked at while another process works.
const LOOK: Duration = Duration::from_millis(200);

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file (CSV or a workbook)
    pub(super) file: PathBuf,
    /// How many seconds to wait for the city's answer
    #[arg(long, default_value_t = 30)]
    pub(super) wait: u64,
}

/// Hands a file in, and prints its report.
pub(super) async fn submit(settings: Settings, arguments: Arguments) -> Result<Ended, Ended> {
    let wait = Duration::from_secs(arguments.wait);
    out::large(&arguments.file, settings.language);
    run::identity(&settings).map_err(|error| not_now(&error))?;
    match run::open_spool(&settings, Duration::ZERO).await {
        Ok(spool) => {
            let _traces = super::traces(&settings)?;
            let (language, zone) = (settings.language, settings.time_zone.clone());
            let submitted = run::submit(settings, spool, arguments.file, wait).await;
            tell(
                submitted.map_err(|error: StartError| not_now(&error))?,
                language,
                &zone,
            )
        }
        Err(OpenError::Locked { .. }) => {
            leave_to_the_running(&settings, &arguments.file, wait).await
        }
        Err(error) => Err(not_now(&error)),
    }
}

fn tell(
    submitted: Submitted,
    language: Language,
    zone: &jiff::tz::TimeZone,
) -> Result<Ended, Ended> {
    match submitted {
        Submitted::Placed { file, report } => Ok(show(&file, &report, language, zone)),
        Submitted::NoCatalogue(alarm) => {
            if let Some(alarm) = alarm {
                out::complain(alarm.get(language));
            }
            Err(check::no_catalogue())
        }
        Submitted::NotTaken(
            Step::Blocked { name, reason }
            | Step::Failed {
                name,
                error: reason,
            },
        ) => Err(Ended::NotNow(Bilingual::new(
            format!("{name} 留在 inbox，暂不能处理：{reason}"),
            format!("{name} stays in the inbox for now: {reason}"),
        ))),
        Submitted::NotTaken(Step::LeftAlone { name, reason }) => {
            Err(Ended::NotNow(Bilingual::new(
                format!("{name}：{}", reason.zh),
                format!("{name}: {}", reason.en),
            )))
        }
        Submitted::NotTaken(
            Step::Waiting { name }
            | Step::Outdated { name }
            | Step::Placed {
                spot: crate::inbox::Spot { name, .. },
                ..
            },
        ) => Err(Ended::NotNow(Bilingual::new(
            format!("{name} 留在 inbox"),
            format!("{name} stays in the inbox"),
        ))),
    }
}

fn show(file: &Path, report: &Report, language: Language, zone: &jiff::tz::TimeZone) -> Ended {
    out::line(&render(report, language, zone));
    out::line(&match language {
        Language::Zh => format!("文件现在在：{}", file.display()),
        Language::En => format!("The file is now at {}", file.display()),
    });
    check::ended(report.outcome)
}

async fn leave_to_the_running(
    settings: &Settings,
    file: &Path,
    wait: Duration,
) -> Result<Ended, Ended> {
    let folders = Folders::under(&settings.root, &settings.state);
    let inbox =
        Inbox::open(folders.clone(), inbox_settings(settings)).map_err(|error| not_now(&error))?;
    let sha256 = digest_of(file)
        .map_err(|error| not_now(&error))?
        .to_string();
    let begun_ms = now_ms();
    let taken = inbox
        .take_in(file, begun_ms)
        .map_err(|error| not_now(&error))?;
    let deadline = Instant::now() + wait;
    loop {
        let found = find(&folders, &sha256, begun_ms);
        let in_time = Instant::now() < deadline;
        match found {
            Some((path, report)) if report.outcome != Outcome::Sent || !in_time => {
                return Ok(show(&path, &report, settings.language, &settings.time_zone));
            }
            None if !in_time => {
                out::line(&still_waiting(&taken, settings.language));
                return Ok(Ended::Spooled);
            }
            Some(_) | None => tokio::time::sleep(LOOK).await,
        }
    }
}

fn still_waiting(taken: &Path, language: Language) -> String {
    let path = taken.display();
    match language {
        Language::Zh => {
            format!("已放入 {path}，由正在运行的采集端处理；尚无结果，请看 granary-agent status")
        }
        Language::En => format!(
            "Put into {path} for the running agent; nothing is known yet, see granary-agent status"
        ),
    }
}

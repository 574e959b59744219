//! `granary-agent check`.

use std::path::PathBuf;

use granary_core::text::Bilingual;

use crate::catalogue_cache::CatalogueCache;
use crate::cli::{Ended, not_now, out};
use crate::history::Reader;
use crate::inbox::{self, Folders};
use crate::report::{Outcome, render};
use crate::run::now_ms;
use crate::settings::Settings;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent check 2021Q3.csv --dir /srv/granary
  granary-agent check 2021Q3.csv --json | jq .outcome

Uses the catalogue and the own records that were fetched last, also without a connection.
Exit status: 0 in order, 1 a validity edit fails, 3 cannot be read or admitted, 4 no catalogue yet.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file: CSV, SDMX-CSV or a workbook (文件：CSV、SDMX-CSV 或工作簿)
    file: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Checks a file and prints the report.
pub(super) fn check(settings: &Settings, arguments: &Arguments) -> Result<Ended, Ended> {
    let cache = CatalogueCache::open(&settings.state);
    let catalogue = cache.catalogue().ok_or_else(no_catalogue)?;
    let folders = Folders::under(&settings.root, &settings.state);
    let names = folders.names(catalogue, &settings.unit);
    out::large(&arguments.file, settings.language);
    let history = Reader::new(&settings.state, &settings.unit);
    let checked = inbox::check(&arguments.file, &names, &history, now_ms())
        .map_err(|error| not_now(&error))?;
    match arguments.json {
        true => out::line(checked.report.to_json().trim_end()),
        false => out::line(&render(
            &checked.report,
            settings.language,
            &settings.time_zone,
        )),
    }
    Ok(ended(checked.report.outcome))
}

/// The status for how it stands with a file.
pub(super) const fn ended(outcome: Outcome) -> Ended {
    match outcome {
        Outcome::Ready | Outcome::Repeated | Outcome::Accepted => Ended::Done,
        Outcome::Sent => Ended::Spooled,
        Outcome::Returned => Ended::Returned,
        Outcome::Refused => Ended::Refused,
    }
}

pub(super) fn no_catalogue() -> Ended {
    Ended::NotNow(Bilingual::new(
        "本机还没有报表制度。请先联网运行一次：granary-agent run",
        "there is no catalogue here yet: run granary-agent run once with a connection",
    ))
}

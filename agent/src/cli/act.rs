//! What the commands of the clerk's acts share: the desk's knowledge, asking for a reason, and handing the file in.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use granary_core::{
    snapshot::{SignOff, SignOffRole, SlotKey},
    text::{Bilingual, Language},
};

use crate::acts::{Declined, sign_off, statement::Statement};
use crate::catalogue_cache::CatalogueCache;
use crate::cli::{Ended, check, not_now, out, submit};
use crate::history::Reader;
use crate::settings::Settings;

/// The folder under the state folder in which files are written before they are copied into the inbox.
const FOLDER: &str = "acts";
/// Somebody who pipes a book in means something else.
const READ_BYTES_MAX: u64 = 64 * 1024;

/// Names to sign off with.
#[derive(clap::Args, Default)]
pub(super) struct Names {
    /// The preparer's name (填表人)
    #[arg(long, value_name = "NAME")]
    preparer: Option<String>,
    /// The statistics head's name (统计负责人)
    #[arg(long, value_name = "NAME")]
    statistics_head: Option<String>,
    /// The name of the head of the unit (单位负责人)
    #[arg(long, value_name = "NAME")]
    unit_head: Option<String>,
}

impl Names {
    /// The sign-offs.
    pub(super) fn sign_offs(&self) -> Result<Vec<SignOff>, Declined> {
        let all = [
            (SignOffRole::Preparer, &self.preparer),
            (SignOffRole::StatisticsHead, &self.statistics_head),
            (SignOffRole::UnitHead, &self.unit_head),
        ];
        let given = all
            .into_iter()
            .filter_map(|(role, name)| Some((role, name.as_deref()?)));
        given.map(|(role, name)| sign_off(role, name)).collect()
    }
}

/// The catalogue and the own records that are kept here.
pub(super) fn desk(settings: &Settings) -> (CatalogueCache, Reader) {
    let cache = CatalogueCache::open(&settings.state);
    (cache, Reader::new(&settings.state, &settings.unit))
}

/// The reason that was given, or what the person at the terminal writes; a pipe is read too.
pub(super) fn reason(given: Option<&str>, question: &Bilingual, language: Language) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        let _ = write!(std::io::stderr(), "{} ", question.get(language));
        let _ = std::io::stderr().flush();
    }
    let mut line = String::new();
    // What cannot be read is no reason, and is told so.
    let _ = input.by_ref().take(READ_BYTES_MAX).read_line(&mut line);
    line
}

/// Writes the statement as a file, and hands it in as `granary-agent submit` does.
pub(super) async fn hand_in(
    settings: Settings,
    statement: &Statement,
    (slot, what): (&SlotKey, &str),
    wait_s: u64,
) -> Result<Ended, Ended> {
    let folder = settings.state.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| not_now(&error))?;
    let file = folder.join(format!("{}_{}_{what}.csv", slot.dataset, slot.period));
    let cache = CatalogueCache::open(&settings.state);
    let catalogue = cache.catalogue().ok_or_else(check::no_catalogue)?;
    std::fs::write(&file, statement.to_csv(catalogue, settings.language))
        .map_err(|error| not_now(&error))?;
    hand_in_file(settings, &file, wait_s).await
}

/// Hands in a file that was made here, and removes it: the inbox has its own copy.
pub(super) async fn hand_in_file(
    settings: Settings,
    file: &Path,
    wait: u64,
) -> Result<Ended, Ended> {
    let arguments = submit::Arguments {
        file: file.to_owned(),
        wait,
    };
    let ended = submit::submit(settings, arguments).await;
    // What stays is overwritten by the next act.
    let _ = std::fs::remove_file(file);
    ended
}

/// Prints why nothing was done.
pub(super) fn declined(why: &Declined, language: Language) -> Ended {
    out::complain(why.0.get(language));
    Ended::Refused
}

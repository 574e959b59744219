//! Everything that can be said about a file without sending it: read, preflight, report.

use std::{io, path::Path};

use granary_core::{
    catalogue::{Catalogue, Dataset},
    ledger::window::{Closed, closed},
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_trace::{Begun, Stretch};
use jiff::{Timestamp, civil::Date};

use crate::{
    draft::{Draft, Told},
    history::{Past, Reader},
    intake::{self, Fault, Names, Unread},
    preflight::{Judgement, Preflighted, Stopped, preflight},
    report::{FaultReport, Outcome, Report, StatementReport},
};

/// A file that was looked at.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Ready, returned or refused.
    pub report: Report,
    /// The statements, if the file as a whole is ready; in the order of the report's.
    pub ready: Vec<Preflighted>,
    /// When what was done, where traces are told.
    pub(super) pace: Option<Pace>,
}

/// When a file was read, and when each of its ready statements was judged.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) read: Stretch,
    pub(super) judged: Vec<Stretch>,
}

/// Why nothing can be said yet.
#[derive(Debug, thiserror::Error)]
pub enum Unchecked {
    /// The file changed while it was read.
    #[error("the file is still being written")]
    Changed,
    /// It cannot be opened or read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads and checks a file. A file stands or falls as one: if one statement in it is stopped, none is ready.
///
/// `history` is where the unit's own records are looked up; the statements of one file see each other.
///
/// # Errors
/// [`Unchecked`]: try again.
pub fn check(
    path: &Path,
    names: &Names<'_>,
    history: &Reader,
    now_ms: i64,
) -> Result<Checked, Unchecked> {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut report = Report::new(&name, Outcome::Ready, now_ms);
    let begun = granary_trace::begin();
    let read = match intake::read(path, names) {
        Ok(read) => read,
        Err(Unread::Changed) => return Err(Unchecked::Changed),
        Err(Unread::Io(error)) => return Err(Unchecked::Io(error)),
        Err(Unread::Faults { sha256, faults }) => {
            report.outcome = Outcome::Refused;
            report.sha256 = sha256.map(|d| d.to_string());
            report.faults = faults.iter().map(FaultReport::of).collect();
            return Ok(Checked {
                report,
                ready: Vec::new(),
                pace: None,
            });
        }
    };
    report.sha256 = Some(read.sha256.to_string());
    let mut pace = begun.map(|begun| Pace {
        read: begun.until_now(),
        judged: Vec::new(),
    });
    let mut ready = Vec::new();
    let catalogue = names.catalogue();
    let several = read.drafts.len() > 1;
    // Only drafts that see each other have to outlive their own preflight.
    let all = if several {
        read.drafts.clone()
    } else {
        Vec::new()
    };
    for draft in read.drafts {
        let begun = granary_trace::begin();
        let past = history.past(catalogue, draft.slot());
        let past = past.beside(catalogue, draft.slot(), all.iter());
        let one = look(draft, names, &past, now_ms, &mut report);
        if let (Some(pace), Some(_)) = (&mut pace, &one) {
            pace.judged.extend(begun.map(Begun::until_now));
        }
        ready.extend(one);
    }
    if report.outcome != Outcome::Ready {
        ready.clear();
    }
    Ok(Checked {
        report,
        ready,
        pace,
    })
}

fn look(
    draft: Draft,
    names: &Names<'_>,
    past: &Past,
    now_ms: i64,
    report: &mut Report,
) -> Option<Preflighted> {
    let catalogue = names.catalogue();
    let today = today(catalogue.dataset(&draft.slot().dataset), now_ms);
    let window = window(draft.slot(), catalogue, now_ms);
    match preflight(draft, catalogue, past, today) {
        Ok(ready) => {
            let mut judgement = ready.judgement().clone();
            let fault = window.and_then(|(closed, fault)| match closed {
                Closed::NotOpen(_) => Some(fault),
                // The city may have extended the slot, which only the city knows: it is asked, and the clerk is told.
                Closed::Locked(_) => {
                    judgement.unused.push(as_told(&fault));
                    None
                }
            });
            let statement = StatementReport::of(ready.draft(), &judgement, catalogue);
            report.statements.push(statement);
            let Some(fault) = fault else {
                return Some(ready);
            };
            report.outcome = report.outcome.max(Outcome::Refused);
            report.faults.push(FaultReport::of(&fault));
            None
        }
        Err(Stopped::Returned { draft, judgement }) => {
            report.outcome = report.outcome.max(Outcome::Returned);
            let statement = StatementReport::of(&draft, &judgement, catalogue);
            report.statements.push(statement);
            None
        }
        Err(Stopped::Refused { draft, faults }) => {
            report.outcome = report.outcome.max(Outcome::Refused);
            let statement = StatementReport::of(&draft, &Judgement::default(), catalogue);
            report.statements.push(statement);
            report
                .faults
                .extend(faults.iter().map(|fault: &Fault| FaultReport::of(fault)));
            None
        }
    }
}

/// Why the window of a slot is closed by this machine's clock, in the city's words.
fn window(slot: &SlotKey, catalogue: &Catalogue, now_ms: i64) -> Option<(Closed, Fault)> {
    let dataset = catalogue.dataset(&slot.dataset)?;
    let closed = closed(dataset, slot.period, None, now_ms)?;
    let message = closed.message(dataset, slot.period);
    Some((closed, Fault::of_file(message, closed.remedy())))
}

fn as_told(fault: &Fault) -> Told {
    let (problem, remedy) = (&fault.problem, &fault.remedy);
    Told {
        place: fault.place.clone(),
        text: Bilingual::new(
            format!("{}。{}", problem.zh, remedy.zh),
            format!("{}: {}", problem.en, remedy.en),
        ),
    }
}

/// The date where the dataset's deadline is told, as the city takes it.
fn today(dataset: Option<&Dataset>, now_ms: i64) -> Date {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX);
    let zone = dataset.map_or(jiff::tz::TimeZone::UTC, |dataset| {
        dataset.deadline().zone().clone()
    });
    zone.to_datetime(now).date()
}

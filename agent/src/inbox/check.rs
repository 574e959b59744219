//! Everything that can be said about a file without sending it: read, preflight, report.

use std::{io, path::Path};

use granary_core::catalogue::Dataset;
use jiff::{Timestamp, civil::Date};

use crate::{
    draft::Draft,
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
            });
        }
    };
    report.sha256 = Some(read.sha256.to_string());
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
        let past = history.past(catalogue, draft.slot());
        let past = past.beside(catalogue, draft.slot(), all.iter());
        ready.extend(look(draft, names, &past, now_ms, &mut report));
    }
    if report.outcome != Outcome::Ready {
        ready.clear();
    }
    Ok(Checked { report, ready })
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
    match preflight(draft, catalogue, past, today) {
        Ok(ready) => {
            let statement = StatementReport::of(ready.draft(), ready.judgement(), catalogue);
            report.statements.push(statement);
            Some(ready)
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

/// The date where the dataset's deadline is told, as the city takes it.
fn today(dataset: Option<&Dataset>, now_ms: i64) -> Date {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX);
    let zone = dataset.map_or(jiff::tz::TimeZone::UTC, |dataset| {
        dataset.deadline().zone().clone()
    });
    zone.to_datetime(now).date()
}

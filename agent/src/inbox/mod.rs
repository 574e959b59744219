//! The inbox: the clerk's folders, and the life of a file in them.
//!
//! In: files that a clerk drops into `inbox/`. Out: sealed snapshots for the spool, and every file in the folder that says how it
//! stands, with a report beside it. Durable after: the intent is written. On crash: the intent is carried out again.
//!
//! # The life of a file
//! ```text
//!            cannot be read or admitted                       city refuses
//! inbox/ ───────────────────────────────> refused/  <──────────────────────┐
//!   │  └── a validity edit fails ───────> returned/ <── edit fails there ──┤
//!   └───── signed and spooled ──────────> sent/ ───────────────────────────┤
//!                                         accepted/ <──── city accepts ────┘
//! ```
//! - `accepted/` means that the city has accepted it, `sent/` only that it cannot be lost any more.
//! - A file stands or falls as one. If it holds several statements, it leaves `sent/` when all are answered, for the folder
//!   of the worst answer; nothing of a file is sent if one statement in it is stopped by the preflight.
//! - Nothing of the clerk's is ever deleted or written over. Where a name is taken, the time is added before the extension.
//!   The only files removed are this program's own: the report in `sent/`, when the file leaves, and its own records.
//! - A statement that says exactly what the latest one of its slot says, if that is accepted or waits for its answer, is
//!   *repeated*: nothing is sent, and the report says when it was handed in before. What counts is the content (figures, sign-offs,
//!   evidence, explanations), not the bytes of the file. After a return or a refusal the same content is sent anew.
//! - Before a file moves for the first time, a copy of it goes into `archive/` with its digest (`archive`).
//! - Evidence is named by a report and read where it lies, beside it or in `evidence/`; it is never moved.
//!
//! # Why nothing is sent twice into effect, and nothing is lost
//! The one commit point is `state/intent.json` (`record`): before it, nothing has happened, and the file is read again; after it, what
//! is to happen is fixed to the byte, including the sealed payload with its revision and time. `carry` does it and may do it any number of
//! times: Ed25519 signatures are deterministic, so the same payload is the same envelope, which the city answers with the receipt it gave
//! first; records are replaced whole; a move whose goal holds the file already is done. A crash at any step therefore ends in the same
//! state as none. While an intent cannot be carried out, because the spool is full, no other file is taken: that is told as
//! [`Step::Blocked`].
//!
//! Between a receipt's being stored and [`Inbox::settle`] a crash leaves the file in `sent/`; [`Inbox::awaiting`] lists such payloads, so
//! that the owner settles those whose receipt it finds.
//!
//! # Owner
//! One task owns the inbox and calls it. There is no clock in it: time is an argument. A [`Watch`] wakes the owner; it also looks every few
//! seconds, because watches do not work everywhere.

mod folders;
mod whole;
mod check;
mod record;
mod archive;
mod carry;
mod plan;
mod held;
mod watch;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fs, io, path::Path};

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    digest::Digest,
    snapshot::SlotKey,
    text::{Bilingual, Language},
};
use jiff::tz::TimeZone;

use self::{
    carry::{Style, Trouble, carry_out},
    record::{Intent, Records},
    whole::{Kind, Look, Watchlist, is_in_use, kind_of, names_in},
};
pub use self::{
    check::{Checked, Unchecked, check},
    folders::{Folder, Folders, Spot},
    record::{Latest, latest},
    watch::{Watch, watch},
};
use crate::{
    history::Reader,
    intake::say,
    preflight::Outgoing,
    report::{Answer, AnswerReport, Report, Words},
};

/// The most files that are handled in one look, so that the owner's other work is not kept waiting.
const FILES_MAX: usize = 50;

/// Signs and spools. The rest of the agent brings it.
pub trait Submitter {
    /// The highest revision of the slot that is known from elsewhere, for instance from the city after a move to a new
    /// machine; 0 if none is. The inbox remembers its own.
    fn revision_floor(&self, slot: &SlotKey) -> u32;

    /// Who still has to sign a statement of this slot after this agent has; `None` where it is enough.
    fn still_to_sign(&self, _slot: &SlotKey) -> Option<Bilingual> {
        None
    }

    /// Signs the exact payload and appends the envelope to the spool, or keeps it until others have signed. After `Ok` it cannot be lost. The same payload may
    /// come again after a crash; it must give the same envelope.
    ///
    /// # Errors
    /// [`SubmitError`]: the inbox keeps the payload and tries again at its next look.
    fn submit(&mut self, outgoing: &Outgoing) -> Result<(), SubmitError>;
}

/// Why the spool did not take a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The spool is full.
    #[error("the spool is full: {0}")]
    Full(String),
    /// Signing or writing failed.
    #[error("{0}")]
    Failed(String),
}

/// How the inbox behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of the reports.
    pub language: Language,
    /// In which reports show times.
    pub zone: TimeZone,
    /// How long a file must have stayed the same.
    pub settle_ms: i64,
    /// Name and version of this program, as snapshots carry it.
    pub software: String,
}

/// What a look at the inbox needs from the rest of the agent.
pub struct Context<'a> {
    /// The unit for which this agent reports.
    pub unit: &'a UnitCode,
    /// The catalogue in force, as far as it is known here.
    pub catalogue: &'a Catalogue,
    /// Whether that is known well enough to refuse a file by it; else such a file waits.
    pub is_current: bool,
    /// The unit's own records, as far as they are known here.
    pub history: &'a Reader,
    /// Signs and spools.
    pub submitter: &'a mut dyn Submitter,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is not whole yet.
    Waiting {
        /// Its name.
        name: String,
    },
    /// It cannot stand by the catalogue that is held, and waits until the city has said which one is in force.
    Outdated {
        /// Its name.
        name: String,
    },
    /// It is none of ours and stays where it is. Said once.
    LeftAlone {
        /// Its name.
        name: String,
        /// Why.
        reason: Bilingual,
    },
    /// It is in another folder now, with its report; how it stands is in the report.
    Placed {
        /// Where it is.
        spot: Spot,
        /// What the report says.
        report: Box<Report>,
    },
    /// The spool takes nothing now; no other file is taken before this one.
    Blocked {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The disk or a share failed; the file is tried again.
    Failed {
        /// Its name.
        name: String,
        /// What failed.
        error: String,
    },
}

/// The clerk's folders and what is known of the files in them.
pub struct Inbox {
    folders: Folders,
    settings: Settings,
    records: Records,
    watchlist: Watchlist,
    /// Names that were told to be left alone.
    told: BTreeSet<String>,
    /// Whether a look ended before it had seen everything.
    more: bool,
    /// Why nothing goes to the city for now.
    held_back: Option<Words>,
}

impl Inbox {
    /// Opens the folders and makes those that are missing.
    ///
    /// # Errors
    /// Those of making folders.
    pub fn open(folders: Folders, settings: Settings) -> io::Result<Self> {
        folders.create()?;
        let records = Records::open(folders.state())?;
        Ok(Self {
            folders,
            settings,
            records,
            watchlist: Watchlist::default(),
            told: BTreeSet::new(),
            more: false,
            held_back: None,
        })
    }

    /// Where the folders are.
    #[must_use]
    pub const fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Finishes what a crash left half done. To be called once, before anything else.
    pub fn recover(&mut self, submitter: &mut dyn Submitter, now_ms: i64) -> Vec<Step> {
        match self.resume(submitter, now_ms) {
            Ok(steps) => steps,
            Err(trouble) => vec![trouble_step("intent.json", trouble)],
        }
    }

    /// Looks at the folder and handles every file that is whole.
    pub fn scan(&mut self, cx: &mut Context<'_>) -> Vec<Step> {
        self.more = false;
        let mut steps = match self.resume(cx.submitter, cx.now_ms) {
            Ok(steps) => steps,
            Err(trouble) => return vec![trouble_step("intent.json", trouble)],
        };
        let inbox = self.folders.path(Folder::Inbox);
        let (names, unreadable) = match names_in(&inbox) {
            Ok(names) => names,
            Err(error) => {
                return vec![Step::Failed {
                    name: Folder::Inbox.name().to_owned(),
                    error: error.to_string(),
                }];
            }
        };
        self.watchlist.keep(&names);
        self.told
            .retain(|name| names.binary_search(name).is_ok() || name.is_empty());
        if unreadable > 0 && self.told.insert(String::new()) {
            let reason = say!(
                "有 {unreadable} 个文件名不是 UTF-8，请改名",
                "{unreadable} files have names that are not UTF-8; rename them"
            );
            steps.push(Step::LeftAlone {
                name: String::new(),
                reason,
            });
        }
        let mut handled = 0;
        for name in names {
            if handled >= FILES_MAX {
                self.more = true;
                break;
            }
            let Some(step) = self.look_at(&inbox.join(&name), &name, cx) else {
                continue;
            };
            let is_blocked = matches!(step, Step::Blocked { .. });
            handled += usize::from(!matches!(
                step,
                Step::Waiting { .. } | Step::Outdated { .. } | Step::LeftAlone { .. }
            ));
            steps.push(step);
            if is_blocked {
                break;
            }
        }
        steps
    }

    /// Handles one file of the inbox, whole or not: everything but networking.
    pub fn handle_file(&mut self, path: &Path, cx: &mut Context<'_>) -> Step {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default()
            .to_owned();
        let is_inside = path
            .parent()
            .is_some_and(|parent| same_folder(parent, &self.folders.path(Folder::Inbox)));
        if !is_inside || name.is_empty() {
            let error = format!(
                "{} is not a file in the inbox; use take_in first",
                path.display()
            );
            return Step::Failed { name, error };
        }
        let step = match self.handle(&name, cx) {
            Ok(step) => step,
            Err(trouble) => trouble_step(&name, trouble),
        };
        // A file that waits for the catalogue is whole, and stays known as such.
        if !matches!(step, Step::Outdated { .. }) {
            self.watchlist.forget(&name);
        }
        step
    }

    /// Copies a file from elsewhere into the inbox, under its name or one with the time in it, and gives the path there.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn take_in(&self, path: &Path, now_ms: i64) -> io::Result<std::path::PathBuf> {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        let spot = self
            .folders
            .free((Folder::Inbox, name), &[], (now_ms, &self.settings.zone))?;
        let goal = self.folders.file(&spot);
        // The scan passes over the unfinished copy because of its name.
        let copy = goal.with_file_name(format!(".{}.tmp", spot.name));
        fs::copy(path, &copy)?;
        fs::File::options().write(true).open(&copy)?.sync_all()?;
        fs::rename(&copy, &goal)?;
        Ok(goal)
    }

    /// When the next look is worth while, if only because time passes; `None` if nothing waits.
    #[must_use]
    pub fn next_scan_at_ms(&self) -> Option<i64> {
        if self.more {
            Some(i64::MIN)
        } else {
            self.watchlist.next_ms(self.settings.settle_ms)
        }
    }

    /// Takes the city's answer for a payload, after its receipt was verified and stored. The same answer may come again; one
    /// that nobody waits for is passed over. The step, if the file has moved by it.
    ///
    /// # Errors
    /// Those of the disk; the answer must then be given again.
    pub fn settle(
        &mut self,
        payload_sha256: &Digest,
        answer: &Answer,
        now_ms: i64,
    ) -> io::Result<Option<Step>> {
        let Some(mut ticket) = self.records.ticket_of(payload_sha256)? else {
            return Ok(None);
        };
        let payload = payload_sha256.to_string();
        for statement in &mut ticket.report.statements {
            if statement.payload_sha256.as_ref() == Some(&payload) {
                statement.answer = Some(AnswerReport::of(answer));
            }
        }
        self.records.write_ticket(&ticket)?;
        if self.records.intent()?.is_some() {
            // The file is still on its way to `sent/`; when it has come there it is finished.
            return Ok(None);
        }
        match self.finish(&ticket.id, now_ms) {
            Ok(step) => Ok(step),
            Err(Trouble::Io(error)) => Err(error),
            Err(Trouble::Blocked(why)) => Err(io::Error::other(why)),
        }
    }

    /// The payloads whose answers are awaited, sorted.
    ///
    /// # Errors
    /// Those of reading the folder.
    pub fn awaiting(&self) -> io::Result<Vec<Digest>> {
        self.records.awaiting()
    }

    fn look_at(&mut self, path: &Path, name: &str, cx: &mut Context<'_>) -> Option<Step> {
        let metadata = fs::symlink_metadata(path).ok()?;
        match kind_of(name) {
            Kind::Ignored => return None,
            Kind::Report if metadata.is_file() => {}
            Kind::Report | Kind::Other => {
                let is_new = metadata.is_file() && self.told.insert(name.to_owned());
                let reason = say!(
                    "不是报表文件（CSV 或工作簿），留在原处；可作佐证材料",
                    "not a report (CSV or workbook); it stays where it is and may serve as evidence"
                );
                return is_new.then(|| Step::LeftAlone {
                    name: name.to_owned(),
                    reason,
                });
            }
        }
        let since = self.watchlist.since(name, Look::of(&metadata), cx.now_ms);
        if cx.now_ms.saturating_sub(since) < self.settings.settle_ms || is_in_use(path) {
            return Some(Step::Waiting {
                name: name.to_owned(),
            });
        }
        Some(self.handle_file(path, cx))
    }

    /// Carries out the intent that is there, if one is.
    fn resume(&self, submitter: &mut dyn Submitter, now_ms: i64) -> Result<Vec<Step>, Trouble> {
        match self.records.intent()? {
            Some(intent) => self.carry(intent, Some(submitter), now_ms),
            None => Ok(Vec::new()),
        }
    }

    /// Commits to an intent and carries it out.
    fn commit(
        &self,
        intent: Intent,
        submitter: Option<&mut dyn Submitter>,
        now_ms: i64,
    ) -> Result<Vec<Step>, Trouble> {
        self.records.write_intent(&intent)?;
        self.carry(intent, submitter, now_ms)
    }

    fn carry(
        &self,
        mut intent: Intent,
        submitter: Option<&mut dyn Submitter>,
        now_ms: i64,
    ) -> Result<Vec<Step>, Trouble> {
        let style = Style {
            language: self.settings.language,
            zone: &self.settings.zone,
            now_ms,
        };
        let spots = carry_out(&mut intent, &self.folders, &self.records, submitter, &style)?;
        let reports = intent.moves.into_iter().map(|m| Box::new(m.report));
        let mut steps: Vec<Step> = spots
            .into_iter()
            .zip(reports)
            .map(|(spot, report)| Step::Placed { spot, report })
            .collect();
        // An answer may have come before the file.
        let waits_for = intent
            .ticket
            .map(|ticket| ticket.id)
            .or(intent.join.map(|(id, _)| id));
        if let Some(id) = waits_for {
            steps.extend(self.finish(&id, now_ms)?);
        }
        Ok(steps)
    }
}

/// Whether the inbox takes a file of this name for a report.
pub(crate) fn is_report(name: &str) -> bool {
    kind_of(name) == Kind::Report
}

fn same_folder(a: &Path, b: &Path) -> bool {
    a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

fn trouble_step(name: &str, trouble: Trouble) -> Step {
    let name = name.to_owned();
    match trouble {
        Trouble::Blocked(reason) => Step::Blocked { name, reason },
        Trouble::Io(error) => Step::Failed {
            name,
            error: error.to_string(),
        },
    }
}

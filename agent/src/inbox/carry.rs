//! Carries an intent out. Every step may be done again: what a crash left half done is finished by the same function.
//!
//! The order of the steps:
//! 1. the ticket and its pointers, unless they are there, or the further file of a ticket; the slots' records. An answer can
//!    now find its file;
//! 2. sign and spool each payload. The bytes are those of the intent, so a second time is the same envelope, which the city
//!    knows by its digest;
//! 3. the report, and then the move, for each file;
//! 4. the ticket is closed, if that is what is intended;
//! 5. the intent is removed.

use std::{fs, io, path::Path};

use granary_core::text::Language;
use jiff::tz::TimeZone;

use super::{
    SubmitError, Submitter,
    folders::{Folder, Folders, Moved, Spot},
    record::{Intent, Move, Records},
};
use crate::{
    durable::write_durably,
    intake::digest_of,
    report::{Report, render},
};

/// Why an intent is not carried out yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The spool takes nothing now.
    #[error("{0}")]
    Blocked(String),
    /// The disk or a share is at fault.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// How reports are written.
pub(super) struct Style<'a> {
    pub(super) language: Language,
    pub(super) zone: &'a TimeZone,
    pub(super) now_ms: i64,
}

/// Carries an intent out and gives the places where its files are now.
pub(super) fn carry_out(
    intent: &mut Intent,
    folders: &Folders,
    records: &Records,
    submitter: Option<&mut dyn Submitter>,
    style: &Style<'_>,
) -> Result<Vec<Spot>, Trouble> {
    if let Some(ticket) = &intent.ticket {
        // A ticket that is there may hold an answer already, so it stays as it is; but a crash may have come before its
        // pointers, without which no answer would ever find it.
        let there = records.ticket(&ticket.id)?;
        records.write_ticket(there.as_ref().unwrap_or(ticket))?;
    }
    if let Some((id, file)) = &intent.join
        && let Some(mut ticket) = records.ticket(id)?
        && !ticket.files.contains(file)
    {
        ticket.files.push(file.clone());
        records.write_ticket(&ticket)?;
    }
    for slot in &intent.slots {
        records.write_slot(slot)?;
    }
    submit(intent, submitter)?;
    for at in 0..intent.moves.len() {
        while let Some(taken) = place(&intent.moves[at], folders, style)? {
            let free =
                folders.free((taken.folder, &taken.name), &[], (style.now_ms, style.zone))?;
            intent.redirect(&taken, &free);
            records.write_intent(intent)?;
            follow(intent, records, &taken, &free)?;
        }
    }
    if let Some(ticket) = &intent.close {
        records.close_ticket(ticket)?;
    }
    records.remove_intent()?;
    Ok(intent.moves.iter().map(|m| m.to.clone()).collect())
}

/// Tells the ticket of this intent that its file goes elsewhere.
fn follow(intent: &Intent, records: &Records, taken: &Spot, free: &Spot) -> io::Result<()> {
    let id = intent
        .ticket
        .as_ref()
        .map(|ticket| &ticket.id)
        .or(intent.join.as_ref().map(|(id, _)| id));
    let Some(id) = id else {
        return Ok(());
    };
    let Some(mut ticket) = records.ticket(id)? else {
        return Ok(());
    };
    for file in ticket.files.iter_mut().filter(|file| file.spot == *taken) {
        file.spot.clone_from(free);
    }
    records.write_ticket(&ticket)
}

fn submit(intent: &Intent, submitter: Option<&mut dyn Submitter>) -> Result<(), Trouble> {
    if intent.submit.is_empty() {
        return Ok(());
    }
    let Some(submitter) = submitter else {
        return Err(Trouble::Blocked("statements wait to be signed".to_owned()));
    };
    for payload in &intent.submit {
        let outgoing = payload.outgoing();
        let outgoing = outgoing
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "intent.json is damaged"))?;
        submitter.submit(&outgoing).map_err(|error| match error {
            SubmitError::Full(why) | SubmitError::Failed(why) => Trouble::Blocked(why),
        })?;
    }
    Ok(())
}

/// Writes the report and moves the file. The place that turned out to be taken by another file, if it was.
fn place(step: &Move, folders: &Folders, style: &Style<'_>) -> io::Result<Option<Spot>> {
    write_report(&step.report, folders, &step.to, style)?;
    // The goal was free when it was chosen. If it now holds what was read, this move was done before, and the clerk has
    // put the same file into the inbox once more; that one is handled by itself.
    let is_done = || {
        step.from.folder == Folder::Inbox
            && step.sha256.is_some()
            && is_same(&folders.file(&step.to), step.sha256.as_deref())
    };
    if is_same(&folders.file(&step.from), step.sha256.as_deref())
        && folders.shift(&step.from, &step.to)? == Moved::Taken
        && !is_done()
    {
        remove_report(folders, &step.to)?;
        return Ok(Some(step.to.clone()));
    }
    if step.from.folder == Folder::Sent {
        remove_report(folders, &step.from)?;
    }
    Ok(None)
}

/// Whether the file is there with the content that was read. Without a digest any content is right.
fn is_same(path: &Path, sha256: Option<&str>) -> bool {
    match sha256 {
        Some(sha256) => digest_of(path).is_ok_and(|digest| digest.to_string() == sha256),
        None => path.is_file(),
    }
}

pub(super) fn write_report(
    report: &Report,
    folders: &Folders,
    spot: &Spot,
    style: &Style<'_>,
) -> io::Result<()> {
    let mut text = render(report, style.language, style.zone);
    // Without the mark, Notepad on an older Windows shows Chinese text as noise.
    text.insert(0, '\u{feff}');
    write_durably(&folders.report(spot, "txt"), text.as_bytes())?;
    write_durably(&folders.report(spot, "json"), report.to_json().as_bytes())
}

/// Removes the report that this program wrote for an earlier state of the file.
fn remove_report(folders: &Folders, spot: &Spot) -> io::Result<()> {
    for extension in ["txt", "json"] {
        match fs::remove_file(folders.report(spot, extension)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

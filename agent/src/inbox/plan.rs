//! Decides what is to happen to a file, and writes it into an [`Intent`].

use granary_trace::Stage;

use super::{
    Context, Inbox, Step, Submitter, archive,
    carry::Trouble,
    check::{Checked, Pace, Unchecked, check},
    folders::{Folder, Spot},
    record::{Intent, Move, Payload, SlotRecord, Ticket, TicketFile},
};
use crate::{
    preflight::{Outgoing, Preflighted},
    report::{Earlier, Outcome, Report, Words},
};

impl Inbox {
    /// Reads a file of the inbox, decides, and does it.
    pub(super) fn handle(&self, name: &str, cx: &mut Context<'_>) -> Result<Step, Trouble> {
        // At most one intent at a time: an older one comes first.
        self.resume(cx.submitter, cx.now_ms)?;
        let from = Spot {
            folder: Folder::Inbox,
            name: name.to_owned(),
        };
        let names = self.folders.names(cx.catalogue, cx.unit);
        let checked = match check(&self.folders.file(&from), &names, cx.history, cx.now_ms) {
            Ok(checked) => checked,
            Err(Unchecked::Changed) => return Ok(Step::Waiting { name: from.name }),
            Err(Unchecked::Io(error)) => return Err(Trouble::Io(error)),
        };
        if checked.report.outcome == Outcome::Refused && !cx.is_current {
            return Ok(Step::Outdated { name: from.name });
        }
        archive::keep(
            &self.folders,
            &self.folders.file(&from),
            checked.report.sha256.as_deref(),
            (cx.now_ms, &self.settings.zone),
        )?;
        let intent = match checked.report.outcome {
            Outcome::Returned | Outcome::Refused => {
                self.set_aside(from, checked.report, cx.now_ms)?
            }
            Outcome::Ready | Outcome::Sent | Outcome::Repeated | Outcome::Accepted => {
                self.send(from, checked, cx)?
            }
        };
        let steps = self.commit(intent, Some(cx.submitter), cx.now_ms)?;
        let last = steps.into_iter().next_back();
        Ok(last.unwrap_or(Step::Waiting {
            name: name.to_owned(),
        }))
    }

    /// Moves a ticket's files to where the answers say, if all have come.
    pub(super) fn finish(&self, ticket_id: &str, now_ms: i64) -> Result<Option<Step>, Trouble> {
        let Some(mut ticket) = self.records.ticket(ticket_id)? else {
            return Ok(None);
        };
        let Some(outcome) = ticket.report.settled() else {
            return Ok(None);
        };
        ticket.report.outcome = outcome;
        ticket.report.written_at_ms = now_ms;
        ticket.report.held_back = None;
        let slots = self.settled_slots(&ticket.report)?;
        let mut moves = Vec::new();
        for file in &ticket.files {
            let report = Report {
                file: file.file.clone(),
                sha256: file.sha256.clone(),
                ..ticket.report.clone()
            };
            let reserved: Vec<Spot> = moves.iter().map(|m: &Move| m.to.clone()).collect();
            moves.push(self.movement(
                file.spot.clone(),
                Folder::of(outcome),
                report,
                (now_ms, &reserved),
            )?);
        }
        let intent = Intent {
            close: Some(ticket),
            slots,
            moves,
            ..Intent::default()
        };
        Ok(self.commit(intent, None, now_ms)?.into_iter().next_back())
    }

    fn set_aside(&self, from: Spot, report: Report, now_ms: i64) -> Result<Intent, Trouble> {
        let folder = Folder::of(report.outcome);
        let moves = vec![self.movement(from, folder, report, (now_ms, &[]))?];
        Ok(Intent {
            moves,
            ..Intent::default()
        })
    }

    fn send(&self, from: Spot, checked: Checked, cx: &mut Context<'_>) -> Result<Intent, Trouble> {
        let Checked {
            mut report,
            ready,
            pace,
        } = checked;
        let mut slots: Vec<SlotRecord> = Vec::new();
        let mut submit = Vec::new();
        let mut earlier_tickets = Vec::new();
        for (at, (statement, ready)) in report.statements.iter_mut().zip(&ready).enumerate() {
            let last = self.records.slot(ready.draft().slot())?;
            if let Some(last) = last.as_ref().filter(|last| self.says_the_same(last, ready)) {
                statement.earlier = Some(earlier(last));
                earlier_tickets.push(last.ticket.clone());
                continue;
            }
            let outgoing = self.seal(ready, last.as_ref(), cx)?;
            tell(&outgoing, pace.as_ref(), at);
            statement.revision = Some(outgoing.revision());
            statement.payload_sha256 = Some(outgoing.payload_sha256().to_string());
            statement.still_to_sign = cx
                .submitter
                .still_to_sign(outgoing.slot())
                .as_ref()
                .map(Words::of);
            submit.push(Payload::of(&outgoing));
            slots.push(slot_record(ready, &outgoing, &from.name, cx.now_ms));
        }
        let Some(id) = slots.first().map(|slot| slot.payload_sha256.clone()) else {
            return self.repeat(from, report, &earlier_tickets, cx.now_ms);
        };
        for slot in &mut slots {
            slot.ticket.clone_from(&id);
        }
        report.outcome = Outcome::Sent;
        report.held_back.clone_from(&self.held_back);
        let step = self.movement(from, Folder::Sent, report.clone(), (cx.now_ms, &[]))?;
        let ticket = Ticket {
            id,
            files: vec![waiting(&step)],
            report,
        };
        Ok(Intent {
            submit,
            ticket: Some(ticket),
            slots,
            moves: vec![step],
            ..Intent::default()
        })
    }

    /// A file that says nothing new joins the file that said it first.
    fn repeat(
        &self,
        from: Spot,
        mut report: Report,
        tickets: &[String],
        now_ms: i64,
    ) -> Result<Intent, Trouble> {
        report.outcome = Outcome::Repeated;
        let mut open = None;
        for id in tickets {
            open = open.or(self.records.ticket(id)?.map(|ticket| ticket.id));
        }
        let folder = if open.is_some() {
            report.held_back.clone_from(&self.held_back);
            Folder::Sent
        } else {
            Folder::Accepted
        };
        let step = self.movement(from, folder, report, (now_ms, &[]))?;
        let join = open.map(|id| (id, waiting(&step)));
        Ok(Intent {
            join,
            moves: vec![step],
            ..Intent::default()
        })
    }

    /// Whether the latest statement of a slot stands, or may yet stand, and says what this one says.
    fn says_the_same(&self, last: &SlotRecord, ready: &Preflighted) -> bool {
        let stands = match last.state {
            Outcome::Accepted => true,
            Outcome::Sent => self
                .records
                .ticket(&last.ticket)
                .is_ok_and(|ticket| ticket.is_some()),
            Outcome::Ready | Outcome::Repeated | Outcome::Returned | Outcome::Refused => false,
        };
        stands && last.content_sha256 == ready.digest().to_string()
    }

    fn seal(
        &self,
        ready: &Preflighted,
        last: Option<&SlotRecord>,
        cx: &Context<'_>,
    ) -> Result<Outgoing, Trouble> {
        let submitter: &dyn Submitter = cx.submitter;
        let known = last
            .map_or(0, |last| last.revision)
            .max(submitter.revision_floor(ready.draft().slot()));
        let sealed = ready.seal(known.saturating_add(1), cx.now_ms, &self.settings.software);
        // The preflight has made these bytes once already, so this names a limit that only the software's name can break.
        sealed.map_err(|error| Trouble::Blocked(error.to_string()))
    }

    fn movement(
        &self,
        from: Spot,
        folder: Folder,
        report: Report,
        (now_ms, reserved): (i64, &[Spot]),
    ) -> Result<Move, Trouble> {
        // The name in `sent/` may have a time in it already; the clerk's own name comes first.
        let to = self.folders.free(
            (folder, &report.file),
            reserved,
            (now_ms, &self.settings.zone),
        )?;
        Ok(Move {
            from,
            to,
            sha256: report.sha256.clone(),
            report,
        })
    }

    fn settled_slots(&self, report: &Report) -> Result<Vec<SlotRecord>, Trouble> {
        let mut slots = Vec::new();
        for statement in &report.statements {
            let (Some(answer), Some(payload)) = (&statement.answer, &statement.payload_sha256)
            else {
                continue;
            };
            let found = self.records.slot_named(
                &statement.unit.code,
                &statement.dataset.code,
                &statement.period,
            )?;
            // A later statement of the slot has its own answer.
            if let Some(slot) = found.filter(|slot| slot.payload_sha256 == *payload) {
                slots.push(SlotRecord {
                    state: answer.outcome,
                    ..slot
                });
            }
        }
        Ok(slots)
    }
}

fn waiting(step: &Move) -> TicketFile {
    TicketFile {
        spot: step.to.clone(),
        file: step.report.file.clone(),
        sha256: step.sha256.clone(),
    }
}

fn slot_record(ready: &Preflighted, outgoing: &Outgoing, file: &str, now_ms: i64) -> SlotRecord {
    let slot = outgoing.slot();
    SlotRecord {
        unit: slot.unit.to_string(),
        dataset: slot.dataset.to_string(),
        period: slot.period.to_string(),
        revision: outgoing.revision(),
        content_sha256: ready.digest().to_string(),
        payload_sha256: outgoing.payload_sha256().to_string(),
        ticket: String::new(),
        prepared_at_ms: now_ms,
        file: file.to_owned(),
        state: Outcome::Sent,
    }
}

fn earlier(last: &SlotRecord) -> Earlier {
    Earlier {
        revision: last.revision,
        prepared_at_ms: last.prepared_at_ms,
        file: last.file.clone(),
        accepted: last.state == Outcome::Accepted,
    }
}

/// Tells the trace of a sealed statement, the one at this place in its file, when it was read and judged.
fn tell(outgoing: &Outgoing, pace: Option<&Pace>, at: usize) {
    let trail = pace.and_then(|_| granary_trace::of(&outgoing.payload_sha256()));
    let (Some(pace), Some(trail)) = (pace, trail) else {
        return;
    };
    trail.one(Stage::Intake).tell(pace.read);
    if let Some(judged) = pace.judged.get(at) {
        trail.one(Stage::Preflight).tell(*judged);
    }
}

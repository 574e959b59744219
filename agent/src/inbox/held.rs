//! What is held back: nothing goes to the city for now, and the report of every file that waits says so, and why.

use std::{fs, io};

use granary_core::text::Bilingual;

use super::{
    Inbox,
    carry::{Style, write_report},
    folders::Spot,
    record::Ticket,
};
use crate::report::{Report, Words};

impl Inbox {
    /// Says why nothing that is handed in goes to the city for now; `None` where it does. Reports of files that wait and that
    /// say otherwise are written anew.
    ///
    /// # Errors
    /// Those of the disk; what is handed in later is reported rightly all the same.
    pub fn hold_back(&mut self, why: Option<&Bilingual>, now_ms: i64) -> io::Result<()> {
        self.held_back = why.map(Words::of);
        for payload in self.records.awaiting()? {
            if let Some(ticket) = self.records.ticket_of(&payload)? {
                self.tell_waiting(&ticket, now_ms)?;
            }
        }
        Ok(())
    }

    fn tell_waiting(&self, ticket: &Ticket, now_ms: i64) -> io::Result<()> {
        let style = Style {
            language: self.settings.language,
            zone: &self.settings.zone,
            now_ms,
        };
        for file in &ticket.files {
            // Where the file has not come to its folder yet, there is no report to put right.
            let Some(mut report) = self.report_of(&file.spot) else {
                continue;
            };
            if report.held_back != self.held_back {
                report.held_back.clone_from(&self.held_back);
                report.written_at_ms = now_ms;
                write_report(&report, &self.folders, &file.spot, &style)?;
            }
        }
        Ok(())
    }

    fn report_of(&self, spot: &Spot) -> Option<Report> {
        serde_json::from_slice(&fs::read(self.folders.report(spot, "json")).ok()?).ok()
    }
}

//! What the inbox writes down for itself, as small JSON files that are replaced whole and durably.
//!
//! ```text
//! state/intent.json                  what is being done to one file; there is at most one
//! state/tickets/<id>.json            a file in sent/ whose answers are awaited; the id is its first payload's digest
//! state/awaiting/<payload sha256>    the ticket's id, for each statement of a ticket
//! state/slots/<unit>__<dataset>__<period>.json   the latest statement of a slot
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use granary_core::{
    code::{DatasetCode, UnitCode},
    digest::Digest,
    period::Period,
    snapshot::SlotKey,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::folders::Spot;
use crate::{
    durable::write_durably,
    preflight::Outgoing,
    report::{Outcome, Report},
};

/// What is being done to one file. Written before anything else; carrying it out twice has the effect of once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// To sign and spool.
    pub(super) submit: Vec<Payload>,
    /// To write, when the answers of the city are awaited.
    pub(super) ticket: Option<Ticket>,
    /// The id of a ticket that a further file joins, because it says the same, and that file.
    pub(super) join: Option<(String, TicketFile)>,
    /// To close, when they have come.
    pub(super) close: Option<Ticket>,
    /// To write.
    pub(super) slots: Vec<SlotRecord>,
    /// Files to move, each with the report that goes beside it.
    pub(super) moves: Vec<Move>,
}

/// A payload as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payload {
    unit: String,
    dataset: String,
    period: String,
    revision: u32,
    payload_base64: String,
}

/// A file in `sent/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// The digest of the first payload.
    pub(super) id: String,
    /// The file, and files that say the same.
    pub(super) files: Vec<TicketFile>,
    /// What was read, and what the city has said so far.
    pub(super) report: Report,
}

/// A file that waits for a ticket's answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TicketFile {
    /// Where it lies.
    pub(super) spot: Spot,
    /// The name under which it was handed in.
    pub(super) file: String,
    /// The digest of its bytes.
    pub(super) sha256: Option<String>,
}

/// The latest statement of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SlotRecord {
    pub(super) unit: String,
    pub(super) dataset: String,
    pub(super) period: String,
    /// Its revision; the next one is higher.
    pub(super) revision: u32,
    /// The digest of the content alone.
    pub(super) content_sha256: String,
    pub(super) payload_sha256: String,
    /// The ticket that it is or was part of.
    pub(super) ticket: String,
    pub(super) prepared_at_ms: i64,
    /// The name of the file.
    pub(super) file: String,
    /// Sent, accepted, returned or refused.
    pub(super) state: Outcome,
}

/// A file to move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Move {
    pub(super) from: Spot,
    pub(super) to: Spot,
    /// The digest of the file that was read; a file of other content under that name is left alone.
    pub(super) sha256: Option<String>,
    pub(super) report: Report,
}

/// The latest statement of a slot that was handed in here, for whoever asks what is known of the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Its revision.
    pub revision: u32,
    /// The digest of what was signed.
    pub payload_sha256: Digest,
    /// Whether it waits for its answer or was accepted; otherwise it was returned or refused.
    pub stands: bool,
    /// How it stands: sent, accepted, returned or refused.
    pub outcome: Outcome,
    /// When it was made, by this machine's clock.
    pub prepared_at_ms: i64,
}

/// The latest statement of a slot under a state folder; none where none was handed in, or its record cannot be read.
#[must_use]
pub fn latest(state: &Path, slot: &SlotKey) -> Option<Latest> {
    let records = Records {
        folder: state.to_owned(),
    };
    let record = records.slot(slot).ok().flatten()?;
    Some(Latest {
        revision: record.revision,
        payload_sha256: Digest::from_hex(&record.payload_sha256)?,
        outcome: record.state,
        prepared_at_ms: record.prepared_at_ms,
        stands: match record.state {
            Outcome::Sent | Outcome::Accepted => true,
            Outcome::Ready | Outcome::Repeated | Outcome::Returned | Outcome::Refused => false,
        },
    })
}

impl Intent {
    /// Sends what was to go to `taken` to `free`.
    pub(super) fn redirect(&mut self, taken: &Spot, free: &Spot) {
        let moves = self.moves.iter_mut().map(|m| &mut m.to);
        let files = self.ticket.iter_mut().flat_map(|ticket| &mut ticket.files);
        let joined = self.join.iter_mut().map(|(_, file)| file);
        for spot in moves
            .chain(files.chain(joined).map(|file| &mut file.spot))
            .filter(|spot| *spot == taken)
        {
            spot.clone_from(free);
        }
    }
}

impl Payload {
    pub(super) fn of(outgoing: &Outgoing) -> Self {
        let slot = outgoing.slot();
        Self {
            unit: slot.unit.to_string(),
            dataset: slot.dataset.to_string(),
            period: slot.period.to_string(),
            revision: outgoing.revision(),
            payload_base64: STANDARD.encode(outgoing.payload()),
        }
    }

    /// The same bytes again; `None` where the record is damaged.
    pub(super) fn outgoing(&self) -> Option<Outgoing> {
        let slot = SlotKey::new(
            UnitCode::new(&self.unit).ok()?,
            DatasetCode::new(&self.dataset).ok()?,
            Period::parse(&self.period).ok()?,
        );
        let payload = STANDARD.decode(&self.payload_base64).ok()?;
        Some(Outgoing::kept(slot, self.revision, payload))
    }
}

/// The files under the state folder.
#[derive(Clone, Debug)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        for name in ["tickets", "awaiting", "slots"] {
            fs::create_dir_all(folder.join(name))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    pub(super) fn intent(&self) -> io::Result<Option<Intent>> {
        load(&self.intent_path())
    }

    pub(super) fn write_intent(&self, intent: &Intent) -> io::Result<()> {
        save(&self.intent_path(), intent)
    }

    pub(super) fn remove_intent(&self) -> io::Result<()> {
        remove(&self.intent_path())?;
        crate::platform::sync_folder(&self.folder)
    }

    pub(super) fn slot(&self, slot: &SlotKey) -> io::Result<Option<SlotRecord>> {
        load(&self.slot_path(
            slot.unit.as_str(),
            slot.dataset.as_str(),
            &slot.period.to_string(),
        ))
    }

    pub(super) fn slot_named(
        &self,
        unit: &str,
        dataset: &str,
        period: &str,
    ) -> io::Result<Option<SlotRecord>> {
        load(&self.slot_path(unit, dataset, period))
    }

    pub(super) fn write_slot(&self, record: &SlotRecord) -> io::Result<()> {
        save(
            &self.slot_path(&record.unit, &record.dataset, &record.period),
            record,
        )
    }

    pub(super) fn ticket(&self, id: &str) -> io::Result<Option<Ticket>> {
        load(&self.ticket_path(id))
    }

    /// The ticket that a payload is part of, while its answer is awaited.
    pub(super) fn ticket_of(&self, payload_sha256: &Digest) -> io::Result<Option<Ticket>> {
        let path = self.awaiting_path(&payload_sha256.to_string());
        match fs::read_to_string(path) {
            Ok(id) => self.ticket(id.trim()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a ticket, and then the pointers to it.
    pub(super) fn write_ticket(&self, ticket: &Ticket) -> io::Result<()> {
        save(&self.ticket_path(&ticket.id), ticket)?;
        for payload in payloads(ticket) {
            let path = self.awaiting_path(payload);
            if !path.exists() {
                write_durably(&path, ticket.id.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Removes the pointers to a ticket, and then the ticket.
    pub(super) fn close_ticket(&self, ticket: &Ticket) -> io::Result<()> {
        for payload in payloads(ticket) {
            remove(&self.awaiting_path(payload))?;
        }
        remove(&self.ticket_path(&ticket.id))
    }

    /// The payloads whose answers are awaited.
    pub(super) fn awaiting(&self) -> io::Result<Vec<Digest>> {
        let mut digests = Vec::new();
        for entry in fs::read_dir(self.folder.join("awaiting"))? {
            let name = entry?.file_name();
            digests.extend(name.to_str().and_then(Digest::from_hex));
        }
        digests.sort_unstable();
        Ok(digests)
    }

    fn intent_path(&self) -> PathBuf {
        self.folder.join("intent.json")
    }

    fn ticket_path(&self, id: &str) -> PathBuf {
        self.folder.join("tickets").join(format!("{id}.json"))
    }

    fn awaiting_path(&self, payload_sha256: &str) -> PathBuf {
        self.folder.join("awaiting").join(payload_sha256)
    }

    fn slot_path(&self, unit: &str, dataset: &str, period: &str) -> PathBuf {
        self.folder
            .join("slots")
            .join(format!("{unit}__{dataset}__{period}.json"))
    }
}

fn payloads(ticket: &Ticket) -> impl Iterator<Item = &str> {
    ticket
        .report
        .statements
        .iter()
        .filter_map(|s| s.payload_sha256.as_deref())
}

fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // A record that cannot be understood is not taken for none: that could send a statement twice under two revisions.
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} is damaged ({error}); keep a copy and ask the city before removing it",
                path.display()
            ),
        )
    })
}

fn save<T: Serialize>(path: &Path, record: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec(record).map_err(io::Error::other)?;
    write_durably(path, &bytes)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

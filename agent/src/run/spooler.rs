//! Signing and spooling for the inbox, and the way round by `waiting/` where the catalogue asks for more than this agent's key.
//!
//! A statement goes to the spool when the catalogue's policy for its dataset is satisfied by the roles of the keys that have
//! signed; until then it is a file in [`WaitingFolder`]. Both are durable before the inbox is told that it cannot be lost.

use std::path::Path;

use granary_core::{
    catalogue::Catalogue, envelope::KeyRole, ledger::signers::still_to_sign, snapshot::SlotKey,
    text::Bilingual,
};
use granary_trace::Stage;

use crate::durable::OsDisk;
use crate::inbox::{SubmitError, Submitter};
use crate::link::sign::{SignError, Signed};
use crate::link::{Outbox, Revisions, Signer};
use crate::preflight::Outgoing;
use crate::run::recorder::Recorder;
use crate::spool::AppendError;
use crate::waiting::{Waiting, WaitingError, WaitingFolder};

/// Signs and spools for the inbox. It borrows from the desk, which owns all of it.
pub(super) struct Spooler<'a> {
    pub(super) outbox: &'a mut Outbox<OsDisk>,
    pub(super) signer: &'a Signer,
    pub(super) role: KeyRole,
    pub(super) catalogue: Option<&'a Catalogue>,
    pub(super) waiting: &'a WaitingFolder,
    pub(super) revisions: &'a Revisions,
    pub(super) recorder: &'a mut Recorder,
}

impl Submitter for Spooler<'_> {
    fn revision_floor(&self, slot: &SlotKey) -> u32 {
        self.revisions.highest(slot)
    }

    fn still_to_sign(&self, slot: &SlotKey) -> Option<Bilingual> {
        let missing = self.missing(slot, &[self.role]);
        (!missing.is_empty()).then(|| still_to_sign(&missing))
    }

    fn submit(&mut self, outgoing: &Outgoing) -> Result<(), SubmitError> {
        let slot = outgoing.slot();
        let begun = granary_trace::begin();
        let signed = self.signer.sign(slot, outgoing.payload().to_vec());
        let signed = signed.map_err(|error| SubmitError::Failed(error.to_string()))?;
        if let (Some(begun), Some(trail)) = (begun, granary_trace::of(&outgoing.payload_sha256())) {
            trail.one(Stage::Sign).tell(begun.until_now());
        }
        if self.missing(slot, &[self.role]).is_empty() {
            self.spool(&signed).map_err(failed)?;
        } else {
            self.put_aside(outgoing)
                .map_err(|error| SubmitError::Failed(error.to_string()))?;
        }
        self.recorder.spooled(outgoing);
        Ok(())
    }
}

impl Spooler<'_> {
    /// Spools what has all its signatures now; what cannot be used is told and stays.
    pub(super) fn collect(&mut self) -> Vec<Bilingual> {
        let files = match self.waiting.files() {
            Ok(files) => files,
            Err(error) => {
                return vec![Bilingual::new(
                    format!("waiting 文件夹无法读取：{error}"),
                    format!("the folder waiting cannot be read: {error}"),
                )];
            }
        };
        let collected = files.iter().map(|path| (path, self.collect_one(path)));
        let told = collected.filter_map(|(path, collected)| {
            let error = collected.err()?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Some(Bilingual::new(
                format!("waiting 中的 {name} 不能使用：{error}"),
                format!("{name} in the folder waiting cannot be used: {error}"),
            ))
        });
        told.collect()
    }

    fn collect_one(&mut self, path: &Path) -> Result<(), CollectError> {
        let waiting = Waiting::read(path)?;
        let slot = &waiting.snapshot().slot;
        if slot.unit != *self.signer.unit() {
            let (theirs, ours) = (slot.unit.clone(), self.signer.unit().clone());
            return Err(SignError::AnotherUnit(theirs, ours).into());
        }
        let is_known = self
            .catalogue
            .is_some_and(|catalogue| catalogue.dataset(&slot.dataset).is_some());
        if !is_known || !self.missing(slot, &waiting.roles()).is_empty() {
            return Ok(());
        }
        self.spool(&Signed::of_envelope(slot.clone(), waiting.envelope()))?;
        // From here it cannot be lost. Where removing fails or a crash comes first, it is spooled again, which changes nothing.
        Ok(self.waiting.remove(path).map_err(WaitingError::Io)?)
    }

    /// Who still has to sign, beside keys of these roles. Without a catalogue, or where it has no such dataset, nobody: the city
    /// decides.
    fn missing(&self, slot: &SlotKey, roles: &[KeyRole]) -> Vec<(KeyRole, usize)> {
        let dataset = self
            .catalogue
            .and_then(|catalogue| catalogue.dataset(&slot.dataset));
        dataset.map_or(Vec::new(), |dataset| dataset.signatures().missing(roles))
    }

    fn spool(&mut self, signed: &Signed) -> Result<(), AppendError> {
        let spooled = self.outbox.append(signed)?;
        tracing::info!(slot = %signed.slot(), record = spooled.id.get(), payload = %spooled.payload_sha256, "spooled");
        Ok(())
    }

    fn put_aside(&self, outgoing: &Outgoing) -> Result<(), WaitingError> {
        let mut waiting = Waiting::unsigned(outgoing.payload().to_vec())?;
        waiting.sign(self.signer.key(), self.role)?;
        let path = self.waiting.put(&waiting)?;
        tracing::info!(slot = %outgoing.slot(), file = %path.display(), "signed, and waiting for other signatures");
        Ok(())
    }
}

/// Why a file in `waiting/` was not spooled.
#[derive(Debug, thiserror::Error)]
enum CollectError {
    #[error(transparent)]
    Waiting(#[from] WaitingError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

fn failed(error: AppendError) -> SubmitError {
    if error.retryable() {
        SubmitError::Full(error.to_string())
    } else {
        SubmitError::Failed(error.to_string())
    }
}

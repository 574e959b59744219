//! What came back from the city: verified receipts and final refusals, one file each, written with [`crate::durable`].
//!
//! ```text
//! receipts/<dataset>_<period>_r<revision>_<16 hex digits of the payload's digest>.tlog-proof    C2SP tlog-proof, text
//! refusals/<payload's digest, 64 hex digits>.json                                               the refusal, JSON
//! ```
//! A stored receipt is never replaced: a second answer for the same payload proves the same entry.

use std::io;
use std::path::{Path, PathBuf};

use granary_core::{
    digest::Digest,
    ledger::JournalEntry,
    log::{Checkpoint, Receipt, VerifierKey},
    snapshot::SlotKey,
    text::Bilingual,
};
use serde::{Deserialize, Serialize};

use crate::durable::{Disk as _, OsDisk, write_durably};
use crate::link::Receipted;

/// The two folders.
#[derive(Clone, Debug)]
pub struct Receipts {
    receipts: PathBuf,
    refusals: PathBuf,
}

/// What a stored receipt says.
#[derive(Clone, Debug)]
pub struct StoredReceipt {
    /// Its file.
    pub path: PathBuf,
    /// The entry's index in the log.
    pub index: u64,
    /// When the city received the statement.
    pub received_at_ms: i64,
    /// The text of the signed head that covers it.
    pub checkpoint: String,
}

/// A statement that the city will never take in this form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The payload's digest, hexadecimal.
    pub payload_sha256: String,
    /// The unit.
    pub unit: String,
    /// The dataset.
    pub dataset: String,
    /// The period, in SDMX form.
    pub period: String,
    /// The revision that it was stated as.
    pub revision: u32,
    /// The reason as a word.
    pub code: String,
    /// The reason in Chinese.
    pub message_zh: String,
    /// The reason in English.
    pub message_en: String,
    /// When the refusal came, by this machine's clock.
    pub refused_at_ms: i64,
}

impl Refused {
    /// The reason in both languages.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        Bilingual::new(&self.message_zh, &self.message_en)
    }
}

impl Receipts {
    /// Uses `receipts` and `refusals` under `state`, and makes them where they are missing.
    ///
    /// # Errors
    /// Where the folders cannot be made.
    pub fn open(state: &Path) -> io::Result<Self> {
        let store = Self {
            receipts: state.join("receipts"),
            refusals: state.join("refusals"),
        };
        std::fs::create_dir_all(&store.receipts)?;
        std::fs::create_dir_all(&store.refusals)?;
        OsDisk.sync_folder(state)?;
        Ok(store)
    }

    /// Stores a verified receipt and returns its file.
    ///
    /// # Errors
    /// Where it could not be written; nothing is lost, because the city gives it again.
    pub fn store(&self, receipted: &Receipted) -> io::Result<PathBuf> {
        let expected = receipted.expected();
        let path = self.path(&expected.slot, expected.revision, &expected.payload_sha256);
        if path.exists() {
            // The file may be there from an attempt that failed at its last step.
            OsDisk.sync_folder(&self.receipts)?;
        } else {
            write_durably(&path, receipted.receipt().to_text().as_bytes())?;
        }
        Ok(path)
    }

    /// The stored receipt of a statement, if there is one.
    #[must_use]
    pub fn find(
        &self,
        slot: &SlotKey,
        revision: u32,
        payload_sha256: &Digest,
    ) -> Option<StoredReceipt> {
        let path = self.path(slot, revision, payload_sha256);
        let receipt = Receipt::parse(&std::fs::read_to_string(&path).ok()?).ok()?;
        let entry = JournalEntry::decode(&receipt.entry).ok()?;
        if entry.payload_sha256 != *payload_sha256 {
            return None;
        }
        let checkpoint = receipt
            .checkpoint
            .split("\n\n")
            .next()
            .unwrap_or_default()
            .to_owned();
        Some(StoredReceipt {
            path,
            index: receipt.index,
            received_at_ms: entry.received_at_ms,
            checkpoint,
        })
    }

    /// The signed heads of the receipts that were stored last, the newest first, at most `count`. What cannot be read is passed over.
    #[must_use]
    pub fn newest_heads(&self, count: usize) -> Vec<String> {
        let entries = std::fs::read_dir(&self.receipts).into_iter().flatten();
        let stored = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry.ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        };
        let mut files: Vec<_> = entries.filter_map(stored).collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        let texts = files
            .into_iter()
            .take(count)
            .filter_map(|(_, path)| std::fs::read_to_string(path).ok());
        texts
            .filter_map(|text| Some(Receipt::parse(&text).ok()?.checkpoint))
            .collect()
    }

    /// Stores a final refusal.
    ///
    /// # Errors
    /// Where it could not be written.
    pub fn store_refusal(&self, refused: &Refused) -> io::Result<()> {
        let path = self
            .refusals
            .join(format!("{}.json", refused.payload_sha256));
        let text = serde_json::to_string_pretty(refused).map_err(io::Error::other)?;
        write_durably(&path, text.as_bytes())
    }

    /// The stored refusal of a statement, if there is one.
    #[must_use]
    pub fn find_refusal(&self, payload_sha256: &Digest) -> Option<Refused> {
        let text =
            std::fs::read_to_string(self.refusals.join(format!("{payload_sha256}.json"))).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn path(&self, slot: &SlotKey, revision: u32, payload_sha256: &Digest) -> PathBuf {
        let digest: String = payload_sha256.to_string().chars().take(16).collect();
        self.receipts.join(format!(
            "{}_{}_r{revision}_{digest}.tlog-proof",
            slot.dataset, slot.period
        ))
    }
}

/// A receipt's file, verified with nothing but the log's key.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn verify_file(
    path: &Path,
    log_key: &VerifierKey,
) -> Result<(Receipt, JournalEntry, Checkpoint), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let receipt = Receipt::parse(&text).map_err(|error| error.to_string())?;
    let checkpoint = receipt.verify(log_key).map_err(|error| error.to_string())?;
    let entry = JournalEntry::decode(&receipt.entry).map_err(|error| error.to_string())?;
    Ok((receipt, entry, checkpoint))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_heads_of_the_newest_receipts_are_found_and_damage_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let receipts = Receipts::open(folder.path()).unwrap();
        for (age_s, name) in [(9, "old"), (1, "new"), (5, "middle"), (3, "damaged")] {
            let receipt = Receipt {
                entry: b"entry".to_vec(),
                index: 0,
                proof: Vec::new(),
                checkpoint: format!("{name}\n1\nAAAA\n\n— {name} AAAA\n"),
            };
            let mut text = receipt.to_text();
            if name == "damaged" {
                text.truncate(20);
            }
            let path = receipts.receipts.join(format!("{name}.tlog-proof"));
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            let modified = SystemTime::now() - Duration::from_secs(age_s);
            file.set_modified(modified).unwrap();
        }
        let names: Vec<String> = receipts
            .newest_heads(3)
            .iter()
            .map(|head| head.lines().next().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["new", "middle"]);
    }
}

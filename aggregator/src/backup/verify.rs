//! The check of a backup: its files, then what they hold, as `granary-audit fsck` checks a data folder.
//!
//! - In: a backup, read only.
//! - Out: what it holds, or the first place that does not hold.
//! - It writes nothing into the backup; the second fold goes into a temporary folder, as large as the derived rows.

use std::{path::Path, sync::Arc};

use granary_core::{
    digest::Digest,
    ledger::LogIndex,
    log::{Checkpoint, Frontier, Hash, VerifierKey, leaf_hash},
};

use super::{BackupError, DATA, MANIFEST, files, manifest::Manifest};
use crate::{
    journal::{Journal, OpenError, StoreError},
    project::{self, Derived},
    site::{self, Site},
};

/// Entries that are read at once, and the bytes of their payloads.
const READ_ENTRIES: usize = 1_024;
const READ_BYTES: usize = 8 << 20;

/// A backup that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Entries in its journal.
    pub entries: u64,
    /// Entries under its newest checkpoint.
    pub signed: u64,
    /// The root that the checkpoint signs and the entries give.
    pub root: Hash,
    /// The digest of the state that the entries give, all of them folded.
    pub state_digest: Digest,
}

/// Checks a backup. `log_key` is the log's public key as it is known from elsewhere; without it, the backup's own is taken.
///
/// # Errors
/// [`BackupError`] names the first place that does not hold.
pub fn verify(
    backup: &Path,
    log_key: Option<&VerifierKey>,
    scratch: &Path,
) -> Result<Verified, BackupError> {
    let manifest = Manifest::read(backup)?;
    check_files(backup, &manifest)?;
    let data = backup.join(DATA);
    let journal = Journal::open_read_only(&data).map_err(in_journal)?;
    let (signed, root) = check_tree(&journal)?;
    check_signature(&data, &journal, log_key)?;
    let (entries, state_digest) = check_rows(&data, journal, scratch)?;
    Ok(Verified {
        manifest,
        entries,
        signed,
        root,
        state_digest,
    })
}

fn check_files(backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let data = backup.join(DATA);
    for (path, listed) in &manifest.files {
        let file = data.join(path);
        if !file.exists() {
            return Err(BackupError::damaged(path, "the file is missing"));
        }
        listed.check(path, &files::content(&file)?)?;
    }
    let strange = files::walk(&data)?;
    match strange
        .iter()
        .find(|path| !manifest.files.contains_key(*path))
    {
        Some(path) => Err(BackupError::damaged(
            path,
            format!("{MANIFEST} does not list it"),
        )),
        None => Ok(()),
    }
}

/// Computes the tree anew from all entries; payloads are compared with their digests on the way.
fn check_tree(journal: &Journal) -> Result<(u64, Hash), BackupError> {
    let head = journal.head();
    let (mut tree, mut root) = (Frontier::empty(), Frontier::empty().root());
    while tree.size() < journal.size() {
        let first = LogIndex(tree.size());
        let records = journal
            .records_within(first, READ_ENTRIES, READ_BYTES)
            .map_err(|error| in_store(&format!("journal, entries from {first} on"), error))?;
        if records.is_empty() {
            return Err(BackupError::damaged(
                format!("journal, entry {first}"),
                "it is missing",
            ));
        }
        for record in &records {
            tree.push(leaf_hash(&record.bytes));
            if tree.size() == head.size {
                root = tree.root();
            }
        }
    }
    if root == head.root {
        return Ok((head.size, root));
    }
    let why = format!(
        "the first {} entries give the root {root}, {} is signed",
        head.size, head.root
    );
    Err(BackupError::damaged("journal", why))
}

fn check_signature(
    data: &Path,
    journal: &Journal,
    log_key: Option<&VerifierKey>,
) -> Result<(), BackupError> {
    let own;
    let key = match log_key {
        Some(key) => key,
        None => {
            own = verifier_key(data)?;
            &own
        }
    };
    let note = journal.checkpoint();
    if note.is_empty() {
        return Ok(());
    }
    Checkpoint::open(note.as_bytes(), journal.origin(), std::slice::from_ref(key))
        .map(drop)
        .map_err(|error| BackupError::damaged("journal.head", error))
}

/// The log's public key as the folder has it.
pub(super) fn verifier_key(data: &Path) -> Result<VerifierKey, BackupError> {
    let path = Site::new(data).log_verifier_key();
    let text = site::read(&path)?;
    VerifierKey::parse(text.trim()).map_err(|error| BackupError::damaged("log.vkey", error))
}

/// Folds all entries from the first on, and the backup's rows to the same end: both must come to the same state.
fn check_rows(data: &Path, journal: Journal, scratch: &Path) -> Result<(u64, Digest), BackupError> {
    let failed = |error| BackupError::file(scratch, error);
    let temporary = tempfile::Builder::new()
        .prefix("granary-verify-")
        .tempdir_in(scratch);
    let temporary = temporary.map_err(failed)?;
    let journal = Arc::new(journal);
    let fold = |folder: &Path| -> Result<(u64, Digest), BackupError> {
        let derived = Arc::new(Derived::open(folder)?);
        let applied = project::catch_up(&journal, &derived)?;
        Ok((applied, project::state_digest(&derived)?))
    };
    let anew = temporary.path().join("anew");
    files::make_folder(&anew)?;
    let (entries, computed) = fold(&anew)?;
    if !data.join("derived").is_dir() {
        return Ok((entries, computed));
    }
    let kept = temporary.path().join("kept");
    files::make_folder(&kept.join("derived"))?;
    for path in files::walk(&data.join("derived"))? {
        files::copy(
            &data.join("derived").join(&path),
            &kept.join("derived").join(&path),
        )?;
    }
    let (_, found) = fold(&kept)?;
    if found == computed {
        return Ok((entries, computed));
    }
    let why = format!("the rows come to the state digest {found}, the entries to {computed}");
    Err(BackupError::damaged("derived", why))
}

fn in_journal(error: OpenError) -> BackupError {
    match error {
        OpenError::Store(StoreError::Disk(_))
        | OpenError::File { .. }
        | OpenError::NewerFormat { .. } => BackupError::Journal(error),
        other @ (OpenError::Store(StoreError::Damaged(_) | StoreError::Closed)
        | OpenError::NotInitialised(_)
        | OpenError::Missing(_)
        | OpenError::Exists(_)
        | OpenError::InUse(_)
        | OpenError::OriginDiffers { .. }
        | OpenError::Shorter { .. }
        | OpenError::RootDiffers { .. }
        | OpenError::HeadGone { .. }) => BackupError::damaged("journal", other),
    }
}

fn in_store(place: &str, error: StoreError) -> BackupError {
    match error {
        StoreError::Damaged(why) => BackupError::damaged(place, why),
        StoreError::Disk(_) | StoreError::Closed => BackupError::Store(error),
    }
}

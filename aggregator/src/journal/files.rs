//! The files of a journal: where they are, how they are made, and whether they belong together.

use std::path::{Path, PathBuf};

use super::{
    OpenError, StoreError,
    store::{Family, Store},
};
use crate::durable;

/// The format that this program writes and the newest that it reads.
pub(super) const FORMAT: u64 = 1;
pub(super) const MARKER_FIRST_LINE: &str = "granary-journal";
pub(super) const META_FORMAT: &[u8] = b"format";
pub(super) const META_ORIGIN: &[u8] = b"origin";

#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) marker: PathBuf,
    pub(super) store: PathBuf,
    pub(super) head: PathBuf,
}

impl Paths {
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            marker: folder.join("journal.id"),
            store: folder.join("journal"),
            head: folder.join("journal.head"),
        }
    }
}

/// Makes the store aside and renames it, so that a folder of its name is a whole store.
pub(super) fn create_store(paths: &Paths, origin: &str) -> Result<(), OpenError> {
    let aside = paths.store.with_extension("new");
    if aside.exists() {
        std::fs::remove_dir_all(&aside).map_err(|error| OpenError::file(&aside, error))?;
    }
    let store = Store::create(&aside).map_err(StoreError::from)?;
    let mut batch = rocksdb::WriteBatch::default();
    let meta = store.family(Family::Meta)?;
    batch.put_cf(meta, META_FORMAT, FORMAT.to_be_bytes());
    batch.put_cf(meta, META_ORIGIN, origin);
    store.write_synced(batch).map_err(StoreError::from)?;
    drop(store);
    let renamed =
        std::fs::rename(&aside, &paths.store).and_then(|()| durable::sync_folder(&paths.store));
    renamed.map_err(|error| OpenError::file(&paths.store, error))
}

/// The origin that the marker names, where marker and store both stand.
pub(super) fn read_marker(paths: &Paths) -> Result<String, OpenError> {
    let text = match std::fs::read_to_string(&paths.marker) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::NotInitialised(paths.store.clone()));
        }
        Err(error) => return Err(OpenError::file(&paths.marker, error)),
    };
    if let Some(missing) = [&paths.store, &paths.head]
        .into_iter()
        .find(|path| !path.exists())
    {
        return Err(OpenError::Missing(missing.clone()));
    }
    let origin = text
        .strip_prefix(MARKER_FIRST_LINE)
        .and_then(|rest| rest.strip_prefix('\n')?.strip_suffix('\n'));
    let damaged = || {
        OpenError::file(
            &paths.marker,
            std::io::Error::other("not the marker of a journal"),
        )
    };
    Ok(origin.ok_or_else(damaged)?.to_owned())
}

pub(super) fn open_store(paths: &Paths, read_only: bool) -> Result<Store, OpenError> {
    let opened = if read_only {
        Store::open_read_only(&paths.store)
    } else {
        Store::open(&paths.store)
    };
    opened.map_err(|error| {
        // RocksDB has no kind of its own for a lock that is held.
        if error.as_ref().contains("While lock file") || error.as_ref().contains("lock hold by") {
            OpenError::InUse(paths.store.clone())
        } else {
            OpenError::Store(error.into())
        }
    })
}

pub(super) fn check_meta(store: &Store, marker: &str) -> Result<(), OpenError> {
    let format = store
        .get(Family::Meta, META_FORMAT)?
        .and_then(|bytes| bytes.try_into().ok());
    let format =
        format.ok_or_else(|| StoreError::Damaged("it does not state its format".into()))?;
    let found = u64::from_be_bytes(format);
    if found > FORMAT {
        return Err(OpenError::NewerFormat {
            found,
            known: FORMAT,
        });
    }
    let origin = store.get(Family::Meta, META_ORIGIN)?.unwrap_or_default();
    let origin = String::from_utf8_lossy(&origin).into_owned();
    if origin != marker {
        return Err(OpenError::OriginDiffers {
            marker: marker.to_owned(),
            store: origin,
        });
    }
    Ok(())
}

//! The catalogue in force, kept so that files can be checked while the line is down.
//!
//! File `catalogue.bundle` in the state folder: the bundle's canonical bytes, whose SHA-256 is the version. A damaged or
//! unreadable file counts as none: it is fetched again.

use std::io;
use std::path::{Path, PathBuf};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    digest::Digest,
};

use crate::durable::write_durably;

/// The file and what it holds. One owner.
pub struct CatalogueCache {
    path: PathBuf,
    held: Option<Held>,
}

struct Held {
    version: Digest,
    catalogue: Catalogue,
}

/// Why a bundle was not taken. The one before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The bytes are not what the city said they are.
    #[error("the catalogue's bytes do not have the version that the city named")]
    Version,
    /// The bundle cannot be read by this program: a newer program is needed, or the bytes are damaged.
    #[error("the catalogue cannot be read by this version of the program: {0}")]
    Unreadable(String),
    /// It could not be written.
    #[error("the catalogue could not be stored: {0}")]
    Storage(#[from] io::Error),
}

impl CatalogueCache {
    /// Reads what was kept under `state`.
    #[must_use]
    pub fn open(state: &Path) -> Self {
        let path = state.join("catalogue.bundle");
        let held = std::fs::read(&path)
            .ok()
            .and_then(|bytes| read(&bytes).ok());
        Self { path, held }
    }

    /// The catalogue, if one was ever fetched.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        Some(&self.held.as_ref()?.catalogue)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Option<Digest> {
        Some(self.held.as_ref()?.version)
    }

    /// Checks and keeps a fetched bundle.
    ///
    /// # Errors
    /// [`CacheError`]; the one before stays in force.
    pub fn keep(&mut self, version: &Digest, bytes: &[u8]) -> Result<(), CacheError> {
        if Digest::of(bytes) != *version {
            return Err(CacheError::Version);
        }
        let held = read(bytes)?;
        write_durably(&self.path, bytes)?;
        self.held = Some(held);
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Result<Held, CacheError> {
    let bundle =
        Bundle::decode(bytes).map_err(|error| CacheError::Unreadable(error.to_string()))?;
    let catalogue = Catalogue::parse(&bundle).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        CacheError::Unreadable(format!("{} faults, first: {first}", faults.len()))
    })?;
    Ok(Held {
        version: bundle.version(),
        catalogue,
    })
}

//! The documents of bulletins: made ones in memory, bounded; published ones as files that are never changed.
//!
//! Format: `bulletins/SHA256.bulletin` in the data folder, the document's bytes under the digest that the journal holds. A lost file is no
//! loss: `granary-audit bulletin --export` computes the same bytes from the journal.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use granary_core::digest::Digest;

use crate::durable;

/// Documents in memory at once, and their bytes together; the oldest make room.
const MADE_MAX: usize = 16;
const BYTES_MAX: usize = 128 << 20;

/// All documents.
pub(super) struct Papers {
    folder: PathBuf,
    made: Mutex<VecDeque<(Digest, Bytes)>>,
}

impl Papers {
    /// Documents whose files are in a folder, which is made when the first is published.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            made: Mutex::default(),
        }
    }

    /// Keeps a document that was made, and gives its digest.
    pub(super) fn keep(&self, document: Bytes) -> Digest {
        let digest = Digest::of(&document);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|(known, _)| *known != digest);
        made.push_back((digest, document));
        let bytes =
            |made: &VecDeque<(Digest, Bytes)>| made.iter().map(|(_, one)| one.len()).sum::<usize>();
        while made.len() > MADE_MAX || (made.len() > 1 && bytes(&made) > BYTES_MAX) {
            made.pop_front();
        }
        digest
    }

    /// The document of a digest, from memory or from its file; a file that holds anything else is an error. Blocks.
    pub(super) fn find(&self, digest: &Digest) -> io::Result<Option<Bytes>> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let found = made.iter().find(|(known, _)| known == digest);
        if let Some((_, document)) = found {
            return Ok(Some(document.clone()));
        }
        drop(made);
        match std::fs::read(self.path(digest)) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes.into())),
            Ok(_) => {
                let path = self.path(digest);
                let why = format!("{} is not the document that was published", path.display());
                Err(io::Error::other(why))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file of a document that was made: durable before its publication is. Blocks.
    pub(super) fn store(&self, digest: &Digest) -> io::Result<bool> {
        let Some(document) = self.find(digest)? else {
            return Ok(false);
        };
        std::fs::create_dir_all(&self.folder)?;
        durable::sync_folder(&self.folder)?;
        durable::write_file(&self.path(digest), &document)?;
        Ok(true)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.bulletin"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_published_stays_and_what_was_meddled_with_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let papers = Papers::new(folder.path().join("bulletins"));
        let first = papers.keep(Bytes::from_static(b"first"));
        let second = papers.keep(Bytes::from_static(b"second"));
        assert!(papers.store(&first).unwrap());
        for at in 0..MADE_MAX {
            papers.keep(Bytes::from(vec![0; at + 1]));
        }
        assert_eq!(papers.find(&first).unwrap().unwrap().as_ref(), b"first");
        assert_eq!(
            papers.find(&second).unwrap(),
            None,
            "it was never published"
        );
        assert!(!papers.store(&second).unwrap());
        std::fs::write(papers.path(&first), b"other").unwrap();
        assert!(papers.find(&first).is_err());
    }
}

//! What a path leads to, and how long anybody may keep it.

use granary_core::log::{TilePath, tiles};

use crate::{
    journal::{Journal, StoreError},
    witness::Rounds,
};

/// One resource with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

/// The kinds of resources, each with its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The newest signed head with the cosignatures of that very head: changes with every batch and cosignature.
    Checkpoint,
    /// A hash tile. Hashes do not become shorter by compression.
    Hashes {
        /// Whether it is full and will be asked for as long as the log lives.
        full: bool,
    },
    /// An entry bundle.
    Entries {
        /// Whether it is full.
        full: bool,
    },
}

impl Resource {
    /// Reads what a path leads to; `None` where that is nothing, or nothing that the newest checkpoint covers.
    ///
    /// A path is taken in its only spelling: what has an escape, an empty or a dotted segment leads nowhere.
    pub(super) fn read(
        journal: &Journal,
        witnesses: &Rounds,
        path: &str,
    ) -> Result<Option<Self>, StoreError> {
        if path == "/checkpoint" {
            let note = witnesses.published(&journal.checkpoint());
            return Ok((!note.is_empty()).then(|| Self {
                kind: Kind::Checkpoint,
                bytes: note.as_bytes().to_vec(),
            }));
        }
        let parsed = path.strip_prefix('/').map(TilePath::parse);
        let Some(Ok(path)) = parsed else {
            return Ok(None);
        };
        let full = path.width() == tiles::TILE_WIDTH;
        let kind = match path.kind() {
            tiles::TileKind::Hashes(_) => Kind::Hashes { full },
            tiles::TileKind::Entries => Kind::Entries { full },
        };
        let bytes = journal.tile(&path)?;
        Ok(bytes.map(|bytes| Self { kind, bytes }))
    }
}

impl Kind {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Checkpoint => "text/plain; charset=utf-8",
            Self::Hashes { .. } | Self::Entries { .. } => "application/octet-stream",
        }
    }

    /// Everything but the checkpoint never changes. A partial tile is soon replaced by a wider one at another path, and
    /// need not fill caches for a year.
    pub(super) const fn cache_control(self) -> &'static str {
        match self {
            Self::Checkpoint => "no-cache",
            Self::Hashes { full: true } | Self::Entries { full: true } => {
                "public, max-age=31536000, immutable"
            }
            Self::Hashes { full: false } | Self::Entries { full: false } => {
                "public, max-age=86400, immutable"
            }
        }
    }

    /// Whether it is worth compressing, and is where the reader takes that.
    pub(super) const fn is_compressible(self) -> bool {
        match self {
            Self::Entries { .. } => true,
            Self::Checkpoint | Self::Hashes { .. } => false,
        }
    }
}

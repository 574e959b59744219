//! Backups: a data folder as it is at one moment, taken while the server runs, checked, and put back.
//!
//! ```text
//! DATA/image/NAME/                the image: made inside the server's process, of hard links where files never change
//! TARGET/NAME.part                a backup that is not finished; the next one removes it
//! TARGET/NAME/backup.json         the manifest, written last: every file with its length and SHA-256 (`manifest`)
//! TARGET/NAME/data/…              a data folder without its secret keys, which `granary-audit fsck` reads too
//! ```
//! NAME is the moment, UTC: `20261125T185725.123Z`.
//!
//! | stage | in | out | file |
//! |---|---|---|---|
//! | image | the open stores | a folder beside them | `image` |
//! | take | an image | a backup on another disk | `take` |
//! | verify | a backup | what it holds, or the place that does not | `verify` |
//! | restore | a backup and the keys | a data folder | `restore` |
//!
//! Invariants:
//! - What only grows is copied so that nothing points at what is not there: derived rows, cosigned heads, the newest
//!   checkpoint, the journal, and then the access log, which the journal's anchors must not outgrow.
//! - A name without `.part` is a whole backup. A folder that holds anything is never restored into, and the journal's marker
//!   comes last, so that a restore that broke off is no data folder.
//! - Secret keys go into no backup. They are copied once, by hand, to where few can read them ([`copy_keys`]).
//!
//! Left out: evidence that is still arriving, which agents send again, and the outbox of notices: an older outbox would tell
//! again what was told since, a new one begins with the present.

mod error;
mod files;
mod manifest;
mod image;
mod take;
mod verify;
mod restore;
#[cfg(test)]
mod tests;

pub use error::BackupError;
pub use image::{IMAGES, Image};
pub use manifest::Manifest;
pub use restore::{KEY_FILES, Restored, Seen, copy_keys, restore};
pub use take::{Taken, prune, take};
pub use verify::{Verified, verify};

/// The manifest's name in a backup.
pub const MANIFEST: &str = "backup.json";
/// The data folder's name in a backup.
pub const DATA: &str = "data";
/// What a backup that is not finished is called behind its name.
const PART: &str = ".part";

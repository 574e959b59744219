//! Checkpoints (c2sp.org/tlog-checkpoint): the signed head of the tree, as the text of a signed note.
//!
//! ```text
//! <origin>
//! <entries in the tree, decimal>
//! <root hash, base64>
//! [<extension line> ...]
//! ```
//!
//! No line is empty. A checkpoint has no timestamp: times are in the entries and in the witnesses' cosignatures.

use ed25519_dalek::SigningKey;

use super::hash::Hash;
use super::note::{KeyName, NoteError, SignedNote, VerifierKey};
use super::text;

/// Which log, how many entries, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

/// Why a text is not a checkpoint, or one is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The origin is empty or has a control character.
    #[error("the origin line must not be empty, nor contain control characters")]
    Origin,
    /// The size is not a decimal number in canonical form.
    #[error(
        "the second line must be the size of the tree, a decimal number without leading zeroes"
    )]
    Size,
    /// The root is not the base64 of 32 bytes.
    #[error("the third line must be the root hash, 32 bytes in base64")]
    Root,
    /// A line behind the third is empty or has a control character, or the last line has no newline.
    #[error(
        "extension lines must not be empty, nor contain control characters, and every line must end in a newline"
    )]
    Extension,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of log '{found}', expected '{expected}'")]
    OriginMismatch {
        /// The origin that was asked for.
        expected: String,
        /// The origin in the checkpoint.
        found: String,
    },
    /// The note around the checkpoint is malformed or not rightly signed.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// The head of the log `origin` (a non-empty line) at `size` entries.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        let origin = checked_line(origin).ok_or(CheckpointError::Origin)?;
        Ok(Self {
            origin,
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// Adds an extension line. The specification advises against them, since nobody can audit them.
    pub fn with_extension(mut self, line: &str) -> Result<Self, CheckpointError> {
        self.extensions
            .push(checked_line(line).ok_or(CheckpointError::Extension)?);
        Ok(self)
    }

    /// Parses the text of a note. Nothing is verified.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(CheckpointError::Extension)?
            .split('\n');
        let origin = lines.next().unwrap_or_default();
        let size = lines
            .next()
            .and_then(text::parse_decimal)
            .ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(lines.next().unwrap_or_default())
            .map_err(|_| CheckpointError::Root)?;
        lines.try_fold(Self::new(origin, size, root)?, Self::with_extension)
    }

    /// Verifies a signed checkpoint of the log `origin` under the log's known keys (more than one while a key is replaced).
    pub fn open(note: &[u8], origin: &str, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(SignedNote::parse(note)?.open(keys)?.text())?;
        if checkpoint.origin == origin {
            return Ok(checkpoint);
        }
        Err(CheckpointError::OriginMismatch {
            expected: origin.to_owned(),
            found: checkpoint.origin,
        })
    }

    /// Signs the checkpoint; `name` should be the origin, as the specification advises.
    pub fn sign(&self, name: &KeyName, key: &SigningKey) -> Result<SignedNote, NoteError> {
        SignedNote::sign(&self.to_text(), name, key)
    }

    /// The text that is signed.
    pub fn to_text(&self) -> String {
        let mut out = format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            self.root.to_base64()
        );
        out.extend(
            self.extensions
                .iter()
                .flat_map(|line| [line.as_str(), "\n"]),
        );
        out
    }

    /// The log that this is a head of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Entries in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// The extension lines, without their newlines.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

fn checked_line(line: &str) -> Option<String> {
    let sound = !line.is_empty() && line.bytes().all(|byte| byte >= b' ');
    sound.then(|| line.to_owned())
}

//! Statements that are signed but not by everybody who has to: the folder `waiting/` beside the inbox.
//!
//! In: a sealed payload with the agent's own signature, where the catalogue asks for more. Out: the same payload with all
//! signatures, for the spool. Durable after: [`WaitingFolder::put`]. On crash: the file is there whole or not at all; one that
//! was spooled but not yet removed is spooled again, and the city answers with the receipt that it gave first.
//!
//! A file travels: it may be carried to the head's computer, signed there with `granary-agent sign`, and carried back.
//! Format: `UNIT.DATASET.PERIOD.DIGITS.granary`, a `granary.v1.Envelope` with one field more, which other readers pass over:
//! ```text
//! 15  repeated message, one for each signature in their order: suite (1), public key (2), role (3)
//! ```
//! The keys are only believed to make the signatures that they are shown to have made; whether they are enrolled, and in
//! which role, is known to the city.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    envelope::{
        KeyRole, PublicKey, SIGNATURES_MAX, SecretKey, SignatureError, Suite,
        pre_authentication_encoding,
    },
    snapshot::{PAYLOAD_BYTES_MAX, PAYLOAD_TYPE, Snapshot, SnapshotError},
};
use granary_proto::v1;
use prost::Message;

use crate::durable::{folder_of, write_durably};
use crate::link::wire;

/// The end of a file's name.
pub const EXTENSION: &str = "granary";
/// The folder's name.
pub const FOLDER: &str = "waiting";
/// The largest file, in bytes: a payload with its signatures.
const FILE_BYTES_MAX: u64 = PAYLOAD_BYTES_MAX as u64 + 16 * 1024;

/// A statement with the signatures that it has so far; each holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    snapshot: Snapshot,
    envelope: v1::Envelope,
    signers: Vec<(PublicKey, KeyRole)>,
}

/// The folder of one agent.
#[derive(Clone, Debug)]
pub struct WaitingFolder(PathBuf);

/// Why a file is no waiting statement, or cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum WaitingError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is larger than any statement.
    #[error("it is larger than any statement")]
    TooLarge,
    /// It is none, or was cut or altered on its way.
    #[error("it is no waiting statement, or not a whole one: copy it again ({0})")]
    Form(String),
    /// What it states cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A signature in it does not hold.
    #[error(
        "a signature in it does not hold: it was altered on its way, or by somebody; copy it again"
    )]
    Altered,
    /// The key made no signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It has as many signatures as an envelope may have.
    #[error("it has {SIGNATURES_MAX} signatures already, which is the most")]
    Full,
}

#[derive(Clone, PartialEq, Message)]
struct WaitingWire {
    #[prost(string, tag = "1")]
    payload_type: String,
    #[prost(bytes = "vec", tag = "2")]
    payload: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    signatures: Vec<v1::Signature>,
    #[prost(message, repeated, tag = "15")]
    signers: Vec<SignerWire>,
}

#[derive(Clone, PartialEq, Message)]
struct SignerWire {
    #[prost(int32, tag = "1")]
    suite: i32,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(int32, tag = "3")]
    role: i32,
}

impl Waiting {
    /// A payload that nobody has signed yet.
    ///
    /// # Errors
    /// [`WaitingError::Snapshot`] where it is no snapshot.
    pub fn unsigned(payload: Vec<u8>) -> Result<Self, WaitingError> {
        Ok(Self {
            snapshot: Snapshot::decode(&payload)?,
            envelope: v1::Envelope {
                payload_type: PAYLOAD_TYPE.to_owned(),
                payload: payload.into(),
                signatures: Vec::new(),
            },
            signers: Vec::new(),
        })
    }

    /// Adds a signature over the same bytes; `false` where the key has signed already, which counts once.
    ///
    /// # Errors
    /// [`WaitingError::Full`] or [`WaitingError::Signature`].
    pub fn sign(&mut self, key: &SecretKey, role: KeyRole) -> Result<bool, WaitingError> {
        let public = key.public_key();
        if self.signers.iter().any(|(signer, _)| *signer == public) {
            return Ok(false);
        }
        if self.signers.len() >= SIGNATURES_MAX {
            return Err(WaitingError::Full);
        }
        let signature = key.sign(PAYLOAD_TYPE, &self.envelope.payload)?;
        self.envelope
            .signatures
            .push(wire::signature_to(&signature));
        self.signers.push((public, role));
        Ok(true)
    }

    /// What is stated.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The envelope as it would be sent.
    #[must_use]
    pub const fn envelope(&self) -> &v1::Envelope {
        &self.envelope
    }

    /// The payload's digest.
    #[must_use]
    pub fn payload_sha256(&self) -> Digest {
        Digest::of(&self.envelope.payload)
    }

    /// Who has signed, in order, and in which role they say that they did.
    #[must_use]
    pub fn signers(&self) -> &[(PublicKey, KeyRole)] {
        &self.signers
    }

    /// The roles of those who have signed.
    #[must_use]
    pub fn roles(&self) -> Vec<KeyRole> {
        self.signers.iter().map(|(_, role)| *role).collect()
    }

    /// The file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let signer = |(key, role): &(PublicKey, KeyRole)| SignerWire {
            suite: key.suite().number().into(),
            public_key: key.to_bytes(),
            role: role.number(),
        };
        WaitingWire {
            payload_type: self.envelope.payload_type.clone(),
            payload: self.envelope.payload.to_vec(),
            signatures: self.envelope.signatures.clone(),
            signers: self.signers.iter().map(signer).collect(),
        }
        .encode_to_vec()
    }

    /// Reads a file's bytes and checks every signature.
    ///
    /// # Errors
    /// [`WaitingError`] where it is not whole or was altered.
    pub fn decode(bytes: &[u8]) -> Result<Self, WaitingError> {
        let form = |what: &str| WaitingError::Form(what.to_owned());
        let wire =
            WaitingWire::decode(bytes).map_err(|error| WaitingError::Form(error.to_string()))?;
        if wire.payload_type != PAYLOAD_TYPE {
            return Err(form("its payload type"));
        }
        let is_counted = wire.signatures.len() == wire.signers.len();
        if !is_counted || !(1..=SIGNATURES_MAX).contains(&wire.signers.len()) {
            return Err(form("the number of its signatures"));
        }
        let mut waiting = Self::unsigned(wire.payload)?;
        let message = pre_authentication_encoding(PAYLOAD_TYPE, &waiting.envelope.payload);
        for (signature, signer) in wire.signatures.iter().zip(&wire.signers) {
            let (key, role) = signer.read().ok_or_else(|| form("a signer's key"))?;
            if key.key_id().as_bytes() != signature.key_id.as_slice() {
                return Err(form("a signer's key id"));
            }
            if waiting.signers.iter().any(|(earlier, _)| *earlier == key) {
                return Err(form("a key that signed twice"));
            }
            key.verify(&message, &signature.signature)
                .map_err(|_| WaitingError::Altered)?;
            waiting.signers.push((key, role));
        }
        waiting.envelope.signatures = wire.signatures;
        Ok(waiting)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`WaitingError`].
    pub fn read(path: &Path) -> Result<Self, WaitingError> {
        let mut bytes = Vec::new();
        let mut file = fs::File::open(path)?.take(FILE_BYTES_MAX + 1);
        file.read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(WaitingError::TooLarge);
        }
        Self::decode(&bytes)
    }

    /// Writes a file, or replaces it as a whole.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_durably(path, &self.encode())
    }

    fn file_name(&self) -> String {
        let slot = &self.snapshot.slot;
        let digits = self.payload_sha256().short();
        format!(
            "{}.{}.{}.{digits}.{EXTENSION}",
            slot.unit, slot.dataset, slot.period
        )
    }
}

impl SignerWire {
    fn read(&self) -> Option<(PublicKey, KeyRole)> {
        let suite = Suite::from_number(self.suite)?;
        let key = PublicKey::from_bytes(suite, &self.public_key).ok()?;
        Some((key, KeyRole::from_number(self.role)?))
    }
}

impl WaitingFolder {
    /// The folder under an agent's root; it is made where it is needed.
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self(root.join(FOLDER))
    }

    /// Puts a statement there, durably. One that is there already stays, because it may have more signatures.
    ///
    /// # Errors
    /// Those of writing.
    pub fn put(&self, waiting: &Waiting) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0)?;
        let path = self.0.join(waiting.file_name());
        let is_there = Waiting::read(&path)
            .is_ok_and(|there| there.envelope.payload == waiting.envelope.payload);
        if !is_there {
            waiting.write(&path)?;
        }
        Ok(path)
    }

    /// The files, in the order of their names.
    ///
    /// # Errors
    /// Those of listing; a folder that is not there is empty.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !is_hidden && path.extension().is_some_and(|e| e == EXTENSION) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Removes a file whose statement is in the spool.
    ///
    /// # Errors
    /// Those of removing.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        crate::platform::sync_folder(&folder_of(path))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::link::tests::support::snapshot;

    fn key(suite: Suite, seed: u8) -> SecretKey {
        SecretKey::from_seed(suite, &[seed; 32]).unwrap()
    }

    fn prepared() -> Waiting {
        let payload = snapshot(1).encode().unwrap();
        let mut waiting = Waiting::unsigned(payload).unwrap();
        assert!(
            waiting
                .sign(&key(Suite::Ed25519, 5), KeyRole::Agent)
                .unwrap()
        );
        waiting
    }

    #[test]
    fn signatures_of_both_suites_are_added_over_the_same_bytes() {
        let mut waiting = prepared();
        let head = key(Suite::Sm2Sm3, 6);
        assert!(waiting.sign(&head, KeyRole::StatisticsHead).unwrap());
        assert!(!waiting.sign(&head, KeyRole::StatisticsHead).unwrap());
        let again = Waiting::decode(&waiting.encode()).unwrap();
        assert_eq!(again, waiting);
        assert_eq!(again.roles(), [KeyRole::Agent, KeyRole::StatisticsHead]);
        // Whoever does not know the extra field reads the envelope that is sent.
        let envelope = v1::Envelope::decode(waiting.encode().as_slice()).unwrap();
        assert_eq!(envelope, *waiting.envelope());
        assert_eq!(envelope.signatures.len(), 2);
    }

    #[test]
    fn no_altered_byte_passes() {
        let bytes = prepared().encode();
        let good = prepared();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            if let Ok(read) = Waiting::decode(&altered) {
                // Only the role is not signed; the city knows it and asks nobody.
                assert_eq!(read.envelope(), good.envelope(), "byte {at}");
            }
            assert!(Waiting::decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_signature_that_was_added_is_not_overwritten_by_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = WaitingFolder::under(folder.path());
        assert!(waiting.files().unwrap().is_empty());
        let path = waiting.put(&prepared()).unwrap();
        let mut signed = Waiting::read(&path).unwrap();
        signed
            .sign(&key(Suite::Ed25519, 6), KeyRole::StatisticsHead)
            .unwrap();
        signed.write(&path).unwrap();
        // The intent of the inbox is carried out again after a crash.
        assert_eq!(waiting.put(&prepared()).unwrap(), path);
        assert_eq!(Waiting::read(&path).unwrap(), signed);
        assert_eq!(waiting.files().unwrap(), std::slice::from_ref(&path));
        waiting.remove(&path).unwrap();
        assert!(waiting.files().unwrap().is_empty());
    }
}

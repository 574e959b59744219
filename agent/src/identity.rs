//! Who this agent is: its signing key, its TLS key and certificate, the city's certification authority and log key.
//!
//! Folder `identity`, every file readable by its owner alone and written with [`crate::durable`]:
//! ```text
//! signing.key        Ed25519 or SM2, PKCS #8 in PEM: signs the unit's statements
//! witness.key        Ed25519, PKCS #8 in PEM: cosigns heads of the city's log; made at the first run ([`crate::witness`])
//! tls.key            ECDSA P-256, PKCS #8 in PEM: opens the line to the city
//! enrolment.request  the exact EnrolRequest that was or will be sent; gone once the answer is stored
//! unit               the unit's code
//! tls.crt            the client certificate, PEM
//! authority.crt      the city's certification authority, PEM; the only one that is believed
//! log.vkey           the log's verifier key in signed-note form
//! role               in which capacity the key signs; absent for an agent's
//! enrolment.receipt  the receipt of the enrolment; written last: where it stands, the identity is complete
//! signing.key.next, rotation.request, rotation.receipt    see [`crate::rotate`]
//! tls.key.next, tls.next                                  see [`crate::renew`]
//! ```
//! Invariants: keys stand here before anything signed by them is sent; a complete identity is never overwritten; the private
//! keys leave this folder only into the memory of this program.

use std::io;
use std::path::{Path, PathBuf};

use granary_core::{
    code::UnitCode,
    digest::Digest,
    envelope::{KeyId, KeyRole, SecretKey, Suite},
    log::VerifierKey,
};

use crate::durable::write_secret_durably;

pub(crate) const SIGNING_KEY: &str = "signing.key";
pub(crate) const TLS_KEY: &str = "tls.key";
pub(crate) const REQUEST: &str = "enrolment.request";
pub(crate) const UNIT: &str = "unit";
pub(crate) const CERTIFICATE: &str = "tls.crt";
pub(crate) const AUTHORITY: &str = "authority.crt";
pub(crate) const LOG_KEY: &str = "log.vkey";
pub(crate) const ROLE: &str = "role";
pub(crate) const ROTATION_REQUEST: &str = "rotation.request";
pub(crate) const RECEIPT: &str = "enrolment.receipt";

/// A complete identity.
#[derive(Clone)]
pub struct Identity {
    /// Signs the unit's statements.
    pub signing: SecretKey,
    /// In which capacity it signs.
    pub role: KeyRole,
    /// The unit that the key is enrolled for.
    pub unit: UnitCode,
    /// The TLS key, PEM.
    pub tls_key_pem: String,
    /// The client certificate, PEM.
    pub certificate_pem: String,
    /// The city's certification authority, PEM.
    pub authority_pem: String,
    /// The key that checkpoints are checked with.
    pub log_key: VerifierKey,
}

/// Why there is no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Enrol first.
    #[error("this agent is not enrolled yet ({} is missing): run granary-agent enrol", .0.display())]
    NotEnrolled(PathBuf),
    /// Finish the rotation: which key is in force is not known here.
    #[error("a key rotation was begun and not finished ({} is there): run granary-agent rotate-key again", .0.display())]
    Rotating(PathBuf),
    /// Restore the file from a copy, or enrol again into a new folder.
    #[error("{} cannot be used ({reason}): restore it from a copy, or enrol again in a new folder", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Identity {
    /// Reads the folder of an enrolled agent.
    ///
    /// # Errors
    /// [`IdentityError`] says whether to enrol or to restore a file.
    pub fn load(folder: &Path) -> Result<Self, IdentityError> {
        let begun = folder.join(ROTATION_REQUEST);
        if begun.exists() {
            return Err(IdentityError::Rotating(begun));
        }
        Self::load_while_rotating(folder)
    }

    /// As [`Self::load`], also where a rotation was begun and not finished.
    ///
    /// # Errors
    /// [`IdentityError`] says whether to enrol or to restore a file.
    pub fn load_while_rotating(folder: &Path) -> Result<Self, IdentityError> {
        if !is_complete(folder) {
            return Err(IdentityError::NotEnrolled(folder.join(RECEIPT)));
        }
        let unit = read(folder, UNIT)?;
        let unit = UnitCode::new(unit.trim()).map_err(|error| unusable(folder, UNIT, &error))?;
        let (certificate_pem, tls_key_pem) = crate::renew::pair(folder)?;
        Ok(Self {
            signing: load_signing_key(folder)?,
            role: load_role(folder)?,
            unit,
            tls_key_pem,
            certificate_pem,
            authority_pem: read(folder, AUTHORITY)?,
            log_key: load_log_key(folder)?,
        })
    }

    /// The name of the signing key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.signing.public_key().key_id()
    }
}

/// Whether enrolment has been finished here.
#[must_use]
pub fn is_complete(folder: &Path) -> bool {
    folder.join(RECEIPT).exists()
}

/// A fingerprint as people compare it: groups of four hexadecimal digits.
#[must_use]
pub fn grouped(digest: &Digest) -> String {
    let hex = digest.to_string();
    let groups: Vec<_> = hex
        .as_bytes()
        .chunks(4)
        .map(|four| String::from_utf8_lossy(four))
        .collect();
    groups.join(" ")
}

/// The log's verifier key of an enrolled agent.
///
/// # Errors
/// [`IdentityError`] where it is missing or damaged.
pub fn load_log_key(folder: &Path) -> Result<VerifierKey, IdentityError> {
    let text = read(folder, LOG_KEY)?;
    VerifierKey::parse(text.trim()).map_err(|error| unusable(folder, LOG_KEY, &error))
}

pub(crate) fn load_signing_key(folder: &Path) -> Result<SecretKey, IdentityError> {
    load_key(folder, SIGNING_KEY)
}

/// Reads one of the folder's signing keys.
pub(crate) fn load_key(folder: &Path, name: &str) -> Result<SecretKey, IdentityError> {
    let pem = read(folder, name)?;
    SecretKey::from_pem(&pem).map_err(|error| unusable(folder, name, &error))
}

/// Writes one of the folder's signing keys.
pub(crate) fn store_key(folder: &Path, name: &str, signing: &SecretKey) -> io::Result<()> {
    let pem = signing.to_pem().map_err(io::Error::other)?;
    write_secret_durably(&folder.join(name), pem.as_bytes())
}

/// Makes a key of a suite; a seed that is no key of it is drawn again.
pub(crate) fn new_key(suite: Suite) -> Result<SecretKey, getrandom::Error> {
    loop {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        if let Some(key) = SecretKey::from_seed(suite, &seed) {
            return Ok(key);
        }
    }
}

fn load_role(folder: &Path) -> Result<KeyRole, IdentityError> {
    if !folder.join(ROLE).exists() {
        return Ok(KeyRole::Agent);
    }
    let word = read(folder, ROLE)?;
    KeyRole::parse(word.trim()).ok_or_else(|| unusable(folder, ROLE, &"it names no role"))
}

pub(crate) fn read(folder: &Path, name: &str) -> Result<String, IdentityError> {
    std::fs::read_to_string(folder.join(name)).map_err(|error| unusable(folder, name, &error))
}

pub(crate) fn unusable(folder: &Path, name: &str, reason: &dyn std::fmt::Display) -> IdentityError {
    IdentityError::Unusable {
        path: folder.join(name),
        reason: reason.to_string(),
    }
}

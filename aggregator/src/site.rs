//! The data folder: which file is where, and reading them back.
//!
//! | file | holds | may be lost |
//! |---|---|---|
//! | `granary.toml` | settings | yes, write it anew |
//! | `ca.pem`, `ca.key` | the certification authority | no: every certificate hangs on it |
//! | `server.pem`, `server.key` | the server's certificate | yes, made anew |
//! | `log.key`, `log.vkey` | the key that signs checkpoints, and its public form | no: receipts hang on it |
//! | `journal/`, `journal.id` | the journal | no: it is the record |
//! | `derived/` | derived state | yes, `rebuild` makes it anew |
//! | `enrolled/` | which TLS key each enrolment was made with | yes, offices then ask for new tokens |
//! | `notices.toml` | who is told what, where notices are on | yes, write it anew |
//! | `notices/` | which notices were sent | yes, a new one begins with the present |
//! | `access/` | who read what, bound to the journal | no: it is evidence |
//! | `people/` | who may use the console ([`crate::people`]) | no, else they are invited again |
//! | `evidence/` | files that units have handed in | no, else they are asked for again |
//! | `image/` | what a backup is taken from | yes, each backup makes it anew |
//! | `operator/` | the operator's key and certificate | it is carried away: the server does not need it |
//!
//! Keys are PKCS #8 PEM, readable by their owner only.

use std::{
    io,
    path::{Path, PathBuf},
};

use ed25519_dalek::{SigningKey, pkcs8::DecodePrivateKey as _};
use granary_core::{envelope::SecretKey, log::VerifierKey};
use jiff::Timestamp;

use crate::{
    durable,
    pipeline::LogKey,
    tls::{self, Authority, AuthorityError, IssuedKey},
};

/// A data folder.
#[derive(Clone, Debug)]
pub struct Site {
    folder: PathBuf,
}

/// The operator's folder.
#[derive(Clone, Debug)]
pub struct OperatorFolder {
    folder: PathBuf,
}

/// Why a file of the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file cannot be read or written.
    #[error("{path}: {error}; was `granary-aggregator init` run, and is this its folder?")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path}: {why}; restore the file from the backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The authority cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Site {
    /// Names a folder; nothing is read.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The settings that `init` wrote.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.folder.join("granary.toml")
    }

    /// Who is told what; written by the city, where notices are wanted.
    #[must_use]
    pub fn notices(&self) -> PathBuf {
        self.folder.join("notices.toml")
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority_certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The authority's key.
    #[must_use]
    pub fn authority_key(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    /// The server's certificate.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// The server's key.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// The log's signing key.
    #[must_use]
    pub fn log_signing_key(&self) -> PathBuf {
        self.folder.join("log.key")
    }

    /// The log's verifier key.
    #[must_use]
    pub fn log_verifier_key(&self) -> PathBuf {
        self.folder.join("log.vkey")
    }

    /// Which TLS key each enrolment was made with.
    #[must_use]
    pub fn enrolled(&self) -> PathBuf {
        self.folder.join("enrolled")
    }

    /// The witnesses of other houses that are asked to cosign; written by the city, where there are some.
    #[must_use]
    pub fn witnesses(&self) -> PathBuf {
        self.folder.join("witnesses.policy")
    }

    /// The newest checkpoints with the cosignatures that were gathered.
    #[must_use]
    pub fn cosigned(&self) -> PathBuf {
        self.folder.join("cosigned")
    }

    /// The documents of published bulletins, by their digests.
    #[must_use]
    pub fn bulletins(&self) -> PathBuf {
        self.folder.join("bulletins")
    }

    /// Where `init` puts the operator's files.
    #[must_use]
    pub fn operator(&self) -> OperatorFolder {
        OperatorFolder::new(&self.folder.join("operator"))
    }

    /// The authority, able to issue.
    ///
    /// # Errors
    /// [`SiteError`] names the file.
    pub fn authority(&self) -> Result<Authority, SiteError> {
        let (certificate, key) = (
            read(&self.authority_certificate())?,
            read(&self.authority_key())?,
        );
        Ok(Authority::load(&certificate, &key)?)
    }

    /// The key that signs checkpoints, under the name that its verifier key states.
    ///
    /// # Errors
    /// [`SiteError`] names the file; also where the two keys do not belong together.
    pub fn log_key(&self) -> Result<LogKey, SiteError> {
        let path = self.log_verifier_key();
        let text = read(&path)?;
        let verifier = VerifierKey::parse(text.trim()).map_err(|error| damaged(&path, error))?;
        let path = self.log_signing_key();
        let key = read_signing_key(&path)?;
        if key.verifying_key() != *verifier.public_key() {
            return Err(damaged(&path, "it is not the key of log.vkey"));
        }
        LogKey::new(verifier.name().as_str(), key).map_err(|error| damaged(&path, error))
    }

    /// The server's certificate and key; made anew where the certificate lacks a name or is near its end.
    ///
    /// # Errors
    /// [`SiteError`] names the file.
    pub fn server_identity(
        &self,
        authority: &Authority,
        names: &[String],
        now: Timestamp,
    ) -> Result<IssuedKey, SiteError> {
        let (certificate_path, key_path) = (self.server_certificate(), self.server_key());
        if let (Ok(certificate_pem), Ok(key_pem)) = (read(&certificate_path), read(&key_path))
            && tls::serves(&certificate_pem, names, now)
        {
            return Ok(IssuedKey {
                certificate_pem,
                key_pem,
            });
        }
        let identity = authority.issue_server(names, now)?;
        // A secret is never replaced, so the old one goes first; a crash in between costs nothing but another new one.
        remove(&key_path)?;
        write_secret(&key_path, identity.key_pem.as_bytes())?;
        write(&certificate_path, identity.certificate_pem.as_bytes())?;
        Ok(identity)
    }
}

impl OperatorFolder {
    /// Names a folder; nothing is read.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority_certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The client certificate.
    #[must_use]
    pub fn client_certificate(&self) -> PathBuf {
        self.folder.join("client.pem")
    }

    /// The client certificate's key.
    #[must_use]
    pub fn client_key(&self) -> PathBuf {
        self.folder.join("client.key")
    }

    /// The log's verifier key.
    #[must_use]
    pub fn log_verifier_key(&self) -> PathBuf {
        self.folder.join("log.vkey")
    }

    /// The key that signs acts; an auditor's folder has none.
    #[must_use]
    pub fn operator_key(&self) -> PathBuf {
        self.folder.join("operator.key")
    }

    /// Reads the key that signs acts, of whatever suite.
    ///
    /// # Errors
    /// [`SiteError`] names the file.
    pub fn secret_key(&self) -> Result<SecretKey, SiteError> {
        let path = self.operator_key();
        SecretKey::from_pem(&read(&path)?).map_err(|error| damaged(&path, error))
    }

    /// Reads the key that signs acts where it is one of Ed25519.
    ///
    /// # Errors
    /// [`SiteError`] names the file.
    pub fn signing_key(&self) -> Result<SigningKey, SiteError> {
        read_signing_key(&self.operator_key())
    }
}

/// Reads a text file of the folder.
///
/// # Errors
/// [`SiteError::File`].
pub fn read(path: &Path) -> Result<String, SiteError> {
    std::fs::read_to_string(path).map_err(|error| SiteError::File {
        path: path.to_owned(),
        error,
    })
}

/// Writes a file that everybody may read.
///
/// # Errors
/// [`SiteError::File`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), SiteError> {
    durable::write_file(path, bytes).map_err(|error| SiteError::File {
        path: path.to_owned(),
        error,
    })
}

/// Writes a file that only its owner may read, and replaces none.
///
/// # Errors
/// [`SiteError::File`].
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), SiteError> {
    durable::write_secret(path, bytes).map_err(|error| SiteError::File {
        path: path.to_owned(),
        error,
    })
}

fn remove(path: &Path) -> Result<(), SiteError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SiteError::File {
            path: path.to_owned(),
            error,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn read_signing_key(path: &Path) -> Result<SigningKey, SiteError> {
    SigningKey::from_pkcs8_pem(&read(path)?).map_err(|error| damaged(path, error))
}

fn damaged(path: &Path, why: impl ToString) -> SiteError {
    SiteError::Damaged {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

//! Private keys of every suite, and their PKCS #8 form.
//!
//! Format on disk: PKCS #8 in PEM, as OpenSSL reads and writes it. The algorithm identifier tells the suite, so that a key
//! file needs no label. Randomness is an argument: whoever makes a key draws the seed.

use ed25519_dalek::{
    Signer as _, SigningKey,
    pkcs8::{
        DecodePrivateKey as _, EncodePrivateKey as _,
        spki::der::{pem::LineEnding, zeroize::Zeroizing},
    },
};

use super::{
    PublicKey, Signature, SignatureError, Suite, pre_authentication_encoding, sm2::Sm2SecretKey,
};

/// A private key that signs payloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretKey {
    /// Ed25519.
    Ed25519(SigningKey),
    /// SM2 with SM3.
    Sm2(Sm2SecretKey),
}

/// A key cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// The text is no private key of a known suite.
    #[error("it is no PKCS #8 private key of Ed25519 or SM2 in PEM")]
    Pem,
    /// The key cannot be written as PKCS #8.
    #[error("the key cannot be written as PKCS #8")]
    Encode,
}

impl SecretKey {
    /// Makes a key of 32 random bytes. `None` where they are no SM2 key, once in 2^32 draws: draw again.
    #[must_use]
    pub fn from_seed(suite: Suite, seed: &[u8; 32]) -> Option<Self> {
        match suite {
            Suite::Ed25519 => Some(Self::Ed25519(SigningKey::from_bytes(seed))),
            Suite::Sm2Sm3 => Sm2SecretKey::from_bytes(seed).map(Self::Sm2),
        }
    }

    /// Reads PKCS #8 in PEM.
    ///
    /// # Errors
    /// [`SecretKeyError::Pem`] where it is no key of a known suite.
    pub fn from_pem(pem: &str) -> Result<Self, SecretKeyError> {
        if let Ok(key) = SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::Ed25519(key));
        }
        let key = sm2::SecretKey::from_pkcs8_pem(pem).map_err(|_| SecretKeyError::Pem)?;
        Sm2SecretKey::new(key)
            .map(Self::Sm2)
            .ok_or(SecretKeyError::Pem)
    }

    /// Writes PKCS #8 in PEM. The text is wiped when it is dropped.
    ///
    /// # Errors
    /// [`SecretKeyError::Encode`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SecretKeyError> {
        let pem = match self {
            Self::Ed25519(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::Sm2(key) => key.inner().to_pkcs8_pem(LineEnding::LF),
        };
        pem.map_err(|_| SecretKeyError::Encode)
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        match self {
            Self::Ed25519(_) => Suite::Ed25519,
            Self::Sm2(_) => Suite::Sm2Sm3,
        }
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key()),
            Self::Sm2(key) => PublicKey::Sm2(key.public_key().clone()),
        }
    }

    /// Signs a payload. Deterministic in both suites: the same key and payload give the same signature.
    ///
    /// # Errors
    /// [`SignatureError::Signature`], as [`Sm2SecretKey::sign`] has it.
    pub fn sign(&self, payload_type: &str, payload: &[u8]) -> Result<Signature, SignatureError> {
        let message = pre_authentication_encoding(payload_type, payload);
        let bytes = match self {
            Self::Ed25519(key) => key.sign(&message).to_bytes().to_vec(),
            Self::Sm2(key) => key.sign(&message)?,
        };
        Ok(Signature {
            key_id: self.public_key().key_id(),
            bytes,
        })
    }
}

impl From<SigningKey> for SecretKey {
    fn from(key: SigningKey) -> Self {
        Self::Ed25519(key)
    }
}

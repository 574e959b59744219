//! The exact bytes that are signed, and the keys that sign them.
//!
//! Format: DSSE v1 (secure-systems-lab/dsse, protocol.md): the signature is over
//! `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`. The received payload is verified, hashed and stored as it came.
//! A key id is the SHA-256 of one suite byte and the public key. Ed25519 is always verified strictly (canonical
//! encodings, no small-order keys), and never in batches, because batch verification accepts what strict refuses. SM2 with
//! SM3 ([`sm2`]) is as strict about its encodings.

pub mod role;
pub mod sm2;
pub mod secret;
#[cfg(test)]
mod tests;

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use self::sm2::Sm2PublicKey;
pub use self::{
    role::KeyRole,
    secret::{SecretKey, SecretKeyError},
};
use crate::digest::Digest;

/// The most signatures in one envelope.
pub const SIGNATURES_MAX: usize = 8;

/// A signature suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// Ed25519, RFC 8032.
    Ed25519,
    /// SM2 with SM3 (国密), GB/T 32918.2.
    Sm2Sm3,
}

/// Names a public key: SHA-256 over the suite byte and the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Digest);

/// A public key that verifies payloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519, with its point already decompressed.
    Ed25519(VerifyingKey),
    /// SM2 with SM3.
    Sm2(Sm2PublicKey),
}

/// One signature and the key that is said to have made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key.
    pub key_id: KeyId,
    /// The signature's bytes, as the suite writes them.
    pub bytes: Vec<u8>,
}

/// Why a public key or a signature is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The suite's number is not known.
    #[error("the signature suite is not known")]
    Suite,
    /// The public key is no point of the curve, or a weak one.
    #[error("the public key is not a valid key of its suite")]
    PublicKey,
    /// The signature does not verify.
    #[error("the signature does not fit the payload and the key")]
    Signature,
}

impl Suite {
    /// The suite byte, as on the wire (`granary.v1.SignatureSuite`).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Sm2Sm3 => 2,
        }
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Ed25519),
            2 => Some(Self::Sm2Sm3),
            _ => None,
        }
    }

    /// The word on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Sm2Sm3 => "sm2",
        }
    }

    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ed25519, Self::Sm2Sm3]
            .into_iter()
            .find(|suite| suite.word() == word)
    }
}

impl KeyId {
    /// Takes the 32 bytes of a key id.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Digest::from_slice(bytes).map(Self)
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Digest::from_hex(text).map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The first eight hexadecimal digits, for screens.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl PublicKey {
    /// Takes a suite's public key; small-order Ed25519 keys are refused.
    ///
    /// # Errors
    /// [`SignatureError::PublicKey`] where the bytes are no strong key.
    pub fn from_bytes(suite: Suite, bytes: &[u8]) -> Result<Self, SignatureError> {
        match suite {
            Suite::Ed25519 => {
                let bytes = bytes.try_into().map_err(|_| SignatureError::PublicKey)?;
                let key = VerifyingKey::from_bytes(bytes).map_err(|_| SignatureError::PublicKey)?;
                if key.is_weak() {
                    return Err(SignatureError::PublicKey);
                }
                Ok(Self::Ed25519(key))
            }
            Suite::Sm2Sm3 => Sm2PublicKey::from_bytes(bytes).map(Self::Sm2),
        }
    }

    /// The key's suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        match self {
            Self::Ed25519(_) => Suite::Ed25519,
            Self::Sm2(_) => Suite::Sm2Sm3,
        }
    }

    /// The key's bytes, as the suite writes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.as_bytes().to_vec(),
            Self::Sm2(key) => key.to_bytes(),
        }
    }

    /// The key's name.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        let mut bytes = vec![self.suite().number()];
        bytes.extend_from_slice(&self.to_bytes());
        KeyId(Digest::of(&bytes))
    }

    /// Checks a signature over `message` (for an envelope, over [`pre_authentication_encoding`]).
    ///
    /// # Errors
    /// [`SignatureError::Signature`] where it does not hold.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            Self::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature)
                    .map_err(|_| SignatureError::Signature)?;
                key.verify_strict(message, &signature)
                    .map_err(|_| SignatureError::Signature)
            }
            Self::Sm2(key) => key.verify(message, signature),
        }
    }
}

/// What the holder of a signing key signs, to be issued a client certificate: the bytes of a PKCS #10 request (DER).
pub const CERTIFICATE_REQUEST_TYPE: &str = "application/vnd.granary.certificate-request.v1+der";

/// The DSSE pre-authentication encoding of a payload: what is signed.
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload_type.len() + payload.len() + 40);
    bytes.extend_from_slice(b"DSSEv1 ");
    bytes.extend_from_slice(payload_type.len().to_string().as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(payload_type.as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(payload.len().to_string().as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs a payload with an Ed25519 key; [`SecretKey::sign`] signs with a key of any suite.
#[must_use]
pub fn sign(key: &SigningKey, payload_type: &str, payload: &[u8]) -> Signature {
    let public = PublicKey::Ed25519(key.verifying_key());
    let message = pre_authentication_encoding(payload_type, payload);
    Signature {
        key_id: public.key_id(),
        bytes: key.sign(&message).to_bytes().to_vec(),
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.short())
    }
}

//! SM2 with SM3 (国密): GB/T 32918.2-2016 (GM/T 0003.2-2012), digital signature algorithm.
//!
//! The signer's identity is the one that GM/T 0009-2012 section 10 sets where none is agreed, [`IDENTITY`]. What is signed is
//! `SM3(Z || message)` with `Z = SM3(ENTL || identity || a || b || G || P)`. Each thing has one encoding here: a public key is the
//! 65 bytes `04 || x || y` (SEC 1, uncompressed), a signature the 64 bytes `r || s`, both big-endian. Refused are the other
//! SEC 1 forms, DER, points off the curve, r or s outside 1..n-1, and r + s = n.

use std::fmt;

use sm2::{
    SecretKey,
    dsa::{
        Signature, SigningKey, VerifyingKey,
        signature::{Signer as _, Verifier as _},
    },
};

use super::SignatureError;

/// The signer's identity, which enters every signature's hash.
pub const IDENTITY: &str = "1234567812345678";
/// The length of a public key, in bytes.
pub const PUBLIC_KEY_BYTES: usize = 65;
/// The length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// What an uncompressed point begins with (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A public key: a point of the curve, with the hash of the identity already made.
#[derive(Clone)]
pub struct Sm2PublicKey(VerifyingKey);

/// A private key with its public one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sm2SecretKey {
    secret: SecretKey,
    public: Sm2PublicKey,
}

impl Sm2PublicKey {
    /// Takes the 65 bytes of an uncompressed point.
    ///
    /// # Errors
    /// [`SignatureError::PublicKey`] for another encoding, or a point that is not on the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        if bytes.len() != PUBLIC_KEY_BYTES || bytes.first() != Some(&UNCOMPRESSED) {
            return Err(SignatureError::PublicKey);
        }
        VerifyingKey::from_sec1_bytes(IDENTITY, bytes)
            .map(Self)
            .map_err(|_| SignatureError::PublicKey)
    }

    /// The 65 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_sec1_bytes().into_vec()
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// [`SignatureError::Signature`] where it does not hold.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let signature = Signature::from_slice(signature).map_err(|_| SignatureError::Signature)?;
        self.0
            .verify(message, &signature)
            .map_err(|_| SignatureError::Signature)
    }
}

impl Sm2SecretKey {
    /// Takes a private key's 32 bytes, big-endian; `None` outside 1..n-2, where GB/T 32918.1 section 6.1 has no key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SecretKey::from_slice(bytes).ok().and_then(Self::new)
    }

    /// With d = n-1 the signature's (1 + d) has no inverse, which a trial shows.
    pub(super) fn new(secret: SecretKey) -> Option<Self> {
        let public = VerifyingKey::new(IDENTITY, secret.public_key()).ok()?;
        let key = Self {
            secret,
            public: Sm2PublicKey(public),
        };
        key.sign(b"").is_ok().then_some(key)
    }

    pub(super) const fn inner(&self) -> &SecretKey {
        &self.secret
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &Sm2PublicKey {
        &self.public
    }

    /// Signs `message`; k is that of RFC 6979 with SM3, so that the same message gives the same signature.
    ///
    /// # Errors
    /// [`SignatureError::Signature`] for a k that the standard discards, which happens once in 2^255 messages.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature =
            SigningKey::new(IDENTITY, &self.secret).and_then(|signing| signing.try_sign(message));
        signature
            .map(|signature| signature.to_bytes().to_vec())
            .map_err(|_| SignatureError::Signature)
    }
}

impl PartialEq for Sm2PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Sm2PublicKey {}

impl fmt::Debug for Sm2PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sm2PublicKey")
            .field(self.0.as_affine())
            .finish()
    }
}

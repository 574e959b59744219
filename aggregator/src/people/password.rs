//! Passwords: hashed with Argon2id (RFC 9106), never kept, never logged.

use std::{fmt::Write as _, io};

use argon2::{Algorithm, Argon2, Params, Version};
use granary_core::text::Bilingual;
use serde::{Deserialize, Serialize};

/// The fewest characters of a password: length is what counts, and no mix of kinds is asked for (NIST SP 800-63B, 5.1.1).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The most: a longer one would only cost time to hash.
const PASSWORD_CHARS_MAX: usize = 200;
/// What a new hash costs: OWASP's first recommendation for Argon2id, 19 MiB and two passes.
const MEMORY_KIB: u32 = 19 << 10;
const PASSES: u32 = 2;
/// What a stored hash may ask for at most, so that a file that was meddled with costs no more memory than this.
const MEMORY_KIB_MAX: u32 = 256 << 10;
const PASSES_MAX: u32 = 16;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// A password's hash with all that is needed to compute it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashed {
    memory_kib: u32,
    passes: u32,
    /// Hexadecimal.
    salt: String,
    /// Hexadecimal.
    argon2id: String,
}

impl Hashed {
    /// Hashes a password with a fresh salt. Takes tens of milliseconds and 19 MiB.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn new(password: &str) -> io::Result<Self> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let hash = hash(password, &salt, MEMORY_KIB, PASSES)?;
        Ok(Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: hex(&salt),
            argon2id: hex(&hash),
        })
    }

    /// Whether this is the password. Takes as long as the hashing, whatever the answer.
    #[must_use]
    pub fn is(&self, password: &str) -> bool {
        let fits = self.memory_kib <= MEMORY_KIB_MAX && self.passes <= PASSES_MAX;
        let Some(salt) = unhex(&self.salt).filter(|_| fits) else {
            return false;
        };
        let hash = hash(password, &salt, self.memory_kib, self.passes);
        hash.is_ok_and(|hash| same(&hex(&hash), &self.argon2id))
    }
}

/// Whether a password may be set.
///
/// # Errors
/// Why not, for people.
pub fn is_fit(password: &str, login: &str) -> Result<(), Bilingual> {
    let count = password.chars().count();
    if count < PASSWORD_CHARS_MIN {
        return Err(Bilingual::new(
            format!("密码至少 {PASSWORD_CHARS_MIN} 个字符；一句话比一个怪词好记也更安全"),
            format!(
                "a password has at least {PASSWORD_CHARS_MIN} characters; a sentence is easier to keep than an odd word, and safer"
            ),
        ));
    }
    let mut letters = password.chars();
    let first = letters.next();
    if count > PASSWORD_CHARS_MAX {
        return Err(Bilingual::new("密码过长", "the password is too long"));
    }
    if password.to_lowercase().contains(login) || letters.all(|letter| Some(letter) == first) {
        return Err(Bilingual::new(
            "密码不能含登录名，也不能只有一种字符",
            "a password does not contain the login, and is not one character again and again",
        ));
    }
    Ok(())
}

/// A secret of 32 random bytes, in hexadecimal.
///
/// # Errors
/// Where the system gives no randomness.
pub fn secret() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

/// Compares in a time that does not tell how much of it was right.
pub(crate) fn same(given: &str, secret: &str) -> bool {
    let pairs = given.bytes().zip(secret.bytes());
    let differ = pairs.fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == secret.len() && differ == 0
}

fn hash(password: &str, salt: &[u8], memory_kib: u32, passes: u32) -> io::Result<[u8; HASH_BYTES]> {
    let params = Params::new(memory_kib, passes, 1, Some(HASH_BYTES)).map_err(io::Error::other)?;
    let mut hash = [0; HASH_BYTES];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(hash)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    text.len()
        .is_multiple_of(2)
        .then(|| (0..text.len()).step_by(2).map(pair).collect())?
}

//! A second step of signing in: one-time codes of an authenticator program (TOTP, RFC 6238: HMAC-SHA-1, six digits, thirty seconds), and
//! recovery codes for whoever has lost it.
//!
//! The secret stands in the account's file, which only its owner reads; recovery codes stand there as SHA-256, because each is 80 random
//! bits that nobody guesses. A code counts once: the file holds the newest step that was used, and an earlier one is refused.

use std::io;

use granary_core::digest::Digest;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

use super::password::same;

/// How long one code is shown, in milliseconds.
const STEP_MS: i64 = 30_000;
/// How many steps a clock may be off, either way.
const STEPS_OFF: u64 = 1;
/// Bytes of a secret, as RFC 4226 recommends them.
const SECRET_BYTES: usize = 20;
/// Recovery codes that are made.
const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: sixteen letters and digits.
const RECOVERY_BYTES: usize = 10;
/// The digits of RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The second step of an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// The secret in Base32.
    secret: String,
    /// The newest step whose code was used.
    used_step: u64,
    /// The SHA-256 of the recovery codes that are left, in hexadecimal.
    recovery: Vec<String>,
}

/// A secret that an authenticator shares.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret([u8; SECRET_BYTES]);

impl SharedSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn new() -> io::Result<Self> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes))
    }

    /// As people type it.
    #[must_use]
    pub fn base32(&self) -> String {
        base32(&self.0)
    }

    /// The secret that somebody typed.
    #[must_use]
    pub fn from_base32(text: &str) -> Option<Self> {
        unbase32(text)?.try_into().ok().map(Self)
    }

    /// The code that an authenticator shows at an instant.
    #[must_use]
    pub fn shown(&self, now_ms: i64) -> String {
        self.code(u64::try_from(now_ms / STEP_MS).unwrap_or(0))
    }

    /// The step of a code that is right at an instant and was not used before; none where it is wrong.
    fn step(&self, code: &str, now_ms: i64, used_step: u64) -> Option<u64> {
        let now = u64::try_from(now_ms / STEP_MS).ok()?;
        let steps = now.saturating_sub(STEPS_OFF)..=now + STEPS_OFF;
        // All are computed, so that the time taken does not tell which was near.
        let right: Vec<u64> = steps.filter(|step| same(code, &self.code(*step))).collect();
        right.into_iter().find(|step| *step > used_step)
    }

    /// The six digits of a step (RFC 4226, 5.3).
    fn code(&self, step: u64) -> String {
        // A key of any length is taken, so this is never the error.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 0x0f);
        let four = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
        format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
    }
}

impl Second {
    /// Begins with a secret whose first code is right; gives the recovery codes too, which are shown this once. `None` where the code is
    /// wrong.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn begin(
        secret: &SharedSecret,
        code: &str,
        now_ms: i64,
    ) -> io::Result<Option<(Self, Vec<String>)>> {
        let Some(used_step) = secret.step(&plain(code), now_ms, 0) else {
            return Ok(None);
        };
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            let mut bytes = [0; RECOVERY_BYTES];
            getrandom::fill(&mut bytes).map_err(io::Error::other)?;
            let code = base32(&bytes);
            codes.push([&code[..4], &code[4..8], &code[8..12], &code[12..]].join("-"));
        }
        let second = Self {
            secret: secret.base32(),
            used_step,
            recovery: codes.iter().map(|code| digest(&plain(code))).collect(),
        };
        Ok(Some((second, codes)))
    }

    /// Uses a code of the authenticator or a recovery code: each counts once. Whether it is right.
    pub fn take(&mut self, code: &str, now_ms: i64) -> bool {
        let code = plain(code);
        let secret = SharedSecret::from_base32(&self.secret);
        let step = secret.and_then(|secret| secret.step(&code, now_ms, self.used_step));
        if let Some(step) = step {
            self.used_step = step;
            return true;
        }
        let digest = digest(&code);
        let before = self.recovery.len();
        self.recovery.retain(|known| !same(known, &digest));
        self.recovery.len() < before
    }

    /// How many recovery codes are left.
    #[must_use]
    pub const fn recovery_left(&self) -> usize {
        self.recovery.len()
    }
}

/// Secrets stay out of logs.
impl std::fmt::Debug for Second {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Second({} recovery codes)", self.recovery.len())
    }
}

/// Without the spaces and dashes that people type.
fn plain(code: &str) -> String {
    let kept = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    kept.take(64).flat_map(char::to_uppercase).collect()
}

fn digest(code: &str) -> String {
    Digest::of(code.as_bytes()).to_string()
}

/// Without padding: all that is encoded here is a multiple of five bytes long.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut group = [0_u8; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let group = u64::from_be_bytes(group);
        for at in (0..8).rev() {
            text.push(char::from(BASE32[(group >> (5 * at) & 31) as usize]));
        }
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(8) {
        let mut group = 0_u64;
        for letter in chunk {
            let digit = BASE32.iter().position(|known| known == letter)?;
            group = group << 5 | digit as u64;
        }
        bytes.extend_from_slice(&group.to_be_bytes()[3..]);
    }
    text.len().is_multiple_of(8).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The secret of the test vectors of RFC 6238, appendix B.
    const RFC: SharedSecret = SharedSecret(*b"12345678901234567890");

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(RFC.code(seconds / 30), code);
        }
        assert_eq!(RFC.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(unbase32(&RFC.base32()).unwrap(), RFC.0);
    }

    #[test]
    fn a_code_counts_once_and_in_its_time() {
        let now_ms = 1_111_111_111_000;
        assert!(Second::begin(&RFC, "000000", now_ms).unwrap().is_none());
        let (mut second, codes) = Second::begin(&RFC, "050 471", now_ms).unwrap().unwrap();
        assert!(!second.take("050471", now_ms), "it was used to begin with");
        assert!(
            !second.take(&RFC.code(37_037_036), now_ms),
            "an earlier one"
        );
        assert!(
            second.take(&RFC.code(37_037_038), now_ms),
            "a clock that is ahead"
        );
        assert!(
            !second.take(&RFC.code(37_037_037), now_ms + 30_000),
            "an earlier one is over"
        );
        assert!(
            !second.take(&RFC.code(37_037_041), now_ms + 30_000),
            "much ahead"
        );
        assert!(!second.take("", now_ms));

        assert_eq!((codes.len(), second.recovery_left()), (10, 10));
        assert!(second.take(&codes[3].to_lowercase(), now_ms));
        assert!(!second.take(&codes[3], now_ms), "used up");
        assert_eq!(second.recovery_left(), 9);
        assert!(!format!("{second:?}").contains(&RFC.base32()));
    }
}

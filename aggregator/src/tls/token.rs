//! The enrolment token: what a county office is handed, once, to enrol a key.
//!
//! Format: one line, `granary1.<SHA-256 of the authority's certificate (DER)>.<32 secret bytes>`, both in base64url
//! without padding. The first part lets the agent recognise the city before it trusts it; the second is the secret, of
//! which the journal holds only the SHA-256.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use granary_core::{code::UnitCode, digest::Digest, envelope::KeyRole, ledger::Deed};

/// What a token begins with.
const PREFIX: &str = "granary1";

/// A token for one enrolment.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentToken {
    authority_sha256: Digest,
    secret: [u8; 32],
}

/// Why a line is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an enrolment token: copy the whole line, which begins with granary1.")]
pub struct TokenError;

impl EnrolmentToken {
    /// Joins the digest of the authority's certificate (DER) and the secret.
    #[must_use]
    pub const fn new(authority_sha256: Digest, secret: [u8; 32]) -> Self {
        Self {
            authority_sha256,
            secret,
        }
    }

    /// Reads the line that [`fmt::Display`] writes; spaces around it are left out.
    ///
    /// # Errors
    /// [`TokenError`] where it is anything else.
    pub fn parse(line: &str) -> Result<Self, TokenError> {
        let mut parts = line.trim().splitn(3, '.');
        let (Some(PREFIX), Some(digest), Some(secret)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError);
        };
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).ok()?.try_into().ok();
        let authority_sha256 = bytes(digest).map(Digest::from_bytes).ok_or(TokenError)?;
        Ok(Self {
            authority_sha256,
            secret: bytes(secret).ok_or(TokenError)?,
        })
    }

    /// The digest of the authority's certificate.
    #[must_use]
    pub const fn authority_sha256(&self) -> Digest {
        self.authority_sha256
    }

    /// The secret bytes, which the enrolment shows.
    #[must_use]
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The deed that issues it.
    #[must_use]
    pub fn deed(&self, unit: UnitCode, role: KeyRole, expires_at_ms: i64) -> Deed {
        Deed::IssueToken {
            unit,
            token_sha256: self.secret_sha256(),
            expires_at_ms,
            role,
        }
    }

    /// The one line that the office runs; `address` is the city's as the office reaches it, with or without `https://`.
    #[must_use]
    pub fn command(&self, unit: &UnitCode, address: &str) -> String {
        let address = address.trim_start_matches("https://").trim_end_matches('/');
        format!("granary-agent enrol {unit}@{address}/{self}")
    }

    /// What the journal holds of it.
    #[must_use]
    pub fn secret_sha256(&self) -> Digest {
        Digest::of(&self.secret)
    }
}

impl fmt::Display for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = URL_SAFE_NO_PAD.encode(self.authority_sha256.as_bytes());
        write!(
            f,
            "{PREFIX}.{authority}.{}",
            URL_SAFE_NO_PAD.encode(self.secret)
        )
    }
}

/// The secret stays out of logs.
impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentToken({})", self.authority_sha256.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_line_that_round_trips() {
        let token = EnrolmentToken::new(Digest::of(b"authority"), [0xfb; 32]);
        let line = token.to_string();
        assert!(!line.contains(['+', '/', '=', ' ', '\n']), "{line}");
        assert_eq!(EnrolmentToken::parse(&format!("  {line}\r\n")), Ok(token));
    }

    #[test]
    fn a_torn_or_foreign_line_is_refused() {
        let line = EnrolmentToken::new(Digest::of(b"authority"), [1; 32]).to_string();
        let torn = &line[..line.len() - 1];
        let longer = format!("{line}A");
        for bad in [
            "",
            "granary1",
            "granary1..",
            torn,
            &longer,
            &line.replace("granary1", "granary2"),
        ] {
            assert_eq!(EnrolmentToken::parse(bad), Err(TokenError), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_not_in_the_debug_form() {
        let token = EnrolmentToken::new(Digest::of(b"authority"), [0xab; 32]);
        let secret = URL_SAFE_NO_PAD.encode([0xab; 32]);
        assert!(!format!("{token:?}").contains(&secret));
    }
}

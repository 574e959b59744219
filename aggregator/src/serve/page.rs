//! Page tokens: where a listing goes on, and at which instant.
//!
//! Format: base64url without padding of 8 bytes of the instant (big-endian), 8 bytes of the SHA-256 of the request without
//! its page fields, and the key of the last row given. A token goes on with the request that it came from and with no
//! other; it is not secret and opens nothing that the request itself would not.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use granary_core::digest::Digest;

use super::failure::Failure;

/// The longest token, in characters.
const TOKEN_LEN_MAX: usize = 512;

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The instant of the first page, which the later ones keep.
    pub(super) as_of_ms: i64,
    /// The key of the last row that was given.
    pub(super) after: Vec<u8>,
}

/// What tells one request from another: `request` is its encoding without the page fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 8]);

impl Fingerprint {
    pub(super) fn of(request: &impl prost::Message) -> Self {
        let digest = Digest::of(&request.encode_to_vec());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest.as_bytes()[..8]);
        Self(bytes)
    }
}

impl Cursor {
    /// Reads a token; an empty one is the beginning.
    pub(super) fn parse(token: &str, request: Fingerprint) -> Result<Option<Self>, Failure> {
        if token.is_empty() {
            return Ok(None);
        }
        let foreign = || {
            Failure::invalid(
                "page_token",
                "it is not a token of this request: begin again without one",
            )
        };
        if token.len() > TOKEN_LEN_MAX {
            return Err(foreign());
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| foreign())?;
        let (as_of, rest) = bytes.split_first_chunk::<8>().ok_or_else(foreign)?;
        let (fingerprint, after) = rest.split_first_chunk::<8>().ok_or_else(foreign)?;
        if *fingerprint != request.0 || after.is_empty() {
            return Err(foreign());
        }
        Ok(Some(Self {
            as_of_ms: i64::from_be_bytes(*as_of),
            after: after.to_vec(),
        }))
    }

    /// The token for the next page.
    pub(super) fn token(&self, request: Fingerprint) -> String {
        URL_SAFE_NO_PAD.encode([&self.as_of_ms.to_be_bytes()[..], &request.0, &self.after].concat())
    }
}

#[cfg(test)]
mod tests {
    use granary_proto::v1;

    use super::*;

    fn fingerprint(unit: &str) -> Fingerprint {
        let filter = v1::SlotFilter {
            units: vec![unit.into()],
            ..Default::default()
        };
        Fingerprint::of(&v1::ListSlotsRequest {
            filter: Some(filter),
            ..Default::default()
        })
    }

    #[test]
    fn a_token_goes_on_with_its_own_request() {
        let cursor = Cursor {
            as_of_ms: -5,
            after: vec![1, 0, 255],
        };
        let token = cursor.token(fingerprint("a"));
        assert_eq!(
            Cursor::parse(&token, fingerprint("a")).unwrap(),
            Some(cursor)
        );
        assert_eq!(Cursor::parse("", fingerprint("a")).unwrap(), None);
        assert!(Cursor::parse(&token, fingerprint("b")).is_err());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let long = "A".repeat(600);
        let empty = Cursor {
            as_of_ms: 0,
            after: Vec::new(),
        }
        .token(fingerprint("a"));
        for bad in ["!", "AAAA", "AAAAAAAAAAA", &long, &empty] {
            assert!(Cursor::parse(bad, fingerprint("a")).is_err(), "{bad}");
        }
    }
}

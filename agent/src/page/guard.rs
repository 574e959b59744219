//! Who is let in: secrets of one start, and what a request must have before a handler sees it.

use std::{fmt::Write as _, io};

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// Bytes of each secret.
const SECRET_BYTES: usize = 32;
/// The cookie's name.
const COOKIE: &str = "granary";
/// The cookie of the chosen language.
pub(super) const LANGUAGE_COOKIE: &str = "granary-language";

/// The secrets of one start. They are never written into a log.
pub struct Secrets {
    token: String,
    session: String,
    form: String,
}

impl Secrets {
    /// Draws them from the system.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn random() -> io::Result<Self> {
        Ok(Self {
            token: secret()?,
            session: secret()?,
            form: secret()?,
        })
    }

    /// What the address of the page carries.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// What each form carries.
    pub(super) fn form(&self) -> &str {
        &self.form
    }

    /// Whether this is the token of the address.
    pub(super) fn is_token(&self, given: &str) -> bool {
        same(given, &self.token)
    }

    /// Whether a form carries its secret.
    pub(super) fn is_form(&self, given: &str) -> bool {
        same(given, &self.form)
    }

    /// The cookie that the token is changed for: scripts cannot read it, and a browser sends it with no request that another site makes.
    pub(super) fn cookie(&self) -> String {
        format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict",
            self.session
        )
    }

    /// Whether a request carries the cookie of this start.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        cookie(headers, COOKIE).is_some_and(|given| same(given, &self.session))
    }
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Whether the Host header is one of this machine's own names with the page's port, and there is one alone.
pub(super) fn is_own_host(headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let own = ["127.0.0.1", "localhost", "[::1]"];
    own.iter()
        .any(|name| host.as_bytes() == format!("{name}:{port}").as_bytes())
}

/// Whether a request that changes something comes from a page of this host, as far as the browser tells.
pub(super) fn is_from_here(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let same_origin = match (origin, host) {
        (Some(origin), Some(host)) => origin.strip_prefix(b"http://") == Some(host),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    same_origin && site.is_none_or(|site| matches!(site, b"same-origin" | b"none"))
}

/// What every answer says: nothing but this program's own files, no frames, no cache, no referrer for others. A policy of no referrer at all
/// would take the origin from our own forms too.
pub(super) fn protect(headers: &mut HeaderMap) {
    const ALL: [(&str, &str); 8] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
        ("cache-control", "no-store"),
    ];
    for (name, value) in ALL {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn secret() -> io::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let mut text = String::with_capacity(2 * SECRET_BYTES);
    for byte in bytes {
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Compares in a time that does not tell how much of it was right.
fn same(given: &str, secret: &str) -> bool {
    let (given, secret) = (given.as_bytes(), secret.as_bytes());
    let differ = given
        .iter()
        .zip(secret)
        .fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == secret.len() && differ == 0
}

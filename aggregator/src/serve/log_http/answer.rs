//! Requests taken apart and answers put together: methods, conditions, encodings and headers (RFC 9110).

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use granary_core::digest::Digest;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Body as _,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::resource::Resource;

/// The longest path of a resource is that of a partial entry bundle with twenty digits.
const PATH_BYTES_MAX: usize = 64;
/// What is left of a digest in an entity tag: 128 bits.
const TAG_DIGITS: usize = 32;

/// A request for a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    path: String,
    takes_gzip: bool,
    /// The entity tags that the reader holds.
    if_none_match: Option<String>,
}

impl Ask {
    /// Reads a request's head; the body, which no such request has, is not looked at.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self, Box<Response<Full<Bytes>>>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
            return Err(Box::new(response));
        }
        let path = request.uri().path();
        if path.len() > PATH_BYTES_MAX {
            return Err(Box::new(not_found()));
        }
        Ok(Self {
            path: path.to_owned(),
            takes_gzip: takes_gzip(request.headers()),
            if_none_match: listed(request.headers(), header::IF_NONE_MATCH),
        })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The answer with a resource: whole, or "not modified" where the reader holds it.
    pub(super) fn answer(&self, resource: Resource) -> Response<Full<Bytes>> {
        let kind = resource.kind;
        let wants_gzip = self.takes_gzip && kind.is_compressible();
        let gzipped = wants_gzip.then(|| gzipped(&resource.bytes).ok()).flatten();
        let is_gzip = gzipped.is_some();
        let tag = entity_tag(&resource.bytes, is_gzip);
        let is_held = self.if_none_match.as_deref().is_some_and(|held| {
            held.split(',')
                .map(|held| held.trim().trim_start_matches("W/"))
                .any(|held| held == "*" || held == tag)
        });
        let mut response = if is_held {
            with_status(StatusCode::NOT_MODIFIED, Bytes::new())
        } else {
            with_status(StatusCode::OK, gzipped.unwrap_or(resource.bytes).into())
        };
        let headers = response.headers_mut();
        set(headers, header::CACHE_CONTROL, kind.cache_control());
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if kind.is_compressible() {
            set(headers, header::VARY, "accept-encoding");
        }
        if !is_held {
            set(headers, header::CONTENT_TYPE, kind.content_type());
            set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        }
        if is_gzip && !is_held {
            set(headers, header::CONTENT_ENCODING, "gzip");
        }
        response
    }
}

/// Nothing is there, or nothing yet: nobody may remember that.
pub(super) fn not_found() -> Response<Full<Bytes>> {
    plain(
        StatusCode::NOT_FOUND,
        "the newest checkpoint covers no such resource\n",
    )
}

/// The server is stopping.
pub(super) fn unavailable() -> Response<Full<Bytes>> {
    plain(StatusCode::SERVICE_UNAVAILABLE, "stopping: ask later\n")
}

/// The store failed; its log says why.
pub(super) fn failed() -> Response<Full<Bytes>> {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "the server failed\n")
}

/// The bytes of a body.
pub(super) fn length(response: &Response<Full<Bytes>>) -> u64 {
    response.body().size_hint().lower()
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = with_status(status, Bytes::from_static(text.as_bytes()));
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    set(headers, header::CACHE_CONTROL, "no-store");
    response
}

fn with_status(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// By content, not by path: a cache that is asked again would otherwise hide that a log was rewritten. The compressed
/// form is another representation and has a tag of its own (RFC 9110 section 8.8.3.3).
fn entity_tag(bytes: &[u8], gzip: bool) -> String {
    let digest = Digest::of(bytes).to_string();
    let digits = digest.get(..TAG_DIGITS).unwrap_or(&digest);
    format!("\"{digits}{}\"", if gzip { "-gzip" } else { "" })
}

fn gzipped(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Whether the reader takes gzip (RFC 9110 section 12.5.3): it is named, or everything is, and not with weight 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(listed) = listed(headers, header::ACCEPT_ENCODING) else {
        return false;
    };
    let weight = |coding: &str| {
        listed.split(',').find_map(|item| {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let is_named = name.trim().eq_ignore_ascii_case(coding);
            is_named.then(|| !is_zero(parameters))
        })
    };
    weight("gzip")
        .or_else(|| weight("x-gzip"))
        .or_else(|| weight("*"))
        .unwrap_or(false)
}

/// Whether parameters say `q=0`, `q=0.0` or the like.
fn is_zero(parameters: &str) -> bool {
    let value = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map(|(_, value)| value.trim());
    value.is_some_and(|value| !value.is_empty() && value.bytes().all(|b| matches!(b, b'0' | b'.')))
}

/// All fields of one name as one list.
fn listed(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let fields: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!fields.is_empty()).then(|| fields.join(","))
}

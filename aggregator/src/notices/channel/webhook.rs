//! Granary's own webhook: one JSON object with the notice in figures and in words.
//!
//! Any status from 200 to 299 is success. 408, 429 and 500 to 599 are tried again; everything else is not. The header
//! `Idempotency-Key` is the same for every attempt at one message, so that a receiver can drop a repetition.

use granary_core::notices::{Notice, Section};
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;

use super::{Failure, Parcel, http::Post, never};
use crate::notices::{
    message,
    settings::{Endpoint, Secret},
};

/// The version of the object; it changes when a member changes its meaning or goes.
const VERSION: u32 = 1;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    id: String,
    kind: &'a str,
    recipient: String,
    contact: &'a str,
    language: String,
    at: String,
    subject: &'a str,
    text: String,
    sections: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    dataset: String,
    period: String,
    due_at: String,
    expected: u64,
    timely: u64,
    late: u64,
    missing: u64,
    exempt: u64,
    pending: u64,
    units: Vec<String>,
}

/// The request for one message.
pub(super) fn request(
    endpoint: &Endpoint,
    authorization: Option<&Secret>,
    parcel: &Parcel,
) -> Result<Post, Failure> {
    let body =
        body(parcel).map_err(|error| never(format!("the message has no JSON form: {error}")))?;
    let id = HeaderValue::from_str(&parcel.id.idempotency_key());
    let mut headers = vec![(
        IDEMPOTENCY_KEY,
        id.map_err(|_| never("the key is no header"))?,
    )];
    if let Some(secret) = authorization {
        let value = HeaderValue::from_str(secret.reveal());
        let mut value = value.map_err(|_| never("the secret `authorization` is no header"))?;
        value.set_sensitive(true);
        headers.push((AUTHORIZATION, value));
    }
    Ok(Post {
        path: Secret::new(endpoint.path_and_query()),
        headers,
        body,
    })
}

fn body(parcel: &Parcel) -> Result<String, serde_json::Error> {
    let Parcel {
        id,
        language,
        notice,
        ..
    } = parcel;
    let Notice {
        matter, sections, ..
    } = notice;
    serde_json::to_string(&Body {
        version: VERSION,
        id: id.idempotency_key(),
        // Only a test message speaks of nothing.
        kind: if sections.is_empty() {
            "test"
        } else {
            matter.kind.word()
        },
        recipient: matter.recipient.word(),
        contact: &id.contact,
        language: language.to_string(),
        at: instant(matter.at_ms),
        subject: message::subject(notice, *language),
        text: message::plain(notice, *language),
        sections: sections.iter().map(part).collect(),
    })
}

fn part(section: &Section) -> Part {
    let counts = &section.counts;
    Part {
        dataset: section.dataset.to_string(),
        period: section.period.to_string(),
        due_at: instant(section.due_at_ms),
        expected: counts.expected(),
        timely: counts.timely,
        late: counts.late,
        missing: counts.missing,
        exempt: counts.exempt,
        pending: counts.pending,
        units: section.units.iter().map(ToString::to_string).collect(),
    }
}

/// As RFC 3339 writes instants, in UTC.
fn instant(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_string()
}

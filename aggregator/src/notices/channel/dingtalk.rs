//! A robot of a DingTalk group (钉钉群机器人): Markdown in a body of at most 20,000 bytes, in a signed request.
//!
//! Source: <https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages> (messages, 20 a minute, codes) and
//! <https://open.dingtalk.com/document/robots/customize-robot-security-settings> (signature: the Base64 of HMAC-SHA256, keyed
//! with the secret, over the time in milliseconds, a line feed and the secret; good for an hour). A robot that sent too fast
//! is mute for ten minutes.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::{Failure, Parcel, http::Post, never, robot::Verdict};
use crate::notices::{
    message,
    settings::{Endpoint, Secret},
};

/// The longest body.
const BODY_BYTES_MAX: usize = 20_000;
/// The longest title, which is shown where there is room for one line only.
const TITLE_BYTES_MAX: usize = 200;
/// Codes after which the same message will never be taken: the token does not exist, the group is dissolved, the robot is
/// stopped or gone, the message is not allowed, or it fails the robot's security settings (keyword, signature, address).
const NEVER: [i64; 15] = [
    40_035, 43_004, 300_001, 300_005, 310_000, 400_013, 400_101, 400_102, 400_105, 400_106,
    430_101, 430_102, 430_103, 430_104, 88,
];
/// Too fast: mute for ten minutes.
const TOO_OFTEN: [i64; 2] = [130_101, 410_100];
const TOO_OFTEN_WAIT_MS: u64 = 10 * 60_000;

/// The request for one message.
pub(super) fn request(
    endpoint: &Endpoint,
    secret: Option<&Secret>,
    parcel: &Parcel,
    now_ms: i64,
) -> Result<Post, Failure> {
    let mut path = endpoint.path_and_query();
    if let Some(secret) = secret {
        let sign = percent_encoded(&signature(secret, now_ms)?);
        let join = if path.contains('?') { '&' } else { '?' };
        path = format!("{path}{join}timestamp={now_ms}&sign={sign}");
    }
    Ok(Post {
        path: Secret::new(path),
        headers: Vec::new(),
        body: body(parcel),
    })
}

/// Whether the robot took it.
pub(super) fn judge(body: &[u8]) -> Result<(), Failure> {
    let verdict = Verdict::read(body)?;
    match verdict.code {
        0 => Ok(()),
        code if NEVER.contains(&code) => Err(never(verdict.why())),
        code => Err(Failure::Later {
            why: verdict.why(),
            wait_ms: TOO_OFTEN.contains(&code).then_some(TOO_OFTEN_WAIT_MS),
        }),
    }
}

/// The signature of a request at an instant, in Base64.
pub(super) fn signature(secret: &Secret, now_ms: i64) -> Result<String, Failure> {
    let secret = secret.reveal();
    // A key of any length is taken, so this does not fail.
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.map_err(|_| never("the secret is no key"))?;
    mac.update(format!("{now_ms}\n{secret}").as_bytes());
    Ok(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// The text is shortened until the whole body, with its escapes, is short enough.
fn body(parcel: &Parcel) -> String {
    let title = message::subject(&parcel.notice, parcel.language);
    let title = message::cut(title, TITLE_BYTES_MAX);
    let mut text_bytes_max = BODY_BYTES_MAX;
    loop {
        let text = message::dingtalk(&parcel.notice, parcel.language, text_bytes_max);
        let body = json!({ "msgtype": "markdown", "markdown": { "title": title, "text": text } });
        let body = body.to_string();
        let excess = body.len().saturating_sub(BODY_BYTES_MAX);
        if excess == 0 || text.is_empty() {
            return body;
        }
        text_bytes_max = text.len().saturating_sub(excess);
    }
}

/// Base64 in a query: only these three of its characters mean something there.
fn percent_encoded(base64: &str) -> String {
    base64
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

//! A robot of a WeCom group (企业微信群机器人): Markdown of at most 4,096 bytes.
//!
//! Source: <https://developer.work.weixin.qq.com/document/path/91770> (messages, 20 a minute) and
//! <https://developer.work.weixin.qq.com/document/path/90313> (codes: -1 busy, 45009 and 45033 too often; a robot that is
//! gone or a message that is not allowed stays so).

use serde_json::json;

use super::{Failure, Parcel, http::Post, never, robot::Verdict};
use crate::notices::{
    message,
    settings::{Endpoint, Secret},
};

/// The longest content.
const CONTENT_BYTES_MAX: usize = 4_096;
/// Codes after which the same message will never be taken: message type, parameters, empty content, address not valid or
/// robot removed, robot stopped, robot not in the group.
const NEVER: [i64; 6] = [40_008, 40_058, 44_004, 93_000, 93_004, 93_008];
/// Too often: the window is a minute.
const TOO_OFTEN: [i64; 2] = [45_009, 45_033];
const TOO_OFTEN_WAIT_MS: u64 = 61_000;

/// The request for one message.
pub(super) fn request(endpoint: &Endpoint, parcel: &Parcel) -> Post {
    let content = message::wecom(&parcel.notice, parcel.language, CONTENT_BYTES_MAX);
    let body = json!({ "msgtype": "markdown", "markdown": { "content": content } });
    Post {
        path: Secret::new(endpoint.path_and_query()),
        headers: Vec::new(),
        body: body.to_string(),
    }
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

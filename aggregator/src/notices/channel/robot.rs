//! What the robots of chat groups have in common: they answer every request with status 200 and say in the body whether they
//! took it.

use serde_json::Value;

use super::{Failure, foreign, later};

/// What an answer's body says: code 0 is success.
pub(super) struct Verdict {
    pub(super) code: i64,
    pub(super) message: String,
}

impl Verdict {
    /// Reads `{"errcode": 0, "errmsg": "ok"}`.
    pub(super) fn read(body: &[u8]) -> Result<Self, Failure> {
        let body: Option<Value> = serde_json::from_slice(body).ok();
        let code = body.as_ref().and_then(|body| {
            let code = body.get("errcode")?;
            code.as_i64().or_else(|| code.as_str()?.parse().ok())
        });
        let code = code.ok_or_else(|| later("the answer is not the JSON that a robot gives"))?;
        let message = body.as_ref().and_then(|body| body.get("errmsg")?.as_str());
        let message = foreign(message.unwrap_or_default());
        Ok(Self { code, message })
    }

    /// The sentence for the log and the screen.
    pub(super) fn why(&self) -> String {
        let Self { code, message } = self;
        format!("errcode {code}: {message}")
    }
}

//! Why a page is not what was asked for.

use axum::http::StatusCode;
use granary_core::{ledger::Refusal, text::Bilingual};

use super::super::failure::Failure;
use crate::people::PeopleError;

/// Why a request is not answered with what it asks for.
#[derive(Debug)]
pub(in crate::serve) enum Problem {
    /// There is no such thing.
    NotFound,
    /// The person may not see or do it.
    NotAllowed,
    /// It is not done, for this reason.
    Refused(StatusCode, Bilingual),
    /// The store or the program failed; the log says why.
    Failed(String),
}

impl Problem {
    /// What was asked cannot be used.
    pub(super) fn unfit(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, Bilingual::new(zh, en))
    }

    /// Somebody has to wait before they may try again.
    pub(super) fn too_often(wait_ms: i64) -> Self {
        let seconds = (wait_ms + 999) / 1_000;
        Self::Refused(
            StatusCode::TOO_MANY_REQUESTS,
            Bilingual::new(
                format!("多次失败，请 {seconds} 秒后再试"),
                format!("too many failed attempts: try again in {seconds} seconds"),
            ),
        )
    }

    /// The status and the sentence of it.
    pub(super) fn told(&self) -> (StatusCode, Bilingual) {
        match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                Bilingual::new("没有这个页面或这项内容", "there is no such page or thing"),
            ),
            Self::NotAllowed => (
                StatusCode::FORBIDDEN,
                Bilingual::new(
                    "您的角色或管辖范围不含此项；需要时请管理员调整",
                    "your role or your part of the tree does not include this; the administrator can change it",
                ),
            ),
            Self::Refused(status, why) => (*status, why.clone()),
            Self::Failed(error) => {
                tracing::error!(error, "a page of the console failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    Bilingual::new(
                        "服务器出错，日志中有原因",
                        "the server failed; its log says why",
                    ),
                )
            }
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound(_) => Self::NotFound,
            Failure::NoCertificate | Failure::NotAllowed(_) | Failure::UnitRevoked => {
                Self::NotAllowed
            }
            Failure::Invalid { field, why } => {
                let why: String = why.chars().take(300).collect();
                let text = format!("{field}: {why}");
                Self::Refused(StatusCode::BAD_REQUEST, Bilingual::new(text.clone(), text))
            }
            Failure::NotReady(why) => Self::Refused(
                StatusCode::SERVICE_UNAVAILABLE,
                Bilingual::new(
                    "现在还不能回答：尚未发布报表制度，或日志正在快速增长；请稍后再试",
                    why,
                ),
            ),
            Failure::Stopping => Self::Refused(
                StatusCode::SERVICE_UNAVAILABLE,
                Bilingual::new(
                    "服务正在停止，请稍后再试",
                    "the server is stopping; try again later",
                ),
            ),
            Failure::Wire(status) => Self::Failed(status.to_string()),
            Failure::Internal(error) => Self::Failed(error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, refusal.message)
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Unfit(why) => Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, why),
            PeopleError::NoInvitation => Self::Refused(
                StatusCode::GONE,
                Bilingual::new(
                    "邀请已用过、已过期或不存在，请另要一个",
                    "the invitation was used, has expired, or was never made: ask for a new one",
                ),
            ),
            PeopleError::File { .. } => Self::Failed(error.to_string()),
        }
    }
}

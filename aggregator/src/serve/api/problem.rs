//! Why a request is not answered: a problem document (RFC 9457, `application/problem+json`) in the reader's language, with both beside it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use granary_core::text::{Bilingual, Language};
use serde::Serialize;

use super::super::{console::problem::Problem as PageProblem, failure::Failure};
use crate::people::TokenScope;

/// What kind of problem it is; its word is the end of the document's `type` and never means something else later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Kind {
    /// There is no token, or none that is good.
    Unauthenticated,
    /// The token does not reach so far.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// There is no such method on the path.
    MethodNotAllowed,
    /// None of the forms that are asked for can be given.
    NotAcceptable,
    /// The answer would be larger than answers may be.
    TooLarge,
    /// What was asked cannot be used as it is.
    Invalid,
    /// Too many requests.
    TooManyRequests,
    /// It cannot be answered yet.
    NotReady,
    /// The program or its store failed.
    Internal,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Problem {
    kind: Kind,
    /// The parameter that cannot be used.
    field: Option<String>,
    detail: Bilingual,
    /// When to ask again, in seconds.
    retry_after_s: Option<i64>,
}

/// A problem, by RFC 9457.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument {
    /// What kind of problem it is: `urn:granary:problem:` and a word that never changes its meaning.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words, in the language that the request prefers (`Accept-Language`), else in Chinese.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do, in that language.
    detail: String,
    /// The same in Chinese.
    detail_zh: String,
    /// The same in English.
    detail_en: String,
    /// The parameter that cannot be used.
    field: Option<String>,
    /// After how many seconds to ask again.
    retry_after_s: Option<i64>,
}

impl Kind {
    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::NotAcceptable => "not-acceptable",
            Self::TooLarge => "too-large",
            Self::Invalid => "invalid",
            Self::TooManyRequests => "too-many-requests",
            Self::NotReady => "not-ready",
            Self::Internal => "internal",
        }
    }

    const fn title(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Unauthenticated => ("需要有效的令牌", "a valid token is needed"),
            Self::Forbidden => ("令牌权限不够", "the token does not reach so far"),
            Self::NotFound => ("没有这项内容", "there is no such thing"),
            Self::MethodNotAllowed => ("不支持这种请求方法", "the method is not allowed"),
            Self::NotAcceptable => (
                "没有所要求的格式",
                "none of the accepted forms can be given",
            ),
            Self::TooLarge => ("结果过大", "the answer is too large"),
            Self::Invalid => ("请求有误", "the request cannot be used"),
            Self::TooManyRequests => ("请求过多", "too many requests"),
            Self::NotReady => ("现在还不能回答", "it cannot be answered yet"),
            Self::Internal => ("服务器出错", "the server failed"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

impl Problem {
    /// A problem of a kind, with what to tell.
    pub(in crate::serve) fn new(kind: Kind, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            kind,
            field: None,
            detail: Bilingual::new(zh, en),
            retry_after_s: None,
        }
    }

    /// A parameter that cannot be used.
    pub(in crate::serve) fn invalid(
        field: &str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(Kind::Invalid, zh, en)
        }
    }

    pub(in crate::serve) fn no_path() -> Self {
        Self::new(
            Kind::NotFound,
            "没有这个路径；全部路径见 /api/openapi.json",
            "there is no such path: /api/openapi.json lists them",
        )
    }

    pub(in crate::serve) fn no_method() -> Self {
        Self::new(
            Kind::MethodNotAllowed,
            "接口只读，请用 GET",
            "the API only reads: use GET",
        )
    }

    /// There is nothing of this name, or nothing that the token sees.
    pub(in crate::serve) fn not_found(zh: &str, en: &str) -> Self {
        Self::new(Kind::NotFound, zh, en)
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            Kind::Unauthenticated,
            "请在 Authorization: Bearer 中给出有效令牌；令牌可能已到期或被停用，请向管理员索取",
            "send a valid token in Authorization: Bearer; it may have expired or been revoked: ask the administrator",
        )
    }

    pub(super) fn lacks(scope: TokenScope) -> Self {
        let word = scope.word();
        Self::new(
            Kind::Forbidden,
            format!("令牌没有 {word} 权限"),
            format!("the token lacks the scope {word}"),
        )
    }

    pub(super) fn whole_city_only() -> Self {
        Self::new(
            Kind::Forbidden,
            "此项涉及全市，限定了范围的令牌不能读取",
            "this is about the whole city: a token that is limited to a unit cannot read it",
        )
    }

    pub(super) fn wait(wait_ms: i64) -> Self {
        let seconds = wait_ms.max(1).div_euclid(1_000) + 1;
        Self {
            retry_after_s: Some(seconds),
            ..Self::new(
                Kind::TooManyRequests,
                format!("请求过多，请 {seconds} 秒后再试"),
                format!("too many requests: try again in {seconds} s"),
            )
        }
    }

    pub(super) fn no_catalogue() -> Self {
        Self::new(
            Kind::NotReady,
            "尚未发布报表制度（catalogue publish）",
            "no catalogue has been published yet (catalogue publish)",
        )
    }

    pub(in crate::serve) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "an answer of the API failed");
        Self::new(
            Kind::Internal,
            "服务器出错，日志中有原因",
            "the server failed; its log says why",
        )
    }

    /// The answer, in a language; Chinese where none is known.
    pub(in crate::serve) fn into_response_for(self, language: Option<Language>) -> Response {
        let language = language.unwrap_or_default();
        let status = self.kind.status();
        let document = ProblemDocument {
            kind: format!("urn:granary:problem:{}", self.kind.word()),
            title: self.kind.title(language).to_owned(),
            status: status.as_u16(),
            detail: self.detail.get(language).to_owned(),
            detail_zh: self.detail.zh,
            detail_en: self.detail.en,
            field: self.field,
            retry_after_s: self.retry_after_s,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        let tag = match language {
            Language::Zh => "zh-CN",
            Language::En => "en",
        };
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag));
        if self.kind == Kind::Unauthenticated {
            let scheme = HeaderValue::from_static("Bearer realm=\"granary\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = document.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound(what) => Self::new(Kind::NotFound, "没有这项内容", what),
            Failure::NoCertificate | Failure::NotAllowed(_) | Failure::UnitRevoked => Self::new(
                Kind::Forbidden,
                "令牌权限不够",
                "the token does not reach so far",
            ),
            Failure::Invalid { field, why } => {
                let why: String = why.chars().take(300).collect();
                // The names of the wire's filter, as queries have them.
                let field = match field {
                    "filter.units" => "unit",
                    "filter.datasets" => "dataset",
                    "filter.periods" => "period",
                    other => other,
                };
                Self::invalid(
                    field,
                    format!("{field} 不能用：{why}"),
                    format!("{field}: {why}"),
                )
            }
            Failure::NotReady(why) => Self::new(
                Kind::NotReady,
                "现在还不能回答：尚未发布报表制度，或日志正在快速增长；请稍后再试",
                why,
            ),
            Failure::Stopping => Self::new(
                Kind::NotReady,
                "服务正在停止，请稍后再试",
                "the server is stopping; try again later",
            ),
            Failure::Wire(status) => Self::internal(status),
            Failure::Internal(error) => Self::internal(error),
        }
    }
}

/// What the console's parts say; of a role they speak there, of the token here.
impl From<PageProblem> for Problem {
    fn from(problem: PageProblem) -> Self {
        match problem {
            PageProblem::NotFound => Self::not_found("没有这项内容", "there is no such thing"),
            PageProblem::NotAllowed => Self::new(
                Kind::Forbidden,
                "不在令牌的管辖范围内",
                "it is outside the part of the tree that the token sees",
            ),
            PageProblem::Refused(_, why) => Self::new(Kind::Invalid, why.zh, why.en),
            PageProblem::Failed(error) => Self::internal(error),
        }
    }
}

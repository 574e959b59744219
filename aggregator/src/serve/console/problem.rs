//! Why a page is not what was asked for.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use granary_core::{ledger::Refusal, text::Bilingual};
use maud::html;

use super::{
    super::failure::Failure,
    Console,
    view::{self, Frame, Tab, Visitor},
};
use crate::people::PeopleError;

/// What an answer says instead of a page; the gate makes a page of it, for it knows where the visitor came from.
#[derive(Clone, Debug)]
pub(super) struct Unmet(pub(super) Bilingual);

/// Paths that only take forms: nobody can go back to them.
const FORMS_ONLY: [&str; 5] = [
    "/act",
    "/act/enter",
    "/people/access",
    "/tokens/revoke",
    "/logout",
];
/// The longest address that a page leads back to, in bytes.
const BACK_BYTES_MAX: usize = 2_000;

/// The answer to a problem, not yet a page.
pub(super) fn unmet(status: StatusCode, why: Bilingual) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Unmet(why));
    response
}

/// An answer that is no page of its own becomes one: for whoever has signed in with all that stands around a page, and a link back.
pub(super) fn dressed(
    console: &Console,
    visitor: &Visitor,
    from: &HeaderMap,
    mut response: Response,
) -> Response {
    let status = response.status();
    let unmet = response.extensions_mut().remove::<Unmet>();
    let Some(why) = unmet.map(|Unmet(why)| why).or_else(|| bare(status)) else {
        return response;
    };
    let page = if visitor.person.is_some() {
        page(console, visitor, &back(from), &why)
    } else {
        view::bare(visitor, &why)
    };
    let mut dressed = (status, page).into_response();
    for (name, value) in response.headers() {
        let is_of_the_body = *name == header::CONTENT_TYPE || *name == header::CONTENT_LENGTH;
        if !is_of_the_body {
            dressed.headers_mut().append(name, value.clone());
        }
    }
    dressed
}

/// What the router itself answers, in words.
fn bare(status: StatusCode) -> Option<Bilingual> {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Some(Bilingual::new(
            "这个地址只接收表单，不能直接打开或刷新；什么也没有执行。请回到原来的页面，从那里重新填写",
            "this address only takes forms: it cannot be opened or reloaded, and nothing was done. Go back to the page, and fill the form in there",
        )),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Bilingual::new(
            "提交的内容过大，没有执行；请减少内容再试",
            "what was sent is too large and was not carried out: send less",
        )),
        _ => None,
    }
}

/// The page of this host that the visitor comes from, by the browser's word; else Today.
fn back(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let from = text(header::REFERER).unwrap_or_default();
    let bare = from
        .strip_prefix("https://")
        .or_else(|| from.strip_prefix("http://"));
    let (host, path) = bare
        .and_then(|bare| bare.find('/').map(|at| bare.split_at(at)))
        .unwrap_or_default();
    // A proxy may have changed the Host header; a browser says by itself whether the page is of the same site.
    let is_ours = text(header::HOST) == Some(host)
        || headers
            .get("sec-fetch-site")
            .is_some_and(|site| site.as_bytes() == b"same-origin");
    let bare_path = path.split('?').next().unwrap_or_default();
    let is_fit = is_ours
        && path.len() <= BACK_BYTES_MAX
        && path.starts_with('/')
        && !path.starts_with("//")
        && !FORMS_ONLY.contains(&bare_path);
    if is_fit { path } else { "/" }.to_owned()
}

fn page(console: &Console, visitor: &Visitor, back: &str, why: &Bilingual) -> Html<String> {
    let catalogue = console.city.handle.registry().catalogue().cloned();
    let frame = Frame::new(visitor, Tab::None, catalogue.as_deref());
    let title = frame.pick("未能完成", "Not done");
    // A page that cannot be had leads nowhere by itself.
    let is_home = back == "/" || back == visitor.here;
    let body = html! {
        h1 { (title) }
        p.notice.bad role="alert" { (visitor.say(why)) }
        p.row {
            @if !is_home { a.button href=(back) { (frame.pick("回到原来的页面", "Back to the page")) } }
            a.button[is_home] href="/" { (frame.pick("回到今日", "Back to Today")) }
        }
        // An answer to a form has no address of its own.
        @if visitor.here.is_empty() { p.quiet { (frame.pick("用浏览器的“后退”回去，填写过的内容通常还在。", "The browser's own Back usually keeps what was filled in.")) } }
    };
    frame.page(title, &body)
}

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

//! The paths of the page, the gate before them, and the pages that only show something.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, RawQuery, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use granary_core::text::{Bilingual, Language};

use super::{
    Office, act, attach, drop as dropping, events, guard, look, recent, send,
    view::{self, Frame, Tab, Visitor},
};
use crate::{
    acts::{findings::findings, slot_named, slots::own_slots},
    intake::{FILE_BYTES_MAX, say},
    run::now_ms,
    status::Status,
};

/// The largest form, in bytes: a thousand explanations of the longest kind are beyond it, and belong into the file.
const FORM_BYTES_MAX: usize = 1 << 20;
/// What stands around a file in the body of a request.
const DROP_EXTRA_BYTES: usize = 64 << 10;
/// Files that are listed.
const FILES_MAX: usize = 200;
/// Files that the first page lists.
const FILES_FIRST: usize = 6;

/// Why a request is not answered with what it asks for.
pub(super) enum Problem {
    /// There is no such thing, or no longer.
    NotFound,
    /// It is not done, for this reason.
    Refused(StatusCode, Bilingual),
    /// The disk failed.
    Io(std::io::Error),
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<crate::acts::Declined> for Problem {
    fn from(declined: crate::acts::Declined) -> Self {
        Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, declined.0)
    }
}

impl Problem {
    /// That no catalogue is known here yet.
    pub(super) fn no_catalogue() -> Self {
        Self::Refused(
            StatusCode::SERVICE_UNAVAILABLE,
            say!(
                "本机还没有报表制度。采集端连上市局后会自动取得，请稍后再试",
                "there is no catalogue here yet: the agent fetches it as soon as it is connected; try again then"
            ),
        )
    }
}

/// The page's paths behind their gate.
pub(super) fn router(office: Arc<Office>) -> Router {
    let drop_bytes_max = usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX) + DROP_EXTRA_BYTES;
    let dropping = post(dropping::take).layer(DefaultBodyLimit::max(drop_bytes_max));
    // Each file has its own bound; a form has several.
    let attaching = post(attach::take).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/", get(home))
        .route("/enter", get(enter))
        .route("/style.css", get(style))
        .route("/page.js", get(script))
        .route("/icon.svg", get(icon))
        .route("/language", post(language))
        .route("/drop", dropping)
        .route("/file/{id}", get(send::show))
        .route("/file/{id}/send", post(send::send))
        .route("/file/{id}/remove", post(send::remove))
        .route("/file/{id}/evidence", attaching)
        .route("/file/{id}/evidence/remove", post(attach::remove))
        .route("/sent/{sha256}", get(events::show))
        .route("/sent/{sha256}/events", get(events::events))
        .route("/slots", get(slots))
        .route("/slots/{dataset}/{period}", get(slot))
        .route(
            "/slots/{dataset}/{period}/withdraw",
            post(act::withdraw_one),
        )
        .route("/findings", get(open_findings).post(act::explain_one))
        .route("/files", get(files))
        .route("/files/{folder}/{name}", get(file))
        .fallback(missing)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&office), gate))
        .with_state(office)
}

/// Lets nobody in who is not this machine's clerk, and dresses every answer.
async fn gate(State(office): State<Arc<Office>>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let chosen = guard::cookie(headers, guard::LANGUAGE_COOKIE).and_then(Language::parse);
    let visitor = Visitor {
        language: chosen.unwrap_or(office.settings.language),
    };
    let path = request.uri().path();
    let is_open = matches!(path, "/enter" | "/style.css" | "/page.js" | "/icon.svg");
    let refused = if !guard::is_own_host(headers, office.address.port()) {
        Some((StatusCode::MISDIRECTED_REQUEST, view::wrong_host()))
    } else if !guard::is_from_here(request.method(), headers) {
        Some((StatusCode::FORBIDDEN, view::from_elsewhere()))
    } else if !is_open && !office.secrets.knows(headers) {
        Some((StatusCode::UNAUTHORIZED, view::unknown_visitor()))
    } else {
        None
    };
    let mut response = match refused {
        Some((status, why)) => (status, view::bare(&visitor, &why)).into_response(),
        None => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
    };
    guard::protect(response.headers_mut());
    response
}

/// Makes a page where waiting does not hold the agent up.
pub(super) async fn page(
    office: Arc<Office>,
    visitor: Visitor,
    make: impl FnOnce(&Office, &Visitor) -> Result<Response, Problem> + Send + 'static,
) -> Response {
    let shown = Arc::clone(&office);
    let made = tokio::task::spawn_blocking(move || {
        let made = make(&office, &visitor);
        made.unwrap_or_else(|problem| failed(&office, &visitor, problem))
    });
    match made.await {
        Ok(response) => response,
        // A handler that panicked has shown nothing; the agent goes on.
        Err(error) => failed(&shown, &visitor, Problem::Io(std::io::Error::other(error))),
    }
}

/// The page that says why.
pub(super) fn failed(office: &Office, visitor: &Visitor, problem: Problem) -> Response {
    let (status, why) = match problem {
        Problem::NotFound => (
            StatusCode::NOT_FOUND,
            say!(
                "没有这一页，或文件已经移走",
                "there is no such page, or the file has moved"
            ),
        ),
        Problem::Refused(status, why) => (status, why),
        Problem::Io(error) => {
            tracing::warn!(%error, "the local page could not answer");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                say!(
                    "本机读写文件出错：{error}",
                    "this machine could not read or write a file: {error}"
                ),
            )
        }
    };
    let frame = Frame::new(office, *visitor, Tab::None);
    (
        status,
        frame.page(&say!("没有完成", "Not done"), &view::problem(visitor, &why)),
    )
        .into_response()
}

/// The fields of a form that carries its secret.
pub(super) fn fields(office: &Office, body: &Bytes) -> Result<Vec<(String, String)>, Problem> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let form = field(&fields, "form");
    match form.is_some_and(|form| office.secrets.is_form(form)) {
        true => Ok(fields),
        false => Err(without_secret()),
    }
}

/// A form that was not made by this start of the page.
pub(super) fn without_secret() -> Problem {
    Problem::Refused(
        StatusCode::FORBIDDEN,
        say!(
            "表单已失效（采集端重新启动过），请刷新页面再试",
            "the form is not valid any more, since the agent was started anew: reload the page and try again"
        ),
    )
}

/// The first field of a name.
pub(super) fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// One value of a query.
pub(super) fn asked(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// Sends the browser on.
pub(super) fn go(path: &str) -> Response {
    let to = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

async fn enter(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let token = asked(query.as_deref(), "token");
    if !token.is_some_and(|token| office.secrets.is_token(&token)) {
        let why = view::unknown_visitor();
        return (StatusCode::UNAUTHORIZED, view::bare(&visitor, &why)).into_response();
    }
    // Not a redirect: a cookie that other sites cannot send would be held back where another program's page led here.
    let cookie = [(header::SET_COOKIE, office.secrets.cookie())];
    (cookie, view::entered(&visitor)).into_response()
}

async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("style.css")).into_response()
}

async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("page.js")).into_response()
}

async fn icon() -> Response {
    let kind = [(header::CONTENT_TYPE, "image/svg+xml")];
    (kind, include_str!("icon.svg")).into_response()
}

async fn language(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    let fields = match fields(&office, &body) {
        Ok(fields) => fields,
        Err(problem) => return failed(&office, &visitor, problem),
    };
    let chosen = field(&fields, "language")
        .and_then(Language::parse)
        .unwrap_or_default();
    // Only paths of this page: `//host` would be another machine.
    let back = field(&fields, "back")
        .filter(|back| is_own_path(back))
        .unwrap_or("/");
    let mut response = go(back);
    let cookie = format!(
        "{}={chosen}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
        guard::LANGUAGE_COOKIE
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn is_own_path(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n'])
}

async fn missing(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    failed(&office, &visitor, Problem::NotFound)
}

async fn home(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(office, visitor, |office, visitor| {
        let (files, _) = recent::recent(&office.folders, FILES_FIRST)?;
        let cache = look::catalogue(office);
        let now_ms = now_ms();
        let owed = cache.catalogue().map(|catalogue| {
            let unit = &office.settings.unit;
            let all = own_slots(
                catalogue,
                unit,
                (&look::reader(office), &office.settings.state),
                now_ms,
            );
            all.into_iter()
                .filter(crate::acts::slots::OwnSlot::is_owed)
                .collect::<Vec<_>>()
        });
        let open = cache.catalogue().map(|catalogue| {
            findings(catalogue, &look::reader(office))
                .unexplained()
                .count()
        });
        let status = Status::read(&office.settings.state);
        let frame = Frame::new(office, *visitor, Tab::Report);
        let shown = view::home::Home {
            catalogue: cache.catalogue(),
            owed: owed.as_deref(),
            open,
            files: &files,
            status: status.as_ref(),
            now_ms,
        };
        Ok(frame
            .page(&say!("报送", "Report"), &shown.body(&frame))
            .into_response())
    })
    .await
}

async fn slots(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(office, visitor, |office, visitor| {
        let cache = look::catalogue(office);
        let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
        let (unit, now_ms) = (&office.settings.unit, now_ms());
        let all = own_slots(
            catalogue,
            unit,
            (&look::reader(office), &office.settings.state),
            now_ms,
        );
        let frame = Frame::new(office, *visitor, Tab::Slots);
        let body = view::slots::list(&frame, catalogue, &all, now_ms);
        Ok(frame
            .page(&say!("应报与期限", "Owed and due"), &body)
            .into_response())
    })
    .await
}

async fn slot(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path((dataset, period)): Path<(String, String)>,
) -> Response {
    page(office, visitor, move |office, visitor| {
        let cache = look::catalogue(office);
        let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
        let slot = slot_named(catalogue, &office.settings.unit, (&dataset, &period))?;
        let current = look::reader(office).current(&slot);
        let frame = Frame::new(office, *visitor, Tab::Slots);
        let body = view::slots::one(&frame, catalogue, &slot, current.as_ref());
        Ok(frame
            .page(&say!("报送内容", "What was reported"), &body)
            .into_response())
    })
    .await
}

async fn open_findings(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(office, visitor, |office, visitor| {
        let cache = look::catalogue(office);
        let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
        let found = findings(catalogue, &look::reader(office));
        let frame = Frame::new(office, *visitor, Tab::Findings);
        let body = view::findings::list(&frame, catalogue, &found);
        Ok(frame
            .page(&say!("待核实", "To be explained"), &body)
            .into_response())
    })
    .await
}

async fn files(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(office, visitor, |office, visitor| {
        let (files, is_cut) = recent::recent(&office.folders, FILES_MAX)?;
        let frame = Frame::new(office, *visitor, Tab::Files);
        let body = view::home::history(&frame, &files, is_cut);
        Ok(frame
            .page(&say!("报送记录", "What was handed in"), &body)
            .into_response())
    })
    .await
}

async fn file(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path((folder, name)): Path<(String, String)>,
) -> Response {
    page(office, visitor, move |office, visitor| {
        let found = recent::one(&office.folders, &folder, &name)?;
        let (spot, report) = found.ok_or(Problem::NotFound)?;
        let frame = Frame::new(office, *visitor, Tab::Files);
        let body = view::report::whole(&frame, &report, &office.folders.file(&spot));
        Ok(frame
            .page(&view::report::title(&report), &body)
            .into_response())
    })
    .await
}

//! The paths of the console, and how a page is made.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use granary_core::{access::Access, catalogue::Catalogue, digest::Digest, text::Bilingual};

use super::{
    Console, account, acts, enter, events,
    gate::gate,
    oidc, pages,
    problem::{Problem, unmet},
    scope::{Scope, Sight},
    view::{Frame, Tab, Visitor},
};
use crate::people::{Person, Right, is_same};

/// The largest form, in bytes: a receipt with its proof and cosignatures is the longest.
const FORM_BYTES_MAX: usize = 256 << 10;

/// The console's paths behind their gate.
pub(super) fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(pages::today::show))
        .route("/wall", get(pages::wall::show))
        .route("/agents", get(pages::agents::show))
        .route("/units", get(pages::units::show))
        .route(
            "/catalogue",
            get(pages::catalogue::show)
                .post(pages::catalogue::propose)
                .layer(DefaultBodyLimit::max(pages::catalogue::FORM_BYTES_MAX)),
        )
        .route("/events", get(events::follow))
        .route("/completeness", get(pages::completeness::show))
        .route("/slot/{unit}/{dataset}/{period}", get(pages::slot::show))
        .route(
            "/slot/{unit}/{dataset}/{period}/try",
            get(pages::what_if::show).post(pages::what_if::judge),
        )
        .route("/receipt/{index}", get(pages::log::receipt))
        .route("/findings", get(pages::findings::show))
        .route("/unit/{unit}", get(pages::unit::show))
        .route("/league", get(pages::league::show))
        .route(
            "/league/{card}/{period}/{unit}",
            get(pages::league::explain),
        )
        .route("/indicators", get(pages::indicators::show))
        .route("/calendar", get(pages::calendar::show))
        .route("/log", get(pages::log::show).post(pages::log::verify))
        .route(
            "/people",
            get(pages::people::show).post(pages::people::invite),
        )
        .route("/people/access", post(pages::people::access))
        .route(
            "/tokens",
            get(pages::tokens::show).post(pages::tokens::make),
        )
        .route("/tokens/revoke", post(pages::tokens::revoke))
        .route("/act", post(acts::prepare))
        .route("/act/enter", post(acts::enter))
        .route("/bulletins", get(pages::bulletins::show))
        .route("/bulletins/make", get(pages::bulletins::make))
        .route("/bulletins/{sha256}", get(pages::bulletins::one))
        .route("/bulletins/{sha256}/{form}", get(pages::bulletins::drawn))
        .route("/account", get(account::show).post(account::change))
        .route("/login", get(enter::form).post(enter::sign_in))
        .route(oidc::BEGIN, get(oidc::begin))
        .route(oidc::RETURN, get(oidc::come_back))
        .route("/logout", post(enter::sign_out))
        .route("/join/{token}", get(enter::invited).post(enter::join))
        .merge(files())
        .fallback(async |axum::Extension(visitor): axum::Extension<Visitor>| {
            failed(&visitor, &Problem::NotFound)
        })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&console), gate))
        .with_state(console)
}

/// What every page asks for beside itself.
fn files() -> Router<Arc<Console>> {
    Router::new()
        .route(
            "/console.css",
            get(async || file("text/css; charset=utf-8", include_str!("console.css"))),
        )
        .route(
            "/console.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("console.js"))),
        )
        .route(
            "/icon.svg",
            get(async || file("image/svg+xml", include_str!("icon.svg"))),
        )
}

fn file(kind: &'static str, text: &'static str) -> Response {
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
        text,
    )
        .into_response()
}

/// What a page is made with: the person has signed in, and may see it.
pub(super) struct Room<'a> {
    pub(super) console: &'a Console,
    pub(super) visitor: &'a Visitor,
    pub(super) person: &'a Person,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) scope: Scope,
}

impl Room<'_> {
    /// What stands around a page.
    pub(super) fn frame(&self, tab: Tab) -> Frame<'_> {
        Frame::new(self.visitor, tab, Some(&self.catalogue))
    }

    /// What the person sees of the city.
    pub(super) fn sight(&self) -> Sight<'_> {
        Sight {
            city: &self.console.city,
            now_ms: self.visitor.now_ms,
            catalogue: &self.catalogue,
            scope: &self.scope,
        }
    }

    /// Whether the person may do more than look.
    pub(super) fn may(&self, right: Right) -> bool {
        self.person.may(right)
    }
}

/// What a page hands out, for the access log.
pub(super) type Read = Option<(Access, String)>;

/// Makes a page for somebody who may see it, away from the tasks that move bytes; the access is in the log first.
pub(super) async fn page(
    console: Arc<Console>,
    visitor: Visitor,
    (right, read): (Right, Read),
    make: impl FnOnce(&Room<'_>) -> Result<Response, Problem> + Send + 'static,
) -> Response {
    let made = try_page(console, visitor.clone(), (right, read), make).await;
    made.unwrap_or_else(|problem| failed(&visitor, &problem))
}

async fn try_page(
    console: Arc<Console>,
    visitor: Visitor,
    (right, read): (Right, Read),
    make: impl FnOnce(&Room<'_>) -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let person = visitor.person.clone().ok_or(Problem::NotAllowed)?;
    if !person.may(right) {
        return Err(Problem::NotAllowed);
    }
    let catalogue = console
        .city
        .handle
        .registry()
        .catalogue()
        .cloned()
        .ok_or_else(no_catalogue)?;
    let scope = Scope::of(&person, &catalogue)?;
    scope.admits(visitor.here.split(['?', '#']).next().unwrap_or_default())?;
    let catalogue = scope.catalogue(catalogue);
    if let Some((access, what)) = read {
        super::super::access::record(&console.city, identity(&person), access, what).await?;
    }
    let permit = console
        .computing
        .acquire()
        .await
        .map_err(|error| Problem::Failed(error.to_string()))?;
    let shared = Arc::clone(&console);
    let made = tokio::task::spawn_blocking(move || {
        make(&Room {
            console: &shared,
            visitor: &visitor,
            person: &person,
            catalogue,
            scope,
        })
    });
    let made = made
        .await
        .map_err(|error| Problem::Failed(error.to_string()));
    drop(permit);
    made?
}

/// Somebody as the access log names them: people have no certificate, so its digest is that of the name.
pub(super) fn identity(person: &Person) -> (String, Digest) {
    let who = format!("person:{}", person.login);
    let digest = Digest::of(who.as_bytes());
    (who, digest)
}

fn no_catalogue() -> Problem {
    Problem::Refused(
        StatusCode::SERVICE_UNAVAILABLE,
        Bilingual::new(
            "尚未发布报表制度（catalogue publish），发布后这里才有内容",
            "no catalogue has been published yet (catalogue publish): there is nothing to show before that",
        ),
    )
}

/// Why there is no page; the gate makes one of it.
pub(super) fn failed(_: &Visitor, problem: &Problem) -> Response {
    let (status, why) = problem.told();
    unmet(status, why)
}

/// Sends the browser on.
pub(super) fn go(path: &str) -> Response {
    let to = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// A file for the disk.
pub(super) fn download(name: &str, kind: &'static str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition =
        HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, text).into_response()
}

/// The fields of a form that holds the session's secret.
pub(super) fn fields(visitor: &Visitor, body: &Bytes) -> Result<Vec<(String, String)>, Problem> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    if field(&fields, "form").is_some_and(|form| is_same(form, &visitor.form)) {
        return Ok(fields);
    }
    Err(Problem::Refused(
        StatusCode::FORBIDDEN,
        Bilingual::new(
            "表单已失效，没有执行；请返回刷新页面再试",
            "the form is not valid any more and was not carried out: go back, reload the page and try again",
        ),
    ))
}

/// The first field of a name, without the space around it.
pub(super) fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.trim())
}

/// One value of a query; empty ones are as if they were not there.
pub(super) fn asked(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

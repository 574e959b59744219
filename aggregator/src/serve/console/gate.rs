//! The gate before all paths: who asks, in which language; what a request must have before a handler sees it; what every answer says.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use granary_core::text::{Bilingual, Language};

use super::{
    Console, oidc,
    problem::{dressed, unmet},
    session::{Session, cookie, set_cookie},
    view::{self, Theme, Visitor},
};
use crate::people::{Person, secret};

/// The cookies of the chosen language and colours, which scripts need not read either.
const LANGUAGE_COOKIE: &str = "__Host-granary-lang";
const THEME_COOKIE: &str = "__Host-granary-theme";
/// How much of a path that was refused is logged.
const PATH_CHARS_MAX: usize = 200;
/// What the script sends with a request that nobody has asked for.
const FOLLOWING: &str = "x-granary-following";
/// The secret of forms before somebody has signed in: the form must hold what the cookie holds.
pub(super) const FORM_COOKIE: &str = "__Host-granary-form";

/// Lets nobody in who has not signed in, and dresses every answer.
pub(super) async fn gate(
    State(console): State<Arc<Console>>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = chosen(request.uri());
    let visitor = match visitor(&console, &request, &asked) {
        Ok(visitor) => visitor,
        Err(error) => {
            tracing::error!(%error, "no random numbers");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let uri = request.uri().clone();
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let path = uri.path();
    let is_open = matches!(
        path,
        "/login" | oidc::BEGIN | oidc::RETURN | "/console.css" | "/console.js" | "/icon.svg"
    ) || path.starts_with("/join/");
    let is_signed_in = visitor.person.is_some();
    // Whoever must have a second step and has none sees nothing before it is set up; who signs in elsewhere has theirs there.
    let is_held = !visitor.is_vouched
        && visitor
            .person
            .as_ref()
            .is_some_and(|person| person.needs_code && person.second.is_none());
    let mut response = if !is_from_here(&method, &headers) {
        refused(from_elsewhere())
    } else if is_held && !is_open && !matches!(path, "/account" | "/logout") {
        super::routes::go("/account")
    } else if is_signed_in || is_open {
        request.extensions_mut().insert(visitor.clone());
        next.run(request).await
    } else if is_asking(&method) && !path.ends_with("/events") {
        let to = view::encoded(&visitor.here);
        super::routes::go(&format!("/login?to={to}"))
    } else {
        refused(Bilingual::new(
            "登录已失效，请重新登录",
            "you are not signed in any more: sign in again",
        ))
    };
    response = dressed(&console, &visitor, &headers, response);
    if response.status() == StatusCode::FORBIDDEN {
        note_refusal(&visitor, path);
    }
    remember(response.headers_mut(), &visitor, &asked, is_signed_in);
    protect(response.headers_mut());
    response
}

/// What the query chooses for this and later pages.
struct Chosen {
    language: Option<Language>,
    theme: Option<Theme>,
}

fn chosen(uri: &Uri) -> Chosen {
    let value = |name| super::routes::asked(uri.query(), name);
    Chosen {
        language: value("lang").and_then(|text| Language::parse(&text)),
        theme: value("theme").and_then(|text| Theme::parse(&text)),
    }
}

fn visitor(console: &Console, request: &Request, chosen: &Chosen) -> std::io::Result<Visitor> {
    let headers = request.headers();
    let now_ms = console.city.clock.now_ms();
    // The wall has nobody who could ask.
    let follows = headers.contains_key(FOLLOWING);
    let is_asked = !follows || request.uri().path() == "/wall";
    let session = console.sessions.find(headers, now_ms, is_asked);
    let person = session
        .as_ref()
        .and_then(|session| console.people.find(&session.login));
    let person =
        person.filter(|person: &Arc<Person>| session.as_ref().is_some_and(|one| one.is_of(person)));
    let is_vouched = session.as_ref().is_some_and(Session::is_vouched);
    let form = match (&person, session) {
        (Some(_), Some(session)) => session.form,
        _ => match cookie(headers, FORM_COOKIE) {
            Some(known) if known.len() == 64 => known.to_owned(),
            _ => secret()?,
        },
    };
    let language = cookie(headers, LANGUAGE_COOKIE).and_then(Language::parse);
    let theme = cookie(headers, THEME_COOKIE).and_then(Theme::parse);
    // An answer to a form has no address that could be asked for again.
    let here = request.uri().path_and_query();
    let path = request.uri().path();
    let is_entrance = path == "/login" || path.starts_with("/join/");
    let here = here.filter(|_| is_entrance || is_asking(request.method()));
    let here = here.map_or("", |here| here.as_str());
    Ok(Visitor {
        language: chosen.language.or(language).unwrap_or_default(),
        theme: chosen.theme.or(theme).unwrap_or_default(),
        person,
        is_vouched,
        form,
        here: here.to_owned(),
        now_ms,
        follows,
    })
}

fn is_asking(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn remember(headers: &mut HeaderMap, visitor: &Visitor, chosen: &Chosen, is_signed_in: bool) {
    let language = chosen
        .language
        .map(|_| (LANGUAGE_COOKIE, visitor.pick("zh", "en").to_owned()));
    let theme = chosen
        .theme
        .map(|theme| (THEME_COOKIE, theme.word().to_owned()));
    let form = (!is_signed_in).then(|| (FORM_COOKIE, visitor.form.clone()));
    for (name, value) in [language, theme, form].into_iter().flatten() {
        if let Ok(line) = HeaderValue::from_str(&set_cookie(name, &value)) {
            headers.append(header::SET_COOKIE, line);
        }
    }
}

/// Who was refused what; the secret of an invitation stays out of the log.
fn note_refusal(visitor: &Visitor, path: &str) {
    let login = visitor.person.as_ref().map_or("", |person| &person.login);
    let shown = if path.starts_with("/join/") {
        "/join/"
    } else {
        path
    };
    let path: String = shown.chars().take(PATH_CHARS_MAX).collect();
    tracing::warn!(login, path, "refused at the console");
}

fn refused(why: Bilingual) -> Response {
    unmet(StatusCode::FORBIDDEN, why)
}

fn from_elsewhere() -> Bilingual {
    Bilingual::new(
        "请求来自别的网站，没有执行",
        "the request comes from another site and was not carried out",
    )
}

/// Whether a request that changes something comes from a page of this host, as far as the browser tells. A proxy may have changed the
/// Host header, so where the browser says by itself whether the site is the same, that counts.
fn is_from_here(method: &Method, headers: &HeaderMap) -> bool {
    if is_asking(method) {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let Some(origin) = headers.get(header::ORIGIN).map(HeaderValue::as_bytes) else {
        return true;
    };
    let bare = origin
        .strip_prefix(b"https://")
        .or_else(|| origin.strip_prefix(b"http://"));
    bare.is_some() && bare == host
}

/// What every answer says: nothing but this program's own files, no frames, no cache, no referrer for others.
fn protect(headers: &mut HeaderMap) {
    const ALL: [(&str, &str); 9] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
        ("strict-transport-security", "max-age=31536000"),
        ("cache-control", "no-store"),
    ];
    // A page that is stricter about itself stays so.
    let own = headers.remove(header::CONTENT_SECURITY_POLICY);
    for (name, value) in ALL {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(own) = own {
        headers.insert(header::CONTENT_SECURITY_POLICY, own);
    }
}

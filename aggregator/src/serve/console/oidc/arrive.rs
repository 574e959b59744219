//! The two steps of a browser: off to the provider, and back from it.
//!
//! A link begins it and no form: browsers hold a form to this site even where it is sent on.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Response},
};
use granary_core::{access::Access, digest::Digest, text::Bilingual};

use super::{
    OidcError, Provider,
    begun::{Begun, COOKIE},
};
use crate::{
    people::{Person, secret},
    serve::{
        access,
        console::{
            Console,
            account::blocking,
            enter::inner,
            listen::From,
            problem::Problem,
            routes::{asked, failed, go, identity},
            session::{self, Way, cookie, set_cookie, set_lax_cookie},
            view::{Visitor, entrance},
        },
    },
};

/// `GET /login/oidc?to=&join=`: off to the provider, to come back and go on at `to`, or to use the invitation `join`.
pub(in crate::serve::console) async fn begin(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = &console.provider else {
        return failed(&visitor, &Problem::NotFound);
    };
    let to = inner(asked(query.as_deref(), "to"));
    let invitation = asked(query.as_deref(), "join");
    if let Some(token) = &invitation
        && let Err(error) = console.people.invitation(token, visitor.now_ms)
    {
        return failed(&visitor, &error.into());
    }
    // A browser that begins twice, in two tabs, stays one browser.
    let known = cookie(&headers, COOKIE).filter(|known| known.len() == 64);
    let browser = match known.map_or_else(secret, |known| Ok(known.to_owned())) {
        Ok(browser) => browser,
        Err(error) => return failed(&visitor, &Problem::Failed(error.to_string())),
    };
    let (bound, now_ms) = (Digest::of(browser.as_bytes()), visitor.now_ms);
    let begun = provider.begin(now_ms, |secrets| Begun {
        secrets,
        to: to.clone(),
        invitation,
        language: visitor.language,
        browser: bound,
        born_ms: now_ms,
    });
    match begun.await {
        Ok(url) => {
            let cookie = set_lax_cookie(COOKIE, &browser);
            ([(header::SET_COOKIE, cookie)], go(&url)).into_response()
        }
        Err(error) => turned_away(&console, &visitor, &to, &Refused::Provider(error)),
    }
}

/// Why somebody came back for nothing.
enum Refused {
    /// The state is not one that this browser has begun with, lately.
    NotBegun,
    /// The provider was not reached, or what it said does not hold.
    Provider(OidcError),
    /// It knows them, and there is no such account here.
    NoAccount(Option<String>),
    /// Their access was ended.
    Ended,
    /// Something here.
    Here(Problem),
}

/// `GET /login/oidc/return?state=&code=`: back from the provider.
pub(in crate::serve::console) async fn come_back(
    State(console): State<Arc<Console>>,
    Extension(mut visitor): Extension<Visitor>,
    Extension(From(from)): Extension<From>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = &console.provider else {
        return failed(&visitor, &Problem::NotFound);
    };
    // The links of the page that is shown lead back to the door, not to a code that was used.
    visitor.here = "/login".into();
    // Whoever keeps sending what is refused is slowed down, by the address alone: nobody has said who it is.
    let guess = format!("oidc {}", from.ip());
    let wait_ms = console.throttle.wait_ms(&guess, from.ip(), visitor.now_ms);
    if wait_ms > 0 {
        return turned_away(
            &console,
            &visitor,
            "/",
            &Refused::Here(Problem::too_often(wait_ms)),
        );
    }
    let value = |name| asked(query.as_deref(), name).unwrap_or_default();
    let browser = cookie(&headers, COOKIE).unwrap_or_default();
    let begun = provider.returned(&value("state"), browser, visitor.now_ms);
    let to = begun.as_ref().map_or("/", |begun| &begun.to).to_owned();
    let arrived = match begun {
        None => Err(Refused::NotBegun),
        Some(begun) => {
            visitor.language = begun.language;
            let said = (value("code"), value("error"));
            arrived(&console, provider, begun, said, visitor.now_ms).await
        }
    };
    match arrived {
        Ok((person, token)) => {
            console.throttle.succeeded(&guess, from.ip());
            tracing::info!(login = person.login, %from, "signed in to the console at the provider");
            let cookie = set_cookie(session::COOKIE, &token);
            let on = HeaderValue::from_str(&format!("0; url={to}"));
            let on = on.unwrap_or(HeaderValue::from_static("0; url=/"));
            let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
            let page = entrance::go_on(&visitor, &to);
            (headers, [(header::REFRESH, on)], page).into_response()
        }
        Err(why) => {
            if !matches!(why, Refused::Provider(OidcError::Unreachable(_))) {
                console.throttle.failed(&guess, from.ip(), visitor.now_ms);
            }
            tracing::warn!(%from, "a sign-in at the provider was not accepted");
            turned_away(&console, &visitor, &to, &why)
        }
    }
}

/// The person whose account it is, and the secret of their session.
async fn arrived(
    console: &Arc<Console>,
    provider: &Provider,
    begun: Begun,
    (code, error): (String, String),
    now_ms: i64,
) -> Result<(Arc<Person>, String), Refused> {
    let refused = |why: String| Refused::Provider(OidcError::Refused(why));
    if !error.is_empty() || code.is_empty() {
        return Err(refused(error.chars().take(80).collect()));
    }
    let identified = provider.identify(code, &begun.secrets, now_ms).await;
    let who = identified.map_err(Refused::Provider)?;
    let (person, what) = match begun.invitation {
        Some(token) => joined(console, token, &who.subject, now_ms).await?,
        None => {
            let person = console.people.vouched(&who.subject, who.login.as_deref());
            let person = person.ok_or(Refused::NoAccount(who.login))?;
            (person, "signed in")
        }
    };
    if !person.is_active {
        return Err(Refused::Ended);
    }
    let what = format!("{} {what} at the provider as {}", person.login, who.subject);
    access::record(&console.city, identity(&person), Access::Account, what)
        .await
        .map_err(|error| Refused::Here(error.into()))?;
    let token = console
        .sessions
        .open(&person, Way::Vouched(&who.subject), now_ms)
        .map_err(|error| Refused::Here(Problem::Failed(error.to_string())))?;
    Ok((person, token))
}

async fn joined(
    console: &Arc<Console>,
    token: String,
    subject: &str,
    now_ms: i64,
) -> Result<(Arc<Person>, &'static str), Refused> {
    let here = |problem: Problem| Refused::Here(problem);
    let permit = console.hashing.acquire().await;
    let _permit = permit.map_err(|error| here(Problem::Failed(error.to_string())))?;
    let (shared, subject) = (Arc::clone(console), subject.to_owned());
    let made = blocking(move || shared.people.join_linked(&token, &subject, now_ms));
    Ok((made.await.map_err(here)?, "joined"))
}

/// The door again, and why it has not opened. What the provider said stands in the log: it is for whoever runs the server.
fn turned_away(console: &Console, visitor: &Visitor, to: &str, why: &Refused) -> Response {
    let (status, why) = match why {
        Refused::Here(problem) => problem.told(),
        Refused::NotBegun => (
            StatusCode::BAD_REQUEST,
            Bilingual::new(
                "这次登录不是从本浏览器开始的，或已超过十分钟；请重新登录",
                "this sign-in was not begun in this browser, or longer than ten minutes ago: begin again",
            ),
        ),
        Refused::Provider(OidcError::Unreachable(error)) => {
            tracing::warn!(error, "the provider of sign-ins is not reached");
            (
                StatusCode::BAD_GATEWAY,
                Bilingual::new(
                    "统一身份认证没有应答；请稍后再试，急用时请管理员凭密码登录",
                    "the house's sign-in does not answer: try again later; in a hurry, an administrator can sign in with a password",
                ),
            )
        }
        Refused::Provider(OidcError::Refused(error)) => {
            tracing::warn!(
                error,
                "what the provider of sign-ins answered does not hold"
            );
            (
                StatusCode::UNAUTHORIZED,
                Bilingual::new(
                    "统一身份认证未能证明您的身份；请重新登录",
                    "the house's sign-in has not shown who you are: sign in again",
                ),
            )
        }
        Refused::NoAccount(login) => {
            let shown: String = login
                .iter()
                .flat_map(|login| login.chars())
                .take(60)
                .collect();
            (
                StatusCode::FORBIDDEN,
                Bilingual::new(
                    format!(
                        "您已通过统一身份认证（{shown}），但此处没有您的账户；请管理员发邀请或关联账户"
                    ),
                    format!(
                        "the house's sign-in knows you ({shown}), and there is no account for you here: the administrator can invite you, or link your account"
                    ),
                ),
            )
        }
        Refused::Ended => (
            StatusCode::FORBIDDEN,
            Bilingual::new(
                "您的账户已停用；请与管理员联系",
                "your access was ended: ask the administrator",
            ),
        ),
    };
    let page = entrance::sign_in(visitor, console.door(), to, Some(&why));
    (status, page).into_response()
}

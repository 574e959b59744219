//! The gate before all paths of the API: whose token, whether it is too fast, and what every answer says.
//!
//! A good token always passes, whoever else fails from the same address: behind a proxy all have one. Failures are slowed down by what was
//! shown and by address, so that a program with a dead token does not fill the log; there is nothing to guess in 256 bits.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use granary_core::{digest::Digest, text::Language};

use super::{Api, problem::Problem};
use crate::{
    people::{Token, TokenScope},
    serve::console::listen::From as Peer,
};

/// Requests of one token that pass at once, and how many more each second.
const BURST: i64 = 60;
const EACH_SECOND: i64 = 20;
/// Tokens whose pace is remembered: more than there may be.
const PACES_MAX: usize = 2_000;
/// Tokens of requests are measured in thousandths, so that a pace is exact in whole numbers.
const MILLI: i64 = 1_000;

/// Whoever asks, and how they want to be answered.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Caller {
    pub(in crate::serve) token: Arc<Token>,
    /// Of the token's secret.
    pub(super) digest: Digest,
    pub(in crate::serve) language: Option<Language>,
    /// When it was asked, by the city's clock.
    pub(in crate::serve) now_ms: i64,
}

impl Caller {
    /// Whether the token may read this.
    pub(in crate::serve) fn may(&self, scope: TokenScope) -> bool {
        self.token.scopes.contains(&scope)
    }
}

/// How fast each token asks.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<BTreeMap<Digest, Pace>>);

#[derive(Clone, Copy, Debug)]
struct Pace {
    /// How many requests may pass, in thousandths.
    left_milli: i64,
    at_ms: i64,
}

impl Paces {
    /// Lets one more request pass, or says how long to wait, in milliseconds.
    fn pass(&self, token: Digest, now_ms: i64) -> Result<(), i64> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= PACES_MAX && !paces.contains_key(&token) {
            let oldest = paces.iter().min_by_key(|(_, pace)| pace.at_ms);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                paces.remove(&oldest);
            }
        }
        let full = Pace {
            left_milli: BURST * MILLI,
            at_ms: now_ms,
        };
        let pace = paces.entry(token).or_insert(full);
        let passed_ms = (now_ms - pace.at_ms).max(0);
        let more = passed_ms.saturating_mul(EACH_SECOND);
        pace.left_milli = pace.left_milli.saturating_add(more).min(BURST * MILLI);
        pace.at_ms = now_ms;
        if pace.left_milli < MILLI {
            return Err((MILLI - pace.left_milli) / EACH_SECOND);
        }
        pace.left_milli -= MILLI;
        Ok(())
    }
}

/// Lets nobody in without a good token, and dresses every answer.
pub(in crate::serve) async fn gate(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    let language = language(request.headers());
    let mut response = match caller(&api, shown_of(&request), language).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let response = next.run(request).await;
            readable(response, language)
        }
        Err(problem) => problem.into_response_for(language),
    };
    dress(response.headers_mut());
    response
}

/// A path that is no text is refused before a handler sees it, in words that are no document: it gets one.
fn readable(response: Response, language: Option<Language>) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_told = kind.is_some_and(|kind| kind == "application/problem+json");
    if response.status() != StatusCode::BAD_REQUEST || is_told {
        return response;
    }
    let problem = Problem::invalid("path", "路径不是有效的文字", "the path is no text");
    problem.into_response_for(language)
}

/// What a request shows, and where it comes from.
struct Shown {
    secret: String,
    from: IpAddr,
}

fn shown_of(request: &Request) -> Shown {
    let peer = request.extensions().get::<Peer>();
    Shown {
        secret: shown(request.headers()).unwrap_or_default().to_owned(),
        from: peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()),
    }
}

async fn caller(api: &Api, shown: Shown, language: Option<Language>) -> Result<Caller, Problem> {
    let now_ms = api.city.clock.now_ms();
    let tokens = api.tokens.clone();
    let presented = shown.secret.clone();
    let found = tokio::task::spawn_blocking(move || tokens.find(&presented, now_ms));
    let Some((digest, token)) = found.await.map_err(Problem::internal)? else {
        return Err(refused(api, &shown, now_ms));
    };
    api.paces.pass(digest, now_ms).map_err(Problem::wait)?;
    Ok(Caller {
        token: Arc::new(token),
        digest,
        language,
        now_ms,
    })
}

/// Each further failure waits longer. A request without a token is told so and costs nothing.
fn refused(api: &Api, shown: &Shown, now_ms: i64) -> Problem {
    if shown.secret.is_empty() {
        return Problem::unauthenticated();
    }
    let from = shown.from;
    // Its digest stands for what was shown: no secret is kept in memory.
    let key = Digest::of(shown.secret.as_bytes()).to_string();
    let wait_ms = api.throttle.wait_ms(&key, from, now_ms);
    if wait_ms > 0 {
        return Problem::wait(wait_ms);
    }
    api.throttle.failed(&key, from, now_ms);
    tracing::warn!(%from, "a request of the API showed no good token");
    Problem::unauthenticated()
}

/// The secret that a request shows.
fn shown(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(secret.trim())
}

/// The language of problems that a request prefers (RFC 9110, 12.5.4), of the two that there are.
fn language(headers: &HeaderMap) -> Option<Language> {
    let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let weighed = header.split(',').enumerate().filter_map(|(at, range)| {
        let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
        let language = Language::parse(tag.trim())?;
        let milli = weight.trim().parse::<f64>().ok()? * 1_000.0;
        (milli > 0.0).then_some((std::cmp::Reverse(milli as u32), at, language))
    });
    let first = weighed.min_by_key(|(weight, at, _)| (*weight, *at));
    first.map(|(_, _, language)| language)
}

/// What every answer says: it is nobody else's, and no page is made of it.
fn dress(headers: &mut HeaderMap) {
    const ALL: [(&str, &str); 5] = [
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in ALL {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.append(
        header::VARY,
        HeaderValue::from_static("Authorization, Accept, Accept-Language"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaking(text: &'static str) -> Option<Language> {
        language(&HeaderMap::from_iter([(
            header::ACCEPT_LANGUAGE,
            HeaderValue::from_static(text),
        )]))
    }

    #[test]
    fn the_preferred_language_of_the_two_is_taken() {
        assert_eq!(speaking("en-GB,zh;q=0.9"), Some(Language::En));
        assert_eq!(speaking("fr, en;q=0.3, zh-CN;q=0.8"), Some(Language::Zh));
        assert_eq!(speaking("en;q=0"), None);
        assert_eq!(speaking("fr"), None);
    }

    #[test]
    fn a_token_has_a_burst_and_then_a_pace() {
        let (paces, token, other) = (Paces::default(), Digest::of(b"a"), Digest::of(b"b"));
        for _ in 0..BURST {
            paces.pass(token, 0).unwrap();
        }
        assert_eq!(paces.pass(token, 0), Err(50));
        paces.pass(other, 0).unwrap();
        paces.pass(token, 50).unwrap();
        assert!(paces.pass(token, 50).is_err());
        for _ in 0..BURST {
            paces.pass(token, 1_000_000).unwrap();
        }
        assert!(
            paces.pass(token, 1_000_000).is_err(),
            "a rest is worth no more than a burst"
        );
    }

    #[test]
    fn paces_are_bounded() {
        let paces = Paces::default();
        for at in 0..(PACES_MAX + 10) {
            paces
                .pass(Digest::of(&at.to_be_bytes()), at as i64)
                .unwrap();
        }
        assert!(paces.0.lock().unwrap().len() <= PACES_MAX);
    }
}

//! Sessions: in memory, bounded, ended by idleness, by age, by signing out, and by whatever changes the account.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use axum::http::{HeaderMap, header};
use granary_core::digest::Digest;

use crate::people::{Person, secret};

/// The cookie. A browser takes this name only from a secure origin (or loopback), for this host and all its paths.
pub(super) const COOKIE: &str = "__Host-granary";
/// How long a session lasts without a request of a person, in milliseconds.
const IDLE_MS_MAX: i64 = 3_600_000;
/// How long a session lasts at all, in milliseconds.
const AGE_MS_MAX: i64 = 12 * 3_600_000;
/// Sessions of one person at once; a further one ends the oldest.
const EACH_MAX: usize = 8;
/// Sessions at once; a further one ends the one that was idle longest.
const SESSIONS_MAX: usize = 4_000;

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) login: String,
    /// When the password was set with which they signed in.
    since_ms: i64,
    /// What each form carries.
    pub(super) form: String,
    /// What the house's sign-in called them, where they came by it.
    subject: Option<String>,
    born_ms: i64,
    seen_ms: i64,
}

/// How somebody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// With their password, and the second step where they have one.
    Password,
    /// At the house's sign-in, which calls them so.
    Vouched(&'a str),
}

/// All sessions, by the digest of the cookie's secret.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<Digest, Session>>);

impl Session {
    /// Whether the account is still the one that signed in.
    pub(super) fn is_of(&self, person: &Person) -> bool {
        let other = |own: &String| person.subject.as_ref().is_some_and(|theirs| theirs != own);
        person.is_active
            && person.since_ms == self.since_ms
            && !self.subject.as_ref().is_some_and(other)
    }

    /// Whether the house's sign-in has vouched for them: then the second step is its affair.
    pub(super) const fn is_vouched(&self) -> bool {
        self.subject.is_some()
    }
}

impl Sessions {
    /// Opens one and gives the cookie's secret.
    pub(super) fn open(
        &self,
        person: &Person,
        way: Way<'_>,
        now_ms: i64,
    ) -> std::io::Result<String> {
        let (token, form) = (secret()?, secret()?);
        let session = Session {
            login: person.login.clone(),
            since_ms: person.since_ms,
            form,
            subject: match way {
                Way::Password => None,
                Way::Vouched(subject) => Some(subject.to_owned()),
            },
            born_ms: now_ms,
            seen_ms: now_ms,
        };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| is_live(session, now_ms));
        let own = || sessions.iter().filter(|(_, one)| one.login == person.login);
        let ended = if own().count() >= EACH_MAX {
            own().min_by_key(|(_, one)| one.born_ms)
        } else if sessions.len() >= SESSIONS_MAX {
            sessions.iter().min_by_key(|(_, one)| one.seen_ms)
        } else {
            None
        };
        if let Some(ended) = ended.map(|(key, _)| *key) {
            sessions.remove(&ended);
        }
        sessions.insert(Digest::of(token.as_bytes()), session);
        Ok(token)
    }

    /// The session of a cookie. Only what somebody asks for keeps it from going idle, not what a page asks for by itself.
    pub(super) fn find(&self, headers: &HeaderMap, now_ms: i64, is_asked: bool) -> Option<Session> {
        let key = Digest::of(cookie(headers, COOKIE)?.as_bytes());
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(&key)?;
        if !is_live(session, now_ms) {
            sessions.remove(&key);
            return None;
        }
        if is_asked {
            session.seen_ms = now_ms;
        }
        Some(session.clone())
    }

    /// Ends the session of a cookie.
    pub(super) fn close(&self, headers: &HeaderMap) {
        if let Some(token) = cookie(headers, COOKIE) {
            let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.remove(&Digest::of(token.as_bytes()));
        }
    }
}

const fn is_live(session: &Session, now_ms: i64) -> bool {
    now_ms - session.seen_ms < IDLE_MS_MAX && now_ms - session.born_ms < AGE_MS_MAX
}

/// The line that sets a cookie which scripts cannot read and other sites cannot send; empty ends it.
pub(super) fn set_cookie(name: &str, value: &str) -> String {
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}")
}

/// The same for a cookie that must come along when another site has sent the browser here by a link.
pub(super) fn set_lax_cookie(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::people::{Hashed, PersonRole};

    fn person(login: &str) -> Person {
        Person {
            login: login.into(),
            name: login.into(),
            role: PersonRole::Viewer,
            under: None,
            department: None,
            is_active: true,
            since_ms: 5,
            password: Hashed::new("a password of this test").unwrap(),
            needs_code: false,
            second: None,
            subject: None,
        }
    }

    fn with(token: &str) -> HeaderMap {
        let line = HeaderValue::from_str(&format!("a=b; {COOKIE}={token}")).unwrap();
        HeaderMap::from_iter([(header::COOKIE, line)])
    }

    #[test]
    fn a_session_ends_when_idle_when_old_and_when_closed() {
        let (sessions, wang) = (Sessions::default(), person("wang"));
        let token = sessions.open(&wang, Way::Password, 0).unwrap();
        assert!(
            sessions
                .find(&with(&token), IDLE_MS_MAX - 1, true)
                .is_some()
        );
        assert!(
            sessions
                .find(&with(&token), 2 * IDLE_MS_MAX - 2, true)
                .is_some(),
            "a request keeps it"
        );
        assert!(
            sessions
                .find(&with(&token), 3 * IDLE_MS_MAX - 2, true)
                .is_none(),
            "idle"
        );
        let token = sessions.open(&wang, Way::Password, 0).unwrap();
        for hour in 0..12 {
            assert!(
                sessions
                    .find(&with(&token), hour * (IDLE_MS_MAX - 1), true)
                    .is_some()
            );
        }
        assert!(
            sessions.find(&with(&token), AGE_MS_MAX, true).is_none(),
            "old"
        );
        let token = sessions.open(&wang, Way::Password, 0).unwrap();
        assert!(
            sessions
                .find(&with(&token), IDLE_MS_MAX - 1, false)
                .is_some()
        );
        assert!(
            sessions.find(&with(&token), IDLE_MS_MAX, true).is_none(),
            "a page that follows by itself keeps nothing open"
        );
        let token = sessions.open(&wang, Way::Password, 0).unwrap();
        sessions.close(&with(&token));
        assert!(sessions.find(&with(&token), 0, true).is_none(), "closed");
        assert!(
            sessions.find(&with(&"0".repeat(64)), 0, true).is_none(),
            "forged"
        );
    }

    #[test]
    fn sessions_are_bounded_and_end_with_the_password() {
        let (sessions, wang) = (Sessions::default(), person("wang"));
        let tokens: Vec<_> = (0..=EACH_MAX as i64)
            .map(|at| sessions.open(&wang, Way::Password, at).unwrap())
            .collect();
        assert!(
            sessions.find(&with(&tokens[0]), 9, true).is_none(),
            "the oldest made room"
        );
        let kept = sessions.find(&with(&tokens[1]), 9, true).unwrap();
        assert!(kept.is_of(&wang));
        assert!(!kept.is_of(&Person {
            since_ms: 6,
            ..wang.clone()
        }));
        assert!(!kept.is_of(&Person {
            is_active: false,
            ..wang.clone()
        }));
        let token = sessions.open(&wang, Way::Vouched("a"), 9).unwrap();
        let vouched = sessions.find(&with(&token), 9, true).unwrap();
        let linked = |subject: &str| Person {
            subject: Some(subject.into()),
            ..wang.clone()
        };
        assert!(vouched.is_of(&wang) && vouched.is_of(&linked("a")));
        assert!(!vouched.is_of(&linked("b")), "the link leads elsewhere now");
    }
}

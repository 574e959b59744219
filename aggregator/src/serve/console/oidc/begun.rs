//! Sign-ins that have gone to the provider and not come back: in memory, bounded, short-lived, each bound to the browser that began it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use granary_core::{digest::Digest, text::Language};

use super::Secrets;

/// The cookie that says which browser it is. Other than the session's it comes along when the provider sends the browser back.
pub(in crate::serve::console) const COOKIE: &str = "__Host-granary-oidc";
/// How long somebody may take at the provider, in milliseconds.
pub(super) const AGE_MS_MAX: i64 = 10 * 60_000;
/// Sign-ins under way at once; a further one forgets the oldest.
const UNDER_WAY_MAX: usize = 10_000;

/// A sign-in that has gone to the provider.
#[derive(Clone, Debug)]
pub(in crate::serve::console) struct Begun {
    /// What the answer must fit.
    pub(in crate::serve::console) secrets: Secrets,
    /// Where the person goes on.
    pub(in crate::serve::console) to: String,
    /// The invitation that is used, where one is.
    pub(in crate::serve::console) invitation: Option<String>,
    /// In which language: the cookie that says so stays away from what another site has sent.
    pub(in crate::serve::console) language: Language,
    /// The digest of the browser's cookie.
    pub(in crate::serve::console) browser: Digest,
    /// Since when, by the city's clock.
    pub(in crate::serve::console) born_ms: i64,
}

/// All of them, by the digest of their state.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<BTreeMap<Digest, Begun>>);

impl UnderWay {
    /// Remembers one.
    pub(super) fn keep(&self, state: &str, begun: Begun) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, one| begun.born_ms - one.born_ms < AGE_MS_MAX);
        if known.len() >= UNDER_WAY_MAX {
            let oldest = known.iter().min_by_key(|(_, one)| one.born_ms);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                known.remove(&oldest);
            }
        }
        known.insert(Digest::of(state.as_bytes()), begun);
    }

    /// Takes out the one that comes back with this state from this browser: each comes back once.
    pub(super) fn take(&self, state: &str, browser: &str, now_ms: i64) -> Option<Begun> {
        let key = Digest::of(state.as_bytes());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&key)?;
        if found.browser != Digest::of(browser.as_bytes()) {
            return None;
        }
        let found = known.remove(&key)?;
        (now_ms - found.born_ms < AGE_MS_MAX).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(browser: &str, born_ms: i64) -> Begun {
        Begun {
            secrets: Secrets::default(),
            to: "/".into(),
            invitation: None,
            language: Language::Zh,
            browser: Digest::of(browser.as_bytes()),
            born_ms,
        }
    }

    #[test]
    fn each_comes_back_once_in_time_and_to_its_own_browser() {
        let known = UnderWay::default();
        known.keep("state", begun("mine", 0));
        assert!(known.take("state", "another's", 1).is_none());
        assert!(known.take("other", "mine", 1).is_none());
        assert!(known.take("state", "mine", 1).is_some());
        assert!(known.take("state", "mine", 1).is_none(), "once");
        known.keep("late", begun("mine", 0));
        assert!(known.take("late", "mine", AGE_MS_MAX).is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let known = UnderWay::default();
        for at in 0..=UNDER_WAY_MAX {
            known.keep(&at.to_string(), begun("mine", i64::try_from(at).unwrap()));
        }
        assert!(known.take("0", "mine", 1).is_none(), "the oldest made room");
        assert!(known.take("1", "mine", 2).is_some());
    }
}

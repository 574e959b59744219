//! Accounts and the house's own sign-in: which account somebody opens for whom an OpenID Connect provider vouches.
//!
//! An account is opened by the provider's subject where one is linked, which is what an invitation that is used at the provider does, and
//! an administrator may; else by its login. No account comes into being because somebody has one at the provider.

use std::{collections::BTreeMap, sync::Arc};

use super::{People, PeopleError, Person, PoisonError, nobody, secret, unfit};

/// The longest subject, in bytes: what OpenID Connect allows.
const SUBJECT_BYTES_MAX: usize = 255;

impl People {
    /// Uses an invitation by signing in at the house's own sign-in, which calls this person `subject`: the account is there after, linked,
    /// with a password that nobody knows. Blocks for the hashing.
    ///
    /// # Errors
    /// [`PeopleError`]; the invitation stands where another account has the subject.
    pub fn join_linked(
        &self,
        token: &str,
        subject: &str,
        now_ms: i64,
    ) -> Result<Arc<Person>, PeopleError> {
        let invitation = self.invitation(token, now_ms)?;
        let password = secret().map_err(|error| self.failed(error))?;
        self.enter(token, invitation, (&password, Some(subject)), now_ms)
    }

    /// Whoever the house's sign-in vouches for: the account with this subject, else the one with this login, unless that is somebody
    /// else's by its own subject.
    #[must_use]
    pub fn vouched(&self, subject: &str, login: Option<&str>) -> Option<Arc<Person>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = known.values();
        if let Some(linked) = all.find(|person| person.subject.as_deref() == Some(subject)) {
            return Some(Arc::clone(linked));
        }
        let named = known.get(login?).cloned();
        named.filter(|person| person.subject.is_none())
    }

    /// Links an account to what the house's sign-in calls the person, or ends that.
    ///
    /// # Errors
    /// [`PeopleError::Unfit`] where it is no subject, or another account's.
    pub fn set_subject(&self, login: &str, subject: Option<&str>) -> Result<(), PeopleError> {
        if subject.is_some_and(|subject| !is_subject(subject)) {
            return Err(unfit(
                "标识须为 1 至 255 个可见的 ASCII 字符",
                "a subject is 1 to 255 visible ASCII characters",
            ));
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        is_free(&known, login, subject)?;
        let mut person = known
            .get(login)
            .map_or_else(|| Err(nobody()), |one| Ok((**one).clone()))?;
        person.subject = subject.map(str::to_owned);
        self.write(&mut known, person).map(drop)
    }
}

/// Whether a text can be what an OpenID Connect provider calls somebody.
pub(crate) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A subject is one account's.
pub(super) fn is_free(
    known: &BTreeMap<String, Arc<Person>>,
    login: &str,
    subject: Option<&str>,
) -> Result<(), PeopleError> {
    let Some(subject) = subject else {
        return Ok(());
    };
    let mut others = known.values().filter(|person| person.login != login);
    if others.any(|person| person.subject.as_deref() == Some(subject)) {
        return Err(unfit(
            "统一身份认证的这个人已关联另一账户",
            "another account is linked to this person of the house's sign-in",
        ));
    }
    Ok(())
}

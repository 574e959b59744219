//! Acts that were shown to somebody and are not signed yet: in memory, bounded, forgotten after an hour.
//!
//! What is entered is what was shown, to the byte: the browser sends back a signature and the digest of the act, never the act. A draft
//! belongs to one account as it was when it was made.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use granary_core::{code::UnitCode, digest::Digest, envelope::KeyRole, snapshot::SlotKey};

use super::problem::Problem;
use crate::{people::Person, tls::EnrolmentToken};

/// How old a draft may be when its signature comes, in milliseconds.
const AGE_MS_MAX: i64 = 3_600_000;
/// Drafts of one account at once; a further one takes the place of the oldest.
const EACH_MAX: usize = 8;
/// Bytes of all drafts together; the oldest make room. A catalogue has at most 8 MiB.
const BYTES_MAX: usize = 64 << 20;

/// An act that waits for its signature.
pub(super) struct Draft {
    /// Whose it is.
    pub(super) login: String,
    /// When their password was set.
    pub(super) since_ms: i64,
    pub(super) made_at_ms: i64,
    /// The act's bytes.
    pub(super) payload: Bytes,
    /// What it does and to what, for the access log.
    pub(super) what: String,
    /// What is shown once it is in force.
    pub(super) after: After,
}

/// What follows an act.
pub(super) enum After {
    /// The slot that it was about.
    Slot(SlotKey),
    /// The unit that it was about.
    Unit(UnitCode),
    /// The token is handed out.
    Token(Handout),
    /// Another catalogue.
    Catalogue,
    /// A bulletin, by the digest of its document.
    Bulletin(Digest),
}

/// A token with what its receiver is told.
pub(super) struct Handout {
    pub(super) unit: UnitCode,
    pub(super) role: KeyRole,
    pub(super) token: EnrolmentToken,
    pub(super) expires_at_ms: i64,
}

/// All drafts, by the digest of the act.
#[derive(Default)]
pub(super) struct Drafts(Mutex<BTreeMap<Digest, Arc<Draft>>>);

impl Drafts {
    /// Keeps a draft, and gives the digest by which it is asked for.
    pub(super) fn keep(&self, draft: Draft) -> Digest {
        let digest = Digest::of(&draft.payload);
        let mut drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = draft.made_at_ms;
        drafts.retain(|_, one| now_ms - one.made_at_ms < AGE_MS_MAX);
        let own = |drafts: &BTreeMap<Digest, Arc<Draft>>| {
            let own = drafts.iter().filter(|(_, one)| one.login == draft.login);
            let oldest = own.clone().min_by_key(|(_, one)| one.made_at_ms);
            oldest
                .map(|(key, _)| *key)
                .filter(|_| own.count() >= EACH_MAX)
        };
        if let Some(oldest) = own(&drafts) {
            drafts.remove(&oldest);
        }
        let bytes = |drafts: &BTreeMap<Digest, Arc<Draft>>| {
            drafts.values().map(|one| one.payload.len()).sum::<usize>()
        };
        while bytes(&drafts) + draft.payload.len() > BYTES_MAX {
            let oldest = drafts.iter().min_by_key(|(_, one)| one.made_at_ms);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                break;
            };
            drafts.remove(&oldest);
        }
        drafts.insert(digest, Arc::new(draft));
        digest
    }

    /// The draft of this digest, where it is this person's and not too old.
    pub(super) fn find(
        &self,
        digest: &Digest,
        person: &Person,
        now_ms: i64,
    ) -> Result<Arc<Draft>, Problem> {
        let drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_its =
            |one: &&Arc<Draft>| one.login == person.login && one.since_ms == person.since_ms;
        let draft = drafts
            .get(digest)
            .filter(is_its)
            .ok_or(Problem::NotAllowed)?;
        if !(0..AGE_MS_MAX).contains(&(now_ms - draft.made_at_ms)) {
            return Err(Problem::unfit(
                "签署用时过长，没有提交；请重新开始",
                "signing took too long and nothing was entered: begin again",
            ));
        }
        Ok(Arc::clone(draft))
    }

    /// Forgets a draft: it is in force.
    pub(super) fn forget(&self, digest: &Digest) {
        let mut drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Hashed, PersonRole};

    fn person(login: &str, since_ms: i64) -> Person {
        Person {
            login: login.into(),
            name: login.into(),
            role: PersonRole::Operator,
            under: None,
            department: None,
            is_active: true,
            since_ms,
            password: Hashed::new("a password of this test").unwrap(),
            needs_code: false,
            second: None,
            subject: None,
        }
    }

    fn draft(login: &str, made_at_ms: i64, bytes: usize) -> Draft {
        let mut payload = vec![0; bytes];
        payload.extend_from_slice(&made_at_ms.to_be_bytes());
        payload.extend_from_slice(login.as_bytes());
        Draft {
            login: login.into(),
            since_ms: 1,
            made_at_ms,
            payload: payload.into(),
            what: String::new(),
            after: After::Catalogue,
        }
    }

    #[test]
    fn a_draft_is_found_by_whom_it_was_shown_to_and_in_time() {
        let drafts = Drafts::default();
        let wang = person("wang", 1);
        let key = drafts.keep(draft("wang", 0, 1));
        assert!(drafts.find(&key, &wang, AGE_MS_MAX - 1).is_ok());
        for (who, now_ms) in [
            (person("li", 1), 0),
            (person("wang", 2), 0),
            (wang.clone(), AGE_MS_MAX),
        ] {
            assert!(drafts.find(&key, &who, now_ms).is_err(), "{}", who.login);
        }
        drafts.forget(&key);
        assert!(drafts.find(&key, &wang, 0).is_err());
    }

    #[test]
    fn drafts_are_bounded_by_count_and_by_bytes() {
        let (drafts, wang) = (Drafts::default(), person("wang", 1));
        let keys: Vec<Digest> = (0..=EACH_MAX as i64)
            .map(|at| drafts.keep(draft("wang", at, 1)))
            .collect();
        assert!(
            drafts.find(&keys[0], &wang, 9).is_err(),
            "the oldest made room"
        );
        assert!(drafts.find(&keys[1], &wang, 9).is_ok());
        for at in 0..9 {
            drafts.keep(draft(&format!("p{at}"), 20 + at, 9 << 20));
        }
        let held: usize = drafts
            .0
            .lock()
            .unwrap()
            .values()
            .map(|one| one.payload.len())
            .sum();
        assert!(held <= BYTES_MAX, "{held}");
    }
}

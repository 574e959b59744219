//! The people of the city's console: who they are, what they may do, for which part of the unit tree; and the folder that holds them.
//!
//! In: an invitation, a password. Out: a [`Person`]. Durable after: each file, whole or not at all. On crash: an invitation that was not used
//! stands and can be used; one that was used is gone, and the account is there, or the invitation is asked for again.
//!
//! # The folder `people/`
//! | file | holds |
//! |---|---|
//! | `accounts/LOGIN.json` | one person, with the Argon2id hash of their password and the secret of their second step, where they have one |
//! | `invitations/SHA256.json` | one invitation, under the SHA-256 of the secret in its link; used once, within [`INVITATION_MS`] |
//! | `tokens/SHA256.json` | one token of the API, under the SHA-256 of its secret ([`Tokens`]) |
//!
//! All are readable by their owner only. One file a person, because then the command line, which only ever adds an invitation, and the
//! running server, which alone writes accounts, cannot overwrite each other. Accounts are no part of the journal: they say who may look, and
//! change nothing in the statistics. Who acted stands in the access log and, where an act has a reason, in the signed act itself; that an
//! account was invited, opened or changed stands in the access log, whose anchors are in the journal.
//!
//! There is no default password and no way around one: whoever has lost it, or the second step, gets a new invitation. Where the house has a
//! sign-in of its own (`[oidc]`), that may vouch for somebody, and their account here says what they may do all the same.

mod invitation;
mod linked;
mod password;
mod second;
mod tokens;

use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use granary_core::{digest::Digest, text::Bilingual};
use serde::{Deserialize, Serialize};

pub use invitation::Invitation;
pub(crate) use linked::is_subject;
pub(crate) use password::same as is_same;
pub use password::{Hashed, PASSWORD_CHARS_MIN, is_fit, secret};
pub use second::{Second, SharedSecret};
pub use tokens::{TOKEN_DAYS, TOKEN_DAYS_MAX, TOKENS_MAX, Token, TokenScope, TokenWish, Tokens};

use crate::durable;

/// How long an invitation may be used, in milliseconds: three days.
pub const INVITATION_MS: i64 = 3 * 24 * 3_600_000;
/// The most accounts.
pub const PEOPLE_MAX: usize = 2_000;
/// The most invitations that are open at once.
const INVITATIONS_MAX: usize = 1_000;
/// The longest file of this folder, in bytes.
const FILE_BYTES_MAX: u64 = 8 << 10;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 40;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonRole {
    /// Sees how reporting stands, and no figures.
    Viewer,
    /// Sees figures and explanations too, and acts with the operator's key.
    Operator,
    /// Sees what an operator sees, and the record of readings; does not act.
    Auditor,
    /// Invites people and ends their access; sees what a viewer sees.
    Admin,
}

/// What a page or a form needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To see how reporting stands.
    Look,
    /// To read figures and explanations.
    Figures,
    /// To enter acts.
    Act,
    /// To manage people.
    People,
}

/// Somebody with access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// What they sign in with.
    pub login: String,
    /// Their name, as it stands in what they do.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// The unit whose part of the tree they see; absent for all of it.
    pub under: Option<String>,
    /// The department whose indicators alone they see; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Whether they may sign in.
    pub is_active: bool,
    /// When the password was set, in milliseconds since 1970-01-01T00:00:00Z: sessions from before end.
    pub since_ms: i64,
    /// The hash of the password.
    pub password: Hashed,
    /// Whether they must have a second step of signing in.
    #[serde(default)]
    pub needs_code: bool,
    /// The second step, where they have set one up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// What the house's sign-in calls them, where that is set: nobody else's sign-in there opens this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Person {
    /// Whether they may do something. Accounts and tokens are for those who administer the whole city: whoever has a part of the
    /// tree could else give themselves the rest of it. A department reads what it answers for, and acts on nothing: an act is on
    /// reports, which hold the figures of others too.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        let is_in_reach = match right {
            Right::Look | Right::Figures => true,
            Right::Act => self.department.is_none(),
            Right::People => self.under.is_none() && self.department.is_none(),
        };
        self.role.may(right) && is_in_reach
    }

    /// What of the city they see, as one word: people with the same see the same.
    #[must_use]
    pub fn part(&self) -> String {
        let of = |limit: &Option<String>| limit.clone().unwrap_or_default();
        match &self.department {
            None => of(&self.under),
            // Neither code holds a slash.
            Some(department) => format!("{}/{department}", of(&self.under)),
        }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// It does not fit, for this reason.
    #[error("{}", .0.en)]
    Unfit(Bilingual),
    /// The invitation is not there: used, expired, or never made.
    #[error("the invitation was used, has expired, or was never made: ask for a new one")]
    NoInvitation,
    /// The folder cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
}

/// All people. The folder's accounts are written by this and nobody else.
#[derive(Debug)]
pub struct People {
    folder: PathBuf,
    known: RwLock<BTreeMap<String, Arc<Person>>>,
}

impl PersonRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Auditor, Self::Admin];

    /// The word for it in files and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// The name on screens.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Viewer => Bilingual::new("查看员", "viewer"),
            Self::Operator => Bilingual::new("操作员", "operator"),
            Self::Auditor => Bilingual::new("审计员", "auditor"),
            Self::Admin => Bilingual::new("管理员", "administrator"),
        }
    }

    /// Whether it may.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        match right {
            Right::Look => true,
            Right::Figures => matches!(self, Self::Operator | Self::Auditor),
            Right::Act => matches!(self, Self::Operator),
            Right::People => matches!(self, Self::Admin),
        }
    }
}

impl People {
    /// Opens the folder under a data folder; makes it where there is none.
    ///
    /// # Errors
    /// [`PeopleError::File`] names the file that cannot be read.
    pub fn open(data: &Path) -> Result<Self, PeopleError> {
        let folder = data.join("people");
        for part in ["accounts", "invitations"] {
            let path = folder.join(part);
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.map_err(|error| PeopleError::File { path, error })?;
        }
        let accounts = read_all::<Person>(&folder.join("accounts"), PEOPLE_MAX)?;
        let known = accounts
            .into_iter()
            .map(|(_, person)| (person.login.clone(), Arc::new(person)));
        Ok(Self {
            known: RwLock::new(known.collect()),
            folder,
        })
    }

    /// Everybody, by login.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Person>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().cloned().collect()
    }

    /// Whoever has this login.
    #[must_use]
    pub fn find(&self, login: &str) -> Option<Arc<Person>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(login).cloned()
    }

    /// Writes an invitation, and gives the secret of its link.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn invite(&self, invitation: &Invitation, now_ms: i64) -> Result<String, PeopleError> {
        invite(&self.folder, invitation, now_ms)
    }

    /// The invitations that can be used.
    ///
    /// # Errors
    /// [`PeopleError::File`].
    pub fn invitations(&self, now_ms: i64) -> Result<Vec<Invitation>, PeopleError> {
        let all = read_all::<Invitation>(&self.folder.join("invitations"), INVITATIONS_MAX)?;
        let open = all
            .into_iter()
            .map(|(_, one)| one)
            .filter(|one| one.expires_at_ms > now_ms);
        Ok(open.collect())
    }

    /// What a link invites to.
    ///
    /// # Errors
    /// [`PeopleError::NoInvitation`] where it cannot be used.
    pub fn invitation(&self, token: &str, now_ms: i64) -> Result<Invitation, PeopleError> {
        let found = read::<Invitation>(&invitation_path(&self.folder, token));
        found
            .ok()
            .filter(|one| one.expires_at_ms > now_ms)
            .ok_or(PeopleError::NoInvitation)
    }

    /// Uses an invitation: the account is there after, with this password. Blocks for the hashing.
    ///
    /// # Errors
    /// [`PeopleError`]; the invitation stands where the password does not fit.
    pub fn join(
        &self,
        token: &str,
        password: &str,
        now_ms: i64,
    ) -> Result<Arc<Person>, PeopleError> {
        let invitation = self.invitation(token, now_ms)?;
        is_fit(password, &invitation.login).map_err(PeopleError::Unfit)?;
        self.enter(token, invitation, (password, None), now_ms)
    }

    fn enter(
        &self,
        token: &str,
        invitation: Invitation,
        (password, subject): (&str, Option<&str>),
        now_ms: i64,
    ) -> Result<Arc<Person>, PeopleError> {
        let hashed = Hashed::new(password).map_err(|error| self.failed(error))?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        linked::is_free(&known, &invitation.login, subject)?;
        // Of two that use it at once, one removes the file.
        let path = invitation_path(&self.folder, token);
        std::fs::remove_file(path).map_err(|_| PeopleError::NoInvitation)?;
        let Invitation {
            login,
            name,
            role,
            under,
            department,
            ..
        } = invitation;
        let needs_code = known.get(&login).is_some_and(|known| known.needs_code);
        let person = Person {
            login,
            name,
            role,
            under,
            department,
            is_active: true,
            since_ms: now_ms,
            password: hashed,
            needs_code,
            second: None,
            subject: subject.map(str::to_owned),
        };
        if known.len() >= PEOPLE_MAX && !known.contains_key(&person.login) {
            return Err(unfit(
                "账户已满",
                "there are as many accounts as there may be",
            ));
        }
        self.write(&mut known, person)
    }

    /// Lets somebody sign in, or no longer.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn set_active(&self, login: &str, is_active: bool) -> Result<(), PeopleError> {
        self.change(login, |person| person.is_active = is_active)
    }

    /// Asks a second step of somebody, or no longer.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn set_needs_code(&self, login: &str, needs_code: bool) -> Result<(), PeopleError> {
        self.change(login, |person| person.needs_code = needs_code)
    }

    /// Gives somebody a second step, or takes it away.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn set_second(&self, login: &str, second: Option<Second>) -> Result<(), PeopleError> {
        self.change(login, |person| person.second = second)
    }

    /// Uses a code of somebody's second step; it is durably used up before it counts. Whether it is right; of two that send the same
    /// code at once, one is.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn take_code(&self, login: &str, code: &str, now_ms: i64) -> Result<bool, PeopleError> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut person = known
            .get(login)
            .map_or_else(|| Err(nobody()), |one| Ok((**one).clone()))?;
        let second = person.second.as_mut();
        if !second.is_some_and(|second| second.take(code, now_ms)) {
            return Ok(false);
        }
        self.write(&mut known, person).map(|_| true)
    }

    fn change(&self, login: &str, change: impl FnOnce(&mut Person)) -> Result<(), PeopleError> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut person = known
            .get(login)
            .map_or_else(|| Err(nobody()), |one| Ok((**one).clone()))?;
        change(&mut person);
        self.write(&mut known, person).map(drop)
    }

    /// Makes an account durable, and known.
    fn write(
        &self,
        known: &mut BTreeMap<String, Arc<Person>>,
        person: Person,
    ) -> Result<Arc<Person>, PeopleError> {
        let name = format!("{}.json", person.login);
        write_json(&self.folder.join("accounts").join(name), &person)?;
        let person = Arc::new(person);
        known.insert(person.login.clone(), Arc::clone(&person));
        Ok(person)
    }

    fn failed(&self, error: io::Error) -> PeopleError {
        PeopleError::File {
            path: self.folder.clone(),
            error,
        }
    }
}

/// Writes an invitation into a data folder whose server may be running or not, and gives the secret of its link.
///
/// # Errors
/// [`PeopleError`].
pub fn invite_into(
    data: &Path,
    invitation: &Invitation,
    now_ms: i64,
) -> Result<String, PeopleError> {
    People::open(data)?.invite(invitation, now_ms)
}

fn invite(folder: &Path, invitation: &Invitation, now_ms: i64) -> Result<String, PeopleError> {
    invitation.check()?;
    let invitations = folder.join("invitations");
    let all = read_all::<Invitation>(&invitations, usize::MAX)?;
    // A second invitation of the same person takes the place of the first, and what has expired is swept.
    let mut open = 0;
    for (path, known) in all {
        if known.login == invitation.login || known.expires_at_ms <= now_ms {
            let removed = std::fs::remove_file(&path);
            removed
                .or_else(gone)
                .map_err(|error| PeopleError::File { path, error })?;
        } else {
            open += 1;
        }
    }
    if open >= INVITATIONS_MAX {
        return Err(unfit("未使用的邀请过多", "too many invitations are open"));
    }
    let token = secret().map_err(|error| PeopleError::File {
        path: invitations,
        error,
    })?;
    write_json(&invitation_path(folder, &token), invitation)?;
    Ok(token)
}

/// The name of the file is a digest, so a token is no part of a path and is not found in a listing.
fn invitation_path(folder: &Path, token: &str) -> PathBuf {
    let digest = Digest::of(token.as_bytes());
    folder.join("invitations").join(format!("{digest}.json"))
}

fn is_login(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    (2..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(is_plain)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), PeopleError> {
    let text = serde_json::to_vec_pretty(value).map_err(io::Error::other);
    let written = text.and_then(|text| durable::write_private(path, &text));
    written.map_err(|error| PeopleError::File {
        path: path.to_owned(),
        error,
    })
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, PeopleError> {
    let failed = |error| PeopleError::File {
        path: path.to_owned(),
        error,
    };
    let bytes_max = std::fs::metadata(path).map_err(failed)?.len();
    if bytes_max > FILE_BYTES_MAX {
        return Err(failed(io::Error::other(
            "it is too large: restore it from the backup",
        )));
    }
    let text = std::fs::read(path).map_err(failed)?;
    serde_json::from_slice(&text).map_err(|error| failed(error.into()))
}

/// The `.json` files of a folder, in the order of their names, and at most so many.
fn read_all<T: for<'a> Deserialize<'a>>(
    folder: &Path,
    most: usize,
) -> Result<Vec<(PathBuf, T)>, PeopleError> {
    let failed = |error| PeopleError::File {
        path: folder.to_owned(),
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths.into_iter().take(most) {
        match read(&path) {
            Ok(value) => all.push((path, value)),
            // An invitation may be used while the folder is read.
            Err(PeopleError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn nobody() -> PeopleError {
    unfit("没有这个登录名", "there is no such login")
}

fn unfit(zh: &str, en: &str) -> PeopleError {
    PeopleError::Unfit(Bilingual::new(zh, en))
}

#[cfg(test)]
mod tests;

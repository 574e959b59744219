//! API tokens: what a program shows instead of a password.
//!
//! In: who it is for, what it may read, which part of the tree, until when. Out: a secret, shown once. Durable after: the token's file, whole or
//! not at all. On crash: a token whose secret was never shown stands in the list and can be revoked.
//!
//! # The folder `people/tokens/`
//! `SHA256.json` holds one token under the SHA-256 of its secret: a name, scopes, a unit, who made it, and three instants. The secret has 256
//! random bits, so a plain hash keeps it: there is nothing to guess, and each request costs one small read, not an Argon2. The file is read
//! at each request, so a token that the command line makes or revokes beside a running server is in force or out of it at once.
//!
//! A name is never given twice while its file is kept, so `token:NAME` in the access log means one token.

use std::{
    collections::BTreeSet,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use granary_core::{code::UnitCode, digest::Digest, text::Bilingual};
use serde::{Deserialize, Serialize};

use super::{PeopleError, is_login, read, read_all, secret, unfit, write_json};

/// How long a token is good unless something else is asked for, in days.
pub const TOKEN_DAYS: u32 = 90;
/// The longest that a token is good, in days.
pub const TOKEN_DAYS_MAX: u32 = 366;
/// The most tokens that are kept, those included that have ended.
pub const TOKENS_MAX: usize = 1_000;
/// What each secret begins with, so that a search for leaked secrets finds it.
const PREFIX: &str = "granary_";
/// The longest secret, in bytes.
const SECRET_BYTES: usize = PREFIX.len() + 64;
const DAY_MS: i64 = 24 * 3_600_000;

/// What a token may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TokenScope {
    /// How reporting stands: slots, counts, measures, ranks, deadlines, forecasts.
    #[serde(rename = "read:completeness")]
    Completeness,
    /// Figures, with their vintages.
    #[serde(rename = "read:figures")]
    Figures,
    /// Findings with the units' explanations, screenings and re-checks.
    #[serde(rename = "read:findings")]
    Findings,
    /// How the offices' agents are.
    #[serde(rename = "read:agents")]
    Agents,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What it is called, by which it is revoked and stands in the access log.
    pub name: String,
    /// What it may read; never empty.
    pub scopes: BTreeSet<TokenScope>,
    /// The unit whose part of the tree it sees; absent for all of it.
    pub under: Option<String>,
    /// Who made it: a login of the console, or `command line`.
    pub made_by: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub made_at_ms: i64,
    /// Until when it is good, in milliseconds since 1970-01-01T00:00:00Z.
    pub expires_at_ms: i64,
    /// When it was revoked, in milliseconds since 1970-01-01T00:00:00Z.
    pub revoked_at_ms: Option<i64>,
}

/// What a token is asked for with.
#[derive(Clone, Debug)]
pub struct TokenWish {
    /// What it will be called.
    pub name: String,
    /// What it may read.
    pub scopes: BTreeSet<TokenScope>,
    /// The unit whose part of the tree it sees; absent for all of it.
    pub under: Option<String>,
    /// For how many days it is good.
    pub days: u32,
    /// Who makes it.
    pub made_by: String,
}

/// The folder of tokens. It keeps nothing in memory.
#[derive(Clone, Debug)]
pub struct Tokens {
    folder: PathBuf,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: [Self; 4] = [
        Self::Completeness,
        Self::Figures,
        Self::Findings,
        Self::Agents,
    ];

    /// The word for it in files, on the command line and in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completeness => "read:completeness",
            Self::Figures => "read:figures",
            Self::Findings => "read:findings",
            Self::Agents => "read:agents",
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    /// The name on screens.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Completeness => Bilingual::new("报送情况", "how reporting stands"),
            Self::Figures => Bilingual::new("数值", "figures"),
            Self::Findings => Bilingual::new("问题与说明", "findings and explanations"),
            Self::Agents => Bilingual::new("采集端状态", "the agents"),
        }
    }
}

impl Token {
    /// Whether it opens anything at an instant.
    #[must_use]
    pub fn is_good(&self, now_ms: i64) -> bool {
        self.revoked_at_ms.is_none() && now_ms < self.expires_at_ms
    }
}

impl TokenWish {
    fn check(&self) -> Result<(), PeopleError> {
        if !is_login(&self.name) {
            return Err(unfit(
                "令牌名须为 2 至 32 个小写字母、数字、点或短横，以字母开头",
                "a token's name is 2 to 32 lower-case letters, digits, dots and dashes, and begins with a letter",
            ));
        }
        if self.scopes.is_empty() {
            return Err(unfit(
                "至少要有一项权限",
                "a token needs at least one scope",
            ));
        }
        if !(1..=TOKEN_DAYS_MAX).contains(&self.days) {
            return Err(unfit(
                "有效期须为 1 至 366 天",
                "a token is good for 1 to 366 days",
            ));
        }
        let under = self.under.as_deref().map(UnitCode::new).transpose();
        under.map(drop).map_err(|error| {
            PeopleError::Unfit(Bilingual::new(
                format!("单位代码：{error}"),
                format!("the unit: {error}"),
            ))
        })
    }
}

impl Tokens {
    /// Opens the folder under a data folder; makes it where there is none.
    ///
    /// # Errors
    /// [`PeopleError::File`].
    pub fn open(data: &Path) -> Result<Self, PeopleError> {
        let folder = data.join("people").join("tokens");
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|error| PeopleError::File {
            path: folder.clone(),
            error,
        })?;
        Ok(Self { folder })
    }

    /// Makes a token, and gives its secret, which is kept nowhere.
    ///
    /// # Errors
    /// [`PeopleError::Unfit`] where what is asked for does not fit, or the name is taken.
    pub fn make(&self, wish: &TokenWish, now_ms: i64) -> Result<String, PeopleError> {
        wish.check()?;
        let kept = self.kept()?;
        if kept.iter().any(|(_, one)| one.name == wish.name) {
            return Err(unfit(
                "已有这个名字的令牌（含已停用的），请另取一个",
                "there is, or was, a token of this name: choose another",
            ));
        }
        self.make_room(kept, now_ms)?;
        let random = secret().map_err(|error| PeopleError::File {
            path: self.folder.clone(),
            error,
        })?;
        let secret = format!("{PREFIX}{random}");
        let token = Token {
            name: wish.name.clone(),
            scopes: wish.scopes.clone(),
            under: wish.under.clone(),
            made_by: wish.made_by.clone(),
            made_at_ms: now_ms,
            expires_at_ms: now_ms + i64::from(wish.days) * DAY_MS,
            revoked_at_ms: None,
        };
        write_json(&self.path(&Digest::of(secret.as_bytes())), &token)?;
        Ok(secret)
    }

    /// Every token that is kept, by name.
    ///
    /// # Errors
    /// [`PeopleError::File`].
    pub fn all(&self) -> Result<Vec<Token>, PeopleError> {
        let mut all: Vec<Token> = self.kept()?.into_iter().map(|(_, token)| token).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The token of a secret, and the secret's digest, where it opens anything at the instant. Blocks for a small read.
    #[must_use]
    pub fn find(&self, secret: &str, now_ms: i64) -> Option<(Digest, Token)> {
        if secret.len() != SECRET_BYTES || !secret.starts_with(PREFIX) {
            return None;
        }
        let digest = Digest::of(secret.as_bytes());
        let token = read::<Token>(&self.path(&digest)).ok()?;
        token.is_good(now_ms).then_some((digest, token))
    }

    /// Ends a token; it stays in the list.
    ///
    /// # Errors
    /// [`PeopleError::Unfit`] where there is none of this name.
    pub fn revoke(&self, name: &str, now_ms: i64) -> Result<(), PeopleError> {
        let found = self.kept()?.into_iter().find(|(_, one)| one.name == name);
        let (path, token) = found.ok_or_else(|| unfit("没有这个令牌", "there is no such token"))?;
        let revoked_at_ms = Some(token.revoked_at_ms.unwrap_or(now_ms));
        write_json(
            &path,
            &Token {
                revoked_at_ms,
                ..token
            },
        )
    }

    fn kept(&self) -> Result<Vec<(PathBuf, Token)>, PeopleError> {
        read_all::<Token>(&self.folder, usize::MAX)
    }

    /// Where there are as many as there may be, the one goes that ended first; a good one never does.
    fn make_room(&self, kept: Vec<(PathBuf, Token)>, now_ms: i64) -> Result<(), PeopleError> {
        if kept.len() < TOKENS_MAX {
            return Ok(());
        }
        let ended = kept.into_iter().filter(|(_, one)| !one.is_good(now_ms));
        let end = |one: &Token| one.revoked_at_ms.unwrap_or(one.expires_at_ms);
        let (path, _) = ended.min_by_key(|(_, one)| end(one)).ok_or_else(|| {
            unfit(
                "令牌已满，请先停用一些",
                "there are as many tokens as there may be: revoke some",
            )
        })?;
        std::fs::remove_file(&path).map_err(|error| PeopleError::File { path, error })
    }

    /// The name of the file is a digest, so no secret is part of a path or found in a listing.
    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(name: &str) -> TokenWish {
        TokenWish {
            name: name.into(),
            scopes: BTreeSet::from([TokenScope::Completeness]),
            under: None,
            days: 2,
            made_by: "admin".into(),
        }
    }

    fn opened() -> (tempfile::TempDir, Tokens) {
        let data = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(data.path()).unwrap();
        (data, tokens)
    }

    #[test]
    fn a_token_opens_until_it_expires_or_is_revoked_and_its_secret_is_nowhere() {
        let (data, tokens) = opened();
        let secret = tokens.make(&wish("bi"), 1_000).unwrap();
        let (digest, token) = tokens.find(&secret, 1_000).unwrap();
        assert_eq!(digest, Digest::of(secret.as_bytes()));
        assert_eq!(
            (token.name.as_str(), token.expires_at_ms),
            ("bi", 1_000 + 2 * DAY_MS)
        );
        assert!(
            tokens.find(&secret, token.expires_at_ms).is_none(),
            "expired"
        );
        assert!(tokens.find(&secret.replace('_', "-"), 1_000).is_none());
        assert!(
            tokens
                .find("granary_/../../accounts/admin", 1_000)
                .is_none()
        );
        let file = data
            .path()
            .join("people/tokens")
            .join(format!("{digest}.json"));
        assert!(
            !std::fs::read_to_string(file)
                .unwrap()
                .contains(&secret[PREFIX.len()..])
        );
        tokens.revoke("bi", 5_000).unwrap();
        assert!(tokens.find(&secret, 5_000).is_none(), "revoked");
        tokens.revoke("bi", 9_000).unwrap();
        assert_eq!(
            tokens.all().unwrap()[0].revoked_at_ms,
            Some(5_000),
            "the first time counts"
        );
        assert!(tokens.revoke("nobody", 0).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused_and_a_name_is_given_once() {
        let (_data, tokens) = opened();
        tokens.make(&wish("bi"), 0).unwrap();
        tokens.revoke("bi", 0).unwrap();
        let bad = [
            wish("bi"),
            wish("Up Per"),
            TokenWish {
                scopes: BTreeSet::new(),
                ..wish("a1")
            },
            TokenWish {
                days: 0,
                ..wish("a2")
            },
            TokenWish {
                days: 367,
                ..wish("a3")
            },
            TokenWish {
                under: Some("no unit!".into()),
                ..wish("a4")
            },
        ];
        for wish in bad {
            assert!(
                matches!(tokens.make(&wish, 0), Err(PeopleError::Unfit(_))),
                "{wish:?}"
            );
        }
    }

    #[test]
    fn room_is_made_of_what_has_ended_alone() {
        let (_data, tokens) = opened();
        let kept = |good: usize| {
            let one = |at: usize| {
                let expires_at_ms = if at < good { 100 } else { 10 };
                let token = Token {
                    name: format!("t{at}"),
                    scopes: BTreeSet::new(),
                    under: None,
                    made_by: String::new(),
                    made_at_ms: 0,
                    expires_at_ms,
                    revoked_at_ms: None,
                };
                (tokens.folder.join(format!("{at}.json")), token)
            };
            (0..TOKENS_MAX).map(one).collect::<Vec<_>>()
        };
        let last = tokens.folder.join(format!("{}.json", TOKENS_MAX - 1));
        std::fs::write(&last, "{}").unwrap();
        tokens.make_room(kept(TOKENS_MAX - 1), 50).unwrap();
        assert!(!last.exists());
        assert!(tokens.make_room(kept(TOKENS_MAX), 50).is_err());
    }
}

//! Trust policies (c2sp.org/tlog-policy): which logs are known, which witnesses, and which of them must have cosigned.
//!
//! ```text
//! log <verifier key> [<url>]
//! witness <name> <witness key> [<url>]
//! group <name> all|any|<k> <member>...
//! quorum none|<name>
//! ```
//!
//! One item a line, each ending in a newline; items stand apart by spaces and tabs; `#` begins a comment line. A group has
//! witnessed a checkpoint where at least k of its members have. Names are octets and mean nothing outside of the file.
//!
//! Invariants:
//! - A name is defined once, before it is used, and is a member at most once, so that a witness counts in one way only.
//! - No two logs and no two witnesses have the same public key, whatever they are called.
//! - There is exactly one quorum line.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::cosignature::{CosignatureError, Cosigned, WitnessKey, cosigned};
use super::note::{KeyError, SignedNote, VerifierKey};
use super::text;

/// Bytes in the longest policy that is read.
pub const POLICY_BYTES_MAX: usize = 1 << 20;

/// A parsed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// `None` where no cosignature is needed.
    quorum: Option<Member>,
}

/// A log of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, whose name is the log's origin.
    pub key: VerifierKey,
    /// Where it can be reached; what that means is up to the application.
    pub url: Option<String>,
}

/// A witness of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// What it is called in the file; octets that are no UTF-8 are shown replaced.
    pub name: String,
    /// Its key.
    pub key: WitnessKey,
    /// Its submission prefix (c2sp.org/tlog-witness).
    pub url: Option<String>,
}

/// At least `threshold` of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<Member>,
}

/// What can be a member: the place of a witness or of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// How a checkpoint stands under a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// The verified head.
    pub checkpoint: Checkpoint,
    /// The witnesses of the policy that count, by their places in it, with their times.
    pub counted: Vec<(usize, Cosigned)>,
    /// Those whose time lies ahead of what was allowed; they do not count.
    pub ahead: Vec<(usize, Cosigned)>,
    /// How each group stands, in the order of the file.
    pub groups: Vec<GroupStand>,
    /// Whether the quorum is reached.
    pub reached: bool,
    /// Signature lines of keys that the policy does not know. They mean nothing.
    pub unknown_lines: usize,
}

/// How a group stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupStand {
    /// The group.
    pub name: String,
    /// How many of its members have witnessed.
    pub witnessed: usize,
    /// How many must.
    pub threshold: usize,
    /// How many there are.
    pub members: usize,
}

/// What is wrong with a policy, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// Number of the line, from 1; the last one where something is missing.
    pub line: usize,
    /// What is wrong.
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// More than [`POLICY_BYTES_MAX`].
    #[error("a policy has at most {POLICY_BYTES_MAX} bytes, not {0}")]
    TooLong(usize),
    /// A control character other than tab and newline.
    #[error(
        "control characters other than tab and newline are not allowed (are the line ends CR LF?)"
    )]
    Characters,
    /// The last line does not end in a newline.
    #[error("the line does not end in a newline")]
    LineEnd,
    /// The first word is another.
    #[error("the line begins with '{0}'; log, witness, group or quorum is expected")]
    Word(String),
    /// Too few or too many words.
    #[error("the line has the form '{0}'")]
    Form(&'static str),
    /// A key cannot be read.
    #[error("the key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// The same public key stood on a line before.
    #[error("the same public key stands on a line before")]
    DuplicateKey,
    /// The name is defined already, or is `none`.
    #[error("the name '{0}' is defined already")]
    DuplicateName(String),
    /// The name is not defined on a line before.
    #[error("the name '{0}' is not defined on a line before")]
    UnknownName(String),
    /// The name is a member of a group already.
    #[error("'{0}' is a member of a group already; it may count in one way only")]
    MemberTwice(String),
    /// The threshold is not 1 to the number of members.
    #[error("the threshold '{threshold}' is not all, any, or a number from 1 to {members}")]
    Threshold {
        /// What stands there.
        threshold: String,
        /// How many members there are.
        members: usize,
    },
    /// A second quorum line.
    #[error("there is a quorum line already")]
    SecondQuorum,
    /// No quorum line.
    #[error("the policy has no quorum line; write 'quorum none' where no witness is needed")]
    NoQuorum,
}

/// Why a checkpoint is worth nothing under a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessedError {
    /// It is malformed or not rightly signed by the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A known witness's cosignature is wrong.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
    /// The policy names logs, and this is none of them.
    #[error("the log's key is not one of those that the policy names")]
    UnknownLog,
}

/// A policy while it is read.
#[derive(Default)]
struct Draft {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    names: BTreeMap<Vec<u8>, Member>,
    members: BTreeSet<Vec<u8>>,
    quorum: Option<Option<Member>>,
}

impl Policy {
    /// Parses a policy.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let at = |line, fault| PolicyError { line, fault };
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(at(1, PolicyFault::TooLong(bytes.len())));
        }
        let mut draft = Draft::default();
        let mut last = 1;
        for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            last = number;
            draft.line(line).map_err(|fault| at(number, fault))?;
        }
        let quorum = draft
            .quorum
            .ok_or_else(|| at(last, PolicyFault::NoQuorum))?;
        Ok(Self {
            logs: draft.logs,
            witnesses: draft.witnesses,
            groups: draft.groups,
            quorum,
        })
    }

    /// The logs, in the order of the file.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether the quorum needs no witness at all.
    pub const fn needs_no_witness(&self) -> bool {
        self.quorum.is_none()
    }

    /// What the quorum asks for, for people: the group's or witness's name with `k of n` where it is a group.
    pub fn quorum(&self) -> String {
        match self.quorum {
            None => "none".to_owned(),
            Some(Member::Witness(at)) => self
                .witnesses
                .get(at)
                .map_or_else(String::new, |witness| witness.name.clone()),
            Some(Member::Group(at)) => self.groups.get(at).map_or_else(String::new, |group| {
                format!(
                    "{} ({} of {})",
                    group.name,
                    group.threshold,
                    group.members.len()
                )
            }),
        }
    }

    /// Judges a signed checkpoint of a log: the log's signature, then the witnesses' that have cosigned no later than `latest_s`.
    ///
    /// # Errors
    /// [`WitnessedError`]: nothing holds then. A quorum that is not reached is no error but an answer.
    pub fn judge(
        &self,
        note: &[u8],
        log_key: &VerifierKey,
        latest_s: u64,
    ) -> Result<Witnessed, WitnessedError> {
        let same = |log: &PolicyLog| log.key.public_key() == log_key.public_key();
        if !self.logs.is_empty() && !self.logs.iter().any(same) {
            return Err(WitnessedError::UnknownLog);
        }
        let keys = std::slice::from_ref(log_key);
        let checkpoint = Checkpoint::open(note, log_key.name().as_str(), keys)?;
        let note = SignedNote::parse(note).map_err(CheckpointError::from)?;
        let known: Vec<WitnessKey> = self.witnesses.iter().map(|w| w.key.clone()).collect();
        let place = |cosigned: Cosigned| {
            let at = known.iter().position(|key| *key == cosigned.key)?;
            Some((at, cosigned))
        };
        let (counted, ahead): (Vec<_>, Vec<_>) = cosigned(&note, &known)?
            .into_iter()
            .filter_map(place)
            .partition(|(_, cosigned)| cosigned.time_s <= latest_s);
        let is_known = |line: &&super::note::NoteSignature| {
            known.iter().any(|key| key.made(line))
                || (line.id() == log_key.id() && line.name() == log_key.name())
        };
        let unknown_lines =
            note.signatures().len() - note.signatures().iter().filter(is_known).count();
        let places: BTreeSet<usize> = counted.iter().map(|(at, _)| *at).collect();
        let (groups, reached) = self.stand(&places);
        Ok(Witnessed {
            checkpoint,
            counted,
            ahead,
            groups,
            reached,
            unknown_lines,
        })
    }

    /// The earliest time by which the quorum was reached, in seconds since 1970-01-01 UTC, by the witnesses' own clocks; `None`
    /// where it is not reached or needs no witness.
    pub fn reached_at_s(&self, witnessed: &Witnessed) -> Option<u64> {
        self.quorum?;
        let mut times: Vec<u64> = witnessed.counted.iter().map(|(_, c)| c.time_s).collect();
        times.sort_unstable();
        times.into_iter().find(|time_s| {
            let by_then = witnessed
                .counted
                .iter()
                .filter(|(_, c)| c.time_s <= *time_s);
            self.stand(&by_then.map(|(at, _)| *at).collect()).1
        })
    }

    /// How the groups stand where these witnesses have cosigned. A group's members stand before it, so one pass is enough.
    fn stand(&self, cosigned: &BTreeSet<usize>) -> (Vec<GroupStand>, bool) {
        let mut stands: Vec<GroupStand> = Vec::with_capacity(self.groups.len());
        let has = |stands: &[GroupStand], member: Member| match member {
            Member::Witness(at) => cosigned.contains(&at),
            Member::Group(at) => stands
                .get(at)
                .is_some_and(|stand| stand.witnessed >= stand.threshold),
        };
        for group in &self.groups {
            let witnessed = group.members.iter().filter(|member| has(&stands, **member));
            stands.push(GroupStand {
                name: group.name.clone(),
                witnessed: witnessed.count(),
                threshold: group.threshold,
                members: group.members.len(),
            });
        }
        let reached = self.quorum.is_none_or(|member| has(&stands, member));
        (stands, reached)
    }
}

impl Draft {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        let line = line.strip_suffix(b"\n").ok_or(PolicyFault::LineEnd)?;
        let forbidden = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        if line.iter().any(forbidden) {
            return Err(PolicyFault::Characters);
        }
        let words: Vec<&[u8]> = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|word| !word.is_empty())
            .collect();
        let Some((first, rest)) = words.split_first() else {
            return Ok(());
        };
        if first.starts_with(b"#") {
            return Ok(());
        }
        match *first {
            b"log" => self.log(rest),
            b"witness" => self.witness(rest),
            b"group" => self.group(rest),
            b"quorum" => self.set_quorum(rest),
            other => Err(PolicyFault::Word(shown(other))),
        }
    }

    fn log(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some(shown(url))),
            _ => return Err(PolicyFault::Form("log <verifier key> [<url>]")),
        };
        let key = VerifierKey::parse(text_of(key)?)?;
        let twice = |log: &PolicyLog| log.key.public_key() == key.public_key();
        if self.logs.iter().any(twice) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(shown(url))),
            _ => return Err(PolicyFault::Form("witness <name> <witness key> [<url>]")),
        };
        let key = WitnessKey::parse(text_of(key)?)?;
        let twice = |witness: &PolicyWitness| witness.key.public_key() == key.public_key();
        if self.witnesses.iter().any(twice) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let name = shown(name);
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, threshold, names @ ..] = words else {
            return Err(PolicyFault::Form("group <name> all|any|<k> <member>..."));
        };
        if names.is_empty() {
            return Err(PolicyFault::Form("group <name> all|any|<k> <member>..."));
        }
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            members.push(self.find(member)?);
            if !self.members.insert(member.to_vec()) {
                return Err(PolicyFault::MemberTwice(shown(member)));
            }
        }
        let threshold = read_threshold(threshold, members.len())?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group {
            name: shown(name),
            threshold,
            members,
        });
        Ok(())
    }

    fn set_quorum(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = words else {
            return Err(PolicyFault::Form("quorum none|<name>"));
        };
        if self.quorum.is_some() {
            return Err(PolicyFault::SecondQuorum);
        }
        self.quorum = Some(match *name {
            b"none" => None,
            name => Some(self.find(name)?),
        });
        Ok(())
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<(), PolicyFault> {
        if name == b"none" || self.names.contains_key(name) {
            return Err(PolicyFault::DuplicateName(shown(name)));
        }
        self.names.insert(name.to_vec(), member);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<Member, PolicyFault> {
        let found = self.names.get(name).copied();
        found.ok_or_else(|| PolicyFault::UnknownName(shown(name)))
    }
}

fn read_threshold(word: &[u8], members: usize) -> Result<usize, PolicyFault> {
    let number = match word {
        b"all" => Some(members),
        b"any" => Some(1),
        digits => std::str::from_utf8(digits)
            .ok()
            .and_then(text::parse_decimal)
            .and_then(|number| usize::try_from(number).ok()),
    };
    let fits = number.filter(|number| (1..=members).contains(number));
    fits.ok_or_else(|| PolicyFault::Threshold {
        threshold: shown(word),
        members,
    })
}

fn text_of(word: &[u8]) -> Result<&str, PolicyFault> {
    std::str::from_utf8(word).map_err(|_| PolicyFault::Key(KeyError::Form))
}

fn shown(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

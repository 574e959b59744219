//! Why a log was not followed to its newest head: it does not hold, or it could not be read.

use std::{fmt, path::PathBuf};

use granary_core::{
    log::{Checkpoint, CheckpointError, Hash},
    text::Bilingual,
};

use crate::verify::checkpoint_zh;

/// Two signed heads that cannot both be of one growing log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The head that was kept.
    pub kept: Checkpoint,
    /// The head that the log shows now.
    pub found: Checkpoint,
    /// Where the head that the log shows now was written.
    pub file: PathBuf,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The log was rewritten or has shrunk.
    Contradiction(Box<Evidence>),
    /// The checkpoint is not the log's.
    Checkpoint(CheckpointError),
    /// A tile or an entry is not what the log has signed.
    Flaw(Flaw),
    /// There is no checkpoint at the address.
    NoCheckpoint,
    /// The address is none that can be asked.
    Address(String),
    /// The log gave no answer.
    NoAnswer(String),
    /// The kept head does not verify.
    KeptHead(PathBuf, CheckpointError),
    /// A file cannot be read or written.
    File(PathBuf, String),
}

/// What does not hold about a tile or an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The tiles give another root than the one that is signed.
    RootDiffers {
        /// What they give.
        computed: Hash,
        /// What is signed.
        signed: Hash,
    },
    /// A tile is not the one that the tile above it is made of.
    TileDiffers(String),
    /// The bytes of an entry are not those that the tree has.
    EntryDiffers(u64),
    /// The log has signed something that is no journal entry.
    NoEntry(u64, String),
    /// An entry was received before the one in front of it.
    TimeWentBack(u64),
    /// What the checkpoint covers is not handed out.
    Withheld(String),
    /// What is at a path is no tile or bundle.
    Malformed(String, String),
    /// The tree cannot have such a size or place.
    Impossible(String),
}

impl Evidence {
    pub(super) fn new(kept: Checkpoint, found: Checkpoint) -> Box<Self> {
        Box::new(Self {
            kept,
            found,
            file: PathBuf::new(),
        })
    }

    pub(super) fn kept_in(mut self: Box<Self>, file: PathBuf) -> Box<Self> {
        self.file = file;
        self
    }
}

impl From<CheckpointError> for Fault {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(error)
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

impl Fault {
    pub(super) fn impossible(why: impl fmt::Display) -> Self {
        Self::Flaw(Flaw::Impossible(why.to_string()))
    }

    /// Whether the log itself does not hold; otherwise it only could not be looked at.
    #[must_use]
    pub const fn is_of_the_log(&self) -> bool {
        match self {
            Self::Contradiction(_) | Self::Checkpoint(_) | Self::Flaw(_) => true,
            Self::NoCheckpoint
            | Self::Address(_)
            | Self::NoAnswer(_)
            | Self::KeptHead(..)
            | Self::File(..) => false,
        }
    }

    /// One word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Contradiction(evidence) if evidence.found.size() < evidence.kept.size() => {
                "shrunk"
            }
            Self::Contradiction(_) => "rewritten",
            Self::Checkpoint(_) => "checkpoint",
            Self::Flaw(flaw) => flaw.word(),
            Self::NoCheckpoint => "no_checkpoint",
            Self::Address(_) => "address",
            Self::NoAnswer(_) => "no_answer",
            Self::KeptHead(..) => "kept_head",
            Self::File(..) => "file",
        }
    }

    /// The reason for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        match self {
            Self::Contradiction(evidence) => contradiction(evidence),
            Self::Checkpoint(error) => both(
                format!("日志给出的检查点不成立：{}", checkpoint_zh(error)),
                format!("the checkpoint that the log gives does not hold: {error}"),
            ),
            Self::NoCheckpoint => both(
                "该地址没有检查点".into(),
                "there is no checkpoint at this address".into(),
            ),
            Self::Address(why) => both(
                format!("--url 不能用：{why}；应形如 http://主机:端口"),
                format!("--url cannot be used: {why}; write http://host:port"),
            ),
            Self::NoAnswer(why) => both(
                format!("日志没有应答：{why}"),
                format!("the log gave no answer: {why}"),
            ),
            Self::KeptHead(path, error) => both(
                format!(
                    "{} 中保存的检查点不成立：{}",
                    path.display(),
                    checkpoint_zh(error)
                ),
                format!("the head kept in {} does not hold: {error}", path.display()),
            ),
            Self::File(path, why) => both(
                format!("{}：{why}", path.display()),
                format!("{}: {why}", path.display()),
            ),
            Self::Flaw(flaw) => flaw.message(),
        }
    }
}

impl Flaw {
    const fn word(&self) -> &'static str {
        match self {
            Self::RootDiffers { .. } => "root",
            Self::TileDiffers(_) => "tile",
            Self::EntryDiffers(_) => "entry_differs",
            Self::NoEntry(..) => "entry",
            Self::TimeWentBack(_) => "time",
            Self::Withheld(_) => "withheld",
            Self::Malformed(..) => "malformed",
            Self::Impossible(_) => "tree",
        }
    }

    fn message(&self) -> Bilingual {
        match self {
            Self::RootDiffers { computed, signed } => both(
                format!("各哈希块得出的树根是 {computed}，签名的是 {signed}"),
                format!("the tiles give root {computed}, but {signed} is signed"),
            ),
            Self::TileDiffers(path) => both(
                format!("{path} 与签名的树不符"),
                format!("{path} is not of the signed tree"),
            ),
            Self::EntryDiffers(index) => both(
                format!("第 {index} 条的字节与签名的树不符"),
                format!("the bytes of entry {index} are not those of the signed tree"),
            ),
            Self::NoEntry(index, why) => both(
                format!("日志签收的第 {index} 条不是日志条目：{why}"),
                format!("the log has signed entry {index}, but it is no journal entry: {why}"),
            ),
            Self::TimeWentBack(index) => both(
                format!("第 {index} 条的接收时间早于前一条"),
                format!("entry {index} was received before the one in front of it"),
            ),
            Self::Withheld(path) => both(
                format!("检查点涵盖 {path}，日志却没有给出"),
                format!("the checkpoint covers {path}, but the log does not hand it out"),
            ),
            Self::Malformed(path, why) => both(
                format!("{path} 格式不对：{why}"),
                format!("{path} is malformed: {why}"),
            ),
            Self::Impossible(why) => both(
                format!("不是可能的树：{why}"),
                format!("no tree is like that: {why}"),
            ),
        }
    }
}

fn contradiction(evidence: &Evidence) -> Bilingual {
    let (kept, found) = (&evidence.kept, &evidence.found);
    let (old, new) = (kept.size(), found.size());
    if new < old {
        return both(
            format!(
                "日志变短了：以前签署过 {old} 条，现在只给出 {new} 条。若地址经过缓存，请稍后再试；仍如此则是证据"
            ),
            format!(
                "the log has shrunk: {old} entries were signed before, and only {new} are shown now. Behind a cache, try again later; if it stays so, it is evidence"
            ),
        );
    }
    both(
        format!(
            "日志被改写：所签署的 {new} 条的树，其前 {old} 条与以前签署的不同。两个签名的检查点互相矛盾"
        ),
        format!(
            "the log was rewritten: the signed tree of {new} entries does not begin with the {old} that were signed before. The two signed heads contradict each other"
        ),
    )
}

fn both(zh: String, en: String) -> Bilingual {
    Bilingual::new(zh, en)
}

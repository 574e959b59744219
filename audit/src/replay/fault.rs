//! Why a journal does not hold: the first entry that differs, and in what.

use granary_core::{
    digest::Digest,
    envelope::KeyId,
    ledger::{FoldError, Refusal},
    log::{CheckpointError, Hash},
    snapshot::SlotKey,
    text::Bilingual,
};
use jiff::Timestamp;

use crate::{archive::ArchiveError, verify};

/// The first thing that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file itself is not whole.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The journal has no entry.
    #[error("there is no entry: a journal begins with the one that names the log and its keys")]
    Empty,
    /// Something about one entry.
    #[error("entry {index}: {what}")]
    Entry {
        /// Its index in the log.
        index: u64,
        /// What does not hold.
        what: EntryFault,
    },
    /// The checkpoint is not one of this log, or not rightly signed.
    #[error("the checkpoint does not hold: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log's key is another one.
    #[error(
        "the log's key differs: the first entry names {journal}, {source_en} {stated}; the journal is not that log's, or the key is not that of this log"
    )]
    LogKey {
        /// The key that the first entry names, in signed-note form.
        journal: String,
        /// The other key.
        stated: String,
        /// Where the other key stands.
        source_zh: &'static str,
        /// The same in English.
        source_en: &'static str,
    },
    /// The checkpoint covers another number of entries.
    #[error(
        "the checkpoint covers {checkpoint} entries, the file holds {entries}: entries were removed or added after it was signed"
    )]
    Size {
        /// Entries under the checkpoint.
        checkpoint: u64,
        /// Entries in the file.
        entries: u64,
    },
    /// The entries are not those that were signed.
    #[error(
        "the {entries} entries give the root {computed}, the checkpoint was signed over {stated}: an entry was altered, removed, added or moved"
    )]
    Root {
        /// How many entries there are.
        entries: u64,
        /// Their root.
        computed: Hash,
        /// The root in the checkpoint.
        stated: Hash,
    },
    /// A head that the auditor holds covers more than there is.
    #[error(
        "a head that you hold covers {size} entries, this journal has {entries}: entries were removed, or the file was exported before that head"
    )]
    Shrunk {
        /// Entries under the head.
        size: u64,
        /// Entries in the file.
        entries: u64,
    },
    /// A head that the auditor holds is over other entries.
    #[error(
        "a head that you hold was signed over {size} entries with the root {held}, but the first {size} entries of this journal give {computed}: the log was rewritten after it was signed, or another one is shown to you"
    )]
    OtherHistory {
        /// Entries under the head.
        size: u64,
        /// Their root here.
        computed: Hash,
        /// The root in the head.
        held: Hash,
    },
    /// The state is not the one that was given for comparison.
    #[error(
        "the state digest of these entries is {computed}, not {expected}: whoever gave that digest folded other entries, or folds them otherwise"
    )]
    StateDigest {
        /// The digest that was given.
        expected: Digest,
        /// The digest of the refolded state.
        computed: Digest,
    },
    /// This computer failed, not the journal.
    #[error("this computer could not go on: {0}")]
    Local(String),
}

/// What does not hold about an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Its bytes are no entry in canonical form.
    #[error("{0}")]
    Form(String),
    /// The payload has another digest.
    #[error("the payload's SHA-256 is {found}, the entry's is {expected}: the payload was altered")]
    PayloadDigest {
        /// The digest in the entry.
        expected: Digest,
        /// The digest of the payload.
        found: Digest,
    },
    /// The payload is not of its kind.
    #[error("the payload cannot be read: {0}")]
    PayloadForm(String),
    /// The payload is about another slot.
    #[error("the entry is about {entry}, its payload about {payload}")]
    Slot {
        /// The slot in the entry.
        entry: SlotKey,
        /// The slot in the payload.
        payload: SlotKey,
    },
    /// One key signed twice.
    #[error("key {0} signed it twice")]
    SignedTwice(KeyId),
    /// A signature does not fit.
    #[error("the signature of key {0} does not fit the payload")]
    Signature(KeyId),
    /// A signature is of a key that the journal does not know at this point.
    #[error("it is signed by key {0}, which no entry before it enrolled")]
    KeyUnknown(KeyId),
    /// An act is signed by a key that may not do it.
    #[error("the act is signed by key {0}, which may not sign it")]
    NotPermitted(KeyId),
    /// The key was revoked, or is another unit's.
    #[error("it should never have been taken: {}", .0.message.en)]
    Unauthentic(Refusal),
    /// It was received earlier than the entry before.
    #[error("it was received at {}, before the entry before it, which was received at {}", instant(*.at_ms), instant(*.before_ms))]
    TimeGoesBack {
        /// Its receive time.
        at_ms: i64,
        /// That of the entry before.
        before_ms: i64,
    },
    /// Its payload was journaled before.
    #[error("its payload {0} was journaled before: a city journals a payload once")]
    Duplicate(Digest),
    /// It is the first and does not name the log, or is not the first and does.
    #[error("the first entry, and no other, names the log and its keys")]
    Genesis,
    /// It cannot be folded.
    #[error("it cannot be folded: {0}")]
    Fold(FoldError),
}

impl Fault {
    /// Names the entry.
    pub(super) const fn entry(index: u64, what: EntryFault) -> Self {
        Self::Entry { index, what }
    }

    pub(super) fn local(error: impl std::fmt::Display) -> Self {
        Self::Local(error.to_string())
    }

    /// Whether the journal is at fault, and not this computer.
    #[must_use]
    pub const fn is_of_the_journal(&self) -> bool {
        !matches!(self, Self::Local(_) | Self::Archive(ArchiveError::Disk(_)))
    }

    /// One word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Archive(error) => error.word(),
            Self::Empty => "empty",
            Self::Entry { what, .. } => what.word(),
            Self::Checkpoint(_) => "checkpoint",
            Self::LogKey { .. } => "log_key",
            Self::Size { .. } => "size",
            Self::Root { .. } => "root",
            Self::Shrunk { .. } => "shrunk",
            Self::OtherHistory { .. } => "other_history",
            Self::StateDigest { .. } => "state_digest",
            Self::Local(_) => "local",
        }
    }

    /// The entry that it is about.
    #[must_use]
    pub const fn index(&self) -> Option<u64> {
        match self {
            Self::Entry { index, .. } => Some(*index),
            Self::Archive(_)
            | Self::Empty
            | Self::Checkpoint(_)
            | Self::LogKey { .. }
            | Self::Size { .. }
            | Self::Root { .. }
            | Self::Shrunk { .. }
            | Self::OtherHistory { .. }
            | Self::StateDigest { .. }
            | Self::Local(_) => None,
        }
    }

    /// The reason for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Archive(error) => return error.message(),
            Self::Empty => "没有任何条目：日志的第一条应写明日志名称和密钥".to_owned(),
            Self::Entry { index, what } => format!("第 {index} 条：{}", what.zh()),
            Self::Checkpoint(error) => format!("检查点不成立：{}", verify::checkpoint_zh(error)),
            Self::LogKey {
                journal,
                stated,
                source_zh,
                ..
            } => format!(
                "日志公钥不一致：第一条写明的是 {journal}，{source_zh} {stated}；这不是那个日志，或密钥不是这个日志的"
            ),
            Self::Size {
                checkpoint,
                entries,
            } => format!(
                "检查点签的是 {checkpoint} 条，文件里有 {entries} 条：签名之后有条目被删除或增加"
            ),
            Self::Root {
                entries,
                computed,
                stated,
            } => format!(
                "{entries} 条算出的根是 {computed}，检查点签的根是 {stated}：有条目被改动、删除、增加或移动"
            ),
            Self::Shrunk { size, entries } => format!(
                "所持的检查点签了 {size} 条，这份日志只有 {entries} 条：有条目被删除，或文件导出得比检查点早"
            ),
            Self::OtherHistory {
                size,
                computed,
                held,
            } => format!(
                "所持的检查点签的是 {size} 条、根 {held}，而这份日志的前 {size} 条算出的根是 {computed}：签名之后日志被改写，或给出的是另一份日志"
            ),
            Self::StateDigest { expected, computed } => format!(
                "这些条目的状态摘要是 {computed}，不是 {expected}：给出该摘要的一方折叠的是别的条目，或折叠方法不同"
            ),
            Self::Local(error) => format!("本机无法继续：{error}"),
        };
        Bilingual::new(zh, self.to_string())
    }
}

impl EntryFault {
    /// One word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Form(_) => "entry",
            Self::PayloadDigest { .. } => "payload_digest",
            Self::PayloadForm(_) => "payload",
            Self::Slot { .. } => "slot",
            Self::SignedTwice(_) | Self::Signature(_) => "signature",
            Self::KeyUnknown(_) => "key_unknown",
            Self::NotPermitted(_) => "not_permitted",
            Self::Unauthentic(_) => "unauthentic",
            Self::TimeGoesBack { .. } => "time_goes_back",
            Self::Duplicate(_) => "duplicate",
            Self::Genesis => "genesis",
            Self::Fold(_) => "fold",
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::Form(error) => format!("不是规范的日志条目：{error}"),
            Self::PayloadDigest { expected, found } => {
                format!("内容的 SHA-256 是 {found}，条目里的是 {expected}：内容被改动过")
            }
            Self::PayloadForm(error) => format!("内容无法解读：{error}"),
            Self::Slot { entry, payload } => {
                format!("条目说的是 {entry}，内容说的却是 {payload}")
            }
            Self::SignedTwice(key) => format!("密钥 {key} 签了两次"),
            Self::Signature(key) => format!("密钥 {key} 的签名与内容不符"),
            Self::KeyUnknown(key) => format!("由密钥 {key} 签名，而此前没有登记过这把密钥"),
            Self::NotPermitted(key) => format!("操作由密钥 {key} 签署，而它无权签署"),
            Self::Unauthentic(refusal) => format!("本不应被接收：{}", refusal.message.zh),
            Self::TimeGoesBack { at_ms, before_ms } => format!(
                "接收时间 {} 早于前一条的 {}",
                instant(*at_ms),
                instant(*before_ms)
            ),
            Self::Duplicate(digest) => {
                format!("内容 {digest} 此前已入账：同一内容只能入账一次")
            }
            Self::Genesis => "第一条（也只有第一条）写明日志名称和密钥".to_owned(),
            Self::Fold(error) => format!("无法折叠：{error}"),
        }
    }
}

/// An instant in UTC: a fault is told without a zone.
fn instant(at_ms: i64) -> String {
    let instant = Timestamp::from_millisecond(at_ms);
    instant.map_or_else(|_| format!("{at_ms} ms"), |instant| instant.to_string())
}

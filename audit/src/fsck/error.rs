//! Why a data folder does not hold, or cannot be checked.

use std::{
    io,
    path::{Path, PathBuf},
};

use granary_core::{digest::Digest, text::Bilingual};

use crate::replay::Fault;

/// The first thing that differs, or why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum FsckError {
    /// The folder has no journal.
    #[error("{} holds no journal: name the server's data folder", .0.display())]
    NoJournal(PathBuf),
    /// No checkpoint was ever signed, or its file is damaged.
    #[error("journal.head holds no whole checkpoint: nothing says which entries were acknowledged")]
    NoHead,
    /// Acknowledged entries are missing.
    #[error(
        "the newest checkpoint covers {signed} entries, the journal holds {held} without a gap: acknowledged entries are lost"
    )]
    Lost {
        /// Entries under the checkpoint.
        signed: u64,
        /// Entries that are there.
        held: u64,
    },
    /// The entries, payloads or signatures do not hold.
    #[error(transparent)]
    Journal(#[from] Fault),
    /// A payload is not found by its digest.
    #[error(
        "the digest of entry {index}'s payload does not lead to it: a repeated submission would be journaled again"
    )]
    Digest {
        /// Its index.
        index: u64,
    },
    /// Digests that belong to no entry.
    #[error("{digests} digests lead to the first {size} entries: there should be one for each")]
    Digests {
        /// How many there are.
        digests: u64,
        /// How many there should be.
        size: u64,
    },
    /// A tile that is not the one that the entries give.
    #[error(
        "the tile of level {level} with index {index} is missing or altered: proofs would fail"
    )]
    Tile {
        /// Its level.
        level: u8,
        /// Its index in the level.
        index: u64,
    },
    /// The derived rows are not those that the entries give.
    #[error(
        "the derived rows of the first {applied} entries have the digest {kept}, the entries give {computed}: rows were altered, or made by another program; with the server stopped, granary-aggregator rebuild makes them again"
    )]
    Derived {
        /// How many entries they cover.
        applied: u64,
        /// Their digest.
        kept: Digest,
        /// The digest of the refolded rows.
        computed: Digest,
    },
    /// This computer failed, not the journal.
    #[error("this computer could not go on: {0}")]
    Local(String),
}

impl FsckError {
    pub(super) fn local(error: impl std::fmt::Display) -> Self {
        Self::Local(error.to_string())
    }

    pub(super) fn disk(error: rocksdb::Error) -> Self {
        Self::Local(error.into_string())
    }

    pub(super) fn store(path: &Path, error: rocksdb::Error) -> Self {
        Self::Local(format!("{}: {}", path.display(), error.into_string()))
    }

    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        Self::Local(format!("{}: {error}", path.display()))
    }

    /// Whether the folder is at fault, and not this computer or the question.
    #[must_use]
    pub const fn is_of_the_folder(&self) -> bool {
        match self {
            Self::Local(_) | Self::NoJournal(_) => false,
            Self::Journal(fault) => fault.is_of_the_journal(),
            Self::NoHead
            | Self::Lost { .. }
            | Self::Digest { .. }
            | Self::Digests { .. }
            | Self::Tile { .. }
            | Self::Derived { .. } => true,
        }
    }

    /// One word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoJournal(_) => "no_journal",
            Self::NoHead => "no_head",
            Self::Lost { .. } => "lost",
            Self::Journal(fault) => fault.word(),
            Self::Digest { .. } | Self::Digests { .. } => "digest",
            Self::Tile { .. } => "tile",
            Self::Derived { .. } => "derived",
            Self::Local(_) => "local",
        }
    }

    /// The reason for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Journal(fault) => return fault.message(),
            Self::NoJournal(folder) => {
                format!("{} 中没有日志：请指明服务的数据目录", folder.display())
            }
            Self::NoHead => {
                "journal.head 中没有完整的检查点：无法判断哪些条目已给过回执".to_owned()
            }
            Self::Lost { signed, held } => format!(
                "最新检查点签的是 {signed} 条，日志中连续的只有 {held} 条：已给过回执的条目丢失"
            ),
            Self::Digest { index } => {
                format!("第 {index} 条内容的摘要查不到它自己：同一内容重报时会再次入账")
            }
            Self::Digests { digests, size } => {
                format!("指向前 {size} 条的摘要有 {digests} 个：应当每条一个")
            }
            Self::Tile { level, index } => {
                format!("第 {level} 层第 {index} 号哈希块缺失或被改动：证明将无法成立")
            }
            Self::Derived {
                applied,
                kept,
                computed,
            } => format!(
                "前 {applied} 条的汇总数据摘要是 {kept}，由条目算出的是 {computed}：数据被改动过，或由另一版程序所写；停止服务后可用 granary-aggregator rebuild 重建"
            ),
            Self::Local(error) => format!("本机无法继续：{error}"),
        };
        Bilingual::new(zh, self.to_string())
    }
}

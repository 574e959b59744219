//! Why a backup is not taken, does not hold or is not put back.

use std::{
    io,
    path::{Path, PathBuf},
};

use granary_core::text::Bilingual;

use crate::{
    journal::{OpenError, StoreError},
    project::ProjectError,
    site::SiteError,
};

/// What is wrong, and where.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written; nothing is said about the backup.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// There is no manifest.
    #[error("{} holds no finished backup: it has no backup.json", .0.display())]
    NotABackup(PathBuf),
    /// A newer program made it.
    #[error(
        "the backup has format {found}, this program reads up to {known}: use the newer program"
    )]
    NewerFormat {
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// The backup is not what was written.
    #[error("{place}: {why}; this backup does not hold, take an earlier one")]
    Damaged {
        /// The file, the entry or the store.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Nothing is written over.
    #[error("{} is not empty: nothing is ever written over; name another folder", .0.display())]
    NotEmpty(PathBuf),
    /// Somebody holds a signed head of more entries than the backup has.
    #[error(
        "a signed head over {seen} entries is known, the backup reaches {held}: entries from {held} on are lost, and a log that goes on from here would be a fork. See docs/OPERATIONS.md, disaster recovery"
    )]
    Shrunk {
        /// Entries under the head that somebody holds.
        seen: u64,
        /// Entries in the backup.
        held: u64,
    },
    /// Somebody holds a signed head of another history.
    #[error(
        "a signed head over {size} entries is known whose root the backup's entries do not give: one of the two is another history. Keep both, and start nothing"
    )]
    Forked {
        /// Entries under that head.
        size: u64,
    },
    /// The head that was named cannot be used.
    #[error("{}: {why}", .path.display())]
    Seen {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The keys are not those of this log.
    #[error(transparent)]
    Keys(#[from] SiteError),
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// A store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be folded.
    #[error(transparent)]
    Fold(#[from] ProjectError),
}

impl BackupError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }

    pub(super) fn damaged(place: impl ToString, why: impl ToString) -> Self {
        Self::Damaged {
            place: place.to_string(),
            why: why.to_string(),
        }
    }

    /// The reason for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::File { path, error } => format!("{}：{error}", path.display()),
            Self::NotABackup(folder) => {
                format!("{} 中没有完整的备份：缺少 backup.json", folder.display())
            }
            Self::NewerFormat { found, known } => {
                format!("备份格式为 {found}，本程序只认到 {known}：请用新版程序")
            }
            Self::Damaged { place, why } => {
                format!("{place}：{why}；此备份已损坏，请改用更早的备份")
            }
            Self::NotEmpty(folder) => {
                format!(
                    "{} 不是空目录：从不覆盖任何文件，请另选目录",
                    folder.display()
                )
            }
            Self::Shrunk { seen, held } => format!(
                "已知有签名检查点覆盖 {seen} 条，备份只有 {held} 条：第 {held} 条起已丢失，由此继续运行即构成日志分叉。请按 docs/OPERATIONS.md 的灾难恢复一节处理"
            ),
            Self::Forked { size } => format!(
                "已知有覆盖 {size} 条的签名检查点，其根与备份的条目不符：两者必有一个是另一段历史。请都保留，不要启动任何服务"
            ),
            Self::Seen { path, why } => format!("{}：{why}", path.display()),
            Self::Keys(error) => format!("密钥不可用：{error}"),
            Self::Journal(error) => format!("日志无法打开：{error}"),
            Self::Store(error) => format!("存储无法读写：{error}"),
            Self::Fold(error) => format!("日志无法汇总：{error}"),
        };
        Bilingual::new(zh, self.to_string())
    }
}

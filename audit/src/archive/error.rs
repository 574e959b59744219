//! What can be wrong with an archive as a file, and what to do about it.

use std::io;

use granary_core::text::Bilingual;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file or the disk failed.
    #[error("the file cannot be read: {0}")]
    Disk(#[from] io::Error),
    /// It begins with other bytes.
    #[error(
        "this is no archive of a journal, or something rewrote it on the way (such as a transfer as text)"
    )]
    Magic,
    /// A newer program wrote it.
    #[error("the archive has version {found}; this program reads version 1: use the newer program")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The file ends before its end block.
    #[error(
        "the file ends at byte {bytes}, after {entries} entries, before the archive does: the download broke off or the file was cut; fetch it again, or go on with export --resume"
    )]
    Truncated {
        /// Bytes read.
        bytes: u64,
        /// Entries in whole blocks.
        entries: u64,
    },
    /// A block is not what a writer writes.
    #[error(
        "the block at byte {offset} (entry {entry}) is damaged: {why}; fetch the archive again"
    )]
    Damaged {
        /// Where the block begins.
        offset: u64,
        /// The entry that it should begin with.
        entry: u64,
        /// What does not fit.
        why: Damage,
    },
    /// Something follows the end block.
    #[error("bytes follow the archive's end at byte {offset}: something was appended")]
    Trailing {
        /// Where the archive ends.
        offset: u64,
    },
}

/// What does not fit in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Neither records nor the end, or the reserved bytes are not zero.
    #[error("it is of no known kind")]
    Kind,
    /// A length is beyond its bound.
    #[error("it states a length beyond what a block may have")]
    Length,
    /// The checksum is not that of the bytes.
    #[error("its checksum does not fit its bytes")]
    Checksum,
    /// It begins with another entry than the block before ended with.
    #[error("it does not go on where the block before ended")]
    Order,
    /// The zstd frame does not open into just as many bytes as stated.
    #[error("its compressed bytes do not open into what it states")]
    Compression,
    /// The records do not fill the plain bytes.
    #[error("its records do not fill it")]
    Records,
}

impl ArchiveError {
    /// One word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Disk(_) => "disk",
            Self::Magic => "not_an_archive",
            Self::Version { .. } => "version",
            Self::Truncated { .. } => "truncated",
            Self::Damaged { .. } => "damaged",
            Self::Trailing { .. } => "trailing",
        }
    }

    /// What happened and what to do about it.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Disk(error) => format!("无法读取文件：{error}"),
            Self::Magic => "这不是日志归档文件，或在传送中被改写过（例如按文本传送）".to_owned(),
            Self::Version { found } => {
                format!("归档版本为 {found}，本程序只能读版本 1：请使用更新的程序")
            }
            Self::Truncated { bytes, entries } => format!(
                "文件在第 {bytes} 字节（{entries} 条之后）就结束了，归档不完整：下载中断或文件被截断；请重新取得，或用 export --resume 继续"
            ),
            Self::Damaged { offset, entry, why } => format!(
                "第 {offset} 字节处的数据块（自第 {entry} 条起）已损坏：{}；请重新取得归档",
                why.zh()
            ),
            Self::Trailing { offset } => {
                format!("归档在第 {offset} 字节已结束，其后还有内容：文件被追加过")
            }
        };
        Bilingual::new(zh, self.to_string())
    }
}

impl Damage {
    const fn zh(self) -> &'static str {
        match self {
            Self::Kind => "种类未知",
            Self::Length => "所述长度超过上限",
            Self::Checksum => "校验和与内容不符",
            Self::Order => "与前一块不衔接",
            Self::Compression => "解压结果与所述不符",
            Self::Records => "记录没有填满数据块",
        }
    }
}

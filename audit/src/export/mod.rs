//! The export: streams the journal from a city into an archive.
//!
//! The file grows under the name `FILE.part` and is renamed when it is whole, so a file of its own name is always a whole
//! archive. After a break the last block, which may be torn, is cut off and the download goes on behind it; what was
//! fetched before is hashed again, so that the finished file gives the root of its checkpoint or is not finished at all.
//!
//! - In: the city's stream of records, in order, and its signed head.
//! - Out: an archive that fits its own checkpoint. Who signed what is for [`crate::replay`] to say.
//! - Durable after: the rename and the sync of the folder.
//! - On crash: `--resume`.

mod part;

use std::{
    io,
    path::{Path, PathBuf},
};

use granary_core::{
    digest::Digest,
    ledger::JournalEntry,
    log::{Checkpoint, Frontier, Hash, SignedNote, VerifierKey, leaf_hash},
    text::Bilingual,
};
use granary_proto::v1::{JournalChunk, JournalHead, stream_journal_response::Message};

use self::part::Part;
use crate::{
    archive::End,
    city::{City, CityError, JournalStream},
    progress::Progress,
};

/// What to write, and over what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file.
    pub file: PathBuf,
    /// Go on with an unfinished download.
    pub resume: bool,
    /// Write over what is there.
    pub force: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Entries in the archive.
    pub entries: u64,
    /// How many of them were there from an earlier download.
    pub resumed: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The log's name.
    pub origin: String,
    /// The root that the entries give and the checkpoint states.
    pub root: Hash,
    /// The log's key, as the city gave it.
    pub verifier_key: String,
}

/// Why there is no archive. What was fetched so far is kept for `--resume`.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The city gave no answer, or the line broke.
    #[error(transparent)]
    City(#[from] CityError),
    /// The line broke on the way.
    #[error("the download broke off after {entries} entries: {source}")]
    BrokenOff {
        /// Entries that are kept.
        entries: u64,
        /// Why.
        source: CityError,
    },
    /// There is a file of this name.
    #[error("{} exists already: give another name, or --force to write over it", .0.display())]
    Exists(PathBuf),
    /// There is an unfinished download.
    #[error("{} is an unfinished download: go on with --resume, or begin anew with --force", .0.display())]
    Unfinished(PathBuf),
    /// Somebody else writes it.
    #[error("{} is being written by another process", .0.display())]
    InUse(PathBuf),
    /// The city sent something else than the stream that the protocol describes.
    #[error("the city did not send what it should: {0}")]
    Stream(String),
    /// What was streamed does not give the checkpoint's root.
    #[error(
        "the {entries} entries that the city streamed do not fit its own checkpoint: {why}. The unfinished file is kept as evidence"
    )]
    DoesNotFit {
        /// How many there are.
        entries: u64,
        /// What does not fit.
        why: String,
    },
    /// The file cannot be written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        error: io::Error,
    },
}

/// Downloads the journal as far as the city's newest checkpoint covers it.
///
/// # Errors
/// [`ExportError`]; no file of the final name is made then.
pub async fn export(
    mut city: City,
    plan: &Plan,
    progress: &mut dyn FnMut(Progress),
) -> Result<Exported, ExportError> {
    let mut part = Part::open(plan)?;
    let resumed = part.entries();
    let mut stream = city.journal(resumed).await?;
    let head = match next(&mut stream, resumed).await? {
        Some(Message::Head(head)) => head,
        Some(Message::Chunk(_)) | None => {
            return Err(ExportError::Stream("the first message is no head".into()));
        }
    };
    let fetched = fetch(&mut stream, &mut part, &head, progress).await;
    if fetched.is_err() {
        // What has come is kept; why it ended is told whether or not that can be written.
        drop(part.keep());
    }
    fetched?;
    let checkpoint = fits(part.frontier(), &head)?;
    let end = End {
        verifier_key: head.log_verifier_key.clone(),
        checkpoint: head.checkpoint,
    };
    let entries = part.entries();
    let bytes = part.finish(&end, &plan.file)?;
    Ok(Exported {
        entries,
        resumed,
        bytes,
        origin: checkpoint.origin().to_owned(),
        root: *checkpoint.root(),
        verifier_key: head.log_verifier_key,
    })
}

async fn fetch(
    stream: &mut JournalStream,
    part: &mut Part,
    head: &JournalHead,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ExportError> {
    let mut bytes = 0;
    while let Some(message) = next(stream, part.entries()).await? {
        let Message::Chunk(chunk) = message else {
            return Err(ExportError::Stream("a second head".into()));
        };
        bytes += take(part, &chunk)?;
        progress(Progress {
            entries: part.entries(),
            bytes,
            done: part.entries(),
            total: head.size,
        });
    }
    Ok(())
}

/// Writes a chunk's records; gives their bytes. A record that does not hold together is not written.
fn take(part: &mut Part, chunk: &JournalChunk) -> Result<u64, ExportError> {
    let mut bytes = 0;
    if chunk.first_index != part.entries() {
        return Err(ExportError::Stream(format!(
            "entry {} where {} is next",
            chunk.first_index,
            part.entries()
        )));
    }
    for record in &chunk.records {
        let index = part.entries();
        let entry = JournalEntry::decode(&record.entry)
            .map_err(|error| ExportError::Stream(format!("entry {index}: {error}")))?;
        if Digest::of(&record.payload) != entry.payload_sha256 {
            let why = format!("the payload of entry {index} has another digest than the entry's");
            return Err(ExportError::Stream(why));
        }
        bytes += (record.entry.len() + record.payload.len()) as u64;
        part.push(&record.entry, &record.payload, leaf_hash(&record.entry))?;
    }
    Ok(bytes)
}

/// The checkpoint, once the entries are found to give its root under the key that came with it.
fn fits(frontier: &Frontier, head: &JournalHead) -> Result<Checkpoint, ExportError> {
    let entries = frontier.size();
    let broken = |why: String| ExportError::DoesNotFit { entries, why };
    let key = VerifierKey::parse(&head.log_verifier_key).map_err(|e| broken(e.to_string()))?;
    let note = head.checkpoint.as_bytes();
    let origin = SignedNote::parse(note)
        .ok()
        .and_then(|note| Checkpoint::parse(note.unverified_text()).ok())
        .map(|checkpoint| checkpoint.origin().to_owned())
        .unwrap_or_default();
    let opened = Checkpoint::open(note, &origin, std::slice::from_ref(&key));
    let checkpoint = opened.map_err(|e| broken(e.to_string()))?;
    if checkpoint.size() != entries {
        return Err(broken(format!("it covers {} entries", checkpoint.size())));
    }
    if *checkpoint.root() != frontier.root() {
        let (ours, theirs) = (frontier.root(), checkpoint.root());
        return Err(broken(format!(
            "they give the root {ours}, it states {theirs}"
        )));
    }
    Ok(checkpoint)
}

async fn next(stream: &mut JournalStream, entries: u64) -> Result<Option<Message>, ExportError> {
    let next = stream.next().await;
    next.map_err(|source| ExportError::BrokenOff { entries, source })
}

impl ExportError {
    /// What happened and what to do about it.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::City(error) => return error.message(),
            Self::BrokenOff { entries, source } => {
                let why = source.message();
                return Bilingual::new(
                    format!(
                        "下载在 {entries} 条之后中断，用 --resume 继续。原因：{}",
                        why.zh
                    ),
                    format!(
                        "the download broke off after {entries} entries; go on with --resume. Why: {}",
                        why.en
                    ),
                );
            }
            Self::Exists(path) => format!(
                "{} 已存在：请换一个文件名，或用 --force 覆盖",
                path.display()
            ),
            Self::Unfinished(path) => format!(
                "{} 是未完成的下载：用 --resume 继续，或用 --force 重新开始",
                path.display()
            ),
            Self::InUse(path) => format!("{} 正由另一个进程写入", path.display()),
            Self::Stream(why) => format!("市级系统发来的内容不合协议：{why}"),
            Self::DoesNotFit { entries, why } => format!(
                "市级系统发来的 {entries} 条与它自己的检查点不符：{why}。未完成的文件保留作为证据"
            ),
            Self::File { path, error } => format!("{}：{error}", path.display()),
        };
        Bilingual::new(zh, self.to_string())
    }

    fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            error,
        }
    }
}

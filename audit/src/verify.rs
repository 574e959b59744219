//! Verification, offline: what a receipt, a checkpoint and a payload prove, from the log's public key alone.
//!
//! In: the bytes of a receipt (c2sp.org/tlog-proof, version 1) or of a checkpoint (a signed note), and the log's verifier
//! key. Out: [`Proof`] or [`Checkpoint`]; or the one [`Fault`] because of which nothing is proved. Pure: no file, no clock.
//!
//! A payload proves more: its digest must be the entry's, and if it is a snapshot, it must state the entry's own slot.

use granary_core::{
    digest::Digest,
    ledger::{Act, JournalEntry, Subject},
    log::{
        Checkpoint, CheckpointError, CosignatureError, NoteError, ProofError, Receipt,
        ReceiptError, SignedNote, VerifierKey,
    },
    snapshot::Snapshot,
    text::Bilingual,
};

/// What a receipt proves.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The entry's index in the log.
    pub index: u64,
    /// The entry that the log's owner has committed to.
    pub entry: JournalEntry,
    /// The signed head that covers it.
    pub checkpoint: Checkpoint,
    /// Signature lines of other keys than the log's, for instance of witnesses. They were not checked.
    pub unchecked_signatures: usize,
}

/// What a payload adds to a proof.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A snapshot, which states the entry's slot.
    Snapshot(Box<Snapshot>),
    /// An administrative act.
    Act(Box<Act>),
}

/// Why nothing is proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is not UTF-8.
    #[error("the file is not text in UTF-8")]
    NotText,
    /// The file came through something that writes lines of its own.
    #[error(
        "the lines end in CR LF: something on the way rewrote the file; fetch it again as it was, or convert its line ends to LF"
    )]
    LineEnds,
    /// The receipt is malformed, or its signature or proof does not hold.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The checkpoint is malformed, or its signature does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A cosignature of a witness that the policy knows does not hold: the whole checkpoint is worthless.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
    /// The policy names logs, and this is none of them.
    #[error("the policy names other logs than this key's")]
    UnknownLog,
    /// The log has committed to bytes that are no journal entry.
    #[error("the log has committed to these bytes, but they are no journal entry: {0}")]
    Entry(String),
    /// The payload is another one.
    #[error(
        "the payload's SHA-256 is {found}, but the entry's is {expected}: it is another file, or it was altered"
    )]
    PayloadDigest {
        /// The digest in the entry.
        expected: Digest,
        /// The digest of the payload that was given.
        found: Digest,
    },
    /// The payload is the right one, but it is not what the entry says it is.
    #[error("the payload is the one that was journaled, but not what its entry says: {0}")]
    PayloadContent(String),
}

/// Verifies a receipt.
///
/// # Errors
/// [`Fault`] says what does not hold; nothing is proved then.
pub fn receipt(bytes: &[u8], log_key: &VerifierKey) -> Result<Proof, Fault> {
    let receipt = Receipt::parse(text(bytes)?)?;
    let checkpoint = receipt.verify(log_key)?;
    let entry = JournalEntry::decode(&receipt.entry).map_err(|e| Fault::Entry(e.to_string()))?;
    let unchecked_signatures = unchecked(&receipt.checkpoint, log_key)?;
    Ok(Proof {
        index: receipt.index,
        entry,
        checkpoint,
        unchecked_signatures,
    })
}

/// Verifies a checkpoint by itself; also counts the signature lines of other keys, which are not checked.
///
/// # Errors
/// [`Fault`] says what does not hold.
pub fn checkpoint(bytes: &[u8], log_key: &VerifierKey) -> Result<(Checkpoint, usize), Fault> {
    let note = text(bytes)?;
    let keys = std::slice::from_ref(log_key);
    let checkpoint = Checkpoint::open(note.as_bytes(), log_key.name().as_str(), keys)?;
    Ok((checkpoint, unchecked(note, log_key)?))
}

/// Checks a payload against a proven entry.
///
/// # Errors
/// [`Fault::PayloadDigest`] for another payload; [`Fault::PayloadContent`] where the city journaled it as something else.
pub fn payload(proof: &Proof, bytes: &[u8]) -> Result<Payload, Fault> {
    let (expected, found) = (proof.entry.payload_sha256, Digest::of(bytes));
    if expected != found {
        return Err(Fault::PayloadDigest { expected, found });
    }
    match &proof.entry.subject {
        Subject::Act => {
            let act = Act::decode(bytes).map_err(|e| Fault::PayloadContent(e.to_string()))?;
            Ok(Payload::Act(Box::new(act)))
        }
        Subject::Snapshot(slot) => {
            let snapshot = Snapshot::decode(bytes);
            let snapshot = snapshot.map_err(|e| Fault::PayloadContent(e.to_string()))?;
            if snapshot.slot == *slot {
                return Ok(Payload::Snapshot(Box::new(snapshot)));
            }
            let stated = &snapshot.slot;
            let text = format!("the entry is about {slot}, the payload about {stated}");
            Err(Fault::PayloadContent(text))
        }
    }
}

impl Fault {
    /// One word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotText | Self::LineEnds => "text",
            Self::Receipt(error) => receipt_word(error),
            Self::Checkpoint(error) => checkpoint_word(error),
            Self::Cosignature(_) => "cosignature",
            Self::UnknownLog => "another_log",
            Self::Entry(_) => "entry",
            Self::PayloadDigest { .. } => "payload_digest",
            Self::PayloadContent(_) => "payload_content",
        }
    }

    /// The reason for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::NotText => "文件不是 UTF-8 文本".to_owned(),
            Self::LineEnds => {
                "行尾是 CR LF：文件在传送中被改写过。请重新取得原文件，或把行尾改为 LF".to_owned()
            }
            Self::Receipt(error) => receipt_zh(error),
            Self::Checkpoint(error) => checkpoint_zh(error),
            Self::Cosignature(error) => cosignature_zh(error),
            Self::UnknownLog => "政策中的日志不是这把密钥的日志".to_owned(),
            Self::Entry(error) => format!("日志确实收录了这些字节，但它们不是日志条目：{error}"),
            Self::PayloadDigest { expected, found } => format!(
                "内容文件的 SHA-256 是 {found}，条目里的是 {expected}：不是同一个文件，或已被改动"
            ),
            Self::PayloadContent(error) => {
                format!("内容确是入账的那一份，但与条目所述不符：{error}")
            }
        };
        Bilingual::new(zh, self.to_string())
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
    if text.contains('\r') {
        return Err(Fault::LineEnds);
    }
    Ok(text)
}

/// The signature lines that are not the log's.
fn unchecked(note: &str, log_key: &VerifierKey) -> Result<usize, Fault> {
    let note = SignedNote::parse(note.as_bytes()).map_err(CheckpointError::from)?;
    let other = note
        .signatures()
        .iter()
        .filter(|line| line.id() != log_key.id() || line.name() != log_key.name());
    Ok(other.count())
}

const fn receipt_word(error: &ReceiptError) -> &'static str {
    match error {
        ReceiptError::TooLong { .. }
        | ReceiptError::Header
        | ReceiptError::Entry
        | ReceiptError::Index
        | ReceiptError::ProofLine { .. }
        | ReceiptError::NoCheckpoint => "receipt_form",
        ReceiptError::Checkpoint(error) => checkpoint_word(error),
        ReceiptError::Proof(_) => "inclusion",
    }
}

const fn checkpoint_word(error: &CheckpointError) -> &'static str {
    match error {
        CheckpointError::Origin
        | CheckpointError::Size
        | CheckpointError::Root
        | CheckpointError::Extension => "checkpoint_form",
        CheckpointError::OriginMismatch { .. } => "another_log",
        CheckpointError::Note(error) => match error {
            NoteError::BadSignature { .. } => "log_signature",
            NoteError::NotSigned => "another_key",
            NoteError::TooLong { .. }
            | NoteError::TooManySignatures
            | NoteError::Characters
            | NoteError::TextEnd
            | NoteError::NoSignatures
            | NoteError::SignatureLine { .. } => "checkpoint_form",
        },
    }
}

fn receipt_zh(error: &ReceiptError) -> String {
    match error {
        ReceiptError::TooLong { bytes } => format!("回执有 {bytes} 字节，超过上限"),
        ReceiptError::Header => "第一行不是 c2sp.org/tlog-proof@v1：不是回执".to_owned(),
        ReceiptError::Entry => "第二行不是“extra”加条目的 base64".to_owned(),
        ReceiptError::Index => "第三行不是“index”加十进制序号".to_owned(),
        ReceiptError::ProofLine { line } => format!("第 {line} 行不是 base64 哈希值"),
        ReceiptError::NoCheckpoint => "回执不完整：缺少检查点".to_owned(),
        ReceiptError::Checkpoint(error) => {
            format!("回执中的检查点不成立：{}", checkpoint_zh(error))
        }
        ReceiptError::Proof(error) => format!("包含证明不成立：{}", proof_zh(error)),
    }
}

pub(crate) fn checkpoint_zh(error: &CheckpointError) -> String {
    match error {
        CheckpointError::Origin => "第一行应为日志名称".to_owned(),
        CheckpointError::Size => "第二行应为树的大小（十进制）".to_owned(),
        CheckpointError::Root => "第三行应为根哈希（base64）".to_owned(),
        CheckpointError::Extension => "扩展行为空、含控制字符，或末行没有换行".to_owned(),
        CheckpointError::OriginMismatch { expected, found } => {
            format!("检查点属于日志“{found}”，密钥属于日志“{expected}”")
        }
        CheckpointError::Note(error) => note_zh(error),
    }
}

fn note_zh(error: &NoteError) -> String {
    match error {
        NoteError::TooLong { bytes } => format!("检查点有 {bytes} 字节，超过上限"),
        NoteError::TooManySignatures => "签名行过多".to_owned(),
        NoteError::Characters => "含有非 UTF-8 字节或控制字符".to_owned(),
        NoteError::TextEnd => "正文末尾没有换行".to_owned(),
        NoteError::NoSignatures => "没有空行及其后的签名行".to_owned(),
        NoteError::SignatureLine { line } => format!("第 {line} 个签名行格式不对"),
        NoteError::BadSignature { name, id } => {
            format!("密钥 {name}+{id} 的签名与正文不符：正文或签名被改动过")
        }
        NoteError::NotSigned => "没有所给密钥的签名：密钥不对，或不是这个日志的检查点".to_owned(),
    }
}

fn cosignature_zh(error: &CosignatureError) -> String {
    match error {
        CosignatureError::AnotherKey { found_name, .. } => {
            format!("联署属于另一把密钥 {found_name}")
        }
        CosignatureError::Form { name, id } => {
            format!("{name}+{id} 的联署不是“时间加 Ed25519 签名”")
        }
        CosignatureError::Bad { name, id } => {
            format!("{name}+{id} 的联署与这个检查点不符：是伪造、被改动，或属于另一个检查点或日志")
        }
    }
}

fn proof_zh(error: &ProofError) -> String {
    match error {
        ProofError::IndexOutside { index, size } => {
            format!("序号 {index} 不在 {size} 条的树内")
        }
        ProofError::TooShort => "证明过短，到不了根".to_owned(),
        ProofError::TooLong => "证明过长".to_owned(),
        ProofError::RootMismatch { computed, stated } => {
            format!("条目、序号或证明被改动过：算出的根是 {computed}，签名的根是 {stated}")
        }
        ProofError::SizesReversed { .. }
        | ProofError::OldRootMismatch { .. }
        | ProofError::NewRootMismatch { .. }
        | ProofError::MissingNode(_) => error.to_string(),
    }
}

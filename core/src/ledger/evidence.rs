//! Evidence: which files a slot's snapshots name, who asked to see one, and how far the access log was at an instant.
//!
//! A request names a file by the digest that stands in a signed snapshot of the slot, so that nobody can ask a unit for anything
//! that it has not itself put forward. It is signed by the operator, or by the log's key on behalf of the person whose
//! certificate the request names. An anchor of the access log is signed by the log's key and by no other.

use std::ops::ControlFlow;

use prost::Message;

use crate::{
    code::UnitCode,
    digest::Digest,
    period::Period,
    snapshot::{SlotKey, Snapshot},
};

use super::{
    FoldError, LogIndex, Refusal, RefusalCode, View,
    act::{ActError, REASON_BYTES_MAX, parsed, text},
    keys::{self, Table},
    rows::row,
};

/// The longest name of who asks, in bytes.
pub const REQUESTER_BYTES_MAX: usize = 160;

#[derive(Clone, PartialEq, Message)]
pub(super) struct RequestWire {
    #[prost(string, tag = "1")]
    unit: String,
    #[prost(string, tag = "2")]
    dataset: String,
    #[prost(string, tag = "3")]
    period: String,
    #[prost(bytes = "vec", tag = "4")]
    sha256: Vec<u8>,
    #[prost(string, tag = "5")]
    reason: String,
    #[prost(string, tag = "6")]
    requester: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AnchorWire {
    #[prost(uint64, tag = "1")]
    lines: u64,
    #[prost(bytes = "vec", tag = "2")]
    head: Vec<u8>,
}

/// The newest request for one file of one unit.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct EvidenceRow {
    /// The slot's dataset.
    #[prost(string, tag = "1")]
    pub dataset: String,
    /// The slot's period, in SDMX form.
    #[prost(string, tag = "2")]
    pub period: String,
    /// The file's name in the snapshot.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The entry of the request.
    #[prost(uint64, tag = "4")]
    pub requested_index: u64,
    /// When it was received.
    #[prost(int64, tag = "5")]
    pub requested_at_ms: i64,
    /// Why.
    #[prost(string, tag = "6")]
    pub reason: String,
    /// Who asked.
    #[prost(string, tag = "7")]
    pub requester: String,
}
row!(EvidenceRow);

/// The newest anchor of the access log.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AnchorRow {
    /// How many lines the log had.
    #[prost(uint64, tag = "1")]
    pub lines: u64,
    /// The digest of its last line.
    #[prost(bytes = "vec", tag = "2")]
    pub head: Vec<u8>,
    /// The entry of the anchor.
    #[prost(uint64, tag = "3")]
    pub anchored_index: u64,
}
row!(AnchorRow);

/// A file that a snapshot names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The file's name, as the unit gave it: never a path to be trusted.
    pub name: String,
    /// Its digest.
    pub sha256: Digest,
    /// The first entry whose snapshot names it.
    pub index: LogIndex,
}

impl RequestWire {
    pub(super) fn of(slot: &SlotKey, sha256: &Digest, reason: String, requester: String) -> Self {
        Self {
            unit: slot.unit.to_string(),
            dataset: slot.dataset.to_string(),
            period: slot.period.to_string(),
            sha256: sha256.as_bytes().to_vec(),
            reason,
            requester,
        }
    }

    pub(super) fn decode(self) -> Result<(SlotKey, Digest, String, String), ActError> {
        let slot = SlotKey {
            unit: parsed(UnitCode::new(&self.unit))?,
            dataset: parsed(self.dataset.parse())?,
            period: parsed(Period::parse(&self.period))?,
        };
        Ok((
            slot,
            digest("sha256", &self.sha256)?,
            text("reason", self.reason, 1, REASON_BYTES_MAX)?,
            text("requester", self.requester, 0, REQUESTER_BYTES_MAX)?,
        ))
    }
}

impl AnchorWire {
    pub(super) fn of(lines: u64, head: &Digest) -> Self {
        Self {
            lines,
            head: head.as_bytes().to_vec(),
        }
    }

    pub(super) fn decode(&self) -> Result<(u64, Digest), ActError> {
        Ok((self.lines, digest("head", &self.head)?))
    }
}

/// The files that the snapshots of a slot name, each once, in the order of the log.
///
/// # Errors
/// [`FoldError`] where a row or payload is damaged or the store cannot be read.
pub fn named(view: &dyn View, slot: &SlotKey) -> Result<Vec<Named>, FoldError> {
    let mut indexes = Vec::new();
    view.scan(&keys::slot(Table::Vintage, slot), &mut |key, _| {
        indexes.extend(keys::parse_index(key));
        ControlFlow::Continue(())
    })?;
    let mut files: Vec<Named> = Vec::new();
    for index in indexes {
        let payload = view.payload(index)?.ok_or(FoldError::PayloadGone(index))?;
        let snapshot = Snapshot::decode(&payload);
        let snapshot = snapshot.map_err(|e| FoldError::Payload(index, e.to_string()))?;
        for evidence in snapshot.evidence {
            if files.iter().all(|file| file.sha256 != evidence.sha256) {
                files.push(Named {
                    name: evidence.name,
                    sha256: evidence.sha256,
                    index,
                });
            }
        }
    }
    Ok(files)
}

/// The file with this digest that a snapshot of the slot names, or why it cannot be asked for.
///
/// # Errors
/// [`FoldError`] as [`named`].
pub fn requested(
    view: &dyn View,
    slot: &SlotKey,
    sha256: &Digest,
) -> Result<Result<Named, Refusal>, FoldError> {
    let files = named(view, slot)?;
    let found = files.into_iter().find(|file| file.sha256 == *sha256);
    Ok(found.ok_or_else(|| {
        Refusal::new(
            RefusalCode::Act,
            format!("{slot} 的报送中没有引用摘要为 {} 的佐证", sha256.short()),
            format!(
                "no snapshot of {slot} names evidence with the digest {}",
                sha256.short()
            ),
        )
    }))
}

/// Every file that was asked of a unit, with its newest request, in the order of the digests.
///
/// # Errors
/// [`FoldError`] where a row is damaged or the store cannot be read.
pub fn requests(view: &dyn View, unit: &UnitCode) -> Result<Vec<(Digest, EvidenceRow)>, FoldError> {
    let prefix = keys::evidence_prefix(unit);
    let mut rows = Vec::new();
    view.scan(&prefix, &mut |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })?;
    let row = |(key, value): (Vec<u8>, Vec<u8>)| {
        let sha256 = key.get(prefix.len()..).and_then(Digest::from_slice);
        let sha256 = sha256.ok_or_else(|| FoldError::Row("evidence's key is damaged".into()))?;
        Ok((sha256, EvidenceRow::decode_row(&value)?))
    };
    rows.into_iter().map(row).collect()
}

/// The newest anchor of the access log.
///
/// # Errors
/// [`FoldError`] where the row is damaged or the store cannot be read.
pub fn anchor(view: &dyn View) -> Result<Option<AnchorRow>, FoldError> {
    let row = view.row(&keys::table(Table::Anchor))?;
    Ok(row.map(|row| AnchorRow::decode_row(&row)).transpose()?)
}

fn digest(field: &str, bytes: &[u8]) -> Result<Digest, ActError> {
    Digest::from_slice(bytes).ok_or_else(|| ActError(format!("{field} is not 32 bytes")))
}

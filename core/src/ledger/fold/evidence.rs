//! Folding requests for evidence and anchors of the access log.

use prost::Message as _;

use crate::{
    digest::Digest,
    ledger::{
        Refusal, RefusalCode,
        evidence::{self, AnchorRow, EvidenceRow},
        keys::{self, Table},
    },
    snapshot::SlotKey,
};

use super::{FoldError, overlay::Draft};

/// The newest request for a file stands; one for a file that no snapshot of the slot names has no effect.
pub(super) fn request(
    draft: &mut Draft<'_>,
    slot: &SlotKey,
    sha256: &Digest,
    reason: String,
    requester: String,
) -> Result<(), FoldError> {
    let file = match evidence::requested(draft, slot, sha256)? {
        Ok(file) => file,
        Err(refusal) => {
            draft.ignore(refusal);
            return Ok(());
        }
    };
    let row = EvidenceRow {
        dataset: slot.dataset.to_string(),
        period: slot.period.to_string(),
        name: file.name,
        requested_index: draft.index.0,
        requested_at_ms: draft.entry.received_at_ms,
        reason,
        requester,
    };
    draft.put(keys::evidence(&slot.unit, sha256), row.encode_to_vec());
    Ok(())
}

/// A log only grows, so an anchor that covers no more lines than the one before has no effect.
pub(super) fn anchor(draft: &mut Draft<'_>, lines: u64, head: &Digest) -> Result<(), FoldError> {
    let before = evidence::anchor(draft)?.map_or(0, |anchor| anchor.lines);
    if lines <= before {
        draft.ignore(Refusal::new(
            RefusalCode::Act,
            format!("访问记录锚定 {lines} 行，不多于此前的 {before} 行"),
            format!(
                "the anchor covers {lines} lines of the access log, no more than {before} before"
            ),
        ));
        return Ok(());
    }
    let row = AnchorRow {
        lines,
        head: head.as_bytes().to_vec(),
        anchored_index: draft.index.0,
    };
    draft.put(keys::table(Table::Anchor), row.encode_to_vec());
    Ok(())
}

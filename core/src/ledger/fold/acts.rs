//! Folding administrative acts.

use prost::Message as _;

use crate::{
    code::{EditId, ItemKey, UnitCode},
    digest::Digest,
    envelope::{KeyId, KeyRole, PublicKey},
    ledger::{
        Act, Deed, LogIndex, Registry, View,
        admission::permit,
        keys::{self, Table},
        publication::PublicationRow,
        registry::changes_registry,
        rotation,
        rows::{CatalogueRow, ExtensionRow, FindingRow, GenesisRow, KeyRow, TokenRow},
        sampling,
        witness::WitnessRow,
    },
    snapshot::SlotKey,
};

use super::{FindingStatus, FoldError, evidence, imports, overlay::Draft};

pub(super) fn fold(
    draft: &mut Draft<'_>,
    registry: &Registry,
    payload: &[u8],
) -> Result<(), FoldError> {
    let index = draft.index;
    let act = Act::decode(payload).map_err(|e| FoldError::Payload(index, e.to_string()))?;
    let signers: Vec<KeyId> = draft.entry.signatures.iter().map(|s| s.key_id).collect();
    if let Err(refusal) = permit(registry, &act, &signers, draft.entry.received_at_ms) {
        draft.ignore(refusal);
        return Ok(());
    }
    if let Deed::Sample(step) = &act.deed
        && let Some(refusal) = sampling::early(registry, step, index)
    {
        draft.ignore(refusal);
        return Ok(());
    }
    draft.applied.registry_changed = changes_registry(&act);
    put_deed(draft, registry, act.deed)
}

fn put_deed(draft: &mut Draft<'_>, registry: &Registry, deed: Deed) -> Result<(), FoldError> {
    match deed {
        Deed::Genesis {
            origin,
            log_public_key,
            operator,
        } => {
            put_genesis(draft, origin, &log_public_key, &operator);
        }
        Deed::PublishCatalogue(_) => {
            let row = CatalogueRow {
                published_index: draft.index.0,
            };
            draft.put(keys::table(Table::Catalogue), row.encode_to_vec());
        }
        Deed::IssueToken {
            unit,
            token_sha256,
            expires_at_ms,
            role,
        } => issue(draft, &unit, &token_sha256, expires_at_ms, role),
        Deed::EnrolKey {
            unit,
            key,
            token,
            label,
        } => enrol(draft, registry, &unit, label, &key, &token),
        Deed::RevokeKey { key_id, .. } => revoke(draft, registry, &key_id),
        Deed::RotateKey { old, new } => rotate(draft, registry, &old, &new),
        Deed::Extend {
            slot, due_at_ms, ..
        } => extend(draft, registry, &slot, due_at_ms)?,
        Deed::Exempt { slot, .. } => exempt(draft, &slot)?,
        Deed::ImportHistory {
            dataset, arrivals, ..
        } => imports::fold(draft, &dataset, &arrivals)?,
        Deed::RequestEvidence {
            slot,
            sha256,
            reason,
            requester,
        } => evidence::request(draft, &slot, &sha256, reason, requester)?,
        Deed::AnchorAccess { lines, head } => evidence::anchor(draft, lines, &head)?,
        Deed::Sample(step) => draft.change(sampling::fold(&step, draft.index, draft.entry)),
        Deed::PublishBulletin(publication) => {
            let row = PublicationRow::of(&publication, draft.entry.received_at_ms);
            draft.put(keys::bulletin(draft.index), row.encode_to_vec());
        }
        Deed::EnrolWitness {
            unit, public_key, ..
        } => put_witness(draft, &unit, &public_key),
        Deed::Decide {
            slot,
            edit,
            item,
            snapshot_index,
            accepted,
            reason,
        } => {
            let decision = Decision {
                snapshot_index,
                accepted,
                reason,
            };
            decide(draft, &slot, &edit, item.as_ref(), decision)?;
        }
    }
    Ok(())
}

fn extend(
    draft: &mut Draft<'_>,
    registry: &Registry,
    slot: &SlotKey,
    due_at_ms: i64,
) -> Result<(), FoldError> {
    let extension = ExtensionRow {
        received_at_ms: draft.entry.received_at_ms,
        due_at_ms,
    };
    let mut row = draft.slot_row(slot)?;
    row.extensions.push(extension);
    draft.put_slot_row(slot, row);
    let furthest = registry.extended_to_ms(slot);
    if furthest.is_none_or(|furthest| furthest < due_at_ms) {
        let key = keys::slot(Table::Extended, slot);
        draft.put(key, extension.encode_to_vec());
    }
    draft.extended = Some((slot.clone(), due_at_ms));
    Ok(())
}

fn exempt(draft: &mut Draft<'_>, slot: &SlotKey) -> Result<(), FoldError> {
    let mut row = draft.slot_row(slot)?;
    row.exempted_at_ms.get_or_insert(draft.entry.received_at_ms);
    draft.put_slot_row(slot, row);
    Ok(())
}

struct Decision {
    snapshot_index: LogIndex,
    accepted: bool,
    reason: String,
}

fn put_genesis(draft: &mut Draft<'_>, origin: String, log_key: &[u8; 32], operator: &PublicKey) {
    let row = GenesisRow {
        origin,
        log_public_key: log_key.to_vec(),
        operator_suite: operator.suite().number().into(),
        operator_public_key: operator.to_bytes(),
    };
    draft.put(keys::table(Table::Genesis), row.encode_to_vec());
}

fn put_witness(draft: &mut Draft<'_>, unit: &UnitCode, public_key: &[u8; 32]) {
    let row = WitnessRow {
        unit: unit.to_string(),
        enrolled_index: draft.index.0,
    };
    draft.put(keys::witness(public_key), row.encode_to_vec());
}

fn key_row(key: &PublicKey, index: LogIndex) -> KeyRow {
    KeyRow {
        unit: String::new(),
        suite: key.suite().number().into(),
        public_key: key.to_bytes(),
        label: String::new(),
        enrolled_index: index.0,
        revoked_index: None,
        role: KeyRole::default().number(),
        successor: Vec::new(),
    }
}

fn issue(
    draft: &mut Draft<'_>,
    unit: &UnitCode,
    token_sha256: &Digest,
    expires_at_ms: i64,
    role: KeyRole,
) {
    let row = TokenRow {
        unit: unit.to_string(),
        expires_at_ms,
        used_index: None,
        role: role.number(),
    };
    draft.put(keys::token(token_sha256), row.encode_to_vec());
}

fn enrol(
    draft: &mut Draft<'_>,
    registry: &Registry,
    unit: &UnitCode,
    label: String,
    key: &PublicKey,
    token: &[u8],
) {
    let token = Digest::of(token);
    let issued = registry.token(&token);
    let row = KeyRow {
        unit: unit.to_string(),
        label,
        role: issued.map_or_else(|| KeyRole::default().number(), |issued| issued.role),
        ..key_row(key, draft.index)
    };
    draft.put(keys::key(&key.key_id()), row.encode_to_vec());
    if let Some(issued) = issued {
        let used = TokenRow {
            used_index: Some(draft.index.0),
            ..issued.clone()
        };
        draft.put(keys::token(&token), used.encode_to_vec());
    }
}

fn revoke(draft: &mut Draft<'_>, registry: &Registry, key_id: &KeyId) {
    if let Some(enrolled) = registry.key(key_id) {
        let row = KeyRow {
            revoked_index: Some(draft.index.0),
            ..enrolled.row.clone()
        };
        draft.put(keys::key(key_id), row.encode_to_vec());
    }
}

fn rotate(draft: &mut Draft<'_>, registry: &Registry, old: &KeyId, new: &PublicKey) {
    if let Some(enrolled) = registry.key(old) {
        let (ended, begun) = rotation::rows(&enrolled.row, new, draft.index.0);
        draft.put(keys::key(old), ended.encode_to_vec());
        draft.put(keys::key(&new.key_id()), begun.encode_to_vec());
    }
}

/// A decision holds for one explanation of one snapshot: where either has changed meanwhile, it comes too late and changes
/// nothing.
fn decide(
    draft: &mut Draft<'_>,
    slot: &SlotKey,
    edit: &EditId,
    item: Option<&ItemKey>,
    decision: Decision,
) -> Result<(), FoldError> {
    let key = keys::finding(slot, edit, item);
    let Some(row) = draft.row(&key)? else {
        return Ok(());
    };
    let mut row = FindingRow::decode_row(&row)?;
    let status = FindingStatus::from_number(row.status);
    let explained = matches!(
        status,
        Some(FindingStatus::Explained | FindingStatus::Accepted)
    );
    if row.snapshot_index != decision.snapshot_index.0 || !explained {
        return Ok(());
    }
    let status = if decision.accepted {
        FindingStatus::Accepted
    } else {
        FindingStatus::Open
    };
    row.status = status.number();
    row.decision_reason = decision.reason;
    row.changed_index = draft.index.0;
    draft.put_finding(key, row)
}

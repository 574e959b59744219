//! The edge between the wire's messages and the core's types.

use granary_core::{
    code::{DatasetCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{KeyId, Signature},
    log::{Hash, Receipt},
    period::Period,
    snapshot::SlotKey,
};
use granary_proto::v1;

/// Why a message of the city cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the city's {what} cannot be read")]
pub struct WireError {
    what: &'static str,
}

impl WireError {
    pub(crate) const fn of(what: &'static str) -> Self {
        Self { what }
    }
}

pub(crate) fn signature_to(signature: &Signature) -> v1::Signature {
    v1::Signature {
        key_id: signature.key_id.as_bytes().to_vec(),
        signature: signature.bytes.clone(),
    }
}

pub(crate) fn signature_from(signature: &v1::Signature) -> Option<Signature> {
    let key_id = KeyId::from_slice(&signature.key_id)?;
    Some(Signature {
        key_id,
        bytes: signature.signature.clone(),
    })
}

pub(crate) fn receipt_from(receipt: &v1::Receipt) -> Result<Receipt, WireError> {
    let hashes: Result<Vec<_>, _> = receipt
        .inclusion_proof
        .iter()
        .map(|hash| Hash::from_slice(hash))
        .collect();
    Ok(Receipt {
        entry: receipt.entry.clone(),
        index: receipt.index,
        proof: hashes.map_err(|_| WireError {
            what: "inclusion proof",
        })?,
        checkpoint: receipt.checkpoint.clone(),
    })
}

pub(crate) fn slot_from(unit: &str, dataset: &str, period: &str) -> Result<SlotKey, WireError> {
    let slot = || {
        Some(SlotKey::new(
            UnitCode::new(unit).ok()?,
            DatasetCode::new(dataset).ok()?,
            Period::parse(period).ok()?,
        ))
    };
    slot().ok_or(WireError { what: "slot" })
}

pub(crate) fn digest_from(bytes: &[u8]) -> Result<Digest, WireError> {
    Digest::from_slice(bytes).ok_or(WireError { what: "digest" })
}

/// Both sides of an edit are for people's eyes: what cannot be read is left out.
pub(crate) fn decimal_from(decimal: Option<v1::Decimal>) -> Option<Decimal> {
    let decimal = decimal?;
    Decimal::new(decimal.mantissa.into(), u8::try_from(decimal.scale).ok()?)
}

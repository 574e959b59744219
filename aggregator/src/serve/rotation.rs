//! Key rotation: a unit's agent hands its own key over, and waits until the new one is in force.
//!
//! The same act again, after an answer that was lost, gets the receipt of the entry that stands already.

use granary_core::{
    code::UnitCode,
    ledger::{Act, Deed, Refusal, RefusalCode},
};
use granary_proto::v1::{self, rotate_key_response};

use super::{City, administration, failure::Failure};
use crate::{convert, ingress::Received};

/// Enters a rotation that one of the caller's own keys makes.
pub(super) async fn rotate(
    city: &City,
    unit: &UnitCode,
    request: v1::RotateKeyRequest,
) -> Result<v1::RotateKeyResponse, Failure> {
    let answer = match own_rotation(city, unit, request.act) {
        Ok(received) => administration::in_force(city, received).await?,
        Err(refusal) => Err(refusal),
    };
    let result = match answer {
        Ok(receipt) => {
            tracing::info!(%unit, index = receipt.index, "a key was rotated");
            metrics::counter!("granary_key_rotations_total").increment(1);
            rotate_key_response::Result::Receipt(receipt)
        }
        Err(refusal) => rotate_key_response::Result::Refusal(convert::refusal(refusal)),
    };
    Ok(v1::RotateKeyResponse {
        result: Some(result),
    })
}

/// The act as received, where it rotates a key of `unit`. Whether it may is admission's business.
fn own_rotation(
    city: &City,
    unit: &UnitCode,
    envelope: Option<v1::Envelope>,
) -> Result<Received, Refusal> {
    let received = administration::received(envelope)?;
    let act = Act::decode(&received.payload).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("无法读取更换密钥的操作：{error}"),
            format!("the act cannot be read: {error}"),
        )
    })?;
    let Deed::RotateKey { old, .. } = act.deed else {
        return Err(Refusal::new(
            RefusalCode::Act,
            "此处只接收密钥更换",
            "only the rotation of a key is taken here",
        ));
    };
    let registry = city.handle.registry();
    if registry.key(&old).is_some_and(|key| key.unit != *unit) {
        return Err(Refusal::new(
            RefusalCode::KeyOfAnotherUnit,
            format!("密钥 {} 不属于单位 {unit}", old.short()),
            format!("key {} does not belong to unit {unit}", old.short()),
        ));
    }
    Ok(received)
}

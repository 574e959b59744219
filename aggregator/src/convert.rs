//! Between the wire's messages and the core's types, in one place.
//!
//! What comes in is checked for form only; what it means is judged by admission. What goes out is bounded because the
//! core's values are.

use granary_core::{
    decimal::Decimal,
    envelope::{KeyId, SIGNATURES_MAX, Signature},
    ledger::{Failure, FindingStatus, LogIndex, Outcome, Refusal, RefusalCode, rows},
    log::Receipt,
    snapshot::SlotKey,
};
use granary_proto::v1;

use crate::ingress::Received;

/// The longest payload type that is looked at, in bytes.
const PAYLOAD_TYPE_BYTES_MAX: usize = 128;

/// An envelope as it came over the wire.
///
/// # Errors
/// The refusal for an envelope that breaks its form: missing, no or too many signatures, a key id of another length.
pub fn received(envelope: Option<v1::Envelope>) -> Result<Received, Refusal> {
    let envelope = envelope.ok_or_else(|| malformed("缺少信封", "the envelope is missing"))?;
    let count = envelope.signatures.len();
    if !(1..=SIGNATURES_MAX).contains(&count) {
        return Err(malformed(
            format!("信封有 {count} 个签名，应为 1 到 {SIGNATURES_MAX} 个"),
            format!("the envelope has {count} signatures; 1 to {SIGNATURES_MAX} are allowed"),
        ));
    }
    if envelope.payload_type.len() > PAYLOAD_TYPE_BYTES_MAX {
        return Err(malformed(
            "payload_type 过长",
            "the payload type is too long",
        ));
    }
    let signatures = envelope
        .signatures
        .into_iter()
        .map(signature)
        .collect::<Result<_, _>>()?;
    Ok(Received {
        payload_type: envelope.payload_type,
        payload: envelope.payload,
        signatures,
    })
}

/// An envelope for the wire.
#[must_use]
pub fn envelope(payload_type: &str, payload: Vec<u8>, signatures: &[Signature]) -> v1::Envelope {
    let signature = |s: &Signature| v1::Signature {
        key_id: s.key_id.as_bytes().to_vec(),
        signature: s.bytes.clone(),
    };
    v1::Envelope {
        payload_type: payload_type.to_owned(),
        payload: payload.into(),
        signatures: signatures.iter().map(signature).collect(),
    }
}

/// A receipt for the wire.
#[must_use]
pub fn receipt(receipt: Receipt) -> v1::Receipt {
    v1::Receipt {
        index: receipt.index,
        entry: receipt.entry,
        inclusion_proof: receipt
            .proof
            .iter()
            .map(|hash| hash.as_bytes().to_vec())
            .collect(),
        checkpoint: receipt.checkpoint,
    }
}

/// A refusal for the wire, with how long to wait where waiting helps.
#[must_use]
pub fn refusal(refusal: Refusal) -> v1::Refusal {
    v1::Refusal {
        code: refusal.code.number(),
        message_zh: refusal.message.zh,
        message_en: refusal.message.en,
        retryable: refusal.code.retryable(),
        retry_after_ms: retry_after_ms(refusal.code),
    }
}

/// How long to wait before the same bytes are sent again: as long as it takes until things can be different.
const fn retry_after_ms(code: RefusalCode) -> u32 {
    match code {
        RefusalCode::Overloaded => 250,
        RefusalCode::NoCatalogue | RefusalCode::Storage => 5_000,
        RefusalCode::Clock => 30_000,
        RefusalCode::NotOpen => 60_000,
        RefusalCode::Malformed
        | RefusalCode::TooLarge
        | RefusalCode::PayloadType
        | RefusalCode::KeyUnknown
        | RefusalCode::KeyRevoked
        | RefusalCode::KeyOfAnotherUnit
        | RefusalCode::Signature
        | RefusalCode::UnitUnknown
        | RefusalCode::DatasetUnknown
        | RefusalCode::PeriodUnknown
        | RefusalCode::PeriodFuture
        | RefusalCode::NotExpected
        | RefusalCode::IndicatorUnknown
        | RefusalCode::TooManyDecimals
        | RefusalCode::Item
        | RefusalCode::Act
        | RefusalCode::Locked
        | RefusalCode::SignaturesMissing
        | RefusalCode::KeyReplaced => 0,
    }
}

/// An assessment for the wire.
///
/// # Errors
/// [`rows::RowError`] where the row is damaged.
pub fn assessment(
    slot: &SlotKey,
    index: LogIndex,
    row: rows::VintageRow,
) -> Result<v1::Assessment, rows::RowError> {
    let failures = row.failures.iter().map(|row| row.failure().map(failure));
    Ok(v1::Assessment {
        index: index.0,
        received_at_ms: row.received_at_ms,
        unit: slot.unit.to_string(),
        dataset: slot.dataset.to_string(),
        period: slot.period.to_string(),
        revision: row.revision,
        outcome: outcome(row.outcome).into(),
        failures: failures.collect::<Result<_, _>>()?,
        payload_sha256: row.payload_sha256,
        catalogue_version: row.catalogue_version,
    })
}

/// A failed edit for the wire. A figure that is beyond the wire's range is left out; the message tells it.
#[must_use]
pub fn failure(failure: Failure) -> v1::Failure {
    let kind = match failure.kind {
        granary_core::edits::EditKind::Validity => v1::EditKind::Validity,
        granary_core::edits::EditKind::Quality => v1::EditKind::Quality,
    };
    v1::Failure {
        edit: failure.edit.to_string(),
        kind: kind.into(),
        item: failure.item.map(|item| item.to_string()),
        left: failure.figures.left.and_then(decimal),
        right: failure.figures.right.and_then(decimal),
        imbalance: failure.figures.imbalance.and_then(decimal),
        message_zh: failure.message.zh,
        message_en: failure.message.en,
        explanation: failure.explanation.unwrap_or_default(),
    }
}

/// A figure for the wire; `None` where it is beyond the wire's range.
#[must_use]
pub fn decimal(value: Decimal) -> Option<v1::Decimal> {
    let (mantissa, scale) = value.to_wire().or_else(|| value.normalised().to_wire())?;
    Some(v1::Decimal {
        mantissa,
        scale: scale.into(),
    })
}

fn outcome(number: i32) -> v1::Outcome {
    match Outcome::from_number(number) {
        Some(Outcome::Accepted) => v1::Outcome::Accepted,
        Some(Outcome::Returned) => v1::Outcome::Returned,
        Some(Outcome::Superseded) => v1::Outcome::Superseded,
        None => v1::Outcome::Unspecified,
    }
}

/// A finding's status from the wire; `None` for a number that is not one.
#[must_use]
pub const fn finding_status(number: i32) -> Option<FindingStatus> {
    FindingStatus::from_number(number)
}

fn signature(wire: v1::Signature) -> Result<Signature, Refusal> {
    let key_id = KeyId::from_slice(&wire.key_id);
    let key_id =
        key_id.ok_or_else(|| malformed("密钥标识不是 32 字节", "a key id is not 32 bytes"))?;
    Ok(Signature {
        key_id,
        bytes: wire.signature,
    })
}

fn malformed(zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Malformed, zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(signatures: usize) -> v1::Envelope {
        let signature = v1::Signature {
            key_id: vec![1; 32],
            signature: vec![2; 64],
        };
        v1::Envelope {
            payload_type: "a/b".into(),
            payload: vec![3; 10].into(),
            signatures: vec![signature; signatures],
        }
    }

    #[test]
    fn an_envelope_keeps_its_bytes() {
        let received = received(Some(wire(2))).unwrap();
        assert_eq!(&received.payload[..], &[3; 10]);
        assert_eq!(received.signatures.len(), 2);
        assert_eq!(envelope("a/b", vec![3; 10], &received.signatures), wire(2));
    }

    #[test]
    fn an_envelope_of_another_form_is_malformed() {
        let mut short_key = wire(1);
        short_key.signatures[0].key_id.pop();
        let long_type = v1::Envelope {
            payload_type: "x".repeat(129),
            ..wire(1)
        };
        for bad in [
            None,
            Some(wire(0)),
            Some(wire(9)),
            Some(short_key),
            Some(long_type),
        ] {
            assert_eq!(received(bad).unwrap_err().code, RefusalCode::Malformed);
        }
    }

    #[test]
    fn codes_are_those_of_the_wire_and_only_retryable_ones_say_when() {
        for code in RefusalCode::ALL {
            let wire = refusal(Refusal::new(*code, "中", "en"));
            let named = v1::RefusalCode::try_from(wire.code).unwrap();
            let word = named
                .as_str_name()
                .strip_prefix("REFUSAL_CODE_")
                .unwrap()
                .to_lowercase();
            assert_eq!(word, code.word());
            assert_eq!(wire.retryable, wire.retry_after_ms > 0, "{word}");
        }
    }

    #[test]
    fn a_figure_beyond_the_wire_is_left_out() {
        let fits = Decimal::parse("1398554.50").unwrap();
        assert_eq!(
            decimal(fits),
            Some(v1::Decimal {
                mantissa: 139_855_450,
                scale: 2
            })
        );
        assert_eq!(decimal(Decimal::new(i128::MAX / 4, 0).unwrap()), None);
    }
}

//! The bytes of a snapshot: `granary.v1.Snapshot`, proto3.
//!
//! The messages are declared again here because the core depends on no wire crate of ours; a golden test holds the two
//! declarations together. Unknown fields are passed over, as protobuf asks, so that a newer agent may add some.
//!
//! Texts of observations are declared as bytes, which are the same on the wire and are cut out of the payload without a copy of
//! each; that they are UTF-8 is checked here.

use std::str;

use prost::{Message, bytes::Bytes};

use super::{
    Evidence, Explanation, Observation, ObservationStatus, SignOff, SignOffRole, SlotKey, Snapshot,
    SnapshotError,
};
use crate::{
    code::{DatasetCode, EditId, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    digest::Digest,
    period::Period,
};

#[derive(Clone, PartialEq, Message)]
struct SnapshotWire {
    #[prost(string, tag = "1")]
    unit: String,
    #[prost(string, tag = "2")]
    dataset: String,
    #[prost(string, tag = "3")]
    period: String,
    #[prost(uint32, tag = "4")]
    revision: u32,
    #[prost(int64, tag = "5")]
    prepared_at_ms: i64,
    #[prost(bytes = "vec", tag = "6")]
    catalogue_version: Vec<u8>,
    #[prost(message, repeated, tag = "7")]
    observations: Vec<ObservationWire>,
    #[prost(message, repeated, tag = "8")]
    sign_offs: Vec<SignOffWire>,
    #[prost(message, repeated, tag = "9")]
    evidence: Vec<EvidenceWire>,
    #[prost(message, repeated, tag = "10")]
    explanations: Vec<ExplanationWire>,
    #[prost(string, tag = "11")]
    software: String,
}

#[derive(Clone, PartialEq, Message)]
struct ObservationWire {
    #[prost(bytes = "bytes", tag = "1")]
    indicator: Bytes,
    #[prost(bytes = "bytes", optional, tag = "2")]
    item: Option<Bytes>,
    #[prost(message, optional, tag = "3")]
    value: Option<DecimalWire>,
    #[prost(int32, tag = "4")]
    status: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct DecimalWire {
    #[prost(sint64, tag = "1")]
    mantissa: i64,
    #[prost(uint32, tag = "2")]
    scale: u32,
}

#[derive(Clone, PartialEq, Message)]
struct SignOffWire {
    #[prost(int32, tag = "1")]
    role: i32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(int64, tag = "3")]
    signed_at_ms: i64,
}

#[derive(Clone, PartialEq, Message)]
struct EvidenceWire {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "vec", tag = "2")]
    sha256: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ExplanationWire {
    #[prost(string, tag = "1")]
    edit: String,
    #[prost(string, optional, tag = "2")]
    item: Option<String>,
    #[prost(string, tag = "3")]
    text: String,
}

type Result<T> = std::result::Result<T, SnapshotError>;

pub(super) fn decode(payload: &[u8]) -> Result<Snapshot> {
    if payload.len() > super::PAYLOAD_BYTES_MAX {
        return Err(fault(
            "payload",
            format!("{} bytes; at most 4194304 are allowed", payload.len()),
        ));
    }
    let wire = SnapshotWire::decode(Bytes::copy_from_slice(payload))
        .map_err(|e| fault("payload", e.to_string()))?;
    limit(
        "observations",
        wire.observations.len(),
        super::OBSERVATIONS_MAX,
    )?;
    let snapshot = Snapshot {
        slot: decode_slot(&wire)?,
        revision: wire.revision,
        prepared_at_ms: wire.prepared_at_ms,
        catalogue_version: digest("catalogue_version", &wire.catalogue_version)?,
        observations: each("observations", wire.observations, decode_observation)?,
        sign_offs: each("sign_offs", wire.sign_offs, decode_sign_off)?,
        evidence: each("evidence", wire.evidence, decode_evidence)?,
        explanations: each("explanations", wire.explanations, decode_explanation)?,
        software: wire.software,
    };
    check(&snapshot)?;
    Ok(snapshot)
}

pub(super) fn encode(snapshot: &Snapshot) -> Result<Vec<u8>> {
    check(snapshot)?;
    let mut observations = Vec::with_capacity(snapshot.observations.len());
    for (index, observation) in snapshot.observations.iter().enumerate() {
        observations.push(encode_observation(observation, index)?);
    }
    let wire = SnapshotWire {
        unit: snapshot.slot.unit.to_string(),
        dataset: snapshot.slot.dataset.to_string(),
        period: snapshot.slot.period.to_string(),
        revision: snapshot.revision,
        prepared_at_ms: snapshot.prepared_at_ms,
        catalogue_version: snapshot.catalogue_version.as_bytes().to_vec(),
        observations,
        sign_offs: snapshot.sign_offs.iter().map(encode_sign_off).collect(),
        evidence: snapshot.evidence.iter().map(encode_evidence).collect(),
        explanations: snapshot
            .explanations
            .iter()
            .map(encode_explanation)
            .collect(),
        software: snapshot.software.clone(),
    };
    let bytes = wire.encode_to_vec();
    limit("payload", bytes.len(), super::PAYLOAD_BYTES_MAX)?;
    Ok(bytes)
}

/// What holds for every snapshot, however it was made.
fn check(snapshot: &Snapshot) -> Result<()> {
    limit(
        "observations",
        snapshot.observations.len(),
        super::OBSERVATIONS_MAX,
    )?;
    limit("sign_offs", snapshot.sign_offs.len(), super::SIGN_OFFS_MAX)?;
    limit("evidence", snapshot.evidence.len(), super::REFERENCES_MAX)?;
    limit(
        "explanations",
        snapshot.explanations.len(),
        super::REFERENCES_MAX,
    )?;
    if snapshot.revision == 0 {
        return Err(fault(
            "revision",
            "0; the first statement of a slot is revision 1",
        ));
    }
    length("software", &snapshot.software, 0, 64)?;
    check_observations(&snapshot.observations)?;
    for sign_off in &snapshot.sign_offs {
        length("sign_offs.name", &sign_off.name, 1, 128)?;
    }
    for evidence in &snapshot.evidence {
        length("evidence.name", &evidence.name, 1, 255)?;
    }
    for explanation in &snapshot.explanations {
        length(
            "explanations.text",
            &explanation.text,
            1,
            super::EXPLANATION_BYTES_MAX,
        )?;
    }
    Ok(())
}

fn check_observations(observations: &[Observation]) -> Result<()> {
    for (index, observation) in observations.iter().enumerate() {
        if observation.value.is_some() != observation.status.has_value() {
            let letter = observation.status.letter();
            let need = if observation.status.has_value() {
                "needs"
            } else {
                "must not have"
            };
            let text = format!("{}: status {letter} {need} a value", observation.indicator);
            return Err(fault(format!("observations[{index}]"), text));
        }
    }
    let unsorted = observations
        .windows(2)
        .position(|pair| pair[0].key() >= pair[1].key());
    match unsorted {
        None => Ok(()),
        Some(index) => Err(fault(
            format!("observations[{}]", index + 1),
            "not sorted by indicator and item, or the same pair twice",
        )),
    }
}

fn decode_slot(wire: &SnapshotWire) -> Result<SlotKey> {
    Ok(SlotKey {
        unit: parsed("unit", UnitCode::new(&wire.unit))?,
        dataset: parsed("dataset", DatasetCode::new(&wire.dataset))?,
        period: parsed("period", Period::parse(&wire.period))?,
    })
}

fn decode_observation(wire: ObservationWire) -> Result<Observation> {
    Ok(Observation {
        indicator: parsed(
            "indicator",
            IndicatorCode::new(utf8("indicator", &wire.indicator)?),
        )?,
        item: match &wire.item {
            Some(text) => item(Some(utf8("item", text)?))?,
            None => None,
        },
        value: wire.value.map(DecimalWire::to_decimal).transpose()?,
        status: ObservationStatus::from_number(wire.status)
            .ok_or_else(|| fault("status", format!("{} is not a status", wire.status)))?,
    })
}

fn encode_observation(observation: &Observation, index: usize) -> Result<ObservationWire> {
    let value = match observation.value {
        None => None,
        Some(value) => Some(DecimalWire::of(value).ok_or_else(|| {
            let text = format!("{}: {value} has more than 18 digits", observation.indicator);
            fault(format!("observations[{index}].value"), text)
        })?),
    };
    Ok(ObservationWire {
        indicator: Bytes::copy_from_slice(observation.indicator.as_str().as_bytes()),
        item: observation
            .item
            .as_ref()
            .map(|item| Bytes::copy_from_slice(item.as_str().as_bytes())),
        value,
        status: observation.status.number(),
    })
}

impl DecimalWire {
    fn of(value: Decimal) -> Option<Self> {
        let (mantissa, scale) = value.to_wire()?;
        Some(Self {
            mantissa,
            scale: scale.into(),
        })
    }

    fn to_decimal(self) -> Result<Decimal> {
        let scale = u8::try_from(self.scale).ok();
        let value = scale.and_then(|scale| Decimal::new(self.mantissa.into(), scale));
        match value {
            Some(value) if value.to_wire().is_some() => Ok(value),
            Some(_) | None => Err(fault("value", "more than 18 digits, or a scale above 18")),
        }
    }
}

fn decode_sign_off(wire: SignOffWire) -> Result<SignOff> {
    let role = match wire.role {
        1 => SignOffRole::Preparer,
        2 => SignOffRole::StatisticsHead,
        3 => SignOffRole::UnitHead,
        other => return Err(fault("role", format!("{other} is not a role"))),
    };
    Ok(SignOff {
        role,
        name: wire.name,
        signed_at_ms: wire.signed_at_ms,
    })
}

fn encode_sign_off(sign_off: &SignOff) -> SignOffWire {
    let role = match sign_off.role {
        SignOffRole::Preparer => 1,
        SignOffRole::StatisticsHead => 2,
        SignOffRole::UnitHead => 3,
    };
    SignOffWire {
        role,
        name: sign_off.name.clone(),
        signed_at_ms: sign_off.signed_at_ms,
    }
}

fn decode_evidence(wire: EvidenceWire) -> Result<Evidence> {
    Ok(Evidence {
        sha256: digest("sha256", &wire.sha256)?,
        name: wire.name,
    })
}

fn encode_evidence(evidence: &Evidence) -> EvidenceWire {
    EvidenceWire {
        name: evidence.name.clone(),
        sha256: evidence.sha256.as_bytes().to_vec(),
    }
}

fn decode_explanation(wire: ExplanationWire) -> Result<Explanation> {
    let edit = parsed("edit", EditId::new(&wire.edit))?;
    Ok(Explanation {
        edit,
        item: item(wire.item.as_deref())?,
        text: wire.text,
    })
}

fn encode_explanation(explanation: &Explanation) -> ExplanationWire {
    ExplanationWire {
        edit: explanation.edit.to_string(),
        item: explanation.item.as_ref().map(ToString::to_string),
        text: explanation.text.clone(),
    }
}

fn each<W, T>(field: &str, wires: Vec<W>, decode: fn(W) -> Result<T>) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(wires.len());
    for (index, wire) in wires.into_iter().enumerate() {
        let value = decode(wire).map_err(|error| SnapshotError {
            field: format!("{field}[{index}].{}", error.field),
            fault: error.fault,
        })?;
        values.push(value);
    }
    Ok(values)
}

fn utf8<'a>(field: &str, bytes: &'a [u8]) -> Result<&'a str> {
    parsed(field, str::from_utf8(bytes))
}

fn item(text: Option<&str>) -> Result<Option<ItemKey>> {
    text.map(|text| parsed("item", ItemKey::new(text)))
        .transpose()
}

fn digest(field: &str, bytes: &[u8]) -> Result<Digest> {
    Digest::from_slice(bytes)
        .ok_or_else(|| fault(field, format!("{} bytes; a SHA-256 has 32", bytes.len())))
}

fn parsed<T, E: ToString>(field: &str, result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| fault(field, error.to_string()))
}

fn limit(field: &str, count: usize, max: usize) -> Result<()> {
    if count <= max {
        return Ok(());
    }
    Err(fault(field, format!("{count}; at most {max} are allowed")))
}

fn length(field: &str, text: &str, min: usize, max: usize) -> Result<()> {
    if (min..=max).contains(&text.len()) {
        return Ok(());
    }
    Err(fault(
        field,
        format!("{} bytes long; {min} to {max} are allowed", text.len()),
    ))
}

fn fault(field: impl Into<String>, fault: impl Into<String>) -> SnapshotError {
    SnapshotError {
        field: field.into(),
        fault: fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn observation(indicator: &str, value: Option<&str>, status: ObservationStatus) -> Observation {
        Observation {
            indicator: IndicatorCode::new(indicator).unwrap(),
            item: None,
            value: value.map(|v| Decimal::parse(v).unwrap()),
            status,
        }
    }

    fn sample() -> Snapshot {
        Snapshot {
            slot: SlotKey::new(
                UnitCode::new("621100").unwrap(),
                DatasetCode::new("annual-accounts").unwrap(),
                Period::parse("2021-A1").unwrap(),
            ),
            revision: 1,
            prepared_at_ms: 1_650_000_000_000,
            catalogue_version: Digest::of(b"catalogue"),
            observations: vec![
                observation("gdp", Some("500.20"), ObservationStatus::Normal),
                observation("secondary", None, ObservationStatus::Missing),
            ],
            sign_offs: vec![SignOff {
                role: SignOffRole::Preparer,
                name: "填表人".into(),
                signed_at_ms: 0,
            }],
            evidence: vec![Evidence {
                name: "ledger.pdf".into(),
                sha256: Digest::of(b"pdf"),
            }],
            explanations: vec![Explanation {
                edit: EditId::new("SEC.PARTS").unwrap(),
                item: None,
                text: "excludes auxiliary activities".into(),
            }],
            software: "granary-core/test".into(),
        }
    }

    #[test]
    fn bytes_round_trip() {
        let snapshot = sample();
        assert_eq!(
            Snapshot::decode(&snapshot.encode().unwrap()).unwrap(),
            snapshot
        );
        let gdp = IndicatorCode::new("gdp").unwrap();
        assert_eq!(snapshot.value(&gdp, None).unwrap().to_string(), "500.20");
    }

    fn refused(change: fn(&mut Snapshot), field: &str) {
        let mut snapshot = sample();
        change(&mut snapshot);
        let error = snapshot.encode().unwrap_err();
        assert!(error.field.contains(field), "{error}");
    }

    #[test]
    fn what_breaks_the_format_is_not_signed() {
        refused(|s| s.revision = 0, "revision");
        refused(|s| s.observations.reverse(), "observations[1]");
        refused(
            |s| s.observations[1] = s.observations[0].clone(),
            "observations[1]",
        );
        refused(
            |s| s.observations[1].status = ObservationStatus::Normal,
            "observations[1]",
        );
        refused(
            |s| s.observations[0].status = ObservationStatus::CannotExist,
            "observations[0]",
        );
        refused(
            |s| s.observations[0].value = Decimal::new(10_i128.pow(18), 0),
            "observations[0]",
        );
        refused(|s| s.explanations[0].text.clear(), "explanations");
        refused(|s| s.software = "x".repeat(65), "software");
    }

    #[test]
    fn an_error_names_the_place() {
        let mut wire = SnapshotWire::decode(sample().encode().unwrap().as_slice()).unwrap();
        wire.observations[1].status = 99;
        let error = Snapshot::decode(&wire.encode_to_vec()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "observations[1].status: 99 is not a status"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Snapshot::decode(&bytes);
        }

        #[test]
        fn a_flipped_byte_never_panics(at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let mut bytes = sample().encode().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= with;
            if let Ok(snapshot) = Snapshot::decode(&bytes) {
                prop_assert!(snapshot.encode().is_ok());
            }
        }
    }
}

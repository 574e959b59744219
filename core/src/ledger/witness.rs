//! Whose cosignature it is: witness keys of units, enrolled by an act that the unit's own key signs.
//!
//! A unit's agent cosigns heads of the log with a key that it uses for nothing else. The act ties that key to the unit, in
//! the journal itself, so that an auditor knows whose word a cosignature is. The witness key signs too, over
//!
//! ```text
//! granary-witness-enrolment/v1
//! <origin of the log>
//! <unit>
//! ```
//!
//! so that nobody enrols a key that is not his. Cosignatures begin with another line and acts with other bytes, so that
//! none of the three can be taken for another. A witness's name is `<origin>/witness/<unit>`: it follows and is not stored.
//!
//! Journals from before hold no such act and fold as ever. A witness key is in force as long as any key of its unit is.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use prost::Message;

use crate::code::UnitCode;
use crate::log::{KeyName, WitnessKey};

use super::{
    LogIndex, Refusal, RefusalCode, Registry,
    act::{ActError, fixed, parsed},
    rows::{RowError, row},
};

/// The most witness keys of one unit, those of computers that are gone included.
pub const KEYS_OF_UNIT_MAX: usize = 64;

/// An enrolled witness key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledWitness {
    /// The unit whose word its cosignatures are.
    pub unit: UnitCode,
    /// The key, with its name.
    pub key: WitnessKey,
    /// The entry that enrolled it.
    pub enrolled_index: LogIndex,
}

/// The row of an enrolled witness key.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WitnessRow {
    /// The unit.
    #[prost(string, tag = "1")]
    pub unit: String,
    /// The log index of its enrolment.
    #[prost(uint64, tag = "2")]
    pub enrolled_index: u64,
}
row!(WitnessRow);

#[derive(Clone, PartialEq, Message)]
pub(super) struct WitnessWire {
    #[prost(string, tag = "1")]
    unit: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    possession: Vec<u8>,
}

impl WitnessWire {
    pub(super) fn of(unit: &UnitCode, public_key: [u8; 32], possession: [u8; 64]) -> Self {
        Self {
            unit: unit.to_string(),
            public_key: public_key.to_vec(),
            possession: possession.to_vec(),
        }
    }

    pub(super) fn decode(self) -> Result<(UnitCode, [u8; 32], [u8; 64]), ActError> {
        Ok((
            parsed(UnitCode::new(&self.unit))?,
            fixed("public_key", &self.public_key)?,
            fixed("possession", &self.possession)?,
        ))
    }
}

impl WitnessRow {
    /// The enrolled key of this row, whose key in the table ends with its public key.
    pub(super) fn enrolled(
        &self,
        origin: &str,
        public_key: &[u8],
    ) -> Result<EnrolledWitness, RowError> {
        let damaged = || RowError("a witness's key".into());
        let unit = UnitCode::new(&self.unit).map_err(|e| RowError(e.to_string()))?;
        let public_key = public_key.try_into().map_err(|_| damaged())?;
        let key = witness_key(origin, &unit, &public_key).ok_or_else(damaged)?;
        Ok(EnrolledWitness {
            unit,
            key,
            enrolled_index: LogIndex(self.enrolled_index),
        })
    }
}

/// What a unit's witness key is called; `None` where the origin cannot be part of a key's name.
#[must_use]
pub fn witness_name(origin: &str, unit: &UnitCode) -> Option<KeyName> {
    KeyName::new(&format!("{origin}/witness/{unit}")).ok()
}

/// Proves that whoever enrols a witness key holds it.
#[must_use]
pub fn prove_possession(origin: &str, unit: &UnitCode, key: &SigningKey) -> [u8; 64] {
    key.sign(possession_message(origin, unit).as_bytes())
        .to_bytes()
}

/// Whether a witness key may be enrolled. That the unit's own key signed the act was checked before.
pub(super) fn check(
    registry: &Registry,
    unit: &UnitCode,
    public_key: &[u8; 32],
    possession: &[u8; 64],
) -> Result<(), Refusal> {
    let origin = registry.genesis().map_or("", |row| row.origin.as_str());
    let Some(key) = witness_key(origin, unit, public_key) else {
        return Err(refuse(
            "见证公钥无效",
            "the witness's public key is not a sound Ed25519 key",
        ));
    };
    let message = possession_message(origin, unit);
    let signature = Signature::from_bytes(possession);
    let holds = key
        .public_key()
        .verify_strict(message.as_bytes(), &signature);
    if holds.is_err() {
        return Err(refuse(
            "见证密钥的持有证明不成立",
            "the witness key's proof of possession does not hold",
        ));
    }
    if registry.witness(public_key).is_some() {
        return Err(refuse(
            "该见证密钥已登记",
            "this witness key is enrolled already",
        ));
    }
    let of_unit = registry.witnesses().filter(|(_, w)| w.unit == *unit);
    if of_unit.count() >= KEYS_OF_UNIT_MAX {
        return Err(refuse(
            format!("单位 {unit} 已登记 {KEYS_OF_UNIT_MAX} 把见证密钥，不能再多"),
            format!("unit {unit} has {KEYS_OF_UNIT_MAX} witness keys, which is the most"),
        ));
    }
    Ok(())
}

fn witness_key(origin: &str, unit: &UnitCode, public_key: &[u8; 32]) -> Option<WitnessKey> {
    let key = VerifyingKey::from_bytes(public_key).ok()?;
    WitnessKey::new(witness_name(origin, unit)?, key).ok()
}

fn possession_message(origin: &str, unit: &UnitCode) -> String {
    format!("granary-witness-enrolment/v1\n{origin}\n{unit}\n")
}

fn refuse(zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Act, zh, en)
}

//! Enrolled witness keys.

use granary_core::ledger::EnrolledWitness;
use serde_json::{Value, json};

use crate::enrolled::Roll;

/// The keys that units have enrolled.
#[must_use]
pub fn witnesses(roll: &Roll) -> Value {
    json!({
        "log_key": roll.log_key.as_ref().map(ToString::to_string),
        "witnesses": keys(&roll.witnesses),
    })
}

pub(super) fn keys(witnesses: &[EnrolledWitness]) -> Vec<Value> {
    let one = |witness: &EnrolledWitness| {
        json!({
            "unit": witness.unit.to_string(),
            "key": witness.key.to_string(),
            "enrolled_index": witness.enrolled_index.0,
        })
    };
    witnesses.iter().map(one).collect()
}

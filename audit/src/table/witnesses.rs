//! The witness keys that units have enrolled.

use std::collections::BTreeSet;

use granary_core::{ledger::EnrolledWitness, text::Language};

use super::{Lay, draw};
use crate::{enrolled::Roll, words::Manner};

/// The keys, and whose word the list is.
#[must_use]
pub fn witnesses(manner: &Manner, roll: &Roll) -> String {
    let mut text = listed(manner, &roll.witnesses);
    text.push_str("\n\n");
    text.push_str(&counted(manner, &roll.witnesses));
    text.push('\n');
    text.push_str(match roll.log_key {
        Some(_) => manner.say(
            "取自核验过的日志：每次登记都由该单位的密钥和见证密钥共同签名\n",
            "From a journal that was checked: each enrolment is signed by a key of the unit and by the witness key\n",
        ),
        None => manner.say(
            "这是市级系统所说的；要自己证实，请加 --export\n",
            "This is what the city says; with --export it is proved\n",
        ),
    });
    text
}

/// A line for each key.
pub(super) fn listed(manner: &Manner, witnesses: &[EnrolledWitness]) -> String {
    let columns = [
        (manner.say("单位", "unit"), Lay::Words),
        (manner.say("登记于", "enrolled at"), Lay::Figures),
        (manner.say("见证密钥", "witness key"), Lay::Text),
    ];
    let row = |witness: &EnrolledWitness| {
        vec![
            witness.unit.to_string(),
            witness.enrolled_index.0.to_string(),
            witness.key.to_string(),
        ]
    };
    draw(&columns, witnesses.iter().map(row).collect(), manner.width)
}

/// How many keys of how many units.
pub(super) fn counted(manner: &Manner, witnesses: &[EnrolledWitness]) -> String {
    let units: BTreeSet<_> = witnesses.iter().map(|witness| &witness.unit).collect();
    let (keys, units) = (witnesses.len(), units.len());
    match manner.language {
        Language::Zh => format!("见证密钥 {keys} 个，属 {units} 个单位"),
        Language::En => format!("{keys} witness keys of {units} units"),
    }
}

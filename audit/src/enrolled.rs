//! The witness keys that units have enrolled, and a policy made of them.
//!
//! A policy counts units, not keys: a unit whose computers have several keys is a group of which any is enough. So nobody
//! gains weight by enrolling more keys, and a unit that gets a new computer does not change what the others count.

use std::collections::BTreeMap;

use granary_core::{
    code::UnitCode,
    ledger::EnrolledWitness,
    log::{Policy, VerifierKey},
    text::Bilingual,
};

/// Enrolled witness keys, by unit and then in the order of their enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// The log that a replayed journal is of; `None` where the list is the city's word.
    pub log_key: Option<VerifierKey>,
    /// The keys.
    pub witnesses: Vec<EnrolledWitness>,
}

/// A policy (c2sp.org/tlog-policy) that is satisfied where `quorum` of the units have cosigned.
///
/// # Errors
/// A message where nobody is enrolled or fewer than `quorum` are.
pub fn policy(roll: &Roll, quorum: usize) -> Result<String, Bilingual> {
    let mut units: BTreeMap<&UnitCode, Vec<&EnrolledWitness>> = BTreeMap::new();
    for witness in &roll.witnesses {
        units.entry(&witness.unit).or_default().push(witness);
    }
    let count = units.len();
    if quorum == 0 || quorum > count {
        return Err(Bilingual::new(
            format!("有登记见证密钥的单位 {count} 个，不能要求 {quorum} 个联署"),
            format!("{count} units have enrolled a witness key, so {quorum} cannot be asked for"),
        ));
    }
    let mut text = String::new();
    if let Some(log_key) = &roll.log_key {
        text.push_str(&format!("log {log_key}\n"));
    }
    for (unit, keys) in &units {
        if let [only] = keys.as_slice() {
            text.push_str(&format!("witness {unit} {}\n", only.key));
            continue;
        }
        let mut names = String::new();
        for witness in keys {
            // No unit's code holds a solidus, so no two names are the same.
            let name = format!("{unit}/{}", witness.enrolled_index.0);
            text.push_str(&format!("witness {name} {}\n", witness.key));
            names.push_str(&format!(" {name}"));
        }
        text.push_str(&format!("group {unit} any{names}\n"));
    }
    let members: String = units.keys().map(|unit| format!(" {unit}")).collect();
    text.push_str(&format!(
        "group units/all {quorum}{members}\nquorum units/all\n"
    ));
    // What is written must be what is read.
    Policy::parse(text.as_bytes()).map_err(|error| {
        let error = error.to_string();
        Bilingual::new(
            format!("这些密钥不能组成政策：{error}"),
            format!("these keys make no policy: {error}"),
        )
    })?;
    Ok(text)
}

#[cfg(test)]
mod tests;

//! Who must sign: the signatures that a dataset's snapshots need, by role of the key.
//!
//! ```toml
//! [[dataset]]
//! signatures = { agent = 1, head = 1 }   # optional; { agent = 1 } where it is absent
//! ```
//! The roles are `agent`, `head` (of statistics) and `unit-head`; each number counts distinct keys of the reporting unit.

use std::collections::BTreeMap;

use crate::envelope::{KeyRole, SIGNATURES_MAX};

use super::{
    entry::{Entry, Field},
    fault::say,
};

/// How many keys of each role must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningPolicy {
    /// Only roles of which at least one is needed.
    required: BTreeMap<KeyRole, usize>,
}

impl Default for SigningPolicy {
    fn default() -> Self {
        Self {
            required: BTreeMap::from([(KeyRole::Agent, 1)]),
        }
    }
}

impl SigningPolicy {
    /// How many keys of each role must sign, in the order of the roles; roles that need not sign are left out.
    pub fn required(&self) -> impl Iterator<Item = (KeyRole, usize)> {
        self.required.iter().map(|(role, count)| (*role, *count))
    }

    /// How many of each role still have to sign, beside keys of the roles in `signers`, one for each key. Empty where all have.
    #[must_use]
    pub fn missing(&self, signers: &[KeyRole]) -> Vec<(KeyRole, usize)> {
        let still = |(role, count): (KeyRole, usize)| {
            let signed = signers.iter().filter(|signer| **signer == role).count();
            let count = count.saturating_sub(signed);
            (count > 0).then_some((role, count))
        };
        self.required().filter_map(still).collect()
    }
}

/// Reads a dataset's policy; the default where there is none or it is faulty, so that its other faults are told too.
pub(super) fn read(entry: &Entry<'_>) -> SigningPolicy {
    entry
        .field("signatures")
        .and_then(|field| read_table(&field))
        .unwrap_or_default()
}

fn read_table(field: &Field<'_>) -> Option<SigningPolicy> {
    let table = field.table()?;
    table.allow(&KeyRole::ALL.map(KeyRole::word));
    let most = i64::try_from(SIGNATURES_MAX).unwrap_or(i64::MAX);
    let mut required = BTreeMap::new();
    for role in KeyRole::ALL {
        let count = table
            .field(role.word())
            .and_then(|count| count.integer(1..=most));
        if let Some(count) = count.and_then(|count| usize::try_from(count).ok()) {
            required.insert(role, count);
        }
    }
    let total: usize = required.values().sum();
    if !(1..=SIGNATURES_MAX).contains(&total) {
        field.fault(
            say!(
                "signatures 共要求 {total} 个签名",
                "signatures asks for {total} signatures in all"
            ),
            say!(
                "共 1 至 {SIGNATURES_MAX} 个，例如 {{ agent = 1, head = 1 }}",
                "ask for 1 to {SIGNATURES_MAX}, for instance {{ agent = 1, head = 1 }}"
            ),
        );
        return None;
    }
    Some(SigningPolicy { required })
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyRole::{Agent, StatisticsHead, UnitHead};

    #[test]
    fn what_is_missing_counts_each_role_apart() {
        let policy = SigningPolicy {
            required: BTreeMap::from([(Agent, 1), (StatisticsHead, 2)]),
        };
        let check = |signers: &[KeyRole], missing: &[(KeyRole, usize)]| {
            assert_eq!(policy.missing(signers), missing, "{signers:?}");
        };
        check(&[], &[(Agent, 1), (StatisticsHead, 2)]);
        check(&[Agent], &[(StatisticsHead, 2)]);
        check(&[Agent, Agent, UnitHead], &[(StatisticsHead, 2)]);
        check(&[StatisticsHead, Agent], &[(StatisticsHead, 1)]);
        check(&[StatisticsHead, Agent, StatisticsHead], &[]);
        assert_eq!(SigningPolicy::default().missing(&[Agent]), []);
        assert_eq!(SigningPolicy::default().missing(&[UnitHead]), [(Agent, 1)]);
    }
}

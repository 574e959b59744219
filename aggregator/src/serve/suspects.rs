//! Which figures are most likely wrong behind the findings of a page, for whoever asks.
//!
//! Invariant: it answers within [`BUDGET`], and says nothing of the findings that are left then; a listing is worth more than
//! its last suspicion.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use granary_core::{
    code::ItemKey,
    ledger::{LogIndex, Registry, Suspicion, suspect},
};
use granary_proto::v1;

use super::{City, failure::Failure, history};

/// How long one page may be thought about.
const BUDGET: Duration = Duration::from_secs(2);

/// Adds the suspicion to every finding of a page that has not been put right.
pub(super) fn tell(
    city: &City,
    registry: &Registry,
    findings: &mut [v1::Finding],
) -> Result<(), Failure> {
    let found = of(city, registry, findings)?;
    for (finding, found) in findings.iter_mut().zip(found) {
        if let Some(Suspicion { words, .. }) = found {
            finding.suspicion_zh = words.zh;
            finding.suspicion_en = words.en;
        }
    }
    Ok(())
}

/// For each finding what is suspected behind it; nothing of one that has been put right.
pub(super) fn of(
    city: &City,
    registry: &Registry,
    findings: &[v1::Finding],
) -> Result<Vec<Option<Suspicion>>, Failure> {
    let mut all = vec![None; findings.len()];
    let Some(catalogue) = registry.catalogue() else {
        return Ok(all);
    };
    let until = Instant::now() + BUDGET;
    let mut known: BTreeMap<(u64, Option<String>), Vec<Suspicion>> = BTreeMap::new();
    for (finding, told) in findings.iter().zip(&mut all) {
        let Some(failure) = &finding.failure else {
            continue;
        };
        if finding.status() == v1::FindingStatus::Corrected || Instant::now() > until {
            continue;
        }
        let key = (finding.snapshot_index, failure.item.clone());
        if !known.contains_key(&key) {
            let snapshot = history::snapshot(city, LogIndex(finding.snapshot_index))?;
            let item = failure.item.as_deref().map(ItemKey::new).transpose();
            let item = item.map_err(Failure::internal)?;
            known.insert(key.clone(), suspect(catalogue, &snapshot, item.as_ref()));
        }
        let concerns = |s: &&Suspicion| s.edits.iter().any(|edit| edit.as_str() == failure.edit);
        *told = known
            .get(&key)
            .and_then(|all| all.iter().find(concerns))
            .cloned();
    }
    Ok(all)
}

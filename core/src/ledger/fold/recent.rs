//! Decoded snapshots that were looked at not long ago.
//!
//! A parent is looked at again with each of its children, a period with the next one. What an entry holds never changes, so
//! keeping it decoded cannot change what the fold does, only how often it reads and decodes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use crate::{ledger::LogIndex, snapshot::Snapshot};

/// The most observations that are kept, of all snapshots together; some 20 MB.
const OBSERVATIONS_MAX: usize = 200_000;

/// Snapshots by their log index; the ones that came first go first.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    snapshots: BTreeMap<LogIndex, Arc<Snapshot>>,
    order: VecDeque<LogIndex>,
    observations: usize,
}

impl Recent {
    pub(super) fn get(&self, index: LogIndex) -> Option<Arc<Snapshot>> {
        self.snapshots.get(&index).cloned()
    }

    pub(super) fn put(&mut self, index: LogIndex, snapshot: Arc<Snapshot>) {
        if self.snapshots.contains_key(&index) {
            return;
        }
        self.observations += weight(&snapshot);
        self.snapshots.insert(index, snapshot);
        self.order.push_back(index);
        while self.observations > OBSERVATIONS_MAX {
            let Some(first) = self.order.pop_front() else {
                return;
            };
            if let Some(gone) = self.snapshots.remove(&first) {
                self.observations -= weight(&gone);
            }
        }
    }
}

/// An empty snapshot has a weight too, so that their number is bounded.
const fn weight(snapshot: &Snapshot) -> usize {
    snapshot.observations.len() + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        code::{DatasetCode, IndicatorCode, UnitCode},
        digest::Digest,
        period::Period,
        snapshot::{Observation, ObservationStatus, SlotKey},
    };

    fn snapshot(observations: usize) -> Arc<Snapshot> {
        let observation = Observation {
            indicator: IndicatorCode::new("gdp").unwrap(),
            item: None,
            value: None,
            status: ObservationStatus::Missing,
        };
        Arc::new(Snapshot {
            slot: SlotKey::new(
                UnitCode::new("520100").unwrap(),
                DatasetCode::new("accounts").unwrap(),
                Period::parse("2021-Q1").unwrap(),
            ),
            revision: 1,
            prepared_at_ms: 0,
            catalogue_version: Digest::of(b""),
            observations: vec![observation; observations],
            sign_offs: Vec::new(),
            evidence: Vec::new(),
            explanations: Vec::new(),
            software: String::new(),
        })
    }

    #[test]
    fn what_came_first_goes_first_and_the_weight_is_bounded() {
        let mut recent = Recent::default();
        let half = snapshot(OBSERVATIONS_MAX / 2 - 1);
        for index in [0, 1, 1, 2, 3] {
            recent.put(LogIndex(index), Arc::clone(&half));
        }
        let kept = [0, 1, 2, 3].map(|index| recent.get(LogIndex(index)).is_some());
        assert_eq!(kept, [false, false, true, true]);
        assert_eq!(recent.observations, OBSERVATIONS_MAX);
        recent.put(LogIndex(9), snapshot(OBSERVATIONS_MAX));
        assert!(recent.snapshots.is_empty() && recent.order.is_empty());
    }
}

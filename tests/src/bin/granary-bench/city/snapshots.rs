//! Signed snapshots, each for another slot or revision, made before any clock starts.
//!
//! The figures satisfy every edit of the synthetic catalogue, and a parent's are the sums of its children's. One snapshot of
//! ten revises another that came [`REVISED_AFTER`] earlier; only its last indicator differs.

use std::{sync::Arc, thread};

use granary_core::{
    catalogue::Bundle,
    code::{DatasetCode, IndicatorCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{SecretKey, Signature},
    period::Period,
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use granary_proto::v1;

use super::catalogue::{Shape, SyntheticUnit};
use crate::context::Outcome;

/// How many snapshots lie between a statement and its revision. It ends in 1, so that what is revised, whose number ends
/// in 8, is itself no revision, whose number ends in 9.
const REVISED_AFTER: usize = 5_001;
/// Threads that sign.
const THREADS: usize = 2;

/// A unit and the key that signs its figures.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    pub(crate) unit: SyntheticUnit,
    pub(crate) key: SecretKey,
}

/// Makes snapshots, never the same one twice.
pub(crate) struct Press {
    plan: Arc<Plan>,
    next: usize,
}

struct Plan {
    reporters: Vec<Reporter>,
    datasets: Vec<(DatasetCode, Vec<IndicatorCode>)>,
    periods: Vec<Period>,
    version: Digest,
}

impl Press {
    pub(crate) fn new(shape: &Shape, bundle: &Bundle, reporters: Vec<Reporter>) -> Outcome<Self> {
        let codes = shape.dataset_codes()?.into_iter().enumerate();
        let datasets = codes.map(|(at, code)| Ok((code, shape.indicator_codes(at)?)));
        let plan = Plan {
            reporters,
            datasets: datasets.collect::<Outcome<_>>()?,
            periods: shape.period_list()?,
            version: bundle.version(),
        };
        Ok(Self {
            plan: Arc::new(plan),
            next: 0,
        })
    }

    /// The next `count` snapshots, signed.
    pub(crate) fn print(&mut self, count: usize) -> Outcome<Vec<v1::Envelope>> {
        let first = self.next;
        self.next += count;
        let share = count.div_ceil(THREADS);
        let signers = (0..THREADS).map(|thread| {
            let plan = Arc::clone(&self.plan);
            let range =
                first + (thread * share).min(count)..first + ((thread + 1) * share).min(count);
            thread::spawn(move || {
                range
                    .map(|number| plan.signed(number))
                    .collect::<Outcome<Vec<_>>>()
            })
        });
        let signers: Vec<_> = signers.collect();
        let mut printed = Vec::with_capacity(count);
        for signer in signers {
            printed.extend(
                signer
                    .join()
                    .map_err(|_| "a signing thread ended unexpectedly")??,
            );
        }
        Ok(printed)
    }
}

impl Plan {
    /// Units follow one another fastest, then datasets, then periods, as when a period's figures come in.
    fn signed(&self, number: usize) -> Outcome<v1::Envelope> {
        let (number, revision) = match number.checked_sub(REVISED_AFTER) {
            Some(revised) if number % 10 == 9 => (revised, 2),
            Some(_) | None => (number, 1),
        };
        let (number, unit) = (number / self.reporters.len(), number % self.reporters.len());
        let (number, dataset) = (number / self.datasets.len(), number % self.datasets.len());
        let (round, period) = (number / self.periods.len(), number % self.periods.len());
        // Where the slots run out, they are all stated again.
        let snapshot =
            self.snapshot(unit, dataset, period, u32::try_from(2 * round + revision)?)?;
        let payload = snapshot.encode()?;
        let key = &self.reporters[unit].key;
        let signature = key.sign(snapshot::PAYLOAD_TYPE, &payload)?;
        Ok(wire(payload, &signature))
    }

    fn snapshot(
        &self,
        unit: usize,
        dataset: usize,
        period: usize,
        revision: u32,
    ) -> Outcome<Snapshot> {
        let reporter = &self.reporters[unit];
        let (code, indicators) = &self.datasets[dataset];
        let scale = (10_000 + 7 * i64::try_from(period)?) * i64::from(reporter.unit.weight);
        let last = indicators.len();
        let observations = indicators.iter().zip(1..).map(|(indicator, number)| {
            let cents = if number == last {
                scale + i64::from(revision)
            } else {
                scale * parts(number)
            };
            Observation {
                indicator: indicator.clone(),
                item: None,
                value: Decimal::new(cents.into(), 2),
                status: ObservationStatus::Normal,
            }
        });
        Ok(Snapshot {
            slot: SlotKey::new(
                reporter.unit.code.clone(),
                code.clone(),
                self.periods[period],
            ),
            revision,
            prepared_at_ms: 1_700_000_000_000 + i64::from(revision),
            catalogue_version: self.version,
            observations: observations.collect(),
            sign_offs: Vec::new(),
            evidence: Vec::new(),
            explanations: Vec::new(),
            software: "granary-bench".to_owned(),
        })
    }
}

/// How many times the unit figure an indicator is: the totals of the three balances are the sums of their parts.
const fn parts(number: usize) -> i64 {
    match number {
        1 => 3,
        5 => 4,
        10 => 5,
        _ => 1,
    }
}

fn wire(payload: Vec<u8>, signature: &Signature) -> v1::Envelope {
    v1::Envelope {
        payload_type: snapshot::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures: vec![v1::Signature {
            key_id: signature.key_id.as_bytes().to_vec(),
            signature: signature.bytes.clone(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use std::collections::BTreeSet;

    use granary_core::{catalogue::Catalogue, ledger::assess};

    use super::*;

    #[test]
    fn every_snapshot_is_another_and_none_fails_an_edit() {
        let shape = Shape {
            districts: 1,
            counties: 2,
            datasets: 2,
            indicators: 30,
            periods: 120,
            edits: true,
        };
        let bundle = shape.bundle().unwrap();
        let catalogue = Catalogue::parse(&bundle).unwrap();
        let units = shape.units().unwrap().into_iter().zip(1..);
        let reporters = units.map(|(unit, seed)| Reporter {
            unit,
            key: SigningKey::from_bytes(&[seed; 32]).into(),
        });
        let mut press = Press::new(&shape, &bundle, reporters.collect()).unwrap();
        let mut seen = BTreeSet::new();
        for envelope in press
            .print(REVISED_AFTER)
            .unwrap()
            .into_iter()
            .chain(press.print(100).unwrap())
        {
            let snapshot = Snapshot::decode(&envelope.payload).unwrap();
            let assessment = assess(&catalogue, &snapshot);
            assert!(assessment.failures.is_empty(), "{:?}", assessment.failures);
            assert!(seen.insert((snapshot.slot, snapshot.revision)));
        }
        let revisions = seen.iter().filter(|(_, revision)| revision % 2 == 0);
        assert_eq!(revisions.clone().count(), 10, "one of ten");
        for (slot, revision) in revisions {
            assert!(
                seen.contains(&(slot.clone(), revision - 1)),
                "{slot} was stated before it was revised"
            );
        }
    }
}

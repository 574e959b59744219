//! What a unit states: signed payloads, and what has to come of each, told without the fold.

use std::sync::Arc;

use granary_core::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::SecretKey,
    period::{Period, Periodicity},
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use granary_proto::v1;

use crate::dice::Dice;

/// The dataset of the catalogue.
pub(crate) const DATASET: &str = "output";
/// The first year of the dataset, and how many months there are from its beginning.
const YEAR: i16 = 2001;
const MONTHS: u64 = 240;

/// One signed statement.
pub(crate) struct Statement {
    pub(crate) slot: SlotKey,
    pub(crate) payload_sha256: Digest,
    pub(crate) envelope: v1::Envelope,
    /// Whether the validity edit holds.
    pub(crate) is_valid: bool,
    /// Of two valid statements of a slot the one that ranks higher counts, whichever comes first.
    pub(crate) rank: (u32, i64),
}

/// Makes one unit's statements. No two of them are alike.
pub(crate) struct Author {
    unit: UnitCode,
    key: SecretKey,
    catalogue_version: Digest,
    dice: Dice,
    made: i64,
}

impl Author {
    pub(crate) fn new(
        unit: UnitCode,
        key: SecretKey,
        catalogue_version: Digest,
        dice: Dice,
    ) -> Self {
        Self {
            unit,
            key,
            catalogue_version,
            dice,
            made: 0,
        }
    }

    /// A statement of a random month with a random revision number, so that lower revisions come after higher ones.
    pub(crate) fn state(&mut self) -> Arc<Statement> {
        self.made += 1;
        let slot = SlotKey::new(
            self.unit.clone(),
            DatasetCode::new(DATASET).unwrap(),
            month(self.dice.below(MONTHS)),
        );
        let revision = 1 + u32::try_from(self.dice.below(30)).unwrap();
        let is_valid = !self.dice.once_in(6);
        let (farms, works) = (i64::try_from(self.dice.below(100)).unwrap(), self.made);
        let total = farms + works + i64::from(!is_valid);
        let snapshot = Snapshot {
            slot: slot.clone(),
            revision,
            prepared_at_ms: self.made,
            catalogue_version: self.catalogue_version,
            observations: [("farms", farms), ("total", total), ("works", works)]
                .map(figure)
                .into(),
            sign_offs: Vec::new(),
            evidence: Vec::new(),
            explanations: Vec::new(),
            software: "crash-tests".into(),
        };
        let payload = snapshot.encode().unwrap();
        Arc::new(Statement {
            slot,
            payload_sha256: Digest::of(&payload),
            envelope: self.sign(payload),
            is_valid,
            rank: (revision, self.made),
        })
    }

    fn sign(&self, payload: Vec<u8>) -> v1::Envelope {
        let signature = self.key.sign(snapshot::PAYLOAD_TYPE, &payload).unwrap();
        v1::Envelope {
            payload_type: snapshot::PAYLOAD_TYPE.to_owned(),
            payload: payload.into(),
            signatures: vec![v1::Signature {
                key_id: signature.key_id.as_bytes().to_vec(),
                signature: signature.bytes,
            }],
        }
    }
}

/// A month of the dataset, from 0.
pub(crate) fn month(number: u64) -> Period {
    let number = i32::try_from(number % MONTHS).unwrap();
    Period::new(Periodicity::Month, YEAR, 1)
        .unwrap()
        .plus(number)
        .unwrap()
}

fn figure((indicator, value): (&str, i64)) -> Observation {
    Observation {
        indicator: IndicatorCode::new(indicator).unwrap(),
        item: None,
        value: Some(Decimal::integer(value)),
        status: ObservationStatus::Normal,
    }
}

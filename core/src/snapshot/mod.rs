//! The snapshot (报送): one unit's complete statement of one dataset for one period, made at one time.
//!
//! Invariants of a [`Snapshot`]: the observations are sorted by indicator and item, with no pair twice; a status that
//! says "no value" has none and every other status has one; every text, list and number is within its limit. The bytes
//! that are signed are `granary.v1.Snapshot` (protobuf); [`Snapshot::decode`] checks them, [`Snapshot::encode`] makes
//! them, and nobody ever decodes and encodes again to verify.

mod status;
mod wire;

use std::fmt;

pub use status::ObservationStatus;

use crate::{
    code::{DatasetCode, EditId, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    digest::Digest,
    period::Period,
};

/// The payload type of a snapshot in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.granary.snapshot.v1+protobuf";
/// The largest encoded snapshot, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most observations in one snapshot.
pub const OBSERVATIONS_MAX: usize = 100_000;
/// The most sign-offs.
pub const SIGN_OFFS_MAX: usize = 8;
/// The most evidence references, and the most explanations.
pub const REFERENCES_MAX: usize = 1_000;
/// The longest explanation, in bytes.
pub const EXPLANATION_BYTES_MAX: usize = 2_000;

/// A (unit, dataset, period) that may be owed: the slot (应报).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotKey {
    /// The dataset; first, so that slots sort by dataset, period, unit.
    pub dataset: DatasetCode,
    /// The reference period.
    pub period: Period,
    /// The reporting unit.
    pub unit: UnitCode,
}

/// One unit's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Who states what for when.
    pub slot: SlotKey,
    /// 1 for the first statement of the slot, one more for each revision (修订).
    pub revision: u32,
    /// When the preparer finished it, by the preparer's clock. Never used for lateness.
    pub prepared_at_ms: i64,
    /// The catalogue version that the preflight used.
    pub catalogue_version: Digest,
    /// The figures, sorted by (indicator, item).
    pub observations: Vec<Observation>,
    /// Who answers for them.
    pub sign_offs: Vec<SignOff>,
    /// Files that the unit keeps as evidence.
    pub evidence: Vec<Evidence>,
    /// Why unusual figures are as they are.
    pub explanations: Vec<Explanation>,
    /// The program that made it.
    pub software: String,
}

/// One value or its stated absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What was measured.
    pub indicator: IndicatorCode,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// The value, absent exactly where the status says so.
    pub value: Option<Decimal>,
    /// The SDMX observation status.
    pub status: ObservationStatus,
}

/// A person who answers for the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOff {
    /// In which capacity.
    pub role: SignOffRole,
    /// The name, as it stands on the form.
    pub name: String,
    /// When; 0 where the form has no time.
    pub signed_at_ms: i64,
}

/// The capacity in which somebody signs off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignOffRole {
    /// The preparer (填表人).
    Preparer,
    /// The statistics head (统计负责人).
    StatisticsHead,
    /// The head of the unit (单位负责人).
    UnitHead,
}

/// A file that the unit keeps and can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The file's name.
    pub name: String,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// Why a figure that fails a quality edit is right all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The edit.
    pub edit: EditId,
    /// The item that it is about; absent for the whole record.
    pub item: Option<ItemKey>,
    /// The unit's words.
    pub text: String,
}

/// Why bytes are not a snapshot: the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct SnapshotError {
    /// The field's path, for instance `observations[3].value`.
    pub field: String,
    /// What is wrong with it.
    pub fault: String,
}

impl Snapshot {
    /// Reads and checks the bytes of a payload.
    ///
    /// # Errors
    /// [`SnapshotError`] names the first field that breaks the format.
    pub fn decode(payload: &[u8]) -> Result<Self, SnapshotError> {
        wire::decode(payload)
    }

    /// Writes the bytes that are signed.
    ///
    /// # Errors
    /// [`SnapshotError`] where the snapshot breaks a limit, so that nothing is signed that nobody would take.
    pub fn encode(&self) -> Result<Vec<u8>, SnapshotError> {
        wire::encode(self)
    }

    /// The observation of `indicator` (and `item`), by binary search.
    #[must_use]
    pub fn observation(
        &self,
        indicator: &IndicatorCode,
        item: Option<&ItemKey>,
    ) -> Option<&Observation> {
        let key = (indicator, item);
        let found = self
            .observations
            .binary_search_by(|o| o.key().cmp(&key))
            .ok()?;
        self.observations.get(found)
    }

    /// The value of `indicator` (and `item`), where it is stated and present.
    #[must_use]
    pub fn value(&self, indicator: &IndicatorCode, item: Option<&ItemKey>) -> Option<Decimal> {
        self.observation(indicator, item)?.value
    }

    /// The items that occur, each once, in order; empty in a dataset without items.
    #[must_use]
    pub fn items(&self) -> Vec<&ItemKey> {
        let mut items: Vec<_> = self
            .observations
            .iter()
            .filter_map(|o| o.item.as_ref())
            .collect();
        items.sort_unstable();
        items.dedup();
        items
    }

    /// The explanation for an edit (and item), if the snapshot carries one.
    #[must_use]
    pub fn explanation(&self, edit: &EditId, item: Option<&ItemKey>) -> Option<&str> {
        let found = self
            .explanations
            .iter()
            .find(|e| &e.edit == edit && e.item.as_ref() == item)?;
        Some(&found.text)
    }
}

impl Observation {
    /// What an observation is sorted by.
    #[must_use]
    pub fn key(&self) -> (&IndicatorCode, Option<&ItemKey>) {
        (&self.indicator, self.item.as_ref())
    }
}

impl SlotKey {
    /// Names a slot.
    #[must_use]
    pub const fn new(unit: UnitCode, dataset: DatasetCode, period: Period) -> Self {
        Self {
            dataset,
            period,
            unit,
        }
    }
}

impl fmt::Display for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.unit, self.dataset, self.period)
    }
}

impl fmt::Debug for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

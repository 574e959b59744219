//! The rows of derived state, as protobuf messages.
//!
//! The fold writes them and the serving side reads them; nothing else does, and all of them can be dropped and rebuilt
//! from the journal. They hold no clock reading that is not an entry's receive time.

use prost::Message;

use crate::{
    code::{EditId, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    digest::Digest,
    edits::EditKind,
    envelope::{KeyId, KeyRole, PublicKey, Suite},
    text::Bilingual,
};

use super::{
    Failure,
    assess::Figures,
    facts::{FactsRow, LifeRow, RevisionSumsRow},
};

/// Why a row cannot be read: the derived state is damaged and has to be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a derived row is damaged ({0}): rebuild the derived state from the journal")]
pub struct RowError(pub(super) String);

macro_rules! row {
    ($name:ident) => {
        impl $name {
            /// Reads a row's value.
            ///
            /// # Errors
            /// [`RowError`](crate::ledger::rows::RowError) where the bytes are no such row.
            pub fn decode_row(bytes: &[u8]) -> Result<Self, $crate::ledger::rows::RowError> {
                <Self as prost::Message>::decode(bytes).map_err(|e| {
                    $crate::ledger::rows::RowError(format!("{}: {e}", stringify!($name)))
                })
            }
        }
    };
}

pub(super) use row;

/// The log and its keys.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GenesisRow {
    /// The origin line of checkpoints.
    #[prost(string, tag = "1")]
    pub origin: String,
    /// The Ed25519 key that signs checkpoints; 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub log_public_key: Vec<u8>,
    /// The operator key's suite number.
    #[prost(int32, tag = "3")]
    pub operator_suite: i32,
    /// The operator's public key.
    #[prost(bytes = "vec", tag = "4")]
    pub operator_public_key: Vec<u8>,
}
row!(GenesisRow);

/// The catalogue in force.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct CatalogueRow {
    /// The log index of the act that published it.
    #[prost(uint64, tag = "1")]
    pub published_index: u64,
}
row!(CatalogueRow);

/// An enrolled key.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeyRow {
    /// The unit whose figures it may sign.
    #[prost(string, tag = "1")]
    pub unit: String,
    /// Its suite number.
    #[prost(int32, tag = "2")]
    pub suite: i32,
    /// The public key.
    #[prost(bytes = "vec", tag = "3")]
    pub public_key: Vec<u8>,
    /// A label for people.
    #[prost(string, tag = "4")]
    pub label: String,
    /// The log index of its enrolment.
    #[prost(uint64, tag = "5")]
    pub enrolled_index: u64,
    /// The log index of its revocation, or of the rotation that ended it.
    #[prost(uint64, optional, tag = "6")]
    pub revoked_index: Option<u64>,
    /// [`KeyRole::number`] of its role.
    #[prost(int32, tag = "7")]
    pub role: i32,
    /// The key id of the key that it was rotated to; empty where there is none.
    #[prost(bytes = "vec", tag = "8")]
    pub successor: Vec<u8>,
}
row!(KeyRow);

/// An enrolment token.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TokenRow {
    /// The unit that it was issued for.
    #[prost(string, tag = "1")]
    pub unit: String,
    /// Until when it may be used.
    #[prost(int64, tag = "2")]
    pub expires_at_ms: i64,
    /// The log index of the enrolment that used it.
    #[prost(uint64, optional, tag = "3")]
    pub used_index: Option<u64>,
    /// [`KeyRole::number`] of the role that it enrols a key for.
    #[prost(int32, tag = "4")]
    pub role: i32,
}
row!(TokenRow);

/// A slot's life. First received, first accepted and last revised are kept apart, so that a later correction never erases
/// an earlier delay and a revision of a timely report does not make it late.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SlotRow {
    /// When the first snapshot was received.
    #[prost(int64, optional, tag = "1")]
    pub first_received_at_ms: Option<i64>,
    /// When the first snapshot that was accepted was received.
    #[prost(int64, optional, tag = "2")]
    pub first_accepted_at_ms: Option<i64>,
    /// The current value's snapshot.
    #[prost(message, optional, tag = "3")]
    pub current: Option<CurrentRow>,
    /// How many snapshots were received.
    #[prost(uint32, tag = "4")]
    pub received_count: u32,
    /// How many of them were returned.
    #[prost(uint32, tag = "5")]
    pub returned_count: u32,
    /// Extensions, in the order of the log.
    #[prost(message, repeated, tag = "6")]
    pub extensions: Vec<ExtensionRow>,
    /// When the slot was exempted.
    #[prost(int64, optional, tag = "7")]
    pub exempted_at_ms: Option<i64>,
    /// The log index of the first snapshot that was accepted.
    #[prost(uint64, optional, tag = "8")]
    pub first_accepted_index: Option<u64>,
    /// When the report arrived, by imported history: before the system, and not through it.
    #[prost(int64, optional, tag = "9")]
    pub imported_at_ms: Option<i64>,
    /// When the act that imported it was received.
    #[prost(int64, optional, tag = "10")]
    pub import_received_at_ms: Option<i64>,
    /// The log index of that act, which names the source.
    #[prost(uint64, optional, tag = "11")]
    pub import_index: Option<u64>,
}
row!(SlotRow);

/// The snapshot that is a slot's current value.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CurrentRow {
    /// Its log index.
    #[prost(uint64, tag = "1")]
    pub index: u64,
    /// When it was received.
    #[prost(int64, tag = "2")]
    pub received_at_ms: i64,
    /// Its revision number.
    #[prost(uint32, tag = "3")]
    pub revision: u32,
    /// When it was prepared.
    #[prost(int64, tag = "4")]
    pub prepared_at_ms: i64,
    /// Its payload's digest.
    #[prost(bytes = "vec", tag = "5")]
    pub payload_sha256: Vec<u8>,
    /// What can be told of its figures at a glance.
    #[prost(message, required, tag = "6")]
    pub facts: FactsRow,
}

/// One extension of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct ExtensionRow {
    /// When the act was received.
    #[prost(int64, tag = "1")]
    pub received_at_ms: i64,
    /// The new due instant.
    #[prost(int64, tag = "2")]
    pub due_at_ms: i64,
}
row!(ExtensionRow);

/// A sample that was announced. What was announced and drawn is in the acts' payloads.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct SampleRow {
    /// The log index of the act that states its draw.
    #[prost(uint64, optional, tag = "1")]
    pub drawn_index: Option<u64>,
}
row!(SampleRow);

/// A visit to an element of a sample. What was found is in the act's payload.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct VisitRow {
    /// When the act was received.
    #[prost(int64, tag = "1")]
    pub received_at_ms: i64,
}
row!(VisitRow);

/// What one snapshot came to.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VintageRow {
    /// When it was received.
    #[prost(int64, tag = "1")]
    pub received_at_ms: i64,
    /// Its revision number.
    #[prost(uint32, tag = "2")]
    pub revision: u32,
    /// Its payload's digest.
    #[prost(bytes = "vec", tag = "3")]
    pub payload_sha256: Vec<u8>,
    /// [`super::Outcome::number`].
    #[prost(int32, tag = "4")]
    pub outcome: i32,
    /// The catalogue version that it was assessed under.
    #[prost(bytes = "vec", tag = "5")]
    pub catalogue_version: Vec<u8>,
    /// The edits that were false.
    #[prost(message, repeated, tag = "6")]
    pub failures: Vec<FailureRow>,
    /// The key that signed it.
    #[prost(bytes = "vec", tag = "7")]
    pub key_id: Vec<u8>,
    /// What can be told of its figures at a glance.
    #[prost(message, required, tag = "8")]
    pub facts: FactsRow,
    /// Sums over its figures against those first accepted; absent in the first and where it did not become current.
    #[prost(message, optional, tag = "9")]
    pub revisions: Option<RevisionSumsRow>,
}
row!(VintageRow);

/// One edit that was false.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FailureRow {
    /// The edit.
    #[prost(string, tag = "1")]
    pub edit: String,
    /// Whether it is a validity edit.
    #[prost(bool, tag = "2")]
    pub validity: bool,
    /// The item.
    #[prost(string, optional, tag = "3")]
    pub item: Option<String>,
    /// The left side.
    #[prost(message, optional, tag = "4")]
    pub left: Option<ExactRow>,
    /// The right side.
    #[prost(message, optional, tag = "5")]
    pub right: Option<ExactRow>,
    /// Left minus right.
    #[prost(message, optional, tag = "6")]
    pub imbalance: Option<ExactRow>,
    /// The message in Chinese.
    #[prost(string, tag = "7")]
    pub message_zh: String,
    /// The message in English.
    #[prost(string, tag = "8")]
    pub message_en: String,
    /// The unit's explanation.
    #[prost(string, optional, tag = "9")]
    pub explanation: Option<String>,
    /// What it was decided on ([`Failure::basis`]).
    #[prost(bytes = "vec", tag = "10")]
    pub basis: Vec<u8>,
}
row!(FailureRow);

/// An exact number of any length that arithmetic can reach.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ExactRow {
    /// The mantissa, 16 bytes big-endian two's complement.
    #[prost(bytes = "vec", tag = "1")]
    mantissa: Vec<u8>,
    /// The scale.
    #[prost(uint32, tag = "2")]
    scale: u32,
}

/// A false verdict on a slot's snapshot.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FindingRow {
    /// The edit with its figures.
    #[prost(message, required, tag = "1")]
    pub failure: FailureRow,
    /// [`super::FindingStatus::number`].
    #[prost(int32, tag = "2")]
    pub status: i32,
    /// The snapshot that it is about.
    #[prost(uint64, tag = "3")]
    pub snapshot_index: u64,
    /// The entry that opened it.
    #[prost(uint64, tag = "4")]
    pub opened_index: u64,
    /// The entry that changed it last.
    #[prost(uint64, tag = "5")]
    pub changed_index: u64,
    /// The catalogue version that the edit came from.
    #[prost(bytes = "vec", tag = "6")]
    pub catalogue_version: Vec<u8>,
    /// Why operations accepted or rejected the explanation.
    #[prost(string, tag = "7")]
    pub decision_reason: String,
    /// Each change of its status, in the order of the log; the last is the status.
    #[prost(message, repeated, tag = "8")]
    pub life: Vec<LifeRow>,
}
row!(FindingRow);

/// The sums of a parent's children for one dataset and period.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RollupRow {
    /// One sum for each roll-up indicator that a child has stated, sorted by indicator.
    #[prost(message, repeated, tag = "1")]
    pub sums: Vec<SumRow>,
}
row!(RollupRow);

/// The sum of one indicator over children.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SumRow {
    /// The indicator.
    #[prost(string, tag = "1")]
    pub indicator: String,
    /// The sum of the known values.
    #[prost(message, required, tag = "2")]
    pub sum: ExactRow,
    /// The sum of half units of their last digits.
    #[prost(message, required, tag = "3")]
    pub rounding: ExactRow,
    /// How many children have a value.
    #[prost(uint32, tag = "4")]
    pub known: u32,
}

impl KeyRow {
    /// The public key as a checked value.
    ///
    /// # Errors
    /// [`RowError`] where the row holds none.
    pub fn key(&self) -> Result<PublicKey, RowError> {
        public_key(self.suite, &self.public_key)
    }

    /// The role as a checked value.
    ///
    /// # Errors
    /// [`RowError`] where the row holds none.
    pub fn key_role(&self) -> Result<KeyRole, RowError> {
        KeyRole::from_number(self.role)
            .ok_or_else(|| RowError(format!("key role {} is not known", self.role)))
    }

    /// The key that it was rotated to.
    #[must_use]
    pub fn successor(&self) -> Option<KeyId> {
        KeyId::from_slice(&self.successor)
    }

    /// The unit as a checked value.
    ///
    /// # Errors
    /// [`RowError`] where the row holds none.
    pub fn unit_code(&self) -> Result<UnitCode, RowError> {
        UnitCode::new(&self.unit).map_err(|e| RowError(e.to_string()))
    }
}

impl GenesisRow {
    /// The operator's key as a checked value.
    ///
    /// # Errors
    /// [`RowError`] where the row holds none.
    pub fn operator(&self) -> Result<PublicKey, RowError> {
        public_key(self.operator_suite, &self.operator_public_key)
    }
}

impl ExactRow {
    /// Keeps an exact number.
    #[must_use]
    pub fn of(value: Decimal) -> Self {
        Self {
            mantissa: value.mantissa().to_be_bytes().to_vec(),
            scale: value.scale().into(),
        }
    }

    /// The number, or `None` in a damaged row.
    #[must_use]
    pub fn decimal(&self) -> Option<Decimal> {
        let mantissa = i128::from_be_bytes(self.mantissa.as_slice().try_into().ok()?);
        Decimal::new(mantissa, u8::try_from(self.scale).ok()?)
    }
}

impl FailureRow {
    /// Keeps a failure.
    #[must_use]
    pub fn of(failure: &Failure) -> Self {
        let Figures {
            left,
            right,
            imbalance,
        } = failure.figures;
        Self {
            edit: failure.edit.to_string(),
            validity: failure.kind == EditKind::Validity,
            item: failure.item.as_ref().map(ToString::to_string),
            left: left.map(ExactRow::of),
            right: right.map(ExactRow::of),
            imbalance: imbalance.map(ExactRow::of),
            message_zh: failure.message.zh.clone(),
            message_en: failure.message.en.clone(),
            explanation: failure.explanation.clone(),
            basis: failure.basis.as_bytes().to_vec(),
        }
    }

    /// The failure that was kept.
    ///
    /// # Errors
    /// [`RowError`] where a code in it is damaged.
    pub fn failure(&self) -> Result<Failure, RowError> {
        let damaged = |e: crate::code::CodeError| RowError(e.to_string());
        let exact = |row: &Option<ExactRow>| row.as_ref().and_then(ExactRow::decimal);
        Ok(Failure {
            edit: EditId::new(&self.edit).map_err(damaged)?,
            kind: if self.validity {
                EditKind::Validity
            } else {
                EditKind::Quality
            },
            item: self
                .item
                .as_deref()
                .map(ItemKey::new)
                .transpose()
                .map_err(damaged)?,
            figures: Figures {
                left: exact(&self.left),
                right: exact(&self.right),
                imbalance: exact(&self.imbalance),
            },
            message: Bilingual::new(&self.message_zh, &self.message_en),
            explanation: self.explanation.clone(),
            basis: Digest::from_slice(&self.basis)
                .ok_or_else(|| RowError("the basis of a failure".into()))?,
        })
    }
}

impl RollupRow {
    /// The sum of one indicator.
    #[must_use]
    pub fn sum(&self, indicator: &IndicatorCode) -> Option<&SumRow> {
        let by = |row: &SumRow| row.indicator.as_str().cmp(indicator.as_str());
        self.sums.get(self.sums.binary_search_by(by).ok()?)
    }
}

fn public_key(suite: i32, bytes: &[u8]) -> Result<PublicKey, RowError> {
    let suite = Suite::from_number(suite).ok_or_else(|| RowError(format!("suite {suite}")))?;
    PublicKey::from_bytes(suite, bytes).map_err(|e| RowError(e.to_string()))
}

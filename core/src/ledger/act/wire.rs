//! The messages of `granary.v1.Act`, in the order of their fields.

use prost::{Message, Oneof};

use crate::{
    code::{EditId, ItemKey, UnitCode},
    digest::Digest,
    envelope::{KeyRole, PublicKey},
    ledger::{
        LogIndex,
        evidence::{AnchorWire, RequestWire},
        import::ImportWire,
        publication::PublicationWire,
        rotation::RotateWire,
        sampling::{AnnounceWire, DrawWire, VisitWire},
        witness::WitnessWire,
    },
    snapshot::SlotKey,
};

#[derive(Clone, PartialEq, Message)]
pub(super) struct ActWire {
    #[prost(int64, tag = "1")]
    pub(super) issued_at_ms: i64,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) nonce: Vec<u8>,
    #[prost(
        oneof = "DeedWire",
        tags = "3, 4, 5, 6, 7, 8, 9, 10, 11, 18, 19, 13, 14, 15, 12, 16, 20"
    )]
    pub(super) act: Option<DeedWire>,
    #[prost(string, tag = "21")]
    pub(super) person: String,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum DeedWire {
    #[prost(message, tag = "3")]
    Genesis(GenesisWire),
    #[prost(message, tag = "4")]
    PublishCatalogue(PublishWire),
    #[prost(message, tag = "5")]
    IssueToken(TokenWire),
    #[prost(message, tag = "6")]
    EnrolKey(EnrolWire),
    #[prost(message, tag = "7")]
    RevokeKey(RevokeWire),
    #[prost(message, tag = "8")]
    Extend(ExtendWire),
    #[prost(message, tag = "9")]
    Exempt(ExemptWire),
    #[prost(message, tag = "10")]
    Decide(DecideWire),
    #[prost(message, tag = "11")]
    ImportHistory(ImportWire),
    #[prost(message, tag = "18")]
    RequestEvidence(RequestWire),
    #[prost(message, tag = "19")]
    AnchorAccess(AnchorWire),
    #[prost(message, tag = "13")]
    AnnounceSample(AnnounceWire),
    #[prost(message, tag = "14")]
    RecordVisit(VisitWire),
    #[prost(message, tag = "15")]
    DrawSample(DrawWire),
    #[prost(message, tag = "12")]
    EnrolWitness(WitnessWire),
    #[prost(message, tag = "16")]
    RotateKey(RotateWire),
    #[prost(message, tag = "20")]
    PublishBulletin(PublicationWire),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GenesisWire {
    #[prost(string, tag = "1")]
    pub(super) origin: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) log_public_key: Vec<u8>,
    #[prost(int32, tag = "3")]
    pub(super) operator_suite: i32,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) operator_public_key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PublishWire {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) bundle: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TokenWire {
    #[prost(string, tag = "1")]
    pub(super) unit: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) token_sha256: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(super) expires_at_ms: i64,
    #[prost(int32, tag = "4")]
    pub(super) role: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct EnrolWire {
    #[prost(string, tag = "1")]
    pub(super) unit: String,
    #[prost(int32, tag = "2")]
    pub(super) suite: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) token: Vec<u8>,
    #[prost(string, tag = "5")]
    pub(super) label: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RevokeWire {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) key_id: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(super) reason: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExtendWire {
    #[prost(string, tag = "1")]
    pub(super) unit: String,
    #[prost(string, tag = "2")]
    pub(super) dataset: String,
    #[prost(string, tag = "3")]
    pub(super) period: String,
    #[prost(int64, tag = "4")]
    pub(super) due_at_ms: i64,
    #[prost(string, tag = "5")]
    pub(super) reason: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExemptWire {
    #[prost(string, tag = "1")]
    pub(super) unit: String,
    #[prost(string, tag = "2")]
    pub(super) dataset: String,
    #[prost(string, tag = "3")]
    pub(super) period: String,
    #[prost(string, tag = "4")]
    pub(super) reason: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DecideWire {
    #[prost(string, tag = "1")]
    pub(super) unit: String,
    #[prost(string, tag = "2")]
    pub(super) dataset: String,
    #[prost(string, tag = "3")]
    pub(super) period: String,
    #[prost(string, tag = "4")]
    pub(super) edit: String,
    #[prost(string, optional, tag = "5")]
    pub(super) item: Option<String>,
    #[prost(uint64, tag = "6")]
    pub(super) snapshot_index: u64,
    #[prost(bool, tag = "7")]
    pub(super) accepted: bool,
    #[prost(string, tag = "8")]
    pub(super) reason: String,
}

impl TokenWire {
    pub(super) fn of(
        unit: &UnitCode,
        token_sha256: &Digest,
        expires_at_ms: i64,
        role: KeyRole,
    ) -> Self {
        let token_sha256 = token_sha256.as_bytes().to_vec();
        Self {
            unit: unit.to_string(),
            token_sha256,
            expires_at_ms,
            role: role.number(),
        }
    }
}

impl EnrolWire {
    pub(super) fn of(unit: &UnitCode, key: &PublicKey, token: &[u8], label: String) -> Self {
        Self {
            unit: unit.to_string(),
            suite: key.suite().number().into(),
            public_key: key.to_bytes(),
            token: token.to_vec(),
            label,
        }
    }
}

impl ExtendWire {
    pub(super) fn of(slot: &SlotKey, due_at_ms: i64, reason: String) -> Self {
        let [unit, dataset, period] = slot_texts(slot);
        Self {
            unit,
            dataset,
            period,
            due_at_ms,
            reason,
        }
    }
}

impl ExemptWire {
    pub(super) fn of(slot: &SlotKey, reason: String) -> Self {
        let [unit, dataset, period] = slot_texts(slot);
        Self {
            unit,
            dataset,
            period,
            reason,
        }
    }
}

impl DecideWire {
    pub(super) fn of(
        slot: &SlotKey,
        (edit, item, snapshot_index): (&EditId, Option<&ItemKey>, LogIndex),
        accepted: bool,
        reason: String,
    ) -> Self {
        let [unit, dataset, period] = slot_texts(slot);
        Self {
            unit,
            dataset,
            period,
            edit: edit.to_string(),
            item: item.map(ToString::to_string),
            snapshot_index: snapshot_index.0,
            accepted,
            reason,
        }
    }
}

fn slot_texts(slot: &SlotKey) -> [String; 3] {
    [
        slot.unit.to_string(),
        slot.dataset.to_string(),
        slot.period.to_string(),
    ]
}

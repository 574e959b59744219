//! Administrative acts: enrolment, keys, catalogue versions, extensions, exemptions, decisions, imported history,
//! random verification, published bulletins.
//!
//! Format: `granary.v1.Act` (protobuf). The operator's key signs every act, except an enrolment, which the new key signs
//! itself and which an issued, unused token authorises; the enrolment of a witness key, which the unit's key signs; a rotation,
//! which the old key and the new one sign; and what the city itself records (an anchor of the access log, a request for evidence
//! on behalf of a certificate), which the log's key signs. So the operator's key need not be on the server.

mod wire;

use prost::Message as _;

use crate::{
    catalogue::Bundle,
    code::{DatasetCode, EditId, ItemKey, UnitCode},
    digest::Digest,
    envelope::{KeyId, KeyRole, PublicKey, Suite},
    ledger::{
        LogIndex,
        evidence::{AnchorWire, RequestWire},
        import::{Arrival, ImportWire},
        publication::{Publication, PublicationWire},
        rotation::RotateWire,
        sampling::{AnnounceWire, DrawWire, Step, VisitWire},
        witness::WitnessWire,
    },
    period::Period,
    snapshot::SlotKey,
};

use wire::{
    ActWire, DecideWire, DeedWire, EnrolWire, ExemptWire, ExtendWire, GenesisWire, PublishWire,
    RevokeWire, TokenWire,
};

/// The payload type of an act in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.granary.act.v1+protobuf";
/// The largest encoded act, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 2_000;
/// The longest name of a person, in bytes.
pub const PERSON_BYTES_MAX: usize = 400;

/// One administrative act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When it was made, by its maker's clock.
    pub issued_at_ms: i64,
    /// Makes two otherwise equal acts different.
    pub nonce: [u8; 16],
    /// What is done.
    pub deed: Deed,
    /// Who at the console asked for it, by the city's word; empty where nobody did. At most [`PERSON_BYTES_MAX`] bytes.
    pub person: String,
}

/// What an act does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The first entry: names the log and its keys.
    Genesis {
        /// The origin line of every checkpoint.
        origin: String,
        /// The Ed25519 key that signs checkpoints.
        log_public_key: [u8; 32],
        /// The key that signs acts.
        operator: PublicKey,
    },
    /// A catalogue version comes into force for what is received after it.
    PublishCatalogue(Bundle),
    /// A token is issued with which a unit may enrol one key.
    IssueToken {
        /// The unit.
        unit: UnitCode,
        /// The digest of the token's 32 secret bytes.
        token_sha256: Digest,
        /// Until when, by the city's receive time.
        expires_at_ms: i64,
        /// In which capacity the key that it enrols signs.
        role: KeyRole,
    },
    /// A unit's key is enrolled.
    EnrolKey {
        /// The unit.
        unit: UnitCode,
        /// The key.
        key: PublicKey,
        /// The token's secret bytes, used up by this entry.
        token: [u8; 32],
        /// A label for people.
        label: String,
    },
    /// A key is refused from here on; what it signed before stays.
    RevokeKey {
        /// The key.
        key_id: KeyId,
        /// Why.
        reason: String,
    },
    /// A key hands over to another one of the same holder. Both sign.
    RotateKey {
        /// The key that is refused from here on; what it signed before stays.
        old: KeyId,
        /// The key that takes its unit, role and label.
        new: PublicKey,
    },
    /// A slot's due instant is moved later.
    Extend {
        /// The slot.
        slot: SlotKey,
        /// The new due instant.
        due_at_ms: i64,
        /// Why.
        reason: String,
    },
    /// A slot is not owed.
    Exempt {
        /// The slot.
        slot: SlotKey,
        /// Why.
        reason: String,
    },
    /// Arrivals from before the system are brought in, on the operator's word.
    ImportHistory {
        /// The dataset.
        dataset: DatasetCode,
        /// Who kept the record, and where.
        source: String,
        /// When reports arrived.
        arrivals: Vec<Arrival>,
    },
    /// A file that a snapshot names as evidence is asked for.
    RequestEvidence {
        /// The slot whose snapshot names it.
        slot: SlotKey,
        /// The file's digest in that snapshot.
        sha256: Digest,
        /// Why.
        reason: String,
        /// Who asks, where it is not the operator who signs; from the certificate.
        requester: String,
    },
    /// The access log is bound to the journal.
    AnchorAccess {
        /// How many lines it has.
        lines: u64,
        /// The digest of its last line.
        head: Digest,
    },
    /// A step of a random verification is taken.
    Sample(Step),
    /// It is stated which document was published about a period.
    PublishBulletin(Publication),
    /// A unit's witness key is enrolled, by the unit itself.
    EnrolWitness {
        /// The unit.
        unit: UnitCode,
        /// The Ed25519 key that cosigns.
        public_key: [u8; 32],
        /// Its signature over the unit's and the log's names ([`super::witness`]).
        possession: [u8; 64],
    },
    /// An explanation is accepted or rejected.
    Decide {
        /// The slot.
        slot: SlotKey,
        /// The edit that failed.
        edit: EditId,
        /// The item, where the dataset has items.
        item: Option<ItemKey>,
        /// The snapshot whose explanation it is.
        snapshot_index: LogIndex,
        /// Accepted, or rejected.
        accepted: bool,
        /// Why.
        reason: String,
    },
}

/// Why bytes are not an act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an act: {0}")]
pub struct ActError(pub(super) String);

type Result<T> = std::result::Result<T, ActError>;

impl Act {
    /// The bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let act = Some(encode_deed(&self.deed));
        ActWire {
            issued_at_ms: self.issued_at_ms,
            nonce: self.nonce.to_vec(),
            act,
            person: self.person.clone(),
        }
        .encode_to_vec()
    }

    /// Reads and checks the bytes of a payload.
    ///
    /// # Errors
    /// [`ActError`] names the field that breaks the format.
    pub fn decode(payload: &[u8]) -> Result<Self> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(ActError(format!(
                "{} bytes; at most {PAYLOAD_BYTES_MAX}",
                payload.len()
            )));
        }
        let wire = ActWire::decode(payload).map_err(|e| ActError(e.to_string()))?;
        let nonce = fixed("nonce", &wire.nonce)?;
        let deed = wire
            .act
            .ok_or_else(|| ActError("it does nothing that is known here".into()))?;
        Ok(Self {
            issued_at_ms: wire.issued_at_ms,
            nonce,
            deed: decode_deed(deed)?,
            person: person(wire.person)?,
        })
    }
}

fn encode_deed(deed: &Deed) -> DeedWire {
    match deed.clone() {
        Deed::Genesis {
            origin,
            log_public_key,
            operator,
        } => DeedWire::Genesis(GenesisWire {
            origin,
            log_public_key: log_public_key.to_vec(),
            operator_suite: operator.suite().number().into(),
            operator_public_key: operator.to_bytes(),
        }),
        Deed::PublishCatalogue(bundle) => DeedWire::PublishCatalogue(PublishWire {
            bundle: bundle.encode(),
        }),
        Deed::IssueToken {
            unit,
            token_sha256,
            expires_at_ms,
            role,
        } => DeedWire::IssueToken(TokenWire::of(&unit, &token_sha256, expires_at_ms, role)),
        Deed::EnrolKey {
            unit,
            key,
            token,
            label,
        } => DeedWire::EnrolKey(EnrolWire::of(&unit, &key, &token, label)),
        Deed::RevokeKey { key_id, reason } => DeedWire::RevokeKey(RevokeWire {
            key_id: key_id.as_bytes().to_vec(),
            reason,
        }),
        Deed::RotateKey { old, new } => DeedWire::RotateKey(RotateWire::of(&old, &new)),
        Deed::Extend {
            slot,
            due_at_ms,
            reason,
        } => DeedWire::Extend(ExtendWire::of(&slot, due_at_ms, reason)),
        Deed::Exempt { slot, reason } => DeedWire::Exempt(ExemptWire::of(&slot, reason)),
        Deed::ImportHistory {
            dataset,
            source,
            arrivals,
        } => DeedWire::ImportHistory(ImportWire::of(&dataset, source, &arrivals)),
        Deed::RequestEvidence {
            slot,
            sha256,
            reason,
            requester,
        } => DeedWire::RequestEvidence(RequestWire::of(&slot, &sha256, reason, requester)),
        Deed::AnchorAccess { lines, head } => DeedWire::AnchorAccess(AnchorWire::of(lines, &head)),
        Deed::Sample(step) => encode_step(step),
        Deed::PublishBulletin(one) => DeedWire::PublishBulletin(PublicationWire::of(&one)),
        Deed::EnrolWitness {
            unit,
            public_key,
            possession,
        } => DeedWire::EnrolWitness(WitnessWire::of(&unit, public_key, possession)),
        Deed::Decide {
            slot,
            edit,
            item,
            snapshot_index,
            accepted,
            reason,
        } => {
            let judged = (&edit, item.as_ref(), snapshot_index);
            DeedWire::Decide(DecideWire::of(&slot, judged, accepted, reason))
        }
    }
}

fn encode_step(step: Step) -> DeedWire {
    match step {
        Step::Announce(announcement) => DeedWire::AnnounceSample(AnnounceWire::of(announcement)),
        Step::Draw(draw) => DeedWire::DrawSample(DrawWire::of(draw)),
        Step::Visit(visit) => DeedWire::RecordVisit(VisitWire::of(visit)),
    }
}

fn decode_deed(wire: DeedWire) -> Result<Deed> {
    Ok(match wire {
        DeedWire::Genesis(w) => decode_genesis(w)?,
        DeedWire::PublishCatalogue(w) => {
            Deed::PublishCatalogue(Bundle::decode(&w.bundle).map_err(|e| ActError(e.to_string()))?)
        }
        DeedWire::IssueToken(w) => decode_token(w)?,
        DeedWire::EnrolKey(w) => decode_key(w)?,
        DeedWire::RevokeKey(w) => Deed::RevokeKey {
            key_id: KeyId::from_slice(&w.key_id)
                .ok_or_else(|| ActError("key_id is not 32 bytes".into()))?,
            reason: reason(w.reason)?,
        },
        DeedWire::RotateKey(w) => {
            let (old, new) = w.decode()?;
            Deed::RotateKey { old, new }
        }
        DeedWire::Extend(w) => Deed::Extend {
            slot: slot(&w.unit, &w.dataset, &w.period)?,
            due_at_ms: w.due_at_ms,
            reason: reason(w.reason)?,
        },
        DeedWire::Exempt(w) => Deed::Exempt {
            slot: slot(&w.unit, &w.dataset, &w.period)?,
            reason: reason(w.reason)?,
        },
        DeedWire::Decide(w) => decode_decide(w)?,
        DeedWire::AnnounceSample(w) => Deed::Sample(Step::Announce(w.decode()?)),
        DeedWire::DrawSample(w) => Deed::Sample(Step::Draw(w.decode()?)),
        DeedWire::RecordVisit(w) => Deed::Sample(Step::Visit(w.decode()?)),
        DeedWire::ImportHistory(w) => {
            let (dataset, source, arrivals) = w.decode()?;
            Deed::ImportHistory {
                dataset,
                source,
                arrivals,
            }
        }
        DeedWire::RequestEvidence(w) => {
            let (slot, sha256, reason, requester) = w.decode()?;
            Deed::RequestEvidence {
                slot,
                sha256,
                reason,
                requester,
            }
        }
        DeedWire::AnchorAccess(w) => {
            let (lines, head) = w.decode()?;
            Deed::AnchorAccess { lines, head }
        }
        DeedWire::PublishBulletin(w) => Deed::PublishBulletin(w.decode()?),
        DeedWire::EnrolWitness(w) => {
            let (unit, public_key, possession) = w.decode()?;
            Deed::EnrolWitness {
                unit,
                public_key,
                possession,
            }
        }
    })
}

fn decode_token(wire: TokenWire) -> Result<Deed> {
    let role = KeyRole::from_number(wire.role);
    Ok(Deed::IssueToken {
        unit: parsed(UnitCode::new(&wire.unit))?,
        token_sha256: Digest::from_bytes(fixed("token_sha256", &wire.token_sha256)?),
        expires_at_ms: wire.expires_at_ms,
        role: role.ok_or_else(|| ActError(format!("key role {} is not known", wire.role)))?,
    })
}

fn decode_key(wire: EnrolWire) -> Result<Deed> {
    Ok(Deed::EnrolKey {
        unit: parsed(UnitCode::new(&wire.unit))?,
        key: public_key(wire.suite, &wire.public_key)?,
        token: fixed("token", &wire.token)?,
        label: text("label", wire.label, 0, 128)?,
    })
}

fn decode_genesis(wire: GenesisWire) -> Result<Deed> {
    let origin = text("origin", wire.origin, 1, 128)?;
    if origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
        return Err(ActError(
            "origin has a space, a control character or a '+'".into(),
        ));
    }
    Ok(Deed::Genesis {
        origin,
        log_public_key: fixed("log_public_key", &wire.log_public_key)?,
        operator: public_key(wire.operator_suite, &wire.operator_public_key)?,
    })
}

fn decode_decide(wire: DecideWire) -> Result<Deed> {
    let item = wire.item.as_deref().map(ItemKey::new).transpose();
    Ok(Deed::Decide {
        slot: slot(&wire.unit, &wire.dataset, &wire.period)?,
        edit: parsed(EditId::new(&wire.edit))?,
        item: parsed(item)?,
        snapshot_index: LogIndex(wire.snapshot_index),
        accepted: wire.accepted,
        reason: reason(wire.reason)?,
    })
}

fn slot(unit: &str, dataset: &str, period: &str) -> Result<SlotKey> {
    Ok(SlotKey {
        unit: parsed(UnitCode::new(unit))?,
        dataset: parsed(DatasetCode::new(dataset))?,
        period: parsed(Period::parse(period))?,
    })
}

pub(super) fn public_key(suite: i32, bytes: &[u8]) -> Result<PublicKey> {
    let suite = Suite::from_number(suite)
        .ok_or_else(|| ActError(format!("signature suite {suite} is not known")))?;
    parsed(PublicKey::from_bytes(suite, bytes))
}

fn reason(reason: String) -> Result<String> {
    text("reason", reason, 1, REASON_BYTES_MAX)
}

fn person(person: String) -> Result<String> {
    if person.contains(char::is_control) {
        return Err(ActError("person has a control character".into()));
    }
    text("person", person, 0, PERSON_BYTES_MAX)
}

pub(super) fn text(field: &str, text: String, min: usize, max: usize) -> Result<String> {
    if (min..=max).contains(&text.len()) {
        return Ok(text);
    }
    Err(ActError(format!(
        "{field} is {} bytes long; {min} to {max} are allowed",
        text.len()
    )))
}

pub(super) fn fixed<const N: usize>(field: &str, bytes: &[u8]) -> Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| ActError(format!("{field} is {} bytes; it has {N}", bytes.len())))
}

pub(super) fn parsed<T, E: ToString>(result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| ActError(error.to_string()))
}

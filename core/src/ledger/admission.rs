//! Admission: everything that must hold before anything is stored.
//!
//! In: an envelope as received, borrowed. Out: [`Admitted`], or the one reason why not.
//! The signature is checked over the exact bytes before the payload is believed in anything but naming its key's unit.
//! The same function runs at the edge and, for what a newer registry can change, again where entries get their order.

use jiff::{Timestamp, civil::Date};

use crate::{
    catalogue::{Catalogue, Dataset, Fault},
    code::UnitCode,
    digest::Digest,
    envelope::{KeyId, KeyRole, PublicKey, Signature, pre_authentication_encoding},
    snapshot::{self, Observation, SlotKey, Snapshot},
    text::Bilingual,
};

use super::{
    Refusal, RefusalCode, Registry, Subject,
    act::{self, Act, Deed},
    import, publication, rotation, sampling, signers,
    window::{self, Closed},
    witness,
};

/// What was received, borrowed and not yet believed.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The media type of the payload.
    pub payload_type: &'a str,
    /// The exact bytes that are signed.
    pub payload: &'a [u8],
    /// Who is said to have signed them.
    pub signatures: &'a [Signature],
}

/// What may be journaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// What the payload is about.
    pub subject: Subject,
    /// The payload's digest.
    pub payload_sha256: Digest,
}

/// Checks an envelope against everything that is known at `now_ms`.
///
/// # Errors
/// The [`Refusal`], with a sentence for the sender.
pub fn admit(
    registry: &Registry,
    received: &Received<'_>,
    now_ms: i64,
) -> Result<Admitted, Refusal> {
    let subject = match received.payload_type {
        snapshot::PAYLOAD_TYPE => Subject::Snapshot(admit_snapshot(registry, received, now_ms)?),
        act::PAYLOAD_TYPE => {
            admit_act(registry, received, now_ms)?;
            Subject::Act
        }
        other => return Err(wrong_type(other)),
    };
    Ok(Admitted {
        subject,
        payload_sha256: Digest::of(received.payload),
    })
}

/// Checks again what a newer registry, or a later instant, can change about something admitted. No signature is checked.
///
/// # Errors
/// The [`Refusal`], with a sentence for the sender.
pub fn readmit(
    registry: &Registry,
    received: &Received<'_>,
    admitted: &Admitted,
    now_ms: i64,
) -> Result<(), Refusal> {
    match &admitted.subject {
        Subject::Snapshot(_) => {
            let snapshot = decode_snapshot(received.payload)?;
            recheck(registry, received.signatures, &snapshot, now_ms)
        }
        Subject::Act => {
            let act = decode_act(received.payload)?;
            let signers = received.signatures.iter().map(|s| s.key_id);
            permit(registry, &act, &signers.collect::<Vec<_>>(), now_ms)
        }
    }
}

/// What a registry says about a snapshot, apart from its signatures. Pure, so that the fold can ask again.
pub(super) fn recheck(
    registry: &Registry,
    signatures: &[Signature],
    snapshot: &Snapshot,
    now_ms: i64,
) -> Result<(), Refusal> {
    let roles = signers::roles(registry, signatures, &snapshot.slot.unit)?;
    conform(registry, snapshot, &roles, now_ms)
}

fn admit_snapshot(
    registry: &Registry,
    received: &Received<'_>,
    now_ms: i64,
) -> Result<SlotKey, Refusal> {
    if received.payload.len() > snapshot::PAYLOAD_BYTES_MAX {
        return Err(too_large(
            received.payload.len(),
            snapshot::PAYLOAD_BYTES_MAX,
        ));
    }
    signers::count(received)?;
    let snapshot = decode_snapshot(received.payload)?;
    let message = pre_authentication_encoding(received.payload_type, received.payload);
    let mut roles = Vec::with_capacity(received.signatures.len());
    for signature in received.signatures {
        let signer = signers::standing(registry, &signature.key_id, &snapshot.slot.unit)?;
        signers::verify(&signer.key, &message, signature)?;
        roles.push(signer.role);
    }
    conform(registry, &snapshot, &roles, now_ms)?;
    Ok(snapshot.slot)
}

fn admit_act(registry: &Registry, received: &Received<'_>, now_ms: i64) -> Result<(), Refusal> {
    if received.payload.len() > act::PAYLOAD_BYTES_MAX {
        return Err(too_large(received.payload.len(), act::PAYLOAD_BYTES_MAX));
    }
    signers::count(received)?;
    let act = decode_act(received.payload)?;
    let message = pre_authentication_encoding(received.payload_type, received.payload);
    for signature in received.signatures {
        signers::verify(
            signing_key(registry, &act, &signature.key_id)?,
            &message,
            signature,
        )?;
    }
    let signers: Vec<KeyId> = received.signatures.iter().map(|s| s.key_id).collect();
    permit(registry, &act, &signers, now_ms)
}

/// The key that must have made an act's signature: the new key itself for an enrolment, the log's for what the city itself
/// records, the unit's for a witness key, the old or the new one for a rotation, the operator's for the rest. The first entry names the operator's key, and is signed by it.
///
/// # Errors
/// [`RefusalCode::Act`] where the key may not sign such an act.
pub fn signing_key<'a>(
    registry: &'a Registry,
    act: &'a Act,
    key_id: &KeyId,
) -> Result<&'a PublicKey, Refusal> {
    let key = match &act.deed {
        Deed::EnrolKey { key, .. } => Some(key),
        Deed::Genesis { operator, .. } => Some(operator),
        Deed::AnchorAccess { .. } => registry.log_key(),
        Deed::RequestEvidence { requester, .. } if !requester.is_empty() => registry.log_key(),
        Deed::EnrolWitness { unit, .. } => Some(&signers::standing(registry, key_id, unit)?.key),
        Deed::RotateKey { old, new } => rotation::signing_key(registry, old, new, key_id),
        Deed::RequestEvidence { .. }
        | Deed::PublishCatalogue(_)
        | Deed::IssueToken { .. }
        | Deed::RevokeKey { .. }
        | Deed::Extend { .. }
        | Deed::Exempt { .. }
        | Deed::ImportHistory { .. }
        | Deed::Sample(_)
        | Deed::PublishBulletin(_)
        | Deed::Decide { .. } => registry.operator(),
    };
    key.filter(|key| key.key_id() == *key_id).ok_or_else(|| {
        refuse_act(
            format!("密钥 {} 无权签署这项操作", key_id.short()),
            format!("key {} may not sign this act", key_id.short()),
        )
    })
}

/// Whether a snapshot, signed by keys of these roles, fits the catalogue in force and its slot's window.
fn conform(
    registry: &Registry,
    snapshot: &Snapshot,
    roles: &[KeyRole],
    now_ms: i64,
) -> Result<(), Refusal> {
    let catalogue = catalogue(registry)?;
    let slot = &snapshot.slot;
    if catalogue.unit(&slot.unit).is_none() {
        return Err(Refusal::new(
            RefusalCode::UnitUnknown,
            format!("名录中没有单位 {}", slot.unit),
            format!("unit {} is not in the catalogue", slot.unit),
        ));
    }
    let Some(dataset) = catalogue.dataset(&slot.dataset) else {
        let known: Vec<&str> = catalogue
            .datasets()
            .iter()
            .map(|d| d.code().as_str())
            .take(20)
            .collect();
        let known = known.join(", ");
        return Err(Refusal::new(
            RefusalCode::DatasetUnknown,
            format!("没有报表 {}；现有报表：{known}", slot.dataset),
            format!("there is no dataset {}; there are: {known}", slot.dataset),
        ));
    };
    check_period(catalogue, dataset, slot, now_ms)?;
    check_window(registry, dataset, slot, now_ms)?;
    signers::complete(dataset, roles)?;
    // Observations and columns are sorted alike, so one walk over both finds nearly always that all is well.
    let mut columns = dataset.columns().iter().peekable();
    for observation in &snapshot.observations {
        while columns
            .next_if(|(code, _)| *code < observation.indicator)
            .is_some()
        {}
        let fits = columns.peek().is_some_and(|(code, decimals)| {
            *code == observation.indicator
                && observation
                    .value
                    .is_none_or(|value| value.scale() <= *decimals)
                && observation.item.is_some() == dataset.itemised()
        });
        if !fits {
            check_observation(catalogue, dataset, observation)?;
        }
    }
    Ok(())
}

fn check_period(
    catalogue: &Catalogue,
    dataset: &Dataset,
    slot: &SlotKey,
    now_ms: i64,
) -> Result<(), Refusal> {
    let period = slot.period;
    if period.periodicity() == dataset.periodicity() && !dataset.reports(period) {
        let Bilingual { zh, en } = dataset.name();
        return Err(Refusal::new(
            RefusalCode::PeriodUnknown,
            format!("“{zh}”不报 {period}：目录规定每年这一期不报送"),
            format!(
                "{en} is not reported for {period}: the catalogue leaves this part of every year out"
            ),
        ));
    }
    if !dataset.covers(period) {
        return Err(Refusal::new(
            RefusalCode::PeriodUnknown,
            format!(
                "报表 {} 没有报告期 {period}：从 {} 开始",
                slot.dataset,
                dataset.first_period()
            ),
            format!(
                "dataset {} is not reported for {period}: it begins with {}",
                slot.dataset,
                dataset.first_period()
            ),
        ));
    }
    if today(dataset, now_ms) < period.first_day() {
        return Err(Refusal::new(
            RefusalCode::PeriodFuture,
            format!("报告期 {period} 尚未开始"),
            format!("period {period} has not begun"),
        ));
    }
    if !catalogue.expects(&slot.unit, &slot.dataset, period) {
        return Err(Refusal::new(
            RefusalCode::NotExpected,
            format!(
                "名录未要求单位 {} 在 {period} 报送 {}",
                slot.unit, slot.dataset
            ),
            format!(
                "the roster does not expect {} from unit {} for {period}",
                slot.dataset, slot.unit
            ),
        ));
    }
    Ok(())
}

fn check_window(
    registry: &Registry,
    dataset: &Dataset,
    slot: &SlotKey,
    now_ms: i64,
) -> Result<(), Refusal> {
    let extended = registry.extended_to_ms(slot);
    let Some(closed) = window::closed(dataset, slot.period, extended, now_ms) else {
        return Ok(());
    };
    let code = match closed {
        Closed::NotOpen(_) => RefusalCode::NotOpen,
        Closed::Locked(_) => RefusalCode::Locked,
    };
    let (message, remedy) = (closed.message(dataset, slot.period), closed.remedy());
    Err(Refusal::new(
        code,
        format!("{}。{}", message.zh, remedy.zh),
        format!("{}: {}", message.en, remedy.en),
    ))
}

fn check_observation(
    catalogue: &Catalogue,
    dataset: &Dataset,
    observation: &Observation,
) -> Result<(), Refusal> {
    let code = &observation.indicator;
    let known = catalogue.indicator(code).filter(|_| dataset.holds(code));
    let Some(indicator) = known else {
        return Err(Refusal::new(
            RefusalCode::IndicatorUnknown,
            format!("报表 {} 没有指标 {code}", dataset.code()),
            format!("dataset {} has no indicator {code}", dataset.code()),
        ));
    };
    if let Some(value) = observation
        .value
        .filter(|v| v.scale() > indicator.decimals())
    {
        let (decimals, name) = (indicator.decimals(), indicator.name());
        return Err(Refusal::new(
            RefusalCode::TooManyDecimals,
            format!(
                "指标“{}”（{code}）的值 {value} 小数位过多，最多 {decimals} 位",
                name.zh
            ),
            format!(
                "{} ({code}): {value} has too many decimals; at most {decimals} are allowed",
                name.en
            ),
        ));
    }
    if observation.item.is_some() != dataset.itemised() {
        let (zh, en) = if dataset.itemised() {
            ("缺少明细项", "needs an item")
        } else {
            ("不应有明细项", "may have no item")
        };
        return Err(Refusal::new(
            RefusalCode::Item,
            format!("报表 {} 的指标 {code} {zh}", dataset.code()),
            format!("indicator {code} of dataset {} {en}", dataset.code()),
        ));
    }
    Ok(())
}

/// Whether an act may be done now by its signers. Pure in the registry, so that the fold can ask again.
pub(super) fn permit(
    registry: &Registry,
    act: &Act,
    signers: &[KeyId],
    now_ms: i64,
) -> Result<(), Refusal> {
    for signer in signers {
        signing_key(registry, act, signer)?;
    }
    match &act.deed {
        Deed::Genesis { .. } if registry.genesis().is_none() => Ok(()),
        Deed::Genesis { .. } => Err(refuse_act(
            "日志已有创世记录",
            "the journal already has its first entry",
        )),
        Deed::PublishCatalogue(bundle) => Catalogue::parse(bundle)
            .map(drop)
            .map_err(|faults| faulty_catalogue(&faults)),
        Deed::IssueToken {
            unit, token_sha256, ..
        } => {
            known_unit(registry, unit)?;
            if registry.token(token_sha256).is_some() {
                return Err(refuse_act(
                    "该登记码已发放",
                    "this token was already issued",
                ));
            }
            Ok(())
        }
        Deed::EnrolKey {
            unit, key, token, ..
        } => permit_enrolment(registry, unit, key, token, now_ms),
        Deed::RevokeKey { key_id, .. } => match registry.key(key_id) {
            None => Err(refuse_act("没有这把密钥", "there is no such key")),
            Some(key) if key.row.revoked_index.is_some() => {
                Err(refuse_act("该密钥早已吊销", "this key is revoked already"))
            }
            Some(_) => Ok(()),
        },
        Deed::RotateKey { old, new } => rotation::check(registry, old, new, signers),
        Deed::Extend {
            slot, due_at_ms, ..
        } => permit_extension(registry, slot, *due_at_ms),
        Deed::Sample(step) => sampling::permit(registry, step, now_ms),
        Deed::PublishBulletin(publication) => publication::permit(publication, now_ms),
        Deed::Exempt { slot, .. } | Deed::Decide { slot, .. } => owed(registry, slot).map(drop),
        Deed::ImportHistory {
            dataset, arrivals, ..
        } => import::check(catalogue(registry)?, dataset, arrivals, now_ms),
        // What these two look at is rows, which the fold has and admission has not.
        Deed::RequestEvidence { .. } | Deed::AnchorAccess { .. } => Ok(()),
        Deed::EnrolWitness {
            unit,
            public_key,
            possession,
        } => witness::check(registry, unit, public_key, possession),
    }
}

fn permit_enrolment(
    registry: &Registry,
    unit: &UnitCode,
    key: &PublicKey,
    token: &[u8; 32],
    now_ms: i64,
) -> Result<(), Refusal> {
    if registry.key(&key.key_id()).is_some() {
        return Err(refuse_act("该密钥已登记", "this key is enrolled already"));
    }
    let row = registry
        .token(&Digest::of(token))
        .filter(|row| row.unit == unit.as_str());
    let Some(row) = row else {
        return Err(refuse_act(
            format!("登记码无效，或不是发给单位 {unit} 的"),
            format!("the token is not valid, or was not issued for unit {unit}"),
        ));
    };
    if row.used_index.is_some() {
        return Err(refuse_act(
            "登记码已用过。请向市局申请新的登记码",
            "the token has been used: ask the city for a new one",
        ));
    }
    if now_ms > row.expires_at_ms {
        return Err(refuse_act(
            "登记码已过期。请向市局申请新的登记码",
            "the token has expired: ask the city for a new one",
        ));
    }
    Ok(())
}

fn permit_extension(registry: &Registry, slot: &SlotKey, due_at_ms: i64) -> Result<(), Refusal> {
    let dataset = owed(registry, slot)?;
    if dataset
        .due_at_ms(slot.period)
        .is_some_and(|due| due_at_ms <= due)
    {
        return Err(refuse_act(
            "延期后的时间不晚于原截止时间",
            "the new due instant is not later than the rule's own",
        ));
    }
    Ok(())
}

fn owed<'a>(registry: &'a Registry, slot: &SlotKey) -> Result<&'a Dataset, Refusal> {
    let catalogue = catalogue(registry)?;
    let dataset = catalogue.dataset(&slot.dataset);
    dataset
        .filter(|_| catalogue.expects(&slot.unit, &slot.dataset, slot.period))
        .ok_or_else(|| {
            refuse_act(
                format!("名录中没有应报 {slot}"),
                format!("the roster expects no {slot}"),
            )
        })
}

fn known_unit(registry: &Registry, unit: &UnitCode) -> Result<(), Refusal> {
    if catalogue(registry)?.unit(unit).is_some() {
        return Ok(());
    }
    Err(refuse_act(
        format!("名录中没有单位 {unit}"),
        format!("unit {unit} is not in the catalogue"),
    ))
}

fn catalogue(registry: &Registry) -> Result<&Catalogue, Refusal> {
    registry.catalogue().map(AsRef::as_ref).ok_or_else(|| {
        Refusal::new(
            RefusalCode::NoCatalogue,
            "市局尚未发布报表目录，请稍后再试",
            "no catalogue has been published yet: try again later",
        )
    })
}

fn today(dataset: &Dataset, now_ms: i64) -> Date {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX);
    dataset.deadline().zone().to_datetime(now).date()
}

fn decode_snapshot(payload: &[u8]) -> Result<Snapshot, Refusal> {
    Snapshot::decode(payload).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("报送内容格式不对：{error}"),
            format!("the snapshot is malformed: {error}"),
        )
    })
}

fn decode_act(payload: &[u8]) -> Result<Act, Refusal> {
    Act::decode(payload).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("操作内容格式不对：{error}"),
            format!("the act is malformed: {error}"),
        )
    })
}

fn faulty_catalogue(faults: &[Fault]) -> Refusal {
    let first: Vec<String> = faults.iter().take(5).map(ToString::to_string).collect();
    let (count, first) = (faults.len(), first.join("; "));
    refuse_act(
        format!("目录有 {count} 处错误：{first}"),
        format!("the catalogue has {count} faults: {first}"),
    )
}

fn wrong_type(payload_type: &str) -> Refusal {
    let shown: String = payload_type.chars().take(80).collect();
    Refusal::new(
        RefusalCode::PayloadType,
        format!("不接收类型 {shown:?} 的内容"),
        format!("payload type {shown:?} is not taken here"),
    )
}

fn too_large(bytes: usize, max: usize) -> Refusal {
    Refusal::new(
        RefusalCode::TooLarge,
        format!("内容有 {bytes} 字节，超过上限 {max} 字节"),
        format!("the payload has {bytes} bytes; at most {max} are allowed"),
    )
}

fn refuse_act(zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Act, zh, en)
}

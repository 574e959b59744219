//! Whose signatures a snapshot bears, and whether they are those that it needs.
//!
//! Each signature must be by an enrolled key of the snapshot's own unit that is in force; together they must satisfy the
//! dataset's [`crate::catalogue::SigningPolicy`]. A key signs at most once, so that no signature counts twice.

use crate::{
    catalogue::Dataset,
    code::UnitCode,
    envelope::{KeyId, KeyRole, PublicKey, SIGNATURES_MAX, Signature},
    text::Bilingual,
};

use super::{EnrolledKey, Received, Refusal, RefusalCode, Registry};

/// The roles of a snapshot's keys, one for each signature, where all are enrolled, in force, and the unit's.
pub(super) fn roles(
    registry: &Registry,
    signatures: &[Signature],
    unit: &UnitCode,
) -> Result<Vec<KeyRole>, Refusal> {
    let role = |signature: &Signature| {
        standing(registry, &signature.key_id, unit).map(|enrolled| enrolled.role)
    };
    signatures.iter().map(role).collect()
}

/// A snapshot's key, where it is enrolled, in force, and that of the unit named.
pub(super) fn standing<'a>(
    registry: &'a Registry,
    key_id: &KeyId,
    unit: &UnitCode,
) -> Result<&'a EnrolledKey, Refusal> {
    let short = key_id.short();
    let Some(enrolled) = registry.key(key_id) else {
        return Err(Refusal::new(
            RefusalCode::KeyUnknown,
            format!("签名密钥 {short} 未登记。请先用 granary-agent enrol 登记"),
            format!("key {short} is not enrolled: enrol it first with granary-agent enrol"),
        ));
    };
    if enrolled.row.revoked_index.is_some() {
        return Err(ended(&short, enrolled));
    }
    if enrolled.unit != *unit {
        return Err(Refusal::new(
            RefusalCode::KeyOfAnotherUnit,
            format!(
                "密钥 {short} 属于单位 {}，不能为单位 {unit} 报数",
                enrolled.unit
            ),
            format!(
                "key {short} belongs to unit {} and cannot report for unit {unit}",
                enrolled.unit
            ),
        ));
    }
    Ok(enrolled)
}

fn ended(short: &str, enrolled: &EnrolledKey) -> Refusal {
    let Some(successor) = enrolled.row.successor() else {
        return Refusal::new(
            RefusalCode::KeyRevoked,
            format!("签名密钥 {short} 已被吊销。请向市局申请新的登记码并重新登记"),
            format!("key {short} has been revoked: ask the city for a new token and enrol again"),
        );
    };
    let next = successor.short();
    Refusal::new(
        RefusalCode::KeyReplaced,
        format!("签名密钥 {short} 已更换为 {next}。请用新密钥签名后再报送"),
        format!(
            "key {short} has been replaced by key {next}: sign with the new one and submit again"
        ),
    )
}

/// Whether keys of these roles are all that a dataset asks for.
pub(super) fn complete(dataset: &Dataset, roles: &[KeyRole]) -> Result<(), Refusal> {
    let missing = dataset.signatures().missing(roles);
    if missing.is_empty() {
        return Ok(());
    }
    let (who, name) = (still_to_sign(&missing), dataset.name());
    Err(Refusal::new(
        RefusalCode::SignaturesMissing,
        format!(
            "“{}”还缺签名：{}。请其用 granary-agent sign 补签后再报送",
            name.zh, who.zh
        ),
        format!(
            "{} still has to be signed by {}: have it signed with granary-agent sign, then submit it again",
            name.en, who.en
        ),
    ))
}

/// Who still has to sign, for people: names of roles, with their number where it is more than one.
#[must_use]
pub fn still_to_sign(missing: &[(KeyRole, usize)]) -> Bilingual {
    let words = |(role, count): &(KeyRole, usize)| {
        let Bilingual { zh, en } = role.name();
        match count {
            1 => Bilingual::new(zh, en),
            more => Bilingual::new(format!("{zh}（{more} 人）"), format!("{en} ({more} keys)")),
        }
    };
    let words: Vec<Bilingual> = missing.iter().map(words).collect();
    let join = |text: fn(&Bilingual) -> &str, between: &str| {
        words.iter().map(text).collect::<Vec<_>>().join(between)
    };
    Bilingual::new(
        join(|w| w.zh.as_str(), "、"),
        join(|w| w.en.as_str(), " and "),
    )
}

/// An envelope has at least one signature, not too many, and none by a key that has signed already.
pub(super) fn count(received: &Received<'_>) -> Result<(), Refusal> {
    let signatures = received.signatures;
    let twice = signatures.iter().enumerate().any(|(index, s)| {
        signatures
            .iter()
            .take(index)
            .any(|earlier| earlier.key_id == s.key_id)
    });
    if (1..=SIGNATURES_MAX).contains(&signatures.len()) && !twice {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Malformed,
        "须有一至八个签名，且每把密钥只签一次",
        "an envelope has one to eight signatures, each by another key",
    ))
}

/// Whether a signature over `message` holds.
pub(super) fn verify(
    key: &PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<(), Refusal> {
    key.verify(message, &signature.bytes).map_err(|_| {
        let short = signature.key_id.short();
        Refusal::new(
            RefusalCode::Signature,
            format!("密钥 {short} 的签名与内容不符：内容可能在途中被改动，请重新签名报送"),
            format!("the signature of key {short} does not fit the payload: it may have been altered on the way; sign and submit it again"),
        )
    })
}

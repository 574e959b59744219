//! Key rotation: a unit's key hands over to its successor, without the operator.
//!
//! The act is signed by both keys: the old one allows it, the new one shows that somebody holds it. The new key takes over
//! the old one's unit, role and label, in whichever suite it is. From the act's entry on the old key is refused; what it
//! signed before stays. The time of the change is the log's: nothing in the act moves it.

use prost::Message;

use crate::envelope::{KeyId, PublicKey};

use super::{
    Refusal, RefusalCode, Registry,
    act::{ActError, public_key},
    rows::KeyRow,
};

#[derive(Clone, PartialEq, Message)]
pub(super) struct RotateWire {
    #[prost(bytes = "vec", tag = "1")]
    old_key_id: Vec<u8>,
    #[prost(int32, tag = "2")]
    suite: i32,
    #[prost(bytes = "vec", tag = "3")]
    public_key: Vec<u8>,
}

impl RotateWire {
    pub(super) fn of(old: &KeyId, new: &PublicKey) -> Self {
        Self {
            old_key_id: old.as_bytes().to_vec(),
            suite: new.suite().number().into(),
            public_key: new.to_bytes(),
        }
    }

    pub(super) fn decode(&self) -> Result<(KeyId, PublicKey), ActError> {
        let old = KeyId::from_slice(&self.old_key_id)
            .ok_or_else(|| ActError("old_key_id is not 32 bytes".into()))?;
        Ok((old, public_key(self.suite, &self.public_key)?))
    }
}

/// Which of the two keys a signature of the act is to be checked with.
pub(super) fn signing_key<'a>(
    registry: &'a Registry,
    old: &KeyId,
    new: &'a PublicKey,
    key_id: &KeyId,
) -> Option<&'a PublicKey> {
    if key_id == old {
        registry.key(old).map(|enrolled| &enrolled.key)
    } else {
        Some(new)
    }
}

/// Whether `old` may hand over to `new` now, where `signers` have signed.
pub(super) fn check(
    registry: &Registry,
    old: &KeyId,
    new: &PublicKey,
    signers: &[KeyId],
) -> Result<(), Refusal> {
    let Some(enrolled) = registry.key(old) else {
        return Err(refuse("没有这把密钥", "there is no such key"));
    };
    if enrolled.row.revoked_index.is_some() {
        return Err(Refusal::new(
            RefusalCode::KeyRevoked,
            "旧密钥已失效，不能再更换。请向市局申请新的登记码并重新登记",
            "the old key is no longer in force and cannot hand over: ask the city for a new token and enrol again",
        ));
    }
    if registry.key(&new.key_id()).is_some() {
        return Err(refuse("新密钥已登记", "the new key is enrolled already"));
    }
    if !signers.contains(old) || !signers.contains(&new.key_id()) {
        return Err(refuse(
            "更换密钥须由新旧两把密钥共同签名",
            "a rotation is signed by both keys, the old and the new",
        ));
    }
    Ok(())
}

/// The rows of both keys after the entry at `index`: the old one's, the new one's.
pub(super) fn rows(old: &KeyRow, new: &PublicKey, index: u64) -> (KeyRow, KeyRow) {
    let ended = KeyRow {
        revoked_index: Some(index),
        successor: new.key_id().as_bytes().to_vec(),
        ..old.clone()
    };
    let begun = KeyRow {
        suite: new.suite().number().into(),
        public_key: new.to_bytes(),
        enrolled_index: index,
        ..old.clone()
    };
    (ended, begun)
}

fn refuse(zh: &str, en: &str) -> Refusal {
    Refusal::new(RefusalCode::Act, zh, en)
}

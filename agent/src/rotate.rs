//! Key rotation: a new signing key takes over from the old one, with the old one's signature and without the operator.
//!
//! In: a complete identity whose spool and `waiting/` are empty, because what the old key signed is refused afterwards. Out: the
//! same identity with the new key. Durable after: the new key stands in `signing.key`. On crash: the new key and the exact
//! request are stored before anything is sent; repeating sends the same bytes, which the city knows by their digest. Between
//! the request's being stored and its being removed no other command uses the identity, because which key is in force is not
//! known here.
//!
//! Files in `identity`, in the order in which they come: `signing.key.next`, `rotation.request` (the exact
//! `granary.v1.RotateKeyRequest`), `rotation.receipt` (of the newest rotation); then the new key replaces the old one, and the
//! request is removed last.

use std::{fs, io, path::Path};

use granary_core::{
    envelope::{KeyId, SecretKey, Suite},
    ledger::act::{self, Act, Deed},
    log::VerifierKey,
    text::Bilingual,
};
use granary_proto::v1::{
    self, RotateKeyRequest, collection_service_client::CollectionServiceClient, rotate_key_response,
};
use prost::Message as _;
use tonic::transport::Channel;

use crate::durable::{Disk as _, OsDisk, write_secret_durably};
use crate::enrol::{check_receipt, explain};
use crate::identity::{self, Identity, IdentityError};
use crate::link::wire;

const NEXT_KEY: &str = "signing.key.next";
const RECEIPT: &str = "rotation.receipt";

/// A finished rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The key that is refused now.
    pub old: KeyId,
    /// The key that signs now.
    pub new: KeyId,
}

/// Why a rotation did not finish.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The folder cannot be written.
    #[error("cannot write the identity: {0}")]
    Io(#[from] io::Error),
    /// A stored key cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A key could not be made, or did not sign.
    #[error("cannot make the new key: {0}")]
    Key(String),
    /// The request of an attempt that was cut off cannot be read.
    #[error(
        "the request of the rotation that was begun is damaged: restore the folder from a copy, or ask the city's operator for a new token and enrol again"
    )]
    Request,
    /// Repeat.
    #[error("the city cannot be reached; repeat, the same key will be used: {0}")]
    Unreachable(String),
    /// The city said no; the old key is in force as before.
    #[error("the city refused the rotation, and the old key stays: {}", .0.en)]
    Refused(Bilingual),
    /// The answer does not hold.
    #[error("the city's answer does not hold ({0}): ask the city's operator, then repeat")]
    Answer(String),
}

/// A rotation that was begun.
struct Begun {
    request: RotateKeyRequest,
    done: Done,
}

/// Rotates the key in `folder`, or finishes a rotation that was cut off.
///
/// # Errors
/// [`RotateError`]; after each the same call can be repeated.
pub async fn rotate(
    channel: Channel,
    folder: &Path,
    identity: &Identity,
    suite: Suite,
    issued_at_ms: i64,
) -> Result<Done, RotateError> {
    let begun = match pending(folder)? {
        Some(begun) => begun,
        None => begin(folder, identity, suite, issued_at_ms)?,
    };
    if identity.key_id() == begun.done.new {
        // Cut off after the new key took its place.
        return end(folder, begun.done);
    }
    let response = CollectionServiceClient::new(channel)
        .rotate_key(begun.request.clone())
        .await
        .map_err(|status| RotateError::Unreachable(explain(&status)))?;
    match response.into_inner().result {
        Some(rotate_key_response::Result::Receipt(receipt)) => {
            store(folder, &begun, &receipt, &identity.log_key)?;
            end(folder, begun.done)
        }
        Some(rotate_key_response::Result::Refusal(refusal)) => {
            if !refusal.retryable {
                give_up(folder)?;
            }
            let message = Bilingual::new(refusal.message_zh, refusal.message_en);
            Err(RotateError::Refused(message))
        }
        None => Err(RotateError::Answer("it is empty".to_owned())),
    }
}

/// The rotation that was begun here, if any.
fn pending(folder: &Path) -> Result<Option<Begun>, RotateError> {
    let bytes = match fs::read(folder.join(identity::ROTATION_REQUEST)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let request = RotateKeyRequest::decode(bytes.as_slice()).map_err(|_| RotateError::Request)?;
    let act = request.act.as_ref().ok_or(RotateError::Request)?;
    let act = Act::decode(&act.payload).map_err(|_| RotateError::Request)?;
    let Deed::RotateKey { old, new } = act.deed else {
        return Err(RotateError::Request);
    };
    let new = new.key_id();
    let done = Done { old, new };
    Ok(Some(Begun { request, done }))
}

/// Makes the new key and the request, and stores both. A key of an attempt that got no further is used again.
fn begin(
    folder: &Path,
    identity: &Identity,
    suite: Suite,
    issued_at_ms: i64,
) -> Result<Begun, RotateError> {
    let key = |error: &dyn std::fmt::Display| RotateError::Key(error.to_string());
    let kept = identity::load_key(folder, NEXT_KEY);
    let next = match kept.ok().filter(|kept| kept.suite() == suite) {
        Some(kept) => kept,
        None => identity::new_key(suite).map_err(|error| key(&error))?,
    };
    identity::store_key(folder, NEXT_KEY, &next)?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| key(&error))?;
    let done = Done {
        old: identity.key_id(),
        new: next.public_key().key_id(),
    };
    let payload = Act {
        issued_at_ms,
        nonce,
        deed: Deed::RotateKey {
            old: done.old,
            new: next.public_key(),
        },
        person: String::new(),
    }
    .encode();
    let act = signed(payload, [&identity.signing, &next]).map_err(|error| key(&error))?;
    let request = RotateKeyRequest { act: Some(act) };
    let path = folder.join(identity::ROTATION_REQUEST);
    write_secret_durably(&path, &request.encode_to_vec())?;
    Ok(Begun { request, done })
}

fn signed(
    payload: Vec<u8>,
    keys: [&SecretKey; 2],
) -> Result<v1::Envelope, granary_core::envelope::SignatureError> {
    let mut signatures = Vec::with_capacity(keys.len());
    for key in keys {
        let signature = key.sign(act::PAYLOAD_TYPE, &payload)?;
        signatures.push(wire::signature_to(&signature));
    }
    Ok(v1::Envelope {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures,
    })
}

/// Checks the receipt, stores it, and puts the new key into the old one's place.
fn store(
    folder: &Path,
    begun: &Begun,
    receipt: &v1::Receipt,
    log_key: &VerifierKey,
) -> Result<(), RotateError> {
    let receipt =
        wire::receipt_from(receipt).map_err(|error| RotateError::Answer(error.to_string()))?;
    let act = begun.request.act.as_ref().ok_or(RotateError::Request)?;
    check_receipt(&receipt, log_key, act).map_err(RotateError::Answer)?;
    write_secret_durably(&folder.join(RECEIPT), receipt.to_text().as_bytes())?;
    OsDisk.rename(&folder.join(NEXT_KEY), &folder.join(identity::SIGNING_KEY))?;
    Ok(OsDisk.sync_folder(folder)?)
}

fn end(folder: &Path, done: Done) -> Result<Done, RotateError> {
    remove(folder, identity::ROTATION_REQUEST)?;
    Ok(done)
}

/// The city will never take this request: the old key goes on. The request goes first, because it is what blocks.
fn give_up(folder: &Path) -> io::Result<()> {
    remove(folder, identity::ROTATION_REQUEST)?;
    remove(folder, NEXT_KEY)
}

fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match OsDisk.remove(&folder.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => OsDisk.sync_folder(folder),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use granary_core::envelope::{KeyRole, PublicKey, pre_authentication_encoding};

    use super::*;
    use crate::link::tests::support::{City, Manner, UNIT, log_key};

    /// A folder with an identity as far as a rotation looks at it.
    struct Office(tempfile::TempDir);

    impl Office {
        fn new() -> Self {
            let office = Self(tempfile::tempdir().unwrap());
            let key = SecretKey::from_seed(Suite::Ed25519, &[5; 32]).unwrap();
            identity::store_key(office.folder(), identity::SIGNING_KEY, &key).unwrap();
            office
        }

        fn folder(&self) -> &Path {
            self.0.path()
        }

        fn identity(&self) -> Identity {
            Identity {
                signing: identity::load_signing_key(self.folder()).unwrap(),
                role: KeyRole::Agent,
                unit: UNIT.parse().unwrap(),
                tls_key_pem: String::new(),
                certificate_pem: String::new(),
                authority_pem: String::new(),
                log_key: log_key(),
            }
        }

        fn key(&self) -> KeyId {
            self.identity().key_id()
        }

        fn has(&self, name: &str) -> bool {
            self.folder().join(name).exists()
        }

        async fn rotate(&self, city: &City) -> Result<Done, RotateError> {
            let (channel, identity) = (city.channel(), self.identity());
            rotate(channel, self.folder(), &identity, Suite::Sm2Sm3, 7).await
        }
    }

    #[tokio::test]
    async fn the_new_key_takes_the_old_ones_place() {
        let (office, city) = (Office::new(), City::start(Manner::Honest));
        let old = office.key();
        let done = office.rotate(&city).await.unwrap();
        assert_eq!(done.old, old);
        assert_eq!(office.key(), done.new);
        assert_eq!(office.identity().signing.suite(), Suite::Sm2Sm3);
        assert!(
            office.has(RECEIPT) && !office.has(identity::ROTATION_REQUEST) && !office.has(NEXT_KEY)
        );
        // And on, from the newest.
        assert_eq!(office.rotate(&city).await.unwrap().old, done.new);
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_asked_for_again_with_the_same_bytes() {
        let (office, city) = (Office::new(), City::start(Manner::CutAt(1)));
        let lost = office.rotate(&city).await.unwrap_err();
        assert!(matches!(lost, RotateError::Unreachable(_)), "{lost}");
        assert!(matches!(
            Identity::load(office.folder()),
            Err(IdentityError::Rotating(_) | IdentityError::NotEnrolled(_))
        ));
        let request = fs::read(office.folder().join(identity::ROTATION_REQUEST)).unwrap();
        let done = office.rotate(&city).await.unwrap();
        assert_eq!(office.key(), done.new);
        assert_eq!(city.entries(), 1, "one entry for both attempts");
        // A crash before the request was removed: the next attempt finds that all is done and asks nobody.
        fs::write(office.folder().join(identity::ROTATION_REQUEST), request).unwrap();
        assert_eq!(office.rotate(&city).await.unwrap(), done);
        assert_eq!(city.entries(), 1);
        assert!(!office.has(identity::ROTATION_REQUEST));
    }

    #[tokio::test]
    async fn a_refusal_leaves_the_old_key() {
        let (office, city) = (Office::new(), City::start(Manner::RefuseFor(0)));
        let old = office.key();
        let refused = office.rotate(&city).await.unwrap_err();
        assert!(matches!(refused, RotateError::Refused(_)), "{refused}");
        assert_eq!(office.key(), old);
        assert!(!office.has(identity::ROTATION_REQUEST) && !office.has(NEXT_KEY));
    }

    #[tokio::test]
    async fn a_receipt_for_something_else_changes_nothing() {
        let city = City::start(Manner::WrongReceiptFor(0));
        let office = Office::new();
        let old = office.key();
        let wrong = office.rotate(&city).await.unwrap_err();
        assert!(matches!(wrong, RotateError::Answer(_)), "{wrong}");
        assert_eq!(office.key(), old);
        assert!(office.has(identity::ROTATION_REQUEST) && office.has(NEXT_KEY));
    }

    #[test]
    fn both_keys_sign_the_request_before_it_is_sent() {
        let office = Office::new();
        let begun = begin(office.folder(), &office.identity(), Suite::Sm2Sm3, 7).unwrap();
        let next = identity::load_key(office.folder(), NEXT_KEY).unwrap();
        let act = begun.request.act.unwrap();
        let message = pre_authentication_encoding(&act.payload_type, &act.payload);
        let keys: [PublicKey; 2] = [office.identity().signing.public_key(), next.public_key()];
        for (key, signature) in keys.iter().zip(&act.signatures) {
            assert_eq!(key.verify(&message, &signature.signature), Ok(()));
        }
        let again = pending(office.folder()).unwrap().unwrap();
        assert_eq!(again.request.act.unwrap(), act);
    }
}

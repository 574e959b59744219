//! Enrolment: from a one-time token to a certificate and a key in the journal.
//!
//! In: the token that the city's operator handed over, a unit, an empty folder. Out: a complete [`crate::identity`].
//! Durable after: `enrolment.receipt` is written, which is the last file. On crash: the keys and the exact request are
//! stored before anything is sent; repeating with the same token sends the same bytes, which the city knows by their digest
//! and answers with the old receipt and a certificate.
//!
//! Token: `granary1.<base64url of the authority certificate's SHA-256>.<base64url of 32 secret bytes>`, without padding.

use std::io;
use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use granary_core::{
    code::UnitCode,
    digest::Digest,
    envelope::{KeyId, KeyRole, SecretKey, Suite},
    ledger::{
        JournalEntry, Subject,
        act::{self, Act, Deed},
    },
    log::{Receipt, VerifierKey},
    text::Bilingual,
};
use granary_proto::v1::{
    self, EnrolRequest, Enrolled, enrol_response, enrolment_service_client::EnrolmentServiceClient,
};
use prost::Message as _;
use tonic::transport::Channel;

use crate::durable::{write_durably, write_secret_durably};
use crate::identity::{self, IdentityError};
use crate::link::wire;

/// What every token of this form begins with.
pub const TOKEN_PREFIX: &str = "granary1";
/// The longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 128;

/// A one-time token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the city's authority certificate (DER).
    pub authority_sha256: Digest,
    secret: [u8; 32],
}

/// What to enrol.
#[derive(Clone)]
pub struct Request {
    /// The token.
    pub token: Token,
    /// The unit.
    pub unit: UnitCode,
    /// A label for people, for instance the computer's name.
    pub label: String,
    /// The suite of the signing key.
    pub suite: Suite,
}

/// What a finished enrolment shows to the person.
#[derive(Clone, Debug)]
pub struct Done {
    /// The signing key's name.
    pub key_id: KeyId,
    /// In which capacity it signs.
    pub role: KeyRole,
    /// SHA-256 of the city's authority certificate (DER).
    pub authority_sha256: Digest,
    /// The log's key.
    pub log_key: VerifierKey,
    /// The journal index of the enrolment.
    pub index: u64,
}

/// Why enrolment did not finish.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Ask for the token again, or copy it whole.
    #[error("the token is damaged: copy all of it, from {TOKEN_PREFIX}. to the last character")]
    Token,
    /// Use another folder, or keep the identity.
    #[error("{} already holds an identity, which is never overwritten: use another folder for another key", .0.display())]
    AlreadyEnrolled(PathBuf),
    /// A label of at most 128 bytes.
    #[error("the label is longer than {LABEL_BYTES_MAX} bytes: shorten it")]
    Label,
    /// The folder cannot be written.
    #[error("cannot write the identity: {0}")]
    Io(#[from] io::Error),
    /// A stored key cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Repeat with the suite of the key that is there, or use another folder.
    #[error(
        "the folder holds a key of suite {0} from an attempt that was cut off: repeat with --suite {0}, or use another folder"
    )]
    OtherSuite(&'static str),
    /// A key could not be made.
    #[error("cannot make a key: {0}")]
    Key(String),
    /// Repeat with the same token.
    #[error(
        "the city cannot be reached, or whoever answers is not the city that the token names; repeat with the same token: {0}"
    )]
    Unreachable(String),
    /// The city said no.
    #[error("the city refused the enrolment: {}", .0.en)]
    Refused(Bilingual),
    /// The answer does not hold: nothing of it was stored.
    #[error(
        "the city's answer does not hold and was not stored ({0}): ask the city's operator, repeat with the same token"
    )]
    Answer(String),
}

impl Token {
    /// Reads a token.
    ///
    /// # Errors
    /// [`EnrolError::Token`] where it is not whole.
    pub fn parse(text: &str) -> Result<Self, EnrolError> {
        let mut parts = text.trim().split('.');
        let (prefix, pin, secret) = (parts.next(), parts.next(), parts.next());
        let bytes = |part: Option<&str>| -> Option<[u8; 32]> {
            BASE64URL.decode(part?).ok()?.try_into().ok()
        };
        match (prefix, bytes(pin), bytes(secret), parts.next()) {
            (Some(TOKEN_PREFIX), Some(pin), Some(secret), None) => Ok(Self {
                authority_sha256: Digest::from_bytes(pin),
                secret,
            }),
            _ => Err(EnrolError::Token),
        }
    }

    /// Writes a token, as the city's operator hands it over.
    #[must_use]
    pub fn to_text(&self) -> String {
        let pin = BASE64URL.encode(self.authority_sha256.as_bytes());
        format!("{TOKEN_PREFIX}.{pin}.{}", BASE64URL.encode(self.secret))
    }
}

/// Enrols over `channel` and stores the identity in `folder`.
///
/// # Errors
/// [`EnrolError`]; after each the same call can be repeated.
pub async fn enrol(
    channel: Channel,
    folder: &Path,
    request: &Request,
    issued_at_ms: i64,
) -> Result<Done, EnrolError> {
    if identity::is_complete(folder) {
        return Err(EnrolError::AlreadyEnrolled(folder.to_path_buf()));
    }
    if request.label.len() > LABEL_BYTES_MAX {
        return Err(EnrolError::Label);
    }
    let message = prepare(folder, request, issued_at_ms)?;
    let response = EnrolmentServiceClient::new(channel)
        .enrol(message.clone())
        .await
        .map_err(|status| EnrolError::Unreachable(explain(&status)))?;
    match response.into_inner().result {
        Some(enrol_response::Result::Enrolled(enrolled)) => {
            store(folder, request, &message, &enrolled)
        }
        Some(enrol_response::Result::Refusal(refusal)) => Err(EnrolError::Refused(Bilingual::new(
            refusal.message_zh,
            refusal.message_en,
        ))),
        None => Err(EnrolError::Answer("it is empty".to_owned())),
    }
}

/// Makes the keys and the request, or finds those of an attempt that was cut off.
fn prepare(
    folder: &Path,
    request: &Request,
    issued_at_ms: i64,
) -> Result<EnrolRequest, EnrolError> {
    std::fs::create_dir_all(folder)?;
    if let Some(pending) = pending(folder, request) {
        return Ok(pending);
    }
    let signing = signing_key(folder, request.suite)?;
    let certificate_request = certificate_request(folder)?;
    let deed = Deed::EnrolKey {
        unit: request.unit.clone(),
        key: signing.public_key(),
        token: request.token.secret,
        label: request.label.clone(),
    };
    let payload = Act {
        issued_at_ms,
        nonce: random()?,
        deed,
        person: String::new(),
    }
    .encode();
    let signature = signing
        .sign(act::PAYLOAD_TYPE, &payload)
        .map_err(|error| EnrolError::Key(error.to_string()))?;
    let act = v1::Envelope {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures: vec![wire::signature_to(&signature)],
    };
    let message = EnrolRequest {
        act: Some(act),
        certificate_request,
    };
    write_secret_durably(&folder.join(identity::REQUEST), &message.encode_to_vec())?;
    Ok(message)
}

/// The stored request, where it is for the same token and unit.
fn pending(folder: &Path, request: &Request) -> Option<EnrolRequest> {
    let bytes = std::fs::read(folder.join(identity::REQUEST)).ok()?;
    let message = EnrolRequest::decode(bytes.as_slice()).ok()?;
    match Act::decode(&message.act.as_ref()?.payload).ok()?.deed {
        Deed::EnrolKey { unit, token, .. }
            if unit == request.unit && token == request.token.secret =>
        {
            Some(message)
        }
        Deed::EnrolKey { .. }
        | Deed::Genesis { .. }
        | Deed::PublishCatalogue(_)
        | Deed::IssueToken { .. }
        | Deed::RevokeKey { .. }
        | Deed::RotateKey { .. }
        | Deed::Extend { .. }
        | Deed::Exempt { .. }
        | Deed::ImportHistory { .. }
        | Deed::RequestEvidence { .. }
        | Deed::AnchorAccess { .. }
        | Deed::Sample(_)
        | Deed::PublishBulletin(_)
        | Deed::EnrolWitness { .. }
        | Deed::Decide { .. } => None,
    }
}

fn signing_key(folder: &Path, suite: Suite) -> Result<SecretKey, EnrolError> {
    if folder.join(identity::SIGNING_KEY).exists() {
        let signing = identity::load_signing_key(folder)?;
        if signing.suite() != suite {
            return Err(EnrolError::OtherSuite(signing.suite().word()));
        }
        return Ok(signing);
    }
    let signing = identity::new_key(suite).map_err(|error| EnrolError::Key(error.to_string()))?;
    identity::store_key(folder, identity::SIGNING_KEY, &signing)?;
    Ok(signing)
}

fn certificate_request(folder: &Path) -> Result<Vec<u8>, EnrolError> {
    let key_error = |error: rcgen::Error| EnrolError::Key(error.to_string());
    let path = folder.join(identity::TLS_KEY);
    let key = if path.exists() {
        rcgen::KeyPair::from_pem(&identity::read(folder, identity::TLS_KEY)?).map_err(key_error)?
    } else {
        let key = rcgen::KeyPair::generate().map_err(key_error)?;
        write_secret_durably(&path, key.serialize_pem().as_bytes())?;
        key
    };
    let params = rcgen::CertificateParams::new(Vec::new()).map_err(key_error)?;
    let request = params.serialize_request(&key).map_err(key_error)?;
    Ok(request.der().to_vec())
}

/// Checks everything in the answer, then stores it, the receipt last.
fn store(
    folder: &Path,
    request: &Request,
    sent: &EnrolRequest,
    enrolled: &Enrolled,
) -> Result<Done, EnrolError> {
    let wrong = |what: &str| EnrolError::Answer(what.to_owned());
    let authority_sha256 = Digest::of(&enrolled.authority);
    if authority_sha256 != request.token.authority_sha256 {
        return Err(wrong(
            "its certification authority is not the one in the token",
        ));
    }
    let log_key = VerifierKey::parse(&enrolled.log_verifier_key)
        .map_err(|error| wrong(&error.to_string()))?;
    let receipt = enrolled
        .receipt
        .as_ref()
        .ok_or_else(|| wrong("it has no receipt"))?;
    let receipt = wire::receipt_from(receipt).map_err(|error| wrong(&error.to_string()))?;
    let act = sent.act.as_ref().ok_or_else(|| wrong("nothing was sent"))?;
    check_receipt(&receipt, &log_key, act).map_err(|error| wrong(&error))?;
    let role = KeyRole::from_number(enrolled.role)
        .ok_or_else(|| wrong("its role is not known: install a newer agent"))?;
    let signing = identity::load_signing_key(folder)?;
    let put = |name: &str, bytes: &[u8]| write_secret_durably(&folder.join(name), bytes);
    put(identity::UNIT, format!("{}\n", request.unit).as_bytes())?;
    put(
        identity::CERTIFICATE,
        pem("CERTIFICATE", &enrolled.certificate).as_bytes(),
    )?;
    put(
        identity::AUTHORITY,
        pem("CERTIFICATE", &enrolled.authority).as_bytes(),
    )?;
    put(
        identity::LOG_KEY,
        format!("{}\n", enrolled.log_verifier_key).as_bytes(),
    )?;
    if role != KeyRole::Agent {
        put(identity::ROLE, format!("{}\n", role.word()).as_bytes())?;
    }
    put(identity::RECEIPT, receipt.to_text().as_bytes())?;
    // The token in it is used up; what cannot be removed does no harm.
    let _ = std::fs::remove_file(folder.join(identity::REQUEST));
    Ok(Done {
        key_id: signing.public_key().key_id(),
        role,
        authority_sha256,
        log_key,
        index: receipt.index,
    })
}

/// The receipt must be for exactly the act that was sent.
pub(crate) fn check_receipt(
    receipt: &Receipt,
    log_key: &VerifierKey,
    act: &v1::Envelope,
) -> Result<(), String> {
    receipt.verify(log_key).map_err(|error| error.to_string())?;
    let entry = JournalEntry::decode(&receipt.entry).map_err(|error| error.to_string())?;
    let same = entry.subject == Subject::Act
        && entry.payload_sha256 == Digest::of(&act.payload)
        && entry
            .signatures
            .iter()
            .map(wire::signature_to)
            .eq(act.signatures.iter().cloned());
    if same {
        Ok(())
    } else {
        Err("its receipt is for another entry".to_owned())
    }
}

/// Writes the first settings, unless there are some.
///
/// # Errors
/// Where the folder cannot be written.
pub fn write_first_settings(path: &Path, text: &str) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    write_durably(path, text.as_bytes()).map(|()| true)
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn random<const N: usize>() -> Result<[u8; N], EnrolError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| EnrolError::Key(error.to_string()))?;
    Ok(bytes)
}

/// The status with its causes: "transport error" alone helps nobody.
pub(crate) fn explain(status: &tonic::Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn token(secret: u8) -> Token {
        Token {
            authority_sha256: Digest::of(b"synthetic authority"),
            secret: [secret; 32],
        }
    }

    fn request(secret: u8) -> Request {
        Request {
            token: token(secret),
            unit: UnitCode::new("520100").unwrap(),
            label: "office".to_owned(),
            suite: Suite::Ed25519,
        }
    }

    #[test]
    fn a_token_round_trips_and_a_damaged_one_is_refused() {
        let text = token(7).to_text();
        assert!(Token::parse(&format!(" {text}\n")).unwrap() == token(7));
        for bad in [
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}.x"),
            &text.replace("granary1", "granary2"),
            "",
        ] {
            assert!(Token::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_token_repeats_the_same_bytes_and_another_keeps_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let first = prepare(folder.path(), &request(1), 10).unwrap();
        let again = prepare(folder.path(), &request(1), 20).unwrap();
        assert_eq!(
            first, again,
            "the city knows the enrolment by the digest of these bytes"
        );
        let key = identity::load_signing_key(folder.path()).unwrap();
        let other = prepare(folder.path(), &request(2), 30).unwrap();
        assert_ne!(first.act.unwrap().payload, other.act.unwrap().payload);
        assert_eq!(identity::load_signing_key(folder.path()).unwrap(), key);
    }

    #[test]
    fn the_request_proves_possession_of_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let act = prepare(folder.path(), &request(1), 10)
            .unwrap()
            .act
            .unwrap();
        let key = identity::load_signing_key(folder.path())
            .unwrap()
            .public_key();
        let message =
            granary_core::envelope::pre_authentication_encoding(&act.payload_type, &act.payload);
        assert_eq!(key.verify(&message, &act.signatures[0].signature), Ok(()));
        assert_eq!(act.signatures[0].key_id, key.key_id().as_bytes());
    }

    use crate::link::tests::support::{AUTHORITY, City, Manner};

    fn real(secret: u8) -> Request {
        Request {
            token: Token {
                authority_sha256: Digest::of(AUTHORITY),
                secret: [secret; 32],
            },
            ..request(secret)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_enrolment_that_was_cut_off_is_finished_by_the_same_token() {
        let (folder, city) = (tempfile::tempdir().unwrap(), City::start(Manner::CutAt(1)));
        let cut = enrol(city.channel(), folder.path(), &real(1), 10).await;
        assert!(matches!(cut, Err(EnrolError::Unreachable(_))), "{cut:?}");
        assert!(!identity::is_complete(folder.path()));
        let done = enrol(city.channel(), folder.path(), &real(1), 20)
            .await
            .unwrap();
        assert_eq!(
            (done.index, city.enrolments()),
            (0, 2),
            "the old entry is meant, not a second one"
        );
        let identity = identity::Identity::load(folder.path()).unwrap();
        assert_eq!(
            (identity.unit.as_str(), identity.key_id()),
            ("520100", done.key_id)
        );
        assert!(
            !folder.path().join(identity::REQUEST).exists(),
            "the token is used up"
        );
        let again = enrol(city.channel(), folder.path(), &real(1), 30).await;
        assert!(
            matches!(again, Err(EnrolError::AlreadyEnrolled(_))),
            "{again:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_hold_is_not_stored() {
        for manner in [
            Manner::AnotherLog,
            Manner::WrongReceiptFor(0),
            Manner::RefuseFor(0),
        ] {
            let (folder, city) = (tempfile::tempdir().unwrap(), City::start(manner));
            let failed = enrol(city.channel(), folder.path(), &real(1), 10)
                .await
                .unwrap_err();
            assert_eq!(
                matches!(failed, EnrolError::Refused(_)),
                manner == Manner::RefuseFor(0),
                "{failed}"
            );
            assert!(!identity::is_complete(folder.path()), "{manner:?}");
            assert!(!folder.path().join(identity::AUTHORITY).exists());
        }
    }

    #[test]
    fn files_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path(), &request(1), 10).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            assert!(!crate::platform::others_can_read(&entry.unwrap().path()).unwrap());
        }
    }
}

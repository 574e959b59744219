//! Renewal of the client certificate: a new TLS key and the next certificate, by itself, before the one in use ends.
//!
//! In: a complete identity. Out: the same identity with another TLS key and certificate. Durable after: `tls.next` is written, the
//! commit point. On crash: before it, the old key and certificate are in force and the new key is used again; after it, whoever loads
//! the identity takes both from `tls.next`, until [`settle`] has put them into their places.
//!
//! Files in `identity`, in the order in which they come and go: `tls.key.next` (the new key), `tls.next` (the new certificate and its
//! key, PEM, in one file so that they come together); then `tls.key` and `tls.crt` are replaced, `tls.next` and `tls.key.next` removed.
//!
//! The request is signed with the signing key, so it works also without the old certificate where that has expired.

use std::{fs, io, path::Path};

use granary_core::{envelope::CERTIFICATE_REQUEST_TYPE, text::Bilingual};
use granary_proto::v1::{
    RenewCertificateRequest, enrolment_service_client::EnrolmentServiceClient,
    renew_certificate_response,
};
use rcgen::KeyPair;
use tonic::{Code, transport::Channel};

use crate::certificate::Certificate;
use crate::durable::{Disk as _, OsDisk, write_secret_durably};
use crate::enrol::{explain, pem};
use crate::identity::{self, Identity};
use crate::link::wire;

const NEXT_KEY: &str = "tls.key.next";
const NEXT: &str = "tls.next";
/// What parts certificate and key in `tls.next`.
const KEY_BEGINS: &str = "-----BEGIN PRIVATE KEY-----";

/// Why there is no new certificate. The old one stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The folder cannot be written.
    #[error("cannot write the identity: {0}")]
    Io(#[from] io::Error),
    /// A key could not be made, or did not sign.
    #[error("cannot make the new TLS key: {0}")]
    Key(String),
    /// Tried again by itself.
    #[error("the city cannot be reached: {0}")]
    Unreachable(String),
    /// The city is older than this program.
    #[error("the city's program does not know renewal yet")]
    Unknown,
    /// The city said no.
    #[error("the city refused it: {}", .0.en)]
    Refused(Bilingual),
    /// The answer does not hold; nothing of it was stored.
    #[error("the city's answer does not hold: {0}")]
    Answer(&'static str),
}

/// Asks for the next certificate over `channel` and puts it into place; gives until when it lasts. `now_ms` is the city's time, as far as
/// it is known: a certificate that would have to be renewed at once is not taken, because that would never end.
///
/// # Errors
/// [`RenewError`]; after each the same call can be repeated.
pub async fn renew(
    channel: Channel,
    folder: &Path,
    identity: &Identity,
    now_ms: i64,
) -> Result<i64, RenewError> {
    settle(folder)?;
    let key = next_key(folder)?;
    let request = request(identity, &key)?;
    let response = EnrolmentServiceClient::new(channel)
        .renew_certificate(request)
        .await
        .map_err(|status| unanswered(&status))?;
    let der = match response.into_inner().result {
        Some(renew_certificate_response::Result::Renewed(renewed)) => renewed.certificate,
        Some(renew_certificate_response::Result::Refusal(refusal)) => {
            let words = Bilingual::new(refusal.message_zh, refusal.message_en);
            return Err(RenewError::Refused(words));
        }
        None => return Err(RenewError::Answer("it is empty")),
    };
    let until_ms = check(&der, &key, identity, now_ms)?;
    let text = format!("{}{}", pem("CERTIFICATE", &der), key.serialize_pem());
    write_secret_durably(&folder.join(NEXT), text.as_bytes())?;
    settle(folder)?;
    Ok(until_ms)
}

fn unanswered(status: &tonic::Status) -> RenewError {
    if status.code() == Code::Unimplemented {
        return RenewError::Unknown;
    }
    RenewError::Unreachable(explain(status))
}

/// The TLS certificate and key in force: those in `tls.next` where a renewal was cut off after its commit point.
pub(crate) fn pair(folder: &Path) -> Result<(String, String), identity::IdentityError> {
    match committed(folder) {
        Some(pair) => Ok(pair),
        None => Ok((
            identity::read(folder, identity::CERTIFICATE)?,
            identity::read(folder, identity::TLS_KEY)?,
        )),
    }
}

fn committed(folder: &Path) -> Option<(String, String)> {
    let text = fs::read_to_string(folder.join(NEXT)).ok()?;
    let (certificate, key) = text.split_at(text.find(KEY_BEGINS)?);
    Some((certificate.to_owned(), key.to_owned()))
}

/// Puts what was committed into its place; does nothing where nothing was.
///
/// # Errors
/// Those of the disk.
pub fn settle(folder: &Path) -> io::Result<()> {
    settle_up_to(folder, usize::MAX)
}

/// As [`settle`], for the first `steps_max` steps, as a crash would leave it.
fn settle_up_to(folder: &Path, steps_max: usize) -> io::Result<()> {
    let Some((certificate, key)) = committed(folder) else {
        return Ok(());
    };
    let put = |name: &str, text: &str| write_secret_durably(&folder.join(name), text.as_bytes());
    let steps: [&dyn Fn() -> io::Result<()>; 4] = [
        &|| put(identity::TLS_KEY, &key),
        &|| put(identity::CERTIFICATE, &certificate),
        &|| remove(folder, NEXT_KEY),
        &|| remove(folder, NEXT),
    ];
    steps.iter().take(steps_max).try_for_each(|step| step())
}

fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match OsDisk.remove(&folder.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => OsDisk.sync_folder(folder),
    }
}

/// The new key; that of an attempt that was cut off, where there is one.
fn next_key(folder: &Path) -> Result<KeyPair, RenewError> {
    let key = |error: rcgen::Error| RenewError::Key(error.to_string());
    if let Ok(kept) = fs::read_to_string(folder.join(NEXT_KEY))
        && let Ok(kept) = KeyPair::from_pem(&kept)
    {
        return Ok(kept);
    }
    let made = KeyPair::generate().map_err(key)?;
    write_secret_durably(&folder.join(NEXT_KEY), made.serialize_pem().as_bytes())?;
    Ok(made)
}

fn request(identity: &Identity, key: &KeyPair) -> Result<RenewCertificateRequest, RenewError> {
    let made = |error: rcgen::Error| RenewError::Key(error.to_string());
    let params = rcgen::CertificateParams::new(Vec::new()).map_err(made)?;
    let certificate_request = params.serialize_request(key).map_err(made)?.der().to_vec();
    let signature = identity
        .signing
        .sign(CERTIFICATE_REQUEST_TYPE, &certificate_request)
        .map_err(|error| RenewError::Key(error.to_string()))?;
    Ok(RenewCertificateRequest {
        certificate_request,
        signature: Some(wire::signature_to(&signature)),
    })
}

/// The certificate must be for the new key and this unit, and last longer than the one in use.
fn check(der: &[u8], key: &KeyPair, identity: &Identity, now_ms: i64) -> Result<i64, RenewError> {
    let new = Certificate::from_der(der).map_err(|_| RenewError::Answer("it is no certificate"))?;
    if !new.is_of(&key.serialize_pem()) {
        return Err(RenewError::Answer("it is for another key"));
    }
    if new.unit.as_deref() != Some(identity.unit.as_str()) {
        return Err(RenewError::Answer("it is for another unit"));
    }
    let old = Certificate::from_pem(&identity.certificate_pem);
    if old.is_ok_and(|old| new.until_ms < old.until_ms) {
        return Err(RenewError::Answer("it ends before the one in use"));
    }
    if new.renew_from_ms() <= now_ms {
        return Err(RenewError::Answer("it would have to be renewed at once"));
    }
    Ok(new.until_ms)
}

#[cfg(test)]
mod tests;

//! The city's private certification authority.
//!
//! Files in the data folder: `ca.pem` and `ca.key` (PKCS #8), `server.pem` and `server.key`. The authority's certificate
//! lasts [`AUTHORITY_YEARS`]; the server's lasts [`SERVER_YEARS`] and is made anew at a start where it lacks a name or is
//! near its end; clients' last [`CLIENT_YEARS`]. Instants are arguments: nothing here reads a clock.

use std::net::IpAddr;

use granary_core::digest::Digest;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType,
};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::Caller;

/// How long the authority's certificate lasts.
const AUTHORITY_YEARS: i16 = 30;
/// How long the server's certificate lasts.
const SERVER_YEARS: i16 = 2;
/// How long a client's certificate lasts.
const CLIENT_YEARS: i16 = 2;
/// The server's certificate is made anew when it has fewer seconds left than this: sixty days.
const RENEWAL_LEAD_SECONDS: i64 = 60 * 86_400;
/// The largest certificate request, in bytes.
const REQUEST_BYTES_MAX: usize = 8_192;

/// The authority, able to issue.
pub struct Authority {
    certificate_der: Vec<u8>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, both PEM.
pub struct IssuedKey {
    /// The certificate.
    pub certificate_pem: String,
    /// The private key, PKCS #8.
    pub key_pem: String,
}

/// Why the authority did not do something.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The request is not a signed PKCS #10 request for an ECDSA P-256 key.
    #[error(
        "the certificate request is not a signed PKCS #10 request (DER) for an ECDSA P-256 key of at most 8,192 bytes"
    )]
    Request,
    /// An anonymous caller has no certificate.
    #[error("a certificate names a unit or a role")]
    Anonymous,
    /// The authority's own files cannot be used.
    #[error(
        "the authority's certificate or key cannot be used: {0}; restore ca.pem and ca.key from the backup"
    )]
    Files(String),
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Issue(String),
}

impl Authority {
    /// Makes a new authority; the second value is its private key (PKCS #8 PEM).
    ///
    /// # Errors
    /// [`AuthorityError::Issue`] where the cryptography library refuses.
    pub fn generate(origin: &str, now: Timestamp) -> Result<(Self, String), AuthorityError> {
        let key = new_key()?;
        let key_pem = key.serialize_pem();
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&format!("Granary authority of {origin}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, now, AUTHORITY_YEARS);
        let certificate = params.self_signed(&key).map_err(issue)?;
        Self::load(&certificate.pem(), &key_pem).map(|authority| (authority, key_pem))
    }

    /// Takes the two files.
    ///
    /// # Errors
    /// [`AuthorityError::Files`] where they are damaged or do not belong together.
    pub fn load(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let files = |error: &dyn std::fmt::Display| AuthorityError::Files(error.to_string());
        let key = KeyPair::from_pem(key_pem).map_err(|e| files(&e))?;
        let (_, pem) =
            x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes()).map_err(|e| files(&e))?;
        let certificate = pem.parse_x509().map_err(|e| files(&e))?;
        if certificate.public_key().subject_public_key.data != key.der_bytes() {
            return Err(files(&"the key is not that of the certificate"));
        }
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key).map_err(|e| files(&e))?;
        Ok(Self {
            certificate_der: pem.contents,
            certificate_pem: certificate_pem.to_owned(),
            issuer,
        })
    }

    /// The authority's certificate, DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// What a token names the authority by.
    #[must_use]
    pub fn certificate_sha256(&self) -> Digest {
        Digest::of(&self.certificate_der)
    }

    /// A new key and certificate for the server under these host names and addresses.
    ///
    /// # Errors
    /// [`AuthorityError::Issue`] where a name cannot stand in a certificate.
    pub fn issue_server(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<IssuedKey, AuthorityError> {
        let key = new_key()?;
        let mut params = CertificateParams::new(names.to_vec()).map_err(issue)?;
        params.distinguished_name = name("Granary aggregator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate_pem = self.sign(params, &key, now, SERVER_YEARS)?.pem();
        Ok(IssuedKey {
            certificate_pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// A new key and certificate for a client.
    ///
    /// # Errors
    /// [`AuthorityError`] for an anonymous caller.
    pub fn issue_client(
        &self,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<IssuedKey, AuthorityError> {
        let key = new_key()?;
        let certificate_pem = self
            .sign(client_params(caller)?, &key, now, CLIENT_YEARS)?
            .pem();
        Ok(IssuedKey {
            certificate_pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// A certificate (DER) for the key of a request; everything else in the request is ignored.
    ///
    /// # Errors
    /// [`AuthorityError::Request`] where the request is not one, or is not signed by its key.
    pub fn issue_for_request(
        &self,
        request: &CertificateRequest,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Vec<u8>, AuthorityError> {
        let certificate = self.sign(client_params(caller)?, &request.key, now, CLIENT_YEARS)?;
        Ok(certificate.der().to_vec())
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        key: &impl PublicKeyData,
        now: Timestamp,
        years: i16,
    ) -> Result<rcgen::Certificate, AuthorityError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now, years);
        params.signed_by(key, &self.issuer).map_err(issue)
    }
}

/// A certificate request whose signature has been checked.
pub struct CertificateRequest {
    key: rcgen::PublicKey,
}

impl CertificateRequest {
    /// Reads a PKCS #10 request (DER) and checks its signature.
    ///
    /// # Errors
    /// [`AuthorityError::Request`] where it is not one for an ECDSA P-256 key.
    pub fn parse(der: &[u8]) -> Result<Self, AuthorityError> {
        if der.len() > REQUEST_BYTES_MAX {
            return Err(AuthorityError::Request);
        }
        let request = CertificateSigningRequestParams::from_der(&der.into())
            .map_err(|_| AuthorityError::Request)?;
        // An uncompressed point of P-256 has 65 bytes; a P-384 key may carry the same signature algorithm.
        let is_p256 = request.public_key.algorithm() == &PKCS_ECDSA_P256_SHA256;
        if !is_p256 || request.public_key.der_bytes().len() != 65 {
            return Err(AuthorityError::Request);
        }
        Ok(Self {
            key: request.public_key,
        })
    }

    /// The digest of the requested key, by which it is recognised when it comes again.
    #[must_use]
    pub fn key_sha256(&self) -> Digest {
        Digest::of(self.key.der_bytes())
    }
}

/// When a certificate ends, in seconds since 1970; `None` where it cannot be read.
#[must_use]
pub fn ends_at_seconds(certificate_pem: &str) -> Option<i64> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// Whether a server certificate holds every name and has time left; otherwise it is made anew.
#[must_use]
pub fn serves(certificate_pem: &str, names: &[String], now: Timestamp) -> bool {
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes()) else {
        return false;
    };
    let Ok((_, certificate)) = X509Certificate::from_der(&pem.contents) else {
        return false;
    };
    let until = certificate.validity().not_after.timestamp();
    if until - now.as_second() < RENEWAL_LEAD_SECONDS {
        return false;
    }
    let Ok(Some(held)) = certificate.subject_alternative_name() else {
        return false;
    };
    names.iter().all(|name| {
        held.value
            .general_names
            .iter()
            .any(|held| is_name(held, name))
    })
}

fn is_name(held: &GeneralName<'_>, name: &str) -> bool {
    match (held, name.parse::<IpAddr>()) {
        (GeneralName::IPAddress(bytes), Ok(IpAddr::V4(ip))) => *bytes == ip.octets(),
        (GeneralName::IPAddress(bytes), Ok(IpAddr::V6(ip))) => *bytes == ip.octets(),
        (GeneralName::DNSName(held), Err(_)) => *held == name,
        _ => false,
    }
}

fn client_params(caller: &Caller) -> Result<CertificateParams, AuthorityError> {
    let uri = caller.uri().ok_or(AuthorityError::Anonymous)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name(&uri);
    params.subject_alt_names = vec![SanType::URI(uri.try_into().map_err(issue)?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn new_key() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(issue)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    // X.520 allows 64 characters.
    let common: String = common.chars().take(64).collect();
    name.push(DnType::CommonName, common);
    name
}

/// From the day before, so that a client whose clock is a little slow takes the certificate.
fn set_validity(params: &mut CertificateParams, now: Timestamp, years: i16) {
    let today = TimeZone::UTC.to_datetime(now).date();
    let yesterday = today.yesterday().unwrap_or(today);
    let end = today.saturating_add(jiff::Span::new().years(years));
    let ((year, month, day), (last_year, last_month, last_day)) = (parts(yesterday), parts(end));
    params.not_before = rcgen::date_time_ymd(year, month, day);
    params.not_after = rcgen::date_time_ymd(last_year, last_month, last_day);
}

/// Year, month and day; the month and day of a date fit a byte, so the fallbacks are never taken.
fn parts(date: Date) -> (i32, u8, u8) {
    (
        date.year().into(),
        u8::try_from(date.month()).unwrap_or(1),
        u8::try_from(date.day()).unwrap_or(1),
    )
}

fn issue(error: impl std::fmt::Display) -> AuthorityError {
    AuthorityError::Issue(error.to_string())
}

#[cfg(test)]
mod tests;

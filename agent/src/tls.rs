//! The line's encryption: whom the agent believes to be the city.
//!
//! Before enrolment the agent knows nothing but the fingerprint in its token. [`PinnedVerifier`] takes a server only if its
//! chain contains the certification authority with exactly that fingerprint (SHA-256 of the certificate's DER), and
//! then checks the chain and the server's name against this authority alone, as RFC 5280 says. After enrolment the stored
//! authority is the only root, and the agent shows its own certificate.

use std::sync::Arc;
use std::time::Duration;

use granary_core::digest::Digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as TlsIdentity};

use crate::identity::Identity;
use crate::settings::LinkSettings;

/// Believes the one certification authority that has the fingerprint.
#[derive(Debug)]
pub struct PinnedVerifier {
    authority_sha256: Digest,
    provider: Arc<CryptoProvider>,
}

impl PinnedVerifier {
    /// Pins the authority whose certificate (DER) has this SHA-256.
    #[must_use]
    pub fn new(authority_sha256: Digest) -> Self {
        Self {
            authority_sha256,
            provider: Arc::new(aws_lc_rs::default_provider()),
        }
    }

    fn of_authority(
        &self,
        authority: &CertificateDer<'_>,
    ) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))
    }
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let pinned = intermediates
            .iter()
            .find(|shown| Digest::of(shown) == self.authority_sha256);
        let authority = pinned.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let verifier = self.of_authority(authority)?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A channel for the enrolment: the server must show the pinned authority, the agent shows nothing.
///
/// # Errors
/// Where the address cannot be used.
pub fn pinned_channel(
    server: &str,
    authority_sha256: Digest,
    link: &LinkSettings,
) -> Result<Channel, tonic::transport::Error> {
    let verifier = Arc::new(PinnedVerifier::new(authority_sha256));
    let endpoint = timed(Endpoint::from_shared(server.to_owned())?, link);
    Ok(endpoint
        .tls_config_with_verifier(ClientTlsConfig::new(), verifier)?
        .connect_lazy())
}

/// The channel of an enrolled agent. It connects when it is first used, and again whenever it has to.
///
/// # Errors
/// Where the address or a stored certificate cannot be used.
pub fn enrolled_channel(
    server: &str,
    identity: &Identity,
    link: &LinkSettings,
) -> Result<Channel, tonic::transport::Error> {
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&identity.authority_pem))
        .identity(TlsIdentity::from_pem(
            &identity.certificate_pem,
            &identity.tls_key_pem,
        ));
    let endpoint = timed(Endpoint::from_shared(server.to_owned())?, link);
    Ok(endpoint.tls_config(tls)?.connect_lazy())
}

/// A channel for an agent whose certificate has expired: the server must be the stored authority's, the agent shows nothing.
///
/// # Errors
/// Where the address or the stored authority cannot be used.
pub fn authority_channel(
    server: &str,
    authority_pem: &str,
    link: &LinkSettings,
) -> Result<Channel, tonic::transport::Error> {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority_pem));
    let endpoint = timed(Endpoint::from_shared(server.to_owned())?, link);
    Ok(endpoint.tls_config(tls)?.connect_lazy())
}

fn timed(endpoint: Endpoint, link: &LinkSettings) -> Endpoint {
    endpoint
        .connect_timeout(Duration::from_millis(link.connect_timeout_ms))
        .http2_keep_alive_interval(Duration::from_millis(link.keepalive_interval_ms))
        .keep_alive_timeout(Duration::from_millis(link.keepalive_timeout_ms))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use super::*;

    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn server(
        authority: &CertifiedIssuer<'static, KeyPair>,
        name: &str,
    ) -> CertificateDer<'static> {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params
            .signed_by(&KeyPair::generate().unwrap(), authority)
            .unwrap()
            .der()
            .clone()
    }

    fn check(
        pin: &CertificateDer<'_>,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &str,
    ) -> Result<(), Error> {
        let verifier = PinnedVerifier::new(Digest::of(pin));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        verifier
            .verify_server_cert(end, chain, &name, &[], UnixTime::now())
            .map(|_| ())
    }

    #[test]
    fn only_a_server_of_the_pinned_authority_is_believed() {
        let (ours, other) = (authority(), authority());
        let (ours_der, other_der) = (ours.der().clone(), other.der().clone());
        let good = server(&ours, "city.example");
        let bad = server(&other, "city.example");
        let chain = [ours_der.clone(), other_der.clone()];
        assert_eq!(check(&ours_der, &good, &chain, "city.example"), Ok(()));
        // Another authority's server, although it shows the pinned certificate beside its own.
        assert!(check(&ours_der, &bad, &chain, "city.example").is_err());
        // Another authority altogether.
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(
            check(&ours_der, &bad, &chain[1..], "city.example"),
            Err(unknown.clone())
        );
        // The right authority, not shown: there is nothing to pin.
        assert_eq!(check(&ours_der, &good, &[], "city.example"), Err(unknown));
        // The right authority for another server.
        assert!(check(&ours_der, &good, &chain, "elsewhere.example").is_err());
    }
}

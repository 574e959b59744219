//! Certificates for a conversation with ourselves over loopback: an authority, a server, a client.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use crate::context::Outcome;

/// Both ends of a mutually authenticated conversation.
pub(crate) struct Ends {
    pub(crate) server: ServerTlsConfig,
    pub(crate) client: ClientTlsConfig,
}

/// Makes an authority and what it vouches for.
pub(crate) fn ends() -> Outcome<Ends> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "granary-bench");
    let authority = Certificate::from_pem(params.self_signed(&key)?.pem());
    let issuer = Issuer::new(params, key);
    Ok(Ends {
        server: ServerTlsConfig::new()
            .identity(leaf(&issuer)?)
            .client_ca_root(authority.clone()),
        client: ClientTlsConfig::new()
            .identity(leaf(&issuer)?)
            .ca_certificate(authority),
    })
}

fn leaf(issuer: &Issuer<'_, KeyPair>) -> Outcome<Identity> {
    let key = KeyPair::generate()?;
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, issuer)?;
    Ok(Identity::from_pem(certificate.pem(), key.serialize_pem()))
}

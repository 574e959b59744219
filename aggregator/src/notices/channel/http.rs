//! Posting over HTTP/1.1: one connection for one message, nothing followed, everything bounded.
//!
//! `https` trusts the machine's authorities, or those of a file instead. Plain `http` goes to loopback and private addresses
//! only, which is checked on the address that is really connected to, since a name may lead anywhere. A redirect is a failure.
//! The time limit is the caller's.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{ChannelError, Failure, foreign, later, never};
use crate::notices::settings::{Endpoint, Secret};

/// The most that is read of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The longest that another end is left alone because it asked for it.
const RETRY_AFTER_S_MAX: u64 = 24 * 3_600;

/// What posts to one endpoint.
pub(crate) struct Http {
    tls: Option<TlsConnector>,
}

/// What is posted: JSON, unless a header says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// The path with its query; it may hold a key.
    pub(crate) path: Secret,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    retry_after_s: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// Reads the authorities that an endpoint is checked against.
    pub(crate) fn new(channel: &str, endpoint: &Endpoint) -> Result<Self, ChannelError> {
        if !endpoint.tls {
            return Ok(Self { tls: None });
        }
        let roots = roots(endpoint.ca.as_deref());
        let roots = roots.map_err(|why| ChannelError::Authorities(channel.into(), why))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ChannelError::Tls(channel.into(), error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Some(TlsConnector::from(Arc::new(config))),
        })
    }

    /// Posts once.
    pub(crate) async fn post(&self, endpoint: &Endpoint, post: Post) -> Result<Answer, Failure> {
        let request = request(endpoint, post)?;
        let stream = connect(endpoint).await?;
        let Some(tls) = &self.tls else {
            return exchange(stream, request).await;
        };
        let name = ServerName::try_from(endpoint.host.clone());
        let name =
            name.map_err(|_| never("the host is not a name that a certificate could hold"))?;
        let stream = tls.connect(name, stream).await;
        exchange(stream.map_err(|error| broken("TLS", &error))?, request).await
    }
}

impl Answer {
    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the other end took it, as far as the status says.
    pub(super) fn judge_status(&self) -> Result<(), Failure> {
        let why = || format!("HTTP status {}", self.status.as_u16());
        if self.status.is_success() {
            return Ok(());
        }
        let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
        if self.status.is_server_error() || busy.contains(&self.status) {
            let wait_ms = self.retry_after_s.map(|s| s.min(RETRY_AFTER_S_MAX) * 1_000);
            return Err(Failure::Later {
                why: why(),
                wait_ms,
            });
        }
        Err(never(why()))
    }
}

fn request(endpoint: &Endpoint, post: Post) -> Result<Request<Full<Bytes>>, Failure> {
    let is_default = endpoint.port == if endpoint.tls { 443 } else { 80 };
    let host = match endpoint.host.contains(':') {
        true => format!("[{}]", endpoint.host),
        false => endpoint.host.clone(),
    };
    let host = match is_default {
        true => host,
        false => format!("{host}:{}", endpoint.port),
    };
    let mut request = Request::post(post.path.reveal())
        .header(HOST, host)
        .header(USER_AGENT, concat!("granary/", env!("CARGO_PKG_VERSION")));
    if !post.headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
        request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
    }
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(post.body));
    // The error would not say the address, and must not.
    request
        .body(body)
        .map_err(|_| never("the address cannot be requested"))
}

/// Whether a host leads to loopback and private addresses only.
pub(super) async fn check_private(host: &str, port: u16) -> Result<(), Failure> {
    let found = tokio::net::lookup_host((host, port)).await;
    let mut found = found.map_err(|error| broken("the host's address", &error))?;
    if found.all(|address| is_private(address.ip())) {
        return Ok(());
    }
    Err(never(
        "without TLS only loopback and private addresses are connected to",
    ))
}

async fn connect(endpoint: &Endpoint) -> Result<TcpStream, Failure> {
    let found = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await;
    let found = found.map_err(|error| broken("the host's address", &error))?;
    let allowed = |address: &SocketAddr| endpoint.tls || is_private(address.ip());
    let addresses: Vec<SocketAddr> = found.filter(allowed).collect();
    if addresses.is_empty() {
        return Err(never(
            "without TLS only loopback and private addresses are connected to",
        ));
    }
    let stream = TcpStream::connect(addresses.as_slice()).await;
    stream.map_err(|error| broken("connecting", &error))
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| later(foreign(&format!("the exchange failed: {error}")));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let driver = tokio::spawn(connection);
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        read(response).await
    };
    let answer = answer.await;
    driver.abort();
    answer
}

async fn read(response: Response<Incoming>) -> Result<Answer, Failure> {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after_s = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await;
    let body =
        body.map_err(|error| later(foreign(&format!("the answer cannot be read: {error}"))))?;
    Ok(Answer {
        status,
        retry_after_s,
        body: body.to_bytes().to_vec(),
    })
}

/// Addresses of this machine and of networks that are not routed on the Internet (RFC 1918, RFC 4193, link-local).
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The machine's authorities, or those of a file.
pub(crate) fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err("the machine has no certification authorities: install ca-certificates, or write `ca`".into());
        }
        return Ok(roots);
    };
    let shown = path.display();
    let cannot = |error: &dyn std::fmt::Display| format!("{shown}: {error}");
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| cannot(&error))? {
        let certificate = certificate.map_err(|error| cannot(&error))?;
        roots.add(certificate).map_err(|error| cannot(&error))?;
    }
    if roots.is_empty() {
        return Err(format!("{shown} holds no certificate"));
    }
    Ok(roots)
}

fn broken(what: &str, error: &io::Error) -> Failure {
    later(foreign(&format!("{what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_those_that_are_not_routed() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("192.168.1.1", true),
            ("169.254.1.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("0.0.0.0", false),
            ("::ffff:8.8.8.8", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), expected, "{address}");
        }
    }
}

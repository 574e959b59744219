//! What is asked of the provider over HTTP/1.1: one connection for one request, nothing followed, everything bounded.

use std::{path::Path, pin::Pin, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, Uri,
    body::Bytes,
    client::conn::http1,
    header::{HOST, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::{ClientConfig, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{notices::channel::http::roots, settings::oidc::is_safe};

/// The most that is read of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 512 << 10;
/// What one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What asks the provider.
pub(super) struct Http {
    tls: TlsConnector,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoAnswer(String);

impl Http {
    /// Checks the provider's certificate against the machine's authorities, or those of a file.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots(ca)?)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Asks once.
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let uri = request.uri().clone();
        let asked = tokio::time::timeout(PATIENCE, self.asked(&uri, request)).await;
        let answer = asked.unwrap_or_else(|_| Err("it takes too long".into()));
        answer.map_err(|why| NoAnswer(format!("{uri}: {why}")))
    }

    async fn asked(&self, uri: &Uri, mut request: HttpRequest) -> Result<HttpResponse, String> {
        // The provider's own description names the other addresses, and these are held to the same rule.
        if !is_safe(uri) {
            return Err("the address has no TLS and is not of this machine".into());
        }
        let authority = uri.authority().ok_or("the address names no host")?;
        let host = authority
            .host()
            .trim_matches(|c| matches!(c, '[' | ']'))
            .to_owned();
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let named = HeaderValue::from_str(authority.as_str()).map_err(|error| error.to_string())?;
        request.headers_mut().insert(HOST, named);
        let agent = HeaderValue::from_static(concat!("granary/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path
            .parse()
            .map_err(|_| "the address cannot be requested".to_owned())?;
        let stream = TcpStream::connect((host.as_str(), port)).await;
        let stream = stream.map_err(|error| format!("connecting: {error}"))?;
        if !is_tls {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await;
        exchange(stream.map_err(|error| format!("TLS: {error}"))?, request).await
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

async fn exchange<S>(stream: S, request: HttpRequest) -> Result<HttpResponse, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| format!("the exchange failed: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let driver = tokio::spawn(connection);
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head, Full::new(Bytes::from(body)));
    let answered = async {
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(failed)?
            .into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| format!("the answer cannot be read: {error}"))?;
        Ok(Response::from_parts(head, body.to_bytes().to_vec()))
    };
    let answered = answered.await;
    driver.abort();
    answered
}

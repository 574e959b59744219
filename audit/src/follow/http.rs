//! Reading resources over plain HTTP/1.1, each with a bound. What comes is believed only once the tree has proved it, so
//! nothing is lost without TLS but privacy.

use std::{io::Read as _, time::Duration};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{
    Request, Response, StatusCode, Uri, body::Incoming, client::conn::http1::SendRequest, header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Fault;

/// How long a connection may take to stand.
const CONNECT_MAX: Duration = Duration::from_secs(15);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// A reader of one log.
pub(super) struct Client {
    authority: String,
    address: String,
    /// The path of the log's prefix, without a slash at its end.
    prefix: String,
    sender: Option<SendRequest<Empty<Bytes>>>,
}

impl Client {
    pub(super) fn new(url: &str) -> Result<Self, Fault> {
        let wrong = |why: &str| Fault::Address(why.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("it does not begin with http://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let (host, port) = (authority.host(), authority.port_u16().unwrap_or(80));
        Ok(Self {
            authority: authority.to_string(),
            address: format!("{host}:{port}"),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            sender: None,
        })
    }

    /// The bytes of a resource; `None` where the log has none at this path.
    pub(super) async fn get(
        &mut self,
        path: &str,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let was_open = self.sender.is_some();
        match self.ask(path, bytes_max).await {
            // The log may have closed the connection since its last answer.
            Err(Fault::NoAnswer(_)) if was_open => {
                self.sender = None;
                self.ask(path, bytes_max).await
            }
            answer => answer,
        }
    }

    async fn ask(&mut self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Fault> {
        let answer = tokio::time::timeout(ANSWER_MAX, async {
            let response = self.send(path).await?;
            read(response, path, bytes_max).await
        });
        let seconds = ANSWER_MAX.as_secs();
        let late = |_| Fault::NoAnswer(format!("{path}: {seconds} s"));
        let answer = answer.await.map_err(late).flatten();
        if answer.is_err() {
            // Half an answer may still be on the line.
            self.sender = None;
        }
        answer
    }

    async fn send(&mut self, path: &str) -> Result<Response<Incoming>, Fault> {
        let request = Request::get(format!("{}/{path}", self.prefix))
            .header(header::HOST, &self.authority)
            .header(header::ACCEPT_ENCODING, "gzip, identity")
            .header(header::USER_AGENT, "granary-audit")
            .body(Empty::new())
            .map_err(|error| Fault::Address(error.to_string()))?;
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(no_answer)?;
        let response = sender.send_request(request).await.map_err(no_answer)?;
        self.sender = Some(sender);
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>, Fault> {
        let address = &self.address;
        let connecting = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await;
        let stream = match connecting {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Fault::NoAnswer(format!("{address}: {error}"))),
            Err(_) => {
                let seconds = CONNECT_MAX.as_secs();
                return Err(Fault::NoAnswer(format!("{address}: {seconds} s")));
            }
        };
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(no_answer)?;
        // It ends with its sender; what it has to say about its end, the request has said.
        tokio::spawn(async { drop(connection.await) });
        Ok(sender)
    }
}

async fn read(
    response: Response<Incoming>,
    path: &str,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, Fault> {
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            // Read to its end, so that the connection serves the next request.
            let body = Limited::new(response.into_body(), bytes_max)
                .collect()
                .await;
            return body.map(|_| None).map_err(|error| at(path, error));
        }
        other => return Err(at(path, format!("HTTP {other}"))),
    }
    let coding = response.headers().get(header::CONTENT_ENCODING);
    let coding = coding.map_or(Ok("identity"), |coding| coding.to_str());
    let coding = coding.unwrap_or_default().to_ascii_lowercase();
    let body = Limited::new(response.into_body(), bytes_max)
        .collect()
        .await;
    let bytes = body.map_err(|error| at(path, error))?.to_bytes();
    match coding.as_str() {
        "identity" => Ok(Some(bytes.to_vec())),
        "gzip" | "x-gzip" => plain(&bytes, path, bytes_max).map(Some),
        other => Err(at(path, format!("content-encoding {other}"))),
    }
}

/// Decompresses, but never more than a resource can have.
fn plain(gzip: &[u8], path: &str, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let most = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    GzDecoder::new(gzip)
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| at(path, error))?;
    if bytes.len() > bytes_max {
        return Err(at(path, format!("more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

fn no_answer(error: hyper::Error) -> Fault {
    Fault::NoAnswer(error.to_string())
}

fn at(path: &str, why: impl std::fmt::Display) -> Fault {
    Fault::NoAnswer(format!("{path}: {why}"))
}

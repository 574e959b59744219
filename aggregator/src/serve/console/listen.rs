//! The console over HTTP/1.1, plain or with TLS, within bounds: connections, the bytes of a head, how long a handshake or a head may take,
//! how long a connection lives.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// Connections open at once: a browser opens up to six, and an event stream keeps one.
const CONNECTIONS_MAX: usize = 256;
/// What a request's head may come to, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long a handshake or a head may take, and how long a connection may stay idle.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How long a connection lives: a browser opens a new one, and whoever does not read holds nothing for ever.
const AGE_MAX: Duration = Duration::from_mins(30);
/// How long the last answer of a connection may take once the server stops.
const LAST_ANSWER_MAX: Duration = Duration::from_secs(2);
/// After an error such as too many open files.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a request comes from: the other end of the connection, which is the proxy where there is one.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct From(pub(in crate::serve) SocketAddr);

/// What speaks TLS with browsers: the server's certificate with its authority's, and no client certificates.
pub(in crate::serve) fn acceptor(chain_pem: &str, key_pem: &str) -> io::Result<TlsAcceptor> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(io::Error::other)?, key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until `stop` becomes true, and then what is under way.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    let mut stopping = stop.clone();
    loop {
        // Nothing is kept of those that have ended.
        while open.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the sender is gone, which is a stop as well.
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let router = router.clone().layer(Extension(From(address)));
                let (tls, stop) = (tls.clone(), stop.clone());
                open.spawn(async move {
                    take(stream, tls, router, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the console could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    while open.join_next().await.is_some() {}
}

async fn take(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    // Answers are small and awaited; where the option cannot be set they are merely slower.
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, router, stop).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(IDLE_MAX, tls.accept(stream)).await {
                converse(stream, router, stop).await;
            }
        }
    }
}

async fn converse<S>(stream: S, router: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    tokio::select! {
        // How a browser goes away is the browser's affair.
        _ = &mut serving => return,
        () = tokio::time::sleep(AGE_MAX) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    serving.as_mut().graceful_shutdown();
    drop(tokio::time::timeout(LAST_ANSWER_MAX, serving).await);
}

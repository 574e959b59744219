//! The page over HTTP/1.1, within bounds: connections, the bytes of a head, how long a head may take and a connection stay idle.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

/// Connections open at once: a browser opens six, and an event stream keeps one.
const CONNECTIONS_MAX: usize = 48;
/// What a request's head may come to, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long a head may take, and how long a connection may stay idle.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How long a connection lives: a browser opens a new one, and whoever does not read holds nothing for ever.
const AGE_MAX: Duration = Duration::from_mins(30);
/// After an error such as too many open files.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until the task is aborted; the connections end with it.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        // Nothing is kept of those that have ended.
        while open.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                open.spawn(async move {
                    converse(stream, router).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the local page could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let serving = pin!(serving);
    // How a browser goes away is the browser's affair.
    let _ = tokio::time::timeout(AGE_MAX, serving).await;
}

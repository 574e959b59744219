//! The witness over HTTP: one path, bounded bodies, until SIGINT or SIGTERM.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use granary_core::log::witnessing::REQUEST_BYTES_MAX;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{Answer, Witness};

/// Serves on `listen` until the process is told to end; `started` gets the address that was bound.
///
/// # Errors
/// Where the address cannot be bound.
pub async fn serve(
    witness: Witness,
    listen: SocketAddr,
    started: impl FnOnce(SocketAddr),
) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    started(listener.local_addr()?);
    axum::serve(listener, router(witness))
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await
}

/// The witness's paths.
pub fn router(witness: Witness) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(Arc::new(witness))
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let answered = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
    let Ok(Answer {
        status,
        content_type,
        body,
    }) = answered
    else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

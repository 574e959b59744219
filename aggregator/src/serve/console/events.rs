//! Server-sent events: one whenever the derived state has moved on, so that a page that shows it asks for itself anew.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Console;

/// How often it is looked whether anything has moved on; pages are made anew no oftener.
const LOOK: Duration = Duration::from_secs(1);
/// How often at the most on one connection: the browser then asks again by itself.
const LOOKS_MAX: u32 = 1_500;

/// `GET /events`
pub(super) async fn follow(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let (tell, told) = mpsc::channel::<Result<Event, Infallible>>(1);
    tokio::spawn(async move {
        let mut stop = console.city.stop.clone();
        let mut known = None;
        for _ in 0..LOOKS_MAX {
            // Whoever has signed out, or may no longer, hears nothing more.
            if console
                .sessions
                .find(&headers, console.city.clock.now_ms(), false)
                .is_none()
            {
                return;
            }
            let applied = console.city.handle.applied();
            if known != Some(applied) {
                known = Some(applied);
                let event = Event::default().event("moved").data(applied.to_string());
                if tell.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = tell.closed() => return,
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    });
    Sse::new(ReceiverStream::new(told))
        .keep_alive(KeepAlive::default())
        .into_response()
}

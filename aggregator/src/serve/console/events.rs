//! Server-sent events: one whenever the derived state has moved on, so that a page that shows it asks for itself anew.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

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

/// How often it is looked whether anything has moved on, at the most; pages are made anew no oftener.
const LOOK: Duration = Duration::from_secs(1);
/// How many pages a second are told that something has moved, all together: with more open pages than that, each hears of it less often,
/// so that many who watch do not slow down what they watch.
const TOLD_PER_S_MAX: u32 = 40;
/// How often at the most on one connection: the browser then asks again by itself.
const LOOKS_MAX: u32 = 1_500;

/// One page that follows, counted as long as it is there.
struct Follower(Arc<Console>);

impl Follower {
    fn new(console: Arc<Console>) -> Self {
        console.followers.fetch_add(1, Ordering::Relaxed);
        Self(console)
    }

    /// How long to wait before the next look.
    fn pause(&self) -> Duration {
        pause(self.0.followers.load(Ordering::Relaxed))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.followers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long each of so many pages waits between two looks.
fn pause(followers: u32) -> Duration {
    LOOK.max(Duration::from_secs(1) * followers / TOLD_PER_S_MAX)
}

/// `GET /events`
pub(super) async fn follow(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let (tell, told) = mpsc::channel::<Result<Event, Infallible>>(1);
    let follower = Follower::new(Arc::clone(&console));
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
                () = tokio::time::sleep(follower.pause()) => {}
            }
        }
    });
    Sse::new(ReceiverStream::new(told))
        .keep_alive(KeepAlive::default())
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_who_watch_hear_less_often() {
        assert_eq!(pause(0), LOOK);
        assert_eq!(pause(40), LOOK);
        assert_eq!(pause(200), Duration::from_secs(5));
        assert_eq!(pause(1_000), Duration::from_secs(25));
    }
}

//! What becomes of a file that was sent: a page that follows it by server-sent events, and without scripts by loading itself again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Office,
    routes::{asked, page},
    view::{self, Frame, Tab, Visitor},
};
use crate::{
    acts::handed::find,
    intake::say,
    report::{Outcome, Report},
};

/// How often the folders are looked at while somebody watches.
const LOOK: Duration = Duration::from_millis(500);
/// How often at the most: the browser then asks again by itself.
const LOOKS_MAX: u32 = 1_200;

/// `GET /sent/{sha256}?since=`: how it stands with the file of these bytes.
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path(sha256): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    page(office, visitor, move |office, visitor| {
        let since_ms = since(query.as_deref());
        let found = find(&office.folders, &sha256, since_ms);
        let report = found.as_ref().map(|(_, report)| report);
        let frame = Frame::new(office, *visitor, Tab::Report);
        let frame = frame.following(is_open(report));
        let watched = view::report::Watched {
            sha256: &sha256,
            since_ms,
            found: found.as_ref(),
        };
        let title = report.map_or_else(|| say!("正在处理", "Being handled"), view::report::title);
        Ok(frame.page(&title, &watched.body(&frame)).into_response())
    })
    .await
}

/// `GET /sent/{sha256}/events?since=`: an event whenever that changes, until it is settled.
pub(super) async fn events(
    State(office): State<Arc<Office>>,
    Path(sha256): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let since_ms = since(query.as_deref());
    let (tell, told) = mpsc::channel::<Result<Event, Infallible>>(1);
    tokio::spawn(async move {
        let mut known = None;
        for _ in 0..LOOKS_MAX {
            let (office, sha256) = (Arc::clone(&office), sha256.clone());
            let found =
                tokio::task::spawn_blocking(move || find(&office.folders, &sha256, since_ms));
            let Ok(found) = found.await else { return };
            let report = found.map(|(_, report)| report);
            let now = report
                .as_ref()
                .map(|report| (report.outcome, report.written_at_ms));
            if known != Some(now) {
                known = Some(now);
                let name = if is_open(report.as_ref()) {
                    "waiting"
                } else {
                    "settled"
                };
                if tell
                    .send(Ok(Event::default().event(name).data(name)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            if !is_open(report.as_ref()) {
                return;
            }
            tokio::select! {
                () = tell.closed() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    });
    let events = Sse::new(ReceiverStream::new(told)).keep_alive(KeepAlive::default());
    events.into_response()
}

fn since(query: Option<&str>) -> i64 {
    asked(query, "since")
        .and_then(|since| since.parse().ok())
        .unwrap_or(0)
}

/// Whether something is still to come.
fn is_open(report: Option<&Report>) -> bool {
    report.is_none_or(|report| report.outcome == Outcome::Sent)
}

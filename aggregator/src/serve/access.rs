//! Who reads what: a line of the access log is durable before the answer is given, and the log's head goes into the journal.
//!
//! Logged is whatever hands out figures, payloads, explanations or evidence to one of the city's people, and what units do about
//! evidence; not who asks how things stand, as screens do every few seconds.

use std::{io::BufRead as _, sync::Arc, time::Duration};

use granary_core::{
    access::Access,
    digest::Digest,
    ledger::{Act, Deed, Refusal, act},
};
use granary_proto::v1::{self, access_service_server::AccessService};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    City, blocking,
    failure::{Failure, Need},
    guard,
};
use crate::{access::Anchored, events, ingress::Received, init};

/// Lines in one message.
const LINES_MAX: usize = 1_000;
/// Messages of one stream that wait for the connection.
const MESSAGES_WAITING_MAX: usize = 2;

/// Somebody with a certificate of ours.
pub(super) type Who = (String, Digest);

type Lines = ReceiverStream<Result<v1::StreamAccessResponse, Status>>;

/// The service.
pub(super) struct Accesses {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl AccessService for Accesses {
    type StreamAccessStream = Lines;

    async fn stream_access(
        &self,
        request: Request<v1::StreamAccessRequest>,
    ) -> Result<Response<Lines>, Status> {
        person(&self.city, &request, Need::Person, Access::AccessLog, "").await?;
        let (messages, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        let city = Arc::clone(&self.city);
        tokio::task::spawn_blocking(move || {
            if let Err(failure) = send(&city, &messages) {
                // The reader may have gone; then there is nobody to tell.
                drop(messages.blocking_send(Err(failure.into())));
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// Lets one of the city's people pass, once their access is in the log.
pub(super) async fn person<T: Sync>(
    city: &City,
    request: &Request<T>,
    need: Need,
    access: Access,
    what: impl ToString,
) -> Result<(), Failure> {
    guard::person(request, need)?;
    record(city, guard::identity(request), access, what.to_string()).await
}

/// Writes a line, durably.
pub(super) async fn record(
    city: &City,
    who: Who,
    access: Access,
    what: String,
) -> Result<(), Failure> {
    let (log, at_ms) = (Arc::clone(&city.access), city.clock.now_ms());
    blocking(move || {
        let (name, certificate) = who;
        let written = log.append(at_ms, (&name, certificate), access, &what);
        written.map_err(|error| Failure::internal(format!("the access log: {error}")))
    })
    .await
}

/// Binds the log to the journal, where lines have come since the last time; gives how far the log was.
pub(super) async fn anchor(city: &City) -> Result<Option<Anchored>, Refusal> {
    let Some(anchored) = city.access.unanchored() else {
        return Ok(None);
    };
    let Anchored { lines, head } = anchored;
    let received = own_act(city, Deed::AnchorAccess { lines, head })?;
    city.handle.submit_wait(received).await?;
    city.access.set_anchored(lines);
    Ok(Some(anchored))
}

/// Anchors every `interval`, until the server stops; the last anchor is set by whoever stops it.
pub(super) async fn keep_anchored(
    city: Arc<City>,
    interval: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let first = tokio::time::Instant::now() + interval;
    let mut ticks = tokio::time::interval_at(first, interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // What a crash left unanchored is anchored with the first tick: a start by itself enters nothing.
    loop {
        let stopping = async { stop.wait_for(|stop| *stop).await.map(|_| ()) };
        let is_stopping = tokio::select! {
            _ = ticks.tick() => false,
            _ = stopping => true,
        };
        if is_stopping {
            return;
        }
        let result = anchor(&city).await;
        events::AccessAnchored { result: &result }.emit();
    }
}

/// An act that the city itself records, signed by the log's key.
pub(super) fn own_act(city: &City, deed: Deed) -> Result<Received, Refusal> {
    let nonce = init::random().map_err(|error| {
        Refusal::new(
            granary_core::ledger::RefusalCode::Storage,
            format!("无法取得随机数：{error}"),
            format!("no random numbers: {error}"),
        )
    })?;
    let payload = Act {
        issued_at_ms: city.clock.now_ms(),
        nonce,
        deed,
        person: String::new(),
    }
    .encode();
    let signatures = vec![city.log_key.sign_act(&payload)];
    Ok(Received {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures,
    })
}

/// Reads the log and hands it on; ends where the reader has gone.
fn send(
    city: &City,
    messages: &mpsc::Sender<Result<v1::StreamAccessResponse, Status>>,
) -> Result<(), Failure> {
    let mut lines = Vec::with_capacity(LINES_MAX);
    for line in city.access.reader().map_err(Failure::internal)?.lines() {
        lines.push(line.map_err(Failure::internal)?);
        if lines.len() == LINES_MAX && !handed(&mut lines, messages) {
            return Ok(());
        }
    }
    if !lines.is_empty() {
        handed(&mut lines, messages);
    }
    Ok(())
}

fn handed(
    lines: &mut Vec<String>,
    messages: &mpsc::Sender<Result<v1::StreamAccessResponse, Status>>,
) -> bool {
    let lines = std::mem::take(lines);
    messages
        .blocking_send(Ok(v1::StreamAccessResponse { lines }))
        .is_ok()
}

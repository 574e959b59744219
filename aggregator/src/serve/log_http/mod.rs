//! The log over plain HTTP, for anybody: `/checkpoint` and `/tile/...` (c2sp.org/tlog-tiles), read-only, no certificate.
//!
//! Nothing here needs to be trusted or kept from anybody who may see the log: a reader checks every byte against a
//! signed checkpoint. Entries say who reported what when, as digests and signatures; payloads are not served.
//!
//! Bounds: connections, the bytes of a request's head, how long a head may take or a connection stay idle, how long a
//! connection lives, and how many answers are read from the store at once.

mod answer;
mod events;
mod resource;

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_stream::StreamExt as _;

use self::{answer::Ask, resource::Resource};
use super::{
    City,
    connections::{self, Connection},
};
use crate::settings::Limits;

/// Connections open at once, where the settings allow as many.
const CONNECTIONS_MAX: usize = 256;
/// What a request's head may come to, in bytes; paths of tiles have at most fifty.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// How long a head may take, and how long a connection may stay idle.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How long a connection lives: whoever reads on connects again, and whoever does not read holds nothing for ever.
const AGE_MAX: Duration = Duration::from_mins(5);
/// How long the last answer of a connection may take.
const LAST_ANSWER_MAX: Duration = Duration::from_secs(10);
/// Answers that are read and compressed at once; the others wait.
const READS_MAX: usize = 8;

/// What all connections share.
struct Reader {
    city: Arc<City>,
    reads: Semaphore,
}

/// Serves the log until `stop` becomes true, and then what is under way.
pub(super) async fn serve(listener: TcpListener, city: Arc<City>, stop: watch::Receiver<bool>) {
    let limits = Limits {
        connections_max: city.limits.connections_max.min(CONNECTIONS_MAX),
        ..city.limits
    };
    let reader = Arc::new(Reader {
        city,
        reads: Semaphore::new(READS_MAX),
    });
    let mut incoming = connections::accept(listener, limits);
    let mut open = JoinSet::new();
    let mut stopping = stop.clone();
    loop {
        tokio::select! {
            accepted = incoming.next() => match accepted {
                Some(Ok(connection)) => {
                    open.spawn(converse(connection, Arc::clone(&reader), stop.clone()));
                }
                Some(Err(_)) => {}
                None => break,
            },
            // Nothing is kept of those that have ended.
            Some(_) = open.join_next() => {}
            // An error means that the sender is gone, which is a stop as well.
            _ = stopping.wait_for(|stop| *stop) => break,
        }
    }
    drop(incoming);
    while open.join_next().await.is_some() {}
}

/// Answers the requests of one connection, one after another.
async fn converse(connection: Connection, reader: Arc<Reader>, mut stop: watch::Receiver<bool>) {
    let service = service_fn(move |request| respond(Arc::clone(&reader), request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(connection), service);
    let mut serving = pin!(serving);
    tokio::select! {
        // How a reader goes away is the reader's affair.
        _ = &mut serving => return,
        () = tokio::time::sleep(AGE_MAX) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    serving.as_mut().graceful_shutdown();
    drop(tokio::time::timeout(LAST_ANSWER_MAX, serving).await);
}

async fn respond(
    reader: Arc<Reader>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match Ask::of(&request) {
        Err(refused) => *refused,
        Ok(ask) => read(&reader, ask).await,
    };
    events::Answered {
        status: response.status(),
        bytes: answer::length(&response),
    }
    .emit();
    Ok(response)
}

/// Reads and dresses one answer, where few others do.
async fn read(reader: &Arc<Reader>, ask: Ask) -> Response<Full<Bytes>> {
    let Ok(_permit) = reader.reads.acquire().await else {
        return answer::unavailable();
    };
    let city = Arc::clone(&reader.city);
    let read = tokio::task::spawn_blocking(move || {
        let found = Resource::read(city.handle.journal(), &city.witnesses, ask.path());
        found.map(|found| found.map_or_else(answer::not_found, |resource| ask.answer(resource)))
    });
    let error: Box<dyn std::error::Error + Send> = match read.await {
        Ok(Ok(response)) => return response,
        Ok(Err(error)) => Box::new(error),
        Err(error) => Box::new(error),
    };
    events::ReadFailed { error: &*error }.emit();
    answer::failed()
}

//! The line: one push stream after another, with growing waits between them.
//!
//! This task only moves messages. It opens a stream, reports the city's window, hands answers on, and after
//! any end waits and begins again. What is sent and what an answer means is the courier's business. Both queues are
//! bounded: requests by the window, events by `EVENTS_MAX`.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use granary_proto::v1::{
    PushAnswer, PushRequest, PushResponse, PushWindow,
    collection_service_client::CollectionServiceClient, push_response,
};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::enrol::explain;
use crate::link::backoff::Backoff;
use crate::settings::LinkSettings;

/// The most events that wait for the courier.
const EVENTS_MAX: usize = 64;

/// What the line reports.
#[derive(Debug)]
pub enum LineEvent {
    /// A stream is open.
    Opened {
        /// How much may be unanswered.
        window: PushWindow,
        /// Where requests go.
        requests: mpsc::Sender<PushRequest>,
    },
    /// The answer to one submission.
    Answer(PushAnswer),
    /// The stream has ended, or none could be opened.
    Closed {
        /// Why, in English.
        reason: String,
        /// How long until the next attempt.
        wait: Duration,
    },
}

/// A running line. Dropping it ends it.
pub struct Line {
    /// What happens on it, in order.
    pub(crate) events: mpsc::Receiver<LineEvent>,
    hang_up: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Line {
    /// Begins to connect.
    #[must_use]
    pub fn open(channel: Channel, settings: LinkSettings, backoff: Backoff) -> Self {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let hang_up = Arc::new(Notify::new());
        let wires = Wires {
            channel,
            settings,
            events: sender,
            hang_up: Arc::clone(&hang_up),
        };
        Self {
            events,
            hang_up,
            task: tokio::spawn(wires.keep_open(backoff)),
        }
    }

    /// Ends the present stream; the next one begins after the usual wait.
    pub fn hang_up(&self) {
        self.hang_up.notify_one();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Wires {
    channel: Channel,
    settings: LinkSettings,
    events: mpsc::Sender<LineEvent>,
    hang_up: Arc<Notify>,
}

/// How a stream ended.
struct Ended {
    reason: String,
    /// Whether answers came and it was not we who hung up.
    worked: bool,
}

impl Wires {
    async fn keep_open(self, mut backoff: Backoff) {
        loop {
            let ended = self.stream().await;
            if ended.worked {
                backoff.reset();
            }
            let wait = backoff.next_wait();
            let closed = LineEvent::Closed {
                reason: ended.reason,
                wait,
            };
            if self.events.send(closed).await.is_err() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn stream(&self) -> Ended {
        let failed = |reason| Ended {
            reason,
            worked: false,
        };
        self.forget_old_hang_up().await;
        let (requests, outgoing) = mpsc::channel(self.settings.in_flight_max.max(1) as usize);
        let patience = Duration::from_millis(self.settings.answer_timeout_ms);
        let (window, mut incoming) = match timeout(patience, self.open(outgoing)).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(reason)) => return failed(reason),
            Err(_) => return failed("the city did not open a stream in time".to_owned()),
        };
        if self
            .events
            .send(LineEvent::Opened { window, requests })
            .await
            .is_err()
        {
            pending::<()>().await;
        }
        let mut worked = false;
        loop {
            let message = tokio::select! {
                message = incoming.message() => message,
                () = self.hang_up.notified() => return failed("this side hung up".to_owned()),
            };
            match answer(message) {
                Ok(answer) => {
                    worked = true;
                    if self.events.send(LineEvent::Answer(answer)).await.is_err() {
                        pending::<()>().await;
                    }
                }
                Err(reason) => return Ended { reason, worked },
            }
        }
    }

    /// A wish to hang up that came after the end of the stream before is fulfilled already.
    async fn forget_old_hang_up(&self) {
        tokio::select! {
            biased;
            () = self.hang_up.notified() => {}
            () = std::future::ready(()) => {}
        }
    }

    async fn open(
        &self,
        outgoing: mpsc::Receiver<PushRequest>,
    ) -> Result<(PushWindow, Streaming<PushResponse>), String> {
        let mut client = CollectionServiceClient::new(self.channel.clone());
        let response = client
            .push(ReceiverStream::new(outgoing))
            .await
            .map_err(|status| explain(&status))?;
        let mut incoming = response.into_inner();
        match incoming
            .message()
            .await
            .map_err(|status| explain(&status))?
            .and_then(|first| first.message)
        {
            Some(push_response::Message::Window(window)) => Ok((window, incoming)),
            Some(push_response::Message::Answer(_)) | None => {
                Err("the city did not begin with its window".to_owned())
            }
        }
    }
}

fn answer(message: Result<Option<PushResponse>, tonic::Status>) -> Result<PushAnswer, String> {
    let message = message.map_err(|status| explain(&status))?;
    let message = message.ok_or_else(|| "the city closed the stream".to_owned())?;
    match message.message {
        Some(push_response::Message::Answer(answer)) => Ok(answer),
        Some(push_response::Message::Window(_)) => Err("the city sent its window twice".to_owned()),
        None => Err("the city sent a message that this program does not know".to_owned()),
    }
}

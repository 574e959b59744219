//! The way to the collector: a bounded queue, and one thread that sends what is in it.
//!
//! In: spans, from any thread. Out: OTLP over gRPC, by the exporter of the OpenTelemetry project, which tries again for a few
//! seconds. What the queue has no room for, and what the collector did not take in that time, is dropped and counted. The log says
//! once that it is so, and once that it is over.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc as threads,
    },
    thread,
    time::Duration,
};

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use crate::{Share, TraceSettings};

/// Spans that wait to be sent; beyond it they are dropped. About 1 KB each.
const QUEUE_MAX: usize = 4_096;
/// Spans in one message.
const BATCH_MAX: usize = 512;
/// How long a message waits for more spans.
const GATHER: Duration = Duration::from_secs(1);
/// How long the collector may take for a message, with everything that is tried again.
const EXPORT_MAX: Duration = Duration::from_secs(5);
/// The same, once the program is ending.
const LAST_EXPORT_MAX: Duration = Duration::from_millis(1_500);

/// Why traces are not told.
#[derive(Debug)]
pub struct InstallError(String);

/// What became of spans since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that the collector has taken.
    pub sent: u64,
    /// Those that were dropped.
    pub dropped: u64,
}

/// The senders' end.
#[derive(Debug)]
pub(crate) struct Sender {
    share: Share,
    queue: mpsc::Sender<SpanData>,
    tally: Arc<Tally>,
    /// Used up by the end.
    ending: Mutex<Option<Ending>>,
}

#[derive(Debug)]
struct Ending {
    end: oneshot::Sender<()>,
    over: threads::Receiver<()>,
}

#[derive(Debug, Default)]
struct Tally {
    sent: AtomicU64,
    dropped: AtomicU64,
}

/// The thread's end.
struct Courier {
    endpoint: String,
    exporter: SpanExporter,
    queue: mpsc::Receiver<SpanData>,
    tally: Arc<Tally>,
    /// What was dropped when it was last looked at.
    dropped_before: u64,
    /// Since the log said that spans are dropped: how many were before.
    trouble: Option<u64>,
}

impl Sender {
    pub(crate) fn start(settings: &TraceSettings, version: &str) -> Result<Self, InstallError> {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let tally = Arc::new(Tally::default());
        // One worker of its own, so that neither a busy nor a single-threaded program holds it up.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let exporter = {
            let _inside = runtime.enter();
            exporter(settings, version)?
        };
        let courier = Courier {
            endpoint: settings.endpoint.clone(),
            exporter,
            queue: receiver,
            tally: Arc::clone(&tally),
            dropped_before: 0,
            trouble: None,
        };
        let (end, ended) = oneshot::channel();
        let (over, is_over) = threads::channel();
        thread::Builder::new()
            .name("traces".to_owned())
            .spawn(move || {
                runtime.block_on(courier.run(ended));
                drop(over);
            })?;
        let ending = Ending { end, over: is_over };
        Ok(Self {
            share: settings.sample,
            queue,
            tally,
            ending: Mutex::new(Some(ending)),
        })
    }

    pub(crate) const fn share(&self) -> Share {
        self.share
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            sent: self.tally.sent.load(Ordering::Relaxed),
            dropped: self.tally.dropped.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn tell(&self, span: SpanData) {
        if self.queue.try_send(span).is_err() {
            self.tally.drop_some(1);
        }
    }

    /// Has everything sent that waits, for `patience` at the most.
    pub(crate) fn end(&self, patience: Duration) {
        let ending = self
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Ending { end, over }) = ending else {
            return;
        };
        let _ = end.send(());
        // It never sends: it is dropped when the thread has done.
        if over.recv_timeout(patience) == Err(threads::RecvTimeoutError::Timeout) {
            tracing::warn!("the collector of traces did not take the last spans in time");
        }
    }
}

impl Tally {
    fn drop_some(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Courier {
    async fn run(mut self, mut ended: oneshot::Receiver<()>) {
        let mut is_over = false;
        while !is_over {
            let mut batch = Vec::new();
            tokio::select! {
                _ = &mut ended => is_over = true,
                () = gather(&mut self.queue, &mut batch) => {}
            }
            if !is_over {
                let batch = std::mem::take(&mut batch);
                is_over = self.deliver(batch, &mut ended).await;
            }
            if is_over {
                self.finish(batch).await;
            }
        }
    }

    /// Sends a message. Where the program ends meanwhile, it has little time left: true then.
    async fn deliver(&mut self, batch: Vec<SpanData>, ended: &mut oneshot::Receiver<()>) -> bool {
        let export = self.export(batch);
        tokio::pin!(export);
        tokio::select! {
            () = &mut export => false,
            _ = ended => {
                // What is given up here is counted as dropped by the export's own guard.
                let _ = timeout(LAST_EXPORT_MAX, &mut export).await;
                true
            }
        }
    }

    /// Sends what was gathered and what waits, once.
    async fn finish(&mut self, mut batch: Vec<SpanData>) {
        self.queue.close();
        let deadline = tokio::time::Instant::now() + LAST_EXPORT_MAX;
        loop {
            while batch.len() < BATCH_MAX
                && let Ok(span) = self.queue.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                break;
            }
            let batch = std::mem::take(&mut batch);
            let exported = tokio::time::timeout_at(deadline, self.export(batch)).await;
            if exported.is_err() {
                self.say(Some("no answer before the end".to_owned()));
            }
        }
    }

    async fn export(&mut self, batch: Vec<SpanData>) {
        let guard = Undelivered {
            tally: Arc::clone(&self.tally),
            count: batch.len(),
        };
        let exported = self.exporter.export(batch).await;
        let why = exported.map_err(|error| error.to_string());
        match &why {
            Ok(()) => guard.delivered(),
            Err(_) => drop(guard),
        }
        self.say(why.err());
    }

    /// Says once that spans are dropped, and once that they no longer are.
    fn say(&mut self, why: Option<String>) {
        let dropped = self.tally.dropped.load(Ordering::Relaxed);
        let is_losing = dropped > self.dropped_before;
        let before = std::mem::replace(&mut self.dropped_before, dropped);
        match self.trouble {
            None if is_losing => {
                self.trouble = Some(before);
                let why = why.unwrap_or_else(|| "it takes them too slowly".to_owned());
                tracing::warn!(
                    collector = %self.endpoint,
                    why,
                    "the collector of traces does not take all spans: what it does not take is dropped and counted; nothing else waits for it"
                );
            }
            Some(since) if !is_losing => {
                self.trouble = None;
                tracing::info!(
                    collector = %self.endpoint,
                    dropped = dropped - since,
                    "the collector of traces takes spans again"
                );
            }
            None | Some(_) => {}
        }
    }
}

/// Spans on their way. Unless they were delivered they count as dropped, however the way ends.
struct Undelivered {
    tally: Arc<Tally>,
    count: usize,
}

impl Undelivered {
    fn delivered(mut self) {
        self.tally
            .sent
            .fetch_add(self.count as u64, Ordering::Relaxed);
        self.count = 0;
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        self.tally.drop_some(self.count);
    }
}

/// Fills a message: with what comes in a second after the first span, or until it is full.
async fn gather(queue: &mut mpsc::Receiver<SpanData>, batch: &mut Vec<SpanData>) {
    if queue.recv_many(batch, BATCH_MAX).await == 0 {
        // Every sender is gone, which only the end of the process brings about.
        return std::future::pending().await;
    }
    let full = async {
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            if queue.recv_many(batch, room).await == 0 {
                return;
            }
        }
    };
    let _ = timeout(GATHER, full).await;
    // Leaves the collector some air where spans come faster than it takes them.
    sleep(Duration::ZERO).await;
}

fn exporter(settings: &TraceSettings, version: &str) -> Result<SpanExporter, ExporterBuildError> {
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(settings.endpoint.clone())
        .with_timeout(EXPORT_MAX)
        .build()?;
    let resource = Resource::builder_empty()
        .with_service_name(settings.service.clone())
        .with_attributes([
            KeyValue::new("service.namespace", "granary"),
            KeyValue::new("service.version", version.to_owned()),
        ])
        .build();
    exporter.set_resource(&resource);
    Ok(exporter)
}

/// An id that no other span of this trace has.
pub(crate) fn random_id() -> [u8; 8] {
    let mut id = [0; 8];
    // Where the system has no randomness, TLS does not work either, and a trace is the least that is missing.
    let _ = getrandom::fill(&mut id);
    if id == [0; 8] {
        id[7] = 1;
    }
    id
}

impl std::fmt::Display for InstallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "traces cannot be told: {}", self.0)
    }
}

impl std::error::Error for InstallError {}

impl From<io::Error> for InstallError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<ExporterBuildError> for InstallError {
    fn from(error: ExporterBuildError) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use granary_core::digest::Digest;

    use super::*;
    use crate::{Begun, Stage, Trail};

    #[test]
    fn what_nobody_takes_is_counted_to_the_last_span_and_telling_goes_on() {
        const TOLD: u64 = QUEUE_MAX as u64 * 2;
        // Bound and closed again: nobody listens there.
        let address = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let settings = TraceSettings {
            endpoint: format!("http://{address}"),
            sample: Share::ALL,
            service: "test".to_owned(),
        };
        let sender = Sender::start(&settings, "0").unwrap();
        let trail = Trail::of(&Digest::of(b"a payload"));
        for _ in 0..TOLD {
            sender.tell(trail.one(Stage::Push).data(Begun::now().until_now()));
        }
        sender.end(Duration::from_secs(60));
        let counts = Counts {
            sent: 0,
            dropped: TOLD,
        };
        assert_eq!(sender.counts(), counts);
        // After the end nothing is kept, and nothing waits.
        sender.tell(trail.one(Stage::Push).data(Begun::now().until_now()));
        assert_eq!(sender.counts().dropped, TOLD + 1);
    }
}

//! The journal service: every entry with its payload, in order, for whoever wants to check all of it.
//!
//! Bounds: a chunk, the chunks that wait for the connection, and the streams that are open at once. A slow reader holds
//! its few chunks and nothing else; the next one is read from the store only when there is room.

use std::sync::Arc;

use granary_core::{
    access::Access,
    ledger::{LogIndex, Subject, act},
    snapshot,
};
use granary_proto::v1::{
    self, journal_service_server::JournalService, stream_journal_response::Message,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    City, access, blocking,
    failure::{Failure, Need},
};
use crate::journal::Record;

/// Records in a chunk.
const CHUNK_RECORDS_MAX: usize = 256;
/// Bytes of payloads after which a chunk takes no further record.
const CHUNK_BYTES_MAX: usize = 1 << 20;
/// Chunks of one stream that wait for the connection to take them.
const CHUNKS_WAITING_MAX: usize = 2;
/// Streams that are open at once.
const STREAMS_MAX: usize = 4;

type Messages = ReceiverStream<Result<v1::StreamJournalResponse, Status>>;

/// The service.
pub(super) struct JournalReader {
    city: Arc<City>,
    streams: Arc<Semaphore>,
}

/// One open stream.
struct Stream {
    city: Arc<City>,
    /// The next record to send, and where to stop.
    next: u64,
    size: u64,
    messages: mpsc::Sender<Result<v1::StreamJournalResponse, Status>>,
    /// Held until the stream ends.
    _open: OwnedSemaphorePermit,
}

impl JournalReader {
    pub(super) fn new(city: Arc<City>) -> Self {
        Self {
            city,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    fn start(&self, from_index: u64) -> Result<Messages, Failure> {
        let head = self.city.handle.journal().head();
        if from_index > head.size {
            let why = format!("the newest checkpoint covers {} entries", head.size);
            return Err(Failure::invalid("from_index", why));
        }
        let open = Arc::clone(&self.streams).try_acquire_owned();
        let open = open.map_err(|_| {
            Failure::NotReady("the journal is being exported several times already: ask later")
        })?;
        let (messages, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
        let first = Message::Head(v1::JournalHead {
            size: head.size,
            checkpoint: head.checkpoint.to_string(),
            log_verifier_key: self.city.log_verifier_key.clone(),
        });
        let stream = Stream {
            city: Arc::clone(&self.city),
            next: from_index,
            size: head.size,
            messages,
            _open: open,
        };
        tokio::spawn(stream.run(first));
        Ok(ReceiverStream::new(receiver))
    }
}

#[tonic::async_trait]
impl JournalService for JournalReader {
    type StreamJournalStream = Messages;

    async fn stream_journal(
        &self,
        request: Request<v1::StreamJournalRequest>,
    ) -> Result<Response<Messages>, Status> {
        let from_index = request.get_ref().from_index;
        let what = format!("from entry {from_index}");
        access::person(&self.city, &request, Need::Person, Access::Journal, what).await?;
        Ok(Response::new(self.start(from_index)?))
    }
}

impl Stream {
    /// Sends the head and every chunk; ends early where the reader has gone or the server stops.
    async fn run(mut self, first: Message) {
        let mut stop = self.city.stop.clone();
        let mut stopping = std::pin::pin!(stop.wait_for(|stop| *stop));
        let mut message = Ok(first);
        loop {
            let failed = message.is_err();
            let message_out = message
                .map(|message| v1::StreamJournalResponse {
                    message: Some(message),
                })
                .map_err(Status::from);
            let sent = tokio::select! {
                sent = self.messages.send(message_out) => sent.is_ok(),
                _ = &mut stopping => {
                    // Where there is no room for the reason, the reader sees that the line broke.
                    drop(self.messages.try_send(Err(Failure::Stopping.into())));
                    return;
                }
            };
            if failed || !sent || self.next >= self.size {
                return;
            }
            message = self.chunk().await.map(Message::Chunk);
        }
    }

    /// Reads the next chunk.
    async fn chunk(&mut self) -> Result<v1::JournalChunk, Failure> {
        let (city, first) = (Arc::clone(&self.city), self.next);
        let left = usize::try_from(self.size - first).unwrap_or(usize::MAX);
        let count = left.min(CHUNK_RECORDS_MAX);
        let read = blocking(move || {
            let journal = city.handle.journal();
            let records = journal.records_within(LogIndex(first), count, CHUNK_BYTES_MAX);
            records.map_err(Failure::internal)
        });
        let records = read.await?;
        self.next += records.len() as u64;
        Ok(v1::JournalChunk {
            first_index: first,
            records: records.into_iter().map(wire).collect(),
        })
    }
}

fn wire(record: Record) -> v1::JournalRecord {
    let payload_type = match record.entry.subject {
        Subject::Snapshot(_) => snapshot::PAYLOAD_TYPE,
        Subject::Act => act::PAYLOAD_TYPE,
    };
    v1::JournalRecord {
        entry: record.bytes,
        payload_type: payload_type.to_owned(),
        payload: record.payload,
    }
}

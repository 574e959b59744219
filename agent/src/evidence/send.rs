//! One file on its way to the city, from where the last attempt broke off, a few chunks in memory at once.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use granary_core::text::Bilingual;
use granary_proto::v1::{
    PendingEvidence, UploadEvidenceRequest, UploadHead, upload_evidence_request::Message,
};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::{Client, Outcome};
use crate::enrol::explain;

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that wait for the line.
const CHUNKS_WAITING_MAX: usize = 2;
/// The slowest line that a file is sent over, in bytes a millisecond.
const BYTES_PER_MS_MIN: u64 = 4;

/// Sends what the city has not got of a file.
pub(super) async fn send(
    client: &mut Client,
    (path, size): (PathBuf, u64),
    pending: &PendingEvidence,
    patience: Duration,
) -> Result<Outcome, String> {
    let offset = pending.offset.min(size);
    let head = UploadHead {
        sha256: pending.sha256.clone(),
        size,
        offset,
    };
    let (messages, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let reading = tokio::task::spawn_blocking(move || read(&path, head, &messages));
    let patience = patience + Duration::from_millis((size - offset) / BYTES_PER_MS_MIN);
    let answer = timeout(
        patience,
        client.upload_evidence(ReceiverStream::new(receiver)),
    )
    .await;
    // The reader ends with the stream; where it could not read, the city got too little and says so.
    let read = reading.await.map_err(|error| error.to_string())?;
    let answer = answer
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|status| explain(&status))?
        .into_inner();
    read.map_err(|error| error.to_string())?;
    Ok(if answer.held {
        Outcome::Sent
    } else {
        Outcome::Failed(Bilingual::new(answer.message_zh, answer.message_en))
    })
}

/// Hands the file on; ends where nobody takes it any more. A file that grows meanwhile is cut at its stated length.
fn read(
    path: &Path,
    head: UploadHead,
    messages: &mpsc::Sender<UploadEvidenceRequest>,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(head.offset))?;
    let mut file = file.take(head.size - head.offset);
    let mut message = Message::Head(head);
    loop {
        let request = UploadEvidenceRequest {
            message: Some(message),
        };
        if messages.blocking_send(request).is_err() {
            return Ok(());
        }
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        (&mut file)
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(());
        }
        message = Message::Chunk(chunk);
    }
}

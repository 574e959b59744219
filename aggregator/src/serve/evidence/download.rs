//! A file on its way out: its length, then its bytes, a few chunks ahead of the connection.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use granary_core::digest::Digest;
use granary_proto::v1::{self, download_evidence_response::Message};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{City, Failure};

/// Bytes of a chunk.
pub(super) const CHUNK_BYTES_MAX: usize = 64 << 10;
/// Chunks that wait for the connection.
const CHUNKS_WAITING_MAX: usize = 4;

pub(super) type Chunks = ReceiverStream<Result<v1::DownloadEvidenceResponse, Status>>;
type Sender = mpsc::Sender<Result<v1::DownloadEvidenceResponse, Status>>;

/// Begins to send a file that is held.
pub(super) fn start(city: &City, sha256: &Digest, offset: u64) -> Result<Chunks, Failure> {
    let held = city.evidence.held(sha256).map_err(Failure::internal)?;
    let size = held.ok_or(Failure::NotFound("the city holds no such evidence"))?;
    if offset > size {
        return Err(Failure::invalid("offset", format!("it has {size} bytes")));
    }
    let file = city.evidence.file(sha256).map_err(Failure::internal)?;
    let (messages, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send(file, (size, offset), &messages) {
            drop(messages.blocking_send(Err(Failure::internal(error).into())));
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Ends early where the reader has gone.
fn send(mut file: File, (size, offset): (u64, u64), messages: &Sender) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    let mut message = Message::Size(size);
    loop {
        let response = v1::DownloadEvidenceResponse {
            message: Some(message),
        };
        if messages.blocking_send(Ok(response)).is_err() {
            return Ok(());
        }
        let mut chunk = Vec::with_capacity(CHUNK_BYTES_MAX);
        (&mut file)
            .take(CHUNK_BYTES_MAX as u64)
            .read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(());
        }
        message = Message::Chunk(chunk);
    }
}

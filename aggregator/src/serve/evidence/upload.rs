//! A file on its way in: only what was asked of the calling unit, in order, and checked before it counts.

use std::sync::Arc;

use granary_core::{access::Access, code::UnitCode, digest::Digest};
use granary_proto::v1::{self, upload_evidence_request::Message};
use tonic::Streaming;

use super::{City, Failure, access, asked_of, blocking, digest, download::CHUNK_BYTES_MAX};
use crate::evidence::{Upload, UploadFault};

/// Takes one file.
pub(super) async fn take(
    city: &Arc<City>,
    (unit, who): (UnitCode, access::Who),
    mut messages: Streaming<v1::UploadEvidenceRequest>,
) -> Result<v1::UploadEvidenceResponse, Failure> {
    let head = match next(&mut messages).await? {
        Some(Message::Head(head)) => head,
        Some(Message::Chunk(_)) | None => {
            return Err(Failure::invalid(
                "message",
                "an upload begins with its head",
            ));
        }
    };
    let sha256 = digest(&head.sha256)?;
    let row = asked_of(city, &unit, &sha256)?;
    if city
        .evidence
        .held(&sha256)
        .map_err(Failure::internal)?
        .is_some()
    {
        return Ok(held(head.size));
    }
    let finished = match begin(city, (sha256, unit.clone()), &head).await? {
        Ok(upload) => receive(upload, &mut messages).await?,
        Err(fault) => Err(fault),
    };
    match finished {
        Ok(()) => {
            let what = format!("{sha256} {} bytes entry {}", head.size, row.requested_index);
            access::record(city, who, Access::EvidenceSent, what).await?;
            Ok(held(head.size))
        }
        Err(fault) => Ok(not_held(city, (&sha256, &unit), &fault)),
    }
}

async fn begin(
    city: &Arc<City>,
    (sha256, unit): (Digest, UnitCode),
    head: &v1::UploadHead,
) -> Result<Result<Upload, UploadFault>, Failure> {
    let (store, size, offset) = (city.evidence.clone(), head.size, head.offset);
    blocking(move || Ok(Upload::begin(&store, (sha256, &unit), size, offset))).await
}

/// Writes what comes; where the line breaks, what has come is kept.
async fn receive(
    mut upload: Upload,
    messages: &mut Streaming<v1::UploadEvidenceRequest>,
) -> Result<Result<(), UploadFault>, Failure> {
    while let Some(message) = next(messages).await? {
        let Message::Chunk(chunk) = message else {
            return Err(Failure::invalid("message", "an upload has one head"));
        };
        if chunk.len() > CHUNK_BYTES_MAX {
            let why = format!("at most {CHUNK_BYTES_MAX} bytes");
            return Err(Failure::invalid("chunk", why));
        }
        let written = blocking(move || {
            let written = upload.write(&chunk);
            Ok((upload, written))
        });
        let (back, written) = written.await?;
        upload = back;
        if written.is_err() {
            return Ok(written);
        }
    }
    blocking(move || Ok(upload.finish())).await
}

async fn next(
    messages: &mut Streaming<v1::UploadEvidenceRequest>,
) -> Result<Option<Message>, Failure> {
    let message = messages.message().await.map_err(Failure::Wire)?;
    message
        .map(|message| {
            message
                .message
                .ok_or_else(|| Failure::invalid("message", "it is empty"))
        })
        .transpose()
}

fn held(size: u64) -> v1::UploadEvidenceResponse {
    v1::UploadEvidenceResponse {
        held: true,
        offset: size,
        ..Default::default()
    }
}

fn not_held(
    city: &City,
    (sha256, unit): (&Digest, &UnitCode),
    fault: &UploadFault,
) -> v1::UploadEvidenceResponse {
    tracing::warn!(%unit, %sha256, %fault, "evidence was not taken");
    let message = fault.message(city.evidence.bytes_max());
    v1::UploadEvidenceResponse {
        held: false,
        offset: city.evidence.arrived(sha256, unit).unwrap_or(0),
        message_zh: message.zh,
        message_en: message.en,
    }
}

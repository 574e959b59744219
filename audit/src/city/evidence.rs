//! Evidence and the access log.

use std::io::Write;

use granary_core::{code::UnitCode, digest::Digest, snapshot::SlotKey};
use granary_proto::v1::{
    DownloadEvidenceRequest, EvidenceFile, ListEvidenceRequest, RequestEvidenceRequest,
    RequestEvidenceResponse, StreamAccessRequest, StreamAccessResponse,
    download_evidence_response::Message,
};
use tonic::Streaming;

use super::{City, CityError, explain};

/// What became of writing a download.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The city did not give it.
    #[error(transparent)]
    City(#[from] CityError),
    /// It cannot be written here.
    #[error("{0}")]
    Write(#[from] std::io::Error),
}

/// The access log, as it comes.
pub struct AccessStream {
    server: String,
    messages: Streaming<StreamAccessResponse>,
}

impl City {
    /// Lists the files that the snapshots of a slot name.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn evidence(&mut self, slot: &SlotKey) -> Result<Vec<EvidenceFile>, CityError> {
        let request = ListEvidenceRequest {
            unit: UnitCode::to_string(&slot.unit),
            dataset: slot.dataset.to_string(),
            period: slot.period.to_string(),
        };
        let answer = self.evidence.list_evidence(request).await;
        let answer = answer.map_err(|status| explain(&self.server, &status))?;
        Ok(answer.into_inner().files)
    }

    /// Asks a unit for a file.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn request_evidence(
        &mut self,
        slot: &SlotKey,
        sha256: &[u8],
        reason: &str,
    ) -> Result<RequestEvidenceResponse, CityError> {
        let request = RequestEvidenceRequest {
            unit: slot.unit.to_string(),
            dataset: slot.dataset.to_string(),
            period: slot.period.to_string(),
            sha256: sha256.to_vec(),
            reason: reason.to_owned(),
        };
        let answer = self.evidence.request_evidence(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Writes the bytes of a file that the city holds, at most as many as it says, as they come. Nothing is checked here.
    ///
    /// # Errors
    /// [`DownloadError`].
    pub async fn download(
        &mut self,
        sha256: &Digest,
        bytes_max: u64,
        out: &mut dyn Write,
    ) -> Result<(), DownloadError> {
        let server = self.server.clone();
        let failed = |status: tonic::Status| explain(&server, &status);
        let request = DownloadEvidenceRequest {
            sha256: sha256.as_bytes().to_vec(),
            offset: 0,
        };
        let answer = self.evidence.download_evidence(request).await;
        let mut stream = answer.map_err(failed)?.into_inner();
        let mut left = bytes_max;
        while let Some(message) = stream.message().await.map_err(failed)? {
            let Some(Message::Chunk(chunk)) = message.message else {
                continue;
            };
            let Some(rest) = left.checked_sub(chunk.len() as u64) else {
                let detail = format!("more than the {bytes_max} bytes that it has");
                return Err(CityError::Protocol { server, detail }.into());
            };
            left = rest;
            out.write_all(&chunk)?;
        }
        Ok(())
    }

    /// Opens the stream of the access log.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn access(&mut self) -> Result<AccessStream, CityError> {
        let answer = self.accesses.stream_access(StreamAccessRequest {}).await;
        let answer = answer.map_err(|status| explain(&self.server, &status))?;
        Ok(AccessStream {
            server: self.server.clone(),
            messages: answer.into_inner(),
        })
    }
}

impl AccessStream {
    /// The next lines; `None` at the end.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn next(&mut self) -> Result<Option<Vec<String>>, CityError> {
        let message = self.messages.message().await;
        let message = message.map_err(|status| explain(&self.server, &status))?;
        Ok(message.map(|message| message.lines))
    }
}

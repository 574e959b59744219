//! The evidence service: the city's people ask for a file, its unit's agent hands it in, and they fetch it.

mod download;
mod upload;

use std::sync::Arc;

use granary_core::{
    access::Access,
    code::{DatasetCode, UnitCode},
    digest::Digest,
    ledger::{
        Deed, Refusal,
        evidence::{self, EvidenceRow, Named},
    },
    period::Period,
    snapshot::SlotKey,
};
use granary_proto::v1::{
    self, evidence_service_server::EvidenceService, request_evidence_response,
};
use tonic::{Request, Response, Status, Streaming};

use self::download::Chunks;
use super::{
    City, access, administration, blocking,
    failure::{Failure, Need},
    guard,
};
use crate::{
    convert,
    evidence::{Missing, Said},
};

/// Requests that a unit is told at once.
const PENDING_MAX: usize = 100;

/// The service.
pub(super) struct Evidence {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl EvidenceService for Evidence {
    type DownloadEvidenceStream = Chunks;

    async fn list_evidence(
        &self,
        request: Request<v1::ListEvidenceRequest>,
    ) -> Result<Response<v1::ListEvidenceResponse>, Status> {
        guard::person(&request, Need::Person)?;
        let asked = request.get_ref();
        let slot = slot(&asked.unit, &asked.dataset, &asked.period)?;
        access::person(
            &self.city,
            &request,
            Need::Person,
            Access::EvidenceList,
            &slot,
        )
        .await?;
        let city = Arc::clone(&self.city);
        let files = blocking(move || list(&city, &slot)).await?;
        Ok(Response::new(v1::ListEvidenceResponse { files }))
    }

    async fn request_evidence(
        &self,
        request: Request<v1::RequestEvidenceRequest>,
    ) -> Result<Response<v1::RequestEvidenceResponse>, Status> {
        guard::person(&request, Need::Person)?;
        let (who, certificate) = guard::identity(&request);
        let requester = format!("{who} {certificate}");
        let result = ask(&self.city, request.into_inner(), requester).await?;
        let result = match result {
            Ok(receipt) => request_evidence_response::Result::Receipt(receipt),
            Err(refusal) => request_evidence_response::Result::Refusal(convert::refusal(refusal)),
        };
        Ok(Response::new(v1::RequestEvidenceResponse {
            result: Some(result),
        }))
    }

    async fn download_evidence(
        &self,
        request: Request<v1::DownloadEvidenceRequest>,
    ) -> Result<Response<Chunks>, Status> {
        guard::person(&request, Need::Person)?;
        let sha256 = digest(&request.get_ref().sha256)?;
        access::person(&self.city, &request, Need::Person, Access::Evidence, sha256).await?;
        let offset = request.get_ref().offset;
        let city = Arc::clone(&self.city);
        let chunks = blocking(move || download::start(&city, &sha256, offset)).await?;
        Ok(Response::new(chunks))
    }

    async fn list_evidence_requests(
        &self,
        request: Request<v1::ListEvidenceRequestsRequest>,
    ) -> Result<Response<v1::ListEvidenceRequestsResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        let city = Arc::clone(&self.city);
        Ok(Response::new(
            blocking(move || pending(&city, &unit)).await?,
        ))
    }

    async fn upload_evidence(
        &self,
        request: Request<Streaming<v1::UploadEvidenceRequest>>,
    ) -> Result<Response<v1::UploadEvidenceResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        let who = guard::identity(&request);
        let answer = upload::take(&self.city, (unit, who), request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn answer_evidence(
        &self,
        request: Request<v1::AnswerEvidenceRequest>,
    ) -> Result<Response<v1::AnswerEvidenceResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        let who = guard::identity(&request);
        answer(&self.city, (unit, who), request.into_inner()).await?;
        Ok(Response::new(v1::AnswerEvidenceResponse {}))
    }
}

/// Enters the request in the journal, signed by the city for whom it names.
async fn ask(
    city: &Arc<City>,
    asked: v1::RequestEvidenceRequest,
    requester: String,
) -> Result<Result<v1::Receipt, Refusal>, Failure> {
    let slot = slot(&asked.unit, &asked.dataset, &asked.period)?;
    let sha256 = digest(&asked.sha256)?;
    if let Some(refusal) = unnamed(city, slot.clone(), sha256).await? {
        return Ok(Err(refusal));
    }
    let deed = Deed::RequestEvidence {
        slot,
        sha256,
        reason: asked.reason,
        requester,
    };
    match access::own_act(city, deed) {
        Ok(received) => administration::in_force(city, received).await,
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Why a file cannot be asked for. The fold has the last word; it would only leave the entry without effect.
pub(super) async fn unnamed(
    city: &Arc<City>,
    slot: SlotKey,
    sha256: Digest,
) -> Result<Option<Refusal>, Failure> {
    let city = Arc::clone(city);
    blocking(move || {
        let found = evidence::requested(&city.handle.view(), &slot, &sha256);
        Ok(found.map_err(Failure::internal)?.err())
    })
    .await
}

fn list(city: &City, slot: &SlotKey) -> Result<Vec<v1::EvidenceFile>, Failure> {
    let view = city.handle.view();
    let requests = evidence::requests(&view, &slot.unit).map_err(Failure::internal)?;
    let named = evidence::named(&view, slot).map_err(Failure::internal)?;
    let file = |file: Named| {
        let request = requests.iter().find(|(sha256, _)| *sha256 == file.sha256);
        described(city, &slot.unit, file, request.map(|(_, row)| row))
    };
    named.into_iter().take(1_000).map(file).collect()
}

fn described(
    city: &City,
    unit: &UnitCode,
    file: Named,
    row: Option<&EvidenceRow>,
) -> Result<v1::EvidenceFile, Failure> {
    use v1::EvidenceState as State;
    let store = &city.evidence;
    let held = store.held(&file.sha256).map_err(Failure::internal)?;
    let said = row.and_then(|row| said(city, &file.sha256, unit, row));
    let (state, answered_at_ms) = match (row, held, said) {
        (_, Some(_), _) => (State::Held, store.held_at_ms(&file.sha256)),
        (None, None, _) => (State::NotRequested, 0),
        (Some(_), None, None) => (State::Requested, 0),
        (Some(_), None, Some(said)) => (missing(said.missing), said.at_ms),
    };
    let size = match held {
        Some(size) => size,
        None => store
            .arrived(&file.sha256, unit)
            .map_err(Failure::internal)?,
    };
    Ok(v1::EvidenceFile {
        name: file.name,
        sha256: file.sha256.as_bytes().to_vec(),
        snapshot_index: file.index.0,
        state: state.into(),
        request: row.map(request),
        size,
        answered_at_ms,
    })
}

/// What is asked of a unit and is not held.
fn pending(city: &City, unit: &UnitCode) -> Result<v1::ListEvidenceRequestsResponse, Failure> {
    let requests = evidence::requests(&city.handle.view(), unit).map_err(Failure::internal)?;
    let mut response = v1::ListEvidenceRequestsResponse {
        pending: Vec::new(),
        bytes_max: city.evidence.bytes_max(),
    };
    for (sha256, row) in requests {
        let held = city.evidence.held(&sha256).map_err(Failure::internal)?;
        if held.is_some() || response.pending.len() == PENDING_MAX {
            continue;
        }
        let offset = city.evidence.arrived(&sha256, unit);
        let answered = said(city, &sha256, unit, &row).map(|said| missing(said.missing));
        response.pending.push(v1::PendingEvidence {
            dataset: row.dataset.clone(),
            period: row.period.clone(),
            name: row.name.clone(),
            sha256: sha256.as_bytes().to_vec(),
            request: Some(request(&row)),
            offset: offset.map_err(Failure::internal)?,
            answered: answered.unwrap_or_default().into(),
        });
    }
    Ok(response)
}

/// Records why a unit cannot hand a file in; the same answer twice is recorded once.
async fn answer(
    city: &Arc<City>,
    (unit, who): (UnitCode, access::Who),
    answer: v1::AnswerEvidenceRequest,
) -> Result<(), Failure> {
    let sha256 = digest(&answer.sha256)?;
    let missing = match answer.state() {
        v1::EvidenceState::Gone => Missing::Gone,
        v1::EvidenceState::Changed => Missing::Changed,
        v1::EvidenceState::TooLarge => Missing::TooLarge,
        v1::EvidenceState::Unspecified
        | v1::EvidenceState::NotRequested
        | v1::EvidenceState::Requested
        | v1::EvidenceState::Held => {
            return Err(Failure::invalid("state", "say gone, changed or too large"));
        }
    };
    let row = asked_of(city, &unit, &sha256)?;
    if row.requested_index != answer.request_index {
        return Err(Failure::invalid(
            "request_index",
            "there is a newer request",
        ));
    }
    if said(city, &sha256, &unit, &row).is_some_and(|said| said.missing == missing) {
        return Ok(());
    }
    let said = Said {
        request_index: row.requested_index,
        at_ms: city.clock.now_ms(),
        missing,
    };
    let what = format!("{} {sha256} entry {}", missing.word(), row.requested_index);
    access::record(city, who, Access::EvidenceAnswered, what).await?;
    let city = Arc::clone(city);
    blocking(move || {
        let kept = city.evidence.say(&sha256, &unit, said);
        kept.map_err(Failure::internal)
    })
    .await
}

/// The request for a file of this unit; nobody learns here what was asked of another one.
fn asked_of(city: &City, unit: &UnitCode, sha256: &Digest) -> Result<EvidenceRow, Failure> {
    let requests = evidence::requests(&city.handle.view(), unit).map_err(Failure::internal)?;
    let found = requests.into_iter().find(|(found, _)| found == sha256);
    found.map(|(_, row)| row).ok_or(Failure::NotFound(
        "nobody has asked this unit for such a file",
    ))
}

/// What the unit said to the newest request.
fn said(city: &City, sha256: &Digest, unit: &UnitCode, row: &EvidenceRow) -> Option<Said> {
    let said = city.evidence.said(sha256, unit)?;
    (said.request_index == row.requested_index).then_some(said)
}

const fn missing(missing: Missing) -> v1::EvidenceState {
    match missing {
        Missing::Gone => v1::EvidenceState::Gone,
        Missing::Changed => v1::EvidenceState::Changed,
        Missing::TooLarge => v1::EvidenceState::TooLarge,
    }
}

fn request(row: &EvidenceRow) -> v1::EvidenceRequest {
    v1::EvidenceRequest {
        index: row.requested_index,
        requested_at_ms: row.requested_at_ms,
        reason: row.reason.clone(),
        requester: row.requester.clone(),
    }
}

fn slot(unit: &str, dataset: &str, period: &str) -> Result<SlotKey, Failure> {
    Ok(SlotKey::new(
        UnitCode::new(unit).map_err(|e| Failure::invalid("unit", e))?,
        DatasetCode::new(dataset).map_err(|e| Failure::invalid("dataset", e))?,
        Period::parse(period).map_err(|e| Failure::invalid("period", e))?,
    ))
}

fn digest(bytes: &[u8]) -> Result<Digest, Failure> {
    Digest::from_slice(bytes).ok_or_else(|| Failure::invalid("sha256", "it is not 32 bytes"))
}

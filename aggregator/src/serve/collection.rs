//! The collection service: agents submit snapshots, fetch the catalogue, and learn what became of what they sent.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use granary_core::{
    code::UnitCode,
    digest::Digest,
    ledger::{Act, Deed, LogIndex, Refusal, RefusalCode, keys, rows::VintageRow},
    snapshot,
};
use granary_proto::v1::{self, collection_service_server::CollectionService, submit_response};
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status, Streaming};

use super::{
    City, bounded,
    failure::Failure,
    guard,
    push::{self, PushStream},
    records, rotation,
};
use crate::{convert, ingress::Received, sequence::Answer};

/// Assessments in one answer: what 0 means, and the most.
const ASSESSMENTS_DEFAULT: u32 = 100;
const ASSESSMENTS_MAX: u32 = 1_000;
/// The longest poll.
const WAIT_MS_MAX: u32 = 30_000;

/// The service.
pub(super) struct Collection {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl CollectionService for Collection {
    type PushStream = PushStream;

    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        guard::unit(&request)?;
        if let Some(pace) = guard::remote(&request).and_then(|remote| remote.pace()) {
            pace.wait().await;
        }
        let answer = match received(&self.city, request.into_inner().envelope) {
            Ok(received) => self.city.handle.submit_wait(received).await,
            Err(refusal) => Err(refusal),
        };
        Ok(Response::new(v1::SubmitResponse {
            result: Some(result(&self.city, answer)),
        }))
    }

    async fn push(
        &self,
        request: Request<Streaming<v1::PushRequest>>,
    ) -> Result<Response<PushStream>, Status> {
        guard::unit(&request)?;
        let pace = guard::remote(&request).and_then(|remote| remote.pace());
        Ok(Response::new(push::start(
            Arc::clone(&self.city),
            request.into_inner(),
            pace,
        )))
    }

    async fn fetch_catalogue(
        &self,
        request: Request<v1::FetchCatalogueRequest>,
    ) -> Result<Response<v1::FetchCatalogueResponse>, Status> {
        guard::reader(&self.city, &request)?;
        let known = request.into_inner().known_version;
        Ok(Response::new(catalogue(&self.city, &known)?))
    }

    async fn fetch_assessments(
        &self,
        request: Request<v1::FetchAssessmentsRequest>,
    ) -> Result<Response<v1::FetchAssessmentsResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        Ok(Response::new(
            poll(&self.city, &unit, &request.into_inner()).await?,
        ))
    }

    async fn fetch_records(
        &self,
        request: Request<v1::FetchRecordsRequest>,
    ) -> Result<Response<v1::FetchRecordsResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        let (city, request) = (Arc::clone(&self.city), request.into_inner());
        let records = super::blocking(move || records::fetch(&city, &unit, &request)).await?;
        Ok(Response::new(records))
    }

    async fn rotate_key(
        &self,
        request: Request<v1::RotateKeyRequest>,
    ) -> Result<Response<v1::RotateKeyResponse>, Status> {
        let unit = guard::unit(&request)?;
        let answer = rotation::rotate(&self.city, &unit, request.into_inner()).await?;
        Ok(Response::new(answer))
    }
}

/// A snapshot's envelope as received; an act is refused here, because acts have services of their own.
pub(super) fn received(city: &City, envelope: Option<v1::Envelope>) -> Result<Received, Refusal> {
    let received = convert::received(envelope)?;
    if received.payload_type != snapshot::PAYLOAD_TYPE {
        return Err(Refusal::new(
            RefusalCode::PayloadType,
            format!("此处只接收 {}", snapshot::PAYLOAD_TYPE),
            format!("only {} is taken here", snapshot::PAYLOAD_TYPE),
        ));
    }
    let (bytes, most) = (received.payload.len(), city.limits.snapshot_bytes_max);
    if bytes > most {
        return Err(Refusal::new(
            RefusalCode::TooLarge,
            format!("报送有 {bytes} 字节，最多 {most} 字节"),
            format!("the snapshot has {bytes} bytes; at most {most} are taken"),
        ));
    }
    Ok(received)
}

fn result(city: &City, answer: Answer) -> submit_response::Result {
    match answer.and_then(|accepted| accepted.receipt(city.handle.journal())) {
        Ok(receipt) => submit_response::Result::Receipt(convert::receipt(receipt)),
        Err(refusal) => submit_response::Result::Refusal(convert::refusal(refusal)),
    }
}

/// The catalogue in force, or only its version where the caller has it.
fn catalogue(city: &City, known: &[u8]) -> Result<v1::FetchCatalogueResponse, Failure> {
    let mut response = v1::FetchCatalogueResponse {
        city_time_ms: city.clock.now_ms(),
        ..Default::default()
    };
    let registry = city.handle.registry();
    let Some(catalogue) = registry.catalogue() else {
        return Ok(response);
    };
    let version = catalogue.version();
    response.version = version.as_bytes().to_vec();
    if known != version.as_bytes() {
        response.bundle = bundle(city, version)?;
    }
    Ok(response)
}

/// The bundle of the version in force. It is kept, because every agent asks for it after a publication.
pub(super) fn bundle(city: &City, version: Digest) -> Result<Vec<u8>, Failure> {
    let kept = city.bundle.load_full();
    if let Some(kept) = kept.filter(|kept| kept.0 == version) {
        return Ok(kept.1.clone());
    }
    let row = city
        .handle
        .derived()
        .row(&keys::table(keys::Table::Catalogue))
        .map_err(Failure::internal)?;
    let row = row.ok_or(Failure::NotReady("the catalogue is being read"))?;
    let row =
        granary_core::ledger::rows::CatalogueRow::decode_row(&row).map_err(Failure::internal)?;
    let record = city
        .handle
        .journal()
        .record(LogIndex(row.published_index))
        .map_err(Failure::internal)?;
    let record = record.ok_or_else(|| Failure::internal("the catalogue's entry is gone"))?;
    let Deed::PublishCatalogue(bundle) = Act::decode(&record.payload)
        .map_err(Failure::internal)?
        .deed
    else {
        return Err(Failure::internal("the catalogue's entry publishes none"));
    };
    let bytes = bundle.encode();
    if Digest::of(&bytes) != version {
        // A newer one came into force between the two reads; the caller asks again.
        return Err(Failure::Stopping);
    }
    city.bundle.store(Some(Arc::new((version, bytes.clone()))));
    Ok(bytes)
}

/// Assessments of the unit's snapshots; where there are none yet, waits for the first.
async fn poll(
    city: &City,
    unit: &UnitCode,
    request: &v1::FetchAssessmentsRequest,
) -> Result<v1::FetchAssessmentsResponse, Failure> {
    let count_max = bounded(request.count_max, ASSESSMENTS_DEFAULT, ASSESSMENTS_MAX);
    let wait = Duration::from_millis(request.wait_ms_max.min(WAIT_MS_MAX).into());
    let deadline = Instant::now() + wait;
    // Subscribed before the first read, so that nothing between the two is missed.
    let mut assessed = city.handle.assessed(unit);
    let mut stop = city.stop.clone();
    loop {
        assessed.mark_unchanged();
        let assessments = read(city, unit, LogIndex(request.from_index), count_max)?;
        let waited = Instant::now() >= deadline || *stop.borrow();
        if !assessments.is_empty() || waited {
            let next_index = assessments
                .last()
                .map_or(request.from_index, |last| last.index.saturating_add(1));
            return Ok(v1::FetchAssessmentsResponse {
                assessments,
                next_index,
            });
        }
        tokio::select! {
            changed = timeout_at(deadline, assessed.changed()) => {
                if matches!(changed, Ok(Err(_))) {
                    return Err(Failure::Stopping);
                }
            }
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

fn read(
    city: &City,
    unit: &UnitCode,
    from: LogIndex,
    count_max: usize,
) -> Result<Vec<v1::Assessment>, Failure> {
    let derived = city.handle.derived();
    let mut feed = Vec::new();
    let start = keys::feed(unit, from);
    let scanned = derived.scan_from(&keys::feed_prefix(unit), &start, &mut |key, slot_key| {
        feed.push((key.to_vec(), slot_key.to_vec()));
        if feed.len() < count_max {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    scanned.map_err(Failure::internal)?;
    let mut assessments = Vec::new();
    let mut bytes = 0;
    for (feed_key, slot_key) in feed {
        let index = keys::parse_index(&feed_key);
        let slot = keys::parse_slot(&slot_key).map(|(slot, _)| slot);
        let (Some(index), Some(slot)) = (index, slot) else {
            return Err(Failure::internal("a feed row is damaged"));
        };
        let row = derived
            .row(&keys::vintage(&slot, index))
            .map_err(Failure::internal)?;
        let row = row.ok_or_else(|| Failure::internal("a feed row leads nowhere"))?;
        let row = VintageRow::decode_row(&row).map_err(Failure::internal)?;
        let assessment = convert::assessment(&slot, index, row).map_err(Failure::internal)?;
        bytes += prost::Message::encoded_len(&assessment);
        if bytes > super::RESPONSE_BYTES_MAX && !assessments.is_empty() {
            break;
        }
        assessments.push(assessment);
    }
    Ok(assessments)
}

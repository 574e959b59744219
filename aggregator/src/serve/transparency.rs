//! The transparency service: checkpoints and proofs, for anybody with a certificate of this city; payloads for the city's
//! people, and for a unit those of its own snapshots.

use std::sync::Arc;

use granary_core::{
    digest::Digest,
    ledger::{LogIndex, Subject, act},
    log::{Checkpoint, Receipt, SignedNote},
    snapshot,
};
use granary_proto::v1::{
    self, get_payload_request, get_receipt_request,
    transparency_service_server::TransparencyService,
};
use tonic::{Request, Response, Status};

use super::{
    City, blocking,
    failure::{Failure, Need},
    guard,
};
use crate::{convert, journal::Journal, tls::Caller};

const NO_ENTRY: Failure = Failure::NotFound("the journal has no such entry");

/// The service.
pub(super) struct Transparency {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl TransparencyService for Transparency {
    async fn get_checkpoint(
        &self,
        request: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        guard::anybody_known(&request)?;
        let newest = self.city.handle.journal().checkpoint();
        let witnesses = &self.city.witnesses;
        Ok(Response::new(v1::GetCheckpointResponse {
            checkpoint: witnesses.published(&newest),
            most_cosigned: witnesses
                .most_cosigned()
                .map_or_else(String::new, |(_, note)| note),
        }))
    }

    async fn get_receipt(
        &self,
        request: Request<v1::GetReceiptRequest>,
    ) -> Result<Response<v1::GetReceiptResponse>, Status> {
        guard::anybody_known(&request)?;
        let receipt = receipt(&self.city, request.into_inner().entry)?;
        Ok(Response::new(v1::GetReceiptResponse {
            receipt: Some(receipt),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        guard::anybody_known(&request)?;
        Ok(Response::new(consistency(
            &self.city,
            &request.into_inner(),
        )?))
    }

    async fn get_payload(
        &self,
        request: Request<v1::GetPayloadRequest>,
    ) -> Result<Response<v1::GetPayloadResponse>, Status> {
        // An agent without a key in force reads nothing any more, not even what it once sent.
        guard::reader(&self.city, &request)?;
        let caller = guard::caller(&request);
        let (city, name) = (
            Arc::clone(&self.city),
            request.into_inner().entry.map(Name::from),
        );
        let read = blocking(move || payload(city.handle.journal(), &caller, name));
        Ok(Response::new(read.await?))
    }
}

/// What names an entry in a request.
enum Name {
    Index(u64),
    PayloadSha256(Vec<u8>),
}

impl From<get_receipt_request::Entry> for Name {
    fn from(entry: get_receipt_request::Entry) -> Self {
        match entry {
            get_receipt_request::Entry::Index(index) => Self::Index(index),
            get_receipt_request::Entry::PayloadSha256(bytes) => Self::PayloadSha256(bytes),
        }
    }
}

impl From<get_payload_request::Entry> for Name {
    fn from(entry: get_payload_request::Entry) -> Self {
        match entry {
            get_payload_request::Entry::Index(index) => Self::Index(index),
            get_payload_request::Entry::PayloadSha256(bytes) => Self::PayloadSha256(bytes),
        }
    }
}

/// The place of an entry; `None` where the journal has no such entry.
fn find(journal: &Journal, name: Option<Name>) -> Result<Option<LogIndex>, Failure> {
    let index = match name {
        Some(Name::Index(index)) => Some(LogIndex(index)),
        Some(Name::PayloadSha256(bytes)) => {
            let digest = Digest::from_slice(&bytes);
            let digest =
                digest.ok_or_else(|| Failure::invalid("payload_sha256", "it is not 32 bytes"))?;
            journal.index_of(&digest).map_err(Failure::internal)?
        }
        None => {
            return Err(Failure::invalid(
                "entry",
                "give an index or a payload's digest",
            ));
        }
    };
    Ok(index.filter(|index| index.0 < journal.size()))
}

fn receipt(city: &City, entry: Option<get_receipt_request::Entry>) -> Result<v1::Receipt, Failure> {
    let journal = city.handle.journal();
    let receipt = match find(journal, entry.map(Name::from))? {
        Some(index) => witnessed_receipt(city, index)?,
        None => None,
    };
    receipt.map(convert::receipt).ok_or(NO_ENTRY)
}

/// To an agent, another unit's snapshot and an act are as if they were not there.
fn payload(
    journal: &Journal,
    caller: &Caller,
    name: Option<Name>,
) -> Result<v1::GetPayloadResponse, Failure> {
    let index = find(journal, name)?.ok_or(NO_ENTRY)?;
    let record = journal.record(index).map_err(Failure::internal)?;
    let record = record.ok_or(NO_ENTRY)?;
    let (payload_type, unit) = match &record.entry.subject {
        Subject::Snapshot(slot) => (snapshot::PAYLOAD_TYPE, Some(&slot.unit)),
        Subject::Act => (act::PAYLOAD_TYPE, None),
    };
    let may_read = match caller {
        Caller::Person(role) => Need::Person.takes(*role),
        Caller::Unit(own) => unit == Some(own),
        Caller::Anonymous => false,
    };
    if !may_read {
        return Err(NO_ENTRY);
    }
    Ok(v1::GetPayloadResponse {
        index: index.0,
        entry: record.bytes,
        payload_type: payload_type.to_owned(),
        payload: record.payload,
    })
}

/// A receipt under the checkpoint with the most cosignatures that covers the entry, else under the newest.
pub(super) fn witnessed_receipt(city: &City, index: LogIndex) -> Result<Option<Receipt>, Failure> {
    let journal = city.handle.journal();
    let cosigned = city.witnesses.most_cosigned();
    let under = cosigned.filter(|(size, _)| index.0 < *size);
    let receipt = match under {
        Some((size, note)) => journal.receipt_at(index, size, &note),
        None => journal.receipt(index).map(|receipt| {
            receipt.map(|receipt| Receipt {
                checkpoint: city.witnesses.published(&receipt.checkpoint),
                ..receipt
            })
        }),
    };
    receipt.map_err(Failure::internal)
}

fn consistency(
    city: &City,
    request: &v1::GetConsistencyProofRequest,
) -> Result<v1::GetConsistencyProofResponse, Failure> {
    let journal = city.handle.journal();
    let checkpoint = journal.checkpoint();
    let size = signed_size(&checkpoint).ok_or(Failure::NotReady("the journal is empty"))?;
    let new_size = if request.new_size == 0 {
        size
    } else {
        request.new_size
    };
    if new_size > size {
        return Err(Failure::invalid(
            "new_size",
            format!("the tree has {size} entries"),
        ));
    }
    if !(1..=new_size).contains(&request.old_size) {
        return Err(Failure::invalid(
            "old_size",
            format!("it must be 1 to {new_size}"),
        ));
    }
    let hashes = journal
        .consistency_proof(request.old_size, new_size)
        .map_err(Failure::internal)?;
    Ok(v1::GetConsistencyProofResponse {
        hashes: hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect(),
        new_size,
        checkpoint: checkpoint.to_string(),
    })
}

/// The size in a checkpoint that this program has signed itself.
fn signed_size(checkpoint: &str) -> Option<u64> {
    let note = SignedNote::parse(checkpoint.as_bytes()).ok()?;
    Checkpoint::parse(note.unverified_text())
        .ok()
        .map(|checkpoint| checkpoint.size())
}

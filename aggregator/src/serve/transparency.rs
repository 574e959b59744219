//! The transparency service: checkpoints and proofs, for anybody with a certificate of this city.

use std::sync::Arc;

use granary_core::{
    digest::Digest,
    ledger::LogIndex,
    log::{Checkpoint, Receipt, SignedNote},
};
use granary_proto::v1::{
    self, get_receipt_request::Entry, transparency_service_server::TransparencyService,
};
use tonic::{Request, Response, Status};

use super::{City, failure::Failure, guard};
use crate::convert;

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
}

fn receipt(city: &City, entry: Option<Entry>) -> Result<v1::Receipt, Failure> {
    let journal = city.handle.journal();
    let index = match entry {
        Some(Entry::Index(index)) => Some(LogIndex(index)),
        Some(Entry::PayloadSha256(bytes)) => {
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
    let receipt = match index.filter(|index| index.0 < journal.size()) {
        Some(index) => witnessed_receipt(city, index)?,
        None => None,
    };
    receipt
        .map(convert::receipt)
        .ok_or(Failure::NotFound("the journal has no such entry"))
}

/// A receipt under the checkpoint with the most cosignatures that covers the entry, else under the newest.
fn witnessed_receipt(city: &City, index: LogIndex) -> Result<Option<Receipt>, Failure> {
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

//! The witness service: agents enrol their witness keys, ask for the head of the round, and cosign it.
//!
//! A cosignature is kept only where it verifies under an enrolled key of the caller's own unit, and its time is near the
//! city's. The city's clock decides nothing about what a cosignature proves: it only keeps out those whose makers would
//! be surprised by what they attest.

use std::sync::Arc;

use granary_core::{
    code::UnitCode,
    ledger::{Act, Deed, EnrolledWitness, Refusal, RefusalCode},
    log::{SignedNote, note::NoteSignature},
};
use granary_proto::v1::{self, enrol_witness_response, witness_service_server::WitnessService};
use tonic::{Request, Response, Status};

use super::{City, administration, failure::Failure, guard};
use crate::{convert, ingress::Received, witness::AddError};

/// How far a witness's time may be from the city's, in seconds.
const CLOCK_DIFFERENCE_S_MAX: u64 = 600;
/// Witnesses in one answer.
const WITNESSES_MAX: usize = 10_000;

/// The service.
pub(super) struct Witnessing {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl WitnessService for Witnessing {
    async fn enrol_witness(
        &self,
        request: Request<v1::EnrolWitnessRequest>,
    ) -> Result<Response<v1::EnrolWitnessResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        let result = match enrolment(&unit, request.into_inner().envelope) {
            Ok(received) => administration::in_force(&self.city, received).await?,
            Err(refusal) => Err(refusal),
        };
        let result = match result {
            Ok(receipt) => enrol_witness_response::Result::Receipt(receipt),
            Err(refusal) => enrol_witness_response::Result::Refusal(convert::refusal(refusal)),
        };
        Ok(Response::new(v1::EnrolWitnessResponse {
            result: Some(result),
        }))
    }

    async fn list_witnesses(
        &self,
        request: Request<v1::ListWitnessesRequest>,
    ) -> Result<Response<v1::ListWitnessesResponse>, Status> {
        guard::reader(&self.city, &request)?;
        let unit = request.into_inner().unit;
        let registry = self.city.handle.registry();
        let wanted = |witness: &&EnrolledWitness| unit.is_empty() || witness.unit.as_str() == unit;
        let mut enrolled: Vec<_> = registry
            .witnesses()
            .map(|(_, witness)| witness)
            .filter(wanted)
            .collect();
        enrolled.sort_by_key(|witness| (&witness.unit, witness.enrolled_index));
        let witnesses = enrolled.into_iter().take(WITNESSES_MAX).map(listed);
        Ok(Response::new(v1::ListWitnessesResponse {
            witnesses: witnesses.collect(),
        }))
    }

    async fn get_head(
        &self,
        request: Request<v1::GetHeadRequest>,
    ) -> Result<Response<v1::GetHeadResponse>, Status> {
        guard::anybody_known(&request)?;
        let city = Arc::clone(&self.city);
        let old_size = request.into_inner().old_size;
        Ok(Response::new(
            super::blocking(move || head(&city, old_size)).await?,
        ))
    }

    async fn add_cosignature(
        &self,
        request: Request<v1::AddCosignatureRequest>,
    ) -> Result<Response<v1::AddCosignatureResponse>, Status> {
        let unit = guard::unit_in_force(&self.city, &request)?;
        let v1::AddCosignatureRequest { size, cosignature } = request.into_inner();
        let line = checked(&self.city, &unit, size, &cosignature)?;
        let city = Arc::clone(&self.city);
        let count = super::blocking(move || add(&city, size, line)).await?;
        metrics::counter!("granary_cosignatures_total").increment(1);
        let cosignatures = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Response::new(v1::AddCosignatureResponse { cosignatures }))
    }
}

/// An enrolment of the caller's own unit.
fn enrolment(unit: &UnitCode, envelope: Option<v1::Envelope>) -> Result<Received, Refusal> {
    let received = administration::received(envelope)?;
    let act = Act::decode(&received.payload).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("无法读取登记操作：{error}"),
            format!("the act cannot be read: {error}"),
        )
    })?;
    if matches!(&act.deed, Deed::EnrolWitness { unit: named, .. } if named == unit) {
        return Ok(received);
    }
    Err(Refusal::new(
        RefusalCode::Act,
        "此处只接收本单位见证密钥的登记",
        "only the enrolment of a witness key of the caller's unit is taken here",
    ))
}

fn listed(witness: &EnrolledWitness) -> v1::Witness {
    v1::Witness {
        unit: witness.unit.to_string(),
        verifier_key: witness.key.to_string(),
        enrolled_index: witness.enrolled_index.0,
    }
}

fn head(city: &City, old_size: u64) -> Result<v1::GetHeadResponse, Failure> {
    let journal = city.handle.journal();
    let newest = journal.checkpoint();
    let now_ms = city.clock.now_ms();
    let head = city.witnesses.head_for(old_size, &newest, now_ms);
    let (size, checkpoint) = head.ok_or(Failure::NotReady("the journal is empty"))?;
    let proof = if (1..size).contains(&old_size) {
        let proof = journal.consistency_proof(old_size, size);
        proof.map_err(Failure::internal)?
    } else {
        Vec::new()
    };
    Ok(v1::GetHeadResponse {
        checkpoint,
        consistency_proof: proof.iter().map(|hash| hash.as_bytes().to_vec()).collect(),
    })
}

/// The one line of a cosignature that verifies under an enrolled key of the caller's unit.
fn checked(
    city: &City,
    unit: &UnitCode,
    size: u64,
    cosignature: &str,
) -> Result<NoteSignature, Failure> {
    let invalid = |why: &dyn std::fmt::Display| Failure::invalid("cosignature", why);
    let lines = SignedNote::parse_lines(cosignature).map_err(|error| invalid(&error))?;
    let [line] = lines.as_slice() else {
        return Err(invalid(&"it is not one signature line"));
    };
    let text = city.witnesses.text(size).ok_or(Failure::NotFound(
        "no head of this size is to be cosigned: ask for the head again",
    ))?;
    let registry = city.handle.registry();
    let witness = registry
        .witnesses()
        .find(|(_, witness)| witness.unit == *unit && witness.key.made(line));
    let (_, witness) = witness.ok_or_else(|| {
        invalid(&"its key is not an enrolled witness key of this unit: enrol it first")
    })?;
    let time_s = witness.key.verify(&text, line).map_err(|e| invalid(&e))?;
    let now_s = u64::try_from(city.clock.now_ms() / 1_000).unwrap_or(0);
    if now_s.abs_diff(time_s) > CLOCK_DIFFERENCE_S_MAX {
        return Err(invalid(&format!(
            "its time differs from the city's by {} seconds: set the clock",
            now_s.abs_diff(time_s)
        )));
    }
    Ok(line.clone())
}

fn add(city: &City, size: u64, line: NoteSignature) -> Result<usize, Failure> {
    city.witnesses.add(size, line).map_err(|error| match error {
        AddError::NoSuchHead(_) => {
            Failure::NotFound("no head of this size is to be cosigned: ask for the head again")
        }
        AddError::Full => Failure::NotReady("the head has enough cosignatures"),
        AddError::Storage(error) => Failure::internal(error),
    })
}

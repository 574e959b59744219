//! Snapshots over unary calls: as many tasks as calls in flight.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use granary_proto::v1::{
    self, SubmitRequest, collection_service_client::CollectionServiceClient, submit_response,
};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::{Answered, Measured, Plan, digest_of};
use crate::context::Outcome;

type Unsent = Arc<Mutex<Vec<v1::Envelope>>>;

/// Submits `envelopes` over `channels` until the plan or they are at an end.
pub(crate) async fn run(
    channels: &[Channel],
    envelopes: Vec<v1::Envelope>,
    plan: Plan,
) -> Outcome<Measured> {
    // Taken from the end.
    let unsent: Unsent = Arc::new(Mutex::new(envelopes.into_iter().rev().collect()));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for channel in channels.iter().cycle().take(plan.in_flight) {
        let client = CollectionServiceClient::new(channel.clone());
        tasks.spawn(submit(client, Arc::clone(&unsent), plan.recorder(start)?));
    }
    let mut total = plan.recorder(start)?;
    while let Some(measured) = tasks.join_next().await {
        total.add(measured??)?;
    }
    total
        .unsent
        .append(&mut unsent.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(total)
}

async fn submit(
    mut client: CollectionServiceClient<Channel>,
    unsent: Unsent,
    mut measured: Measured,
) -> Outcome<Measured> {
    while Instant::now() < measured.sends_until {
        let next = unsent.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(envelope) = next else { break };
        let (sent, payload) = (Instant::now(), envelope.payload.clone());
        let answer = client
            .submit(SubmitRequest {
                envelope: Some(envelope),
            })
            .await?
            .into_inner();
        let result = match answer.result.ok_or("an answer that says nothing")? {
            submit_response::Result::Receipt(receipt) => Answered::Receipt(receipt),
            submit_response::Result::Refusal(refusal) => Answered::Refusal(refusal),
        };
        measured.note(sent, result, || digest_of(&payload));
    }
    Ok(measured)
}

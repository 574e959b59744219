//! Snapshots over push streams, one a connection.

use std::{
    collections::VecDeque,
    pin::pin,
    time::{Duration, Instant},
};

use granary_proto::v1::{
    self, PushRequest, collection_service_client::CollectionServiceClient, push_answer,
    push_response::Message,
};
use tokio::{sync::mpsc, task::JoinSet, time::sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use super::{Answered, Measured, Plan, digest_of};
use crate::context::Outcome;

/// Pushes `envelopes`, dealt out evenly over `channels`, until the plan or they are at an end.
pub(crate) async fn run(
    channels: &[Channel],
    envelopes: Vec<v1::Envelope>,
    plan: Plan,
) -> Outcome<Measured> {
    let share = Plan {
        in_flight: (plan.in_flight / channels.len()).max(1),
        pace_per_s: plan
            .pace_per_s
            .map(|pace| pace / f64::from(u32::try_from(channels.len()).unwrap_or(u32::MAX))),
        ..plan
    };
    let mut hands = deal(envelopes, channels.len());
    let mut lanes = Vec::new();
    for channel in channels {
        lanes.push(Lane::open(channel.clone(), hands.pop().unwrap_or_default(), share).await?);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for lane in lanes {
        let measured = plan.recorder(start)?;
        tasks.spawn(lane.run(measured, start));
    }
    let mut total = plan.recorder(start)?;
    while let Some(measured) = tasks.join_next().await {
        total.add(measured??)?;
    }
    Ok(total)
}

fn deal(envelopes: Vec<v1::Envelope>, hands: usize) -> Vec<Vec<v1::Envelope>> {
    let mut dealt: Vec<Vec<v1::Envelope>> = (0..hands).map(|_| Vec::new()).collect();
    for (at, envelope) in envelopes.into_iter().enumerate() {
        dealt[at % hands].push(envelope);
    }
    dealt
}

/// One stream with its own window.
struct Lane {
    requests: mpsc::Sender<PushRequest>,
    answers: Streaming<v1::PushResponse>,
    unsent: VecDeque<v1::Envelope>,
    /// When each was sent and what, by sequence number.
    sent: Vec<(Instant, bytes::Bytes)>,
    unanswered: usize,
    plan: Plan,
}

impl Lane {
    async fn open(channel: Channel, envelopes: Vec<v1::Envelope>, plan: Plan) -> Outcome<Self> {
        let (requests, receiver) = mpsc::channel(plan.in_flight);
        let stream = ReceiverStream::new(receiver);
        let mut answers = CollectionServiceClient::new(channel)
            .push(stream)
            .await?
            .into_inner();
        // The window comes first; ours is never larger than what servers grant.
        answers
            .message()
            .await?
            .ok_or("the stream ended before its window")?;
        let sent = Vec::with_capacity(envelopes.len());
        Ok(Self {
            requests,
            answers,
            unsent: envelopes.into(),
            sent,
            unanswered: 0,
            plan,
        })
    }

    async fn run(mut self, mut measured: Measured, start: Instant) -> Outcome<Measured> {
        loop {
            let due = self.send_what_is_due(start, &mut measured).await?;
            if due.is_none() && self.unanswered == 0 {
                return Ok(measured);
            }
            let mut pause = pin!(sleep_until(due.unwrap_or(measured.sends_until).into()));
            tokio::select! {
                biased;
                answer = self.answers.message() => {
                    let answer = answer?.ok_or("the stream ended with unanswered snapshots")?;
                    self.note(answer, &mut measured)?;
                }
                () = &mut pause, if due.is_some_and(|due| due > Instant::now()) => {}
            }
        }
    }

    /// Fills the window; gives when the next is due, or nothing where nothing more is to be sent.
    async fn send_what_is_due(
        &mut self,
        start: Instant,
        measured: &mut Measured,
    ) -> Outcome<Option<Instant>> {
        loop {
            let now = Instant::now();
            let due = self.due(start);
            if now >= measured.sends_until || self.unsent.is_empty() {
                measured.unsent.extend(self.unsent.drain(..));
                return Ok(None);
            }
            if due > now || self.unanswered >= self.plan.in_flight {
                return Ok(Some(due));
            }
            if let Some(envelope) = self.unsent.pop_front() {
                let sequence = self.sent.len() as u64;
                let from = if self.plan.pace_per_s.is_some() {
                    due
                } else {
                    now
                };
                self.sent.push((from, envelope.payload.clone()));
                self.unanswered += 1;
                let request = PushRequest {
                    sequence,
                    envelope: Some(envelope),
                };
                self.requests
                    .send(request)
                    .await
                    .map_err(|_| "the stream was closed")?;
            }
        }
    }

    fn due(&self, start: Instant) -> Instant {
        let number = f64::from(u32::try_from(self.sent.len()).unwrap_or(u32::MAX));
        self.plan
            .pace_per_s
            .map_or(start, |pace| start + Duration::from_secs_f64(number / pace))
    }

    fn note(&mut self, answer: v1::PushResponse, measured: &mut Measured) -> Outcome<()> {
        let Some(Message::Answer(answer)) = answer.message else {
            return Ok(());
        };
        let number = usize::try_from(answer.sequence)?;
        let (sent, payload) = self.sent.get(number).ok_or("an answer to nothing")?;
        let result = match answer.result.ok_or("an answer that says nothing")? {
            push_answer::Result::Receipt(receipt) => Answered::Receipt(receipt),
            push_answer::Result::Refusal(refusal) => Answered::Refusal(refusal),
        };
        self.unanswered -= 1;
        measured.note(*sent, result, || digest_of(payload));
        Ok(())
    }
}

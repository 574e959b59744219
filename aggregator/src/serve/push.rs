//! The push stream: many submissions in flight, answers in any order.
//!
//! - In: a stream of signed snapshots, each with its sender's number.
//! - Out: first the window, then one answer for each number.
//! - Durable after: an answer with a receipt means that the entry is durable.
//! - On crash: unanswered submissions are sent again and recognised by their digest.
//!
//! Two tasks a stream and none a message: the reading half verifies in place and hands over to the sequencer; the writing
//! half is woken once for each batch that the sequencer commits.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use granary_proto::v1::{self, push_answer::Result as Outcome, push_response::Message};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use super::{City, collection, failure::Failure, pace::Pace, window::Window};
use crate::{
    convert, events,
    sequence::{self, Answer, AnswerReceiver, AnswerSender},
};

/// Batches of answers that wait for the connection to take them.
const BATCHES_WAITING_MAX: usize = 4;

type Responses = Vec<Result<v1::PushResponse, Status>>;

/// The answers of a stream, handed over in batches and given out one by one.
pub(super) struct PushStream {
    batches: mpsc::Receiver<Responses>,
    batch: vec::IntoIter<Result<v1::PushResponse, Status>>,
}

/// Starts the two halves.
pub(super) fn start(
    city: Arc<City>,
    requests: Streaming<v1::PushRequest>,
    pace: Option<Arc<Pace>>,
) -> PushStream {
    let (sender, batches) = mpsc::channel(BATCHES_WAITING_MAX);
    let (answers, receiver) = sequence::answers();
    let window = Arc::new(Window::new(&city.limits));
    let first = vec![Ok(window_message(&city))];
    let end = tokio::spawn(read(
        Arc::clone(&city),
        requests,
        Arc::clone(&window),
        answers,
        pace,
    ));
    tokio::spawn(async move {
        write(&city, receiver, &window, &sender).await;
        // Where the connection is gone the reading half may wait for a place that will never be free.
        window.close();
        if let Ok(Err(failure)) = end.await {
            let _ = sender.send(vec![Err(failure.into())]).await;
        }
    });
    PushStream {
        batches,
        batch: first.into_iter(),
    }
}

/// Reads until the sender has finished. An error ends the stream with its status once everything read is answered.
async fn read(
    city: Arc<City>,
    mut requests: Streaming<v1::PushRequest>,
    window: Arc<Window>,
    answers: AnswerSender,
    pace: Option<Arc<Pace>>,
) -> Result<(), Failure> {
    let mut stop = city.stop.clone();
    let mut stopping = std::pin::pin!(stop.wait_for(|stop| *stop));
    loop {
        let request = tokio::select! {
            biased;
            request = next(&mut requests, &window) => request,
            _ = &mut stopping => return Err(Failure::Stopping),
        };
        let Some(request) = request? else {
            return Ok(());
        };
        if let Some(pace) = &pace {
            pace.wait().await;
        }
        let (sequence, bytes) = (request.sequence, prost::Message::encoded_len(&request));
        match window
            .enter(sequence, bytes.min(city.push_message_bytes_max()))
            .await
        {
            Ok(true) => submit(&city, request, &answers).await,
            Ok(false) => {
                let why = format!("{sequence} is the number of another unanswered submission");
                return Err(Failure::invalid("sequence", why));
            }
            Err(_) => return Ok(()),
        }
    }
}

/// The next message, once there is a place for it; `None` where the sender has finished or is gone.
async fn next(
    requests: &mut Streaming<v1::PushRequest>,
    window: &Window,
) -> Result<Option<v1::PushRequest>, Failure> {
    if window.place().await.is_err() {
        return Ok(None);
    }
    requests.message().await.map_err(Failure::Wire)
}

async fn submit(city: &City, request: v1::PushRequest, answers: &AnswerSender) {
    let reply = answers.reply(request.sequence);
    match collection::received(city, request.envelope) {
        Ok(received) => city.handle.submit(received, reply).await,
        Err(refusal) => {
            events::Refused { refusal: &refusal }.emit();
            reply.send(Err(refusal));
        }
    }
}

/// Writes until every submission is answered and the reading half has ended, or the connection is gone.
async fn write(
    city: &City,
    mut answers: AnswerReceiver,
    window: &Window,
    sender: &mpsc::Sender<Responses>,
) {
    while let Some(batch) = answers.recv().await {
        let sequences: Vec<u64> = batch.iter().map(|(sequence, _)| *sequence).collect();
        let responses = batch
            .into_iter()
            .map(|(sequence, answer)| Ok(response(city, sequence, answer)));
        if sender.send(responses.collect()).await.is_err() {
            return;
        }
        window.leave(sequences.into_iter());
    }
}

fn response(city: &City, sequence: u64, answer: Answer) -> v1::PushResponse {
    let receipt = answer.and_then(|accepted| accepted.receipt(city.handle.journal()));
    let result = match receipt {
        Ok(receipt) => Outcome::Receipt(convert::receipt(receipt)),
        Err(refusal) => Outcome::Refusal(convert::refusal(refusal)),
    };
    let answer = v1::PushAnswer {
        sequence,
        result: Some(result),
    };
    v1::PushResponse {
        message: Some(Message::Answer(answer)),
    }
}

fn window_message(city: &City) -> v1::PushResponse {
    let window = v1::PushWindow {
        submissions_max: city.limits.push_submissions_max,
        bytes_max: city.limits.push_bytes_max,
    };
    v1::PushResponse {
        message: Some(Message::Window(window)),
    }
}

impl Stream for PushStream {
    type Item = Result<v1::PushResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(response) = self.batch.next() {
                return Poll::Ready(Some(response));
            }
            match self.batches.poll_recv(cx) {
                Poll::Ready(Some(batch)) => self.batch = batch.into_iter(),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

//! The push stream.

use std::collections::BTreeMap;

use granary_proto::v1::{self, push_answer::Result as Outcome, push_response::Message};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use super::town::{GUIYANG, Office, Town};

struct Stream {
    requests: mpsc::Sender<v1::PushRequest>,
    responses: Streaming<v1::PushResponse>,
    window: v1::PushWindow,
}

/// Opens a stream and takes its first message, which must be the window.
async fn open(office: &Office) -> Stream {
    let (requests, receiver) = mpsc::channel(64);
    let mut responses = office
        .collection()
        .push(ReceiverStream::new(receiver))
        .await
        .unwrap()
        .into_inner();
    let first = responses.message().await.unwrap().unwrap();
    let Some(Message::Window(window)) = first.message else {
        panic!("{first:?}")
    };
    Stream {
        requests,
        responses,
        window,
    }
}

impl Stream {
    async fn send(&self, sequence: u64, envelope: Option<v1::Envelope>) {
        self.requests
            .send(v1::PushRequest { sequence, envelope })
            .await
            .unwrap();
    }

    /// The next answer: the receipt's index, or the code.
    async fn answer(&mut self) -> (u64, Result<u64, v1::RefusalCode>) {
        let response = self.responses.message().await.unwrap().unwrap();
        let Some(Message::Answer(answer)) = response.message else {
            panic!("{response:?}")
        };
        let outcome = match answer.result.unwrap() {
            Outcome::Receipt(receipt) => Ok(receipt.index),
            Outcome::Refusal(refusal) => Err(refusal.code()),
        };
        (answer.sequence, outcome)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_window_is_answered_in_turn_and_each_once() {
    let town = Town::founded(&[("push_submissions_max", "2")]).await;
    let office = town.office(GUIYANG).await;
    let mut stream = open(&office).await;
    assert_eq!(stream.window.submissions_max, 2);
    for sequence in 0..20 {
        stream
            .send(
                1_000 + sequence,
                Some(office.revenue(u32::try_from(sequence).unwrap() + 1)),
            )
            .await;
    }
    let mut answers = BTreeMap::new();
    for _ in 0..20 {
        let (sequence, outcome) = stream.answer().await;
        assert!(answers.insert(sequence, outcome.unwrap()).is_none());
    }
    let indices: std::collections::BTreeSet<_> = answers.values().collect();
    assert_eq!((answers.len(), indices.len()), (20, 20));
    drop(stream.requests);
    assert!(
        stream.responses.message().await.unwrap().is_none(),
        "the stream ends in order"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_answers_its_own_number_and_the_stream_goes_on() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut stream = open(&office).await;
    let mut forged = office.revenue(1);
    forged.signatures[0].signature[0] ^= 1;
    stream.send(7, Some(forged)).await;
    assert_eq!(stream.answer().await, (7, Err(v1::RefusalCode::Signature)));
    stream.send(8, None).await;
    assert_eq!(stream.answer().await, (8, Err(v1::RefusalCode::Malformed)));
    stream.send(7, Some(office.revenue(1))).await;
    let (sequence, outcome) = stream.answer().await;
    assert!(
        sequence == 7 && outcome.is_ok(),
        "an answered number may be used again"
    );
    stream.send(9, Some(office.revenue(1))).await;
    assert_eq!(
        stream.answer().await,
        (9, outcome),
        "the same snapshot again gets its old entry"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_unanswered_cannot_be_used_again() {
    let town = Town::founded(&[("batch_wait_us_max", "0")]).await;
    let office = town.office(GUIYANG).await;
    let mut stream = open(&office).await;
    // However fast the answers come, two of a thousand equal numbers in one burst meet.
    let burst = async {
        for revision in 1..=1_000 {
            if stream
                .requests
                .send(v1::PushRequest {
                    sequence: 1,
                    envelope: Some(office.revenue(revision)),
                })
                .await
                .is_err()
            {
                break;
            }
        }
    };
    let responses = &mut stream.responses;
    let ended = async {
        loop {
            match responses.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended in order"),
                Err(status) => return status,
            }
        }
    };
    let (status, ()) = tokio::join!(ended, burst);
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_what_was_taken_and_tells_the_stream() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut stream = open(&office).await;
    for sequence in 1..=50_u32 {
        stream
            .send(sequence.into(), Some(office.revenue(sequence)))
            .await;
    }
    assert!(stream.answer().await.1.is_ok());
    town.begin_stop();
    let mut acknowledged = 1;
    let status = loop {
        match stream.responses.message().await {
            Ok(Some(_)) => acknowledged += 1,
            Ok(None) => panic!("the stream ended as if the sender had finished"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!((1..=50).contains(&acknowledged));
    drop((stream, office));
    town.stopped().await;
    let journal = crate::journal::Journal::open(town.site().folder()).unwrap();
    assert!(
        journal.size() >= 4 + acknowledged,
        "what was acknowledged is in the journal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_goes_away_leaves_the_server_well() {
    let town = Town::founded(&[("push_submissions_max", "4")]).await;
    let office = town.office(GUIYANG).await;
    for round in 0..5 {
        let stream = open(&office).await;
        for sequence in 0..10 {
            stream
                .send(
                    sequence,
                    Some(office.revenue(round * 10 + u32::try_from(sequence).unwrap() + 1)),
                )
                .await;
        }
    }
    assert!(office.submit(office.revenue(1)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_held_by_waiting_not_by_refusing() {
    let town = Town::founded(&[("submissions_per_second_max", "1000")]).await;
    let office = town.office(GUIYANG).await;
    let mut stream = open(&office).await;
    for sequence in 0..5 {
        stream
            .send(
                sequence,
                Some(office.revenue(u32::try_from(sequence).unwrap() + 1)),
            )
            .await;
        assert!(stream.answer().await.1.is_ok());
    }
}

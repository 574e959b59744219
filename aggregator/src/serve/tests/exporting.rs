//! The journal as a stream: who may read it, from where, how far, and that a reader who stops reading harms nobody.

use granary_core::{
    catalogue::Bundle,
    digest::Digest,
    ledger::{Deed, JournalEntry, Subject, act},
    log::{Checkpoint, Frontier, VerifierKey, leaf_hash},
    snapshot,
};
use granary_proto::v1::{
    self, journal_service_client::JournalServiceClient, stream_journal_response::Message,
};
use tonic::{Code, Status, Streaming, transport::Channel};

use super::town::{GUIYANG, Town, bundle};
use crate::tls::Role;

async fn open(
    channel: Channel,
    from_index: u64,
) -> Result<Streaming<v1::StreamJournalResponse>, Status> {
    let request = v1::StreamJournalRequest { from_index };
    let mut client = JournalServiceClient::new(channel);
    let answer = client.stream_journal(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn head(stream: &mut Streaming<v1::StreamJournalResponse>) -> v1::JournalHead {
    match stream.message().await.unwrap().unwrap().message.unwrap() {
        Message::Head(head) => head,
        Message::Chunk(_) => panic!("the first message is a head"),
    }
}

/// Every record that is left, with its index.
async fn records(
    stream: &mut Streaming<v1::StreamJournalResponse>,
) -> Vec<(u64, v1::JournalRecord)> {
    let mut records = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        let Some(Message::Chunk(chunk)) = message.message else {
            panic!("one head and then chunks");
        };
        assert!(!chunk.records.is_empty());
        records.extend((chunk.first_index..).zip(chunk.records));
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_citys_people_may_read_it() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let code = async |channel| open(channel, 0).await.err().map(|status| status.code());
    assert_eq!(
        code(town.anonymous().await).await,
        Some(Code::Unauthenticated)
    );
    let unit = code(office.channel.clone()).await;
    assert_eq!(unit, Some(Code::PermissionDenied));
    for role in [Role::Operator, Role::Auditor] {
        assert_eq!(code(town.person(role).await).await, None);
    }
    drop(office);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_gives_just_what_its_checkpoint_covers() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    for revision in 1..=3 {
        office.submit(office.revenue(revision)).await.unwrap();
    }
    let auditor = town.person(Role::Auditor).await;
    let mut stream = open(auditor.clone(), 0).await.unwrap();
    let head = head(&mut stream).await;
    let key = VerifierKey::parse(&head.log_verifier_key).unwrap();
    assert_eq!(head.log_verifier_key, town.verifier_key);
    let origin = key.name().as_str().to_owned();
    let checkpoint = Checkpoint::open(head.checkpoint.as_bytes(), &origin, &[key]).unwrap();
    let records = records(&mut stream).await;
    let mut frontier = Frontier::empty();
    for (at, (index, record)) in records.iter().enumerate() {
        assert_eq!(*index, at as u64);
        let entry = JournalEntry::decode(&record.entry).unwrap();
        assert_eq!(entry.payload_sha256, Digest::of(&record.payload));
        let payload_type = match entry.subject {
            Subject::Act => act::PAYLOAD_TYPE,
            Subject::Snapshot(_) => snapshot::PAYLOAD_TYPE,
        };
        assert_eq!(record.payload_type, payload_type);
        frontier.push(leaf_hash(&record.entry));
    }
    assert_eq!(
        (frontier.size(), frontier.root()),
        (head.size, *checkpoint.root())
    );
    assert_eq!(checkpoint.size(), head.size);

    let mut rest = open(auditor.clone(), head.size - 2).await.unwrap();
    assert_eq!(self::head(&mut rest).await.size, head.size);
    assert_eq!(self::records(&mut rest).await, records[records.len() - 2..]);
    let mut nothing = open(auditor.clone(), head.size).await.unwrap();
    assert_eq!(self::head(&mut nothing).await.size, head.size);
    assert!(self::records(&mut nothing).await.is_empty());
    let beyond = open(auditor, head.size + 1).await.unwrap_err();
    assert_eq!(beyond.code(), Code::InvalidArgument);
    drop(office);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_have_a_bound_and_give_their_place_back() {
    let mut town = Town::empty(&[]).await;
    // Catalogues so large that no stream gets far while nobody reads it.
    for number in 0..16 {
        let mut files = bundle(&[]).files().clone();
        let padding = format!("# {number}\n{}", "# padding\n".repeat(150_000));
        files.insert("padding.toml".into(), padding);
        let publish = Deed::PublishCatalogue(Bundle::new(files).unwrap());
        town.act(publish).await.unwrap();
    }
    // A line of its own for each: streams on one line share its window, and would wait for each other's reader.
    let mut held = Vec::new();
    let refused = loop {
        match open(town.person(Role::Auditor).await, 0).await {
            Ok(stream) => held.push(stream),
            Err(status) => break status,
        }
    };
    assert_eq!((held.len(), refused.code()), (4, Code::FailedPrecondition));
    // One reader goes, and the next one gets its place and everything that there is.
    drop(held.pop());
    let auditor = town.person(Role::Auditor).await;
    let mut stream = open(auditor.clone(), 0).await;
    while stream.is_err() {
        tokio::task::yield_now().await;
        stream = open(auditor.clone(), 0).await;
    }
    let mut stream = stream.unwrap();
    let size = head(&mut stream).await.size;
    assert_eq!(records(&mut stream).await.len() as u64, size);
    // A stop does not wait for readers who read nothing.
    drop(auditor);
    town.stop().await;
    drop(held);
}

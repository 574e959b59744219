//! Evidence: asked for by a signed act, handed in by its unit alone, checked on the way in, and fetched.

use granary_core::{
    access::Access,
    digest::Digest,
    ledger::{Act, Deed},
    snapshot::Evidence,
};
use granary_proto::v1::{
    self, EvidenceState as State, administration_service_client::AdministrationServiceClient,
    download_evidence_response, evidence_service_client::EvidenceServiceClient,
    request_evidence_response, upload_evidence_request::Message,
};
use tonic::{Code, Status, transport::Channel};

use super::town::{GUIYANG, Office, Town, ZUNYI, revenue, signed_act};
use crate::tls::Role;

const LEDGER: &[u8] = b"a ledger of one county";

type Client = EvidenceServiceClient<Channel>;

/// A city in which Guiyang has stated figures with a ledger as evidence.
async fn city(settings: &[(&str, &str)]) -> (Town, Office, Client) {
    let town = Town::founded(settings).await;
    let office = town.office(GUIYANG).await;
    let mut snapshot = revenue(GUIYANG, 1);
    snapshot.evidence = vec![Evidence {
        name: "../../台账.pdf".into(),
        sha256: Digest::of(LEDGER),
    }];
    office.submit(office.sign(&snapshot)).await.unwrap();
    let auditor = Client::new(town.person(Role::Auditor).await);
    (town, office, auditor)
}

fn asked(unit: &str, file: &[u8]) -> v1::RequestEvidenceRequest {
    v1::RequestEvidenceRequest {
        unit: unit.into(),
        dataset: "monthly-revenue".into(),
        period: "2022-M03".into(),
        sha256: Digest::of(file).as_bytes().to_vec(),
        reason: "随机核查".into(),
    }
}

async fn ask(client: &mut Client, unit: &str, file: &[u8]) -> Result<u64, v1::Refusal> {
    let answer = client.request_evidence(asked(unit, file)).await.unwrap();
    match answer.into_inner().result.unwrap() {
        request_evidence_response::Result::Receipt(receipt) => Ok(receipt.index),
        request_evidence_response::Result::Refusal(refusal) => Err(refusal),
    }
}

async fn files(client: &mut Client) -> Vec<v1::EvidenceFile> {
    let v1::RequestEvidenceRequest {
        unit,
        dataset,
        period,
        ..
    } = asked(GUIYANG, LEDGER);
    let request = v1::ListEvidenceRequest {
        unit,
        dataset,
        period,
    };
    client
        .list_evidence(request)
        .await
        .unwrap()
        .into_inner()
        .files
}

async fn pending(office: &Office) -> v1::ListEvidenceRequestsResponse {
    let request = v1::ListEvidenceRequestsRequest {};
    let mut client = Client::new(office.channel.clone());
    client
        .list_evidence_requests(request)
        .await
        .unwrap()
        .into_inner()
}

/// Hands in `bytes` as the file with this digest, said to have `size` bytes.
async fn hand_in(
    office: &Office,
    sha256: Digest,
    (size, offset): (usize, usize),
    bytes: &[u8],
) -> Result<v1::UploadEvidenceResponse, Status> {
    let head = v1::UploadHead {
        sha256: sha256.as_bytes().to_vec(),
        size: size as u64,
        offset: offset as u64,
    };
    let chunks = bytes.chunks(7).map(|chunk| Message::Chunk(chunk.to_vec()));
    let messages: Vec<_> = std::iter::once(Message::Head(head))
        .chain(chunks)
        .map(|message| v1::UploadEvidenceRequest {
            message: Some(message),
        })
        .collect();
    let mut client = Client::new(office.channel.clone());
    let answer = client.upload_evidence(tokio_stream::iter(messages)).await;
    answer.map(tonic::Response::into_inner)
}

async fn fetch(client: &mut Client, sha256: Digest, offset: u64) -> Result<Vec<u8>, Status> {
    let request = v1::DownloadEvidenceRequest {
        sha256: sha256.as_bytes().to_vec(),
        offset,
    };
    let mut stream = client.download_evidence(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        match message.message.unwrap() {
            download_evidence_response::Message::Size(size) => {
                assert_eq!(size, LEDGER.len() as u64)
            }
            download_evidence_response::Message::Chunk(chunk) => bytes.extend(chunk),
        }
    }
    Ok(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_asked_for_handed_in_resumed_and_fetched() {
    let (mut town, office, mut auditor) = city(&[]).await;
    assert_eq!(files(&mut auditor).await[0].state(), State::NotRequested);
    assert!(pending(&office).await.pending.is_empty());
    let index = ask(&mut auditor, GUIYANG, LEDGER).await.unwrap();
    let listed = files(&mut auditor).await.remove(0);
    assert_eq!(listed.state(), State::Requested);
    let request = listed.request.unwrap();
    assert_eq!(
        (request.index, request.reason.as_str()),
        (index, "随机核查")
    );
    assert!(request.requester.starts_with("role:auditor "));
    let wanted = pending(&office).await.pending.remove(0);
    assert_eq!((wanted.name.as_str(), wanted.offset), ("../../台账.pdf", 0));

    let sha256 = Digest::of(LEDGER);
    let size = LEDGER.len();
    let broken = hand_in(&office, sha256, (size, 0), &LEDGER[..9])
        .await
        .unwrap();
    assert!(!broken.held);
    assert_eq!(pending(&office).await.pending[0].offset, 9);
    let none = fetch(&mut auditor, sha256, 0).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
    let whole = hand_in(&office, sha256, (size, 9), &LEDGER[9..])
        .await
        .unwrap();
    assert!(whole.held, "{whole:?}");
    assert!(pending(&office).await.pending.is_empty());
    assert_eq!(files(&mut auditor).await[0].state(), State::Held);
    assert_eq!(fetch(&mut auditor, sha256, 0).await.unwrap(), LEDGER);
    assert_eq!(fetch(&mut auditor, sha256, 9).await.unwrap(), &LEDGER[9..]);
    // The unit's name for it is no path: the city's folder holds the digest and nothing else.
    let kept = std::fs::read_dir(town.site().folder().join("evidence")).unwrap();
    let names: Vec<_> = kept.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, [sha256.to_string().as_str()]);
    let log = std::fs::read_to_string(town.site().folder().join("access/log")).unwrap();
    let sent = format!(
        "\t{}\t{sha256} 22 bytes entry {index}\n",
        Access::EvidenceSent.word()
    );
    assert!(log.contains(&sent) && log.contains("unit:520100"), "{log}");
    drop((office, auditor));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_file_is_not_kept() {
    let (mut town, office, mut auditor) = city(&[("evidence_bytes_max", "1024")]).await;
    ask(&mut auditor, GUIYANG, LEDGER).await.unwrap();
    let (sha256, size) = (Digest::of(LEDGER), LEDGER.len());
    let forged = vec![b'x'; size];
    for (stated, bytes, why) in [
        (size, &forged[..], "not the one in the snapshot"),
        (size - 1, LEDGER, "more bytes came than were stated"),
        (1_025, LEDGER, "the city takes at most 1024"),
    ] {
        let answer = hand_in(&office, sha256, (stated, 0), bytes).await.unwrap();
        assert!(
            !answer.held && answer.message_en.contains(why),
            "{answer:?}"
        );
        assert!(!answer.message_zh.is_empty());
        assert_eq!(answer.offset, 0, "nothing stays behind");
    }
    let late = hand_in(&office, sha256, (size, 5), LEDGER).await.unwrap();
    assert!(!late.held && late.message_en.contains("0 bytes have arrived"));
    assert_eq!(files(&mut auditor).await[0].state(), State::Requested);
    drop((office, auditor));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hands_in_asks_for_or_learns_of_what_is_not_theirs() {
    let (mut town, office, mut auditor) = city(&[]).await;
    let other = town.office(ZUNYI).await;
    let sha256 = Digest::of(LEDGER);
    // Not named by the slot: another unit's, and a file that nobody has named.
    for (unit, file) in [(ZUNYI, LEDGER), (GUIYANG, b"diary".as_slice())] {
        let refusal = ask(&mut auditor, unit, file).await.unwrap_err();
        assert_eq!(refusal.code(), v1::RefusalCode::Act, "{refusal:?}");
    }
    ask(&mut auditor, GUIYANG, LEDGER).await.unwrap();
    assert!(pending(&other).await.pending.is_empty());
    let theirs = hand_in(&other, sha256, (LEDGER.len(), 0), LEDGER).await;
    assert_eq!(theirs.unwrap_err().code(), Code::NotFound);
    let mut unit = Client::new(office.channel.clone());
    let denied = fetch(&mut unit, sha256, 0).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let denied = unit.request_evidence(asked(GUIYANG, LEDGER)).await;
    assert_eq!(denied.unwrap_err().code(), Code::PermissionDenied);
    let denied = auditor
        .list_evidence_requests(v1::ListEvidenceRequestsRequest {})
        .await;
    assert_eq!(denied.unwrap_err().code(), Code::PermissionDenied);
    drop((office, other, unit, auditor));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_says_that_a_file_is_gone_until_it_is_asked_again() {
    let (mut town, office, mut auditor) = city(&[]).await;
    let index = ask(&mut auditor, GUIYANG, LEDGER).await.unwrap();
    let answer = v1::AnswerEvidenceRequest {
        sha256: Digest::of(LEDGER).as_bytes().to_vec(),
        request_index: index,
        state: State::Gone.into(),
    };
    let mut unit = Client::new(office.channel.clone());
    for _ in 0..2 {
        unit.answer_evidence(answer.clone()).await.unwrap();
    }
    let listed = files(&mut auditor).await.remove(0);
    assert_eq!(listed.state(), State::Gone);
    assert!(listed.answered_at_ms > 0);
    assert_eq!(pending(&office).await.pending[0].answered(), State::Gone);
    let log = std::fs::read_to_string(town.site().folder().join("access/log")).unwrap();
    assert_eq!(log.matches("evidence-answered\tgone").count(), 1, "{log}");
    ask(&mut auditor, GUIYANG, LEDGER).await.unwrap();
    assert_eq!(files(&mut auditor).await[0].state(), State::Requested);
    let stale = unit.answer_evidence(answer).await.unwrap_err();
    assert_eq!(stale.code(), Code::InvalidArgument);
    drop((office, unit, auditor));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_may_sign_a_request_but_not_for_somebody_else() {
    let (mut town, office, auditor) = city(&[]).await;
    let request = |requester: &str| Deed::RequestEvidence {
        slot: revenue(GUIYANG, 1).slot,
        sha256: Digest::of(LEDGER),
        reason: "why".into(),
        requester: requester.into(),
    };
    town.act(request("")).await.unwrap();
    assert_eq!(pending(&office).await.pending.len(), 1);
    let refused = town.act(request("role:auditor 00")).await.unwrap_err();
    assert_eq!(refused.code(), v1::RefusalCode::Act);
    // Nor does an auditor's certificate enter acts of its own making.
    let key = town.site().operator().signing_key().unwrap();
    let envelope = Some(signed_act(&key, request("")));
    assert!(Act::decode(&envelope.as_ref().unwrap().payload).is_ok());
    let mut client = AdministrationServiceClient::new(town.person(Role::Auditor).await);
    let denied = client.submit_act(v1::SubmitActRequest { envelope }).await;
    assert_eq!(denied.unwrap_err().code(), Code::PermissionDenied);
    drop((office, auditor, client));
    town.stop().await;
}

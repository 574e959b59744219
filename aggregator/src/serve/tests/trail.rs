//! The access log: a line before every answer that hands something out, the anchors, and a log that somebody has changed.

use granary_core::{
    access::{Access, Chain, Line},
    ledger::{Act, Deed, JournalEntry, Subject},
};
use granary_proto::v1::{
    self, access_service_client::AccessServiceClient, journal_service_client::JournalServiceClient,
    monitoring_service_client::MonitoringServiceClient, stream_journal_response::Message,
};
use tonic::{Code, transport::Channel};

use super::town::{GUIYANG, Town};
use crate::{access::AccessLogError, serve::ServeError, tls::Role};

/// Every line, with the chain checked.
async fn lines(channel: Channel) -> Vec<Line> {
    let mut client = AccessServiceClient::new(channel);
    let answer = client.stream_access(v1::StreamAccessRequest {}).await;
    let mut stream = answer.unwrap().into_inner();
    let (mut chain, mut lines) = (Chain::default(), Vec::new());
    while let Some(message) = stream.message().await.unwrap() {
        let pushed = message.lines.iter().map(|line| chain.push(line.as_bytes()));
        lines.extend(pushed.map(Result::unwrap));
    }
    lines
}

/// The anchors in the journal: lines and head, as the log's key has signed them.
async fn anchors(channel: Channel) -> Vec<(u64, granary_core::digest::Digest)> {
    let mut client = JournalServiceClient::new(channel);
    let answer = client.stream_journal(v1::StreamJournalRequest { from_index: 0 });
    let mut stream = answer.await.unwrap().into_inner();
    let mut anchors = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        let Some(Message::Chunk(chunk)) = message.message else {
            continue;
        };
        for record in chunk.records {
            let entry = JournalEntry::decode(&record.entry).unwrap();
            if entry.subject == Subject::Act
                && let Deed::AnchorAccess { lines, head } =
                    Act::decode(&record.payload).unwrap().deed
            {
                anchors.push((lines, head));
            }
        }
    }
    anchors
}

fn findings() -> v1::ListFindingsRequest {
    v1::ListFindingsRequest {
        filter: Some(v1::SlotFilter {
            units: vec![GUIYANG.into()],
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_read_what_is_written_before_the_answer_and_bound_to_the_journal() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let (auditor, operator) = (
        town.person(Role::Auditor).await,
        town.person(Role::Operator).await,
    );
    let mut monitoring = MonitoringServiceClient::new(auditor.clone());
    monitoring.list_findings(findings()).await.unwrap();
    // How things stand is asked every few seconds, and is no access.
    monitoring
        .get_completeness(v1::GetCompletenessRequest::default())
        .await
        .unwrap();
    let mut refused = MonitoringServiceClient::new(office.channel.clone());
    let status = refused.list_findings(findings()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let read = lines(operator.clone()).await;
    let told: Vec<_> = read
        .iter()
        .map(|line| (line.who.as_str(), line.access))
        .collect();
    assert_eq!(
        told,
        [
            ("role:auditor", Access::Findings),
            ("role:operator", Access::AccessLog)
        ]
    );
    assert!(read[0].what.contains(GUIYANG));
    assert_ne!(read[0].certificate, read[1].certificate);

    drop((monitoring, refused, auditor, operator, office));
    town.stop().await;
    town.start(&[]).await;
    let operator = town.person(Role::Operator).await;
    let bound = anchors(operator.clone()).await;
    let again = lines(operator.clone()).await;
    assert_eq!(bound.len(), 1, "one anchor, set by the stop");
    assert_eq!(bound[0].0, 2);
    assert_eq!(
        again[2].previous, bound[0].1,
        "the next line goes on from the anchor"
    );
    drop(operator);
    town.stop().await;
}

/// What a start says after somebody has changed the log of a stopped city.
async fn restarted(change: impl FnOnce(&std::path::Path)) -> AccessLogError {
    let mut town = Town::founded(&[]).await;
    let auditor = town.person(Role::Auditor).await;
    for _ in 0..3 {
        lines(auditor.clone()).await;
    }
    drop(auditor);
    town.stop().await;
    change(&town.site().folder().join("access/log"));
    let refused = town.open(&[], None).await.err().unwrap();
    let ServeError::Access(error) = refused else {
        panic!("{refused}");
    };
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_a_line_removed_does_not_start_the_city() {
    let error = restarted(|log| {
        let text = std::fs::read_to_string(log).unwrap();
        let kept: Vec<&str> = text.split_inclusive('\n').skip(1).collect();
        std::fs::write(log, kept.concat()).unwrap();
    })
    .await;
    assert!(
        error.to_string().contains("lines 1 to 1 were removed"),
        "{error}"
    );
    let gone = restarted(|log| std::fs::remove_file(log).unwrap()).await;
    assert!(matches!(gone, AccessLogError::File { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_city_anchors() {
    let mut town = Town::founded(&[]).await;
    let head = granary_core::digest::Digest::of(b"forged");
    let refused = town.act(Deed::AnchorAccess { lines: 9, head }).await;
    assert_eq!(refused.unwrap_err().code(), v1::RefusalCode::Act);
    town.stop().await;
}

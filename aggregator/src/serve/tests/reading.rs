//! What can be read: the catalogue, assessments, slots, completeness, findings, series, proofs, keys, metrics.

use granary_core::{
    digest::Digest,
    ledger::JournalEntry,
    log::{Checkpoint, Hash, VerifierKey, verify_consistency},
};
use granary_proto::v1::{
    self, administration_service_client::AdministrationServiceClient,
    monitoring_service_client::MonitoringServiceClient,
    transparency_service_client::TransparencyServiceClient,
};
use tonic::{Code, transport::Channel};

use super::town::{GUIYANG, Town, ZUNYI, bundle, observation, period};
use crate::tls::Role;

/// An instant when every period of 2021 and 2022 is due.
const AFTER: i64 = 1_704_067_200_000;

pub(super) async fn monitoring(town: &Town) -> MonitoringServiceClient<Channel> {
    MonitoringServiceClient::new(town.person(Role::Auditor).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_fetched_once() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let fetch = async |known_version: Vec<u8>| {
        let request = v1::FetchCatalogueRequest { known_version };
        office
            .collection()
            .fetch_catalogue(request)
            .await
            .unwrap()
            .into_inner()
    };
    for _ in 0..2 {
        let first = fetch(Vec::new()).await;
        assert_eq!(first.bundle, bundle(&[]).encode());
        assert_eq!(first.version, bundle(&[]).version().as_bytes());
        assert!(fetch(first.version).await.bundle.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assessments_come_in_order_and_a_poll_waits_for_the_first() {
    let town = Town::founded(&[]).await;
    let (office, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let fetch = async |from_index, count_max, wait_ms_max| {
        let request = v1::FetchAssessmentsRequest {
            from_index,
            count_max,
            wait_ms_max,
        };
        office
            .collection()
            .fetch_assessments(request)
            .await
            .unwrap()
            .into_inner()
    };
    assert!(fetch(0, 0, 0).await.assessments.is_empty());
    let (polled, sent) = tokio::join!(fetch(0, 0, 30_000), async {
        other.submit(other.revenue(1)).await.unwrap();
        office.submit(office.revenue(1)).await.unwrap()
    });
    let assessment = &polled.assessments[0];
    assert_eq!(
        (assessment.index, assessment.unit.as_str()),
        (sent.index, GUIYANG),
        "only the caller's own"
    );
    assert_eq!(assessment.outcome(), v1::Outcome::Accepted);
    assert_eq!(polled.next_index, sent.index + 1);
    let mut negative = super::town::revenue(GUIYANG, 2);
    negative.observations = vec![observation("revenue", None, "-5")];
    office.submit(office.sign(&negative)).await.unwrap();
    let next = fetch(polled.next_index, 1, 30_000).await;
    assert_eq!(next.assessments[0].outcome(), v1::Outcome::Returned);
    assert_eq!(next.assessments[0].failures[0].edit, "REVENUE.SIGN");
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_come_page_by_page_each_once_and_agree_with_completeness() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let mut client = monitoring(&town).await;
    let filter = v1::SlotFilter {
        datasets: vec!["monthly-revenue".into()],
        ..Default::default()
    };
    let mut request = v1::ListSlotsRequest {
        filter: Some(filter.clone()),
        as_of_ms: AFTER,
        page_size: 7,
        ..Default::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = client
            .list_slots(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert!(page.slots.len() <= 7);
        seen.extend(
            page.slots
                .into_iter()
                .map(|s| (s.dataset, s.period, s.unit)),
        );
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once, seen, "sorted, and none twice");
    let asked = v1::GetCompletenessRequest {
        filter: Some(filter),
        as_of_ms: AFTER,
        ..Default::default()
    };
    let counted = client
        .get_completeness(asked)
        .await
        .unwrap()
        .into_inner()
        .total
        .unwrap();
    assert_eq!(counted.expected, seen.len() as u64);
    assert_eq!(
        counted.missing, counted.expected,
        "what was received later is missing at the instant"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_of_another_request_is_refused() {
    let town = Town::founded(&[]).await;
    let mut client = monitoring(&town).await;
    let request = v1::ListSlotsRequest {
        page_size: 1,
        as_of_ms: AFTER,
        ..Default::default()
    };
    let token = client
        .list_slots(request.clone())
        .await
        .unwrap()
        .into_inner()
        .next_page_token;
    let other = v1::ListSlotsRequest {
        page_token: token.clone(),
        as_of_ms: AFTER + 1,
        ..request.clone()
    };
    assert_eq!(
        client.list_slots(other).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let findings = v1::ListFindingsRequest {
        page_token: token,
        ..Default::default()
    };
    assert_eq!(
        client.list_findings(findings).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let unreadable = v1::ListSlotsRequest {
        page_token: "!".into(),
        ..request
    };
    assert_eq!(
        client.list_slots(unreadable).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_and_a_series_tell_what_was_known_at_an_instant() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let between = crate::clock::Clock::now_ms(&*town.clock) + 1_000;
    town.clock.step(5_000);
    let last = office.submit(office.revenue(2)).await.unwrap();
    let mut client = monitoring(&town).await;
    wait_folded(&mut client, last.index).await;
    let filter = v1::SlotFilter {
        units: vec![GUIYANG.into()],
        periods: vec!["2022-M03".into()],
        ..Default::default()
    };
    let mut revisions = Vec::new();
    for as_of_ms in [AFTER, between, 0] {
        let request = v1::ListSlotsRequest {
            filter: Some(filter.clone()),
            as_of_ms,
            ..Default::default()
        };
        let slot = client
            .list_slots(request)
            .await
            .unwrap()
            .into_inner()
            .slots
            .remove(0);
        revisions.push((slot.state(), slot.revision));
    }
    use v1::SlotState::{Late, Missing};
    assert_eq!(revisions, [(Missing, 0), (Late, 1), (Late, 2)]);
    let series = v1::GetSeriesRequest {
        unit: GUIYANG.into(),
        dataset: "monthly-revenue".into(),
        indicator: "revenue".into(),
        ..Default::default()
    };
    let mut values = Vec::new();
    for (as_of_ms, vintages) in [(0, false), (between, false), (0, true)] {
        let request = v1::GetSeriesRequest {
            as_of_ms,
            vintages,
            ..series.clone()
        };
        let points = client
            .get_series(request)
            .await
            .unwrap()
            .into_inner()
            .points;
        values.push(
            points
                .iter()
                .map(|point| point.value.unwrap().mantissa)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(values, [vec![1_002], vec![1_001], vec![1_001, 1_002]]);
}

pub(super) async fn wait_folded(client: &mut MonitoringServiceClient<Channel>, index: u64) {
    while client
        .get_status(v1::GetStatusRequest {})
        .await
        .unwrap()
        .into_inner()
        .applied_size
        <= index
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_listed_with_their_figures() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut snapshot = super::town::revenue(GUIYANG, 1);
    snapshot.slot.dataset = "quarterly-accounts".parse().unwrap();
    snapshot.slot.period = period("2021-Q3");
    snapshot.observations = [
        ("gdp", "10.00"),
        ("primary", "1.00"),
        ("secondary", "4.00"),
        ("tertiary", "4.00"),
    ]
    .map(|(indicator, value)| observation(indicator, None, value))
    .to_vec();
    let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
    let mut client = monitoring(&town).await;
    wait_folded(&mut client, receipt.index).await;
    let list = async |client: &mut MonitoringServiceClient<Channel>, datasets: &[&str]| {
        let datasets = datasets.iter().map(|code| (*code).to_owned()).collect();
        let filter = v1::SlotFilter {
            datasets,
            ..Default::default()
        };
        let request = v1::ListFindingsRequest {
            filter: Some(filter),
            ..Default::default()
        };
        client
            .list_findings(request)
            .await
            .unwrap()
            .into_inner()
            .findings
    };
    let findings = list(&mut client, &["quarterly-accounts"]).await;
    let balance = findings
        .iter()
        .find_map(|f| f.failure.as_ref().filter(|f| f.edit == "GDP.BALANCE"))
        .unwrap();
    assert_eq!(
        balance.imbalance,
        Some(v1::Decimal {
            mantissa: 100,
            scale: 2
        })
    );
    assert_eq!(list(&mut client, &[]).await.len(), findings.len());
    assert!(list(&mut client, &["monthly-revenue"]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistency_proof_leads_from_an_older_checkpoint_to_the_newest() {
    let town = Town::founded(&[]).await;
    let mut client = TransparencyServiceClient::new(town.person(Role::Auditor).await);
    let old = client.get_checkpoint(v1::GetCheckpointRequest {}).await;
    let old = open(&town, &old.unwrap().into_inner().checkpoint);
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let mut prove = async |old_size, new_size| {
        let request = v1::GetConsistencyProofRequest { old_size, new_size };
        client.get_consistency_proof(request).await
    };
    let proof = prove(old.size(), 0).await.unwrap().into_inner();
    let new = open(&town, &proof.checkpoint);
    let hashes = proof
        .hashes
        .iter()
        .map(|hash| Hash::from_slice(hash).unwrap());
    let hashes: Vec<Hash> = hashes.collect();
    verify_consistency(old.size(), old.root(), new.size(), new.root(), &hashes).unwrap();
    for (old_size, new_size) in [(0, 0), (99, 0), (1, 99)] {
        let status = prove(old_size, new_size).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_go_to_the_citys_people_and_to_the_unit_that_signed_them() {
    use granary_proto::v1::get_payload_request::Entry;
    let town = Town::founded(&[]).await;
    let (office, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let envelope = office.revenue(1);
    let receipt = office.submit(envelope.clone()).await.unwrap();
    let index = receipt.index;
    let digest = Digest::of(&envelope.payload).as_bytes().to_vec();
    let get = async |channel, entry| {
        let request = v1::GetPayloadRequest { entry: Some(entry) };
        let answer = TransparencyServiceClient::new(channel)
            .get_payload(request)
            .await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| status.code())
    };
    for channel in [
        town.person(Role::Auditor).await,
        town.person(Role::Operator).await,
        office.channel.clone(),
    ] {
        for entry in [Entry::Index(index), Entry::PayloadSha256(digest.clone())] {
            let found = get(channel.clone(), entry).await.unwrap();
            assert_eq!(found.index, index);
            assert_eq!(found.payload, envelope.payload.to_vec());
            assert_eq!(found.entry, receipt.entry);
            assert_eq!(found.payload_type, envelope.payload_type);
        }
    }
    let code = async |channel, entry| get(channel, entry).await.unwrap_err();
    // Somebody else's, and an act: to an agent they are not there.
    assert_eq!(
        code(other.channel.clone(), Entry::Index(index)).await,
        Code::NotFound
    );
    assert_eq!(
        code(other.channel.clone(), Entry::PayloadSha256(digest)).await,
        Code::NotFound
    );
    assert_eq!(
        code(office.channel.clone(), Entry::Index(0)).await,
        Code::NotFound
    );
    assert_eq!(
        code(town.anonymous().await, Entry::Index(index)).await,
        Code::Unauthenticated
    );
    let auditor = town.person(Role::Auditor).await;
    assert_eq!(
        get(auditor.clone(), Entry::Index(0)).await.unwrap().index,
        0
    );
    assert_eq!(
        code(auditor.clone(), Entry::Index(u64::MAX)).await,
        Code::NotFound
    );
    assert_eq!(
        code(auditor, Entry::PayloadSha256(vec![1; 31])).await,
        Code::InvalidArgument
    );
}

fn open(town: &Town, note: &str) -> Checkpoint {
    let key = VerifierKey::parse(&town.verifier_key).unwrap();
    let origin = key.name().as_str();
    Checkpoint::open(note.as_bytes(), origin, std::slice::from_ref(&key)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_found_by_index_or_digest_or_not_at_all() {
    use granary_proto::v1::get_receipt_request::Entry;
    let town = Town::founded(&[]).await;
    let mut client = TransparencyServiceClient::new(town.person(Role::Auditor).await);
    let mut find = async |entry| client.get_receipt(v1::GetReceiptRequest { entry }).await;
    let first = find(Some(Entry::Index(0))).await.unwrap().into_inner();
    let first = first.receipt.unwrap();
    assert_eq!(first.index, 0);
    let digest = JournalEntry::decode(&first.entry).unwrap().payload_sha256;
    let same = find(Some(Entry::PayloadSha256(digest.as_bytes().to_vec()))).await;
    assert_eq!(same.unwrap().into_inner().receipt, Some(first));
    for (entry, expect) in [
        (Some(Entry::Index(1_000)), Code::NotFound),
        (Some(Entry::PayloadSha256(vec![1; 32])), Code::NotFound),
        (Some(Entry::PayloadSha256(vec![1])), Code::InvalidArgument),
        (None, Code::InvalidArgument),
    ] {
        assert_eq!(find(entry).await.unwrap_err().code(), expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_the_state_digest_are_told_to_the_operator() {
    let mut town = Town::founded(&[]).await;
    drop((town.office(ZUNYI).await, town.office(GUIYANG).await));
    let mut client = AdministrationServiceClient::new(town.person(Role::Operator).await);
    let keys = client
        .list_keys(v1::ListKeysRequest::default())
        .await
        .unwrap()
        .into_inner()
        .keys;
    drop(client);
    assert_eq!(
        keys.iter().map(|key| key.unit.as_str()).collect::<Vec<_>>(),
        [GUIYANG, ZUNYI]
    );
    assert_eq!(told_digest(&town).await.applied_size, 6);
    // A stop enters that the keys were read; reading the digest is not in the access log, so the next stop enters nothing.
    restart(&mut town).await;
    let digest = told_digest(&town).await;
    assert_eq!(digest.applied_size, 7);
    restart(&mut town).await;
    assert_eq!(told_digest(&town).await, digest);
}

async fn restart(town: &mut Town) {
    town.stop().await;
    town.start(&[]).await;
}

async fn told_digest(town: &Town) -> v1::GetStateDigestResponse {
    let mut client = AdministrationServiceClient::new(town.person(Role::Operator).await);
    let request = v1::GetStateDigestRequest {};
    client.get_state_digest(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_cannot_be_read_names_its_field() {
    let town = Town::founded(&[]).await;
    let mut client = monitoring(&town).await;
    let filter = v1::SlotFilter {
        periods: vec!["2021-Q9".into()],
        ..Default::default()
    };
    let request = v1::GetCompletenessRequest {
        filter: Some(filter),
        ..Default::default()
    };
    let status = client.get_completeness(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("filter.periods: "), "{status}");
}

//! A unit's own current snapshots, and that what the desk finds with them is what the city finds.

use std::{collections::BTreeMap, sync::Arc};

use granary_core::{
    catalogue::Catalogue,
    digest::Digest,
    ledger::{Deed, JournalEntry, Known, Subject, assess_with, consequences},
    snapshot::{SlotKey, Snapshot},
};
use granary_proto::v1;
use prost::Message as _;
use tonic::Code;

use super::{
    reading::{monitoring, wait_folded},
    town::{GUIYANG, Office, Town, ZUNYI, bundle, observation, period},
};

/// An edit that looks at the period before.
const FALLS: &str = r#"
[[edit]]
id = "REVENUE.FALLS"
kind = "quality"
dataset = "monthly-revenue"
expression = "revenue >= previous(revenue)"
message = { zh = "比上月少", en = "Less than the month before" }

[[edit]]
id = "REVENUE.SIGN""#;

fn revenue(office: &Office, month: &str, revision: u32, value: &str) -> Snapshot {
    let mut snapshot = super::town::revenue(&office.unit, revision);
    snapshot.slot.period = period(month);
    snapshot.observations = vec![observation("revenue", None, value)];
    snapshot
}

async fn hand_in(office: &Office, snapshot: &Snapshot) -> u64 {
    office.submit(office.sign(snapshot)).await.unwrap().index
}

async fn fetch(office: &Office, request: v1::FetchRecordsRequest) -> v1::FetchRecordsResponse {
    let answer = office.collection().fetch_records(request).await;
    answer.unwrap().into_inner()
}

/// Waits until everything up to an index is judged, and fetches all.
async fn all(office: &Office, index: u64) -> v1::FetchRecordsResponse {
    loop {
        let answer = fetch(office, v1::FetchRecordsRequest::default()).await;
        if answer.next_index > index {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

fn slots(records: &[v1::Record]) -> Vec<String> {
    let slot = |record: &v1::Record| {
        let snapshot = Snapshot::decode(&record.payload).unwrap();
        format!("{} r{}", snapshot.slot, snapshot.revision)
    };
    records.iter().map(slot).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_current_and_the_caller_s_own_is_given() {
    let town = Town::founded(&[]).await;
    let (office, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    hand_in(&office, &revenue(&office, "2022-M03", 1, "10")).await;
    hand_in(&other, &revenue(&other, "2022-M03", 1, "11")).await;
    hand_in(&office, &revenue(&office, "2022-M04", 1, "12")).await;
    let revised = hand_in(&office, &revenue(&office, "2022-M03", 2, "13")).await;
    // Returned, so never current; and superseded on arrival.
    hand_in(&office, &revenue(&office, "2022-M04", 2, "-1")).await;
    let last = hand_in(&office, &revenue(&office, "2022-M03", 1, "9")).await;
    let answer = all(&office, last).await;
    let expected = [
        "520100/monthly-revenue/2022-M04 r1",
        "520100/monthly-revenue/2022-M03 r2",
    ];
    assert_eq!(slots(&answer.records), expected);
    assert!(!answer.more);
    for record in &answer.records {
        let entry = JournalEntry::decode(&record.entry).unwrap();
        assert_eq!(entry.payload_sha256, Digest::of(&record.payload));
        let slot = Snapshot::decode(&record.payload).unwrap().slot;
        assert_eq!(entry.subject, Subject::Snapshot(slot));
    }
    assert_eq!(answer.records[1].index, revised);
    let theirs = all(&other, last).await;
    assert_eq!(
        slots(&theirs.records),
        ["520300/monthly-revenue/2022-M03 r1"]
    );
    // What has changed since, and nothing else.
    let since = v1::FetchRecordsRequest {
        from_index: revised,
        ..Default::default()
    };
    assert_eq!(slots(&fetch(&office, since).await.records), expected[1..]);
    let since = v1::FetchRecordsRequest {
        from_index: answer.next_index,
        ..Default::default()
    };
    let none = fetch(&office, since).await;
    assert_eq!(
        (none.records.len(), none.next_index, none.more),
        (0, answer.next_index, false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_bounded_by_count_and_by_bytes_and_lose_nothing() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut last = 0;
    for month in 1..=9 {
        last = hand_in(
            &office,
            &revenue(&office, &format!("2022-M{month:02}"), 1, "5"),
        )
        .await;
    }
    let whole = all(&office, last).await.records;
    assert_eq!(whole.len(), 9);
    let one = whole[0].encoded_len();
    for (count_max, bytes, most) in [
        (4, 0, 4),
        (0, 1, 1),
        (0, 2 * one + 1, 2),
        (u32::MAX, usize::MAX, 9),
    ] {
        let mut request = v1::FetchRecordsRequest {
            count_max,
            bytes_max: u32::try_from(bytes).unwrap_or(u32::MAX),
            ..Default::default()
        };
        let mut found = Vec::new();
        loop {
            let page = fetch(&office, request).await;
            assert!(
                (1..=most).contains(&page.records.len()),
                "{count_max} {bytes}"
            );
            found.extend(page.records);
            request.from_index = page.next_index;
            if !page.more {
                break;
            }
        }
        assert_eq!(found, whole, "{count_max} {bytes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_a_unit_s_certificate_with_a_key_in_force() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let request = v1::FetchRecordsRequest::default();
    let mut person = v1::collection_service_client::CollectionServiceClient::new(
        town.person(crate::tls::Role::Auditor).await,
    );
    let refused = person.fetch_records(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let key = granary_core::envelope::PublicKey::Ed25519(office.key.verifying_key());
    town.act(Deed::RevokeKey {
        key_id: key.key_id(),
        reason: "test".into(),
    })
    .await
    .unwrap();
    while office.collection().fetch_records(request).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let refused = office
        .collection()
        .fetch_records(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

/// The desk's side: nothing but what was fetched.
fn known(records: &[v1::Record]) -> BTreeMap<SlotKey, Arc<Snapshot>> {
    let decoded = records
        .iter()
        .map(|record| Snapshot::decode(&record.payload).unwrap());
    decoded
        .map(|snapshot| (snapshot.slot.clone(), Arc::new(snapshot)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_finds_beforehand_what_the_city_finds() {
    let town = Town::empty(&[]).await;
    let with = bundle(&[("[[edit]]\nid = \"REVENUE.SIGN\"", FALLS)]);
    town.act(Deed::PublishCatalogue(with.clone()))
        .await
        .unwrap();
    let office = town.office(GUIYANG).await;
    hand_in(&office, &revenue(&office, "2022-M02", 1, "100")).await;
    let last = hand_in(&office, &revenue(&office, "2022-M04", 1, "90")).await;
    let known = known(&all(&office, last).await.records);
    let elsewhere = |slot: &SlotKey| {
        known
            .get(slot)
            .map_or(Known::Nothing, |s| Known::Stated(Arc::clone(s)))
    };
    let catalogue = Catalogue::parse(&with).unwrap();
    // The month between: it falls, and makes the next one fall.
    let between = Arc::new(revenue(&office, "2022-M03", 1, "95"));
    let own = assess_with(&catalogue, &between, &elsewhere).failures;
    let made = consequences(&catalogue, &between, &elsewhere);
    let made = made.into_iter().map(|made| (made.record, made.failure));
    let mut expected: Vec<_> = own
        .into_iter()
        .map(|f| (between.slot.clone(), f))
        .chain(made)
        .collect();
    expected.sort_by_key(|(slot, _)| slot.clone());
    let last = hand_in(&office, &between).await;
    let mut client = monitoring(&town).await;
    wait_folded(&mut client, last).await;
    let answer = client
        .list_findings(v1::ListFindingsRequest::default())
        .await;
    let mut found: Vec<_> = answer.unwrap().into_inner().findings;
    found.sort_by_key(|finding| finding.period.clone());
    let here: Vec<_> = expected
        .iter()
        .map(|(slot, f)| {
            (
                slot.period.to_string(),
                f.edit.to_string(),
                f.message.en.clone(),
                f.message.zh.clone(),
            )
        })
        .collect();
    let there: Vec<_> = found
        .into_iter()
        .map(|finding| (finding.period, finding.failure.unwrap()))
        .map(|(period, f)| (period, f.edit, f.message_en, f.message_zh))
        .collect();
    assert_eq!(here, there);
    assert_eq!(here.len(), 2, "{here:?}");
}

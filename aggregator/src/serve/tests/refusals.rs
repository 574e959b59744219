//! Every refusal code that a submission can reach, over the wire.
//!
//! Overloaded and storage need a full queue and a failing disk; the pipeline's own tests have both.

use granary_core::{
    envelope::{KeyRole, PublicKey},
    ledger::{Deed, act},
    snapshot::{PAYLOAD_TYPE, Snapshot},
};
use granary_proto::v1::{self, RefusalCode};

use super::town::{
    GUIYANG, Office, Town, ZUNYI, bundle, new_key, observation, period, revenue, signed, signed_act,
};

/// Submits and expects this refusal.
async fn check(office: &Office, envelope: v1::Envelope, expect: RefusalCode) {
    let refusal = office
        .submit(envelope)
        .await
        .expect_err(expect.as_str_name());
    assert_eq!(refusal.code(), expect, "{}", refusal.message_en);
    assert!(!refusal.message_zh.is_empty() && !refusal.message_en.is_empty());
    assert_eq!(refusal.retryable, refusal.retry_after_ms > 0);
}

async fn check_snapshot(office: &Office, expect: RefusalCode, change: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = revenue(&office.unit, 1);
    change(&mut snapshot);
    check(office, office.sign(&snapshot), expect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_catalogue_is_refused() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    check_snapshot(&office, RefusalCode::DatasetUnknown, |s| {
        s.slot.dataset = "nothing".parse().unwrap()
    })
    .await;
    check_snapshot(&office, RefusalCode::PeriodUnknown, |s| {
        s.slot.period = period("2020-M12")
    })
    .await;
    check_snapshot(&office, RefusalCode::PeriodUnknown, |s| {
        s.slot.period = period("2022-Q1")
    })
    .await;
    check_snapshot(&office, RefusalCode::NotExpected, |s| {
        s.slot.period = period("2021-M01")
    })
    .await;
    check_snapshot(&office, RefusalCode::PeriodFuture, |s| {
        s.slot.dataset = "quarterly-accounts".parse().unwrap();
        s.slot.period = period("2199-Q4");
    })
    .await;
    check_snapshot(&office, RefusalCode::IndicatorUnknown, |s| {
        s.observations = vec![observation("gdp", None, "1")]
    })
    .await;
    check_snapshot(&office, RefusalCode::TooManyDecimals, |s| {
        s.observations = vec![observation("revenue", None, "1.5")];
    })
    .await;
    check_snapshot(&office, RefusalCode::Item, |s| {
        s.observations = vec![observation("revenue", Some("a"), "1")]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_key_may_not_sign_is_refused() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let payload = revenue(GUIYANG, 1).encode().unwrap();
    check(
        &office,
        signed(&new_key(), PAYLOAD_TYPE, payload),
        RefusalCode::KeyUnknown,
    )
    .await;
    check_snapshot(&office, RefusalCode::KeyOfAnotherUnit, |s| {
        s.slot.unit = ZUNYI.parse().unwrap()
    })
    .await;
    let mut forged = office.revenue(1);
    forged.signatures[0].signature[5] ^= 1;
    check(&office, forged, RefusalCode::Signature).await;
    let key_id = PublicKey::Ed25519(office.key.verifying_key()).key_id();
    town.act(Deed::RevokeKey {
        key_id,
        reason: "lost".into(),
    })
    .await
    .unwrap();
    check(&office, office.revenue(1), RefusalCode::KeyRevoked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_journaled_keeps_its_receipt_after_its_key_is_revoked() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let first = office.submit(office.revenue(1)).await.unwrap();
    let key_id = PublicKey::Ed25519(office.key.verifying_key()).key_id();
    town.act(Deed::RevokeKey {
        key_id,
        reason: "lost".into(),
    })
    .await
    .unwrap();
    let again = office.submit(office.revenue(1)).await.unwrap();
    assert_eq!((again.index, again.entry), (first.index, first.entry));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_is_of_another_kind_is_refused() {
    let town = Town::founded(&[("snapshot_bytes_max", "2048")]).await;
    let office = town.office(GUIYANG).await;
    check(
        &office,
        signed(&office.key, PAYLOAD_TYPE, vec![0xff; 9]),
        RefusalCode::Malformed,
    )
    .await;
    check(&office, v1::Envelope::default(), RefusalCode::Malformed).await;
    check(
        &office,
        signed(&office.key, "text/plain", b"x".to_vec()),
        RefusalCode::PayloadType,
    )
    .await;
    let act = signed_act(&office.key, Deed::PublishCatalogue(bundle(&[])));
    assert_eq!(act.payload_type, act::PAYLOAD_TYPE);
    check(&office, act, RefusalCode::PayloadType).await;
    check_snapshot(&office, RefusalCode::TooLarge, |s| {
        s.observations = (1_000..1_200)
            .map(|n| observation(&format!("a{n}"), None, "1"))
            .collect();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_any_snapshot_ends_the_call_and_nothing_else() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let request = v1::SubmitRequest {
        envelope: Some(signed(&office.key, PAYLOAD_TYPE, vec![0; 5 << 20])),
    };
    let status = office.collection().submit(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::OutOfRange);
    assert!(office.submit(office.revenue(1)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_has_left_the_catalogue_is_refused() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let renamed = bundle(&[("\"520100\"", "\"529900\"")]);
    town.act(Deed::PublishCatalogue(renamed)).await.unwrap();
    check_snapshot(&office, RefusalCode::UnitUnknown, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_catalogue_acts_wait_for_it() {
    let town = Town::empty(&[]).await;
    let deed = Deed::IssueToken {
        unit: GUIYANG.parse().unwrap(),
        token_sha256: granary_core::digest::Digest::of(b""),
        expires_at_ms: i64::MAX,
        role: KeyRole::Agent,
    };
    let refusal = town.act(deed).await.unwrap_err();
    assert_eq!(refusal.code(), RefusalCode::NoCatalogue);
    assert!(refusal.retryable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_stops_sequencing_and_says_so() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    town.clock.step(-3_600_000);
    check(&office, office.revenue(1), RefusalCode::Clock).await;
    let mut monitoring = v1::monitoring_service_client::MonitoringServiceClient::new(
        town.person(crate::tls::Role::Auditor).await,
    );
    let status = monitoring
        .get_status(v1::GetStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert!(status.alarm.contains("clock"), "{}", status.alarm);
    town.clock.step(3_600_000);
    assert!(office.submit(office.revenue(1)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_the_operator_did_not_sign_is_refused() {
    use granary_proto::v1::{
        administration_service_client::AdministrationServiceClient, submit_act_response,
    };
    let town = Town::founded(&[]).await;
    let mut client =
        AdministrationServiceClient::new(town.person(crate::tls::Role::Operator).await);
    let envelope = signed_act(&new_key(), Deed::PublishCatalogue(bundle(&[])));
    let answer = client
        .submit_act(v1::SubmitActRequest {
            envelope: Some(envelope),
        })
        .await
        .unwrap()
        .into_inner();
    let Some(submit_act_response::Result::Refusal(refusal)) = answer.result else {
        panic!("{answer:?}")
    };
    assert_eq!(refusal.code(), RefusalCode::Act);
}

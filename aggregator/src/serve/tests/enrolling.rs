//! Enrolment: a token is good once, for its unit, until it expires; an answer that was lost comes again.

use granary_core::{
    envelope::PublicKey,
    ledger::Deed,
    log::{Receipt, VerifierKey},
};
use granary_proto::v1;
use rcgen::KeyPair;

use super::town::{GUIYANG, Town, ZUNYI, enrolment, new_key};
use crate::tls::Caller;

fn tls_key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn code(refusal: &v1::Refusal) -> v1::RefusalCode {
    assert!(!refusal.message_zh.is_empty() && !refusal.message_en.is_empty());
    refusal.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_gets_a_certificate_of_its_unit_and_a_receipt_that_verifies() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let caller = Caller::of_certificate(&office.enrolled.certificate);
    assert_eq!(caller, Caller::Unit(GUIYANG.parse().unwrap()));
    assert_eq!(
        office.enrolled.authority,
        town.site().authority().unwrap().certificate_der()
    );
    assert_eq!(office.enrolled.log_verifier_key, town.verifier_key);
    verify(&town, office.enrolled.receipt.as_ref().unwrap());
    let receipt = office.submit(office.revenue(1)).await.unwrap();
    verify(&town, &receipt);
}

fn verify(town: &Town, receipt: &v1::Receipt) {
    let hash = |bytes: &Vec<u8>| granary_core::log::Hash::from_slice(bytes).unwrap();
    let receipt = Receipt {
        entry: receipt.entry.clone(),
        index: receipt.index,
        proof: receipt.inclusion_proof.iter().map(hash).collect(),
        checkpoint: receipt.checkpoint.clone(),
    };
    receipt
        .verify(&VerifierKey::parse(&town.verifier_key).unwrap())
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_enrolment_again_gets_the_same_entry_also_after_a_restart() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let first = office.enrolled.receipt.as_ref().unwrap().index;
    let again = town
        .enrol(office.act.clone(), &office.tls_key)
        .await
        .unwrap();
    assert_eq!(again.receipt.unwrap().index, first);
    let (act, tls_key) = (
        office.act.clone(),
        KeyPair::from_pem(&office.tls_key.serialize_pem()).unwrap(),
    );
    drop(office);
    town.stop().await;
    town.start(&[]).await;
    let later = town.enrol(act, &tls_key).await.unwrap();
    assert_eq!(later.receipt.unwrap().index, first);
    assert_eq!(
        Caller::of_certificate(&later.certificate),
        Caller::Unit(GUIYANG.parse().unwrap())
    );
}

/// The act is public in the journal, so whoever sends it again with a TLS key of his own gets no certificate.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_enrolment_sent_again_with_another_tls_key_gets_nothing() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let refusal = town
        .enrol(office.act.clone(), &tls_key())
        .await
        .unwrap_err();
    assert_eq!(code(&refusal), v1::RefusalCode::Act);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_an_expired_a_foreign_and_an_unknown_token_are_refused() {
    let town = Town::founded(&[]).await;
    let used = town.token(GUIYANG, 60_000).await;
    town.enrol(enrolment(GUIYANG, &new_key(), used), &tls_key())
        .await
        .unwrap();
    let expired = town.token(GUIYANG, 1_000).await;
    let foreign = town.token(ZUNYI, 60_000).await;
    town.clock.step(1_500);
    for (token, why) in [
        (used, "used"),
        (expired, "expired"),
        (foreign, "foreign"),
        ([7; 32], "unknown"),
    ] {
        let refusal = town
            .enrol(enrolment(GUIYANG, &new_key(), token), &tls_key())
            .await
            .unwrap_err();
        assert_eq!(code(&refusal), v1::RefusalCode::Act, "{why}");
    }
    let notes = std::fs::read_dir(town.site().enrolled()).unwrap().count();
    assert_eq!(
        notes, 1,
        "who has no good token makes the server write nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_must_be_signed_by_the_key_that_it_enrols() {
    let town = Town::founded(&[]).await;
    let (token, victim, thief) = (town.token(GUIYANG, 60_000).await, new_key(), new_key());
    let mut act = enrolment(GUIYANG, &victim, token);
    act.signatures = enrolment(GUIYANG, &thief, token).signatures;
    let refusal = town.enrol(act, &tls_key()).await.unwrap_err();
    assert_eq!(code(&refusal), v1::RefusalCode::Act);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_as_malformed() {
    use granary_proto::v1::{enrol_response, enrolment_service_client::EnrolmentServiceClient};
    let town = Town::founded(&[]).await;
    let act = enrolment(GUIYANG, &new_key(), town.token(GUIYANG, 60_000).await);
    let mut client = EnrolmentServiceClient::new(town.anonymous().await);
    for (act, certificate_request) in [(Some(act), vec![1, 2, 3]), (None, Vec::new())] {
        let answer = client
            .enrol(v1::EnrolRequest {
                act,
                certificate_request,
            })
            .await
            .unwrap()
            .into_inner();
        let Some(enrol_response::Result::Refusal(refusal)) = answer.result else {
            panic!("{answer:?}")
        };
        assert_eq!(code(&refusal), v1::RefusalCode::Malformed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_gets_no_certificate_and_its_unit_reads_nothing() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let key_id = PublicKey::Ed25519(office.key.verifying_key()).key_id();
    town.act(Deed::RevokeKey {
        key_id,
        reason: "lost".into(),
    })
    .await
    .unwrap();
    let refusal = town
        .enrol(office.act.clone(), &office.tls_key)
        .await
        .unwrap_err();
    assert_eq!(code(&refusal), v1::RefusalCode::KeyRevoked);
    let status = office
        .collection()
        .fetch_catalogue(v1::FetchCatalogueRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::PermissionDenied);
    // A second key of the unit opens the reads again.
    let second = town.office(GUIYANG).await;
    assert!(
        second
            .collection()
            .fetch_catalogue(v1::FetchCatalogueRequest::default())
            .await
            .is_ok()
    );
}

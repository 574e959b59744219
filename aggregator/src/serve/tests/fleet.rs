//! Heartbeats and the list of agents, and certificates that are issued anew.

use granary_core::{
    envelope::{self, CERTIFICATE_REQUEST_TYPE, SecretKey},
    ledger::Deed,
};
use granary_proto::v1::{
    self, enrolment_service_client::EnrolmentServiceClient,
    fleet_service_client::FleetServiceClient, monitoring_service_client::MonitoringServiceClient,
    renew_certificate_response,
};
use rcgen::{CertificateParams, KeyPair};
use tonic::{Code, transport::Channel};

use super::town::{GUIYANG, Office, Town, ZUNYI, new_key};
use crate::{
    fleet::SILENT_AFTER_MS,
    tls::{Caller, Role},
};

fn key_id(office: &Office) -> Vec<u8> {
    let key = SecretKey::from(office.key.clone()).public_key();
    key.key_id().as_bytes().to_vec()
}

fn beat(office: &Office, records: u64) -> v1::HeartbeatRequest {
    v1::HeartbeatRequest {
        key_id: key_id(office),
        software: "granary-agent/9.9".into(),
        spooled_records: records,
        clock_ahead_ms: Some(-4_000),
        ..v1::HeartbeatRequest::default()
    }
}

async fn send(office: &Office, beat: v1::HeartbeatRequest) -> Result<i64, Code> {
    let answer = FleetServiceClient::new(office.channel.clone())
        .heartbeat(beat)
        .await;
    answer
        .map(|answer| answer.into_inner().city_time_ms)
        .map_err(|status| status.code())
}

async fn agents(town: &Town) -> v1::ListAgentsResponse {
    let mut client = MonitoringServiceClient::new(town.person(Role::Auditor).await);
    client
        .list_agents(v1::ListAgentsRequest::default())
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_see_every_agent_and_the_silent_ones_first() {
    let town = Town::founded(&[]).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let unheard = agents(&town).await;
    assert_eq!(unheard.agents.len(), 2);
    assert!(
        unheard
            .agents
            .iter()
            .all(|agent| agent.last_seen_ms.is_none() && !agent.silent)
    );
    send(&zunyi, beat(&zunyi, 3)).await.unwrap();
    town.clock.step(SILENT_AFTER_MS + 60_000);
    let city_ms = send(&guiyang, beat(&guiyang, 7)).await.unwrap();
    let list = agents(&town).await;
    let seen = |at: usize| {
        let agent = &list.agents[at];
        (
            agent.unit.as_str(),
            agent.silent,
            agent.heartbeat.as_ref().unwrap().spooled_records,
        )
    };
    assert_eq!((seen(0), seen(1)), ((ZUNYI, true, 3), (GUIYANG, false, 7)));
    assert_eq!(list.agents[1].last_seen_ms, Some(city_ms));
    assert!(
        list.agents[1]
            .next_due_at_ms
            .is_none_or(|due| due > city_ms)
    );
    assert!(!list.agents[0].unit_name_zh.is_empty());
    let mut client = MonitoringServiceClient::new(town.person(Role::Operator).await);
    let one = v1::ListAgentsRequest {
        units: vec![GUIYANG.into()],
        count_max: 0,
    };
    assert_eq!(
        client
            .list_agents(one)
            .await
            .unwrap()
            .into_inner()
            .agents
            .len(),
        1
    );
    let first = v1::ListAgentsRequest {
        units: Vec::new(),
        count_max: 1,
    };
    let first = client.list_agents(first).await.unwrap().into_inner();
    assert!(first.truncated && first.agents[0].unit == ZUNYI);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_for_another_unit_and_a_revoked_key_is_forgotten() {
    let town = Town::founded(&[]).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    assert_eq!(
        send(&zunyi, beat(&guiyang, 1)).await,
        Err(Code::InvalidArgument)
    );
    let torn = v1::HeartbeatRequest {
        key_id: vec![1; 31],
        ..beat(&zunyi, 1)
    };
    assert_eq!(send(&zunyi, torn).await, Err(Code::InvalidArgument));
    let anonymous = FleetServiceClient::new(town.anonymous().await)
        .heartbeat(beat(&zunyi, 1))
        .await;
    assert_eq!(anonymous.unwrap_err().code(), Code::Unauthenticated);
    let mut nosy = MonitoringServiceClient::new(zunyi.channel.clone());
    let refused = nosy
        .list_agents(v1::ListAgentsRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    send(&zunyi, beat(&zunyi, 1)).await.unwrap();
    town.act(Deed::RevokeKey {
        key_id: envelope::KeyId::from_slice(&key_id(&zunyi)).unwrap(),
        reason: "stolen".into(),
    })
    .await
    .unwrap();
    let list = agents(&town).await;
    assert_eq!(
        list.agents.len(),
        1,
        "a key that is not in force has no agent"
    );
    assert_eq!(
        send(&zunyi, beat(&zunyi, 1)).await,
        Err(Code::InvalidArgument)
    );
}

/// A request for a TLS key, signed by a signing key.
fn request(tls_key: &KeyPair, signing: &SecretKey) -> v1::RenewCertificateRequest {
    let certificate_request = CertificateParams::default()
        .serialize_request(tls_key)
        .unwrap()
        .der()
        .to_vec();
    let signature = signing
        .sign(CERTIFICATE_REQUEST_TYPE, &certificate_request)
        .unwrap();
    v1::RenewCertificateRequest {
        certificate_request,
        signature: Some(v1::Signature {
            key_id: signature.key_id.as_bytes().to_vec(),
            signature: signature.bytes,
        }),
    }
}

async fn renew(
    channel: Channel,
    request: v1::RenewCertificateRequest,
) -> Result<Vec<u8>, v1::RefusalCode> {
    let answer = EnrolmentServiceClient::new(channel)
        .renew_certificate(request)
        .await;
    match answer.unwrap().into_inner().result.unwrap() {
        renew_certificate_response::Result::Renewed(renewed) => Ok(renewed.certificate),
        renew_certificate_response::Result::Refusal(refusal) => {
            assert!(!refusal.message_zh.is_empty() && !refusal.message_en.is_empty());
            Err(refusal.code())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_of_a_signing_key_gets_the_next_certificate_and_it_works() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let signing = SecretKey::from(office.key.clone());
    let next = KeyPair::generate().unwrap();
    let certificate = renew(office.channel.clone(), request(&next, &signing))
        .await
        .unwrap();
    assert_eq!(
        Caller::of_certificate(&certificate),
        Caller::Unit(GUIYANG.parse().unwrap())
    );
    let channel = town.connect_with(&certificate, &next).await.unwrap();
    let office = Office { channel, ..office };
    office.submit(office.revenue(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_opens_no_line_and_is_renewed_without_one() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 800);
    let unit = Caller::Unit(GUIYANG.parse().unwrap());
    let old = town
        .site()
        .authority()
        .unwrap()
        .issue_client(&unit, long_ago)
        .unwrap();
    let refused = town.connect_pem(&old.certificate_pem, &old.key_pem).await;
    let refused = match refused {
        Ok(channel) => {
            let office = Office {
                channel,
                ..town.office(GUIYANG).await
            };
            send(&office, beat(&office, 1)).await.is_err()
        }
        Err(_) => true,
    };
    assert!(refused, "who has expired is not let in");
    let (next, signing) = (
        KeyPair::generate().unwrap(),
        SecretKey::from(office.key.clone()),
    );
    let certificate = renew(town.anonymous().await, request(&next, &signing))
        .await
        .unwrap();
    let channel = town.connect_with(&certificate, &next).await.unwrap();
    let office = Office { channel, ..office };
    send(&office, beat(&office, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_refused_to_whoever_does_not_hold_a_key_in_force() {
    let town = Town::founded(&[]).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let (tls, signing) = (
        KeyPair::generate().unwrap(),
        SecretKey::from(guiyang.key.clone()),
    );
    let good = request(&tls, &signing);
    let anonymous = town.anonymous().await;
    let unsigned = v1::RenewCertificateRequest {
        signature: None,
        ..good.clone()
    };
    assert_eq!(
        renew(anonymous.clone(), unsigned).await,
        Err(v1::RefusalCode::Malformed)
    );
    let stranger = request(&tls, &SecretKey::from(new_key()));
    assert_eq!(
        renew(anonymous.clone(), stranger).await,
        Err(v1::RefusalCode::KeyUnknown)
    );
    // Somebody else's signature over another TLS key is worth nothing.
    let moved = v1::RenewCertificateRequest {
        signature: good.signature.clone(),
        ..request(&KeyPair::generate().unwrap(), &signing)
    };
    assert_eq!(
        renew(anonymous.clone(), moved).await,
        Err(v1::RefusalCode::Signature)
    );
    assert_eq!(
        renew(zunyi.channel.clone(), good.clone()).await,
        Err(v1::RefusalCode::KeyOfAnotherUnit)
    );
    let person = town.person(Role::Operator).await;
    assert_eq!(
        renew(person, good.clone()).await,
        Err(v1::RefusalCode::KeyOfAnotherUnit)
    );
    let garbage = signing
        .sign(CERTIFICATE_REQUEST_TYPE, b"no request")
        .unwrap();
    let garbage = v1::RenewCertificateRequest {
        certificate_request: b"no request".to_vec(),
        signature: Some(v1::Signature {
            key_id: garbage.key_id.as_bytes().to_vec(),
            signature: garbage.bytes,
        }),
    };
    assert_eq!(
        renew(anonymous.clone(), garbage).await,
        Err(v1::RefusalCode::Malformed)
    );
    town.act(Deed::RevokeKey {
        key_id: envelope::KeyId::from_slice(&key_id(&guiyang)).unwrap(),
        reason: "stolen".into(),
    })
    .await
    .unwrap();
    assert_eq!(
        renew(anonymous, good).await,
        Err(v1::RefusalCode::KeyRevoked)
    );
}

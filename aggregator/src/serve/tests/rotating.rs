//! Rotation and SM2 over the wire: an office replaces its own key, and nobody else's.

use granary_core::{
    envelope::{SecretKey, Suite},
    ledger::{Act, Deed, act},
};
use granary_proto::v1::{self, rotate_key_response};

use super::town::{GUIYANG, Office, Town, ZUNYI, revenue};
use crate::{convert, init};

fn sm2_key() -> SecretKey {
    let seed = init::random().unwrap();
    SecretKey::from_seed(Suite::Sm2Sm3, &seed).unwrap()
}

fn old_key(office: &Office) -> SecretKey {
    office.key.clone().into()
}

fn rotation(old: &SecretKey, new: &SecretKey) -> v1::Envelope {
    let payload = Act {
        issued_at_ms: 0,
        nonce: init::random().unwrap(),
        deed: Deed::RotateKey {
            old: old.public_key().key_id(),
            new: new.public_key(),
        },
        person: String::new(),
    }
    .encode();
    let signatures = [old, new].map(|key| key.sign(act::PAYLOAD_TYPE, &payload).unwrap());
    convert::envelope(act::PAYLOAD_TYPE, payload, &signatures)
}

async fn rotate(office: &Office, act: v1::Envelope) -> Result<v1::Receipt, v1::Refusal> {
    let request = v1::RotateKeyRequest { act: Some(act) };
    let answer = office.collection().rotate_key(request).await.unwrap();
    match answer.into_inner().result.unwrap() {
        rotate_key_response::Result::Receipt(receipt) => Ok(receipt),
        rotate_key_response::Result::Refusal(refusal) => Err(refusal),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_goes_over_to_sm2_and_reports_with_the_new_key() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let (old, new) = (old_key(&office), sm2_key());
    let act = rotation(&old, &new);
    let receipt = rotate(&office, act.clone()).await.unwrap();
    // An answer that was lost comes again.
    assert_eq!(rotate(&office, act).await.unwrap().index, receipt.index);

    let late = office.submit(office.revenue(2)).await.unwrap_err();
    assert_eq!(late.code(), v1::RefusalCode::KeyReplaced);
    let payload = revenue(GUIYANG, 2).encode().unwrap();
    let signature = new
        .sign(granary_core::snapshot::PAYLOAD_TYPE, &payload)
        .unwrap();
    let envelope = convert::envelope(granary_core::snapshot::PAYLOAD_TYPE, payload, &[signature]);
    office.submit(envelope).await.unwrap();
    // The certificate is renewed by the enrolment of before, whose line ends in a key in force.
    assert!(
        town.enrol(office.act.clone(), &office.tls_key)
            .await
            .is_ok()
    );
    town.act(Deed::RevokeKey {
        key_id: new.public_key().key_id(),
        reason: "lost".into(),
    })
    .await
    .unwrap();
    let ended = town.enrol(office.act.clone(), &office.tls_key).await;
    assert_eq!(ended.unwrap_err().code(), v1::RefusalCode::KeyRevoked);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rotates_the_key_of_another_unit_or_enters_other_acts_here() {
    let town = Town::founded(&[]).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let act = rotation(&old_key(&guiyang), &sm2_key());
    let refusal = rotate(&zunyi, act).await.unwrap_err();
    assert_eq!(refusal.code(), v1::RefusalCode::KeyOfAnotherUnit);
    let refusal = rotate(&guiyang, guiyang.act.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), v1::RefusalCode::Act);
    let mut half = rotation(&old_key(&guiyang), &sm2_key());
    half.signatures.pop();
    let refusal = rotate(&guiyang, half).await.unwrap_err();
    assert_eq!(refusal.code(), v1::RefusalCode::Act);
    guiyang.submit(guiyang.revenue(1)).await.unwrap();
}

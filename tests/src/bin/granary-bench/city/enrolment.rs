//! Enrols units as their agents would: a token from the operator, then a key and a certificate request.

use std::{fs, sync::Arc};

use ed25519_dalek::{SigningKey, pkcs8::DecodePrivateKey as _};
use granary_core::{
    digest::Digest,
    envelope::{self, PublicKey},
    ledger::{Act, Deed, act},
};
use granary_proto::v1::{
    self, administration_service_client::AdministrationServiceClient, enrol_response,
    enrolment_service_client::EnrolmentServiceClient, submit_act_response,
};
use rcgen::{CertificateParams, KeyPair};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Identity};

use super::{City, catalogue::SyntheticUnit, snapshots::Reporter};
use crate::context::Outcome;

/// Enrolments under way at once.
const AT_ONCE: usize = 32;

/// What a unit has after its enrolment.
#[derive(Clone)]
pub(crate) struct Enrolled {
    pub(crate) reporter: Reporter,
    certificate_pem: String,
    tls_key_pem: String,
}

impl Enrolled {
    /// The client certificate and its key.
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.certificate_pem, &self.tls_key_pem)
    }
}

struct Desk {
    operator: AdministrationServiceClient<Channel>,
    enrolment: EnrolmentServiceClient<Channel>,
    operator_key: SigningKey,
}

/// Enrols all units; they come out in the order of their codes.
pub(super) async fn enrol_all(city: &City, units: Vec<SyntheticUnit>) -> Outcome<Vec<Enrolled>> {
    let desk = Arc::new(Desk {
        operator: AdministrationServiceClient::new(city.operator_channel().await?),
        enrolment: EnrolmentServiceClient::new(city.connect(None).await?),
        operator_key: SigningKey::from_pkcs8_pem(&fs::read_to_string(
            city.operator().join("operator.key"),
        )?)?,
    });
    let mut tasks = JoinSet::new();
    let mut enrolled = Vec::new();
    for (number, unit) in (1_u32..).zip(units) {
        if tasks.len() >= AT_ONCE {
            enrolled.extend(tasks.join_next().await.transpose()?.transpose()?);
        }
        let desk = Arc::clone(&desk);
        tasks.spawn(async move { desk.enrol(unit, number).await });
    }
    while let Some(done) = tasks.join_next().await {
        enrolled.push(done??);
    }
    enrolled.sort_by(|a, b| a.reporter.unit.code.cmp(&b.reporter.unit.code));
    Ok(enrolled)
}

impl Desk {
    async fn enrol(&self, unit: SyntheticUnit, number: u32) -> Outcome<Enrolled> {
        // Synthetic keys: all different, and the same in every run.
        let mut seed = [0x5a; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let (key, token) = (SigningKey::from_bytes(&seed), *Digest::of(&seed).as_bytes());
        self.issue(&unit, &token, number).await?;
        let tls_key = KeyPair::generate()?;
        let request = CertificateParams::new(Vec::new())?.serialize_request(&tls_key)?;
        let deed = Deed::EnrolKey {
            unit: unit.code.clone(),
            key: PublicKey::Ed25519(key.verifying_key()),
            token,
            label: "synthetic".to_owned(),
        };
        let request = v1::EnrolRequest {
            act: Some(signed(&key, deed, number)),
            certificate_request: request.der().to_vec(),
        };
        let answer = self.enrolment.clone().enrol(request).await?.into_inner();
        let certificate = match answer.result {
            Some(enrol_response::Result::Enrolled(enrolled)) => enrolled.certificate,
            Some(enrol_response::Result::Refusal(refusal)) => {
                return Err(refusal.message_en.into());
            }
            None => return Err("the answer to an enrolment is empty".into()),
        };
        Ok(Enrolled {
            reporter: Reporter {
                unit,
                key: key.into(),
            },
            certificate_pem: pem(&certificate),
            tls_key_pem: tls_key.serialize_pem(),
        })
    }

    async fn issue(&self, unit: &SyntheticUnit, token: &[u8], number: u32) -> Outcome<()> {
        let deed = Deed::IssueToken {
            unit: unit.code.clone(),
            token_sha256: Digest::of(token),
            expires_at_ms: 4_000_000_000_000,
            role: envelope::KeyRole::Agent,
        };
        let request = v1::SubmitActRequest {
            envelope: Some(signed(&self.operator_key, deed, number)),
        };
        match self
            .operator
            .clone()
            .submit_act(request)
            .await?
            .into_inner()
            .result
        {
            Some(submit_act_response::Result::Receipt(_)) => Ok(()),
            Some(submit_act_response::Result::Refusal(refusal)) => Err(refusal.message_en.into()),
            None => Err("the answer to an act is empty".into()),
        }
    }
}

fn signed(key: &SigningKey, deed: Deed, number: u32) -> v1::Envelope {
    let mut nonce = [0; 16];
    nonce[..4].copy_from_slice(&number.to_be_bytes());
    let payload = Act {
        issued_at_ms: 1_700_000_000_000,
        nonce,
        deed,
        person: String::new(),
    }
    .encode();
    let signature = envelope::sign(key, act::PAYLOAD_TYPE, &payload);
    v1::Envelope {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures: vec![v1::Signature {
            key_id: signature.key_id.as_bytes().to_vec(),
            signature: signature.bytes,
        }],
    }
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(der)
    )
}

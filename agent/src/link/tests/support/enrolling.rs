//! How the synthetic city takes new keys: by enrolment and by rotation.

use super::*;

#[tonic::async_trait]
impl EnrolmentService for City {
    async fn enrol(
        &self,
        request: Request<v1::EnrolRequest>,
    ) -> Result<Response<v1::EnrolResponse>, Status> {
        let request = request.into_inner();
        let receipt = {
            let mut journal = self.journal.lock().unwrap();
            journal.enrolments += 1;
            journal.enter(&request.act.unwrap(), Subject::Act)
        };
        // The first answer is lost on its way: the entry is in the journal all the same.
        self.moment()?;
        let enrolled = v1::Enrolled {
            certificate: b"synthetic certificate".to_vec(),
            authority: AUTHORITY.to_vec(),
            log_verifier_key: log_key().to_string(),
            receipt: Some(receipt),
            role: 0,
        };
        let result = match self.manner {
            Manner::RefuseFor(_) => {
                v1::enrol_response::Result::Refusal(refusal(v1::RefusalCode::Act, false))
            }
            Manner::AnotherLog => v1::enrol_response::Result::Enrolled(v1::Enrolled {
                authority: b"another authority".to_vec(),
                ..enrolled
            }),
            Manner::WrongReceiptFor(_) => {
                let receipt = self.journal.lock().unwrap().take(&parcels(1)[0].envelope);
                v1::enrol_response::Result::Enrolled(v1::Enrolled {
                    receipt: Some(receipt),
                    ..enrolled
                })
            }
            Manner::Honest
            | Manner::CutAt(_)
            | Manner::Twice
            | Manner::Backwards
            | Manner::BusyTimes(_)
            | Manner::SilentAtFirst
            | Manner::WithoutRecords => v1::enrol_response::Result::Enrolled(enrolled),
        };
        Ok(Response::new(v1::EnrolResponse {
            result: Some(result),
        }))
    }

    async fn renew_certificate(
        &self,
        request: Request<v1::RenewCertificateRequest>,
    ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
        self.moment()?;
        let request = request.into_inner().certificate_request;
        let result = if matches!(self.manner, Manner::RefuseFor(_)) {
            let refusal = refusal(v1::RefusalCode::KeyRevoked, false);
            v1::renew_certificate_response::Result::Refusal(refusal)
        } else {
            let certificate = certified(&request);
            v1::renew_certificate_response::Result::Renewed(v1::RenewedCertificate { certificate })
        };
        Ok(Response::new(v1::RenewCertificateResponse {
            result: Some(result),
        }))
    }
}

/// A certificate of a synthetic authority for the key of a request, good until 2099.
fn certified(request: &[u8]) -> Vec<u8> {
    let request = rcgen::CertificateSigningRequestParams::from_der(&request.into()).unwrap();
    let mut params = rcgen::CertificateParams::default();
    let uri = format!("granary:unit:{UNIT}");
    params.subject_alt_names = vec![rcgen::SanType::URI(uri.try_into().unwrap())];
    params.not_after = rcgen::date_time_ymd(2099, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::Issuer::new(authority, key);
    let certificate = params.signed_by(&request.public_key, &issuer).unwrap();
    certificate.der().to_vec()
}

#[tonic::async_trait]
impl FleetService for City {
    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        if self.manner == Manner::WithoutRecords {
            return Err(Status::unimplemented("an older city"));
        }
        let mut journal = self.journal.lock().unwrap();
        journal.heartbeats.push(request.into_inner());
        Ok(Response::new(v1::HeartbeatResponse {
            city_time_ms: crate::run::now_ms() - CITY_BEHIND_MS,
        }))
    }
}

/// How far the synthetic city's clock is behind this machine's, as heartbeats tell.
pub(crate) const CITY_BEHIND_MS: i64 = 60_000;

impl City {
    /// The heartbeats that came.
    pub(crate) fn heartbeats(&self) -> Vec<v1::HeartbeatRequest> {
        self.journal.lock().unwrap().heartbeats.clone()
    }

    pub(super) fn rotate(
        &self,
        request: v1::RotateKeyRequest,
    ) -> Result<Response<v1::RotateKeyResponse>, Status> {
        let receipt = {
            let mut journal = self.journal.lock().unwrap();
            journal.enter(&request.act.unwrap(), Subject::Act)
        };
        // The first answer is lost on its way: the entry is in the journal all the same.
        self.moment()?;
        let result = match self.manner {
            Manner::RefuseFor(_) => {
                let refusal = refusal(v1::RefusalCode::Act, false);
                v1::rotate_key_response::Result::Refusal(refusal)
            }
            Manner::WrongReceiptFor(_) => {
                let receipt = self.journal.lock().unwrap().take(&parcels(1)[0].envelope);
                v1::rotate_key_response::Result::Receipt(receipt)
            }
            Manner::Honest
            | Manner::Twice
            | Manner::Backwards
            | Manner::CutAt(_)
            | Manner::AnotherLog
            | Manner::BusyTimes(_)
            | Manner::SilentAtFirst
            | Manner::WithoutRecords => v1::rotate_key_response::Result::Receipt(receipt),
        };
        Ok(Response::new(v1::RotateKeyResponse {
            result: Some(result),
        }))
    }
}

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
}

impl City {
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

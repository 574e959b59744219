//! The enrolment service: a token and a signed act become a journaled key and a client certificate.
//!
//! The act is public once it is journaled, token and all. So that nobody who reads the journal gets a certificate by
//! sending it again, the first request's TLS key is noted before the act is entered, and a certificate is only ever issued
//! for that key. Format: one file in `enrolled/` for each enrolment, named by the act's SHA-256, holding the SHA-256 of the
//! TLS key; both in hexadecimal. Where a file is lost, the office asks for a new token.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use granary_core::{
    code::UnitCode,
    digest::Digest,
    envelope::KeyId,
    ledger::{Act, Deed, EnrolledKey, Received as Borrowed, Refusal, RefusalCode, Registry, admit},
};
use granary_proto::v1::{self, enrol_response, enrolment_service_server::EnrolmentService};
use jiff::Timestamp;
use tonic::{Request, Response, Status};

use super::{City, administration, failure::Failure, guard, renewal};
use crate::{
    convert, durable,
    ingress::Received,
    tls::{Caller, CertificateRequest},
};

/// The service.
pub(super) struct Enrolment {
    pub(super) city: Arc<City>,
    pub(super) folder: PathBuf,
}

/// What a request asks for, understood but not yet believed.
struct Wish {
    received: Received,
    act_sha256: Digest,
    unit: UnitCode,
    key_id: KeyId,
    request: CertificateRequest,
}

#[tonic::async_trait]
impl EnrolmentService for Enrolment {
    async fn enrol(
        &self,
        request: Request<v1::EnrolRequest>,
    ) -> Result<Response<v1::EnrolResponse>, Status> {
        let address = guard::remote(&request).and_then(|remote| remote.address());
        let result = match wish(request.into_inner()) {
            Ok(wish) => self.grant(wish, address).await?,
            Err(refusal) => Err(refusal),
        };
        let result = match result {
            Ok(enrolled) => enrol_response::Result::Enrolled(enrolled),
            Err(refusal) => enrol_response::Result::Refusal(convert::refusal(refusal)),
        };
        Ok(Response::new(v1::EnrolResponse {
            result: Some(result),
        }))
    }

    async fn renew_certificate(
        &self,
        request: Request<v1::RenewCertificateRequest>,
    ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
        let caller = guard::caller(&request);
        let answer = renewal::renew(&self.city, &caller, request.get_ref())?;
        Ok(Response::new(answer))
    }
}

impl Enrolment {
    async fn grant(
        &self,
        wish: Wish,
        address: Option<SocketAddr>,
    ) -> Result<Result<v1::Enrolled, Refusal>, Failure> {
        let city = &self.city;
        let known = city
            .handle
            .journal()
            .index_of(&wish.act_sha256)
            .map_err(Failure::internal)?;
        if known.is_none() {
            if let Err(refusal) = self.may_enter(&wish) {
                return Ok(Err(refusal));
            }
            note_key(&self.folder, &wish).map_err(Failure::internal)?;
        }
        let receipt = match administration::in_force(city, wish.received).await? {
            Ok(receipt) => receipt,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if noted_key(&self.folder, &wish.act_sha256).map_err(Failure::internal)?
            != Some(wish.request.key_sha256())
        {
            return Ok(Err(other_key()));
        }
        let registry = city.handle.registry();
        let Some(enrolled) = in_force(&registry, &wish.key_id) else {
            return Ok(Err(revoked()));
        };
        let certificate = self.certificate(&wish.request, &wish.unit)?;
        tracing::info!(unit = %wish.unit, key = %wish.key_id.short(), index = receipt.index, ?address, "a key is enrolled");
        metrics::counter!("granary_enrolments_total").increment(1);
        Ok(Ok(v1::Enrolled {
            certificate,
            authority: city.authority.certificate_der().to_vec(),
            log_verifier_key: city.log_verifier_key.clone(),
            receipt: Some(receipt),
            role: enrolled.row.role,
        }))
    }

    /// Whether the act would be journaled now, so that only the holder of a good token makes the server write a file.
    fn may_enter(&self, wish: &Wish) -> Result<(), Refusal> {
        let received = Borrowed {
            payload_type: &wish.received.payload_type,
            payload: &wish.received.payload,
            signatures: &wish.received.signatures,
        };
        admit(
            &self.city.handle.registry(),
            &received,
            self.city.clock.now_ms(),
        )
        .map(drop)
    }

    fn certificate(
        &self,
        request: &CertificateRequest,
        unit: &UnitCode,
    ) -> Result<Vec<u8>, Failure> {
        let now =
            Timestamp::from_millisecond(self.city.clock.now_ms()).map_err(Failure::internal)?;
        let caller = Caller::Unit(unit.clone());
        self.city
            .authority
            .issue_for_request(request, &caller, now)
            .map_err(Failure::internal)
    }
}

fn wish(request: v1::EnrolRequest) -> Result<Wish, Refusal> {
    let received = administration::received(request.act)?;
    let act = Act::decode(&received.payload).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("无法读取登记操作：{error}"),
            format!("the act cannot be read: {error}"),
        )
    })?;
    let Deed::EnrolKey { unit, key, .. } = act.deed else {
        return Err(Refusal::new(
            RefusalCode::Act,
            "此处只接收密钥登记",
            "only the enrolment of a key is taken here",
        ));
    };
    let request = CertificateRequest::parse(&request.certificate_request).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("证书请求无效：{error}"),
            error.to_string(),
        )
    })?;
    let act_sha256 = Digest::of(&received.payload);
    Ok(Wish {
        received,
        act_sha256,
        unit,
        key_id: key.key_id(),
        request,
    })
}

/// The key, or where it was rotated the one that took over in the end, if that is in force.
fn in_force<'a>(registry: &'a Registry, key_id: &KeyId) -> Option<&'a EnrolledKey> {
    let mut key = registry.key(key_id)?;
    // A successor is enrolled later than the key before it, so this ends.
    while let Some(next) = key.row.successor() {
        key = registry.key(&next)?;
    }
    key.row.revoked_index.is_none().then_some(key)
}

fn note_path(folder: &Path, act_sha256: &Digest) -> PathBuf {
    folder.join(act_sha256.to_string())
}

fn note_key(folder: &Path, wish: &Wish) -> io::Result<()> {
    let text = format!("{}\n", wish.request.key_sha256());
    durable::write_file(&note_path(folder, &wish.act_sha256), text.as_bytes())
}

fn noted_key(folder: &Path, act_sha256: &Digest) -> io::Result<Option<Digest>> {
    match std::fs::read_to_string(note_path(folder, act_sha256)) {
        Ok(text) => Ok(Digest::from_hex(text.trim())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn other_key() -> Refusal {
    Refusal::new(
        RefusalCode::Act,
        "此登记已用另一把 TLS 密钥完成。请向市局申请新的登记码",
        "this enrolment was made with another TLS key: ask the city for a new token",
    )
}

fn revoked() -> Refusal {
    Refusal::new(
        RefusalCode::KeyRevoked,
        "此密钥已被吊销。请向市局申请新的登记码",
        "this key has been revoked: ask the city for a new token",
    )
}

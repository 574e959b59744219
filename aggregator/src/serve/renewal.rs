//! Renewal: the next client certificate for whoever holds an enrolled signing key.
//!
//! Nothing is journaled, because a certificate entitles to nothing that the signing key does not already. The key must be in force,
//! and where the caller shows a certificate, that must be its unit's. The signature binds the TLS key, so that whoever sends somebody
//! else's request again gets a certificate that is of no use to him.

use granary_core::{
    code::UnitCode,
    envelope::{CERTIFICATE_REQUEST_TYPE, KeyId, pre_authentication_encoding},
    ledger::{Refusal, RefusalCode},
};
use granary_proto::v1::{self, renew_certificate_response};
use jiff::Timestamp;

use super::{City, failure::Failure};
use crate::{
    convert, events,
    tls::{Caller, CertificateRequest},
};

/// Issues a certificate, or says why not.
pub(super) fn renew(
    city: &City,
    caller: &Caller,
    request: &v1::RenewCertificateRequest,
) -> Result<v1::RenewCertificateResponse, Failure> {
    let result = match granted(city, caller, request) {
        Ok((request, unit)) => {
            let now =
                Timestamp::from_millisecond(city.clock.now_ms()).map_err(Failure::internal)?;
            let holder = Caller::Unit(unit.clone());
            let certificate = city
                .authority
                .issue_for_request(&request, &holder, now)
                .map_err(Failure::internal)?;
            let expired = *caller == Caller::Anonymous;
            events::CertificateRenewed {
                unit: &unit,
                expired,
            }
            .emit();
            renew_certificate_response::Result::Renewed(v1::RenewedCertificate { certificate })
        }
        Err(refusal) => renew_certificate_response::Result::Refusal(convert::refusal(refusal)),
    };
    Ok(v1::RenewCertificateResponse {
        result: Some(result),
    })
}

/// The request, and the unit that the certificate will name.
fn granted(
    city: &City,
    caller: &Caller,
    request: &v1::RenewCertificateRequest,
) -> Result<(CertificateRequest, UnitCode), Refusal> {
    let signature = request.signature.as_ref();
    let key_id = signature.and_then(|signature| KeyId::from_slice(&signature.key_id));
    let (Some(signature), Some(key_id)) = (signature, key_id) else {
        return Err(Refusal::new(
            RefusalCode::Malformed,
            "缺少签名：证书请求须由已登记的签名密钥签名",
            "the signature is missing: an enrolled signing key has to sign the certificate request",
        ));
    };
    let registry = city.handle.registry();
    let Some(key) = registry.key(&key_id) else {
        return Err(Refusal::new(
            RefusalCode::KeyUnknown,
            format!("密钥 {} 未登记。请向市局申请新的登记码", key_id.short()),
            format!(
                "the key {} is not enrolled: ask the city for a token",
                key_id.short()
            ),
        ));
    };
    if key.row.revoked_index.is_some() {
        return Err(Refusal::new(
            RefusalCode::KeyRevoked,
            "签名密钥已被吊销或更换，不再签发证书。请向市局申请新的登记码",
            "the signing key was revoked or replaced, and gets no certificate: ask the city for a token",
        ));
    }
    let own = match caller {
        Caller::Unit(unit) => *unit == key.unit,
        Caller::Person(_) => false,
        Caller::Anonymous => true,
    };
    if !own {
        return Err(Refusal::new(
            RefusalCode::KeyOfAnotherUnit,
            format!("签名密钥属于单位 {}，不是连接证书所属的单位", key.unit),
            format!(
                "the signing key is of unit {}, and the certificate of this connection is not",
                key.unit
            ),
        ));
    }
    let message =
        pre_authentication_encoding(CERTIFICATE_REQUEST_TYPE, &request.certificate_request);
    key.key
        .verify(&message, &signature.signature)
        .map_err(|_| {
            Refusal::new(
                RefusalCode::Signature,
                "签名与证书请求不符",
                "the signature does not fit the certificate request",
            )
        })?;
    let unit = key.unit.clone();
    let request = CertificateRequest::parse(&request.certificate_request).map_err(|error| {
        Refusal::new(
            RefusalCode::Malformed,
            format!("证书请求无效：{error}"),
            error.to_string(),
        )
    })?;
    Ok((request, unit))
}

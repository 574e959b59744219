//! Who may call what: each service asks for its caller here before it looks at anything else.

use granary_core::{code::UnitCode, digest::Digest};
use tonic::Request;

use super::{
    City,
    connections::{Remote, RemoteInfo},
    failure::{Failure, Need},
};
use crate::tls::Caller;

/// Who calls.
pub(super) fn caller<T>(request: &Request<T>) -> Caller {
    let Some(info) = request.extensions().get::<RemoteInfo>() else {
        return Caller::Anonymous;
    };
    let certificates = info.peer_certs();
    let first = certificates.as_deref().and_then(|chain| chain.first());
    info.get_ref().caller(first.map(AsRef::as_ref)).clone()
}

/// Who calls, as the access log names them: the certificate's word for its holder, and its digest.
pub(super) fn identity<T>(request: &Request<T>) -> (String, Digest) {
    let uri = caller(request).uri().unwrap_or_default();
    let who = uri.strip_prefix("granary:").unwrap_or(&uri).to_owned();
    let info = request.extensions().get::<RemoteInfo>();
    let certificates = info.and_then(RemoteInfo::peer_certs);
    let first = certificates.as_deref().and_then(|chain| chain.first());
    (who, Digest::of(first.map_or(&[], AsRef::as_ref)))
}

/// The connection that a request came over.
pub(super) fn remote<T>(request: &Request<T>) -> Option<Remote> {
    request
        .extensions()
        .get::<RemoteInfo>()
        .map(|info| info.get_ref().clone())
}

/// The unit whose agent calls.
pub(super) fn unit<T>(request: &Request<T>) -> Result<UnitCode, Failure> {
    match caller(request) {
        Caller::Unit(unit) => Ok(unit),
        Caller::Person(_) => Err(Failure::NotAllowed(Need::Unit)),
        Caller::Anonymous => Err(Failure::NoCertificate),
    }
}

/// The unit whose agent calls, where at least one of its keys is in force.
pub(super) fn unit_in_force<T>(city: &City, request: &Request<T>) -> Result<UnitCode, Failure> {
    let unit = unit(request)?;
    let registry = city.handle.registry();
    let in_force = registry
        .keys()
        .any(|(_, key)| key.unit == unit && key.row.revoked_index.is_none());
    if in_force {
        city.calls.note(&unit);
        Ok(unit)
    } else {
        Err(Failure::UnitRevoked)
    }
}

/// Lets everybody pass whom the catalogue concerns: the agents whose unit has a key in force, and the city's people.
pub(super) fn reader<T>(city: &City, request: &Request<T>) -> Result<(), Failure> {
    match caller(request) {
        Caller::Person(_) => Ok(()),
        Caller::Unit(_) | Caller::Anonymous => unit_in_force(city, request).map(drop),
    }
}

/// Lets one of the city's people pass.
pub(super) fn person<T>(request: &Request<T>, need: Need) -> Result<(), Failure> {
    match caller(request) {
        Caller::Person(role) if need.takes(role) => Ok(()),
        Caller::Person(_) | Caller::Unit(_) => Err(Failure::NotAllowed(need)),
        Caller::Anonymous => Err(Failure::NoCertificate),
    }
}

/// Lets anybody with a certificate of ours pass.
pub(super) fn anybody_known<T>(request: &Request<T>) -> Result<(), Failure> {
    match caller(request) {
        Caller::Person(_) | Caller::Unit(_) => Ok(()),
        Caller::Anonymous => Err(Failure::NoCertificate),
    }
}

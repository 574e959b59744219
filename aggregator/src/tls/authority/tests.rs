//! Certificates that the authority issues, read back by another parser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use granary_core::code::UnitCode;

use super::*;
use crate::tls::Role;

fn now() -> Timestamp {
    "2021-10-08T04:00:00Z".parse().unwrap()
}

fn authority() -> Authority {
    Authority::generate("city.example/log", now()).unwrap().0
}

fn der(pem: &str) -> Vec<u8> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes())
        .unwrap()
        .1
        .contents
}

fn request(key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI("granary:role:operator".try_into().unwrap())];
    params.serialize_request(key).unwrap().der().to_vec()
}

#[test]
fn a_client_certificate_names_its_caller_and_chains_to_the_authority() {
    let authority = authority();
    let issued = authority
        .issue_client(&Caller::Person(Role::Auditor), now())
        .unwrap();
    let der = der(&issued.certificate_pem);
    assert_eq!(Caller::of_certificate(&der), Caller::Person(Role::Auditor));
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let (_, root) = X509Certificate::from_der(authority.certificate_der()).unwrap();
    assert_eq!(certificate.issuer(), root.subject());
    assert!(!certificate.is_ca() && root.is_ca());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
}

#[test]
fn a_request_gets_the_unit_that_the_city_says_not_the_one_it_asks_for() {
    let key = KeyPair::generate().unwrap();
    let request = CertificateRequest::parse(&request(&key)).unwrap();
    let unit = Caller::Unit(UnitCode::new("520100").unwrap());
    let der = authority()
        .issue_for_request(&request, &unit, now())
        .unwrap();
    assert_eq!(Caller::of_certificate(&der), unit);
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert_eq!(
        certificate.public_key().subject_public_key.data,
        key.der_bytes()
    );
}

#[test]
fn a_request_that_its_key_did_not_sign_is_refused() {
    let mut bytes = request(&KeyPair::generate().unwrap());
    assert!(CertificateRequest::parse(&bytes).is_ok());
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(matches!(
        CertificateRequest::parse(&bytes),
        Err(AuthorityError::Request)
    ));
    assert!(matches!(
        CertificateRequest::parse(&[0; 9_000]),
        Err(AuthorityError::Request)
    ));
}

#[test]
fn a_request_for_another_kind_of_key_is_refused() {
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        assert!(matches!(
            CertificateRequest::parse(&request(&key)),
            Err(AuthorityError::Request)
        ));
    }
}

#[test]
fn the_authority_comes_back_from_its_files() {
    let (authority, key_pem) = Authority::generate("city.example/log", now()).unwrap();
    let loaded = Authority::load(authority.certificate_pem(), &key_pem).unwrap();
    assert_eq!(loaded.certificate_sha256(), authority.certificate_sha256());
    let (_, other_key) = Authority::generate("city.example/log", now()).unwrap();
    let mixed = Authority::load(authority.certificate_pem(), &other_key);
    assert!(matches!(mixed, Err(AuthorityError::Files(_))));
    assert!(matches!(
        Authority::load("", &key_pem),
        Err(AuthorityError::Files(_))
    ));
}

#[test]
fn a_server_certificate_serves_its_names_until_near_its_end() {
    let names = ["city.example".to_owned(), "192.0.2.7".to_owned()];
    let pem = authority()
        .issue_server(&names, now())
        .unwrap()
        .certificate_pem;
    assert!(serves(&pem, &names, now()));
    assert!(serves(&pem, &names[..1], now()));
    assert!(!serves(&pem, &["other.example".to_owned()], now()));
    assert!(!serves(&pem, &["192.0.2.8".to_owned()], now()));
    assert!(!serves(
        &pem,
        &names,
        "2023-09-01T00:00:00Z".parse().unwrap()
    ));
    assert!(!serves("", &names, now()));
}

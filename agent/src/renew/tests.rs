//! Renewal against the synthetic city, and cut off between any two steps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use granary_core::envelope::{KeyRole, SecretKey, Suite, pre_authentication_encoding};

use super::*;
use crate::certificate::tests::made;
use crate::identity::IdentityError;
use crate::link::tests::support::{City, Manner, UNIT, log_key};

/// 2026-01-03, when the certificates of these tests are two days old.
const NOW_MS: i64 = 1_767_225_600_000 + 2 * 86_400_000;

/// An identity whose certificate lasts three days.
struct Office(tempfile::TempDir);

impl Office {
    fn new() -> Self {
        let office = Self(tempfile::tempdir().unwrap());
        let folder = office.folder();
        let key = SecretKey::from_seed(Suite::Ed25519, &[5; 32]).unwrap();
        identity::store_key(folder, identity::SIGNING_KEY, &key).unwrap();
        let tls = KeyPair::generate().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        put(identity::TLS_KEY, &tls.serialize_pem());
        put(identity::CERTIFICATE, &made(UNIT, &tls, 0, 3).pem());
        put(identity::AUTHORITY, "synthetic");
        put(identity::UNIT, UNIT);
        put(identity::LOG_KEY, &log_key().to_string());
        put(identity::RECEIPT, "synthetic");
        office
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn identity(&self) -> Identity {
        Identity::load(self.folder()).unwrap()
    }

    fn until_ms(&self) -> i64 {
        let identity = self.identity();
        assert_eq!(identity.role, KeyRole::Agent);
        let certificate = Certificate::from_pem(&identity.certificate_pem).unwrap();
        assert!(
            certificate.is_of(&identity.tls_key_pem),
            "key and certificate always belong together"
        );
        certificate.until_ms
    }

    fn files(&self) -> Vec<String> {
        OsDisk.list(self.folder()).unwrap()
    }

    async fn renew(&self, city: &City) -> Result<i64, RenewError> {
        renew(city.channel(), self.folder(), &self.identity(), NOW_MS).await
    }
}

#[tokio::test]
async fn a_certificate_near_its_end_is_followed_by_one_for_a_new_key() {
    let (office, city) = (Office::new(), City::start(Manner::Honest));
    let (before, old_key) = (office.files(), office.identity().tls_key_pem);
    let old_until = office.until_ms();
    let until = office.renew(&city).await.unwrap();
    assert!(until > old_until);
    assert_eq!(office.until_ms(), until);
    assert_ne!(office.identity().tls_key_pem, old_key);
    assert_eq!(office.files(), before, "nothing is left over");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let (office, city) = (Office::new(), City::start(Manner::CutAt(1)));
    let old = office.until_ms();
    let lost = office.renew(&city).await.unwrap_err();
    assert!(matches!(lost, RenewError::Unreachable(_)), "{lost}");
    assert_eq!(
        office.until_ms(),
        old,
        "the old one is in force until the new one is here"
    );
    let key = fs::read_to_string(office.folder().join(NEXT_KEY)).unwrap();
    office.renew(&city).await.unwrap();
    assert_eq!(office.identity().tls_key_pem, key);
}

#[tokio::test]
async fn cut_off_after_any_step_the_pair_belongs_together_and_the_rest_follows() {
    for steps in 0..=4 {
        let office = Office::new();
        let (identity, key) = (office.identity(), next_key(office.folder()).unwrap());
        assert!(request(&identity, &key).is_ok());
        let certificate = made(UNIT, &key, 2, 700);
        let text = format!("{}{}", certificate.pem(), key.serialize_pem());
        write_secret_durably(&office.folder().join(NEXT), text.as_bytes()).unwrap();
        settle_up_to(office.folder(), steps).unwrap();
        // A process that was killed here has left this; the next one loads the new pair, whatever stands in the old files.
        assert_eq!(
            office.identity().tls_key_pem,
            key.serialize_pem(),
            "{steps}"
        );
        let until = office.until_ms();
        settle(office.folder()).unwrap();
        assert_eq!(office.until_ms(), until);
        assert!(
            !office.files().iter().any(|name| name.contains("next")),
            "{steps}"
        );
    }
}

#[tokio::test]
async fn a_torn_commit_is_none() {
    let office = Office::new();
    let old = office.until_ms();
    fs::write(
        office.folder().join(NEXT),
        "-----BEGIN CERTIFICATE-----\nAA",
    )
    .unwrap();
    assert_eq!(office.until_ms(), old);
    settle(office.folder()).unwrap();
    assert_eq!(office.until_ms(), old);
}

#[tokio::test]
async fn what_is_not_for_this_key_and_unit_is_not_stored() {
    let office = Office::new();
    let (identity, key, other) = (
        office.identity(),
        KeyPair::generate().unwrap(),
        KeyPair::generate().unwrap(),
    );
    let wrong = |unit: &str, key_of: &KeyPair, until| {
        let der = made(unit, key_of, 0, until).der().to_vec();
        check(&der, &key, &identity, NOW_MS).map_err(|error| error.to_string())
    };
    assert!(wrong(UNIT, &key, 700).is_ok());
    assert!(
        wrong(UNIT, &other, 700)
            .unwrap_err()
            .contains("another key")
    );
    assert!(
        wrong("520300", &key, 700)
            .unwrap_err()
            .contains("another unit")
    );
    assert!(wrong(UNIT, &key, 2).unwrap_err().contains("ends before"));
    // Three days from its beginning: its last third has begun, and the next would come at once.
    assert!(wrong(UNIT, &key, 3).unwrap_err().contains("at once"));
    assert!(check(b"none", &key, &identity, NOW_MS).is_err());
}

#[tokio::test]
async fn a_refusal_leaves_the_old_certificate_and_says_why() {
    let (office, city) = (Office::new(), City::start(Manner::RefuseFor(0)));
    let old = office.until_ms();
    let refused = office.renew(&city).await.unwrap_err();
    assert!(matches!(refused, RenewError::Refused(_)), "{refused}");
    assert_eq!(office.until_ms(), old);
}

#[test]
fn the_signing_key_answers_for_the_tls_key() {
    let office = Office::new();
    let (identity, key) = (office.identity(), KeyPair::generate().unwrap());
    let request = request(&identity, &key).unwrap();
    let message =
        pre_authentication_encoding(CERTIFICATE_REQUEST_TYPE, &request.certificate_request);
    let signature = request.signature.unwrap();
    assert_eq!(
        identity
            .signing
            .public_key()
            .verify(&message, &signature.signature),
        Ok(())
    );
}

#[test]
fn an_unfinished_identity_is_still_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Identity::load(folder.path()),
        Err(IdentityError::NotEnrolled(_))
    ));
}

//! What the agent reads in certificates: how long one lasts, whose it is, and whether a key is its own.

use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Days before its end at which a certificate is renewed at the latest; one that lasts less than thrice as long, in its last third.
const RENEWAL_DAYS: i64 = 60;
const DAY_MS: i64 = 86_400_000;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// From when it holds, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// The unit, where it has exactly one URI of Granary's that names one.
    pub unit: Option<String>,
    /// The public key, as its bit string.
    pub public_key: Vec<u8>,
}

impl Certificate {
    /// Reads one from PEM.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let (_, pem) =
            x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|e| e.to_string())?;
        Self::from_der(&pem.contents)
    }

    /// Reads one from DER.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|e| e.to_string())?;
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names);
        let units: Vec<&str> = names.filter_map(unit_of).collect();
        Ok(Self {
            from_ms: validity.not_before.timestamp().saturating_mul(1_000),
            until_ms: validity.not_after.timestamp().saturating_mul(1_000),
            unit: match units.as_slice() {
                [unit] => Some((*unit).to_owned()),
                _ => None,
            },
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        })
    }

    /// From when on the next one is to be asked for.
    #[must_use]
    pub fn renew_from_ms(&self) -> i64 {
        let lasts_ms = self.until_ms.saturating_sub(self.from_ms);
        let lead_ms = (RENEWAL_DAYS * DAY_MS).min(lasts_ms / 3);
        self.until_ms.saturating_sub(lead_ms)
    }

    /// Whether it does not hold any more.
    #[must_use]
    pub const fn is_expired(&self, now_ms: i64) -> bool {
        now_ms > self.until_ms
    }

    /// Whether a private key (PKCS #8 PEM) is the one whose public key it names.
    #[must_use]
    pub fn is_of(&self, key_pem: &str) -> bool {
        let key = rcgen::KeyPair::from_pem(key_pem);
        key.is_ok_and(|key| rcgen::PublicKeyData::der_bytes(&key) == self.public_key)
    }
}

fn unit_of<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    if let GeneralName::URI(uri) = name {
        return uri.strip_prefix("granary:unit:");
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    /// A certificate of its own key for a unit, from `from` days to `until` days after 2026-01-01.
    pub(crate) fn made(unit: &str, key: &KeyPair, from: i64, until: i64) -> rcgen::Certificate {
        let mut params = CertificateParams::default();
        let uri = format!("granary:unit:{unit}");
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        let day = |days: i64| {
            rcgen::date_time_ymd(2026, 1, 1)
                + std::time::Duration::from_secs(u64::try_from(days * 86_400).unwrap())
        };
        params.not_before = day(from);
        params.not_after = day(until);
        params.self_signed(key).unwrap()
    }

    #[test]
    fn it_says_whose_it_is_until_when_and_for_which_key() {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = Certificate::from_pem(&made("520100", &key, 0, 730).pem()).unwrap();
        assert_eq!(certificate.unit.as_deref(), Some("520100"));
        assert!(certificate.is_of(&key.serialize_pem()));
        assert!(!certificate.is_of(&other.serialize_pem()));
        assert!(!certificate.is_of("no key"));
        assert_eq!(certificate.until_ms - certificate.from_ms, 730 * DAY_MS);
        assert!(!certificate.is_expired(certificate.until_ms));
        assert!(certificate.is_expired(certificate.until_ms + 1));
        assert!(Certificate::from_pem("damaged").is_err());
    }

    #[test]
    fn a_long_one_is_renewed_sixty_days_before_its_end_and_a_short_one_in_its_last_third() {
        let key = KeyPair::generate().unwrap();
        let lead = |days| {
            let certificate = Certificate::from_pem(&made("a", &key, 0, days).pem()).unwrap();
            (certificate.until_ms - certificate.renew_from_ms()) / DAY_MS
        };
        assert_eq!((lead(730), lead(180), lead(30), lead(3)), (60, 60, 10, 1));
    }
}

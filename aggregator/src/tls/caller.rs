//! The caller: what a verified client certificate says about the other end.

use granary_core::code::UnitCode;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// What our URIs begin with.
const SCHEME: &str = "granary:";

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody without a certificate of ours.
    Anonymous,
    /// An agent of this unit.
    Unit(UnitCode),
    /// One of the city's people.
    Person(Role),
}

/// What one of the city's people may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads everything and submits signed acts.
    Operator,
    /// Reads everything.
    Auditor,
}

impl Caller {
    /// Reads a certificate that TLS has already verified. One that does not hold exactly one URI of ours says nothing,
    /// so its holder is anonymous.
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else {
            return Self::Anonymous;
        };
        let Ok(Some(names)) = certificate.subject_alternative_name() else {
            return Self::Anonymous;
        };
        let mut ours = names.value.general_names.iter().filter_map(our_uri);
        match (ours.next(), ours.next()) {
            (Some(uri), None) => Self::parse(uri).unwrap_or(Self::Anonymous),
            (Some(_), Some(_)) | (None, _) => Self::Anonymous,
        }
    }

    /// The URI that a certificate holds for this caller; an anonymous one has none.
    #[must_use]
    pub fn uri(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Unit(unit) => Some(format!("{SCHEME}unit:{unit}")),
            Self::Person(role) => Some(format!("{SCHEME}role:{}", role.word())),
        }
    }

    fn parse(uri: &str) -> Option<Self> {
        match uri.split_once(':')? {
            ("unit", code) => UnitCode::new(code).ok().map(Self::Unit),
            ("role", word) => Role::from_word(word).map(Self::Person),
            _ => None,
        }
    }
}

impl Role {
    /// The word for it in certificates and commands: `operator`, `auditor`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Operator, Self::Auditor]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// What follows our scheme in a URI of ours.
fn our_uri<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    if let GeneralName::URI(uri) = name {
        return uri.strip_prefix(SCHEME);
    }
    None
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    /// The caller that a certificate with these URIs stands for.
    fn check(uris: &[&str], expect: &Caller) {
        let mut params = CertificateParams::default();
        let uri = |uri: &&str| SanType::URI((*uri).try_into().unwrap());
        params.subject_alt_names = uris.iter().map(uri).collect();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(
            &Caller::of_certificate(certificate.der()),
            expect,
            "{uris:?}"
        );
    }

    #[test]
    fn one_uri_of_ours_names_the_caller() {
        let unit = Caller::Unit(UnitCode::new("520100").unwrap());
        check(&["granary:unit:520100"], &unit);
        check(&["https://example.org/", "granary:unit:520100"], &unit);
        check(&["granary:role:operator"], &Caller::Person(Role::Operator));
        check(&["granary:role:auditor"], &Caller::Person(Role::Auditor));
    }

    #[test]
    fn anything_else_is_anonymous() {
        for uris in [
            &[][..],
            &["granary:role:admin"],
            &["granary:unit:"],
            &["granary:unit:a/b"],
            &["granary:unit"],
            &["GRANARY:unit:520100"],
            &["x-granary:unit:520100"],
            &["granary:unit:520100", "granary:role:operator"],
            &["granary:unit:520100", "granary:unit:520200"],
        ] {
            check(uris, &Caller::Anonymous);
        }
        assert_eq!(
            Caller::of_certificate(b"not a certificate"),
            Caller::Anonymous
        );
    }

    #[test]
    fn a_uri_reads_back() {
        for caller in [
            Caller::Unit(UnitCode::new("a.b_c-1").unwrap()),
            Caller::Person(Role::Auditor),
        ] {
            check(&[&caller.uri().unwrap()], &caller);
        }
        assert_eq!(Caller::Anonymous.uri(), None);
    }
}

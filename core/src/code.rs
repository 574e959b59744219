//! The names by which things are known: units, indicators, datasets, edits, items.
//!
//! Each is a newtype over a short text whose alphabet is checked when it is made, so that a code can be written into a
//! key, a path or a table without quoting. Limits are in bytes. Texts of up to 23 bytes, which nearly all are, lie in the value
//! itself: a snapshot has dozens of them.

use std::fmt;

use smol_str::SmolStr;

/// Why a text is not a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: write {rule}")]
pub struct CodeError {
    what: &'static str,
    rule: &'static str,
    text: String,
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $rule:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// The longest text allowed, in bytes.
            pub const LEN_BYTES_MAX: usize = $max;

            /// Checks `text` against the alphabet and the length.
            ///
            /// # Errors
            /// [`CodeError`] says what the alphabet is.
            pub fn new(text: &str) -> Result<Self, CodeError> {
                let ok: fn(&str) -> bool = $ok;
                if (1..=$max).contains(&text.len()) && ok(text) {
                    return Ok(Self(SmolStr::new(text)));
                }
                let text = text.chars().take(80).collect();
                Err(CodeError { what: $what, rule: $rule, text })
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = CodeError;
            fn from_str(text: &str) -> Result<Self, CodeError> {
                Self::new(text)
            }
        }
    };
}

code!(
    /// A reporting unit (填报单位), for instance a GB/T 2260 code such as `520100`.
    UnitCode,
    "unit code",
    32,
    "1 to 32 letters, digits, '.', '_' or '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
);
code!(
    /// An indicator (指标), written so that it is also a VTL identifier: `gdp_primary`.
    IndicatorCode,
    "indicator code",
    48,
    "a lower-case letter, then up to 47 lower-case letters, digits or '_'",
    |text| text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
);
code!(
    /// A dataset (报表): `quarterly-accounts`.
    DatasetCode,
    "dataset code",
    48,
    "a lower-case letter, then up to 47 lower-case letters, digits or '-'",
    |text| text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);
code!(
    /// An edit's errorcode: `GDP.BALANCE`.
    EditId,
    "edit id",
    48,
    "an upper-case letter, then up to 47 upper-case letters, digits, '.', '_' or '-'",
    |text| text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| {
            b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        })
);
code!(
    /// An item (明细项): the second key of an observation in an itemised dataset.
    ItemKey,
    "item key",
    64,
    "1 to 64 bytes of text without control characters or spaces at its ends",
    |text| text.trim() == text && !text.chars().any(char::is_control)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_hold() {
        assert!(UnitCode::new("520100").is_ok());
        assert!(UnitCode::new("").is_err());
        assert!(UnitCode::new("52/01").is_err());
        assert!(UnitCode::new(&"5".repeat(33)).is_err());
        assert!(IndicatorCode::new("gdp_primary").is_ok());
        assert!(IndicatorCode::new("1gdp").is_err());
        assert!(DatasetCode::new("quarterly-accounts").is_ok());
        assert!(EditId::new("GDP.BALANCE").is_ok());
        assert!(EditId::new("gdp").is_err());
        assert!(ItemKey::new("G75 高速公路").is_ok());
        assert!(ItemKey::new(" x").is_err());
        assert!(ItemKey::new("a\nb").is_err());
    }

    #[test]
    fn an_error_names_the_rule_and_bounds_the_text() {
        let error = UnitCode::new(&"好".repeat(500)).unwrap_err();
        assert!(error.to_string().contains("unit code"));
        assert!(error.to_string().len() < 400);
    }
}

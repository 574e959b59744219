//! The short codes that only the catalogue uses: levels of the unit tree, departments, units of measure, scorecards.
//!
//! Each is 1 to 32 bytes of ASCII letters, digits, `_`, `-` and `.`.

use std::{fmt, str::FromStr, sync::Arc};

/// Why a text is not such a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: write 1 to 32 letters, digits, '.', '_' or '-'")]
pub struct WordError {
    what: &'static str,
    text: String,
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` against the alphabet and the length.
            ///
            /// # Errors
            /// [`WordError`] says what the alphabet is.
            pub fn new(text: &str) -> Result<Self, WordError> {
                if is_word(text) {
                    return Ok(Self(text.into()));
                }
                let text = text.chars().take(80).collect();
                Err(WordError { what: $what, text })
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = WordError;
            fn from_str(text: &str) -> Result<Self, WordError> {
                Self::new(text)
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
    };
}

word!(
    /// A level of the unit tree: `prefecture`, `county`.
    LevelCode,
    "level"
);
word!(
    /// A department that answers for indicators: `statistics`.
    DepartmentCode,
    "department code"
);
word!(
    /// A unit of measure: `CNY_100M`, `PERCENT`.
    MeasureCode,
    "unit of measure"
);

word!(
    /// A scorecard: `counties`.
    ScorecardCode,
    "scorecard code"
);
word!(
    /// A component of a scorecard: `timeliness`.
    ComponentCode,
    "component code"
);

fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

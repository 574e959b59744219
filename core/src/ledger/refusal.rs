//! Why a submission is not journaled: one small set of codes, each with a sentence in both languages.
//!
//! A refusal is a result, not an error: the submission was understood well enough to say why it is not taken.

use std::fmt;

use crate::text::Bilingual;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal, $retryable:literal;)*) => {
        /// The reason for a refusal; the numbers are those of `granary.v1.RefusalCode`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode { $($(#[$doc])* $name,)* }

        impl RefusalCode {
            /// Every code, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self { $(Self::$name => $number,)* }
            }

            /// The word for it in logs and metrics.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whether the same bytes may be accepted later.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }
        }
    };
}

codes! {
    /// The envelope or its payload cannot be read.
    Malformed = 1 "malformed", false;
    /// It is too large.
    TooLarge = 2 "too_large", false;
    /// The payload type is not taken here.
    PayloadType = 3 "payload_type", false;
    /// The key is not enrolled.
    KeyUnknown = 4 "key_unknown", false;
    /// The key was revoked.
    KeyRevoked = 5 "key_revoked", false;
    /// The key belongs to another unit.
    KeyOfAnotherUnit = 6 "key_of_another_unit", false;
    /// The signature does not verify.
    Signature = 7 "signature", false;
    /// The unit is not in the catalogue.
    UnitUnknown = 8 "unit_unknown", false;
    /// The dataset is not in the catalogue.
    DatasetUnknown = 9 "dataset_unknown", false;
    /// The dataset is not reported for this period.
    PeriodUnknown = 10 "period_unknown", false;
    /// The period has not begun.
    PeriodFuture = 11 "period_future", false;
    /// The roster does not expect it.
    NotExpected = 12 "not_expected", false;
    /// An indicator is not in the dataset.
    IndicatorUnknown = 13 "indicator_unknown", false;
    /// A value has too many decimals.
    TooManyDecimals = 14 "too_many_decimals", false;
    /// An item where there may be none, or none where there must be one.
    Item = 15 "item", false;
    /// No catalogue has been published yet.
    NoCatalogue = 16 "no_catalogue", true;
    /// Too busy, or stopping.
    Overloaded = 17 "overloaded", true;
    /// The city's clock jumped back.
    Clock = 18 "clock", true;
    /// The city could not write to its disk.
    Storage = 19 "storage", true;
    /// An act that is not allowed, or that contradicts the journal.
    Act = 20 "act", false;
    /// The window of the slot is over, and no extension holds it open.
    Locked = 21 "locked", false;
    /// The window of the slot has not opened yet.
    NotOpen = 22 "not_open", true;
    /// A signature is missing that the catalogue asks for.
    SignaturesMissing = 23 "signatures_missing", false;
    /// The key was replaced by another one of its holder.
    KeyReplaced = 24 "key_replaced", false;
}

impl RefusalCode {
    /// The code of a number on the wire.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.number() == number)
    }
}

/// Why a submission is not journaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason as a code.
    pub code: RefusalCode,
    /// What was wrong, where, and what to do.
    pub message: Bilingual,
}

impl Refusal {
    /// Refuses with a sentence in Chinese and in English.
    pub fn new(code: RefusalCode, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            code,
            message: Bilingual::new(zh, en),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.word(), self.message.en)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_round_trip() {
        let numbers: Vec<i32> = RefusalCode::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        for code in RefusalCode::ALL {
            assert_eq!(RefusalCode::from_number(code.number()), Some(*code));
        }
        assert_eq!(RefusalCode::from_number(0), None);
    }
}

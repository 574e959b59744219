//! In which capacity a key signs.
//!
//! A key's role is stated when it is enrolled and never changes. What each dataset asks for is the catalogue's business.

use crate::text::Bilingual;

/// The capacity in which a key signs; the numbers are those of `granary.v1.KeyRole`. Ordered by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// The agent that prepares and sends statements: what every key was before there were roles.
    #[default]
    Agent,
    /// The head of statistics (统计负责人).
    StatisticsHead,
    /// The head of the unit (单位负责人).
    UnitHead,
}

impl KeyRole {
    /// Every role, in the order of the numbers.
    pub const ALL: [Self; 3] = [Self::Agent, Self::StatisticsHead, Self::UnitHead];

    /// The number on the wire. An agent's is 0, which is not written, so that old acts and rows keep their bytes.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Agent => 0,
            Self::StatisticsHead => 1,
            Self::UnitHead => 2,
        }
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The word in catalogues and on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::StatisticsHead => "head",
            Self::UnitHead => "unit-head",
        }
    }

    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// The name on screens.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Agent => Bilingual::new("填报端", "the agent"),
            Self::StatisticsHead => Bilingual::new("统计负责人", "the head of statistics"),
            Self::UnitHead => Bilingual::new("单位负责人", "the head of the unit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_round_trip() {
        for role in KeyRole::ALL {
            assert_eq!(KeyRole::from_number(role.number()), Some(role));
            assert_eq!(KeyRole::parse(role.word()), Some(role));
        }
        assert_eq!(KeyRole::from_number(3), None);
        assert_eq!(KeyRole::parse("Agent"), None);
    }
}

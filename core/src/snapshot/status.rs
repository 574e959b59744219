//! SDMX observation statuses (code list CL_OBS_STATUS, version 2.2).

/// What a value, or the lack of one, means. Blank, zero and not-applicable are three different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObservationStatus {
    /// A: normal value.
    Normal,
    /// B: time series break.
    Break,
    /// D: definition differs.
    DefinitionDiffers,
    /// E: estimated value.
    Estimated,
    /// F: forecast value.
    Forecast,
    /// K: included in another category; no value.
    IncludedElsewhere,
    /// L: exists but was not collected; no value.
    NotCollected,
    /// M: cannot exist; no value.
    CannotExist,
    /// N: not significant.
    NotSignificant,
    /// O: missing; no value.
    Missing,
    /// P: provisional value.
    Provisional,
    /// Q: suppressed; no value.
    Suppressed,
    /// U: low reliability.
    LowReliability,
}

impl ObservationStatus {
    /// Every status, in the order of its number on the wire (from 1).
    pub const ALL: [Self; 13] = [
        Self::Normal,
        Self::Break,
        Self::DefinitionDiffers,
        Self::Estimated,
        Self::Forecast,
        Self::IncludedElsewhere,
        Self::NotCollected,
        Self::CannotExist,
        Self::NotSignificant,
        Self::Missing,
        Self::Provisional,
        Self::Suppressed,
        Self::LowReliability,
    ];

    /// The SDMX letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Normal => 'A',
            Self::Break => 'B',
            Self::DefinitionDiffers => 'D',
            Self::Estimated => 'E',
            Self::Forecast => 'F',
            Self::IncludedElsewhere => 'K',
            Self::NotCollected => 'L',
            Self::CannotExist => 'M',
            Self::NotSignificant => 'N',
            Self::Missing => 'O',
            Self::Provisional => 'P',
            Self::Suppressed => 'Q',
            Self::LowReliability => 'U',
        }
    }

    /// The status of an SDMX letter.
    #[must_use]
    pub fn from_letter(letter: &str) -> Option<Self> {
        let mut letters = letter.chars();
        let first = letters.next()?;
        Self::ALL
            .into_iter()
            .find(|s| s.letter() == first && letters.as_str().is_empty())
    }

    /// Whether an observation with this status carries a value.
    #[must_use]
    pub const fn has_value(self) -> bool {
        match self {
            Self::IncludedElsewhere
            | Self::NotCollected
            | Self::CannotExist
            | Self::Missing
            | Self::Suppressed => false,
            Self::Normal
            | Self::Break
            | Self::DefinitionDiffers
            | Self::Estimated
            | Self::Forecast
            | Self::NotSignificant
            | Self::Provisional
            | Self::LowReliability => true,
        }
    }

    /// The number on the wire (`granary.v1.ObservationStatus`).
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32 + 1
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Self::ALL.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_numbers_round_trip() {
        for (index, status) in ObservationStatus::ALL.into_iter().enumerate() {
            assert_eq!(status.number(), i32::try_from(index).unwrap() + 1);
            assert_eq!(
                ObservationStatus::from_number(status.number()),
                Some(status)
            );
            assert_eq!(
                ObservationStatus::from_letter(&status.letter().to_string()),
                Some(status)
            );
        }
        assert_eq!(ObservationStatus::from_number(0), None);
        assert_eq!(ObservationStatus::from_number(14), None);
        assert_eq!(ObservationStatus::from_letter("AA"), None);
    }
}

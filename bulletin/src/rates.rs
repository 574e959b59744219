//! The two rates of a completeness table, as exact fractions.
//!
//! Both have the same denominator, the slots owed: expected minus exempt.
//! - reporting rate (报送率) = (timely + late) / owed: what has come in and been accepted;
//! - on-time rate (按时率) = timely / owed: what has come in by its due instant.
//!
//! A pending slot, not yet due and not yet accepted, is owed, so it is in the denominator and not in a numerator: until
//! nothing is pending both rates are interim and can still rise, by at most pending / owed. These are the
//! "reporting rate" and "reporting rate on time" of DHIS2 with the exempt slots taken out.

use granary_proto::v1::StateCounts;

/// A share of the slots owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Slots that count.
    pub numerator: u64,
    /// Slots owed.
    pub denominator: u64,
}

impl Rate {
    /// Accepted, in time or late, of all owed.
    #[must_use]
    pub const fn reporting(counts: &StateCounts) -> Self {
        Self {
            numerator: counts.timely.saturating_add(counts.late),
            denominator: owed(counts),
        }
    }

    /// Accepted in time, of all owed.
    #[must_use]
    pub const fn on_time(counts: &StateCounts) -> Self {
        Self {
            numerator: counts.timely,
            denominator: owed(counts),
        }
    }

    /// The rate in per cent with two decimals, rounded half up; `None` where nothing is owed. All and nothing alone are
    /// written 100.00 and 0.00, so that one missing slot among thirty thousand is not rounded away.
    #[must_use]
    pub fn percent(self) -> Option<String> {
        if self.denominator == 0 {
            return None;
        }
        let (part, whole) = (u128::from(self.numerator), u128::from(self.denominator));
        let rounded = (part * 20_000 + whole) / (2 * whole);
        let hundredths = if part == 0 || part >= whole {
            rounded
        } else {
            rounded.clamp(1, 9_999)
        };
        Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
    }
}

/// Whether the five states of a row sum to the slots expected, as they always must.
#[must_use]
pub const fn sums(counts: &StateCounts) -> bool {
    let accepted = counts.timely.saturating_add(counts.late);
    let open = counts.missing.saturating_add(counts.pending);
    accepted.saturating_add(open).saturating_add(counts.exempt) == counts.expected
}

const fn owed(counts: &StateCounts) -> u64 {
    counts.expected.saturating_sub(counts.exempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(timely: u64, late: u64, missing: u64, exempt: u64, pending: u64) -> StateCounts {
        let expected = timely + late + missing + exempt + pending;
        StateCounts {
            expected,
            timely,
            late,
            missing,
            exempt,
            pending,
        }
    }

    fn check(counts: StateCounts, reporting: Option<&str>, on_time: Option<&str>) {
        assert!(sums(&counts));
        assert_eq!(Rate::reporting(&counts).percent().as_deref(), reporting);
        assert_eq!(Rate::on_time(&counts).percent().as_deref(), on_time);
    }

    #[test]
    fn exempt_slots_are_not_owed_and_pending_ones_are() {
        check(counts(6, 1, 1, 5, 0), Some("87.50"), Some("75.00"));
        check(counts(6, 1, 1, 0, 2), Some("70.00"), Some("60.00"));
        check(counts(0, 0, 0, 3, 0), None, None);
        check(counts(0, 0, 0, 0, 4), Some("0.00"), Some("0.00"));
        check(counts(4, 0, 0, 1, 0), Some("100.00"), Some("100.00"));
    }

    #[test]
    fn rounding_hides_neither_the_last_nor_the_first_slot() {
        check(counts(29_999, 0, 1, 0, 0), Some("99.99"), Some("99.99"));
        check(counts(1, 0, 29_999, 0, 0), Some("0.01"), Some("0.01"));
        check(counts(2, 0, 1, 0, 0), Some("66.67"), Some("66.67"));
        let huge = StateCounts {
            expected: u64::MAX,
            timely: u64::MAX,
            ..StateCounts::default()
        };
        assert_eq!(Rate::on_time(&huge).percent().as_deref(), Some("100.00"));
    }

    #[test]
    fn a_row_that_does_not_sum_is_noticed() {
        let mut broken = counts(1, 1, 1, 1, 1);
        broken.missing += 1;
        assert!(!sums(&broken));
    }
}

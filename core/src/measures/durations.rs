//! A bag of durations, for percentiles.

/// Durations in milliseconds, in no order. Adding two bags pours them together.
#[derive(Clone, Debug, Default)]
pub struct Durations(Vec<i64>);

impl Durations {
    /// Adds one.
    pub fn push(&mut self, ms: i64) {
        self.0.push(ms);
    }

    /// Adds all of another bag.
    pub fn merge(&mut self, mut other: Self) {
        // The larger bag takes up the smaller, so that a sum over many groups copies each duration a few times only.
        if other.0.len() > self.0.len() {
            std::mem::swap(&mut self.0, &mut other.0);
        }
        self.0.append(&mut other.0);
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The percentile by nearest rank, as NIST/SEMATECH e-Handbook section 7.2.6.2 and Hyndman and Fan (1996), type 1, define
    /// it: the smallest duration such that at least `percent` per cent of all are no longer. Always one of the durations;
    /// none where there is none.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<i64> {
        let rank = (self.0.len() * usize::from(percent)).div_ceil(100).max(1);
        let mut sorted = self.0.clone();
        let last = rank.min(sorted.len()).checked_sub(1)?;
        Some(*sorted.select_nth_unstable(last).1)
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Option<i64> {
        self.0.iter().copied().max()
    }
}

/// Two bags are equal where they hold the same durations, each as often.
impl PartialEq for Durations {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |bag: &Self| {
            let mut durations = bag.0.clone();
            durations.sort_unstable();
            durations
        };
        self.0.len() == other.0.len() && sorted(self) == sorted(other)
    }
}

impl Eq for Durations {}

impl FromIterator<i64> for Durations {
    fn from_iter<I: IntoIterator<Item = i64>>(durations: I) -> Self {
        Self(durations.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let check = |durations: &[i64], percent, expect: Option<i64>| {
            let bag: Durations = durations.iter().copied().collect();
            assert_eq!(bag.percentile(percent), expect, "{durations:?} {percent}");
        };
        check(&[], 50, None);
        check(&[7], 50, Some(7));
        check(&[7], 90, Some(7));
        check(&[40, 10, 30, 20], 50, Some(20));
        check(&[50, 40, 10, 30, 20], 50, Some(30));
        check(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 90, Some(9));
        check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 90, Some(10));
    }

    #[test]
    fn order_makes_no_difference() {
        let bag = |durations: &[i64]| durations.iter().copied().collect::<Durations>();
        let mut poured = bag(&[3]);
        poured.merge(bag(&[1, 2, 2]));
        assert_eq!(poured, bag(&[2, 3, 1, 2]));
        assert_ne!(poured, bag(&[1, 3, 1, 2]));
    }
}

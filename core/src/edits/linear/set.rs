//! Small sets of small numbers: of cells, of edits.

/// A set of numbers below [`Set::ROOM`]. Ordered by its smallest numbers, for the sake of a fixed order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Set([u64; 8]);

impl Set {
    /// How many numbers there are.
    pub(super) const ROOM: usize = 512;
    pub(super) const EMPTY: Self = Self([0; 8]);

    /// The set without the number, where the number is too large; callers measure before they begin.
    #[must_use]
    pub(super) fn with(mut self, number: usize) -> Self {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
        self
    }

    #[must_use]
    pub(super) fn without(mut self, number: usize) -> Self {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
        self
    }

    pub(super) fn has(&self, number: usize) -> bool {
        let word = self.0.get(number / 64);
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    #[must_use]
    pub(super) fn union(mut self, other: &Self) -> Self {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
        self
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// How many numbers are in it.
    pub(super) fn len(&self) -> usize {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        usize::try_from(count).unwrap_or(Self::ROOM)
    }

    /// Its numbers, rising.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        let words = self.0.into_iter().enumerate();
        words.flat_map(|(place, mut word)| {
            std::iter::from_fn(move || {
                let bit = usize::try_from(word.trailing_zeros()).ok()?;
                word &= word.checked_sub(1)?;
                Some(place * 64 + bit)
            })
        })
    }
}

impl FromIterator<usize> for Set {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        numbers.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in() {
        let set: Set = [0, 63, 64, 511].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 511]);
        assert_eq!(set.len(), 4);
        assert!(set.has(63) && !set.has(62) && !set.without(63).has(63));
        assert!(set.meets(&Set::EMPTY.with(511)) && !set.meets(&Set::EMPTY.with(1)));
        assert!(Set::EMPTY.with(512).is_empty() && !set.has(512));
    }
}

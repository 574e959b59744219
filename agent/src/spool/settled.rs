//! Which records of one segment are settled: one bit a record, from the segment's first sequence number.

/// More records than one segment can hold; a mark beyond is ignored, so that no file can fill the memory.
pub(super) const MARKS_MAX: u64 = 1 << 22;

/// The settled records of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    words: Vec<u64>,
}

impl Settled {
    /// Marks the record at `index`; false when it was marked before.
    pub(super) fn mark(&mut self, index: u64) -> bool {
        if index >= MARKS_MAX {
            return false;
        }
        let (word, bit) = ((index / 64) as usize, 1 << (index % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        fresh
    }

    /// Marks the records from `from` to `to`, both included.
    pub(super) fn mark_all(&mut self, from: u64, to: u64) {
        for index in from..=to.min(MARKS_MAX) {
            self.mark(index);
        }
    }

    /// True when the record at `index` is settled.
    pub(super) fn contains(&self, index: u64) -> bool {
        self.words
            .get((index / 64) as usize)
            .is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// The runs of settled records as (first, last), ascending.
    pub(super) fn runs(&self) -> impl Iterator<Item = (u64, u64)> {
        let end = self.words.len() as u64 * 64;
        let mut next = 0;
        std::iter::from_fn(move || {
            let from = (next..end).find(|index| self.contains(*index))?;
            let after = (from..end)
                .find(|index| !self.contains(*index))
                .unwrap_or(end);
            next = after;
            Some((from, after - 1))
        })
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn runs_are_what_was_marked() {
        let mut settled = Settled::default();
        assert_eq!(settled.runs().count(), 0);
        for index in [0, 1, 63, 64, 65, 127, 200] {
            assert!(settled.mark(index));
            assert!(!settled.mark(index));
        }
        assert_eq!(
            settled.runs().collect::<Vec<_>>(),
            [(0, 1), (63, 65), (127, 127), (200, 200)]
        );
        assert!(!settled.contains(2) && !settled.contains(10_000));
    }

    #[test]
    fn an_absurd_mark_takes_no_memory() {
        let mut settled = Settled::default();
        assert!(!settled.mark(u64::MAX));
        settled.mark_all(MARKS_MAX - 1, u64::MAX);
        assert!(settled.memory_bytes() <= 2 * (MARKS_MAX as usize) / 8);
    }
}

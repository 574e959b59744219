//! Bitmaps over the rows of a panel, 64 rows a word.

/// How many rows a word holds.
pub(super) const WORD: usize = 64;

/// One bit a row; row `r` is bit `r % 64` of word `r / 64`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// As many words of zeros.
    pub(super) fn new(words: usize) -> Self {
        Self(vec![0; words])
    }

    /// Whether the bit is set; a row beyond the last has none.
    #[must_use]
    pub fn get(&self, row: usize) -> bool {
        let word = self.0.get(row / WORD).copied().unwrap_or_default();
        word >> (row % WORD) & 1 == 1
    }

    pub(super) fn set(&mut self, row: usize, to: bool) {
        if let Some(word) = self.0.get_mut(row / WORD) {
            *word = *word & !(1 << (row % WORD)) | u64::from(to) << (row % WORD);
        }
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.0
    }

    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }

    /// How many bits are set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows whose bits are set, ascending.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate();
        words.flat_map(|(at, word)| ones(*word).map(move |bit| at * WORD + bit))
    }
}

/// The places of the bits that are set in a word, ascending.
pub(super) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        word &= word.wrapping_sub(1);
        (bit < WORD).then_some(bit)
    })
}

//! Fingerprints in words (核对词), for two people on the telephone.
//!
//! The first eight bytes of a SHA-256 become eight words of a list of 256, one word a byte, in the order of the bytes; each word
//! stands in Chinese and in English for the same thing, so that each side may read in its own language. After the idea of the PGP
//! word list (Juola and Zimmermann, 1995), with words of our own: no two Chinese words sound alike when the tones are left out.
//! Eight bytes suffice against somebody who wants a certificate with the words of another: that takes 2^64 attempts.

mod list;

use crate::{digest::Digest, text::Language};

/// How many words are read out.
pub const WORDS_COUNT: usize = 8;

/// The words of a fingerprint, in one language: numbered from 1, so that a word that was missed can be asked for.
///
/// ```
/// use granary_core::{digest::Digest, fingerprint, text::Language};
/// let digest = Digest::from_bytes([0; 32]);
/// assert!(fingerprint::words(&digest, Language::En).starts_with("1 apple  2 apple  3 apple"));
/// ```
#[must_use]
pub fn words(digest: &Digest, language: Language) -> String {
    let bytes = digest.as_bytes().iter().take(WORDS_COUNT);
    let word = |(number, byte): (usize, &u8)| {
        let (zh, en) = list::WORDS[usize::from(*byte)];
        let word = match language {
            Language::Zh => zh,
            Language::En => en,
        };
        format!("{number} {word}")
    };
    (1..).zip(bytes).map(word).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_word_stands_for_one_byte_in_both_languages() {
        let zh: BTreeSet<_> = list::WORDS.iter().map(|(zh, _)| zh).collect();
        let en: BTreeSet<_> = list::WORDS.iter().map(|(_, en)| en).collect();
        assert_eq!((zh.len(), en.len()), (256, 256));
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        assert!(list::WORDS.iter().all(|(_, en)| is_word(en)));
    }

    /// The two sides may run programs of different ages: a changed list shows here.
    #[test]
    fn the_list_never_changes() {
        let mut text = String::new();
        for (zh, en) in list::WORDS {
            text.push_str(&format!("{zh} {en}\n"));
        }
        let digest = Digest::of(text.as_bytes()).to_string();
        assert_eq!(digest, LIST_SHA256);
    }

    #[test]
    fn each_of_the_first_eight_bytes_changes_its_own_word() {
        let plain = words(&Digest::from_bytes([7; 32]), Language::Zh);
        for at in 0..32 {
            let mut bytes = [7; 32];
            bytes[at] = 8;
            let changed = words(&Digest::from_bytes(bytes), Language::Zh);
            let differ = plain
                .split("  ")
                .zip(changed.split("  "))
                .filter(|(a, b)| a != b);
            assert_eq!(differ.count(), usize::from(at < WORDS_COUNT), "byte {at}");
        }
    }

    const LIST_SHA256: &str = "86676f27f7de62b8775a4bada371d771d049130dba3c303bbd6b3f075973ecee";
}

//! Rows of the derived store that were read or written not long ago, and that certain rows are not there.
//!
//! A parent's sums are changed by each of its children, a slot is looked at again from the next period. Only the fold writes
//! the rows, so what it keeps here is what the store holds.

use std::collections::HashMap;

use granary_core::ledger::keys;

/// The most bytes of each of the two generations.
const GENERATION_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a row weighs beside its bytes.
const ROW_BYTES: usize = 96;

/// Rows by their key; `None` is known to be absent.
type Rows = HashMap<Vec<u8>, Option<Vec<u8>>>;

/// Two generations: what is looked at moves into the young one; when that is full the old one is forgotten whole, so that
/// keeping costs no order.
#[derive(Debug, Default)]
pub(super) struct Kept {
    young: Rows,
    old: Rows,
    young_bytes: usize,
}

impl Kept {
    /// The row, where it is known: `Some(None)` says that there is none.
    pub(super) fn get(&mut self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        if let Some(row) = self.young.get(key) {
            return Some(row.clone());
        }
        let (key, row) = self.old.remove_entry(key)?;
        self.put(key, row.clone());
        Some(row)
    }

    /// Keeps what the store holds under a key, but for rows that nobody will ask for, which are most.
    pub(super) fn put(&mut self, key: Vec<u8>, row: Option<Vec<u8>>) {
        if keys::is_only_written(&key) {
            return;
        }
        if self.young_bytes > GENERATION_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += ROW_BYTES + key.len() + row.as_ref().map_or(0, Vec::len);
        self.young.insert(key, row);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_newest_row_counts_and_absence_is_known() {
        let mut kept = Kept::default();
        assert_eq!(kept.get(b"a"), None);
        kept.put(b"a".to_vec(), None);
        assert_eq!(kept.get(b"a"), Some(None));
        kept.put(b"a".to_vec(), Some(b"1".to_vec()));
        kept.put(b"a".to_vec(), Some(b"2".to_vec()));
        assert_eq!(kept.get(b"a"), Some(Some(b"2".to_vec())));
    }

    #[test]
    fn what_is_looked_at_stays_and_the_rest_is_forgotten() {
        let mut kept = Kept::default();
        let large = || Some(vec![0; GENERATION_BYTES_MAX / 4]);
        kept.put(b"often".to_vec(), Some(b"1".to_vec()));
        kept.put(b"seldom".to_vec(), Some(b"1".to_vec()));
        for number in 0..40_u8 {
            kept.put(vec![number], large());
            assert_eq!(kept.get(b"often"), Some(Some(b"1".to_vec())), "{number}");
        }
        assert_eq!(kept.get(b"seldom"), None);
        assert!(kept.young.len() + kept.old.len() < 16);
    }

    #[test]
    fn a_row_that_was_rewritten_does_not_come_back_from_the_old_generation() {
        let mut kept = Kept::default();
        kept.put(b"a".to_vec(), Some(b"1".to_vec()));
        kept.put(b"fill".to_vec(), Some(vec![0; 2 * GENERATION_BYTES_MAX]));
        kept.put(b"a".to_vec(), Some(b"2".to_vec()));
        assert!(kept.old.contains_key(b"a".as_slice()));
        assert_eq!(kept.get(b"a"), Some(Some(b"2".to_vec())));
    }
}

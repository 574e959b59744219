//! Files that broke on the way, or were made to harm the reader: always an error, never a panic, never much memory.

use std::sync::OnceLock;

use granary_audit::{
    archive::{self, ArchiveError, PLAIN_BYTES_MAX, STORED_BYTES_MAX},
    replay::Fault,
};
use proptest::prelude::*;

use crate::journal::{archive, end, history, records, replay};

fn honest() -> &'static [u8] {
    static HONEST: OnceLock<Vec<u8>> = OnceLock::new();
    HONEST.get_or_init(|| {
        let records = records(&history());
        archive(&records, &end(&records))
    })
}

fn fault(bytes: &[u8]) -> Fault {
    replay(bytes).err().expect("it does not hold")
}

fn check(bytes: &[u8], word: &str) {
    let fault = fault(bytes);
    assert_eq!(fault.word(), word, "{fault}");
    assert!(!fault.message().zh.is_empty());
}

#[test]
fn a_file_that_ends_early_says_so() {
    check(&[], "not_an_archive");
    check(&honest()[..7], "not_an_archive");
    check(&honest()[..12], "truncated");
    check(&honest()[..honest().len() - 1], "truncated");
    let Fault::Archive(ArchiveError::Truncated { entries, .. }) =
        fault(&honest()[..honest().len() - 1])
    else {
        panic!("another fault");
    };
    assert_eq!(entries, records(&history()).len() as u64);
}

#[test]
fn what_follows_the_end_is_noticed() {
    check(&[honest(), b"x"].concat(), "trailing");
}

#[test]
fn a_text_transfer_is_recognised() {
    let text = String::from_utf8_lossy(honest()).replace("\r\n", "\n");
    check(text.as_bytes(), "not_an_archive");
}

#[test]
fn a_newer_version_asks_for_the_newer_program() {
    let mut bytes = honest().to_vec();
    bytes[11] = 2;
    let sum = crc32c::crc32c(&bytes[..12]).to_be_bytes();
    bytes[12..16].copy_from_slice(&sum);
    check(&bytes, "version");
}

/// A block of records that states what it likes, with a checksum that fits.
fn block(stored: &[u8], stored_bytes: u32, plain_bytes: u32, count: u32) -> Vec<u8> {
    let mut head = vec![1, 0, 0, 0];
    head.extend_from_slice(&stored_bytes.to_be_bytes());
    head.extend_from_slice(&plain_bytes.to_be_bytes());
    head.extend_from_slice(&0_u64.to_be_bytes());
    head.extend_from_slice(&count.to_be_bytes());
    let sum = crc32c::crc32c_append(crc32c::crc32c(&head), stored);
    [
        &honest()[..archive::HEADER_BYTES],
        &head,
        &sum.to_be_bytes(),
        stored,
    ]
    .concat()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut stored = vec![0; zstd_safe::compress_bound(plain.len())];
    let length = zstd_safe::compress(&mut stored[..], plain, 19).unwrap();
    stored.truncate(length);
    stored
}

#[test]
fn a_bomb_opens_into_no_more_than_it_states() {
    let bomb = zstd(&vec![0; 64 << 20]);
    let length = u32::try_from(bomb.len()).unwrap();
    assert!(bomb.len() < 10_000, "{length}");
    for plain_bytes in [0, 1, 4_096, u32::try_from(PLAIN_BYTES_MAX).unwrap()] {
        check(&block(&bomb, length, plain_bytes, 1), "damaged");
    }
    // What states more than any block may have is refused before a byte of it is read.
    check(&block(&bomb, length, 64 << 20, 1), "damaged");
    check(&block(&bomb, u32::MAX, 4_096, 1), "damaged");
    let most = u32::try_from(STORED_BYTES_MAX).unwrap();
    check(&block(&bomb, most, 4_096, 1), "truncated");
}

#[test]
fn a_block_that_states_records_that_it_has_not_is_damaged() {
    let plain = zstd(&[0; 16]);
    let length = u32::try_from(plain.len()).unwrap();
    for count in [0, 1, 3, u32::MAX] {
        check(&block(&plain, length, 16, count), "damaged");
    }
    // Two empty records fill it, and are no entries.
    check(&block(&plain, length, 16, 2), "entry");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = honest().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let fault = replay(&bytes).err();
        prop_assert!(fault.is_some_and(|fault| fault.is_of_the_journal()), "byte {at}, bit {bit}");
    }

    #[test]
    fn any_cut_is_found(at in any::<prop::sample::Index>()) {
        let at = at.index(honest().len());
        let fault = replay(&honest()[..at]).err().unwrap();
        prop_assert!(["truncated", "not_an_archive"].contains(&fault.word()), "{fault}");
    }

    #[test]
    fn arbitrary_blocks_never_panic(stored in prop::collection::vec(any::<u8>(), 0..200), plain in 0..400_u32, count in 0..9_u32) {
        let length = u32::try_from(stored.len()).unwrap();
        prop_assert!(replay(&block(&stored, length, plain, count)).is_err());
    }

    #[test]
    fn arbitrary_records_never_panic(plain in prop::collection::vec(any::<u8>(), 0..200), count in 0..4_u32) {
        let stored = zstd(&plain);
        let (length, bytes) = (u32::try_from(stored.len()).unwrap(), u32::try_from(plain.len()).unwrap());
        prop_assert!(replay(&block(&stored, length, bytes, count)).is_err());
    }
}

//! What is written is read; the layout is the one that `docs/ARCHIVE.md` states.

use std::{io::Write as _, sync::Arc};

use super::*;

fn end() -> End {
    End {
        verifier_key: "city.example/log+00000000+AQ==".into(),
        checkpoint: "city.example/log\n3\nroot\n\n— city.example/log sig\n".into(),
    }
}

fn written(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    for (entry, payload) in records {
        writer.push(entry, payload).unwrap();
    }
    assert_eq!(writer.entries(), records.len() as u64);
    writer.finish(&end()).unwrap()
}

fn read(bytes: &[u8]) -> (Vec<Block>, End) {
    let mut reader = Reader::new(bytes).unwrap();
    let mut blocks = Vec::new();
    loop {
        match reader.next_piece().unwrap() {
            Some(Piece::Records(frame)) => blocks.push(frame.open().unwrap()),
            Some(Piece::End(end)) => {
                assert!(reader.next_piece().unwrap().is_none());
                return (blocks, end);
            }
            None => panic!("no end"),
        }
    }
}

#[test]
fn records_come_back_in_blocks() {
    let large = vec![7; PLAIN_BYTES_TARGET / 2];
    let records: Vec<(&[u8], &[u8])> =
        vec![(b"a", &large), (b"bb", &large), (b"", b""), (b"c", b"x")];
    let (blocks, found) = read(&written(&records));
    assert_eq!(found, end());
    let sizes: Vec<(u64, usize)> = blocks.iter().map(|b| (b.first(), b.len())).collect();
    assert_eq!(sizes, [(0, 2), (2, 2)]);
    let all: Vec<(&[u8], &[u8])> = blocks.iter().flat_map(Block::records).collect();
    assert_eq!(all, records);
    assert_eq!(blocks[1].payload(3), Some(&b"x"[..]));
    assert_eq!((blocks[1].payload(1), blocks[1].payload(4)), (None, None));
}

#[test]
fn an_empty_journal_has_an_end() {
    assert_eq!(read(&written(&[])), (Vec::new(), end()));
}

/// The example of `docs/ARCHIVE.md`, byte for byte up to what zstd writes.
#[test]
fn the_layout_is_the_documented_one() {
    let bytes = written(&[(b"entry", b"payload")]);
    assert_eq!(bytes[..8], [0x89, 0x47, 0x52, 0x4e, 0x4a, 0x0d, 0x0a, 0x1a]);
    assert_eq!(bytes[8..12], [0, 0, 0, 1]);
    assert_eq!(bytes[12..16], [0x87, 0xec, 0x37, 0xd1]);
    let head = &bytes[16..44];
    assert_eq!(head[..4], [1, 0, 0, 0]);
    let stored = u32::from_be_bytes(head[4..8].try_into().unwrap()) as usize;
    assert_eq!(head[8..12], [0, 0, 0, 20]);
    assert_eq!(head[12..24], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    let sum = crc32c::crc32c_append(crc32c::crc32c(&head[..24]), &bytes[44..44 + stored]);
    assert_eq!(head[24..], sum.to_be_bytes());
    let mut plain = [0; 20];
    assert_eq!(
        zstd_safe::decompress(&mut plain[..], &bytes[44..44 + stored]),
        Ok(20)
    );
    assert_eq!(&plain, b"\0\0\0\x05entry\0\0\0\x07payload");
    assert_eq!(bytes[44 + stored..][..4], [2, 0, 0, 0]);
}

#[test]
fn an_archive_goes_on_behind_a_whole_block() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes).unwrap();
    writer.push(b"a", b"1").unwrap();
    writer.flush().unwrap();
    let mut writer = Writer::resume(&mut bytes, 1);
    writer.push(b"b", b"2").unwrap();
    writer.finish(&end()).unwrap();
    let (blocks, _) = read(&bytes);
    let all: Vec<(&[u8], &[u8])> = blocks.iter().flat_map(Block::records).collect();
    assert_eq!(all, [(&b"a"[..], &b"1"[..]), (b"b", b"2")]);
}

#[test]
fn payloads_are_found_again_however_many_blocks_stay_open() {
    let large = vec![9; PLAIN_BYTES_MAX - 1_000];
    let records: Vec<(&[u8], &[u8])> = (0..6).map(|_| (&b"e"[..], &large[..])).collect();
    let bytes = written(&records);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let mut payloads = Payloads::new(file.reopen().unwrap());
    let mut reader = Reader::new(bytes.as_slice()).unwrap();
    while let Some(Piece::Records(frame)) = reader.next_piece().unwrap() {
        let block = Arc::new(frame.open().unwrap());
        payloads.add(frame.offset(), block);
    }
    for index in [0, 5, 1, 0] {
        assert_eq!(
            payloads.get(index).unwrap().map(|p| p.len()),
            Some(large.len())
        );
    }
    assert_eq!(payloads.get(6).unwrap(), None);
}

//! Bytes on disk: file headers, record frames, ledger entries and file names. The layout is stated in the header of
//! [`crate::spool`]; this module is the only one that knows the offsets of fields.

/// Bytes of the header of every file of the spool.
pub(super) const HEADER_BYTES: u64 = 24;
/// Bytes in front of every record.
pub(super) const FRAME_BYTES: u64 = 28;
/// Bytes of one ledger entry.
pub(super) const ENTRY_BYTES: u64 = 24;
/// The first bytes of every record frame, by which a reader finds the next frame after damage.
pub(super) const FRAME_MAGIC: [u8; 4] = *b"\xA7GrR";
/// The version that this program writes, and the highest that it reads.
pub(super) const VERSION: u8 = 1;

const FILE_MAGIC: [u8; 8] = *b"GRNSPOOL";
/// No segment starts with a higher number, so that arithmetic on sequence numbers cannot overflow.
const FIRST_MAX: u64 = 1 << 62;
const SEGMENT_SUFFIX: &str = ".seg";

/// The name of the ledger file.
pub(super) const LEDGER_NAME: &str = "ledger";
/// The name of the lock file.
pub(super) const LOCK_NAME: &str = "LOCK";
/// The name of the folder that keeps copies of damaged bytes.
pub(super) const QUARANTINE_NAME: &str = "quarantine";

/// What a file of the spool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Records.
    Segment,
    /// Notes about segments and settled records.
    Ledger,
    /// A segment whose records are all settled and whose space was given back before it could be removed.
    Emptied,
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A file of this version.
    Known { kind: FileKind, first: u64 },
    /// Whole, but written by a later version of the program.
    Later { version: u8 },
    /// Short or damaged.
    Damaged,
}

/// Where a frame stands. Its checksum covers this, so a frame is valid in one file and at one offset only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// First sequence number of the segment, as its name says.
    pub(super) first: u64,
    /// Offset of the frame in the file.
    pub(super) offset: u64,
}

/// The fixed part of a record frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub(super) sequence: u64,
    pub(super) length: u32,
    pub(super) body_crc: u32,
}

/// One note in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The segment exists: its file is missing if it is not there and was not retired.
    Segment { first: u64 },
    /// The segment has its final length; bytes from `end` on belong to no record.
    Sealed { first: u64, end: u64 },
    /// The records from `from` to `to`, both included, are settled.
    Settled { from: u64, to: u64 },
    /// All records of the segment are settled, and its file is to be removed.
    Retired { first: u64 },
}

impl FileKind {
    fn code(self) -> u8 {
        match self {
            FileKind::Segment => 1,
            FileKind::Ledger => 2,
            FileKind::Emptied => 3,
        }
    }

    fn from_code(code: u8) -> Option<FileKind> {
        [FileKind::Segment, FileKind::Ledger, FileKind::Emptied]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// The header of a file.
pub(super) fn encode_header(kind: FileKind, first: u64) -> [u8; HEADER_BYTES as usize] {
    encode_header_of(VERSION, kind, first)
}

fn encode_header_of(version: u8, kind: FileKind, first: u64) -> [u8; HEADER_BYTES as usize] {
    let mut bytes = [0; HEADER_BYTES as usize];
    bytes[..8].copy_from_slice(&FILE_MAGIC);
    bytes[8] = version;
    bytes[9] = kind.code();
    bytes[12..20].copy_from_slice(&first.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..20]);
    bytes[20..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads a header. The version is believed only when the checksum holds, so that a flipped bit is not
/// taken for a later format.
pub(super) fn decode_header(bytes: &[u8]) -> Header {
    let whole = bytes.len() >= HEADER_BYTES as usize && bytes[..8] == FILE_MAGIC;
    if !whole || u32_at(bytes, 20) != crc32c::crc32c(&bytes[..20]) {
        return Header::Damaged;
    }
    if bytes[8] > VERSION {
        return Header::Later { version: bytes[8] };
    }
    match FileKind::from_code(bytes[9]) {
        Some(kind) => Header::Known {
            kind,
            first: u64_at(bytes, 12),
        },
        None => Header::Damaged,
    }
}

/// The frame of a record: head and body in one piece, appended to `out`.
pub(super) fn encode_frame(
    place: Place,
    sequence: u64,
    record: &[u8],
    length: u32,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.extend_from_slice(&FRAME_MAGIC);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(record).to_le_bytes());
    let crc = head_crc(place, &out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(record);
}

/// Reads the head of a frame; `None` when it is short, damaged, or stands at another place than it was written for.
pub(super) fn decode_frame_head(place: Place, bytes: &[u8]) -> Option<FrameHead> {
    let whole = bytes.len() >= FRAME_BYTES as usize && bytes[..4] == FRAME_MAGIC;
    if !whole || u32_at(bytes, 16) != 0 || u32_at(bytes, 24) != head_crc(place, &bytes[..24]) {
        return None;
    }
    Some(FrameHead {
        sequence: u64_at(bytes, 8),
        length: u32_at(bytes, 4),
        body_crc: u32_at(bytes, 20),
    })
}

impl FrameHead {
    /// Offset of the byte after this frame, which starts at `offset`.
    pub(super) fn end(&self, offset: u64) -> u64 {
        offset
            .saturating_add(FRAME_BYTES)
            .saturating_add(u64::from(self.length))
    }
}

/// One ledger entry, for `offset` in the ledger.
pub(super) fn encode_entry(entry: Entry, offset: u64) -> [u8; ENTRY_BYTES as usize] {
    let (code, a, b) = match entry {
        Entry::Segment { first } => (1_u32, first, 0),
        Entry::Sealed { first, end } => (2, first, end),
        Entry::Settled { from, to } => (3, from, to),
        Entry::Retired { first } => (4, first, 0),
    };
    let mut bytes = [0; ENTRY_BYTES as usize];
    bytes[..4].copy_from_slice(&code.to_le_bytes());
    bytes[4..12].copy_from_slice(&a.to_le_bytes());
    bytes[12..20].copy_from_slice(&b.to_le_bytes());
    let crc = placed_crc(&[offset], &bytes[..20]);
    bytes[20..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads the ledger entry that stands at `offset`; `None` when it is short or damaged.
pub(super) fn decode_entry(bytes: &[u8], offset: u64) -> Option<Entry> {
    if bytes.len() < ENTRY_BYTES as usize
        || u32_at(bytes, 20) != placed_crc(&[offset], &bytes[..20])
    {
        return None;
    }
    let (a, b) = (u64_at(bytes, 4), u64_at(bytes, 12));
    match u32_at(bytes, 0) {
        1 => Some(Entry::Segment { first: a }),
        2 => Some(Entry::Sealed { first: a, end: b }),
        3 => Some(Entry::Settled { from: a, to: b }),
        4 => Some(Entry::Retired { first: a }),
        _ => None,
    }
}

/// The file name of the segment that starts with sequence number `first`: twenty digits, so that names sort as numbers.
pub(super) fn segment_name(first: u64) -> String {
    format!("{first:020}{SEGMENT_SUFFIX}")
}

/// The sequence number in a segment's file name; `None` for any other name.
pub(super) fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SEGMENT_SUFFIX)?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|first| (1..=FIRST_MAX).contains(first))
}

fn head_crc(place: Place, head: &[u8]) -> u32 {
    placed_crc(&[place.first, place.offset], head)
}

fn placed_crc(place: &[u64], bytes: &[u8]) -> u32 {
    let crc = place.iter().fold(0, |crc, part| {
        crc32c::crc32c_append(crc, &part.to_le_bytes())
    });
    crc32c::crc32c_append(crc, bytes)
}

/// The caller has checked that the bytes are there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8]
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The bytes of version 1. A change here is a change of format: raise [`VERSION`].
    #[test]
    fn bytes_of_version_1() {
        assert_eq!(
            hex(&encode_header(FileKind::Segment, 7)),
            "47524e53504f4f4c0101000007000000000000005fabca69"
        );
        let mut frame = Vec::new();
        encode_frame(
            Place {
                first: 7,
                offset: 24,
            },
            9,
            b"abc",
            3,
            &mut frame,
        );
        assert_eq!(
            hex(&frame),
            "a747725203000000090000000000000000000000b73f4b3639ccd0ff616263"
        );
        assert_eq!(
            hex(&encode_entry(Entry::Settled { from: 3, to: 5 }, 48)),
            "0300000003000000000000000500000000000000697bf0db"
        );
        assert_eq!(segment_name(7), "00000000000000000007.seg");
    }

    #[test]
    fn a_frame_is_valid_at_its_own_place_only() {
        let place = Place {
            first: 7,
            offset: 24,
        };
        let mut frame = Vec::new();
        encode_frame(place, 9, b"abc", 3, &mut frame);
        let head = decode_frame_head(place, &frame).unwrap();
        assert_eq!(
            (head.sequence, head.length, head.end(24)),
            (9, 3, 24 + 28 + 3)
        );
        assert_eq!(decode_frame_head(Place { first: 8, ..place }, &frame), None);
        assert_eq!(
            decode_frame_head(
                Place {
                    offset: 25,
                    ..place
                },
                &frame
            ),
            None
        );
    }

    #[test]
    fn entries_round_trip_and_stand_at_one_offset() {
        let entries = [
            Entry::Segment { first: 1 },
            Entry::Sealed {
                first: 1,
                end: u64::MAX,
            },
            Entry::Settled { from: 2, to: 9 },
            Entry::Retired { first: 1 },
        ];
        for entry in entries {
            assert_eq!(decode_entry(&encode_entry(entry, 24), 24), Some(entry));
            assert_eq!(decode_entry(&encode_entry(entry, 24), 48), None);
        }
    }

    #[test]
    fn a_later_version_is_told_from_a_flipped_bit() {
        assert_eq!(
            decode_header(&encode_header_of(2, FileKind::Segment, 7)),
            Header::Later { version: 2 }
        );
        let mut flipped = encode_header(FileKind::Segment, 7);
        flipped[8] ^= 2;
        assert_eq!(decode_header(&flipped), Header::Damaged);
    }

    #[test]
    fn segment_names() {
        assert_eq!(
            parse_segment_name(&segment_name(FIRST_MAX)),
            Some(FIRST_MAX)
        );
        for name in [
            "1.seg",
            "00000000000000000000.seg",
            "0000000000000000000x.seg",
            "00000000000000000007.seg~",
        ] {
            assert_eq!(parse_segment_name(name), None, "{name}");
        }
    }
}

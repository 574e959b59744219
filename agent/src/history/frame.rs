//! Bytes on disk; the layout is stated in the header of [`super`]. This module is the only one that knows the offsets of fields.

use granary_core::{
    code::{DatasetCode, UnitCode},
    digest::Digest,
    period::Period,
    snapshot::{SlotKey, Snapshot},
};
use prost::Message;

/// Bytes in front of head and body.
pub(super) const FIXED_BYTES: usize = 20;
/// A longer head is damage.
const HEAD_BYTES_MAX: u32 = 4_096;
const MAGIC: [u8; 4] = *b"\xA7GrH";

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whose file it is.
    Unit,
    /// A snapshot that the city says is current.
    Record,
    /// A snapshot that was spooled here.
    Stated,
    /// Up to where the frames before tell what is current.
    Known,
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) kind: Kind,
    pub(super) head_length: u32,
    pub(super) body_length: u32,
    crc: u32,
}

/// What is known of a payload without reading it.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct RecordHead {
    /// The dataset.
    #[prost(string, tag = "1")]
    pub dataset: String,
    /// The period, in SDMX form.
    #[prost(string, tag = "2")]
    pub period: String,
    /// The revision.
    #[prost(uint32, tag = "3")]
    pub revision: u32,
    /// When it was prepared; a part of its rank.
    #[prost(int64, tag = "4")]
    pub prepared_at_ms: i64,
    /// The SHA-256 of the payload; 32 bytes.
    #[prost(bytes = "vec", tag = "5")]
    pub payload_sha256: Vec<u8>,
    /// The index in the log; absent for what was spooled here.
    #[prost(uint64, optional, tag = "6")]
    pub index: Option<u64>,
}

/// Up to where the frames before it tell what is current.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct KnownHead {
    /// The index to ask from next time.
    #[prost(uint64, tag = "1")]
    pub next_index: u64,
    /// When the city said so, by its clock, in milliseconds since 1970-01-01 UTC.
    #[prost(int64, tag = "2")]
    pub city_time_ms: i64,
    /// Whether there was no more then.
    #[prost(bool, tag = "3")]
    pub complete: bool,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Unit, Self::Record, Self::Stated, Self::Known];

    const fn code(self) -> u8 {
        match self {
            Self::Unit => 1,
            Self::Record => 2,
            Self::Stated => 3,
            Self::Known => 4,
        }
    }
}

impl RecordHead {
    pub(super) fn of(snapshot: &Snapshot, payload_sha256: &Digest) -> Self {
        Self {
            dataset: snapshot.slot.dataset.to_string(),
            period: snapshot.slot.period.to_string(),
            revision: snapshot.revision,
            prepared_at_ms: snapshot.prepared_at_ms,
            payload_sha256: payload_sha256.as_bytes().to_vec(),
            index: None,
        }
    }

    /// The slot, of the file's unit.
    pub(super) fn slot(&self, unit: &UnitCode) -> Option<SlotKey> {
        Some(SlotKey::new(
            unit.clone(),
            DatasetCode::new(&self.dataset).ok()?,
            Period::parse(&self.period).ok()?,
        ))
    }
}

impl Fixed {
    /// Reads the fixed part; `None` where it is none.
    pub(super) fn read(bytes: &[u8; FIXED_BYTES]) -> Option<Self> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.code() == bytes[4])?;
        let fixed = Self {
            kind,
            head_length: u32_at(bytes, 8),
            body_length: u32_at(bytes, 12),
            crc: u32_at(bytes, 16),
        };
        let whole = bytes[..4] == MAGIC && bytes[5..8] == [0; 3];
        (whole && fixed.head_length <= HEAD_BYTES_MAX).then_some(fixed)
    }

    /// Whether the head is the one that the frame was written with.
    pub(super) fn holds(&self, bytes: &[u8; FIXED_BYTES], head: &[u8]) -> bool {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), head) == self.crc
    }
}

/// Appends a frame to `out`.
pub(super) fn write(out: &mut Vec<u8>, kind: Kind, head: &impl Message, body: &[u8]) {
    write_bytes(out, kind, &head.encode_to_vec(), body);
}

/// Appends the first frame of a file.
pub(super) fn write_unit(out: &mut Vec<u8>, unit: &UnitCode) {
    write_bytes(out, Kind::Unit, unit.as_str().as_bytes(), &[]);
}

fn write_bytes(out: &mut Vec<u8>, kind: Kind, head: &[u8], body: &[u8]) {
    // Payloads and heads have limits far below 2^32; a length that did not fit would only be read as damage.
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[kind.code(), 0, 0, 0]);
    out.extend_from_slice(&length(head));
    out.extend_from_slice(&length(body));
    let crc = crc32c::crc32c_append(crc32c::crc32c(&out[start..]), head);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(head);
    out.extend_from_slice(body);
}

fn u32_at(bytes: &[u8; FIXED_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

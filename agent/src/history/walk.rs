//! Going through the frames of the file, one after the other, as far as they are whole.

use std::io;

use granary_core::{code::UnitCode, digest::Digest, snapshot::SlotKey};
use prost::Message as _;

use super::frame::{FIXED_BYTES, Fixed, Kind, KnownHead, RecordHead};
use crate::durable::{DiskFile as _, OsFile};

/// What ranks statements of a slot: revision, time of preparation, digest; as the city ranks them.
pub(super) type Rank = (u32, i64, Vec<u8>);

/// A record's frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// The file's unit.
    pub(super) unit: UnitCode,
    /// Where the frame begins.
    pub(super) at: u64,
    pub(super) head: RecordHead,
    head_length: u32,
    pub(super) body_length: u32,
}

/// The whole part of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole {
    /// Whose file it is.
    pub(super) unit: Option<UnitCode>,
    /// Where it ends.
    pub(super) end: u64,
    /// From where on records are asked for.
    pub(super) next_index: u64,
    /// What the last frame said.
    last: Option<KnownHead>,
    /// What the last frame said after which there was no more.
    pub(super) complete: Option<KnownHead>,
}

impl Whole {
    /// What is to be written again to say the same.
    pub(super) fn known(&self) -> impl Iterator<Item = &KnownHead> {
        let last = self.last.iter().filter(|last| !last.complete);
        self.complete.iter().chain(last)
    }
}

impl Found {
    pub(super) fn slot(&self) -> Option<SlotKey> {
        self.head.slot(&self.unit)
    }

    pub(super) fn rank(&self) -> Rank {
        let head = &self.head;
        (
            head.revision,
            head.prepared_at_ms,
            head.payload_sha256.clone(),
        )
    }

    /// Bytes of the frame.
    pub(super) fn length(&self) -> u64 {
        FIXED_BYTES as u64 + u64::from(self.head_length) + u64::from(self.body_length)
    }

    /// The payload, as it stands there.
    pub(super) fn body(&self, file: &OsFile) -> io::Result<Vec<u8>> {
        let at = self.at + FIXED_BYTES as u64 + u64::from(self.head_length);
        let mut body = vec![0; usize::try_from(self.body_length).unwrap_or(0)];
        match read_fully(file, &mut body, at)? {
            true => Ok(body),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The payload, if it is there and has its digest.
    pub(super) fn payload(&self, file: &OsFile) -> Option<Vec<u8>> {
        let body = self.body(file).ok()?;
        let whole = Digest::of(&body).as_bytes()[..] == self.head.payload_sha256[..];
        whole.then_some(body)
    }
}

/// Visits the records of the file up to the first frame that is not whole. With `bodies` payloads are read too and compared with their
/// digests.
pub(super) fn walk(
    file: &OsFile,
    bodies: bool,
    visit: &mut dyn FnMut(&Found),
) -> io::Result<Whole> {
    let mut whole = Whole::default();
    let length = file.length()?;
    while let Some((fixed, head)) = next(file, whole.end, length)? {
        let end = whole.end
            + FIXED_BYTES as u64
            + u64::from(fixed.head_length)
            + u64::from(fixed.body_length);
        if !take(&mut whole, file, (fixed, &head), bodies, visit) {
            break;
        }
        whole.end = end;
    }
    Ok(whole)
}

/// The frame at an offset; `None` where none is whole.
fn next(file: &OsFile, at: u64, length: u64) -> io::Result<Option<(Fixed, Vec<u8>)>> {
    let mut bytes = [0; FIXED_BYTES];
    if !read_fully(file, &mut bytes, at)? {
        return Ok(None);
    }
    let Some(fixed) = Fixed::read(&bytes) else {
        return Ok(None);
    };
    let mut head = vec![0; usize::try_from(fixed.head_length).unwrap_or(0)];
    let head_at = at + FIXED_BYTES as u64;
    let whole = read_fully(file, &mut head, head_at)? && fixed.holds(&bytes, &head);
    let end = head_at + u64::from(fixed.head_length) + u64::from(fixed.body_length);
    Ok((whole && end <= length).then_some((fixed, head)))
}

/// Takes a frame; false where it does not belong there.
fn take(
    whole: &mut Whole,
    file: &OsFile,
    (fixed, head): (Fixed, &[u8]),
    bodies: bool,
    visit: &mut dyn FnMut(&Found),
) -> bool {
    match fixed.kind {
        Kind::Unit => {
            let unit = std::str::from_utf8(head)
                .ok()
                .and_then(|c| UnitCode::new(c).ok());
            let is_first = whole.end == 0 && unit.is_some();
            whole.unit = if is_first { unit } else { whole.unit.take() };
            is_first
        }
        Kind::Known => {
            let Ok(known) = KnownHead::decode(head) else {
                return false;
            };
            whole.next_index = known.next_index;
            whole.last = Some(known);
            if known.complete {
                whole.complete = Some(known);
            }
            whole.unit.is_some()
        }
        Kind::Record | Kind::Stated => {
            let (Ok(head), Some(unit)) = (RecordHead::decode(head), whole.unit.clone()) else {
                return false;
            };
            let found = Found {
                kind: fixed.kind,
                unit,
                at: whole.end,
                head,
                head_length: fixed.head_length,
                body_length: fixed.body_length,
            };
            // An empty body was let go on purpose.
            let holds = !bodies || found.body_length == 0 || found.payload(file).is_some();
            if holds {
                visit(&found);
            }
            holds
        }
    }
}

/// Whether the whole buffer could be filled.
fn read_fully(file: &OsFile, buffer: &mut [u8], mut at: u64) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at)? {
            0 => return Ok(false),
            read => {
                filled += read;
                at += read as u64;
            }
        }
    }
    Ok(true)
}

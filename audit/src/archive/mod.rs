//! The archive: a prefix of the journal with its payloads and its signed head, in one file. `docs/ARCHIVE.md` states every
//! byte, so that somebody else can write a reader.
//!
//! | part | layout, integers big-endian |
//! |---|---|
//! | file | header, then blocks; the last block is the end, and nothing follows it |
//! | header | [`MAGIC`] (8), version (u32, 1), CRC-32C of these 12 bytes (u32) |
//! | block | kind (u8), three zero bytes, stored bytes (u32), plain bytes (u32), first index (u64), records (u32), CRC-32C of these 24 bytes and the stored bytes (u32), stored bytes |
//! | stored bytes | one zstd frame of the plain bytes |
//! | plain bytes, kind 1 | for each record: entry's length (u32), entry, payload's length (u32), payload |
//! | plain bytes, kind 2 | the end: length (u32) and text of the log's verifier key, length (u32) and text of the checkpoint |
//!
//! Invariants: a block is read into memory only after its lengths are found to be within bounds, and opened into a buffer
//! of just its stated length, so that no file makes a reader take more than [`PLAIN_BYTES_MAX`] a block. The checksums find
//! accidents; whether anybody altered anything is for the log's tree and its signature to say.

mod block;
mod error;
mod payloads;
mod read;
mod write;

use granary_core::ledger::{act, entry};

pub use block::{Block, End, Frame};
pub use error::ArchiveError;
pub use payloads::Payloads;
pub use read::{Piece, Reader};
pub use write::Writer;

/// What an archive begins with. The bytes beyond ASCII and the line ends show at once that something rewrote the file.
pub const MAGIC: [u8; 8] = *b"\x89GRNJ\r\n\x1a";
/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;
/// Bytes of the file's header.
pub const HEADER_BYTES: usize = 16;
/// Bytes of a block's header.
pub const BLOCK_HEADER_BYTES: usize = 28;
/// Plain bytes after which a block takes no further record.
pub const PLAIN_BYTES_TARGET: usize = 256 << 10;
/// The most plain bytes of a block: it may just have been below the target when its largest record came.
pub const PLAIN_BYTES_MAX: usize =
    PLAIN_BYTES_TARGET + 8 + entry::ENTRY_BYTES_MAX + act::PAYLOAD_BYTES_MAX;
/// The most stored bytes of a block: what zstd makes of plain bytes that cannot be made smaller.
pub const STORED_BYTES_MAX: usize = PLAIN_BYTES_MAX + (PLAIN_BYTES_MAX >> 8) + 1_024;

/// Bytes of a block's header that its checksum covers.
const CHECKED_BYTES: usize = 24;
/// How hard zstd tries.
const LEVEL: i32 = 3;

#[cfg(test)]
mod tests;

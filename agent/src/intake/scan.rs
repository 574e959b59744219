//! The first pass over a file: its digest, and whether it is text that can be read at all.
//!
//! In: a path. Out: a [`Scan`]: SHA-256, encoding and the beginning. Memory: one buffer of 64 KiB, whatever the file.
//! A text is read in a stream, so its length costs time and no memory. A file that is too large for that too is refused by its size, before a byte of it is read; one that is no text is refused at the first
//! byte that shows it. A file that turns out not to be UTF-8 is looked at once more, as GB18030.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use granary_core::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::{
    encoding::{Encoding, Validity, head_text},
    fault::{Fault, Place, say},
};

/// The largest workbook that is read, and the largest file that is taken over the local page, in bytes.
pub const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The largest text that is read, in bytes: a minute's reading, where an endless file would hold the inbox up for ever.
pub const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// How much of the beginning is kept to look at headers, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// What the first pass found.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// The SHA-256 of all bytes.
    pub sha256: Digest,
    /// How it is written.
    pub encoding: Encoding,
    /// The beginning, as text; it may end within a line.
    pub head: String,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    /// It is no table that this program reads; the clerk can mend that.
    #[error("{}", .0.problem.en)]
    Fault(Box<Fault>),
    /// The same, but it may be a text in another encoding.
    #[error("{}", .0.problem.en)]
    NotUtf8(Box<Fault>),
    /// The operating system would not give the bytes; trying again may help.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
}

/// Reads the whole file once, and once more where it is not UTF-8.
///
/// # Errors
/// [`ScanError`]: too large, not text, in no encoding that is read, or unreadable.
pub(super) fn scan(path: &Path) -> Result<Scan, ScanError> {
    let mut head = [0; 4];
    let count = read(&mut File::open(path)?, &mut head)?;
    let marked = Encoding::of_mark(head.get(..count).unwrap_or_default());
    match (marked, scan_as(path, marked)) {
        (Encoding::Utf8, Err(ScanError::NotUtf8(fault))) => {
            match scan_as(path, Encoding::Gb18030) {
                Ok(scan) => Ok(scan),
                Err(ScanError::Io(error)) => Err(ScanError::Io(error)),
                Err(ScanError::Fault(_) | ScanError::NotUtf8(_)) => Err(ScanError::Fault(fault)),
            }
        }
        (_, scanned) => scanned,
    }
}

fn scan_as(path: &Path, encoding: Encoding) -> Result<Scan, ScanError> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > TEXT_BYTES_MAX {
        return Err(fault(too_large(size, TEXT_BYTES_MAX)));
    }
    let mut checker = Checker::new(encoding);
    let (mut hasher, mut head, mut total) = (Sha256::new(), Vec::new(), 0_u64);
    let mut buffer = vec![0; HEAD_BYTES];
    loop {
        let count = read(&mut file, &mut buffer)?;
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        if total == 0 {
            check_magic(chunk).map_err(fault)?;
            head.extend_from_slice(chunk);
        }
        total += chunk.len() as u64;
        if total > TEXT_BYTES_MAX {
            return Err(fault(too_large(total, TEXT_BYTES_MAX)));
        }
        hasher.update(chunk);
        checker.push(chunk)?;
    }
    checker.finish()?;
    if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        head.drain(..3);
    }
    Ok(Scan {
        sha256: Digest::from_bytes(hasher.finalize().into()),
        encoding,
        head: head_text(encoding, &head),
    })
}

/// Whether a file is a text in UTF-8 that the intake reads, to which lines can be added as they are.
///
/// # Errors
/// Those of reading.
pub(crate) fn is_utf8_text(path: &Path) -> io::Result<bool> {
    match scan(path) {
        Ok(scan) => Ok(scan.encoding == Encoding::Utf8),
        Err(ScanError::Fault(_) | ScanError::NotUtf8(_)) => Ok(false),
        Err(ScanError::Io(error)) => Err(error),
    }
}

/// The SHA-256 of a file of any kind, for instance of evidence.
///
/// # Errors
/// Those of reading.
pub fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; HEAD_BYTES];
    loop {
        let count = read(&mut file, &mut buffer)?;
        if count == 0 {
            return Ok(Digest::from_bytes(hasher.finalize().into()));
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
}

/// Fills the buffer as far as the file goes.
fn read(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn fault(fault: impl Into<Box<Fault>>) -> ScanError {
    ScanError::Fault(fault.into())
}

/// The words for a file that is too large.
pub(super) fn too_large(size: u64, max: u64) -> Fault {
    let (size, max) = (size.div_ceil(1024 * 1024), max / (1024 * 1024));
    Fault::of_file(
        say!(
            "文件约 {size} MB，超过 {max} MB 的上限",
            "the file has about {size} MB; at most {max} MB are read"
        ),
        say!(
            "按报告期或明细项拆成几个文件",
            "split it into several files, by period or by item"
        ),
    )
}

/// Files that are certainly something else, by their first bytes.
fn check_magic(chunk: &[u8]) -> Result<(), Box<Fault>> {
    let is = |magic: &[u8]| chunk.starts_with(magic);
    let save = say!(
        "在表格软件里“另存为”，选择“CSV UTF-8（逗号分隔）(*.csv)”",
        "in the spreadsheet program, \"Save as\" and choose \"CSV UTF-8 (Comma delimited) (*.csv)\""
    );
    let problem = if is(b"PK\x03\x04") || is(&[0xd0, 0xcf, 0x11, 0xe0]) {
        say!(
            "这是 Excel 工作簿或压缩文件，不是 CSV 文本",
            "this is a workbook or an archive, not CSV text"
        )
    } else if is(b"%PDF") {
        say!(
            "这是 PDF 文件，不是 CSV 文本",
            "this is a PDF, not CSV text"
        )
    } else {
        return Ok(());
    };
    Err(Box::new(Fault::of_file(problem, save)))
}

/// Checks that a file is text in its encoding.
enum Checker {
    Utf8(Utf8),
    Other(Validity, Encoding),
}

impl Checker {
    fn new(encoding: Encoding) -> Self {
        match Validity::new(encoding) {
            Some(validity) => Self::Other(validity, encoding),
            None => Self::Utf8(Utf8::default()),
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<(), ScanError> {
        match self {
            Self::Utf8(utf8) => utf8.push(chunk),
            Self::Other(validity, encoding) => match validity.push(chunk, false) {
                true if !validity.has_zero => Ok(()),
                true | false => Err(fault(not_valid(*encoding))),
            },
        }
    }

    fn finish(&mut self) -> Result<(), ScanError> {
        match self {
            Self::Utf8(utf8) => utf8.finish(),
            Self::Other(validity, encoding) => match validity.push(&[], true) {
                true => Ok(()),
                false => Err(fault(not_valid(*encoding))),
            },
        }
    }
}

fn not_valid(encoding: Encoding) -> Fault {
    let name = encoding.name();
    Fault::of_file(
        say!(
            "文件按 {name} 编码读不通，多半已损坏或不是文本",
            "the file is no valid text in {name}; most likely it is damaged or no text"
        ),
        say!(
            "在表格软件里“另存为”，选择“CSV UTF-8（逗号分隔）(*.csv)”",
            "in the spreadsheet program, \"Save as\" and choose \"CSV UTF-8 (Comma delimited) (*.csv)\""
        ),
    )
}

/// Checks UTF-8 chunk by chunk and knows the place of the first byte that is none.
#[derive(Default)]
struct Utf8 {
    /// The beginning of a character whose end is in the next chunk.
    carry: Vec<u8>,
    /// Bytes before `carry`.
    offset: u64,
    /// Line ends before `carry`.
    lines: u64,
    /// Whether a character of three bytes or more was whole: hardly any text in another encoding has one.
    has_wide: bool,
}

impl Utf8 {
    fn push(&mut self, chunk: &[u8]) -> Result<(), ScanError> {
        let mut bytes = std::mem::take(&mut self.carry);
        bytes.extend_from_slice(chunk);
        let (good, bad) = match std::str::from_utf8(&bytes) {
            Ok(_) => (bytes.len(), None),
            Err(error) => (error.valid_up_to(), Some(error.error_len())),
        };
        let (text, rest) = bytes.split_at(good);
        if let Some(at) = memchr::memchr(0, text) {
            return Err(fault(self.binary(text, at)));
        }
        self.offset += good as u64;
        self.lines += memchr::memchr_iter(b'\n', text).count() as u64;
        self.has_wide |= text.iter().any(|b| *b >= 0xe0);
        match bad {
            Some(Some(_)) => Err(self.error(rest)),
            Some(None) | None => {
                self.carry = rest.to_vec();
                Ok(())
            }
        }
    }

    fn finish(&self) -> Result<(), ScanError> {
        if self.carry.is_empty() {
            Ok(())
        } else {
            Err(self.error(&self.carry))
        }
    }

    /// A text that was UTF-8 as far as this is a damaged one; any other may be in another encoding.
    fn error(&self, rest: &[u8]) -> ScanError {
        let fault = Box::new(self.not_utf8(rest));
        match self.has_wide {
            true => ScanError::Fault(fault),
            false => ScanError::NotUtf8(fault),
        }
    }

    fn not_utf8(&self, rest: &[u8]) -> Fault {
        let (row, byte) = (self.lines + 1, self.offset + 1);
        let found = rest.first().copied().unwrap_or(0);
        Fault::new(
            Place::row(row),
            say!(
                "文件不是 UTF-8 编码：第 {byte} 个字节（十六进制 {found:02X}）不合法，也不能按 GB18030（GBK）读",
                "the file is not UTF-8: byte {byte} (hexadecimal {found:02X}) cannot stand there; nor can it be read as GB18030 (GBK)"
            ),
            say!(
                "在表格软件里“另存为”，选择“CSV UTF-8（逗号分隔）(*.csv)”",
                "in the spreadsheet program, \"Save as\" and choose \"CSV UTF-8 (Comma delimited) (*.csv)\""
            ),
        )
    }

    fn binary(&self, text: &[u8], at: usize) -> Fault {
        let byte = self.offset + at as u64 + 1;
        let before = text.get(..at).unwrap_or_default();
        let row = self.lines + 1 + before.iter().filter(|b| **b == b'\n').count() as u64;
        Fault::new(
            Place::row(row),
            say!(
                "这不是文本文件：第 {byte} 个字节是 0",
                "this is no text file: byte {byte} is zero"
            ),
            say!(
                "把报表另存为“CSV UTF-8”后再放入",
                "save the report as \"CSV UTF-8\" and hand that in"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(bytes: &[u8]) -> Fault {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        match scan(&path) {
            Err(ScanError::Fault(fault)) => *fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_byte_that_is_not_utf8_is_placed() {
        let fault = fault_of(b"indicator,value\ngdp,1\n\xb5\xd8\xc7\xff,2\n");
        assert_eq!(fault.place.row, Some(3));
        assert!(
            fault.problem.zh.contains("第 23 个字节"),
            "{}",
            fault.problem.zh
        );
        assert!(
            fault.problem.en.contains("byte 23 (hexadecimal B5)"),
            "{}",
            fault.problem.en
        );
        assert!(fault.remedy.zh.contains("CSV UTF-8") && fault.remedy.en.contains("CSV UTF-8"));
    }

    #[test]
    fn a_character_across_two_chunks_is_whole() {
        let mut bytes = vec![b'x'; HEAD_BYTES - 1];
        bytes.extend_from_slice("县\n".as_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(scan(&path).unwrap().sha256, Digest::of(&bytes));
        // The same cut short is a fault, at the byte where the character begins.
        bytes.truncate(HEAD_BYTES);
        let place = format!("byte {HEAD_BYTES} ");
        assert!(fault_of(&bytes).problem.en.contains(&place));
    }

    #[test]
    fn a_damaged_text_is_not_taken_for_one_in_another_encoding() {
        // All of it would be valid GB18030.
        let bytes = "地区生产总值\n".as_bytes();
        let cut = [bytes, &"县a".as_bytes()[..2], b"1,2\n"].concat();
        assert_eq!(fault_of(&cut).place.row, Some(2));
    }

    #[test]
    fn other_kinds_of_files_are_told_by_name() {
        assert!(fault_of(b"PK\x03\x04....").problem.en.contains("workbook"));
        assert!(
            fault_of(b"\xd0\xcf\x11\xe0....")
                .problem
                .zh
                .contains("Excel")
        );
        assert!(fault_of(b"\xff\xfei\0x").problem.en.contains("UTF-16"));
        assert!(fault_of(b"\xff\xfei\0\0\0").problem.zh.contains("UTF-16"));
        assert!(fault_of(b"%PDF-1.7").problem.zh.contains("PDF"));
        assert_eq!(fault_of(b"a,b\nc,\0\n").place.row, Some(2));
    }

    #[test]
    fn five_gigabytes_are_refused_by_their_size_and_two_of_nothing_at_their_first_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.csv");
        let fault = |size: u64| {
            File::create(&path).unwrap().set_len(size).unwrap();
            match scan(&path) {
                Err(ScanError::Fault(fault)) => fault,
                other => panic!("{other:?}"),
            }
        };
        let too_large = fault(5 << 30);
        assert!(too_large.problem.en.contains("5120 MB; at most 4096 MB"));
        assert!(too_large.remedy.zh.contains("拆成"));
        assert!(fault(2 << 30).problem.en.contains("byte 1 is zero"));
    }
}

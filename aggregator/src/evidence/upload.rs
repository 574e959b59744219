//! One file on its way in.
//!
//! In: bytes from a unit, from where the last upload broke off. Out: the file under its digest. Durable after: the file is synced
//! and has its name. On crash: the part stays, and the next upload goes on behind it; whole files were checked before.
//!
//! More bytes than were stated, or another digest, throw the part away: nothing unchecked ever gets a name without `.part`.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use granary_core::{code::UnitCode, digest::Digest, text::Bilingual};
use sha2::{Digest as _, Sha256};

use super::EvidenceStore;
use crate::durable;

/// Bytes that are read at once while a file is hashed.
const HASH_BYTES: usize = 64 << 10;

/// A part that one upload writes to.
#[derive(Debug)]
pub struct Upload {
    store: EvidenceStore,
    file: File,
    part: PathBuf,
    sha256: Digest,
    size: u64,
    arrived: u64,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadFault {
    /// It is too large.
    #[error("{0} bytes are more than the city takes")]
    TooLarge(u64),
    /// Another upload of it is under way.
    #[error("another upload of it is under way")]
    Busy,
    /// It does not go on where the last one ended.
    #[error("{0} bytes have arrived: go on from there")]
    Offset(u64),
    /// More bytes came than were stated.
    #[error("more bytes came than were stated")]
    TooLong,
    /// Fewer bytes came than were stated; they are kept.
    #[error("it broke off after {0} bytes")]
    TooShort(u64),
    /// Its digest is another one.
    #[error("its SHA-256 is {0}")]
    Digest(Digest),
    /// The disk failed.
    #[error("it cannot be kept: {0}")]
    Storage(#[from] io::Error),
}

impl Upload {
    /// Begins, or goes on behind what has arrived.
    ///
    /// # Errors
    /// [`UploadFault`].
    pub fn begin(
        store: &EvidenceStore,
        (sha256, unit): (Digest, &UnitCode),
        size: u64,
        offset: u64,
    ) -> Result<Self, UploadFault> {
        if size > store.bytes_max {
            return Err(UploadFault::TooLarge(size));
        }
        let part = store.part(&sha256, unit);
        if !store.take(&part) {
            return Err(UploadFault::Busy);
        }
        let opened = open(store, (&sha256, unit), offset);
        if opened.is_err() {
            store.release(&part);
        }
        Ok(Self {
            store: store.clone(),
            file: opened?,
            part,
            sha256,
            size,
            arrived: offset,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`UploadFault::TooLong`], and then the part is thrown away, or [`UploadFault::Storage`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadFault> {
        if bytes.len() as u64 > self.size.saturating_sub(self.arrived) {
            std::fs::remove_file(&self.part)?;
            return Err(UploadFault::TooLong);
        }
        self.file.write_all(bytes)?;
        self.arrived += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes have arrived.
    #[must_use]
    pub const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Checks the whole file and gives it its name.
    ///
    /// # Errors
    /// [`UploadFault::TooShort`], [`UploadFault::Digest`], or [`UploadFault::Storage`].
    pub fn finish(self) -> Result<(), UploadFault> {
        self.file.sync_all()?;
        if self.arrived < self.size {
            return Err(UploadFault::TooShort(self.arrived));
        }
        let found = digest_of(&mut File::open(&self.part)?)?;
        if found != self.sha256 {
            std::fs::remove_file(&self.part)?;
            return Err(UploadFault::Digest(found));
        }
        let whole = self.store.whole(&self.sha256);
        std::fs::rename(&self.part, &whole)?;
        Ok(durable::sync_folder(&whole)?)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.store.release(&self.part);
    }
}

impl UploadFault {
    /// For the unit's clerk.
    #[must_use]
    pub fn message(&self, bytes_max: u64) -> Bilingual {
        match self {
            Self::TooLarge(size) => Bilingual::new(
                format!("佐证有 {size} 字节，市局最多接收 {bytes_max} 字节"),
                format!("the file has {size} bytes; the city takes at most {bytes_max}"),
            ),
            Self::Busy => Bilingual::new("正在上传同一文件", "the same file is being handed in"),
            Self::Offset(arrived) => Bilingual::new(
                format!("已收到 {arrived} 字节，请从此处继续"),
                format!("{arrived} bytes have arrived: go on from there"),
            ),
            Self::TooLong => Bilingual::new(
                "收到的字节多于所声明的长度，已全部丢弃",
                "more bytes came than were stated; all were thrown away",
            ),
            Self::TooShort(arrived) => Bilingual::new(
                format!("上传中断，已收到 {arrived} 字节"),
                format!("it broke off after {arrived} bytes"),
            ),
            Self::Digest(found) => Bilingual::new(
                format!("收到的文件摘要为 {found}，与报送中的不符，已丢弃"),
                format!(
                    "the file's SHA-256 is {found}, not the one in the snapshot; it was thrown away"
                ),
            ),
            Self::Storage(_) => Bilingual::new(
                "市局磁盘写入失败，请稍后重试",
                "the city's disk failed: try again later",
            ),
        }
    }
}

/// The part, to be written behind what has arrived.
fn open(
    store: &EvidenceStore,
    (sha256, unit): (&Digest, &UnitCode),
    offset: u64,
) -> Result<File, UploadFault> {
    let arrived = store.arrived(sha256, unit)?;
    if arrived != offset {
        return Err(UploadFault::Offset(arrived));
    }
    let part = store.part(sha256, unit);
    Ok(OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(part)?)
}

fn digest_of(file: &mut File) -> io::Result<Digest> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; HASH_BYTES]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest::from_bytes(hasher.finalize().into())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"a ledger of one county";

    fn store(data: &tempfile::TempDir) -> (EvidenceStore, Digest, UnitCode) {
        let store = EvidenceStore::open(data.path(), 64).unwrap();
        (store, Digest::of(FILE), UnitCode::new("520100").unwrap())
    }

    fn names(data: &tempfile::TempDir) -> usize {
        std::fs::read_dir(data.path().join("evidence"))
            .unwrap()
            .count()
    }

    #[test]
    fn an_upload_goes_on_where_it_broke_off() {
        let data = tempfile::tempdir().unwrap();
        let (store, sha256, unit) = store(&data);
        let size = FILE.len() as u64;
        let mut first = Upload::begin(&store, (sha256, &unit), size, 0).unwrap();
        first.write(&FILE[..5]).unwrap();
        let second = Upload::begin(&store, (sha256, &unit), size, 5);
        assert!(matches!(second, Err(UploadFault::Busy)));
        assert!(matches!(first.finish(), Err(UploadFault::TooShort(5))));
        assert_eq!(store.held(&sha256).unwrap(), None);
        let wrong = Upload::begin(&store, (sha256, &unit), size, 4);
        assert!(matches!(wrong, Err(UploadFault::Offset(5))));
        let mut rest = Upload::begin(&store, (sha256, &unit), size, 5).unwrap();
        rest.write(&FILE[5..]).unwrap();
        rest.finish().unwrap();
        assert_eq!(store.held(&sha256).unwrap(), Some(size));
        assert_eq!(names(&data), 1);
    }

    #[test]
    fn another_digest_and_more_bytes_than_stated_leave_nothing_behind() {
        let data = tempfile::tempdir().unwrap();
        let (store, sha256, unit) = store(&data);
        let mut forged = Upload::begin(&store, (sha256, &unit), 6, 0).unwrap();
        forged.write(b"forged").unwrap();
        assert!(matches!(forged.finish(), Err(UploadFault::Digest(_))));
        let mut long = Upload::begin(&store, (sha256, &unit), 6, 0).unwrap();
        assert!(matches!(long.write(FILE), Err(UploadFault::TooLong)));
        drop(long);
        let large = Upload::begin(&store, (sha256, &unit), 65, 0);
        assert!(matches!(large, Err(UploadFault::TooLarge(65))));
        assert_eq!((names(&data), store.held(&sha256).unwrap()), (0, None));
    }
}

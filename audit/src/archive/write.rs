//! Writing an archive: records gather in a block, which is written when it is large enough.

use std::io::{self, Write};

use super::{
    Frame, MAGIC, PLAIN_BYTES_TARGET, VERSION,
    block::{End, Kind},
};

/// Writes an archive. What it was given is in the file only after [`Writer::finish`] or [`Writer::flush`].
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    plain: Vec<u8>,
    /// The index of the first record in `plain`, and how many are in it.
    first: u64,
    count: u32,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    ///
    /// # Errors
    /// What the file system said.
    pub fn new(mut inner: W) -> io::Result<Self> {
        let mut header = Vec::from(MAGIC);
        header.extend_from_slice(&VERSION.to_be_bytes());
        header.extend_from_slice(&crc32c::crc32c(&header).to_be_bytes());
        inner.write_all(&header)?;
        Ok(Self::resume(inner, 0))
    }

    /// Goes on with an archive that ends in a whole block, after `entries` records.
    pub const fn resume(inner: W, entries: u64) -> Self {
        Self {
            inner,
            plain: Vec::new(),
            first: entries,
            count: 0,
        }
    }

    /// How many records the archive has.
    pub const fn entries(&self) -> u64 {
        self.first + self.count as u64
    }

    /// Adds a record.
    ///
    /// # Errors
    /// What the file system said.
    pub fn push(&mut self, entry: &[u8], payload: &[u8]) -> io::Result<()> {
        part(&mut self.plain, entry)?;
        part(&mut self.plain, payload)?;
        self.count += 1;
        if self.plain.len() >= PLAIN_BYTES_TARGET {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the records that wait.
    ///
    /// # Errors
    /// What the file system said.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.count > 0 {
            let frame = Frame::seal(Kind::Records, self.first, self.count, &self.plain)?;
            self.inner.write_all(&frame)?;
            self.first += u64::from(self.count);
            self.count = 0;
            self.plain.clear();
        }
        self.inner.flush()
    }

    /// Writes the end and gives the file back.
    ///
    /// # Errors
    /// What the file system said.
    pub fn finish(mut self, end: &End) -> io::Result<W> {
        self.flush()?;
        let mut plain = Vec::new();
        part(&mut plain, end.verifier_key.as_bytes())?;
        part(&mut plain, end.checkpoint.as_bytes())?;
        let frame = Frame::seal(Kind::End, self.first, 0, &plain)?;
        self.inner.write_all(&frame)?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

fn part(plain: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len());
    let length = length.map_err(|_| io::Error::other("a record is too large for an archive"))?;
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(bytes);
    Ok(())
}

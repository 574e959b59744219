//! The unfinished file: made, found again, cut to its whole blocks, and renamed when it is done.

use std::{
    fs::{File, TryLockError},
    io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use granary_core::log::{Frontier, Hash, leaf_hash};

use super::{ExportError, Plan};
use crate::archive::{ArchiveError, End, Piece, Reader, Writer};

/// A download under way. Owned by the export, for which the file is locked.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    writer: Writer<BufWriter<File>>,
    frontier: Frontier,
}

impl Part {
    /// Begins a download, or goes on with one.
    pub(super) fn open(plan: &Plan) -> Result<Self, ExportError> {
        if plan.file.exists() && !plan.force {
            return Err(ExportError::Exists(plan.file.clone()));
        }
        let mut name = plan.file.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = plan.file.with_file_name(name);
        let goes_on = path.exists() && plan.resume;
        if path.exists() && !plan.resume && !plan.force {
            return Err(ExportError::Unfinished(path));
        }
        let options = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = options.map_err(|error| ExportError::file(&path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::InUse(path)),
            Err(TryLockError::Error(error)) => return Err(ExportError::file(&path, error)),
        }
        let opened = if goes_on { resume(file) } else { begin(file) };
        let (writer, frontier) = opened.map_err(|error| ExportError::file(&path, error))?;
        Ok(Self {
            path,
            writer,
            frontier,
        })
    }

    /// Entries so far.
    pub(super) const fn entries(&self) -> u64 {
        self.frontier.size()
    }

    /// The tree over the entries so far.
    pub(super) const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    pub(super) fn push(
        &mut self,
        entry: &[u8],
        payload: &[u8],
        leaf: Hash,
    ) -> Result<(), ExportError> {
        let pushed = self.writer.push(entry, payload);
        pushed.map_err(|error| ExportError::file(&self.path, error))?;
        self.frontier.push(leaf);
        Ok(())
    }

    /// Writes what waits, so that it need not be fetched again.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Writes the end, makes the file durable and gives it its name; says how many bytes it has.
    pub(super) fn finish(self, end: &End, name: &Path) -> Result<u64, ExportError> {
        let path = self.path;
        let finished = self.writer.finish(end).and_then(|mut buffered| {
            buffered.flush()?;
            let file = buffered.get_ref();
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            std::fs::rename(&path, name)?;
            sync_folder(name)?;
            Ok(bytes)
        });
        finished.map_err(|error| ExportError::file(&path, error))
    }
}

fn begin(file: File) -> io::Result<(Writer<BufWriter<File>>, Frontier)> {
    file.set_len(0)?;
    Ok((Writer::new(BufWriter::new(file))?, Frontier::empty()))
}

/// Keeps the whole blocks and cuts off what is behind them, also an end: the city's journal may have grown since.
fn resume(mut file: File) -> io::Result<(Writer<BufWriter<File>>, Frontier)> {
    let mut frontier = Frontier::empty();
    let whole = match whole_blocks(&file, &mut frontier) {
        Ok(bytes) => bytes,
        Err(ArchiveError::Disk(error)) => return Err(error),
        // Not even its header is whole: nothing is lost by beginning anew.
        Err(_) => return begin(file),
    };
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    let writer = Writer::resume(BufWriter::new(file), frontier.size());
    Ok((writer, frontier))
}

/// Where the last whole block of records ends.
fn whole_blocks(file: &File, frontier: &mut Frontier) -> Result<u64, ArchiveError> {
    let mut reader = Reader::new(BufReader::with_capacity(1 << 20, file))?;
    loop {
        let whole = reader.offset();
        let block = match reader.next_piece() {
            Ok(Some(Piece::Records(frame))) => frame.open(),
            Err(ArchiveError::Disk(error)) => return Err(error.into()),
            Ok(Some(Piece::End(_)) | None) | Err(_) => return Ok(whole),
        };
        let Ok(block) = block else {
            return Ok(whole);
        };
        for (entry, _) in block.records() {
            frontier.push(leaf_hash(entry));
        }
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

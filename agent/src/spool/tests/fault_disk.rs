//! A disk in memory that tells what is on stable storage from what is only in the cache.
//!
//! Every operation that changes something has a number. A plan says which one fails and how, and from which one on
//! the machine is dead. [`FaultDisk::reboot`] then makes a disk of what a power cut may leave.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::durable::{Disk, DiskFile};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing happens, and an error is returned. After a failed sync the cache forgets that the data was never written.
    NotPersisted,
    /// It happens and is on stable storage, but an error is returned.
    PersistedButFailed,
    /// A write stores its first half; all others do nothing. An error is returned.
    Half,
    /// As `NotPersisted`, with the error of a full disk.
    Full,
    /// As `Full`, and every later write, create and rename fails in the same way until the disk is relieved.
    StaysFull,
    /// The machine stops before the operation: this one and all later ones fail.
    Crash,
}

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PowerCut {
    /// Nothing.
    LosesAll,
    /// Everything.
    KeepsAll,
    /// All names, all writes but the last of each file, and half of that one.
    Tears,
    /// All names and lengths, but zeros where the data should be.
    Zeroes,
    /// All data, but no change of names.
    LosesNames,
    /// All names, but no data.
    LosesData,
}

impl PowerCut {
    pub(super) const ALL: [PowerCut; 6] = [
        PowerCut::LosesAll,
        PowerCut::KeepsAll,
        PowerCut::Tears,
        PowerCut::Zeroes,
        PowerCut::LosesNames,
        PowerCut::LosesData,
    ];
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Change {
    fn apply(&self, contents: &mut Vec<u8>) {
        match self {
            Change::Write { offset, bytes } => {
                if contents.len() < offset + bytes.len() {
                    contents.resize(offset + bytes.len(), 0);
                }
                contents[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            Change::Truncate { length } => contents.truncate(*length),
        }
    }

    fn torn(&self) -> Change {
        match self {
            Change::Write { offset, bytes } => Change::Write {
                offset: *offset,
                bytes: bytes[..bytes.len() / 2].to_vec(),
            },
            Change::Truncate { length } => Change::Truncate { length: *length },
        }
    }

    fn zeroed(&self) -> Change {
        match self {
            Change::Write { offset, bytes } => Change::Write {
                offset: *offset,
                bytes: vec![0; bytes.len()],
            },
            Change::Truncate { length } => Change::Truncate { length: *length },
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Inode {
    cached: Vec<u8>,
    stable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    stable_names: BTreeMap<PathBuf, usize>,
    locked: BTreeSet<PathBuf>,
    operations: usize,
    plan: Vec<(std::ops::Range<usize>, Fault)>,
    unreadable: BTreeMap<PathBuf, std::ops::Range<u64>>,
    dead: bool,
    full: bool,
}

/// The disk. Clones share it.
#[derive(Clone, Default)]
pub(super) struct FaultDisk(Rc<RefCell<State>>);

/// An open file of the fault disk.
pub(super) struct FaultFile {
    disk: FaultDisk,
    inode: usize,
    path: PathBuf,
}

/// A lock of the fault disk.
pub(super) struct FaultLock {
    disk: FaultDisk,
    path: PathBuf,
}

impl Drop for FaultLock {
    fn drop(&mut self) {
        self.disk.0.borrow_mut().locked.remove(&self.path);
    }
}

impl FaultDisk {
    /// The operations with these numbers, counted from the start, are going to fail.
    pub(super) fn plan(&self, operations: std::ops::Range<usize>, fault: Fault) {
        self.0.borrow_mut().plan.push((operations, fault));
    }

    /// Operations so far.
    pub(super) fn operations(&self) -> usize {
        self.0.borrow().operations
    }

    /// True once the machine has stopped.
    pub(super) fn is_dead(&self) -> bool {
        self.0.borrow().dead
    }

    /// Only the process was killed: the machine goes on, with its cache.
    pub(super) fn revive(&self) {
        self.0.borrow_mut().dead = false;
    }

    /// The full disk has room again.
    pub(super) fn relieve(&self) {
        self.0.borrow_mut().full = false;
    }

    /// The disk as a new process finds it after the power came back.
    pub(super) fn reboot(&self, cut: PowerCut) -> FaultDisk {
        let state = self.0.borrow();
        let names = match cut {
            PowerCut::LosesAll | PowerCut::LosesNames => &state.stable_names,
            PowerCut::KeepsAll | PowerCut::Tears | PowerCut::Zeroes | PowerCut::LosesData => {
                &state.names
            }
        };
        let files = names
            .iter()
            .map(|(path, inode)| (path.clone(), state.inodes[*inode].after(cut)));
        FaultDisk::with_files(files.collect())
    }

    /// A disk on which these files are stable.
    pub(super) fn with_files(files: BTreeMap<PathBuf, Vec<u8>>) -> FaultDisk {
        let mut state = State::default();
        for (path, bytes) in files {
            state.names.insert(path, state.inodes.len());
            state.inodes.push(Inode {
                cached: bytes.clone(),
                stable: bytes,
                unsynced: Vec::new(),
            });
        }
        state.stable_names = state.names.clone();
        FaultDisk(Rc::new(RefCell::new(state)))
    }

    /// The files as a program sees them now.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.0.borrow();
        state
            .names
            .iter()
            .map(|(path, inode)| (path.clone(), state.inodes[*inode].cached.clone()))
            .collect()
    }

    /// Reads that touch these bytes of the file fail from now on; an empty range heals it.
    pub(super) fn set_unreadable(&self, path: &Path, bytes: std::ops::Range<u64>) {
        self.0
            .borrow_mut()
            .unreadable
            .insert(path.to_path_buf(), bytes);
    }

    /// Changes bytes behind the program's back.
    pub(super) fn damage(&self, path: &Path, change: impl Fn(&mut Vec<u8>)) {
        let mut state = self.0.borrow_mut();
        let inode = state.names[path];
        change(&mut state.inodes[inode].cached);
        change(&mut state.inodes[inode].stable);
    }

    /// Counts an operation; says how it fails, if it does.
    fn operation(&self, takes_room: bool) -> Option<Fault> {
        let mut state = self.0.borrow_mut();
        let number = state.operations;
        state.operations += 1;
        let planned = state
            .plan
            .iter()
            .find(|(at, _)| at.contains(&number))
            .map(|(_, fault)| *fault);
        state.dead |= planned == Some(Fault::Crash);
        state.full |= planned == Some(Fault::StaysFull);
        if state.dead {
            Some(Fault::Crash)
        } else if planned.is_none() && state.full && takes_room {
            Some(Fault::StaysFull)
        } else {
            planned
        }
    }

    /// Runs `change` unless the plan says otherwise; `settle` puts it on stable storage at once.
    fn run<T>(
        &self,
        takes_room: bool,
        change: impl FnOnce(&mut State) -> io::Result<T>,
        settle: impl FnOnce(&mut State),
    ) -> io::Result<T> {
        let Some(fault) = self.operation(takes_room) else {
            return change(&mut self.0.borrow_mut());
        };
        if fault == Fault::PersistedButFailed {
            let mut state = self.0.borrow_mut();
            change(&mut state)?;
            settle(&mut state);
        }
        Err(fault.error())
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Fault::Full | Fault::StaysFull => io::Error::from(io::ErrorKind::StorageFull),
            Fault::NotPersisted | Fault::PersistedButFailed | Fault::Half => {
                io::Error::other("staged fault")
            }
            Fault::Crash => io::Error::other("the machine has stopped"),
        }
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.cached);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            change.apply(&mut self.stable);
        }
    }

    fn after(&self, cut: PowerCut) -> Vec<u8> {
        let mut bytes = self.stable.clone();
        let last = self.unsynced.len().saturating_sub(1);
        for (index, change) in self.unsynced.iter().enumerate() {
            match cut {
                PowerCut::LosesAll | PowerCut::LosesData => {}
                PowerCut::KeepsAll | PowerCut::LosesNames => change.apply(&mut bytes),
                PowerCut::Tears if index == last => change.torn().apply(&mut bytes),
                PowerCut::Tears => change.apply(&mut bytes),
                PowerCut::Zeroes => change.zeroed().apply(&mut bytes),
            }
        }
        bytes
    }
}

impl Disk for FaultDisk {
    type File = FaultFile;
    type Lock = FaultLock;

    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<FaultLock>> {
        let free = self.0.borrow_mut().locked.insert(path.to_path_buf());
        Ok(free.then(|| FaultLock {
            disk: self.clone(),
            path: path.to_path_buf(),
        }))
    }

    fn create(&self, path: &Path) -> io::Result<FaultFile> {
        let create = |state: &mut State| {
            if state.names.contains_key(path) {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists));
            }
            state.names.insert(path.to_path_buf(), state.inodes.len());
            state.inodes.push(Inode::default());
            Ok(state.inodes.len() - 1)
        };
        let inode = self.run(true, create, |state| {
            state.stable_names = state.names.clone()
        })?;
        Ok(FaultFile {
            disk: self.clone(),
            inode,
            path: path.to_path_buf(),
        })
    }

    fn open(&self, path: &Path) -> io::Result<FaultFile> {
        let state = self.0.borrow();
        if state.dead {
            return Err(Fault::Crash.error());
        }
        let inode = *state
            .names
            .get(path)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(FaultFile {
            disk: self.clone(),
            inode,
            path: path.to_path_buf(),
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.0.borrow();
        let inside = state
            .names
            .keys()
            .filter(|path| path.parent() == Some(folder));
        Ok(inside
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = |state: &mut State| {
            let inode = state
                .names
                .remove(from)
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            state.names.insert(to.to_path_buf(), inode);
            Ok(())
        };
        self.run(true, rename, |state| {
            state.stable_names = state.names.clone()
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let remove = |state: &mut State| {
            state
                .names
                .remove(path)
                .map(|_| ())
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        self.run(false, remove, |state| {
            state.stable_names = state.names.clone()
        })
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let sync = |state: &mut State| {
            state.stable_names = state.names.clone();
            Ok(())
        };
        self.run(false, sync, |_| {})
    }

    fn free_bytes(&self, _folder: &Path) -> io::Result<u64> {
        Ok(1 << 30)
    }
}

impl DiskFile for FaultFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.0.borrow().inodes[self.inode].cached.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.0.borrow();
        let last = offset + buffer.len() as u64;
        let unreadable = state.unreadable.get(&self.path);
        if state.dead || unreadable.is_some_and(|bytes| bytes.start < last && offset < bytes.end) {
            return Err(io::Error::other("staged read fault"));
        }
        let contents = &state.inodes[self.inode].cached;
        let from = contents.len().min(offset as usize);
        let count = buffer.len().min(contents.len() - from);
        buffer[..count].copy_from_slice(&contents[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let grows = offset + bytes.len() as u64 > self.length()?;
        let fault = self.disk.operation(grows);
        let count = match fault {
            None | Some(Fault::PersistedButFailed) => bytes.len(),
            Some(Fault::Half) => bytes.len() / 2,
            Some(Fault::NotPersisted | Fault::Full | Fault::StaysFull | Fault::Crash) => 0,
        };
        let mut state = self.disk.0.borrow_mut();
        let inode = &mut state.inodes[self.inode];
        if count > 0 {
            inode.change(Change::Write {
                offset: offset as usize,
                bytes: bytes[..count].to_vec(),
            });
        }
        if matches!(fault, Some(Fault::PersistedButFailed | Fault::Half)) {
            inode.sync();
        }
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let inode = self.inode;
        let truncate = |state: &mut State| {
            state.inodes[inode].change(Change::Truncate {
                length: length as usize,
            });
            Ok(())
        };
        self.disk
            .run(false, truncate, |state| state.inodes[inode].sync())
    }

    fn sync(&self) -> io::Result<()> {
        let fault = self.disk.operation(false);
        let mut state = self.disk.0.borrow_mut();
        let inode = &mut state.inodes[self.inode];
        match fault {
            None | Some(Fault::PersistedButFailed) => inode.sync(),
            // The cache drops its marks: what was written is seen by readers, but never reaches the disk.
            Some(Fault::NotPersisted | Fault::Half | Fault::Full) => inode.unsynced.clear(),
            Some(Fault::StaysFull | Fault::Crash) => {}
        }
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }
}

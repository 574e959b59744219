//! The threads: one reads blocks in order, one a core opens and checks them, and the caller takes them up in order.
//!
//! Blocks go to the checking threads in turn and come back in turn, so their order needs no sorting. Every channel has a
//! bound, and all blocks between the reader and the caller together have one in bytes, whatever a file states.

use std::{
    io::Read,
    num::NonZeroUsize,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{
    check::{Checked, Keys, check},
    fault::Fault,
};
use crate::archive::{ArchiveError, Block, End, Frame, Piece, Reader};

/// Blocks that wait before and behind each checking thread.
const WAITING_MAX: usize = 2;
/// Checking threads: beyond so many the fold, which is one thread, is what takes the time.
const CHECKERS_MAX: usize = 16;
/// Plain bytes of all blocks between the reader and the caller. One larger block goes through alone.
const UNDER_WAY_BYTES_MAX: usize = 24 << 20;

/// A block that was opened and checked.
pub(super) struct Arrived {
    /// Where it begins in the file.
    pub(super) offset: u64,
    pub(super) block: Arc<Block>,
    pub(super) checked: Checked,
}

/// What goes through the threads: blocks, and at last the end or why there is none.
enum Passed<T> {
    Block(T),
    End(End),
    Broken(ArchiveError),
}

/// Bytes that are under way. The reading thread takes, the caller gives back.
#[derive(Default)]
struct Budget {
    state: Mutex<Spent>,
    freed: Condvar,
}

#[derive(Default)]
struct Spent {
    bytes: usize,
    closed: bool,
}

/// Closes the budget when the caller is done, however that came about, so that the reading thread ends.
struct Closing<'a>(&'a Budget);

/// Gives every block of the archive to `take`, in order; then gives the end.
pub(super) fn run<R: Read + Send>(
    reader: Reader<R>,
    keys: &Keys,
    mut take: impl FnMut(Arrived) -> Result<(), Fault>,
) -> Result<End, Fault> {
    let checkers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let budget = Budget::default();
    thread::scope(|scope| {
        let (mut tasks, mut results) = (Vec::new(), Vec::new());
        for _ in 0..checkers.min(CHECKERS_MAX) {
            let (task, received) = sync_channel(WAITING_MAX);
            let (result, receiver) = sync_channel(WAITING_MAX);
            scope.spawn(move || work(&received, &result, keys));
            tasks.push(task);
            results.push(receiver);
        }
        let closing = Closing(&budget);
        let its_budget = closing.0;
        scope.spawn(move || read(reader, &tasks, its_budget));
        for result in results.iter().cycle() {
            let arrived = match result.recv() {
                Ok(Passed::Block(arrived)) => arrived,
                Ok(Passed::End(end)) => return Ok(end),
                Ok(Passed::Broken(error)) => return Err(error.into()),
                Err(_) => break,
            };
            let bytes = arrived.block.bytes();
            take(arrived)?;
            budget.give_back(bytes);
        }
        Err(Fault::local(
            "a thread that checks entries ended unexpectedly",
        ))
    })
}

/// Reads until the end, or until nobody takes what was read.
fn read<R: Read>(mut reader: Reader<R>, tasks: &[SyncSender<Passed<Frame>>], budget: &Budget) {
    for task in tasks.iter().cycle() {
        let passed = match reader.next_piece() {
            Ok(Some(Piece::Records(frame))) => Passed::Block(frame),
            Ok(Some(Piece::End(end))) => Passed::End(end),
            Ok(None) => return,
            Err(error) => Passed::Broken(error),
        };
        let goes_on = match &passed {
            Passed::Block(frame) => budget.take(frame.plain_bytes()),
            Passed::End(_) | Passed::Broken(_) => false,
        };
        if task.send(passed).is_err() || !goes_on {
            return;
        }
    }
}

fn work(tasks: &Receiver<Passed<Frame>>, results: &SyncSender<Passed<Arrived>>, keys: &Keys) {
    while let Ok(task) = tasks.recv() {
        let result = match task {
            Passed::Block(frame) => open(&frame, keys),
            Passed::End(end) => Passed::End(end),
            Passed::Broken(error) => Passed::Broken(error),
        };
        if results.send(result).is_err() {
            return;
        }
    }
}

fn open(frame: &Frame, keys: &Keys) -> Passed<Arrived> {
    match frame.open() {
        Ok(block) => Passed::Block(Arrived {
            offset: frame.offset(),
            checked: check(&block, keys),
            block: Arc::new(block),
        }),
        Err(error) => Passed::Broken(error),
    }
}

impl Budget {
    /// Waits for room. False once nobody takes anything any more.
    fn take(&self, bytes: usize) -> bool {
        let mut spent = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while spent.bytes > 0 && spent.bytes + bytes > UNDER_WAY_BYTES_MAX && !spent.closed {
            let waited = self.freed.wait(spent);
            spent = waited.unwrap_or_else(PoisonError::into_inner);
        }
        spent.bytes += bytes;
        !spent.closed
    }

    fn give_back(&self, bytes: usize) {
        let mut spent = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        spent.bytes = spent.bytes.saturating_sub(bytes);
        self.freed.notify_all();
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut spent = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        spent.closed = true;
        self.0.freed.notify_all();
    }
}

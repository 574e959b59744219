//! Tests of the spool: on the real disk, and on a disk that fails, fills, crashes and changes bytes on purpose.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod damage;
mod fault_disk;
mod faults;
mod model;
mod os_disk;

use std::path::Path;

use super::*;
use fault_disk::FaultDisk;

/// The folder on the fault disk.
const FOLDER: &str = "/spool";

/// Small segments, so that a few records reach every rule.
fn limits() -> Limits {
    Limits {
        total_bytes_max: 4096,
        segment_bytes_max: 200,
        record_bytes_max: 1000,
        disk_free_bytes_min: 0,
    }
}

fn open(disk: &FaultDisk) -> (Spool<FaultDisk>, Recovery) {
    Spool::open(disk.clone(), Path::new(FOLDER), limits()).unwrap()
}

/// One whole pass in small batches: every pending record, and the damage that was met.
fn drain<D: Disk>(spool: &mut Spool<D>) -> (Vec<(u64, Vec<u8>)>, Vec<Damage>) {
    let mut cursor = Cursor::start();
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    loop {
        let batch = spool.pending(&mut cursor, 3, 100);
        let done = batch.records.is_empty();
        records.extend(
            batch
                .records
                .into_iter()
                .map(|record| (record.id.get(), record.bytes)),
        );
        damage.extend(batch.damage);
        if done {
            return (records, damage);
        }
    }
}

/// A record that names itself; lengths vary from 4 to 43 bytes.
fn record(number: u32) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend((0..number * 7 % 40).map(|index| (index * 31 + number) as u8));
    bytes
}

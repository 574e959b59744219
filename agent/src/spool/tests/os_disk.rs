//! The spool on the real disk, and its memory with a long backlog.

use super::fault_disk::FaultDisk;
use super::*;
use crate::durable::OsDisk;

#[test]
fn keeps_records_across_restarts_on_the_real_disk() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state").join("spool");
    let (mut spool, recovery) = Spool::open(OsDisk, &folder, Limits::default()).unwrap();
    assert_eq!(recovery, Recovery::default());
    let long = vec![0x5a; 4 << 20];
    let ids = [&b"one"[..], &long, b"", b"four"].map(|record| spool.append(record).unwrap());
    spool.settle(ids[0]).unwrap();
    drop(spool);
    let (mut spool, recovery) = Spool::open(OsDisk, &folder, Limits::default()).unwrap();
    assert_eq!((recovery.pending_records, recovery.damage.len()), (3, 0));
    let records = drain(&mut spool).0;
    assert_eq!(
        records,
        [
            (ids[1].get(), long),
            (ids[2].get(), vec![]),
            (ids[3].get(), b"four".to_vec())
        ]
    );
    for id in ids {
        spool.settle(id).unwrap();
    }
    let five = spool.append(b"five").unwrap();
    assert!(five > ids[3]);
    assert_eq!(drain(&mut spool).0, [(five.get(), b"five".to_vec())]);
    assert_eq!(
        OsDisk.list(&folder).unwrap(),
        [
            &format::segment_name(five.get()),
            "LOCK",
            "ledger",
            "quarantine"
        ]
    );
}

#[test]
fn only_one_agent_has_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(OsDisk, folder.path(), Limits::default()).unwrap();
    let second = Spool::open(OsDisk, folder.path(), Limits::default());
    assert!(matches!(second, Err(OpenError::Locked { .. })));
    drop(spool);
    assert!(Spool::open(OsDisk, folder.path(), Limits::default()).is_ok());
}

/// Mirrors what the program promises about memory: a summary a segment, and a bit a record at worst.
#[test]
fn a_backlog_of_100_000_records_takes_little_memory() {
    let disk = FaultDisk::default();
    let folder = Path::new(FOLDER);
    let (mut spool, _) = Spool::open(disk.clone(), folder, Limits::default()).unwrap();
    let body = [0x33; 1024];
    let ids: Vec<RecordId> = (0..100_000).map(|_| spool.append(&body).unwrap()).collect();
    assert!(spool.index_bytes() < 4_096, "{} bytes", spool.index_bytes());
    drop(spool);
    let (mut spool, recovery) = Spool::open(disk, folder, Limits::default()).unwrap();
    assert_eq!(recovery.pending_records, 100_000);
    assert!(spool.index_bytes() < 4_096, "{} bytes", spool.index_bytes());
    // The worst order of settling: every second record, so that no segment empties.
    for id in ids.iter().step_by(2) {
        spool.settle(*id).unwrap();
    }
    assert!(
        spool.index_bytes() < 32_768,
        "{} bytes",
        spool.index_bytes()
    );
    let mut cursor = Cursor::start();
    let mut delivered = 0;
    loop {
        let batch = spool.pending(&mut cursor, 1000, 256 * 1024);
        assert!(
            batch.records.len() <= 256 && batch.records.iter().all(|record| record.bytes == body)
        );
        delivered += batch.records.len();
        if batch.records.is_empty() {
            break;
        }
    }
    assert_eq!(delivered, 50_000);
}

//! One workload, run once for every operation that can fail and for every way in which it can, and checked after a
//! restart of the process and after every kind of power cut.

use std::collections::{BTreeMap, BTreeSet};

use super::fault_disk::{Fault, FaultDisk, PowerCut};
use super::*;

/// What the caller of the spool knows.
#[derive(Default)]
struct Caller {
    acknowledged: BTreeMap<u64, Vec<u8>>,
    settled: BTreeSet<u64>,
    /// Records whose append failed and has not been repeated with success.
    failed: BTreeSet<Vec<u8>>,
    /// Every record whose append failed at least once.
    ever_failed: BTreeSet<Vec<u8>>,
}

impl Caller {
    fn pending(&self) -> Vec<(u64, Vec<u8>)> {
        let pending = self
            .acknowledged
            .iter()
            .filter(|(id, _)| !self.settled.contains(id));
        pending.map(|(id, bytes)| (*id, bytes.clone())).collect()
    }

    fn append(&mut self, spool: &mut Spool<FaultDisk>, bytes: &[u8]) -> Result<(), AppendError> {
        match spool.append(bytes) {
            Ok(id) => {
                let highest = self.acknowledged.last_key_value().map_or(0, |(id, _)| *id);
                assert!(id.get() > highest, "number {id} after {highest}");
                self.acknowledged.insert(id.get(), bytes.to_vec());
                self.failed.remove(bytes);
                Ok(())
            }
            Err(error) => {
                assert!(error.retryable(), "{error}");
                self.failed.insert(bytes.to_vec());
                self.ever_failed.insert(bytes.to_vec());
                Err(error)
            }
        }
    }

    /// Settles the pending record at this position from the oldest.
    fn settle(&mut self, spool: &mut Spool<FaultDisk>, position: usize) {
        let Some((id, _)) = self.pending().get(position).cloned() else {
            return;
        };
        self.settled.insert(id);
        match spool.settle(RecordId(id)) {
            Ok(()) | Err(SettleError::NotNoted(_)) => {}
            Err(error @ SettleError::Unknown(_)) => panic!("{error}"),
        }
    }
}

/// Opens, as the agent does: once more after an error.
fn open_stubbornly(disk: &FaultDisk) -> Option<Spool<FaultDisk>> {
    for _ in 0..50 {
        if let Ok((spool, _)) = Spool::open(disk.clone(), Path::new(FOLDER), limits()) {
            return Some(spool);
        }
        if disk.is_dead() {
            return None;
        }
    }
    panic!("the spool does not open")
}

/// Appends, settles in several orders, restarts. Every failed append is repeated until it succeeds or the machine stops.
fn workload(disk: &FaultDisk) -> Caller {
    let mut caller = Caller::default();
    let mut number = 0;
    for round in 0..3 {
        let Some(mut spool) = open_stubbornly(disk) else {
            return caller;
        };
        for _ in 0..6 {
            number += 1;
            append_stubbornly(disk, &mut caller, &mut spool, &record(number));
        }
        for position in [1, 0, 2 * round] {
            caller.settle(&mut spool, position);
        }
        number += 1;
        append_stubbornly(disk, &mut caller, &mut spool, &record(number));
        if disk.is_dead() {
            return caller;
        }
        assert_eq!(
            drain(&mut spool),
            (caller.pending(), vec![]),
            "while it runs"
        );
    }
    caller
}

fn append_stubbornly(
    disk: &FaultDisk,
    caller: &mut Caller,
    spool: &mut Spool<FaultDisk>,
    bytes: &[u8],
) {
    for _ in 0..50 {
        if caller.append(spool, bytes).is_ok() || disk.is_dead() {
            return;
        }
        disk.relieve();
    }
    panic!("the append never succeeds")
}

/// Opens what is on the disk and holds it against what the caller knows. `failed_may_come` says whether a record whose
/// append reported a failure may be delivered.
fn check(disk: &FaultDisk, caller: &Caller, failed_may_come: bool, context: &str) {
    let (mut spool, recovery) = open(disk);
    let (delivered, damage) = drain(&mut spool);
    assert_eq!(damage, [], "{context}");
    assert_eq!(
        recovery.pending_records,
        delivered.len() as u64,
        "{context}"
    );
    for found in &recovery.damage {
        // Half a header comes from a settled segment that was being emptied while the ledger failed too.
        let emptied = failed_may_come && found.kind == DamageKind::Header;
        let harmless = emptied || matches!(found.kind, DamageKind::TornTail | DamageKind::Ledger);
        assert!(harmless, "{context}: {found}");
    }
    let numbers: Vec<u64> = delivered.iter().map(|(id, _)| *id).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{context}: {numbers:?}");
    for (id, bytes) in caller.pending() {
        assert!(
            delivered.contains(&(id, bytes)),
            "{context}: record {id} is lost"
        );
    }
    for (id, bytes) in &delivered {
        let known = caller.acknowledged.get(id) == Some(bytes);
        let failed = failed_may_come
            && caller.ever_failed.contains(bytes)
            && !caller.acknowledged.contains_key(id);
        assert!(known || failed, "{context}: record {id} was never appended");
    }
    check_use(&mut spool, caller, &numbers, context);
}

/// The spool works as if nothing had happened: new numbers are new, and it empties.
fn check_use(spool: &mut Spool<FaultDisk>, caller: &Caller, numbers: &[u64], context: &str) {
    let new = spool.append(b"after the fault").unwrap();
    let used = caller
        .acknowledged
        .keys()
        .chain(numbers)
        .max()
        .copied()
        .unwrap_or(0);
    assert!(new.get() > used, "{context}: number {new} repeats");
    for id in numbers {
        spool.settle(RecordId(*id)).unwrap();
    }
    assert_eq!(
        drain(spool),
        (vec![(new.get(), b"after the fault".to_vec())], vec![]),
        "{context}"
    );
    let segments = spool
        .disk
        .files()
        .into_keys()
        .filter(|path| path.extension().is_some_and(|end| end == "seg"));
    assert_eq!(segments.count(), 1, "{context}");
}

/// Operations of the workload when nothing fails.
fn count_operations() -> usize {
    let disk = FaultDisk::default();
    workload(&disk);
    let total = disk.operations();
    assert!(total > 80, "the workload has become too small: {total}");
    total
}

/// Runs the workload with a fault at every operation.
fn for_every_operation(fault: Fault, burst: usize, failed_may_come: bool) {
    let total = count_operations();
    for operation in 0..total {
        let disk = FaultDisk::default();
        disk.plan(operation..operation + burst, fault);
        let caller = workload(&disk);
        for cut in PowerCut::ALL {
            let context = format!("{fault:?} x {burst} at {operation}, then {cut:?}");
            check(&disk.reboot(cut), &caller, failed_may_come, &context);
        }
    }
}

#[test]
fn nothing_fails() {
    let disk = FaultDisk::default();
    let caller = workload(&disk);
    let (mut spool, recovery) = open(&disk.reboot(PowerCut::KeepsAll));
    assert_eq!(recovery.damage, []);
    assert_eq!(
        drain(&mut spool),
        (caller.pending(), vec![]),
        "settled records stay settled"
    );
}

#[test]
fn every_operation_fails_and_does_nothing() {
    for_every_operation(Fault::NotPersisted, 1, false);
}

#[test]
fn every_operation_fails_but_is_persisted() {
    for_every_operation(Fault::PersistedButFailed, 1, false);
}

#[test]
fn every_write_fails_half_way() {
    for_every_operation(Fault::Half, 1, false);
}

#[test]
fn the_disk_is_full_at_every_operation() {
    for_every_operation(Fault::Full, 1, false);
    for_every_operation(Fault::StaysFull, 1, false);
}

/// When the attempts to take a record back fail too, it may be delivered; nothing else changes.
#[test]
fn several_operations_in_a_row_fail() {
    for fault in [
        Fault::NotPersisted,
        Fault::PersistedButFailed,
        Fault::Half,
        Fault::Full,
    ] {
        for burst in [2, 3, 5, 9, 17] {
            for_every_operation(fault, burst, true);
        }
    }
}

/// A record that is on the disk although its append failed, and that cannot be cut off, is void by a note.
#[test]
fn a_failed_record_that_cannot_be_cut_off_is_not_delivered() {
    for operation in 0..count_operations() {
        let disk = FaultDisk::default();
        disk.plan(operation..operation + 1, Fault::PersistedButFailed);
        disk.plan(operation + 1..operation + 2, Fault::NotPersisted);
        let caller = workload(&disk);
        for cut in PowerCut::ALL {
            check(
                &disk.reboot(cut),
                &caller,
                false,
                &format!("two faults at {operation}, then {cut:?}"),
            );
        }
    }
}

/// After a kill the cache is still there. What the next process finds in it and delivers must not be lost by a power
/// cut that comes later.
#[test]
fn the_process_is_killed_at_every_operation() {
    for operation in 0..count_operations() {
        let disk = FaultDisk::default();
        disk.plan(operation..operation + 1, Fault::Crash);
        let caller = workload(&disk);
        disk.revive();
        let (mut spool, _) = open(&disk);
        let delivered = drain(&mut spool).0;
        drop(spool);
        let context = format!("kill at {operation}");
        check(&disk.reboot(PowerCut::KeepsAll), &caller, true, &context);
        let after = drain(&mut open(&disk.reboot(PowerCut::LosesAll)).0).0;
        assert!(delivered.iter().all(|one| after.contains(one)), "{context}");
    }
}

/// The helper for small files: after `Ok` the new file is there, after an error the old or the new one is.
#[test]
fn a_small_file_is_replaced_whole_or_not_at_all() {
    let path = Path::new("/state/receipt.txt");
    let replace = |disk: &FaultDisk| {
        crate::durable::replace_durably(disk, path, |file| file.write_at(b"a new receipt", 0))
    };
    for operation in 0..6 {
        for fault in [
            Fault::NotPersisted,
            Fault::PersistedButFailed,
            Fault::Half,
            Fault::Full,
            Fault::Crash,
        ] {
            let disk = FaultDisk::with_files([(path.to_path_buf(), b"old".to_vec())].into());
            disk.plan(operation..operation + 1, fault);
            let replaced = replace(&disk);
            assert_eq!(replaced.is_ok(), operation == 5, "five operations");
            for cut in PowerCut::ALL {
                let found = disk.reboot(cut).files()[path].clone();
                let whole = found == b"a new receipt" || (found == b"old" && replaced.is_err());
                assert!(whole, "{fault:?} at {operation}, then {cut:?}: {found:?}");
            }
        }
    }
}

#[test]
fn the_machine_stops_at_every_operation() {
    for_every_operation(Fault::Crash, 1, true);
}

/// Settling gives space back on a disk that is full to the last byte, and nothing is lost meanwhile.
#[test]
fn a_full_disk_blocks_and_empties() {
    let disk = FaultDisk::default();
    let (mut spool, _) = open(&disk);
    let ids: Vec<RecordId> = (1..=20)
        .map(|number| spool.append(&record(number)).unwrap())
        .collect();
    disk.plan(disk.operations()..disk.operations() + 1, Fault::StaysFull);
    for _ in 0..3 {
        assert!(matches!(
            spool.append(&record(21)),
            Err(AppendError::DiskFull { .. })
        ));
    }
    assert_eq!(drain(&mut spool).0.len(), 20);
    let bytes = || -> usize { disk.files().values().map(Vec::len).sum() };
    let bytes_before = bytes();
    for id in &ids[..15] {
        assert!(matches!(spool.settle(*id), Err(SettleError::NotNoted(_))));
    }
    assert!(
        bytes() + 15 * 40 < bytes_before,
        "{} of {bytes_before}",
        bytes()
    );
    disk.relieve();
    spool.append(&record(21)).unwrap();
    let rest = drain(&mut spool).0;
    assert_eq!(
        rest.iter()
            .map(|(_, bytes)| bytes.clone())
            .collect::<Vec<_>>(),
        (16..=21).map(record).collect::<Vec<_>>()
    );
    drop(spool);
    let (mut spool, recovery) = open(&disk.reboot(PowerCut::LosesAll));
    assert_eq!(
        recovery
            .damage
            .iter()
            .filter(|found| found.kind == DamageKind::Missing)
            .count(),
        0
    );
    assert!(drain(&mut spool).0.ends_with(&rest));
}

#[test]
fn the_limit_blocks_until_records_are_settled() {
    let disk = FaultDisk::default();
    let (mut spool, _) = open(&disk);
    let mut ids = Vec::new();
    let full = loop {
        match spool.append(&[7; 100]) {
            Ok(id) => ids.push(id),
            Err(error) => break error,
        }
    };
    let AppendError::Full { used, limit: 4096 } = full else {
        panic!("{full}")
    };
    assert!(used > 3500 && used == spool.status().used_bytes, "{used}");
    assert_eq!(drain(&mut spool).0.len(), ids.len());
    for id in ids {
        spool.settle(id).unwrap();
        spool.settle(id).unwrap();
    }
    assert_eq!(spool.status().used_bytes, 0);
    spool.append(&[7; 100]).unwrap();
}

/// A segment that takes appends keeps its space while it is the newest; it must not block itself.
#[test]
fn a_spool_of_one_segment_does_not_block_itself() {
    let disk = FaultDisk::default();
    let limits = Limits {
        total_bytes_max: 300,
        segment_bytes_max: 1000,
        ..limits()
    };
    let (mut spool, _) = Spool::open(disk, Path::new(FOLDER), limits).unwrap();
    for _ in 0..50 {
        let id = spool.append(&[1; 200]).unwrap();
        assert!(spool.status().used_bytes <= 300);
        assert!(matches!(
            spool.append(&[1; 200]),
            Err(AppendError::Full { .. })
        ));
        spool.settle(id).unwrap();
    }
}

#[test]
fn what_cannot_succeed_later_says_so() {
    let disk = FaultDisk::default();
    let (mut spool, _) = open(&disk);
    let refused = spool.append(&[0; 1001]).unwrap_err();
    assert!(
        matches!(
            refused,
            AppendError::TooLong {
                length: 1001,
                limit: 1000
            }
        ) && !refused.retryable()
    );
    assert!(matches!(
        spool.settle(RecordId(1)),
        Err(SettleError::Unknown(_))
    ));
    assert!(matches!(
        spool.settle(RecordId(0)),
        Err(SettleError::Unknown(_))
    ));
}

#[test]
fn the_floor_of_free_space_holds() {
    let disk = FaultDisk::default();
    let limits = Limits {
        disk_free_bytes_min: 1 << 30,
        ..limits()
    };
    let (mut spool, _) = Spool::open(disk, Path::new(FOLDER), limits).unwrap();
    assert!(
        matches!(spool.append(b"x"), Err(AppendError::DiskFull { free, floor }) if free == floor)
    );
}

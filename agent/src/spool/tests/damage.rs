//! Every file cut at every length and every byte flipped: the spool opens, delivers the rest and says what was wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::fault_disk::{Fault, FaultDisk, PowerCut};
use super::*;

type Files = BTreeMap<PathBuf, Vec<u8>>;
type Records = Vec<(u64, Vec<u8>)>;

/// Three segments of several records, some of them settled, and the pending records.
fn small_spool() -> (Files, Records) {
    let disk = FaultDisk::default();
    let (mut spool, _) = open(&disk);
    let ids: Vec<RecordId> = (1..=9)
        .map(|number| spool.append(&record(number)).unwrap())
        .collect();
    spool.settle(ids[1]).unwrap();
    spool.settle(ids[7]).unwrap();
    let (pending, damage) = drain(&mut spool);
    drop(spool);
    assert_eq!((pending.len(), damage.len()), (7, 0));
    let files = disk.files();
    assert_eq!(segments(&files).len(), 3);
    (files, pending)
}

fn segments(files: &Files) -> Vec<PathBuf> {
    files
        .keys()
        .filter(|path| path.extension().is_some_and(|end| end == "seg"))
        .cloned()
        .collect()
}

/// Opens `files`, and checks everything that holds whatever the damage. Returns the pending records that are lost.
fn survive(files: &Files, pending: &Records, context: &str) -> (Records, Recovery) {
    let (all, _) = small_spool_settled();
    let disk = FaultDisk::with_files(files.clone());
    let (mut spool, recovery) = open(&disk);
    let (delivered, damage) = drain(&mut spool);
    assert_eq!(damage, [], "{context}: recovery has seen it all");
    assert!(delivered.is_sorted_by(|a, b| a.0 < b.0), "{context}");
    for one in &delivered {
        assert!(
            pending.contains(one) || all.contains(one),
            "{context}: {one:?} was never appended"
        );
    }
    let new = spool.append(b"new").unwrap();
    assert!(new.get() > 9, "{context}: {new} repeats");
    drop(spool);
    again(&disk, &delivered, new, context);
    (
        pending
            .iter()
            .filter(|one| !delivered.contains(one))
            .cloned()
            .collect(),
        recovery,
    )
}

/// A second start finds the same records and the new one.
fn again(disk: &FaultDisk, delivered: &Records, new: RecordId, context: &str) {
    let (mut spool, _) = open(disk);
    let mut expected = delivered.clone();
    expected.push((new.get(), b"new".to_vec()));
    assert_eq!(drain(&mut spool).0, expected, "{context}: second start");
    assert!(spool.append(b"newer").unwrap() > new, "{context}");
}

/// The two settled records, which may come back when notes are lost.
fn small_spool_settled() -> (Records, ()) {
    (vec![(2, record(2)), (8, record(8))], ())
}

fn quarantined(recovery: &Recovery) -> usize {
    recovery
        .damage
        .iter()
        .filter(|found| found.copy.is_some())
        .count()
}

#[test]
fn every_byte_of_every_file_is_flipped() {
    let (files, pending) = small_spool();
    for (path, bytes) in &files {
        for offset in 0..bytes.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut damaged = files.clone();
                damaged.get_mut(path).unwrap()[offset] ^= mask;
                let context = format!("{} flipped at {offset}", path.display());
                let (lost, recovery) = survive(&damaged, &pending, &context);
                let found = recovery
                    .damage
                    .iter()
                    .find(|found| found.file == *path)
                    .expect(&context);
                let span = found.offset..found.offset + found.length;
                assert!(span.contains(&(offset as u64)), "{context}: {found}");
                let in_segment = path.extension().is_some();
                assert_eq!(quarantined(&recovery), usize::from(in_segment), "{context}");
                let in_frames = in_segment && offset >= HEADER_BYTES as usize;
                assert!(
                    lost.len() <= usize::from(in_frames),
                    "{context}: lost {lost:?}"
                );
            }
        }
    }
}

#[test]
fn every_file_is_cut_at_every_length() {
    let (files, pending) = small_spool();
    let newest = segments(&files).pop().unwrap();
    for (path, bytes) in &files {
        for length in 0..bytes.len() {
            let mut damaged = files.clone();
            damaged.get_mut(path).unwrap().truncate(length);
            let context = format!("{} cut to {length}", path.display());
            let (lost, recovery) = survive(&damaged, &pending, &context);
            for one in &lost {
                assert!(
                    path.extension().is_some() && !held(&bytes[..length], &one.1),
                    "{context}: {one:?}"
                );
            }
            let reported = recovery.damage.iter().any(|found| found.file == *path);
            assert!(
                reported || cut_between_parts(path == &newest, bytes, length),
                "{context}"
            );
        }
    }
}

fn held(bytes: &[u8], record: &[u8]) -> bool {
    bytes.windows(record.len()).any(|part| part == record)
}

/// An end that is lost between two entries of the ledger, or between two records of the newest segment, leaves no trace.
fn cut_between_parts(newest: bool, bytes: &[u8], length: usize) -> bool {
    let entry = bytes[9] == 2 && (length as u64).is_multiple_of(format::ENTRY_BYTES);
    let frame = newest
        && (length as u64 == HEADER_BYTES || bytes[length..].starts_with(&format::FRAME_MAGIC));
    entry || frame
}

#[test]
fn any_file_is_missing() {
    let (files, pending) = small_spool();
    for path in files.keys() {
        let mut damaged = files.clone();
        damaged.remove(path);
        let (lost, recovery) = survive(&damaged, &pending, &path.display().to_string());
        let kind = if path.extension().is_some() {
            DamageKind::Missing
        } else {
            DamageKind::Ledger
        };
        assert_eq!(recovery.damage.len(), 1);
        assert_eq!(
            (recovery.damage[0].kind, &recovery.damage[0].file),
            (kind, path)
        );
        assert_eq!(lost.is_empty(), path.extension().is_none());
    }
}

/// A long stretch of rubbish over several frames, and a record that holds copies of frames of its own segment.
#[test]
fn frames_inside_damaged_records_are_not_taken_for_records() {
    let disk = FaultDisk::default();
    let limits = Limits {
        segment_bytes_max: 100_000,
        total_bytes_max: 1_000_000,
        ..limits()
    };
    let (mut spool, _) = Spool::open(disk.clone(), Path::new(FOLDER), limits).unwrap();
    spool.append(b"first").unwrap();
    let path = segments(&disk.files()).pop().unwrap();
    let frames_so_far = disk.files()[&path][HEADER_BYTES as usize..].to_vec();
    let mut tricky = frames_so_far;
    format::encode_frame(
        Place {
            first: 1,
            offset: 24,
        },
        3,
        b"never appended",
        14,
        &mut tricky,
    );
    spool.append(&tricky).unwrap();
    spool.append(b"third").unwrap();
    drop(spool);
    // The frame of the second record starts after header, frame and five bytes.
    let second = (HEADER_BYTES + FRAME_BYTES) as usize + 5;
    for damaged in second..second + FRAME_BYTES as usize {
        let disk = FaultDisk::with_files(disk.files());
        disk.damage(&path, |bytes| bytes[damaged] ^= 0x10);
        let (mut spool, _) = Spool::open(disk, Path::new(FOLDER), limits).unwrap();
        let delivered: Vec<_> = drain(&mut spool)
            .0
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect();
        assert_eq!(delivered, [b"first", b"third"], "damage at {damaged}");
    }
}

#[test]
fn rubbish_over_half_a_segment_costs_what_it_covers() {
    let (files, pending) = small_spool();
    let path = segments(&files)[1].clone();
    let mut damaged = files.clone();
    let bytes = damaged.get_mut(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[..middle].fill(0xa7);
    let (lost, recovery) = survive(&damaged, &pending, "rubbish");
    assert!(!lost.is_empty() && lost.len() < 3, "{lost:?}");
    assert!(
        recovery
            .damage
            .iter()
            .any(|found| found.kind == DamageKind::Record && found.file == path)
    );
}

/// The copy in the quarantine is the damaged bytes as they were.
#[test]
fn the_quarantine_keeps_the_bytes() {
    let (mut files, _) = small_spool();
    let path = segments(&files)[0].clone();
    files.get_mut(&path).unwrap()[60] ^= 1;
    let bytes = files[&path].clone();
    let disk = FaultDisk::with_files(files);
    let (spool, recovery) = open(&disk);
    let found = &recovery.damage[0];
    let span = found.offset as usize..(found.offset + found.length) as usize;
    assert_eq!(disk.files()[found.copy.as_ref().unwrap()], bytes[span]);
    assert!(
        found
            .to_string()
            .contains("00000000000000000001.seg: damaged records were passed over (offset")
    );
    drop(spool);
    let (_, second) = open(&disk);
    assert_eq!(
        second.damage, recovery.damage,
        "told at every start while it is there"
    );
}

/// Damage that comes while the agent runs is found by the pass that meets it, once.
#[test]
fn damage_while_it_runs() {
    for settled_later in [false, true] {
        damage_while_it_runs_at(|bytes| *bytes.last_mut().unwrap() ^= 1, settled_later);
        damage_while_it_runs_at(|bytes| bytes[HEADER_BYTES as usize + 9] ^= 1, settled_later);
    }
}

fn damage_while_it_runs_at(change: fn(&mut Vec<u8>), settled_later: bool) {
    let disk = FaultDisk::default();
    let (mut spool, _) = open(&disk);
    let ids: Vec<RecordId> = (1..=9)
        .map(|number| spool.append(&record(number)).unwrap())
        .collect();
    for path in segments(&disk.files()) {
        disk.damage(&path, change);
    }
    let (delivered, damage) = drain(&mut spool);
    assert_eq!((delivered.len(), damage.len()), (6, 3), "{damage:?}");
    assert!(
        damage
            .iter()
            .all(|found| found.kind == DamageKind::Record && found.copy.is_some())
    );
    assert_eq!(drain(&mut spool), (delivered.clone(), vec![]), "told once");
    // A ledger that is rewritten now must not seal the segment that still takes appends.
    disk.plan(
        disk.operations()..disk.operations() + 1,
        Fault::NotPersisted,
    );
    assert!(spool.settle(RecordId(delivered[0].0)).is_err());
    spool.settle(RecordId(delivered[2].0)).unwrap();
    let new = spool.append(b"new").unwrap();
    let lost = ids
        .iter()
        .filter(|id| !delivered.iter().any(|(found, _)| *found == id.get()));
    for id in lost.filter(|_| settled_later) {
        // The receipt of a record may arrive after its bytes were damaged.
        spool.settle(*id).unwrap();
    }
    let rest = [&delivered[1]].into_iter().chain(&delivered[3..]).cloned();
    let expected: Records = rest.chain([(new.get(), b"new".to_vec())]).collect();
    assert_eq!(spool.status().pending_records, expected.len() as u64);
    assert_eq!(drain(&mut spool), (expected.clone(), vec![]));
    drop(spool);
    let (mut spool, _) = open(&disk.reboot(PowerCut::KeepsAll));
    assert_eq!(drain(&mut spool).0, expected);
}

/// A bad sector costs the records that it touches, and no more.
#[test]
fn a_bad_sector_costs_the_records_on_it() {
    let disk = FaultDisk::default();
    let limits = Limits {
        segment_bytes_max: 100_000,
        total_bytes_max: 1_000_000,
        ..limits()
    };
    let (mut spool, _) = Spool::open(disk.clone(), Path::new(FOLDER), limits).unwrap();
    for number in 0..40 {
        spool.append(&[number; 972]).unwrap();
    }
    drop(spool);
    let path = segments(&disk.files()).pop().unwrap();
    disk.set_unreadable(&path, 9000..9001);
    let (mut spool, recovery) = Spool::open(disk, Path::new(FOLDER), limits).unwrap();
    assert!(
        recovery
            .damage
            .iter()
            .all(|found| found.kind == DamageKind::Unreadable)
    );
    let numbers: Vec<u8> = drain(&mut spool)
        .0
        .into_iter()
        .map(|(_, bytes)| bytes[0])
        .collect();
    // Frames of 1,000 bytes after a header of 24; the sector is 8,192 to 12,288.
    assert_eq!(numbers, (0..8).chain(13..40).collect::<Vec<u8>>());
}

/// Starts without an append, and a newest segment of which nothing is left but the name, give no number out again.
#[test]
fn numbers_never_return() {
    let disk = FaultDisk::default();
    let mut highest = 0;
    for _ in 0..3 {
        let (mut spool, _) = open(&disk);
        let id = spool.append(b"one").unwrap();
        assert!(id.get() > highest, "{id} after {highest}");
        highest = id.get();
        spool.settle(id).unwrap();
        drop(spool);
        drop(open(&disk));
        let newest = segments(&disk.files()).pop().unwrap();
        disk.damage(&newest, |bytes| bytes.fill(0xff));
        drop(open(&disk));
        drop(open(&disk));
    }
}

/// A start seals what it found, so that an end that is lost later is noticed even between two records.
#[test]
fn an_end_that_is_lost_after_a_start_is_noticed() {
    let (files, _) = small_spool();
    let disk = FaultDisk::with_files(files);
    drop(open(&disk));
    let path = segments(&disk.files()).pop().unwrap();
    disk.damage(&path, |bytes| bytes.truncate(HEADER_BYTES as usize));
    let (_, recovery) = open(&disk);
    assert_eq!(recovery.damage.len(), 1);
    assert_eq!(
        (recovery.damage[0].kind, &recovery.damage[0].file),
        (DamageKind::Shortened, &path)
    );
}

/// What cannot be read now may be readable later: nothing is cut, removed or given up meanwhile.
#[test]
fn a_file_that_cannot_be_read_for_a_while() {
    let (files, pending) = small_spool();
    for path in files.keys() {
        let disk = FaultDisk::with_files(files.clone());
        disk.set_unreadable(path, 0..u64::MAX);
        let (mut spool, recovery) = open(&disk);
        let context = path.display();
        let found = recovery.damage.iter().filter(|found| found.file == *path);
        assert!(found.clone().count() > 0, "{context}");
        assert!(
            found
                .clone()
                .all(|found| found.kind == DamageKind::Unreadable),
            "{context}"
        );
        let new = spool.append(b"new").unwrap();
        for (id, _) in drain(&mut spool).0 {
            if id == new.get() {
                spool.settle(new).unwrap();
            }
        }
        drop(spool);
        disk.set_unreadable(path, 0..0);
        let (mut spool, recovery) = open(&disk);
        assert!(
            recovery
                .damage
                .iter()
                .all(|found| found.kind == DamageKind::Ledger),
            "{context}"
        );
        let delivered = drain(&mut spool).0;
        assert!(
            pending.iter().all(|one| delivered.contains(one)),
            "{context}"
        );
    }
}

/// A disk that hesitates while the agent runs costs one pass and no record.
#[test]
fn a_read_error_while_it_runs() {
    let (files, pending) = small_spool();
    for path in segments(&files) {
        let disk = FaultDisk::with_files(files.clone());
        let (mut spool, _) = open(&disk);
        disk.set_unreadable(&path, 0..u64::MAX);
        let (delivered, damage) = drain(&mut spool);
        assert!(delivered.len() < pending.len() && damage.iter().all(|found| found.file == path));
        assert!(
            damage
                .iter()
                .any(|found| found.kind == DamageKind::Unreadable),
            "{damage:?}"
        );
        for (id, _) in &delivered {
            spool.settle(RecordId(*id)).unwrap();
        }
        disk.set_unreadable(&path, 0..0);
        drop(spool);
        let rest = drain(&mut open(&disk).0).0;
        assert!(
            pending
                .iter()
                .all(|one| delivered.contains(one) != rest.contains(one))
        );
    }
}

#[test]
fn a_later_format_is_refused_and_left_alone() {
    let (files, _) = small_spool();
    for path in files.keys() {
        let mut later = files.clone();
        let bytes = later.get_mut(path).unwrap();
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..20]).to_le_bytes();
        bytes[20..24].copy_from_slice(&crc);
        let disk = FaultDisk::with_files(later.clone());
        let Err(refused) = Spool::open(disk.clone(), Path::new(FOLDER), limits()) else {
            panic!("opened")
        };
        assert!(matches!(&refused, OpenError::LaterFormat { file, version: 2 } if file == path));
        assert!(
            refused.to_string().contains("install the later version"),
            "{refused}"
        );
        assert_eq!(disk.files(), later);
    }
}

#[test]
fn foreign_files_are_told_and_left_alone() {
    let (mut files, pending) = small_spool();
    let copy = files[&segments(&files)[0]].clone();
    for name in ["copy of 1.seg", "00000000000000000000.seg", "notes.txt"] {
        files.insert(Path::new(FOLDER).join(name), copy.clone());
    }
    files.insert(Path::new(FOLDER).join(".ledger.tmp"), vec![1]);
    let disk = FaultDisk::with_files(files);
    let (mut spool, recovery) = open(&disk);
    assert_eq!(
        recovery
            .damage
            .iter()
            .filter(|found| found.kind == DamageKind::Foreign)
            .count(),
        3
    );
    assert_eq!(drain(&mut spool).0, pending);
    assert!(disk.files().contains_key(Path::new("/spool/notes.txt")));
    assert!(!disk.files().contains_key(Path::new("/spool/.ledger.tmp")));
}

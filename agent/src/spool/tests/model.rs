//! Random steps, run against the spool on a failing disk and against a map in memory.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::fault_disk::{Fault, FaultDisk, PowerCut};
use super::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    Append {
        length: usize,
    },
    Settle {
        position: usize,
    },
    Drain {
        records_max: usize,
        bytes_max: usize,
    },
    Restart,
    Cut(PowerCut),
    /// A fault at one of the next operations.
    Fault {
        ahead: usize,
        burst: usize,
        fault: Fault,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let fault = prop::sample::select(vec![
        Fault::NotPersisted,
        Fault::PersistedButFailed,
        Fault::Half,
        Fault::Full,
        Fault::Crash,
    ]);
    prop_oneof![
        8 => (0_usize..250).prop_map(|length| Act::Append { length }),
        6 => (0_usize..12).prop_map(|position| Act::Settle { position }),
        2 => (1_usize..5, 0_usize..300).prop_map(|(records_max, bytes_max)| Act::Drain { records_max, bytes_max }),
        1 => Just(Act::Restart),
        1 => prop::sample::select(PowerCut::ALL.to_vec()).prop_map(Act::Cut),
        1 => (0_usize..8, 1_usize..4, fault).prop_map(|(ahead, burst, fault)| Act::Fault { ahead, burst, fault }),
    ]
}

/// The spool and the map that it is held against.
struct Model {
    disk: FaultDisk,
    spool: Option<Spool<FaultDisk>>,
    pending: BTreeMap<u64, Vec<u8>>,
    settled: BTreeMap<u64, Vec<u8>>,
    /// Bytes whose append failed: after a restart they may be there, if the disk refused to take them back.
    failed: BTreeSet<Vec<u8>>,
    /// Records whose append failed and that came all the same: the disk may still lose them.
    unsure: BTreeSet<u64>,
    highest: u64,
    serial: u32,
}

impl Model {
    fn new() -> Self {
        let disk = FaultDisk::default();
        let mut model = Model {
            disk,
            spool: None,
            pending: BTreeMap::new(),
            settled: BTreeMap::new(),
            failed: BTreeSet::new(),
            unsure: BTreeSet::new(),
            highest: 0,
            serial: 0,
        };
        model.reopen();
        model
    }

    fn run(&mut self, act: Act) {
        match act {
            Act::Append { length } => self.append(length),
            Act::Settle { position } => self.settle(position),
            Act::Drain {
                records_max,
                bytes_max,
            } => self.drain(records_max, bytes_max),
            Act::Restart => self.reopen(),
            Act::Cut(cut) => self.cut(cut),
            Act::Fault {
                ahead,
                burst,
                fault,
            } => {
                let from = self.disk.operations() + ahead;
                self.disk.plan(from..from + burst, fault);
            }
        }
        if self.disk.is_dead() {
            self.cut(PowerCut::ALL[self.serial as usize % PowerCut::ALL.len()]);
        }
    }

    fn append(&mut self, length: usize) {
        self.serial += 1;
        let mut bytes = self.serial.to_le_bytes().to_vec();
        bytes.resize(4 + length, self.serial as u8);
        let spool = self.spool.as_mut().unwrap();
        match spool.append(&bytes) {
            Ok(id) => {
                assert!(id.get() > self.highest, "{id} repeats");
                self.highest = id.get();
                self.pending.insert(id.get(), bytes);
            }
            Err(error) => {
                assert!(error.retryable());
                self.failed.insert(bytes);
            }
        }
    }

    fn settle(&mut self, position: usize) {
        let Some(id) = self.pending.keys().nth(position).copied() else {
            return;
        };
        let bytes = self.pending.remove(&id).unwrap();
        self.settled.insert(id, bytes);
        let _ = self.spool.as_mut().unwrap().settle(RecordId(id));
    }

    fn drain(&mut self, records_max: usize, bytes_max: usize) {
        if self.disk.is_dead() {
            return;
        }
        let spool = self.spool.as_mut().unwrap();
        let mut cursor = Cursor::start();
        let mut delivered = BTreeMap::new();
        loop {
            let batch = spool.pending(&mut cursor, records_max, bytes_max);
            let bytes: usize = batch.records.iter().map(|record| record.bytes.len()).sum();
            assert!(
                batch.records.len() <= records_max
                    && (batch.records.len() <= 1 || bytes <= bytes_max)
            );
            assert_eq!(batch.damage, []);
            let Some(last) = batch.records.last() else {
                break;
            };
            assert!(
                delivered
                    .last_key_value()
                    .is_none_or(|(id, _)| *id < batch.records[0].id.get())
            );
            cursor = if last.id.get() % 2 == 0 {
                Cursor::after(last.id)
            } else {
                cursor
            };
            delivered.extend(
                batch
                    .records
                    .into_iter()
                    .map(|record| (record.id.get(), record.bytes)),
            );
        }
        assert_eq!(delivered, self.pending);
        assert_eq!(spool.status().pending_records, self.pending.len() as u64);
    }

    fn cut(&mut self, cut: PowerCut) {
        self.spool = None;
        self.disk = self.disk.reboot(cut);
        self.reopen();
    }

    /// After a start, records that were settled may be back, and records whose append failed.
    fn reopen(&mut self) {
        self.spool = None;
        let mut spool = self.open();
        let found: BTreeMap<u64, Vec<u8>> = drain(&mut spool).0.into_iter().collect();
        for (id, bytes) in self
            .pending
            .iter()
            .filter(|(id, _)| !self.unsure.contains(id))
        {
            assert_eq!(found.get(id), Some(bytes), "record {id} is lost");
        }
        for (id, bytes) in &found {
            let known = self.pending.get(id).or_else(|| self.settled.get(id)) == Some(bytes);
            if !known {
                assert!(
                    self.failed.contains(bytes),
                    "record {id} was never appended"
                );
                self.unsure.insert(*id);
            }
            self.highest = self.highest.max(*id);
        }
        self.pending = found;
        self.spool = Some(spool);
    }

    fn open(&mut self) -> Spool<FaultDisk> {
        loop {
            match Spool::open(self.disk.clone(), Path::new(FOLDER), limits()) {
                Ok((spool, _)) if !self.disk.is_dead() => return spool,
                Ok(_) | Err(OpenError::Io { .. }) if self.disk.is_dead() => {
                    self.disk = self.disk.reboot(PowerCut::Tears);
                }
                Ok(_) | Err(OpenError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_a_map(acts in prop::collection::vec(act(), 1..80)) {
        let mut model = Model::new();
        for act in acts {
            model.run(act);
        }
        model.drain(2, 50);
    }
}

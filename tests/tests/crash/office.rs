//! A county's office: an agent as a process, files that are dropped into its inbox, and what must become of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use granary_core::{
    code::IndicatorCode, decimal::Decimal, digest::Digest, ledger::JournalEntry, log::Receipt,
};

use crate::{
    city::City,
    dice::Dice,
    laws::Judge,
    programs::{Process, command},
    statements::{DATASET, month},
};

/// Folders in which a file is not at its end.
const UNSETTLED: [&str; 2] = ["inbox", "sent"];
/// Folders in which it is.
const SETTLED: [&str; 3] = ["accepted", "returned", "refused"];
/// Short waits, so that a run is short.
const SETTINGS: [(&str, &str); 5] = [
    ("GRANARY_AGENT_LINK_BACKOFF_MS_MIN", "10"),
    ("GRANARY_AGENT_LINK_BACKOFF_MS_MAX", "100"),
    ("GRANARY_AGENT_POLL_INBOX_MS", "50"),
    ("GRANARY_AGENT_POLL_SETTLE_MS", "0"),
    ("GRANARY_AGENT_POLL_ASSESSMENTS_WAIT_MS", "1000"),
];

/// An office and the files that its clerk has dropped so far.
pub(crate) struct Office<'a> {
    city: &'a City,
    unit: &'static str,
    dice: Dice,
    dropped: Vec<Dropped>,
}

struct Dropped {
    name: String,
    text: String,
    fate: Fate,
    /// The month that it states.
    month: u64,
    /// Whether another file speaks of the same month.
    is_followed: bool,
}

/// What must become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// One entry in the journal, with this figure.
    Journaled(i64),
    /// It says what another file said, so it is put to that one and has no entry of its own.
    Repeated,
    /// The preflight returns it.
    Returned,
    /// It cannot be read.
    Refused,
}

impl<'a> Office<'a> {
    pub(crate) fn new(city: &'a City, unit: &'static str, dice: &mut Dice) -> Self {
        let office = Self {
            city,
            unit,
            dice: dice.split(),
            dropped: Vec::new(),
        };
        fs::create_dir_all(office.path("inbox")).unwrap();
        office
    }

    /// Starts the agent.
    pub(crate) fn start(&self) -> Process {
        let mut run = command("granary-agent");
        run.envs(SETTINGS)
            .arg("run")
            .arg("--dir")
            .arg(self.city.agent(self.unit));
        Process::start(run, &self.city.log(self.unit), |_| ())
    }

    /// Drops one more file, as a program does that writes it under another name first.
    pub(crate) fn drop_file(&mut self) {
        let number = self.dropped.len();
        let file = self.write(number);
        let (draft, whole) = (format!(".{}.tmp", file.name), file.name.clone());
        fs::write(self.path("inbox").join(&draft), &file.text).unwrap();
        fs::rename(
            self.path("inbox").join(&draft),
            self.path("inbox").join(whole),
        )
        .unwrap();
        self.dropped.push(file);
    }

    pub(crate) const fn dropped(&self) -> usize {
        self.dropped.len()
    }

    /// Whether every file is where it stays.
    pub(crate) fn is_settled(&self) -> bool {
        UNSETTLED
            .iter()
            .all(|folder| self.files_in(folder).is_empty())
    }

    /// No file is lost or came twice, each is where it belongs, with a report, and as it was dropped.
    pub(crate) fn every_file_is_in_its_place(&self) {
        let mut found = BTreeMap::new();
        for folder in SETTLED.iter().chain(&UNSETTLED) {
            for name in self.files_in(folder) {
                let twice = found.insert(name.clone(), *folder);
                assert_eq!(twice, None, "{name} is in two folders of {}", self.unit);
            }
        }
        for file in &self.dropped {
            let name = &file.name;
            let folder = match file.fate {
                Fate::Journaled(_) | Fate::Repeated => "accepted",
                Fate::Returned => "returned",
                Fate::Refused => "refused",
            };
            let place = found.remove(name);
            assert_eq!(
                place,
                Some(folder),
                "{name} of {}, {:?}; elsewhere: {found:?}",
                self.unit,
                file.fate
            );
            assert_eq!(
                fs::read_to_string(self.path(folder).join(name)).unwrap(),
                file.text,
                "{name}"
            );
            for extension in ["txt", "json"] {
                assert!(
                    self.path(folder)
                        .join(format!("{name}.report.{extension}"))
                        .is_file(),
                    "{name} has no report"
                );
            }
        }
        assert_eq!(found, BTreeMap::new(), "files that nobody dropped");
    }

    /// Each file that had to reach the journal did so once, with its figure, and nothing else did; each entry has its stored
    /// receipt, which holds. How many receipts.
    pub(crate) fn every_file_took_effect_once(&self, judge: &Judge) -> usize {
        let total = IndicatorCode::new("total").unwrap();
        let (mut figures, mut journaled) = (Vec::new(), BTreeSet::new());
        for record in &judge.records {
            let snapshot =
                Judge::snapshot(record).filter(|snapshot| snapshot.slot.unit.as_str() == self.unit);
            if let Some(snapshot) = snapshot {
                figures.push(snapshot.value(&total, None).unwrap());
                journaled.insert(record.entry.payload_sha256);
            }
        }
        let mut expected: Vec<Decimal> = self.dropped.iter().filter_map(Dropped::figure).collect();
        figures.sort_unstable();
        expected.sort_unstable();
        assert_eq!(figures, expected, "figures of {} in the journal", self.unit);
        let receipts = self.receipts();
        let payload =
            |receipt: &Receipt| JournalEntry::decode(&receipt.entry).unwrap().payload_sha256;
        assert_eq!(
            receipts.iter().map(payload).collect::<BTreeSet<Digest>>(),
            journaled
        );
        judge.every_receipt_holds(receipts.iter())
    }

    fn receipts(&self) -> Vec<Receipt> {
        let folder = self.path("state").join("receipts");
        let files = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let proofs = files.filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "tlog-proof")
        });
        proofs
            .map(|path| Receipt::parse(&fs::read_to_string(path).unwrap()).unwrap())
            .collect()
    }

    fn files_in(&self, folder: &str) -> Vec<String> {
        // The agent makes the folders when it first starts.
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.ends_with(".csv") && !name.starts_with('.'))
            .collect()
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.city.agent(self.unit).join(folder)
    }

    /// Mostly statements of a new month; also revisions, copies, and files that must not reach the city.
    fn write(&mut self, number: usize) -> Dropped {
        let name = format!("{number:04}.csv");
        let figure = 1_000 + i64::try_from(number).unwrap();
        let fresh = number as u64;
        match self.dice.below(10) {
            0 => Dropped {
                text: self.table(fresh, figure, figure),
                ..Dropped::new(name, fresh, Fate::Returned)
            },
            1 => {
                let text = format!(
                    "unit,dataset,period,indicator,value\n{},{DATASET},{},nonsense,1\n",
                    self.unit,
                    month(fresh)
                );
                Dropped {
                    text,
                    ..Dropped::new(name, fresh, Fate::Refused)
                }
            }
            2 | 3 => match self.follow() {
                Some(earlier) => {
                    let (month, text) = (earlier.month, earlier.text.clone());
                    Dropped {
                        text,
                        ..Dropped::new(name, month, Fate::Repeated)
                    }
                }
                None => self.statement(name, fresh, figure),
            },
            4 | 5 => {
                let month = self.follow().map_or(fresh, |earlier| earlier.month);
                self.statement(name, month, figure)
            }
            _ => self.statement(name, fresh, figure),
        }
    }

    /// An earlier statement whose month no other file speaks of yet: what comes of a third would depend on which file the agent
    /// reads first.
    fn follow(&mut self) -> Option<&Dropped> {
        let may =
            |file: &&mut Dropped| matches!(file.fate, Fate::Journaled(_)) && !file.is_followed;
        let count = self.dropped.iter_mut().filter(may).count() as u64;
        let chosen = usize::try_from(self.dice.below(count.max(1))).unwrap();
        let file = self.dropped.iter_mut().filter(may).nth(chosen)?;
        file.is_followed = true;
        Some(file)
    }

    fn statement(&mut self, name: String, at: u64, figure: i64) -> Dropped {
        // A long run comes to the same months again.
        let mut is_followed = false;
        for file in self
            .dropped
            .iter_mut()
            .filter(|file| month(file.month) == month(at))
        {
            (file.is_followed, is_followed) = (true, true);
        }
        let text = self.table(at, figure, figure - 1);
        Dropped {
            text,
            is_followed,
            ..Dropped::new(name, at, Fate::Journaled(figure))
        }
    }

    /// One tonne from farms, so that it adds up where the works made one tonne less than all together.
    fn table(&self, at: u64, total: i64, works: i64) -> String {
        let rows = [("total", total), ("farms", 1), ("works", works)];
        let row = |(indicator, value)| {
            format!(
                "{},{DATASET},{},{indicator},{value}\n",
                self.unit,
                month(at)
            )
        };
        rows.map(row).into_iter().fold(
            "unit,dataset,period,indicator,value\n".to_owned(),
            |text, row| text + &row,
        )
    }
}

impl Dropped {
    fn new(name: String, month: u64, fate: Fate) -> Self {
        Self {
            name,
            text: String::new(),
            fate,
            month,
            is_followed: false,
        }
    }

    /// The figure that must be in the journal.
    fn figure(&self) -> Option<Decimal> {
        match self.fate {
            Fate::Journaled(figure) => Some(Decimal::integer(figure)),
            Fate::Repeated | Fate::Returned | Fate::Refused => None,
        }
    }
}

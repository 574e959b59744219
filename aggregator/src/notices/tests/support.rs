//! A board without a journal, a notices file, and a carrier that needs no network.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use granary_core::{
    catalogue::Catalogue,
    completeness::Board,
    ledger::{Facts, Outcome, Vintage},
    notices::{Kind, Matter, Notice, Plan, Situation, decide, revise},
    snapshot::SlotKey,
};
use jiff::Timestamp;

use crate::{
    clock::Clock,
    notices::{
        NoticeSettings,
        channel::{Carried, Carrier, Failure, Parcel},
    },
    testing,
};

/// Prefectures owe the monthly revenue; 2022-M05 is due at the end of Sunday 5 June 2022, Shanghai time.
pub(crate) const NOTICES: &str = r#"
[plan]
datasets = ["monthly-revenue"]
reminders = ["24h", "2h"]
summary_to = ["operations"]
escalate_after = ["24h"]
escalate_to = ["units", "operations"]
all_in_to = ["operations"]

[quiet]
timezone = "Asia/Shanghai"
from = "22:00"
to = "07:00"

[[channel]]
name = "hub"
kind = "webhook"
url = { env = "HUB" }
plain_http = true

[[channel]]
name = "group"
kind = "wecom"
url = { env = "GROUP" }
plain_http = true

[[contact]]
name = "guiyang"
units = ["520100"]
channel = "hub"

[[contact]]
name = "others"
units = ["520000"]
channel = "hub"
language = "en"

[[contact]]
name = "duty"
operations = true
channel = "group"
language = "en"
"#;

pub(crate) fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// `06-05 22:00`, Shanghai time.
pub(crate) fn shown(at_ms: i64) -> String {
    let local = Timestamp::from_millisecond(at_ms + 8 * 3_600_000).unwrap();
    local.strftime("%m-%d %H:%M:%S").to_string()
}

pub(crate) fn settings(text: &str) -> NoticeSettings {
    settings_at(text, "http://127.0.0.1:9")
}

/// With every address leading to one server.
pub(crate) fn settings_at(text: &str, server: &str) -> NoticeSettings {
    let names = ["HUB", "GROUP", "DING", "SECRET", "TOKEN"];
    let value = |name: &str| match name {
        "SECRET" => "SECabc".to_owned(),
        "TOKEN" => "Bearer top-secret".to_owned(),
        name => format!("{server}/{}?key=k1", name.to_lowercase()),
    };
    let environment = names.map(|name| (name.to_owned(), value(name)));
    let read = NoticeSettings::parse(text, Path::new("notices.toml"), &environment.into());
    read.unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub(crate) fn board() -> Board {
    let catalogue = Catalogue::parse(&testing::bundle()).unwrap();
    Board::empty(Arc::new(catalogue))
}

pub(crate) fn accept(board: &mut Board, slot: &SlotKey, at_ms: i64) {
    board.add_vintage(
        slot,
        Vintage {
            received_at_ms: at_ms,
            outcome: Outcome::Accepted,
            facts: Facts::default(),
            revisions: None,
        },
    );
}

/// The first notice of a kind that the plan brings at an instant.
pub(crate) fn notice(plan: &Plan, kind: Kind, instant: &str) -> Notice {
    let situation = Situation::of(&board(), plan, at(instant));
    let decision = decide(&situation, plan, &Default::default());
    let mut matters = decision.matters.iter().filter(|m: &&Matter| m.kind == kind);
    let matter = matters.next().unwrap();
    revise(matter, &situation, plan).notice.unwrap()
}

/// Notes what it is given, and answers as it was told to; else it takes everything.
#[derive(Default)]
pub(crate) struct Notebook {
    pub(crate) taken: Mutex<Vec<Parcel>>,
    pub(crate) answers: Mutex<VecDeque<Failure>>,
}

impl Carrier for Notebook {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carried<'a> {
        self.lock_taken().push(parcel.clone());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.pop_front().map_or(Ok(()), Err);
        Box::pin(async { answer })
    }
}

impl Notebook {
    pub(crate) fn lock_taken(&self) -> std::sync::MutexGuard<'_, Vec<Parcel>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that goes with the runtime's, which a test may pause.
pub(crate) struct RuntimeClock {
    start_ms: i64,
    start: tokio::time::Instant,
}

impl RuntimeClock {
    pub(crate) fn starting(instant: &str) -> Self {
        Self {
            start_ms: at(instant),
            start: tokio::time::Instant::now(),
        }
    }
}

impl Clock for RuntimeClock {
    fn now_ms(&self) -> i64 {
        self.start_ms + i64::try_from(self.start.elapsed().as_millis()).unwrap()
    }
}

/// The environment of a notices file with a few secrets.
pub(crate) fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

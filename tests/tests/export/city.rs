//! A city with some history: figures that hold and figures that do not, and many revisions.

use std::{fs, path::Path, sync::Arc};

use ed25519_dalek::SigningKey;
use granary_aggregator::{
    clock::{Clock as _, SystemClock},
    ingress::Received,
    journal::Journal,
    pipeline::Handle,
    project::{self, Derived},
};
use granary_audit::cli::Response;
use granary_core::{catalogue::Bundle, digest::Digest, ledger::Deed};

pub(crate) use crate::support::{City, run, take};
use crate::support::{done, enrol, slot, stated, statement};

/// Beyond what a stream holds in one chunk.
pub(crate) const REVISIONS: u32 = 300;

/// What the sample catalogue does not have.
const SCORING: &str = r#"
[[scorecard]]
code = "prefectures"
name = { zh = "考核", en = "Scores" }
periodicity = "quarter"
level = "prefecture"
flags = 1
components = [{ measure = "reporting_rate", weight = 60 }, { measure = "target_progress", weight = 40 }]

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
values = { 520100 = "12000" }
"#;

impl City {
    pub(crate) fn founded() -> Self {
        let city = Self::empty(Arc::new(SystemClock));
        let operator = city.operator();
        city.work(async |handle: Handle| found(&handle, &operator).await);
        city
    }

    pub(crate) fn replay(&self, args: &[&str]) -> Response {
        let file = self.path("city.granary").display().to_string();
        let key = self.path("log.vkey").display().to_string();
        run(&[&["replay", &file, "--log-key", &key, "--lang", "en"], args].concat())
    }

    pub(crate) fn digest(&self) -> Digest {
        let data = self.path("data");
        let journal = Arc::new(Journal::open(&data).unwrap());
        let derived = Arc::new(Derived::open(&data).unwrap());
        project::catch_up(&journal, &derived).unwrap();
        project::state_digest(&derived).unwrap()
    }
}

/// A catalogue, two enrolled units, figures that hold and figures that do not, and many revisions.
async fn found(handle: &Handle, operator: &SigningKey) {
    take(handle, done(operator, 1, Deed::PublishCatalogue(bundle()))).await;
    for unit in [(100, "520100"), (101, "520300")] {
        enrol(handle, operator, unit, SystemClock.now_ms()).await;
    }
    let accounts = |seed, unit, revision, figures: [&str; 4]| {
        let names = ["gdp", "primary", "secondary", "tertiary"];
        let figures: Vec<_> = names.into_iter().zip(figures).collect();
        report(
            seed,
            (unit, "quarterly-accounts", "2021-Q2"),
            revision,
            &figures,
        )
    };
    for received in [
        accounts(100, "520100", 1, ["100.00", "10.00", "40.00", "49.00"]),
        accounts(100, "520100", 2, ["100.00", "10.00", "40.00", "50.00"]),
        accounts(101, "520300", 1, ["90.00", "10.00", "40.00", "30.00"]),
    ] {
        take(handle, received).await;
    }
    for revision in 1..=REVISIONS {
        take(handle, revenue(revision)).await;
    }
}

pub(crate) fn revenue(revision: u32) -> Received {
    let figure = revision.to_string();
    let place = ("520100", "monthly-revenue", "2022-M03");
    report(100, place, revision, &[("revenue", &figure)])
}

fn report(
    seed: u8,
    (unit, dataset, period): (&str, &str, &str),
    revision: u32,
    figures: &[(&str, &str)],
) -> Received {
    let slot = slot(unit, dataset, period);
    stated(
        seed,
        &statement(slot, revision, bundle().version(), figures),
    )
}

fn bundle() -> Bundle {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/sample");
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    let scoring = ("scoring.toml".to_owned(), SCORING.to_owned());
    Bundle::new(files.chain([scoring]).collect()).unwrap()
}

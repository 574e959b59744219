//! A city's data folder with some history, an auditor's identity, and the server while it runs.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ed25519_dalek::SigningKey;
use granary_aggregator::{
    clock::{Clock, SystemClock},
    ingress::Received,
    init::{self, Plan},
    journal::Journal,
    pipeline::{Handle, Options, Pipeline},
    project::{self, Derived},
    serve::Server,
    settings::{Settings, Sources},
    site::{OperatorFolder, Site},
    tls::Role,
};
use granary_audit::cli::{Response, respond};
use granary_core::{
    catalogue::Bundle,
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, PublicKey},
    ledger::{Act, Deed, act},
    period::Period,
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

const ORIGIN: &str = "city.example/log";
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

/// A city's data folder, an auditor's identity, and the server while it runs.
pub(crate) struct City {
    folder: tempfile::TempDir,
    runtime: Runtime,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    url: String,
}

impl City {
    pub(crate) fn founded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let plan = Plan {
            data: data.clone(),
            origin: ORIGIN.into(),
            server_names: vec!["localhost".into()],
        };
        let made = init::init(&plan, Arc::new(SystemClock)).unwrap();
        let auditor = OperatorFolder::new(&folder.path().join("auditor"));
        let authority = made.site.authority().unwrap();
        let (key, now) = (&made.verifier_key, jiff::Timestamp::now());
        init::make_client_folder(&auditor, &authority, Role::Auditor, key, now).unwrap();
        fs::write(folder.path().join("log.vkey"), key).unwrap();
        let city = Self {
            folder,
            runtime: Runtime::new().unwrap(),
            running: None,
            url: String::new(),
        };
        let operator = made.site.operator().signing_key().unwrap();
        city.work(async |handle: Handle| found(&handle, &operator).await);
        city
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the pipeline on the data folder without a server.
    pub(crate) fn work(&self, work: impl AsyncFnOnce(Handle)) {
        let data = self.path("data");
        let (journal, derived) = (Journal::open(&data).unwrap(), Derived::open(&data).unwrap());
        let key = Site::new(&data).log_key().unwrap();
        let clock = Arc::new(SystemClock);
        let pipeline = Pipeline::start(journal, derived, key, Options::default(), clock).unwrap();
        self.runtime.block_on(work(pipeline.handle()));
        pipeline.shutdown(Duration::from_secs(60)).unwrap();
    }

    pub(crate) fn start(&mut self) {
        let data = self.path("data").display().to_string();
        let flags = [
            ("data", data.as_str()),
            ("listen", "127.0.0.1:0"),
            ("metrics_listen", "off"),
            ("grace_ms", "5000"),
        ];
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let sources = Sources {
            flags: flags.map(own).into(),
            ..Sources::default()
        };
        let settings = Settings::read(&sources).unwrap();
        let clock = Arc::new(SystemClock);
        let server = self
            .runtime
            .block_on(Server::open(&settings, clock, None))
            .unwrap();
        self.url = format!("https://localhost:{}", server.address().unwrap().port());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = async move { server.run(async { drop(stopped.await) }).await.unwrap() };
        self.running = Some((stop, self.runtime.spawn(serving)));
    }

    pub(crate) fn stop(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        drop(stop);
        self.runtime.block_on(running).unwrap();
    }

    /// Asks over the line.
    pub(crate) fn ask(&self, args: &[&str]) -> Response {
        let identity = self.path("auditor").display().to_string();
        run(&[args, &["--server", &self.url, "--identity", &identity]].concat())
    }

    pub(crate) fn export(&self, args: &[&str]) -> Response {
        let file = self.path("city.granary").display().to_string();
        self.ask(&[&["export", "-o", &file, "--lang", "en"], args].concat())
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

impl Drop for City {
    fn drop(&mut self) {
        if self.running.is_some() && !std::thread::panicking() {
            self.stop();
        }
    }
}

pub(crate) fn run(args: &[&str]) -> Response {
    let args = ["granary-audit"].iter().chain(args);
    respond(args.map(Into::into).collect(), &|_| None)
}

pub(crate) async fn take(handle: &Handle, received: Received) {
    let accepted = handle.submit_wait(received).await.unwrap();
    handle.wait_applied(accepted.index()).await.unwrap();
}

fn signed(key: &SigningKey, payload_type: &str, payload: Vec<u8>) -> Received {
    Received {
        payload_type: payload_type.to_owned(),
        signatures: vec![envelope::sign(key, payload_type, &payload)],
        payload: payload.into(),
    }
}

fn done(key: &SigningKey, nonce: u8, deed: Deed) -> Received {
    let act = Act {
        issued_at_ms: 0,
        nonce: [nonce; 16],
        deed,
        person: String::new(),
    };
    signed(key, act::PAYLOAD_TYPE, act.encode())
}

/// A catalogue, two enrolled units, figures that hold and figures that do not, and many revisions.
async fn found(handle: &Handle, operator: &SigningKey) {
    take(handle, done(operator, 1, Deed::PublishCatalogue(bundle()))).await;
    for (seed, unit) in [(100, "520100"), (101, "520300")] {
        let (unit, token) = (UnitCode::new(unit).unwrap(), [seed; 32]);
        let issue = Deed::IssueToken {
            unit: unit.clone(),
            token_sha256: Digest::of(&token),
            expires_at_ms: SystemClock.now_ms() + 600_000,
            role: envelope::KeyRole::Agent,
        };
        take(handle, done(operator, seed, issue)).await;
        let enrol = Deed::EnrolKey {
            unit,
            key: PublicKey::Ed25519(key(seed).verifying_key()),
            token,
            label: String::new(),
        };
        take(handle, done(&key(seed), seed, enrol)).await;
    }
    let accounts = |seed, unit, revision, figures| {
        let names = ["gdp", "primary", "secondary", "tertiary"];
        report(
            seed,
            unit,
            "quarterly-accounts",
            "2021-Q2",
            revision,
            &names,
            figures,
        )
    };
    take(
        handle,
        accounts(100, "520100", 1, ["100.00", "10.00", "40.00", "49.00"]),
    )
    .await;
    take(
        handle,
        accounts(100, "520100", 2, ["100.00", "10.00", "40.00", "50.00"]),
    )
    .await;
    take(
        handle,
        accounts(101, "520300", 1, ["90.00", "10.00", "40.00", "30.00"]),
    )
    .await;
    for revision in 1..=REVISIONS {
        take(handle, revenue(revision)).await;
    }
}

pub(crate) fn revenue(revision: u32) -> Received {
    let figure = revision.to_string();
    report(
        100,
        "520100",
        "monthly-revenue",
        "2022-M03",
        revision,
        &["revenue"],
        [&figure],
    )
}

fn report<const N: usize>(
    seed: u8,
    unit: &str,
    dataset: &str,
    period: &str,
    revision: u32,
    names: &[&str],
    figures: [&str; N],
) -> Received {
    let observation = |(name, figure): (&&str, &str)| Observation {
        indicator: IndicatorCode::new(name).unwrap(),
        item: None,
        value: Some(Decimal::parse(figure).unwrap()),
        status: ObservationStatus::Normal,
    };
    let snapshot = Snapshot {
        slot: SlotKey::new(
            UnitCode::new(unit).unwrap(),
            DatasetCode::new(dataset).unwrap(),
            Period::parse(period).unwrap(),
        ),
        revision,
        prepared_at_ms: 0,
        catalogue_version: bundle().version(),
        observations: names.iter().zip(figures).map(observation).collect(),
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".into(),
    };
    signed(
        &key(seed),
        snapshot::PAYLOAD_TYPE,
        snapshot.encode().unwrap(),
    )
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
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

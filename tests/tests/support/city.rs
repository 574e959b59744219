//! A city's data folder, an auditor's identity, and the server while it runs, all in this process; and what counties and the operator send.
//!
//! Tests that set a server's answers beside what an exported journal gives include this file by its path.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use granary_aggregator::{
    clock::Clock,
    ingress::Received,
    init::{self, Plan},
    journal::Journal,
    pipeline::{Handle, Options, Pipeline},
    project::Derived,
    serve::Server,
    settings::{Settings, Sources},
    site::{OperatorFolder, Site},
    tls::Role,
};
use granary_audit::cli::{Response, respond};
use granary_core::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, PublicKey},
    ledger::{Act, Deed, LogIndex, act},
    period::Period,
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use jiff::Timestamp;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

pub(crate) const ORIGIN: &str = "city.example/log";
const SERVER_NAME: &str = "localhost";

/// A city's data folder, an auditor's identity, and the server while it runs.
pub(crate) struct City {
    folder: tempfile::TempDir,
    clock: Arc<dyn Clock>,
    runtime: Runtime,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    url: String,
    console: Option<SocketAddr>,
}

impl City {
    /// A city whose journal holds nothing but its first entry, received when the clock says.
    pub(crate) fn empty(clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            data: folder.path().join("data"),
            origin: ORIGIN.into(),
            server_names: vec![SERVER_NAME.into()],
        };
        let made = init::init(&plan, Arc::clone(&clock)).unwrap();
        let auditor = OperatorFolder::new(&folder.path().join("auditor"));
        let authority = made.site.authority().unwrap();
        let key = &made.verifier_key;
        init::make_client_folder(&auditor, &authority, Role::Auditor, key, Timestamp::now())
            .unwrap();
        std::fs::write(folder.path().join("log.vkey"), key).unwrap();
        Self {
            folder,
            clock,
            runtime: Runtime::new().unwrap(),
            running: None,
            url: String::new(),
            console: None,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn operator(&self) -> SigningKey {
        let site = Site::new(&self.path("data"));
        site.operator().signing_key().unwrap()
    }

    /// Runs the pipeline on the data folder without a server.
    pub(crate) fn work(&self, work: impl AsyncFnOnce(Handle)) {
        let data = self.path("data");
        let (journal, derived) = (Journal::open(&data).unwrap(), Derived::open(&data).unwrap());
        let key = Site::new(&data).log_key().unwrap();
        let clock = Arc::clone(&self.clock);
        let pipeline = Pipeline::start(journal, derived, key, Options::default(), clock).unwrap();
        self.runtime.block_on(work(pipeline.handle()));
        pipeline.shutdown(Duration::from_secs(60)).unwrap();
    }

    /// Starts the server with the console beside it.
    pub(crate) fn start(&mut self) {
        // Connections are checked against the real time, whatever the city's clock says.
        let site = Site::new(&self.path("data"));
        let authority = site.authority().unwrap();
        let names = [SERVER_NAME.to_owned()];
        let identity = site.server_identity(&authority, &names, Timestamp::now());
        identity.unwrap();
        let data = self.path("data").display().to_string();
        let flags = [
            ("data", data.as_str()),
            ("listen", "127.0.0.1:0"),
            ("metrics_listen", "off"),
            ("console_listen", "127.0.0.1:0"),
            ("grace_ms", "5000"),
        ];
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let sources = Sources {
            flags: flags.map(own).into(),
            ..Sources::default()
        };
        let settings = Settings::read(&sources).unwrap();
        let clock = Arc::clone(&self.clock);
        let server = self
            .runtime
            .block_on(Server::open(&settings, clock, None))
            .unwrap();
        self.url = format!("https://localhost:{}", server.address().unwrap().port());
        self.console = server.console_address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = async move { server.run(async { drop(stopped.await) }).await.unwrap() };
        self.running = Some((stop, self.runtime.spawn(serving)));
    }

    /// Where the console and the API are, while the server runs.
    #[allow(
        dead_code,
        reason = "not every test that includes this file looks at screens"
    )]
    pub(crate) fn console(&self) -> SocketAddr {
        self.console.unwrap()
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
}

impl Drop for City {
    fn drop(&mut self) {
        if self.running.is_some() && !std::thread::panicking() {
            self.stop();
        }
    }
}

/// What `granary-audit` says.
pub(crate) fn run(args: &[&str]) -> Response {
    let args = ["granary-audit"].iter().chain(args);
    respond(args.map(Into::into).collect(), &|_| None)
}

pub(crate) async fn take(handle: &Handle, received: Received) {
    sent(handle, received).await;
}

/// The same; gives its place in the journal.
pub(crate) async fn sent(handle: &Handle, received: Received) -> LogIndex {
    let accepted = handle.submit_wait(received).await.unwrap();
    handle.wait_applied(accepted.index()).await.unwrap();
    accepted.index()
}

fn signed(key: &SigningKey, payload_type: &str, payload: Vec<u8>) -> Received {
    Received {
        payload_type: payload_type.to_owned(),
        signatures: vec![envelope::sign(key, payload_type, &payload)],
        payload: payload.into(),
    }
}

pub(crate) fn done(key: &SigningKey, nonce: u8, deed: Deed) -> Received {
    asked_for(key, nonce, deed, "")
}

/// An act that somebody asked for at the console.
pub(crate) fn asked_for(key: &SigningKey, nonce: u8, deed: Deed, person: &str) -> Received {
    let act = Act {
        issued_at_ms: 0,
        nonce: [nonce; 16],
        deed,
        person: person.into(),
    };
    signed(key, act::PAYLOAD_TYPE, act.encode())
}

/// Issues a token for a unit, and enrols with it the key that the seed gives.
pub(crate) async fn enrol(
    handle: &Handle,
    operator: &SigningKey,
    (seed, unit): (u8, &str),
    now_ms: i64,
) {
    let (unit, token) = (UnitCode::new(unit).unwrap(), [seed; 32]);
    let issue = Deed::IssueToken {
        unit: unit.clone(),
        token_sha256: Digest::of(&token),
        expires_at_ms: now_ms + 600_000,
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

/// A unit's statement, signed with the key that the seed gives.
pub(crate) fn stated(seed: u8, snapshot: &Snapshot) -> Received {
    signed(
        &key(seed),
        snapshot::PAYLOAD_TYPE,
        snapshot.encode().unwrap(),
    )
}

/// A unit's statement of these figures, with nothing beside them.
pub(crate) fn statement(
    slot: SlotKey,
    revision: u32,
    catalogue_version: Digest,
    figures: &[(&str, &str)],
) -> Snapshot {
    let observation = |(name, figure): &(&str, &str)| Observation {
        indicator: IndicatorCode::new(name).unwrap(),
        item: None,
        value: Some(Decimal::parse(figure).unwrap()),
        status: ObservationStatus::Normal,
    };
    Snapshot {
        slot,
        revision,
        prepared_at_ms: 0,
        catalogue_version,
        observations: figures.iter().map(observation).collect(),
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".into(),
    }
}

pub(crate) fn slot(unit: &str, dataset: &str, period: &str) -> SlotKey {
    SlotKey::new(
        UnitCode::new(unit).unwrap(),
        DatasetCode::new(dataset).unwrap(),
        Period::parse(period).unwrap(),
    )
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

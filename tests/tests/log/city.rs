//! A city whose log grows by acts, and is served over HTTP.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ed25519_dalek::SigningKey;
use granary_aggregator::{
    clock::SystemClock,
    ingress::Received,
    init::{self, Plan},
    journal::Journal,
    pipeline::{Options, Pipeline},
    project::Derived,
    serve::Server,
    settings::{Settings, Sources},
    site::Site,
};
use granary_audit::cli::{Response, respond};
use granary_core::{
    catalogue::Bundle,
    code::UnitCode,
    digest::Digest,
    envelope::{self, KeyRole},
    ledger::{Act, Deed, act},
};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

const ORIGIN: &str = "city.example/log";

/// A city's data folder, and the server while it runs.
pub(crate) struct City {
    folder: tempfile::TempDir,
    runtime: Runtime,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    log: Option<SocketAddr>,
    operator: SigningKey,
    pub(crate) verifier_key: String,
}

impl City {
    pub(crate) fn founded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            data: folder.path().join("data"),
            origin: ORIGIN.into(),
            server_names: vec!["localhost".into()],
        };
        let made = init::init(&plan, Arc::new(SystemClock)).unwrap();
        let city = Self {
            folder,
            runtime: Runtime::new().unwrap(),
            running: None,
            log: None,
            operator: made.site.operator().signing_key().unwrap(),
            verifier_key: made.verifier_key,
        };
        city.submit([city.act([0; 16], Deed::PublishCatalogue(bundle()))].into());
        city
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Adds so many acts while no server runs; `branch` tells the acts of one history from those of another.
    pub(crate) fn grow(&self, acts: u32, branch: u8) {
        let token = |number: u32| {
            let mut nonce = [branch; 16];
            nonce[..4].copy_from_slice(&number.to_be_bytes());
            let deed = Deed::IssueToken {
                unit: UnitCode::new("520100").unwrap(),
                token_sha256: Digest::of(&nonce),
                expires_at_ms: 4_000_000_000_000,
                role: KeyRole::default(),
            };
            self.act(nonce, deed)
        };
        self.submit((0..acts).map(token).collect());
    }

    /// Runs the pipeline on the data folder without a server.
    fn submit(&self, acts: Vec<Received>) {
        let data = self.data();
        let (journal, derived) = (Journal::open(&data).unwrap(), Derived::open(&data).unwrap());
        let key = Site::new(&data).log_key().unwrap();
        let clock = Arc::new(SystemClock);
        let pipeline = Pipeline::start(journal, derived, key, Options::default(), clock).unwrap();
        let handle = pipeline.handle();
        self.runtime.block_on(async {
            for act in acts {
                let accepted = handle.submit_wait(act).await.unwrap();
                handle.wait_applied(accepted.index()).await.unwrap();
            }
        });
        pipeline.shutdown(Duration::from_secs(60)).unwrap();
    }

    fn act(&self, nonce: [u8; 16], deed: Deed) -> Received {
        let act = Act {
            issued_at_ms: 0,
            nonce,
            deed,
            person: String::new(),
        };
        let payload = act.encode();
        Received {
            payload_type: act::PAYLOAD_TYPE.to_owned(),
            signatures: vec![envelope::sign(&self.operator, act::PAYLOAD_TYPE, &payload)],
            payload: payload.into(),
        }
    }

    pub(crate) fn start(&mut self) {
        let data = self.data().display().to_string();
        let flags = [
            ("data", data.as_str()),
            ("listen", "127.0.0.1:0"),
            ("metrics_listen", "off"),
            ("log_listen", "127.0.0.1:0"),
            ("grace_ms", "5000"),
        ];
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let sources = Sources {
            flags: flags.map(own).into(),
            ..Sources::default()
        };
        let settings = Settings::read(&sources).unwrap();
        let opened = Server::open(&settings, Arc::new(SystemClock), None);
        let server = self.runtime.block_on(opened).unwrap();
        self.log = server.log_address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = async move { server.run(async { drop(stopped.await) }).await.unwrap() };
        self.running = Some((stop, self.runtime.spawn(serving)));
    }

    pub(crate) fn stop(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        drop(stop);
        self.runtime.block_on(running).unwrap();
    }

    pub(crate) fn log_url(&self) -> String {
        format!("http://{}", self.log.unwrap())
    }

    /// The bytes of the newest checkpoint.
    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.log.unwrap()).unwrap();
        let request = "GET /checkpoint HTTP/1.1\r\nhost: log\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        answer[end + 4..].to_vec()
    }

    /// What `granary-audit log` says.
    pub(crate) fn follow(&self) -> Response {
        let head = self.folder.path().join("city.head").display().to_string();
        let url = self.log_url();
        let words = [
            "granary-audit",
            "log",
            "--lang",
            "en",
            "--url",
            &url,
            "--log-key",
            &self.verifier_key,
            "--head",
            &head,
        ];
        respond(words.iter().map(Into::into).collect(), &|_| None)
    }

    /// A backup of the data folder, while no server runs.
    pub(crate) fn copy(&self) -> tempfile::TempDir {
        let backup = tempfile::tempdir().unwrap();
        copy_folder(&self.data(), backup.path());
        backup
    }

    pub(crate) fn put_back(&self, backup: &tempfile::TempDir) {
        fs::remove_dir_all(self.data()).unwrap();
        copy_folder(backup.path(), &self.data());
    }
}

fn bundle() -> Bundle {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/sample");
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    Bundle::new(files.collect()).unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

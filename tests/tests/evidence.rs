//! From a file in a county's folder to the auditor's: asked for, handed in by the agent, fetched and checked; and the trail that
//! all of it leaves, checked against the journal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use granary_agent::{
    evidence::{Outcome, Shelf, exchange},
    identity::Identity,
    settings::LinkSettings,
    tls,
};
use granary_aggregator::{
    clock::SystemClock,
    ingress::Received,
    init::{self, Plan},
    journal::Journal,
    pipeline::{Handle, Options, Pipeline},
    project::Derived,
    serve::Server,
    settings::{Settings, Sources},
    site::{OperatorFolder, Site},
    tls::{Caller, Role},
};
use granary_audit::cli::{Response, respond};
use granary_core::{
    catalogue::Bundle,
    code::{IndicatorCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, KeyRole, PublicKey},
    ledger::{Act, Deed, act},
    log::VerifierKey,
    snapshot::{self, Evidence, Observation, ObservationStatus, SlotKey, Snapshot},
};
use granary_proto::v1::EvidenceState;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

const UNIT: &str = "520100";
const SLOT: &str = "520100/monthly-revenue/2022-M03";
const LEDGER: &str = "收入台账";

/// A city, a county's folder, and the server while it runs.
struct City {
    folder: tempfile::TempDir,
    runtime: Runtime,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    url: String,
    log_key: String,
}

impl City {
    /// A city in which a county has stated figures and named two files, of which it holds the first.
    fn founded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let plan = Plan {
            data,
            origin: "city.example/log".into(),
            server_names: vec!["localhost".into()],
        };
        let made = init::init(&plan, Arc::new(SystemClock)).unwrap();
        let auditor = OperatorFolder::new(&folder.path().join("auditor"));
        let authority = made.site.authority().unwrap();
        let (log_key, now) = (made.verifier_key, jiff::Timestamp::now());
        init::make_client_folder(&auditor, &authority, Role::Auditor, &log_key, now).unwrap();
        let county = folder.path().join("county/evidence");
        fs::create_dir_all(&county).unwrap();
        fs::write(county.join("台账.pdf"), LEDGER).unwrap();
        let city = Self {
            folder,
            runtime: Runtime::new().unwrap(),
            running: None,
            url: String::new(),
            log_key,
        };
        let operator = made.site.operator().signing_key().unwrap();
        city.state(&operator);
        city
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Enters the catalogue, the county's key and its statement without a server.
    fn state(&self, operator: &SigningKey) {
        let data = self.path("data");
        let (journal, derived) = (Journal::open(&data).unwrap(), Derived::open(&data).unwrap());
        let key = Site::new(&data).log_key().unwrap();
        let clock = Arc::new(SystemClock);
        let pipeline = Pipeline::start(journal, derived, key, Options::default(), clock).unwrap();
        self.runtime.block_on(found(&pipeline.handle(), operator));
        pipeline.shutdown(Duration::from_secs(60)).unwrap();
    }

    fn start(&mut self) {
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

    fn stop(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        drop(stop);
        self.runtime.block_on(running).unwrap();
    }

    fn ask(&self, args: &[&str]) -> Response {
        let identity = self.path("auditor").display().to_string();
        let line = [
            "--server",
            &self.url,
            "--identity",
            &identity,
            "--lang",
            "en",
        ];
        run(&[args, &line].concat())
    }

    /// What the county's agent does when it asks.
    fn agent(&self) -> Vec<(String, Outcome)> {
        let site = Site::new(&self.path("data"));
        let authority = site.authority().unwrap();
        let caller = Caller::Unit(UnitCode::new(UNIT).unwrap());
        let issued = authority
            .issue_client(&caller, jiff::Timestamp::now())
            .unwrap();
        let identity = Identity {
            signing: key().into(),
            role: KeyRole::default(),
            unit: UnitCode::new(UNIT).unwrap(),
            tls_key_pem: issued.key_pem,
            certificate_pem: issued.certificate_pem,
            authority_pem: authority.certificate_pem().to_owned(),
            log_key: VerifierKey::parse(&self.log_key).unwrap(),
        };
        let shelf = Shelf {
            root: self.path("county"),
            bytes_max: 1 << 20,
            patience: Duration::from_secs(60),
        };
        self.runtime.block_on(async {
            let link = LinkSettings::default();
            let channel = tls::enrolled_channel(&self.url, &identity, &link).unwrap();
            let shown = exchange(channel, &shelf).await.unwrap();
            let told = |one: granary_agent::evidence::Shown| (one.pending.name, one.outcome);
            shown.into_iter().map(told).collect()
        })
    }

    fn access(&self, log: &str) -> Response {
        let archive = self.path("city.granary").display().to_string();
        let log = self.path(log).display().to_string();
        let args = [
            "access",
            "--log",
            &log,
            "--export",
            &archive,
            "--log-key",
            &self.log_key,
        ];
        run(&[&args[..], &["--lang", "en"]].concat())
    }
}

fn run(args: &[&str]) -> Response {
    let args = ["granary-audit"].iter().chain(args).map(Into::into);
    respond(args.collect(), &|_| None)
}

async fn found(handle: &Handle, operator: &SigningKey) {
    let act = |signer: &SigningKey, deed| {
        let payload = Act {
            issued_at_ms: 0,
            nonce: init::random().unwrap(),
            deed,
            person: String::new(),
        };
        signed(signer, act::PAYLOAD_TYPE, payload.encode())
    };
    let unit = UnitCode::new(UNIT).unwrap();
    take(handle, act(operator, Deed::PublishCatalogue(bundle()))).await;
    let token = [7; 32];
    let issue = Deed::IssueToken {
        unit: unit.clone(),
        token_sha256: Digest::of(&token),
        expires_at_ms: i64::MAX,
        role: KeyRole::default(),
    };
    take(handle, act(operator, issue)).await;
    let enrol = Deed::EnrolKey {
        unit,
        key: PublicKey::Ed25519(key().verifying_key()),
        token,
        label: String::new(),
    };
    take(handle, act(&key(), enrol)).await;
    take(handle, statement()).await;
}

async fn take(handle: &Handle, received: Received) {
    let accepted = handle.submit_wait(received).await.unwrap();
    handle.wait_applied(accepted.index()).await.unwrap();
}

fn statement() -> Received {
    let observation = Observation {
        indicator: IndicatorCode::new("revenue").unwrap(),
        item: None,
        value: Some(Decimal::parse("7").unwrap()),
        status: ObservationStatus::Normal,
    };
    let mut parts = SLOT.split('/');
    let mut part = || parts.next().unwrap();
    let evidence = |name: &str, bytes: &str| Evidence {
        name: name.into(),
        sha256: Digest::of(bytes.as_bytes()),
    };
    let snapshot = Snapshot {
        slot: SlotKey::new(
            part().parse().unwrap(),
            part().parse().unwrap(),
            part().parse().unwrap(),
        ),
        revision: 1,
        prepared_at_ms: 0,
        catalogue_version: bundle().version(),
        observations: vec![observation],
        sign_offs: Vec::new(),
        evidence: vec![evidence("台账.pdf", LEDGER), evidence("合同.pdf", "lost")],
        explanations: Vec::new(),
        software: "test".into(),
    };
    signed(&key(), snapshot::PAYLOAD_TYPE, snapshot.encode().unwrap())
}

fn signed(key: &SigningKey, payload_type: &str, payload: Vec<u8>) -> Received {
    let signatures = vec![envelope::sign(key, payload_type, &payload)];
    Received {
        payload_type: payload_type.to_owned(),
        payload: payload.into(),
        signatures,
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[100; 32])
}

fn bundle() -> Bundle {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/sample");
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    Bundle::new(files.collect()).unwrap()
}

#[test]
fn evidence_goes_from_a_countys_folder_to_the_auditors_and_leaves_a_trail() {
    let mut city = City::founded();
    city.start();
    let listed = city.ask(&["evidence", "list", "--slot", SLOT]);
    assert!(listed.output.contains("not asked for"), "{listed:?}");
    assert!(city.agent().is_empty(), "nothing is handed in unasked");
    let why = ["--reason", "a random check"];
    let asked = city.ask(&[&["evidence", "request", "--slot", SLOT], &why[..]].concat());
    assert_eq!(
        (asked.code, asked.output.lines().count()),
        (0, 2),
        "{asked:?}"
    );
    let again = city.ask(&[&["evidence", "request", "--slot", SLOT], &why[..]].concat());
    assert!(again.output.contains("nothing to ask for"), "{again:?}");

    let mut handed = city.agent();
    handed.sort_by(|a, b| a.0.cmp(&b.0));
    let gone = Outcome::Missing(EvidenceState::Gone);
    let expect = [
        ("台账.pdf".to_owned(), Outcome::Sent),
        ("合同.pdf".to_owned(), gone),
    ];
    assert_eq!(handed, expect);

    let out = city.path("fetched").display().to_string();
    let fetch = ["evidence", "fetch", "--slot", SLOT, "-o", &out];
    let fetched = city.ask(&fetch);
    assert_eq!(fetched.code, 1, "one file is gone: {fetched:?}");
    assert!(fetched.output.contains("the unit says: gone"));
    let name = format!("{}-台账.pdf", Digest::of(LEDGER.as_bytes()).short());
    let names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    assert_eq!(names, [name.as_str()]);
    assert_eq!(
        fs::read_to_string(city.path("fetched").join(&name)).unwrap(),
        LEDGER
    );
    let digest = Digest::of(LEDGER.as_bytes()).to_string();
    let one = city.ask(&[&fetch[..], &["--sha256", &digest[..8]]].concat());
    assert_eq!(one.code, 0, "{one:?}");

    // A city that gives other bytes is found out, and nothing of them is kept.
    fs::write(city.path("data/evidence").join(&digest), "forged bytes").unwrap();
    fs::remove_dir_all(&out).unwrap();
    let forged = city.ask(&fetch);
    assert_eq!(forged.code, 1);
    assert!(forged.output.contains("does not fit"), "{forged:?}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    city.stop();
}

#[test]
fn the_trail_is_checked_against_the_journal_and_names_what_was_removed() {
    let mut city = City::founded();
    city.start();
    for _ in 0..3 {
        city.ask(&["evidence", "list", "--slot", SLOT]);
    }
    let online = city.ask(&["access"]);
    assert!(online.output.contains("4 lines, each fits"), "{online:?}");
    // The stop anchors; the next start serves the anchor, which an export then holds.
    city.stop();
    city.start();
    let archive = city.path("city.granary").display().to_string();
    assert_eq!(city.ask(&["export", "-o", &archive]).code, 0);
    city.stop();
    let holds = city.access("data/access/log");
    assert_eq!(holds.code, 0, "{holds:?}");
    assert!(holds.output.contains("It holds: 5 lines"), "{holds:?}");
    assert!(holds.output.contains("the first 4 are anchored"));
    assert!(holds.output.contains("a catalogue is published"));

    let text = fs::read_to_string(city.path("data/access/log")).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let check = |kept: Vec<&str>, expect: &str| {
        fs::write(city.path("copy"), kept.concat()).unwrap();
        let said = city.access("copy");
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.output.contains(expect), "{said:?}");
    };
    check(
        [&lines[..1], &lines[2..]].concat(),
        "lines 2 to 2 were removed",
    );
    check(lines[..2].to_vec(), "lines 3 to 4 were removed: entry");
    let altered = lines[1].replace("auditor", "operator");
    check(
        [&lines[..1], &[altered.as_str()], &lines[2..]].concat(),
        "line 2 was altered",
    );
}

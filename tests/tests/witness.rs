//! A city that forks its log, caught: two data folders from one prefix under the same keys, the real agent between them, and
//! a witness that stands by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use granary_agent::{
    enrol::{self, Request, Token},
    report::Report,
    run::{self, Submitted},
    settings::{LinkSettings, Settings},
    status::Status,
    tls,
    witness::{Fork, fork},
};
use granary_aggregator::{
    clock::SystemClock,
    init::{self, Plan},
    serve::Server,
    settings as city_settings, site,
    tls::EnrolmentToken,
};
use granary_audit::witness::Witness;
use granary_core::{
    catalogue::Bundle,
    code::UnitCode,
    digest::Digest,
    envelope::{self, KeyRole, Suite},
    ledger::{Act, Deed, act},
    log::{AddCheckpoint, Hash, KeyName, Policy, VerifierKey},
    text::Language,
};
use granary_proto::v1::{self, administration_service_client::AdministrationServiceClient};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

const UNIT: &str = "520100";

/// A city's server on one of its data folders.
struct City {
    data: PathBuf,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl City {
    async fn start(data: &Path, listen: &str) -> Self {
        let given = [
            ("data", data.to_str().unwrap()),
            ("listen", listen),
            ("metrics_listen", "off"),
            ("witness_round_ms", "0"),
        ];
        let flags = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings = city_settings::Settings::read(&city_settings::Sources {
            flags: flags.into(),
            ..Default::default()
        });
        let server = Server::open(&settings.unwrap(), Arc::new(SystemClock), None).await;
        let server = server.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server.run(async move { drop(stopped.await) });
        Self {
            data: data.to_owned(),
            address,
            stop,
            running: tokio::spawn(async move { serving.await.unwrap() }),
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    fn site(&self) -> site::Site {
        site::Site::new(&self.data)
    }

    async fn act(&self, deed: Deed) {
        let site = self.site();
        let read = |path: PathBuf| site::read(&path).unwrap();
        let person = site.operator();
        let identity =
            Identity::from_pem(read(person.client_certificate()), read(person.client_key()));
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(site.authority_certificate())))
            .identity(identity);
        let endpoint = Endpoint::from_shared(self.url()).unwrap();
        let channel = endpoint.tls_config(tls).unwrap().connect().await.unwrap();
        let payload = Act {
            issued_at_ms: 0,
            nonce: init::random().unwrap(),
            deed,
            person: String::new(),
        }
        .encode();
        let signature = envelope::sign(&person.signing_key().unwrap(), act::PAYLOAD_TYPE, &payload);
        let envelope =
            granary_aggregator::convert::envelope(act::PAYLOAD_TYPE, payload, &[signature]);
        let request = v1::SubmitActRequest {
            envelope: Some(envelope),
        };
        let answer = AdministrationServiceClient::new(channel)
            .submit_act(request)
            .await;
        let result = answer.unwrap().into_inner().result.unwrap();
        assert!(
            matches!(result, v1::submit_act_response::Result::Receipt(_)),
            "{result:?}"
        );
    }

    async fn token(&self) -> EnrolmentToken {
        let secret: [u8; 32] = init::random().unwrap();
        self.act(Deed::IssueToken {
            unit: UnitCode::new(UNIT).unwrap(),
            token_sha256: Digest::of(&secret),
            expires_at_ms: i64::MAX,
            role: KeyRole::default(),
        })
        .await;
        let authority = self.site().authority().unwrap();
        EnrolmentToken::new(Digest::of(authority.certificate_der()), secret)
    }
}

async fn founded(data: &Path) -> City {
    let plan = Plan {
        data: data.to_owned(),
        origin: "fork.example/log".into(),
        server_names: vec!["localhost".into()],
    };
    let made = tokio::task::spawn_blocking(move || init::init(&plan, Arc::new(SystemClock)));
    made.await.unwrap().unwrap();
    let city = City::start(data, "127.0.0.1:0").await;
    city.act(Deed::PublishCatalogue(bundle())).await;
    city
}

fn bundle() -> Bundle {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/sample");
    let names = [
        "catalogue",
        "datasets",
        "edits",
        "indicators",
        "roster",
        "units",
    ];
    let file = |name: &str| {
        let name = format!("{name}.toml");
        let text = std::fs::read_to_string(sample.join(&name)).unwrap();
        (name, text)
    };
    Bundle::new(names.map(file).into()).unwrap()
}

async fn office(city: &City, folder: &Path) -> Settings {
    let text = format!(
        "unit = \"{UNIT}\"\nserver = \"{}\"\nlanguage = \"en\"\n[spool]\ndisk_free_bytes_min = 0\n[poll]\nwitness_ms = 1000\n",
        city.url()
    );
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("agent.toml"), &text).unwrap();
    let settings = Settings::parse(&text, &folder.join("agent.toml"), &BTreeMap::new()).unwrap();
    let token = Token::parse(&city.token().await.to_string()).unwrap();
    let link = LinkSettings::default();
    let channel = tls::pinned_channel(&city.url(), token.authority_sha256, &link).unwrap();
    let request = Request {
        token,
        unit: UnitCode::new(UNIT).unwrap(),
        label: "test".into(),
        suite: Suite::Ed25519,
    };
    enrol::enrol(channel, &settings.identity, &request, 1)
        .await
        .unwrap();
    settings
}

/// Runs the agent until its status says what is waited for.
async fn runs_until(settings: &Settings, done: impl Fn(&Status) -> bool) -> Status {
    let state = settings.state.clone();
    let reached = async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        while !Status::read(&state).as_ref().is_some_and(&done) {
            ticks.tick().await;
        }
    };
    run::run(settings.clone(), reached).await.unwrap();
    Status::read(&settings.state).unwrap()
}

fn cosigned(status: &Status) -> u64 {
    status.cosigned.map_or(0, |cosigned| cosigned.size)
}

async fn hands_in(settings: &Settings, month: &str, wait: Duration) -> Submitted {
    let text = format!("# dataset: monthly-revenue\nperiod,revenue\n{month},100\n");
    let file = settings.state.with_file_name(format!("{month}.csv"));
    std::fs::write(&file, text).unwrap();
    let spool = run::open_spool(settings, run::LOCK_PATIENCE).await.unwrap();
    run::submit(settings.clone(), spool, file, wait)
        .await
        .unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_that_forks_its_log_is_caught_by_the_agent_and_by_an_auditors_witness() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let city = founded(&one).await;
    let listen = city.address.to_string();
    let settings = office(&city, &folder.path().join("office")).await;
    let status = runs_until(&settings, |status| cosigned(status) > 0).await;
    let common = cosigned(&status);
    city.stop().await;
    copy(&one, &other);

    // The first history: a report is received, and the agent cosigns the head above it.
    let city = City::start(&one, &listen).await;
    let first = hands_in(&settings, "2021-M03", Duration::from_secs(60)).await;
    assert!(matches!(first, Submitted::Placed { .. }), "{first:?}");
    runs_until(&settings, |status| cosigned(status) > common).await;
    city.stop().await;

    // The second history, from the same prefix and under the same keys, has never heard of that report.
    let city = City::start(&other, &listen).await;
    for _ in 0..3 {
        city.token().await;
    }
    let status = runs_until(&settings, |status| status.fork.is_some()).await;
    assert!(
        status
            .fork
            .unwrap()
            .en
            .contains("ring the head of the city's statistics office")
    );
    let found = Fork::find(&settings.state).unwrap();
    assert!(found.seen_size > common, "{found:?}");
    assert!(settings.root.join(fork::NOTICE).exists());

    // Nothing more is pushed: what is handed in stays in the spool.
    let held = hands_in(&settings, "2021-M04", Duration::from_secs(3)).await;
    let Submitted::Placed { report, .. } = held else {
        panic!("{held:?}");
    };
    assert_eq!(report.outcome, granary_agent::report::Outcome::Sent);
    the_clerk_is_told(&settings, &report);
    let spool = run::open_spool(&settings, run::LOCK_PATIENCE)
        .await
        .unwrap();
    assert_eq!(spool.status().pending_records, 1);
    city.stop().await;
    auditor_refuses(&settings, &other, folder.path(), &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_of_another_house_is_asked_and_its_word_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let city = founded(&data).await;
    let listen = city.address.to_string();
    city.stop().await;
    let log_key = site::read(&site::Site::new(&data).log_verifier_key()).unwrap();
    let log_key = VerifierKey::parse(log_key.trim()).unwrap();
    let state = folder.path().join("witness.state");
    Witness::init(&state).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let name = KeyName::new("audit.example/w").unwrap();
    let now_s = || u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
    let witness = Witness::open(&state, log_key.clone(), name, key, now_s).unwrap();
    let public = witness.public().to_string();
    let (bound, address) = oneshot::channel();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    tokio::spawn(granary_audit::witness::server::serve(
        witness,
        any,
        |address| {
            bound.send(address).unwrap();
        },
    ));
    let policy = format!(
        "witness w {public} http://{}/\nquorum w\n",
        address.await.unwrap()
    );
    std::fs::write(data.join("witnesses.policy"), &policy).unwrap();
    let city = City::start(&data, &listen).await;
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let note = loop {
        ticks.tick().await;
        let files = std::fs::read_dir(data.join("cosigned")).unwrap();
        if let Some(file) = files
            .map(|file| file.unwrap().path())
            .find(|p| p.extension().is_some_and(|e| e == "checkpoint"))
        {
            break std::fs::read(file).unwrap();
        }
    };
    assert!(policy.judge(&note, &log_key, now_s()).unwrap().reached);
    city.stop().await;
}

/// The report of a file that waits, and `granary-agent status`, say in both languages what happened, where both heads are, and what to do.
fn the_clerk_is_told(settings: &Settings, report: &Report) {
    let test = std::env::current_exe().unwrap();
    let mut folders = test.ancestors();
    let programs = folders.find(|folder| folder.join("granary-agent").is_file());
    let agent = programs
        .expect("build the programs first")
        .join("granary-agent");
    for (language, word, stopped, words) in [
        (
            Language::Zh,
            "zh",
            "【停止报送，未发送】",
            ["日志出现了两种历史", "请这样做"],
        ),
        (
            Language::En,
            "en",
            "STOPPED, NOT SENT",
            ["shows two histories", "Do this"],
        ),
    ] {
        let text = granary_agent::report::render(report, language, &settings.time_zone);
        assert!(text.contains(stopped), "{text}");
        let mut status = std::process::Command::new(&agent);
        status.env("GRANARY_AGENT_LANGUAGE", word).arg("status");
        let said = status.arg("--dir").arg(&settings.root).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        for words in words
            .into_iter()
            .chain(["seen.checkpoint", "shown.checkpoint"])
        {
            assert!(text.contains(words), "{words} is not in\n{text}");
            assert!(said.contains(words), "{words} is not in\n{said}");
        }
    }
}

/// The evidence convinces a witness that has seen the first history, and nothing else of either party.
fn auditor_refuses(settings: &Settings, data: &Path, folder: &Path, found: &Fork) {
    let evidence = fork::evidence_of(&settings.state);
    let file = |name: &str| std::fs::read_to_string(evidence.join(name)).unwrap();
    let log_key = site::read(&site::Site::new(data).log_verifier_key()).unwrap();
    let log_key = VerifierKey::parse(log_key.trim()).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let state = folder.join("witness.state");
    Witness::init(&state).unwrap();
    let name = KeyName::new("audit.example/w").unwrap();
    let witness = Witness::open(&state, log_key, name, key, || 5).unwrap();
    let seen = AddCheckpoint {
        old_size: 0,
        proof: Vec::new(),
        checkpoint: file("seen.checkpoint"),
    };
    assert_eq!(
        witness.add_checkpoint(seen.to_text().as_bytes()).status,
        200
    );
    let proof = file("proof.txt");
    let hashes = proof
        .lines()
        .skip(2)
        .map(|line| Hash::from_base64(line).unwrap());
    let shown = AddCheckpoint {
        old_size: found.seen_size,
        proof: hashes.collect(),
        checkpoint: file("shown.checkpoint"),
    };
    let answer = witness.add_checkpoint(shown.to_text().as_bytes());
    let expected = if found.proven { 409 } else { 422 };
    assert_eq!(answer.status, expected, "{} {found:?}", answer.body);
}

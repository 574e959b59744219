//! Random verification from end to end: the auditor's program announces to a running city, draws, records and estimates; what comes
//! too late is refused on the way. The bytes of the acts are the published ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::Path, sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use granary_aggregator::{
    clock::{Clock as _, SystemClock},
    ingress::Received,
    init::{self, Plan},
    journal::Journal,
    pipeline::{Handle, Options, Pipeline},
    project::Derived,
    serve::Server,
    settings::{Settings, Sources},
    site::Site,
};
use granary_audit::cli::{Response, respond};
use granary_core::{
    catalogue::Bundle,
    code::IndicatorCode,
    decimal::Decimal,
    digest::Digest,
    envelope::{self, KeyRole, PublicKey},
    ledger::{
        Act, Deed, LogIndex, act,
        sampling::{
            Allocation, Announcement, Draw, Element, FrameHead, Kind, Method, Public, Scope, Seal,
            Step, Strata, Visit, VisitResult,
        },
    },
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use granary_proto::v1;
use prost::Message as _;
use serde_json::Value;
use tokio::{runtime::Runtime, sync::oneshot};

fn slot() -> SlotKey {
    SlotKey::new(
        "520100".parse().unwrap(),
        "quarterly-accounts".parse().unwrap(),
        "2021-Q2".parse().unwrap(),
    )
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

fn report(key: &SigningKey) -> Received {
    let figures = [
        ("gdp", "100.00"),
        ("primary", "10.00"),
        ("secondary", "40.00"),
        ("tertiary", "50.00"),
    ];
    let observation = |(name, figure): (&str, &str)| Observation {
        indicator: IndicatorCode::new(name).unwrap(),
        item: None,
        value: Some(Decimal::parse(figure).unwrap()),
        status: ObservationStatus::Normal,
    };
    let snapshot = Snapshot {
        slot: slot(),
        revision: 1,
        prepared_at_ms: 0,
        catalogue_version: bundle().version(),
        observations: figures.map(observation).to_vec(),
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".into(),
    };
    let payload = snapshot.encode().unwrap();
    signed(key, snapshot::PAYLOAD_TYPE, payload)
}

/// A catalogue, one unit and its report: five entries with the first.
async fn found(handle: &Handle, operator: &SigningKey) {
    let (unit_key, token) = (SigningKey::from_bytes(&[100; 32]), [100; 32]);
    let issue = Deed::IssueToken {
        unit: slot().unit,
        token_sha256: Digest::of(&token),
        expires_at_ms: SystemClock.now_ms() + 600_000,
        role: KeyRole::default(),
    };
    let enrol = Deed::EnrolKey {
        unit: slot().unit,
        key: PublicKey::Ed25519(unit_key.verifying_key()),
        token,
        label: String::new(),
    };
    let entries = [
        done(operator, 1, Deed::PublishCatalogue(bundle())),
        done(operator, 2, issue),
        done(&unit_key, 3, enrol),
        report(&unit_key),
    ];
    for received in entries {
        let accepted = handle.submit_wait(received).await.unwrap();
        handle.wait_applied(accepted.index()).await.unwrap();
    }
}

/// Asks a city with the operator's identity.
struct Line {
    url: String,
    identity: String,
    key: String,
}

impl Line {
    fn ask(&self, task: &str, args: &[&str]) -> Response {
        let line = ["--server", &self.url, "--identity", &self.identity];
        let task = ["granary-audit", "sample", task, "--json"];
        let args = task.iter().chain(args).chain(&line);
        respond(args.map(Into::into).collect(), &|_| None)
    }

    fn signed(&self, task: &str, args: &[&str]) -> Response {
        self.ask(task, &[args, &["--sign", &self.key]].concat())
    }

    fn announce(&self, seal_size: u64) -> Response {
        let seal_size = seal_size.to_string();
        self.signed(
            "announce",
            &[
                "--title",
                "随机核查",
                "--dataset",
                "quarterly-accounts",
                "--period",
                "2021-Q2",
                "--method",
                "by-size",
                "--size",
                "2",
                "--agreed",
                "7",
                "--seal-size",
                &seal_size,
            ],
        )
    }
}

fn json(response: &Response) -> Value {
    assert_eq!((response.code, response.error.as_str()), (0, ""));
    serde_json::from_str(&response.output).unwrap()
}

fn with_city(work: impl FnOnce(&Line)) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let plan = Plan {
        data: data.clone(),
        origin: "city.example/log".into(),
        server_names: vec!["localhost".into()],
    };
    let made = init::init(&plan, Arc::new(SystemClock)).unwrap();
    let operator = made.site.operator();
    let runtime = Runtime::new().unwrap();
    let (journal, derived) = (Journal::open(&data).unwrap(), Derived::open(&data).unwrap());
    let (key, clock) = (Site::new(&data).log_key().unwrap(), Arc::new(SystemClock));
    let pipeline = Pipeline::start(journal, derived, key, Options::default(), clock).unwrap();
    let signing = operator.signing_key().unwrap();
    runtime.block_on(found(&pipeline.handle(), &signing));
    pipeline.shutdown(Duration::from_secs(60)).unwrap();
    let data = data.display().to_string();
    let flags = [
        ("data", data.as_str()),
        ("listen", "127.0.0.1:0"),
        ("metrics_listen", "off"),
        ("grace_ms", "5000"),
    ];
    let sources = Sources {
        flags: flags
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..Sources::default()
    };
    let settings = Settings::read(&sources).unwrap();
    let opened = Server::open(&settings, Arc::new(SystemClock), None);
    let server = runtime.block_on(opened).unwrap();
    let line = Line {
        url: format!("https://localhost:{}", server.address().unwrap().port()),
        identity: operator.folder().display().to_string(),
        key: operator.operator_key().display().to_string(),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = runtime.spawn(async move { server.run(async { drop(stopped.await) }).await });
    work(&line);
    drop(stop);
    runtime.block_on(serving).unwrap().unwrap();
}

#[test]
fn a_city_is_verified_at_random() {
    with_city(|line| {
        let late = line.announce(6);
        assert_eq!(late.code, 2);
        assert!(late.error.contains("公告晚于封存点"), "{}", late.error);
        let sample = json(&line.announce(7))["entry"].to_string();
        let draw = ["--sample", &sample];
        let early = line.signed("draw", &draw);
        assert!(early.error.contains("封存点尚未到达"), "{}", early.error);
        // Any entry passes the seal, another announcement too.
        json(&line.announce(100));
        let drawn = json(&line.signed("draw", &draw));
        assert_eq!(drawn["drawn"][0]["element"]["indicator"], "gdp");
        assert_eq!(drawn["drawn"][0]["probability"], "1/1");
        let again = line.signed("draw", &draw);
        assert!(again.error.contains("不得重抽"), "{}", again.error);
        let element = &drawn["drawn"][1]["element"];
        let record = |indicator: &str, result: &[&str]| {
            let named = [
                "--unit",
                "520100",
                "--dataset",
                "quarterly-accounts",
                "--period",
                "2021-Q2",
                "--visitor",
                "李",
                "--indicator",
                indicator,
                "--result",
            ];
            line.signed("record", &[&draw[..], &named, result].concat())
        };
        json(&record("gdp", &["wrong", "--verified", "90"]));
        json(&record(
            element["indicator"].as_str().unwrap(),
            &["confirmed"],
        ));
        let names = ["primary", "secondary", "tertiary"];
        let spare = names.iter().find(|name| element["indicator"] != **name);
        let undrawn = record(spare.unwrap(), &["confirmed"]);
        assert!(undrawn.error.contains("未被抽中"), "{}", undrawn.error);
        let estimated = json(&line.ask("estimate", &draw));
        assert_eq!(estimated["draw"]["stated_is_this"], true);
        assert_eq!(estimated["all"]["visited"], 2);
        assert_eq!(estimated["all"]["wrong"], 1);
        // The sum would add gross product to its parts, which says nothing.
        assert_eq!(estimated["figures"], Value::Null);
    });
}

fn steps() -> Vec<Step> {
    let element = Element {
        slot: slot(),
        indicator: Some("gdp".parse().unwrap()),
        item: Some("G75".parse().unwrap()),
    };
    let announcement = Announcement {
        title: "随机核查".into(),
        scope: Scope {
            kind: Kind::Observations,
            datasets: vec![slot().dataset],
            periods: vec![slot().period],
            indicators: vec!["gdp".parse().unwrap()],
            measure: None,
            strata: Strata::Unit,
        },
        method: Method::Equal,
        size: 3,
        allocations: vec![Allocation {
            stratum: "520100".into(),
            size: 3,
        }],
        seal: Seal::Size(9),
        public: Public::Awaited("彩票".into()),
        frame: FrameHead {
            entries: 5,
            elements: 7,
            sha256: Digest::of(b"frame"),
        },
    };
    let by_size = Announcement {
        scope: Scope {
            kind: Kind::Slots,
            measure: Some("gdp".parse().unwrap()),
            indicators: vec![],
            strata: Strata::None,
            ..announcement.scope.clone()
        },
        method: Method::BySize,
        allocations: vec![],
        seal: Seal::After(1_650_000_000_000),
        public: Public::Agreed("7".into()),
        ..announcement.clone()
    };
    let draw = Draw {
        sample: LogIndex(5),
        tree_size: 9,
        root: Digest::of(b"root"),
        public: "7 11 23".into(),
        elements: vec![element.clone()],
    };
    let visit = Visit {
        sample: LogIndex(5),
        element,
        result: VisitResult::Wrong,
        verified: Some("-7.50".parse().unwrap()),
        note: "台账第 12 页".into(),
        visitor: "李".into(),
        visited_at_ms: 1_650_000_000_000,
    };
    vec![
        Step::Announce(announcement),
        Step::Announce(by_size),
        Step::Draw(draw),
        Step::Visit(visit),
    ]
}

#[test]
fn the_acts_are_the_published_messages() {
    let mut all = Vec::new();
    for step in steps() {
        let act = Act {
            issued_at_ms: 1,
            nonce: [6; 16],
            deed: Deed::Sample(step),
            person: String::new(),
        };
        let bytes = act.encode();
        assert_eq!(Act::decode(&bytes).unwrap(), act);
        let message = v1::Act::decode(bytes.as_slice()).unwrap();
        assert!(message.act.is_some());
        assert_eq!(message.encode_to_vec(), bytes);
        all.push(
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        );
    }
    assert_eq!(
        all.join("\n"),
        include_str!("golden/sample-acts.hex").trim()
    );
}

//! A real agent and a real city: a certificate near its end, and one that has ended, are followed by new ones without anybody's doing,
//! and the city hears how the agent stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Duration};

use granary_agent::{
    certificate::Certificate as Read,
    enrol::{self, Request, Token},
    run,
    settings::{LinkSettings, Settings},
    tls,
};
use granary_aggregator::{
    clock::SystemClock,
    convert,
    init::{self, Plan},
    serve::Server,
    settings as city_settings, site,
    tls::{Caller, EnrolmentToken},
};
use granary_core::{
    catalogue::Bundle,
    code::UnitCode,
    digest::Digest,
    envelope,
    ledger::{Act, Deed, act},
};
use granary_proto::v1::{
    self, administration_service_client::AdministrationServiceClient,
    monitoring_service_client::MonitoringServiceClient,
};
use jiff::{SignedDuration, Timestamp};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

const UNIT: &str = "520100";
/// How long a certificate of the city lasts, in days, and more.
const LASTS: i64 = 730;
const DAY_MS: i64 = 86_400_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// The sample catalogue of the core's tests.
fn bundle() -> Bundle {
    let sample = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/sample");
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
        let text = fs::read_to_string(sample.join(&name)).unwrap();
        (name, text)
    };
    let files: BTreeMap<String, String> = names.map(file).into();
    Bundle::new(files).unwrap()
}

struct City {
    folder: tempfile::TempDir,
    url: String,
    operator: Channel,
}

impl City {
    async fn found() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let plan = Plan {
            data: data.clone(),
            origin: "upkeep.example/log".into(),
            server_names: vec!["localhost".into()],
        };
        let made = tokio::task::spawn_blocking(move || init::init(&plan, Arc::new(SystemClock)));
        made.await.unwrap().unwrap();
        let text = data.display().to_string();
        let given = [
            ("data", text.as_str()),
            ("listen", "127.0.0.1:0"),
            ("metrics_listen", "off"),
        ];
        let flags = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings = city_settings::Settings::read(&city_settings::Sources {
            flags: flags.into(),
            ..Default::default()
        });
        let server = Server::open(&settings.unwrap(), Arc::new(SystemClock), None).await;
        let server = server.unwrap();
        let url = format!("https://localhost:{}", server.address().unwrap().port());
        tokio::spawn(server.run(std::future::pending()));
        let site = site::Site::new(&data);
        let read = |path: PathBuf| site::read(&path).unwrap();
        let person = site.operator();
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(site.authority_certificate())))
            .identity(Identity::from_pem(
                read(person.client_certificate()),
                read(person.client_key()),
            ));
        let endpoint = Endpoint::from_shared(url.clone()).unwrap();
        let operator = endpoint.tls_config(tls).unwrap().connect().await.unwrap();
        let city = Self {
            folder,
            url,
            operator,
        };
        city.act(Deed::PublishCatalogue(bundle())).await;
        city
    }

    fn site(&self) -> site::Site {
        site::Site::new(&self.folder.path().join("data"))
    }

    async fn act(&self, deed: Deed) {
        let key = self.site().operator().signing_key().unwrap();
        let nonce = init::random().unwrap();
        let payload = Act {
            issued_at_ms: 0,
            nonce,
            deed,
            person: String::new(),
        }
        .encode();
        let signature = envelope::sign(&key, act::PAYLOAD_TYPE, &payload);
        let envelope = convert::envelope(act::PAYLOAD_TYPE, payload, &[signature]);
        let mut client = AdministrationServiceClient::new(self.operator.clone());
        let request = v1::SubmitActRequest {
            envelope: Some(envelope),
        };
        let answer = client.submit_act(request).await.unwrap().into_inner();
        let taken = matches!(
            answer.result,
            Some(v1::submit_act_response::Result::Receipt(_))
        );
        assert!(taken, "{answer:?}");
    }

    async fn token(&self) -> Token {
        let secret: [u8; 32] = init::random().unwrap();
        self.act(Deed::IssueToken {
            unit: UnitCode::new(UNIT).unwrap(),
            token_sha256: Digest::of(&secret),
            expires_at_ms: i64::MAX,
            role: envelope::KeyRole::Agent,
        })
        .await;
        let authority = self.site().authority().unwrap();
        let token = EnrolmentToken::new(Digest::of(authority.certificate_der()), secret);
        Token::parse(&token.to_string()).unwrap()
    }

    /// An enrolled office whose certificate ends so many days from now.
    async fn office(&self, days: i64) -> (tempfile::TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "unit = \"{UNIT}\"\nserver = \"{}\"\n[spool]\ndisk_free_bytes_min = 0\n",
            self.url
        );
        let settings = Settings::parse(&text, &folder.path().join("agent.toml"), &BTreeMap::new());
        let settings = settings.unwrap();
        let token = self.token().await;
        let channel =
            tls::pinned_channel(&self.url, token.authority_sha256, &LinkSettings::default());
        let request = Request {
            token,
            unit: UnitCode::new(UNIT).unwrap(),
            label: "test".into(),
            suite: envelope::Suite::Ed25519,
        };
        enrol::enrol(channel.unwrap(), &settings.identity, &request, 1)
            .await
            .unwrap();
        let then = Timestamp::now() - SignedDuration::from_hours(24 * (LASTS - days));
        let unit = Caller::Unit(UNIT.parse().unwrap());
        let old = self
            .site()
            .authority()
            .unwrap()
            .issue_client(&unit, then)
            .unwrap();
        fs::write(settings.identity.join("tls.crt"), old.certificate_pem).unwrap();
        fs::write(settings.identity.join("tls.key"), old.key_pem).unwrap();
        (folder, settings)
    }

    /// The agent's newest heartbeat, once there is one that `is_wanted`.
    async fn heard(
        &self,
        is_wanted: impl Fn(&v1::HeartbeatRequest) -> bool,
    ) -> v1::HeartbeatRequest {
        let mut client = MonitoringServiceClient::new(self.operator.clone());
        loop {
            let list = client.list_agents(v1::ListAgentsRequest::default()).await;
            let agents = list.unwrap().into_inner().agents;
            if let Some(beat) = agents
                .into_iter()
                .filter_map(|agent| agent.heartbeat)
                .find(&is_wanted)
            {
                return beat;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn check(days: i64) {
    let city = City::found().await;
    let (_folder, settings) = city.office(days).await;
    let read = |settings: &Settings| {
        Read::from_pem(&fs::read_to_string(settings.identity.join("tls.crt")).unwrap()).unwrap()
    };
    let old = read(&settings);
    let agent = tokio::spawn(run::run(settings.clone(), std::future::pending()));
    // Only a line that was opened with the new certificate says so.
    let beat = city.heard(|beat| beat.certificate_until_ms > old.until_ms);
    let beat = tokio::time::timeout(PATIENCE, beat)
        .await
        .expect("not renewed");
    let new = read(&settings);
    assert_eq!(beat.certificate_until_ms, new.until_ms);
    assert!(new.until_ms - old.until_ms > (LASTS - days - 3) * DAY_MS);
    assert_ne!(new.public_key, old.public_key, "the key is a new one");
    assert!(beat.software.starts_with("granary-agent/"));
    assert_eq!(beat.spooled_records, 0);
    agent.abort();
}

/// Whoever writes an agent from the page alone can check what is signed.
#[test]
fn the_protocol_states_the_signature_of_a_renewal() {
    let key = envelope::SecretKey::from_seed(envelope::Suite::Ed25519, &[5; 32]).unwrap();
    let signature = key
        .sign(envelope::CERTIFICATE_REQUEST_TYPE, b"request")
        .unwrap();
    let hex: String = signature
        .bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL.md");
    assert!(fs::read_to_string(page).unwrap().contains(&hex), "{hex}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_near_its_end_is_renewed_over_the_line_that_it_opened() {
    check(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_off_until_its_certificate_had_ended_comes_back_by_itself() {
    check(-5).await;
}

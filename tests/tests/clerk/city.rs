//! A city with a catalogue in force, and an office of one unit.

use std::{collections::BTreeMap, path::Path, path::PathBuf, sync::Arc, time::Duration};

use granary_agent::{
    enrol::{self, Request, Token},
    report::Report,
    run::{self, Submitted},
    settings::{LinkSettings, Settings},
    tls,
};
use granary_aggregator::{
    clock::SystemClock,
    convert,
    init::{self, Plan},
    serve::Server,
    settings as city_settings, site,
    tls::EnrolmentToken,
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
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

pub(crate) const UNIT: &str = "520100";
const EDITS: &str = r#"
[[edit]]
id = "REVENUE.FALLS"
kind = "quality"
dataset = "monthly-revenue"
expression = "if previous(revenue) > 0 then revenue >= previous(revenue) else null"
message = { zh = "比上月少", en = "Less than the month before" }
"#;

pub(crate) struct City {
    folder: tempfile::TempDir,
    url: String,
    operator: Channel,
}

pub(crate) struct Office {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) settings: Settings,
}

impl City {
    pub(crate) async fn founded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            data: folder.path().join("data"),
            origin: "clerk.example/log".into(),
            server_names: vec!["localhost".into()],
        };
        let made = tokio::task::spawn_blocking(move || init::init(&plan, Arc::new(SystemClock)));
        made.await.unwrap().unwrap();
        let data = folder.path().join("data").display().to_string();
        let given = [
            ("data", data.as_str()),
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
        let site = site::Site::new(&folder.path().join("data"));
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
        let payload = Act {
            issued_at_ms: 0,
            nonce: init::random().unwrap(),
            deed,
            person: String::new(),
        }
        .encode();
        let signature = envelope::sign(&key, act::PAYLOAD_TYPE, &payload);
        let envelope = convert::envelope(act::PAYLOAD_TYPE, payload, &[signature]);
        let request = v1::SubmitActRequest {
            envelope: Some(envelope),
        };
        let mut client = AdministrationServiceClient::new(self.operator.clone());
        let answer = client.submit_act(request).await.unwrap().into_inner();
        let taken = matches!(
            answer.result,
            Some(v1::submit_act_response::Result::Receipt(_))
        );
        assert!(taken, "{answer:?}");
    }

    /// An office of the unit, with an agent that is enrolled and has done nothing yet.
    pub(crate) async fn office(&self, language: &str) -> Office {
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
        let token = Token::parse(&token.to_string()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "unit = \"{UNIT}\"\nserver = \"{}\"\nlanguage = \"{language}\"\n[spool]\ndisk_free_bytes_min = 0\n[page]\nlisten = \"127.0.0.1:0\"\n[poll]\nsettle_ms = 0\ninbox_ms = 100\n",
            self.url
        );
        let file = folder.path().join("agent.toml");
        std::fs::write(&file, &text).unwrap();
        let settings = Settings::parse(&text, &file, &BTreeMap::new()).unwrap();
        let link = LinkSettings::default();
        let channel = tls::pinned_channel(&self.url, token.authority_sha256, &link).unwrap();
        let request = Request {
            token,
            unit: UnitCode::new(UNIT).unwrap(),
            label: "test".into(),
            suite: envelope::Suite::Ed25519,
        };
        enrol::enrol(channel, &settings.identity, &request, 1)
            .await
            .unwrap();
        Office { folder, settings }
    }

    /// What stands at the city and is not corrected: period, edit, and the words that explain it.
    pub(crate) async fn findings(&self) -> Vec<[String; 3]> {
        let mut client = MonitoringServiceClient::new(self.operator.clone());
        loop {
            let status = client.get_status(v1::GetStatusRequest {}).await;
            let status = status.unwrap().into_inner();
            if status.applied_size == status.journal_size {
                break;
            }
            tokio::task::yield_now().await;
        }
        let answer = client
            .list_findings(v1::ListFindingsRequest::default())
            .await;
        let found = answer.unwrap().into_inner().findings.into_iter();
        let found = found.filter(|finding| finding.status() != v1::FindingStatus::Corrected);
        let told = |finding: v1::Finding| {
            let failure = finding.failure.unwrap();
            [finding.period, failure.edit, failure.explanation]
        };
        let mut found: Vec<[String; 3]> = found.map(told).collect();
        found.sort();
        found
    }
}

impl Office {
    pub(crate) fn write(&self, month: &str, revenue: &str) -> PathBuf {
        let text = format!("# dataset: monthly-revenue\nperiod,revenue\n{month},{revenue}\n");
        let file = self.folder.path().join(format!("{month}.csv"));
        std::fs::write(&file, text).unwrap();
        file
    }

    pub(crate) async fn hands_in(&self, month: &str, revenue: &str) -> Report {
        let file = self.write(month, revenue);
        let spool = run::open_spool(&self.settings, run::LOCK_PATIENCE).await;
        let wait = Duration::from_secs(60);
        let submitted = run::submit(self.settings.clone(), spool.unwrap(), file, wait).await;
        match submitted.unwrap() {
            Submitted::Placed { report, .. } => *report,
            other @ (Submitted::NoCatalogue(_) | Submitted::NotTaken(_)) => panic!("{other:?}"),
        }
    }
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
    let mut files: BTreeMap<String, String> = names.map(file).into();
    files.insert("more.toml".into(), EDITS.into());
    Bundle::new(files).unwrap()
}

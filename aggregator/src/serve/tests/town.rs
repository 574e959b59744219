//! A whole city on this machine for the tests: a data folder as `init` makes it, the server over loopback, and clients
//! with certificates of every kind.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use ed25519_dalek::SigningKey;
use granary_core::{
    catalogue::Bundle,
    code::{IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    digest::Digest,
    envelope::{self, PublicKey},
    ledger::{Act, Deed, act},
    period::Period,
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use granary_proto::v1::{
    self, administration_service_client::AdministrationServiceClient,
    collection_service_client::CollectionServiceClient, enrol_response,
    enrolment_service_client::EnrolmentServiceClient, submit_act_response, submit_response,
};
use rcgen::{CertificateParams, KeyPair};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::{
    clock::{Clock, SystemClock},
    convert,
    init::{self, Plan},
    metrics::Metrics,
    serve::{ServeError, Server},
    settings::{Settings, Sources},
    site::{self, OperatorFolder, Site},
    tls::Role,
};

pub(super) const GUIYANG: &str = "520100";
pub(super) const ZUNYI: &str = "520300";
const ORIGIN: &str = "city.example/log";

/// A running city.
pub(super) struct Town {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<TestClock>,
    pub(super) address: SocketAddr,
    /// Where the log is served to anybody, where it is.
    pub(super) log_address: Option<SocketAddr>,
    /// Where the console is served, where it is.
    pub(super) console_address: Option<SocketAddr>,
    pub(super) verifier_key: String,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<Result<(), ServeError>>>,
}

/// The operating system's time, moved by what the test says; certificates are checked against the real time.
#[derive(Debug, Default)]
pub(super) struct TestClock(AtomicI64);

/// An enrolled office.
pub(super) struct Office {
    pub(super) unit: String,
    pub(super) key: SigningKey,
    pub(super) tls_key: KeyPair,
    pub(super) act: v1::Envelope,
    pub(super) enrolled: v1::Enrolled,
    pub(super) channel: Channel,
}

impl TestClock {
    pub(super) fn step(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.0.load(Ordering::SeqCst)
    }
}

impl Town {
    /// A city whose journal holds nothing but its first entry.
    pub(super) async fn empty(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::default());
        let data = folder.path().join("data");
        let plan = Plan {
            data,
            origin: ORIGIN.into(),
            server_names: vec!["localhost".into()],
        };
        let its_clock = Arc::clone(&clock);
        let made = tokio::task::spawn_blocking(move || init::init(&plan, its_clock))
            .await
            .unwrap()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let verifier_key = made.verifier_key;
        let mut town = Self {
            folder,
            clock,
            address,
            log_address: None,
            console_address: None,
            verifier_key,
            stop: None,
            running: None,
        };
        town.start(settings).await;
        town
    }

    /// A city with the sample catalogue in force.
    pub(super) async fn founded(settings: &[(&str, &str)]) -> Self {
        let town = Self::empty(settings).await;
        town.act(Deed::PublishCatalogue(bundle(&[]))).await.unwrap();
        town
    }

    pub(super) async fn start(&mut self, settings: &[(&str, &str)]) {
        self.start_with(settings, None).await;
    }

    pub(super) async fn start_with(&mut self, settings: &[(&str, &str)], metrics: Option<Metrics>) {
        let server = self.open(settings, metrics).await.unwrap();
        self.address = server.address().unwrap();
        self.log_address = server.log_address().unwrap();
        self.console_address = server.console_address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        self.running = Some(tokio::spawn(server.run(async move { drop(stopped.await) })));
    }

    pub(super) async fn open(
        &self,
        settings: &[(&str, &str)],
        metrics: Option<Metrics>,
    ) -> Result<Server, ServeError> {
        let data = self.folder.path().join("data").display().to_string();
        let base = [
            ("data", data.as_str()),
            ("listen", "127.0.0.1:0"),
            ("metrics_listen", "off"),
            ("grace_ms", "5000"),
        ];
        let given = base.iter().chain(settings);
        let flags = given
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let settings = Settings::read(&Sources {
            flags,
            ..Sources::default()
        })
        .unwrap();
        Server::open(&settings, Arc::clone(&self.clock) as _, metrics).await
    }

    /// Stops the server in order.
    pub(super) async fn stop(&mut self) {
        self.begin_stop();
        self.stopped().await;
    }

    pub(super) fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    pub(super) async fn stopped(&mut self) {
        self.running.take().unwrap().await.unwrap().unwrap();
    }

    pub(super) fn site(&self) -> Site {
        Site::new(&self.folder.path().join("data"))
    }

    async fn connect(&self, identity: Option<(&str, &str)>) -> Channel {
        self.endpoint(identity).connect().await.unwrap()
    }

    fn endpoint(&self, identity: Option<(&str, &str)>) -> Endpoint {
        let authority = site::read(&self.site().authority_certificate()).unwrap();
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(authority))
            .domain_name("localhost");
        if let Some((certificate, key)) = identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        let endpoint = Endpoint::from_shared(format!("https://{}", self.address)).unwrap();
        endpoint.tls_config(tls).unwrap()
    }

    /// Connects with a certificate (DER) that may not be taken.
    pub(super) async fn connect_with(
        &self,
        certificate: &[u8],
        key: &KeyPair,
    ) -> Result<Channel, tonic::transport::Error> {
        self.connect_pem(&pem("CERTIFICATE", certificate), &key.serialize_pem())
            .await
    }

    pub(super) async fn connect_pem(
        &self,
        certificate: &str,
        key: &str,
    ) -> Result<Channel, tonic::transport::Error> {
        self.endpoint(Some((certificate, key))).connect().await
    }

    pub(super) async fn anonymous(&self) -> Channel {
        self.connect(None).await
    }

    pub(super) async fn person(&self, role: Role) -> Channel {
        let folder = OperatorFolder::new(&self.folder.path().join(format!(
            "{}-{:016x}",
            role.word(),
            random()
        )));
        let authority = self.site().authority().unwrap();
        init::make_client_folder(
            &folder,
            &authority,
            role,
            &self.verifier_key,
            jiff::Timestamp::now(),
        )
        .unwrap();
        let certificate = site::read(&folder.client_certificate()).unwrap();
        self.connect(Some((
            &certificate,
            &site::read(&folder.client_key()).unwrap(),
        )))
        .await
    }

    /// Signs a deed with the operator's key and enters it.
    pub(super) async fn act(&self, deed: Deed) -> Result<v1::Receipt, v1::Refusal> {
        let key = self.site().operator().signing_key().unwrap();
        let mut client = AdministrationServiceClient::new(self.person(Role::Operator).await);
        let request = v1::SubmitActRequest {
            envelope: Some(signed_act(&key, deed)),
        };
        match client
            .submit_act(request)
            .await
            .unwrap()
            .into_inner()
            .result
            .unwrap()
        {
            submit_act_response::Result::Receipt(receipt) => Ok(receipt),
            submit_act_response::Result::Refusal(refusal) => Err(refusal),
        }
    }

    /// Issues a token; the secret comes back.
    pub(super) async fn token(&self, unit: &str, lasts_ms: i64) -> [u8; 32] {
        let secret: [u8; 32] = init::random().unwrap();
        let expires_at_ms = self.clock.now_ms() + lasts_ms;
        let token_sha256 = Digest::of(&secret);
        self.act(Deed::IssueToken {
            unit: unit_code(unit),
            token_sha256,
            expires_at_ms,
            role: envelope::KeyRole::Agent,
        })
        .await
        .unwrap();
        secret
    }

    pub(super) async fn enrol(
        &self,
        act: v1::Envelope,
        tls_key: &KeyPair,
    ) -> Result<v1::Enrolled, v1::Refusal> {
        let certificate_request = CertificateParams::default()
            .serialize_request(tls_key)
            .unwrap()
            .der()
            .to_vec();
        let request = v1::EnrolRequest {
            act: Some(act),
            certificate_request,
        };
        let mut client = EnrolmentServiceClient::new(self.anonymous().await);
        match client
            .enrol(request)
            .await
            .unwrap()
            .into_inner()
            .result
            .unwrap()
        {
            enrol_response::Result::Enrolled(enrolled) => Ok(enrolled),
            enrol_response::Result::Refusal(refusal) => Err(refusal),
        }
    }

    /// The office on a new connection, with the certificate that it was given.
    pub(super) async fn reconnect(&self, office: Office) -> Office {
        let certificate = pem("CERTIFICATE", &office.enrolled.certificate);
        let key = office.tls_key.serialize_pem();
        let channel = self.connect(Some((&certificate, &key))).await;
        Office { channel, ..office }
    }

    /// Enrols an office with a token of its own.
    pub(super) async fn office(&self, unit: &str) -> Office {
        let (key, tls_key) = (new_key(), KeyPair::generate().unwrap());
        let act = enrolment(unit, &key, self.token(unit, 60_000).await);
        let enrolled = self.enrol(act.clone(), &tls_key).await.unwrap();
        let certificate = pem("CERTIFICATE", &enrolled.certificate);
        let channel = self
            .connect(Some((&certificate, &tls_key.serialize_pem())))
            .await;
        Office {
            unit: unit.to_owned(),
            key,
            tls_key,
            act,
            enrolled,
            channel,
        }
    }
}

impl Office {
    pub(super) fn collection(&self) -> CollectionServiceClient<Channel> {
        CollectionServiceClient::new(self.channel.clone())
    }

    /// A signed statement of the unit's revenue in 2022-M03.
    pub(super) fn revenue(&self, revision: u32) -> v1::Envelope {
        self.sign(&revenue(&self.unit, revision))
    }

    pub(super) fn sign(&self, snapshot: &Snapshot) -> v1::Envelope {
        signed(
            &self.key,
            snapshot::PAYLOAD_TYPE,
            snapshot.encode().unwrap(),
        )
    }

    pub(super) async fn submit(&self, envelope: v1::Envelope) -> Result<v1::Receipt, v1::Refusal> {
        let request = v1::SubmitRequest {
            envelope: Some(envelope),
        };
        match self
            .collection()
            .submit(request)
            .await
            .unwrap()
            .into_inner()
            .result
            .unwrap()
        {
            submit_response::Result::Receipt(receipt) => Ok(receipt),
            submit_response::Result::Refusal(refusal) => Err(refusal),
        }
    }
}

pub(super) fn revenue(unit: &str, revision: u32) -> Snapshot {
    Snapshot {
        slot: SlotKey::new(
            unit_code(unit),
            "monthly-revenue".parse().unwrap(),
            period("2022-M03"),
        ),
        revision,
        prepared_at_ms: 0,
        catalogue_version: bundle(&[]).version(),
        observations: vec![observation(
            "revenue",
            None,
            &(1_000 + revision).to_string(),
        )],
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".into(),
    }
}

pub(super) fn observation(indicator: &str, item: Option<&str>, value: &str) -> Observation {
    Observation {
        indicator: IndicatorCode::new(indicator).unwrap(),
        item: item.map(|item| ItemKey::new(item).unwrap()),
        value: Some(Decimal::parse(value).unwrap()),
        status: ObservationStatus::Normal,
    }
}

/// The act that enrols a key, signed by it.
pub(super) fn enrolment(unit: &str, key: &SigningKey, token: [u8; 32]) -> v1::Envelope {
    let public = PublicKey::Ed25519(key.verifying_key());
    signed_act(
        key,
        Deed::EnrolKey {
            unit: unit_code(unit),
            key: public,
            token,
            label: "test".into(),
        },
    )
}

pub(super) fn signed_act(key: &SigningKey, deed: Deed) -> v1::Envelope {
    let payload = Act {
        issued_at_ms: 0,
        nonce: init::random().unwrap(),
        deed,
        person: String::new(),
    }
    .encode();
    signed(key, act::PAYLOAD_TYPE, payload)
}

pub(super) fn signed(key: &SigningKey, payload_type: &str, payload: Vec<u8>) -> v1::Envelope {
    let signature = envelope::sign(key, payload_type, &payload);
    convert::envelope(payload_type, payload, &[signature])
}

pub(super) fn new_key() -> SigningKey {
    SigningKey::from_bytes(&init::random().unwrap())
}

pub(super) fn unit_code(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

pub(super) fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

/// The sample catalogue, each text with these words replaced.
pub(super) fn bundle(replace: &[(&str, &str)]) -> Bundle {
    let files = [
        (
            "catalogue.toml",
            include_str!("../../../../core/tests/data/sample/catalogue.toml"),
        ),
        (
            "datasets.toml",
            include_str!("../../../../core/tests/data/sample/datasets.toml"),
        ),
        (
            "edits.toml",
            include_str!("../../../../core/tests/data/sample/edits.toml"),
        ),
        (
            "indicators.toml",
            include_str!("../../../../core/tests/data/sample/indicators.toml"),
        ),
        (
            "roster.toml",
            include_str!("../../../../core/tests/data/sample/roster.toml"),
        ),
        (
            "units.toml",
            include_str!("../../../../core/tests/data/sample/units.toml"),
        ),
    ];
    let edit = |text: &str| {
        replace
            .iter()
            .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
    };
    Bundle::new(
        files
            .map(|(name, text)| (name.to_owned(), edit(text)))
            .into(),
    )
    .unwrap()
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

fn random() -> u64 {
    u64::from_be_bytes(init::random().unwrap())
}

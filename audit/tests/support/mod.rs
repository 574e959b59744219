//! A town: a monitoring service with synthetic answers, behind mutual TLS, and identities to call it with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

mod answers;
mod scores;
mod forecasts;

use std::{fs, sync::Arc};

use granary_audit::cli::{Response, respond};
use granary_proto::v1::{
    forecast_service_server::ForecastServiceServer, measure_service_server::MeasureServiceServer,
    monitoring_service_server::MonitoringServiceServer, score_service_server::ScoreServiceServer,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Identity as TlsIdentity, Server, ServerTlsConfig};

use answers::Monitoring;
pub use answers::SLOTS;

/// Who calls.
#[derive(Clone, Copy)]
pub enum Identity {
    /// An auditor of this town.
    Auditor,
    /// An agent of this town.
    Unit,
    /// An auditor of another town.
    OtherCity,
    /// An empty folder.
    Absent,
    /// Files that are no certificates.
    Damaged,
}

/// A running server. It ends with its runtime.
pub struct Town {
    pub server: String,
    folder: TempDir,
    _runtime: Runtime,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key, PEM.
fn issue(authority: &Authority, name: SanType) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = vec![name];
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

impl Town {
    pub fn start() -> Self {
        let (ours, other) = (authority(), authority());
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, authority: &Authority, uri: &str| {
            let (certificate, key) = issue(authority, SanType::URI(uri.try_into().unwrap()));
            let folder = folder.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
            fs::write(folder.join("client.pem"), certificate).unwrap();
            fs::write(folder.join("client.key"), key).unwrap();
        };
        put("auditor", &ours, "granary:role:auditor");
        put("unit", &ours, "granary:unit:520100");
        put("other", &other, "granary:role:auditor");
        put("damaged", &ours, "granary:role:auditor");
        fs::write(folder.path().join("damaged/client.key"), "no key").unwrap();
        fs::create_dir(folder.path().join("absent")).unwrap();
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(serve(&ours));
        Self {
            server,
            folder,
            _runtime: runtime,
        }
    }

    pub fn identity(&self, identity: Identity) -> String {
        let name = match identity {
            Identity::Auditor => "auditor",
            Identity::Unit => "unit",
            Identity::OtherCity => "other",
            Identity::Absent => "absent",
            Identity::Damaged => "damaged",
        };
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn ask(&self, identity: Identity, args: &[&str]) -> Response {
        let folder = self.identity(identity);
        run(&[args, &["--server", &self.server, "--identity", &folder]].concat())
    }
}

pub fn run(args: &[&str]) -> Response {
    let args = ["granary-audit"]
        .iter()
        .chain(args)
        .map(Into::into)
        .collect();
    respond(args, &|_| None)
}

async fn serve(authority: &Authority) -> String {
    let (certificate, key) = issue(authority, SanType::DnsName("localhost".try_into().unwrap()));
    let tls = ServerTlsConfig::new()
        .identity(TlsIdentity::from_pem(certificate, key))
        .client_ca_root(Certificate::from_pem(authority.pem()));
    let unit_key = Arc::new(b"granary:unit:".to_vec());
    let answers = Monitoring { stranger: unit_key };
    let measures = MeasureServiceServer::new(answers.clone());
    let service = MonitoringServiceServer::new(answers);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::builder()
        .tls_config(tls)
        .unwrap()
        .add_service(measures)
        .add_service(service)
        .add_service(ScoreServiceServer::new(scores::Scores))
        .add_service(ForecastServiceServer::new(forecasts::Forecasts));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    format!("https://localhost:{port}")
}

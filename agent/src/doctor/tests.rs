//! Each check of the doctor is made to fail once, and an installation that is in order has nothing to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use granary_core::envelope::{SecretKey, Suite};
use granary_proto::v1::collection_service_server::CollectionServiceServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate as Root, Identity as TlsIdentity, Server, ServerTlsConfig};

use super::*;
use crate::durable::write_secret_durably;
use crate::identity;
use crate::link::tests::support::{City, Manner, UNIT, log_key};
use crate::platform::Sharing;
use crate::run::now_ms;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A synthetic city over TLS on this machine, whose certificate holds one name.
async fn serve(authority: &Authority, name: &str) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let tls = ServerTlsConfig::new()
        .identity(TlsIdentity::from_pem(
            certificate.pem(),
            key.serialize_pem(),
        ))
        .client_ca_root(Root::from_pem(authority.pem()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let city = CollectionServiceServer::new(City::start(Manner::Honest));
    let server = Server::builder().tls_config(tls).unwrap().add_service(city);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

/// An office whose certificate lasts two hundred days.
struct Office(tempfile::TempDir);

impl Office {
    fn enrolled(authority: &Authority, server: &str) -> Self {
        let office = Self(tempfile::tempdir().unwrap());
        office.set(UNIT, server, "");
        let folder = office.identity();
        fs::create_dir(&folder).unwrap();
        let signing = SecretKey::from_seed(Suite::Ed25519, &[5; 32]).unwrap();
        identity::store_key(&folder, identity::SIGNING_KEY, &signing).unwrap();
        office.put(identity::AUTHORITY, &authority.pem());
        office.put(identity::UNIT, UNIT);
        office.put(identity::LOG_KEY, &log_key().to_string());
        office.put(identity::RECEIPT, "synthetic");
        office.certify(authority, UNIT, 200);
        office
    }

    fn identity(&self) -> PathBuf {
        self.0.path().join("identity")
    }

    fn put(&self, name: &str, text: &str) {
        write_secret_durably(&self.identity().join(name), text.as_bytes()).unwrap();
    }

    /// A new TLS key with a certificate that ends so many days from now.
    fn certify(&self, authority: &Authority, unit: &str, days: i64) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let uri = format!("granary:unit:{unit}");
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        let day = |days: i64| {
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
            let date = jiff::tz::TimeZone::UTC.to_datetime(at).date();
            let part = |part: i8| u8::try_from(part).unwrap();
            rcgen::date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
        };
        (params.not_before, params.not_after) = (day(-300), day(days));
        self.put(identity::TLS_KEY, &key.serialize_pem());
        let certificate = params.signed_by(&key, authority).unwrap();
        self.put(identity::CERTIFICATE, &certificate.pem());
    }

    fn set(&self, unit: &str, server: &str, more: &str) {
        let text = format!(
            "unit = \"{unit}\"\nserver = \"{server}\"\nlanguage = \"en\"\n[link]\nconnect_timeout_ms = 2000\n{more}\n"
        );
        fs::write(self.0.path().join("agent.toml"), text).unwrap();
    }

    async fn examined(&self, now_ms: i64) -> Vec<Finding> {
        examine(self.0.path(), &BTreeMap::new(), now_ms).await.0
    }

    /// The lines that are not in order.
    async fn complaints(&self) -> Vec<String> {
        let found = self.examined(now_ms()).await;
        let bad = found.iter().filter(|finding| finding.level > Level::Ok);
        bad.map(|finding| finding.line(Language::En)).collect()
    }
}

/// Exactly one thing is wrong, and its line begins and goes on so.
fn only(complaints: &[String], begins: &str, says: &str) {
    let [line] = complaints else {
        panic!("{complaints:#?}");
    };
    assert!(line.starts_with(begins) && line.contains(says), "{line}");
}

async fn sound() -> (Authority, Office) {
    let authority = authority();
    let address = serve(&authority, "localhost").await;
    let server = format!("https://localhost:{}", address.port());
    let office = Office::enrolled(&authority, &server);
    (authority, office)
}

#[tokio::test]
async fn an_installation_in_order_has_one_good_line_for_each_check() {
    let (_authority, office) = sound().await;
    let found = office.examined(now_ms()).await;
    let bad: Vec<_> = found
        .iter()
        .filter(|finding| finding.level > Level::Ok)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let what: Vec<_> = found
        .iter()
        .map(|finding| finding.what.en.as_str())
        .collect();
    let expect = [
        "settings",
        "folder",
        "folder sharing",
        "disk",
        "key permissions",
        "keys and certificate",
        "certificate expiry",
        "name",
        "line",
        "encryption",
        "clock",
    ];
    assert_eq!(what, expect);
    assert!(
        found
            .iter()
            .all(|finding| !finding.line(Language::Zh).contains('\n'))
    );
}

#[tokio::test]
async fn settings_that_are_wrong_are_named() {
    let (_authority, office) = sound().await;
    office.set(UNIT, "http://nowhere", "langauge = 1");
    only(
        &office.complaints().await,
        "[fail] settings",
        "langauge: no such setting",
    );
    let empty = tempfile::tempdir().unwrap();
    let (found, _) = examine(empty.path(), &BTreeMap::new(), 0).await;
    assert!(found[0].line(Language::Zh).contains("granary-agent enrol"));
}

#[tokio::test]
async fn a_state_folder_of_a_newer_program_is_named() {
    let (_authority, office) = sound().await;
    fs::create_dir(office.0.path().join("state")).unwrap();
    let stamp = office.0.path().join("state/format");
    fs::write(stamp, "granary-agent state 9\ngranary-agent/9.0\n").unwrap();
    only(
        &office.complaints().await,
        "[fail] data format",
        "install granary-agent/9.0",
    );
}

#[tokio::test]
async fn an_agent_that_is_not_enrolled_is_told_to() {
    let (_authority, office) = sound().await;
    fs::remove_file(office.identity().join(identity::RECEIPT)).unwrap();
    only(
        &office.complaints().await,
        "[fail] identity",
        "granary-agent enrol",
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let (_authority, office) = sound().await;
    // A file in the folder's place stops the superuser too.
    fs::write(office.0.path().join("state"), "in the way").unwrap();
    let complaints = office.complaints().await;
    let named = |line: &String| line.starts_with("[fail] folder") && line.contains("chown");
    assert!(complaints.iter().any(named), "{complaints:?}");
}

#[tokio::test]
async fn keys_that_others_can_read_are_named() {
    let (_authority, office) = sound().await;
    let key = office.identity().join(identity::SIGNING_KEY);
    fs::set_permissions(key, Permissions::from_mode(0o640)).unwrap();
    only(
        &office.complaints().await,
        "[fail] key permissions",
        "read signing.key",
    );
}

#[tokio::test]
async fn a_key_and_a_unit_that_do_not_belong_to_the_certificate_are_told_apart() {
    let (authority, office) = sound().await;
    let good = fs::read_to_string(office.identity().join(identity::TLS_KEY)).unwrap();
    office.put(
        identity::TLS_KEY,
        &KeyPair::generate().unwrap().serialize_pem(),
    );
    let complaints = office.complaints().await;
    assert!(
        complaints[0].contains("tls.key is not the key of tls.crt"),
        "{complaints:?}"
    );
    office.put(identity::TLS_KEY, &good);
    office.certify(&authority, "520300", 200);
    only(
        &office.complaints().await,
        "[fail] keys and certificate",
        "the certificate is of 520300",
    );
}

#[tokio::test]
async fn a_certificate_that_ends_soon_or_has_ended_says_what_to_do() {
    let (authority, office) = sound().await;
    office.certify(&authority, UNIT, 20);
    only(
        &office.complaints().await,
        "[warn] certificate expiry",
        "let granary-agent run",
    );
    office.certify(&authority, UNIT, -2);
    let complaints = office.complaints().await;
    assert!(
        complaints[0].starts_with("[fail] certificate expiry"),
        "{complaints:?}"
    );
    assert!(
        complaints[0].contains("what is spooled is not lost"),
        "{complaints:?}"
    );
    assert!(
        complaints[1].contains("this agent's certificate has expired"),
        "{complaints:?}"
    );
    // A clock that is a year slow has not come to the certificate's beginning.
    office.certify(&authority, UNIT, 200);
    let slow = office.examined(now_ms() - 400 * 86_400_000).await;
    assert!(slow.iter().any(
        |found| found.level == Level::Fail && found.says.en.contains("clock is probably slow")
    ));
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_named() {
    let (_authority, office) = sound().await;
    office.set(UNIT, "https://no-such-host.invalid:7443", "");
    only(
        &office.complaints().await,
        "[fail] name",
        "no-such-host.invalid",
    );
}

#[tokio::test]
async fn a_port_that_does_not_answer_is_named() {
    let (_authority, office) = sound().await;
    // Bound and closed again: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    office.set(UNIT, &format!("https://127.0.0.1:{port}"), "");
    only(&office.complaints().await, "[fail] line", "firewall");
}

#[tokio::test]
async fn another_city_and_another_host_are_told_apart() {
    let (authority, office) = sound().await;
    let stranger = serve(&self::authority(), "localhost").await;
    office.set(UNIT, &format!("https://localhost:{}", stranger.port()), "");
    only(
        &office.complaints().await,
        "[fail] encryption",
        "is not the city of the enrolment",
    );
    let elsewhere = serve(&authority, "elsewhere.example").await;
    office.set(UNIT, &format!("https://localhost:{}", elsewhere.port()), "");
    only(
        &office.complaints().await,
        "[fail] encryption",
        "does not hold the host",
    );
}

#[tokio::test]
async fn a_wrong_clock_is_reported_and_said_not_to_matter() {
    let (_authority, office) = sound().await;
    let found = office.examined(now_ms() + 3_600_000).await;
    let clock = found.last().unwrap();
    assert_eq!(
        (clock.level, clock.what.en.as_str()),
        (Level::Warn, "clock")
    );
    assert!(
        clock.says.en.contains("so it does not suffer"),
        "{}",
        clock.says.en
    );
    assert_eq!(city::clock(5 * 60 * 1_000).level, Level::Ok);
    assert_eq!(city::clock(-5 * 60 * 1_000 - 1).level, Level::Warn);
}

#[tokio::test]
async fn a_full_disk_is_named_before_and_when_nothing_more_is_taken() {
    let level = |free| files::room(free, 100 << 20).level;
    assert_eq!(
        (
            level(99 << 20),
            level(100 << 20),
            level(199 << 20),
            level(200 << 20)
        ),
        (Level::Fail, Level::Warn, Level::Warn, Level::Ok)
    );
    let (_authority, office) = sound().await;
    let server = Settings::load(office.0.path(), &BTreeMap::new())
        .unwrap()
        .server;
    office.set(
        UNIT,
        &server,
        "[spool]\ndisk_free_bytes_min = 1099511627776",
    );
    only(
        &office.complaints().await,
        "[fail] disk",
        "nothing more is taken",
    );
}

#[tokio::test]
async fn keys_on_a_network_share_and_an_inbox_open_to_all_are_named() {
    let (_authority, office) = sound().await;
    let settings = Settings::load(office.0.path(), &BTreeMap::new()).unwrap();
    let local = files::Places {
        inbox: Sharing::Local,
        state: Sharing::Local,
        identity: Sharing::Local,
        inbox_is_open: false,
    };
    let level = |places| files::shared(&settings, places).level;
    let smb = Sharing::Network("SMB");
    assert_eq!(level(local), Level::Ok);
    let unknown = files::Places {
        state: Sharing::Unknown,
        ..local
    };
    let says = |places| files::shared(&settings, places).says.en;
    assert!(
        says(unknown).contains("cannot be told") && says(local).contains("disk of this machine")
    );
    assert_eq!(
        level(files::Places {
            inbox: smb,
            ..local
        }),
        Level::Warn
    );
    assert_eq!(
        level(files::Places {
            state: smb,
            ..local
        }),
        Level::Fail
    );
    assert_eq!(
        level(files::Places {
            identity: smb,
            ..local
        }),
        Level::Fail
    );
    let inbox = office.0.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    fs::set_permissions(&inbox, Permissions::from_mode(0o777)).unwrap();
    only(
        &office.complaints().await,
        "[warn] folder sharing",
        "chmod o-w inbox",
    );
}

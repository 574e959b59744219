//! Who may call what.

use granary_proto::v1::{
    self, administration_service_client::AdministrationServiceClient,
    collection_service_client::CollectionServiceClient,
    monitoring_service_client::MonitoringServiceClient,
    transparency_service_client::TransparencyServiceClient,
};
use tonic::{Code, transport::Channel};

use granary_core::ledger::Deed;

use super::town::{GUIYANG, Town, bundle, pem};
use crate::{
    journal::Journal,
    metrics::{self, Metrics},
    serve::ServeError,
    tls::Role,
};

/// How a call of each service ends: collection, administration, monitoring, transparency.
async fn codes(channel: Channel) -> [Code; 4] {
    let code = |result: Result<(), tonic::Status>| {
        result.map_or_else(|status| status.code(), |()| Code::Ok)
    };
    let catalogue = CollectionServiceClient::new(channel.clone())
        .fetch_catalogue(v1::FetchCatalogueRequest::default())
        .await;
    let keys = AdministrationServiceClient::new(channel.clone())
        .list_keys(v1::ListKeysRequest::default())
        .await;
    let status = MonitoringServiceClient::new(channel.clone())
        .get_status(v1::GetStatusRequest {})
        .await;
    let checkpoint = TransparencyServiceClient::new(channel)
        .get_checkpoint(v1::GetCheckpointRequest {})
        .await;
    [
        code(catalogue.map(drop)),
        code(keys.map(drop)),
        code(status.map(drop)),
        code(checkpoint.map(drop)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_certificate_opens_its_own_services() {
    use Code::{Ok as Open, PermissionDenied as Denied, Unauthenticated};
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    assert_eq!(codes(town.anonymous().await).await, [Unauthenticated; 4]);
    assert_eq!(
        codes(office.channel.clone()).await,
        [Open, Denied, Denied, Open]
    );
    assert_eq!(
        codes(town.person(Role::Operator).await).await,
        [Open, Open, Open, Open]
    );
    assert_eq!(
        codes(town.person(Role::Auditor).await).await,
        [Open, Denied, Open, Open]
    );
    drop(office);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_opens_nothing() {
    let town = Town::founded(&[]).await;
    let other = crate::tls::Authority::generate("other.example/log", jiff::Timestamp::now())
        .unwrap()
        .0;
    let caller = crate::tls::Caller::Person(Role::Operator);
    let issued = other.issue_client(&caller, jiff::Timestamp::now()).unwrap();
    let authority = crate::site::read(&town.site().authority_certificate()).unwrap();
    let tls = tonic::transport::ClientTlsConfig::new()
        .ca_certificate(tonic::transport::Certificate::from_pem(authority))
        .domain_name("localhost")
        .identity(tonic::transport::Identity::from_pem(
            issued.certificate_pem,
            issued.key_pem,
        ));
    let endpoint =
        tonic::transport::Endpoint::from_shared(format!("https://{}", town.address)).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().connect_lazy();
    let status = MonitoringServiceClient::new(channel)
        .get_status(v1::GetStatusRequest {})
        .await
        .unwrap_err();
    // The handshake fails, which the transport tells in one of several ways; the service has said nothing.
    assert!(std::error::Error::source(&status).is_some(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_shows_the_authority_that_a_token_names() {
    let town = Town::empty(&[]).await;
    let authority = town.site().authority().unwrap();
    let shown = pem("CERTIFICATE", authority.certificate_der());
    assert_eq!(
        shown.replace('\n', ""),
        authority.certificate_pem().replace(['\r', '\n'], "")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_need_no_certificate() {
    let town = Town::empty(&[]).await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(town.anonymous().await);
    let request = tonic_health::pb::HealthCheckRequest {
        service: "granary.v1.CollectionService".into(),
    };
    let answer = health.check(request).await.unwrap().into_inner();
    assert_eq!(
        answer.status(),
        tonic_health::pb::health_check_response::ServingStatus::Serving
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_scraped_on_an_address_of_their_own() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let metrics = Metrics::bind(metrics::install().unwrap(), ([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let address = metrics.address().unwrap();
    let mut town = Town::empty(&[]).await;
    town.stop().await;
    town.start_with(&[], Some(metrics)).await;
    town.act(Deed::PublishCatalogue(bundle(&[]))).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for line in [
        "granary_journal_entries 2",
        "granary_projector_lag_entries 0",
        "granary_alarm 0",
        "granary_committed_entries_total 2",
        "granary_checkpoint_lag_entries 0",
        "granary_submission_seconds_count 2",
        "granary_storage_failed_total 0",
        "granary_units_enrolled 0",
        "granary_witnesses 0",
        "granary_findings{severity=\"validity\",status=\"open\"} 0",
    ] {
        assert!(answer.lines().any(|l| l == line), "{line}: {answer}");
    }
    town.stop().await;
}

/// An empty journal would take its first entry, which names the operator, from whoever comes first.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_without_its_first_entry_is_not_served() {
    let mut town = Town::empty(&[]).await;
    town.stop().await;
    let data = town.folder.path().join("data");
    let origin = Journal::open(&data).unwrap().origin().to_owned();
    for part in ["journal", "journal.head", "journal.id", "derived"] {
        let path = data.join(part);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(matches!(
        town.open(&[], None).await,
        Err(ServeError::Journal(_))
    ));
    drop(Journal::create(&data, &origin).unwrap());
    let refused = town.open(&[], None).await.err().unwrap();
    assert!(matches!(refused, ServeError::NotFounded), "{refused}");
}

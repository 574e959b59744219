//! Early warning over the wire: who may ask, what is refused, and that answers follow the journal.

use granary_core::snapshot::{SlotKey, Snapshot};
use granary_proto::v1::{self, forecast_service_client::ForecastServiceClient};
use tonic::{Code, transport::Channel};

use super::{
    reading::{monitoring, wait_folded},
    town::{GUIYANG, Town, observation, period, revenue, unit_code},
};
use crate::tls::Role;

const DATASET: &str = "quarterly-accounts";

async fn client(town: &Town) -> ForecastServiceClient<Channel> {
    ForecastServiceClient::new(town.person(Role::Auditor).await)
}

fn of_dataset() -> Option<v1::SlotFilter> {
    Some(v1::SlotFilter {
        datasets: vec![DATASET.into()],
        ..Default::default()
    })
}

/// Guiyang's accounts of a quarter that is long over.
fn second_quarter() -> Snapshot {
    let mut accounts = revenue(GUIYANG, 1);
    accounts.slot = SlotKey::new(
        unit_code(GUIYANG),
        DATASET.parse().unwrap(),
        period("2021-Q2"),
    );
    let figures = [
        ("gdp", "100.00"),
        ("primary", "10.00"),
        ("secondary", "40.00"),
        ("tertiary", "50.00"),
    ];
    accounts.observations = figures
        .map(|(name, value)| observation(name, None, value))
        .into();
    accounts
}

#[tokio::test(flavor = "multi_thread")]
async fn open_slots_are_judged_once_something_has_been_reported() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut client = client(&town).await;
    let request = v1::ListRisksRequest {
        filter: of_dataset(),
        ..Default::default()
    };
    let before = client
        .list_risks(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(before.pending > 0 && before.unknown == before.pending && before.risks.is_empty());

    let accounts = second_quarter();
    let receipt = office.submit(office.sign(&accounts)).await.unwrap();
    wait_folded(&mut monitoring(&town).await, receipt.index).await;

    let after = client
        .list_risks(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((after.pending, after.unknown), (before.pending, 0));
    assert_eq!(after.risks.len() as u64, after.wanted);
    let line = &after.risks[0];
    assert!(
        line.known > 4 && line.late == line.known,
        "reported years late, if at all: {line:?}"
    );
    assert!(
        line.reason
            .as_ref()
            .unwrap()
            .en
            .contains("late in 6 of its last 6"),
        "{line:?}"
    );
    let overdue = v1::ListRisksRequest {
        overdue: true,
        lines_max: 3,
        ..request.clone()
    };
    let overdue = client.list_risks(overdue).await.unwrap().into_inner();
    assert_eq!(
        (overdue.risks.len(), overdue.wanted),
        (3, overdue.overdue + after.wanted)
    );
    assert_eq!(overdue.risks[0].chance_percent, "100.0");
    let none = v1::ListRisksRequest {
        chance_percent_min: 100,
        ..request
    };
    assert_eq!(
        client.list_risks(none).await.unwrap().into_inner().wanted,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn curves_and_calibration_are_served_and_faults_are_named() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let mut client = client(&town).await;
    let mut ask = async |dataset: &str, period: &str| {
        let (dataset, period) = (dataset.into(), period.into());
        let request = v1::GetArrivalsRequest {
            dataset,
            period,
            as_of_ms: 0,
        };
        client
            .get_arrivals(request)
            .await
            .map(tonic::Response::into_inner)
    };
    let curve = ask(DATASET, "2021-Q3").await.unwrap();
    assert!(curve.owed > 0 && curve.periods_known == 0);
    assert!(
        curve
            .points
            .iter()
            .all(|point| point.expected.is_empty() && point.arrived == Some(0))
    );
    for (dataset, period, code) in [
        ("Not a code", "2021-Q3", Code::InvalidArgument),
        (DATASET, "2021", Code::InvalidArgument),
        (DATASET, "2021-M03", Code::InvalidArgument),
        ("no-such", "2021-Q3", Code::NotFound),
    ] {
        assert_eq!(
            ask(dataset, period).await.unwrap_err().code(),
            code,
            "{dataset} {period}"
        );
    }
    let scores = client
        .get_calibration(v1::GetCalibrationRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(scores.score, None);
    assert_eq!(scores.verdict.unwrap().en, "there is no history to replay");
    let too_much = v1::ListRisksRequest {
        chance_percent_min: 101,
        ..Default::default()
    };
    assert_eq!(
        client.list_risks(too_much).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let mut agent = ForecastServiceClient::new(office.channel.clone());
    let denied = agent
        .list_risks(v1::ListRisksRequest::default())
        .await
        .unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
}

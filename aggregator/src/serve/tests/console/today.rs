//! *Today* and the wall shortly before a deadline: what is counted, what is drawn, and that both are what gRPC answers.

use granary_core::{catalogue::Catalogue, period::Period, snapshot::SlotKey};
use granary_proto::v1::{self, forecast_service_client::ForecastServiceClient};

use super::{
    super::{
        reading::{monitoring, wait_folded},
        town::{Office, observation, revenue},
    },
    *,
};
use crate::tls::Role;

const DATASET: &str = "quarterly-accounts";
const HOUR_MS: i64 = 3_600_000;

/// A city an hour before a deadline, an office, and the period that is due. Certificates are of today, so it enrols before the day.
async fn on_the_eve() -> (Town, Office, Period) {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    let catalogue = Catalogue::parse(&bundle(&[])).unwrap();
    let dataset = catalogue.dataset(&DATASET.parse().unwrap()).unwrap();
    let now_ms = town.clock.now_ms();
    let periods = std::iter::successors(Some(dataset.first_period()), |period| period.plus(1));
    let mut due = periods.filter_map(|period| Some((period, dataset.due_at_ms(period)?)));
    let (period, due_at_ms) = due.find(|(_, due_at_ms)| *due_at_ms > now_ms).unwrap();
    town.clock.step(due_at_ms - HOUR_MS - now_ms);
    (town, office, period)
}

/// Reports the period and waits until the pages know.
async fn report(town: &Town, office: &Office, period: Period) {
    let mut snapshot = revenue(&office.unit, 1);
    snapshot.slot = SlotKey::new(snapshot.slot.unit.clone(), DATASET.parse().unwrap(), period);
    let figures = [
        ("gdp", "100.00"),
        ("primary", "10.00"),
        ("secondary", "40.00"),
        ("tertiary", "50.00"),
    ];
    snapshot.observations = figures
        .map(|(name, value)| observation(name, None, value))
        .into();
    let receipt = office.submit(office.sign(&snapshot)).await.unwrap();
    wait_folded(&mut monitoring(town).await, receipt.index).await;
}

async fn curve(town: &Town, period: Period) -> v1::GetArrivalsResponse {
    let mut client = ForecastServiceClient::new(town.person(Role::Auditor).await);
    let request = v1::GetArrivalsRequest {
        dataset: DATASET.into(),
        period: period.to_string(),
        as_of_ms: 0,
    };
    client.get_arrivals(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_curve_is_drawn_from_what_the_service_answers() {
    let (town, office, period) = on_the_eve().await;
    report(&town, &office, period).await;
    let mut visit = joined(&town, "wang", PersonRole::Viewer, None).await;
    let told = curve(&town, period).await;
    assert_eq!(told.now.as_ref().unwrap().arrived, Some(1));
    for path in ["/?lang=en", "/wall?lang=en"] {
        let page = visit.get(path).await;
        let label = format!("aria-label=\"arrived 1 / {}", told.owed);
        assert!(page.body.contains(&label), "{path}: {}", page.body);
        assert!(page.body.contains("<polyline class=\"arrived\""), "{path}");
    }
    let csv = visit.get("/?csv=curves").await.body;
    let lines: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(lines.len(), told.points.len());
    let arrived = |point: &v1::ArrivalPoint| {
        let arrived = point.arrived.map(|arrived| arrived.to_string());
        arrived.unwrap_or_default()
    };
    for (line, point) in lines.iter().zip(&told.points) {
        let end = format!(
            ",{},{},{},{}",
            point.expected,
            point.low,
            point.high,
            arrived(point)
        );
        assert!(line.trim_end().ends_with(&end), "{line} {end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_a_part_sees_no_curve_of_the_whole() {
    let (town, ..) = on_the_eve().await;
    let mut visit = joined(&town, "part", PersonRole::Viewer, Some(GUIYANG)).await;
    for path in ["/", "/wall"] {
        let page = visit.get(path).await;
        assert!(
            page.status == 200 && !page.body.contains("polyline"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_asked_for_by_hand_knows_what_has_just_come() {
    let (town, office, period) = on_the_eve().await;
    let mut visit = joined(&town, "wang", PersonRole::Viewer, None).await;
    let following = "x-granary-following: 1\r\n";
    let bar = |page: &Page| page.body.contains("aria-label=\"按时 1，");
    assert!(!bar(&visit.send("GET", "/", following, "").await));
    report(&town, &office, period).await;
    assert!(bar(&visit.get("/").await));
    assert!(
        bar(&visit.send("GET", "/", following, "").await),
        "what somebody asked for is shared"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_is_counted_also_where_it_is_not_listed() {
    let (town, ..) = on_the_eve().await;
    town.clock.step(2 * HOUR_MS);
    let mut visit = joined(&town, "wang", PersonRole::Viewer, None).await;
    let csv = visit.get("/?csv=late").await.body;
    let late = csv.lines().count() - 1;
    assert!(late > 0);
    let page = visit.get("/").await;
    let tile = format!("<a href=\"#late\">已逾期</a></span><strong>{late}</strong>");
    assert!(page.body.contains(&tile), "{tile}: {}", page.body);
}

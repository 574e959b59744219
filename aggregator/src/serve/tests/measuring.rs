//! Measures over the wire, and imported history: apart, counted, contradicted.

use granary_core::{
    ledger::{Arrival, Deed},
    measures::Measure,
};
use granary_proto::v1::{self, measure_service_client::MeasureServiceClient, measure_value::Value};
use tonic::{Code, transport::Channel};

use super::{
    reading::monitoring,
    town::{GUIYANG, Town, ZUNYI, period, unit_code},
};
use crate::tls::Role;

/// 2022-02-15T00:00:00Z, within February.
const ARRIVED: i64 = 1_644_883_200_000;

async fn measures(town: &Town) -> MeasureServiceClient<Channel> {
    MeasureServiceClient::new(town.person(Role::Auditor).await)
}

fn import(arrived_at_ms: i64) -> Deed {
    Deed::ImportHistory {
        dataset: "monthly-revenue".parse().unwrap(),
        source: "register".into(),
        arrivals: vec![Arrival {
            unit: unit_code(ZUNYI),
            period: period("2022-M02"),
            arrived_at_ms,
        }],
    }
}

fn request(by: v1::GroupBy, imported: bool) -> v1::ListMeasuresRequest {
    v1::ListMeasuresRequest {
        filter: Some(v1::SlotFilter {
            datasets: vec!["monthly-revenue".into()],
            periods: vec!["2022-M02".into(), "2022-M03".into()],
            ..Default::default()
        }),
        group_by: by.into(),
        imported,
        ..Default::default()
    }
}

fn share(row: &v1::MeasuresRow, measure: Measure) -> (u64, u64) {
    let value = row.measures.iter().find(|m| m.measure == measure.word());
    match value.and_then(|value| value.value.clone()) {
        Some(Value::Share(share)) => (share.numerator, share.denominator),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn measures_are_served_with_imported_history_apart_or_counted() {
    let town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    town.act(import(ARRIVED)).await.unwrap();
    let mut client = measures(&town).await;
    let mut ask = async |by, imported| {
        let answer = client.list_measures(request(by, imported)).await;
        answer.unwrap().into_inner()
    };
    let apart = ask(v1::GroupBy::Unit, false).await;
    let total = apart.total.unwrap();
    // Three prefectures owe two months.
    assert_eq!((total.counts.unwrap().expected, total.imported), (5, 1));
    assert_eq!(share(&total, Measure::ReportingRate), (1, 5));
    assert_eq!(share(&total, Measure::SystemUse), (1, 2));
    let units: Vec<_> = apart.rows.iter().map(|row| row.unit.as_str()).collect();
    assert_eq!(units, [GUIYANG, "520200", ZUNYI]);
    assert!(apart.rows[0].last_seen_ms.is_some() && apart.rows[2].last_seen_ms.is_none());
    assert_eq!(apart.rows[0].measures.len(), Measure::ALL.len());
    let counted = ask(v1::GroupBy::Department, true).await;
    let total = counted.total.unwrap();
    assert_eq!((total.counts.unwrap().timely, total.imported), (1, 1));
    assert_eq!(counted.rows[0].department, "finance");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_contradicts_an_earlier_one_is_refused_and_the_slot_is_marked() {
    let town = Town::founded(&[]).await;
    town.act(import(ARRIVED)).await.unwrap();
    town.act(import(ARRIVED)).await.unwrap();
    let refusal = town.act(import(ARRIVED + 1)).await.unwrap_err();
    assert_eq!(refusal.code(), v1::RefusalCode::Act);
    assert!(refusal.message_en.contains(ZUNYI), "{}", refusal.message_en);
    let mut client = monitoring(&town).await;
    let request = v1::ListSlotsRequest {
        filter: request(v1::GroupBy::Unspecified, false).filter,
        ..Default::default()
    };
    let slots = client.list_slots(request).await.unwrap().into_inner().slots;
    let marked: Vec<_> = slots.iter().filter(|slot| slot.imported).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].imported_at_ms, Some(ARRIVED));
    assert_eq!(marked[0].state(), v1::SlotState::Timely);
    assert!(slots.iter().all(|slot| slot.opened_at_ms.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_page_by_page() {
    let town = Town::founded(&[]).await;
    let mut client = measures(&town).await;
    let mut request = v1::ListMeasuresRequest {
        page_size: 2,
        ..request(v1::GroupBy::Unit, false)
    };
    let mut units = Vec::new();
    loop {
        let page = client.list_measures(request.clone()).await.unwrap();
        let page = page.into_inner();
        assert_eq!(page.total.unwrap().counts.unwrap().expected, 6);
        units.extend(page.rows.into_iter().map(|row| row.unit));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(units, [GUIYANG, "520200", ZUNYI]);
    let foreign = v1::ListMeasuresRequest {
        under: "no unit".into(),
        ..Default::default()
    };
    let refused = client.list_measures(foreign).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

//! SDMX REST over loopback: forms, filters, what is refused and how, and whose figures.

use super::{Reader, reporting, token};
use crate::{people::TokenScope, serve::tests::town::GUIYANG};

const FLOW: &str = "/sdmx/v2/data/dataflow/GRANARY/monthly-revenue";
const CSV: &str = "accept: application/vnd.sdmx.data+csv;version=2.0.0\r\n";

/// The rows of a CSV answer without its heading.
fn rows(body: &str) -> Vec<&str> {
    body.lines().skip(1).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_told_in_both_forms_with_the_digits_that_were_stated() {
    let town = reporting().await;
    let mut reader = Reader::new(&town, &token(&town, "sdmx", &[TokenScope::Figures], None));
    let accounts = "/sdmx/v2/data/dataflow/GRANARY/quarterly-accounts/*/Q.520100.gdp";
    let json = reader.get(accounts).await;
    // The accounts were returned, so they are no figures.
    assert_eq!(json.status, 404, "{}", json.body);
    let json = reader.get(FLOW).await;
    assert_eq!(
        json.field("content-type"),
        Some("application/vnd.sdmx.data+json;version=2.0.0")
    );
    let message = json.json();
    let series = &message["data"]["dataSets"][0]["series"];
    assert_eq!(series.as_object().unwrap().len(), 2, "{series}");
    assert_eq!(series["0:0:0"]["observations"]["0"][0], 1_002);
    let dimensions = &message["data"]["structures"][0]["dimensions"];
    assert_eq!(dimensions["series"][1]["values"][0]["id"], GUIYANG);
    assert_eq!(
        dimensions["observation"][0]["values"][0]["value"],
        "2022-M03"
    );

    reader.more = CSV.into();
    let csv = reader.get(FLOW).await;
    assert_eq!(
        csv.field("content-type"),
        Some("application/vnd.sdmx.data+csv;version=2.0.0")
    );
    let found = rows(&csv.body);
    assert_eq!(found.len(), 2, "{}", csv.body);
    assert!(
        found[0].contains(",M,520100,revenue,2022-M03,1002,A,"),
        "{}",
        found[0]
    );
    let vintages = reader.get(&format!("{FLOW}_VINTAGES")).await;
    assert_eq!(rows(&vintages.body).len(), 3, "{}", vintages.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose() {
    let town = reporting().await;
    let mut reader = Reader::new(&town, &token(&town, "sdmx", &[TokenScope::Figures], None));
    reader.more = CSV.into();
    for (query, count) in [
        ("/*/M.520100.revenue", 1),
        ("/*/M.520100+520300.revenue", 2),
        ("/*/M.*.revenue,Q.*.*", 2),
        ("/*/*", 2),
        ("?c%5BREF_AREA%5D=520300", 1),
        ("?c%5BREF_AREA%5D=sw:5203", 1),
        ("?c%5BTIME_PERIOD%5D=ge:2022-M01%2Ble:2022-M06", 2),
        ("?c[TIME_PERIOD]=ge:2022-01+le:2022-06", 2),
        ("?c[OBS_VALUE]=gt:1001", 1),
        ("?c[REVISION]=2&firstNObservations=1", 1),
        ("?lastNObservations=1&attributes=OBS_STATUS&measures=all", 2),
        (
            "?asOf=2099-01-01T00:00:00Z&updatedAfter=2001-01-01T00:00:00Z",
            2,
        ),
    ] {
        let answer = reader.get(&format!("{FLOW}{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        assert_eq!(rows(&answer.body).len(), count, "{query}: {}", answer.body);
    }
    let bare = reader
        .get(&format!("{FLOW}?attributes=none&measures=none"))
        .await;
    assert!(
        bare.body
            .starts_with("STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD\r\n"),
        "{}",
        bare.body
    );
    for (query, status) in [
        ("/*/M.999999.revenue", 404),
        ("?c[TIME_PERIOD]=lt:2022", 404),
        ("?updatedAfter=2099-01-01T00:00:00Z", 404),
        ("/9.9.9", 404),
        ("/*/M.520100", 400),
        ("?c[NOTHING]=1", 400),
        ("?c[TIME_PERIOD]=soon", 400),
        ("?firstNObservations=0", 400),
        ("?includeHistory=true", 400),
        ("?dimensionAtObservation=AllDimensions", 400),
        ("?detail=full", 400),
        ("?offset=1", 400),
    ] {
        let answer = reader.get(&format!("{FLOW}{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        assert_eq!(
            answer.field("content-type"),
            Some("application/problem+json")
        );
    }
    for (path, status) in [
        ("/sdmx/v2/data/dataflow/GRANARY/no-such", 404),
        ("/sdmx/v2/data/dataflow/OTHER/monthly-revenue", 404),
        ("/sdmx/v2/data/datastructure/GRANARY/monthly-revenue", 400),
        (
            "/sdmx/v2/availability/dataflow/GRANARY/monthly-revenue",
            404,
        ),
    ] {
        assert_eq!(reader.get(path).await.status, status, "{path}");
    }
    reader.more = "accept: application/vnd.sdmx.data+xml;version=3.0.0\r\n".into();
    assert_eq!(reader.get(FLOW).await.status, 406);
    assert_eq!(reader.send("DELETE", FLOW).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn structures_are_told_by_kind_and_with_what_they_are_made_of() {
    let town = reporting().await;
    let reader = Reader::new(&town, &token(&town, "sdmx", &[TokenScope::Figures], None));
    let told = |path: &'static str| {
        let reader = &reader;
        async move {
            let answer = reader.get(&format!("/sdmx/v2/structure{path}")).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            let data = answer.json()["data"].clone();
            let count = |kind: &str| data[kind].as_array().unwrap().len();
            [
                count("codelists"),
                count("conceptSchemes"),
                count("dataStructures"),
                count("dataflows"),
            ]
        }
    };
    assert_eq!(told("/dataflow").await, [0, 0, 0, 4]);
    assert_eq!(
        told("/dataflow/GRANARY/monthly-revenue/~/").await,
        [0, 0, 0, 1]
    );
    assert_eq!(told("/codelist/*/CL_FREQ,CL_AREA").await, [2, 0, 0, 0]);
    assert_eq!(told("/conceptscheme").await, [0, 1, 0, 0]);
    assert_eq!(
        told("/datastructure/GRANARY/monthly-revenue?references=descendants").await,
        [5, 1, 1, 0]
    );
    assert_eq!(told("/*?detail=allstubs").await, [6, 1, 4, 4]);
    for (path, status) in [
        ("/dataflow/GRANARY/no-such", 404),
        ("/hierarchy", 404),
        ("/dataflow?references=everything", 400),
    ] {
        assert_eq!(
            reader
                .get(&format!("/sdmx/v2/structure{path}"))
                .await
                .status,
            status,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reads_its_own_part_of_the_tree_alone() {
    let town = reporting().await;
    let mut reader = Reader::new(
        &town,
        &token(&town, "part", &[TokenScope::Figures], Some(GUIYANG)),
    );
    reader.more = CSV.into();
    let answer = reader.get(FLOW).await;
    assert_eq!(rows(&answer.body).len(), 1, "{}", answer.body);
    assert_eq!(
        reader
            .get(&format!("{FLOW}/*/M.520300.revenue"))
            .await
            .status,
        404
    );
    let look = Reader::new(
        &town,
        &token(&town, "look", &[TokenScope::Completeness], None),
    );
    assert_eq!(look.get(FLOW).await.status, 403);
    assert_eq!(look.get("/sdmx/v2/structure/dataflow").await.status, 200);
    assert_eq!(Reader::new(&town, "").get(FLOW).await.status, 401);
}

//! League tables, accounts and targets over loopback.

use granary_core::{
    digest::Digest,
    ledger::Deed,
    log::{Checkpoint, VerifierKey},
};
use granary_proto::v1::{self, measure_value, score_service_client::ScoreServiceClient};
use prost::Message as _;
use tonic::{Code, transport::Channel};

use super::{
    reading::{monitoring, wait_folded},
    town::{GUIYANG, Town, ZUNYI, bundle, period},
};
use crate::tls::Role;

const SCORING: &str = r#"
[[scorecard]]
code = "prefectures"
name = { zh = "考核", en = "Scores" }
periodicity = "quarter"
level = "prefecture"
flags = 1
components = [{ measure = "reporting_rate", weight = 60 }, { measure = "target_progress", weight = 40 }]
[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
values = { 520100 = "12000" }
"#;

/// The sample's city with a scorecard and a target; Guiyang has reported one month of the quarter.
async fn town() -> (Town, i64) {
    let town = Town::empty(&[]).await;
    let edit = "[[edit]]\nid = \"REVENUE.SIGN\"";
    let with = bundle(&[(edit, &format!("{SCORING}\n{edit}"))]);
    town.act(Deed::PublishCatalogue(with)).await.unwrap();
    let office = town.office(GUIYANG).await;
    let mut january = super::town::revenue(GUIYANG, 1);
    january.slot.period = period("2022-M01");
    let receipt = office.submit(office.sign(&january)).await.unwrap();
    wait_folded(&mut monitoring(&town).await, receipt.index).await;
    town.clock.step(60_000);
    let now_ms = crate::clock::Clock::now_ms(&*town.clock) - 1;
    (town, now_ms)
}

async fn scores(town: &Town) -> ScoreServiceClient<Channel> {
    ScoreServiceClient::new(town.person(Role::Auditor).await)
}

fn league(as_of_ms: i64) -> v1::GetLeagueRequest {
    v1::GetLeagueRequest {
        scorecard: "prefectures".into(),
        period: "2022-Q1".into(),
        as_of_ms,
    }
}

fn explain(unit: &str, as_of_ms: i64) -> v1::ExplainScoreRequest {
    v1::ExplainScoreRequest {
        scorecard: "prefectures".into(),
        period: "2022-Q1".into(),
        unit: unit.into(),
        as_of_ms,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_league_table_can_be_computed_again() {
    let (town, now_ms) = town().await;
    let mut client = scores(&town).await;
    let answer = client
        .get_league(league(now_ms))
        .await
        .unwrap()
        .into_inner();
    let document = answer.document.unwrap();
    let table = document.league.clone().unwrap();
    let standings: Vec<_> = table
        .standings
        .iter()
        .map(|s| {
            (
                s.unit.clone().unwrap().code,
                s.rank,
                s.score.clone(),
                s.movement,
                s.slots,
            )
        })
        .collect();
    // One slot of four; 1,001 against the 12,000 x 31/365 that January asks for are 98.22%.
    let expected = [
        (GUIYANG, Some(1), "54.29", Some(0), 4),
        ("520200", Some(2), "0.00", Some(-1), 4),
        (ZUNYI, Some(2), "0.00", Some(-1), 4),
    ];
    let expected = expected.map(|(unit, rank, score, movement, slots)| {
        (unit.to_owned(), rank, score.to_owned(), movement, slots)
    });
    assert_eq!(standings, expected);
    assert!(table.standings[0].flag && !table.standings[1].flag);

    // The tree is that of the checkpoint, and the digest that of the bytes.
    let mut monitoring = monitoring(&town).await;
    let status = monitoring.get_status(v1::GetStatusRequest {}).await;
    let status = status.unwrap().into_inner();
    let key = VerifierKey::parse(&town.verifier_key).unwrap();
    let checkpoint = Checkpoint::open(
        status.checkpoint.as_bytes(),
        key.name().as_str(),
        std::slice::from_ref(&key),
    )
    .unwrap();
    let log = document.log.clone().unwrap();
    assert_eq!(
        (log.size, log.origin.as_str()),
        (checkpoint.size(), checkpoint.origin())
    );
    assert_eq!(log.root_hash, checkpoint.root().as_bytes());
    assert_eq!(document.basis.as_ref().unwrap().applied_size, log.size);
    let sha256 = Digest::of(&document.encode_to_vec()).as_bytes().to_vec();
    assert_eq!(answer.sha256, sha256);

    let again = client
        .get_league(league(now_ms))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.sha256, sha256);
    let told = client
        .explain_score(explain(GUIYANG, now_ms))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(told.league_sha256, sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_the_sum_of_what_its_slots_add() {
    let (town, now_ms) = town().await;
    let mut client = scores(&town).await;
    let told = client
        .explain_score(explain(GUIYANG, now_ms))
        .await
        .unwrap()
        .into_inner();
    let told = told.explanation.unwrap();
    let points: Vec<_> = told
        .accounts
        .iter()
        .map(|account| account.points.clone().unwrap())
        .collect();
    assert_eq!(points, told.standing.unwrap().points);
    let [reporting, progress] = told.accounts.as_slice() else {
        panic!("{:?}", told.accounts);
    };
    assert_eq!(
        (reporting.numerator.as_str(), reporting.denominator.as_str()),
        ("1", "4")
    );
    let slots: Vec<_> = reporting
        .contributions
        .iter()
        .map(|part| (part.period.as_str(), part.state(), part.numerator.as_str()))
        .collect();
    let missing = v1::SlotState::Missing;
    let expected = [
        ("2022-M01", v1::SlotState::Late, "1"),
        ("2022-M02", missing, "0"),
        ("2022-M03", missing, "0"),
        ("2022-Q1", missing, "0"),
    ];
    assert_eq!(slots, expected);
    let value = points[1].value.clone().unwrap().value;
    assert_eq!(value, Some(measure_value::Value::Number("98.22".into())));
    assert_eq!(progress.targets[0].actual, "1001");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_known_then_does_not_count() {
    let (town, _) = town().await;
    let mut client = scores(&town).await;
    let before = 1_704_067_200_000;
    let answer = client
        .get_league(league(before))
        .await
        .unwrap()
        .into_inner();
    let table = answer.document.unwrap().league.unwrap();
    assert!(
        table
            .standings
            .iter()
            .all(|standing| standing.score == "0.00")
    );
    let mut targets = v1::ListTargetsRequest {
        year: 2022,
        department: "finance".into(),
        as_of_ms: before,
        filter: None,
    };
    let lines = client
        .list_targets(targets.clone())
        .await
        .unwrap()
        .into_inner()
        .targets;
    assert_eq!((lines.len(), lines[0].actual.as_str()), (1, ""));
    targets.as_of_ms = 0;
    let answer = client
        .list_targets(targets.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.log.unwrap().size, answer.basis.unwrap().applied_size);
    let line = &answer.targets[0];
    let told = [
        &line.actual,
        &line.through,
        &line.progress_percent,
        &line.elapsed_percent,
    ];
    assert_eq!(told, ["1001", "2022-M01", "8.34", "8.49"]);
    targets.department = "statistics".into();
    assert!(
        client
            .list_targets(targets)
            .await
            .unwrap()
            .into_inner()
            .targets
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told() {
    let (town, _) = town().await;
    let mut client = scores(&town).await;
    let asked = |scorecard: &str, period: &str| v1::GetLeagueRequest {
        scorecard: scorecard.into(),
        period: period.into(),
        as_of_ms: 0,
    };
    for (request, code) in [
        (asked("counties", "2022-Q1"), Code::NotFound),
        (asked("prefectures", "2022-M01"), Code::InvalidArgument),
        (asked("prefectures", "soon"), Code::InvalidArgument),
        (asked("a b", "2022-Q1"), Code::InvalidArgument),
    ] {
        assert_eq!(client.get_league(request).await.unwrap_err().code(), code);
    }
    // A county does not stand in the table of the prefectures.
    let stranger = client.explain_score(explain("520102", 0)).await;
    assert_eq!(stranger.unwrap_err().code(), Code::NotFound);
    let request = |year, department: &str| v1::ListTargetsRequest {
        year,
        department: department.into(),
        ..Default::default()
    };
    let nobody = client.list_targets(request(2022, "nobody")).await;
    assert_eq!(nobody.unwrap_err().code(), Code::NotFound);
    let never = client.list_targets(request(22, "")).await;
    assert_eq!(never.unwrap_err().code(), Code::InvalidArgument);
    let mut office = ScoreServiceClient::new(town.office(ZUNYI).await.channel);
    let refused = office.get_league(league(0)).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}

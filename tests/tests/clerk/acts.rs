//! Explain, revise and withdraw on the command line: what the city then has.

use std::{collections::BTreeMap, ffi::OsString, path::Path, process::ExitCode};

use granary_agent::{history::Reader, report::Outcome};
use granary_core::{
    code::{DatasetCode, UnitCode},
    period::Period,
    snapshot::{ObservationStatus, SlotKey, Snapshot},
};

use crate::city::{City, Office, UNIT};

/// Runs the agent's command line in the office's folder.
async fn agent(office: &Office, arguments: &[&str]) -> ExitCode {
    let folder: OsString = office.folder.path().into();
    let mut all: Vec<OsString> = vec!["granary-agent".into()];
    all.extend(arguments.iter().map(OsString::from));
    all.extend(["--dir".into(), folder]);
    let run = move || granary_agent::cli::main(all.into_iter(), BTreeMap::new());
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// What the office knows to stand for a month.
fn stands(office: &Office, month: &str) -> Snapshot {
    let unit = UnitCode::new(UNIT).unwrap();
    let dataset = DatasetCode::new("monthly-revenue").unwrap();
    let slot = SlotKey::new(unit.clone(), dataset, Period::parse(month).unwrap());
    let current = Reader::new(&office.settings.state, &unit).current(&slot);
    current.unwrap().snapshot.as_ref().clone()
}

fn said(snapshot: &Snapshot) -> Vec<(&str, &str)> {
    let all = snapshot.explanations.iter();
    all.map(|e| (e.edit.as_str(), e.text.as_str())).collect()
}

fn is(code: ExitCode, expected: u8) {
    assert_eq!(
        format!("{code:?}"),
        format!("{:?}", ExitCode::from(expected))
    );
}

fn finding(month: &str, edit: &str, explanation: &str) -> [String; 3] {
    [month, edit, explanation].map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_acts_of_the_clerk_are_revisions_that_the_city_has_with_their_reasons() {
    let city = City::founded().await;
    let office = city.office("zh").await;
    for (month, revenue) in [("2021-M03", "100"), ("2021-M04", "95")] {
        let report = office.hands_in(month, revenue).await;
        assert_eq!(report.outcome, Outcome::Accepted);
    }
    assert_eq!(
        city.findings().await,
        [finding("2021-M04", "REVENUE.FALLS", "")]
    );
    explains(&city, &office).await;
    revises(&city, &office).await;
    withdraws(&city, &office).await;
}

async fn explains(city: &City, office: &Office) {
    is(agent(office, &["explain"]).await, 0);
    let explain = ["explain", "monthly-revenue", "2021-M04", "REVENUE.FALLS"];
    is(
        agent(office, &[&explain[..], &["--reason", "税收缓缴"]].concat()).await,
        0,
    );
    assert_eq!(
        city.findings().await,
        [finding("2021-M04", "REVENUE.FALLS", "税收缓缴")]
    );
    let after = stands(office, "2021-M04");
    assert_eq!((after.revision, after.observations.len()), (2, 1));
    // What does not fail is not explained, and nothing is handed in.
    is(
        agent(
            office,
            &[
                "explain",
                "monthly-revenue",
                "2021-M03",
                "REVENUE.FALLS",
                "--reason",
                "x",
            ],
        )
        .await,
        3,
    );
}

async fn revises(city: &City, office: &Office) {
    let corrected = office.write("2021-M04", "120");
    let revise = ["revise", corrected.to_str().unwrap()];
    is(
        agent(office, &[&revise[..], &["--reason", "  "]].concat()).await,
        3,
    );
    assert_eq!(stands(office, "2021-M04").revision, 2);
    is(
        agent(
            office,
            &[
                &revise[..],
                &["--reason", "更正七月数", "--preparer", "张三"],
            ]
            .concat(),
        )
        .await,
        0,
    );
    let after = stands(office, "2021-M04");
    assert_eq!(
        (after.revision, said(&after)),
        (3, vec![("GRANARY.REVISED", "更正七月数")])
    );
    assert_eq!(after.sign_offs[0].name, "张三");
    assert!(city.findings().await.is_empty());
    assert_eq!(
        std::fs::read_to_string(&corrected).unwrap().lines().count(),
        3,
        "the clerk's own file stays as it was"
    );
    // The same once more changes nothing.
    is(
        agent(office, &[&revise[..], &["--reason", "x"]].concat()).await,
        0,
    );
    assert_eq!(stands(office, "2021-M04").revision, 3);
}

async fn withdraws(city: &City, office: &Office) {
    is(
        agent(
            office,
            &[
                "withdraw",
                "monthly-revenue",
                "2021-M04",
                "--reason",
                "误报外县数",
            ],
        )
        .await,
        0,
    );
    let after = stands(office, "2021-M04");
    assert_eq!(after.revision, 4);
    assert!(
        after
            .observations
            .iter()
            .all(|one| one.value.is_none() && one.status == ObservationStatus::Missing)
    );
    assert!(
        after.sign_offs.is_empty(),
        "nobody has signed the withdrawal"
    );
    assert_eq!(
        city.findings().await,
        [finding("2021-M04", "GRANARY.MISSING", "误报外县数")]
    );
    let left = std::fs::read_dir(office.settings.state.join("acts"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "what was written for the inbox is let go");
    assert!(
        Path::new(&office.settings.root)
            .join("accepted/monthly-revenue_2021-M04_withdrawn.csv")
            .exists()
    );
}

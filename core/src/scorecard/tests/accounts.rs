//! The account of a score: its sums are those of the measures.

use super::*;
use crate::{
    bulletin::{Measured, TargetLine},
    completeness::SlotState,
    ledger::Revisions,
    measures::Tally,
    snapshot::SlotKey,
};

const KEYS: &str = r#"
components = [
    { measure = "on_time_rate", weight = 40 },
    { measure = "median_lateness", zero_at = "10h", weight = 10 },
    { measure = "quality_edit_rate", weight = 20 },
    { measure = "response_time", zero_at = "10h", weight = 10 },
    { measure = "mean_revision", zero_at = "5", weight = 10 },
    { measure = "target_progress", weight = 10 },
]
"#;

const HOUR_MS: i64 = 3_600_000;

fn slot(number: i32, state: SlotState, late_h: i64, questioned: bool) -> SlotMarks {
    let period = Period::new(crate::period::Periodicity::Month, 2021, number).unwrap();
    let mut tally = Tally {
        received: 1,
        accepted: 1,
        questioned: questioned.into(),
        ..Tally::default()
    };
    tally.counts.add(state);
    if late_h > 0 {
        tally.lateness.push(late_h * HOUR_MS);
    }
    let finding = FindingNote {
        edit: "A.B".into(),
        item: None,
        status: 1,
        opened_index: 7,
    };
    if questioned {
        tally.findings.add(1, 1);
        tally.responses = 1;
        tally.response_ms_sum = i128::from(2 * HOUR_MS);
    }
    let mut revisions = Revisions::default();
    revisions.add(
        &"CNY".parse().unwrap(),
        Decimal::integer(100),
        Decimal::integer(100 + i64::from(number)),
    );
    tally.revisions = revisions;
    SlotMarks {
        slot: SlotKey::new(unit(0), "monthly".parse().unwrap(), period),
        state,
        tally,
        findings: if questioned {
            vec![finding]
        } else {
            Vec::new()
        },
    }
}

#[test]
fn every_slot_is_told_with_what_it_adds() {
    let catalogue = catalogue(1, KEYS);
    let card = &catalogue.scorecards()[0];
    let slots = [
        slot(3, SlotState::Late, 9, false),
        slot(1, SlotState::Timely, 0, true),
        slot(2, SlotState::Late, 3, true),
    ];
    let tally = slots
        .iter()
        .fold(Tally::default(), |sum, s| sum.plus(s.tally.clone()));
    let progress = Decimal::parse("80.00").ok();
    let marks = BTreeMap::from([(unit(0), Marks::of(&tally, progress))]);
    let league = table(&catalogue, &marks);
    let subject = Subject {
        catalogue: &catalogue,
        scorecard: card,
        period: quarter(),
    };
    let targets = [TargetLine::default()];
    let slots = Slots {
        slots: &slots,
        targets: &targets,
        progress,
    };
    let told = explain(subject, slots, league.standings[0].clone());
    // The account earns what the table says.
    let points: Vec<_> = told
        .accounts
        .iter()
        .map(|account| account.points.clone())
        .collect();
    assert_eq!(points, told.standing.points);
    for account in &told.accounts {
        if let Some(Measured::Share(share)) = &account.points.value.value {
            let whole = (share.numerator.to_string(), share.denominator.to_string());
            assert_eq!(
                (account.numerator.clone(), account.denominator.clone()),
                whole
            );
        }
    }
    let lines: Vec<String> = told.accounts.iter().map(account_text).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

fn account_text(account: &ComponentAccount) -> String {
    let mut text = format!(
        "{}: full {}, {}, sum {}/{}, {} targets\n",
        account.component.measure,
        account.full,
        account.reckoning.en,
        account.numerator,
        account.denominator,
        account.targets.len()
    );
    for part in &account.contributions {
        text += &format!(
            "    {} state {}: {}/{} {} findings\n",
            part.period,
            part.state,
            part.numerator,
            part.denominator,
            part.findings.len()
        );
    }
    text
}

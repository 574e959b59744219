//! A running server's slots as a board, for the dry run.
//!
//! The server says what it knows now. When an extension or an exemption was given it does not say, so they count from the
//! beginning.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, UnitCode},
    completeness::Board,
    ledger::{
        Facts, Outcome, Vintage,
        rows::{ExtensionRow, SlotRow},
    },
    notices::{Plan, Situation},
    period::Period,
    snapshot::SlotKey,
};
use granary_proto::v1;

use super::super::{Connection, remote, screen::Complaint};

const PAGE_SIZE: u32 = 10_000;

/// Asks the server for the slots that the plan may speak of within a span.
pub(super) fn read(
    catalogue: &Arc<Catalogue>,
    plan: &Plan,
    (from_ms, until_ms): (i64, i64),
    connection: &Connection,
) -> Result<Board, Complaint> {
    let board = Board::empty(Arc::clone(catalogue));
    let mut wanted: BTreeMap<DatasetCode, BTreeSet<Period>> = BTreeMap::new();
    for at_ms in [from_ms, until_ms] {
        for (dataset, period) in Situation::outline(&board, plan, at_ms).into_keys() {
            wanted.entry(dataset).or_default().insert(period);
        }
    }
    let slots = remote::block_on(async {
        let mut client = remote::monitoring(connection).await?;
        let mut slots = Vec::new();
        for (dataset, periods) in &wanted {
            let mut request = v1::ListSlotsRequest {
                filter: Some(v1::SlotFilter {
                    datasets: vec![dataset.to_string()],
                    periods: periods.iter().map(ToString::to_string).collect(),
                    ..Default::default()
                }),
                page_size: PAGE_SIZE,
                ..Default::default()
            };
            loop {
                let answer = client.list_slots(request.clone()).await;
                let answer = answer
                    .map_err(|status| remote::failed(&status))?
                    .into_inner();
                slots.extend(answer.slots);
                request.page_token = answer.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
        }
        Ok(slots)
    })?;
    lay_out(board, &slots)
}

/// Puts slots on a board.
fn lay_out(mut board: Board, slots: &[v1::Slot]) -> Result<Board, Complaint> {
    let catalogue = Arc::clone(board.catalogue());
    for slot in slots {
        let key = key(slot)?;
        board.update(&key, &row(slot, &key, &catalogue));
        if let Some(accepted_at_ms) = slot.first_accepted_at_ms {
            board.add_vintage(&key, accepted(accepted_at_ms));
        }
    }
    Ok(board)
}

/// A snapshot of which only the time is known; a slot's state needs no more.
fn accepted(received_at_ms: i64) -> Vintage {
    Vintage {
        received_at_ms,
        outcome: Outcome::Accepted,
        facts: Facts::default(),
        revisions: None,
    }
}

fn key(slot: &v1::Slot) -> Result<SlotKey, Complaint> {
    let unit = UnitCode::new(&slot.unit)?;
    Ok(SlotKey::new(
        unit,
        DatasetCode::new(&slot.dataset)?,
        Period::parse(&slot.period)?,
    ))
}

fn row(slot: &v1::Slot, key: &SlotKey, catalogue: &Catalogue) -> SlotRow {
    let by_rule = catalogue
        .dataset(&key.dataset)
        .and_then(|d| d.due_at_ms(key.period));
    let extension = ExtensionRow {
        received_at_ms: i64::MIN,
        due_at_ms: slot.due_at_ms,
    };
    let is_extended = by_rule.is_some_and(|due_at_ms| due_at_ms != slot.due_at_ms);
    let is_exempt = slot.state() == v1::SlotState::Exempt;
    SlotRow {
        extensions: is_extended.then_some(extension).into_iter().collect(),
        exempted_at_ms: is_exempt.then_some(i64::MIN),
        ..SlotRow::default()
    }
}

#[cfg(test)]
mod tests {
    use granary_core::completeness::SlotState;

    use super::*;
    use crate::testing;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn the_board_has_the_states_that_the_server_told() {
        let due = "2022-06-06T00:00:00+08:00";
        let slot = |unit: &str, due: &str, accepted: Option<&str>, state| v1::Slot {
            unit: unit.into(),
            dataset: "monthly-revenue".into(),
            period: "2022-M05".into(),
            state: i32::from(state),
            due_at_ms: at(due),
            first_accepted_at_ms: accepted.map(at),
            ..v1::Slot::default()
        };
        let in_time = Some("2022-06-05T09:00:00+08:00");
        let late = Some("2022-06-07T09:00:00+08:00");
        let (missing, pending) = (v1::SlotState::Missing, v1::SlotState::Pending);
        let slots = [
            slot("520100", due, in_time, v1::SlotState::Timely),
            slot("520200", due, late, v1::SlotState::Late),
            slot("520300", "2022-06-20T12:00:00+08:00", None, pending),
        ];
        let catalogue = Arc::new(Catalogue::parse(&testing::bundle()).unwrap());
        let board = lay_out(Board::empty(catalogue), &slots).unwrap();
        let as_of = at("2022-06-10T12:00:00+08:00");
        let (dataset, period) = (
            DatasetCode::new("monthly-revenue"),
            Period::parse("2022-M05"),
        );
        let shown = Situation::sheet(&board, &dataset.unwrap(), period.unwrap(), as_of);
        let shown: BTreeMap<&str, (i32, i64)> = shown
            .iter()
            .map(|at| (at.slot.unit.as_str(), (at.state.number(), at.due_at_ms)))
            .collect();
        for told in &slots {
            assert_eq!(shown[told.unit.as_str()], (told.state, told.due_at_ms));
        }
        let others = shown
            .values()
            .filter(|(state, _)| *state == i32::from(missing));
        assert_eq!(others.count(), shown.len() - slots.len());
        assert_eq!(SlotState::Missing.number(), i32::from(missing));
    }
}

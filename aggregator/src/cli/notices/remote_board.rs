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
    ledger::rows::{ExtensionRow, SlotRow},
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
    let mut board = Board::empty(Arc::clone(catalogue));
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
    for slot in slots {
        let key = key(&slot)?;
        board.update(&key, &row(&slot, &key, catalogue));
    }
    Ok(board)
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
        first_received_at_ms: slot.first_received_at_ms,
        first_accepted_at_ms: slot.first_accepted_at_ms,
        extensions: is_extended.then_some(extension).into_iter().collect(),
        exempted_at_ms: is_exempt.then_some(i64::MIN),
        ..SlotRow::default()
    }
}

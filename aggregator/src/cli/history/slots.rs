//! What the city knows of a dataset's slots: which it expects, when they open, what was imported for them.

use std::collections::BTreeMap;

use granary_core::{
    code::{DatasetCode, UnitCode},
    period::Period,
};
use granary_proto::v1;

use crate::cli::{
    Connection,
    remote::{self, block_on},
    screen::{Complaint, Screen},
};

/// Slots asked for at once; the most that the server gives.
const PAGE_SLOTS: u32 = 10_000;

/// One slot.
pub(super) struct Slot {
    pub(super) opened_at_ms: Option<i64>,
    pub(super) imported_at_ms: Option<i64>,
}

/// The slots of one dataset that have opened.
pub(super) type Known = BTreeMap<(UnitCode, Period), Slot>;

/// Asks the city.
pub(super) fn of_dataset(
    dataset: &DatasetCode,
    connection: &Connection,
    screen: &Screen,
) -> Result<Known, Complaint> {
    let mut request = v1::ListSlotsRequest {
        filter: Some(v1::SlotFilter {
            datasets: vec![dataset.to_string()],
            ..Default::default()
        }),
        page_size: PAGE_SLOTS,
        ..Default::default()
    };
    let mut known = Known::new();
    block_on(async {
        let mut client = remote::monitoring(connection).await?;
        loop {
            let answer = client.list_slots(request.clone()).await;
            let page = answer
                .map_err(|status| remote::failed(&status))?
                .into_inner();
            for slot in page.slots {
                let key = (UnitCode::new(&slot.unit)?, Period::parse(&slot.period)?);
                let slot = Slot {
                    opened_at_ms: slot.opened_at_ms,
                    imported_at_ms: slot.imported_at_ms,
                };
                known.insert(key, slot);
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
            let count = known.len();
            screen.progress(
                format!("已读取应报 {count} 项"),
                format!("{count} slots read"),
            );
        }
        Ok(())
    })?;
    if known.len() > PAGE_SLOTS as usize {
        screen.end_progress();
    }
    Ok(known)
}

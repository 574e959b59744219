//! The slots table: each slot with its state, when it was due, and when it came.

use granary_proto::v1::{Slot, SlotState};

use super::{Lay, basis, draw};
use crate::{
    city::Listing,
    words::{Manner, NOTHING},
};

/// Draws a listing of slots.
#[must_use]
pub fn slots(manner: &Manner, listing: &Listing<Slot>) -> String {
    let columns = [
        (manner.say("报表", "dataset"), Lay::Words),
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("单位", "unit"), Lay::Words),
        (manner.say("名称", "name"), Lay::Text),
        (manner.say("状态", "state"), Lay::Words),
        (manner.say("截止", "due"), Lay::Words),
        (manner.say("首次收到", "first received"), Lay::Words),
        (manner.say("首次合格", "first accepted"), Lay::Words),
        (manner.say("迟", "late by"), Lay::Words),
        (manner.say("修订", "revision"), Lay::Figures),
        (manner.say("收到", "received"), Lay::Figures),
        (manner.say("退回", "returned"), Lay::Figures),
    ];
    let rows = listing.rows.iter().map(|slot| line(manner, slot));
    let mut text = draw(&columns, rows.collect(), manner.width);
    text.push_str("\n\n");
    text.push_str(manner.say("时间所在时区", "times are those of"));
    text.push_str(&format!(": {}\n", manner.zone_name()));
    if listing.rows.iter().any(|slot| slot.imported) {
        text.push_str(manner.say(
            "“导入”：系统启用前的到达记录，由操作员签名导入，不是本系统收到的报送\n",
            "imported: an arrival from before the system, brought in under the operator's signature; no report that the system received\n",
        ));
    }
    if listing.truncated {
        text.push_str(&basis::truncated(manner, listing.rows.len()));
    }
    text.push_str(&basis::basis(
        manner,
        &listing.basis,
        listing.applied_size_last,
    ));
    text
}

fn line(manner: &Manner, slot: &Slot) -> Vec<String> {
    let minute =
        |at_ms: Option<i64>| at_ms.map_or_else(|| NOTHING.to_owned(), |at_ms| manner.minute(at_ms));
    let late = match slot.lateness_ms {
        ms if ms > 0 => manner.duration(ms),
        _ => NOTHING.to_owned(),
    };
    vec![
        slot.dataset.clone(),
        slot.period.clone(),
        slot.unit.clone(),
        manner
            .pick(&slot.unit_name_zh, &slot.unit_name_en)
            .to_owned(),
        state(manner, slot),
        // A deadline beyond the calendar has no date.
        minute(Some(slot.due_at_ms).filter(|at_ms| *at_ms != i64::MAX)),
        minute(slot.first_received_at_ms),
        // What imported history alone settles arrived, and was never accepted here.
        minute(
            slot.imported_at_ms
                .filter(|_| slot.imported)
                .or(slot.first_accepted_at_ms),
        ),
        late,
        slot.revision.to_string(),
        slot.received_count.to_string(),
        slot.returned_count.to_string(),
    ]
}

fn state(manner: &Manner, slot: &Slot) -> String {
    let state = manner.state(SlotState::try_from(slot.state).unwrap_or_default());
    if slot.imported {
        format!("{state} {}", manner.say("(导入)", "(imported)"))
    } else {
        state.to_owned()
    }
}

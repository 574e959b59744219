//! Slots with their states at an instant: by dataset, period, unit, as in `granary-audit slots`.

use granary_proto::v1::{Slot, SlotState};

use super::{Known, SLOT, Visit, wire_slot_cells};
use crate::publish::{
    Cell, Column, PublishError,
    column::{Kind, always, maybe},
};

pub(super) fn columns() -> Vec<Column> {
    let mut columns = SLOT.to_vec();
    columns.extend([
        always("state", Kind::Text),
        always("imported", Kind::Flag),
        always("due_at", Kind::Instant),
        maybe("first_received_at", Kind::Instant),
        maybe("first_accepted_at", Kind::Instant),
        maybe("last_revised_at", Kind::Instant),
        always("lateness_ms", Kind::Integer),
        always("revision", Kind::Integer),
        always("received_count", Kind::Integer),
        always("returned_count", Kind::Integer),
        maybe("opened_at", Kind::Instant),
        maybe("locked_at", Kind::Instant),
        maybe("imported_at", Kind::Instant),
    ]);
    columns
}

pub(super) fn rows(known: &Known<'_>, visit: &mut Visit<'_>) -> Result<(), PublishError> {
    let journal = known.journal;
    journal.each_slot(known.filter, known.as_of_ms, &mut |slot| {
        visit(cells(known, &slot))
    })
}

fn cells(known: &Known<'_>, slot: &Slot) -> Vec<Cell> {
    let mut cells = wire_slot_cells(known, &slot.dataset, &slot.period, &slot.unit);
    let state = slot.state().as_str_name();
    cells.extend([
        Cell::code(word(state, SlotState::Unspecified.as_str_name())),
        Cell::Flag(slot.imported),
        Cell::Instant(slot.due_at_ms),
        Cell::instant(slot.first_received_at_ms),
        Cell::instant(slot.first_accepted_at_ms),
        Cell::instant(slot.last_revised_at_ms),
        Cell::Integer(slot.lateness_ms),
        Cell::count(slot.revision),
        Cell::count(slot.received_count),
        Cell::count(slot.returned_count),
        Cell::instant(slot.opened_at_ms),
        Cell::instant(slot.locked_at_ms),
        Cell::instant(slot.imported_at_ms),
    ]);
    cells
}

/// The name of a wire value in lower case, without what it has in common with the first value of its kind.
pub(super) fn word(name: &str, unspecified: &str) -> String {
    let prefix = unspecified.strip_suffix("UNSPECIFIED").unwrap_or_default();
    name.strip_prefix(prefix)
        .unwrap_or(name)
        .to_ascii_lowercase()
}

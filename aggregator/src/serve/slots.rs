//! Slots and completeness: the board's counts and states, with what the rows say about each slot.

use std::collections::BTreeSet;

use granary_core::{
    catalogue::Catalogue,
    completeness::{Filter, Group, GroupBy, SlotAt, SlotState, StateCounts},
    ledger::keys,
    snapshot::SlotKey,
};
use granary_proto::v1;

use super::{
    City, bounded,
    failure::Failure,
    history,
    monitoring::{self, basis},
    page::{Cursor, Fingerprint},
};

pub(super) use granary_core::completeness::Labels;

/// Rows in one page: what 0 means, and the most.
pub(super) const PAGE_DEFAULT: u32 = 1_000;
pub(super) const PAGE_MAX: u32 = 10_000;
/// The most rows of counts in one answer.
const ROWS_MAX: usize = 10_000;

/// Counts the slots in each state.
pub(super) fn completeness(
    city: &City,
    request: v1::GetCompletenessRequest,
) -> Result<v1::GetCompletenessResponse, Failure> {
    let filter = monitoring::filter_under(request.filter, &request.under, request.imported)?;
    let by = group_by(request.group_by)?;
    let as_of_ms = city.instant(request.as_of_ms);
    let basis = basis(city, as_of_ms);
    let Some(board) = city.board() else {
        return Ok(v1::GetCompletenessResponse {
            basis: Some(basis),
            ..Default::default()
        });
    };
    let counted = board.counts(&filter, by, as_of_ms);
    if counted.len() > ROWS_MAX {
        return Err(Failure::invalid(
            "group_by",
            format!(
                "it gives {} rows, and at most {ROWS_MAX} are told: narrow the filter",
                counted.len()
            ),
        ));
    }
    let rows = counted.iter();
    let rows = rows.map(|(group, counts)| row(board.catalogue(), group, counts));
    // Rows by department may overlap, so the total is counted by itself.
    let total = board.counts(&filter, GroupBy::Nothing, as_of_ms);
    let total = total
        .first()
        .map_or_else(StateCounts::default, |(_, total)| *total);
    Ok(v1::GetCompletenessResponse {
        basis: Some(basis),
        rows: rows.collect(),
        total: Some(wire_counts(&total)),
        total_imported: total.imported,
    })
}

/// Lists slots with their states.
pub(super) fn list(
    city: &City,
    mut request: v1::ListSlotsRequest,
) -> Result<v1::ListSlotsResponse, Failure> {
    let token = std::mem::take(&mut request.page_token);
    let count_max = bounded(
        std::mem::take(&mut request.page_size),
        PAGE_DEFAULT,
        PAGE_MAX,
    );
    let fingerprint = Fingerprint::of(&request);
    let cursor = Cursor::parse(&token, fingerprint)?;
    let filter = monitoring::filter_under(request.filter, "", request.imported)?;
    let states = states(&request.states)?;
    let as_of_ms = cursor
        .as_ref()
        .map_or_else(|| city.instant(request.as_of_ms), |cursor| cursor.as_of_ms);
    let after = cursor.map(|cursor| after_slot(&cursor)).transpose()?;
    let basis = basis(city, as_of_ms);
    let Some(board) = city.board() else {
        return Ok(v1::ListSlotsResponse {
            basis: Some(basis),
            ..Default::default()
        });
    };
    let catalogue = board.catalogue();
    let found = board.slots(&filter, &states, as_of_ms, after.as_ref(), count_max);
    let next = found
        .last()
        .filter(|_| found.len() == count_max)
        .map(|last| Cursor {
            as_of_ms,
            after: keys::slot(keys::Table::Slot, &last.slot),
        });
    let slots = found
        .into_iter()
        .map(|at| detail(city, catalogue, at, as_of_ms));
    Ok(v1::ListSlotsResponse {
        basis: Some(basis),
        slots: slots.collect::<Result<_, _>>()?,
        next_page_token: next.map(|next| next.token(fingerprint)).unwrap_or_default(),
    })
}

fn after_slot(cursor: &Cursor) -> Result<SlotKey, Failure> {
    let slot = keys::parse_slot(&cursor.after).map(|(slot, _)| slot);
    slot.ok_or_else(|| {
        Failure::invalid(
            "page_token",
            "it does not name a slot: begin again without one",
        )
    })
}

/// What the rows say about a slot beside its state.
pub(super) fn detail(
    city: &City,
    catalogue: &Catalogue,
    at: SlotAt,
    as_of_ms: i64,
) -> Result<v1::Slot, Failure> {
    let name = catalogue
        .unit(&at.slot.unit)
        .map(|unit| unit.name().clone())
        .unwrap_or_default();
    let instants = catalogue
        .dataset(&at.slot.dataset)
        .map(|dataset| dataset.instants(at.slot.period));
    let known = history::known(city, &at.slot, as_of_ms)?;
    Ok(v1::Slot {
        unit: at.slot.unit.to_string(),
        dataset: at.slot.dataset.to_string(),
        period: at.slot.period.to_string(),
        state: at.state.number(),
        due_at_ms: at.due_at_ms,
        first_received_at_ms: known.first_received_at_ms,
        first_accepted_at_ms: known.first_accepted_at_ms,
        last_revised_at_ms: known.last_revised_at_ms,
        returned_count: known.returned_count,
        revision: known.revision,
        lateness_ms: at.lateness_ms(),
        unit_name_zh: name.zh,
        unit_name_en: name.en,
        opened_at_ms: instants.and_then(|instants| instants.opened_at_ms),
        locked_at_ms: instants.and_then(|instants| instants.locked_at_ms),
        received_count: known.received_count,
        imported_at_ms: known.imported_at_ms,
        imported: at.imported,
    })
}

fn row(catalogue: &Catalogue, group: &Group, counts: &StateCounts) -> v1::CompletenessRow {
    let labels = Labels::of(catalogue, group);
    v1::CompletenessRow {
        unit: labels.unit,
        dataset: labels.dataset,
        period: labels.period,
        counts: Some(wire_counts(counts)),
        name_zh: labels.name.zh,
        name_en: labels.name.en,
        imported: counts.imported,
        department: labels.department,
        level: labels.level,
    }
}

pub(super) fn wire_counts(counts: &StateCounts) -> v1::StateCounts {
    v1::StateCounts {
        expected: counts.expected(),
        timely: counts.timely,
        late: counts.late,
        missing: counts.missing,
        exempt: counts.exempt,
        pending: counts.pending,
    }
}

pub(super) fn group_by(number: i32) -> Result<GroupBy, Failure> {
    let group = v1::GroupBy::try_from(number)
        .map_err(|_| Failure::invalid("group_by", "it is not a known number"))?;
    Ok(match group {
        v1::GroupBy::Unspecified => GroupBy::Nothing,
        v1::GroupBy::Unit => GroupBy::Unit,
        v1::GroupBy::Dataset => GroupBy::Dataset,
        v1::GroupBy::Period => GroupBy::Period,
        v1::GroupBy::DatasetPeriod => GroupBy::DatasetPeriod,
        v1::GroupBy::UnitDataset => GroupBy::UnitDataset,
        v1::GroupBy::Department => GroupBy::Department,
        v1::GroupBy::Level => GroupBy::Level,
    })
}

fn states(numbers: &[i32]) -> Result<BTreeSet<SlotState>, Failure> {
    let state = |number: &i32| {
        SlotState::from_number(*number)
            .ok_or_else(|| Failure::invalid("states", format!("{number} is not a state")))
    };
    numbers.iter().map(state).collect()
}

/// The filter's own sets, for listings that do not go through the board.
pub(super) fn wants(filter: &Filter, slot: &SlotKey) -> bool {
    (filter.units.is_empty() || filter.units.contains(&slot.unit))
        && (filter.datasets.is_empty() || filter.datasets.contains(&slot.dataset))
        && (filter.periods.is_empty() || filter.periods.contains(&slot.period))
}

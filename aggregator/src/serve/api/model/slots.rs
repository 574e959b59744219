//! Slots, counts and measures.

use granary_core::ledger::{LogIndex, Outcome, rows::VintageRow};
use granary_proto::v1;
use serde::Serialize;

use super::{
    At, Basis, Counts, Figure, MeasureValue, Named, State, Words, all, filled, findings::Finding,
};

/// Counts of slots in each state.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Completeness {
    /// What it stands on.
    basis: Basis,
    /// The rows, in the order of their keys.
    rows: Vec<CompletenessRow>,
    /// All slots together; rows by department may overlap.
    total: Counts,
    /// How many slots imported history alone settles: beside those expected, or among them where it counts.
    total_imported: u64,
}

/// One row of counts. What it is not grouped by is null.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct CompletenessRow {
    /// The unit.
    unit: Option<String>,
    /// The dataset.
    dataset: Option<String>,
    /// The reference period, in SDMX form.
    period: Option<String>,
    /// The department.
    department: Option<String>,
    /// The level of the unit tree.
    level: Option<String>,
    /// The name of the unit, else of the dataset, department or level.
    name: Words,
    /// The counts.
    counts: Counts,
    /// How many slots imported history alone settles.
    imported: u64,
}

/// A page of slots, by dataset, period, unit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Slots {
    /// What it stands on.
    basis: Basis,
    /// The slots.
    slots: Vec<Slot>,
    /// Where to go on; null at the end.
    next_page_token: Option<String>,
}

/// What is owed: a unit, a dataset, a period.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Slot {
    /// The unit's code.
    unit: String,
    /// The unit's name.
    unit_name: Words,
    /// The dataset's code.
    dataset: String,
    /// The reference period, in SDMX form.
    period: String,
    /// Its state; where imported history alone settles it and does not count, what it would be.
    state: State,
    /// Whether imported history alone settles it.
    imported: bool,
    /// When it is due, with extensions.
    due_at: At,
    /// When it opened.
    opened_at: Option<At>,
    /// From when on nothing is taken.
    locked_at: Option<At>,
    /// When the first submission was received.
    first_received_at: Option<At>,
    /// When the first accepted submission was received.
    first_accepted_at: Option<At>,
    /// When the current value was received.
    last_revised_at: Option<At>,
    /// When it arrived before the system, by imported history.
    imported_at: Option<At>,
    /// How late the first accepted submission was, in milliseconds; 0 where it was not late.
    lateness_ms: i64,
    /// The current revision; 0 where nothing was accepted.
    revision: u32,
    /// How many submissions were received.
    received_count: u32,
    /// How many of them were returned.
    returned_count: u32,
}

/// The life of one slot.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct SlotLife {
    /// How it stands.
    pub(in crate::serve::api) slot: Slot,
    /// Every submission, the newest first; at most 200.
    pub(in crate::serve::api) submissions: Vec<Submission>,
    /// Extensions, in the order of the log.
    pub(in crate::serve::api) extensions: Vec<Extension>,
    /// When it was exempted.
    pub(in crate::serve::api) exempted_at: Option<At>,
    /// Its findings; null where the token lacks `read:findings`.
    pub(in crate::serve::api) findings: Option<Vec<Finding>>,
    /// The current figures; null where the token lacks `read:figures`, empty where nothing was accepted. At most 10,000.
    pub(in crate::serve::api) figures: Option<Vec<SlotFigure>>,
}

/// One submission.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Submission {
    /// Its place in the journal, by which its receipt is fetched.
    index: u64,
    /// When it was received.
    received_at: At,
    /// The revision that it states.
    revision: u32,
    /// `accepted`, `returned` or `superseded`: a higher revision had come before it.
    outcome: &'static str,
    /// How many edits failed.
    failed_edits: usize,
}

/// A later deadline, by an act.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Extension {
    /// When the act was received.
    pub(in crate::serve::api) received_at: At,
    /// The new deadline.
    pub(in crate::serve::api) due_at: At,
}

/// A figure of the current snapshot, or its stated absence.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct SlotFigure {
    /// The indicator.
    pub(in crate::serve::api) indicator: Named,
    /// The item, in an itemised dataset.
    pub(in crate::serve::api) item: Option<String>,
    /// The value.
    pub(in crate::serve::api) value: Option<Figure>,
    /// The SDMX observation status.
    pub(in crate::serve::api) status: String,
    /// The unit of measure.
    pub(in crate::serve::api) unit_of_measure: Option<Named>,
}

/// A page of measures.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Measures {
    /// What it stands on.
    basis: Basis,
    /// The rows, in the order of their keys.
    rows: Vec<MeasuresRow>,
    /// All slots together; rows by department may overlap.
    total: MeasuresRow,
    /// Where to go on; null at the end.
    next_page_token: Option<String>,
}

/// Every measure of one group of slots. What it is not grouped by is null.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct MeasuresRow {
    /// The unit.
    unit: Option<String>,
    /// The dataset.
    dataset: Option<String>,
    /// The reference period, in SDMX form.
    period: Option<String>,
    /// The department.
    department: Option<String>,
    /// The level of the unit tree.
    level: Option<String>,
    /// The name of the unit, else of the dataset, department or level.
    name: Words,
    /// How many slots are in each state.
    counts: Counts,
    /// How many slots imported history alone settles.
    imported: u64,
    /// The measures.
    measures: Vec<MeasureValue>,
    /// When the unit was heard of last.
    last_seen_at: Option<At>,
}

/// How well one unit reports.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct UnitReport {
    /// The unit.
    pub(in crate::serve::api) unit: Named,
    /// What it stands on.
    pub(in crate::serve::api) basis: Basis,
    /// All of its slots.
    pub(in crate::serve::api) total: MeasuresRow,
    /// By dataset.
    pub(in crate::serve::api) datasets: Vec<MeasuresRow>,
    /// By period.
    pub(in crate::serve::api) periods: Vec<MeasuresRow>,
    /// What it owes still, missing or pending, the latest deadline first; at most 400.
    pub(in crate::serve::api) open: Vec<Slot>,
    /// Whom to ring about it, from the notices file.
    pub(in crate::serve::api) contacts: Vec<String>,
    /// Its keys, the newest first.
    pub(in crate::serve::api) keys: Vec<UnitKey>,
}

/// A key that a unit has enrolled.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct UnitKey {
    /// The beginning of its id.
    pub(in crate::serve::api) id: String,
    /// What the unit calls it.
    pub(in crate::serve::api) label: String,
    /// Whether it is in force.
    pub(in crate::serve::api) is_in_force: bool,
    /// The entry that enrolled it.
    pub(in crate::serve::api) enrolled_index: u64,
}

impl From<v1::GetCompletenessResponse> for Completeness {
    fn from(answer: v1::GetCompletenessResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            rows: all(answer.rows),
            total: answer.total.into(),
            total_imported: answer.total_imported,
        }
    }
}

impl From<v1::CompletenessRow> for CompletenessRow {
    fn from(row: v1::CompletenessRow) -> Self {
        Self {
            unit: filled(row.unit),
            dataset: filled(row.dataset),
            period: filled(row.period),
            department: filled(row.department),
            level: filled(row.level),
            name: Words::new(row.name_zh, row.name_en),
            counts: row.counts.into(),
            imported: row.imported,
        }
    }
}

impl From<v1::ListSlotsResponse> for Slots {
    fn from(answer: v1::ListSlotsResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            slots: all(answer.slots),
            next_page_token: filled(answer.next_page_token),
        }
    }
}

impl From<v1::Slot> for Slot {
    fn from(slot: v1::Slot) -> Self {
        let state = slot.state().into();
        Self {
            unit: slot.unit,
            unit_name: Words::new(slot.unit_name_zh, slot.unit_name_en),
            dataset: slot.dataset,
            period: slot.period,
            state,
            imported: slot.imported,
            due_at: At(slot.due_at_ms),
            opened_at: slot.opened_at_ms.map(At),
            locked_at: slot.locked_at_ms.map(At),
            first_received_at: slot.first_received_at_ms.map(At),
            first_accepted_at: slot.first_accepted_at_ms.map(At),
            last_revised_at: slot.last_revised_at_ms.map(At),
            imported_at: slot.imported_at_ms.map(At),
            lateness_ms: slot.lateness_ms,
            revision: slot.revision,
            received_count: slot.received_count,
            returned_count: slot.returned_count,
        }
    }
}

impl Submission {
    pub(in crate::serve::api) fn of(index: LogIndex, row: &VintageRow) -> Self {
        Self {
            index: index.0,
            received_at: At(row.received_at_ms),
            revision: row.revision,
            outcome: match Outcome::from_number(row.outcome) {
                Some(Outcome::Accepted) => "accepted",
                Some(Outcome::Superseded) => "superseded",
                Some(Outcome::Returned) | None => "returned",
            },
            failed_edits: row.failures.len(),
        }
    }
}

impl From<v1::ListMeasuresResponse> for Measures {
    fn from(answer: v1::ListMeasuresResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            rows: all(answer.rows),
            total: answer.total.unwrap_or_default().into(),
            next_page_token: filled(answer.next_page_token),
        }
    }
}

impl From<v1::MeasuresRow> for MeasuresRow {
    fn from(row: v1::MeasuresRow) -> Self {
        Self {
            unit: filled(row.unit),
            dataset: filled(row.dataset),
            period: filled(row.period),
            department: filled(row.department),
            level: filled(row.level),
            name: Words::new(row.name_zh, row.name_en),
            counts: row.counts.into(),
            imported: row.imported,
            measures: all(row.measures),
            last_seen_at: row.last_seen_ms.map(At),
        }
    }
}

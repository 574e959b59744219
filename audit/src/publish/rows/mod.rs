//! The rows of each table, one at a time, in an order that does not change.

mod findings;
mod measures;
pub(super) mod series;
mod slots;

use granary_core::{
    catalogue::Catalogue, code::UnitCode, completeness::Filter, period::Period, snapshot::SlotKey,
};

use super::{
    Cell, Column, Plan, PublishError, Table,
    column::{Kind, always, maybe},
};
use crate::{progress::Progress, replay::Replayed};

/// What the rows are made from.
pub(super) struct Known<'a> {
    pub(super) journal: &'a Replayed,
    pub(super) filter: &'a Filter,
    pub(super) as_of_ms: i64,
}

/// Takes a row; what it fails with ends the table.
pub(super) type Visit<'a> = dyn FnMut(Vec<Cell>) -> Result<(), PublishError> + 'a;

/// The columns of a table.
pub(super) fn columns(known: &Known<'_>, table: Table) -> Vec<Column> {
    match table {
        Table::Series | Table::Vintages => series::columns(known),
        Table::Slots => slots::columns(),
        Table::Findings => findings::columns(),
        Table::Measures => measures::columns(),
    }
}

/// Visits the rows of a table.
pub(super) fn each(
    known: &Known<'_>,
    plan: &Plan,
    visit: &mut Visit<'_>,
) -> Result<(), PublishError> {
    match plan.table {
        Table::Series => series::rows(known, false, visit),
        Table::Vintages => series::rows(known, true, visit),
        Table::Slots => slots::rows(known, visit),
        Table::Findings => findings::rows(known, visit),
        Table::Measures => measures::rows(known, plan.by, visit),
    }
}

impl<'a> Known<'a> {
    pub(super) fn new(journal: &'a Replayed, plan: &'a Plan) -> Self {
        Self {
            journal,
            filter: &plan.filter,
            as_of_ms: plan.as_of_ms.unwrap_or(journal.last_received_at_ms),
        }
    }

    /// How far it is, after so many rows.
    pub(super) fn progress(&self, rows: u64) -> Progress {
        Progress {
            entries: rows,
            ..Progress::default()
        }
    }

    /// What the table stands on, for the footer of a file.
    pub(super) fn facts(&self, table: Table) -> Vec<(&'static str, String)> {
        let name = match table {
            Table::Series => "series",
            Table::Vintages => "vintages",
            Table::Slots => "slots",
            Table::Findings => "findings",
            Table::Measures => "measures",
        };
        let version = self.catalogue().map(Catalogue::version);
        vec![
            ("granary.table", name.to_owned()),
            ("granary.origin", self.journal.log_key.name().to_string()),
            ("granary.entries", self.journal.applied().to_string()),
            ("granary.root", self.journal.root.to_string()),
            ("granary.as_of_ms", self.as_of_ms.to_string()),
            (
                "granary.catalogue_version",
                version
                    .map(|version| version.to_string())
                    .unwrap_or_default(),
            ),
        ]
    }

    pub(super) fn catalogue(&self) -> Option<&Catalogue> {
        self.journal.catalogue().map(AsRef::as_ref)
    }

    fn unit_names(&self, unit: &str) -> [Cell; 2] {
        let code = UnitCode::new(unit).ok();
        let unit = code.and_then(|code| self.catalogue()?.unit(&code));
        let name = unit.map(|unit| unit.name().clone()).unwrap_or_default();
        [Cell::words(name.zh), Cell::words(name.en)]
    }
}

/// The columns that say which slot a row is about.
const SLOT: [Column; 7] = [
    always("dataset", Kind::Text),
    always("period", Kind::Text),
    always("period_start", Kind::Day),
    always("period_end", Kind::Day),
    always("unit", Kind::Text),
    maybe("unit_name_zh", Kind::Text),
    maybe("unit_name_en", Kind::Text),
];

fn slot_cells(known: &Known<'_>, slot: &SlotKey) -> Vec<Cell> {
    let mut cells = vec![
        Cell::code(&slot.dataset),
        Cell::code(slot.period),
        Cell::Day(slot.period.first_day()),
        Cell::Day(slot.period.last_day()),
        Cell::code(&slot.unit),
    ];
    cells.extend(known.unit_names(slot.unit.as_str()));
    cells
}

/// The same from a message of the wire, whose period is in SDMX form.
fn wire_slot_cells(known: &Known<'_>, dataset: &str, period: &str, unit: &str) -> Vec<Cell> {
    let parsed = Period::parse(period).ok();
    let day = |day: fn(Period) -> jiff::civil::Date| {
        parsed.map_or(Cell::Nothing, |period| Cell::Day(day(period)))
    };
    let mut cells = vec![
        Cell::Text(dataset.to_owned()),
        Cell::Text(period.to_owned()),
        day(Period::first_day),
        day(Period::last_day),
        Cell::Text(unit.to_owned()),
    ];
    cells.extend(known.unit_names(unit));
    cells
}
